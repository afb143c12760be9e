//! A row of the table of BMCs: what is known of one, whoever said it. What is not known is absent, never empty or zero.

use std::{collections::BTreeSet, fmt, net::IpAddr, str::FromStr};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Mac, Moment};
use crate::{
    driver::Protocol,
    endpoint::{Credentials, Scheme, Suite, Tls},
    model::{Availability, Health, Identify, PowerState, Role, Secret},
};

/// One BMC. Its MAC address is the key; all else may be found out, or change, later.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The MAC address of the BMC's interface.
    pub mac: Mac,
    /// Where it is; absent for one that was announced and never seen, such as a line of a vendor's list.
    pub address: Option<Address>,
    /// The machine's manufacturer.
    pub vendor: Option<String>,
    /// The drivers that it was seen to answer, by their names in [`drivers::REGISTRY`](crate::drivers::REGISTRY).
    pub drivers: BTreeSet<String>,
    /// The driver that it is asked by, as [`drivers::connect`](crate::drivers::connect) takes it: a name, or a composite.
    pub preferred_driver: Option<String>,
    /// The machine's UUID in RFC 4122 order, equal to SMBIOS `system-uuid`: the relation to the machine.
    pub machine: Option<Uuid>,
    /// When the row was made.
    pub created: Option<Moment>,
    /// When anything but its status last changed.
    pub changed: Option<Moment>,
    /// The host's firmware.
    pub bios: Bios,
    /// The machine's labels.
    pub board: Board,
    /// The BMC's own firmware version.
    pub bmc_firmware: Option<String>,
    /// How it is reached over IPMI.
    pub ipmi: Ipmi,
    /// How it is reached over Redfish.
    pub redfish: Redfish,
    /// The credentials that it was shipped with, from the vendor's list.
    pub factory: Option<Credentials>,
    /// Accounts that had the place of another in this row, the latest last: they may still be on the BMC, and nobody else may
    /// know their passwords.
    pub former: Vec<Credentials>,
    /// The restricted account of the machine's owner, for the console.
    pub console: Option<Credentials>,
    /// An account that is being made or changed on the BMC: written before that is begun, taken away when a login has shown
    /// which password holds. One that is still here was interrupted.
    pub pending: Option<Pending>,
    /// What the machine consumes, and from which supplies.
    pub power: Power,
    /// What the identify light was last seen to do.
    pub light: Option<Light>,
    /// When and how well it was last read.
    pub status: Status,
    /// What this version knows no member for, by name, such as the fields of an imported file that are kept for its export.
    pub extra: Extra,
}

impl Record {
    /// A row of which nothing but the key is known.
    pub fn new(mac: Mac) -> Self {
        Self {
            mac,
            address: None,
            vendor: None,
            drivers: BTreeSet::new(),
            preferred_driver: None,
            machine: None,
            created: None,
            changed: None,
            bios: Bios::default(),
            board: Board::default(),
            bmc_firmware: None,
            ipmi: Ipmi::default(),
            redfish: Redfish::default(),
            factory: None,
            former: Vec::new(),
            console: None,
            pending: None,
            power: Power::default(),
            light: None,
            status: Status::default(),
            extra: Extra::default(),
        }
    }

    /// As whom it is reached over a protocol, if that is known.
    pub fn account(&self, protocol: Protocol) -> Option<&Credentials> {
        match protocol {
            Protocol::Ipmi => self.ipmi.account.as_ref(),
            Protocol::Redfish | Protocol::Ssh => self.redfish.account.as_ref(),
        }
    }

    /// Keeps an account that loses its place.
    pub fn set_aside(&mut self, account: Credentials) {
        self.former.retain(|it| *it != account);
        self.former.push(account);
    }

    /// Where that account is kept.
    pub fn account_mut(&mut self, protocol: Protocol) -> &mut Option<Credentials> {
        match protocol {
            Protocol::Ipmi => &mut self.ipmi.account,
            Protocol::Redfish | Protocol::Ssh => &mut self.redfish.account,
        }
    }
}

/// Where a BMC is: an IP address, or a host name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// A text that is neither an IP address nor a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnAddress;

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an IP address or a host name, without scheme, port or brackets")
    }
}

impl std::error::Error for NotAnAddress {}

impl Address {
    /// As text; an IPv6 address without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The IP address, unless it is a host name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self(ip.to_string())
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(ip.into());
        }
        let label = |it: &str| {
            let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            (1..=63).contains(&it.len())
                && it.bytes().all(named)
                && !it.starts_with('-')
                && !it.ends_with('-')
        };
        // A name whose last label is a number is a mistyped address (RFC 1123 §2.1).
        let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|it| it.is_ascii_digit());
        if text.len() <= 253 && !is_number && text.trim_end_matches('.').split('.').all(label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAnAddress)
        }
    }
}

