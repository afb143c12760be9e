//! What the parts of each machine have of their own: serial numbers, addresses, names. They are made of what the document has
//! and of the mainboard's serial number, so that no two machines share a part.

use serde_json::Value;

use super::fact::Fact;
use crate::random::Random;

/// How a part is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A serial number: its first letters say what it is of.
    Serial,
    /// A MAC address, with or without separators.
    Mac,
    /// A World Wide Name in hexadecimal: the first seven digits are its maker's.
    Name,
    /// A UEFI device path with a MAC address in it.
    DevicePath,
}

use Mark::{DevicePath, Mac, Name, Serial};

/// Where parts are marked: schema, JSON pointer (`*` is every item), mark.
const ROWS: &[(&str, &str, Mark)] = &[
    ("Assembly", "/Assemblies/*/SerialNumber", Serial),
    ("BootOption", "/UefiDevicePath", DevicePath),
    ("Drive", "/Identifiers/*/DurableName", Name),
    ("Drive", "/SerialNumber", Serial),
    ("EthernetInterface", "/MACAddress", Mac),
    ("EthernetInterface", "/PermanentMACAddress", Mac),
    ("EthernetInterface", "/UefiDevicePath", DevicePath),
    ("Fan", "/SerialNumber", Serial),
    ("Manager", "/SerialNumber", Serial),
    ("Memory", "/SerialNumber", Serial),
    ("NetworkAdapter", "/SerialNumber", Serial),
    ("NetworkDeviceFunction", "/Ethernet/MACAddress", Mac),
    ("NetworkDeviceFunction", "/Ethernet/PermanentMACAddress", Mac),
    ("NetworkPort", "/AssociatedNetworkAddresses/*", Mac),
    ("PCIeDevice", "/SerialNumber", Serial),
    ("Port", "/Ethernet/AssociatedMACAddresses/*", Mac),
    ("Power", "/PowerSupplies/*/SerialNumber", Serial),
    ("PowerSupply", "/SerialNumber", Serial),
    ("Processor", "/SerialNumber", Serial),
    ("Storage", "/StorageControllers/*/SerialNumber", Serial),
    ("StorageController", "/Identifiers/*/DurableName", Name),
    ("StorageController", "/SerialNumber", Serial),
    ("Volume", "/Identifiers/*/DurableName", Name),
];

/// The properties of this document by which parts are told apart.
pub(super) fn marked<'d>(
    kind: &'d str,
    document: &'d Value,
    places: fn(&Value, &str) -> Vec<String>,
) -> impl Iterator<Item = (String, Fact)> + 'd {
    let rows = ROWS.iter().filter(move |row| row.0 == kind);
    rows.flat_map(move |row| places(document, row.1).into_iter().map(|pointer| (pointer, row.2))).filter_map(
        |(pointer, mark)| {
            let text = document.pointer(&pointer)?.as_str()?;
            mark.of(text, "")?;
            let fact = Fact::Part { mark, text: text.into() };
            Some((pointer, fact))
        },
    )
}

impl Mark {
    /// This mark, as the machine with this mainboard has it; `None` where the text is no such mark.
    pub(super) fn of(self, text: &str, board: &str) -> Option<String> {
        match self {
            Serial => serial(text, board),
            Mac => mac(text, board),
            Name => name(text, board),
            DevicePath => {
                let (before, rest) = text.split_once("MAC(")?;
                let address = mac(rest.get(..12)?, board)?;
                Some(format!("{before}MAC({address}{}", &rest[12..]))
            }
        }
    }
}

fn serial(text: &str, board: &str) -> Option<String> {
    let is_one = text.bytes().any(|it| it.is_ascii_digit()) && text.bytes().all(|it| it.is_ascii_graphic());
    let kept = text.len() - text.trim_start_matches(|it: char| it.is_ascii_alphabetic()).len();
    let length = (text.len() - kept).clamp(8, 24);
    is_one.then(|| format!("{}{}", &text[..kept], stream(text, board).text(length).to_uppercase()))
}

