//! The management controller itself.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::{Timestamp, words};

/// How the BMC restarts. The host keeps running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BmcReset {
    /// A full restart. IPMI Cold Reset (§20.2), Redfish `Manager.Reset` with `ForceRestart` (or what the BMC offers).
    Cold,
    /// A restart that keeps what it can. IPMI Warm Reset (§20.3), Redfish `GracefulRestart`.
    Warm,
}
words!(BmcReset { Cold = "cold", Warm = "warm" });

/// The BMC's clock. IPMI: the SEL's (IPMI v2.0 §31.10 and after); Redfish: Manager.DateTime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BmcClock {
    /// What time it says that it is, in UTC.
    pub time: Timestamp,
    /// The BMC's own offset from UTC in minutes; absent when it does not say, and then its time is taken for UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset_minutes: Option<i16>,
}

/// Where the BMC's address comes from (IPMI v2.0 table 23-4, DSP0268 EthernetInterface.IPv4Addresses.AddressOrigin).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressSource {
    /// It was configured.
    Static,
    /// DHCP.
    Dhcp,
    /// The host's firmware or system software.
    Host,
    /// Some other way.
    Other,
    /// The BMC does not say.
    Unknown,
}
words!(AddressSource { Static = "static", Dhcp = "dhcp", Host = "host", Other = "other", Unknown = "unknown" });

/// The interface of the BMC that is spoken to, as the BMC itself reports it. What it does not say is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BmcNetwork {
    /// The MAC address, as six lower-case bytes with colons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// The IPv4 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Ipv4Addr>,
    /// Its subnet mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netmask: Option<Ipv4Addr>,
    /// The default gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Ipv4Addr>,
    /// Where the address comes from.
    pub source: AddressSource,
    /// The VLAN's ID, 1 to 4094; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
}
