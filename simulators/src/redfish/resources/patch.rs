//! A PATCH: its properties are taken one by one, and what is left over is refused (DSP0266 §7.6.3).

use serde_json::{Map, Value};

use crate::{
    machine::Command,
    redfish::messages::{about, message},
};

/// What is wrong with a property.
pub(crate) enum Problem<'a> {
    /// It has no such type.
    Type(&'a Value),
    /// It has no such value.
    Value(&'a str),
}

/// The object that was sent, what was taken from it, and what is wrong with it.
pub(crate) struct Patch<'b> {
    body: &'b Map<String, Value>,
    prefix: &'static str,
    taken: Vec<&'static str>,
    commands: Vec<Command>,
    messages: Vec<Value>,
}

impl<'b> Patch<'b> {
    /// Of an object at this place in the document, such as `/Boot`.
    pub(crate) fn of(body: &'b Map<String, Value>, prefix: &'static str) -> Self {
        Self { body, prefix, taken: Vec::new(), commands: Vec::new(), messages: Vec::new() }
    }

    /// Takes a property.
    pub(crate) fn take(&mut self, property: &'static str) -> Option<&'b Value> {
        self.taken.push(property);
        self.body.get(property)
    }

    /// Takes a property that is one of these words.
    pub(crate) fn one_of(&mut self, property: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.take(property)?;
        let Value::String(word) = value else {
            self.refuse(property, Problem::Type(value));
            return None;
        };
        let known = words.iter().find(|known| *known == word).copied();
        if known.is_none() {
            self.refuse(property, Problem::Value(word));
        }
        known
    }

    /// This is to be done if nothing is wrong.
    pub(crate) fn change(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// This property is wrong.
    pub(crate) fn refuse(&mut self, property: &str, problem: Problem<'_>) {
        let said = match problem {
            Problem::Type(value) => message("PropertyValueTypeError", &[&value.to_string(), property]),
            Problem::Value(word) => message("PropertyValueNotInList", &[word, property]),
        };
        self.say(said, property);
    }

    /// Takes in what came of an object inside this one.
    pub(crate) fn absorb(&mut self, inner: (Vec<Command>, Vec<Value>)) {
        self.commands.extend(inner.0);
        self.messages.extend(inner.1);
    }

    /// What is to be done and what is wrong, given the resource as it is shown: what was not taken is either not
    /// writable or not there at all.
    pub(crate) fn end(mut self, shown: &Value) -> (Vec<Command>, Vec<Value>) {
        for property in self.body.keys().filter(|key| !self.taken.contains(&key.as_str())) {
            let is_annotation = property.contains('@');
            let name = if shown.get(property).is_some() { "PropertyNotWritable" } else { "PropertyUnknown" };
            if !is_annotation {
                let said = message(name, &[property]);
                self.messages.push(about(said, &format!("{}/{property}", self.prefix)));
            }
        }
        (self.commands, self.messages)
    }

    fn say(&mut self, message: Value, property: &str) {
        self.messages.push(about(message, &format!("{}/{property}", self.prefix)));
    }
}
