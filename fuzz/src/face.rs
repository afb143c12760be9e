//! Datagrams at the face's core: noise, handshakes, commands in sessions, and all of them forged, repeated and late.
//!
//! What it claims: nothing panics, every answer is well-formed, nothing forged is answered, tables stay small, and a
//! command that was sealed once acts once at most, however often its datagram comes and in whichever order.

use std::{net::SocketAddr, time::Duration};

use halmark::{drivers::ipmi::rmcp::message::Request, endpoint::Suite};
use halmark_simulators::{Bmc, ipmi::fuzzing::Face};

use crate::{
    console::{Console, Login},
    source::{Source, mutated},
    well_formed, world,
};

/// Chassis Control, diagnostic interrupt (§28.3): the truth log has one event for each.
const CONTROL: (u8, u8, u8) = (0x00, 0x02, 0);
const INTERRUPT: u8 = 4;
const EVENT: &str = "host.nmi";
/// Functions that have commands: chassis, sensors and events, application, storage, transport, DCMI.
const FUNCTIONS: [u8; 7] = [0x00, 0x04, 0x06, 0x06, 0x0A, 0x0C, 0x2C];
/// What would make interrupts of its own: Chassis Control, the watchdog's commands. What makes packets that no code covers:
/// Activate Payload, Suspend/Resume Payload Encryption.
const LEFT_OUT: [(u8, u8); 5] = [(0x00, 0x02), (0x06, 0x22), (0x06, 0x24), (0x06, 0x48), (0x06, 0x55)];
/// So many of the last datagrams can be sent again; so many sessions are spoken in.
const KEPT: usize = 48;
const CONSOLES: usize = 6;

/// What the datagrams of one BMC did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams answered.
    pub answered: u64,
    /// Of those sent, the ones that were repetitions or came late.
    pub again: u64,
    /// Of those sent, the ones that were changed on their way.
    pub forged: u64,
    /// Sessions opened.
    pub sessions: u64,
    /// Interrupts that were asked for and answered as done, each datagram once.
    pub asked: u64,
    /// Interrupts in the truth log.
    pub acted: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.sent += more.sent;
        self.answered += more.answered;
        self.again += more.again;
        self.forged += more.forged;
        self.sessions += more.sessions;
        self.asked += more.asked;
        self.acted += more.acted;
    }
}

/// One BMC, and those who speak to it.
pub struct Siege {
    bmc: Bmc,
    face: Face,
    accounts: Vec<(String, String)>,
    consoles: Vec<Console>,
    legacy: Option<Legacy>,
    sent: Vec<Sent>,
    seen: usize,
    /// What happened so far.
    pub tally: Tally,
}

/// A datagram that was made, delivered or not.
#[derive(Clone)]
struct Sent {
    datagram: Vec<u8>,
    from: SocketAddr,
    /// The session, by the BMC's number.
    session: u32,
    interrupts: bool,
    answered: bool,
}

/// A session of IPMI v1.5 whose packets carry the password.
struct Legacy {
    session: u32,
    sequence: u32,
    password: [u8; 16],
    number: u8,
}

/// Everything that a fuzzer's bytes say, on a new BMC.
pub fn run(mut bytes: &[u8]) -> Tally {
    world::run(async {
        let mut siege = Siege::new(7);
        while !bytes.is_empty() {
            siege.step(&mut bytes).await;
        }
        siege.end();
        siege.tally
    })
}

impl Siege {
    /// Of the generic BMC with this seed; needs the runtime of [`world::run`].
    pub fn new(seed: u64) -> Self {
        let bmc = world::bmc(seed);
        let (face, accounts) = (Face::new(&bmc), bmc.control().accounts());
        let seen = bmc.control().event_count();
        let (consoles, sent) = (Vec::new(), Vec::new());
        Self { bmc, face, accounts, consoles, legacy: None, sent, seen, tally: Tally::default() }
    }

