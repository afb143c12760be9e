//! Conditions: `observable: demand`, checked against what the observable can ever say.

use serde_json::Value;

use crate::fields::Reader;
use crate::{
    condition::{Condition, EventsMatcher, Matcher, OBSERVABLES, Observable, Shape, observable},
    source::suggestion,
    yaml::{Key, Kind, Node},
};

const RESERVED: &[&str] = &[
    "in",
    "not",
    "ge",
    "le",
    "matches",
    "contains",
    "lacks",
    "absent",
    "equals-snapshot",
    "same-as",
    "some",
    "every",
    "none",
    "items",
];

/// Reads one `observable: demand`.
pub(super) fn condition(
    reader: &Reader,
    step: &str,
    key: &Key,
    value: &Node,
    taken: &mut Vec<String>,
) -> Option<Condition> {
    let Some(observable) = observable(&key.text) else {
        let names = OBSERVABLES.iter().map(|o| o.name);
        return reader.fail(
            key.place,
            format!("unknown observable {:?}", key.text),
            suggestion(&key.text, names),
        );
    };
    let matcher = demand(reader, value, &observable.shape)?;
    let base = format!("{step}/{}", observable.name);
    let same = taken.iter().filter(|id| **id == base || id.starts_with(&format!("{base}#"))).count();
    let id = if same == 0 { base } else { format!("{base}#{}", same + 1) };
    taken.push(id.clone());
    Some(Condition { id, observable, matcher, place: value_place(key, value) })
}

/// A scalar's own place; of a map or list the key's.
fn value_place(key: &Key, value: &Node) -> crate::source::Place {
    if matches!(value.kind, Kind::Map(_) | Kind::List(_)) { key.place } else { value.place }
}

/// Reads a demand on something of that shape.
pub(super) fn demand(reader: &Reader, node: &Node, shape: &Shape) -> Option<Matcher> {
    match shape {
        Shape::Events => events(reader, node),
        Shape::Count => count(reader, node),
        Shape::HttpOrder => http_order(reader, node),
        Shape::IpmiOrder => ipmi_order(reader, node),
        _ => of_value(reader, node, shape),
    }
}

fn of_value(reader: &Reader, node: &Node, shape: &Shape) -> Option<Matcher> {
    let Kind::Map(entries) = &node.kind else { return literal(reader, node, shape).map(Matcher::Is) };
    let reserved = entries.iter().filter(|(k, _)| RESERVED.contains(&k.text.as_str())).count();
    match shape {
        _ if reserved == entries.len() && entries.len() == 1 => {
            special(reader, &entries[0].0, &entries[0].1, shape)
        }
        Shape::Fields(known) if reserved == 0 && !entries.is_empty() => fields(reader, entries, known),
        // What a maker's answer has in it, nobody knows beforehand.
        Shape::Any if reserved == 0 && !entries.is_empty() => {
            let any = |(key, value): &(Key, Node)| Some((key.text.clone(), of_value(reader, value, shape)?));
            entries.iter().map(any).collect::<Option<_>>().map(Matcher::Fields)
        }
        _ => reader.fail(
            node.place,
            "this is no demand",
            format!("expected a value, or one of {}", RESERVED.join(", ")),
        ),
    }
}

fn fields(
    reader: &Reader,
    entries: &[(Key, Node)],
    known: &'static [(&'static str, Shape)],
) -> Option<Matcher> {
    let mut all = Vec::new();
    for (key, value) in entries {
        let Some((_, shape)) = known.iter().find(|(name, _)| *name == key.text) else {
            let names = known.iter().map(|(name, _)| *name);
            return reader.fail(
                key.place,
                format!("unknown field {:?}", key.text),
                suggestion(&key.text, names),
            );
        };
        all.push((key.text.clone(), of_value(reader, value, shape)?));
    }
    Some(Matcher::Fields(all))
}

