//! The IPMI driver judged on the real `ipmi_sim`: real UDP, real time, another team's BMC.

mod common;

use std::{
    path::Path,
    process::{Child, Stdio},
};

use common::{folder, ground, halmark, need, told};
use halmark_conformance::{campaign, plan::Selection, report::Report, verdict::Word};

fn report(folder: &Path) -> Report {
    let text = std::fs::read_to_string(folder.join("halmark-out/report.json")).expect("there is a report");
    serde_json::from_str(&text).expect("it is one")
}

#[test]
fn the_suite_ends_in_zero_with_the_known_wrongs_waived_and_the_lacks_not_applicable() {
    need("ipmi_sim", "openipmi");
    let folder = folder("ipmi-sim");
    let output = halmark(&folder, &["run", "--driver", "ipmi", "--target", "ipmi-sim"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report = report(&folder);
    let of = |word: Word| {
        report.cases.iter().filter(|c| c.verdict.word == word).map(|c| c.case.as_str()).collect::<Vec<_>>()
    };
    assert!(of(Word::Pass).len() >= 25, "{:?}", report.counts);
    assert!(
        of(Word::Waived).contains(&"boot.once-consumed")
            && of(Word::Waived).contains(&"boot.continuous-survives"),
        "{:?}",
        of(Word::Waived)
    );
    assert!(
        of(Word::Na).contains(&"bmc.reset-cold") && of(Word::Na).contains(&"power.nmi"),
        "{:?}",
        of(Word::Na)
    );
    let verified = halmark(&folder, &["verify", "halmark-out/run.jsonl"]);
    assert_eq!(verified.status.code(), Some(0), "{}", told(&verified));
}

#[test]
fn every_ipmi_fault_is_caught() {
    need("ipmi_sim", "openipmi");
    let rows = campaign::rows().unwrap_or_else(|p| panic!("{}", p[0]));
    let ground = ground(7);
    let mut tried = 0;
    for row in rows.iter().filter(|row| row.target == "ipmi-sim") {
        tried += 1;
        let caught = campaign::try_fault(&ground, row);
        assert!(caught.complaint.is_none(), "{}: {:?}", row.id, caught.complaint);
    }
    assert!(tried >= 3, "{tried}");
}

#[test]
fn every_condition_negated_on_ipmi_sim_turns_red() {
    need("ipmi_sim", "openipmi");
    let all = campaign::negate_all(&ground(7), "ipmi", "ipmi-sim", &Selection::default())
        .expect("the target exists");
    let idle: Vec<String> =
        all.iter().filter(|n| !n.red).map(|n| format!("{}: {}", n.case, n.said)).collect();
    assert!(all.len() > 80 && idle.is_empty(), "{} conditions, idle:\n{}", all.len(), idle.join("\n"));
}

#[test]
fn a_missing_ipmi_sim_is_the_targets_error_with_advice() {
    let folder = folder("no-ipmi-sim");
    let output = common::command(&folder, &["run", "power.read", "--driver", "ipmi", "--target", "ipmi-sim"])
        .env("PATH", "/nowhere")
        .output()
        .expect("halmark starts");
    let text = told(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("[target]") && text.contains("apt-get install openipmi"), "{text}");
}

/// A run on one `ipmi_sim` that waits for fifteen seconds, and the process of that `ipmi_sim`.
fn under_way(folder: &Path) -> (Child, u32) {
    let arguments = ["run", "power.shutdown-ignored", "--driver", "ipmi", "--target", "ipmi-sim"];
    let out = std::fs::File::create(folder.join("told")).expect("it can be written");
    let child = common::command(folder, &arguments)
        .stdout(out)
        .stderr(Stdio::null())
        .spawn()
        .expect("halmark starts");
    let journal = folder.join("halmark-out/run.jsonl");
    wait_for("the case to be under way", || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.contains(r#""step":"steps.2""#))
    });
    let sims = children_named("ipmi_sim", child.id());
    assert_eq!(sims.len(), 1, "{sims:?}");
    (child, sims[0])
}

fn signal(which: &str, process: u32) {
    let sent = std::process::Command::new("kill")
        .args([which, &process.to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

#[test]
fn no_ipmi_sim_is_left_behind_after_an_interrupt() {
    need("ipmi_sim", "openipmi");
    let folder = folder("interrupted");
    let (mut child, sim) = under_way(&folder);
    signal("-INT", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    wait_for("its ipmi_sim to be gone", || !is_alive(sim));
    let verified = halmark(&folder, &["verify", "halmark-out/run.jsonl"]);
    assert_eq!(verified.status.code(), Some(130), "{}", told(&verified));
}

#[test]
fn no_ipmi_sim_is_left_behind_by_a_run_that_is_killed() {
    need("ipmi_sim", "openipmi");
    let folder = folder("killed-sim");
    let (mut child, sim) = under_way(&folder);
    signal("-KILL", child.id());
    child.wait().expect("it ends");
    wait_for("its ipmi_sim to be gone", || !is_alive(sim));
}

#[test]
fn an_ipmi_sim_that_dies_in_the_middle_is_the_targets_error() {
    need("ipmi_sim", "openipmi");
    let folder = folder("died");
    let (mut child, sim) = under_way(&folder);
    signal("-KILL", sim);
    let code = child.wait().expect("it ends").code();
    let text = std::fs::read_to_string(folder.join("told")).expect("it was told");
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("[target]") && text.contains("ipmi_sim"), "{text}");
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "waited 30 s for {what}");
        std::thread::yield_now();
    }
}

fn is_alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// The children of a process that have that name.
fn children_named(name: &str, parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let process = |entry: std::fs::DirEntry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (before, after) = stat.rsplit_once(") ")?;
        let is = before.split_once('(')?.1 == name && after.split(' ').nth(1)?.parse() == Ok(parent);
        is.then_some(id)
    };
    entries.flatten().filter_map(process).collect()
}
