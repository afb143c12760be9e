//! `auto`: finds out by which protocol a BMC can be spoken to, and speaks that one.
//!
//! The doors of the endpoint are asked in their order, without credentials: the service root for Redfish, Get Channel
//! Authentication Capabilities for IPMI. The first that answers is the one, for as long as the driver lives; no operation goes
//! by one protocol and the next by another. Where the registry has a driver for the BMCs of whoever says that he made this one, that
//! is preferred (`idrac` to `redfish` at a Dell). What is claimed is what the driver behind every door does, so that it holds whoever
//! answers; [`detect`] finds out first, and then claims what that one driver does.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{
    ConnectError, REGISTRY, Registered,
    presence::{Presence, Probe},
    routed::{Route, Routed},
};
use crate::{
    driver::{Capabilities, Cause, Deadline, Driver, DriverError, Operation, Protocol},
    endpoint::Endpoint,
};

const NAME: &str = "auto";

/// How long a door has to answer while another can still be asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// A driver that detects with its first operation. Touches nothing on the wire.
pub(super) fn connect(endpoint: &Endpoint) -> Result<Box<dyn Driver>, ConnectError> {
    Ok(Box::new(Routed(Auto::new(endpoint)?)))
}

/// What was detected.
pub struct Found {
    /// The driver, which claims all that it can do by the protocol that answered.
    pub driver: Box<dyn Driver>,
    /// That protocol.
    pub protocol: Protocol,
    /// The doors that were asked before and did not answer, and why; for people.
    pub silent: Vec<String>,
}

/// Detects now, by the order of the endpoint's doors.
pub async fn detect(endpoint: &Endpoint, by: Deadline) -> Result<Found, DetectError> {
    let auto = Auto::new(endpoint).map_err(DetectError::Connect)?;
    let (at, silent) = auto.detect(by).await.map_err(DetectError::Silent)?;
    let mut auto = auto;
    let door = auto.doors.swap_remove(at.door);
    let protocol = door.probe.protocol;
    let capabilities = door.driver(at).capabilities().clone();
    let at = At { door: 0, ..at };
    let found = Auto { doors: vec![door], found: OnceCell::from(at), capabilities };
    Ok(Found { driver: Box::new(Routed(found)), protocol, silent })
}

/// Why nothing was detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetectError {
    /// No driver could be made. Nothing was sent.
    Connect(ConnectError),
    /// Nobody answered, or somebody did who cannot be trusted.
    Silent(Cause),
}

/// Which driver of which door.
#[derive(Debug, Clone, Copy)]
struct At {
    door: usize,
    special: Option<usize>,
}

struct Auto {
    doors: Vec<Door>,
    found: OnceCell<At>,
    capabilities: Capabilities,
}

struct Door {
    driver: Box<dyn Driver>,
    /// Drivers for some makers' BMCs, by the maker.
    special: Vec<(&'static str, Box<dyn Driver>)>,
    probe: Probe,
    endpoint: Endpoint,
}

impl Auto {
    fn new(endpoint: &Endpoint) -> Result<Self, ConnectError> {
        let (mut doors, mut unusable) = (Vec::new(), None);
        for protocol in endpoint.protocols() {
            match door(endpoint, protocol) {
                Some(Ok(door)) => doors.push(door),
                Some(Err(error)) => unusable = unusable.or(Some(error)),
                None => {}
            }
        }
        if doors.is_empty() {
            let expected = "https://HOST, http://HOST or ipmi://HOST";
            let nowhere =
                ConnectError::WrongScheme { driver: NAME, endpoint: endpoint.to_string(), expected };
            return Err(unusable.unwrap_or(nowhere));
        }
        let all: Vec<&Capabilities> = doors.iter().map(|it| it.driver.capabilities()).collect();
        let capabilities = common(&all);
        Ok(Self { doors, found: OnceCell::new(), capabilities })
    }

