//! `halmark run` and `halmark plan`: from what was typed to a run, its files and its exit code.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{args, complain, print, usage};
use crate::{
    blame::Subject,
    campaign,
    evidence::{Disposition, Event, RunStart},
    journal::{self, Journal},
    lab::{self, external::External},
    plan::{self, Case, Plan, Selection, id_matches},
    redact::Redactor,
    report::{
        self, CaseReport, Report,
        console::{self, Paint},
    },
    run::{self, Judged, Options, Watch},
    seeded::Seeded,
    suite::{Suite, SuiteError},
    target::{CredentialsFrom, Face, Target, TargetKind},
    verdict::{Word, exit},
};

/// The suite and the selection that were typed.
pub(super) fn chosen(select: &args::Select) -> Result<(Suite, Selection), u8> {
    let is_path = |text: &String| {
        text.contains('/') || text.ends_with(".yaml") || text.ends_with(".yml") || Path::new(text).is_dir()
    };
    let (paths, ids): (Vec<String>, Vec<String>) = select.scenarios.iter().cloned().partition(is_path);
    let paths: Vec<PathBuf> = paths.into_iter().map(PathBuf::from).collect();
    let suite = load(&paths, select.seed)?;
    for id in &ids {
        if !suite.ids().iter().any(|known| id_matches(id, known)) {
            return Err(usage(suite.unknown_id(id)));
        }
    }
    let partition = select.partition.as_deref().map(parse_partition).transpose().map_err(usage)?;
    let properties = crate::operation::properties().map(|(_, word)| word);
    let known: Vec<String> = halmark::Capabilities::vocabulary().into_iter().chain(properties).collect();
    for capability in &select.capability {
        if !known.contains(capability) {
            return Err(usage(format!(
                "unknown capability {capability:?}: {}",
                crate::source::suggestion(capability, known.iter().map(String::as_str))
            )));
        }
    }
    for (what, given, has) in [("area", &select.area, areas(&suite)), ("level", &select.level, levels())] {
        if let Some(odd) = given.iter().find(|g| !has.contains(g)) {
            return Err(usage(format!(
                "unknown {what} {odd:?}: {}",
                crate::source::suggestion(odd, has.iter().map(String::as_str))
            )));
        }
    }
    let selection = Selection {
        ids,
        areas: select.area.clone(),
        levels: select.level.clone(),
        capabilities: select.capability.clone(),
        cases: None,
        partition,
    };
    Ok((suite, selection))
}

