//! A file of rules, from text to meaning.

use super::{
    Rule,
    action::{Act, Action},
    condition::{Condition, Field, Multiple, Op, Source},
    format::Template,
    path::Path,
};
use crate::inventory::text::{Flaw, Key, Kind, Node, json};

/// The rules in a text.
pub(super) fn rules(text: &str) -> Result<Vec<Rule>, Flaw> {
    let root = json::read(text)?;
    match &root.kind {
        Kind::List(items) => items.iter().map(rule).collect(),
        Kind::Map(_) => Ok(vec![rule(&root)?]),
        other => Err(Flaw::at(root.place, format!("expected a list of rules, and this is {}", other.name()))),
    }
}

fn rule(node: &Node) -> Result<Rule, Flaw> {
    node.members()?;
    let conditions = match node.get("conditions") {
        Some(list) if !list.is_null() => list.items()?.iter().map(condition).collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    let actions = node.get("actions").ok_or_else(|| Flaw::at(node.place, "this rule has no actions"))?;
    let acts: Vec<Action> = actions.items()?.iter().map(action).collect::<Result<_, _>>()?;
    if acts.is_empty() {
        return Err(Flaw::at(actions.place, "a rule has one action at least"));
    }
    let described = node.text_of("description")?.filter(|it| !it.is_empty());
    let name = described.or(node.text_of("uuid")?).map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("the one in line {}", node.place.line));
    let scope = node.text_of("scope")?.map(str::to_owned);
    Ok(Rule { place: node.place, name, scope, conditions, actions: acts })
}

/// The parameters of a condition or action: what it must have, what it may have, and nothing else; a null is none.
struct Parameters<'n> {
    node: &'n Node,
    what: String,
}

impl<'n> Parameters<'n> {
    fn of(node: &'n Node, what: String, required: &[&str], optional: &[&str]) -> Result<Self, Flaw> {
        let given: Vec<&Key> =
            node.members()?.iter().filter(|(_, it)| !it.is_null()).map(|(key, _)| key).collect();
        let known = |it: &&&Key| required.contains(&it.text.as_str()) || optional.contains(&it.text.as_str());
        if let Some(key) = given.iter().find(|it| !known(it)) {
            let known: std::collections::BTreeSet<&str> = required.iter().chain(optional).copied().collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Flaw::at(key.place, format!("{what} has no {:?}: expected {known}", key.text)));
        }
        match required.iter().find(|it| !given.iter().any(|key| key.text == **it)) {
            Some(missing) => Err(Flaw::at(node.place, format!("{what} needs {missing:?}"))),
            None => Ok(Self { node, what }),
        }
    }

    fn get(&self, name: &str) -> Option<&'n Node> {
        self.node.get(name).filter(|it| !it.is_null())
    }

    fn text(&self, name: &str) -> Result<String, Flaw> {
        match self.get(name) {
            Some(Node { kind: Kind::Text(text), .. }) => Ok(text.clone()),
            other => {
                let place = other.map_or(self.node.place, |it| it.place);
                Err(Flaw::at(place, format!("{:?} of {} is a text", name, self.what)))
            }
        }
    }

    fn flag(&self, name: &str) -> Result<bool, Flaw> {
        match self.get(name) {
            None => Ok(false),
            Some(Node { kind: Kind::Plain(word), .. }) if word == "true" || word == "false" => {
                Ok(word == "true")
            }
            Some(other) => Err(Flaw::at(other.place, format!("{name:?} of {} is true or false", self.what))),
        }
    }

    fn template(&self) -> Result<Option<Template>, Flaw> {
        let Some(node) = self.get("value") else { return Ok(None) };
        Template::of(&node.value()).map(Some).map_err(|message| Flaw::at(node.place, message))
    }
}

/// The word of a member that is one of several.
fn word<'n>(node: &'n Node, name: &str, known: &[&str]) -> Result<&'n str, Flaw> {
    let expected = || known.join(", ");
    let given = node
        .get(name)
        .ok_or_else(|| Flaw::at(node.place, format!("{name:?} is missing: expected {}", expected())))?;
    match &given.kind {
        Kind::Text(word) if known.contains(&word.as_str()) => Ok(word),
        _ => Err(Flaw::at(given.place, format!("this is no {name:?}: expected {}", expected()))),
    }
}

const OPS: &[&str] = &["eq", "ne", "lt", "gt", "le", "ge", "in-net", "matches", "contains", "is-empty"];

fn condition(node: &Node) -> Result<Condition, Flaw> {
    let op = word(node, "op", OPS)?;
    let what = format!("the condition {op}");
    let common = ["op", "field", "multiple", "invert"];
    let parameters = match op {
        "is-empty" => Parameters::of(node, what, &["op", "field"], &common)?,
        _ => Parameters::of(node, what, &["op", "field", "value"], &common)?,
    };
    let multiple = match node.get("multiple").filter(|it| !it.is_null()) {
        None => Multiple::Any,
        Some(_) => match word(node, "multiple", &["all", "any", "first"])? {
            "all" => Multiple::All,
            "first" => Multiple::First,
            _ => Multiple::Any,
        },
    };
    let at = parameters.get("value").map_or(node.place, |it| it.place);
    let value = parameters.get("value").map(Node::value).unwrap_or_default();
    let written = if value.is_null() { op.to_owned() } else { format!("{op} {value}") };
    let op = Op::of(op, value).map_err(|message| Flaw::at(at, message))?;
    let invert = parameters.flag("invert")?;
    Ok(Condition { place: node.place, op, field: field(&parameters)?, multiple, invert, written })
}

/// `data://` is what was found, and what is meant where nothing is said; `node://` is the node.
fn field(parameters: &Parameters<'_>) -> Result<Field, Flaw> {
    let written = parameters.text("field")?;
    let place = parameters.get("field").map_or(parameters.node.place, |it| it.place);
    let (source, path) = match written.split_once("://") {
        None => (Source::Data, written.as_str()),
        Some(("data", path)) => (Source::Data, path),
        Some(("node", path)) => (Source::Node, path),
        Some(_) => {
            return Err(Flaw::at(place, "this field has a scheme of its own: expected data:// or node://"));
        }
    };
    let path = Path::read(path).map_err(|message| Flaw::at(place, message))?;
    Ok(Field { source, path, written: written.clone() })
}

const ACTIONS: &[&str] = &["fail", "set-attribute", "set-capability", "extend-attribute"];

fn action(node: &Node) -> Result<Action, Flaw> {
    let name = word(node, "action", ACTIONS)?;
    let of = |required: &[&str], optional: &[&str]| {
        let required = [&["action"], required].concat();
        Parameters::of(node, format!("the action {name}"), &required, optional)
    };
    let act = match name {
        "fail" => Act::Fail { message: of(&["message"], &[])?.text("message")? },
        "set-capability" => {
            let given = of(&["name"], &["value"])?;
            Act::SetCapability { name: given.text("name")?, value: given.template()? }
        }
        "set-attribute" => {
            let given = of(&["path", "value"], &[])?;
            let value = given.template()?.unwrap_or_default();
            Act::SetAttribute { path: given.text("path")?, value }
        }
        _ => {
            let given = of(&["path", "value"], &["unique"])?;
            let value = given.template()?.unwrap_or_default();
            Act::ExtendAttribute { path: given.text("path")?, value, unique: given.flag("unique")? }
        }
    };
    Ok(Action { place: node.place, act })
}
