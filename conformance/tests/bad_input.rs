//! Bad input of every kind: a clear message and the right exit code, never a panic, a hang or a lost result.
//! Golden files in `snapshots/` hold the texts.

mod common;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, UdpSocket},
    path::Path,
};

use common::{command, folder, halmark, told};

const GOOD: &str = "\
halmark: scenario/v1
id: test.read
title: The power state is read
why: This is a test of the language.
spec:
  - {ref: \"a clause\", strength: must}
area: power
level: core
requires: [power.read]
effects: read-only
kills: [target.power-lies]
given:
  - power: powered-on
steps:
  - call: power.read
    returns: powered-on
";

/// What `halmark run` says of a text in the place of a scenario.
fn run_text(name: &str, text: &str) -> String {
    let folder = folder(name);
    fs::write(folder.join("test.yaml"), text).expect("it can be written");
    told(&halmark(&folder, &["run", "test.yaml"]))
}

/// What is said of the good scenario with one thing replaced.
fn run_with(name: &str, from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    run_text(name, &GOOD.replacen(from, to, 1))
}

#[test]
fn the_good_scenario_is_good() {
    insta::assert_snapshot!(run_text("good", GOOD));
}

#[test]
fn a_typo_in_a_key() {
    insta::assert_snapshot!(run_with("typo-key", "title:", "tittle:"));
}

#[test]
fn a_typo_in_an_operation() {
    insta::assert_snapshot!(run_with("typo-operation", "call: power.read", "call: power.raed"));
}

#[test]
fn a_typo_in_a_state() {
    insta::assert_snapshot!(run_with("typo-state", "returns: powered-on", "returns: powerd-on"));
}

#[test]
fn a_wrong_type() {
    insta::assert_snapshot!(run_with("wrong-type", "area: power", "area: [power]"));
}

#[test]
fn a_duplicate_key() {
    insta::assert_snapshot!(run_with("duplicate-key", "level: core\n", "level: core\narea: boot\n"));
}

#[test]
fn an_unknown_step() {
    insta::assert_snapshot!(run_with(
        "unknown-step",
        "- call: power.read\n    returns: powered-on",
        "- sleep: 10s"
    ));
}

#[test]
fn an_unknown_fault() {
    insta::assert_snapshot!(run_with("unknown-fault", "steps:\n", "steps:\n  - fault: {set: [bussy]}\n"));
}

#[test]
fn an_unknown_kill_is_found_by_lint() {
    let folder = folder("unknown-kill");
    fs::write(folder.join("test.yaml"), GOOD.replace("target.power-lies", "target.power-lie"))
        .expect("it can be written");
    insta::assert_snapshot!(told(&halmark(&folder, &["lint", "test.yaml"])));
}

#[test]
fn on_and_off_as_words() {
    insta::assert_snapshot!(run_with("on-off", "returns: powered-on", "returns: on"));
    insta::assert_snapshot!(run_with("on-off", "power: powered-on", "power: Off"));
}

#[test]
fn a_scenario_for_no_target_and_in_no_time() {
    let with = "level: core\ntargets: []\nbudget: 0s\n";
    insta::assert_snapshot!(run_with("no-target", "level: core\n", with));
}

#[test]
fn a_duration_without_a_unit() {
    insta::assert_snapshot!(run_with("no-unit", "returns: powered-on", "within: 20"));
}

#[test]
fn effects_declared_too_low() {
    insta::assert_snapshot!(run_with(
        "effects",
        "call: power.read\n    returns: powered-on",
        "call: power.off"
    ));
}

#[test]
fn a_title_moves_no_cursor() {
    let text = GOOD
        .replace("title: The power", "title: \"The \\e[31mpower\\a")
        .replace("state is read", "state is read\"")
        .replace("returns: powered-on", "returns: powered-off");
    let said = run_text("title", &text);
    assert!(said.contains("The  [31mpower  state is read") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_call_that_is_not_required() {
    let text = GOOD
        .replace("- call: power.read\n    returns: powered-on\n", "- call: identify.get\n    returns: lit\n");
    insta::assert_snapshot!(run_text("unrequired", &text));
    let optional = "- when: {has: identify.get}\n    steps:\n      - call: identify.get\n        returns: ok\n  - call: power.read\n    returns: ok\n";
    let text = GOOD.replace("- call: power.read\n    returns: powered-on\n", optional);
    assert!(run_text("optional", &text).ends_with("exit 0\n"), "{}", run_text("optional", &text));
}

#[test]
fn a_scenario_that_catches_nothing() {
    insta::assert_snapshot!(run_with("no-kills", "[target.power-lies]", "[]"));
}

#[test]
fn an_unknown_variable_and_an_unknown_mark() {
    insta::assert_snapshot!(run_with("unknown-variable", "powered-on\nsteps", "\"${stat}\"\nsteps"));
    insta::assert_snapshot!(run_with(
        "unknown-mark",
        "steps:\n",
        "steps:\n  - expect:\n      truth.events: {since: begin, none: [power.of]}\n"
    ));
}

#[test]
fn several_problems_are_told_at_once() {
    insta::assert_snapshot!(run_text(
        "several",
        &GOOD
            .replace("title:", "tittle:")
            .replace("level: core", "level: cure")
            .replace("area: power", "area: powr")
    ));
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(run_text("empty", ""));
}

#[test]
fn a_file_that_is_no_yaml() {
    insta::assert_snapshot!(run_text("no-yaml", "{{{"));
}

#[test]
fn a_file_that_is_not_text() {
    let folder = folder("not-text");
    fs::write(folder.join("test.yaml"), b"halmark: scenario/v1\nid: \xff\xfe\n").expect("it can be written");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "test.yaml"])));
}

