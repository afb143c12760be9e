//! A datagram: RMCP, and in it ASF's ping or an IPMI packet of either version (IPMI v2.0 §13.1-13.6).

/// RMCP version 1.0, without an acknowledgement (table 13-1, §13.2.2).
const RMCP: [u8; 2] = [0x06, 0x00];
const NO_ACK: u8 = 0xFF;
const CLASS_ASF: u8 = 0x06;
const CLASS_IPMI: u8 = 0x07;
/// The enterprise number of ASF, big-endian (§13.2.3).
const ASF: [u8; 4] = [0x00, 0x00, 0x11, 0xBE];
const PING: u8 = 0x80;
const PONG: u8 = 0x40;
/// The format byte of IPMI v2.0 (table 13-8).
const PLUS: u8 = 0x06;

/// What a datagram is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// Is there a BMC? (§13.2.3)
    Ping {
        /// Comes back in the answer.
        tag: u8,
        /// RMCP's own number; FFh asks for no acknowledgement.
        sequence: u8,
    },
    /// IPMI v1.5 (§13.6).
    Legacy(Legacy<'a>),
    /// IPMI v2.0 (§13.6).
    Plus(Plus<'a>),
}

/// A packet of IPMI v1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Legacy<'a> {
    /// The authentication type; 0 has no code.
    pub(super) kind: u8,
    /// The number of the packet; 0 outside of a session.
    pub(super) sequence: u32,
    /// The session; 0 outside of one.
    pub(super) session: u32,
    /// The authentication code.
    pub(super) code: Option<[u8; 16]>,
    /// The message.
    pub(super) payload: &'a [u8],
}

/// A packet of IPMI v2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plus<'a> {
    /// Whether the payload is encrypted.
    pub(super) encrypted: bool,
    /// Whether a trailer with a code follows.
    pub(super) authenticated: bool,
    /// The payload's type (table 13-16).
    pub(super) kind: u8,
    /// The session; 0 outside of one.
    pub(super) session: u32,
    /// The number of the packet; 0 outside of a session.
    pub(super) sequence: u32,
    /// What it carries.
    pub(super) payload: &'a [u8],
    /// Everything from the format byte on.
    pub(super) whole: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; nothing where it is none of ours.
    pub(super) fn read(datagram: &'a [u8]) -> Option<Self> {
        let (&[sequence, class], body) = datagram.strip_prefix(&RMCP)?.split_first_chunk()?;
        match class {
            CLASS_ASF => ping(body, sequence),
            CLASS_IPMI if *body.first()? == PLUS => Plus::read(body).map(Self::Plus),
            CLASS_IPMI => Legacy::read(body).map(Self::Legacy),
            _ => None,
        }
    }
}

fn ping(body: &[u8], sequence: u8) -> Option<Packet<'_>> {
    let &[kind, tag, _, 0] = body.strip_prefix(&ASF)? else { return None };
    (kind == PING).then_some(Packet::Ping { tag, sequence })
}

/// There is a BMC, it speaks IPMI, and ASF 1.0 (§13.2.4).
pub(super) fn pong(tag: u8) -> Vec<u8> {
    let mut out = header(CLASS_ASF).to_vec();
    out.extend_from_slice(&ASF);
    out.extend_from_slice(&[PONG, tag, 0, 16]);
    out.extend_from_slice(&ASF);
    out.extend_from_slice(&[0, 0, 0, 0, 0x81, 0x00, 0, 0, 0, 0, 0, 0]);
    out
}

const fn header(class: u8) -> [u8; 4] {
    [RMCP[0], RMCP[1], NO_ACK, class]
}

impl<'a> Legacy<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let (&kind, body) = body.split_first()?;
        let (sequence, body) = body.split_first_chunk()?;
        let (session, body) = body.split_first_chunk()?;
        let (code, body) = match kind {
            0 => (None, body),
            _ => body.split_first_chunk().map(|(code, body)| (Some(*code), body))?,
        };
        let (&length, body) = body.split_first()?;
        Some(Self {
            kind,
            sequence: u32::from_le_bytes(*sequence),
            session: u32::from_le_bytes(*session),
            code,
            payload: body.get(..usize::from(length))?,
        })
    }

    /// The datagram.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(30 + self.payload.len());
        out.extend_from_slice(&header(CLASS_IPMI));
        out.push(self.kind);
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.session.to_le_bytes());
        out.extend_from_slice(self.code.as_ref().map_or(&[], |code| code));
        out.push(u8::try_from(self.payload.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.payload);
        out
    }
}

