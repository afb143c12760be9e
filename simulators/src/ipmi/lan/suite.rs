//! Cipher suites (IPMI v2.0 §22.15.2, tables 13-17 to 13-19, 22-20).

use super::keys::Hash;

/// Authentication, integrity and confidentiality of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suite {
    /// Its number.
    pub(crate) id: u8,
    /// Number of the authentication algorithm (table 13-17).
    pub(crate) authentication: u8,
    /// Number of the integrity algorithm (table 13-18).
    pub(crate) integrity: u8,
    /// Number of the confidentiality algorithm (table 13-19).
    pub(crate) confidentiality: u8,
}

const fn suite(id: u8, authentication: u8, integrity: u8, confidentiality: u8) -> Suite {
    Suite { id, authentication, integrity, confidentiality }
}

/// Those that can be had: all but the ones with xRC4, which nobody should use any more.
pub(crate) const ALL: [Suite; 12] = [
    suite(0, 0, 0, 0),
    suite(1, 1, 0, 0),
    suite(2, 1, 1, 0),
    suite(3, 1, 1, 1),
    suite(6, 2, 0, 0),
    suite(7, 2, 2, 0),
    suite(8, 2, 2, 1),
    suite(11, 2, 3, 0),
    suite(12, 2, 3, 1),
    suite(15, 3, 0, 0),
    suite(16, 3, 4, 0),
    suite(17, 3, 4, 1),
];

impl Suite {
    /// The suite with this number.
    pub(crate) fn numbered(id: u8) -> Option<&'static Self> {
        ALL.iter().find(|it| it.id == id)
    }

    /// The hash of its key exchange; nothing where there is no authentication.
    pub(super) const fn hash(&self) -> Option<Hash> {
        match self.authentication {
            1 => Some(Hash::Sha1),
            2 => Some(Hash::Md5),
            3 => Some(Hash::Sha256),
            _ => None,
        }
    }

    /// How Get Channel Cipher Suites shows it (§22.15.1): a tagged record.
    pub(crate) const fn record(&self) -> [u8; 5] {
        [0xC0, self.id, self.authentication, 0x40 | self.integrity, 0x80 | self.confidentiality]
    }
}
