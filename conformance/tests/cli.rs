//! The HAL from the command line, as a stranger meets it: every command on a simulated BMC, in every form, and typed wrongly.
//! Golden files in `snapshots/` hold the texts.

mod common;

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use common::{
    command, folder,
    served::{PASSWORD, Served},
    terminal::Terminal,
    told,
};
use rustix::termios::LocalModes;
use serde_json::Value;

/// A simulated BMC, its host off; it ends with the test.
struct Sim {
    _served: Served,
    redfish: String,
    ipmi: String,
}

impl Sim {
    fn start() -> Self {
        let served = Served::start(&["--time-scale", "0.1"]);
        let (redfish, ipmi) = (served.url("urls"), served.url("ipmi"));
        Self { _served: served, redfish, ipmi }
    }

    fn run(&self, endpoint: &str, words: &str) -> Output {
        self.command(endpoint, words).output().expect("halmark starts")
    }

    fn command(&self, endpoint: &str, words: &str) -> Command {
        let arguments: Vec<&str> = words.split(' ').chain(["--endpoint", endpoint]).collect();
        let mut command = as_admin(&arguments);
        command.env("HALMARK_NEW_PASSWORD", PASSWORD);
        command
    }

    /// What is told by IPMI, with what differs from run to run put out of it.
    fn ipmi(&self, words: &str) -> String {
        steady(&told(&self.run(&self.ipmi, words)))
    }

    /// Waits until the power is so.
    fn comes_to(&self, state: &str) {
        let mut reads = std::iter::repeat_n("power read", 5000);
        assert!(reads.any(|words| self.ipmi(words).starts_with(state)), "it never was {state}");
    }

    fn json(&self, endpoint: &str, words: &str) -> Value {
        let output = self.run(endpoint, &format!("{words} --output json"));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{words}: {e}: {output:?}"))
    }
}

fn as_admin(arguments: &[&str]) -> Command {
    let mut command = command(Path::new(env!("CARGO_TARGET_TMPDIR")), arguments);
    command.env("HALMARK_USER", "admin").env("HALMARK_PASSWORD", PASSWORD).env_remove("HALMARK_ENDPOINT");
    command
}

fn steady(text: &str) -> String {
    assert!(!text.contains(PASSWORD), "the password shows: {text}");
    let rules = [(r"2026-01-01T\d\d:\d\d:\d\dZ", "NOW"), (r"(interval-seconds\W+)\d+(\.\d+)?", "${1}N")];
    rules.iter().fold(text.to_owned(), |text, (rule, word)| {
        regex_lite::Regex::new(rule).expect("the rule is valid").replace_all(&text, *word).into_owned()
    })
}

#[test]
fn what_is_read_is_told_in_every_form() {
    let sim = Sim::start();
    for words in [
        "power read",
        "boot get",
        "identify get",
        "identity",
        "inventory fru",
        "sensors",
        "metrics",
        "log list",
        "accounts list",
        "bmc network",
        "bmc clock get",
        "vendor ipmi 06 01",
    ] {
        let forms = ["text", "json", "yaml"].map(|form| sim.ipmi(&format!("{words} --output {form}")));
        insta::assert_snapshot!(words.replace(' ', "_"), forms.join("\n"));
    }
}

#[test]
fn what_is_changed_is_changed_and_told_in_every_area() {
    let sim = Sim::start();
    let script = [
        "power on",
        "power on",
        "boot set pxe --mode uefi",
        "boot get",
        "boot set none",
        "identify set lit --for 250s",
        "identify get",
        "identify set unlit",
        "accounts create guest --role operator --protocol ipmi",
        "accounts create guest --role operator",
        "accounts update guest --role read-only --disable",
        "accounts update --id 5 --rename visitor",
        "accounts list",
        "accounts delete visitor",
        "accounts delete --id 5",
        "bmc clock set 2026-01-01T12:00:00Z",
        "log clear",
        "vendor ipmi 06 ff",
        "vendor ipmi 0c 02 01 05 00 00",
        "power nmi",
        "power off",
        "power cycle",
        "bmc reset cold",
    ];
    let tell = |words: &&'static str| {
        let told = format!("$ halmark {words}\n{}", sim.ipmi(words));
        match *words {
            "power on" => sim.comes_to("powered-on"),
            "power off" => sim.comes_to("powered-off"),
            _ => {}
        }
        told
    };
    let session: Vec<String> = script.iter().map(tell).collect();
    insta::assert_snapshot!(session.concat());
}