/// The host's firmware, as the BMC tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bios {
    /// Its date, as the BMC writes it.
    pub date: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// What stands on the labels of mainboard, chassis and product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    /// Who made the mainboard.
    pub manufacturer: Option<String>,
    /// The mainboard's serial number.
    pub serial: Option<String>,
    /// The mainboard's part number.
    pub part_number: Option<String>,
    /// The chassis' part number.
    pub chassis_part_number: Option<String>,
    /// The chassis' serial number.
    pub chassis_serial: Option<String>,
    /// Who made the product.
    pub product_manufacturer: Option<String>,
    /// The product's part number.
    pub product_part_number: Option<String>,
    /// The product's serial number.
    pub product_serial: Option<String>,
}

/// Which IPMI messaging over LAN a BMC speaks, in ipmitool's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interface {
    /// IPMI v1.5 sessions. The reference driver does not speak them.
    Lan,
    /// IPMI v2.0, RMCP+.
    #[default]
    Lanplus,
}

/// How a BMC is reached over IPMI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ipmi {
    /// The kind of session.
    pub interface: Interface,
    /// The UDP port.
    pub port: u16,
    /// As whom.
    pub account: Option<Credentials>,
    /// The BMC key (Kg), where the BMC has one of its own.
    pub kg: Option<Secret>,
    /// The cipher suite; `None` asks the BMC.
    pub suite: Option<Suite>,
}

impl Default for Ipmi {
    fn default() -> Self {
        let port = Scheme::Ipmi.default_port();
        Self { interface: Interface::default(), port, account: None, kg: None, suite: None }
    }
}

/// How a BMC is reached over Redfish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redfish {
    /// [`Scheme::Https`] or [`Scheme::Http`].
    pub scheme: Scheme,
    /// The TCP port.
    pub port: u16,
    /// As whom.
    pub account: Option<Credentials>,
    /// What is believed of its certificate.
    pub tls: Tls,
}

impl Default for Redfish {
    fn default() -> Self {
        let port = Scheme::Https.default_port();
        Self { scheme: Scheme::Https, port, account: None, tls: Tls::default() }
    }
}

/// An account that is being made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The protocol over which that happens.
    pub protocol: Protocol,
    /// The account as it will be.
    pub account: Credentials,
    /// What it will be allowed, where it is being made; `None` where the password of one that is there is being changed.
    pub role: Option<Role>,
    /// When that was begun.
    pub since: Moment,
}

/// What the machine consumes. Watts are the machine's, over the BMC's own interval.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Power {
    /// Now, in watts.
    pub watts: Option<f64>,
    /// The average over the interval, in watts.
    pub average_watts: Option<f64>,
    /// The most over the interval, in watts.
    pub maximum_watts: Option<f64>,
    /// The least over the interval, in watts.
    pub minimum_watts: Option<f64>,
    /// How long the interval is, in minutes.
    pub interval_minutes: Option<f64>,
    /// The host's power state.
    pub state: Option<PowerState>,
    /// The power supplies, in the BMC's order.
    pub supplies: Vec<PowerSupply>,
}

/// A power supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerSupply {
    /// How well it is.
    pub health: Health,
    /// Whether it is there.
    pub state: Availability,
}

/// The identify light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Light {
    /// What it does.
    pub state: Identify,
    /// What somebody wrote beside it, such as why it is lit; often empty.
    pub description: String,
}

/// Members by name that this version knows nothing of. They may hold secrets: only their names print.
#[derive(Clone, Default, PartialEq)]
pub struct Extra(pub Map<String, Value>);

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// When and how well a BMC was last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// When it was last read with success.
    pub last_updated: Option<Moment>,
    /// What went wrong the last time, in a line, without secrets; absent when nothing did.
    pub last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_ip_address_or_a_name_in_one_spelling() {
        for (text, is) in [
            ("10.0.0.8", "10.0.0.8"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("BMC-1.rack_2.example", "bmc-1.rack_2.example"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), is);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = "a".repeat(64);
        for text in [
            "",
            "10.0.0",
            "10.0.0.256",
            "[::1]",
            "bmc:623",
            "https://bmc",
            "a b",
            "a..b",
            "-a",
            "root@bmc",
            &long,
        ] {
            assert_eq!(text.parse::<Address>(), Err(NotAnAddress), "{text}");
        }
    }

    #[test]
    fn a_row_prints_no_secret() {
        let mut row = Record::new("92:33:b8:0e:df:8f".parse().unwrap());
        let account = || Credentials::new("metal", "canary-secret");
        row.ipmi =
            Ipmi { account: Some(account()), kg: Some(Secret::new("canary-secret")), ..Ipmi::default() };
        row.redfish.account = Some(account());
        (row.factory, row.former, row.console) = (Some(account()), vec![account()], Some(account()));
        row.pending =
            Some(Pending { protocol: Protocol::Ipmi, account: account(), role: None, since: Moment(0) });
        row.extra.0.insert("instackenv".to_owned(), "canary-secret".into());
        assert!(!format!("{row:?}").contains("canary"));
    }
}
