//! The session and what keeps it going: log in on demand, raise the privilege, retry what may be retried, give up in time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep, timeout_at},
};
use tokio_rustls::rustls::crypto::SecureRandom;

use super::{
    call::{Answered, Call},
    command::{Command, Effect},
    login::{Door, Learnt},
    quirks::{self, Quirk},
    random::RANDOM,
    rmcp::{
        algorithm::BLOCK,
        handshake::{Account, Privilege},
        session::Session,
    },
    wire::{Pace, Silence, Wire},
};
use crate::{
    driver::{Answer, Cause, Deadline, Deviation, DriverError, Operation, Protocol, Reply},
    drivers::{failure::Failure, notes::Notes},
    endpoint::{Endpoint, Seams},
};

/// A session that was idle for longer may be gone (ipmi_sim forgets it after 30 s, the standard says 60 s, §6.12.15);
/// before a changing command goes out on it, a read proves that it is not.
const STALE: Duration = Duration::from_secs(20);
/// How long the end of a session may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// As good as never, for the seam that never gives up.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

const SET_PRIVILEGE: Command = session_command("Set Session Privilege Level", 0x3B);
const CLOSE_SESSION: Command = session_command("Close Session", 0x3C);
/// Get Device ID (§20.1), the cheapest command that a session can be tried with.
const PROBE: Command = session_command("Get Device ID", 0x01);

const fn session_command(name: &'static str, number: u8) -> Command {
    Command::read(name, 0x06, number)
}

/// One BMC over IPMI: where it is, who asks, and the session, if there is one.
pub(super) struct Link {
    endpoint: Endpoint,
    account: Account,
    random: &'static dyn SecureRandom,
    state: Mutex<State>,
    kept_alive: AtomicBool,
}

struct State {
    wire: Option<Wire>,
    live: Option<Live>,
    learnt: Learnt,
    /// The requester's sequence number of the next command, 6 bits (§13.8).
    sequence: u8,
    logged_in_before: bool,
    /// The manufacturer's IANA number, once it was asked for.
    maker: Option<u32>,
}

struct Live {
    session: Session,
    privilege: Privilege,
    /// When it began, and then when the last command that was answered was sent.
    used: Instant,
}

impl Live {
    fn is_stale(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) > STALE
    }
}

/// What a console takes over from the link that it was opened on.
pub(super) struct Parts {
    pub(super) wire: Wire,
    pub(super) session: Session,
    pub(super) sequence: u8,
    pub(super) random: &'static dyn SecureRandom,
    pub(super) seams: Seams,
}

impl Parts {
    /// An initialization vector; `None` when the system gives no random numbers.
    pub(super) fn vector(&self) -> Option<[u8; BLOCK]> {
        let mut vector = [0; BLOCK];
        self.random.fill(&mut vector).ok().map(|()| vector)
    }
}

impl Link {
    pub(super) fn new(endpoint: Endpoint, account: Account) -> Self {
        let state = State {
            wire: None,
            live: None,
            learnt: Learnt::new(endpoint.ipmi.suite),
            sequence: 0,
            logged_in_before: false,
            maker: None,
        };
        Self {
            endpoint,
            account,
            random: &RANDOM,
            state: Mutex::new(state),
            kept_alive: AtomicBool::new(false),
        }
    }

    /// Another link to the same BMC, with a session of its own, that always has others to wait for: those who type.
    pub(super) fn sibling(&self) -> Self {
        let mut endpoint = self.endpoint.clone();
        endpoint.ipmi.blocking = false;
        Self::new(endpoint, self.account.clone())
    }

