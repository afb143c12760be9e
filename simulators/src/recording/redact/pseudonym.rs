//! Pseudonyms: of the same shape, the same for the same, and nobody's who does not have the key.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio_rustls::rustls::crypto::ring;

use super::Kind;

/// Makes pseudonyms with a key of its own.
pub(super) struct Pseudonyms {
    key: [u8; 32],
    made: BTreeMap<(Kind, String), String>,
    taken: BTreeSet<(Kind, String)>,
}

impl Pseudonyms {
    /// With a random key that nobody sees.
    pub(super) fn random() -> Self {
        let mut key = [0; 32];
        let random = ring::default_provider().secure_random;
        random.fill(&mut key).expect("the operating system has random numbers");
        Self { key, made: BTreeMap::new(), taken: BTreeSet::new() }
    }

    /// Of the same length: digits for digits, letters for letters of the same case, hexadecimal ones for hexadecimal
    /// numbers, and everything else as it is.
    pub(super) fn alike(&mut self, kind: Kind, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        let made = self.once(kind, &lower, |bytes| shaped(&lower, bytes));
        made.chars()
            .zip(text.chars())
            .map(|(by, was)| if was.is_ascii_uppercase() { by.to_ascii_uppercase() } else { by })
            .collect()
    }

    /// 32 hexadecimal digits, with the UUID's version and variant kept (RFC 9562 §4).
    pub(super) fn uuid(&mut self, hex: &str) -> String {
        self.once(Kind::Uuids, hex, |bytes| {
            let digit =
                |(at, was): (usize, char)| if matches!(at, 12 | 16) { was } else { hex_digit(bytes()) };
            hex.chars().enumerate().map(digit).collect()
        })
    }

    /// Octets with the last three replaced: the manufacturer's half stays. A World Wide Name that holds a MAC address
    /// holds its pseudonym.
    pub(super) fn mac(&mut self, octets: &[u8]) -> Vec<u8> {
        let own = octets.len() - 3;
        let identity: Vec<String> = octets[octets.len() - 6..].iter().map(|it| format!("{it:02x}")).collect();
        let made =
            self.once(Kind::Macs, &identity.concat(), |bytes| (0..6).map(|_| hex_digit(bytes())).collect());
        let digits = u32::from_str_radix(&made, 16).expect("they are six hexadecimal digits").to_be_bytes();
        [&octets[..own], &digits[1..]].concat()
    }

    /// In 192.0.2.0/24, then 198.51.100.0/24 and 203.0.113.0/24 (RFC 5737), or in 2001:db8::/32 (RFC 3849). Of more than 762
    /// IPv4 addresses some share one.
    pub(super) fn address(&mut self, ip: IpAddr) -> String {
        match ip {
            IpAddr::V4(_) => {
                let mut tries = 0;
                let mut start = 0;
                self.once(Kind::Addresses, &ip.to_string(), |bytes| {
                    if tries == 0 {
                        start = u32::from(bytes());
                    }
                    tries += 1;
                    documentation_v4(start, tries - 1).to_string()
                })
            }
            IpAddr::V6(_) => self.once(Kind::Addresses, &ip.to_string(), |bytes| {
                let mut octets = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                octets[8..].iter_mut().for_each(|octet| *octet = bytes());
                Ipv6Addr::from(octets).to_string()
            }),
        }
    }

    /// Every part between dots has a pseudonym of its own, so that a host keeps its name in every domain.
    pub(super) fn dotted(&mut self, kind: Kind, name: &str) -> String {
        name.split('.').map(|part| self.alike(kind, part)).collect::<Vec<_>>().join(".")
    }

    /// What was made before; else the first that is nobody else's, and not the text itself.
    fn once(
        &mut self,
        kind: Kind,
        text: &str,
        mut make: impl FnMut(&mut dyn FnMut() -> u8) -> String,
    ) -> String {
        if let Some(made) = self.made.get(&(kind, text.to_owned())) {
            return made.clone();
        }
        let mut made = String::new();
        for attempt in 0..TRIES {
            made = make(&mut stream(&self.key, kind, text, attempt));
            if made != text && self.taken.insert((kind, made.clone())) {
                break;
            }
        }
        self.made.insert((kind, text.to_owned()), made.clone());
        made
    }
}

/// More than there are documentation addresses.
const TRIES: u32 = 1000;

