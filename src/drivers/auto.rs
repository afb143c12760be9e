//! `auto`: finds out by which protocol a BMC can be spoken to, and speaks that one.
//!
//! The doors of the endpoint are asked in their order, without credentials: the service root for Redfish, Get Channel
//! Authentication Capabilities for IPMI. The first that answers is the one, for as long as the driver lives; no operation goes
//! by one protocol and the next by another. Where there is but one door, there is nothing to find out. What is claimed is what the driver behind every door does, so that it holds whoever
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
    let door = auto.doors.swap_remove(at);
    let protocol = door.probe.protocol;
    let capabilities = door.driver.capabilities().clone();
    let found = Auto { doors: vec![door], found: OnceCell::from(0), capabilities };
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

struct Auto {
    doors: Vec<Door>,
    found: OnceCell<usize>,
    capabilities: Capabilities,
}

struct Door {
    driver: Box<dyn Driver>,
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

    /// The first door that answers, and what was seen at those before it.
    async fn detect(&self, by: Deadline) -> Result<(usize, Vec<String>), Cause> {
        let mut silent = Vec::new();
        if self.doors.len() == 1 {
            return Ok((0, silent));
        }
        for (at, door) in self.doors.iter().enumerate() {
            let left = u32::try_from(self.doors.len() - at).unwrap_or(u32::MAX);
            let limit = by.or_after((by.left() / left).min(PATIENCE));
            match (door.probe.ask)(door.endpoint.clone(), limit).await? {
                Presence::Here { .. } => return Ok((at, silent)),
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
    let registered = REGISTRY.iter().find(of)?;
    let probe = registered.probe?;
    Some((registered.connect)(endpoint.clone()).map(|driver| Door { driver, probe, endpoint }))
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
        Ok(self.doors[*at].driver.as_ref())
    }

    async fn close(&self) {
        if let Some(at) = self.found.get() {
            self.doors[*at].driver.close().await;
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
