//! Values with `{data[name]}` in them, which is replaced by what was found there.

use serde_json::{Map, Value};

use super::python;

/// A value of a rule. Texts in it are formatted, wherever they are.
#[derive(Debug, Default)]
pub(super) enum Template {
    /// As it is.
    #[default]
    Null,
    Plain(Value),
    Text(Vec<Part>),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// A part of a text.
#[derive(Debug)]
pub(super) enum Part {
    Literal(String),
    Found(Vec<String>),
}

impl Template {
    /// Reads the formats in a value.
    pub(super) fn of(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(parts(text)?),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let of = |(key, value): (&String, &Value)| Self::of(value).map(|it| (key.clone(), it));
                Self::Map(members.iter().map(of).collect::<Result<_, _>>()?)
            }
            other => Self::Plain(other.clone()),
        })
    }

    /// The value with what was found in it.
    pub(super) fn fill(&self, data: &Value) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Plain(value) => value.clone(),
            Self::Text(parts) => Value::String(fill(parts, data)?),
            Self::List(items) => {
                Value::Array(items.iter().map(|it| it.fill(data)).collect::<Result<_, _>>()?)
            }
            Self::Map(members) => {
                let of = |(key, it): &(String, Self)| it.fill(data).map(|it| (key.clone(), it));
                Value::Object(members.iter().map(of).collect::<Result<Map<_, _>, _>>()?)
            }
        })
    }
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let (mark, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(mark) {
            literal.push_str(mark);
            rest = after;
            continue;
        }
        let (inside, after) = match (mark, after.split_once('}')) {
            ("{", Some(split)) => split,
            _ => {
                return Err(
                    "a brace in this value has no partner: a brace that is meant is doubled".to_owned()
                );
            }
        };
        parts.push(Part::Literal(std::mem::take(&mut literal)));
        parts.push(Part::Found(names(inside).ok_or("expected a format such as {data[memory_mb]}")?));
        rest = after;
    }
    literal.push_str(rest);
    parts.push(Part::Literal(literal));
    Ok(parts)
}

/// The names in `data[one][two]`.
fn names(inside: &str) -> Option<Vec<String>> {
    let mut rest = inside.strip_prefix("data")?;
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
        names.push(name.to_owned());
        rest = after;
    }
    Some(names)
}

fn fill(parts: &[Part], data: &Value) -> Result<String, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Found(names) => {
                let found = names.iter().try_fold(data, |value, name| match value {
                    Value::Array(items) => name.parse::<usize>().ok().and_then(|at| items.get(at)),
                    _ => value.get(name),
                });
                let missing = || format!("the value wants data[{}], which is not there", names.join("]["));
                text.push_str(&python::str(found.ok_or_else(missing)?));
            }
        }
    }
    Ok(text)
}
