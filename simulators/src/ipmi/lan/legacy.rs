//! Sessions of IPMI v1.5: from a challenge to a session (IPMI v2.0 §6.11, §22.16-22.17).

use std::time::Duration;

use super::{
    super::{
        command::{Activation, Challenge, Completion, Opened},
        privilege::Privilege,
    },
    keys::{padded, same},
    packet::Legacy,
    session::{Done, LegacyWire, Session, Wire},
    table::Table,
    window::Window,
};

/// Somebody who was challenged.
pub(super) struct Challenged {
    /// The temporary number of the session; it becomes its own.
    pub(super) id: u32,
    /// When.
    pub(super) since: Duration,
    /// The name of the account.
    pub(super) name: String,
    challenge: [u8; 16],
    user: u8,
    limit: Privilege,
    wire: LegacyWire,
}

impl Challenged {
    /// Whether a packet has the code that the password gives.
    pub(super) fn is_met_by(&self, packet: &Legacy<'_>, password: &str) -> bool {
        let Some(password) = padded(password) else { return false };
        LegacyWire { password, ..self.wire }.is_authentic(packet) && packet.kind == self.wire.kind
    }

    /// Its answer's packet: with a code, and the number that the console does not know yet.
    pub(super) fn seal(&self, payload: &[u8]) -> Vec<u8> {
        LegacyWire { outbound: 1, ..self.wire }.seal(self.id, payload, true)
    }
}

impl Table {
    /// A challenge and the temporary number of a session.
    pub(super) fn challenged_by(&mut self, of: Challenge) -> (u32, [u8; 16]) {
        let (id, challenge, first) = (self.new_id(), self.random.bytes(), self.random.next() as u32);
        let wire = LegacyWire {
            kind: of.kind,
            password: of.password,
            inbound: Window::legacy(first.max(1)),
            outbound: 0,
            each: of.each,
        };
        let Challenge { name, user, limit, .. } = of;
        let since = self.visit.now;
        self.ask(Challenged { id, since, name, challenge, user, limit, wire });
        (id, challenge)
    }

    /// The session of whoever has met the challenge (§22.17).
    pub(super) fn activated(&mut self, wanted: Activation) -> Result<Opened, Completion> {
        const NO_SLOT: Completion = Completion(0x81);
        const NUMBER_OUT_OF_RANGE: Completion = Completion(0x84);
        const NO_SUCH_SESSION: Completion = Completion(0x85);
        const TOO_MUCH: Completion = Completion(0x86);
        let met = self.met.and_then(|id| self.challenged.iter().position(|it| it.id == id));
        let place = met.ok_or(NO_SUCH_SESSION)?;
        let it = &self.challenged[place];
        if wanted.kind != it.wire.kind || !same(&wanted.challenge, &it.challenge) {
            return Err(Completion::INVALID_FIELD);
        }
        if wanted.outbound == 0 {
            return Err(NUMBER_OUT_OF_RANGE);
        }
        if wanted.limit > it.limit {
            return Err(TOO_MUCH);
        }
        if self.is_full() {
            return Err(NO_SLOT);
        }
        let handle = self.new_handle();
        let it = self.challenged.remove(place);
        let opened = Opened { id: it.id, inbound: it.wire.inbound.next_expected(), limit: wanted.limit };
        self.enter(Session {
            id: it.id,
            handle,
            user: it.user,
            privilege: Privilege::User.min(wanted.limit),
            limit: wanted.limit,
            peer: self.visit.from,
            last_used: self.visit.now,
            ended: None,
            wire: Wire::Legacy(LegacyWire { outbound: wanted.outbound, ..it.wire }),
            opened_by: None,
            done: Done::default(),
        });
        Ok(opened)
    }
}
