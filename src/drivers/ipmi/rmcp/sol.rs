//! Serial over LAN without I/O: packets, and one end of the line that acknowledges, repeats and puts in order
//! (IPMI v2.0 §15.9 to §15.11).
//!
//! Either end has at most one packet under way. It is repeated until it is acknowledged, under its own number of 1 to 15; what
//! only acknowledges has number 0 and is never acknowledged itself.

use std::ops::RangeInclusive;

use super::{Malformed, field};

/// Bytes before the data.
const HEAD: usize = 4;
/// Not acknowledged: in either direction.
const NACK: u8 = 0x40;
/// To the BMC: send a break. From the BMC: a break was seen.
const SEND_BREAK: u8 = 0x10;
const SAW_BREAK: u8 = 0x04;
/// From the BMC: characters are not taken now, the payload is ending, characters were lost.
const UNAVAILABLE: u8 = 0x20;
const DEACTIVATING: u8 = 0x10;
const OVERRUN: u8 = 0x08;
/// A count of characters is one byte.
const MOST: usize = 255;

/// A packet (table 15-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its number, 1 to 15; 0 for one that only acknowledges.
    pub sequence: u8,
    /// The number that it acknowledges; 0 for none.
    pub acknowledged: u8,
    /// How many characters of that one were taken.
    pub accepted: u8,
    /// What is asked for, or how the other end is.
    pub status: u8,
    /// Characters.
    pub data: &'a [u8],
}

impl Packet<'_> {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.sequence & 0x0F, self.acknowledged & 0x0F, self.accepted, self.status];
        bytes.extend_from_slice(self.data);
        bytes
    }
}

/// Reads a packet. Total: any bytes are a [`Packet`] or a [`Malformed`].
pub fn decode(payload: &[u8]) -> Result<Packet<'_>, Malformed> {
    let [sequence, acknowledged, accepted, status]: [u8; HEAD] = field(payload, 0, "SOL packet")?;
    let (sequence, acknowledged) = (sequence & 0x0F, acknowledged & 0x0F);
    Ok(Packet { sequence, acknowledged, accepted, status, data: &payload[HEAD..] })
}

/// What a packet from the BMC meant.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Characters from the host, in order and each once.
    pub data: Vec<u8>,
    /// What has to be answered at once.
    pub answer: Option<Vec<u8>>,
    /// What became of the packet that was under way.
    pub delivery: Option<Delivery>,
    /// The BMC is ending the payload.
    pub ended: bool,
    /// Characters were lost on their way from the host.
    pub overrun: bool,
    /// The host sent a break.
    pub broke: bool,
    /// It acknowledged and said that it took nothing, which was not believed.
    pub took_nothing: bool,
}

/// What became of the packet that was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All of it has arrived.
    Whole,
    /// Some of it has; the rest is under way again, under a number of its own.
    Part,
    /// The BMC takes no characters now; the same has to be tried again later.
    Later,
}

/// One end of a line: the console's.
#[derive(Debug)]
pub struct Line {
    /// Characters in a packet.
    limit: usize,
    sequence: u8,
    /// What is under way: characters, or a break, which has none.
    out: Option<Out>,
    /// The last number heard, and how many of its characters were taken.
    heard: Option<(u8, usize)>,
}

#[derive(Debug)]
struct Out {
    sequence: u8,
    status: u8,
    data: Vec<u8>,
}

impl Line {
    /// Sizes of a payload that make sense: a head and a character at least, a datagram at most.
    pub const SIZES: RangeInclusive<u16> = HEAD as u16 + 1..=1024;

    /// A line whose packets have at most this many bytes, head included.
    pub fn new(size: u16) -> Self {
        let limit = usize::from(size).saturating_sub(HEAD).clamp(1, MOST);
        Self { limit, sequence: 0, out: None, heard: None }
    }

    /// How many characters a packet takes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a packet is under way, so that no other may be sent.
    pub fn is_busy(&self) -> bool {
        self.out.is_some()
    }

    /// Sends characters, at most [`Line::limit`]; what is more is left out.
    pub fn send(&mut self, data: &[u8]) -> Vec<u8> {
        self.put(0, data[..data.len().min(self.limit)].to_vec())
    }

    /// Sends a break.
    pub fn send_break(&mut self) -> Vec<u8> {
        self.put(SEND_BREAK, Vec::new())
    }

