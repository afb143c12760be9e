//! Introspection rules as ironic-inspector has them: conditions on what was found in a machine, and what is done to its node.
//!
//! All conditions of all rules are looked at first; then the actions of those that hold are carried out, in the order of the file,
//! until one fails. A condition on a field that is not there does not hold, inverted or not, unless it is `is-empty`.
//!
//! What differs from ironic-inspector: a file is refused as a whole, with the place, where it would be refused rule by rule;
//! regular expressions are those of `regex-lite` (no look-around, no back references); a format is `{data[name][0]}` and nothing
//! more (no conversion, no width); lists are compared for being equal only.

mod action;
mod compare;
mod condition;
mod format;
mod path;
mod python;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

use self::{action::Action, condition::Condition};
use super::text::{Flaw, Place};

/// The rules of a file, in its order.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

/// One rule.
#[derive(Debug)]
struct Rule {
    place: Place,
    name: String,
    scope: Option<String>,
    conditions: Vec<Condition>,
    actions: Vec<Action>,
}

/// What became of a machine by the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The node as it is afterwards.
    pub node: Value,
    /// The rules whose conditions were looked at, in the order of the file: all of them, but where one could not be.
    pub looked: Vec<Looked>,
    /// What was done, in order.
    pub done: Vec<Done>,
    /// Why the introspection failed, if it did. What was done before stays done.
    pub failed: Option<Failure>,
}

/// What was seen of a rule's conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The rule, by its description, or by its UUID or place if it has none.
    pub rule: String,
    /// Where it stands.
    pub place: Place,
    /// The conditions that hold, up to the first that does not.
    pub held: Vec<Held>,
    /// Why the rule does not apply; `None` where it does.
    pub over: Option<PassedOver>,
}

/// A condition that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it stands.
    pub place: Place,
    /// What it says, for people: `memory_mb ge 4096`.
    pub what: String,
}

/// Why a rule does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The condition that does not hold, or the rule where the node is not in its scope.
    pub place: Place,
    /// What it says.
    pub what: String,
    /// Why it does not hold.
    pub reason: String,
}

/// An action that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The rule.
    pub rule: String,
    /// The action.
    pub place: Place,
    /// What was done, for people.
    pub what: String,
}

/// Why an introspection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: String,
    /// The action or condition.
    pub place: Place,
    /// What it says, or why it could not be carried out.
    pub message: String,
    /// Whether the rule wanted it so: an action `fail`. Otherwise the rule and the machine do not fit each other.
    pub is_wanted: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_wanted {
            return f.write_str(&self.message);
        }
        write!(f, "{}: rule {:?}: {}", self.place, self.rule, self.message)
    }
}

/// Members of a node that ironic always has.
const ALWAYS: [&str; 4] = ["properties", "extra", "driver_info", "instance_info"];

impl Rules {
    /// Reads the text of a file such as `rules.json`: a list of rules, or one.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        read::rules(text).map(Self)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Judges what was found in a machine, and does to its node what the rules want.
    pub fn judge(&self, data: &Value, node: &Value) -> Judged {
        let mut node = match node {
            Value::Object(members) => members.clone(),
            _ => Map::new(),
        };
        for name in ALWAYS {
            node.entry(name).or_insert_with(|| Value::Object(Map::new()));
        }
        let node = Value::Object(node);
        let mut judged = Judged { node, looked: Vec::new(), done: Vec::new(), failed: None };
        match self.applying(data, &mut judged) {
            Ok(rules) => judged.failed = carry_out(&rules, data, &mut judged).err(),
            Err(failure) => judged.failed = Some(failure),
        }
        judged
    }

    /// The rules whose conditions all hold, before any of them changes the node.
    fn applying(&self, data: &Value, judged: &mut Judged) -> Result<Vec<&Rule>, Failure> {
        let mut applying = Vec::new();
        for rule in &self.0 {
            let looked = rule.look(data, &judged.node)?;
            if looked.over.is_none() {
                applying.push(rule);
            }
            judged.looked.push(looked);
        }
        Ok(applying)
    }
}

impl Rule {
    /// Looks at the conditions until one does not hold.
    fn look(&self, data: &Value, node: &Value) -> Result<Looked, Failure> {
        let mut looked = Looked {
            rule: self.name.clone(),
            place: self.place,
            held: Vec::new(),
            over: self.elsewhere(node),
        };
        for condition in &self.conditions {
            if looked.over.is_some() {
                break;
            }
            let (place, what) = (condition.place, condition.to_string());
            match condition.holds(data, node) {
                Ok(None) => looked.held.push(Held { place, what }),
                Ok(Some(reason)) => looked.over = Some(PassedOver { place, what, reason }),
                Err(message) => return Err(self.failure(place, message, false)),
            }
        }
        Ok(looked)
    }

    /// That the rule is for nodes of another scope, if it is.
    fn elsewhere(&self, node: &Value) -> Option<PassedOver> {
        let scope = self.scope.as_ref()?;
        let is_in = node["properties"]["inspection_scope"].as_str() == Some(scope);
        let reason = format!("the node is not in the scope {scope:?}");
        (!is_in).then(|| PassedOver { place: self.place, what: format!("scope {scope:?}"), reason })
    }

    fn failure(&self, place: Place, message: String, is_wanted: bool) -> Failure {
        Failure { rule: self.name.clone(), place, message, is_wanted }
    }
}

fn carry_out(rules: &[&Rule], data: &Value, judged: &mut Judged) -> Result<(), Failure> {
    for rule in rules {
        for action in &rule.actions {
            let done = action.carry_out(data, &mut judged.node);
            let what = done.map_err(|it| rule.failure(action.place, it.message, it.is_wanted))?;
            judged.done.push(Done { rule: rule.name.clone(), place: action.place, what });
        }
    }
    Ok(())
}
