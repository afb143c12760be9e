//! The members of a document, taken one by one, so that what nobody took is seen.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::model::Secret;

/// What is wrong with a document, and where; never what stands there, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    /// The member, such as `ipmi.port`; empty for the whole.
    pub at: String,
    /// What was expected there.
    pub expected: String,
}

impl DocumentError {
    pub(super) fn at(at: &str, expected: &str) -> Self {
        Self { at: at.to_owned(), expected: expected.to_owned() }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "the row" } else { &self.at };
        write!(f, "{at}: expected {}", self.expected)
    }
}

impl std::error::Error for DocumentError {}

/// The drivers that have a name of their own in the table.
const TITLES: &[(&str, &str)] = &[
    ("redfish", "Redfish"),
    ("ipmi", "IPMI"),
    ("idrac", "iDrac"),
    ("unmanaged", "Unmanaged"),
    ("auto", "Auto"),
];

/// A driver as the table names it: `redfish` is `Redfish`, `ipmi` is `IPMI`; others keep their names.
pub fn driver_title(name: &str) -> String {
    TITLES.iter().find(|(it, _)| *it == name).map_or(name, |(_, title)| title).to_owned()
}

/// The driver that the table, or a person in whatever case, names so.
pub fn driver_name(title: &str) -> String {
    let known = TITLES.iter().find(|(_, it)| it.eq_ignore_ascii_case(title));
    known.map_or(title, |(name, _)| name).to_owned()
}

/// Puts a member in, unless it is not known.
pub(super) fn put(all: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        all.insert(key.to_owned(), value.into());
    }
}

/// The bytes of hexadecimal digits.
pub(super) fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// An object whose members are taken one by one.
pub(super) struct Members {
    all: Map<String, Value>,
    path: String,
}

type Taken<T> = Result<T, DocumentError>;

impl Members {
    pub(super) fn of(value: Value, path: &str) -> Taken<Self> {
        match value {
            Value::Object(all) => Ok(Self { all, path: path.to_owned() }),
            _ => Err(DocumentError::at(path, "an object")),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// An error at a member.
    pub(super) fn wrong(&self, key: &str, expected: &str) -> DocumentError {
        let parts = [self.path.as_str(), key];
        let at: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
        DocumentError::at(&at.join("."), expected)
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.all.shift_remove(key).filter(|it| !it.is_null())
    }

    pub(super) fn text(&mut self, key: &str) -> Taken<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a text")),
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Taken<Vec<String>> {
        let text =
            |it: Value| it.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "a list of texts"));
        match self.all.get(key).cloned() {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let texts = items.into_iter().map(text).collect();
                self.take(key);
                texts
            }
            Some(_) => Err(self.wrong(key, "a list of texts")),
        }
    }

    /// A text that is read as something; its own error says what was expected.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, key: &str) -> Taken<Option<T>> {
        let text = self.text(key)?;
        text.map(|it| it.parse()).transpose().map_err(|error: T::Err| {
            let error = error.to_string();
            self.wrong(key, error.strip_prefix("expected ").unwrap_or("something else"))
        })
    }

    pub(super) fn uuid(&mut self, key: &str) -> Taken<Option<Uuid>> {
        let uuid = self.text(key)?.map(|it| it.parse());
        uuid.transpose().map_err(|_| self.wrong(key, "a UUID"))
    }

    pub(super) fn word<T: Copy>(&mut self, key: &str, words: &[(T, &str)]) -> Taken<Option<T>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(_, word)| *word == text);
        let names: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        let expected = format!("one of {}", names.join(", "));
        found.map(|(it, _)| Some(*it)).ok_or_else(|| self.wrong(key, &expected))
    }

    pub(super) fn number(&mut self, key: &str) -> Taken<Option<f64>> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| self.wrong(key, "a number")),
        }
    }

    pub(super) fn whole(&mut self, key: &str) -> Taken<Option<u64>> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| self.wrong(key, "a whole number")),
        }
    }

    pub(super) fn port(&mut self, key: &str) -> Taken<Option<u16>> {
        let number = self.whole(key)?;
        let port = number.map(|it| u16::try_from(it).ok().filter(|port| *port != 0));
        match port {
            Some(None) => Err(self.wrong(key, "a port from 1 to 65535")),
            port => Ok(port.flatten()),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Taken<bool> {
        match self.take(key) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(key, "true or false")),
        }
    }

    /// A secret: text, or `{"bytes": "…"}`.
    pub(super) fn secret(&mut self, key: &str) -> Taken<Option<Secret>> {
        const EXPECTED: &str = "a text, or bytes in hexadecimal digits";
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(Secret::new(text))),
            Some(value) => {
                let digits = value.get("bytes").and_then(Value::as_str).and_then(bytes);
                digits.map(|it| Some(Secret::new(it))).ok_or_else(|| self.wrong(key, EXPECTED))
            }
        }
    }

    /// What a member that is an object makes; an absent one is an empty one. Members that are not taken are an error.
    pub(super) fn below<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> Taken<T>) -> Taken<T> {
        let value = self.take(key).unwrap_or_else(|| Value::Object(Map::new()));
        self.nested(key, value, read)
    }

    /// The same for each item of a list of objects.
    pub(super) fn each<T>(&mut self, key: &str, read: impl Fn(&mut Self) -> Taken<T>) -> Taken<Vec<T>> {
        let items = match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong(key, "a list")),
        };
        let one = |(at, item): (usize, Value)| self.nested(&format!("{key}.{at}"), item, &read);
        items.into_iter().enumerate().map(one).collect()
    }

    fn nested<T>(&self, key: &str, value: Value, read: impl FnOnce(&mut Self) -> Taken<T>) -> Taken<T> {
        let path = self.wrong(key, "").at;
        let mut members = Self::of(value, &path)?;
        let made = read(&mut members)?;
        match members.all.keys().next() {
            None => Ok(made),
            Some(unknown) => Err(members.wrong(unknown, "no such member")),
        }
    }

    /// What nobody took.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.all
    }
}
