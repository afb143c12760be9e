//! One who has connected: SSH's packets in and out, who he is, and what he says to the shell or to the host.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use sunset::{
    ChanData, ChanHandle, Error, Event, Runner, ServEvent, Server,
    event::{ServOpenSession, ServPasswordAuth},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    select,
    time::timeout,
};

use super::{
    Shell,
    racadm::{self, Asked},
    service::Shared,
};
use crate::{
    accounts::{Entrance, Role},
    machine::Power,
    serial::{self, Taken, Terminal},
};

/// So often somebody may be wrong about who he is.
const ATTEMPTS: usize = 3;
/// For so long is waited that the last words are taken.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// So much may wait to be said; whoever does not listen to it is not listened to either.
const UNSAID: usize = 64 * 1024;
/// So much of what somebody says who is not listened to; with more he is sent away.
const UNHEARD: usize = 256 * 1024;

/// A connection.
pub(super) struct Connection {
    shared: Arc<Shared>,
    runner: Runner<'static, Server>,
    /// What has come and was not yet taken.
    arrived: Vec<u8>,
    role: Option<Role>,
    wrong: usize,
    channel: Option<ChanHandle>,
    line: racadm::Line,
    host: Option<Host>,
    /// What is to be said.
    out: Vec<u8>,
    /// Whether it ends when everything is said.
    leaves: bool,
}

/// The host at the other end.
struct Host {
    _port: Taken,
    terminal: Terminal,
    /// So many events of the machine are told.
    seen: usize,
}

