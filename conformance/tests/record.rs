//! `halmark record` by its binary: what it prints, its exit codes, and what an interrupt leaves behind.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use halmark_simulators::{
    Bmc, BmcOptions, Profile,
    redfish::{Service, ServiceOptions, tls::Certificate},
};
use serde_json::Value;

use common::{command, folder, halmark, told};

/// A simulated service, and a folder to record it into.
struct Bench {
    bmc: Bmc,
    service: Service,
    folder: PathBuf,
}

impl Bench {
    fn new(name: &str, tls: Option<Certificate>) -> Self {
        let profile = Profile::named("generic").expect("it is compiled in");
        let bmc = Bmc::start(&profile, BmcOptions::default()).expect("it has no deviations");
        let options = ServiceOptions { tls, ..ServiceOptions::default() };
        let service = Service::start(&bmc, options).expect("a loopback port is free");
        Self { bmc, service, folder: folder(name) }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.service.addr())
    }

    /// `halmark record URL --out tree --rate 500 …` with good credentials.
    fn command(&self, scheme: &str, more: &[&str]) -> Command {
        let url = self.url(scheme);
        let mut arguments = vec!["record", &url, "--out", "tree"];
        arguments.extend(more);
        let mut command = command(&self.folder, &arguments);
        let (user, password) = self.bmc.control().credentials();
        command.env("HALMARK_USER", user).env("HALMARK_PASSWORD", password);
        command
    }

    async fn run(&self, scheme: &str, more: &[&str]) -> Output {
        output(self.command(scheme, more)).await
    }

    fn manifest(&self) -> Value {
        read(&self.folder.join("tree/recording.json"))
    }
}

/// What a command prints, while the service of this thread answers it.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("halmark starts"))
        .await
        .expect("it does not panic")
}

fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

#[tokio::test]
async fn a_recording_ends_with_one_line_that_says_what_it_is() {
    let bench = Bench::new("record-all", None);
    let output = bench.run("http", &["--rate", "2000", "--depth", "3"]).await;
    let count = bench.manifest()["resources"].clone();
    assert_eq!(told(&output), format!("recorded {count} resources, 0 refused, in TIME → tree\nexit 0\n"));
    assert!(bench.folder.join("tree/Systems/1/index.json").exists() && bench.service.sessions() == 0);
    let (_, password) = bench.bmc.control().credentials();
    assert!(!bench.manifest().to_string().contains(&password));
}

