//! Reading maps key by key: every key is taken once, what is left over is unknown, every complaint has a place.

use std::{cell::RefCell, sync::Arc, time::Duration};

use crate::{
    source::{Place, Problem, Source, suggestion},
    yaml::{Key, Kind, Node},
};

/// Reads nodes to meaning and collects what is wrong with them.
pub(crate) struct Reader {
    pub(crate) source: Arc<Source>,
    problems: RefCell<Vec<Problem>>,
}

impl Reader {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self { source: source.clone(), problems: RefCell::default() }
    }

    /// Notes a problem; `None`, so that it can be returned.
    pub(crate) fn fail<T>(
        &self,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        let problem =
            Problem { source: self.source.clone(), place, message: message.into(), hint: hint.into() };
        self.problems.borrow_mut().push(problem);
        None
    }

    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        let problems = self.problems.into_inner();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => Err(problems),
        }
    }

    fn wrong_type<T>(&self, node: &Node, expected: &str) -> Option<T> {
        self.fail(node.place, format!("this is {}", node.kind.name()), format!("expected {expected}"))
    }

    pub(crate) fn map<'n>(&'n self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Fields {
                reader: self,
                place: node.place,
                left: entries.iter().collect(),
                asked: Vec::new(),
            }),
            _ => self.wrong_type(node, what),
        }
    }

    pub(crate) fn list<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => self.wrong_type(node, what),
        }
    }

    pub(crate) fn text(&self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            Kind::Text(_) => self.fail(node.place, "this text is empty", "expected a text"),
            _ => self.wrong_type(node, "a text"),
        }
    }

    pub(crate) fn word(&self, node: &Node, what: &str, known: &[&str]) -> Option<String> {
        let text = match &node.kind {
            Kind::Text(text) => text,
            _ => return self.wrong_type(node, &format!("{what}: one of {}", known.join(", "))),
        };
        if known.contains(&text.as_str()) {
            return Some(text.clone());
        }
        self.fail(node.place, format!("unknown {what} {text:?}"), suggestion(text, known.iter().copied()))
    }

    pub(crate) fn parsed<T: std::str::FromStr>(&self, node: &Node, what: &str, known: &[&str]) -> Option<T> {
        let word = self.word(node, what, known)?;
        match word.parse() {
            Ok(value) => Some(value),
            Err(_) => {
                self.fail(node.place, format!("unknown {what} {word:?}"), "expected a word of the contract")
            }
        }
    }

    pub(crate) fn flag(&self, node: &Node) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => self.wrong_type(node, "true or false"),
        }
    }

    pub(crate) fn whole(&self, node: &Node, least: i64, most: i64) -> Option<i64> {
        match node.kind {
            Kind::Int(value) if (least..=most).contains(&value) => Some(value),
            Kind::Int(value) => self.fail(
                node.place,
                format!("{value} is out of range"),
                format!("expected {least} to {most}"),
            ),
            _ => self.wrong_type(node, &format!("a whole number from {least} to {most}")),
        }
    }

    pub(crate) fn duration(&self, node: &Node) -> Option<Duration> {
        const EXPECTED: &str = "a duration with a unit, such as 300ms, 20s, 10m or \"1m 30s\"";
        match &node.kind {
            Kind::Text(text) => match humantime::parse_duration(text) {
                Ok(duration) if duration <= Duration::from_hours(24) => Some(duration),
                Ok(_) => self.fail(
                    node.place,
                    format!("{text:?} is longer than a day"),
                    "no scenario waits that long",
                ),
                Err(_) => self.fail(
                    node.place,
                    format!("{text:?} is not a duration"),
                    format!("expected {EXPECTED}"),
                ),
            },
            Kind::Int(value) => {
                self.fail(node.place, "a duration without a unit", format!("did you mean {value}s?"))
            }
            _ => self.wrong_type(node, EXPECTED),
        }
    }

    pub(crate) fn share(&self, node: &Node) -> Option<f64> {
        const EXPECTED: &str = "expected a share such as 20%, from 0% to 100%";
        let Kind::Text(text) = &node.kind else { return self.wrong_type(node, "a share such as 20%") };
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match percent.filter(|p| (0.0..=100.0).contains(p)) {
            Some(percent) => Some(percent / 100.0),
            None => self.fail(node.place, format!("{text:?} is not a share"), EXPECTED),
        }
    }

    pub(crate) fn texts(&self, node: &Node, what: &str) -> Option<Vec<(String, Place)>> {
        let items = self.list(node, what)?;
        items.iter().map(|item| Some((self.text(item)?, item.place))).collect()
    }

    pub(crate) fn json(&self, node: &Node) -> serde_json::Value {
        match &node.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(b) => (*b).into(),
            Kind::Int(i) => (*i).into(),
            Kind::Float(f) => (*f).into(),
            Kind::Text(t) => t.clone().into(),
            Kind::List(items) => items.iter().map(|i| self.json(i)).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|(k, v)| (k.text.clone(), self.json(v)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// A map that is being read.
pub(crate) struct Fields<'n> {
    reader: &'n Reader,
    pub(crate) place: Place,
    left: Vec<&'n (Key, Node)>,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The value of a key that may be missing.
    pub(crate) fn maybe(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        let at = self.left.iter().position(|(k, _)| k.text == key)?;
        Some(&self.left.remove(at).1)
    }

    /// The value of a key that must be there.
    pub(crate) fn must(&mut self, key: &'static str) -> Option<&'n Node> {
        let found = self.maybe(key);
        if found.is_none() {
            self.reader.fail::<()>(
                self.place,
                format!("the key {key:?} is missing"),
                format!("add `{key}: …`"),
            );
        }
        found
    }

    /// Whether a key is there, without taking it.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.left.iter().any(|(k, _)| k.text == key)
    }

    /// The place of the first key.
    pub(crate) fn first(&self) -> Option<&'n (Key, Node)> {
        self.left.first().copied()
    }

    /// What was not taken yet, all of it.
    pub(crate) fn rest(&mut self) -> Vec<&'n (Key, Node)> {
        std::mem::take(&mut self.left)
    }

    /// Complains about every key that nobody took.
    pub(crate) fn done(self) {
        for (key, _) in self.left {
            let hint = suggestion(&key.text, self.asked.iter().copied());
            self.reader.fail::<()>(key.place, format!("unknown key {:?}", key.text), hint);
        }
    }
}