#[test]
fn what_redfish_alone_does_is_done_by_redfish() {
    let sim = Sim::start();
    let script = [
        "media list",
        "media insert http://127.0.0.1:9/rescue.iso --slot CD1",
        "media list",
        "media eject CD1",
        "media eject CD1",
        "media eject nowhere",
        "bios set NoSuchSetting=true",
        "bios get --driver ipmi",
        "inventory read",
        "inventory read --output yaml",
        "boot order get",
        "boot order set disk cdrom",
        "boot order get",
        "boot order set --id Boot0001",
        "boot order get --output json",
        "boot order set --id Boot9999",
        "boot order set pxe pxe",
    ];
    let tell = |words: &&str| {
        let endpoint = if words.contains("ipmi") { &sim.ipmi } else { &sim.redfish };
        format!("$ halmark {words}\n{}", steady(&told(&sim.run(endpoint, words))))
    };
    insta::assert_snapshot!(script.iter().map(tell).collect::<String>());
    let bios = sim.json(&sim.redfish, "bios get");
    let settings = bios["value"]["attributes"].as_array().expect("it has settings");
    let text = told(&sim.run(&sim.redfish, "bios get"));
    let names = settings.iter().map(|it| it["name"].as_str().expect("each has a name"));
    names.for_each(|name| assert!(text.contains(name), "{name}"));
}

#[test]
fn both_protocols_tell_the_same_of_one_machine_and_say_which_they_are() {
    let sim = Sim::start();
    for words in ["power read", "boot get", "identify get"] {
        let (redfish, ipmi) = (sim.json(&sim.redfish, words), sim.json(&sim.ipmi, words));
        assert_eq!(redfish["value"], ipmi["value"], "{words}");
        assert_eq!((&redfish["protocol"], &ipmi["protocol"]), (&"redfish".into(), &"ipmi".into()), "{words}");
    }
}

#[test]
fn auto_speaks_the_first_door_that_answers_and_says_what_did_not() {
    let sim = Sim::start();
    let ask = |first: &str, second: &str| {
        let words = format!("power read --driver auto --endpoint {first}");
        told(&sim.run(second, &words))
    };
    assert_eq!(ask(&sim.redfish, &sim.ipmi), "powered-off\nover redfish\nexit 0\n");
    assert_eq!(ask(&sim.ipmi, &sim.redfish), "powered-off\nover ipmi\nexit 0\n");
    let fallen_back = ask("http://127.0.0.1:9", &sim.ipmi);
    assert!(
        fallen_back.contains("auto: no redfish at") && fallen_back.contains("over ipmi"),
        "{fallen_back}"
    );
    let nobody = ask("http://127.0.0.1:9", "ipmi://127.0.0.1:9");
    assert!(nobody.contains("check the address") && nobody.ends_with("exit 6\n"), "{nobody}");
}

#[test]
fn a_composite_asks_each_area_by_its_own_protocol() {
    let sim = Sim::start();
    let ask = |words: &str| {
        let words = format!("{words} --driver power=ipmi,boot=redfish --endpoint {}", sim.redfish);
        told(&sim.run(&sim.ipmi, &words))
    };
    assert!(ask("power read").contains("over ipmi"));
    assert!(ask("boot get").contains("over redfish"));
    assert!(ask("identity").ends_with("exit 3\n"));
}

#[test]
fn the_suite_judges_drivers_above_the_protocols_and_they_pass() {
    let folder = folder("cli-judged");
    for driver in ["auto", "power=ipmi,boot=redfish", "rest=ipmi,power=redfish,boot=redfish"] {
        let output = command(&folder, &["run", "--quiet", "--driver", driver]).output();
        let said = told(&output.expect("halmark starts"));
        assert!(said.contains(" 0 fail,") && said.ends_with("exit 0\n"), "{driver}: {said}");
    }
    let unmanaged = command(&folder, &["run", "--quiet", "--driver", "unmanaged"]).output();
    let said = told(&unmanaged.expect("halmark starts"));
    assert!(said.contains(" 0 pass, 0 fail,") && said.ends_with("exit 3\n"), "nothing ran: {said}");
}

#[test]
fn an_unmanaged_machine_needs_no_credentials_and_touches_nothing() {
    let output = command(&folder("cli-unmanaged"), &["power", "off", "--endpoint", "unmanaged:"]).output();
    insta::assert_snapshot!(told(&output.expect("halmark starts")));
}