fn areas(suite: &Suite) -> Vec<String> {
    suite.cells.iter().map(|c| c.scenario.area.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn levels() -> Vec<String> {
    ["core", "extended", "resilience"].map(str::to_owned).to_vec()
}

fn parse_partition(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    match parsed {
        Some((part, parts)) if part >= 1 && part <= parts => Ok((part, parts)),
        _ => Err(format!("{text:?} is not a part: expected K/N with K from 1 to N, such as 1/4")),
    }
}

/// The scenarios in paths, or the built-in suite.
pub(super) fn load(paths: &[PathBuf], seed: u64) -> Result<Suite, u8> {
    let suite = if paths.is_empty() { Suite::embedded(seed) } else { Suite::from_paths(paths, seed) };
    suite.map_err(|error| {
        complain(&error.to_string());
        match error {
            SuiteError::Empty(_) => exit::NOTHING_SELECTED,
            _ => exit::USAGE,
        }
    })
}

/// Driver, target and plan that were typed.
fn planned(
    select: &args::Select,
    suite: &Suite,
    selection: &Selection,
) -> Result<(Target, Vec<String>, Plan), u8> {
    let claims = lab::claimed(&select.driver, &Seeded::default()).map_err(|error| {
        let names: Vec<&str> = halmark::drivers::REGISTRY.iter().map(|d| d.name).collect();
        if External::named(&select.driver).is_some()
            || halmark::drivers::composite::is_composite(&select.driver)
        {
            return usage(error);
        }
        let suggestion = crate::source::suggestion(&select.driver, names.iter().copied());
        usage(format!("no driver is named {:?}: {suggestion}", select.driver))
    })?;
    let target = Target::named(&select.target).map_err(|error| match error {
        crate::target::TargetError::Problems(_) => {
            complain(&error.to_string());
            exit::USAGE
        }
        other => usage(other),
    })?;
    let words = claims.iter().cloned().collect();
    let like = lab::like(&select.driver, &words);
    let target = target.spoken_to_by(like);
    fits(like, &target)?;
    let plan = plan::plan(suite, selection, &words, &target, select.seed);
    Ok((target, claims, plan))
}

fn fits(driver: &str, target: &Target) -> Result<(), u8> {
    let wrong = match (&target.kind, driver) {
        (TargetKind::IpmiSim, driver) if target.face != Face::Ipmi && driver != "unmanaged" => {
            Some("ipmi-sim speaks IPMI only: use --driver ipmi".to_owned())
        }
        (TargetKind::Hardware(hardware), driver)
            if lab::hardware::endpoint(hardware, target.face).is_none() =>
        {
            Some(lab::hardware::no_door(driver))
        }
        _ => None,
    };
    wrong.map_or(Ok(()), |text| Err(usage(text)))
}

/// `halmark plan`.
pub(super) fn plan(select: &args::Select) -> u8 {
    let planned = chosen(select).and_then(|(suite, selection)| planned(select, &suite, &selection));
    let (target, _, plan) = match planned {
        Ok(planned) => planned,
        Err(code) => return code,
    };
    print(&format!("driver {}  target {}  {} cases\n", select.driver, target.name, plan.cases.len()));
    for case in &plan.cases {
        let what = match &case.disposition {
            Disposition::Run => format!("run    {} ({})", case.name, case.scenario.effects.word()),
            Disposition::DriverLacks(capability) => {
                format!("na     {}: the driver does not claim {capability}", case.name)
            }
            Disposition::TargetLacks(capability) => {
                let why = target.lacks.get(capability).map(|why| format!(": {why}")).unwrap_or_default();
                format!("na     {}: the target lacks {capability}{why}", case.name)
            }
            Disposition::Blocked(_, text) => format!("block  {}: {text}", case.name),
        };
        print(&format!("  {what}\n"));
    }
    for (id, reason) in &plan.not_selected {
        print(&format!("  not selected  {id}: {reason}\n"));
    }
    if plan.cases.is_empty() { exit::NOTHING_SELECTED } else { exit::CONFORMANT }
}

/// `halmark run`.
pub(super) fn run(args: &args::Run, paint: Paint) -> u8 {
    match try_run(args, paint) {
        Ok(code) | Err(code) => code,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the run's own time stamp and length are told to people; no verdict depends on them"
)]
fn try_run(args: &args::Run, paint: Paint) -> Result<u8, u8> {
    let began = std::time::Instant::now();
    let (suite, mut selection) = chosen(&args.select)?;
    let path = args.out.join("run.jsonl");
    if args.rerun_failed {
        selection.cases = Some(failed_last(&path, args)?);
    }
    let (mut target, claims, plan) = planned(&args.select, &suite, &selection)?;
    target.installed = lab::installed(&target.kind);
    if plan.cases.is_empty() {
        complain("nothing is selected: `halmark list` shows every scenario\n");
        for (id, reason) in &plan.not_selected {
            complain(&format!("  {id}: {reason}\n"));
        }
        return Err(exit::NOTHING_SELECTED);
    }
    let credentials = hardware_credentials(&target)?;
    let helper = std::env::current_exe().map_err(|e| usage(format!("halmark cannot find itself: {e}")))?;
    let fault = args.with_fault.as_deref().map(seeded).transpose()?;
    let lab = lab::Plan {
        driver: args.select.driver.clone(),
        helper,
        seeded: fault.as_ref().map(|row| row.seeded.clone()).unwrap_or_default(),
        credentials,
        target,
    };
    if let Some(row) = &fault {
        applies(row, args)?;
    }
    preflight(&lab)?;
    std::fs::create_dir_all(&args.out)
        .map_err(|e| usage(format!("the output folder {} cannot be made: {e}", args.out.display())))?;
    let journal = Journal::create(&path)
        .map_err(|e| usage(format!("the journal {} cannot be written: {e}", path.display())))?;
    if let Some(credentials) = &lab.credentials {
        journal.redact_account(&credentials.user, &credentials.password.reveal_text());
    }
    // What an earlier run left must not be taken for this one's.
    for stale in ["report.json", "junit.xml"] {
        let _ = std::fs::remove_file(args.out.join(stale));
    }
    let options = Options {
        subject: subject(args),
        jobs: args.jobs.unwrap_or_else(|| default_jobs(&lab.target)),
        fail_fast: args.fail_fast,
        watchdog: Duration::from_secs(if run::is_held_throughout(&lab) { 60 } else { 900 }),
        seed: args.select.seed,
        suite: suite.digest.clone(),
        claims: claims.clone(),
        started: humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string(),
        seeded: fault.iter().map(|row| row.id.clone()).collect(),
    };
    let start = run::start(&plan, &lab, &options);
    print(&console::header(&start));
    print(&console::pinned(&start.target, &start.waivers, start.installed.as_deref()));
    let stop = Arc::new(AtomicBool::new(false));
    interruptible(&stop);
    let journal = Arc::new(journal);
    let watch = Arc::new(Console::new(start, &plan, paint, args.quiet, journal.clone()));
    let dynamic: Arc<dyn Watch> = watch.clone();
    let outcome = run::run(&plan, &lab, &journal, &options, &dynamic, &stop);
    let report = watch.finish(&outcome);
    if let Some(reason) = journal.failure() {
        complain(&format!(
            "error: the journal {} could not be written ({reason}): without evidence there is no verdict\n",
            path.display()
        ));
    }
    write(&args.out.join("report.json"), &serde_json::to_string_pretty(&report).unwrap_or_default())?;
    write(&args.out.join("junit.xml"), &report::junit::write(&report).map_err(usage)?)?;
    print(&console::summary(&report, began.elapsed().as_secs_f64(), Some(&path.display().to_string())));
    Ok(outcome.exit)
}

/// The fault of that id.
fn seeded(id: &str) -> Result<campaign::Row, u8> {
    let rows = campaign::rows().map_err(|problems| usage(&problems[0]))?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let found = rows.into_iter().find(|row| row.id == id);
    found.ok_or_else(|| match crate::source::did_you_mean(id, ids.iter().map(String::as_str)) {
        Some(meant) => usage(format!("there is no fault {id:?}: did you mean {meant:?}?")),
        None => usage(format!("there is no fault {id:?}: `halmark faults --list` shows them all")),
    })
}

/// A fault strikes the driver and the target that its row is of; elsewhere it would strike nothing.
fn applies(row: &campaign::Row, args: &args::Run) -> Result<(), u8> {
    if (row.driver.as_str(), row.target.as_str())
        == (args.select.driver.as_str(), args.select.target.as_str())
    {
        return Ok(());
    }
    Err(usage(format!(
        "{} is a fault of driver {} on {}: add --driver {} --target {}",
        row.id, row.driver, row.target, row.driver, row.target
    )))
}

/// On real hardware the machine says who it is before anything else is asked of it.
fn preflight(lab: &lab::Plan) -> Result<(), u8> {
    let TargetKind::Hardware(hardware) = &lab.target.kind else { return Ok(()) };
    let Some(expected) = &hardware.serial else { return Ok(()) };
    let told = lab::hardware::serial(hardware, lab).map_err(|text| {
        let mut redactor = Redactor::default();
        if let Some(credentials) = &lab.credentials {
            redactor.add_account(&credentials.user, &credentials.password.reveal_text());
        }
        let text = redactor.text(&text);
        complain(&format!("error: the machine's identity could not be read, so nothing was run: {text}\n"));
        exit::NO_VERDICT
    })?;
    if told.as_deref() == Some(expected) {
        return Ok(());
    }
    let told = told.unwrap_or_else(|| "none".to_owned());
    complain(&format!(
        "error: the target file expects serial {expected}, the machine says {told}: nothing was run\n  check the address, or correct `identity` in {}\n",
        lab.target.name
    ));
    Err(exit::NO_VERDICT)
}

fn write(path: &Path, text: &str) -> Result<(), u8> {
    std::fs::write(path, text).map_err(|e| {
        complain(&format!("error: {} cannot be written: {e}\n", path.display()));
        exit::NO_VERDICT
    })
}

fn subject(args: &args::Run) -> Subject {
    if args.subject == args::SubjectArg::Target { Subject::Target } else { Subject::Driver }
}

fn default_jobs(target: &Target) -> usize {
    match target.kind {
        TargetKind::Sim(_) => std::thread::available_parallelism().map_or(1, usize::from),
        TargetKind::IpmiSim => 16,
        TargetKind::Hardware(_) => 1,
    }
}

/// The cases of the last run that did not pass.
fn failed_last(path: &Path, args: &args::Run) -> Result<BTreeSet<String>, u8> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| usage(format!("there is no last run: {} cannot be read: {e}", path.display())))?;
    let events = journal::read(&text)
        .map_err(|damage| usage(format!("the last run cannot be used: {}: {damage}", path.display())))?;
    let Some(Event::RunStart(last)) = events.first() else {
        return Err(usage(format!("the last run cannot be used: {} holds no run", path.display())));
    };
    let (subject, fault) = (subject(args).word(), args.with_fault.iter().cloned().collect::<Vec<_>>());
    let same = (last.driver.as_str(), last.target.as_str(), last.subject.as_str(), last.seed, &last.seeded)
        == (args.select.driver.as_str(), args.select.target.as_str(), subject, args.select.seed, &fault);
    if !same {
        let with: String = last.seeded.iter().map(|fault| format!(" --with-fault {fault}")).collect();
        return Err(usage(format!(
            "the last run was another one: repeat it with --driver {} --target {} --subject {} --seed {}{with}",
            last.driver, last.target, last.subject, last.seed
        )));
    }
    let mut planned: BTreeSet<String> = BTreeSet::new();
    for event in events {
        match event {
            Event::RunStart(start) => planned.extend(start.cases),
            Event::Verdict { case, verdict }
                if matches!(verdict.word, Word::Pass | Word::PassUnverified | Word::Na | Word::Waived) =>
            {
                planned.remove(&case);
            }
            _ => {}
        }
    }
    if planned.is_empty() {
        complain("nothing is selected: every case of the last run passed\n");
        return Err(exit::NOTHING_SELECTED);
    }
    Ok(planned)
}

