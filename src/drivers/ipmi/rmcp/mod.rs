//! RMCP+ without I/O: bytes to packets, the handshake, the keys, and a session that seals and opens.
//!
//! Nothing here knows a socket, a clock or a source of randomness; whoever calls brings bytes and random numbers.
//! Whatever a peer sends is either understood or a [`Malformed`], never a panic: every length is checked before
//! it is used, and what is authenticated is verified before its inside is looked at.
//!
//! In the order in which they depend on each other: [`packet`] ← [`message`], [`algorithm`] ← [`session`] ←
//! [`handshake`]; [`sol`] stands beside them.

pub mod algorithm;
pub mod handshake;
pub mod message;
pub mod packet;
pub mod session;
pub mod sol;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::driver::Deviation;

/// Why bytes are not the message that they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Fewer bytes than the message's definition needs.
    Short {
        /// Which message.
        what: &'static str,
        /// How many bytes came.
        bytes: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A field has a value that its definition does not allow.
    Field {
        /// Which field.
        what: &'static str,
        /// Its value.
        value: u32,
    },
    /// A checksum or an authentication code does not fit.
    Check {
        /// Of what.
        what: &'static str,
    },
}

impl From<Malformed> for Deviation {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Short { what, bytes, needed } => Self::ShortMessage { what, bytes, needed },
            Malformed::Field { what, value } => Self::BadField { what, value },
            Malformed::Check { what } => Self::BadChecksum { what },
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Deviation::from(*self).fmt(f)
    }
}

impl std::error::Error for Malformed {}

/// The bytes of `from` at `at`, or what is missing of them.
pub(super) fn field<const N: usize>(
    from: &[u8],
    at: usize,
    what: &'static str,
) -> Result<[u8; N], Malformed> {
    let short = Malformed::Short { what, bytes: from.len(), needed: at.saturating_add(N) };
    let end = at.checked_add(N).ok_or(short)?;
    from.get(at..end).and_then(|bytes| bytes.try_into().ok()).ok_or(short)
}
