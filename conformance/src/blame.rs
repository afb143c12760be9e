//! Blame: from a condition that does not hold to whose fault it is, by the table in the language's description.
//!
//! The wire decides. If the driver asked correctly and the BMC said yes, what did not happen is the BMC's fault; if it did
//! not ask, or asked for something else, or asked twice, it is the driver's; if the BMC's raw answer was right and the
//! driver says otherwise, it misread; if the raw answer was wrong, the BMC misreports.

mod unasked;

use std::ops::Range;

use serde_json::Value;

use crate::{
    condition::{Observable, Seen, Witness},
    docket::Evidence,
    evidence::Called,
    operation::Call,
    oracle::{Failure, What},
    scenario::{CallStep, Given, Returns, Scenario, Step, StepKind},
    truth,
    verdict::{Verdict, Word},
    wire::{self, Asked},
};

/// Who is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An unknown driver, by a trusted simulator.
    Driver,
    /// An unknown BMC, by a trusted driver.
    Target,
}

impl Subject {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Target => "target",
        }
    }
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// The driver.
    Driver,
    /// The BMC.
    Target,
}

/// The verdict on a driver that was closed and left sessions behind.
pub(crate) fn residue(
    (condition, left): (String, usize),
    evidence: &Evidence<'_>,
    subject: Subject,
) -> Result<Verdict, Box<Verdict>> {
    let said_goodbye = all_ended(&evidence.wire);
    let (word, detail) = match subject {
        Subject::Target if said_goodbye => (Word::Fail, "target"),
        Subject::Driver if said_goodbye => (Word::Error, "target"),
        Subject::Driver => (Word::Fail, "driver"),
        Subject::Target => (Word::Error, "plugin"),
    };
    let text = format!("after the driver was closed, {left} sessions of it are open");
    let charge = "manners".to_owned();
    Ok(Verdict { detail: detail.to_owned(), condition: Some(condition), text, charge, ..Verdict::new(word) })
}

/// Whether every session that was opened was ended, as the BMC said.
fn all_ended(records: &[wire::Record]) -> bool {
    let ended = records.iter().filter(|r| r.is_logout() && r.accepted()).count();
    let begun = records.iter().filter(|r| r.is_login() && r.accepted()).count();
    begun > 0 && ended >= begun
}

struct Charge {
    culprit: Culprit,
    charge: &'static str,
    wire: Option<usize>,
}

fn driver(charge: &'static str, wire: Option<usize>) -> Charge {
    Charge { culprit: Culprit::Driver, charge, wire }
}

fn target(charge: &'static str, wire: Option<usize>) -> Charge {
    Charge { culprit: Culprit::Target, charge, wire }
}

/// The verdict on a failed condition.
pub(crate) fn verdict(
    scenario: &Scenario,
    evidence: &Evidence<'_>,
    failure: &Failure,
    subject: Subject,
) -> Verdict {
    let made = calls_made(scenario, evidence);
    let charge = match failure.what {
        What::Returns => returned(scenario, evidence, failure, &made),
        What::Observable(observable, look) => {
            let fields = unasked::fields(scenario, failure);
            observed(evidence, failure, observable, look, &made, &fields)
        }
    };
    let mut verdict = match (charge.culprit, subject) {
        (Culprit::Driver, Subject::Driver) | (Culprit::Target, Subject::Target) => Verdict::new(Word::Fail),
        _ => Verdict::new(Word::Error),
    };
    verdict.detail = match (charge.culprit, subject) {
        (Culprit::Driver, Subject::Driver) => "driver",
        (Culprit::Driver, Subject::Target) => "plugin",
        (Culprit::Target, _) => "target",
    }
    .to_owned();
    verdict.condition = Some(failure.condition.clone());
    verdict.text.clone_from(&failure.text);
    verdict.charge = charge.charge.to_owned();
    verdict.wire = charge.wire;
    verdict
}

/// A call of the scenario that was carried out, with what the scenario says of it.
struct Made<'a> {
    step: &'a CallStep,
    called: &'a Called,
    at_step: usize,
}

