//! What is done to a node.

use serde_json::{Value, json};

use super::{format::Template, python};
use crate::inventory::text::Place;

/// An action.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) place: Place,
    pub(super) act: Act,
}

/// What it does.
#[derive(Debug)]
pub(super) enum Act {
    /// Ends the introspection.
    Fail { message: String },
    /// Puts a value at a JSON pointer (RFC 6902 §4.1, `add`).
    SetAttribute { path: String, value: Template },
    /// Gives the node a capability, or takes it away where there is no value.
    SetCapability { name: String, value: Option<Template> },
    /// Adds an item to a list, which is made if it is not there.
    ExtendAttribute { path: String, value: Template, unique: bool },
}

/// Why an action ends the introspection.
pub(super) struct End {
    pub(super) message: String,
    pub(super) is_wanted: bool,
}

impl From<String> for End {
    fn from(message: String) -> Self {
        Self { message, is_wanted: false }
    }
}

impl Action {
    /// Carries it out, and tells what was done.
    pub(super) fn carry_out(&self, data: &Value, node: &mut Value) -> Result<String, End> {
        match &self.act {
            Act::Fail { message } => Err(End { message: message.clone(), is_wanted: true }),
            Act::SetAttribute { path, value } => {
                let value = value.fill(data)?;
                let told = format!("set-attribute {path} = {value}");
                add(node, path, value)?;
                Ok(told)
            }
            Act::SetCapability { name, value } => {
                let value = value.as_ref().map(|it| it.fill(data)).transpose()?;
                let value = value.filter(|it| !it.is_null()).map(|it| python::str(&it));
                set_capability(node, name, value.as_deref())?;
                Ok(format!("set-capability {name} = {}", value.as_deref().unwrap_or("nothing")))
            }
            Act::ExtendAttribute { path, value, unique } => {
                let value = value.fill(data)?;
                let told = format!("extend-attribute {path} by {value}");
                extend(node, path, value, *unique)?;
                Ok(told)
            }
        }
    }
}

/// The steps of a JSON pointer (RFC 6901 §4); the first slash may be missing.
fn steps(path: &str) -> Vec<String> {
    let steps = path.trim_start_matches('/').split('/');
    steps.map(|it| it.replace("~1", "/").replace("~0", "~")).collect()
}

/// The value that a pointer's parent points to, and its last step.
fn parent<'n>(node: &'n mut Value, path: &str) -> Result<(&'n mut Value, String), String> {
    let mut steps = steps(path);
    let last = steps
        .pop()
        .filter(|it| !it.is_empty())
        .ok_or_else(|| format!("the path {path:?} names no attribute"))?;
    let mut at = node;
    for step in &steps {
        let next = match at {
            Value::Object(members) => members.get_mut(step),
            Value::Array(items) => step.parse::<usize>().ok().and_then(|it| items.get_mut(it)),
            _ => None,
        };
        at = next.ok_or_else(|| format!("the node has no {step:?}, which {path:?} goes through"))?;
    }
    Ok((at, last))
}

fn add(node: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let (at, last) = parent(node, path)?;
    match at {
        Value::Object(members) => {
            members.insert(last, value);
        }
        Value::Array(items) => {
            let to = if last == "-" { Some(items.len()) } else { last.parse().ok() };
            let to = to
                .filter(|it| *it <= items.len())
                .ok_or_else(|| format!("the list has no place {last:?}"))?;
            items.insert(to, value);
        }
        _ => return Err(format!("what {path:?} goes through is neither a map nor a list")),
    }
    Ok(())
}

fn extend(node: &mut Value, path: &str, value: Value, unique: bool) -> Result<(), String> {
    let (at, last) = parent(node, path)?;
    let Value::Object(members) = at else { return Err(format!("what {path:?} goes through is no map")) };
    let list = members.entry(last).or_insert_with(|| json!([]));
    let Value::Array(items) = list else { return Err(format!("what is at {path:?} is no list")) };
    if !unique || !items.contains(&value) {
        items.push(value);
    }
    Ok(())
}

/// Capabilities are one text in ironic: `a:1,b:2`.
fn set_capability(node: &mut Value, name: &str, value: Option<&str>) -> Result<(), String> {
    let properties = node.get_mut("properties").and_then(Value::as_object_mut);
    let properties = properties.ok_or("the properties of the node are no map")?;
    let written = properties.get("capabilities").and_then(Value::as_str).unwrap_or_default();
    let mut all: Vec<(String, String)> = written
        .split(',')
        .filter_map(|it| it.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    match (all.iter_mut().find(|(it, _)| it == name), value) {
        (Some(there), Some(value)) => there.1 = value.to_owned(),
        (None, Some(value)) => all.push((name.to_owned(), value.to_owned())),
        (_, None) => all.retain(|(it, _)| it != name),
    }
    let all: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
    properties.insert("capabilities".to_owned(), all.join(",").into());
    Ok(())
}
