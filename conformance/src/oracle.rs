//! The oracle: from a scenario and the recorded evidence of one case to its verdict. Pure; asks nobody.
//!
//! It believes nothing that it can recompute: every condition is evaluated again from the observations, every step must
//! have been carried out, every window must have been watched to its end, and every count must add up. Where the
//! evidence does not suffice, the verdict is `error harness`, never a pass.

use std::collections::BTreeMap;

use crate::{
    blame::{self, Subject},
    condition::{Condition, Matcher, Mismatch, Seen, Sight},
    docket::{Carried, Evidence, Look},
    evidence::{Called, CaseEnd, CaseStart, Disposition, Event},
    operation,
    scenario::{CallStep, Expect, Given, Returns, Scenario, Step, StepKind, Timing, returns_id},
    truth,
    verdict::{Verdict, Word},
};

/// A call may come back this much after its deadline before it counts as hanging.
pub const GRACE: u64 = 1_000_000;

/// What the oracle knows beside the evidence of the case: it stands in the first line of the journal.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Who is judged.
    pub subject: Subject,
    /// What the driver claims.
    pub claims: &'a [String],
}

/// A condition that does not hold.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) condition: String,
    pub(crate) text: String,
    pub(crate) at_step: usize,
    pub(crate) what: What,
}

