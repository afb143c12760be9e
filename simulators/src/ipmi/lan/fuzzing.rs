//! The face as a fuzzer reaches it: the channel without its socket, and the dispatcher without a session. No part of the API.

use std::net::SocketAddr;

use super::{
    super::{
        command::{Caller, Channel, Request, Scene, Session},
        commands::channel::is_open,
        dispatch,
        privilege::Privilege,
    },
    Lan, Manners,
};
use crate::bmc::Bmc;

/// Where it would listen.
const PORT: u16 = 623;

/// The LAN channel of a BMC.
pub struct Face {
    bmc: Bmc,
    lan: Lan,
}

/// How much a face keeps for those who speak to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Sessions that are open.
    pub open: usize,
    /// Sessions that were closed just now.
    pub closed: usize,
    /// Handshakes of IPMI v2.0 that are not at their end.
    pub beginning: usize,
    /// Bytes of the steps of these handshakes.
    pub steps: usize,
    /// Challenges of IPMI v1.5.
    pub challenged: usize,
}

impl Face {
    /// That of this BMC; exchanges are told, as with a service that keeps a transcript.
    pub fn new(bmc: &Bmc) -> Self {
        Self { bmc: bmc.clone(), lan: Lan::new(bmc.seed(), PORT, Manners::default(), true) }
    }

    /// The answer to a datagram, as the service gives it.
    pub fn take(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        if !self.is_up() {
            return None;
        }
        self.lan.take(&self.bmc, from, datagram).answer
    }

    /// Whether anybody is answered. A BMC that is down has no session any more.
    pub fn is_up(&mut self) -> bool {
        if !self.bmc.is_up() {
            self.lan.clear();
        }
        self.bmc.is_up() && is_open(&self.bmc, &self.bmc.glance())
    }

    /// What a command answers to somebody with a session of this level, 1 to 5, and otherwise to somebody in the host.
    pub fn ask(&mut self, level: u8, (netfn, number, lun): (u8, u8, u8), data: &[u8]) -> Vec<u8> {
        let session = |level| Session { id: 1, user: 2, privilege: level, limit: level };
        let session = Privilege::from_number(level).map(session);
        let channel = if session.is_some() { Channel::Lan } else { Channel::System };
        let caller = Caller { channel, session };
        let (look, now) = (self.bmc.look(), self.bmc.now());
        let mut kept = self.bmc.ipmi();
        let sessions = &mut self.lan.table;
        let mut scene = Scene { bmc: &self.bmc, look, now, kept: &mut kept, sessions };
        dispatch::answered(&mut scene, &Request { netfn, number, lun, data, caller })
    }

    /// How much it keeps.
    pub fn held(&self) -> Held {
        let table = &self.lan.table;
        let open = table.living().count();
        Held {
            open,
            closed: table.open.len() - open,
            beginning: table.beginning.len(),
            steps: table.beginning.iter().map(super::handshake::Beginning::kept).sum(),
            challenged: table.challenged.len(),
        }
    }
}
