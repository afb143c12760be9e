//! A maker's shell over SSH, and the host's console behind it. The system's own SSH client does the speaking (OpenSSH 8.4 or newer),
//! without any configuration but what is given here; a row says how the shell is talked to.
//!
//! The client runs in real time, in a process group of its own that is ended with the console; a paused clock does not wait for it.
//! It is told the password once, by a program that nobody else can read, and never as an argument: whoever asks for it again did
//! not get in with it, so that one attempt is all that a wrong password costs.

mod dialogue;
mod stream;

use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout_at,
};

use self::{
    dialogue::{Dialogue, Step},
    stream::ShellConsole,
};
use super::{
    failure::Failure,
    private_file::PrivateFile,
    tool::{Running, heard},
};
use crate::{
    console::Console,
    driver::{Cause, Deadline, Exchange},
    endpoint::{Endpoint, HostKeys, Tls},
    model::Secret,
};

/// How a maker's shell is talked to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shell {
    /// How its prompts end.
    pub(super) prompts: &'static [&'static str],
    /// The prompts that no host has: the console has ended where one of them is told.
    pub(super) own_prompts: &'static [&'static str],
    /// What leads to the console.
    pub(super) enter: &'static str,
    /// What the line says after which the console begins.
    pub(super) entered: &'static str,
    /// The character that ends the console; it cannot be typed to the host.
    pub(super) leave: u8,
    /// What ends the shell.
    pub(super) exit: &'static str,
    /// What the shell says where somebody else has the console.
    pub(super) taken: &'static [&'static str],
    /// What it says to whom it is not allowed.
    pub(super) denied: &'static [&'static str],
}

const PROGRAM: &str = "ssh";
/// As much of what was said is told in an error, in characters.
const TOLD: usize = 300;

/// The SSH client while it runs.
struct Client {
    running: Running,
    input: ChildStdin,
    output: ChildStdout,
    /// What it complains of, when it has ended.
    complaints: JoinHandle<String>,
    secret: PrivateFile,
    password: Secret,
    host: String,
}

/// Opens the console behind this shell.
pub(super) async fn open(
    shell: &'static Shell,
    endpoint: &Endpoint,
    port: u16,
    by: Deadline,
) -> Result<Box<dyn Console>, Failure> {
    let mut client = start(endpoint, port, by)?;
    let mut dialogue = Dialogue::new(shell);
    let entering = enter(&mut dialogue, &mut client);
    match timeout_at(by.instant(), entering).await {
        Ok(Ok(heard)) => {
            client.secret.forget();
            Ok(Box::new(ShellConsole::new(shell, client, heard)))
        }
        Ok(Err(Stop::Refused(words))) => Err(refused(shell, &client.password.hidden_in(&words))),
        Ok(Err(Stop::Ended)) => Err(client.ended(by).await),
        Err(_) => {
            let last = told(&client.password.hidden_in(&dialogue.last_words()));
            let reason = match last.is_empty() {
                true => "the shell has not said a word in time".to_owned(),
                false => format!("the shell did not lead to the console in time; it said last: {last}"),
            };
            Err(Cause::Unreachable { reason }.into())
        }
    }
}

/// Why there is no console.
enum Stop {
    /// The shell said this instead.
    Refused(String),
    /// The client has ended.
    Ended,
}

/// Talks to the shell until the console begins; what the host has said by then.
async fn enter(dialogue: &mut Dialogue, client: &mut Client) -> Result<Vec<u8>, Stop> {
    let mut part = [0; 4096];
    loop {
        let count = client.output.read(&mut part).await.unwrap_or(0);
        if count == 0 {
            return Err(Stop::Ended);
        }
        match dialogue.heard(&part[..count]) {
            Step::Wait => {}
            Step::Say(words) => client.say(words.as_bytes()).await.map_err(|_| Stop::Ended)?,
            Step::Open(rest) => return Ok(rest),
            Step::Refused(words) => return Err(Stop::Refused(words)),
        }
    }
}

