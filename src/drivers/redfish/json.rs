//! A JSON document as one text and a list of what stands in it. Of a resource few members are asked for, so that no member
//! costs more than its place until it is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON document.
#[derive(Debug, Clone)]
pub(super) struct Json {
    /// The document, and behind it what had to be unescaped.
    text: String,
    /// Every value, what is in it behind it; in an object a name before each value.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
enum Entry {
    Null,
    Bool(bool),
    Number(Number),
    /// From where to where in the text.
    Text(usize, usize),
    /// Behind the last entry that is in it.
    List(usize),
    /// The same.
    Object(usize),
}

/// A value in a document.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    json: &'a Json,
    at: usize,
}

/// What a value is.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    Number(&'a Number),
    Text(&'a str),
    List,
    Object,
}

impl Json {
    /// The document in these bytes. serde_json's limit of 128 levels bounds the recursion.
    pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Self> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            // It knows the place of the octet that is none of a letter.
            return Self::of(&serde_json::from_slice(bytes)?);
        };
        let mut reading = Reading { text, unescaped: String::new(), entries: Vec::with_capacity(64) };
        let mut source = serde_json::Deserializer::from_str(text);
        Next(&mut reading).deserialize(&mut source)?;
        source.end()?;
        let Reading { unescaped, entries, .. } = reading;
        Ok(Self { text: [text, &unescaped].concat(), entries })
    }

    /// The document that says this.
    pub(super) fn of(value: &Value) -> serde_json::Result<Self> {
        Self::read(value.to_string().as_bytes())
    }

    /// All of it.
    pub(super) fn root(&self) -> Part<'_> {
        Part { json: self, at: 0 }
    }
}

impl<'a> Part<'a> {
    /// What it is.
    pub(super) fn kind(self) -> Kind<'a> {
        match &self.json.entries[self.at] {
            Entry::Null => Kind::Null,
            Entry::Bool(flag) => Kind::Bool(*flag),
            Entry::Number(number) => Kind::Number(number),
            Entry::Text(from, to) => Kind::Text(&self.json.text[*from..*to]),
            Entry::List(_) => Kind::List,
            Entry::Object(_) => Kind::Object,
        }
    }

    /// Its member of this name; of several the last, as serde_json has it.
    pub(super) fn get(self, name: &str) -> Option<Part<'a>> {
        self.members().filter(|(own, _)| *own == name).last().map(|(_, value)| value)
    }

    /// Its members, if it is an object.
    pub(super) fn members(self) -> impl Iterator<Item = (&'a str, Part<'a>)> {
        let end = if let Entry::Object(end) = self.json.entries[self.at] { end } else { 0 };
        let mut next = Part { at: self.at + 1, ..self };
        std::iter::from_fn(move || {
            let name = if next.at < end { next.text()? } else { return None };
            let value = Part { at: next.at + 1, ..next };
            next.at = value.end();
            Some((name, value))
        })
    }

    /// What is in it, if it is a list.
    pub(super) fn items(self) -> impl Iterator<Item = Part<'a>> {
        let end = if let Entry::List(end) = self.json.entries[self.at] { end } else { 0 };
        let mut next = Part { at: self.at + 1, ..self };
        std::iter::from_fn(move || {
            let item = (next.at < end).then_some(next)?;
            next.at = item.end();
            Some(item)
        })
    }

    /// Its text, if it is one.
    pub(super) fn text(self) -> Option<&'a str> {
        if let Kind::Text(text) = self.kind() { Some(text) } else { None }
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self.kind(), Kind::Null)
    }

    pub(super) fn is_object(self) -> bool {
        matches!(self.kind(), Kind::Object)
    }

    /// The same as a tree.
    pub(super) fn value(self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => flag.into(),
            Kind::Number(number) => number.clone().into(),
            Kind::Text(text) => text.into(),
            Kind::List => self.items().map(Self::value).collect(),
            Kind::Object => self
                .members()
                .map(|(name, part)| (name.to_owned(), part.value()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// Where the next one is that is not in it.
    fn end(self) -> usize {
        match self.json.entries[self.at] {
            Entry::List(end) | Entry::Object(end) => end,
            _ => self.at + 1,
        }
    }
}

struct Reading<'t> {
    text: &'t str,
    unescaped: String,
    entries: Vec<Entry>,
}

impl Reading<'_> {
    /// A text that stands in the document as it is.
    fn plain(&mut self, text: &str) {
        // A part of the document begins where it does in memory.
        let from = text.as_ptr().addr() - self.text.as_ptr().addr();
        self.entries.push(Entry::Text(from, from + text.len()));
    }

    fn unescaped(&mut self, text: &str) {
        let from = self.text.len() + self.unescaped.len();
        self.unescaped.push_str(text);
        self.entries.push(Entry::Text(from, from + text.len()));
    }
}

