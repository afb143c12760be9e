//! The codec by which a virtual machine reaches its BMC: OpenIPMI's, as QEMU's `ipmi-bmc-extern` speaks it. Without a socket.
//!
//! A message is a number, network function and logical unit, command, data, and a checksum that makes the sum zero; A0h ends it.
//! A command of the hardware is a code and perhaps a byte; A1h ends it. In both, A0h, A1h and AAh stand as AAh and the byte
//! with bit 4 set.

const MESSAGE: u8 = 0xA0;
const COMMAND: u8 = 0xA1;
const ESCAPE: u8 = 0xAA;
const ESCAPED: u8 = 0x10;
/// No message is longer.
const LONGEST: usize = 300;
/// The version of the protocol.
const VERSION: u8 = 1;

/// What the hardware of the machine is asked for, or says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hardware {
    /// The version of the protocol.
    Version,
    /// Cut the power.
    PowerOff,
    /// Reset.
    Reset,
    /// Raise a non-maskable interrupt.
    Nmi,
    /// Press the power button shortly.
    Shutdown,
}

impl Hardware {
    /// What an event of the machine (a word of its log) means for a virtual one.
    pub(super) fn of(event: &str) -> Option<Self> {
        match event {
            "power.off" => Some(Self::PowerOff),
            "host.reset" => Some(Self::Reset),
            "host.nmi" => Some(Self::Nmi),
            "host.acpi-shutdown" => Some(Self::Shutdown),
            _ => None,
        }
    }

    /// As it goes over the wire.
    pub(super) fn write(self) -> Vec<u8> {
        let bytes: &[u8] = match self {
            Self::Version => &[0xFF, VERSION],
            Self::PowerOff => &[0x03],
            Self::Reset => &[0x04],
            Self::Nmi => &[0x07],
            Self::Shutdown => &[0x09],
        };
        framed(bytes, COMMAND)
    }
}

/// A request of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    number: u8,
    /// The network function, even.
    pub(super) netfn: u8,
    /// The logical unit.
    pub(super) lun: u8,
    /// The command.
    pub(super) command: u8,
    /// What follows it.
    pub(super) data: Vec<u8>,
}

impl Asked {
    /// The answer: completion code and data.
    pub(super) fn answer(&self, answered: &[u8]) -> Vec<u8> {
        let mut bytes = vec![self.number, (self.netfn | 1) << 2 | self.lun, self.command];
        bytes.extend_from_slice(answered);
        bytes.push(bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte)));
        framed(&bytes, MESSAGE)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[number, function, command], rest) = bytes.split_first_chunk()?;
        let (_, data) = rest.split_last()?;
        let is_whole = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0;
        let netfn = function >> 2;
        let asked = Self { number, netfn, lun: function & 3, command, data: data.to_vec() };
        (is_whole && netfn % 2 == 0).then_some(asked)
    }
}

/// Takes bytes as they come. What the machine says of its own hardware (version, capabilities, that it was reset) needs no
/// answer, and is left out.
#[derive(Debug, Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    escaped: bool,
    too_long: bool,
}

impl Reader {
    /// The request that this byte completes.
    pub(super) fn take(&mut self, byte: u8) -> Option<Asked> {
        match byte {
            MESSAGE | COMMAND => {
                let whole = std::mem::take(self);
                (byte == MESSAGE && !whole.too_long).then(|| Asked::read(&whole.bytes)).flatten()
            }
            ESCAPE => {
                self.escaped = true;
                None
            }
            _ => {
                let byte = if std::mem::take(&mut self.escaped) { byte & !ESCAPED } else { byte };
                self.too_long |= self.bytes.len() >= LONGEST;
                if !self.too_long {
                    self.bytes.push(byte);
                }
                None
            }
        }
    }
}

fn framed(bytes: &[u8], end: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    for byte in bytes {
        match *byte {
            special @ (MESSAGE | COMMAND | ESCAPE) => out.extend_from_slice(&[ESCAPE, special | ESCAPED]),
            other => out.push(other),
        }
    }
    out.push(end);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Asked> {
        let mut reader = Reader::default();
        bytes.iter().filter_map(|byte| reader.take(*byte)).collect()
    }

    #[test]
    fn a_request_is_read_and_answered_with_its_number() {
        let [asked] = &read(&[0x01, 0x18, 0x01, 0xE6, 0xA0])[..] else { panic!("one request") };
        assert_eq!((asked.netfn, asked.lun, asked.command, asked.data.len()), (6, 0, 1, 0));
        assert_eq!(asked.answer(&[0, 0x20]), [0x01, 0x1C, 0x01, 0x00, 0x20, 0xC2, 0xA0]);
    }

    #[test]
    fn bytes_that_end_something_are_escaped_both_ways() {
        let sum = 0u8
            .wrapping_sub(0x02u8.wrapping_add(0x18).wrapping_add(0xAA).wrapping_add(0xA0).wrapping_add(0xA1));
        let asked = read(&[0x02, 0x18, 0xAA, 0xBA, 0xAA, 0xB0, 0xAA, 0xB1, sum, 0xA0]);
        assert_eq!((asked[0].command, asked[0].data.as_slice()), (0xAA, &[0xA0, 0xA1][..]));
        let answer = asked[0].answer(&[0xA0]);
        assert_eq!(answer[2..6], [0xAA, 0xBA, 0xAA, 0xB0]);
    }

    #[test]
    fn what_is_wrong_or_no_request_is_left_out() {
        let wrong = read(&[0x01, 0x18, 0x01, 0xE7, 0xA0]);
        let version_and_capabilities = read(&[0xFF, 0x01, 0xA1, 0x08, 0x3F, 0xA1, 0xA0]);
        assert!(wrong.is_empty() && version_and_capabilities.is_empty());
        let endless = vec![7; 100_000];
        assert!(read(&endless).is_empty());
    }
}
