//! What DHCP clients call themselves, and the MAC address in it.

use crate::inventory::Mac;

/// The hardware type of Ethernet (RFC 1700, "Hardware Type").
const ETHERNET: u8 = 1;

/// The MAC address in a client id: a hardware type and an address (RFC 2132 §9.14), or a DUID behind an IAID (RFC 4361 §6.1).
pub(super) fn mac_of_client_id(id: &[u8]) -> Option<Mac> {
    match id {
        [ETHERNET, address @ ..] if address.len() == 6 => mac(address),
        [0xff, _, _, _, _, duid @ ..] => mac_of_duid(duid),
        _ => None,
    }
}

/// The MAC address in a DUID: behind a time in DUID-LLT, alone in DUID-LL (RFC 8415 §11.2, §11.4).
pub(super) fn mac_of_duid(duid: &[u8]) -> Option<Mac> {
    match duid {
        [0, 1, 0, ETHERNET, _, _, _, _, address @ ..] | [0, 3, 0, ETHERNET, address @ ..] => mac(address),
        _ => None,
    }
}

fn mac(bytes: &[u8]) -> Option<Mac> {
    <[u8; 6]>::try_from(bytes).ok().and_then(|it| Mac::new(it).ok())
}

/// Bytes as `01:aa:bb`; one digit may stand for a byte.
pub(super) fn colon_bytes(text: &str) -> Option<Vec<u8>> {
    let byte = |it: &str| {
        let is_hex = (1..=2).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| u8::from_str_radix(it, 16).ok()).flatten()
    };
    text.split(':').map(byte).collect()
}

/// A host's name where there is one: neither empty nor the `*` of who has none.
pub(super) fn host(name: &str) -> Option<String> {
    let name: String = name.trim().chars().filter(|it| !it.is_control()).collect();
    (!name.is_empty() && name != "*").then_some(name)
}

/// The lines of a file with their numbers, whatever ends them and whatever bytes are in them.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let numbered = text.split('\n').enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}
