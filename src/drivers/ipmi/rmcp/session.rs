//! A session once it is set up: seals requests, opens answers, and refuses what is forged or replayed.

use zeroize::Zeroizing;

use super::{
    Malformed,
    algorithm::{BLOCK, Cipher, Keyed},
    message::Request,
    packet::{self, Packet, PayloadType},
};
use crate::endpoint::Suite;

/// What follows the integrity pad: the "next header" byte that is always 07h (table 13-8).
const NEXT_HEADER: u8 = 0x07;

/// An RMCP+ session's keys and counters.
pub struct Session {
    suite: Suite,
    console_id: u32,
    bmc_id: u32,
    integrity: Keyed,
    cipher: Cipher,
    sequence: u32,
    seen: Window,
}

impl Session {
    /// The session between these IDs under this session integrity key, from which K1 and K2 are derived (§13.32).
    pub fn new(suite: Suite, console_id: u32, bmc_id: u32, sik: &[u8]) -> Self {
        let k1 = Zeroizing::new(Keyed::new(suite, sik).code(&[&[0x01; 20]]));
        Self::with_k1(suite, console_id, bmc_id, sik, &k1)
    }

    /// The same with another key for integrity: some BMCs take the session integrity key itself.
    pub fn with_k1(suite: Suite, console_id: u32, bmc_id: u32, sik: &[u8], k1: &[u8]) -> Self {
        let sik = Keyed::new(suite, sik);
        let k2 = Zeroizing::new(sik.code(&[&[0x02; 20]]));
        let key = k2.first_chunk::<BLOCK>().expect("the codes of both suites are longer than a block");
        Self {
            suite,
            console_id,
            bmc_id,
            integrity: Keyed::new(suite, k1),
            cipher: Cipher::new(key),
            sequence: 0,
            seen: Window::default(),
        }
    }

    /// The BMC's ID for this session, which Close Session names.
    pub fn bmc_id(&self) -> u32 {
        self.bmc_id
    }

    /// A datagram with this IPMI message, under the next sequence number.
    ///
    /// To retransmit, send the same datagram again: sealed anew it would be a second command (§6.12.8).
    pub fn seal(&mut self, message: &[u8], vector: [u8; BLOCK]) -> Vec<u8> {
        self.seal_as(PayloadType::Ipmi, message, vector)
    }

    /// The same with a request, whose bytes are made where they are sealed.
    pub fn seal_request(&mut self, request: &Request<'_>, vector: [u8; BLOCK]) -> Vec<u8> {
        self.seal_with(PayloadType::Ipmi, request.length(), |to| request.encode_onto(to), vector)
    }

    /// A datagram with a payload of this type, under the next sequence number.
    pub fn seal_as(&mut self, kind: PayloadType, message: &[u8], vector: [u8; BLOCK]) -> Vec<u8> {
        self.seal_with(kind, message.len(), |to| to.extend_from_slice(message), vector)
    }

    /// `plain` appends as many bytes as it is said to.
    fn seal_with(
        &mut self,
        kind: PayloadType,
        length: usize,
        plain: impl FnOnce(&mut Vec<u8>),
        vector: [u8; BLOCK],
    ) -> Vec<u8> {
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let mut datagram =
            packet::sealed_head(kind, self.bmc_id, self.sequence, Cipher::sealed_length(length));
        self.cipher.seal_onto(&mut datagram, plain, vector);
        let covered = datagram.len() - packet::COVER_FROM + 2;
        let pad = covered.next_multiple_of(4) - covered;
        datagram.extend(std::iter::repeat_n(0xFF, pad));
        datagram.extend_from_slice(&[pad as u8, NEXT_HEADER]);
        self.integrity.sign(&mut datagram, packet::COVER_FROM, self.suite.short_length());
        datagram
    }

    /// The IPMI message in a packet of this session, after its code, its pads and its sequence number are verified.
    pub fn open(&mut self, packet: &Packet<'_>) -> Result<Vec<u8>, Malformed> {
        if packet.payload_type != PayloadType::Ipmi {
            return Err(Malformed::Field { what: "payload type in a session", value: packet.session_id });
        }
        self.open_any(packet)
    }

