//! The console behind an iDRAC's shell: the driver `idrac` with a real OpenSSH, and a simulated iDRAC.

mod common;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use common::{
    command, folder, halmark, need,
    served::{PASSWORD, Served},
    told,
};
use halmark::{
    Cause, Console, Credentials, Deadline, Driver, DriverError, Endpoint, Protocol, drivers,
    endpoint::{HostKeys, SshOptions},
};
use halmark_simulators::{Bmc, BmcOptions, Profile, ipmi, machine::Power, redfish, ssh};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A simulated iDRAC with all its faces, whose host is on and has its system.
struct Idrac {
    bmc: Bmc,
    redfish: redfish::Service,
    ipmi: ipmi::Service,
    shell: ssh::Service,
    known_hosts: PathBuf,
}

impl Idrac {
    async fn start(name: &str) -> Self {
        need("ssh", "openssh-client");
        let options = BmcOptions { time_scale: 0.01, ..BmcOptions::default() };
        let bmc = Bmc::start(&Profile::named("dell-idrac9").expect("it is compiled in"), options);
        let bmc = bmc.expect("it has no unknown deviation");
        let redfish = redfish::Service::start(&bmc, redfish::ServiceOptions::default()).expect("it listens");
        let ipmi = ipmi::Service::start(&bmc, ipmi::ServiceOptions::default()).expect("it listens");
        let shell = ssh::Service::start(&bmc, ssh::ServiceOptions::default()).expect("it listens");
        let known_hosts = folder(name).join("known hosts");
        let line = format!("[127.0.0.1]:{} {}\n", shell.addr().port(), shell.host_key());
        fs::write(&known_hosts, line).expect("it can be written");
        bmc.control().establish_power(Power::On);
        Self { bmc, redfish, ipmi, shell, known_hosts }
    }

    fn endpoint(&self) -> Endpoint {
        let (user, password) = self.bmc.control().credentials();
        let ssh = SshOptions { port: None, host_keys: HostKeys::File(self.known_hosts.clone()) };
        let endpoint = Endpoint::parse(&format!("http://{}", self.redfish.addr())).expect("it is a URL");
        Endpoint { ssh, ..endpoint.with_credentials(Credentials::new(user, password)) }
    }

    fn driver(&self) -> Box<dyn Driver> {
        drivers::connect("idrac", self.endpoint()).expect("it can be made")
    }

