//! Hashes, keys and ciphers of a session (IPMI v2.0 §13.28-13.32, §22.17.1).

use std::fmt;

use aes::{Aes128, cipher::KeyInit as _};
use cbc::cipher::{Array, BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _};
use hmac::{Hmac, Mac};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

use super::suite::Suite;

/// The longest password (§22.30); it is also the length of a key.
pub(crate) const LONGEST: usize = 20;

/// A hash, used as HMAC (RFC 2104).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Md5,
    Sha256,
}

impl Hash {
    /// The HMAC of the parts, one behind the other.
    pub(super) fn sign(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => sign(hmac::<Hmac<Sha1>>(key), parts),
            Self::Md5 => sign(hmac::<Hmac<Md5>>(key), parts),
            Self::Sha256 => sign(hmac::<Hmac<Sha256>>(key), parts),
        }
    }

    /// How many bytes of the integrity check value the fourth message has (§13.28.1, §13.28.4).
    pub(super) const fn check_length(self) -> usize {
        match self {
            Self::Sha1 => 12,
            Self::Md5 | Self::Sha256 => 16,
        }
    }
}

fn sign<M: Mac>(mac: M, parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().to_vec()
}

fn hmac<M: hmac::KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("a key of HMAC may have any length")
}

/// Whether two codes are the same, in a time that does not tell where they differ.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// A password as a key: with zeros up to its length. Nothing where it is longer.
pub(super) fn padded<const N: usize>(password: &str) -> Option<[u8; N]> {
    let mut key = [0; N];
    key.get_mut(..password.len())?.copy_from_slice(password.as_bytes());
    Some(key)
}

/// How packets of a session are signed (§13.28). It never prints.
pub(super) enum Integrity {
    None,
    Sha1(Hmac<Sha1>),
    Md5(Hmac<Md5>),
    /// The password on both sides of the packet (§13.28.3).
    Password([u8; LONGEST]),
    Sha256(Hmac<Sha256>),
}

impl Integrity {
    /// That of a suite, with the first of the additional keys (§13.32), or the password.
    fn new(suite: &Suite, key: &[u8], password: [u8; LONGEST]) -> Self {
        match suite.integrity {
            1 => Self::Sha1(hmac(key)),
            2 => Self::Md5(hmac(key)),
            3 => Self::Password(password),
            4 => Self::Sha256(hmac(key)),
            _ => Self::None,
        }
    }

    /// The length of a code.
    pub(super) const fn length(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Sha1(_) => 12,
            Self::Md5(_) | Self::Password(_) | Self::Sha256(_) => 16,
        }
    }

    /// The code of a packet, in the first bytes.
    pub(super) fn code(&self, covered: &[u8]) -> [u8; 16] {
        let mut code = [0; 16];
        let mut take = |whole: &[u8]| code[..self.length()].copy_from_slice(&whole[..self.length()]);
        match self {
            Self::None => {}
            Self::Sha1(mac) => take(&mac.clone().chain_update(covered).finalize().into_bytes()),
            Self::Md5(mac) => take(&mac.clone().chain_update(covered).finalize().into_bytes()),
            Self::Password(password) => take(&md5(&[password, covered, password])),
            Self::Sha256(mac) => take(&mac.clone().chain_update(covered).finalize().into_bytes()),
        }
        code
    }
}

/// How payloads of a session are encrypted (§13.29). It never prints.
pub(super) enum Confidentiality {
    None,
    Aes(Box<Aes128>),
}

impl Confidentiality {
    /// That of a suite, with the second of the additional keys (§13.32).
    fn new(suite: &Suite, key: &[u8]) -> Self {
        let aes = || Aes128::new_from_slice(key.get(..16)?).ok();
        match aes().filter(|_| suite.confidentiality == 1) {
            Some(aes) => Self::Aes(Box::new(aes)),
            None => Self::None,
        }
    }