    /// The payload in a packet of this session, of whichever type, verified as an IPMI message is.
    pub fn open_any(&mut self, packet: &Packet<'_>) -> Result<Vec<u8>, Malformed> {
        if !packet.authenticated || !packet.encrypted {
            return Err(Malformed::Field { what: "payload type in a session", value: packet.session_id });
        }
        if packet.session_id != self.console_id {
            return Err(Malformed::Field { what: "session ID", value: packet.session_id });
        }
        let needed = self.suite.short_length() + 2;
        let short = Malformed::Short { what: "session trailer", bytes: packet.trailer.len(), needed };
        let pads = packet.trailer.len().checked_sub(needed).ok_or(short)?;
        let (covered, code) = packet.covered.split_at(packet.covered.len() - self.suite.short_length());
        if !self.integrity.fits(&[covered], code) {
            return Err(Malformed::Check { what: "session packet" });
        }
        check_pads(packet.trailer, pads)?;
        self.seen.take(packet.sequence)?;
        self.cipher.open(packet.payload)
    }
}

#[cfg(test)]
impl Session {
    /// The plain text of a payload, unverified.
    pub(in super::super) fn peek(&self, payload: &[u8]) -> Option<Vec<u8>> {
        self.cipher.open(payload).ok()
    }
}

/// The integrity pad is FFh throughout, its length byte tells its length, and 07h follows.
///
/// A pad that is longer or shorter than alignment needs is taken: ipmitool's `icts` machines count it differently.
fn check_pads(trailer: &[u8], pads: usize) -> Result<(), Malformed> {
    let (pad, rest) = trailer.split_at(pads);
    let told = usize::from(rest[0]) == pads && rest[1] == NEXT_HEADER;
    let fits = told && pad.iter().all(|byte| *byte == 0xFF);
    if fits { Ok(()) } else { Err(Malformed::Field { what: "integrity pad", value: u32::from(rest[0]) }) }
}

/// Which of the BMC's sequence numbers have been seen: the highest and the 31 before it (§6.12.13).
///
/// A jump ahead is taken however far it is, since the packet is authentic; the standard's +15 would end a session
/// whose answers were lost for a while.
#[derive(Default)]
struct Window {
    highest: u32,
    before: u32,
}

impl Window {
    fn take(&mut self, sequence: u32) -> Result<(), Malformed> {
        let replayed = Malformed::Field { what: "session sequence number", value: sequence };
        if sequence == 0 {
            return Err(replayed);
        }
        if sequence > self.highest {
            let ahead = sequence - self.highest;
            self.before = self.before.checked_shl(ahead).unwrap_or(0)
                | 1_u32.checked_shl(ahead - 1).filter(|_| self.highest != 0).unwrap_or(0);
            self.highest = sequence;
            return Ok(());
        }
        let behind = self.highest - sequence;
        let bit = 1_u32.checked_shl(behind.wrapping_sub(1)).filter(|_| behind != 0).ok_or(replayed)?;
        if self.before & bit != 0 {
            return Err(replayed);
        }
        self.before |= bit;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(sequences: &[u32]) -> Vec<bool> {
        let mut window = Window::default();
        sequences.iter().map(|s| window.take(*s).is_ok()).collect()
    }

    #[test]
    fn a_replayed_sequence_number_is_refused() {
        assert_eq!(taken(&[1, 2, 2, 1]), [true, true, false, false]);
    }

    #[test]
    fn a_late_packet_is_taken_once() {
        assert_eq!(taken(&[1, 5, 3, 3, 4]), [true, true, true, false, true]);
    }

    #[test]
    fn what_is_older_than_the_window_is_refused() {
        assert_eq!(taken(&[1, 100, 68, 67]), [true, true, true, false]);
    }

    #[test]
    fn sequence_number_zero_is_refused_in_a_session() {
        assert_eq!(taken(&[0]), [false]);
    }
}
