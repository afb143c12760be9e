//! The inventory of BMCs from the command line, as a stranger meets it: rows are added, read, changed, shown and used, on a
//! simulated BMC. Golden files in `snapshots/` hold the texts.

mod common;

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use common::{
    command, folder,
    served::{PASSWORD, Served},
    terminal::Terminal,
    told,
};
use rustix::termios::LocalModes;
use serde_json::Value;

const NEW: &str = "canary-new-1";
/// A BMC that nobody has seen.
const OTHER: &str = "02:00:00:00:00:01";

/// A simulated BMC, its host off, and an inventory of its own; both end with the test.
struct Scene {
    served: Served,
    redfish: String,
    ipmi: String,
    mac: String,
    folder: PathBuf,
}

impl Scene {
    fn start(name: &str) -> Self {
        let served = Served::start(&["--time-scale", "0.1"]);
        let (redfish, ipmi) = (served.url("urls"), served.url("ipmi"));
        let mut scene = Self { served, redfish, ipmi, mac: String::new(), folder: folder(name) };
        let network = scene.json(&format!("bmc network --user admin --endpoint {}", scene.ipmi));
        scene.mac = network["value"]["mac"].as_str().expect("it has one").to_owned();
        scene
    }

    /// The same, its BMC in the inventory.
    fn known(name: &str) -> Self {
        let scene = Self::start(name);
        let added = scene.run("bmc add MAC --endpoint REDFISH --endpoint IPMI --user admin");
        assert_eq!(added.status.code(), Some(0), "{added:?}");
        scene
    }

    fn command(&self, words: &str) -> Command {
        let words = words.replace("MAC", &self.mac).replace("REDFISH", &self.redfish);
        let words = words.replace("--endpoint IPMI", &format!("--endpoint {}", self.ipmi));
        let arguments: Vec<&str> = words.split(' ').collect();
        let mut command = alone(&self.folder, &arguments);
        command.env("HALMARK_PASSWORD", PASSWORD).env("HALMARK_NEW_PASSWORD", NEW);
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().expect("halmark starts")
    }

    fn json(&self, words: &str) -> Value {
        let output = self.run(&format!("{words} --output json"));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{words}: {e}: {output:?}"))
    }

    /// The row, with passwords.
    fn row(&self) -> Value {
        self.json("bmc describe MAC --with-passwords")["value"].take()
    }
}

/// `halmark` with an inventory in that folder and nothing else from outside.
fn alone(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder, arguments);
    command.env("XDG_DATA_HOME", folder).stdin(Stdio::null());
    let others = ["ENDPOINT", "INVENTORY", "NEW_PASSWORD", "IPMI_PASSWORD", "REDFISH_PASSWORD"];
    for name in others {
        command.env_remove(format!("HALMARK_{name}"));
    }
    command
}

fn steady(text: &str) -> String {
    assert!(!text.contains("canary"), "a password shows: {text}");
    let rules = [
        (r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "NOW"),
        (r"port: \d{4,5}", "port: PORT"),
        (r"intervalinmin: .*", "intervalinmin: N"),
        (r"/\S*/inventory-\S*/halmark/", "DATA/"),
    ];
    rules.iter().fold(text.to_owned(), |text, (rule, word)| {
        regex_lite::Regex::new(rule).expect("the rule is valid").replace_all(&text, *word).into_owned()
    })
}

#[test]
fn a_bmc_is_added_read_changed_and_shown() {
    let scene = Scene::start("inventory-session");
    let script = [
        "bmc ls",
        "bmc add MAC --endpoint REDFISH --endpoint IPMI --user admin",
        "bmc add MAC",
        "bmc add 0200.0000.0001 --vendor Dell --preferred-driver unmanaged",
        "bmc ls",
        "power read --bmc MAC",
        "bmc update MAC",
        "bmc describe MAC",
        "bmc update MAC --preferred-protocol IPMI",
        "power read --bmc MAC",
        "bmc ls",
        "bmc ls --output yaml",
        "bmc rotate-password MAC",
        "power read --bmc MAC",
        "bmc create-ipmi-user MAC --ipmi-role privileged",
        "bmc create-user MAC --name owner --role operator --protocol ipmi --generate",
        "bmc create-user MAC --name owner",
        "accounts list --bmc MAC",
        "bmc describe MAC",
        "bmc update 02:00:00:00:00:01",
        "bmc rm 02:00:00:00:00:01",
        "bmc rm 02:00:00:00:00:01",
        "bmc ls",
    ];
    let tell = |words: &&str| format!("$ halmark {words}\n{}", steady(&told(&scene.run(words))));
    insta::assert_snapshot!(script.iter().map(tell).collect::<String>());
}

