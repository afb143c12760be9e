//! The LAN's parameters as data (IPMI v2.0 table 23-4): how long, whether written, what they are at first.

use super::super::super::command::Completion;

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    number: u8,
    /// How many bytes it has; with its set selector, where it has sets.
    pub(super) length: usize,
    /// How many sets there are; none where there is no selector.
    pub(super) sets: u8,
    /// What can be written.
    pub(super) form: Form,
    /// What it is at first, behind the set selector; filled with zeros.
    first: &'static [u8],
}

/// What can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing.
    ReadOnly,
    /// Anything.
    Bytes,
    /// Bytes that have no other bits than these.
    Bits(u8),
    /// A byte of at most this.
    Most(u8),
    /// A byte that says where an address comes from: static, or DHCP.
    Source,
    /// A privilege level in each half of each byte but the first; 0 is none.
    Levels,
}

/// A plain parameter.
const fn plain(number: u8, length: usize, form: Form, first: &'static [u8]) -> Parameter {
    Parameter { number, length, sets: 0, form, first }
}

/// One with sets.
const fn sets(number: u8, length: usize, sets: u8, form: Form) -> Parameter {
    Parameter { number, length, sets, form, first: &[] }
}

use Form::{Bits, Bytes, Levels, Most, ReadOnly, Source};

/// Destinations of alerts: the volatile one, and four.
const DESTINATIONS: u8 = 5;
/// MD5 and straight passwords, for every level but the maker's own.
const AUTHENTICATION: u8 = 0x14;

const ALL: &[Parameter] = &[
    plain(1, 1, ReadOnly, &[AUTHENTICATION]),
    plain(2, 5, Bits(AUTHENTICATION), &[AUTHENTICATION, AUTHENTICATION, AUTHENTICATION, AUTHENTICATION]),
    plain(3, 4, Bytes, &[]),
    plain(4, 1, Source, &[1]),
    plain(5, 6, ReadOnly, &[]),
    plain(6, 4, Bytes, &[]),
    plain(7, 3, Bytes, &[0x40, 0x40, 0x10]),
    plain(8, 2, ReadOnly, &[0x6F, 0x02]),
    plain(9, 2, ReadOnly, &[0x98, 0x02]),
    plain(10, 1, Most(3), &[2]),
    plain(11, 1, Bytes, &[4]),
    plain(12, 4, Bytes, &[]),
    plain(13, 6, Bytes, &[]),
    plain(14, 4, Bytes, &[]),
    plain(15, 6, Bytes, &[]),
    plain(16, 18, Bytes, b"public"),
    plain(17, 1, ReadOnly, &[DESTINATIONS - 1]),
    sets(18, 4, DESTINATIONS, Bytes),
    sets(19, 13, DESTINATIONS, Bytes),
    plain(20, 2, Bytes, &[]),
    plain(21, 1, Most(7), &[]),
    plain(22, 1, ReadOnly, &[]),
    plain(23, 17, ReadOnly, &[]),
    plain(24, 9, Levels, &[0, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44]),
    sets(25, 4, DESTINATIONS, Bytes),
    plain(26, 6, Bytes, &[]),
    // IPv6, by the errata (E7): both at once, no alerts to IPv6.
    plain(50, 1, ReadOnly, &[0x02]),
    plain(51, 1, Most(2), &[2]),
    plain(52, 1, Bytes, &[]),
    plain(53, 1, Bytes, &[64]),
    plain(54, 3, Bytes, &[]),
    // One static address, no dynamic one, neither DHCPv6 nor SLAAC.
    plain(55, 3, ReadOnly, &[1, 0, 0]),
    sets(56, 20, 1, Bytes),
    plain(64, 1, Most(1), &[1]),
    plain(65, 16, Bytes, &[]),
    plain(66, 6, Bytes, &[]),
    plain(67, 1, Most(128), &[]),
    plain(68, 16, Bytes, &[]),
    plain(73, 1, ReadOnly, &[]),
];

/// The parameter with this number.
pub(super) fn parameter(number: u8) -> Option<&'static Parameter> {
    ALL.iter().find(|it| it.number == number)
}

impl Parameter {
    /// What it is at first.
    pub(super) fn usual(&self, set: u8) -> Vec<u8> {
        let mut bytes = if self.sets > 0 { vec![set] } else { Vec::new() };
        bytes.extend(self.first);
        bytes.resize(self.length, 0);
        bytes
    }

    /// Whether it can be this; it has the right length.
    pub(super) fn check(&self, data: &[u8]) -> Result<(), Completion> {
        let is_level = |nibble: u8| nibble <= 5;
        let fits = match self.form {
            ReadOnly => false,
            Bytes if self.sets > 0 && data[0] >= self.sets => return Err(Completion::OUT_OF_RANGE),
            Bytes => true,
            Bits(bits) => data.iter().all(|byte| byte & !bits == 0),
            Most(most) => data[0] <= most,
            Source => matches!(data[0], 1 | 2),
            Levels => data[0] == 0 && data.iter().all(|byte| is_level(byte & 0x0F) && is_level(byte >> 4)),
        };
        if fits { Ok(()) } else { Err(Completion::INVALID_FIELD) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_parameter_is_there_once_and_begins_no_longer_than_it_is() {
        let numbers: BTreeSet<_> = ALL.iter().map(|it| it.number).collect();
        assert_eq!(numbers.len(), ALL.len());
        assert!(ALL.iter().all(|it| it.first.len() <= it.length));
    }
}