fn calls_made<'a>(scenario: &'a Scenario, evidence: &Evidence<'a>) -> Vec<Made<'a>> {
    fn find<'s>(steps: &'s [Step], id: &str) -> Option<&'s CallStep> {
        steps.iter().find_map(|step| match &step.kind {
            StepKind::Call(call) if step.id == id => Some(&**call),
            StepKind::When { steps, .. } => find(steps, id),
            _ => None,
        })
    }
    let mut made = Vec::new();
    for (at_step, carried) in evidence.steps.iter().enumerate() {
        if let Some(step) = find(&scenario.steps, carried.id) {
            made.extend(carried.calls.iter().map(|called| Made { step, called, at_step }));
        }
    }
    made
}

/// A call returned what it should not have.
fn returned(scenario: &Scenario, evidence: &Evidence<'_>, failure: &Failure, all: &[Made<'_>]) -> Charge {
    let Some(made) = all.iter().rev().find(|m| m.at_step == failure.at_step) else {
        return driver("returns wrongly", None);
    };
    let from = made.called.wire;
    let records = evidence.wire.get(from..).unwrap_or_default();
    let asked = wire::asked(&made.step.call, &evidence.wire, from);
    let refusal = records.iter().position(wire::Record::refused).map(|at| at + from);
    let strange = records.iter().position(|r| r.injected.is_some()).map(|at| at + from);
    let provoked = provoked(scenario, evidence, failure.at_step);
    if matches!(&made.called.returned, Seen::Error { kind, .. } if kind == "hang") {
        return driver("hangs", None);
    }
    if is_defect(&made.called.returned) {
        return driver("breaks down", None);
    }
    if sends_what_it_must_not(&made.step.returns, &made.called.returned) {
        return driver("sends what it should refuse", from.checked_sub(1));
    }
    if made.step.as_.is_some() {
        // Whether somebody can log in is what became of the account, and so of the calls that made it what it is.
        let before: Vec<&Made<'_>> = all.iter().filter(|it| it.at_step < made.at_step).collect();
        if let Some(charge) = neglected(evidence, &before) {
            return charge;
        }
    }
    match (&made.step.returns, &made.called.returned) {
        (Returns::Ok | Returns::Value(_), said)
            if unasked::nothing_was_sent(evidence, said, evidence.wire.len()) =>
        {
            driver("never asks", None)
        }
        // A success was wanted and an error came.
        (Returns::Ok | Returns::Value(_), Seen::Error { .. }) => match asked {
            Asked::Accepted(_, at) if strange.is_none() && !provoked && is_endless(&evidence.wire, at) => {
                target("never ends its task", Some(at))
            }
            Asked::Accepted(_, at) => driver("misread", Some(at)),
            _ if strange.is_some() || provoked => driver("gives up", strange.or(refusal)),
            Asked::Refused(at) if wire::never_raised(&evidence.wire, at) => {
                driver("never raises its session", Some(at))
            }
            Asked::Refused(at) => target("refuses", Some(at)),
            _ if refusal.is_some() => target("refuses", refusal),
            _ if made.called.operation.ends_with("read") || made.called.operation.ends_with("get") => {
                unread(evidence, made, from)
            }
            Asked::Never if records.is_empty() => driver("gives up", None),
            _ => target("does not answer", records.len().checked_sub(1).map(|at| at + from)),
        },
        // An error was wanted and a success came.
        (Returns::Error { .. }, Seen::Value(_)) if untrusted(scenario) => driver("trusts anybody", None),
        (Returns::Error { .. }, Seen::Value(_)) => match asked {
            Asked::Accepted(_, at) if promised(&evidence.wire, at) => {
                driver("takes a promise for a result", Some(at))
            }
            Asked::Accepted(_, at) if strange.is_none() => target("accepts what it should refuse", Some(at)),
            Asked::Never
                if strange.is_none()
                    && !provoked
                    && !records.is_empty()
                    && !made.step.call.operation().changes() =>
            {
                accepted_login(records, from)
            }
            _ => driver("invented", None),
        },
        (Returns::Value(_), Seen::Value(value)) if made.called.operation == "console.open" => {
            talked(value, records, from)
        }
        (Returns::Value(matcher), Seen::Value(value))
            if !evidence.wire.is_empty()
                && unasked::never_asked_for(
                    &unasked::of(matcher),
                    made.step.call.operation(),
                    value,
                    None,
                    &evidence.wire,
                ) =>
        {
            driver("never asks", None)
        }
        // The wrong value came: a reading like any other.
        (Returns::Value(_), Seen::Value(value)) if !made.step.call.operation().changes() => {
            reading(evidence, &made.step.call, value, None, from..evidence.wire.len())
        }
        _ => driver("misread", refusal.or(strange)),
    }
}

