//! Which BMCs there are: candidates from lease files or an address range are asked who they are, without credentials, and what is
//! found is put into the table.
//!
//! A candidate is asked by ASF's ping and IPMI's Get Channel Authentication Capabilities, and for Redfish's service root, all at
//! once. No certificate is verified for that, since nothing secret is said. What was found is related to the table by the
//! MAC address: a BMC with a new address is the same BMC; a machine, preferred driver or account that a row has is left alone.

mod range;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, future::Future, net::IpAddr, sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet};

pub use self::range::{Range, RangeError};
use super::{Address, Mac, Moment, Record, leases::Lease, store::Rows};
use crate::{
    driver::{Deadline, Protocol},
    drivers::{
        REGISTRY,
        presence::{self, Presence},
    },
    endpoint::{Endpoint, Scheme, Tls},
};

/// An address where a BMC may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The address.
    pub address: IpAddr,
    /// Whose it is, where a lease says so.
    pub mac: Option<Mac>,
    /// What it calls itself.
    pub host: Option<String>,
}

impl From<&Lease> for Candidate {
    fn from(lease: &Lease) -> Self {
        Self { address: lease.address, mac: lease.mac, host: lease.host.clone() }
    }
}

impl From<IpAddr> for Candidate {
    fn from(address: IpAddr) -> Self {
        Self { address, mac: None, host: None }
    }
}

/// Where protocols are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doors {
    /// HTTPS or HTTP.
    pub scheme: Scheme,
    /// The TCP port of Redfish.
    pub redfish: u16,
    /// The UDP port of IPMI.
    pub ipmi: u16,
}

impl Default for Doors {
    fn default() -> Self {
        let (https, ipmi) = (Scheme::Https, Scheme::Ipmi);
        Self { scheme: https, redfish: https.default_port(), ipmi: ipmi.default_port() }
    }
}

impl Doors {
    fn at(self, address: IpAddr, protocol: Protocol) -> Endpoint {
        let (scheme, port) = match protocol {
            Protocol::Redfish | Protocol::Ssh => (self.scheme, self.redfish),
            Protocol::Ipmi => (Scheme::Ipmi, self.ipmi),
        };
        Endpoint::new(scheme, address.to_string(), port).with_tls(Tls::Insecure)
    }
}

/// What was found at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub candidate: Candidate,
    /// The drivers whose protocols are spoken there, by their names in the registry.
    pub drivers: BTreeSet<String>,
    /// Who made the BMC, where it tells strangers.
    pub vendor: Option<String>,
    /// Whether it answers ASF's ping.
    pub pongs: bool,
}

impl Finding {
    /// Whether a BMC is there, as far as a driver of ours can tell.
    pub fn is_bmc(&self) -> bool {
        !self.drivers.is_empty()
    }
}

/// How many are asked at once, and for how long each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Candidates that are asked at the same time.
    pub at_once: usize,
    /// How long a candidate may take to answer.
    pub each: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { at_once: 64, each: Duration::from_secs(4) }
    }
}

/// Asks every candidate and tells each finding as soon as it is there, whatever the others do. `tell` may wait: no other
/// finding is told meanwhile, and asking goes on.
pub async fn discover<F: Future<Output = ()>>(
    candidates: Vec<Candidate>,
    doors: Doors,
    limits: Limits,
    mut tell: impl FnMut(Finding) -> F,
) {
    let places = Arc::new(Semaphore::new(limits.at_once.max(1)));
    let mut asking = JoinSet::new();
    for candidate in candidates {
        let places = places.clone();
        asking.spawn(async move {
            let _place = places.acquire_owned().await;
            look(candidate, doors, Deadline::after(limits.each)).await
        });
    }
    while let Some(finding) = asking.join_next().await {
        if let Ok(finding) = finding {
            tell(finding).await;
        }
    }
}

