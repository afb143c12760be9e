//! `halmark sim` and `halmark profile` as a stranger meets them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

const HALMARK: &str = env!("CARGO_BIN_EXE_halmark");

/// A simulator under way; it ends with the test.
struct Sim {
    child: Child,
    ready: Value,
}

impl Sim {
    fn start(words: &[&str]) -> Self {
        let mut child = halmark(&["sim", "--output", "json", "--for", "60s"], words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    fn url(&self, place: usize) -> &str {
        self.ready["urls"][place].as_str().unwrap()
    }

    /// Asks it to end: exit code and last words.
    fn end(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn halmark(first: &[&str], more: &[&str]) -> Command {
    let mut command = Command::new(HALMARK);
    command.args(first).args(more).env_remove("HALMARK_USER").env_remove("HALMARK_PASSWORD");
    command
}

/// What it says on standard error where it does not start, and its exit code.
fn refused(words: &[&str]) -> (Option<i32>, String) {
    let output = halmark(words, &[]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A GET over plain HTTP, of this host: the whole answer.
fn get(url: &str, host: &str) -> String {
    let addr = url.split("://").nth(1).unwrap();
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "GET /redfish/v1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_serves_until_it_is_asked_to_end_and_says_what_it_served() {
    let sim = Sim::start(&["--tls", "off", "--count", "3"]);
    assert_eq!(sim.ready["urls"].as_array().unwrap().len(), 3);
    assert!((0..3).all(|place| get(sim.url(place), "bmc").starts_with("HTTP/1.1 200")));
    let (code, said) = sim.end();
    assert_eq!(code, Some(0));
    assert!(said.contains("served 3 requests to 3 BMCs"), "{said}");
}

#[test]
fn a_password_that_is_made_is_in_a_file_of_its_owner_alone_and_goes_with_the_process() {
    let sim = Sim::start(&["--tls", "off"]);
    let file = sim.ready["credentials"].as_str().unwrap().to_owned();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let [user, password] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(user, "admin");
    assert!(!sim.ready.to_string().contains(password));
    let power =
        halmark(&["power", "read", "--user", user, "--password-file", "-", "--endpoint", sim.url(0)], &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                writeln!(child.stdin.as_mut().unwrap(), "{password}")?;
                child.wait_with_output()
            });
    assert_eq!(String::from_utf8(power.unwrap().stdout).unwrap(), "powered-off\n");
    sim.end();
    assert!(!Path::new(&file).exists());
}

#[test]
fn a_held_clock_does_not_hold_the_end() {
    let words = ["20", HALMARK, "sim", "--held", "--control", "127.0.0.1:0", "--tls", "off", "--for", "1s"];
    let output = Command::new("timeout").args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("served 0 requests to 1 BMC"), "{said}");
}

#[test]
fn what_to_try_uses_the_password_s_file() {
    let folder = common::folder("sim-password-file");
    let file = folder.join("secret").display().to_string();
    fs::write(&file, "only-on-loopback\n").unwrap();
    let words = ["--tls", "off", "--for", "1s", "--password-file", &file];
    let output = halmark(&["sim"], &words).env("HALMARK_USER", "admin").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains(&format!("$(head -n 1 '{file}')")) && !told.contains("only-on-loopback"), "{told}");
}

#[test]
fn credentials_that_nobody_can_log_in_with_are_refused() {
    for (user, password, words, told) in [
        ("a:b", "fine-password", vec![], "no user's name has a colon"),
        ("a-name-of-17-bytes", "fine-password", vec![], "IPMI knows 16 at most"),
        ("admin", "a-password-of-more-than-20-bytes", vec![], "IPMI knows 20 at most"),
        ("a:b", "fine-password", vec!["--no-ipmi"], "no user's name has a colon"),
    ] {
        let words = [vec!["--tls", "off", "--for", "1s"], words].concat();
        let output =
            halmark(&["sim"], &words).env("HALMARK_USER", user).env("HALMARK_PASSWORD", password).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(told) && !said.contains(password), "{said}");
    }
    let long = ["--tls", "off", "--for", "1s", "--no-ipmi"];
    let output =
        halmark(&["sim"], &long).env("HALMARK_PASSWORD", "a-password-of-more-than-20-bytes").output();
    assert_eq!(output.unwrap().status.code(), Some(0));
}

#[test]
fn one_port_serves_them_all_by_their_names() {
    let log = common::folder("sim-by-host").join("requests.log");
    let sim = Sim::start(&["--tls", "off", "--count", "2", "--by-host", "--log", log.to_str().unwrap()]);
    let port = sim.url(0).rsplit(':').next().unwrap();
    let at = format!("http://127.0.0.1:{port}");
    let [one, other] = ["bmc1.localhost", "BMC2.localhost:80"].map(|host| get(&at, host));
    assert!(one.starts_with("HTTP/1.1 200") && other.starts_with("HTTP/1.1 200"), "{one}");
    assert_ne!(one, other, "each has a UUID of its own");
    let nobody = get(&at, "bmc3.localhost");
    assert!(nobody.starts_with("HTTP/1.1 421") && nobody.contains("bmc1.localhost"), "{nobody}");
    let written = fs::read_to_string(&log).unwrap();
    let who: Vec<_> = written.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(who, ["bmc1.localhost", "bmc2.localhost"], "{written}");
}

#[test]
fn what_keeps_it_from_starting_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let control = format!("127.0.0.1:{port}");
    for (words, told) in [
        (vec!["sim", "--port", port.as_str()], "is in use: give another --port"),
        (vec!["sim", "--control", control.as_str()], "is in use: give another --control"),
        (vec!["sim", "--profile", "generc"], "did you mean \"generic\"?"),
        (vec!["sim", "--deviation", "power-lie"], "did you mean \"power-lies\"?"),
        (vec!["sim", "--count", "2", "--port", "8443"], "--base-port 8443"),
        (vec!["sim", "--count", "300", "--addresses", "127.9.0.0/24"], "room for 254"),
        (vec!["sim", "--tree", "/nowhere"], "cannot be read"),
        (vec!["sim", "--kg-file", "/dev/null"], "no key in its first line"),
        (vec!["sim", "--files", ""], "--files"),
        (vec!["sim", "--files", "Cargo.toml"], "is no folder"),
        (vec!["profile", "show", "generc"], "did you mean \"generic\"?"),
    ] {
        let (code, said) = refused(&words);
        assert!(code == Some(2) && said.contains(told), "{words:?}: {code:?} {said}");
    }
}

#[test]
fn credentials_that_are_there_already_are_not_written_over() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sim-files");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("credentials"), "admin\nof another day\n").unwrap();
    let (code, said) = refused(&["sim", "--files", folder.to_str().unwrap()]);
    assert!(
        code == Some(2) && said.contains("credentials is there already and is not written over"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(folder.join("credentials")).unwrap(), "admin\nof another day\n");
}

#[test]
fn too_few_file_descriptors_are_told_with_the_limit() {
    let script = format!("ulimit -n 100; exec '{HALMARK}' sim --count 500 --tls off");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("500 BMCs need 1064 file descriptors"),
        "{said}"
    );
}

