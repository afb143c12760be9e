//! What DHCP servers wrote down of their leases: [`isc`] dhcpd, [`dnsmasq`] and [`kea`]'s memory file.
//!
//! These files are journals: an address that is leased again is written again, and the last word counts. They are also written by
//! programs that crash, and read while they are written. So an entry that cannot be read is skipped, with its line and the
//! reason, and never takes a good one with it.

mod dhcp;
pub mod dnsmasq;
pub mod isc;
pub mod kea;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use super::Mac;
use crate::model::Timestamp;

/// One lease: an address, and who had it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The line where its entry begins, from 1.
    pub line: usize,
    /// The address.
    pub address: IpAddr,
    /// The client's MAC address, from its hardware address or, where that is missing, from its client id or DUID.
    pub mac: Option<Mac>,
    /// The client's id (RFC 2132 §9.14) or DUID (RFC 8415 §11), as bytes.
    pub client_id: Option<Vec<u8>>,
    /// The name that the client gave itself or was given.
    pub host: Option<String>,
    /// Until when.
    pub ends: Ends,
    /// What became of it.
    pub state: State,
}

/// When a lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Never.
    Never,
    /// Then.
    At(Timestamp),
    /// The file does not say.
    Unsaid,
}

/// What became of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The client has it.
    Active,
    /// It has ended, was given back, or somebody else has had the address since.
    Ended,
    /// Somebody answers at the address who never asked for it.
    Abandoned,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The line where it begins, from 1.
    pub line: usize,
    /// Why, for people.
    pub reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// A lease file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leases {
    /// The leases, by the lines of their entries: one for each client, and one for each address without a known client.
    pub leases: Vec<Lease>,
    /// What could not be read.
    pub skipped: Vec<Skipped>,
}

impl Leases {
    /// The leases that are worth asking at: active, and not past their end where `now` is known.
    pub fn active(&self, now: Option<Timestamp>) -> impl Iterator<Item = &Lease> {
        let is_over =
            move |lease: &Lease| matches!((lease.ends, now), (Ends::At(end), Some(now)) if end < now);
        self.leases.iter().filter(move |it| it.state == State::Active && !is_over(it))
    }
}

/// Who wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ISC dhcpd: `dhcpd.leases` and `dhcpd6.leases`.
    Isc,
    /// dnsmasq: `dnsmasq.leases`.
    Dnsmasq,
    /// Kea: `kea-leases4.csv` and `kea-leases6.csv`.
    Kea,
}

impl Format {
    /// The format that a file has by its looks: Kea's has a header, dnsmasq's lines begin with a number, ISC's with a word.
    pub fn of(file: &[u8]) -> Self {
        let text = String::from_utf8_lossy(file);
        let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let first = lines.by_ref().find(|it| !it.is_empty() && !it.starts_with('#')).unwrap_or_default();
        if first.starts_with("address,") {
            return Self::Kea;
        }
        let is_dnsmasq = |line: &str| {
            line.starts_with("duid ")
                || (line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(' '))
        };
        let is_isc = |line: &str| line.ends_with(['{', ';', '}']);
        match (is_dnsmasq(first), is_isc(first)) {
            (true, false) => Self::Dnsmasq,
            (_, true) => Self::Isc,
            _ if lines.any(is_isc) => Self::Isc,
            _ => Self::Dnsmasq,
        }
    }

    /// Reads a file of this format.
    pub fn read(self, file: &[u8]) -> Leases {
        match self {
            Self::Isc => isc::read(file),
            Self::Dnsmasq => dnsmasq::read(file),
            Self::Kea => kea::read(file),
        }
    }
}

/// Reads a file of whatever format it has.
pub fn read(file: &[u8]) -> Leases {
    Format::of(file).read(file)
}

/// The last word on every client, from entries in the order of the file.
///
/// An entry is the last word on its address. A client that had several addresses has the one of its last active entry: the end
/// of an old lease is often written after the beginning of the new one.
fn last_words(entries: Vec<Lease>, mut skipped: Vec<Skipped>) -> Leases {
    let mut by_address: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        by_address.insert(entry.address, at);
    }
    let mut entries = entries;
    let mut winners: BTreeMap<Mac, usize> = BTreeMap::new();
    let mut chosen = BTreeSet::new();
    for at in 0..entries.len() {
        let is_last = by_address.get(&entries[at].address) == Some(&at);
        if !is_last && entries[at].state == State::Active {
            entries[at].state = State::Ended;
        }
        match entries[at].mac {
            Some(mac) => {
                let beats = |held: &usize| {
                    entries[*held].state != State::Active || entries[at].state == State::Active
                };
                if winners.get(&mac).is_none_or(beats) {
                    winners.insert(mac, at);
                }
            }
            None if is_last => {
                chosen.insert(at);
            }
            None => {}
        }
    }
    chosen.extend(winners.into_values());
    skipped.sort_by_key(|it| it.line);
    let leases = entries.into_iter().enumerate().filter(|(at, _)| chosen.contains(at)).map(|(_, it)| it);
    Leases { leases: leases.collect(), skipped }
}

#[cfg(test)]
mod tests;
