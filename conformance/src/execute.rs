//! Carries out one case and records what happens. It decides only when to stop looking; the oracle judges.

mod guest;
mod probe;
mod recorder;

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use self::{guest::run_as, probe::probe, recorder::Recorder};
use crate::{
    blame::counterpart,
    condition::{Condition, Mark, Matcher, Seen, Sight, Witness},
    evidence::{Broken, Called, CaseStart, Disposition, Event},
    journal::Journal,
    lab::{Lab, Plan},
    operation::Call,
    oracle,
    plan::Case,
    redact::Redactor,
    scenario::{CallStep, Expect, Given, Returns, Step, StepKind, Timing, returns_id},
    seeded::HarnessFault,
};

/// Tells what is being waited for.
pub type Watcher<'w> = &'w (dyn Fn(String) + Sync);

/// Everything that carrying out a case needs beside the case.
pub struct Setting<'a> {
    /// How labs are built.
    pub plan: &'a Plan,
    /// Where events go as they happen.
    pub journal: &'a Journal,
    /// Digest of the case's source.
    pub source: String,
    /// What the driver claims.
    pub claims: &'a [String],
    /// Who wants to know what is being waited for.
    pub watcher: Watcher<'a>,
}

/// Carries out a case: everything that was recorded, in order.
pub async fn run(case: &Case, setting: &Setting<'_>) -> Vec<Event> {
    let mut recorder = Recorder {
        case: &case.name,
        journal: setting.journal,
        held: setting.plan.target.is_held(),
        redactor: Redactor::default(),
        written: 0,
        all: Vec::new(),
        truth: Vec::new(),
        wire: Vec::new(),
    };
    let target = &setting.plan.target;
    recorder.record(Event::CaseStart(Box::new(CaseStart {
        case: case.name.clone(),
        scenario: case.scenario.id.clone(),
        cell: case.cell.clone(),
        source: setting.source.clone(),
        seed: case.seed,
        disposition: case.disposition.clone(),
        unwitnessed: case.unwitnessed.clone(),
        negated: case.negated.clone(),
        timing: target.timing,
        hold: target.hold,
    })));
    if matches!(case.disposition, Disposition::Blocked(..)) {
        recorder.end(None, None);
        return recorder.all;
    }
    let mut lab = match Lab::open(setting.plan, case).await {
        Ok(lab) => lab,
        Err(broken) => {
            recorder.end(None, Some(broken));
            return recorder.all;
        }
    };
    recorder.redactor = lab.redactor().clone();
    let broken = match &case.disposition {
        Disposition::DriverLacks(capability) | Disposition::TargetLacks(capability) => {
            probe(&mut recorder, &mut lab, capability).await
        }
        _ => carry_out(case, setting, &mut recorder, &mut lab).await,
    };
    lab.close().await;
    recorder.fetch(&mut lab, setting.plan.seeded.harness);
    let broken = broken.err().or_else(|| lab.check().err());
    recorder.end(Some(&mut lab), broken);
    recorder.all
}

async fn carry_out(
    case: &Case,
    setting: &Setting<'_>,
    recorder: &mut Recorder<'_>,
    lab: &mut Lab,
) -> Result<(), Broken> {
    let mut run = Run {
        case,
        setting,
        marks: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        deadline: Instant::now() + case.scenario.budget.mul_f64(setting.plan.target.timing),
        harness: setting.plan.seeded.harness,
    };
    run.establish(recorder, lab)?;
    if run.harness == Some(HarnessFault::TargetDies) {
        lab.kill();
    }
    let done = run.steps(&case.scenario.steps, recorder, lab).await;
    for step in &case.scenario.finally {
        run.put_back(step, recorder, lab)?;
    }
    done.map(drop)
}

struct Run<'a> {
    case: &'a Case,
    setting: &'a Setting<'a>,
    marks: BTreeMap<String, Mark>,
    snapshots: BTreeMap<String, Value>,
    deadline: Instant,
    harness: Option<HarnessFault>,
}

/// Whether the next step is carried out.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    Stop,
}

