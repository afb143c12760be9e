//! A run: workers carry out the cases of a plan, the oracle judges each, the journal holds all of it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use crate::{
    blame::Subject,
    digest::{self, Happened, Line},
    evidence::{Disposition, Event, RunStart},
    execute::{self, Setting},
    journal::{Journal, hash},
    lab,
    oracle::{self, Terms},
    plan::{Case, Limits, Plan},
    scenario::Scenario,
    target::Waiver,
    verdict::{Verdict, Word, exit, exit_code},
};

/// How a run goes.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who is judged.
    pub subject: Subject,
    /// How many cases at once.
    pub jobs: usize,
    /// Whether the first fail or error ends the run.
    pub fail_fast: bool,
    /// In real time, how long a case may take before the harness is called stuck.
    pub watchdog: Duration,
    /// The seed.
    pub seed: u64,
    /// Digest of the suite.
    pub suite: String,
    /// What the driver claims.
    pub claims: Vec<String>,
    /// Wall-clock time at the start.
    pub started: String,
    /// Ids of the faults that are seeded, in a campaign.
    pub seeded: Vec<String>,
}

/// A case that was judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Its place in the plan.
    pub number: usize,
    /// The verdict.
    pub verdict: Verdict,
    /// What happened meanwhile.
    pub happened: Happened,
    /// How long it really took.
    pub real_time: Duration,
    /// What was recorded, if it is needed for explaining.
    pub wire: Option<String>,
    /// Faults that were set and struck nothing.
    pub idle_faults: Vec<String>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// Every case that was judged, in the order of the plan.
    pub judged: Vec<Judged>,
    /// The exit code.
    pub exit: u8,
    /// Digest of verdicts, virtual times and truth.
    pub digest: String,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Whether a worker is stuck; the process should end.
    pub stuck: bool,
}

/// What the run tells while it goes on.
pub trait Watch: Send + Sync {
    /// A case is waiting for something.
    fn waiting(&self, what: String);
    /// A case was judged; cases come in the order of the plan.
    fn judged(&self, case: &Case, judged: &Judged);
}

struct Shared {
    plan: Plan,
    lab: lab::Plan,
    journal: Arc<Journal>,
    options: Options,
    next: AtomicUsize,
    stop: Arc<AtomicBool>,
    watch: Arc<dyn Watch>,
    sources: BTreeMap<String, String>,
    verdicts: Mutex<Verdicts>,
}

/// Verdicts as they come from the workers, told in the order of the plan.
#[derive(Default)]
struct Verdicts {
    early: BTreeMap<usize, Judged>,
    told: Vec<Judged>,
}

impl Verdicts {
    fn count(&self) -> usize {
        self.early.len() + self.told.len()
    }
}

/// Carries out a plan.
pub fn run(
    plan: &Plan,
    lab: &lab::Plan,
    journal: &Arc<Journal>,
    options: &Options,
    watch: &Arc<dyn Watch>,
    stop: &Arc<AtomicBool>,
) -> Outcome {
    journal.write(&[Event::RunStart(Box::new(start(plan, lab, options)))]);
    let sources = write_sources(plan, journal);
    let shared = Arc::new(Shared {
        plan: plan.clone(),
        lab: lab.clone(),
        journal: journal.clone(),
        options: options.clone(),
        next: AtomicUsize::new(0),
        stop: stop.clone(),
        watch: watch.clone(),
        sources,
        verdicts: Mutex::default(),
    });
    let held = lab.target.is_held();
    let workers = if held { options.jobs.clamp(1, plan.cases.len().max(1)) } else { 1 };
    let (working, done) = mpsc::channel();
    for _ in 0..workers {
        let (shared, working) = (shared.clone(), working.clone());
        std::thread::spawn(move || {
            work(&shared, held);
            lab::external::end_of_this_worker();
            drop(working);
        });
    }
    drop(working);
    let stuck = wait(&shared, &done);
    finish(&shared, gather(&shared), stuck)
}

