//! A BMC that lies, and a wire that changes, repeats and mixes up, at the driver's core.
//!
//! What it claims: nothing panics, nobody is believed whose proof was changed, what is authentic and new is opened as it
//! was sealed, and no packet is opened twice or opened when it was changed.

use halmark::{
    Secret,
    drivers::ipmi::rmcp::{
        handshake::{Account, Manner, Opening, Privilege, Trust},
        message,
        packet::{self, PayloadType},
        session::Session,
    },
    endpoint::Suite,
};

use crate::{
    peer::{self, Peer},
    source::{Source, mutated},
};

const PASSWORD: &[u8] = b"driver-password";
/// So many of the last packets can come again.
const KEPT: usize = 40;

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets given to the driver's core.
    pub given: u64,
    /// Of those, the ones that were repetitions or came late.
    pub again: u64,
    /// Of those, the ones that were changed on their way.
    pub forged: u64,
    /// Packets of a session that were sealed.
    pub sealed: u64,
    /// Packets of a session that were opened.
    pub opened: u64,
    /// Sessions set up.
    pub sessions: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.given += more.given;
        self.again += more.again;
        self.forged += more.forged;
        self.sealed += more.sealed;
        self.opened += more.opened;
        self.sessions += more.sessions;
    }
}

/// The driver's core, and whoever lies to it.
#[derive(Default)]
pub struct Siege {
    session: Option<(Session, Session)>,
    made: Vec<Made>,
    /// What happened so far.
    pub tally: Tally,
}

/// A packet of the session.
struct Made {
    datagram: Vec<u8>,
    message: Vec<u8>,
    opened: bool,
}

/// Everything that a fuzzer's bytes say.
pub fn run(mut bytes: &[u8]) -> Tally {
    let mut siege = Siege::default();
    while !bytes.is_empty() {
        siege.step(&mut bytes);
    }
    siege.tally
}

impl Siege {
    /// One decision, and what follows from it.
    pub fn step(&mut self, source: &mut impl Source) {
        match source.below(16) {
            _ if self.session.is_none() => self.handshake(source),
            0 if source.below(16) == 0 => self.handshake(source),
            0 | 1 => self.noise(source),
            2 => self.messages(source),
            3..=6 => self.seal(source, true),
            7 => self.seal(source, false),
            8..=11 => self.again(source),
            _ => self.forge(source),
        }
    }

    /// All four steps, one of them perhaps changed; who is believed in the end has changed nothing that is proven.
    fn handshake(&mut self, source: &mut impl Source) {
        let (numbers, changed) = (source.sixteen(), source.below(6));
        let suite = [Suite::Three, Suite::Seventeen][usize::from(numbers[0] & 1)];
        let manner = Manner {
            padded_name: numbers[1] & 7 == 1,
            plain_role_in_rakp3: numbers[1] & 7 == 2,
            ..Manner::default()
        };
        let account = Account { user: "admin".to_owned(), password: Secret::new(PASSWORD), kg: None, manner };
        let role = Privilege::LADDER[usize::from(numbers[2] % 3)];
        let console_id = u32::from_le_bytes([numbers[3], numbers[4], numbers[5], 1]);
        let opening = Opening { tag: numbers[6], suite, role, console_id, takes_zero: false };
        let mut bmc =
            Peer::new(PASSWORD, u32::from_le_bytes([numbers[7], numbers[8], numbers[9], 2]), numbers);

        let answer = bmc.open_session(&opening.request()).expect("a request");
        let Ok(opened) = opening.answer(&self.given(source, &answer, changed == 1)) else { return };
        let second = bmc.second(&opened.rakp1(&numbers, &account)).expect("a first message");
        let came = self.given(source, &second, changed == 2);
        let Ok(proven) = opened.rakp2(&came, &numbers, &account, Trust::Proven) else { return };
        assert!(came[4..].starts_with(&second[4..]), "a changed second message was believed");
        let Some((fourth, far)) = bmc.fourth(&proven.rakp3()) else { return };
        let came = self.given(source, &fourth, changed == 3);
        let Ok(near) = proven.rakp4(&came, Trust::Proven) else { return };
        assert!(came[4..].starts_with(&fourth[4..]), "a changed fourth message was believed");
        self.tally.sessions += 1;
        self.session = Some((near, far));
        self.made.clear();
    }

