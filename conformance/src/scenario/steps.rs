//! Steps, preconditions and what is put back.

use std::{sync::LazyLock, time::Duration};

use halmark::{Capabilities, Cause, Operation, PowerState};

use super::{CallStep, Expect, Given, Placed, Returns, Step, StepKind, Timing, arguments, matchers};
use crate::fields::{Fields, Reader};
use crate::{
    condition::{Matcher, OBSERVABLES, Shape, Witness, observable},
    operation,
    source::suggestion,
    yaml::{Kind, Node},
};

/// What can happen beside the BMC.
pub(super) const HOST_ACTS: &[&str] = &[
    "press-power-button",
    "pull-ac",
    "restore-ac",
    "ignore-acpi",
    "obey-acpi",
    "hang-boot",
    "finish-boot",
    "hang-os",
];

const STEP_KINDS: &[&str] =
    &["call", "expect", "mark", "snapshot", "fault", "host", "advance", "when", "restore"];

/// Reads a list of steps; `path` is the path of the list.
pub(super) fn steps(reader: &Reader, node: &Node, path: &str) -> Option<Vec<Step>> {
    let read = steps_of(reader, node, path)?;
    match read.iter().find(|step| matches!(step.kind, StepKind::Restore(_))) {
        Some(step) => {
            reader.fail(step.place, "this puts something back in the middle", "`restore` stands in `finally`")
        }
        None => Some(read),
    }
}

fn steps_of(reader: &Reader, node: &Node, path: &str) -> Option<Vec<Step>> {
    let items = reader.list(node, "a list of steps")?;
    let read: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(at, item)| step(reader, item, &format!("{path}.{}", at + 1)))
        .collect();
    read.into_iter().collect()
}

/// Reads what is put back: nothing that could fail stands there.
pub(super) fn finally(reader: &Reader, node: &Node) -> Option<Vec<Step>> {
    let read = steps_of(reader, node, "finally")?;
    for step in &read {
        let puts_back = match &step.kind {
            StepKind::Restore(_) => true,
            StepKind::Fault(set) => set.is_empty(),
            _ => false,
        };
        if !puts_back {
            return reader.fail(
                step.place,
                "this does not put anything back",
                "in `finally` stand `restore: [...]` and `fault: {clear: all}`",
            );
        }
    }
    Some(read)
}

fn step(reader: &Reader, node: &Node, id: &str) -> Option<Step> {
    let mut fields = reader.map(node, "a step")?;
    let (key, _) = fields.first().or_else(|| {
        reader.fail(node.place, "this step is empty", format!("expected one of {}", STEP_KINDS.join(", ")))
    })?;
    let found = STEP_KINDS.iter().copied().find(|kind| fields.has(kind));
    let Some(kind) = found else {
        return reader.fail(
            key.place,
            format!("unknown step {:?}", key.text),
            suggestion(&key.text, STEP_KINDS.iter().copied()),
        );
    };
    let value = fields.must(kind)?;
    let kind = match kind {
        "call" => StepKind::Call(Box::new(call_step(reader, value, &mut fields)?)),
        "expect" => StepKind::Expect(expect(reader, value, &mut fields, id)?),
        "mark" => StepKind::Mark(reader.text(value)?),
        "snapshot" => StepKind::Snapshot(snapshots(reader, value)?),
        "fault" => StepKind::Fault(fault_names(reader, value)?),
        "host" => StepKind::Host(reader.word(value, "act", HOST_ACTS)?),
        "advance" => StepKind::Advance(reader.duration(value)?),
        "when" => when(reader, value, &mut fields, id)?,
        _ => StepKind::Restore(restore(reader, value)?),
    };
    fields.done();
    Some(Step { id: id.to_owned(), place: key.place, kind })
}

fn when(reader: &Reader, value: &Node, fields: &mut Fields<'_>, id: &str) -> Option<StepKind> {
    let mut condition = reader.map(value, "`{has: capability}`")?;
    let has = capability(reader, condition.must("has")?)?;
    condition.done();
    Some(StepKind::When { has, steps: steps(reader, fields.must("steps")?, id)? })
}

/// Reads a capability and checks that it exists.
pub(super) fn capability(reader: &Reader, node: &Node) -> Option<String> {
    static VOCABULARY: LazyLock<Vec<String>> = LazyLock::new(|| {
        Capabilities::vocabulary().into_iter().chain(operation::properties().map(|(_, word)| word)).collect()
    });
    static KNOWN: LazyLock<Vec<&str>> = LazyLock::new(|| VOCABULARY.iter().map(String::as_str).collect());
    reader.word(node, "capability", &KNOWN)
}

fn restore(reader: &Reader, node: &Node) -> Option<Vec<String>> {
    let items = reader.list(node, "a list of what to put back")?;
    items
        .iter()
        .map(|item| reader.word(item, "state", &["power", "boot.override", "identify", "sessions"]))
        .collect()
}