/// A talk over the console was not as it should have been: did the driver carry every character, and say who has it?
fn talked(said: &Value, records: &[wire::Record], from: usize) -> Charge {
    let last = records.len().checked_sub(1).map(|at| at + from);
    let Some(told) = wire::told(halmark::Operation::ConsoleOpen, records) else {
        return driver("invented", None);
    };
    if let Some(at) = wire::console::given_twice(records) {
        return target("accepts what it should refuse", Some(at + from));
    }
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (heard, sent) = (text(said, "heard"), text(&told, "heard"));
    // Who got what was waited for does not read on.
    let is_all = if said["missing"].is_null() { sent.starts_with(&heard) } else { sent == heard };
    let is_in_use = wire::console::in_use(records).map(|at| at + from);
    if is_all && text(said, "typed") == text(&told, "typed") && is_in_use.is_none() {
        target("misreports", last)
    } else {
        driver("misread", is_in_use.or(last))
    }
}

/// An error by which a driver says of itself that it is defective, or is gone: nobody else can be to blame for it.
fn is_defect(said: &Seen) -> bool {
    matches!(said, Seen::Error { kind, .. } if kind == "internal")
}

/// A success where the arguments alone should have been refused, before anything was sent.
fn sends_what_it_must_not(wanted: &Returns, returned: &Seen) -> bool {
    let at_once = |kind: &String| matches!(kind.as_str(), "invalid-argument" | "unsupported");
    matches!((wanted, returned), (Returns::Error { kinds, .. }, Seen::Value(_)) if kinds.iter().all(at_once))
}

/// The first changing call that said it was done and was never asked of the BMC, or not as it should have been.
fn neglected(evidence: &Evidence<'_>, calls: &[&Made<'_>]) -> Option<Charge> {
    calls.iter().filter(|made| made.step.call.operation().changes()).find_map(|made| {
        let said = matches!(&made.called.returned, Seen::Value(value) if value != "already-so");
        match wire::asked(&made.step.call, &evidence.wire, made.called.wire) {
            Asked::Never if said => Some(driver("invented", None)),
            Asked::Wrongly(at) if said => Some(driver("asks for something else", Some(at))),
            _ => None,
        }
    })
}

/// Whether the scenario itself made the BMC difficult at that point: then getting through is the driver's duty.
fn provoked(scenario: &Scenario, evidence: &Evidence<'_>, at_step: usize) -> bool {
    let difficult = |g: &crate::scenario::Placed<Given>| {
        matches!(&g.value, Given::Deviation(_) | Given::Fault(_) | Given::Certificate(_))
    };
    let before = evidence.steps.get(..at_step).unwrap_or_default();
    let fault = |step: &&Step| {
        matches!(&step.kind, StepKind::Fault(set) if !set.is_empty())
            && before.iter().any(|c| c.id == step.id)
    };
    scenario.given.iter().any(difficult) || scenario.steps.iter().any(|step| fault(&step))
}

/// Whether the BMC's certificate does not deserve trust.
fn untrusted(scenario: &Scenario) -> bool {
    scenario.given.iter().any(|g| matches!(&g.value, Given::Certificate(kind) if kind != "trusted"))
}

