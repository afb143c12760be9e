//! One datagram at a core that lives on: the quick way to a billion of them.
//!
//! What stands is set up once for thousands of executions: a BMC with its host on, and two sessions at its face and at the driver's
//! core, one for each suite. What an execution claims is about its own datagram alone, so that any of them can be shown again from
//! its bytes; what is about many datagrams, such as repetitions, is claimed by [`crate::face`] and [`crate::driver`].

use std::cell::RefCell;

use halmark::{
    Secret,
    drivers::ipmi::rmcp::{
        handshake::{Account, Manner, Opening, Privilege, Trust},
        message, packet,
        session::Session,
    },
    endpoint::Suite,
};
use halmark_simulators::{Bmc, ipmi::fuzzing::Face};

use crate::{
    console::{Console, Login},
    peer::Peer,
    source::{Source, mutated},
    well_formed, world,
};

/// So many executions, then everything is set up anew: what commands have changed must not bury what others would find.
const EACH: u32 = 4096;
/// What takes a session away or its answers' protection: Close Session, Set Session Privilege Level, Activate Payload, Suspend/Resume
/// Payload Encryption; and what takes the BMC away: Cold Reset, Warm Reset.
const LEFT_OUT: [u8; 6] = [0x3C, 0x3B, 0x48, 0x55, 0x02, 0x03];
const SUITES: [Suite; 2] = [Suite::Three, Suite::Seventeen];
const PASSWORD: &[u8] = b"driver-password";
const RANDOM: [u8; 16] = [0x5A; 16];

thread_local! {
    static LIVING: RefCell<Option<Living>> = const { RefCell::new(None) };
    static GIVEN: RefCell<Given> = const { RefCell::new(Given(0)) };
}

/// What stands.
struct Living {
    left: u32,
    bmc: Bmc,
    face: Face,
    consoles: Vec<Console>,
    /// The driver's end of a session, and the BMC's.
    sessions: Vec<(Session, Session)>,
}

