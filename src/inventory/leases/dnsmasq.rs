//! dnsmasq's lease file: a lease is a line of five words.
//!
//! `EXPIRY MAC ADDRESS HOST CLIENT-ID`, where the expiry is in seconds since 1970 and 0 is never, and `*` is nothing. A MAC of
//! another network than Ethernet has the hardware type before it (`20-…`). After a line `duid …` the leases are those of
//! DHCPv6, with the IAID in place of the MAC and the client's DUID in place of its id.

use std::net::IpAddr;

use super::{
    Ends, Lease, Leases, Skipped, State,
    dhcp::{colon_bytes, host, lines, mac_of_client_id, mac_of_duid},
    last_words,
};
use crate::{inventory::Mac, model::Timestamp};

/// Reads `dnsmasq.leases`.
pub fn read(file: &[u8]) -> Leases {
    let text = String::from_utf8_lossy(file);
    let (mut entries, mut skipped) = (Vec::new(), Vec::new());
    for (line, words) in lines(&text).map(|(line, text)| (line, text.split_whitespace().collect::<Vec<_>>()))
    {
        if words.first() == Some(&"duid") {
            continue;
        }
        match lease(line, &words) {
            Ok(lease) => entries.push(lease),
            Err(reason) => skipped.push(Skipped { line, reason }),
        }
    }
    last_words(entries, skipped)
}

fn lease(line: usize, words: &[&str]) -> Result<Lease, String> {
    let [expiry, hardware, address, name, id] = words else {
        return Err(format!(
            "expected five words (expiry, MAC, address, host, client id), and there are {}",
            words.len()
        ));
    };
    let expiry: i64 = expiry.parse().map_err(|_| "the expiry is no number of seconds".to_owned())?;
    let scope = address.split('%').next().unwrap_or_default();
    let address: IpAddr = scope.parse().map_err(|_| "the third word is no IP address".to_owned())?;
    let client_id = match *id {
        "*" => None,
        id => Some(colon_bytes(id).ok_or("the client id is not bytes in hexadecimal digits")?),
    };
    let mac = match address {
        IpAddr::V4(_) => mac(hardware)?.or_else(|| client_id.as_deref().and_then(mac_of_client_id)),
        IpAddr::V6(_) => {
            iaid(hardware)?;
            client_id.as_deref().and_then(mac_of_duid)
        }
    };
    let ends = if expiry == 0 { Ends::Never } else { Ends::At(Timestamp(expiry)) };
    Ok(Lease { line, address, mac, client_id, host: host(name), ends, state: State::Active })
}

/// The MAC of an Ethernet client; one of another network has none that is ours.
fn mac(word: &str) -> Result<Option<Mac>, String> {
    let (network, address) = word.split_once('-').map_or(("01", word), |(network, rest)| (network, rest));
    let bytes = colon_bytes(address).ok_or("the second word is no MAC address")?;
    if network != "01" || bytes.len() != 6 {
        return if network == "01" { Err("the second word is no MAC address".into()) } else { Ok(None) };
    }
    Ok(address.parse().ok())
}

/// The IAID of DHCPv6: a number, with `T` before it for a temporary address.
fn iaid(word: &str) -> Result<u32, String> {
    let digits = word.strip_prefix('T').unwrap_or(word);
    digits.parse().map_err(|_| "the second word is no IAID, which a DHCPv6 lease has there".to_owned())
}