#[test]
fn a_file_of_fifty_megabytes() {
    let folder = folder("huge");
    fs::write(folder.join("test.yaml"), vec![b'x'; 50 << 20]).expect("it can be written");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "test.yaml"])));
}

#[test]
fn a_directory_without_scenarios() {
    let folder = folder("no-scenarios");
    fs::create_dir(folder.join("empty")).expect("it can be made");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "empty"])));
}

#[test]
fn a_file_that_is_not_there() {
    insta::assert_snapshot!(told(&halmark(&folder("not-there"), &["run", "nowhere.yaml"])));
}

#[test]
fn the_same_id_in_two_files() {
    let folder = folder("two-files");
    fs::write(folder.join("a.yaml"), GOOD).expect("it can be written");
    fs::write(folder.join("b.yaml"), GOOD).expect("it can be written");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "a.yaml", "b.yaml"])));
}

#[test]
fn unknown_names_on_the_command_line() {
    let folder = folder("unknown-names");
    for (name, arguments) in [
        ("scenario", vec!["run", "power.cicle"]),
        ("driver", vec!["run", "--driver", "redfsh"]),
        ("target", vec!["run", "--target", "sim:generc"]),
        ("target-file", vec!["run", "--target", "rack.yaml"]),
        ("area", vec!["run", "--area", "pwoer"]),
        ("capability", vec!["run", "--capability", "power.cycl"]),
        ("partition", vec!["run", "--partition", "5/4"]),
        ("explain", vec!["explain", "power.cicle"]),
        ("fault", vec!["faults", "driver.hang"]),
        ("mismatch", vec!["run", "--target", "ipmi-sim"]),
        ("no-last-run", vec!["run", "--rerun-failed"]),
        ("journal", vec!["verify", "nowhere.jsonl"]),
    ] {
        insta::assert_snapshot!(format!("unknown_{name}"), told(&halmark(&folder, &arguments)));
    }
}

fn hardware(folder: &Path, port: u16, more: &str) {
    let text = format!(
        "kind: hardware\naddress: {{bmc: 127.0.0.1}}\ncredentials: {{from: env, user: BMC_USER, password: BMC_PASSWORD}}\n{}\n",
        more.replace("PORT", &port.to_string())
    );
    fs::write(folder.join("rack.yaml"), text).expect("it can be written");
}

fn run_hardware(folder: &Path, driver: &str) -> String {
    fs::write(
        folder.join("read.yaml"),
        GOOD.replace("given:\n  - power: powered-on\n", "")
            .replace("returns: powered-on", "within: 3s\n    returns: ok"),
    )
    .expect("it can be written");
    let output = command(folder, &["run", "read.yaml", "--target", "rack.yaml", "--driver", driver])
        .env("BMC_USER", "admin")
        .env("BMC_PASSWORD", "canary-secret")
        .output()
        .expect("halmark starts");
    let journal = fs::read_to_string(folder.join("halmark-out/run.jsonl")).unwrap_or_default();
    let text = told(&output);
    assert!(!text.contains("canary-secret") && !journal.contains("canary-secret"), "the password shows");
    text
}

#[test]
fn a_target_file_with_problems() {
    let folder = folder("target-file");
    hardware(&folder, 1, "redfsh: {port: PORT}");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "--target", "rack.yaml"])));
    hardware(&folder, 1, "redfish: {port: PORT}");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "power.read", "--target", "rack.yaml"])));
}

#[test]
fn an_unreachable_target() {
    let folder = folder("unreachable");
    let port =
        TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it has one").port();
    hardware(&folder, port, "redfish: {port: PORT, plain-http: true}\nipmi: {port: PORT}");
    insta::assert_snapshot!(run_hardware(&folder, "redfish"));
    insta::assert_snapshot!(run_hardware(&folder, "ipmi"));
}