    /// One decision, and what follows from it.
    pub async fn step(&mut self, source: &mut impl Source) {
        match source.below(20) {
            0 => self.noise(source),
            1 | 2 => self.outside(source),
            3 => self.enter(source),
            4 => self.break_off(source),
            5 => self.enter_legacy(source),
            6 => self.say_legacy(source),
            7..=9 => self.command(source, true),
            10 | 11 => self.interrupt(source, true),
            12 => self.interrupt(source, false),
            13 => self.command(source, false),
            14..=16 => self.again(source),
            17 | 18 => self.forge(source),
            _ => self.wait(source).await,
        }
        self.look();
    }

    /// The last look.
    pub fn end(&mut self) {
        self.look();
        self.bmc.stop();
    }

    fn look(&mut self) {
        let control = self.bmc.control();
        let count = control.event_count();
        if count > self.seen {
            let events = control.events_from(self.seen);
            assert_eq!(events.len(), count - self.seen, "the truth log is whole");
            self.tally.acted += events.iter().filter(|it| it.name == EVENT).count() as u64;
            self.seen = count;
        }
        assert!(self.tally.acted <= self.tally.asked, "a command acted twice: {:?}", self.tally);
        let held = self.face.held();
        assert!(
            held.open <= 16 && held.closed <= 64 && held.beginning <= 16 && held.challenged <= 16,
            "{held:?}"
        );
        assert!(held.steps <= 16 * 4 * 4096, "{held:?}");
    }

    fn take(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        self.tally.sent += 1;
        let answer = self.face.take(from, datagram)?;
        self.tally.answered += 1;
        well_formed::check(&answer);
        Some(answer)
    }

    /// Bytes, at times behind a header that makes them a packet of one of the three kinds.
    fn noise(&mut self, source: &mut impl Source) {
        let heads: [&[u8]; 4] =
            [&[], &[6, 0, 0xFF, 6, 0, 0, 0x11, 0xBE, 0x80], &[6, 0, 0xFF, 7, 6], &[6, 0, 0xFF, 7]];
        let head = heads[source.below(heads.len())];
        let count = source.below(256);
        let datagram = [head, &source.bytes(count)].concat();
        self.take(address(0), &datagram);
    }

    /// A message without a session, by either version, or a payload of another type.
    fn outside(&mut self, source: &mut impl Source) {
        let (command, data) = any_command(source);
        let message = message(command, 1, &data);
        let datagram = match source.below(4) {
            0 => plus(source.below(256) as u8, &message),
            1 => plus([0x10, 0x12, 0x14][source.below(3)], &data),
            2 => legacy(source.below(6) as u8, 0, 0, [0; 16], &message),
            _ => plus(0, &message),
        };
        self.take(address(source.below(4) as u8), &datagram);
        self.keep(datagram, address(0), 0, false);
    }

    fn login(&mut self, source: &mut impl Source) -> Login {
        let who = self.accounts[source.below(self.accounts.len())].clone();
        let suite = [Suite::Three, Suite::Seventeen][source.below(2)];
        let random = source.sixteen();
        let id = u32::from_le_bytes([random[0], random[1], 0, 1]);
        Login { who, suite, id, random, from: address(source.below(4) as u8) }
    }

    fn enter(&mut self, source: &mut impl Source) {
        let login = self.login(source);
        let mut steps = Vec::new();
        let console = login.enter(&mut self.face, &mut steps);
        self.tally.sent += steps.len() as u64;
        steps.into_iter().for_each(|it| self.keep(it, login.from, 0, false));
        let Some(mut console) = console else { return };
        self.tally.sessions += 1;
        let raise = console.request((0x06, 0x3B, 0), &[4], login.random);
        self.take(login.from, &raise);
        if self.consoles.len() == CONSOLES {
            self.consoles.remove(0);
        }
        self.consoles.push(console);
    }