    /// What is under way, once more; `None` when nothing is.
    pub fn again(&self) -> Option<Vec<u8>> {
        self.out.as_ref().map(|out| {
            let Out { sequence, status, data } = out;
            Packet { sequence: *sequence, acknowledged: 0, accepted: 0, status: *status, data }.encode()
        })
    }

    /// The same under a number of its own, so that the BMC takes it for new: what no client should do.
    pub fn again_as_new(&mut self) -> Option<Vec<u8>> {
        let Out { status, data, .. } = self.out.take()?;
        Some(self.put(status, data))
    }

    /// Takes a packet from the BMC, with room for this many characters.
    pub fn hear(&mut self, packet: &Packet<'_>, room: usize) -> Heard {
        let mut heard = Heard {
            ended: packet.status & DEACTIVATING != 0,
            overrun: packet.status & OVERRUN != 0,
            broke: packet.status & SAW_BREAK != 0,
            ..Heard::default()
        };
        self.acknowledge(packet, &mut heard);
        if packet.sequence != 0 {
            self.take(packet, room, &mut heard);
        }
        heard
    }

    /// What tells the BMC that there is room again for what was not taken.
    pub fn resume(&self) -> Option<Vec<u8>> {
        let (acknowledged, taken) = self.heard?;
        let accepted = taken.min(MOST) as u8;
        Some(Packet { sequence: 0, acknowledged, accepted, status: 0, data: &[] }.encode())
    }

    fn put(&mut self, status: u8, data: Vec<u8>) -> Vec<u8> {
        self.sequence = self.sequence % 15 + 1;
        self.out = Some(Out { sequence: self.sequence, status, data });
        self.again().unwrap_or_default()
    }

    fn acknowledge(&mut self, packet: &Packet<'_>, heard: &mut Heard) {
        let Some(out) = self.out.take_if(|out| packet.acknowledged == out.sequence) else { return };
        let accepted = usize::from(packet.accepted).min(out.data.len());
        let refused = packet.status & NACK != 0;
        // An acknowledgement of nothing is one of all: to repeat it would be to say it twice.
        heard.took_nothing = !refused && accepted == 0 && !out.data.is_empty();
        if accepted == out.data.len() && !(refused && out.data.is_empty()) || heard.took_nothing {
            heard.delivery = Some(Delivery::Whole);
            return;
        }
        let later = refused && (accepted == 0 || packet.status & UNAVAILABLE != 0);
        heard.delivery = Some(if later { Delivery::Later } else { Delivery::Part });
        // The rest is a packet of its own (§15.11).
        self.put(out.status, out.data[accepted..].to_vec());
    }

    /// A repetition may have more characters than the packet that it repeats; only those are new.
    fn take(&mut self, packet: &Packet<'_>, room: usize, heard: &mut Heard) {
        let known = match self.heard {
            Some((sequence, taken)) if sequence == packet.sequence => taken.min(packet.data.len()),
            _ => 0,
        };
        let new = &packet.data[known..];
        let fits = new.len().min(room);
        heard.data = new[..fits].to_vec();
        let taken = known + fits;
        self.heard = Some((packet.sequence, taken));
        let status = if fits < new.len() { NACK } else { 0 };
        let accepted = taken.min(MOST) as u8;
        let answer = Packet { sequence: 0, acknowledged: packet.sequence, accepted, status, data: &[] };
        heard.answer = Some(answer.encode());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn from_bmc(bytes: &[u8]) -> Packet<'_> {
        decode(bytes).unwrap()
    }

    #[test]
    fn characters_come_in_order_and_once_and_are_acknowledged() {
        let mut line = Line::new(64);
        let first = line.hear(&from_bmc(b"\x01\0\0\0abc"), 99);
        assert_eq!((first.data.as_slice(), first.answer.as_deref()), (&b"abc"[..], Some(&[0, 1, 3, 0][..])));
        // Repeated, with one more.
        let again = line.hear(&from_bmc(b"\x01\0\0\0abcd"), 99);
        assert_eq!((again.data.as_slice(), again.answer.as_deref()), (&b"d"[..], Some(&[0, 1, 4, 0][..])));
        assert_eq!(line.hear(&from_bmc(b"\x02\0\0\0e"), 99).data, b"e");
    }

    #[test]
    fn what_there_is_no_room_for_is_not_acknowledged() {
        let mut line = Line::new(64);
        let heard = line.hear(&from_bmc(b"\x01\0\0\0abc"), 2);
        assert_eq!(
            (heard.data.as_slice(), heard.answer.as_deref()),
            (&b"ab"[..], Some(&[0, 1, 2, NACK][..]))
        );
        assert_eq!(line.resume().as_deref(), Some(&[0, 1, 2, 0][..]));
        assert_eq!(line.hear(&from_bmc(b"\x01\0\0\0abc"), 9).data, b"c");
    }