/// Whether the BMC's yes was only the promise of a task that never came to a good end.
fn promised(records: &[wire::Record], at: usize) -> bool {
    let after = |at: usize| records.get(at + 1..).unwrap_or_default();
    let promise =
        matches!(records.get(at).map(|r| &r.exchange), Some(wire::Exchange::Http { status: 202, .. }));
    let kept = |r: &wire::Record| matches!(&r.exchange, wire::Exchange::Http { response: Some(body), .. } if body.contains("\"Completed\""));
    promise && !after(at).iter().any(kept)
}

/// Whether the BMC's yes was the promise of a task that was asked for again and again and was still running at the last.
fn is_endless(records: &[wire::Record], at: usize) -> bool {
    const PATIENT: usize = 5;
    let runs = |r: &wire::Record| matches!(&r.exchange, wire::Exchange::Http { status: 202, .. });
    let path = |r: &wire::Record| match &r.exchange {
        wire::Exchange::Http { method, path, .. } if method == "GET" => Some(path.clone()),
        _ => None,
    };
    let after = records.get(at + 1..).unwrap_or_default();
    let monitor = after.first().and_then(path);
    let polls: Vec<_> = after.iter().filter(|r| monitor.is_some() && path(r) == monitor).collect();
    records.get(at).is_some_and(runs) && polls.len() >= PATIENT && polls.into_iter().all(runs)
}

/// A read succeeded although it should have been refused: the BMC let it in.
fn accepted_login(records: &[wire::Record], from: usize) -> Charge {
    match records.iter().position(wire::Record::accepted) {
        Some(at) => target("accepts what it should refuse", Some(at + from)),
        None => driver("invented", None),
    }
}

/// A read failed although nothing was refused: the raw answer decides.
fn unread(evidence: &Evidence<'_>, made: &Made<'_>, from: usize) -> Charge {
    match wire::told(made.step.call.operation(), evidence.wire.get(from..).unwrap_or_default()) {
        Some(_) => driver("misread", None),
        None => target("does not say", None),
    }
}

/// An observable did not show what it should.
fn observed(
    evidence: &Evidence<'_>,
    failure: &Failure,
    observable: &'static Observable,
    look: usize,
    made: &[Made<'_>],
    fields: &[&str],
) -> Charge {
    let step = evidence.steps.get(failure.at_step);
    let before = step.map_or(0, |step| {
        look.checked_sub(1).and_then(|n| step.looks.get(n)).map_or(step.wire, |look| look.wire)
    });
    let look = step.and_then(|step| step.looks.get(look));
    let wire = look.map_or(evidence.wire.len(), |look| look.wire);
    match observable.witness {
        Witness::Wire => driver("manners", None),
        Witness::Events | Witness::Truth => effect(evidence, made, wire),
        Witness::Driver(operation) => {
            let call = Call::Plain(operation);
            let (said, truth) = match look {
                Some(look) => {
                    (look.values.get(observable.name), look.values.get(counterpart(observable.name)))
                }
                None => (None, None),
            };
            match (said, truth) {
                (Some(Seen::Value(said)), Some(Seen::Value(truth)))
                    if unasked::never_asked_for(
                        fields,
                        operation,
                        said,
                        Some(truth),
                        records(evidence, 0..wire),
                    ) =>
                {
                    driver("never asks", None)
                }
                (Some(said), Some(_)) if unasked::nothing_was_sent(evidence, said, wire) => {
                    driver("never asks", None)
                }
                (Some(Seen::Value(said)), Some(Seen::Value(truth)))
                    if keeps_back(said, truth, wire::told(operation, records(evidence, before..wire))) =>
                {
                    driver("misread", wire.checked_sub(1))
                }
                (Some(Seen::Value(said)), Some(Seen::Value(truth))) if alike(said, truth) => {
                    effect(evidence, made, wire)
                }
                (Some(Seen::Value(said)), truth) => {
                    reading(evidence, &call, said, value(truth), before..wire)
                }
                (Some(said), _) if is_defect(said) => driver("breaks down", None),
                (Some(Seen::Error { .. }), truth) => {
                    failed_reading(evidence, &call, value(truth), before..wire)
                }
                (None, _) => driver("says nothing", None),
            }
        }
    }
}

fn value(seen: Option<&Seen>) -> Option<&Value> {
    match seen {
        Some(Seen::Value(value)) => Some(value),
        _ => None,
    }
}

/// The truth about what a driver's observable says.
pub fn counterpart(driver: &str) -> &'static str {
    match driver {
        "driver.power.read" => "truth.power",
        "driver.boot.override.get" => "truth.boot.override",
        "driver.identify.get" => "truth.identify",
        "driver.fru.read" => "truth.fru",
        "driver.sensors.read" => "truth.sensors",
        "driver.inventory.read" => "truth.inventory",
        "driver.boot.order.get" => "truth.boot.order",
        "driver.power.metrics" => "truth.power.metrics",
        "driver.log.list" => "truth.log",
        "driver.accounts.list" => "truth.accounts",
        "driver.bmc.clock.get" => "truth.bmc.clock",
        "driver.bmc.network.read" => "truth.bmc.network",
        "driver.media.list" => "truth.media",
        "driver.bios.read" => "truth.bios",
        _ => "truth.identity",
    }
}