    /// A handshake that ends after its first step, or goes on in a way of its own.
    fn break_off(&mut self, source: &mut impl Source) {
        let login = self.login(source);
        let (opening, datagram) = login.opening();
        let Some(answer) = self.take(login.from, &datagram) else { return };
        let payload = &answer[16..];
        let Ok(_) = opening.answer(payload) else { return };
        let id = &payload[8..12];
        for _ in 0..source.below(8) {
            let (name, random) = (login.who.0.as_bytes(), source.sixteen());
            let first = [&[random[0], 0, 0, 0], id, &random, &[0x14, 0, 0, name.len() as u8], name].concat();
            let third = [&[random[0], (source.below(8) == 0) as u8, 0, 0], id, &random].concat();
            let (kind, payload) = if source.below(3) == 0 { (0x14, third) } else { (0x12, first) };
            let datagram = plus(kind, &payload);
            self.take(login.from, &datagram);
        }
    }

    /// A command with whatever data, in a session; at times it is made and not yet sent.
    fn command(&mut self, source: &mut impl Source, now: bool) {
        let (command, data) = any_command(source);
        self.seal(source, command, &data, false, now);
    }

    fn interrupt(&mut self, source: &mut impl Source, now: bool) {
        self.seal(source, CONTROL, &[INTERRUPT], true, now);
    }

    fn seal(
        &mut self,
        source: &mut impl Source,
        command: (u8, u8, u8),
        data: &[u8],
        interrupts: bool,
        now: bool,
    ) {
        if self.consoles.is_empty() {
            return;
        }
        let place = source.below(self.consoles.len());
        let console = &mut self.consoles[place];
        let datagram = console.request(command, data, [self.tally.sent as u8; 16]);
        let (from, session) = (console.from, console.bmc_id());
        self.keep(datagram, from, session, interrupts);
        if now {
            self.deliver(self.sent.len() - 1);
        }
    }

    /// What was made comes, for the first time or not.
    fn again(&mut self, source: &mut impl Source) {
        if !self.sent.is_empty() {
            let place = source.below(self.sent.len());
            self.tally.again += 1;
            self.deliver(place);
        }
    }

    fn deliver(&mut self, place: usize) {
        let Sent { datagram, from, .. } = self.sent[place].clone();
        let answer = self.take(from, &datagram);
        self.answered(place, answer);
    }

    fn answered(&mut self, place: usize, answer: Option<Vec<u8>>) {
        let Some(answer) = answer else { return };
        let session = self.sent[place].session;
        let console = self.consoles.iter_mut().find(|it| session != 0 && it.bmc_id() == session);
        let completion = console.map(|it| it.completion(&answer));
        let sent = &mut self.sent[place];
        if sent.interrupts && !sent.answered && completion.is_none_or(|it| it == 0) {
            self.tally.asked += 1;
        }
        sent.answered = true;
    }

    /// Something changed on its way: in a session nobody answers that, unless the change is in what no code covers.
    fn forge(&mut self, source: &mut impl Source) {
        if self.sent.is_empty() {
            return;
        }
        let place = source.below(self.sent.len());
        let Sent { datagram, from, session, .. } = self.sent[place].clone();
        let mutant = mutated(source, &datagram);
        let answer = self.take(from, &mutant);
        self.tally.forged += 1;
        if mutant.get(4..) == datagram.get(4..) {
            self.answered(place, answer);
        } else if session != 0 && mutant.get(6..10) == Some(&session.to_le_bytes()) {
            assert!(answer.is_none(), "a forgery was answered: {mutant:02x?} instead of {datagram:02x?}");
        }
    }

