//! What can be observed, what can be demanded of it, and whether it holds: pure, below executor and oracle alike.

mod alike;
mod observables;

use std::collections::BTreeMap;

use halmark::Operation;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use alike::{Different, alike};
pub use observables::OBSERVABLES;

use crate::{source::Place, wire};

/// A demand on one observable.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Step and observable: `steps.2/driver.power.read`.
    pub id: String,
    /// What is observed.
    pub observable: &'static Observable,
    /// What is demanded.
    pub matcher: Matcher,
    /// Where the demand stands.
    pub place: Place,
}

/// Something that can be observed.
#[derive(Debug, PartialEq)]
pub struct Observable {
    /// Its name in scenarios.
    pub name: &'static str,
    /// Who says it.
    pub witness: Witness,
    /// What values it takes.
    pub shape: Shape,
    /// What it is, in a line.
    pub about: &'static str,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The driver, by this operation.
    Driver(Operation),
    /// The simulator's own state.
    Truth,
    /// The host's own log.
    Events,
    /// The recorded exchange.
    Wire,
}

/// What values an observable takes.
#[derive(Debug, PartialEq)]
pub enum Shape {
    /// One of these words.
    Words(&'static [&'static str]),
    /// A map of these fields.
    Fields(&'static [(&'static str, Shape)]),
    /// Any text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A text, a number, or true or false; in a maker's answer also a list or a map of these. Whatever is demanded of it, it may not
    /// be such a value, and then the demand does not hold.
    Any,
    /// A list of these.
    List(&'static Shape),
    /// A list of named events.
    Events,
    /// A count of exchanges since a mark.
    Count,
    /// An order of HTTP exchanges.
    HttpOrder,
    /// An order of IPMI exchanges.
    IpmiOrder,
}

/// The observable of that name.
pub fn observable(name: &str) -> Option<&'static Observable> {
    OBSERVABLES.iter().find(|o| o.name == name)
}

/// A demand.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Equal to this.
    Is(Value),
    /// Equal to one of these.
    In(Vec<Value>),
    /// Anything that does not match this.
    Not(Box<Matcher>),
    /// A number of at least this.
    Ge(f64),
    /// A number of at most this.
    Le(f64),
    /// A text that matches this expression.
    Matches(String),
    /// A text that contains this.
    Contains(String),
    /// A text that does not contain this.
    Lacks(String),
    /// Not there.
    Absent,
    /// The same as when that snapshot was taken.
    EqualsSnapshot(String),
    /// The same as what this other observable says at the same observation.
    Same(&'static Observable),
    /// A map whose fields match; other fields do not matter.
    Fields(Vec<(String, Matcher)>),
    /// A list in which at least one item matches.
    Some(Box<Matcher>),
    /// A list in which there is an item, and every one matches.
    Every(Box<Matcher>),
    /// A list in which no item matches.
    None(Box<Matcher>),
    /// A list of so many items.
    Items(Box<Matcher>),
    /// Demands on a log.
    Events(EventsMatcher),
    /// A number of exchanges since a mark.
    Count {
        /// The mark; none is the start.
        since: Option<String>,
        /// The demand on the number.
        number: Box<Matcher>,
    },
    /// After an exchange with this status, the next request does not come before what Retry-After says.
    RetryAfterHonoured {
        /// The status.
        status: u16,
    },
    /// A retransmission repeats the request it retransmits: same sequence numbers, same command.
    SameRequestRetransmitted,
}

/// Demands on a log, all of which have to hold. An event name without `:` also means every event that begins with it and a `:`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventsMatcher {
    /// Only what came after this mark.
    pub since: Option<String>,
    /// These, in this order, with anything between.
    pub sequence: Vec<String>,
    /// How many of each.
    pub count: Vec<(String, Matcher)>,
    /// None of these.
    pub none: Vec<String>,
    /// These and nothing else, in this order.
    pub exactly: Option<Vec<String>>,
}

/// What an observation saw of one observable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// A value.
    Value(Value),
    /// No value: why.
    Error {
        /// The kind of error.
        kind: String,
        /// Its text.
        text: String,
    },
}

/// One entry of the truth log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthEvent {
    /// When, in microseconds on the scenario's clock.
    pub at: u64,
    /// Its name.
    pub name: String,
}