#[test]
fn every_area_takes_a_bmc_by_its_mac_address_and_by_its_machines_uuid() {
    let scene = Scene::known("inventory-areas");
    scene.run("bmc update MAC");
    let uuid = scene.row()["machine_id"].as_str().expect("it was read").to_owned();
    for words in [
        "power read",
        "boot get",
        "identify get",
        "identity",
        "inventory fru",
        "log list",
        "accounts list",
        "media list",
        "bios get",
        "bmc network",
    ] {
        let direct = scene.json(&format!("{words} --user admin --endpoint REDFISH"));
        assert!(!direct["value"].is_null(), "{words}: {direct}");
        for which in ["MAC", &uuid] {
            assert_eq!(scene.json(&format!("{words} --bmc {which}")), direct, "{words} --bmc {which}");
        }
    }
    let ipmi = scene.json(&format!("power read --bmc {uuid} --driver ipmi"));
    assert_eq!(ipmi["protocol"], "ipmi");
}

#[test]
fn passwords_are_shown_where_they_are_asked_for_and_nowhere_else() {
    let scene = Scene::known("inventory-passwords");
    for words in [
        "bmc ls",
        "bmc ls --output json",
        "bmc ls --output yaml",
        "bmc describe MAC",
        "bmc describe MAC --output json",
        "bmc describe MAC --output yaml",
        "bmc update MAC",
        "bmc rotate-password MAC",
        "bmc rm MAC --help",
        "power read --bmc MAC --output json",
    ] {
        let text = told(&scene.run(words));
        assert!(text.ends_with("exit 0\n") && !text.contains("canary"), "{words}: {text}");
    }
    for words in ["bmc ls --with-passwords --output json", "bmc describe MAC --with-passwords"] {
        assert!(told(&scene.run(words)).contains(NEW), "{words}");
    }
}

#[test]
fn a_password_comes_by_file_input_environment_or_with_a_warning_by_argument() {
    let folder = folder("inventory-sources");
    fs::write(folder.join("secret"), "canary-file\nmore\n").expect("it can be written");
    let run = |words: &str, variable: (&str, &str), input: &str| {
        let arguments: Vec<&str> = words.split(' ').collect();
        let mut command = alone(&folder, &arguments);
        command
            .env(variable.0, variable.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("halmark starts");
        // One that does not read its input may be gone already.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{words}: {output:?}");
        String::from_utf8(output.stderr).expect("it is text")
    };
    let nothing = ("HALMARK_NOTHING", "");
    run(&format!("bmc add {OTHER} --address bmc"), nothing, "");
    let update = |words: &str, variable: (&str, &str), input: &str| {
        let complaint = run(&format!("bmc update {OTHER} --no-read {words}"), variable, input);
        let shown = alone(&folder, &["bmc", "describe", OTHER, "--with-passwords", "--output", "json"]);
        let shown = { shown }.output().expect("halmark starts").stdout;
        let row: Value = serde_json::from_slice(&shown).expect("it is JSON");
        let of = |protocol: &str| {
            let of = &row["value"][protocol];
            format!("{}:{}", of["user"].as_str().unwrap_or("-"), of["password"].as_str().unwrap_or("-"))
        };
        ([of("ipmi"), of("redfish")], complaint)
    };
    for (words, variable, input, accounts) in [
        ("--user a --password-file secret", nothing, "", ["a:canary-file", "a:canary-file"]),
        ("--user b", ("HALMARK_PASSWORD", "canary-env"), "", ["b:canary-env", "b:canary-env"]),
        (
            "--redfish-user c --redfish-password-file -",
            nothing,
            "canary-in\n",
            ["b:canary-env", "c:canary-in"],
        ),
        ("--ipmi-user d", ("HALMARK_IPMI_PASSWORD", "canary-i"), "", ["d:canary-i", "c:canary-in"]),
        ("--redfish-password-file secret", nothing, "", ["d:canary-i", "c:canary-file"]),
        ("--vendor Dell", ("HALMARK_PASSWORD", "canary-env"), "", ["d:canary-i", "c:canary-file"]),
    ] {
        assert_eq!(update(words, variable, input), (accounts.map(str::to_owned), String::new()), "{words}");
    }
    let (accounts, warning) = update("--ipmi-password canary-open", nothing, "");
    assert_eq!(accounts[0], "d:canary-open");
    assert!(warning.starts_with("warning: ") && warning.contains("--ipmi-password-file"), "{warning}");
    assert!(!warning.contains("canary"), "{warning}");
}

/// Whether the terminal shows what is typed, as it does unless somebody has told it not to.
fn echoes(terminal: &Terminal) -> bool {
    terminal.modes().contains(LocalModes::ECHO)
}

#[test]
fn a_person_at_a_terminal_is_asked_for_a_password_that_is_not_shown() {
    let folder = folder("inventory-prompt");
    let mut terminal = Terminal::open();
    let mut child = alone(&folder, &["bmc", "add", OTHER, "--address", "bmc", "--user", "root"])
        .stdin(terminal.end())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("halmark starts");
    let mut question = [0; 19];
    child.stderr.as_mut().expect("it is piped").read_exact(&mut question).expect("it asks");
    assert_eq!(question, *b"password for root: ");
    let silent = (0..500).any(|_| {
        let _ = alone(&folder, &["bmc", "ls"]).output();
        !echoes(&terminal)
    });
    assert!(silent, "what is typed is not shown");
    terminal.types(b"canary-typod\x7f\x7fed\r");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown =
        alone(&folder, &["bmc", "describe", OTHER, "--with-passwords"]).output().expect("halmark starts");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("password: canary-typed\n"), "{shown:?}");
}