/// Reads the next value.
struct Next<'r, 't>(&'r mut Reading<'t>);

impl<'t> DeserializeSeed<'t> for Next<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Next<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.entries.push(Entry::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.0.entries.push(Entry::Bool(flag));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.0.entries.push(Entry::Number(number.into()));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.0.entries.push(Entry::Number(number.into()));
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.0.entries.push(Number::from_f64(number).map_or(Entry::Null, Entry::Number));
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'t str) -> Result<(), E> {
        self.0.plain(text);
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.unescaped(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        let at = self.0.entries.len();
        self.0.entries.push(Entry::Null);
        while items.next_element_seed(Next(self.0))?.is_some() {}
        self.0.entries[at] = Entry::List(self.0.entries.len());
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<(), A::Error> {
        let at = self.0.entries.len();
        self.0.entries.push(Entry::Null);
        while members.next_key_seed(Next(self.0))?.is_some() {
            members.next_value_seed(Next(self.0))?;
        }
        self.0.entries[at] = Entry::Object(self.0.entries.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Json {
        Json::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_document_says_what_serde_json_reads_in_it() {
        for text in [
            r#"{"a": [1, -2, 2.5, true, null, {"b": []}], "c\u00e9": "d\n\u00e9", "e": {}, "f": ""}"#,
            r#"{"a": 1, "b": 2, "a": 3}"#,
            "[]",
            " 1 ",
            r#""only a text""#,
            r#"{"large": 1e400, "whole": 18446744073709551615}"#,
        ] {
            let known: serde_json::Result<Value> = serde_json::from_str(text);
            match Json::read(text.as_bytes()) {
                Ok(json) => assert_eq!(json.root().value(), known.unwrap(), "{text}"),
                Err(error) => assert_eq!(error.to_string(), known.unwrap_err().to_string(), "{text}"),
            }
        }
    }

    #[test]
    fn what_is_no_json_is_refused_as_serde_json_refuses_it() {
        let deep = "[".repeat(200);
        for bytes in [
            &b""[..],
            b"{",
            b"{\"a\": 1} x",
            b"{\"a\" 1}",
            b"{\"a\": \"\xff\"}",
            b"{\"a\": \"\\ud800\"}",
            b"{1: 2}",
            deep.as_bytes(),
        ] {
            let known = serde_json::from_slice::<Value>(bytes).unwrap_err();
            assert_eq!(Json::read(bytes).unwrap_err().to_string(), known.to_string());
        }
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts() {
        assert_eq!(read(r#"{"a": {"b": 1}, "a": "x"}"#).root().get("a").unwrap().text(), Some("x"));
    }

    #[test]
    fn a_name_that_is_escaped_is_found_by_what_it_means() {
        assert_eq!(read(r#"{"P\u006fwer": "On"}"#).root().get("Power").unwrap().text(), Some("On"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_as_serde_json_does(text in "[\\[\\]{}:,\"\\\\a-cnu0-9.eE \u{e9}+-]{0,40}") {
            let known: serde_json::Result<Value> = serde_json::from_str(&text);
            match (Json::read(text.as_bytes()), known) {
                (Ok(json), Ok(value)) => prop_assert_eq!(json.root().value(), value),
                (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
                (one, other) => prop_assert!(false, "{one:?} {other:?}"),
            }
        }
    }
}