/// `{set: [a, b]}` or `{clear: all}`.
pub(super) fn fault_names(reader: &Reader, node: &Node) -> Option<Vec<String>> {
    let mut fields = reader.map(node, "`{set: [names]}` or `{clear: all}`")?;
    let names = match fields.maybe("clear") {
        Some(clear) => {
            reader.word(clear, "faults", &["all"])?;
            Vec::new()
        }
        None => {
            let items = reader.texts(fields.must("set")?, "a list of this scenario's faults")?;
            items.into_iter().map(|(name, _)| name).collect()
        }
    };
    fields.done();
    Some(names)
}

fn snapshots(reader: &Reader, node: &Node) -> Option<Vec<(String, String)>> {
    let mut all = Vec::new();
    for (key, value) in reader.map(node, "`{observable: name}`")?.rest() {
        let known =
            observable(&key.text).filter(|o| matches!(o.witness, Witness::Driver(_) | Witness::Truth));
        if known.is_none() {
            return reader.fail(
                key.place,
                format!("unknown observable {:?}", key.text),
                suggestion(&key.text, OBSERVABLES.iter().map(|o| o.name)),
            );
        }
        all.push((key.text.clone(), reader.text(value)?));
    }
    Some(all)
}

fn call_step(reader: &Reader, value: &Node, fields: &mut Fields<'_>) -> Option<CallStep> {
    let call = arguments::call(reader, value, fields)?;
    let as_ = fields.maybe("as").map_or(Some(None), |node| arguments::login(reader, node).map(Some))?;
    let within =
        fields.maybe("within").map_or(Some(Duration::from_secs(60)), |node| reader.duration(node))?;
    let returns_node = fields.maybe("returns");
    let returns_place = returns_node.map_or(value.place, |node| node.place);
    let returns = returns_node.map_or(Some(Returns::Ok), |node| returns(reader, node, call.operation()))?;
    let save = match fields.maybe("save") {
        Some(node) => Some(reader.text(node)?),
        None => None,
    };
    let repeat = fields.maybe("repeat").map_or(Some(1), |node| reader.whole(node, 1, 1_000))?;
    let undo = match fields.maybe("undo") {
        Some(node) => {
            let mut undo = reader.map(node, "`{call: operation, args: {…}}`")?;
            let target = undo.must("call")?;
            let made = arguments::call(reader, target, &mut undo)?;
            undo.done();
            Some(made)
        }
        None => None,
    };
    Some(CallStep {
        call,
        within,
        returns,
        returns_place,
        as_,
        save,
        undo,
        repeat: u32::try_from(repeat).unwrap_or(1),
    })
}

fn shape_of(operation: Operation) -> &'static Shape {
    const TALK: &Shape = &crate::talk::RETURNS;
    const CHANGE: &Shape = &Shape::Words(&["changed", "already-so"]);
    const VENDOR: &Shape = &Shape::Fields(&[
        ("completion", Shape::Number),
        ("data", Shape::Text),
        ("status", Shape::Number),
        ("body", Shape::Any),
        ("location", Shape::Text),
    ]);
    let read = OBSERVABLES.iter().find(|o| o.witness == Witness::Driver(operation));
    let other = match operation {
        Operation::ConsoleOpen => TALK,
        Operation::VendorCall => VENDOR,
        _ => CHANGE,
    };
    read.map_or(other, |o| &o.shape)
}

fn returns(reader: &Reader, node: &Node, operation: Operation) -> Option<Returns> {
    if matches!(&node.kind, Kind::Text(text) if text == "ok") {
        return Some(Returns::Ok);
    }
    if matches!(&node.kind, Kind::Map(entries) if entries.iter().any(|(k, _)| k.text == "error")) {
        return returns_error(reader, node);
    }
    let matcher: Matcher = matchers::demand(reader, node, shape_of(operation))?;
    Some(Returns::Value(matcher))
}

fn returns_error(reader: &Reader, node: &Node) -> Option<Returns> {
    let mut fields = reader.map(node, "`{error: {kind: busy}}`")?;
    let mut error = reader.map(fields.must("error")?, "`{kind: busy}`")?;
    let kind = error.must("kind")?;
    let kinds = match &kind.kind {
        Kind::List(items) => items
            .iter()
            .map(|item| reader.word(item, "kind of error", Cause::KINDS))
            .collect::<Option<Vec<_>>>()?,
        _ => vec![reader.word(kind, "kind of error", Cause::KINDS)?],
    };
    let retryable = match error.maybe("retryable") {
        Some(node) => Some(reader.flag(node)?),
        None => None,
    };
    error.done();
    fields.done();
    Some(Returns::Error { kinds, retryable })
}