    /// Keeps the session alive while it is idle, as often as the endpoint says, as long as the link is held.
    pub(super) fn keep_alive(self: &Arc<Self>) {
        let Some(every) = self.endpoint.ipmi.keep_alive.filter(|every| !every.is_zero()) else { return };
        if self.kept_alive.swap(true, Ordering::Relaxed) {
            return;
        }
        let link = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(every).await;
                let Some(link) = link.upgrade() else { break };
                link.nudge(every).await;
            }
        });
    }

    /// Says a word in a session that was idle for that long; one that is gone is not made anew.
    async fn nudge(&self, idle: Duration) {
        let Ok(mut talk) = self.talk(Operation::PowerRead, Deadline::after(FAREWELL)).await else { return };
        let due = talk.state.live.as_ref().is_some_and(|live| live.used.elapsed() >= idle);
        if due && talk.exchange(&PROBE, &[]).await.is_err() {
            talk.forget_session();
        }
    }

    /// The right to speak, one operation at a time: BMCs are confused by more than one outstanding command.
    pub(super) async fn talk(&self, operation: Operation, by: Deadline) -> Result<Talk<'_>, DriverError> {
        let by = if self.endpoint.seams.never_gives_up { Deadline::after(NEVER) } else { by };
        // Nearly always nobody else is speaking, and then no timer is needed.
        let state = match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(_) => timeout_at(by.instant(), self.state.lock()).await,
        };
        match state {
            Ok(state) => Ok(Talk { link: self, state, operation, by, notes: Notes::default() }),
            Err(_) => {
                let cause = Cause::Unreachable { reason: "another operation is under way".to_owned() };
                Err(Failure::from(cause).of(operation, Protocol::Ipmi))
            }
        }
    }

    fn means(&self) -> (&'static dyn SecureRandom, Seams) {
        (self.random, self.endpoint.seams)
    }

    /// Close Session (§22.19).
    pub(super) async fn close(&self) {
        let by = Deadline::after(FAREWELL);
        let Ok(mut state) = timeout_at(by.instant(), self.state.lock()).await else { return };
        let state = &mut *state;
        let (Some(live), Some(wire)) = (state.live.take(), state.wire.take()) else { return };
        if self.endpoint.seams.leaves_session {
            return;
        }
        let (id, mut session) = (live.session.bmc_id().to_le_bytes(), live.session);
        let Ok(mut call) = Call::new(&mut session, self.means(), &mut state.sequence, &CLOSE_SESSION, &id)
        else {
            return;
        };
        // Gone either way: a BMC that does not hear it forgets the session after a minute.
        let datagram = call.datagram();
        let _ = wire.exchange(datagram, &mut call, Pace::once(), by).await;
    }
}

/// How many sessions may fall silent, and be replaced, before a command that changes nothing, or was not sent yet, is given up. A BMC
/// that is away lets nobody log in again; one that does is there, behind a network that loses much or with commands that hang.
const SESSIONS_LOST: u32 = 3;

/// One operation's turn on the link.
pub(super) struct Talk<'a> {
    link: &'a Link,
    state: MutexGuard<'a, State>,
    operation: Operation,
    by: Deadline,
    notes: Notes,
}

/// Why a command brought no answer.
enum Trouble {
    Failed(Failure),
    Silent(Silence),
    /// As silent, before the command itself was sent.
    SilentBefore(Silence),
}

