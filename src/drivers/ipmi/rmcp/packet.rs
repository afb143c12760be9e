//! The outermost layer: an RMCP datagram of class IPMI and its session header (IPMI v2.0 §13.1, §13.6, table 13-8).

use super::{Malformed, field};

/// RMCP version 1.0, no acknowledge (sequence FFh), class IPMI (§13.1.3).
const RMCP: [u8; 4] = [0x06, 0x00, 0xFF, 0x07];
/// The authentication type that says "RMCP+ format" (table 13-8).
const RMCP_PLUS: u8 = 0x06;
/// Bytes before the payload: RMCP header, type, payload type, session ID, sequence, length.
const HEAD: usize = 16;

/// The payload types that are spoken here (table 13-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadType {
    /// An IPMI message, 00h.
    Ipmi,
    /// Serial over LAN, 01h.
    Sol,
    /// Open Session Request, 10h.
    OpenSessionRequest,
    /// Open Session Response, 11h.
    OpenSessionResponse,
    /// RAKP 1, 12h.
    Rakp1,
    /// RAKP 2, 13h.
    Rakp2,
    /// RAKP 3, 14h.
    Rakp3,
    /// RAKP 4, 15h.
    Rakp4,
}

impl PayloadType {
    const fn number(self) -> u8 {
        match self {
            Self::Ipmi => 0x00,
            Self::Sol => 0x01,
            Self::OpenSessionRequest => 0x10,
            Self::OpenSessionResponse => 0x11,
            Self::Rakp1 => 0x12,
            Self::Rakp2 => 0x13,
            Self::Rakp3 => 0x14,
            Self::Rakp4 => 0x15,
        }
    }

    const fn of(number: u8) -> Result<Self, Malformed> {
        Ok(match number {
            0x00 => Self::Ipmi,
            0x01 => Self::Sol,
            0x10 => Self::OpenSessionRequest,
            0x11 => Self::OpenSessionResponse,
            0x12 => Self::Rakp1,
            0x13 => Self::Rakp2,
            0x14 => Self::Rakp3,
            0x15 => Self::Rakp4,
            _ => return Err(Malformed::Field { what: "payload type", value: number as u32 }),
        })
    }
}

/// A datagram of class IPMI in RMCP+ format, taken apart but neither verified nor decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it carries.
    pub payload_type: PayloadType,
    /// Whether the payload is encrypted.
    pub encrypted: bool,
    /// Whether a trailer with an authentication code follows the payload.
    pub authenticated: bool,
    /// The session ID of whoever receives it; zero outside of a session.
    pub session_id: u32,
    /// The session sequence number; zero outside of a session.
    pub sequence: u32,
    /// The payload as it came.
    pub payload: &'a [u8],
    /// Integrity pad, pad length, next header and authentication code; empty outside of a session.
    pub trailer: &'a [u8],
    /// What the authentication code is computed over, the code itself still at its end.
    pub covered: &'a [u8],
}

/// Takes a datagram apart. Total: any bytes are a [`Packet`] or a [`Malformed`].
pub fn decode(datagram: &[u8]) -> Result<Packet<'_>, Malformed> {
    let head: [u8; HEAD] = field(datagram, 0, "RMCP+ packet")?;
    if head[0] != RMCP[0] || head[3] != RMCP[3] {
        return Err(Malformed::Field { what: "RMCP version and class", value: u32::from(head[3]) });
    }
    if head[4] != RMCP_PLUS {
        return Err(Malformed::Field { what: "authentication type", value: u32::from(head[4]) });
    }
    let length = usize::from(u16::from_le_bytes([head[14], head[15]]));
    let rest = &datagram[HEAD..];
    let short = Malformed::Short { what: "payload", bytes: rest.len(), needed: length };
    let (payload, trailer) = rest.split_at_checked(length).ok_or(short)?;
    Ok(Packet {
        payload_type: PayloadType::of(head[5] & 0x3F)?,
        encrypted: head[5] & 0x80 != 0,
        authenticated: head[5] & 0x40 != 0,
        session_id: u32::from_le_bytes([head[6], head[7], head[8], head[9]]),
        sequence: u32::from_le_bytes([head[10], head[11], head[12], head[13]]),
        payload,
        trailer,
        covered: &datagram[RMCP.len()..],
    })
}

/// A datagram outside of any session: the messages that set one up.
pub fn encode(payload_type: PayloadType, payload: &[u8]) -> Vec<u8> {
    let mut datagram = head(payload_type.number(), 0, 0, payload.len());
    datagram.extend_from_slice(payload);
    datagram
}

/// The header of an authenticated and encrypted payload in a session.
pub(super) fn sealed_head(kind: PayloadType, session_id: u32, sequence: u32, length: usize) -> Vec<u8> {
    head(kind.number() | 0xC0, session_id, sequence, length)
}

/// Where the authentication code's cover begins: after the RMCP header (§13.28.4).
pub(super) const COVER_FROM: usize = RMCP.len();

fn head(payload_type: u8, session_id: u32, sequence: u32, length: usize) -> Vec<u8> {
    let length = u16::try_from(length).expect("no message of ours is longer than 64 KiB");
    let mut head = Vec::with_capacity(HEAD + usize::from(length) + 32);
    head.extend_from_slice(&RMCP);
    head.extend_from_slice(&[RMCP_PLUS, payload_type]);
    head.extend_from_slice(&session_id.to_le_bytes());
    head.extend_from_slice(&sequence.to_le_bytes());
    head.extend_from_slice(&length.to_le_bytes());
    head
}