fn records<'a>(evidence: &'a Evidence<'_>, range: Range<usize>) -> &'a [wire::Record] {
    evidence.wire.get(range).unwrap_or_default()
}

/// Whether the BMC told a property as it is, and the driver says nothing of it. What is not so, such as a UUID of zeros, may
/// be left out.
fn keeps_back(said: &Value, truth: &Value, raw: Option<Value>) -> bool {
    let told = raw.as_ref().and_then(Value::as_object).into_iter().flatten();
    let is_lost = |(name, value): (&String, &Value)| {
        let is_so = truth.get(name).is_some_and(|truth| alike(value, truth));
        said.get(name).is_none_or(Value::is_null)
            && value.as_str().is_some_and(|text| !text.is_empty())
            && is_so
    };
    said.is_object() && told.into_iter().any(is_lost)
}

fn alike(said: &Value, truth: &Value) -> bool {
    crate::condition::alike(said, truth).is_ok()
}

/// The driver said something wrong: was the raw answer to this very question wrong too?
///
/// Where the judge has no reading of that answer and nobody knows the truth, the one who is judged is not blamed.
fn reading(
    evidence: &Evidence<'_>,
    call: &Call,
    said: &Value,
    truth: Option<&Value>,
    asked: Range<usize>,
) -> Charge {
    let (from, last) = (asked.start, asked.end.checked_sub(1));
    let records = evidence.wire.get(asked).unwrap_or_default();
    let last = wire::told_at(call.operation(), records).map_or(last, |at| Some(from + at));
    match wire::told(call.operation(), records) {
        None if truth.is_none()
            && !wire::reads(call.operation())
            && records.iter().any(wire::Record::accepted) =>
        {
            target("is not known", last)
        }
        None => driver("invented", None),
        Some(raw) if truth.is_some_and(|truth| truth::covers(truth, &raw) || alike(&raw, truth)) => {
            driver("misread", last)
        }
        Some(raw) if truth.is_some_and(|truth| falsified(said, truth, &raw)) => driver("misread", last),
        Some(raw) if alike(&raw, said) || alike(said, &raw) => target("misreports", last),
        Some(_) if truth.is_some() => target("misreports", last),
        Some(_) => driver("misread", last),
    }
}

/// Whether the BMC is not to be blamed for any of the properties that the driver tells wrongly; what else it told wrongly
/// excuses nobody.
fn falsified(said: &Value, truth: &Value, raw: &Value) -> bool {
    let properties = said.as_object().into_iter().flatten();
    let mut wrong = properties
        .filter_map(|(name, said)| {
            let truth = truth.get(name)?;
            (!said.is_null() && !alike(said, truth)).then_some((name, truth))
        })
        .peekable();
    wrong.peek().is_some() && wrong.all(|(name, truth)| raw.get(name).is_none_or(|raw| alike(raw, truth)))
}