/// A point in the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// How many truth events came before it.
    pub events: usize,
    /// How many exchanges came before it.
    pub wire: usize,
}

/// Everything that one observation can be judged by.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// What was seen, by observable.
    pub values: &'a BTreeMap<String, Seen>,
    /// The truth log up to then.
    pub events: &'a [TruthEvent],
    /// The exchanges up to then.
    pub wire: &'a [wire::Record],
    /// Marks by name.
    pub marks: &'a BTreeMap<String, Mark>,
    /// Snapshots by name.
    pub snapshots: &'a BTreeMap<String, Value>,
}

/// Why a condition does not hold: what was there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch(pub String);

impl Condition {
    /// Every observable that it takes to judge it.
    pub fn needs(&self) -> impl Iterator<Item = &'static Observable> + use<> {
        let other = if let Matcher::Same(other) = &self.matcher { Some(*other) } else { None };
        std::iter::once(self.observable).chain(other)
    }

    /// Whether it can be judged where these observables are not to be had.
    pub fn is_witnessed(&self, unwitnessed: &[String]) -> bool {
        !self.needs().any(|o| unwitnessed.iter().any(|u| u == o.name))
    }

    /// Whether it holds at this observation.
    pub fn holds(&self, sight: &Sight<'_>) -> Result<(), Mismatch> {
        match self.observable.witness {
            Witness::Events => self.matcher.on_events(sight),
            Witness::Wire => self.matcher.on_wire(self.observable.name, sight),
            Witness::Driver(_) | Witness::Truth => match sight.values.get(self.observable.name) {
                Some(Seen::Value(value)) => self.matcher.on_value(value, sight),
                Some(Seen::Error { text, .. }) => Err(Mismatch(text.clone())),
                None => Err(Mismatch("nothing was observed".to_owned())),
            },
        }
    }
}

impl Matcher {
    /// Whether a value matches.
    pub fn on_value(&self, value: &Value, sight: &Sight<'_>) -> Result<(), Mismatch> {
        let holds = match self {
            Self::Is(wanted) => value == wanted,
            Self::In(wanted) => wanted.contains(value),
            Self::Not(inner) => inner.on_value(value, sight).is_err(),
            Self::Ge(least) => value.as_f64().is_some_and(|n| n >= *least),
            Self::Le(most) => value.as_f64().is_some_and(|n| n <= *most),
            Self::Matches(expression) => {
                let found = regex_lite::Regex::new(expression).ok();
                value.as_str().zip(found).is_some_and(|(text, expression)| expression.is_match(text))
            }
            Self::Contains(part) => value.as_str().is_some_and(|text| text.contains(part)),
            Self::Lacks(part) => value.as_str().is_some_and(|text| !text.contains(part)),
            Self::Absent => value.is_null(),
            Self::EqualsSnapshot(name) => sight.snapshots.get(name) == Some(value),
            Self::Same(other) => return same(value, other, sight),
            Self::Fields(fields) => return on_fields(fields, value, sight),
            Self::Some(inner) => items(value).iter().any(|item| inner.on_value(item, sight).is_ok()),
            Self::Every(inner) => return every(inner, value, sight),
            Self::None(inner) => match items(value).iter().find(|item| inner.on_value(item, sight).is_ok()) {
                Some(item) => return Err(Mismatch(format!("among them {}", show(item)))),
                None => value.is_array(),
            },
            Self::Items(number) if value.is_array() => {
                return number.on_value(&Value::from(items(value).len()), sight);
            }
            Self::Items(_) => false,
            Self::Events(_)
            | Self::Count { .. }
            | Self::RetryAfterHonoured { .. }
            | Self::SameRequestRetransmitted => false,
        };
        if holds { Ok(()) } else { Err(Mismatch(show(value))) }
    }

    fn on_events(&self, sight: &Sight<'_>) -> Result<(), Mismatch> {
        let Self::Events(demand) = self else { return Err(Mismatch("a log".to_owned())) };
        let log = match &demand.since {
            None => sight.events,
            Some(name) => match sight.marks.get(name).and_then(|mark| sight.events.get(mark.events..)) {
                Some(log) => log,
                None => return Err(Mismatch(format!("there is no mark {name:?}"))),
            },
        };
        let log: Vec<&str> =
            log.iter().map(|e| e.name.as_str()).filter(|name| !name.starts_with("judge.")).collect();
        demand.holds(&log, sight)
    }