#[test]
fn a_failure_is_told_to_programs_too() {
    let sim = Sim::start();
    for words in ["power cycle", "power read --user nobody", "sensors --driver unmanaged"] {
        let output = sim.run(&sim.ipmi, &format!("{words} --output json"));
        let said: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let kind = said["error"]["kind"].as_str().unwrap_or_default();
        let expected = match words {
            "power cycle" => ("conflict", 5),
            "sensors --driver unmanaged" => ("unsupported", 3),
            _ => ("unauthorized", 4),
        };
        assert_eq!((kind, output.status.code()), (expected.0, Some(expected.1)), "{words}");
    }
}

#[test]
fn what_is_typed_wrongly_is_told_with_what_to_do() {
    let said: Vec<String> = [
        "boot get",
        "boot set pex --endpoint ipmi://bmc",
        "identify set lit --for 10 --endpoint ipmi://bmc",
        "sensors --endpoint ipmi://bmc --driver ipmy",
        "sensors --endpoint ipmi://bmc --driver pwr=ipmi",
        "sensors --endpoint ipmi://bmc --driver power=auto",
        "sensors --endpoint https://bmc --endpoint http://bmc",
        "sensors --endpoint https://root:canary@bmc",
        "sensors --endpoint https://bmc --insecure --pin 00",
        "accounts create guest --role operator --endpoint ipmi://bmc",
        "accounts create guest --role king --endpoint ipmi://bmc",
        "accounts create guest --role operator --password-file - --new-password-file - --endpoint ipmi://bmc",
        "accounts update guest --endpoint ipmi://bmc",
        "accounts delete --endpoint ipmi://bmc",
        "console --password-file - --endpoint ipmi://bmc",
        "bmc clock set yesterday --endpoint ipmi://bmc",
        "vendor ipmi 6 1z --endpoint ipmi://bmc",
        "vendor redfish POST /redfish/v1 --body nowhere.json --endpoint https://bmc",
        "bios set BootMode --endpoint https://bmc",
        "boot order set --endpoint https://bmc",
        "boot order set pxe --id Boot0003 --endpoint https://bmc",
        "media insert http://images/it.iso --kind tape --endpoint https://bmc",
        "drivers ipmy",
    ]
    .iter()
    .map(|words| {
        let arguments: Vec<&str> = words.split(' ').collect();
        let output = as_admin(&arguments).output().expect("halmark starts");
        assert_eq!(output.status.code(), Some(2), "{words}: {}", told(&output));
        format!("$ halmark {words}\n{}\n", told(&output))
    })
    .collect();
    assert!(!said.concat().contains(PASSWORD));
    insta::assert_snapshot!(said.concat().replace(":canary@", ":…@"));
}

#[test]
fn drivers_are_listed_with_what_they_claim() {
    let said = |words: &[&str]| told(&as_admin(words).output().expect("halmark starts"));
    let all = said(&["drivers"]);
    assert!(["redfish", "ipmi", "auto", "unmanaged"].iter().all(|name| all.contains(name)), "{all}");
    assert!(said(&["drivers", "ipmi"]).contains("console.open"));
    assert_eq!(said(&["drivers", "unmanaged"]), "nothing: every operation is unsupported\nexit 0\n");
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let folder = folder("cli-man");
    for shell in ["bash", "zsh", "fish"] {
        let output = as_admin(&["completions", shell]).output().expect("halmark starts");
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(["sensors", "accounts", "read-only", "uefi"].iter().all(|it| script.contains(it)), "{shell}");
    }
    let pages = folder.join("man");
    let output = as_admin(&["man", pages.to_str().expect("it is text")]).output().expect("halmark starts");
    assert_eq!(told(&output), "exit 0\n");
    for page in ["halmark.1", "halmark-sensors.1", "halmark-bmc-clock-set.1", "halmark-power.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
        assert!(text.contains(".TH halmark"), "{page}");
    }
}