    /// The first door that answers, the driver for whoever answers there, and what was seen at the doors before.
    async fn detect(&self, by: Deadline) -> Result<(At, Vec<String>), Cause> {
        let mut silent = Vec::new();
        if let [door] = self.doors.as_slice() {
            return Ok((At { door: 0, special: door.only(by).await? }, silent));
        }
        for (at, door) in self.doors.iter().enumerate() {
            let left = u32::try_from(self.doors.len() - at).unwrap_or(u32::MAX);
            let limit = by.or_after((by.left() / left).min(PATIENCE));
            match (door.probe.ask)(door.endpoint.clone(), limit).await? {
                Presence::Here { vendor } => {
                    return Ok((At { door: at, special: door.special_for(vendor.as_deref()) }, silent));
                }
                Presence::Absent { reason } => {
                    silent.push(format!("{} at {}: {reason}", door.probe.protocol, door.endpoint));
                }
            }
        }
        Err(Cause::Unreachable { reason: silent.join("; ") })
    }
}

/// The driver for a protocol, where the endpoint has a door and the registry a driver that can be detected.
fn door(endpoint: &Endpoint, protocol: Protocol) -> Option<Result<Door, ConnectError>> {
    let endpoint = endpoint.door(protocol)?;
    let of = |it: &&Registered| it.probe.is_some_and(|probe| probe.protocol == protocol);
    let registered = REGISTRY.iter().filter(of).find(|it| it.maker.is_none())?;
    let probe = registered.probe?;
    let special =
        REGISTRY.iter().filter(of).filter_map(|it| Some((it.maker?, (it.connect)(endpoint.clone()))));
    let special = special.filter_map(|(maker, driver)| Some((maker, driver.ok()?))).collect();
    Some((registered.connect)(endpoint.clone()).map(|driver| Door { driver, special, probe, endpoint }))
}

impl Door {
    /// The driver for that maker's BMCs, where there is one.
    fn special_for(&self, vendor: Option<&str>) -> Option<usize> {
        let of = |maker: &str| {
            vendor.and_then(|it| it.get(..maker.len())).is_some_and(|it| it.eq_ignore_ascii_case(maker))
        };
        self.special.iter().position(|(maker, _)| of(maker))
    }

    /// The same where there is no other door, so that nobody has been asked yet. Who does not answer now is left to the driver
    /// for everybody, which has more patience.
    async fn only(&self, by: Deadline) -> Result<Option<usize>, Cause> {
        if self.special.is_empty() {
            return Ok(None);
        }
        let limit = by.or_after((by.left() / 2).min(PATIENCE));
        Ok(match (self.probe.ask)(self.endpoint.clone(), limit).await? {
            Presence::Here { vendor } => self.special_for(vendor.as_deref()),
            Presence::Absent { .. } => None,
        })
    }

    fn driver(&self, at: At) -> &dyn Driver {
        let special = at.special.and_then(|it| self.special.get(it));
        special.map_or(self.driver.as_ref(), |(_, driver)| driver.as_ref())
    }
}

#[async_trait]
impl Route for Auto {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Detects with the first operation; what was not found is looked for again with the next.
    async fn driver(&self, operation: Operation, by: Deadline) -> Result<&dyn Driver, DriverError> {
        let detect = async || self.detect(by).await.map(|(at, _)| at);
        let at = self.found.get_or_try_init(detect).await;
        let at = at.map_err(|cause| DriverError { operation, protocol: None, cause, at: None })?;
        Ok(self.doors[at.door].driver(*at))
    }

    async fn close(&self) {
        if let Some(at) = self.found.get() {
            self.doors[at.door].driver(*at).close().await;
        }
    }
}

/// What all of them claim, by the protocols of any.
fn common(all: &[&Capabilities]) -> Capabilities {
    let Some((first, others)) = all.split_first() else { return Capabilities::default() };
    let both = |one: &Capabilities, other: &Capabilities| Capabilities {
        protocols: &one.protocols | &other.protocols,
        operations: &one.operations & &other.operations,
        boot_devices: &one.boot_devices & &other.boot_devices,
        boot_durations: &one.boot_durations & &other.boot_durations,
        boot_modes: &one.boot_modes & &other.boot_modes,
        identify_states: &one.identify_states & &other.identify_states,
        identify_for: one.identify_for && other.identify_for,
        bmc_resets: &one.bmc_resets & &other.bmc_resets,
        account_roles: &one.account_roles & &other.account_roles,
    };
    others.iter().fold((*first).clone(), |common, other| both(&common, other))
}
