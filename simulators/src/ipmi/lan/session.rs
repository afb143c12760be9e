//! An open session: how its packets are read and written, and what it has answered (IPMI v2.0 §6.12, §13.6).

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use super::{
    super::{
        command::{self, Open},
        privilege::Privilege,
    },
    keys::{Confidentiality, Integrity, legacy_code, same},
    packet::{self, Envelope, Legacy, Plus},
    window::{self, Place, Window},
};

/// So many answers are kept for those who ask again.
const REMEMBERED: usize = 8;
/// A request with the same number is the same request for so long (IPMB v1.0, sequence number expiration).
const SAME_REQUEST: Duration = Duration::from_secs(5);
/// A session that was closed answers for so long to those who did not hear that it is.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// An open session, or one that has just been closed.
pub(super) struct Session {
    /// The BMC's number for it.
    pub(super) id: u32,
    /// Its handle, from 1.
    pub(super) handle: u8,
    /// The slot of its account.
    pub(super) user: u8,
    /// The level that it works at.
    pub(super) privilege: Privilege,
    /// The highest level that it can be raised to.
    pub(super) limit: Privilege,
    /// Where its packets come from.
    pub(super) peer: SocketAddr,
    /// When the last of them came.
    pub(super) last_used: Duration,
    /// When it was closed.
    pub(super) ended: Option<Duration>,
    /// How its packets look.
    pub(super) wire: Wire,
    /// The request that opened it, and the answer.
    pub(super) opened_by: Option<(Vec<u8>, Vec<u8>)>,
    /// What it has answered.
    pub(super) done: Done,
}

/// How packets of a session look.
pub(super) enum Wire {
    /// IPMI v1.5.
    Legacy(LegacyWire),
    /// IPMI v2.0.
    Plus(Box<PlusWire>),
}

/// What a session of IPMI v1.5 keeps of its packets.
#[derive(Clone, Copy)]
pub(super) struct LegacyWire {
    /// The authentication type.
    pub(super) kind: u8,
    /// The password, with zeros up to its length.
    pub(super) password: [u8; 16],
    /// The numbers that came.
    pub(super) inbound: Window,
    /// The number to be sent next.
    pub(super) outbound: u32,
    /// Whether every packet has a code, or the first one only (§6.11.4).
    pub(super) each: bool,
}

/// What a session of IPMI v2.0 keeps of its packets. Numbers of packets with and without a code are counted apart (§6.12.13).
pub(super) struct PlusWire {
    /// The console's number for the session.
    pub(super) console: u32,
    pub(super) integrity: Integrity,
    pub(super) confidentiality: Confidentiality,
    pub(super) authenticated: Window,
    pub(super) plain: Window,
    pub(super) sent_authenticated: u32,
    pub(super) sent_plain: u32,
}

/// What came in a packet that is authentic and lies in the window.
pub(super) struct Delivered {
    /// The payload, decrypted.
    pub(super) payload: Vec<u8>,
    /// Whether it came under a number that was seen.
    pub(super) again: bool,
}

impl Session {
    /// Whether it is open.
    pub(super) const fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether nothing is to be kept of it any more: idle for too long (§6.12.15), or closed for a while.
    pub(super) fn is_over(&self, now: Duration, idle: Duration) -> bool {
        match self.ended {
            Some(at) => now.saturating_sub(at) >= LAST_WORDS,
            None => now.saturating_sub(self.last_used) >= idle,
        }
    }

    /// As commands see it.
    pub(super) const fn caller(&self) -> command::Session {
        command::Session { id: self.id, user: self.user, privilege: self.privilege, limit: self.limit }
    }

    /// As Get Session Info shows it.
    pub(super) const fn open(&self) -> Open {
        Open {
            id: self.id,
            handle: self.handle,
            user: self.user,
            privilege: self.privilege,
            is_v2: matches!(self.wire, Wire::Plus(_)),
            peer: self.peer,
        }
    }
}

/// Whether packets are encrypted, and whether they have a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Protection {
    pub(super) encrypted: bool,
    pub(super) authenticated: bool,
}

impl PlusWire {
    /// All that the suite has: what every message needs.
    pub(super) const fn protection(&self) -> Protection {
        let authenticated = self.integrity.length() > 0;
        Protection { encrypted: !self.confidentiality.is_none(), authenticated }
    }

