//! The IPMI driver judged on the real `ipmi_sim`: real UDP, real time, another team's BMC.

mod common;

use std::{path::Path, process::Stdio};

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

#[test]
fn no_ipmi_sim_is_left_behind_after_an_interrupt() {
    need("ipmi_sim", "openipmi");
    let folder = folder("interrupted");
    let mut child = common::command(
        &folder,
        &["run", "power.shutdown-ignored", "--driver", "ipmi", "--target", "ipmi-sim"],
    )
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()
    .expect("halmark starts");
    let journal = folder.join("halmark-out/run.jsonl");
    let under_way =
        || std::fs::read_to_string(&journal).is_ok_and(|text| text.contains(r#""event":"step-start""#));
    wait_for("the case to be under way", under_way);
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(killed.success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    let orphans = || children_of_init_named("ipmi_sim", &folder);
    wait_for("every ipmi_sim of this run to be gone", || orphans() == 0);
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "waited 20 s for {what}");
        std::thread::yield_now();
    }
}

/// Processes of that name that work in this folder.
fn children_of_init_named(name: &str, folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 0 };
    entries
        .flatten()
        .filter(|entry| {
            std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        })
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)))
        .count()
}