fn hardware_credentials(target: &Target) -> Result<Option<halmark::Credentials>, u8> {
    let TargetKind::Hardware(hardware) = &target.kind else { return Ok(None) };
    match &hardware.credentials {
        CredentialsFrom::Environment { user, password } => {
            let read = |name: &str| {
                std::env::var(name).map_err(|_| {
                    usage(format!(
                        "the target file takes credentials from the environment, and {name} is not set"
                    ))
                })
            };
            Ok(Some(halmark::Credentials::new(read(user)?, read(password)?)))
        }
        CredentialsFrom::File(path) => {
            only_the_owner_reads(path)?;
            let text = std::fs::read_to_string(path)
                .map_err(|e| usage(format!("the credentials file {} cannot be read: {e}", path.display())))?;
            let mut lines = text.lines();
            match (lines.next(), lines.next()) {
                (Some(user), Some(password)) => Ok(Some(halmark::Credentials::new(user, password))),
                _ => Err(usage(format!(
                    "the credentials file {} has to hold two lines, user and password",
                    path.display()
                ))),
            }
        }
    }
}

/// A file of credentials that others can read is as good as none.
fn only_the_owner_reads(path: &Path) -> Result<(), u8> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(usage(format!(
        "the credentials file {} can be read by others: chmod 600 {}",
        path.display(),
        path.display()
    )))
}

