//! JSON paths, as far as rules use them: `memory_mb`, `inventory.interfaces[*].name`, `$..mac`, `disks[0].size`, `'odd name'`.

use serde_json::Value;

/// A path into a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

/// One step of it.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The member of this name.
    Name(String),
    /// Every member of an object.
    Members,
    /// The item of this number, from 0.
    Item(usize),
    /// Every item from one to before another; what is no list is one item.
    Items(Option<usize>, Option<usize>),
    /// The value itself and everything in it.
    Descendants,
}

impl Path {
    /// Reads a path.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let bad = || {
            "this is no JSON path that is read here: expected one such as memory_mb, inventory.interfaces[*].name or $..mac"
                .to_owned()
        };
        let (mut steps, mut rest) = (Vec::new(), text.trim());
        if rest.is_empty() {
            return Err(bad());
        }
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if !rest.starts_with('[') {
            rest = name(rest, &mut steps).ok_or_else(bad)?;
        }
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Descendants);
                rest =
                    if after.starts_with('[') { after } else { name(after, &mut steps).ok_or_else(bad)? };
            } else if let Some(after) = rest.strip_prefix('.') {
                rest =
                    if after.starts_with('[') { after } else { name(after, &mut steps).ok_or_else(bad)? };
            } else {
                let inside = rest.strip_prefix('[').and_then(|it| it.split_once(']'));
                let (inside, after) = inside.ok_or_else(bad)?;
                steps.push(bracket(inside.trim()).ok_or_else(bad)?);
                rest = after;
            }
        }
        Ok(Self(steps))
    }

    /// The values at it, in the order of the document.
    pub(super) fn find<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        self.0.iter().fold(vec![document], |values, step| {
            values.into_iter().flat_map(|value| step.take(value)).collect()
        })
    }
}

/// A name at the beginning of a path, and what is left.
fn name<'t>(text: &'t str, steps: &mut Vec<Step>) -> Option<&'t str> {
    if let Some(rest) = text.strip_prefix('*') {
        steps.push(Step::Members);
        return Some(rest);
    }
    for quote in ['\'', '"'] {
        if let Some(rest) = text.strip_prefix(quote) {
            let (name, rest) = rest.split_once(quote)?;
            steps.push(Step::Name(name.to_owned()));
            return Some(rest);
        }
    }
    let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@'));
    let (name, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@')) {
        return None;
    }
    steps.push(Step::Name(name.to_owned()));
    Some(rest)
}

/// What stands in brackets: a number, a range, `*`, or a name in quotes.
fn bracket(inside: &str) -> Option<Step> {
    if inside == "*" {
        return Some(Step::Items(None, None));
    }
    for quote in ['\'', '"'] {
        if let Some(name) = inside.strip_prefix(quote) {
            return name.strip_suffix(quote).map(|it| Step::Name(it.to_owned()));
        }
    }
    if let Some((from, to)) = inside.split_once(':') {
        let number = |it: &str| if it.is_empty() { Some(None) } else { it.parse().ok().map(Some) };
        return Some(Step::Items(number(from)?, number(to)?));
    }
    inside.parse().ok().map(Step::Item)
}

impl Step {
    fn take<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match (self, value) {
            (Self::Name(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Self::Members, Value::Object(members)) => members.values().collect(),
            (Self::Item(at), Value::Array(items)) => items.get(*at).into_iter().collect(),
            (Self::Items(from, to), Value::Array(items)) => {
                let to = to.unwrap_or(items.len()).min(items.len());
                items.get(from.unwrap_or(0)..to).unwrap_or_default().iter().collect()
            }
            (Self::Items(..), Value::Null) => Vec::new(),
            (Self::Items(from, _), one) if from.unwrap_or(0) == 0 => vec![one],
            (Self::Descendants, _) => descendants(value),
            _ => Vec::new(),
        }
    }
}

fn descendants(value: &Value) -> Vec<&Value> {
    let below: Vec<&Value> = match value {
        Value::Object(members) => members.values().flat_map(descendants).collect(),
        Value::Array(items) => items.iter().flat_map(descendants).collect(),
        _ => Vec::new(),
    };
    [vec![value], below].concat()
}