    /// Whether there is none.
    pub(super) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// What was encrypted: a vector, then blocks that end in their pad and its length (§13.29.2).
    pub(super) fn open(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let Self::Aes(aes) = self else { return Some(payload.to_vec()) };
        let (vector, body) = payload.split_first_chunk::<16>()?;
        let mut plain = body.to_vec();
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut plain);
        if !rest.is_empty() {
            return None;
        }
        cbc::Decryptor::inner_iv_init(&**aes, &(*vector).into()).decrypt_blocks(blocks);
        let pad = usize::from(*plain.last()?);
        plain.truncate(plain.len().checked_sub(pad + 1)?);
        Some(plain)
    }

    /// The payload as it is sent.
    pub(super) fn seal(&self, payload: &[u8], vector: [u8; 16]) -> Vec<u8> {
        let Self::Aes(aes) = self else { return payload.to_vec() };
        let pad = 15 - payload.len() % 16;
        let mut out = Vec::with_capacity(16 + payload.len() + pad + 1);
        out.extend_from_slice(&vector);
        out.extend_from_slice(payload);
        out.extend((1..=pad).map(|byte| byte as u8));
        out.push(pad as u8);
        let (blocks, _) = Array::slice_as_chunks_mut(&mut out[16..]);
        cbc::Encryptor::inner_iv_init(&**aes, &vector.into()).encrypt_blocks(blocks);
        out
    }
}

/// Both, from the session's integrity key (§13.32); without authentication there is no key, and neither of them.
pub(super) fn tunnel(
    suite: &Suite,
    session_key: &[u8],
    password: [u8; LONGEST],
) -> (Integrity, Confidentiality) {
    let Some(hash) = suite.hash() else { return (Integrity::None, Confidentiality::None) };
    let additional = |number: u8| hash.sign(session_key, &[&[number; 20]]);
    (Integrity::new(suite, &additional(1), password), Confidentiality::new(suite, &additional(2)))
}

/// The code of a packet of IPMI v1.5 with type MD5 (§22.17.1).
pub(super) fn legacy_code(password: &[u8; 16], session: u32, payload: &[u8], sequence: u32) -> [u8; 16] {
    md5(&[password, &session.to_le_bytes(), payload, &sequence.to_le_bytes(), password])
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    parts.iter().fold(Md5::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

impl fmt::Debug for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Integrity(…)")
    }
}

impl fmt::Debug for Confidentiality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confidentiality(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_whatever_its_length() {
        let (_, confidentiality) = tunnel(Suite::numbered(3).unwrap(), &[7; 20], [0; LONGEST]);
        for length in 0..40 {
            let plain = vec![0x5A; length];
            let sealed = confidentiality.seal(&plain, [3; 16]);
            assert_eq!(sealed.len() % 16, 0);
            assert!(!sealed.windows(length.max(4)).any(|it| it == plain), "{length}");
            assert_eq!(confidentiality.open(&sealed), Some(plain));
        }
        assert_eq!(confidentiality.open(&[0; 17]), None);
        assert_eq!(confidentiality.open(&[0; 16]), None);
    }

    /// RFC 2202, test case 1 of each; RFC 4231, test case 1.
    #[test]
    fn the_codes_are_those_of_the_standards() {
        let start = |hash: Hash, length| hash.sign(&vec![0x0B; length], &[b"Hi ", b"There"])[..4].to_vec();
        assert_eq!(start(Hash::Md5, 16), [0x92, 0x94, 0x72, 0x7a]);
        assert_eq!(start(Hash::Sha1, 20), [0xb6, 0x17, 0x31, 0x86]);
        assert_eq!(start(Hash::Sha256, 20), [0xb0, 0x34, 0x4c, 0x61]);
    }

    #[test]
    fn keys_do_not_print() {
        let (integrity, confidentiality) = tunnel(Suite::numbered(12).unwrap(), &[7; 20], [0x41; LONGEST]);
        let shown = format!("{integrity:?} {confidentiality:?}");
        assert_eq!(shown, "Integrity(…) Confidentiality(…)");
    }
}