/// Waits until no worker is left; whether one is stuck, so that there has been no verdict for as long as the watchdog says.
///
/// Workers tell their verdicts themselves: a case takes less time than waking up another thread for it.
fn wait(shared: &Shared, done: &mpsc::Receiver<()>) -> bool {
    let mut seen = 0;
    loop {
        match done.recv_timeout(shared.options.watchdog) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let count = verdicts(shared).count();
                if count == seen {
                    return true;
                }
                seen = count;
            }
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn verdicts(shared: &Shared) -> MutexGuard<'_, Verdicts> {
    shared.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a verdict as soon as those before it in the plan have been told.
fn tell(shared: &Shared, judged: Judged) {
    let mut verdicts = verdicts(shared);
    let Verdicts { early, told } = &mut *verdicts;
    early.insert(judged.number, judged);
    while let Some(one) = early.remove(&told.len()) {
        shared.watch.judged(&shared.plan.cases[one.number], &one);
        told.push(one);
    }
}

/// Every verdict that there is; what stands behind a gap in the plan is told now.
fn gather(shared: &Shared) -> Vec<Judged> {
    let Verdicts { early, mut told } = std::mem::take(&mut *verdicts(shared));
    for one in early.into_values() {
        shared.watch.judged(&shared.plan.cases[one.number], &one);
        told.push(one);
    }
    told
}

fn finish(shared: &Shared, mut judged: Vec<Judged>, stuck: bool) -> Outcome {
    let interrupted = shared.stop.load(Ordering::SeqCst)
        && judged.len() < shared.plan.cases.len()
        && !failed_fast(shared, &judged);
    if stuck {
        shared.stop.store(true, Ordering::SeqCst);
        let started = shared.next.load(Ordering::SeqCst).min(shared.plan.cases.len());
        let missing: Vec<usize> = (0..started).filter(|n| !judged.iter().any(|j| j.number == *n)).collect();
        for number in missing {
            let text = format!(
                "the clock did not move for {} s of real time: something holds it",
                shared.options.watchdog.as_secs()
            );
            let one = Judged {
                number,
                verdict: Verdict::error("harness", text),
                happened: Happened::nothing(),
                real_time: shared.options.watchdog,
                wire: None,
                idle_faults: Vec::new(),
            };
            let case = &shared.plan.cases[number];
            shared.journal.write(&[Event::Verdict { case: case.name.clone(), verdict: one.verdict.clone() }]);
            shared.watch.judged(case, &one);
            judged.push(one);
        }
        judged.sort_by_key(|one| one.number);
    }
    if let Some(reason) = shared.journal.failure() {
        for one in &mut judged {
            one.verdict = Verdict::error(
                "harness",
                format!("the journal could not be written ({reason}): without evidence there is no verdict"),
            );
        }
    }
    let redactor = shared.journal.redactor();
    let line =
        |one: &Judged| Line::new(&shared.plan.cases[one.number].name, &one.verdict, &one.happened, &redactor);
    let digest = digest::digest(judged.iter().map(line).collect::<Vec<_>>().iter());
    let incomplete = judged.len() < shared.plan.cases.len() && !failed_fast(shared, &judged);
    let code = match exit_code(judged.iter().map(|j| &j.verdict)) {
        _ if interrupted => exit::INTERRUPTED,
        exit::CONFORMANT if incomplete => exit::INCOMPLETE,
        code => code,
    };
    shared.journal.write(&[Event::RunEnd {
        digest: digest.clone(),
        cases: judged.len(),
        exit: code,
        interrupted,
    }]);
    Outcome { judged, exit: code, digest, interrupted, stuck }
}

fn failed_fast(shared: &Shared, judged: &[Judged]) -> bool {
    shared.options.fail_fast && judged.iter().any(|j| matches!(j.verdict.word, Word::Fail | Word::Error))
}

/// What a run is: everything it depends on, as its first line says it.
pub fn start(plan: &Plan, lab: &lab::Plan, options: &Options) -> RunStart {
    let target = &lab.target;
    RunStart {
        halmark: env!("CARGO_PKG_VERSION").to_owned(),
        subject: options.subject.word().to_owned(),
        driver: lab.driver.clone(),
        target: target.name.clone(),
        clock: clock(lab).to_owned(),
        seed: options.seed,
        suite: options.suite.clone(),
        claims: options.claims.clone(),
        lacks: target.lacks.clone(),
        kind: target.kind_word().to_owned(),
        truths: target.truths.clone(),
        allow: Limits::of(target).allow.word().to_owned(),
        timing: target.timing,
        hold: target.hold,
        cases: plan.cases.iter().map(|c| c.name.clone()).collect(),
        not_selected: plan.not_selected.clone(),
        waivers: target.waivers.clone(),
        installed: target.installed.clone(),
        started: options.started.clone(),
        seeded: options.seeded.clone(),
    }
}

/// Whether no moment of a run is in real time.
pub fn is_held_throughout(lab: &lab::Plan) -> bool {
    clock(lab) == "held"
}

/// The clock of a run: held, real, or paced, which is held but for what is done in another process: the calls of a driver there, or
/// the consoles that a driver has by a program.
fn clock(lab: &lab::Plan) -> &'static str {
    let outside =
        lab::external::External::named(&lab.driver).is_some_and(|it| it.is_outside()) || lab.runs_programs();
    match (lab.target.is_held(), outside) {
        (true, true) => "paced",
        (true, false) => "held",
        (false, _) => "real",
    }
}

/// Writes every text once; returns the digests by path.
fn write_sources(plan: &Plan, journal: &Journal) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    let mut block = Vec::new();
    for case in &plan.cases {
        journal.redact(case.scenario.secrets.iter().cloned());
        let source = &case.scenario.source;
        if !sources.contains_key(&source.path) {
            let digest = hash(&source.text);
            block.push(Event::Source {
                digest: digest.clone(),
                path: source.path.clone(),
                text: source.text.clone(),
            });
            sources.insert(source.path.clone(), digest);
        }
    }
    journal.write(&block);
    sources
}

fn work(shared: &Arc<Shared>, held: bool) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(held);
    let Ok(runtime) = builder.build() else { return };
    if held {
        // As a task of its own: waking the future of `block_on` costs a system call each time.
        let cases = runtime.spawn(one_by_one(shared.clone()));
        let _ = runtime.block_on(cases);
    } else {
        runtime.block_on(side_by_side(shared));
    }
}