/// What kind of condition it is.
#[derive(Debug)]
pub(crate) enum What {
    /// A call's `returns`.
    Returns,
    /// An observable's demand, and the observation at which it failed.
    Observable(&'static crate::condition::Observable, usize),
}

type Judged = Result<(), Box<Verdict>>;

fn broken<T>(text: impl Into<String>) -> Result<T, Box<Verdict>> {
    Err(Box::new(Verdict::error("harness", text)))
}

/// The verdict on one case.
pub fn judge(scenario: &Scenario, events: &[&Event], terms: Terms<'_>) -> Verdict {
    match judge_case(scenario, events, terms) {
        Ok(verdict) => verdict,
        Err(verdict) => *verdict,
    }
}

fn judge_case(scenario: &Scenario, events: &[&Event], terms: Terms<'_>) -> Result<Verdict, Box<Verdict>> {
    let evidence = Evidence::sort(events).or_else(broken)?;
    let Some(start) = evidence.start else { return broken("the journal does not say that this case began") };
    if let Disposition::Blocked(kind, text) = &start.disposition {
        return Ok(Verdict { detail: kind.clone(), text: text.clone(), ..Verdict::new(Word::Blocked) });
    }
    let Some(end) = evidence.end else { return broken("the case did not end: the run was cut off") };
    if let Some(broken) = &end.broken {
        return Ok(Verdict::error(&broken.kind, &broken.text));
    }
    counts_add_up(&evidence, end)?;
    match &start.disposition {
        Disposition::DriverLacks(capability) => {
            return not_applicable("driver", capability, &evidence, terms.subject);
        }
        Disposition::TargetLacks(capability) => {
            return not_applicable("target", capability, &evidence, terms.subject);
        }
        Disposition::Run | Disposition::Blocked(..) => {}
    }
    preconditions_hold(scenario, &evidence)?;
    let has = |capability: &str| terms.claims.iter().any(|c| c == capability);
    let mut walk = Walk { evidence: &evidence, start, at: 0, has: &has };
    if let Some(failure) = walk.steps(&scenario.steps)? {
        walk.put_back(scenario)?;
        return Ok(blame::verdict(scenario, &evidence, &failure, terms.subject));
    }
    if scenario.budget.as_micros() as f64 * start.timing < end.at as f64 {
        return Ok(Verdict::error(
            "budget",
            format!("it took {} s of the scenario's clock, more than its budget", end.at / 1_000_000),
        ));
    }
    if let Some(left) = sessions_left(scenario, start, end) {
        return blame::residue(left, &evidence, terms.subject);
    }
    walk.put_back(scenario)?;
    let unlooked = scenario.sessions_condition().is_some() && end.sessions.is_none();
    let unverified = unlooked || !start.unwitnessed.is_empty() || !witnessed(&scenario.steps, start, &has);
    if scenario.conditions(&has).is_empty() {
        return broken("nothing of this scenario applies to this driver: there is nothing to judge");
    }
    Ok(Verdict::new(if unverified { Word::PassUnverified } else { Word::Pass }))
}

/// The condition that is broken if the driver leaves sessions behind, and how many it left.
fn sessions_left(scenario: &Scenario, start: &CaseStart, end: &CaseEnd) -> Option<(String, usize)> {
    let id = scenario.sessions_condition()?;
    let left = end.sessions?;
    let negated = start.negated.as_deref() == Some(id.as_str());
    ((left > 0) != negated).then_some((id, left))
}

/// Whether anything but the driver's own word was looked at.
fn witnessed(steps: &[Step], start: &CaseStart, has: &dyn Fn(&str) -> bool) -> bool {
    use crate::condition::Witness;
    let independent = |c: &Condition| {
        let asked =
            !matches!(c.observable.witness, Witness::Driver(_)) || matches!(c.matcher, Matcher::Same(_));
        asked && c.is_witnessed(&start.unwitnessed)
    };
    steps.iter().any(|step| match &step.kind {
        StepKind::Expect(expect) => expect.conditions.iter().any(independent),
        StepKind::When { has: capability, steps } => has(capability) && witnessed(steps, start, has),
        _ => false,
    })
}

fn counts_add_up(evidence: &Evidence<'_>, end: &CaseEnd) -> Judged {
    if evidence.events.len() != end.events {
        return broken(format!(
            "the machine logged {} events, the journal holds {}",
            end.events,
            evidence.events.len()
        ));
    }
    if evidence.wire.len() != end.wire {
        return broken(format!(
            "{} exchanges were recorded, the journal holds {}",
            end.wire,
            evidence.wire.len()
        ));
    }
    let marks = evidence.events.iter().filter(|e| e.name.starts_with("judge.mark:")).count();
    if marks != evidence.marks.len() {
        return broken(format!(
            "{} marks were made, the machine's log shows {marks}: its log does not record",
            evidence.marks.len()
        ));
    }
    Ok(())
}

fn not_applicable(
    who: &str,
    capability: &str,
    evidence: &Evidence<'_>,
    subject: Subject,
) -> Result<Verdict, Box<Verdict>> {
    let mut verdict = Verdict { detail: format!("{who}: {capability}"), ..Verdict::new(Word::Na) };
    verdict.text = match (who, evidence.probed) {
        (_, None) => "not probed".to_owned(),
        ("driver", Some((_, Seen::Error { kind, .. }, 0))) if kind == "unsupported" => {
            "not claimed; the probe was refused as it should be".to_owned()
        }
        ("driver", Some((operation, returned, wire))) => {
            let text = format!(
                "{operation} is not claimed, and the probe returned {} after {wire} exchanges",
                seen(returned)
            );
            let (word, detail) = match subject {
                Subject::Driver => (Word::Fail, "driver"),
                Subject::Target => (Word::Error, "plugin"),
            };
            let charge = "claims less than it does".to_owned();
            return Ok(Verdict { detail: detail.to_owned(), charge, text, ..Verdict::new(word) });
        }
        (_, Some((_, Seen::Error { kind, text }, _))) if REFUSALS.contains(&kind.as_str()) => {
            format!("the target lacks it; the refusal was seen: {text}")
        }
        (_, Some((operation, returned @ Seen::Error { .. }, _))) => {
            let text = format!(
                "{operation} should be refused for want of {capability}, and ended in {}",
                seen(returned)
            );
            return Ok(Verdict::error("target", text));
        }
        (_, Some((operation, Seen::Value(value), _))) if operation::tells_nothing(capability, value) => {
            format!("the target lacks it; {operation} told it as unknown")
        }
        (_, Some((operation, returned, _))) => {
            let text = format!(
                "the target is said to lack {capability}, and {operation} returned {}",
                seen(returned)
            );
            return Ok(Verdict { detail: capability.to_owned(), text, ..Verdict::new(Word::Xpass) });
        }
    };
    Ok(verdict)
}

/// The kinds of errors by which a BMC refuses what it lacks.
const REFUSALS: &[&str] = &["refused", "unsupported", "not-found", "invalid-argument"];

/// What was seen, in words.
pub(crate) fn seen(seen: &Seen) -> String {
    match seen {
        Seen::Value(value) => crate::condition::show(value),
        Seen::Error { kind, text } => format!("{kind} ({text})"),
    }
}

fn preconditions_hold(scenario: &Scenario, evidence: &Evidence<'_>) -> Judged {
    let Some(truth) = evidence.established else { return broken("the preconditions were never established") };
    for given in &scenario.given {
        let (name, wanted) = match &given.value {
            Given::Power(state) => ("truth.power", truth::json(state)),
            Given::BootOverride(to) => ("truth.boot.override", truth::json(to)),
            Given::BootDefault(device) => ("truth.boot.default", truth::json(device)),
            Given::Identify(state) => ("truth.identify", truth::json(state)),
            Given::Deviation(_)
            | Given::Fault(_)
            | Given::Host(_)
            | Given::Mark(_)
            | Given::Credentials(_)
            | Given::Certificate(_) => continue,
        };
        match truth.get(name) {
            Some(Seen::Value(value)) if truth::covers(value, &wanted) => {}
            Some(other) => {
                return broken(format!(
                    "precondition {name} is {}, not {}",
                    seen(other),
                    crate::condition::show(&wanted)
                ));
            }
            None => return broken(format!("precondition {name} was not looked at")),
        }
    }
    Ok(())
}

struct Walk<'a, 's> {
    evidence: &'a Evidence<'a>,
    start: &'a CaseStart,
    at: usize,
    has: &'s dyn Fn(&str) -> bool,
}

impl Walk<'_, '_> {
    fn steps(&mut self, steps: &[Step]) -> Result<Option<Failure>, Box<Verdict>> {
        for step in steps {
            let failure = match &step.kind {
                StepKind::When { has, steps } if (self.has)(has) => self.steps(steps)?,
                StepKind::When { .. } => None,
                _ => self.step(step)?,
            };
            if failure.is_some() {
                return Ok(failure);
            }
        }
        Ok(None)
    }

