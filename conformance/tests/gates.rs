//! The gates: what makes a verdict of this suite worth something.

mod common;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use common::{folder, ground, halmark, told};
use halmark_conformance::{
    blame::Subject,
    campaign::{self, Family},
    journal::Journal,
    lab,
    plan::{self, Case, Selection},
    run::{self, Judged, Options, Outcome, Watch},
    seeded::Seeded,
    suite::Suite,
    target::Target,
    verdict::{Verdict, Word},
    verify,
};

struct Silent;

impl Watch for Silent {
    fn waiting(&self, _: String) {}
    fn judged(&self, _: &Case, _: &Judged) {}
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs the selected part of the suite on the healthy simulator; the outcome and the journal.
fn healthy(seed: u64, ids: &[&str], jobs: usize) -> (Outcome, String) {
    healthy_part("redfish", seed, ids, jobs, None)
}

fn healthy_part(
    driver: &str,
    seed: u64,
    ids: &[&str],
    jobs: usize,
    partition: Option<(usize, usize)>,
) -> (Outcome, String) {
    let suite = Suite::embedded(seed).unwrap_or_else(|e| panic!("the suite is good: {e}"));
    let claims = lab::claims(driver, &Seeded::default());
    let target = Target::named("sim:generic").expect("the profile is compiled in").spoken_to_by(driver);
    let selection =
        Selection { ids: ids.iter().map(|id| (*id).to_owned()).collect(), partition, ..Selection::default() };
    let plan = plan::plan(&suite, &selection, &claims.iter().cloned().collect(), &target, seed);
    let kept = Kept::default();
    let journal = Arc::new(Journal::to(Box::new(kept.clone())));
    let lab = lab::Plan {
        target,
        driver: driver.to_owned(),
        helper: common::HALMARK.into(),
        seeded: Seeded::default(),
        credentials: None,
    };
    let options = Options {
        subject: Subject::Driver,
        jobs,
        fail_fast: false,
        watchdog: Duration::from_secs(60),
        seed,
        suite: suite.digest,
        claims,
        started: String::new(),
        seeded: Vec::new(),
    };
    let watch: Arc<dyn Watch> = Arc::new(Silent);
    let outcome = run::run(&plan, &lab, &journal, &options, &watch, &Arc::new(AtomicBool::new(false)));
    let text =
        String::from_utf8(kept.0.lock().expect("nobody panicked").clone()).expect("a journal is UTF-8");
    (outcome, text)
}

#[test]
fn every_fault_on_the_simulator_is_caught_with_the_verdict_and_blame_of_its_row() {
    let rows = campaign::rows().unwrap_or_else(|p| panic!("{}", p[0]));
    let ground = ground(7);
    let mut missed = Vec::new();
    for row in rows.iter().filter(|row| row.target != "ipmi-sim") {
        if let Some(complaint) = campaign::try_fault(&ground, row).complaint {
            missed.push(format!("{}: {complaint}", row.id));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_catalogue_holds_thirty_faults_and_every_family() {
    let rows = campaign::rows().unwrap_or_else(|p| panic!("{}", p[0]));
    assert!(rows.len() >= 30, "{}", rows.len());
    for family in [Family::Target, Family::Driver, Family::Transport, Family::Harness] {
        assert!(rows.iter().filter(|row| row.family == family).count() >= 5, "{family:?}");
    }
}

#[test]
fn every_fault_is_named_by_a_scenario_and_every_scenario_names_faults_of_the_catalogue() {
    let rows: BTreeSet<String> =
        campaign::rows().unwrap_or_else(|p| panic!("{}", p[0])).into_iter().map(|r| r.id).collect();
    let named: BTreeSet<String> =
        ground(7).suite.cells.iter().flat_map(|c| c.scenario.kills.iter().map(|k| k.value.clone())).collect();
    assert_eq!(rows, named);
}

#[test]
fn every_condition_negated_on_the_healthy_simulator_turns_red() {
    for driver in ["redfish", "ipmi"] {
        let all = campaign::negate_all(&ground(7), driver, "sim:generic", &Selection::default())
            .expect("the target exists");
        let idle: Vec<String> =
            all.iter().filter(|n| !n.red).map(|n| format!("{}: {}", n.case, n.said)).collect();
        assert!(
            all.len() > 200 && idle.is_empty(),
            "{driver}: {} conditions, idle:\n{}",
            all.len(),
            idle.join("\n")
        );
    }
}

#[test]
fn a_healthy_simulator_gives_no_false_fail_over_a_thousand_seeds() {
    let mut wrong = Vec::new();
    // Each seed takes another eighth of the suite, so that every case meets 125 seeds.
    let mut passed = 0;
    for seed in 0..1_000 {
        let (outcome, _) = healthy_part("redfish", seed, &[], 2, Some((1 + (seed % 8) as usize, 8)));
        passed += passes(&outcome);
        wrong.extend(wrongs(&outcome).into_iter().map(|it| format!("seed {seed}: {it}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(passed >= 20_000, "{passed}");
}

#[test]
fn the_whole_suite_passes_on_ten_seeds() {
    for (driver, least) in [("redfish", 180), ("ipmi", 100)] {
        for seed in 0..10 {
            let (outcome, _) = healthy_part(driver, seed, &[], 2, None);
            let wrong = wrongs(&outcome);
            assert!(wrong.is_empty(), "{driver}, seed {seed}:\n{}", wrong.join("\n"));
            assert!(passes(&outcome) >= least, "{driver}, seed {seed}: {} passed", passes(&outcome));
        }
    }
}

fn passes(outcome: &Outcome) -> usize {
    outcome.judged.iter().filter(|j| j.verdict.word == Word::Pass).count()
}

/// What is neither a pass nor an operation that the driver does not claim.
fn wrongs(outcome: &Outcome) -> Vec<String> {
    let unclaimed = |verdict: &Verdict| verdict.word == Word::Na && verdict.detail.starts_with("driver: ");
    let wrong =
        outcome.judged.iter().map(|j| &j.verdict).filter(|it| it.word != Word::Pass && !unclaimed(it));
    wrong.map(|it| format!("{it:?}")).collect()
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let digests: Vec<String> =
        [(11, 1), (11, 2), (12, 2)].iter().map(|(seed, jobs)| healthy(*seed, &[], *jobs).0.digest).collect();
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[1], digests[2]);
}

#[test]
fn a_journal_cut_at_any_line_is_never_a_pass() {
    let (outcome, journal) = healthy(7, &["power.cycle", "boot.once-consumed"], 1);
    assert_eq!(outcome.exit, 0);
    let lines: Vec<&str> = journal.lines().collect();
    let whole = verify::verify(&journal).expect("it is whole");
    assert_eq!((whole.exit, whole.complaints.as_slice()), (0, [].as_slice()));
    for cut in 0..lines.len() {
        let part: String = lines[..cut].iter().map(|line| format!("{line}\n")).collect();
        if let Ok(verified) = verify::verify(&part) {
            assert_ne!(verified.exit, 0, "cut after line {cut} of {}", lines.len());
        }
    }
}

#[test]
fn a_journal_with_any_line_removed_or_changed_is_never_a_pass() {
    let (_, journal) = healthy(7, &["power.cycle"], 1);
    let lines: Vec<&str> = journal.lines().collect();
    for at in 0..lines.len() {
        let without: String =
            lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, l)| format!("{l}\n")).collect();
        assert!(verify::verify(&without).map_or(true, |v| v.exit != 0), "line {} removed", at + 1);
    }
    for (from, to) in [
        ("powered-on", "powered-off"),
        ("\"pass\"", "\"fail\""),
        ("power.off", "power.on"),
        ("\"exit\":0", "\"exit\":1"),
    ] {
        assert!(journal.contains(from), "{from}");
        assert!(
            verify::verify(&journal.replacen(from, to, 1)).map_or(true, |v| v.exit != 0),
            "{from} → {to}"
        );
    }
}

/// A forger who also mends the chain still cannot make a verdict that the evidence does not bear.
#[test]
fn a_forged_verdict_with_a_mended_chain_is_found() {
    let (_, journal) = healthy(7, &["power.cycle"], 1);
    let forge = |from: &str, to: &str| {
        let mut prev = halmark_conformance::journal::GENESIS.to_owned();
        let mut out = String::new();
        for line in journal.lines() {
            let mut value: serde_json::Value =
                serde_json::from_str(&line.replace(from, to)).expect("it stays JSON");
            value["prev"] = prev.into();
            let line = value.to_string();
            prev = halmark_conformance::journal::hash(&line);
            out.push_str(&line);
            out.push('\n');
        }
        out
    };
    assert_eq!(verify::verify(&forge("power.cycle", "power.cycle")).expect("the chain is whole").exit, 0);
    for (from, to) in [
        (r#""name":"power.off""#, r#""name":"power.xxx""#),
        (r#""word":"pass""#, r#""word":"waived""#),
        (r#""interrupted":false"#, r#""interrupted":true"#),
    ] {
        let verified = verify::verify(&forge(from, to)).expect("the chain is whole");
        assert!(
            verified.exit != 0 && !verified.complaints.is_empty(),
            "{from} → {to}: {:?}",
            verified.verdicts
        );
    }
}

#[test]
fn the_process_killed_in_the_middle_leaves_no_pass() {
    let folder = folder("killed");
    for wait in [2, 5, 9, 14, 20, 40, 80] {
        let mut child = common::command(&folder, &["run", "--jobs", "1"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("halmark starts");
        let journal = folder.join("halmark-out/run.jsonl");
        let enough = |text: String| text.lines().count() >= wait;
        for _ in 0..100_000 {
            if std::fs::read_to_string(&journal).is_ok_and(enough) {
                break;
            }
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let text = std::fs::read_to_string(&journal).unwrap_or_default();
        if !text.contains(r#""event":"run-end""#) {
            let output = halmark(&folder, &["verify", "halmark-out/run.jsonl"]);
            assert_ne!(output.status.code(), Some(0), "{}", told(&output));
        }
        let _ = std::fs::remove_dir_all(folder.join("halmark-out"));
    }
}

#[test]
fn verdicts_of_a_whole_run_are_recomputed_from_its_journal() {
    let folder = folder("recomputed");
    let run = halmark(&folder, &["run"]);
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    let verified = halmark(&folder, &["verify", "halmark-out/run.jsonl"]);
    assert_eq!(verified.status.code(), Some(0), "{}", told(&verified));
    assert!(told(&verified).contains("all as recorded"));
}

/// Writes a journal anew after a forger went over its lines, with a chain that is whole.
fn forged(journal: &str, forge: &mut dyn FnMut(&mut serde_json::Value) -> bool) -> String {
    let mut prev = halmark_conformance::journal::GENESIS.to_owned();
    let mut out = String::new();
    for line in journal.lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        if !forge(&mut value) {
            continue;
        }
        value["prev"] = prev.into();
        let line = value.to_string();
        prev = halmark_conformance::journal::hash(&line);
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[test]
fn a_harness_that_writes_a_sound_chain_of_unsound_evidence_is_found() {
    let (_, journal) = healthy(7, &["power.cycle", "power.read", "session.no-leak"], 1);
    assert_eq!(verify::verify(&forged(&journal, &mut |_| true)).expect("the chain is whole").exit, 0);
    let is = |line: &serde_json::Value, event: &str| line["event"] == event;
    type Forger<'f> = (&'f str, Box<dyn FnMut(&mut serde_json::Value) -> bool + 'f>);
    let forgers: Vec<Forger<'_>> = vec![
        (
            "a window watched only at its ends",
            Box::new(|l| {
                !is(l, "observed")
                    || l["step"] != "steps.3"
                    || l["at"].as_u64().is_some_and(|at| at > 25_000_000)
            }),
        ),
        (
            "a call of another operation",
            Box::new(|l| {
                if is(l, "called") {
                    l["operation"] = "power.on".into();
                }
                true
            }),
        ),
        ("no finally", Box::new(|l| !l["step"].as_str().is_some_and(|step| step.starts_with("finally")))),
        (
            "an invented lack",
            Box::new(|l| {
                if is(l, "case-start") {
                    l["disposition"] = serde_json::json!({"driver-lacks": "nothing.at.all"});
                }
                true
            }),
        ),
        (
            "longer windows",
            Box::new(|l| {
                if is(l, "case-start") {
                    l["timing"] = 1_000.0.into();
                }
                true
            }),
        ),
        (
            "shorter holds",
            Box::new(|l| {
                if is(l, "case-start") || is(l, "run-start") {
                    l["hold"] = 0.02.into();
                }
                true
            }),
        ),
        (
            "times that are none",
            Box::new(|l| {
                if is(l, "observed") {
                    l["at"] = 0.into();
                    l["began"] = 0.into();
                }
                true
            }),
        ),
        (
            "one case for all",
            Box::new(|l| {
                if is(l, "run-start") {
                    let first = l["cases"][0].clone();
                    l["cases"]
                        .as_array_mut()
                        .expect("a list")
                        .iter_mut()
                        .for_each(|case| *case = first.clone());
                }
                true
            }),
        ),
        (
            "another scenario's evidence",
            Box::new(|l| {
                if is(l, "case-start") && l["case"] == "power.cycle" {
                    l["scenario"] = "power.read".into();
                    l["cell"] = "state=powered-on".into();
                }
                true
            }),
        ),
        (
            "no word of sessions",
            Box::new(|l| {
                if is(l, "case-end") && l["case"] == "session.no-leak" {
                    l["sessions"] = 3.into();
                }
                true
            }),
        ),
        (
            "another digest",
            Box::new(|l| {
                if is(l, "run-end") {
                    l["digest"] = "0".repeat(64).into();
                }
                true
            }),
        ),
        (
            "a log of the machine with another time in it",
            Box::new(|l| {
                if is(l, "truth") && l["case"].as_str().is_some_and(|case| case.starts_with("power.read")) {
                    l["at"] = (l["at"].as_u64().unwrap_or_default() + 1).into();
                }
                true
            }),
        ),
    ];
    for (name, mut forger) in forgers {
        let verified = verify::verify(&forged(&journal, &mut forger)).expect("the chain is whole");
        assert!(verified.exit != 0 && !verified.complaints.is_empty(), "{name}: exit {}", verified.exit);
    }
}

#[test]
fn every_wrong_driver_and_every_wrong_harness_there_is_stands_in_the_catalogue() {
    use halmark_conformance::{mutants::DriverFault, seeded::HarnessFault};
    let rows = campaign::rows().unwrap_or_else(|p| panic!("{}", p[0]));
    let untried = |sown: String| !rows.iter().any(|row| row.sown == sown);
    let drivers = DriverFault::ALL.iter().map(|(word, _)| format!("driver {word}"));
    let harnesses = HarnessFault::ALL.iter().map(|(word, _)| format!("harness {word}"));
    let untried: Vec<String> = drivers.chain(harnesses).filter(|sown| untried(sown.clone())).collect();
    assert!(untried.is_empty(), "{untried:?}");
}