    /// A session of IPMI v1.5 of somebody who may only read.
    fn enter_legacy(&mut self, source: &mut impl Source) {
        const PASSWORD: u8 = 4;
        let Some((user, password)) = self.accounts.iter().find(|it| it.0 == "readonly").cloned() else {
            return;
        };
        let Some(password) = padded(&password) else { return };
        let name: [u8; 16] = padded(&user).unwrap_or_default();
        let asked = message((0x06, 0x39, 0), 1, &[&[PASSWORD][..], &name].concat());
        let Some(answer) = self.take(address(1), &legacy(0, 0, 0, [0; 16], &asked)) else { return };
        let Some(&given) = answer.get(21..).and_then(|it| it.first_chunk::<20>()) else { return };
        let mut data = [&[PASSWORD, 2][..], &given[4..], &[1, 0, 0, 0]].concat();
        if source.below(4) == 0 {
            data = mutated(source, &data);
        }
        let temporary = u32::from_le_bytes([given[0], given[1], given[2], given[3]]);
        let activate = legacy(PASSWORD, 0, temporary, password, &message((0x06, 0x3A, 0), 2, &data));
        let answer = self.take(address(1), &activate);
        self.keep(activate, address(1), 0, false);
        let body = answer.as_ref().and_then(|it| it.get(37..)).and_then(|it| it.first_chunk::<9>());
        if let Some(&[PASSWORD, a, b, c, d, e, f, g, h]) = body {
            let (session, sequence) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
            self.tally.sessions += 1;
            self.legacy = Some(Legacy { session, sequence, password, number: 3 });
        }
    }

    fn say_legacy(&mut self, source: &mut impl Source) {
        let (command, data) = any_command(source);
        let Some(it) = &mut self.legacy else { return };
        it.number = (it.number + 1) & 0x3F;
        let datagram = legacy(4, it.sequence, it.session, it.password, &message(command, it.number, &data));
        it.sequence = it.sequence.wrapping_add(1).max(1);
        self.take(address(1), &datagram);
        self.keep(datagram, address(1), 0, false);
    }

    /// A moment, or more than a minute; somebody sees to it that the host is on.
    async fn wait(&mut self, source: &mut impl Source) {
        let length = match source.below(64) {
            0 => Duration::from_secs(70),
            1..8 => Duration::from_secs(6),
            few => Duration::from_millis(few as u64),
        };
        world::pass(length).await;
        if !self.face.is_up() {
            world::pass(Duration::from_secs(200)).await;
        }
        self.legacy = self.legacy.take().filter(|_| length < Duration::from_secs(60));
    }

    fn keep(&mut self, datagram: Vec<u8>, from: SocketAddr, session: u32, interrupts: bool) {
        if self.sent.len() == KEPT {
            self.sent.remove(0);
        }
        self.sent.push(Sent { datagram, from, session, interrupts, answered: false });
    }
}

fn address(last: u8) -> SocketAddr {
    ([192, 0, 2, last], 49152).into()
}

fn padded(text: &str) -> Option<[u8; 16]> {
    let mut all = [0; 16];
    all.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(all)
}

fn any_command(source: &mut impl Source) -> ((u8, u8, u8), Vec<u8>) {
    let function = FUNCTIONS[source.below(FUNCTIONS.len())];
    let number = source.below(0x80) as u8;
    let number = if LEFT_OUT.contains(&(function, number)) { 1 } else { number };
    let (lun, count) = (u8::from(source.below(32) == 31), source.below(28));
    let mut data = source.bytes(count);
    if let Some(first) = data.first_mut().filter(|_| function == 0x2C) {
        *first = 0xDC;
    }
    ((function, number, lun), data)
}

fn message((netfn, command, lun): (u8, u8, u8), sequence: u8, data: &[u8]) -> Vec<u8> {
    Request { netfn, lun, command, sequence, data }.encode()
}

/// A packet of IPMI v2.0 outside of a session.
fn plus(kind: u8, payload: &[u8]) -> Vec<u8> {
    let head = [6, 0, 0xFF, 7, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0];
    [&head[..], &(payload.len() as u16).to_le_bytes(), payload].concat()
}

/// A packet of IPMI v1.5.
fn legacy(kind: u8, sequence: u32, session: u32, code: [u8; 16], message: &[u8]) -> Vec<u8> {
    let code = if kind == 0 { &[][..] } else { &code };
    let numbers = [sequence.to_le_bytes(), session.to_le_bytes()].concat();
    [&[6, 0, 0xFF, 7, kind], &numbers[..], code, &[message.len() as u8], message].concat()
}