#[tokio::test]
async fn a_folder_that_is_not_empty_needs_force() {
    let bench = Bench::new("record-force", None);
    fs::create_dir_all(bench.folder.join("tree")).expect("it is ours");
    fs::write(bench.folder.join("tree/mine"), "mine").expect("it is ours");
    let refused = told(&bench.run("http", &[]).await);
    assert_eq!(
        refused,
        "error: tree is not empty: name a new folder, or replace files in it with --force\nexit 2\n"
    );
    let forced = bench.run("http", &["--force", "--rate", "2000", "--depth", "1"]).await;
    assert!(told(&forced).ends_with("exit 0\n"), "{}", told(&forced));
    assert!(bench.folder.join("tree/mine").exists());
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_printed() {
    let bench = Bench::new("record-password", None);
    for more in [&[][..], &["--basic"]] {
        let mut command = bench.command("http", more);
        command.env("HALMARK_PASSWORD", "certainly-not");
        let refused = told(&output(command).await);
        assert!(
            refused.contains("does not accept the name and password") && refused.ends_with("exit 2\n"),
            "{refused}"
        );
        assert!(!refused.contains("certainly-not"));
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_verify_is_told_with_what_to_do() {
    let certificate = Certificate::self_signed("127.0.0.1");
    let bench = Bench::new("record-tls", Some(certificate.clone()));
    fs::write(bench.folder.join("ca.pem"), certificate.ca_pem()).expect("it is ours");
    fs::write(bench.folder.join("other.pem"), Certificate::authority("127.0.0.1").ca_pem())
        .expect("it is ours");
    let refused = told(&bench.run("https", &["--ca", "other.pem"]).await);
    for word in ["does not verify", "--ca", "--pin", "--insecure", "exit 2"] {
        assert!(refused.contains(word), "{word}: {refused}");
    }
    let trusted = told(&bench.run("https", &["--ca", "ca.pem", "--rate", "2000", "--depth", "1"]).await);
    assert!(trusted.ends_with("exit 0\n"), "{trusted}");
}

#[test]
fn what_was_typed_wrongly_is_told_with_what_was_expected() {
    let folder = folder("record-typed");
    for (arguments, expected) in [
        (&["record"][..], "<URL>"),
        (&["record", "http://bmc.invalid"], "--out"),
        (&["record", "http://bmc.invalid", "--out", "x"], "HALMARK_USER"),
        (&["record", "http://bmc.invalid", "--out", "x", "--user", "me"], "HALMARK_PASSWORD"),
        (&["record", "ipmi://bmc.invalid", "--out", "x", "--anonymous"], "expected https://HOST"),
        (&["record", "bmc.invalid", "--out", "x", "--anonymous"], "expected https://HOST"),
        (&["record", "http://bmc.invalid/redfish/v1", "--out", "x", "--anonymous"], "expected scheme, host"),
        (&["record", "http://bmc.invalid", "--out", "x", "--redact", "disks"], "serials, macs, addresses"),
        (&["record", "http://bmc.invalid", "--out", "x", "--rate", "0"], "requests a second"),
        (&["record", "https://bmc.invalid", "--out", "x", "--anonymous", "--pin", "ab"], "64 hexadecimal"),
        (
            &["record", "https://bmc.invalid", "--out", "x", "--anonymous", "--ca", "none.pem"],
            "cannot be read",
        ),
        (
            &["record", "https://bmc.invalid", "--out", "x", "--anonymous", "--ca", "empty.pem"],
            "no certificate",
        ),
    ] {
        fs::write(folder.join("empty.pem"), "").expect("it is ours");
        let text = told(&halmark(&folder, arguments));
        assert!(text.contains(expected) && text.ends_with("exit 2\n"), "{arguments:?}: {text}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_failure_and_no_usage_error() {
    let bench = Bench::new("record-nobody", None);
    bench.service.stop();
    let failed = told(&bench.run("http", &["--rate", "2000"]).await);
    assert!(failed.contains("does not answer") && failed.ends_with("exit 1\n"), "{failed}");
}

#[tokio::test]
async fn the_wrong_scheme_is_told_with_the_right_one() {
    let secret = Bench::new("record-http-to-tls", Some(Certificate::self_signed("127.0.0.1")));
    let failed = told(&secret.run("http", &["--rate", "2000"]).await);
    assert!(
        failed.contains("try https://127.0.0.1:PORT, which is spoken there") && failed.ends_with("exit 2\n"),
        "{failed}"
    );
    let open = Bench::new("record-tls-to-http", None);
    let failed = told(&open.run("https", &["--rate", "2000", "--insecure"]).await);
    assert!(
        failed.contains("try http://127.0.0.1:PORT, which is spoken there") && failed.ends_with("exit 2\n"),
        "{failed}"
    );
}

#[tokio::test]
async fn an_interrupt_leaves_a_tree_that_says_so() {
    let bench = Bench::new("record-interrupt", None);
    let child = bench.command("http", &["--rate", "5"]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.expect("halmark starts");
    let root = bench.folder.join("tree/index.json");
    let reached = async {
        while !root.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("the root is recorded in time");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill is there").success());
    let ended =
        tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("it does not panic");
    assert_eq!(ended.expect("it ends").status.code(), Some(130));
    assert_eq!(bench.manifest()["ended"], "interrupted");
    assert_eq!(bench.service.sessions(), 0);
}