fn literal(reader: &Reader, node: &Node, shape: &Shape) -> Option<Value> {
    match (shape, &node.kind) {
        (Shape::Words(words), _) => reader.word(node, "value", words).map(Value::from),
        (Shape::Text, Kind::Text(_)) | (Shape::Flag, Kind::Bool(_)) => Some(reader.json(node)),
        (Shape::Number, Kind::Int(_) | Kind::Float(_)) => Some(reader.json(node)),
        (Shape::Any, Kind::Text(_) | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_)) => Some(reader.json(node)),
        (Shape::Any, _) => reader.fail(
            node.place,
            format!("this is {}", node.kind.name()),
            "expected a text, a number, or true or false; a list is demanded by some, every, none or items, and what is not there by absent",
        ),
        (Shape::Text, _) => {
            reader.fail(node.place, format!("this is {}", node.kind.name()), "expected a text")
        }
        (Shape::Flag, _) => {
            reader.fail(node.place, format!("this is {}", node.kind.name()), "expected true or false")
        }
        (Shape::List(_), _) => reader.fail(
            node.place,
            format!("this is {}", node.kind.name()),
            "a list is demanded by some, every, none, items or same-as",
        ),
        (Shape::Number, _) => {
            reader.fail(node.place, format!("this is {}", node.kind.name()), "expected a number")
        }
        _ => reader.fail(node.place, format!("this is {}", node.kind.name()), "expected a map"),
    }
}

fn special(reader: &Reader, key: &Key, value: &Node, shape: &Shape) -> Option<Matcher> {
    let number = || match value.kind {
        Kind::Int(n) => Some(n as f64),
        Kind::Float(n) => Some(n),
        _ => reader.fail(value.place, format!("this is {}", value.kind.name()), "expected a number"),
    };
    let fits = match key.text.as_str() {
        "ge" | "le" => matches!(shape, Shape::Number | Shape::Any),
        "matches" | "contains" | "lacks" => matches!(shape, Shape::Text | Shape::Words(_) | Shape::Any),
        "some" | "every" | "none" | "items" => matches!(shape, Shape::List(_) | Shape::Any),
        _ => true,
    };
    if !fits {
        return reader.fail(
            key.place,
            format!("{:?} says nothing about this", key.text),
            "ge and le go with numbers; matches, contains and lacks with texts; some, every, none and items with lists",
        );
    }
    match key.text.as_str() {
        "in" => {
            let items = reader.list(value, "a list of values")?;
            if items.is_empty() {
                return reader.fail(value.place, "this list is empty", "nothing can be in it");
            }
            Some(Matcher::In(items.iter().map(|item| literal(reader, item, shape)).collect::<Option<_>>()?))
        }
        "not" => Some(Matcher::Not(Box::new(of_value(reader, value, shape)?))),
        "ge" => number().map(Matcher::Ge),
        "le" => number().map(Matcher::Le),
        "matches" => {
            let text = reader.text(value)?;
            match regex_lite::Regex::new(&text) {
                Ok(_) => Some(Matcher::Matches(text)),
                Err(error) => reader.fail(value.place, "this is not a regular expression", error.to_string()),
            }
        }
        "contains" => reader.text(value).map(Matcher::Contains),
        "lacks" => reader.text(value).map(Matcher::Lacks),
        "absent" => match reader.flag(value)? {
            true => Some(Matcher::Absent),
            false => Some(Matcher::Not(Box::new(Matcher::Absent))),
        },
        "same-as" => same_as(reader, value),
        "some" => item(reader, value, shape).map(Matcher::Some),
        "every" => item(reader, value, shape).map(Matcher::Every),
        "none" => item(reader, value, shape).map(Matcher::None),
        "items" => of_value(reader, value, &Shape::Number).map(Box::new).map(Matcher::Items),
        _ => reader.text(value).map(Matcher::EqualsSnapshot),
    }
}

/// What is demanded of an item of a list.
fn item(reader: &Reader, node: &Node, shape: &Shape) -> Option<Box<Matcher>> {
    let shape = match shape {
        Shape::List(of) => of,
        Shape::Any => shape,
        _ => return None,
    };
    of_value(reader, node, shape).map(Box::new)
}

fn same_as(reader: &Reader, value: &Node) -> Option<Matcher> {
    let name = reader.text(value)?;
    let other: Option<&'static Observable> = observable(&name);
    match other {
        Some(other) => Some(Matcher::Same(other)),
        None => reader.fail(
            value.place,
            format!("unknown observable {name:?}"),
            suggestion(&name, OBSERVABLES.iter().map(|o| o.name)),
        ),
    }
}