#[test]
fn rules_are_checked_with_places_and_shown_condition_by_condition() {
    let folder = folder("cli-rules");
    let founding = common::root().join("tests/fixtures/founding/rules.json");
    fs::copy(founding, folder.join("rules.json")).expect("the founding document's rules are there");
    for (name, text) in [
        ("flawed.json", "[{\"conditions\": [],\n  \"actions\": [{\"action\": \"explode\"}]}]"),
        ("small.json", r#"{"memory_mb": 2048, "local_gb": 100}"#),
        ("good.json", r#"{"memory_mb": 65536, "local_gb": 480}"#),
        ("odd.json", r#"{"memory_mb": "much", "local_gb": 480}"#),
        ("cut.json", "{\"memory_mb\":\n"),
        ("node.json", r#"{"driver_info": {"redfish_password": "canary-secret"}}"#),
    ] {
        fs::write(folder.join(name), text).expect("the folder is writable");
    }
    let script = [
        ("rules check rules.json", 0),
        ("rules check rules.json flawed.json nowhere.json", 2),
        ("rules apply rules.json --data good.json", 0),
        ("rules apply rules.json --data good.json --node node.json --output yaml", 0),
        ("rules apply rules.json --data small.json", 1),
        ("rules apply rules.json --data odd.json", 1),
        ("rules apply rules.json --data cut.json", 2),
        ("bmc add 3c:ec:ef:12:34:56 --vendor Supermicro --inventory it.redb", 0),
        ("rules apply rules.json --bmc 3c:ec:ef:12:34:56 --inventory it.redb", 0),
        ("rules apply rules.json --bmc 3c:ec:ef:12:34:57 --inventory it.redb", 5),
        ("rules apply rules.json", 2),
    ];
    let tell = |(words, code): &(&str, i32)| {
        let output =
            command(&folder, &words.split(' ').collect::<Vec<_>>()).output().expect("halmark starts");
        assert_eq!(output.status.code(), Some(*code), "{words}: {}", told(&output));
        format!("$ halmark {words}\n{}\n", told(&output))
    };
    let session: String = script.iter().map(tell).collect();
    assert!(!session.contains("canary"), "{session}");
    insta::assert_snapshot!(session);
}

/// A machine whose host has booted, so that its shell answers.
fn booted() -> Sim {
    let sim = Sim::start();
    assert!(sim.ipmi("power on").starts_with("changed"));
    let answers = std::iter::repeat_n("console --linger 300ms", 100)
        .any(|words| converse(&sim, words, b"\r").contains("root@sim"));
    assert!(answers, "the host boots");
    sim
}

/// What the host says to these bytes, between pipes.
fn converse(sim: &Sim, words: &str, typed: &[u8]) -> String {
    let mut command = sim.command(&sim.ipmi, words);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = pipes.spawn().expect("halmark starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(typed).expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_console_between_pipes_carries_bytes_and_is_recorded() {
    let sim = booted();
    let folder = folder("cli-console");
    let (cast, plain) = (folder.join("it.cast"), folder.join("it.log"));
    let recorded = |record: &Path| {
        converse(&sim, &format!("console --linger 1s --record {}", record.display()), b"~.hello\r")
    };
    assert!(recorded(&cast).contains("~.hello"), "an escape means nothing between pipes");
    let lines: Vec<Value> = fs::read_to_string(&cast)
        .expect("it was recorded")
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines[0]["version"], 2);
    assert!(lines[1..].iter().all(|event| event[0].is_f64() && event[1] == "o" && event[2].is_string()));
    let shown = recorded(&plain);
    assert_eq!(fs::read_to_string(&plain).expect("it was recorded"), shown);
    // Nothing is sent for that: nobody would answer here.
    let again = sim.run("ipmi://127.0.0.1:9", &format!("console --record {}", plain.display()));
    assert!(again.status.code() == Some(2) && told(&again).contains("name a new file"));
}

/// Whether the terminal gathers lines, as it does unless somebody has set it to raw.
fn gathers_lines(terminal: &Terminal) -> bool {
    terminal.modes().contains(LocalModes::ICANON)
}

#[test]
fn a_console_on_a_terminal_is_raw_while_it_lasts_and_ends_by_its_escape() {
    let sim = booted();
    let mut terminal = Terminal::open();
    assert!(gathers_lines(&terminal));
    let mut child = sim
        .command(&sim.ipmi, "console")
        .stdin(terminal.end())
        .stdout(terminal.end())
        .stderr(Stdio::null())
        .spawn()
        .expect("halmark starts");
    let bound = std::iter::repeat_n((), 500);
    let raw = bound.into_iter().any(|()| {
        let _ = sim.run(&sim.ipmi, "power read");
        !gathers_lines(&terminal)
    });
    assert!(raw, "it takes the terminal");
    terminal.types(b"~.");
    let (done, waited) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || done.send(child.wait()));
    let code = waited.recv_timeout(Duration::from_secs(20)).expect("it ends").expect("it ended");
    waiting.join().expect("it waited").expect("it was heard");
    assert_eq!(code.code(), Some(0));
    assert!(gathers_lines(&terminal), "the terminal is as it was");
}
