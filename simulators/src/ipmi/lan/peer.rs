//! A console for the tests: it knows packets and keys, opens a session, and asks.

use std::net::SocketAddr;

use super::{
    Lan, Manners, SOL,
    handshake::{OPEN_SESSION, RAKP_1, RAKP_3},
    keys::{LONGEST, legacy_code, padded, tunnel},
    packet::{self, Envelope, Legacy, Packet},
    session::PlusWire,
    suite::Suite,
    window::Window,
};
use crate::{Bmc, BmcOptions, Profile};

/// Where it is.
pub(super) const FROM: ([u8; 4], u16) = ([127, 0, 0, 1], 4000);
const CONSOLE: u32 = 0x1234_5678;
const RANDOM: [u8; 16] = [0x5A; 16];

/// A BMC, and somebody who talks to it.
pub(super) struct Peer {
    pub(super) bmc: Bmc,
    pub(super) lan: Lan,
    pub(super) user: String,
    pub(super) password: String,
    rq: u8,
}

/// An open session.
pub(super) struct Opened {
    pub(super) id: u32,
    pub(super) wire: PlusWire,
}

impl Peer {
    pub(super) fn new() -> Self {
        let bmc = Bmc::start(&Profile::named("generic").unwrap(), BmcOptions::default()).unwrap();
        let (user, password) = bmc.control().credentials();
        Self { lan: Lan::new(7, 623, Manners::default(), true), bmc, user, password, rq: 0 }
    }

    pub(super) fn send(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.lan.take(&self.bmc, SocketAddr::from(FROM), datagram).answer
    }

    /// A step of a handshake: the answer's payload.
    pub(super) fn step(&mut self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let answer = self.send(&step(kind, payload))?;
        let Some(Packet::Plus(read)) = Packet::read(&answer) else { panic!("no packet of IPMI v2.0") };
        assert_eq!(read.kind, kind + 1);
        Some(read.payload.to_vec())
    }

    /// Open Session for a suite: the BMC's number.
    pub(super) fn begin(&mut self, suite: &Suite) -> Result<u32, Vec<u8>> {
        let mut open = vec![9, 0, 0, 0];
        open.extend_from_slice(&CONSOLE.to_le_bytes());
        for (kind, it) in [(0, suite.authentication), (1, suite.integrity), (2, suite.confidentiality)] {
            open.extend_from_slice(&[kind, 0, 0, 8, it, 0, 0, 0]);
        }
        let answer = self.step(OPEN_SESSION, &open).unwrap();
        match answer[1] {
            0 => Ok(u32::from_le_bytes(answer[8..12].try_into().unwrap())),
            _ => Err(answer),
        }
    }

    /// The first message of the key exchange: the answer.
    pub(super) fn introduce(&mut self, id: u32, role: u8, user: &str) -> Vec<u8> {
        let mut first = vec![10, 0, 0, 0];
        first.extend_from_slice(&id.to_le_bytes());
        first.extend_from_slice(&RANDOM);
        first.extend_from_slice(&[role, 0, 0, user.len() as u8]);
        first.extend_from_slice(user.as_bytes());
        self.step(RAKP_1, &first).unwrap()
    }

    /// The third message, proved with this password.
    pub(super) fn third(&self, suite: &Suite, id: u32, second: &[u8], password: &str) -> Vec<u8> {
        let key = padded::<LONGEST>(password).unwrap();
        let mut third = vec![11, 0, 0, 0];
        third.extend_from_slice(&id.to_le_bytes());
        let (console, length) = (CONSOLE.to_le_bytes(), [self.user.len() as u8]);
        let parts: [&[u8]; 5] = [&second[8..24], &console, &[0x14], &length, self.user.as_bytes()];
        third.extend(suite.hash().map(|hash| hash.sign(&key, &parts)).unwrap_or_default());
        third
    }