fn refused(shell: &Shell, words: &str) -> Failure {
    let told = told(words);
    let low = words.to_ascii_lowercase();
    let says = |all: &[&str]| all.iter().any(|it| low.contains(it));
    if says(shell.denied) {
        return Failure::new(Cause::Denied, at(None, told));
    }
    let cause = if says(shell.taken) {
        Cause::Conflict { reason: format!("somebody else has the console open: {told}") }
    } else {
        Cause::Refused { code: shell.enter.trim().to_owned(), message: told }
    };
    Failure::new(cause, at(None, String::new()))
}

fn start(endpoint: &Endpoint, port: u16, by: Deadline) -> Result<Client, Failure> {
    let internal = |error: io::Error| {
        Failure::from(Cause::Internal { reason: format!("{PROGRAM} could not be run: {error}") })
    };
    let credentials = endpoint.credentials.as_ref().ok_or(Cause::Unauthorized)?;
    if let HostKeys::File(file) = &endpoint.ssh.host_keys {
        check(file).map_err(|reason| Cause::InvalidArgument { reason })?;
    }
    let (secret, teller) =
        PrivateFile::of(&credentials.password).and_then(PrivateFile::with_teller).map_err(internal)?;
    let mut command = Command::new(PROGRAM);
    command.args(arguments(endpoint, &credentials.user, port, by)).env_clear();
    for kept in ["PATH", "HOME"] {
        command.envs(std::env::var_os(kept).map(|value| (kept, value)));
    }
    // Before 8.4 it asked a program only where there was a display and no terminal.
    command
        .env("LC_ALL", "C")
        .env("SSH_ASKPASS", teller)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("DISPLAY", ":");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(internal(error)),
    };
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(internal(io::Error::other("it has no pipes")));
    };
    let complaints = tokio::spawn(heard(child.stderr.take()));
    Ok(Client {
        running: Running::new(child),
        input,
        output,
        complaints,
        secret,
        password: credentials.password.clone(),
        host: endpoint.host.clone(),
    })
}

/// Whether that can be a file of known hosts: `ssh` itself would take one that is not there for one without keys.
fn check(file: &Path) -> Result<(), String> {
    if file.to_str().is_none_or(|path| path.contains(['"', '$', '\n'])) {
        let name = file.display();
        return Err(format!(
            "{name} cannot be a file of known hosts: ssh reads \", $ and a line's end in its name otherwise"
        ));
    }
    std::fs::read(file)
        .map(drop)
        .map_err(|error| format!("the file of known hosts {} cannot be read: {error}", file.display()))
}

/// Nothing of what the user or the system has configured, which could send the password elsewhere; a terminal for the shell; one
/// attempt by password, in either of the ways in which a BMC may ask for one.
fn arguments(endpoint: &Endpoint, user: &str, port: u16, by: Deadline) -> Vec<OsString> {
    let patience = by.left().as_secs().clamp(1, 60);
    let mut all: Vec<OsString> = ["-F", "none", "-tt", "-e", "none", "-x", "-a"].map(OsString::from).into();
    let mut option = |text: String| all.extend(["-o".into(), OsString::from(text)]);
    option("LogLevel=ERROR".to_owned());
    option("ClearAllForwardings=yes".to_owned());
    option("PubkeyAuthentication=no".to_owned());
    option("GSSAPIAuthentication=no".to_owned());
    option("PreferredAuthentications=keyboard-interactive,password".to_owned());
    option("NumberOfPasswordPrompts=1".to_owned());
    option("UpdateHostKeys=no".to_owned());
    option(format!("ConnectTimeout={patience}"));
    option("ServerAliveInterval=15".to_owned());
    option("ServerAliveCountMax=3".to_owned());
    match (&endpoint.ssh.host_keys, &endpoint.tls) {
        (HostKeys::File(file), _) => {
            option("StrictHostKeyChecking=yes".to_owned());
            option("GlobalKnownHostsFile=/dev/null".to_owned());
            // A per cent sign would begin a token (ssh_config(5), TOKENS).
            let file = file.display().to_string().replace('%', "%%");
            option(format!("UserKnownHostsFile=\"{file}\""));
        }
        (HostKeys::Known, Tls::Insecure) => {
            option("StrictHostKeyChecking=no".to_owned());
            // Where there is no such file at all, no key is good enough.
            option("UserKnownHostsFile=/dev/null".to_owned());
            option("GlobalKnownHostsFile=/dev/null".to_owned());
        }
        (HostKeys::Known, _) => option("StrictHostKeyChecking=yes".to_owned()),
    }
    all.extend([
        "-p".into(),
        port.to_string().into(),
        "-l".into(),
        user.into(),
        "--".into(),
        (&endpoint.host).into(),
    ]);
    all
}

