//! An IPMI message in its LAN frame: addresses, sequence, command, two checksums (IPMI v2.0 §13.8).

use super::{Malformed, field};

/// The BMC's slave address.
const BMC: u8 = 0x20;
/// Bytes of an answer before its data: addresses, functions and checksum, sequence, command, completion code.
const BEFORE_DATA: usize = 7;
/// The remote console's software ID (table 5-4).
const CONSOLE: u8 = 0x81;

/// A request: network function, logical unit, command, data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Network function, even.
    pub netfn: u8,
    /// The logical unit of the BMC, 0 to 3 (§7.2); 0 is the BMC itself.
    pub lun: u8,
    /// Command.
    pub command: u8,
    /// The requester's sequence number, 6 bits.
    pub sequence: u8,
    /// Data.
    pub data: &'a [u8],
}

impl Request<'_> {
    /// Its bytes, checksums included.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        self.encode_onto(&mut bytes);
        bytes
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> usize {
        self.data.len() + 7
    }

    /// Appends its bytes.
    pub(super) fn encode_onto(&self, bytes: &mut Vec<u8>) {
        let from = bytes.len();
        let [to, function] = [BMC, self.netfn << 2 | self.lun & 0x03];
        let check = checksum(&[to, function]);
        bytes.extend_from_slice(&[to, function, check, CONSOLE, self.sequence << 2, self.command]);
        bytes.extend_from_slice(self.data);
        bytes.push(checksum(&bytes[from + 3..]));
    }
}

/// An answer, checked for its frame but not for whether it belongs to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// Network function, odd.
    pub netfn: u8,
    /// Command.
    pub command: u8,
    /// The sequence number of the request that it answers.
    pub sequence: u8,
    /// Completion code (table 5-2).
    pub completion: u8,
    /// Data after the completion code.
    pub data: &'a [u8],
    /// Whether both checksums fit; Supermicro X9 is known for answers where they do not.
    pub checksums_fit: bool,
}

/// Reads an answer. Total: any bytes are a [`Response`] or a [`Malformed`].
pub fn decode(bytes: &[u8]) -> Result<Response<'_>, Malformed> {
    let frame: [u8; BEFORE_DATA] = field(bytes, 0, "IPMI message")?;
    let Some((last, covered)) = bytes.split_last().filter(|_| bytes.len() >= 8) else {
        return Err(Malformed::Short { what: "IPMI message", bytes: bytes.len(), needed: 8 });
    };
    Ok(Response {
        netfn: frame[1] >> 2,
        command: frame[5],
        sequence: frame[4] >> 2,
        completion: frame[6],
        data: &covered[BEFORE_DATA..],
        checksums_fit: checksum(&frame[..2]) == frame[2] && checksum(&covered[3..]) == *last,
    })
}

/// Leaves the data of an answer that was read, and nothing around it.
pub fn strip(answer: &mut Vec<u8>) {
    answer.pop();
    answer.drain(..BEFORE_DATA.min(answer.len()));
}

/// The two's complement of the sum, so that the sum over all is zero (§13.8).
pub(in super::super) fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}
