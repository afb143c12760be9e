//! Files of others as trees in which every value keeps its place: [`json`] and [`yaml`].
//!
//! Numbers, truth values and YAML's bare words are kept as they are written, so that what is written back means what was read,
//! whoever reads it. Such files hold passwords: neither a tree nor a flaw ever prints a value.

pub mod json;
pub mod yaml;

use std::fmt;

/// A place in a text; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something wrong with a file: where, and what was expected. Without values, which may be secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where.
    pub place: Place,
    /// What: lower case, without full stop.
    pub message: String,
}

impl Flaw {
    /// A flaw at a place.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Flaw {}

/// A value and where it stands.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// A number, `true`, `false`, `null`, or a bare word of YAML, as it is written.
    Plain(String),
    /// A text in quotes, or a block of text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    /// Its text.
    pub text: String,
}

/// Shape and place, never a value.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind.name(), self.place)
    }
}

impl Kind {
    /// What it is, in the words of a complaint.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain(word) if is_null(word) => "nothing",
            Self::Plain(word) if is_number(word) => "a number",
            Self::Plain(word) if matches!(word.as_str(), "true" | "false") => "true or false",
            Self::Plain(_) | Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// A text of our own.
    pub fn text(text: impl Into<String>) -> Self {
        Self { place: Place::default(), kind: Kind::Text(text.into()) }
    }

    /// A number, truth value or null of our own.
    pub fn plain(word: impl Into<String>) -> Self {
        Self { place: Place::default(), kind: Kind::Plain(word.into()) }
    }

    /// A map of our own.
    pub fn map(entries: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let key = |text: &str| Key { place: Place::default(), text: text.to_owned() };
        let entries = entries.into_iter().map(|(name, node)| (key(name), node)).collect();
        Self { place: Place::default(), kind: Kind::Map(entries) }
    }

    /// A list of our own.
    pub fn list(items: Vec<Self>) -> Self {
        Self { place: Place::default(), kind: Kind::List(items) }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Plain(word) if is_null(word))
    }

    /// The member of a map by its name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The member of a map by its name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match &mut self.kind {
            Kind::Map(entries) => entries.iter_mut().find(|(key, _)| key.text == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Gives a map this member, in place of the one of that name if there is one.
    pub fn set(&mut self, name: &str, node: Self) {
        if let Some(there) = self.get_mut(name) {
            there.kind = node.kind;
        } else if let Kind::Map(entries) = &mut self.kind {
            entries.push((Key { place: Place::default(), text: name.to_owned() }, node));
        }
    }

    /// The text that it is; a number, too, as it is written.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Plain(word) if !is_null(word) => Some(word),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Result<&[Self], Flaw> {
        match &self.kind {
            Kind::List(items) => Ok(items),
            other => Err(Flaw::at(self.place, format!("expected a list, and this is {}", other.name()))),
        }
    }

    /// The members of a map.
    pub fn members(&self) -> Result<&[(Key, Self)], Flaw> {
        match &self.kind {
            Kind::Map(entries) => Ok(entries),
            other => Err(Flaw::at(self.place, format!("expected a map, and this is {}", other.name()))),
        }
    }

    /// The text of a member; `None` where there is none or null.
    pub fn text_of(&self, name: &str) -> Result<Option<&str>, Flaw> {
        match self.get(name) {
            None => Ok(None),
            Some(node) if node.is_null() => Ok(None),
            Some(node) => {
                let not = || Flaw::at(node.place, format!("{name} is {}, not a text", node.kind.name()));
                node.as_text().map(Some).ok_or_else(not)
            }
        }
    }

    /// A member that is parsed; a flaw says what was expected, never what came.
    pub fn parsed<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Flaw> {
        let Some(text) = self.text_of(name)? else { return Ok(None) };
        let place = self.get(name).map_or(self.place, |it| it.place);
        read(text).map(Some).ok_or_else(|| Flaw::at(place, format!("{name} is no {expected}")))
    }

    /// It as JSON has it: bare words are numbers, truth values or null where they are, and texts otherwise.
    pub fn value(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Plain(word) if is_null(word) => Value::Null,
            Kind::Plain(word) => match serde_json::from_str(word) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
                _ => Value::String(word.clone()),
            },
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(Self::value).collect(),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), node.value())).collect())
            }
        }
    }
}

fn is_null(word: &str) -> bool {
    matches!(word, "null" | "~" | "" | "Null" | "NULL")
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok() && word.contains(|c: char| c.is_ascii_digit())
}