    /// What a packet carries, if it is authentic, new enough, and protected as it should be.
    pub(super) fn open(&mut self, packet: &Plus<'_>, as_it_should_be: Protection) -> Option<Delivered> {
        let length = self.integrity.length();
        let Plus { encrypted, authenticated, .. } = *packet;
        if as_it_should_be != (Protection { encrypted, authenticated }) {
            return None;
        }
        if packet.authenticated {
            let (covered, code) = packet.signed(length)?;
            if !same(&self.integrity.code(covered)[..length], code) {
                return None;
            }
        }
        let window = if packet.authenticated { &mut self.authenticated } else { &mut self.plain };
        let place = window.place(packet.sequence);
        if place == Place::Outside {
            return None;
        }
        let payload = match encrypted {
            true => self.confidentiality.open(packet.payload)?,
            false => packet.payload.to_vec(),
        };
        window.mark(packet.sequence);
        Some(Delivered { payload, again: place == Place::Seen })
    }

    /// The datagram that carries this payload of this type.
    pub(super) fn seal(&mut self, kind: u8, payload: &[u8], vector: [u8; 16], as_: Protection) -> Vec<u8> {
        let Protection { encrypted, authenticated } = as_;
        let length = self.integrity.length();
        let counter = if authenticated { &mut self.sent_authenticated } else { &mut self.sent_plain };
        let sequence = window::next(counter);
        let kind = kind | u8::from(encrypted) << 7 | u8::from(authenticated) << 6;
        let envelope = Envelope { kind, session: self.console, sequence };
        let mut out = match encrypted {
            true => packet::plus(envelope, &self.confidentiality.seal(payload, vector)),
            false => packet::plus(envelope, payload),
        };
        if authenticated {
            packet::pad(&mut out);
            let code = self.integrity.code(&out[packet::START..]);
            out.extend_from_slice(&code[..length]);
        }
        out
    }
}

impl LegacyWire {
    /// What a packet carries, if it is authentic and new enough.
    pub(super) fn open(&mut self, packet: &Legacy<'_>) -> Option<Delivered> {
        if !self.is_authentic(packet) {
            return None;
        }
        let place = self.inbound.place(packet.sequence);
        if place == Place::Outside {
            return None;
        }
        self.inbound.mark(packet.sequence);
        Some(Delivered { payload: packet.payload.to_vec(), again: place == Place::Seen })
    }

    /// Whether it has the code of this session, where each packet must have one.
    pub(super) fn is_authentic(&self, packet: &Legacy<'_>) -> bool {
        if packet.kind == 0 && !self.each {
            return true;
        }
        packet.kind == self.kind
            && match (packet.code, self.code(packet.session, packet.payload, packet.sequence)) {
                (None, None) => true,
                (Some(given), Some(own)) => same(&given, &own),
                _ => false,
            }
    }

    /// The datagram that carries this payload; with a code where each packet, or this one, has one.
    pub(super) fn seal(&mut self, session: u32, payload: &[u8], signed: bool) -> Vec<u8> {
        let sequence = window::next(&mut self.outbound);
        let (kind, code) = match signed || self.each {
            true => (self.kind, self.code(session, payload, sequence)),
            false => (0, None),
        };
        Legacy { kind, sequence, session, code, payload }.write()
    }

    fn code(&self, session: u32, payload: &[u8], sequence: u32) -> Option<[u8; 16]> {
        match self.kind {
            0 => None,
            2 => Some(legacy_code(&self.password, session, payload, sequence)),
            _ => Some(self.password),
        }
    }
}

/// What a session has answered lately: who asks again gets the same answer, and nothing is done again.
#[derive(Default)]
pub(super) struct Done(VecDeque<One>);

struct One {
    at: Duration,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Done {
    /// The answer to this message, if it has been answered: under the same number of the packet, or lately under another.
    pub(super) fn answer(&self, request: &[u8], again: bool, now: Duration) -> Option<Vec<u8>> {
        let is_same =
            |one: &&One| one.request == request && (again || now.saturating_sub(one.at) < SAME_REQUEST);
        self.0.iter().rev().find(is_same).map(|one| one.answer.clone())
    }

    /// Remembers an answer, in the place of the oldest.
    pub(super) fn remember(&mut self, request: &[u8], answer: &[u8], at: Duration) {
        let oldest = if self.0.len() == REMEMBERED { self.0.pop_front() } else { None };
        let (mut kept_request, mut kept_answer) =
            oldest.map(|it| (it.request, it.answer)).unwrap_or_default();
        for (kept, bytes) in [(&mut kept_request, request), (&mut kept_answer, answer)] {
            kept.clear();
            kept.extend_from_slice(bytes);
        }
        self.0.push_back(One { at, request: kept_request, answer: kept_answer });
    }
}