    fn step(&mut self, step: &Step) -> Result<Option<Failure>, Box<Verdict>> {
        let at = self.at;
        let Some(carried) = self.evidence.steps.get(at).filter(|c| c.id == step.id) else {
            return broken(format!("{} was not carried out", step.id));
        };
        self.at += 1;
        let failure = match &step.kind {
            StepKind::Call(call) => self.call(step, call, carried, at)?,
            StepKind::Expect(expect) => self.expect(step, expect, carried, at)?,
            _ => None,
        };
        if failure.is_none() && carried.end.is_none() {
            return broken(format!("{} did not end", step.id));
        }
        Ok(failure)
    }

    fn negated(&self, condition: &str) -> bool {
        self.start.negated.as_deref() == Some(condition)
    }

    fn call(
        &self,
        step: &Step,
        call: &CallStep,
        carried: &Carried<'_>,
        at_step: usize,
    ) -> Result<Option<Failure>, Box<Verdict>> {
        let condition = returns_id(&step.id);
        for (round, called) in carried.calls.iter().enumerate() {
            if called.operation != call.call.operation().word() || called.arguments != call.arguments() {
                return broken(format!(
                    "{} called {} {}, not what the scenario says",
                    step.id, called.operation, called.arguments
                ));
            }
            let sight = self.sight_at(usize::MAX, usize::MAX, &EMPTY);
            let fits = returned_fits(call, called, self.start.timing, &sight);
            let failed = if self.negated(&condition) {
                fits.is_ok().then(|| negated_text(&condition))
            } else {
                fits.err()
            };
            if let Some(text) = failed {
                return Ok(Some(Failure { condition, text, at_step, what: What::Returns }));
            }
            if round + 1 == carried.calls.len() && carried.calls.len() < call.repeat as usize {
                return broken(format!(
                    "{} was to be called {} times and was called {}",
                    step.id,
                    call.repeat,
                    carried.calls.len()
                ));
            }
        }
        if carried.calls.is_empty() || carried.calls.len() > call.repeat as usize {
            return broken(format!(
                "{} was called {} times, not {}",
                step.id,
                carried.calls.len(),
                call.repeat
            ));
        }
        Ok(None)
    }

