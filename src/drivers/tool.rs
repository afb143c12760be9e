//! Programs of makers, for what a BMC's own protocols do not do, such as Supermicro's `sum`: a row says how one is called.
//!
//! A program is looked for in one folder that whoever uses a driver names, and nowhere else: a `sum` on the way is coreutils'. It
//! runs in real time, in a process group of its own that is ended with it, by the operation's deadline; a paused clock does not
//! wait for it. Its arguments, which every user of the machine can read, hold no secret.

#[cfg(test)]
pub(super) mod tests;

use std::{ffi::OsString, io, path::Path, process::Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::timeout_at,
};

use super::{failure::Failure, private_file::PrivateFile};
use crate::{
    driver::{Cause, Deadline, Exchange},
    endpoint::{Credentials, Endpoint},
};

/// As much of what a program says is kept, in bytes; the rest is read and forgotten.
const MOST: usize = 256 << 10;
/// As much of it is told in an error, in characters.
const TOLD: usize = 300;

/// How a program is called, for one thing that it does.
#[derive(Debug)]
pub(super) struct Tool {
    /// Its name, as a file in the folder of tools.
    pub(super) program: &'static str,
    /// What it is and where it is to be had, for whoever does not have it.
    pub(super) about: &'static str,
    /// Its arguments.
    pub(super) arguments: &'static [Argument],
    /// How it gets the password.
    pub(super) secret: Hand,
    /// What its exit codes mean, 0 aside, which is success; one that does not stand here is a refusal.
    pub(super) codes: &'static [(i32, Meaning)],
}

/// An argument.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument {
    /// This word.
    Word(&'static str),
    /// The BMC's host name or address.
    Host,
    /// The account's name.
    User,
    /// The path of a private file that holds the password; with [`Hand::File`].
    SecretFile,
}

/// How a program gets the password; never as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "the rows of today hand over a file"))]
pub(super) enum Hand {
    /// In a file that only this user can read, which is gone when the program is.
    File,
    /// In its environment, under that name.
    Environment(&'static str),
    /// In the first line of its standard input.
    Input,
}

/// What an exit code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The account or its password are wrong.
    Unauthorized,
    /// The account may not do it, or a licence is missing.
    Denied,
    /// The BMC cannot do it in this way.
    Unsupported,
    /// Not now.
    Busy,
    /// The BMC was not reached, and nothing was changed.
    Unreachable,
    /// Something went wrong on the way, so that it may have been done.
    Unknown,
}

/// Runs a tool of this folder to its end; what it said on its standard output.
///
/// One that is not there is [`Cause::Unsupported`], with where to get it. One that does not end by the deadline is killed with all
/// that it has started, and what it has done by then is unknown.
pub(super) async fn run(
    tool: &Tool,
    folder: &Path,
    endpoint: &Endpoint,
    by: Deadline,
) -> Result<String, Failure> {
    let credentials = endpoint.credentials.as_ref().ok_or(Cause::Unauthorized)?;
    let file = match tool.secret {
        Hand::File => Some(PrivateFile::of(&credentials.password).map_err(|e| internal(tool, &e))?),
        Hand::Environment(_) | Hand::Input => None,
    };
    let mut command = command(tool, folder, endpoint, credentials, file.as_ref());
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            return Err(missing(tool, folder, &error));
        }
        Err(error) => return Err(internal(tool, &error)),
    };
    let mut running = Running::new(child);
    let input = (tool.secret == Hand::Input).then(|| [credentials.password.reveal(), b"\n"].concat());
    let ended = timeout_at(by.instant(), running.end_by_itself(input.map(zeroize::Zeroizing::new))).await;
    let (code, said, complained) = match ended {
        Ok(ended) => ended.map_err(|error| internal(tool, &error))?,
        Err(_) => return Err(unknown(tool, "it did not end by the deadline and was killed")),
    };
    let hidden = |text: String| credentials.password.hidden_in(&text);
    match code {
        Some(0) => Ok(hidden(said)),
        Some(code) => {
            Err(meant(tool, code, &hidden(if complained.trim().is_empty() { said } else { complained })))
        }
        None => Err(unknown(tool, "it was ended by a signal")),
    }
}

