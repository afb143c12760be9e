//! `halmark serve` from the command line: what is typed wrongly, and how it dials.

mod common;

use std::{
    io::{BufRead as _, BufReader, Read},
    net::{TcpListener, UdpSocket},
    process::{Child, Command, Stdio},
    time::Duration,
};

use halmark::{Credentials, Deadline, Driver as _, Endpoint, PowerState};
use halmark_grpc::{
    client::{External, Plugin},
    transport::{Address, Channel},
};
use tokio::task::JoinSet;

use common::{command, folder, halmark, told};

/// Exit code 2 and this text.
fn refused(name: &str, arguments: &[&str], expected: &str) {
    let output = halmark(&folder(name), arguments);
    let text = told(&output);
    assert!(output.status.code() == Some(2) && text.contains(expected), "{arguments:?}: {text}");
}

#[test]
fn bmcs_have_names_and_each_its_own() {
    let name = "serve-names";
    refused(name, &["serve", "--bmc", "=http://localhost"], "the name is empty");
    let long = format!("{}=http://localhost", "a".repeat(256));
    refused(name, &["serve", "--bmc", &long], "a name has 256 bytes, and 255 are the most");
    let twice = ["serve", "--bmc", "a=http://localhost", "--bmc", "a=ipmi://localhost"];
    refused(name, &twice, "two BMCs are named \"a\"");
}

#[test]
fn nothing_at_once_is_not_a_number_of_calls_or_jobs() {
    refused("serve-calls", &["serve", "--calls", "0"], "at least 1 is needed");
    refused("serve-jobs", &["run", "power.read", "--jobs", "0"], "at least 1 is needed");
}

#[test]
fn a_control_plane_on_the_network_is_dialled_with_certificates_only() {
    let name = "serve-dial";
    refused(name, &["serve", "--dial", "control.example:443"], "--dial-ca");
    for odd in
        ["control.example", ":443", "grpc://control.example:443", "control.example:0", "control.example:x"]
    {
        refused(name, &["serve", "--dial", odd], "expected HOST:PORT or unix:PATH");
    }
    refused(name, &["serve", "--dial", "unix:a", "--listen", "unix:b"], "cannot be used with");
}

#[test]
fn a_control_plane_that_is_not_there_is_told_and_dialled_again_until_a_signal_ends_it() {
    let mut dialling = command(&folder("serve-nobody"), &["serve", "--dial", "unix:nobody.sock"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("halmark starts");
    let mut lines =
        BufReader::new(dialling.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("dialling unix:nobody.sock"));
    for _ in 0..2 {
        let line = lines.next().unwrap_or_default();
        assert!(line.starts_with("unix:nobody.sock: ") && line.contains("; dialling again in "), "{line}");
    }
    let kill = std::process::Command::new("kill").args(["-INT", &dialling.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    assert!(dialling.wait().expect("it ends").success());
}

/// A process that ends with the test.
struct Running(Child);

impl Running {
    fn new(mut command: Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("halmark starts");
        let line = first_line(child.stdout.as_mut().expect("it is piped"));
        (Self(child), line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_line(from: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(from).read_line(&mut line).expect("it says something");
    line
}

const ACCOUNT: [(&str, &str); 2] = [("HALMARK_USER", "admin"), ("HALMARK_PASSWORD", "a-Passw0rd")];

async fn connected(plugin: &Plugin, url: &str) -> External {
    let [(_, user), (_, password)] = ACCOUNT;
    let endpoint = Endpoint::parse(url).expect("it is a URL");
    let endpoint = endpoint.with_credentials(Credentials::new(user, password));
    plugin.connect("", &endpoint, Deadline::after(Duration::from_secs(20))).await.expect("it is connected")
}

/// The large one is `ci/serve/run`.
#[tokio::test]
async fn bmcs_that_are_dead_keep_no_living_one_waiting() {
    let folder = folder("serve-many");
    let words = ["sim", "--count", "40", "--tls", "off", "--output", "json"];
    let mut sim = command(&folder, &words);
    sim.envs(ACCOUNT);
    let (_sim, ready) = Running::new(sim);
    let ready: serde_json::Value = serde_json::from_str(&ready).expect("it is JSON");
    let (_serve, said) =
        Running::new(command(&folder, &["serve", "--listen", "unix:here.sock", "--audit", "log"]));
    assert_eq!(said, "halmark.v1 ready\n");
    let channel = Channel::open(&Address::Unix(folder.join("here.sock"))).await.expect("it listens");
    let plugin = Plugin::new(channel);
    // Sockets that take everything and never answer.
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let holes =
        [format!("http://{}", tcp.local_addr().unwrap()), format!("ipmi://{}", udp.local_addr().unwrap())];
    let mut dead = JoinSet::new();
    for url in holes.iter().cycle().take(5) {
        let bmc = connected(&plugin, url).await;
        dead.spawn(async move { bmc.power_read(Deadline::after(Duration::from_secs(30))).await });
    }
    let mut live = JoinSet::new();
    let faces = ["urls", "ipmi"].map(|face| ready[face].as_array().cloned().expect("all have both"));
    for n in 0..40 {
        let bmc = connected(&plugin, faces[n % 2][n].as_str().unwrap()).await;
        live.spawn(async move {
            for _ in 0..3 {
                let read = bmc.power_read(Deadline::after(Duration::from_secs(20))).await;
                assert!(matches!(
                    read.expect("it lives").value,
                    PowerState::PoweredOn | PowerState::PoweredOff
                ));
            }
        });
    }
    while let Some(polled) = live.join_next().await {
        polled.expect("each is answered");
    }
    assert!(dead.try_join_next().is_none(), "the dead are still waited for");
    assert_eq!(dead.len(), 5);
}