/// What a fuzzer gives at a time: datagrams, each after a byte with its length. What libFuzzer does between two inputs takes five times
/// as long as a datagram does.
pub fn each(mut bytes: &[u8]) {
    while let Some((length, rest)) = bytes.split_first() {
        let (datagram, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        bytes = rest;
        // A kind and something to go with it; less than that is no datagram.
        if datagram.len() > 2 {
            run(datagram);
            GIVEN.with_borrow_mut(|given| given.0 += 1);
        }
    }
}

/// How many datagrams there were; it is told at the end.
struct Given(u64);

impl Drop for Given {
    fn drop(&mut self) {
        eprintln!("datagrams: {}", self.0);
    }
}

/// One datagram; whether it was answered or opened.
pub fn run(mut bytes: &[u8]) -> bool {
    LIVING.with_borrow_mut(|cell| {
        world::run(async {
            let mut living = match cell.take() {
                Some(living) if living.left > 0 => living,
                old => {
                    drop(old);
                    // What it had running is gone when the runtime has had its turn.
                    tokio::task::yield_now().await;
                    Living::new()
                }
            };
            living.left -= 1;
            let heard = living.take(&mut bytes);
            if living.face.is_up() {
                *cell = Some(living);
            } else {
                living.bmc.stop();
            }
            heard
        })
    })
}

impl Living {
    fn new() -> Self {
        let bmc = world::bmc(7);
        let mut face = Face::new(&bmc);
        let who = bmc.control().accounts().into_iter().next().expect("somebody may come in");
        let consoles = SUITES.map(|suite| {
            let from = ([192, 0, 2, 1], 49152).into();
            let login = Login { who: who.clone(), suite, id: 0x0100_0001, random: RANDOM, from };
            let mut console =
                login.enter(&mut face, &mut Vec::new()).expect("a session with the right password");
            let raise = console.request((0x06, 0x3B, 0), &[4], RANDOM);
            face.take(console.from, &raise).expect("an administrator");
            console
        });
        Self { left: EACH, bmc, face, consoles: consoles.into(), sessions: SUITES.map(session).into() }
    }

    fn take(&mut self, source: &mut &[u8]) -> bool {
        let kind = source.byte().unwrap_or_default();
        let which = usize::from(kind >> 7);
        match kind & 7 {
            0 | 1 => self.noise(source),
            2 | 3 => self.command(source, which),
            4 => self.forged(source, which),
            5 => self.answer(source, which),
            6 => self.lie(source, which),
            _ => self.handshake(source, which),
        }
    }

    /// Anything at the face.
    fn noise(&mut self, datagram: &[u8]) -> bool {
        let answer = self.face.take(([192, 0, 2, 7], 49152).into(), datagram);
        answer.inspect(|it| well_formed::check(it)).is_some()
    }

    /// Any command in a session, which is answered: the window is wide enough for one that comes in order.
    fn command(&mut self, source: &mut &[u8], which: usize) -> bool {
        let (function, number) = (source.byte().unwrap_or(6) & 0x3E, source.byte().unwrap_or(1));
        if function == 0x06 && LEFT_OUT.contains(&number) {
            return false;
        }
        let console = &mut self.consoles[which];
        let data = &source[..source.len().min(200)];
        let datagram = console.request((function, number, 0), data, RANDOM);
        let Some(answer) = self.face.take(console.from, &datagram) else { return false };
        well_formed::check(&answer);
        true
    }

    /// A command that was changed on its way is not answered in its session.
    fn forged(&mut self, source: &mut &[u8], which: usize) -> bool {
        let console = &mut self.consoles[which];
        let datagram = console.request((0x06, 0x01, 0), &[], RANDOM);
        let (mutant, id) = (mutated(source, &datagram), console.bmc_id().to_le_bytes());
        let answer = self.face.take(console.from, &mutant);
        let is_same = mutant.get(4..) == datagram.get(4..);
        assert!(
            is_same || answer.is_none() || mutant.get(6..10) != Some(&id),
            "a forgery was answered: {mutant:02x?}"
        );
        // The window moves on with what is right.
        is_same || self.face.take(console.from, &datagram).is_some()
    }

    /// What a BMC seals is opened as it was sealed, and what its message says is read.
    fn answer(&mut self, source: &mut &[u8], which: usize) -> bool {
        let (near, far) = &mut self.sessions[which];
        let plain = &source[..source.len().min(255)];
        let datagram = far.seal(plain, RANDOM);
        let packet = packet::decode(&datagram).expect("a packet of ours");
        assert_eq!(near.open_any(&packet).expect("authentic and new"), plain);
        message::decode(plain).is_ok()
    }

    /// What nobody with the keys has sealed is not opened.
    fn lie(&mut self, source: &mut &[u8], which: usize) -> bool {
        let (near, far) = &mut self.sessions[which];
        let datagram = far.seal(b"what a BMC has to say", RANDOM);
        let mutant = if source.len() > 24 { source.to_vec() } else { mutated(source, &datagram) };
        let opened = packet::decode(&mutant).ok().and_then(|packet| near.open_any(&packet).ok());
        assert!(
            opened.is_none() || mutant.get(4..) == datagram.get(4..),
            "a forgery was opened: {mutant:02x?}"
        );
        // The window moves on with what is right.
        let packet = packet::decode(&datagram).expect("a packet of ours");
        assert_ne!(opened.is_some(), near.open_any(&packet).is_ok(), "it is opened once");
        opened.is_some()
    }

    /// Any answer to each step of a handshake: it is refused, or it is what the other end has really said.
    fn handshake(&mut self, source: &mut &[u8], which: usize) -> bool {
        let (opening, account) = (opening(SUITES[which]), account());
        let mut bmc = Peer::new(PASSWORD, 0x0200_0001, RANDOM);
        let step = source.below(3);
        let (first, other) = (bmc.open_session(&opening.request()).expect("a request"), &source[..]);
        if step == 0 {
            return opening.answer(other).is_ok();
        }
        let opened = opening.answer(&first).expect("its own answer");
        let second = bmc.second(&opened.rakp1(&RANDOM, &account)).expect("a first message");
        if step == 1 {
            let believed = opened.rakp2(other, &RANDOM, &account, Trust::Proven).is_ok();
            assert!(!believed || other[4..].starts_with(&second[4..]), "a lie was believed: {other:02x?}");
            return believed;
        }
        let proven = opened.rakp2(&second, &RANDOM, &account, Trust::Proven).expect("its own answer");
        let (fourth, _) = bmc.fourth(&proven.rakp3()).expect("a third message");
        let believed = proven.rakp4(other, Trust::Proven).is_ok();
        assert!(!believed || other[4..].starts_with(&fourth[4..]), "a lie was believed: {other:02x?}");
        believed
    }
}

fn opening(suite: Suite) -> Opening {
    Opening { tag: 1, suite, role: Privilege::Administrator, console_id: 0x0100_0002, takes_zero: false }
}

fn account() -> Account {
    Account { user: "admin".to_owned(), password: Secret::new(PASSWORD), kg: None, manner: Manner::default() }
}

/// A session of the driver's core with a BMC that proves itself.
fn session(suite: Suite) -> (Session, Session) {
    let (opening, account) = (opening(suite), account());
    let mut bmc = Peer::new(PASSWORD, 0x0200_0001, RANDOM);
    let first = bmc.open_session(&opening.request()).expect("a request");
    let opened = opening.answer(&first).expect("its own answer");
    let second = bmc.second(&opened.rakp1(&RANDOM, &account)).expect("a first message");
    let proven = opened.rakp2(&second, &RANDOM, &account, Trust::Proven).expect("its own answer");
    let (fourth, far) = bmc.fourth(&proven.rakp3()).expect("a third message");
    (proven.rakp4(&fourth, Trust::Proven).expect("its own answer"), far)
}