    fn expect(
        &self,
        step: &Step,
        expect: &Expect,
        carried: &Carried<'_>,
        at_step: usize,
    ) -> Result<Option<Failure>, Box<Verdict>> {
        let conditions: Vec<&Condition> =
            expect.conditions.iter().filter(|c| c.is_witnessed(&self.start.unwitnessed)).collect();
        if conditions.is_empty() {
            return Ok(None);
        }
        if let Some(negated) = conditions.iter().find(|c| self.negated(&c.id)) {
            return self.expect_negated(expect, negated, carried, at_step);
        }
        let window = Window::of(expect.timing, self.start, carried);
        if carried.looks.is_empty() {
            return broken(format!("{} was never looked at", step.id));
        }
        let mut last = None;
        for (number, look) in carried.looks.iter().enumerate() {
            let failed = conditions.iter().find_map(|c| self.holds(c, look).err().map(|m| (*c, m, number)));
            match (expect.timing, failed) {
                (Timing::Now, None) => return self.via_only(expect, &conditions, carried, number, at_step),
                (Timing::Within(_), None) if look.at <= window.end => {
                    return self.via_only(expect, &conditions, carried, number, at_step);
                }
                (Timing::Hold(_), Some(failed)) => return Ok(Some(failure(failed, at_step, ""))),
                (Timing::Never(_), _) => {
                    if let Some(condition) = conditions.iter().find(|c| self.holds(c, look).is_ok()) {
                        let text = format!(
                            "it became true after {} ms",
                            look.at.saturating_sub(carried.start) / 1_000
                        );
                        let what = What::Observable(condition.observable, number);
                        return Ok(Some(Failure { condition: condition.id.clone(), text, at_step, what }));
                    }
                }
                (_, failed) => last = failed.or(last),
            }
        }
        if expect.timing != Timing::Now {
            window.was_watched(step, carried)?;
        }
        match (expect.timing, last) {
            (Timing::Hold(_) | Timing::Never(_), _) => Ok(None),
            (Timing::Within(d), Some(last)) => {
                Ok(Some(failure(last, at_step, &format!(" (for {})", humantime::format_duration(d)))))
            }
            (_, Some(last)) => Ok(Some(failure(last, at_step, ""))),
            (_, None) => broken(format!("{} became true only after its window", step.id)),
        }
    }

    /// Before it holds, the first condition's observable shows only what `via` allows.
    fn via_only(
        &self,
        expect: &Expect,
        conditions: &[&Condition],
        carried: &Carried<'_>,
        held: usize,
        at_step: usize,
    ) -> Result<Option<Failure>, Box<Verdict>> {
        let (Some(via), Some(condition)) = (&expect.via, conditions.first()) else { return Ok(None) };
        for (number, look) in carried.looks[..held].iter().enumerate() {
            let strange = match look.values.get(condition.observable.name) {
                Some(Seen::Value(value)) if via.contains(value) || self.holds(condition, look).is_ok() => {
                    continue;
                }
                Some(other) => seen(other),
                None => continue,
            };
            let text = format!("on the way it was {strange}, which is not among what may come between");
            return Ok(Some(Failure {
                condition: condition.id.clone(),
                text,
                at_step,
                what: What::Observable(condition.observable, number),
            }));
        }
        Ok(None)
    }

    fn expect_negated(
        &self,
        expect: &Expect,
        condition: &Condition,
        carried: &Carried<'_>,
        at_step: usize,
    ) -> Result<Option<Failure>, Box<Verdict>> {
        let first = carried.looks.iter().position(|look| self.holds(condition, look).is_ok());
        let red = match expect.timing {
            Timing::Now | Timing::Within(_) | Timing::Hold(_) => first.is_some(),
            Timing::Never(_) => first.is_none(),
        };
        if !red {
            return Ok(None);
        }
        let what = What::Observable(condition.observable, first.unwrap_or(0));
        Ok(Some(Failure {
            condition: condition.id.clone(),
            text: negated_text(&condition.id),
            at_step,
            what,
        }))
    }

    fn holds(&self, condition: &Condition, look: &Look<'_>) -> Result<(), Mismatch> {
        condition.holds(&self.sight_at(look.events, look.wire, look.values))
    }

    fn sight_at<'v>(&'v self, events: usize, wire: usize, values: &'v BTreeMap<String, Seen>) -> Sight<'v> {
        let (all_events, all_wire) = (&self.evidence.events, &self.evidence.wire);
        Sight {
            values,
            events: &all_events[..events.min(all_events.len())],
            wire: &all_wire[..wire.min(all_wire.len())],
            marks: &self.evidence.marks,
            snapshots: &self.evidence.snapshots,
        }
    }

