//! Somebody with a password, in a session with the face: requests with the session's real keys.

use std::net::SocketAddr;

use halmark::{
    Secret,
    drivers::ipmi::rmcp::{
        handshake::{Account, Manner, Opening, Privilege, Trust},
        message::{self, Request},
        packet::{self, PayloadType},
        session::Session,
    },
    endpoint::Suite,
};
use halmark_simulators::ipmi::fuzzing::Face;

use crate::well_formed;

/// What is said in a session.
pub struct Console {
    session: Session,
    /// Where it sends from.
    pub from: SocketAddr,
    sequence: u8,
}

/// Who comes in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name, and the password.
    pub who: (String, String),
    /// The suite.
    pub suite: Suite,
    /// Our number for the session, which is not 0.
    pub id: u32,
    /// Our random number.
    pub random: [u8; 16],
    /// Where we send from.
    pub from: SocketAddr,
}

impl Login {
    /// Open Session Request: the first step alone.
    pub fn opening(&self) -> (Opening, Vec<u8>) {
        let tag = self.random[0];
        let opening = Opening {
            tag,
            suite: self.suite,
            role: Privilege::Administrator,
            console_id: self.id.max(1),
            takes_zero: false,
        };
        let datagram = packet::encode(PayloadType::OpenSessionRequest, &opening.request());
        (opening, datagram)
    }

    /// All steps; nothing where the BMC does not let us in. What was sent is added to `sent`.
    pub fn enter(&self, face: &mut Face, sent: &mut Vec<Vec<u8>>) -> Option<Console> {
        let account = Account {
            user: self.who.0.clone(),
            password: Secret::new(self.who.1.clone()),
            kg: None,
            manner: Manner::default(),
        };
        let mut ask = |datagram: Vec<u8>| {
            let answer = face.take(self.from, &datagram);
            sent.push(datagram);
            let answer = answer?;
            well_formed::check(&answer);
            packet::decode(&answer).ok().map(|it| it.payload.to_vec())
        };
        let (opening, datagram) = self.opening();
        let opened = opening.answer(&ask(datagram)?).ok()?;
        let second = ask(packet::encode(PayloadType::Rakp1, &opened.rakp1(&self.random, &account)))?;
        let proven = opened.rakp2(&second, &self.random, &account, Trust::Proven).ok()?;
        let fourth = ask(packet::encode(PayloadType::Rakp3, &proven.rakp3()))?;
        let session = proven.rakp4(&fourth, Trust::Proven).ok()?;
        Some(Console { session, from: self.from, sequence: 0 })
    }
}

impl Console {
    /// A request under the next numbers.
    pub fn request(&mut self, (netfn, command, lun): (u8, u8, u8), data: &[u8], vector: [u8; 16]) -> Vec<u8> {
        self.sequence = (self.sequence + 1) & 0x3F;
        let request = Request { netfn, lun, command, sequence: self.sequence, data };
        self.session.seal(&request.encode(), vector)
    }

    /// The completion code of an answer to it, which must be one that it can open.
    pub fn completion(&mut self, answer: &[u8]) -> u8 {
        let packet = packet::decode(answer).expect("an answer in a session");
        let plain = self.session.open(&packet).expect("an answer that is authentic and new");
        well_formed::message(&plain);
        message::decode(&plain).expect("a message").completion
    }

    /// The BMC's number for the session.
    pub fn bmc_id(&self) -> u32 {
        self.session.bmc_id()
    }
}
