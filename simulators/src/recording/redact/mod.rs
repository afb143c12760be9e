//! What is hidden, and behind what: pure.
//!
//! Two walks over everything that was recorded. The first ([`Redaction::learn`]) finds what identifies: by the name of the
//! property it stands in, or by its shape. The second ([`Redaction::clean`]) replaces it wherever it stands, in values,
//! names, links, headers and folders, always by the same pseudonym. Credentials and sessions go in the second walk alone,
//! whatever was asked for.

mod learn;
mod literals;
mod properties;
mod pseudonym;
mod shapes;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde_json::{Map, Value, json};

use super::answer::Content;
use literals::Literals;
pub(super) use properties::is_credential;
use properties::{is_certificate, tells_credential};
use pseudonym::Pseudonyms;

/// A kind of text that identifies a machine or a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Serial numbers, service and asset tags, fingerprints and durable names.
    Serials,
    /// MAC addresses and World Wide Names; the manufacturer's half stays.
    Macs,
    /// IPv4 and IPv6 addresses.
    Addresses,
    /// Names of hosts, domains, users, and contacts.
    Names,
    /// UUIDs.
    Uuids,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Serials, Self::Macs, Self::Addresses, Self::Names, Self::Uuids];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Serials => "serials",
            Self::Macs => "macs",
            Self::Addresses => "addresses",
            Self::Names => "names",
            Self::Uuids => "uuids",
        }
    }

    /// A list such as `serials,macs`, or `all`.
    ///
    /// # Errors
    /// At the first word that is none.
    pub fn list(text: &str) -> Result<BTreeSet<Self>, UnknownKind> {
        if text == "all" {
            return Ok(Self::ALL.into());
        }
        text.split(',').map(str::parse).collect()
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text.trim());
        found.ok_or_else(|| UnknownKind { given: text.to_owned() })
    }
}

/// A word that is no kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind {
    /// The word.
    pub given: String,
}

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Kind::ALL.map(Kind::word).join(", ");
        write!(f, "{:?} is nothing that can be redacted: expected {known} or all", self.given)
    }
}

impl std::error::Error for UnknownKind {}

/// What is hidden in one recording. Its key is random and is gone when it is dropped.
pub(super) struct Redaction {
    kinds: BTreeSet<Kind>,
    pseudonyms: Pseudonyms,
    literals: Literals,
    /// Names of hosts that are too short to be looked for in other texts, in lower case.
    shorts: BTreeSet<String>,
    /// Collections whose members are nobody's business.
    sessions: Vec<String>,
    /// How often something of a kind was replaced.
    pub(super) replaced: BTreeMap<Kind, usize>,
    /// How many credentials became null.
    pub(super) nulled: usize,
}

impl Redaction {
    /// Hides these kinds, and credentials and sessions in any case.
    pub(super) fn new(kinds: &BTreeSet<Kind>) -> Self {
        Self {
            kinds: kinds.clone(),
            pseudonyms: Pseudonyms::random(),
            literals: Literals::default(),
            shorts: BTreeSet::new(),
            sessions: Vec::new(),
            replaced: BTreeMap::new(),
            nulled: 0,
        }
    }