/// Asks one candidate.
pub async fn look(candidate: Candidate, doors: Doors, by: Deadline) -> Finding {
    let address = candidate.address;
    let asf = doors.at(address, Protocol::Ipmi);
    let (redfish, ipmi, pongs) = tokio::join!(
        ask(Protocol::Redfish, doors.at(address, Protocol::Redfish), by),
        ask(Protocol::Ipmi, doors.at(address, Protocol::Ipmi), by),
        presence::ping(&asf, by),
    );
    let drivers = [&redfish, &ipmi].into_iter().flatten().map(|it| it.driver.to_owned()).collect();
    let vendor = [redfish, ipmi].into_iter().flatten().find_map(|it| it.vendor);
    Finding { candidate, drivers, vendor, pongs }
}

struct Spoken {
    driver: &'static str,
    vendor: Option<String>,
}

/// Whether a protocol is spoken, by the registry's probe for it.
async fn ask(protocol: Protocol, endpoint: Endpoint, by: Deadline) -> Option<Spoken> {
    let registered = REGISTRY.iter().find(|it| it.probe.is_some_and(|probe| probe.protocol == protocol))?;
    let asked = (registered.probe?.ask)(endpoint, by);
    match tokio::time::timeout_at(by.instant(), asked).await {
        Ok(Ok(Presence::Here { vendor })) => Some(Spoken { driver: registered.name, vendor }),
        _ => None,
    }
}

/// What a finding was to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A BMC that was not known.
    New(Mac),
    /// A known one, where it was.
    Known(Mac),
    /// A known one with another address than before.
    Moved {
        /// Which.
        mac: Mac,
        /// Where it was; `None` for one that was announced and is seen for the first time.
        from: Option<Address>,
    },
    /// A BMC that cannot be kept: nobody knows its MAC address, and no row has its address.
    Nameless,
    /// No BMC.
    Nothing,
}

impl Relation {
    /// The row, if there is one.
    pub const fn mac(&self) -> Option<Mac> {
        match self {
            Self::New(mac) | Self::Known(mac) | Self::Moved { mac, .. } => Some(*mac),
            Self::Nameless | Self::Nothing => None,
        }
    }
}

/// Puts a finding into the table. A candidate that answers nothing changes nothing: a BMC that is away has not moved.
pub fn relate(finding: &Finding, doors: Doors, rows: &mut Rows, now: Moment) -> Relation {
    if !finding.is_bmc() {
        return Relation::Nothing;
    }
    let address = Address::from(finding.candidate.address);
    let by_address = || rows.all().find(|it| it.address.as_ref() == Some(&address)).map(|it| it.mac);
    let Some(mac) = finding.candidate.mac.or_else(by_address) else { return Relation::Nameless };
    take_from_others(mac, &address, rows, now);
    let known = rows.get(mac).cloned();
    let relation = match &known {
        None => Relation::New(mac),
        Some(row) if row.address.as_ref() == Some(&address) => Relation::Known(mac),
        Some(row) => Relation::Moved { mac, from: row.address.clone() },
    };
    let mut row = known.unwrap_or_else(|| Record::new(mac));
    row.address = Some(address);
    row.drivers.extend(finding.drivers.iter().cloned());
    row.vendor = row.vendor.take().or_else(|| finding.vendor.clone());
    // Ports that somebody gave the row go before those that it was found at.
    if finding.drivers.contains(Protocol::Redfish.word())
        && row.redfish.port == row.redfish.scheme.default_port()
    {
        row.redfish.scheme = doors.scheme;
        row.redfish.port = doors.redfish;
    }
    if finding.drivers.contains(Protocol::Ipmi.word()) && row.ipmi.port == Scheme::Ipmi.default_port() {
        row.ipmi.port = doors.ipmi;
    }
    rows.put(row, now);
    relation
}

/// Another row with this address had it before: its BMC is elsewhere by now, and its credentials are not for this one.
fn take_from_others(mac: Mac, address: &Address, rows: &mut Rows, now: Moment) {
    let others = rows.all().filter(|it| it.mac != mac && it.address.as_ref() == Some(address));
    let others: Vec<Record> = others.cloned().collect();
    for mut other in others {
        other.address = None;
        other.status.last_error = Some(format!("its address {address} is that of {mac} since"));
        rows.put(other, now);
    }
}
