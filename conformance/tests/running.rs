//! Every part of the language and of `run`, used for real: once where it holds and once where it does not.

mod common;

use std::{fs, path::Path};

use common::{
    command, folder, halmark,
    served::{PASSWORD, Served},
    told,
};
use halmark_conformance::report::Report;

const HEAD: &str = "\
halmark: scenario/v1
id: test.ID
title: A test of the language
why: It has to be shown.
spec:
  - {ref: \"a clause\", strength: must}
area: power
level: core
requires: [power.read, power.on, power.off]
effects: disruptive
kills: [target.power-lies]
";

fn write(folder: &Path, id: &str, body: &str) {
    fs::write(folder.join(format!("{id}.yaml")), HEAD.replace("ID", id) + body).expect("it can be written");
}

/// Runs one scenario; the verdict's word, blame and condition, and everything that was told.
fn verdict(id: &str, body: &str) -> (String, String) {
    let folder = folder(&format!("running-{id}"));
    write(&folder, id, body);
    let output = halmark(&folder, &["run", &format!("{id}.yaml")]);
    let text = told(&output);
    let report = report(&folder, &text);
    let worst = report.cases.iter().find(|c| !c.verdict.is_pass()).unwrap_or(&report.cases[0]);
    let condition = worst.verdict.condition.clone().unwrap_or_default();
    (format!("{} [{}] {condition}", worst.verdict.word.text(), worst.verdict.detail), text)
}

fn report(folder: &Path, text: &str) -> Report {
    let json =
        fs::read_to_string(folder.join("halmark-out/report.json")).unwrap_or_else(|e| panic!("{e}\n{text}"));
    serde_json::from_str(&json).expect("it is a report")
}

#[track_caller]
fn is(id: &str, body: &str, expected: &str) {
    let (verdict, text) = verdict(id, body);
    assert_eq!(verdict, expected, "{text}");
}

#[test]
fn a_fault_that_struck_nothing_is_told() {
    let faults = "faults:\n  met: {on: http, methods: [GET], path: \"*/Systems/*\", nth: 1, respond: {status: 503}}\n  missed: {on: http, methods: [PUT], hang: true}\n";
    let steps = "given: [{power: powered-on}, {fault: {set: [met, missed]}}]\nsteps:\n  - call: power.read\n    returns: powered-on\n";
    let (verdict, text) = verdict("idle-fault", &format!("{faults}{steps}"));
    assert!(verdict.starts_with("pass"), "{text}");
    assert!(text.contains("note  the fault missed struck nothing") && !text.contains("fault met"), "{text}");
}

const OFF: &str = "given: [{power: powered-off}, {mark: start}]\n";
const ON: &str = "given: [{power: powered-on}, {mark: start}]\n";

#[test]
fn never_is_a_window_in_which_nothing_may_become_true() {
    is(
        "never",
        &format!("{OFF}steps:\n  - expect: {{truth.power: powered-on}}\n    never: 30s\n"),
        "pass [] ",
    );
    is(
        "never-fails",
        &format!(
            "{OFF}steps:\n  - host: press-power-button\n  - expect: {{truth.power: powered-on}}\n    never: 30s\n"
        ),
        "error [target] steps.2/truth.power",
    );
}

#[test]
fn hold_fails_at_the_first_observation_that_is_otherwise() {
    is(
        "hold-fails",
        &format!(
            "{ON}steps:\n  - call: power.off\n  - expect: {{driver.power.read: powered-on}}\n    hold: 30s\n"
        ),
        "error [target] steps.2/driver.power.read",
    );
}

#[test]
fn via_allows_only_what_it_names_on_the_way() {
    let body = |via: &str| {
        format!(
            "{OFF}steps:\n  - call: power.on\n  - expect: {{truth.power: powered-on}}\n    within: 60s\n    via: [{via}]\n"
        )
    };
    is("via", &body("powered-off, powering-on"), "pass [] ");
    assert!(verdict("via-fails", &body("powered-off")).0.ends_with("steps.2/truth.power"));
}

#[test]
fn advance_moves_the_clock_and_what_is_due_happens() {
    let body = |by: &str| {
        format!(
            "given: [{{power: powered-off}}, {{mark: start}}]\nsteps:\n  - call: power.on\n  - advance: {by}\n  - expect:\n      truth.events: {{since: start, sequence: [host.os]}}\n"
        )
    };
    is("advance", &body("5m"), "pass [] ");
    is("advance-short", &body("1s"), "error [target] steps.3/truth.events");
}

#[test]
fn when_takes_its_steps_only_with_the_capability() {
    let body = |has: &str| {
        format!(
            "{ON}steps:\n  - call: power.read\n  - when: {{has: {has}}}\n    steps:\n      - expect: {{truth.power: powered-off}}\n  - expect: {{truth.power: powered-on}}\n"
        )
    };
    is("when-not", &body("\"protocol:ipmi\""), "pass [] ");
    assert!(verdict("when", &body("\"protocol:redfish\"")).0.ends_with("steps.2.1/truth.power"));
}

#[test]
fn snapshots_and_saved_values_are_compared_with() {
    is(
        "snapshot",
        &format!(
            "{ON}steps:\n  - snapshot: {{truth.power: before}}\n  - call: power.read\n    save: told\n  - expect:\n      truth.power: {{equals-snapshot: before}}\n      all: [{{driver.power.read: {{equals-snapshot: told}}}}]\n"
        ),
        "pass [] ",
    );
    assert!(
        verdict("snapshot-fails", &format!("{ON}steps:\n  - snapshot: {{truth.power: before}}\n  - call: power.off\n  - advance: 1m\n  - expect: {{truth.power: {{equals-snapshot: before}}}}\n"))
            .0
            .ends_with("steps.4/truth.power")
    );
}

#[test]
fn a_matrix_makes_a_case_of_every_combination_and_variables_keep_their_type() {
    let folder = folder("running-matrix");
    write(
        &folder,
        "matrix",
        "matrix: {state: [powered-on, powered-off], times: [1, 3]}\nvars: {again: \"${times}\"}\ngiven: [{power: \"${state}\"}]\nsteps:\n  - call: power.read\n    repeat: \"${again}\"\n    returns: \"${state}\"\n  - expect: {truth.power: \"${state}\"}\n",
    );
    let output = halmark(&folder, &["run", "matrix.yaml"]);
    let text = told(&output);
    let report = report(&folder, &text);
    let names: Vec<&str> = report.cases.iter().map(|c| c.case.as_str()).collect();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.contains(&"test.matrix[state=powered-off,times=3]"), "{names:?}");
}