/// The first interrupt ends the run and cleans up, the second ends the process.
fn interruptible(stop: &Arc<AtomicBool>) {
    let stop = stop.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            wait_for_signal().await;
            stop.store(true, Ordering::SeqCst);
            complain("interrupted: ending the cases under way (again to end at once)\n");
            wait_for_signal().await;
            std::process::exit(131);
        });
    });
}

/// Resolves when the process is asked to end.
pub(super) async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Prints what happens as it happens: lines as cases end, and on a terminal what is being waited for.
struct Console {
    start: RunStart,
    width: usize,
    paint: Paint,
    quiet: bool,
    bar: Option<ProgressBar>,
    cases: Mutex<BTreeMap<usize, CaseReport>>,
    journal: Arc<Journal>,
}

impl Console {
    fn new(start: RunStart, plan: &Plan, paint: Paint, quiet: bool, journal: Arc<Journal>) -> Self {
        let longest = plan.cases.iter().map(|c| c.name.len()).max().unwrap_or(0);
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(plan.cases.len() as u64);
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {pos}/{len} {elapsed} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { start, width: longest.clamp(24, 48), paint, quiet, bar, cases: Mutex::default(), journal }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| print(text)),
            None => print(text),
        }
    }

    fn finish(&self, outcome: &run::Outcome) -> Report {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let mut cases = std::mem::take(&mut *self.cases.lock().unwrap_or_else(PoisonError::into_inner));
        // What became of a verdict after it was told, such as for want of a journal, is what counts.
        for judged in &outcome.judged {
            if let Some(case) = cases.get_mut(&judged.number) {
                case.verdict.word = judged.verdict.word;
                case.verdict.detail.clone_from(&judged.verdict.detail);
            }
        }
        Report::new(
            &self.start,
            cases.into_values().collect(),
            outcome.exit,
            outcome.digest.clone(),
            outcome.interrupted,
        )
    }
}

impl Watch for Console {
    fn waiting(&self, what: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(self.journal.redactor().text(&what));
        }
    }

    fn judged(&self, case: &Case, judged: &Judged) {
        let report = report::case_report(&self.start, case, judged).redacted(&self.journal.redactor());
        if !self.quiet || !matches!(judged.verdict.word, Word::Pass | Word::Na) {
            self.say(&console::case(&report, self.width, self.paint));
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        self.cases.lock().unwrap_or_else(PoisonError::into_inner).insert(judged.number, report);
    }
}