/// The maker's part stays; of an address that is administered locally (IEEE 802 §8.2) only the first byte.
fn mac(text: &str, board: &str) -> Option<String> {
    let separator = text.chars().find(|it| matches!(it, ':' | '-'));
    let digits: String = text.chars().filter(|it| Some(*it) != separator).collect();
    let first = digits.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok())?;
    let is_one = digits.len() == 12
        && digits.bytes().all(|it| it.is_ascii_hexdigit())
        && (separator.is_none() || text.len() == 17);
    let kept = if first & 2 == 0 { 6 } else { 2 };
    let made = is_one.then(|| made(&digits, kept, board))?;
    let separator = separator.map_or_else(String::new, String::from);
    let pairs: Vec<_> = (0..6).map(|place| &made[place * 2..place * 2 + 2]).collect();
    Some(pairs.join(&separator))
}

fn name(text: &str, board: &str) -> Option<String> {
    let is_one = text.len() >= 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_one.then(|| made(text, 7, board))
}

/// These hexadecimal digits with others behind the first.
fn made(digits: &str, kept: usize, board: &str) -> String {
    let upper = digits.to_ascii_uppercase();
    let mut random = stream(&upper, board);
    let rest = (kept..digits.len()).filter_map(|_| char::from_digit(random.below(16) as u32, 16));
    let made: String = digits[..kept].chars().chain(rest).collect();
    if digits.bytes().any(|it| it.is_ascii_lowercase()) {
        made.to_ascii_lowercase()
    } else {
        made.to_ascii_uppercase()
    }
}

/// FNV-1a: the same part of the same machine is always the same.
fn stream(text: &str, board: &str) -> Random {
    let bytes = text.bytes().chain([0]).chain(board.bytes());
    Random::new(bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{Bmc, BmcOptions, Profile};

    use super::*;

    #[test]
    fn a_part_keeps_its_kind_and_differs_from_machine_to_machine() {
        let drive = |board: &str| Serial.of("SD260001", board).unwrap();
        assert!(drive("B1").starts_with("SD") && drive("B1").len() == 10);
        assert_eq!(drive("B1"), drive("B1"));
        assert!(drive("B1") != drive("B2") && drive("B1") != Serial.of("SD260002", "B1").unwrap());
        assert_eq!(Serial.of("Not Specified", "B1"), None);
        assert_eq!(Serial.of("", "B1"), None);
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let [colons, dashes, plain] =
            ["3C:EC:EF:00:10:0A", "3c-ec-ef-00-10-0a", "3CECEF00100A"].map(|text| mac(text, "B1").unwrap());
        assert!(colons.starts_with("3C:EC:EF:") && colons.len() == 17, "{colons}");
        assert_eq!(colons.replace(':', ""), plain);
        assert_eq!(dashes.replace('-', ""), plain.to_ascii_lowercase());
        let path = DevicePath.of("Pci(0x0,0x0)/MAC(3CECEF00100A,0x1)", "B1").unwrap();
        assert_eq!(path, format!("Pci(0x0,0x0)/MAC({plain},0x1)"));
        for text in ["", "3C:EC", "zz:ec:ef:00:10:0a", "3C:EC:EF-00:10:0A", "n/a"] {
            assert_eq!(mac(text, "B1"), None, "{text}");
        }
    }

    /// What stands at members of these names, wherever they are.
    fn told_apart<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
        const NAMES: [&str; 4] = ["SerialNumber", "MACAddress", "PermanentMACAddress", "DurableName"];
        match value {
            Value::Array(items) => items.iter().for_each(|item| told_apart(item, found)),
            Value::Object(members) => members.iter().for_each(|(name, member)| match member.as_str() {
                Some(text) if NAMES.contains(&name.as_str()) => {
                    found.extend([text].into_iter().filter(|it| !it.is_empty()))
                }
                _ => told_apart(member, found),
            }),
            _ => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_machines_share_no_part() {
        let profile = Profile::named("generic").unwrap();
        let parts = |seed| {
            let view = Bmc::start(&profile, BmcOptions { seed, ..BmcOptions::default() }).unwrap().view();
            profile.tree().documents().iter().map(|it| it.value(&view)).collect::<Vec<_>>()
        };
        let (one, other) = (parts(1), parts(2));
        let (mut first, mut second) = (BTreeSet::new(), BTreeSet::new());
        one.iter().for_each(|it| told_apart(it, &mut first));
        other.iter().for_each(|it| told_apart(it, &mut second));
        assert!(first.len() > 30 && first.len() == second.len(), "{first:?}");
        assert_eq!(first.intersection(&second).collect::<Vec<_>>(), Vec::<&&str>::new());
    }
}
