//! Whether IPMI is spoken: Get Channel Authentication Capabilities, which anybody may ask outside of a session (§22.13).

pub(in crate::drivers) mod ping;

use super::wire::{Pace, Turn, Wire};
use crate::{
    driver::{Cause, Deadline},
    drivers::presence::Presence,
    endpoint::{Endpoint, Seams},
};

/// The request, for this channel and the role of an administrator, in the IPMI v1.5 form that is spoken before a session
/// (§13.6): RMCP header, no authentication, sequence and session 0, nine bytes. The extended capabilities are asked for.
const REQUEST: [u8; 23] = [
    0x06, 0x00, 0xFF, 0x07, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 9, // header
    0x20, 0x18, 0xC8, 0x81, 0x00, 0x38, 0x8E, 0x04, 0xB5, // message
];

/// Asks, for as long as a busy BMC may take.
pub(in crate::drivers) async fn probe(endpoint: Endpoint, by: Deadline) -> Result<Presence, Cause> {
    let wire = match Wire::open(&endpoint).await {
        Ok(wire) => wire,
        Err(error) => return Ok(Presence::Absent { reason: error.to_string() }),
    };
    match wire.exchange(REQUEST.to_vec(), &mut Capabilities, Pace::brisk(Seams::default()), by).await {
        Ok(presence) => Ok(presence),
        Err(silence) => Ok(Presence::Absent { reason: silence.reason }),
    }
}

struct Capabilities;

impl Turn for Capabilities {
    type Answer = Presence;

    /// Any answer to the command shows that IPMI is spoken, a refusal too; only one that says that it knows no v2.0 does not.
    fn accept(&mut self, datagram: &[u8]) -> Option<Presence> {
        let is_ipmi = datagram.first() == Some(&0x06) && datagram.get(3) == Some(&0x07);
        let is_outside = datagram.get(4) == Some(&0x00);
        let message = datagram.get(14..)?;
        let answers = message.get(1).is_some_and(|it| it >> 2 == 0x07) && message.get(5) == Some(&0x38);
        if !(is_ipmi && is_outside && answers) {
            return None;
        }
        let (completion, types, extended) = (message.get(6)?, message.get(8), message.get(10));
        let says_versions = *completion == 0 && types.is_some_and(|it| it & 0x80 != 0);
        if says_versions && extended.is_some_and(|it| it & 0x02 == 0) {
            return Some(Presence::Absent { reason: "it speaks IPMI v1.5 only, and not RMCP+".to_owned() });
        }
        Some(Presence::Here { vendor: message.get(11..14).and_then(maker) })
    }
}

/// Who has OEM authentication, by the OEM's IANA number (§22.13, bytes 6:8 of the answer, the lowest first). Most say 0.
fn maker(oem: &[u8]) -> Option<String> {
    const MAKERS: &[(u32, &str)] = &[
        (2, "IBM"),
        (11, "HPE"),
        (343, "Intel"),
        (674, "Dell"),
        (10_368, "Fujitsu"),
        (10_876, "Supermicro"),
        (19_046, "Lenovo"),
        (47_196, "HPE"),
    ];
    let number = oem.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
    MAKERS.iter().find(|(it, _)| *it == number).map(|(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(completion: u8, types: u8, extended: u8) -> Option<Presence> {
        let head = [0x06, 0, 0xFF, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0x81, 0x1C, 0x63, 0x20, 0x00, 0x38];
        let data = [completion, 0x01, types, 0x14, extended, 0, 0, 0, 0, 0];
        Capabilities.accept(&[&head[..], &data[..]].concat())
    }

    #[test]
    fn the_request_has_the_checksums_of_the_standard() {
        let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        assert_eq!((sum(&REQUEST[14..17]), sum(&REQUEST[17..])), (0, 0));
    }

    #[test]
    fn a_bmc_of_version_2_is_here_and_one_of_version_1_5_is_not_ours() {
        let here = Some(Presence::Here { vendor: None });
        assert_eq!(answer(0, 0x80, 0x03), here);
        assert!(matches!(answer(0, 0x94, 0x01), Some(Presence::Absent { .. })));
        assert_eq!(answer(0, 0x14, 0x00), here, "one that does not say may be any");
        assert_eq!(answer(0xCC, 0, 0), here, "a refusal is an answer");
    }

    #[test]
    fn an_oem_is_known_by_its_number() {
        assert_eq!(maker(&[0xA2, 0x02, 0x00]).as_deref(), Some("Dell"));
        assert_eq!(maker(&[0, 0, 0]), None);
    }

    #[test]
    fn what_is_no_answer_to_it_is_not_heard() {
        assert_eq!(Capabilities.accept(&REQUEST), None);
        assert_eq!(Capabilities.accept(b"SSH-2.0-OpenSSH_9.2"), None);
        assert_eq!(Capabilities.accept(&[]), None);
    }
}
