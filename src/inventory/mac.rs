//! A MAC address: what a BMC is called by before anybody has asked it anything.

use std::{fmt, str::FromStr};

/// A MAC address of 48 bits (IEEE 802 EUI-48). Prints as six lower-case bytes with colons.
///
/// It is read from all the ways in which labels, switches and lease files write it: `3c:ec:ef:12:34:56`, `3C-EC-EF-12-34-56`,
/// `3cec.ef12.3456`, `3cecef123456`, and with colons also without leading zeros (`0:c:29:1:2:3`). Neither `00:00:00:00:00:00`
/// nor `ff:ff:ff:ff:ff:ff` names anything. A group address is taken as it is: boards with a wrongly burnt one have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// A text that is no MAC address, without the text: where it stands is for the reader of the file to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMac;

impl fmt::Display for NotAMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a MAC address, such as 3c:ec:ef:12:34:56")
    }
}

impl std::error::Error for NotAMac {}

impl Mac {
    /// The address of these bytes, unless it is the one of nobody or of everybody.
    pub fn new(bytes: [u8; 6]) -> Result<Self, NotAMac> {
        if bytes == [0; 6] || bytes == [0xff; 6] { Err(NotAMac) } else { Ok(Self(bytes)) }
    }

    /// Its bytes, the vendor's first.
    pub const fn bytes(self) -> [u8; 6] {
        self.0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        f.pad(&format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}"))
    }
}

impl FromStr for Mac {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let (mark, each, shortest) = match text {
            _ if text.contains(':') => (Some(':'), 2, 1),
            _ if text.contains('-') => (Some('-'), 2, 2),
            _ if text.contains('.') => (Some('.'), 4, 4),
            _ => (None, 12, 12),
        };
        let groups = text.split(|c| Some(c) == mark);
        let mut digits = String::new();
        for group in groups {
            if !(shortest..=each).contains(&group.len()) || !group.bytes().all(|it| it.is_ascii_hexdigit()) {
                return Err(NotAMac);
            }
            digits.push_str(&format!("{group:0>each$}"));
        }
        if digits.len() != 12 {
            return Err(NotAMac);
        }
        let number = u64::from_str_radix(&digits, 16).map_err(|_| NotAMac)?;
        let [_, _, bytes @ ..] = number.to_be_bytes();
        Self::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_it_is_the_same_address() {
        for text in ["3c:ec:ef:12:34:56", "3C-EC-EF-12-34-56", "3cec.ef12.3456", "3CECEF123456"] {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "3c:ec:ef:12:34:56");
        }
        assert_eq!("0:c:29:1:2:3".parse::<Mac>().unwrap().bytes(), [0, 0x0c, 0x29, 1, 2, 3]);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "3c",
            "3c:ec:ef:12:34",
            "3c:ec:ef:12:34:56:78",
            "3c:ec:ef:12:34:5g",
            "3c:ec-ef:12:34:56",
            "3c:ec:ef:12:34:+6",
            "3c::ef:12:34:56",
            "3cecef12345",
            "3cec.ef12.345",
            "3-ec-ef-12-34-56",
            "00:00:00:00:00:00",
            "ff-ff-ff-ff-ff-ff",
            "３c:ec:ef:12:34:56",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(NotAMac), "{text}");
        }
    }
}