#[test]
fn a_bmc_that_does_not_answer_is_told_and_kept_in_its_row() {
    let mut scene = Scene::known("inventory-away");
    assert_eq!(scene.run("bmc update MAC").status.code(), Some(0));
    let read = scene.row()["status"]["last_updated"].clone();
    scene.served.end();
    let away = scene.run("bmc update MAC --timeout 3s");
    assert_eq!(away.status.code(), Some(6), "{away:?}");
    let status = scene.row()["status"].clone();
    assert_eq!(status["last_updated"], read);
    assert!(status["last_error"].as_str().is_some_and(|it| it.contains("does not answer")), "{status}");
    let rotated = scene.run("bmc rotate-password MAC --timeout 3s");
    assert_eq!(rotated.status.code(), Some(6), "{rotated:?}");
    assert_eq!(scene.row()["redfish"]["password"], PASSWORD);
}

#[test]
fn a_password_that_is_being_changed_when_halmark_is_killed_is_not_lost() {
    let scene = Scene::known("inventory-killed");
    let (mut seed, mut midway) = (7_u32, 0);
    for round in 0..60 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut victim = scene.command("bmc rotate-password MAC --generate");
        let mut victim = victim.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("halmark starts");
        // A rotation takes several times as long as one such command.
        (0..seed >> 29).for_each(|_| drop(alone(&scene.folder, &["drivers"]).output()));
        let _ = victim.kill();
        victim.wait().expect("it ended");
        midway += u32::from(scene.row().get("pending").is_some());
        let next = scene.run("bmc rotate-password MAC --generate");
        assert_eq!(next.status.code(), Some(0), "round {round}: {next:?}");
        for driver in ["redfish", "ipmi"] {
            let read = scene.run(&format!("power read --bmc MAC --driver {driver}"));
            assert_eq!(read.status.code(), Some(0), "round {round}: {read:?}");
        }
        if midway == 4 {
            return;
        }
    }
    assert!(midway > 0, "none was killed on its way");
}

/// A BMC that answers every request with a page; it serves as long as the tests last.
fn a_page() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has one").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
            let _ = stream.write_all(page.as_bytes());
        }
    });
    port
}

#[test]
fn a_bmc_of_which_nothing_could_be_read_did_not_change() {
    let scene = Scene::known("inventory-page");
    let read = scene.run("bmc update MAC");
    assert_eq!(read.status.code(), Some(0), "{read:?}");
    let before = scene.row()["status"]["last_updated"].clone();
    let words = format!("bmc update MAC --driver redfish --redfish-port {}", a_page());
    let text = told(&scene.run(&words));
    assert!(!text.contains("changed") && text.contains("error: ") && text.ends_with("exit 1\n"), "{text}");
    let status = scene.row()["status"].clone();
    assert!(status["last_updated"] == before && status["last_error"].is_string(), "{status}");
}

#[test]
fn a_file_of_authorities_is_kept_by_its_whole_path() {
    let folder = folder("inventory-ca");
    fs::write(folder.join("ca.pem"), "-----BEGIN CERTIFICATE-----\n").expect("it can be written");
    let run =
        |words: &str| alone(&folder, &words.split(' ').collect::<Vec<_>>()).output().expect("it starts");
    assert_eq!(run(&format!("bmc add {OTHER} --address bmc --ca ca.pem")).status.code(), Some(0));
    let whole = folder.canonicalize().expect("it is there").join("ca.pem");
    let shown = told(&run(&format!("bmc describe {OTHER}")));
    assert!(shown.contains(&format!("ca: {}\n", whole.display())), "{shown}");
}