impl Client {
    async fn say(&mut self, words: &[u8]) -> io::Result<()> {
        self.input.write_all(words).await?;
        self.input.flush().await
    }

    /// What its end means.
    async fn ended(mut self, by: Deadline) -> Failure {
        // Whoever has closed its output has ended, or is ended by the deadline.
        let status = timeout_at(by.instant(), self.running.child.wait()).await.ok().and_then(Result::ok);
        // Whoever it has left behind would keep the pipe open.
        let Self { running, complaints, password, host, .. } = self;
        drop(running);
        let said = password.hidden_in(&complaints.await.unwrap_or_default());
        let cause = meant(status, &said, &host);
        // What is the reason is not told twice.
        let said = if matches!(cause, Cause::Unreachable { .. } | Cause::Untrusted { .. }) {
            String::new()
        } else {
            told(&said)
        };
        Failure::new(cause, at(status.and_then(|it| it.code()), said))
    }
}

/// What the client said, by the words of OpenSSH.
fn meant(status: Option<ExitStatus>, said: &str, host: &str) -> Cause {
    let is = |words: &str| said.contains(words);
    if is("ssh_askpass: exec(") {
        let reason = format!(
            "no program can be run in {}: name another folder for temporary files with TMPDIR",
            std::env::temp_dir().display()
        );
        return Cause::Internal { reason };
    }
    // Whoever asks a second time for the password is ended by the one that tells it.
    let was_ended = status.is_some_and(|it| it.signal() == Some(Signal::TERM.as_raw()));
    if is("Permission denied (") || was_ended {
        return Cause::Unauthorized;
    }
    if is("HOST IDENTIFICATION HAS CHANGED") {
        let line = |begin: &str| said.lines().map(str::trim).find(|line| line.starts_with(begin));
        let [new, old] = ["SHA256:", "Offending"].map(|it| line(it).unwrap_or("?").trim_end_matches('.'));
        let reason = format!(
            "the host key of {host} is another than the one that is known ({old}): it is {new} now. Perhaps the BMC was replaced or \
             reset; perhaps somebody else answers: compare it at the BMC before you replace the one that is known"
        );
        return Cause::Untrusted { reason };
    }
    if is("Host key verification failed") {
        let unknown = said.lines().find(|line| line.contains("host key is known for")).unwrap_or_default();
        let reason = format!(
            "the host key of {host} is not known ({}): compare it at the BMC, and put it into a file of known hosts",
            unknown.split(" and you have").next().unwrap_or_default().trim()
        );
        return Cause::Untrusted { reason };
    }
    let said = told(said);
    let reason = if said.is_empty() { "the SSH client ended without a word".to_owned() } else { said };
    Cause::Unreachable { reason }
}

fn missing() -> Failure {
    let advice = "the console is behind the BMC's SSH, and there is no ssh on the PATH of this machine: install OpenSSH's client \
                  (Debian: openssh-client)";
    Failure::new(Cause::Unsupported, at(None, advice.to_owned()))
}