/// A simulated BMC in real time, and who may log in there.
fn simulated(certificate: Option<halmark_simulators::redfish::tls::Certificate>) -> (u16, String, String) {
    use halmark_simulators::{
        Bmc, BmcOptions, Profile,
        redfish::{Service, ServiceOptions},
    };
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let bmc = Bmc::start(
                &Profile::named("generic").expect("it is there"),
                BmcOptions { seed: 7, ..BmcOptions::default() },
            )
            .expect("it starts");
            let service =
                Service::start(&bmc, ServiceOptions { tls: certificate, ..ServiceOptions::default() })
                    .expect("it starts");
            let (user, password) = bmc.control().credentials();
            tell.send((service.addr().port(), user, password)).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("it starts")
}

#[test]
fn a_wrong_password() {
    let (port, ..) = simulated(None);
    insta::assert_snapshot!(power_read(port));
    let folder = folder("wrong-password");
    hardware(&folder, port, "redfish: {port: PORT, plain-http: true}");
    insta::assert_snapshot!(run_hardware(&folder, "redfish"));
}

#[test]
fn a_certificate_that_does_not_verify() {
    let (port, ..) = simulated(Some(halmark_simulators::redfish::tls::Certificate::self_signed("127.0.0.1")));
    let folder = folder("certificate");
    let endpoint = format!("https://127.0.0.1:{port}");
    for driver in ["redfish", "auto"] {
        let words = ["power", "read", "--endpoint", &endpoint, "--driver", driver, "--output", "json"];
        let output = command(&folder, &words)
            .env("HALMARK_USER", "admin")
            .env("HALMARK_PASSWORD", "canary-secret")
            .output()
            .expect("halmark starts");
        let said = told(&output);
        assert!(said.contains("\"retryable\":false") && said.ends_with("exit 4\n"), "{said}");
        assert!(
            said.contains("its certificate does not verify") && !said.contains("does not answer"),
            "{said}"
        );
    }
    hardware(&folder, port, "redfish: {port: PORT}");
    insta::assert_snapshot!(run_hardware(&folder, "redfish"));
}

#[test]
fn a_real_bmc_is_judged_read_only_and_a_wrong_serial_ends_it_before_it_begins() {
    let (port, user, password) = simulated(None);
    let folder = folder("rack");
    let run = |folder: &Path| {
        let arguments = ["run", "inventory", "power", "--target", "rack.yaml", "--quiet"];
        command(folder, &arguments)
            .env("BMC_USER", &user)
            .env("BMC_PASSWORD", &password)
            .output()
            .expect("halmark starts")
    };
    hardware(&folder, port, "redfish: {port: PORT, plain-http: true}");
    let output = run(&folder);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("pass-unverified") && text.contains("it needs a simulator"), "{text}");
    hardware(
        &folder,
        port,
        "redfish: {port: PORT, plain-http: true}\nidentity: {serial: 7CX1, must-match: true}",
    );
    let output = run(&folder);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("expects serial 7CX1") && text.contains("nothing was run"), "{text}");
}

/// A peer that answers every connection with these bytes, and then does what `after` says.
fn peer(answer: &'static [u8], after: After) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has one").port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().take(50) {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
            if matches!(after, After::Hangs) {
                kept.push(stream);
            }
        }
    });
    port
}

enum After {
    Closes,
    Hangs,
}

fn power_read(port: u16) -> String {
    let folder = folder(&format!("power-{port}"));
    let endpoint = format!("http://127.0.0.1:{port}");
    let arguments = ["power", "read", "--endpoint", &endpoint, "--timeout", "2s"];
    let output = command(&folder, &arguments)
        .env("HALMARK_USER", "admin")
        .env("HALMARK_PASSWORD", "canary-secret")
        .output()
        .expect("halmark starts");
    let text = told(&output);
    assert!(!text.contains("canary-secret"), "the password shows");
    text
}

#[test]
fn a_bmc_that_answers_html() {
    let port = peer(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 32\r\nConnection: close\r\n\r\n<html><body>log in</body></html>", After::Closes);
    insta::assert_snapshot!(power_read(port));
}

#[test]
fn a_bmc_that_hangs() {
    insta::assert_snapshot!(power_read(peer(b"", After::Hangs)));
}

#[test]
fn a_bmc_that_drips_and_stops() {
    insta::assert_snapshot!(power_read(peer(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"",
        After::Hangs
    )));
}

#[test]
fn a_bmc_that_cuts_its_answer() {
    insta::assert_snapshot!(power_read(peer(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"PowerState\":",
        After::Closes
    )));
}

#[test]
fn a_bmc_that_speaks_something_else() {
    insta::assert_snapshot!(power_read(peer(b"SSH-2.0-OpenSSH_9.2\r\n", After::Closes)));
}

#[test]
fn a_silent_ipmi_port() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let endpoint = format!("ipmi://{}", socket.local_addr().expect("it has one"));
    let folder = folder("silent-ipmi");
    let arguments = ["power", "read", "--endpoint", &endpoint, "--timeout", "2s"];
    let output = command(&folder, &arguments)
        .env("HALMARK_USER", "admin")
        .env("HALMARK_PASSWORD", "canary-secret")
        .output()
        .expect("halmark starts");
    insta::assert_snapshot!(told(&output));
}