fn expect(reader: &Reader, value: &Node, fields: &mut Fields<'_>, id: &str) -> Option<Expect> {
    let mut taken = Vec::new();
    let mut conditions = Vec::new();
    for (key, demand) in reader.map(value, "conditions, `observable: demand`")?.rest() {
        if key.text == "all" {
            for item in reader.list(demand, "a list of conditions")? {
                for (key, demand) in reader.map(item, "`observable: demand`")?.rest() {
                    conditions.push(matchers::condition(reader, id, key, demand, &mut taken)?);
                }
            }
        } else {
            conditions.push(matchers::condition(reader, id, key, demand, &mut taken)?);
        }
    }
    if conditions.is_empty() {
        return reader.fail(value.place, "this expects nothing", "add a condition, `observable: demand`");
    }
    let timing = timing(reader, value, fields)?;
    let via = match fields.maybe("via") {
        Some(node) => {
            if !matches!(timing, Timing::Within(_)) || conditions.len() != 1 {
                return reader.fail(
                    node.place,
                    "`via` goes with `within` and one condition",
                    "it names what may be seen before that condition holds",
                );
            }
            let Shape::Words(words) = conditions[0].observable.shape else {
                return reader.fail(
                    node.place,
                    "`via` goes with an observable that is one word",
                    "such as driver.power.read",
                );
            };
            let values = reader.list(node, "a list of values")?;
            Some(
                values
                    .iter()
                    .map(|value| reader.word(value, "value", words).map(serde_json::Value::from))
                    .collect::<Option<_>>()?,
            )
        }
        None => None,
    };
    Some(Expect { conditions, timing, via })
}

fn timing(reader: &Reader, value: &Node, fields: &mut Fields<'_>) -> Option<Timing> {
    let mut found = Vec::new();
    for (key, make) in [
        ("within", Timing::Within as fn(Duration) -> Timing),
        ("hold", Timing::Hold),
        ("never", Timing::Never),
    ] {
        if let Some(node) = fields.maybe(key) {
            found.push((node, make(reader.duration(node)?)));
        }
    }
    match found[..] {
        [] => Some(Timing::Now),
        [(node, timing)] if timing.window().is_zero() => {
            reader.fail(node.place, "a window of no length", "leave it out to look once")
        }
        [(_, timing)] => Some(timing),
        _ => reader.fail(value.place, "within, hold and never exclude each other", "make two steps of it"),
    }
}

/// Reads the preconditions.
pub(super) fn given(reader: &Reader, node: &Node) -> Option<Vec<Placed<Given>>> {
    const KINDS: &[&str] = &[
        "power",
        "boot.override",
        "boot.default",
        "identify",
        "deviation",
        "fault",
        "host",
        "credentials",
        "certificate",
        "mark",
    ];
    let mut all = Vec::new();
    for item in reader.list(node, "a list of preconditions")? {
        for (key, value) in reader.map(item, "a precondition")?.rest() {
            let given = match key.text.as_str() {
                "power" => Given::Power(reader.parsed::<PowerState>(
                    value,
                    "power state",
                    &["powered-on", "powered-off"],
                )?),
                "boot.override" => Given::BootOverride(arguments::boot_override(reader, value)?),
                "boot.default" => {
                    Given::BootDefault(reader.parsed(value, "boot device", &["pxe", "disk", "cdrom"])?)
                }
                "identify" => {
                    Given::Identify(reader.parsed(value, "state", &["lit", "unlit", "blinking"])?)
                }
                "deviation" => Given::Deviation(deviations(reader, value)?),
                "fault" => Given::Fault(fault_names(reader, value)?),
                "host" => Given::Host(reader.word(value, "act", HOST_ACTS)?),
                "credentials" => Given::Credentials(reader.word(
                    value,
                    "account",
                    &["wrong-password", "unknown-user", "operator", "read-only"],
                )?),
                "certificate" => Given::Certificate(reader.word(
                    value,
                    "certificate",
                    &["trusted", "self-signed", "expired", "wrong-host"],
                )?),
                "mark" => Given::Mark(reader.text(value)?),
                other => {
                    return reader.fail(
                        key.place,
                        format!("unknown precondition {other:?}"),
                        suggestion(other, KINDS.iter().copied()),
                    );
                }
            };
            all.push(Placed { value: given, place: key.place });
        }
    }
    Some(all)
}

/// Names of deviations that a simulated BMC can have.
fn deviations(reader: &Reader, node: &Node) -> Option<Vec<String>> {
    let known = || halmark_simulators::deviations().iter().map(|deviation| deviation.name);
    let mut all = Vec::new();
    for (name, place) in reader.texts(node, "a list of deviations")? {
        if !known().any(|deviation| deviation == name) {
            let hint =
                crate::source::did_you_mean(&name, known()).map(|meant| format!("did you mean {meant:?}?"));
            let hint = hint.unwrap_or_else(|| "no simulated BMC can be made wrong like that".to_owned());
            return reader.fail(place, format!("unknown deviation {name:?}"), hint);
        }
        all.push(name);
    }
    Some(all)
}
