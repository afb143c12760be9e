//! The algorithms of a cipher suite: keyed hashes for proof and integrity, AES for secrecy (IPMI v2.0 §13.28, §22.15.2).

use aes::{Aes128, cipher::KeyInit as _};
use cbc::cipher::{Array, BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::Malformed;
use crate::endpoint::Suite;

/// Bytes of an AES block, of a key, and of an initialization vector.
pub const BLOCK: usize = 16;

impl Suite {
    /// The authentication algorithm's number (table 13-17).
    pub(super) const fn authentication(self) -> u8 {
        match self {
            Self::Three => 0x01,
            Self::Seventeen => 0x03,
        }
    }

    /// The integrity algorithm's number (table 13-18).
    pub(super) const fn integrity(self) -> u8 {
        match self {
            Self::Three => 0x01,
            Self::Seventeen => 0x04,
        }
    }

    /// The confidentiality algorithm's number (table 13-19): AES-CBC-128.
    pub(super) const fn confidentiality(self) -> u8 {
        0x01
    }

    /// Bytes of a whole code: RAKP 2 and RAKP 3 carry all of it.
    pub(super) const fn code_length(self) -> usize {
        match self {
            Self::Three => 20,
            Self::Seventeen => 32,
        }
    }

    /// Bytes of a truncated code: RAKP 4 and every packet of a session carry its beginning.
    pub(super) const fn short_length(self) -> usize {
        match self {
            Self::Three => 12,
            Self::Seventeen => 16,
        }
    }
}

/// A keyed hash, ready to be used any number of times.
#[derive(Clone)]
pub struct Keyed(Inner);

#[derive(Clone)]
enum Inner {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl Keyed {
    /// The suite's hash under this key, of any length.
    pub fn new(suite: Suite, key: &[u8]) -> Self {
        let any_length = "HMAC takes a key of any length";
        Self(match suite {
            Suite::Three => Inner::Sha1(Hmac::new_from_slice(key).expect(any_length)),
            Suite::Seventeen => Inner::Sha256(Hmac::new_from_slice(key).expect(any_length)),
        })
    }

    /// The whole code over these parts in order.
    pub fn code(&self, parts: &[&[u8]]) -> Vec<u8> {
        match &self.0 {
            Inner::Sha1(mac) => over(mac, parts).finalize().into_bytes().to_vec(),
            Inner::Sha256(mac) => over(mac, parts).finalize().into_bytes().to_vec(),
        }
    }

    /// Appends the beginning of the code over what is there from `from` on.
    pub(super) fn sign(&self, datagram: &mut Vec<u8>, from: usize, length: usize) {
        match &self.0 {
            Inner::Sha1(mac) => {
                let code = over(mac, &[&datagram[from..]]).finalize().into_bytes();
                datagram.extend_from_slice(&code[..length]);
            }
            Inner::Sha256(mac) => {
                let code = over(mac, &[&datagram[from..]]).finalize().into_bytes();
                datagram.extend_from_slice(&code[..length]);
            }
        }
    }

    /// Whether `code` is the beginning of the code over these parts, compared in constant time.
    pub fn fits(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        match &self.0 {
            Inner::Sha1(mac) => over(mac, parts).verify_truncated_left(code).is_ok(),
            Inner::Sha256(mac) => over(mac, parts).verify_truncated_left(code).is_ok(),
        }
    }
}

fn over<M: Mac + Clone>(keyed: &M, parts: &[&[u8]]) -> M {
    let mut mac = keyed.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac
}

/// AES-CBC-128 as IPMI uses it: the vector first, then the blocks, padded with 1, 2, 3 … and the pad's length (§13.29).
pub struct Cipher(Aes128);

impl Cipher {
    /// Under the first 16 bytes of K2.
    pub fn new(key: &[u8; BLOCK]) -> Self {
        Self(Aes128::new(&(*key).into()))
    }

    /// How long the payload is that carries `length` bytes.
    pub const fn sealed_length(length: usize) -> usize {
        BLOCK + (length + 1).next_multiple_of(BLOCK)
    }

    /// Appends vector and ciphertext of what `plain` appends.
    pub(super) fn seal_onto(&self, to: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>), vector: [u8; BLOCK]) {
        to.extend_from_slice(&vector);
        let from = to.len();
        plain(to);
        let length = to.len() - from;
        let pad = (length + 1).next_multiple_of(BLOCK) - length - 1;
        to.extend((1..BLOCK as u8).take(pad));
        to.push(pad as u8);
        let (blocks, _) = Array::slice_as_chunks_mut(&mut to[from..]);
        cbc::Encryptor::inner_iv_init(&self.0, &vector.into()).encrypt_blocks(blocks);
    }

    /// The plain text of a payload whose integrity has been verified.
    ///
    /// A pad of a whole block (16, OpenIPMI before 2025) is taken although one of 0 would do.
    pub fn open(&self, payload: &[u8]) -> Result<Vec<u8>, Malformed> {
        let what = "encrypted payload";
        let Some((vector, sealed)) = payload.split_first_chunk::<BLOCK>().filter(|(_, s)| !s.is_empty())
        else {
            return Err(Malformed::Short { what, bytes: payload.len(), needed: 2 * BLOCK });
        };
        let mut plain = sealed.to_vec();
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut plain);
        if !rest.is_empty() {
            return Err(Malformed::Field { what, value: payload.len() as u32 });
        }
        cbc::Decryptor::inner_iv_init(&self.0, &(*vector).into()).decrypt_blocks(blocks);
        let pad = usize::from(plain.pop().unwrap_or_default());
        let length = plain.len().checked_sub(pad).filter(|_| pad <= BLOCK);
        let fits = |from: usize| plain[from..].iter().zip(1_u8..).all(|(byte, expected)| *byte == expected);
        let length =
            length.filter(|from| fits(*from)).ok_or(Malformed::Field { what: "pad", value: pad as u32 })?;
        plain.truncate(length);
        Ok(plain)
    }
}