impl Connection {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: shared.clone(),
            runner: Runner::new_server_owned(),
            arrived: Vec::new(),
            role: None,
            wrong: 0,
            channel: None,
            line: racadm::Line::default(),
            host: None,
            out: Vec::new(),
            leaves: false,
        }
    }

    /// Whether he has said who he is.
    pub(super) fn is_known(&self) -> bool {
        self.role.is_some()
    }

    /// Goes on until this is so; false where the connection is at its end before.
    pub(super) async fn run(
        &mut self,
        stream: &mut TcpStream,
        until: impl Fn(&Self) -> bool,
    ) -> io::Result<bool> {
        loop {
            let goes_on = self.settle().unwrap_or(false);
            let is_said = self.out.is_empty() && !self.runner.is_output_pending();
            if !goes_on || self.wrong >= ATTEMPTS || (self.leaves && is_said) {
                return Ok(false);
            }
            if until(self) {
                return Ok(true);
            }
            match self.leaves {
                true => timeout(LAST_WORDS, self.wait(stream)).await??,
                false => self.wait(stream).await?,
            }
        }
    }

    /// Does everything that can be done without waiting; whether there is more to come.
    fn settle(&mut self) -> Result<bool, Error> {
        loop {
            let mut moved = false;
            if !self.arrived.is_empty() && self.runner.is_input_ready() {
                let taken = self.runner.input(&self.arrived)?;
                self.arrived.drain(..taken);
                moved |= taken > 0;
            }
            moved |= match self.progress()? {
                None => return Ok(false),
                Some(moved) => moved,
            };
            moved |= self.hear()?;
            self.follow_host();
            moved |= self.say()?;
            if !moved {
                return Ok(true);
            }
        }
    }

    /// One step of SSH's own; nothing where it is over.
    fn progress(&mut self) -> Result<Option<bool>, Error> {
        let event = match self.runner.progress()? {
            Event::Serv(event) => event,
            Event::Progressed => return Ok(Some(true)),
            Event::None => return Ok(Some(false)),
            Event::Cli(_) => return Ok(None),
        };
        match event {
            ServEvent::Hostkeys(keys) => keys.hostkeys(&[&self.shared.key])?,
            ServEvent::FirstAuth(auth) => auth.reject()?,
            ServEvent::PubkeyAuth(auth) => auth.reject()?,
            ServEvent::PasswordAuth(auth) => match login(&self.shared, auth)? {
                Some(role) => {
                    self.role = Some(role);
                    self.shared.sessions.fetch_add(1, Ordering::Relaxed);
                }
                None => self.wrong += 1,
            },
            ServEvent::OpenSession(open) => open_session(&mut self.channel, open)?,
            ServEvent::SessionPty(pty) => pty.succeed()?,
            ServEvent::SessionShell(shell) => {
                shell.succeed()?;
                self.out.extend_from_slice(racadm::PROMPT.as_bytes());
            }
            // Commands without the shell are not simulated.
            ServEvent::SessionExec(exec) | ServEvent::SessionSubsystem(exec) => exec.fail()?,
            ServEvent::SessionEnv(env) => env.fail()?,
            ServEvent::Defunct => return Ok(None),
            ServEvent::Authenticated | ServEvent::PollAgain => {}
        }
        Ok(Some(true))
    }

    /// What he has typed.
    fn hear(&mut self) -> Result<bool, Error> {
        let Some(channel) = &self.channel else { return Ok(false) };
        if self.leaves || self.runner.is_channel_eof(channel) {
            // What comes now is nobody's, and must not keep the rest from being heard.
            self.leaves = true;
            self.runner.discard_read_channel(channel)?;
            return Ok(false);
        }
        if self.out.len() >= UNSAID {
            return Ok(false);
        }
        let mut typed = [0; 1024];
        let count = self.runner.read_channel(channel, ChanData::Normal, &mut typed)?;
        match self.shared.shell {
            Shell::Racadm => typed[..count].iter().for_each(|byte| self.typed(*byte)),
        }
        Ok(count > 0)
    }

    fn typed(&mut self, byte: u8) {
        if self.leaves {
            return;
        }
        if self.host.is_some() {
            return self.pass_on(byte);
        }
        let (echo, asked) = self.line.typed(byte);
        self.out.extend(echo);
        let words = match asked {
            None => return,
            Some(Asked::Words(words)) => words,
            Some(Asked::Console) => match self.open_console() {
                Ok(()) => return self.out.extend_from_slice(racadm::CONNECTED.as_bytes()),
                Err(words) => words.to_owned(),
            },
            Some(Asked::Exit) => {
                self.leaves = true;
                return self.out.extend_from_slice(racadm::FAREWELL.as_bytes());
            }
        };
        self.out.extend_from_slice(words.as_bytes());
        self.out.extend_from_slice(racadm::PROMPT.as_bytes());
    }

    fn open_console(&mut self) -> Result<(), &'static str> {
        if !matches!(self.role, Some(Role::Administrator | Role::Operator)) {
            return Err(racadm::DENIED);
        }
        let bmc = &self.shared.bmc;
        let port = bmc.serial().take().ok_or(racadm::IN_USE)?;
        let seen = bmc.with(|firmware, _| firmware.machine.event_count());
        self.host = Some(Host { _port: port, terminal: Terminal::default(), seen });
        Ok(())
    }

    fn pass_on(&mut self, byte: u8) {
        let Some(host) = &mut self.host else { return };
        if byte == racadm::END {
            self.host = None;
            self.out.extend_from_slice(b"\r\n");
            self.out.extend_from_slice(racadm::PROMPT.as_bytes());
            return;
        }
        let view = self.shared.bmc.view();
        if view.power == Power::Off {
            // Nobody listens to the serial port.
            return;
        }
        self.shared.bmc.ipmi().type_in(&[byte]);
        self.out.extend(host.terminal.typed(&[byte], view.host));
    }

    fn follow_host(&mut self) {
        if let Some(host) = &mut self.host {
            let said = serial::written(&mut host.terminal, &self.shared.bmc, &mut host.seen);
            self.out.extend_from_slice(said.as_bytes());
        }
    }

    /// Says as much as he takes now.
    fn say(&mut self) -> Result<bool, Error> {
        let Some(channel) = self.channel.as_ref().filter(|_| !self.out.is_empty()) else { return Ok(false) };
        let taken = self.runner.write_channel(channel, ChanData::Normal, &self.out)?;
        self.out.drain(..taken);
        Ok(taken > 0)
    }

    /// Waits until something can be sent, something has come, or something has happened to the host.
    async fn wait(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let happened = async {
            match &self.host {
                Some(host) => self.shared.bmc.happened_after(host.seen).await,
                None => std::future::pending().await,
            }
        };
        let mut part = [0; 4096];
        let (mut reader, mut writer) = stream.split();
        let pending = self.runner.is_output_pending();
        if pending {
            let sent = writer.write(self.runner.output_buf()).await?;
            self.runner.consume_output(sent);
            return Ok(());
        }
        select! {
            () = happened => {}
            // Whoever is not listened to is read all the same: else nobody would see that he has gone.
            read = reader.read(&mut part) => match read? {
                0 => self.runner.close_input(),
                count if self.arrived.len() + count > UNHEARD => return Err(io::ErrorKind::OutOfMemory.into()),
                count => self.arrived.extend_from_slice(&part[..count]),
            }
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.role.is_some() {
            self.shared.sessions.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What somebody may do who has the account and its password.
fn login(shared: &Shared, auth: ServPasswordAuth<'_, '_>) -> Result<Option<Role>, Error> {
    shared.attempts.fetch_add(1, Ordering::Relaxed);
    let role = match (auth.username(), auth.password()) {
        (Ok(user), Ok(password)) => {
            shared.bmc.admit(user, |own| own == password, Entrance::Redfish, |account| account.role)
        }
        _ => None,
    };
    match role {
        Some(_) => auth.allow()?,
        None => auth.reject()?,
    }
    Ok(role)
}

/// One channel is enough for a shell.
fn open_session(channel: &mut Option<ChanHandle>, open: ServOpenSession<'_, '_>) -> Result<(), Error> {
    match channel {
        None => *channel = Some(open.accept()?),
        Some(_) => open.reject(sunset::ChanFail::SSH_OPEN_ADMINISTRATIVELY_PROHIBITED)?,
    }
    Ok(())
}