    #[test]
    fn a_packet_is_repeated_unchanged_until_it_is_acknowledged() {
        let mut line = Line::new(64);
        let sent = line.send(b"root\n");
        assert_eq!(sent, b"\x01\0\0\0root\n");
        assert_eq!(line.again(), Some(sent));
        assert_eq!(line.hear(&from_bmc(&[0, 9, 5, 0]), 0).delivery, None);
        assert_eq!(line.hear(&from_bmc(&[0, 1, 5, 0]), 0).delivery, Some(Delivery::Whole));
        assert!(!line.is_busy());
    }

    #[test]
    fn what_was_not_taken_goes_out_under_a_number_of_its_own() {
        let mut line = Line::new(64);
        line.send(b"root\n");
        assert_eq!(line.hear(&from_bmc(&[0, 1, 2, NACK]), 0).delivery, Some(Delivery::Part));
        assert_eq!(line.again().as_deref(), Some(&b"\x02\0\0\0ot\n"[..]));
        let waits = line.hear(&from_bmc(&[0, 2, 0, NACK | UNAVAILABLE]), 0);
        assert_eq!((waits.delivery, line.is_busy()), (Some(Delivery::Later), true));
    }

    #[test]
    fn an_acknowledgement_of_nothing_is_not_said_twice() {
        let mut line = Line::new(64);
        line.send(b"x");
        let heard = line.hear(&from_bmc(&[0, 1, 0, 0]), 0);
        assert_eq!((heard.delivery, heard.took_nothing), (Some(Delivery::Whole), true));
    }

    #[test]
    fn numbers_go_from_1_to_15_and_round() {
        let mut line = Line::new(64);
        let numbers: Vec<u8> = (0..17)
            .map(|_| {
                let number = line.send(b"x")[0];
                line.hear(&from_bmc(&[0, number, 1, 0]), 0);
                number
            })
            .collect();
        assert_eq!((numbers[0], numbers[14], numbers[15], numbers[16]), (1, 15, 1, 2));
    }

    #[test]
    fn a_break_has_no_characters_and_is_acknowledged_as_any() {
        let mut line = Line::new(64);
        assert_eq!(line.send_break(), [1, 0, 0, SEND_BREAK]);
        assert_eq!(line.hear(&from_bmc(&[0, 1, 0, 0]), 0).delivery, Some(Delivery::Whole));
    }

    #[test]
    fn a_bad_size_is_no_size() {
        assert!([5, 255, 1024].iter().all(|size| Line::SIZES.contains(size)));
        assert!([0, 4, 1025, 0xFF00].iter().all(|size| !Line::SIZES.contains(size)));
        assert_eq!((Line::new(0).limit(), Line::new(1024).limit()), (1, 255));
    }

    proptest! {
        #[test]
        fn no_packet_panics(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20), room in 0_usize..40) {
            let mut line = Line::new(64);
            for payload in payloads {
                if !line.is_busy() {
                    line.send(&payload);
                }
                if let Ok(packet) = decode(&payload) {
                    prop_assert!(line.hear(&packet, room).data.len() <= room);
                }
            }
        }

        /// Over a line that loses packets in both directions, what one end writes the other reads.
        #[test]
        fn what_is_written_is_read_whatever_is_lost(text in proptest::collection::vec(any::<u8>(), 0..300), losses in proptest::collection::vec(any::<bool>(), 200)) {
            let mut losses = losses.into_iter().chain(std::iter::repeat(false));
            let mut lost = move || losses.next().unwrap_or_default();
            let (mut near, mut far) = (Line::new(20), Line::new(20));
            let (mut rest, mut read) = (&text[..], Vec::new());
            while !rest.is_empty() || near.is_busy() {
                let packet = match near.again() {
                    Some(again) => again,
                    None => {
                        let (now, later) = rest.split_at(rest.len().min(near.limit()));
                        rest = later;
                        near.send(now)
                    }
                };
                if lost() {
                    continue;
                }
                let heard = far.hear(&decode(&packet).unwrap(), 7);
                read.extend(heard.data);
                if let Some(answer) = heard.answer.filter(|_| !lost()) {
                    near.hear(&decode(&answer).unwrap(), 0);
                }
            }
            prop_assert_eq!(read, text);
        }
    }
}