/// As it can be told: short, and in one line.
fn told(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").chars().take(TOLD).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn at(exit: Option<i32>, said: String) -> Exchange {
    Exchange::Tool { program: PROGRAM.to_owned(), exit, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Credentials, SshOptions};

    fn arguments_for(endpoint: &Endpoint) -> Vec<String> {
        let all = arguments(endpoint, "root", 22, Deadline::after(std::time::Duration::from_secs(10)));
        all.into_iter().map(|it| it.into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn the_password_is_no_argument_and_no_configuration_is_read() {
        let endpoint =
            Endpoint::parse("https://bmc").unwrap().with_credentials(Credentials::new("root", "calvin"));
        let all = arguments_for(&endpoint);
        assert!(!all.join(" ").contains("calvin"), "{all:?}");
        assert_eq!(&all[..2], ["-F", "none"]);
        assert_eq!(&all[all.len() - 6..], ["-p", "22", "-l", "root", "--", "bmc"]);
    }

    #[tokio::test]
    async fn host_keys_are_believed_as_certificates_are_unless_a_file_says_which() {
        let strict = "StrictHostKeyChecking=yes".to_owned();
        let usual = Endpoint::parse("https://bmc").unwrap();
        assert!(arguments_for(&usual).contains(&strict));
        let any = usual.with_tls(Tls::Insecure);
        assert!(arguments_for(&any).contains(&"StrictHostKeyChecking=no".to_owned()));
        let host_keys = HostKeys::File("/etc/100% mine".into());
        let told = Endpoint { ssh: SshOptions { port: None, host_keys }, ..any };
        let all = arguments_for(&told);
        assert!(
            all.contains(&strict) && all.contains(&"UserKnownHostsFile=\"/etc/100%% mine\"".to_owned()),
            "{all:?}"
        );
    }

    #[test]
    fn a_host_key_that_has_changed_is_told_with_both() {
        let said = "@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@\nThe fingerprint for the ED25519 key is\n\
                    SHA256:abc.\nPlease contact\nOffending ED25519 key in /k:1\nHost key verification failed.";
        let Cause::Untrusted { reason } = meant(None, said, "bmc") else { panic!("it is not trusted") };
        assert!(
            reason.contains("(Offending ED25519 key in /k:1)") && reason.contains("it is SHA256:abc now"),
            "{reason}"
        );
    }

    #[test]
    fn a_file_of_known_hosts_that_is_not_there_is_told() {
        assert!(check(Path::new("/nonexistent")).unwrap_err().contains("/nonexistent cannot be read"));
        assert!(
            check(Path::new("/")).is_err() && check(Path::new("/$HOME")).unwrap_err().contains("line's end")
        );
    }

    #[test]
    fn what_the_client_complains_of_has_a_kind() {
        let kind = |said: &str| meant(None, said, "bmc").kind();
        let long = format!("{}\nroot@bmc: Permission denied (password).", "a warning\n".repeat(100));
        assert_eq!(kind(&long), "unauthorized");
        assert_eq!(kind("ssh: connect to host bmc port 22: Permission denied"), "unreachable");
        assert_eq!(
            kind("ssh_askpass: exec(/tmp/x/tell): Permission denied\nPermission denied (password)."),
            "internal"
        );
        let ended = |signal| meant(Some(ExitStatus::from_raw(signal)), "", "bmc").kind();
        assert_eq!((ended(15), ended(9)), ("unauthorized", "unreachable"));
        assert_eq!(kind("ssh: connect to host bmc port 22: Connection refused"), "unreachable");
        assert!(matches!(meant(None, "Host key verification failed.", "bmc"), Cause::Untrusted { .. }));
    }

    #[test]
    fn a_shell_that_says_no_is_told_with_its_words() {
        const SHELL: Shell = Shell {
            prompts: &[">"],
            own_prompts: &[],
            enter: "console\r",
            entered: "on",
            leave: 0,
            exit: "",
            taken: &["in use"],
            denied: &["privilege"],
        };
        let failure = refused(&SHELL, "\r\nERROR: in use by another\r\n");
        assert!(
            matches!(&failure.cause, Cause::Conflict { reason } if reason.contains("by another")),
            "{failure:?}"
        );
        assert_eq!(refused(&SHELL, "ERROR: no Privilege").cause, Cause::Denied);
        let failure = refused(&SHELL, "ERROR: no such command");
        assert!(
            matches!(&failure.cause, Cause::Refused { message, .. } if message == "ERROR: no such command")
        );
    }
}
