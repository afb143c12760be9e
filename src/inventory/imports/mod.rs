//! Lists of machines as others keep them, read into the inventory and written back without loss.
//!
//! - [`instackenv`]: TripleO's `instackenv.json`, with every `pm_type` there ever was.
//! - [`openstack`]: what `openstack baremetal create` takes, in YAML or JSON.
//! - [`metal3`]: BareMetalHost and the Secret that it names, with every scheme of an address.
//! - [`csv`]: a vendor's list of MAC addresses and factory passwords.
//!
//! A file with a flaw is not imported at all; all its flaws are told, each with its place and never with a value. Of every
//! entry the whole text is kept in [`Record::extra`], so that what this module does not know is there again when it is exported;
//! only what the inventory has otherwise by then is written anew. Comments are not kept.
//!
//! The MAC addresses in the first three are those of the machine's own interfaces, from which it boots: not the BMC's. An
//! [`Entry`] of them has no key yet; it is found by the address, in the inventory or in a lease file.

pub mod csv;
pub mod instackenv;
pub mod metal3;
pub mod openstack;
mod reach;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

pub use self::reach::Reach;
use super::{
    Address, Mac, Record,
    text::{Flaw, Place},
};
use crate::{
    driver::Protocol,
    endpoint::{Credentials, Scheme, Tls},
};

/// A format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `instackenv.json`.
    Instackenv,
    /// The file of `openstack baremetal create`.
    Openstack,
    /// BareMetalHost and Secret.
    Metal3,
    /// MAC addresses and factory passwords.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Instackenv, Self::Openstack, Self::Metal3, Self::Csv];

    /// Its word on the command line, and in [`Record::extra`].
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instackenv => "instackenv",
            Self::Openstack => "openstack",
            Self::Metal3 => "metal3",
            Self::Csv => "csv",
        }
    }

    /// Reads a file; all its flaws if it has any.
    pub fn read(self, text: &str) -> Result<Vec<Entry>, Vec<Flaw>> {
        match self {
            Self::Instackenv => instackenv::read(text),
            Self::Openstack => openstack::read(text),
            Self::Metal3 => metal3::read(text),
            Self::Csv => csv::read(text),
        }
    }

    /// Writes a file: the entries that came from such a file in their order, then the other rows. Holds passwords. What of the
    /// rows does not fit into it, [`loss`](Self::loss) tells.
    pub fn write(self, rows: &[Record]) -> String {
        let mut rows: Vec<&Record> = rows.iter().filter(|row| !self.leaves_out(row)).collect();
        rows.sort_by_key(|row| Kept::of(row, self).map_or((1, 0), |it| (0, it.at)));
        match self {
            Self::Instackenv => instackenv::write(&rows),
            Self::Openstack => openstack::write(&rows),
            Self::Metal3 => metal3::write(&rows),
            Self::Csv => csv::write(&rows),
        }
    }
}

/// What a list has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// The row, which has no factory credentials.
    NoFactory,
    /// The row, which has no address.
    NoAddress,
    /// What is believed of the BMC's certificate.
    Trust,
    /// What a list of another format said of the machine itself.
    Machine,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFactory => "left out: no factory password is known",
            Self::NoAddress => "left out: no address is known",
            Self::Trust => "written without --insecure, --pin or --ca: this format has no place for it",
            Self::Machine => "written without what the list of another format that they came from says of the machine, such as its own MAC addresses",
        })
    }
}

impl Format {
    /// What is lost where this row is written.
    pub fn loss(self, row: &Record) -> Vec<Loss> {
        let asks_redfish = Reach::of(row).protocols().contains(&Protocol::Redfish);
        match self {
            Self::Csv => row.factory.is_none().then_some(Loss::NoFactory).into_iter().collect(),
            _ if row.address.is_none() && Reach::of(row) != Reach::Unmanaged => vec![Loss::NoAddress],
            _ => {
                let trust = asks_redfish && !self.has_place_for(&row.redfish.tls);
                let of_trust = trust.then_some(Loss::Trust);
                of_trust.into_iter().chain(self.leaves_machine(row).then_some(Loss::Machine)).collect()
            }
        }
    }

    fn leaves_out(self, row: &Record) -> bool {
        self.loss(row).iter().any(|it| matches!(it, Loss::NoFactory | Loss::NoAddress))
    }

    /// Whether the row came from a list of machines in another format, and from none in this one.
    fn leaves_machine(self, row: &Record) -> bool {
        let came_from = |format: &Self| Kept::of(row, *format).is_some();
        let machines = Self::ALL.iter().filter(|it| **it != Self::Csv);
        !came_from(&self) && machines.filter(|it| **it != self).any(came_from)
    }