#[test]
fn a_password_of_a_bmc_that_was_taken_out_is_not_left_in_the_file() {
    let folder = folder("inventory-forgotten");
    let run = |words: &str| {
        let arguments: Vec<&str> = words.split(' ').collect();
        let output = alone(&folder, &arguments).env("HALMARK_PASSWORD", "canary-forgotten").output();
        assert_eq!(output.expect("halmark starts").status.code(), Some(0), "{words}");
    };
    let holds = || {
        let bytes = fs::read(folder.join("it.redb")).expect("it is there");
        String::from_utf8_lossy(&bytes).contains("canary-forgotten")
    };
    run("bmc add 02:00:00:00:00:02 --address other --inventory it.redb");
    run(&format!("bmc add {OTHER} --address bmc --user root --inventory it.redb"));
    assert!(holds());
    run(&format!("bmc rm {OTHER} --inventory it.redb"));
    assert!(!holds());
}

#[test]
fn a_wrong_password_is_told_with_what_to_do() {
    let scene = Scene::known("inventory-wrong");
    let words = "bmc update MAC --redfish-user admin --redfish-password wrong --driver redfish";
    let text = told(&scene.run(words));
    assert!(
        text.contains("`halmark bmc update` changes its credentials") && text.ends_with("exit 4\n"),
        "{text}"
    );
}

#[test]
fn what_is_typed_wrongly_is_told_with_what_to_do() {
    let folder = folder("inventory-wrongly");
    let script = [
        "bmc describe 02:00:00:00:00:02",
        "bmc describe nobody",
        "bmc describe 37c43c25-69fe-4f88-b69d-4e71dc4070d0",
        "bmc add 02:00:00",
        "bmc add 02:00:00:00:00:01 --address https://bmc",
        "bmc add 02:00:00:00:00:01 --address a --endpoint https://b",
        "bmc add 02:00:00:00:00:01 --preferred-driver redfisch",
        "bmc add 02:00:00:00:00:01 --preferred-driver power=redfisch",
        "bmc add 02:00:00:00:00:01 --ipmi-port 0",
        "bmc add 02:00:00:00:00:01 --user root",
        "bmc add 02:00:00:00:00:01 --ipmi-password canary",
        "bmc add 02:00:00:00:00:01 --password-file -",
        "bmc add 02:00:00:00:00:01",
        "power read --bmc 02:00:00:00:00:01",
        "bmc update 02:00:00:00:00:01",
        "bmc update 02:00:00:00:00:01 --no-read --ipmi-user root --ipmi-password-file - --redfish-user root --redfish-password-file -",
        "bmc create-user 02:00:00:00:00:01 --role king",
        "bmc create-user 02:00:00:00:00:01",
        "bmc rotate-password 02:00:00:00:00:01 --generate",
        "bmc update 02:00:00:00:00:01 --no-read --ca nowhere.pem",
        "bmc update 02:00:00:00:00:01 --no-read --ca /dev/null",
        "bmc ls --endpoint https://bmc",
        "bmc add 02:00:00:00:00:03 --driver ipmi",
        "bmc ls --bmc 02:00:00:00:00:01",
        "power read --bmc 02:00:00:00:00:01 --endpoint https://bmc",
    ];
    let tell = |words: &&str| {
        let arguments: Vec<&str> = words.split(' ').collect();
        let output = alone(&folder, &arguments).output().expect("halmark starts");
        format!("$ halmark {}\n{}\n", words.replace("canary", "…"), steady(&told(&output)))
    };
    insta::assert_snapshot!(script.iter().map(tell).collect::<String>());
}

#[test]
fn an_inventory_that_cannot_be_used_is_told_with_what_to_do() {
    let folder = folder("inventory-unusable");
    let run = |file: &str| {
        let output = alone(&folder, &["bmc", "ls", "--inventory", file, "--timeout", "1s"]).output();
        told(&output.expect("halmark starts"))
    };
    fs::write(folder.join("list.csv"), "mac,password\n").expect("it can be written");
    let foreign = run("list.csv");
    assert!(
        foreign.contains("list.csv is no inventory of BMCs") && foreign.ends_with("exit 2\n"),
        "{foreign}"
    );
    assert!(!foreign.contains("chmod"), "{foreign}");
    let private = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).expect("it is ours");
    };
    private("list.csv");
    assert_eq!(run("list.csv"), foreign, "whoever may read it");
    fs::write(folder.join("cut.redb"), "redb\x1a\x0a and nothing more").expect("it can be written");
    assert!(run("cut.redb").contains("chmod 600 cut.redb"), "{}", run("cut.redb"));
    private("cut.redb");
    let told = run("cut.redb");
    assert!(
        told.contains("is damaged") && told.contains("put a copy") && told.ends_with("exit 2\n"),
        "{told}"
    );
    assert!(run("/dev/null").ends_with("exit 2\n") && run(".").ends_with("exit 2\n"));
    let added =
        alone(&folder, &["bmc", "add", OTHER, "--inventory", "good"]).output().expect("halmark starts");
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let taken = fs::File::open(folder.join("good")).expect("it is there");
    taken.lock().expect("nobody has it");
    let told = run("good");
    assert!(told.contains("is in use") && told.ends_with("exit 6\n"), "{told}");
}