    /// What comes of a step's answer, behind the packet that carries it.
    fn given(&mut self, source: &mut impl Source, answer: &[u8], changed: bool) -> Vec<u8> {
        self.tally.given += 1;
        let datagram = packet::encode(PayloadType::Rakp2, answer);
        let came = packet::decode(&datagram).expect("a packet of ours").payload.to_vec();
        if !changed {
            return came;
        }
        self.tally.forged += 1;
        mutated(source, &came)
    }

    /// Bytes, at times behind a header that makes them a packet of the session.
    fn noise(&mut self, source: &mut impl Source) {
        let heads: [&[u8]; 3] = [&[], &[6, 0, 0xFF, 7, 6], &[6, 0, 0xFF, 7, 6, 0xC0]];
        let head = heads[source.below(heads.len())];
        let count = source.below(160);
        let datagram = [head, &source.bytes(count)].concat();
        assert!(self.open(&datagram).is_none(), "noise was opened: {datagram:02x?}");
    }

    /// Bytes as a message.
    fn messages(&mut self, source: &mut impl Source) {
        let count = source.below(64);
        let bytes = source.bytes(count);
        self.tally.given += 1;
        if let Ok(message) = message::decode(&bytes) {
            assert_eq!(message.data.len() + 8, bytes.len());
        }
    }

    fn seal(&mut self, source: &mut impl Source, now: bool) {
        let Some((_, far)) = &mut self.session else { return };
        let count = source.below(72);
        let message =
            peer::answered(&[0x20, 0, 0, 0x81, 4, 1, 0], 0, &source.bytes(count)).unwrap_or_default();
        let datagram = far.seal(&message, [self.tally.given as u8; 16]);
        self.tally.sealed += 1;
        if self.made.len() == KEPT {
            self.made.remove(0);
        }
        self.made.push(Made { datagram, message, opened: false });
        if now {
            let opened = self.deliver(self.made.len() - 1);
            assert!(opened, "what is authentic and new was not opened");
        }
    }

    fn again(&mut self, source: &mut impl Source) {
        if !self.made.is_empty() {
            let place = source.below(self.made.len());
            self.tally.again += 1;
            self.deliver(place);
        }
    }

    fn deliver(&mut self, place: usize) -> bool {
        let datagram = self.made[place].datagram.clone();
        let opened = self.open(&datagram);
        self.opened(place, opened)
    }

    fn opened(&mut self, place: usize, opened: Option<Vec<u8>>) -> bool {
        let Some(plain) = opened else { return false };
        let made = &mut self.made[place];
        assert!(!made.opened, "a packet was opened twice");
        assert_eq!(plain, made.message, "a packet was opened as another");
        made.opened = true;
        true
    }

    fn forge(&mut self, source: &mut impl Source) {
        if self.made.is_empty() {
            return;
        }
        let place = source.below(self.made.len());
        let datagram = self.made[place].datagram.clone();
        let mutant = mutated(source, &datagram);
        self.tally.forged += 1;
        let opened = self.open(&mutant);
        if mutant.get(4..) == datagram.get(4..) {
            self.opened(place, opened);
        } else {
            assert!(opened.is_none(), "a forgery was opened: {mutant:02x?} instead of {datagram:02x?}");
        }
    }

    fn open(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.tally.given += 1;
        let packet = packet::decode(datagram).ok()?;
        let plain = self.session.as_mut()?.0.open_any(&packet).ok()?;
        self.tally.opened += 1;
        Some(plain)
    }
}