    /// A session with this suite, at the level of an administrator.
    pub(super) fn open(&mut self, suite: u8) -> Opened {
        let suite = Suite::numbered(suite).unwrap();
        let id = self.begin(suite).unwrap();
        let user = self.user.clone();
        let second = self.introduce(id, 0x14, &user);
        let third = self.third(suite, id, &second, &self.password.clone());
        let fourth = self.step(RAKP_3, &third).unwrap();
        assert_eq!(fourth[1], 0);
        let mut opened = self.tunnel(suite, id, &second);
        assert_eq!(self.ask(&mut opened, (6, 0x3B), &[4]), Some(vec![0, 4]));
        opened
    }

    fn tunnel(&self, suite: &Suite, id: u32, second: &[u8]) -> Opened {
        let key = padded::<LONGEST>(&self.password).unwrap();
        let length = [self.user.len() as u8];
        let parts: [&[u8]; 5] = [&RANDOM, &second[8..24], &[0x14], &length, self.user.as_bytes()];
        let session = suite.hash().map(|hash| hash.sign(&key, &parts)).unwrap_or_default();
        let (integrity, confidentiality) = tunnel(suite, &session, key);
        let wire = PlusWire {
            console: id,
            integrity,
            confidentiality,
            authenticated: Window::plus(),
            plain: Window::plus(),
            sent_authenticated: 1,
            sent_plain: 1,
        };
        Opened { id, wire }
    }

    /// A command's message, under the next number.
    pub(super) fn message(&mut self, (netfn, number): (u8, u8), data: &[u8]) -> Vec<u8> {
        self.rq = (self.rq + 1) % 64;
        let mut out = vec![0x20, netfn << 2];
        out.push(out.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte)));
        out.extend_from_slice(&[0x81, self.rq << 2, number]);
        out.extend_from_slice(data);
        out.push(out[3..].iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte)));
        out
    }

    /// The datagram of a command.
    pub(super) fn sealed(&mut self, opened: &mut Opened, command: (u8, u8), data: &[u8]) -> Vec<u8> {
        let message = self.message(command, data);
        let protection = opened.wire.protection();
        opened.wire.seal(0, &message, [1; 16], protection)
    }

    /// The completion code and the data of the answer.
    pub(super) fn ask(&mut self, opened: &mut Opened, command: (u8, u8), data: &[u8]) -> Option<Vec<u8>> {
        let datagram = self.sealed(opened, command, data);
        let answer = self.send(&datagram)?;
        opened.read(&answer)
    }

    /// The completion code and the data of the answer to a message outside of a session, in the frame of IPMI v1.5.
    pub(super) fn ask_outside(&mut self, command: (u8, u8), data: &[u8]) -> Vec<u8> {
        let message = self.message(command, data);
        let packet = Legacy { kind: 0, sequence: 0, session: 0, code: None, payload: &message };
        let answer = self.send(&packet.write()).unwrap();
        legacy_body(&answer)
    }

    /// A packet of a session of IPMI v1.5 with MD5.
    pub(super) fn legacy(&mut self, session: u32, sequence: u32, command: (u8, u8), data: &[u8]) -> Vec<u8> {
        let message = self.message(command, data);
        let password = padded::<16>(&self.password).unwrap();
        let code = Some(legacy_code(&password, session, &message, sequence));
        Legacy { kind: 2, sequence, session, code, payload: &message }.write()
    }
}

impl Opened {
    /// The completion code and the data of an answer.
    pub(super) fn read(&mut self, answer: &[u8]) -> Option<Vec<u8>> {
        let Some(Packet::Plus(packet)) = Packet::read(answer) else { return None };
        assert_ne!(packet.kind, SOL);
        let protection = self.wire.protection();
        let payload = self.wire.open(&packet, protection)?.payload;
        Some(payload[6..payload.len() - 1].to_vec())
    }
}

/// The completion code and the data of an answer in the frame of IPMI v1.5.
pub(super) fn legacy_body(answer: &[u8]) -> Vec<u8> {
    let Some(Packet::Legacy(packet)) = Packet::read(answer) else { panic!("no packet of IPMI v1.5") };
    packet.payload[6..packet.payload.len() - 1].to_vec()
}

/// The datagram of a step.
pub(super) fn step(kind: u8, payload: &[u8]) -> Vec<u8> {
    packet::plus(Envelope { kind, session: 0, sequence: 0 }, payload)
}