fn take(shared: &Shared) -> Option<usize> {
    if shared.stop.load(Ordering::SeqCst) {
        return None;
    }
    let number = shared.next.fetch_add(1, Ordering::SeqCst);
    (number < shared.plan.cases.len()).then_some(number)
}

async fn one_by_one(shared: Arc<Shared>) {
    while let Some(number) = take(&shared) {
        tell(&shared, carry_out(&shared, number).await);
    }
}

async fn side_by_side(shared: &Arc<Shared>) {
    let mut running = tokio::task::JoinSet::new();
    loop {
        while running.len() < shared.options.jobs {
            let Some(number) = take(shared) else { break };
            let shared = shared.clone();
            running.spawn(async move { interruptible(&shared, number).await });
        }
        match running.join_next().await {
            None => return,
            Some(Ok(Some(judged))) => tell(shared, judged),
            Some(_) => {}
        }
    }
}

/// A case in real time gives way to an interrupt; dropping it ends its BMC and its driver.
async fn interruptible(shared: &Arc<Shared>, number: usize) -> Option<Judged> {
    let stop = async {
        while !shared.stop.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        judged = carry_out(shared, number) => Some(judged),
        () = stop => None,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a case really took is told to people, and no verdict depends on it"
)]
async fn carry_out(shared: &Arc<Shared>, number: usize) -> Judged {
    let case = &shared.plan.cases[number];
    let began = std::time::Instant::now();
    let watch = shared.watch.clone();
    let setting = Setting {
        plan: &shared.lab,
        journal: &shared.journal,
        source: shared.sources.get(&case.scenario.source.path).cloned().unwrap_or_default(),
        claims: &shared.options.claims,
        watcher: &move |what| watch.waiting(what),
    };
    let mut events = execute::run(case, &setting).await;
    let terms = Terms { subject: shared.options.subject, claims: &shared.options.claims };
    let verdict = verdict(
        &case.scenario,
        &case.name,
        &events.iter().collect::<Vec<_>>(),
        terms,
        &shared.lab.target.waivers,
    );
    let wire = verdict.wire.and_then(|at| nth_exchange(&events, at));
    events.push(Event::Verdict { case: case.name.clone(), verdict: verdict.clone() });
    // On the held clock a case takes less than a millisecond and is written when it is over.
    let written = if shared.lab.target.is_held() { 0 } else { events.len() - 1 };
    shared.journal.write(&events[written..]);
    if shared.options.fail_fast && matches!(verdict.word, Word::Fail | Word::Error) {
        shared.stop.store(true, Ordering::SeqCst);
    }
    Judged {
        number,
        happened: Happened::of(events.iter(), &shared.journal.redactor()),
        verdict,
        real_time: began.elapsed(),
        wire,
        idle_faults: idle_faults(&events),
    }
}

fn idle_faults(events: &[Event]) -> Vec<String> {
    let end = events.iter().find_map(|e| if let Event::CaseEnd(end) = e { Some(end) } else { None });
    end.map(|end| end.idle_faults.clone()).unwrap_or_default()
}

fn nth_exchange(events: &[Event], at: usize) -> Option<String> {
    let mut records =
        events.iter().filter_map(|e| if let Event::Wire { record, .. } = e { Some(record) } else { None });
    records.nth(at).map(ToString::to_string)
}

/// The oracle's verdict, after waivers.
pub fn verdict(
    scenario: &Scenario,
    case: &str,
    events: &[&Event],
    terms: Terms<'_>,
    waivers: &[Waiver],
) -> Verdict {
    let verdict = oracle::judge(scenario, events, terms);
    let ran =
        events.iter().any(|e| matches!(e, Event::CaseStart(start) if start.disposition == Disposition::Run));
    let negated = events.iter().any(|e| matches!(e, Event::CaseStart(start) if start.negated.is_some()));
    if !ran || negated { verdict } else { waive(verdict, scenario, case, waivers) }
}

fn waive(verdict: Verdict, scenario: &Scenario, case: &str, waivers: &[Waiver]) -> Verdict {
    let Some(waiver) = waivers.iter().find(|w| w.scenario == case || w.scenario == scenario.id) else {
        return verdict;
    };
    // With the target as subject, the error that a waiver predicts is a fail.
    let predicted = matches!(verdict.word, Word::Fail | Word::Error) && verdict.detail == waiver.blame;
    if predicted && verdict.condition.as_deref() == Some(waiver.condition.as_str()) {
        return Verdict {
            word: Word::Waived,
            detail: waiver.id.clone(),
            text: format!("{}: {}", waiver.reason, verdict.text),
            ..verdict
        };
    }
    if verdict.is_pass() {
        let text = format!(
            "waiver {} for {} predicts a {} that did not happen: remove it",
            waiver.id, waiver.version, waiver.verdict
        );
        return Verdict { detail: waiver.id.clone(), text, ..Verdict::new(Word::Xpass) };
    }
    verdict
}