    fn on_wire(&self, name: &str, sight: &Sight<'_>) -> Result<(), Mismatch> {
        match self {
            Self::Count { since, number } => {
                let from = match since {
                    None => 0,
                    Some(mark) => {
                        sight
                            .marks
                            .get(mark)
                            .ok_or_else(|| Mismatch(format!("there is no mark {mark:?}")))?
                            .wire
                    }
                };
                let count = wire::count(name, sight.wire.get(from..).unwrap_or_default());
                number.on_value(&Value::from(count), sight)
            }
            Self::RetryAfterHonoured { status } => {
                wire::retry_after_honoured(*status, sight.wire).map_err(Mismatch)
            }
            Self::SameRequestRetransmitted => {
                wire::retransmissions_are_the_same(sight.wire).map_err(Mismatch)
            }
            _ => Err(Mismatch("a log of exchanges".to_owned())),
        }
    }
}

impl EventsMatcher {
    fn holds(&self, log: &[&str], sight: &Sight<'_>) -> Result<(), Mismatch> {
        let shown = || Mismatch(if log.is_empty() { "nothing happened".to_owned() } else { log.join(", ") });
        let mut rest = log.iter();
        let in_order = self.sequence.iter().all(|wanted| rest.any(|name| is_event(name, wanted)));
        let none = self.none.iter().all(|unwanted| !log.iter().any(|name| is_event(name, unwanted)));
        let exactly = self.exactly.as_ref().is_none_or(|wanted| {
            wanted.len() == log.len() && wanted.iter().zip(log).all(|(wanted, name)| is_event(name, wanted))
        });
        let counted = self.count.iter().all(|(wanted, number)| {
            let count = log.iter().filter(|name| is_event(name, wanted)).count();
            number.on_value(&Value::from(count), sight).is_ok()
        });
        if in_order && none && exactly && counted { Ok(()) } else { Err(shown()) }
    }
}

/// Whether an event is meant by a name: the same, or the name's kind (`host.boot` means `host.boot:pxe`).
pub fn is_event(event: &str, wanted: &str) -> bool {
    event == wanted || event.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(':'))
}

fn on_fields(fields: &[(String, Matcher)], value: &Value, sight: &Sight<'_>) -> Result<(), Mismatch> {
    for (name, matcher) in fields {
        let field = value.get(name).unwrap_or(&Value::Null);
        matcher.on_value(field, sight).map_err(|Mismatch(actual)| Mismatch(format!("{name} {actual}")))?;
    }
    Ok(())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// An empty list matches nothing: nobody has looked at anything.
fn every(inner: &Matcher, value: &Value, sight: &Sight<'_>) -> Result<(), Mismatch> {
    let items = items(value);
    if items.is_empty() {
        return Err(Mismatch(format!("{}: there is no item", show(value))));
    }
    items.iter().try_for_each(|item| {
        inner.on_value(item, sight).map_err(|Mismatch(why)| match item.get("name").and_then(Value::as_str) {
            Some(name) => Mismatch(format!("{name}: {why}")),
            None => Mismatch(why),
        })
    })
}

/// What this one says and the other says too is alike; what only one of them says does not matter.
fn same(value: &Value, other: &Observable, sight: &Sight<'_>) -> Result<(), Mismatch> {
    match sight.values.get(other.name) {
        Some(Seen::Value(truth)) => alike(value, truth).map_err(|Different { at, said, truth }| {
            Mismatch(format!("{at}{}, {} says {}", show(&said), other.name, show(&truth)))
        }),
        _ => Err(Mismatch(format!("{} was not observed", other.name))),
    }
}

/// A value as a person would write it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::String(text) if text.contains(char::is_control) => format!("{text:?}"),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let parts: Vec<_> =
                fields.iter().map(|(name, field)| format!("{name}: {}", show(field))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        Value::Array(items) => {
            let parts: Vec<_> = items.iter().map(show).collect();
            format!("[{}]", parts.join(", "))
        }
        other => other.to_string(),
    }
}