#[test]
fn a_log_has_a_line_for_each_request() {
    let log = std::env::temp_dir().join(format!("halmark-sim-log-{}", std::process::id()));
    let sim = Sim::start(&["--tls", "off", "--log", log.to_str().unwrap()]);
    get(sim.url(0), "bmc");
    sim.end();
    let said = fs::read_to_string(&log).unwrap();
    let _ = fs::remove_file(&log);
    assert!(said.lines().count() == 1 && said.contains("GET /redfish/v1 200"), "{said}");
}

#[test]
fn ipmi_is_offered_beside_redfish_under_the_same_number_unless_nobody_wants_it() {
    const PING: [u8; 12] = [6, 0, 0xFF, 6, 0, 0, 0x11, 0xBE, 0x80, 9, 0, 0];
    let sim = Sim::start(&["--tls", "off", "--port", &free_port()]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let addr = sim.url(0).strip_prefix("http://").unwrap().to_owned();
    socket.send_to(&PING, &addr).unwrap();
    let mut answer = [0; 64];
    assert_eq!((socket.recv(&mut answer).unwrap(), answer[9]), (28, 9));
    assert_eq!(sim.ready["ipmi"][0], format!("ipmi://{addr}"));
    let without = Sim::start(&["--tls", "off", "--no-ipmi"]);
    assert_eq!(without.ready["ipmi"], serde_json::json!([]));
}

/// A port that was free a moment ago, for TCP and UDP.
fn free_port() -> String {
    let both = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap())
        .find(|tcp| UdpSocket::bind(tcp.local_addr().unwrap()).is_ok());
    both.unwrap().local_addr().unwrap().port().to_string()
}

#[test]
fn every_profile_is_listed_and_shown() {
    let listed = halmark(&["profile", "list"], &[]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(halmark_simulators::Profile::names().iter().all(|name| listed.contains(name)), "{listed}");
    let shown = halmark(&["profile", "show", "generic"], &[]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("Anvil 2") && shown.contains("/redfish/v1/Systems/1"), "{shown}");
}