/// The call, with an environment that holds nothing but what programs need to run.
fn command(
    tool: &Tool,
    folder: &Path,
    endpoint: &Endpoint,
    credentials: &Credentials,
    file: Option<&PrivateFile>,
) -> Command {
    let argument = |argument: &Argument| -> OsString {
        match argument {
            Argument::Word(word) => (*word).into(),
            Argument::Host => (&endpoint.host).into(),
            Argument::User => (&credentials.user).into(),
            Argument::SecretFile => file.map(|file| file.path().as_os_str().to_owned()).unwrap_or_default(),
        }
    };
    let mut command = Command::new(folder.join(tool.program));
    command
        .args(tool.arguments.iter().map(argument))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C");
    if let Hand::Environment(name) = tool.secret {
        command.env(name, credentials.password.reveal_text().as_str());
    }
    let input = if tool.secret == Hand::Input { Stdio::piped() } else { Stdio::null() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    command
}

/// A program that runs, with all that it starts; it ends with this.
pub(super) struct Running {
    pub(super) child: Child,
    group: Option<Pid>,
}

type Ended = (Option<i32>, String, String);

impl Running {
    /// A program that has a process group of its own.
    pub(super) fn new(child: Child) -> Self {
        Self { group: child.id().and_then(|id| Pid::from_raw(id.cast_signed())), child }
    }

    async fn end_by_itself(&mut self, input: Option<zeroize::Zeroizing<Vec<u8>>>) -> io::Result<Ended> {
        if let (Some(mut pipe), Some(input)) = (self.child.stdin.take(), input) {
            // Who does not read it does not want it.
            let _ = pipe.write_all(&input).await;
        }
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let group = self.group;
        let waited = async {
            let status = self.child.wait().await;
            // Whoever it has left behind would keep the pipes open.
            end(group);
            status
        };
        let (status, said, complained) = tokio::join!(waited, heard(out), heard(err));
        Ok((status?.code(), said, complained))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(self.group);
    }
}

fn end(group: Option<Pid>) {
    // Whoever is not there any more has ended by himself.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
}

/// What is said, as much as is kept of it, until nobody can say anything any more.
pub(super) async fn heard(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let (mut kept, mut part) = (Vec::new(), [0; 4096]);
    let Some(mut pipe) = pipe else { return String::new() };
    while let Ok(read @ 1..) = pipe.read(&mut part).await {
        kept.extend_from_slice(&part[..read.min(MOST - kept.len())]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn meant(tool: &Tool, code: i32, said: &str) -> Failure {
    let told: String = said.trim().chars().take(TOLD).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cause = match tool.codes.iter().find(|(known, _)| *known == code).map(|(_, meaning)| meaning) {
        Some(Meaning::Unauthorized) => Cause::Unauthorized,
        Some(Meaning::Denied) => Cause::Denied,
        Some(Meaning::Unsupported) => Cause::Unsupported,
        Some(Meaning::Busy) => Cause::Busy { retry_after: None },
        Some(Meaning::Unreachable) => Cause::Unreachable { reason: told.clone() },
        Some(Meaning::Unknown) => Cause::OutcomeUnknown { reason: told.clone() },
        None => Cause::Refused { code: code.to_string(), message: told.clone() },
    };
    Failure::new(cause, at(tool, Some(code), told))
}

fn missing(tool: &Tool, folder: &Path, error: &io::Error) -> Failure {
    let advice = format!("{} cannot be run ({error}): {}", folder.join(tool.program).display(), tool.about);
    Failure::new(Cause::Unsupported, at(tool, None, advice))
}

fn unknown(tool: &Tool, reason: &str) -> Failure {
    let reason = format!("{}: {reason}", tool.program);
    Failure::new(Cause::OutcomeUnknown { reason: reason.clone() }, at(tool, None, String::new()))
}

fn internal(tool: &Tool, error: &io::Error) -> Failure {
    Cause::Internal { reason: format!("{} could not be run: {error}", tool.program) }.into()
}

fn at(tool: &Tool, exit: Option<i32>, said: String) -> Exchange {
    Exchange::Tool { program: tool.program.to_owned(), exit, said }
}