    /// Whether everybody has gone, as soon as that can be.
    async fn is_left_alone(&self) -> bool {
        for _ in 0..500 {
            if self.shell.sessions() == 0 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

async fn open(driver: &dyn Driver) -> Result<Box<dyn Console>, DriverError> {
    driver.open_console(soon()).await.map(|answer| answer.value)
}

/// Types this and hears until that has come.
async fn say(console: &mut dyn Console, words: &str, until: &str) -> String {
    console.write_all(words.as_bytes()).await.expect("it is taken");
    console.flush().await.expect("it is taken");
    let mut heard = Vec::new();
    let hearing = async {
        while !String::from_utf8_lossy(&heard).ends_with(until) {
            let mut part = [0; 64];
            let count = console.read(&mut part).await.expect("the console is there");
            heard.extend_from_slice(&part[..count]);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), hearing).await.expect("it was not heard");
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn the_shell_leads_to_the_host_and_back() {
    let idrac = Idrac::start("shell-there").await;
    let driver = idrac.driver();
    let answer = driver.open_console(soon()).await.unwrap();
    assert_eq!(answer.protocol, Protocol::Ssh);
    let mut console = answer.value;
    let heard = say(console.as_mut(), "uname\r", "root@sim:~# ").await;
    assert_eq!(heard, "uname\r\nLinux\r\nroot@sim:~# ");
    assert_eq!(idrac.bmc.control().console_input(), b"uname\r");
    // The rest of the driver does not wait for it.
    driver.power_read(soon()).await.unwrap();
    assert_eq!(idrac.shell.sessions(), 1);
    console.close(soon()).await.unwrap();
    assert!(idrac.is_left_alone().await);
}

#[tokio::test]
async fn a_console_that_is_dropped_leaves_nobody_behind() {
    let idrac = Idrac::start("shell-dropped").await;
    let console = open(idrac.driver().as_ref()).await.unwrap();
    assert_eq!(idrac.shell.sessions(), 1);
    drop(console);
    assert!(idrac.is_left_alone().await, "the client is still there");
    open(idrac.driver().as_ref()).await.expect("the host's port is free again");
}

#[tokio::test]
async fn what_ends_the_console_cannot_be_typed_and_everything_else_can() {
    let idrac = Idrac::start("shell-untypable").await;
    let mut console = open(idrac.driver().as_ref()).await.unwrap();
    assert_eq!(console.write(b"ec\x1cho").await.unwrap(), 2);
    let error = console.write(b"\x1cho").await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("1Ch")), (std::io::ErrorKind::InvalidInput, true));
    say(console.as_mut(), "ho it goes on\r", "\r\nit goes on\r\nroot@sim:~# ").await;
    assert!(console.send_break(soon()).await.is_err(), "nobody has seen a break get through");
    console.close(soon()).await.unwrap();
}

#[tokio::test]
async fn the_host_has_one_console_by_whichever_way() {
    let idrac = Idrac::start("shell-conflict").await;
    let ipmi = Endpoint::parse(&format!("ipmi://{}", idrac.ipmi.addr())).unwrap();
    let (user, password) = idrac.bmc.control().credentials();
    let ipmi = drivers::connect("ipmi", ipmi.with_credentials(Credentials::new(user, password))).unwrap();
    let driver = idrac.driver();

    let mut sol = open(ipmi.as_ref()).await.unwrap();
    let refused = open(driver.as_ref()).await.unwrap_err();
    assert!(matches!(&refused.cause, Cause::Conflict { .. }), "{refused}");
    assert_eq!(refused.protocol, Some(Protocol::Ssh));
    sol.close(soon()).await.unwrap();

    let mut shell = open(driver.as_ref()).await.unwrap();
    let refused = open(ipmi.as_ref()).await.unwrap_err();
    assert!(matches!(&refused.cause, Cause::Conflict { .. }), "{refused}");
    shell.close(soon()).await.unwrap();
    ipmi.close().await;
}

#[tokio::test]
async fn nobody_is_told_the_password_whose_host_key_is_not_known() {
    let idrac = Idrac::start("shell-stranger").await;
    fs::write(&idrac.known_hosts, "").unwrap();
    let refused = open(idrac.driver().as_ref()).await.unwrap_err();
    assert!(matches!(&refused.cause, Cause::Untrusted { .. }), "{refused}");
    assert_eq!(idrac.shell.attempts(), 0);
}

#[tokio::test]
async fn a_wrong_password_and_a_role_that_may_not_are_told_apart() {
    let idrac = Idrac::start("shell-who").await;
    let with = |user: &str, password: &str| {
        let endpoint = idrac.endpoint().with_credentials(Credentials::new(user, password));
        // The port is said, so that Redfish is not asked first.
        let ssh = SshOptions { port: Some(idrac.shell.addr().port()), ..endpoint.ssh.clone() };
        drivers::connect("idrac", Endpoint { ssh, ..endpoint }).unwrap()
    };
    let wrong = open(with("admin", "S3cret-of-nobody").as_ref()).await.unwrap_err();
    assert_eq!(wrong.cause, Cause::Unauthorized, "{wrong}");
    assert!(!wrong.to_string().contains("S3cret"), "{wrong}");
    assert_eq!(idrac.shell.attempts(), 1);
    let accounts = idrac.bmc.control().accounts();
    let (user, password) = accounts.iter().find(|(user, _)| user == "readonly").unwrap();
    let denied = open(with(user, password).as_ref()).await.unwrap_err();
    assert_eq!(denied.cause, Cause::Denied, "{denied}");
}

#[tokio::test]
async fn a_shell_that_is_switched_off_is_not_knocked_at() {
    let idrac = Idrac::start("shell-off").await;
    let driver = idrac.driver();
    let path = "/redfish/v1/Managers/iDRAC.Embedded.1/NetworkProtocol";
    let body = serde_json::json!({"SSH": {"ProtocolEnabled": false}});
    let call = halmark::VendorCall::Redfish { method: "PATCH".into(), path: path.into(), body: Some(body) };
    driver.vendor_call(&call, soon()).await.unwrap();
    let refused = open(driver.as_ref()).await.unwrap_err();
    assert!(matches!(&refused.cause, Cause::Refused { code, .. } if code == "SSH"), "{refused}");
    assert_eq!(refused.protocol, Some(Protocol::Redfish));
}

#[tokio::test]
async fn a_bmc_that_is_as_it_left_the_factory_has_its_shell_again() {
    let idrac = Idrac::start("shell-factory").await;
    let driver = idrac.driver();
    let path = "/redfish/v1/Managers/iDRAC.Embedded.1/Actions/Manager.ResetToDefaults";
    let body = serde_json::json!({"ResetType": "ResetAll"});
    let call = halmark::VendorCall::Redfish { method: "POST".into(), path: path.into(), body: Some(body) };
    driver.vendor_call(&call, soon()).await.unwrap();
    let mut last = None;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        match open(driver.as_ref()).await {
            Ok(mut console) => return console.close(soon()).await.unwrap(),
            Err(error) => last = Some(error),
        }
    }
    panic!("{last:?}");
}

#[tokio::test]
async fn whoever_types_and_does_not_listen_is_not_listened_to() {
    let idrac = Idrac::start("shell-deaf").await;
    let (mut reader, mut ssh) = deaf(&idrac);
    // Two bytes that are typed are a hundred that are said; in the end he is sent away, or nobody takes anything any more.
    let mut typed = 0;
    let typing = async {
        while typed < 64 << 20 {
            typed += ssh.write(&b"?\r".repeat(4096)).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let typing = tokio::time::timeout(Duration::from_secs(3), typing).await;
    assert!(!matches!(typing, Ok(Ok(()))), "it took {typed} bytes");
    reader.kill().await.unwrap();
    assert!(idrac.is_left_alone().await, "it still waits for somebody who has gone");
}

/// An `ssh` whose output nobody reads, and its input.
fn deaf(idrac: &Idrac) -> (tokio::process::Child, tokio::process::ChildStdin) {
    let (user, password) = idrac.bmc.control().credentials();
    let folder = idrac.known_hosts.with_file_name("deaf");
    fs::create_dir_all(&folder).expect("it can be made");
    let tell = folder.join("tell");
    let script = format!("#!/bin/sh\nprintf %s '{password}'\n");
    fs::write(&tell, script).expect("it can be written");
    fs::set_permissions(&tell, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    let port = idrac.shell.addr().port().to_string();
    let mut child = tokio::process::Command::new("ssh")
        .args([
            "-F",
            "none",
            "-tt",
            "-e",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args([
            "-o",
            "LogLevel=ERROR",
            "-o",
            "PubkeyAuthentication=no",
            "-p",
            &port,
            "-l",
            &user,
            "127.0.0.1",
        ])
        .env("SSH_ASKPASS", &tell)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("ssh starts");
    let input = child.stdin.take().expect("it is piped");
    (child, input)
}

/// The verdicts of this driver on the console of a simulated iDRAC.
fn judged(name: &str, driver: &str) -> (Option<i32>, String) {
    need("ssh", "openssh-client");
    let arguments =
        ["run", "--driver", driver, "--target", "sim:dell-idrac9", "console.echo", "console.second-session"];
    let output = halmark(&folder(name), &arguments);
    (output.status.code(), told(&output))
}

#[test]
fn the_suite_passes_the_driver_itself_and_behind_its_service() {
    for driver in ["idrac", "served:idrac"] {
        let (code, told) = judged(&format!("shell-{}", driver.replace(':', "-")), driver);
        assert_eq!(code, Some(0), "{driver}: {told}");
        assert!(
            told.contains("clock paced") && told.contains("2 pass, 0 fail, 0 na, 0 error"),
            "{driver}: {told}"
        );
    }
}

/// What `halmark console` hears and says, and its exit code.
fn console(folder: &Path, options: &[&str], typed: &[u8]) -> (String, String, Option<i32>) {
    let arguments = [&["console", "--driver", "idrac", "--linger", "2s"], options].concat();
    let mut child = command(folder, &arguments)
        .env("HALMARK_USER", "admin")
        .env("HALMARK_PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("halmark starts");
    // Who does not listen has said why.
    let _ = child.stdin.take().expect("it is piped").write_all(typed);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn a_simulated_idrac_has_its_shell_where_it_is_told_to() {
    need("ssh", "openssh-client");
    let folder = folder("shell-sim");
    let files = folder.join("files");
    let sim = Served::start(&[
        "--profile",
        "dell-idrac9",
        "--ssh",
        "0",
        "--time-scale",
        "0.01",
        "--files",
        files.to_str().unwrap(),
    ]);
    let (url, hosts) = (sim.url("urls"), sim.ready["known_hosts"].as_str().unwrap().to_owned());
    assert!(sim.url("ssh").starts_with("ssh://127.0.0.1:"), "{}", sim.ready);
    let at = ["--endpoint", &url, "--known-hosts", &hosts];
    // Its host is off, and says nothing.
    let (heard, said, code) = console(&folder, &at, b"hello\r");
    assert_eq!((heard.as_str(), code), ("", Some(0)), "{said}");
    assert!(said.contains("over ssh"), "{said}");
    let (_, said, code) = console(&folder, &at[..2], b"");
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("--known-hosts FILE") && !said.contains(PASSWORD), "{said}");
}

#[test]
fn whoever_is_asked_to_end_while_the_console_is_opened_leaves_nothing_behind() {
    need("ssh", "openssh-client");
    let folder = folder("shell-term");
    // Somebody who never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let at = [
        "console",
        "--driver",
        "idrac",
        "--endpoint",
        "https://127.0.0.1:1",
        "--insecure",
        "--ssh-port",
        &port,
    ];
    let mut child = command(&folder, &at)
        .env("HALMARK_USER", "admin")
        .env("HALMARK_PASSWORD", PASSWORD)
        .env("TMPDIR", &folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut peer, _) = silent.accept().unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the password is in a folder of its own");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    // Its ssh has gone too: the connection ends.
    peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    std::io::Read::read_to_end(&mut peer, &mut Vec::new()).expect("ssh is still there");
}

#[test]
fn a_platform_without_a_shell_offers_none() {
    let output = halmark(&folder("shell-none"), &["sim", "--ssh", "0", "--for", "1s"]);
    let told = told(&output);
    assert!(told.contains("generic has no shell") && told.contains("dell-idrac9"), "{told}");
    assert_eq!(output.status.code(), Some(2));
}