impl Talk<'_> {
    /// The operation's reply.
    pub(super) fn reply<T>(self, outcome: Result<T, Failure>) -> Reply<T> {
        match outcome {
            Ok(value) => Ok(Answer { value, protocol: Protocol::Ipmi, notes: self.notes.into_vec() }),
            Err(failure) => Err(failure.of(self.operation, Protocol::Ipmi)),
        }
    }

    pub(super) fn forgive(&mut self, deviation: Deviation) {
        self.notes.forgive(deviation);
    }

    /// Notes that something is done on account of a quirk.
    pub(super) fn quirk(&mut self, quirk: &Quirk) {
        self.notes.ipmi_quirk(quirk);
    }

    /// Whether a quirk that no answer shows is to be expected: it was configured, or the BMC is of a manufacturer that has it.
    pub(super) async fn expects(&mut self, quirk: &Quirk) -> Result<bool, Failure> {
        if self.link.endpoint.ipmi.quirks.contains(quirk.name) {
            self.quirk(quirk);
            return Ok(true);
        }
        let maker = match self.state.maker {
            Some(maker) => maker,
            None => {
                let answered = self.try_ask(&PROBE, &[]).await?;
                let bytes = answered.data.get(6..9).filter(|_| answered.completion == 0);
                *self
                    .state
                    .maker
                    .insert(bytes.map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2] & 0x0F, 0])))
            }
        };
        let applies = quirk.is_of(maker);
        if applies {
            self.quirk(quirk);
        }
        Ok(applies)
    }

    /// Waits, if the deadline leaves time for it and for something after it.
    pub(super) async fn pause(&mut self, time: Duration) -> bool {
        let fits = time < self.by.left();
        if fits {
            sleep(time).await;
        }
        fits
    }

    /// Raises the session to the highest privilege that the BMC gives it.
    pub(super) async fn rise(&mut self) -> Result<(), Failure> {
        self.be_logged_in(&PROBE).await?;
        let role = self.state.learnt.role;
        for level in Privilege::LADDER.into_iter().filter(|level| *level <= role) {
            match self.try_ask(&PROBE.for_role(level), &[]).await {
                Err(Failure { cause: Cause::Denied, .. }) if level > Privilege::User => {
                    self.quirk(&quirks::LOWER_PRIVILEGE);
                }
                outcome => return outcome.map(drop),
            }
        }
        Ok(())
    }

    /// Sends a command and demands completion code 00h.
    pub(super) async fn ask(&mut self, command: &Command, data: &[u8]) -> Result<Vec<u8>, Failure> {
        let answered = self.try_ask(command, data).await?;
        match answered.completion {
            0 => Ok(answered.data),
            code => Err(command.refused(code)),
        }
    }

    /// Sends a command; a completion code other than 00h is for the caller to judge.
    pub(super) async fn try_ask(&mut self, command: &Command, data: &[u8]) -> Result<Answered, Failure> {
        let seams = self.link.endpoint.seams;
        let mut backoff = Duration::from_millis(500);
        let mut sessions_lost = 0;
        let mut unknown = 0;
        loop {
            let silence = match self.attempt(command, data).await {
                Ok(answered) => {
                    let busy = command.may_follow(answered.completion) && !seams.never_retries;
                    if !busy || backoff >= self.by.left() {
                        return Ok(answered);
                    }
                    None
                }
                Err(Trouble::Failed(failure)) => return Err(failure),
                Err(Trouble::Silent(silence)) if command.effect == Effect::Changes => {
                    self.state.live = None;
                    unknown += 1;
                    if seams.retries_unknown_outcome && unknown < 3 {
                        continue;
                    }
                    let cause = Cause::OutcomeUnknown { reason: silence.reason };
                    return Err(Failure::new(cause, command.at(None)));
                }
                Err(Trouble::Silent(silence) | Trouble::SilentBefore(silence)) => Some(silence),
            };
            let Some(silence) = silence else {
                sleep(if seams.hammers { Duration::from_millis(1) } else { backoff }).await;
                backoff = (backoff * 2).min(Duration::from_secs(5));
                continue;
            };
            self.abandon();
            sessions_lost += 1;
            if sessions_lost > SESSIONS_LOST
                || silence.deadline
                || seams.never_retries
                || seams.never_logs_in_again
            {
                let cause = Cause::Unreachable { reason: silence.reason };
                return Err(Failure::new(cause, command.at(None)));
            }
        }
    }

    /// Gives up a session that nothing comes from. It may well be there still, and a BMC has few: it is told to close it, once, and
    /// nobody waits for the answer.
    fn abandon(&mut self) {
        let (link, state) = (self.link, &mut *self.state);
        let (Some(live), Some(wire)) = (state.live.take(), &state.wire) else { return };
        if link.endpoint.seams.leaves_session {
            return;
        }
        let (id, mut session) = (live.session.bmc_id().to_le_bytes(), live.session);
        let call = Call::new(&mut session, link.means(), &mut state.sequence, &CLOSE_SESSION, &id);
        if let Ok(mut call) = call {
            wire.tell(&call.datagram());
        }
    }

    /// Gives the session away.
    pub(super) fn hand_over(&mut self) -> Result<Parts, Failure> {
        let lost = || Cause::Internal { reason: "no session to hand over".to_owned() };
        let wire = self.state.wire.take().ok_or_else(lost)?;
        let live = self.state.live.take().ok_or_else(lost)?;
        let (random, seams) = self.link.means();
        Ok(Parts { wire, session: live.session, sequence: self.state.sequence, random, seams })
    }

    /// After the BMC restarts there is no session any more, and nothing to close.
    pub(super) fn forget_session(&mut self) {
        self.state.live = None;
    }

    async fn attempt(&mut self, command: &Command, data: &[u8]) -> Result<Answered, Trouble> {
        self.be_logged_in(command).await?;
        if command.effect == Effect::Changes {
            self.be_sure_of_the_session().await?;
        }
        self.be_privileged(command).await?;
        let answered = self.exchange(command, data).await?;
        if command.effect == Effect::Changes && self.link.endpoint.seams.repeats_changing_request {
            // A seeded fault: a second command, whatever becomes of it.
            let _ = self.exchange(command, data).await;
        }
        Ok(answered)
    }

    async fn be_logged_in(&mut self, command: &Command) -> Result<(), Failure> {
        if self.state.live.is_some() {
            return Ok(());
        }
        // Apart, since it is rare and large, and what a command is carried out with would carry it along each time.
        Box::pin(self.log_in(command)).await
    }

    async fn log_in(&mut self, command: &Command) -> Result<(), Failure> {
        let (link, by) = (self.link, self.by);
        let state = &mut *self.state;
        let seams = link.endpoint.seams;
        let unreachable = |reason: String| Failure::new(Cause::Unreachable { reason }, command.at(None));
        if state.logged_in_before && seams.never_logs_in_again {
            return Err(unreachable("the session is gone".to_owned()));
        }
        if state.wire.is_none() {
            let opened = timeout_at(by.instant(), Wire::open(&link.endpoint)).await;
            let late = |_| unreachable("the host's name was not resolved in time".to_owned());
            state.wire = Some(opened.map_err(late)?.map_err(|e| unreachable(e.to_string()))?);
        }
        let wire = state.wire.as_ref().expect("opened just now");
        let door = Door { wire, account: &link.account, random: link.random, seams };
        let session = door.login(&mut state.learnt, by).await?;
        if state.learnt.odd_role {
            self.notes.ipmi_quirk(&quirks::OPEN_SESSION_ROLE);
        }
        // Whatever role was asked for, a session begins as USER (§22.18).
        state.live = Some(Live { session, privilege: Privilege::User, used: Instant::now() });
        state.logged_in_before = true;
        Ok(())
    }

    async fn be_sure_of_the_session(&mut self) -> Result<(), Trouble> {
        if self.state.live.as_ref().is_some_and(|live| live.is_stale(Instant::now())) {
            self.exchange(&PROBE, &[]).await.map_err(Trouble::before)?;
        }
        Ok(())
    }

    /// Set Session Privilege Level (§22.18), exactly to what the command needs.
    async fn be_privileged(&mut self, command: &Command) -> Result<(), Trouble> {
        let wanted = command.privilege;
        if self.state.live.as_ref().is_none_or(|live| live.privilege >= wanted) {
            return Ok(());
        }
        let answered = self.exchange(&SET_PRIVILEGE, &[wanted as u8]).await.map_err(Trouble::before)?;
        match answered.completion {
            0x80..=0x82 | 0xD4 => {
                Err(Failure::new(Cause::Denied, SET_PRIVILEGE.at(Some(answered.completion))).into())
            }
            // 00h, or a BMC without the command: the command itself will tell.
            code => {
                if code == 0xC1 {
                    self.quirk(&quirks::NO_SET_PRIVILEGE);
                }
                if let Some(live) = &mut self.state.live {
                    live.privilege = wanted;
                }
                Ok(())
            }
        }
    }

    async fn exchange(&mut self, command: &Command, data: &[u8]) -> Result<Answered, Trouble> {
        let (link, by) = (self.link, self.by);
        let state = &mut *self.state;
        let (Some(live), Some(wire)) = (&mut state.live, &state.wire) else {
            let cause = Cause::Internal { reason: "no session to speak in".to_owned() };
            return Err(Failure::from(cause).into());
        };
        let mut now = Instant::now();
        let stale = live.is_stale(now);
        let mut call = Call::new(&mut live.session, link.means(), &mut state.sequence, command, data)?;
        let pace = match command.effect {
            Effect::Repeatable if stale => Pace::probing(link.endpoint.seams),
            Effect::Repeatable => Pace::brisk(link.endpoint.seams),
            Effect::Changes => Pace::patient(link.endpoint.seams),
        };
        let datagram = call.datagram();
        let answered = wire.exchange_at(&mut now, datagram, &mut call, pace, by).await?;
        live.used = now;
        if !answered.checksums_fit {
            self.forgive(Deviation::BadChecksum { what: "an IPMI message" });
        }
        Ok(answered)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Silence> for Trouble {
    fn from(silence: Silence) -> Self {
        Self::Silent(silence)
    }
}

impl Trouble {
    /// The same in an exchange that only prepares the command.
    fn before(self) -> Self {
        match self {
            Self::Silent(silence) => Self::SilentBefore(silence),
            other => other,
        }
    }
}