#[test]
fn seeds_make_a_case_of_every_schedule() {
    let folder = folder("running-seeds");
    write(
        &folder,
        "seeds",
        "seeds: 5\ngiven: [{power: powered-on}]\nsteps:\n  - expect: {driver.power.read: powered-on, truth.power: powered-on}\n",
    );
    let text = told(&halmark(&folder, &["run", "seeds.yaml"]));
    assert_eq!(report(&folder, &text).cases.len(), 5, "{text}");
}

#[test]
fn generated_secrets_stand_in_no_artefact() {
    let folder = folder("running-secret");
    write(
        &folder,
        "secret",
        "vars: {secret: {generate: password, length: 20}}\ngiven: [{mark: \"${secret}\"}]\nsteps:\n  - mark: \"again-${secret}\"\n  - call: power.read\n",
    );
    let text = told(&halmark(&folder, &["run", "secret.yaml"]));
    let journal = fs::read_to_string(folder.join("halmark-out/run.jsonl")).expect("it is there");
    assert!(journal.contains(r#""name":"again-…""#), "{text}{journal}");
}

#[test]
fn a_scenario_that_takes_longer_than_its_budget_has_no_verdict() {
    is(
        "budget",
        &format!("budget: 10s\n{ON}steps:\n  - advance: 30s\n  - call: power.read\n"),
        "error [budget] ",
    );
}

#[test]
fn an_unknown_deviation_is_found_before_anything_runs() {
    let folder = folder("running-deviation");
    write(&folder, "deviation", "given: [{deviation: [no-power-cycel]}]\nsteps:\n  - call: power.read\n");
    let output = halmark(&folder, &["run", "deviation.yaml"]);
    let text = told(&output);
    assert!(output.status.code() == Some(2) && text.contains(r#"did you mean "no-power-cycle"?"#), "{text}");
}

#[test]
fn fail_fast_ends_at_the_first_fail_and_rerun_failed_takes_it_up() {
    let folder = folder("running-fail-fast");
    let fault = ["--with-fault", "driver.reset-does-nothing", "--jobs", "1"];
    let output = halmark(
        &folder,
        &[&["run", "power.reset", "power.shutdown", "power.read", "--fail-fast"], &fault[..]].concat(),
    );
    let text = told(&output);
    let first = report(&folder, &text);
    assert_eq!((output.status.code(), first.cases.len()), (Some(1), 3), "{text}");
    let output = halmark(&folder, &["run", "--rerun-failed"]);
    assert_eq!(output.status.code(), Some(2), "another run is not taken up: {}", told(&output));
    let output = halmark(&folder, &[&["run", "--rerun-failed"], &fault[..2]].concat());
    let text = told(&output);
    let names: Vec<String> = report(&folder, &text).cases.into_iter().map(|c| c.case).collect();
    assert_eq!(
        (output.status.code(), names),
        (Some(1), vec!["power.reset".to_owned(), "power.shutdown".to_owned()]),
        "{text}"
    );
}

#[test]
fn the_parts_of_a_partition_are_the_whole() {
    let folder = folder("running-partition");
    let whole = halmark(&folder, &["plan"]);
    let lines = |output: &std::process::Output| {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter(|l| l.trim_start().starts_with("run "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut parts: Vec<String> =
        (1..=4).flat_map(|k| lines(&halmark(&folder, &["plan", "--partition", &format!("{k}/4")]))).collect();
    let mut all = lines(&whole);
    parts.sort();
    all.sort();
    assert!(all.len() > 50);
    assert_eq!(parts, all);
}

#[test]
fn junit_tells_failures_errors_and_skips_apart() {
    let folder = folder("running-junit");
    halmark(&folder, &["run", "power.cycle", "power.nmi", "--with-fault", "driver.cycles-twice"]);
    let xml = fs::read_to_string(folder.join("halmark-out/junit.xml")).expect("it is there");
    assert!(
        xml.contains("<failure") && xml.contains(r#"tests="2""#) && xml.contains(r#"failures="1""#),
        "{xml}"
    );
    halmark(&folder, &["run", "power.cycle", "--with-fault", "harness.loses-wire"]);
    let xml = fs::read_to_string(folder.join("halmark-out/junit.xml")).expect("it is there");
    assert!(xml.contains("<error") && xml.contains(r#"errors="1""#), "{xml}");
}

#[test]
fn a_run_on_a_terminal_shows_what_is_waited_for_and_colours_and_a_pipe_shows_neither() {
    let folder = folder("running-terminal");
    let command = format!("{} run power.cycle", common::HALMARK);
    let output = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(&folder)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .output();
    let Ok(output) = output else { panic!("this test needs script: on Debian, apt-get install bsdutils") };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("\u{1b}[32mpass"), "{text}");
    assert!(!told(&halmark(&folder, &["run", "power.cycle"])).contains('\u{1b}'));
}

#[test]
fn two_runs_do_not_write_one_journal() {
    let folder = folder("running-twice");
    fs::create_dir(folder.join("out")).expect("it can be made");
    let journal = fs::File::create(folder.join("out/run.jsonl")).expect("it can be made");
    journal.lock().expect("nobody else has it");
    let output = halmark(&folder, &["run", "power.read", "--out", "out"]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("another run is writing it"), "{text}");
}

#[test]
fn a_journal_that_cannot_be_written_leaves_no_pass_anywhere() {
    let folder = folder("running-full");
    fs::create_dir(folder.join("out")).expect("it can be made");
    std::os::unix::fs::symlink("/dev/full", folder.join("out/run.jsonl")).expect("it can be made");
    let output = halmark(&folder, &["run", "power.read", "--out", "out"]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    let report = fs::read_to_string(folder.join("out/report.json")).expect("it is there");
    assert!(text.contains("could not be written") && !report.contains(r#""pass": "#), "{text}{report}");
}

#[test]
fn what_can_mean_nothing_is_refused() {
    for (name, body, message) in [
        (
            "when-nothing",
            "steps:\n  - when: {has: \"protocol:ipmi\"}\n    steps:\n      - call: power.read\n",
            "nothing of this scenario applies",
        ),
        (
            "finally-call",
            "steps:\n  - call: power.read\nfinally:\n  - call: power.on\n",
            "does not put anything back",
        ),
        ("restore-steps", "steps:\n  - call: power.read\n  - restore: [power]\n", "in the middle"),
        (
            "via-hold",
            "steps:\n  - expect: {truth.power: powered-off}\n    hold: 5s\n    via: [powered-on]\n",
            "goes with `within`",
        ),
        ("ge-word", "steps:\n  - expect: {truth.power: {not: {ge: 3}}}\n", "says nothing about this"),
        (
            "twice",
            "matrix: {p: [powered-on, powered-on]}\ngiven: [{power: \"${p}\"}]\nsteps:\n  - call: power.read\n",
            "stands twice",
        ),
        (
            "udp-here",
            "faults: {lossy: {on: udp, drop: 100%}}\nsteps:\n  - fault: {set: [lossy]}\n  - call: power.read\n",
            "strike another protocol",
        ),
    ] {
        let folder = folder(&format!("running-{name}"));
        write(&folder, name, body);
        let output = halmark(&folder, &["run", &format!("{name}.yaml")]);
        let text = told(&output);
        assert!(!output.status.success() && text.contains(message), "{name}: {text}");
    }
}

#[test]
fn what_is_about_a_protocol_that_the_driver_does_not_speak_is_not_for_it() {
    let folder = folder("running-protocol");
    for (driver, id, word) in
        [("redfish", "quirks.ipmi-no-guid", "ipmi"), ("ipmi", "session.privilege", "redfish")]
    {
        let text = told(&halmark(&folder, &["plan", id, "--driver", driver]));
        let reason = format!("it is about {word}, which this driver does not speak");
        assert!(text.contains(&reason), "{text}");
    }
}

/// A scenario that tells the machine's model wherever something is told: nobody has the one that it wants.
const MODEL: &str =
    "steps:\n  - call: identity.read\n    within: 5s\n    returns: {model: {matches: \"no such model\"}}\n";

/// A platform whose BMC tells this for its model, in the folder.
fn platform_that_tells(folder: &Path, model: &str) -> String {
    let mine = folder.join("mine");
    fs::create_dir_all(&mine).expect("it can be made");
    let profile = include_str!("../../simulators/profiles/generic/profile.json").replace("Anvil 2", model);
    fs::write(mine.join("profile.json"), profile).expect("it can be written");
    mine.to_str().expect("it is text").to_owned()
}

/// Everything that a run of that scenario on the target tells or leaves behind.
fn everything(folder: &Path, target: &str) -> String {
    let head =
        HEAD.replace("power.read, power.on, power.off", "identity.read").replace("disruptive", "read-only");
    fs::write(folder.join("it.yaml"), head.replace("ID", "model") + MODEL).expect("it can be written");
    let output = command(folder, &["run", "it.yaml", "--target", target])
        .env("BMC_USER", "admin")
        .env("BMC_PASSWORD", PASSWORD)
        .output()
        .expect("halmark starts");
    let left = ["run.jsonl", "report.json", "junit.xml"]
        .map(|name| fs::read_to_string(folder.join("halmark-out").join(name)).expect("it was written"));
    for (what, text) in [("journal", &left[0]), ("report", &left[1]), ("JUnit", &left[2])] {
        assert!(text.contains("Told: … …"), "the {what} has what the driver said: {text}");
    }
    let verified = halmark(folder, &["verify", "halmark-out/run.jsonl"]);
    assert!(
        told(&verified).contains("exit 1\n") || told(&verified).contains("exit 5\n"),
        "{}",
        told(&verified)
    );
    told(&output) + &left.concat() + &told(&verified)
}

#[test]
fn a_driver_that_tells_the_password_of_a_simulated_bmc_does_not_get_it_into_any_file() {
    use halmark_simulators::{Bmc, BmcOptions, Profile};
    let folder = folder("running-told-sim");
    let options = BmcOptions { seed: 7, ..BmcOptions::default() };
    let (runtime, profile) = (tokio::runtime::Runtime::new(), Profile::named("generic"));
    let _inside = runtime.as_ref().expect("a runtime").enter();
    let bmc = Bmc::start(&profile.expect("it is there"), options).expect("it starts");
    let (_, password) = bmc.control().credentials();
    let hex: String = password.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mine = platform_that_tells(&folder, &format!("Told: {password} {hex}"));
    let everything = everything(&folder, &format!("sim:{mine}"));
    assert!(!everything.contains(&password) && !everything.contains(&hex), "{everything}");
}

#[test]
fn a_driver_that_tells_the_password_of_hardware_does_not_get_it_into_any_file_in_any_form() {
    let folder = folder("running-told-hardware");
    let forms = [PASSWORD, "YWRtaW46Y2FuYXJ5LXNlY3JldA==", "63616e6172792d736563726574", "canary%2Dsecret"];
    let mine = platform_that_tells(&folder, &format!("Told: {}", forms.join(" ")));
    let served = Served::start(&["--profile", &mine]);
    let port = served.url("urls").rsplit(':').next().expect("it has a port").to_owned();
    let target = format!(
        "kind: hardware\naddress: {{bmc: 127.0.0.1}}\ncredentials: {{from: env, user: BMC_USER, password: BMC_PASSWORD}}\nredfish: {{port: {port}, plain-http: true}}\n"
    );
    fs::write(folder.join("rack.yaml"), target).expect("it can be written");
    let everything = everything(&folder, "rack.yaml");
    forms.iter().for_each(|form| assert!(!everything.contains(form), "{form}: {everything}"));
}

#[test]
fn what_counts_from_a_mark_is_not_for_hardware_and_says_so() {
    let folder = folder("running-marks");
    let target = "kind: hardware\naddress: {bmc: 127.0.0.1}\ncredentials: {from: env, user: BMC_USER, password: BMC_PASSWORD}\nredfish: {port: 1}\n";
    fs::write(folder.join("rack.yaml"), target).expect("it can be written");
    let planned = told(&halmark(&folder, &["plan", "session.no-leak", "--target", "rack.yaml"]));
    assert!(planned.contains("session.no-leak: it counts from a mark"), "{planned}");
    assert!(planned.ends_with("exit 4\n"), "{planned}");
}

#[tokio::test]
async fn a_console_hears_its_host_without_saying_a_word() {
    use std::time::Duration;

    use halmark::{Credentials, Deadline, Endpoint, drivers};
    use halmark_simulators::{Bmc, BmcOptions, Profile, ipmi, machine::Command};
    use tokio::{io::AsyncReadExt, time::timeout};

    let options = BmcOptions { time_scale: 0.01, ..BmcOptions::default() };
    let bmc = Bmc::start(&Profile::named("generic").unwrap(), options).unwrap();
    let service = ipmi::Service::start(&bmc, ipmi::ServiceOptions::default()).unwrap();
    let (user, password) = bmc.control().credentials();
    let endpoint = Endpoint::parse(&format!("ipmi://{}", service.addr())).unwrap();
    let endpoint = endpoint.with_credentials(Credentials::new(user, password.into_bytes()));
    let by = || Deadline::after(Duration::from_secs(10));
    let driver = drivers::connect("ipmi", endpoint).unwrap();
    let mut console = driver.open_console(by()).await.unwrap().value;
    bmc.command(Command::PowerOn).unwrap();
    let mut heard = [0; 16];
    timeout(Duration::from_secs(8), console.read_exact(&mut heard))
        .await
        .expect("nothing was heard")
        .unwrap();
    assert!(heard.is_ascii(), "{heard:?}");
    console.close(by()).await.unwrap();
    driver.close().await;
}
