//! What went over the wire, decoded, without secrets.

use std::{net::SocketAddr, time::Duration};

/// One exchange: a datagram that was understood, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpmiExchange {
    /// Its number.
    pub seq: u64,
    /// When the request came, since the machine's birth.
    pub at: Duration,
    /// Who asked.
    pub from: SocketAddr,
    /// What was said.
    pub said: Said,
}

/// What was said in an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// ASF's ping, and the pong.
    Ping,
    /// A step of a handshake of IPMI v2.0.
    Step {
        /// The payload's type: 10h, 12h or 14h.
        kind: u8,
        /// The status of the answer; nothing where there was none.
        status: Option<u8>,
    },
    /// A command.
    Command(Command),
}

/// A command and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Network function, even.
    pub netfn: u8,
    /// Command.
    pub number: u8,
    /// Its name in the standard, if the BMC knows it.
    pub name: Option<&'static str>,
    /// What follows the command; up to the first secret.
    pub data: Vec<u8>,
    /// The requester's number for it (rqSeq).
    pub sequence: u8,
    /// The session's handle, and the number of the packet in it.
    pub session: Option<(u8, u32)>,
    /// The completion code.
    pub completion: u8,
    /// What follows the completion code; up to the first secret.
    pub answer: Vec<u8>,
    /// Whether it had been answered before: nothing was done.
    pub again: bool,
}

impl Command {
    /// How much of a request may be shown, and how much of its answer.
    pub(super) const fn shown(netfn: u8, number: u8) -> (usize, usize) {
        const APP: u8 = 0x06;
        match (netfn, number) {
            // Get Session Challenge: the challenge itself.
            (APP, 0x39) => (usize::MAX, 4),
            // Activate Session: the challenge given back.
            (APP, 0x3A) => (2, usize::MAX),
            // Set User Password, Set Channel Security Keys.
            (APP, 0x47) => (2, usize::MAX),
            (APP, 0x56) => (3, 1),
            _ => (usize::MAX, usize::MAX),
        }
    }
}