/// Bytes that are the same for the same key, kind, text and attempt (HMAC-SHA256 in counter mode).
fn stream(key: &[u8; 32], kind: Kind, text: &str, attempt: u32) -> impl FnMut() -> u8 {
    let seeded = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let seeded = seeded
        .chain_update(kind.word())
        .chain_update([0])
        .chain_update(text)
        .chain_update(attempt.to_be_bytes());
    let (mut counter, mut block) = (0u32, Vec::new());
    move || {
        if block.is_empty() {
            block = seeded.clone().chain_update(counter.to_be_bytes()).finalize().into_bytes().to_vec();
            counter += 1;
        }
        block.pop().expect("a block has 32 bytes")
    }
}

fn shaped(lower: &str, bytes: &mut dyn FnMut() -> u8) -> String {
    let (prefix, rest) = lower.strip_prefix("0x").map_or(("", lower), |rest| ("0x", rest));
    let letters = || rest.chars().filter(char::is_ascii_alphabetic);
    let is_hex = rest.len() >= 8 && letters().next().is_some() && letters().all(|c| c.is_ascii_hexdigit());
    let letter = |c: char, bytes: &mut dyn FnMut() -> u8| match c {
        _ if c.is_ascii_digit() => char::from(b'0' + bytes() % 10),
        _ if c.is_ascii_alphabetic() => char::from(b'a' + bytes() % if is_hex { 6 } else { 26 }),
        _ if c.is_alphanumeric() => 'x',
        other => other,
    };
    prefix.to_owned() + &rest.chars().map(|c| letter(c, bytes)).collect::<String>()
}

fn hex_digit(byte: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(byte % 16)])
}

fn documentation_v4(start: u32, attempt: u32) -> Ipv4Addr {
    const NETS: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
    let attempt = attempt % 762;
    let [a, b, c] = NETS[(attempt / 254) as usize];
    Ipv4Addr::new(a, b, c, u8::try_from((start + attempt) % 254 + 1).expect("it is below 255"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_has_the_shape_of_what_it_hides() {
        let mut made = Pseudonyms::random();
        let serial = made.alike(Kind::Serials, "AB-12/cd");
        let shape = |c: char| {
            if c.is_ascii_digit() {
                '0'
            } else if c.is_ascii_uppercase() {
                'A'
            } else if c.is_ascii_lowercase() {
                'a'
            } else {
                c
            }
        };
        assert_eq!(serial.chars().map(shape).collect::<String>(), "AA-00/aa");
        assert_ne!(serial, "AB-12/cd");
        let durable = made.alike(Kind::Serials, "5000C500ABCDEF01");
        assert!(durable.len() == 16 && durable.chars().all(|c| c.is_ascii_hexdigit()), "{durable}");
    }

    #[test]
    fn the_same_is_the_same_and_another_key_makes_another() {
        let [mut one, mut other] = [Pseudonyms::random(), Pseudonyms::random()];
        let text = "PNWXX0123456789";
        assert_eq!(one.alike(Kind::Serials, text), one.alike(Kind::Serials, text));
        assert_ne!(one.alike(Kind::Serials, text), other.alike(Kind::Serials, text));
    }

    #[test]
    fn a_wwn_holds_the_pseudonym_of_its_mac() {
        let mut made = Pseudonyms::random();
        let mac = made.mac(&[0xa0, 0xb1, 0xc2, 1, 2, 3]);
        assert_eq!(mac[..3], [0xa0, 0xb1, 0xc2]);
        assert_ne!(mac[3..], [1, 2, 3]);
        assert_eq!(made.mac(&[0x20, 0, 0xa0, 0xb1, 0xc2, 1, 2, 3])[5..], mac[3..]);
    }

    #[test]
    fn seven_hundred_addresses_are_seven_hundred_documentation_addresses() {
        let mut made = Pseudonyms::random();
        let all: BTreeSet<String> =
            (0..700u32).map(|n| made.address(Ipv4Addr::from_bits(0x0a00_0000 + n).into())).collect();
        assert_eq!(all.len(), 700);
        let documentation = ["192.0.2.", "198.51.100.", "203.0.113."];
        assert!(all.iter().all(|it| documentation.iter().any(|net| it.starts_with(net))));
        assert!(all.iter().filter(|it| it.starts_with("192.0.2.")).count() == 254);
    }

    #[test]
    fn a_uuid_keeps_its_version() {
        let mut made = Pseudonyms::random();
        let uuid = made.uuid("00112233445547778899aabbccddeeff");
        assert_eq!((uuid.len(), &uuid[12..13], &uuid[16..17]), (32, "4", "8"));
    }
}