/// The driver could not say anything.
fn failed_reading(
    evidence: &Evidence<'_>,
    call: &Call,
    truth: Option<&Value>,
    asked: Range<usize>,
) -> Charge {
    let last = asked.end.checked_sub(1);
    let records = evidence.wire.get(asked).unwrap_or_default();
    match records.last() {
        Some(record) if record.injected.is_some() => driver("gives up", last),
        Some(record) if record.refused() => target("refuses", last),
        _ => match (wire::told(call.operation(), records), truth) {
            (Some(raw), Some(truth)) if alike(&raw, truth) => driver("misread", last),
            (Some(_), _) => target("misreports", last),
            (None, _) => target("does not answer", last),
        },
    }
}

/// What should have happened did not, or something else did: was it asked for, correctly, and exactly once?
fn effect(evidence: &Evidence<'_>, made: &[Made<'_>], until: usize) -> Charge {
    let changing: Vec<&Made<'_>> = made.iter().filter(|m| m.step.call.operation().changes()).collect();
    let records = evidence.wire.get(..until.min(evidence.wire.len())).unwrap_or_default();
    let mut last = None;
    for (number, call) in changing.iter().enumerate() {
        let next = changing.get(number + 1).map_or(records.len(), |next| next.called.wire.min(records.len()));
        let records = records.get(..next).unwrap_or_default();
        let asked = wire::asked(&call.step.call, records, call.called.wire);
        let besides = wire::asked_besides(&call.step.call, records, call.called.wire);
        if let (Asked::Accepted(..), Some(at)) = (&asked, besides) {
            return driver("asked for something else too", Some(at));
        }
        let already = call.called.returned == Seen::Value("already-so".into());
        match asked {
            Asked::Wrongly(at) => return driver("invented", Some(at)),
            Asked::Never if !already && matches!(call.called.returned, Seen::Value(_)) => {
                return driver("invented", None);
            }
            Asked::Accepted(times, at) if times > 1 => return driver("asked twice", Some(at)),
            Asked::Refused(at) if matches!(call.called.returned, Seen::Value(_)) => {
                return driver("invented", Some(at));
            }
            Asked::Accepted(_, at) | Asked::Unanswered(at) | Asked::Refused(at) => last = Some(at),
            Asked::Never if already => {
                let during = records.get(call.called.wire..).unwrap_or_default();
                if let Some(charge) = unasked::settled(call.step.call.operation(), during) {
                    return driver(charge, None);
                }
            }
            Asked::Never => {}
        }
    }
    let strays = stray_changes(records, &changing);
    match strays {
        Some(at) => driver("asked for what nobody wanted", Some(at)),
        None if last.is_none() => target("is otherwise", None),
        None => target("lies", last),
    }
}

/// A request for a change that no call of the scenario explains.
fn stray_changes(records: &[wire::Record], changing: &[&Made<'_>]) -> Option<usize> {
    let from = changing.first().map_or(0, |call| call.called.wire);
    let explained = |at: usize| {
        changing.iter().any(|call| {
            at >= call.called.wire && wire::asked(&call.step.call, &records[..=at], at) != Asked::Never
        })
    };
    let changes = records.iter().enumerate().filter(|(at, r)| {
        r.changes() && r.accepted() && (*at < from || changing.is_empty() || !explained(*at))
    });
    // Helpers of a change that are no change of their own, such as set-in-progress, are explained by it.
    changes.map(|(at, _)| at).find(|at| !helper(&records[*at]))
}

fn helper(record: &wire::Record) -> bool {
    match &record.exchange {
        wire::Exchange::Ipmi { netfn: 0, command: 8, data, .. } => !data.starts_with("05"),
        wire::Exchange::Http { path, request, .. } => {
            path.ends_with("/ComputerSystem.Reset")
                && request.as_deref().is_some_and(|r| r.contains("ForceOff"))
        }
        _ => false,
    }
}
