//! Drivers in other processes: the service and its client change no verdict, and what a plug-in does wrong is told as what it is.

mod common;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use common::{HALMARK, folder, halmark, told};
use serde_json::Value;

/// The verdict of every case, with its blame.
fn verdicts(folder: &Path, driver: &str, more: &[&str]) -> BTreeMap<String, (String, String)> {
    let out = driver.replace([':', '/'], "-");
    let arguments = [&["run", "--quiet", "--driver", driver, "--out", &out][..], more].concat();
    let output = halmark(folder, &arguments);
    let text = fs::read_to_string(folder.join(&out).join("report.json"))
        .unwrap_or_else(|_| panic!("{}", told(&output)));
    let report: Value = serde_json::from_str(&text).expect("a report is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verdict = |case: &Value| (text(&case["verdict"]["word"]), text(&case["verdict"]["detail"]));
    let cases = report["cases"].as_array().expect("a report has cases");
    cases.iter().map(|case| (text(&case["case"]), verdict(case))).collect()
}

/// A program that does this, as a shell would.
fn program(folder: &Path, name: &str, script: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the folder is writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    format!("exec:{}", path.display())
}

fn serving(folder: &Path) -> String {
    program(folder, "serving", &format!("exec {HALMARK} serve --audit audit.log"))
}

#[test]
fn a_reference_driver_behind_its_service_earns_the_verdicts_of_the_driver() {
    let folder = folder("external-served");
    for driver in ["redfish", "ipmi"] {
        let (alone, served) =
            (verdicts(&folder, driver, &[]), verdicts(&folder, &format!("served:{driver}"), &[]));
        assert!(alone.len() > 100, "{driver}: {}", alone.len());
        assert!(alone.values().all(|(word, _)| ["pass", "na"].contains(&word.as_str())), "{alone:?}");
        assert_eq!(alone, served, "{driver}");
    }
}

#[test]
fn a_reference_driver_in_another_process_earns_the_verdicts_of_the_driver() {
    let folder = folder("external-program");
    let few = ["power.read", "power.cycle", "power.off", "power.nmi", "power.on-when-on", "identify.on-off"];
    let program = serving(&folder);
    for driver in ["redfish", "ipmi"] {
        let outside = format!("{program}#{driver}");
        let (alone, outside) = (verdicts(&folder, driver, &few), verdicts(&folder, &outside, &few));
        assert!(alone.len() > 5, "{driver}: {}", alone.len());
        assert_eq!(alone, outside, "{driver}");
    }
}

#[test]
fn nothing_of_a_plug_in_is_left_behind_even_if_it_would_live_on() {
    let folder = folder("external-residue");
    let temporary = folder.join("temporary");
    fs::create_dir_all(&temporary).expect("the folder is writable");
    // A program that does not care about the end of its standard input.
    let script = format!("tail -f /dev/null | {HALMARK} serve --audit immortal.log & wait");
    for program in [serving(&folder), program(&folder, "immortal", &script)] {
        let arguments = ["run", "--quiet", "power.read", "--driver", &program];
        let output = common::command(&folder, &arguments).env("TMPDIR", &temporary).output();
        let output = output.expect("halmark starts");
        assert!(output.status.success(), "{}", told(&output));
        let left: Vec<_> = fs::read_dir(&temporary).expect("it is there").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let commands = fs::read_dir("/proc").expect("this is Linux").flatten();
    let commands = commands.filter_map(|it| fs::read_to_string(it.path().join("cmdline")).ok());
    let living: Vec<_> = commands.filter(|it| it.contains("immortal.log")).collect();
    assert!(living.is_empty(), "what it had started goes on: {living:?}");
}

#[test]
fn a_plug_in_that_keeps_the_contract_passes_every_check_of_it() {
    let folder = folder("external-check");
    let output = halmark(&folder, &["driver", "check", &serving(&folder)]);
    let text = told(&output);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("ok ")).count(), 10, "{text}");
}

#[test]
fn a_plug_in_that_cannot_start_is_an_error_that_says_why() {
    let folder = folder("external-start");
    for (name, script, said) in [
        ("ends", "echo the library is missing >&2; exit 3", "the library is missing"),
        ("dies", "kill -SEGV $$", "SIGSEGV"),
        ("babbles", "echo hello; sleep 5", "halmark.v1 ready"),
        ("mumbles", "printf '\\377\\376\\n'; sleep 45", "halmark.v1 ready"),
        ("lies", "echo halmark.v1 ready; sleep 5", "nobody serves halmark.v1"),
    ] {
        let driver = program(&folder, name, script);
        for arguments in [&["run", "power.read", "--driver", &driver][..], &["plan", "--driver", &driver]] {
            let output = halmark(&folder, arguments);
            assert!(output.status.code() == Some(2) && told(&output).contains(said), "{}", told(&output));
        }
    }
    let output = halmark(&folder, &["run", "power.read", "--driver", "exec:./nothing"]);
    assert!(
        output.status.code() == Some(2) && told(&output).contains("cannot be started"),
        "{}",
        told(&output)
    );
}

#[test]
fn a_crash_in_the_middle_of_a_call_is_the_drivers_fail() {
    let folder = folder("external-crash");
    // It serves until its audit log has the first call of the case, and dies at once.
    let script = format!(
        "exec 3<&0; rm -f crash.log; {HALMARK} serve --audit crash.log <&3 & \n\
         server=$!\n\
         while ! grep -q power.read crash.log 2>/dev/null; do sleep 0.01; done\n\
         kill -9 $server"
    );
    let driver = program(&folder, "crashing", &script);
    let verdicts = verdicts(&folder, &driver, &["power.cycle", "--jobs", "1"]);
    assert!(!verdicts.is_empty() && verdicts.values().all(|(word, _)| word == "fail"), "{verdicts:?}");
}

#[test]
fn serve_ends_cleanly_when_it_is_told_to_and_opens_no_port_in_the_clear() {
    let folder = folder("external-serve");
    let output = halmark(&folder, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(output.status.code() == Some(2) && told(&output).contains("--client-ca"), "{}", told(&output));
    let mut served = common::command(&folder, &["serve", "--listen", "unix:here.sock"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("halmark starts");
    let mut line = String::new();
    let stdout = served.stdout.take().expect("it is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("it says something");
    assert_eq!(line, "halmark.v1 ready\n");
    assert!(folder.join("here.sock").exists());
    let kill = std::process::Command::new("kill").args(["-INT", &served.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    assert!(served.wait().expect("it ends").success());
    assert!(!folder.join("here.sock").exists());
}