/// The events a simulated machine can log, for catching typos in scenarios.
pub(super) const EVENTS: &[&str] = &[
    "power.on",
    "power.off",
    "host.reset",
    "host.post",
    "host.boot",
    "host.os",
    "host.acpi-shutdown",
    "host.acpi-ignored",
    "host.os-stopped",
    "host.nmi",
    "identify",
    "boot.override",
    "bmc.reset",
    "bmc.ready",
    "ac.lost",
    "ac.restored",
    "media.inserted",
    "media.ejected",
];

pub(super) fn event_name(reader: &Reader, text: &str, place: crate::source::Place) -> Option<String> {
    let kind = text.split(':').next().unwrap_or(text);
    if EVENTS.contains(&kind) {
        return Some(text.to_owned());
    }
    reader.fail(place, format!("unknown event {text:?}"), suggestion(kind, EVENTS.iter().copied()))
}

fn event_names(reader: &Reader, node: &Node) -> Option<Vec<String>> {
    let items = reader.texts(node, "a list of events")?;
    items.iter().map(|(text, place)| event_name(reader, text, *place)).collect()
}

fn events(reader: &Reader, node: &Node) -> Option<Matcher> {
    let mut fields = reader.map(node, "demands such as `{since: start, sequence: [power.off, power.on]}`")?;
    let mut demand = EventsMatcher::default();
    if let Some(node) = fields.maybe("since") {
        demand.since = Some(reader.text(node)?);
    }
    let asks = ["sequence", "count", "none", "exactly"].iter().filter(|k| fields.has(k)).count();
    if asks == 0 {
        return reader.fail(
            fields.place,
            "this demands nothing of the log",
            "expected sequence, count, none or exactly",
        );
    }
    if let Some(node) = fields.maybe("sequence") {
        demand.sequence = event_names(reader, node)?;
    }
    if let Some(node) = fields.maybe("none") {
        demand.none = event_names(reader, node)?;
    }
    if let Some(node) = fields.maybe("exactly") {
        demand.exactly = Some(event_names(reader, node)?);
    }
    if let Some(node) = fields.maybe("count") {
        for (key, value) in reader.map(node, "a map of events to numbers")?.rest() {
            let name = event_name(reader, &key.text, key.place)?;
            demand.count.push((name, of_value(reader, value, &Shape::Number)?));
        }
    }
    fields.done();
    Some(Matcher::Events(demand))
}

fn count(reader: &Reader, node: &Node) -> Option<Matcher> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Some(Matcher::Count {
            since: None,
            number: Box::new(of_value(reader, node, &Shape::Number)?),
        });
    }
    let mut fields = reader.map(node, "a number, or `{since: start, le: 24}`")?;
    let since = match fields.maybe("since") {
        Some(node) => Some(reader.text(node)?),
        None => None,
    };
    let exact = fields.maybe("is").map(|node| literal(reader, node, &Shape::Number).map(Matcher::Is));
    let number = match exact {
        Some(number) => number?,
        None => {
            let Some((key, value)) = fields.first().filter(|(k, _)| ["ge", "le"].contains(&k.text.as_str()))
            else {
                return reader.fail(fields.place, "this demands no number", "expected is, ge or le");
            };
            let matcher = special(reader, key, value, &Shape::Number)?;
            fields.maybe(if key.text == "ge" { "ge" } else { "le" });
            matcher
        }
    };
    fields.done();
    Some(Matcher::Count { since, number: Box::new(number) })
}

fn http_order(reader: &Reader, node: &Node) -> Option<Matcher> {
    let mut fields = reader.map(node, "`{after: {status: 503}, next: {not-before: retry-after}}`")?;
    let mut after = reader.map(fields.must("after")?, "`{status: 503}`")?;
    let status = u16::try_from(reader.whole(after.must("status")?, 100, 599)?).ok()?;
    after.done();
    let mut next = reader.map(fields.must("next")?, "`{not-before: retry-after}`")?;
    reader.word(next.must("not-before")?, "time", &["retry-after"])?;
    next.done();
    fields.done();
    Some(Matcher::RetryAfterHonoured { status })
}

fn ipmi_order(reader: &Reader, node: &Node) -> Option<Matcher> {
    let mut fields = reader.map(node, "`{retransmit: same-request}`")?;
    reader.word(fields.must("retransmit")?, "manner", &["same-request"])?;
    fields.done();
    Some(Matcher::SameRequestRetransmitted)
}