impl Run<'_> {
    fn has(&self, capability: &str) -> bool {
        self.setting.claims.iter().any(|c| c == capability)
    }

    fn establish(&mut self, recorder: &mut Recorder<'_>, lab: &mut Lab) -> Result<(), Broken> {
        for given in &self.case.scenario.given {
            match &given.value {
                Given::Mark(name) => self.mark(name, recorder, lab),
                _ if self.harness == Some(HarnessFault::IgnoresGiven) => {}
                other => lab.establish(other, &self.case.scenario.faults)?,
            }
        }
        recorder.fetch(lab, self.harness);
        recorder.record(Event::Established { case: self.case.name.clone(), truth: lab.truths() });
        Ok(())
    }

    fn mark(&mut self, name: &str, recorder: &mut Recorder<'_>, lab: &mut Lab) {
        lab.mark(name);
        recorder.fetch(lab, self.harness);
        let mark = Mark { events: recorder.truth.len(), wire: recorder.wire.len() };
        self.marks.insert(name.to_owned(), mark);
        recorder.record(Event::Marked {
            case: self.case.name.clone(),
            name: name.to_owned(),
            events: mark.events,
            wire: mark.wire,
        });
    }

    async fn steps(
        &mut self,
        steps: &[Step],
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> Result<Next, Broken> {
        for (number, step) in steps.iter().enumerate() {
            if self.harness == Some(HarnessFault::SkipsStep) && number == 1 {
                continue;
            }
            let next = match &step.kind {
                StepKind::When { has, steps } if self.has(has) => {
                    Box::pin(self.steps(steps, recorder, lab)).await?
                }
                StepKind::When { .. } => Next::Go,
                _ => self.step(step, recorder, lab).await?,
            };
            lab.check()?;
            if Instant::now() > self.deadline {
                let budget = humantime::format_duration(self.case.scenario.budget);
                return Err(Broken::new(
                    "budget",
                    format!("{} ended after the scenario's budget of {budget}", step.id),
                ));
            }
            if next == Next::Stop {
                return Ok(Next::Stop);
            }
        }
        Ok(Next::Go)
    }

    async fn step(
        &mut self,
        step: &Step,
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> Result<Next, Broken> {
        recorder.fetch(lab, self.harness);
        recorder.record(Event::StepStart {
            case: self.case.name.clone(),
            step: step.id.clone(),
            at: lab.now(),
            wire: recorder.wire.len(),
        });
        let next = match &step.kind {
            StepKind::Call(call) => self.call(step, call, recorder, lab).await,
            StepKind::Expect(expect) => self.expect(step, expect, recorder, lab).await,
            StepKind::Mark(name) => {
                self.mark(name, recorder, lab);
                Next::Go
            }
            StepKind::Snapshot(wanted) => self.snapshot(wanted, recorder, lab).await?,
            StepKind::Fault(names) => {
                lab.set_faults(names, &self.case.scenario.faults)?;
                Next::Go
            }
            StepKind::Host(act) => {
                lab.act(act)?;
                Next::Go
            }
            StepKind::Advance(by) => {
                self.advance(*by).await;
                Next::Go
            }
            StepKind::When { .. } | StepKind::Restore(_) => Next::Go,
        };
        recorder.fetch(lab, self.harness);
        recorder.record(Event::StepEnd {
            case: self.case.name.clone(),
            step: step.id.clone(),
            at: lab.now(),
        });
        Ok(next)
    }

    /// Simulators are fresh for every case, so that what is put back matters to nobody; that it was done is recorded.
    fn put_back(&mut self, step: &Step, recorder: &mut Recorder<'_>, lab: &mut Lab) -> Result<(), Broken> {
        recorder.record(Event::StepStart {
            case: self.case.name.clone(),
            step: step.id.clone(),
            at: lab.now(),
            wire: recorder.wire.len(),
        });
        if let StepKind::Fault(names) = &step.kind {
            lab.set_faults(names, &self.case.scenario.faults)?;
        }
        recorder.record(Event::StepEnd {
            case: self.case.name.clone(),
            step: step.id.clone(),
            at: lab.now(),
        });
        Ok(())
    }

    async fn advance(&self, by: Duration) {
        let target = &self.setting.plan.target;
        let by = Duration::from_micros(oracle::window(Timing::Hold(by), target.timing, target.hold));
        if self.harness == Some(HarnessFault::ClockStuck) {
            stick().await;
        }
        tokio::time::sleep(by).await;
    }

    async fn call(
        &mut self,
        step: &Step,
        call: &CallStep,
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> Next {
        (self.setting.watcher)(format!("{}: waiting for {}", self.case.name, call.call.operation()));
        if self.harness == Some(HarnessFault::ClockStuck) {
            stick().await;
        }
        for _ in 0..call.repeat {
            let called = self.call_once(step, call, recorder, lab).await;
            let fits = self.returned_as_expected(step, call, &called, recorder);
            recorder.record(Event::Called(Box::new(called)));
            if !fits {
                return Next::Stop;
            }
        }
        Next::Go
    }

    async fn call_once(
        &mut self,
        step: &Step,
        call: &CallStep,
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> Called {
        let within = call.within.mul_f64(self.setting.plan.target.timing);
        let made = match self.harness {
            Some(HarnessFault::CallsSomethingElse) => &Call::Plain(halmark::Operation::PowerRead),
            _ => &call.call,
        };
        let (at, wire) = (lab.now(), recorder.wire.len());
        let limit = within + Duration::from_micros(2 * oracle::GRACE);
        let working = lab.begin(made.operation());
        let answer = match &call.as_ {
            None => tokio::time::timeout(limit, made.run(lab.driver(), within)).await,
            Some(other) => run_as(other, made, within, limit, lab).await,
        };
        drop(working);
        recorder.fetch(lab, self.harness);
        let mut called = Called {
            case: self.case.name.clone(),
            step: step.id.clone(),
            at,
            took: lab.now() - at,
            operation: made.operation().to_string(),
            arguments: call.arguments_of(made),
            returned: Seen::Error {
                kind: "hang".to_owned(),
                text: "it did not return by its deadline".to_owned(),
            },
            retryable: None,
            notes: Vec::new(),
            wire,
        };
        match answer {
            Ok(Ok(returned)) => {
                if let Some(name) = &call.save {
                    self.keep(name, returned.value.clone(), recorder);
                }
                called.notes = returned.notes;
                called.returned = Seen::Value(returned.value);
            }
            Ok(Err(error)) => {
                called.retryable = Some(error.retryable());
                called.returned = Seen::Error { kind: error.kind().to_owned(), text: error.to_string() };
            }
            Err(_) => {}
        }
        called
    }

    fn keep(&mut self, name: &str, value: Value, recorder: &mut Recorder<'_>) {
        self.snapshots.insert(name.to_owned(), value.clone());
        recorder.record(Event::Kept { case: self.case.name.clone(), name: name.to_owned(), value });
    }

    /// Whether to go on after a call; the oracle comes to its own conclusion.
    fn returned_as_expected(
        &self,
        step: &Step,
        call: &CallStep,
        called: &Called,
        recorder: &Recorder<'_>,
    ) -> bool {
        let values = BTreeMap::new();
        let fits = match (&call.returns, &called.returned) {
            (Returns::Ok, Seen::Value(_)) => true,
            (Returns::Value(matcher), Seen::Value(value)) => {
                matcher.on_value(value, &self.sight(&values, recorder)).is_ok()
            }
            (Returns::Error { kinds, retryable }, Seen::Error { kind, .. }) => {
                kinds.contains(kind) && retryable.is_none_or(|wanted| called.retryable == Some(wanted))
            }
            _ => false,
        };
        let in_time = called.took
            <= (call.within.as_micros() as f64 * self.setting.plan.target.timing) as u64 + oracle::GRACE;
        let negated = self.case.negated.as_deref() == Some(returns_id(&step.id).as_str());
        (fits && in_time) != negated
    }

    async fn snapshot(
        &mut self,
        wanted: &[(String, String)],
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> Result<Next, Broken> {
        for (observable, name) in wanted {
            let found = crate::condition::observable(observable);
            let seen = match found.map(|o| o.witness) {
                Some(Witness::Driver(operation)) => self.ask(operation, lab).await,
                _ => lab
                    .truth(observable)
                    .ok_or_else(|| Broken::new("oracle", format!("nobody knows {observable} here")))?,
            };
            match seen {
                Seen::Value(value) => self.keep(name, value, recorder),
                Seen::Error { text, .. } => {
                    return Err(Broken::new("harness", format!("no snapshot of {observable}: {text}")));
                }
            }
        }
        Ok(Next::Go)
    }

    async fn expect(
        &mut self,
        step: &Step,
        expect: &Expect,
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> Next {
        let unwitnessed = &self.case.unwitnessed;
        let conditions: Vec<&Condition> =
            expect.conditions.iter().filter(|c| c.is_witnessed(unwitnessed)).collect();
        if conditions.is_empty() {
            return Next::Go;
        }
        let target = &self.setting.plan.target;
        let window = oracle::window(expect.timing, target.timing, target.hold);
        let start = lab.now();
        let end = start + window;
        loop {
            let began = lab.now();
            let (at, values) = self.look(&conditions, recorder, lab).await;
            let stop = self.seen_enough(expect.timing, &conditions, &values, recorder);
            let (events, wire) = (recorder.truth.len(), recorder.wire.len());
            let waits = || {
                format!(
                    "{}: waiting for {} (within {} s, {:.1} s gone)",
                    self.case.name,
                    conditions[0].observable.name,
                    window / 1_000_000,
                    (at - start) as f64 / 1e6
                )
            };
            (self.setting.watcher)(waits());
            recorder.record(Event::Observed {
                case: self.case.name.clone(),
                step: step.id.clone(),
                began,
                at,
                values,
                events,
                wire,
            });
            if let Some(next) = stop {
                return next;
            }
            if Instant::now() > self.deadline {
                return Next::Stop;
            }
            if at >= end
                || (self.harness == Some(HarnessFault::CutsHoldShort)
                    && matches!(expect.timing, Timing::Hold(_)))
            {
                return if matches!(expect.timing, Timing::Within(_) | Timing::Now)
                    != self.negates(&conditions)
                {
                    Next::Stop
                } else {
                    Next::Go
                };
            }
            let pause = oracle::poll(window).min(end - at);
            tokio::select! {
                biased;
                () = lab.changed() => {}
                () = tokio::time::sleep(Duration::from_micros(pause.max(1_000))) => {}
            }
        }
    }

    fn negates(&self, conditions: &[&Condition]) -> bool {
        conditions.iter().any(|c| self.case.negated.as_deref() == Some(c.id.as_str()))
    }

    /// Whether looking further can change nothing: go on, or stop.
    fn seen_enough(
        &self,
        timing: Timing,
        conditions: &[&Condition],
        values: &BTreeMap<String, Seen>,
        recorder: &Recorder<'_>,
    ) -> Option<Next> {
        if self.harness == Some(HarnessFault::SaysTrue) {
            return Some(Next::Go);
        }
        let sight = self.sight(values, recorder);
        if let Some(negated) = conditions.iter().find(|c| self.case.negated.as_deref() == Some(c.id.as_str()))
        {
            let holds = negated.holds(&sight).is_ok();
            return match timing {
                Timing::Never(_) => holds.then_some(Next::Go),
                _ => holds.then_some(Next::Stop),
            };
        }
        let all = conditions.iter().all(|c| c.holds(&sight).is_ok());
        let any = conditions.iter().any(|c| c.holds(&sight).is_ok());
        match timing {
            Timing::Within(_) | Timing::Now => all.then_some(Next::Go),
            Timing::Hold(_) => (!all).then_some(Next::Stop),
            Timing::Never(_) => any.then_some(Next::Stop),
        }
    }

    /// Looks at everything that the conditions are about, and at the truth about what the driver says.
    async fn look(
        &mut self,
        conditions: &[&Condition],
        recorder: &mut Recorder<'_>,
        lab: &mut Lab,
    ) -> (u64, BTreeMap<String, Seen>) {
        let mut values = BTreeMap::new();
        for condition in conditions {
            if let Witness::Driver(operation) = condition.observable.witness
                && !values.contains_key(condition.observable.name)
            {
                values.insert(condition.observable.name.to_owned(), self.ask(operation, lab).await);
            }
        }
        recorder.fetch(lab, self.harness);
        let mut truths: Vec<&str> = values.keys().map(|name| counterpart(name)).collect();
        for condition in conditions {
            if condition.observable.witness == Witness::Truth {
                truths.push(condition.observable.name);
            }
            if let Matcher::Same(other) = &condition.matcher {
                truths.push(other.name);
            }
        }
        for name in truths {
            if let Some(seen) = lab.truth(name) {
                values.insert(name.to_owned(), seen);
            }
        }
        (lab.now(), values)
    }

    async fn ask(&self, operation: halmark::Operation, lab: &Lab) -> Seen {
        let limit = Duration::from_micros(oracle::READ_LIMIT);
        let answer = tokio::time::timeout(
            limit + Duration::from_micros(oracle::GRACE),
            Call::Plain(operation).run(lab.driver(), limit),
        )
        .await;
        match answer {
            Ok(Ok(returned)) => Seen::Value(returned.value),
            Ok(Err(error)) => Seen::Error { kind: error.kind().to_owned(), text: error.to_string() },
            Err(_) => {
                Seen::Error { kind: "hang".to_owned(), text: "it did not return by its deadline".to_owned() }
            }
        }
    }

    fn sight<'v>(&'v self, values: &'v BTreeMap<String, Seen>, recorder: &'v Recorder<'_>) -> Sight<'v> {
        Sight {
            values,
            events: &recorder.truth,
            wire: &recorder.wire,
            marks: &self.marks,
            snapshots: &self.snapshots,
        }
    }
}

/// Holds the clock for ever, as a helper that never comes back would.
async fn stick() {
    tokio::task::spawn_blocking(|| {
        let (_keep, wait) = std::sync::mpsc::channel::<()>();
        let _ = wait.recv();
    });
    let (_keep, wait) = tokio::sync::oneshot::channel::<()>();
    let _ = wait.await;
}