    fn has_place_for(self, trust: &Tls) -> bool {
        match trust {
            Tls::System => true,
            Tls::Insecure => matches!(self, Self::Openstack | Self::Metal3),
            Tls::Ca(_) => self == Self::Openstack,
            Tls::Pin(_) => false,
        }
    }
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(word: &str) -> Result<Self, NotAFormat> {
        Self::ALL.into_iter().find(|it| it.word() == word).ok_or(NotAFormat)
    }
}

/// A word that is no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAFormat;

impl fmt::Display for NotAFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = Format::ALL.iter().map(|it| it.word()).collect();
        write!(f, "expected one of {}", words.join(", "))
    }
}

impl std::error::Error for NotAFormat {}

/// A machine in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it begins.
    pub place: Place,
    /// What it is called there.
    pub name: Option<String>,
    /// The BMC's MAC address, where the list has it.
    pub mac: Option<Mac>,
    /// The MAC addresses of the machine's own interfaces.
    pub boot: Vec<Mac>,
    /// Where the BMC is.
    pub address: Option<Address>,
    /// By which protocols it is asked.
    pub reach: Reach,
    /// HTTPS or HTTP, where it is asked by Redfish.
    pub scheme: Scheme,
    /// The port; the protocol's own if none is said.
    pub port: Option<u16>,
    /// As whom; by a vendor's list, as whom it was shipped.
    pub account: Option<Credentials>,
    /// What is believed of its certificate.
    pub tls: Tls,
    /// The entry as it stands in the list.
    pub kept: Kept,
}

/// An entry as it stands in a list, and what stands around all of them. May hold secrets: prints nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The format.
    format: Option<Format>,
    /// Which entry it is, from 0.
    at: usize,
    /// Its text.
    text: String,
    /// The text around; only with the first.
    frame: Option<String>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Kept {
    /// Whether a row came from this very entry.
    fn is_of(&self, row: &Record) -> bool {
        let there = self.format.and_then(|format| Self::of(row, format));
        there.is_some_and(|it| it.text == self.text)
    }

    /// What a row keeps of a format's file.
    fn of(row: &Record, format: Format) -> Option<Self> {
        let value = row.extra.0.get(format.word())?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let at = value.get("at").and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok())?;
        Some(Self { format: Some(format), at, text: text("entry")?, frame: text("frame") })
    }

    /// Of the `at`th entry, from 0; the frame goes with the first.
    fn new(format: Format, at: usize, text: String, frame: &str) -> Self {
        let frame = (at == 0).then(|| frame.to_owned());
        Self { format: Some(format), at, text, frame }
    }

    fn value(&self) -> Value {
        let mut value = json!({"at": self.at, "entry": self.text});
        if let Some(frame) = &self.frame {
            value["frame"] = frame.as_str().into();
        }
        value
    }
}

impl Entry {
    /// The MAC address that is its row's key, where the list alone tells it: the BMC's, or, of a machine that has none, that of its
    /// first interface.
    pub fn key(&self) -> Option<Mac> {
        let own = || self.boot.first().copied().filter(|_| self.reach == Reach::Unmanaged);
        self.mac.or_else(own)
    }

    /// Fills a row with what the list says. What it does not say stays as it is.
    pub fn fill(&self, row: &mut Record) {
        if let Some(address) = &self.address {
            row.address = Some(address.clone());
        }
        if self.kept.format == Some(Format::Csv) {
            let before = row.factory.take();
            row.factory = self.account.clone().or_else(|| before.clone());
            before.filter(|it| row.factory.as_ref() != Some(it)).into_iter().for_each(|it| row.set_aside(it));
        } else {
            row.preferred_driver = Some(self.reach.driver().to_owned());
            for protocol in self.reach.protocols() {
                self.fill_protocol(*protocol, row);
            }
        }
        if let Some(format) = self.kept.format {
            row.extra.0.insert(format.word().to_owned(), self.kept.value());
        }
    }

    /// Whether a row came from this very entry, in an import before this one.
    pub fn is_of(&self, row: &Record) -> bool {
        self.kept.is_of(row)
    }

    fn fill_protocol(&self, protocol: Protocol, row: &mut Record) {
        if let Some(account) = &self.account {
            let before = row.account_mut(protocol).replace(account.clone());
            before.filter(|it| it != account).into_iter().for_each(|it| row.set_aside(it));
        }
        match protocol {
            Protocol::Ipmi => row.ipmi.port = self.port_of(protocol).unwrap_or(row.ipmi.port),
            Protocol::Redfish | Protocol::Ssh => {
                row.redfish.scheme = self.scheme;
                row.redfish.port = self.port_of(protocol).unwrap_or(self.scheme.default_port());
                if self.tls != Tls::System {
                    row.redfish.tls = self.tls.clone();
                }
            }
        }
    }

    /// The port for a protocol: of one that is asked by both, only Redfish's is said.
    fn port_of(&self, protocol: Protocol) -> Option<u16> {
        self.port.filter(|_| self.reach != Reach::Both || protocol == Protocol::Redfish)
    }
}