#[test]
fn power_without_what_it_needs() {
    let folder = folder("power-usage");
    for (name, arguments) in [
        ("no-credentials", vec!["power", "read", "--endpoint", "https://192.0.2.1"]),
        ("in-url", vec!["power", "read", "--endpoint", "https://root:calvin@192.0.2.1"]),
        ("no-scheme", vec!["power", "read", "--endpoint", "192.0.2.1"]),
        ("pin", vec!["power", "read", "--endpoint", "https://192.0.2.1", "--pin", "abc"]),
    ] {
        let mut command = command(&folder, &arguments);
        if name == "pin" {
            command.env("HALMARK_USER", "admin").env("HALMARK_PASSWORD", "x");
        }
        let text = told(&command.output().expect("halmark starts"));
        assert!(!text.contains("calvin"), "{text}");
        insta::assert_snapshot!(format!("power_{name}"), text);
    }
}

#[test]
fn a_disk_that_is_full_is_told_and_is_no_pass() {
    let folder = folder("full-disk");
    for words in ["run power.read", "drivers", "list"] {
        let script = format!("{} {words} > /dev/full", common::HALMARK);
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &script]).current_dir(&folder).output().expect("sh is there");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{words}: {told}");
        assert!(
            told.contains("standard output cannot be written: No space left on device"),
            "{words}: {told}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let folder = folder("pipe");
    let script = format!("{} run > >(head -1 >/dev/null); echo exit $?", common::HALMARK);
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(&folder)
        .output()
        .expect("bash is there");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("exit 0") && !text.contains("panicked"), "{text}");
}

#[test]
fn an_output_folder_that_cannot_be_written() {
    let folder = folder("unwritable");
    fs::write(folder.join("file"), "").expect("it can be written");
    insta::assert_snapshot!(told(&halmark(&folder, &["run", "power.read", "--out", "file/out"])));
}

#[test]
fn a_fail_shows_the_place_the_blame_the_wire_the_clause_and_the_way_back() {
    let folder = folder("fail");
    insta::assert_snapshot!(told(&halmark(
        &folder,
        &["run", "power.cycle", "--with-fault", "driver.cycles-twice"]
    )));
    insta::assert_snapshot!(told(&halmark(
        &folder,
        &["run", "power.cycle", "--subject", "target", "--with-fault", "target.cycle-does-nothing"]
    )));
}

#[test]
fn a_profile_that_cannot_be_meant_is_told_with_file_and_line() {
    let folder = folder("profile-check");
    let mine = folder.join("mine");
    fs::create_dir_all(&mine).expect("it can be made");
    let profile = include_str!("../../simulators/profiles/generic/profile.json");
    let checked = |profile: &str, overlay: &str| {
        fs::write(mine.join("profile.json"), profile).expect("it can be written");
        fs::write(mine.join("overlay.json"), overlay).expect("it can be written");
        told(&halmark(&folder, &["profile", "check", "mine"]))
    };
    assert!(checked(profile, "{}").ends_with("nothing to complain about\nexit 0\n"));
    for (overlay, wrong) in [
        ("{\"every\": {\n\"Sytem\": {}}}", "line 2: every: no resource is of the schema \"Sytem\""),
        (
            "{\"versions\": {\"Sytem\": \"v1_0_0\"}}",
            "line 1: versions: no resource is of the schema \"Sytem\"",
        ),
        (
            "{\n\"versions\": {\"Chassis\": \"1.2\"}}",
            "line 2: versions: Chassis is \"1.2\": expected a version",
        ),
        ("{\"merge\": {},\n\"merge\": {}}", "line 2: the member \"merge\" is there twice"),
        ("{\"remove\": [\n\n\"/redfish/v1\"]}", "line 3: remove: /redfish/v1 is the service root"),
    ] {
        let told = checked(profile, overlay);
        assert!(
            told.contains(&format!("mine/overlay.json: {wrong}")) && told.ends_with("exit 2\n"),
            "{told}"
        );
    }
    let twice = profile.replacen('{', "{\n\"name\": \"mine\",", 1);
    let told = checked(&twice, "{}");
    assert!(told.contains("mine/profile.json: line ") && told.contains("\"name\" is there twice"), "{told}");
}