    /// After the steps, whether they held or not, comes `finally`, all of it, and nothing else.
    fn put_back(&self, scenario: &Scenario) -> Judged {
        let after = self.evidence.steps.get(self.at..).unwrap_or_default();
        let carried: Vec<&str> = after.iter().map(|step| step.id).collect();
        let wanted: Vec<&str> = scenario.finally.iter().map(|step| step.id.as_str()).collect();
        if carried == wanted {
            return Ok(());
        }
        broken(format!("after the last step came {carried:?}, not {wanted:?}"))
    }
}

static EMPTY: BTreeMap<String, Seen> = BTreeMap::new();

fn negated_text(condition: &str) -> String {
    format!("{condition} was negated and holds, as it should")
}

fn failure(
    (condition, Mismatch(actual), number): (&Condition, Mismatch, usize),
    at_step: usize,
    after: &str,
) -> Failure {
    let who =
        if condition.observable.name.starts_with("driver.") { "the driver said" } else { "the truth is" };
    let who = if condition.observable.name.starts_with("wire.") { "the wire shows" } else { who };
    Failure {
        condition: condition.id.clone(),
        text: format!("{who} {actual}{after}"),
        at_step,
        what: What::Observable(condition.observable, number),
    }
}

fn returned_fits(call: &CallStep, called: &Called, timing: f64, sight: &Sight<'_>) -> Result<(), String> {
    let limit = (call.within.as_micros() as f64 * timing) as u64 + GRACE;
    if called.took > limit {
        return Err(format!("it took {} ms, its deadline is {} ms", called.took / 1_000, limit / 1_000));
    }
    match (&call.returns, &called.returned) {
        (Returns::Ok, Seen::Value(_)) => Ok(()),
        (Returns::Value(matcher), Seen::Value(value)) => {
            matcher.on_value(value, sight).map_err(|Mismatch(actual)| format!("it returned {actual}"))
        }
        (Returns::Ok | Returns::Value(_), Seen::Error { kind, text }) => {
            Err(format!("it returned {kind}: {text}"))
        }
        (Returns::Error { .. }, Seen::Value(value)) => {
            Err(format!("it returned {}, a success", crate::condition::show(value)))
        }
        (Returns::Error { kinds, .. }, Seen::Error { kind, text }) if !kinds.contains(kind) => {
            Err(format!("it returned {kind}: {text}"))
        }
        (Returns::Error { retryable: Some(wanted), .. }, Seen::Error { .. })
            if called.retryable != Some(*wanted) =>
        {
            Err(format!("its error calls itself {}", if *wanted { "not retryable" } else { "retryable" }))
        }
        (Returns::Error { .. }, Seen::Error { .. }) => Ok(()),
    }
}

struct Window {
    end: u64,
    poll: u64,
}

impl Window {
    fn of(timing: Timing, start: &CaseStart, carried: &Carried<'_>) -> Self {
        let scaled = window(timing, start.timing, start.hold);
        Self { end: carried.start + scaled, poll: poll(scaled) }
    }

    /// A window that ended in nothing must have been watched to its end, and not only at its ends.
    fn was_watched(&self, step: &Step, carried: &Carried<'_>) -> Judged {
        let last = carried.looks.last().map_or(0, |look| look.at);
        if last < self.end {
            return broken(format!(
                "{} was watched for {} ms of {}",
                step.id,
                last.saturating_sub(carried.start) / 1_000,
                self.end.saturating_sub(carried.start) / 1_000
            ));
        }
        // Between two looks there is a pause, and a look itself may take as long as the driver takes to answer.
        let pauses = carried.looks.windows(2).map(|pair| pair[1].began.saturating_sub(pair[0].at));
        let first = carried.looks.first().map_or(0, |first| first.began.saturating_sub(carried.start));
        let longest = pauses.max().unwrap_or(0).max(first);
        if longest > self.poll + 2 * GRACE {
            return broken(format!("{} was not watched for {} ms in the middle", step.id, longest / 1_000));
        }
        Ok(())
    }
}

/// How long one look at the driver's word may take, in microseconds.
pub const READ_LIMIT: u64 = 30_000_000;

/// A window's length on this target, in microseconds.
pub fn window(timing: Timing, slower: f64, hold: f64) -> u64 {
    let micros = timing.window().as_micros() as f64;
    match timing {
        Timing::Now => 0,
        Timing::Within(_) => (micros * slower) as u64,
        Timing::Hold(_) | Timing::Never(_) if hold < 1.0 => {
            ((micros * hold) as u64).max(1_500_000.min(micros as u64))
        }
        Timing::Hold(_) | Timing::Never(_) => micros as u64,
    }
}

/// How often a window is looked into, in microseconds: clamp(D/20, 100 ms, 2 s).
pub fn poll(window: u64) -> u64 {
    (window / 20).clamp(100_000, 2_000_000)
}