/// Where an IPMI packet begins in a datagram.
pub(super) const START: usize = 4;
/// What stands before the payload in a packet of IPMI v2.0.
const PLUS_HEADER: usize = 12;
/// What follows the trailer's pad (table 13-8, Next Header).
const NEXT_HEADER: u8 = 0x07;

impl<'a> Plus<'a> {
    fn read(whole: &'a [u8]) -> Option<Self> {
        let (head, rest) = whole.split_first_chunk::<PLUS_HEADER>()?;
        let &[_, kind, s0, s1, s2, s3, n0, n1, n2, n3, l0, l1] = head;
        Some(Self {
            encrypted: kind & 0x80 != 0,
            authenticated: kind & 0x40 != 0,
            kind: kind & 0x3F,
            session: u32::from_le_bytes([s0, s1, s2, s3]),
            sequence: u32::from_le_bytes([n0, n1, n2, n3]),
            payload: rest.get(..usize::from(u16::from_le_bytes([l0, l1])))?,
            whole,
        })
    }

    /// What the code covers and the code itself, where it has so many bytes (table 13-8, session trailer).
    pub(super) fn signed(&self, code: usize) -> Option<(&'a [u8], &'a [u8])> {
        let (covered, code) = self.whole.split_at_checked(self.whole.len().checked_sub(code)?)?;
        let &[.., pad, NEXT_HEADER] = covered else { return None };
        (covered.len() == PLUS_HEADER + self.payload.len() + usize::from(pad) + 2).then_some((covered, code))
    }
}

/// What a packet of IPMI v2.0 is besides what it carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope {
    /// The payload's type with the two bits above it.
    pub(super) kind: u8,
    /// The receiver's number of the session.
    pub(super) session: u32,
    /// The number of the packet.
    pub(super) sequence: u32,
}

/// The datagram, up to its payload's end.
pub(super) fn plus(envelope: Envelope, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(START + PLUS_HEADER + payload.len() + 24);
    out.extend_from_slice(&header(CLASS_IPMI));
    out.extend_from_slice(&[PLUS, envelope.kind]);
    out.extend_from_slice(&envelope.session.to_le_bytes());
    out.extend_from_slice(&envelope.sequence.to_le_bytes());
    out.extend_from_slice(&u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// The trailer's pad, so that what the code covers is a multiple of four bytes, and what follows it.
pub(super) fn pad(out: &mut Vec<u8>) {
    let pad = (4 - (out.len() - START + 2) % 4) % 4;
    out.extend_from_slice(&[0xFF; 3][..pad]);
    out.extend_from_slice(&[pad as u8, NEXT_HEADER]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_answered_as_asf_has_it() {
        let ping = [0x06, 0, 0xFF, 0x06, 0, 0, 0x11, 0xBE, 0x80, 0x2A, 0, 0];
        assert_eq!(Packet::read(&ping), Some(Packet::Ping { tag: 0x2A, sequence: 0xFF }));
        let pong = pong(0x2A);
        assert_eq!(pong.len(), 28);
        assert_eq!(pong[8..12], [0x40, 0x2A, 0, 16]);
        assert_eq!(pong[20], 0x81);
    }

    #[test]
    fn a_packet_of_version_1_5_is_read_as_it_was_written() {
        let packet = Legacy { kind: 2, sequence: 7, session: 9, code: Some([5; 16]), payload: &[1, 2, 3] };
        assert_eq!(Packet::read(&packet.write()), Some(Packet::Legacy(packet)));
    }

    #[test]
    fn a_trailer_makes_what_is_covered_a_multiple_of_four() {
        for length in 0..9 {
            let payload = vec![0xAA; length];
            let mut out = plus(Envelope { kind: 0xC0, session: 1, sequence: 2 }, &payload);
            pad(&mut out);
            assert_eq!((out.len() - START) % 4, 0, "{length}");
            out.extend_from_slice(&[9; 12]);
            let Some(Packet::Plus(read)) = Packet::read(&out) else { panic!("not read") };
            assert_eq!(read.payload, payload);
            assert_eq!(read.signed(12), Some((&out[START..out.len() - 12], &[9; 12][..])));
            assert_eq!(read.signed(16), None);
        }
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        let whole = plus(Envelope { kind: 0, session: 0, sequence: 0 }, &[1, 2, 3, 4]);
        assert!((0..whole.len()).all(|end| Packet::read(&whole[..end]).is_none()));
    }
}