    /// Whether what is kept can be written at once: nothing that is learned later changes it.
    pub(super) fn is_immediate(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Hides the members of this collection.
    pub(super) fn hide_sessions(&mut self, collection: String) {
        if !self.sessions.contains(&collection) {
            self.sessions.push(collection);
        }
    }

    /// Whether a place is a session.
    pub(super) fn is_session(&self, place: &str) -> bool {
        self.sessions.iter().any(|it| {
            place.strip_prefix(it.as_str()).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
        })
    }

    /// A body, cleaned. Text that is no document is left out where anything is redacted: nobody knows what is in it.
    pub(super) fn clean(&mut self, content: &mut Content) {
        match content {
            Content::Json(document) if properties::is_schema(document) => {
                *document = self.clean_schema(document.take());
            }
            Content::Json(document) => self.clean_value(document, None),
            Content::Xml(text) => *text = self.text(text),
            Content::Text(_) if !self.kinds.is_empty() => *content = Content::Unreadable,
            Content::Text(_) | Content::Empty | Content::Unreadable => {}
        }
    }

    /// A text with everything replaced that was learned.
    pub(super) fn text(&mut self, text: &str) -> String {
        let text = without_userinfo(text);
        self.literals.replace(&text, &mut |kind| *self.replaced.entry(kind).or_default() += 1)
    }

    /// Only what was learned from other documents.
    fn clean_schema(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.clean_schema(item)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (name, self.clean_schema(value))).collect()
            }
            other => other,
        }
    }

    fn clean_value(&mut self, value: &mut Value, name: Option<&str>) {
        if value.is_null() {
            return;
        }
        if name.is_some_and(is_credential) && !is_structure(value) {
            *value = Value::Null;
            self.nulled += 1;
            return;
        }
        if !self.kinds.is_empty() && name.is_some_and(is_certificate) && value.is_string() {
            *value = Value::Null;
            return;
        }
        match value {
            Value::String(text) => *text = self.string(text, name),
            Value::Array(items) => {
                items.retain(|item| !item["@odata.id"].as_str().is_some_and(|link| self.is_session(link)));
                items.iter_mut().for_each(|item| self.clean_value(item, name));
            }
            Value::Object(members) => self.clean_object(members),
            Value::Number(number) if name.and_then(properties::kind) == Some(Kind::Serials) => {
                if let Ok(by) = self.text(&number.to_string()).parse::<u64>() {
                    *value = json!(by);
                }
            }
            _ => {}
        }
    }

    fn clean_object(&mut self, members: &mut Map<String, Value>) {
        if tells_credential(members) {
            for name in ["Value", "CurrentValue", "DefaultValue", "NewValue"] {
                if let Some(value) =
                    members.get_mut(name).filter(|value| !value.is_null() && !is_structure(value))
                {
                    *value = Value::Null;
                    self.nulled += 1;
                }
            }
        }
        let counted = count(members);
        for (name, mut value) in std::mem::take(members) {
            self.clean_value(&mut value, Some(&name));
            members.insert(self.name(name), value);
        }
        if count(members) != counted {
            members.insert("Members@odata.count".to_owned(), json!(count(members)));
        }
    }

    /// A property's name; some vendors call properties by MAC address or serial number.
    fn name(&mut self, name: String) -> String {
        if self.kinds.is_empty() || name.starts_with('@') { name } else { self.text(&name) }
    }

    fn string(&mut self, text: &str, name: Option<&str>) -> String {
        if matches!(name, Some("@odata.type" | "@odata.context" | "$schema")) {
            return text.to_owned();
        }
        if let Some(collection) = self.sessions.iter().find(|_| self.is_session(text)) {
            return collection.clone();
        }
        match self.short(text, name) {
            Some(pseudonym) => pseudonym,
            None => self.text(text),
        }
    }

    /// The pseudonym of what is too short to be looked for anywhere but in its own property; the short name of a host also
    /// where it is all that a property says.
    fn short(&mut self, text: &str, name: Option<&str>) -> Option<String> {
        let by_name = properties::kind(name?).filter(|kind| self.kinds.contains(kind));
        let is_host = self.shorts.contains(&text.to_ascii_lowercase());
        let kind = by_name.or(is_host.then_some(Kind::Names))?;
        let is_common = kind == Kind::Names && properties::is_common_name(text);
        if text.len() >= literals::SHORTEST || !properties::identifies(text) || is_common {
            return None;
        }
        *self.replaced.entry(kind).or_default() += 1;
        Some(self.pseudonyms.alike(kind, text))
    }
}

/// An object, a list of objects, or what can be no secret.
fn is_structure(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Bool(_) | Value::Null => true,
        Value::String(text) => properties::is_switch(text),
        Value::Array(items) => items.iter().all(is_structure),
        _ => false,
    }
}

fn count(members: &Map<String, Value>) -> Option<usize> {
    members.get("Members")?.as_array().map(Vec::len)
}

/// `https://user:password@host` without the account.
fn without_userinfo(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        kept.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c)).unwrap_or(after.len());
        let from = after[..end].rfind('@').map_or(0, |at| at + 1);
        rest = &after[from..];
    }
    kept + rest
}

#[cfg(test)]
mod tests;
