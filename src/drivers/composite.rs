//! Explicit composites: one driver for each area, such as `power=ipmi,boot=redfish`, in the manner of Ironic's interfaces.
//!
//! An area is the first word of an operation's name: `boot` is `boot.override.get` and what else begins so. What no area names
//! belongs to `rest`, if there is one, and is not claimed otherwise. Every driver speaks at the endpoint's door for its protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use async_trait::async_trait;

use super::{
    ConnectError, REGISTRY,
    routed::{Route, Routed},
};
use crate::{
    driver::{Capabilities, Deadline, Driver, DriverError, Operation},
    endpoint::Endpoint,
};

const NAME: &str = "composite";

/// The area that stands for all others.
const REST: &str = "rest";

/// Whether a driver's name is a composite's.
pub fn is_composite(name: &str) -> bool {
    name.contains('=')
}

/// The driver that carries out an operation in a composite, if one does.
pub fn driver_of(text: &str, operation: Operation) -> Option<&'static str> {
    let named = read(text).ok()?;
    named.get(area(operation)).or_else(|| named.get(REST)).copied()
}

/// What is wrong with a composite's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompositeError {
    /// A part is not `AREA=DRIVER`.
    Part {
        /// The part.
        part: String,
    },
    /// There is no such area.
    Area {
        /// The word given.
        area: String,
    },
    /// An area stands there twice.
    Twice {
        /// The area.
        area: String,
    },
    /// A driver that cannot be a part of a composite.
    Driver {
        /// The area.
        area: String,
        /// The name given.
        name: String,
    },
    /// The endpoint has no door for a driver.
    Door {
        /// The driver.
        driver: &'static str,
        /// The endpoint.
        endpoint: String,
    },
}

impl fmt::Display for CompositeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part { part } => {
                write!(
                    f,
                    "{part:?} is no part of a composite: expected AREA=DRIVER, such as power=ipmi,boot=redfish"
                )
            }
            Self::Area { area } => {
                write!(f, "no area is named {area:?}: expected one of {}", areas().join(", "))
            }
            Self::Twice { area } => write!(f, "the area {area} has two drivers"),
            Self::Driver { area, name } => {
                write!(
                    f,
                    "the area {area} cannot have the driver {name:?}: expected one of {}",
                    parts().join(", ")
                )
            }
            Self::Door { driver, endpoint } => write!(
                f,
                "driver {driver} has no door at {endpoint}: name one for each protocol, such as https://HOST and ipmi://HOST"
            ),
        }
    }
}

/// The words that can stand before `=`.
fn areas() -> Vec<&'static str> {
    let of_operations: BTreeSet<&str> = Operation::ALL.iter().map(|it| area(*it)).collect();
    of_operations.into_iter().chain([REST]).collect()
}

/// The words that can stand after it.
fn parts() -> Vec<&'static str> {
    REGISTRY.iter().filter(|it| it.is_part).map(|it| it.name).collect()
}

/// The first word of an operation's name.
fn area(operation: Operation) -> &'static str {
    let word = operation.word();
    word.split_once('.').map_or(word, |(area, _)| area)
}

/// The driver of a composite. Touches nothing on the wire.
pub(super) fn connect(text: &str, endpoint: &Endpoint) -> Result<Box<dyn Driver>, ConnectError> {
    let mut drivers = BTreeMap::new();
    let named = read(text).map_err(ConnectError::Composite)?;
    for name in named.values() {
        if !drivers.contains_key(name) {
            drivers.insert(*name, part(name, endpoint)?);
        }
    }
    let by_area = |operation: &Operation| {
        let name = named.get(area(*operation)).or_else(|| named.get(REST))?;
        drivers[name].capabilities().operations.contains(operation).then_some((*operation, *name))
    };
    let routes: BTreeMap<Operation, &'static str> = Operation::ALL.iter().filter_map(by_area).collect();
    let capabilities = capabilities(&routes, &drivers);
    Ok(Box::new(Routed(Composite { drivers, routes, capabilities })))
}

/// The driver of each area.
fn read(text: &str) -> Result<BTreeMap<&'static str, &'static str>, CompositeError> {
    let mut named = BTreeMap::new();
    for part in text.split(',') {
        let unread = || CompositeError::Part { part: part.to_owned() };
        let (area, name) = part.split_once('=').ok_or_else(unread)?;
        let known = areas().into_iter().find(|it| *it == area.trim());
        let area = known.ok_or_else(|| CompositeError::Area { area: area.trim().to_owned() })?;
        let known = parts().into_iter().find(|it| *it == name.trim());
        let unknown = || CompositeError::Driver { area: area.to_owned(), name: name.trim().to_owned() };
        if named.insert(area, known.ok_or_else(unknown)?).is_some() {
            return Err(CompositeError::Twice { area: area.to_owned() });
        }
    }
    Ok(named)
}

/// One of the drivers, at its own door.
fn part(name: &'static str, endpoint: &Endpoint) -> Result<Box<dyn Driver>, ConnectError> {
    let registered = REGISTRY.iter().find(|it| it.name == name);
    let registered = registered.ok_or_else(|| ConnectError::UnknownDriver { name: name.to_owned() })?;
    let nowhere = || {
        ConnectError::Composite(CompositeError::Door {
            driver: registered.name,
            endpoint: endpoint.to_string(),
        })
    };
    let door = match registered.probe {
        Some(probe) => endpoint.door(probe.protocol).ok_or_else(nowhere)?,
        None => endpoint.clone(),
    };
    (registered.connect)(door)
}

struct Composite {
    drivers: BTreeMap<&'static str, Box<dyn Driver>>,
    routes: BTreeMap<Operation, &'static str>,
    capabilities: Capabilities,
}

#[async_trait]
impl Route for Composite {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn driver(&self, operation: Operation, _: Deadline) -> Result<&dyn Driver, DriverError> {
        let driver = self.routes.get(&operation).and_then(|name| self.drivers.get(name));
        driver.map(AsRef::as_ref).ok_or(DriverError::unsupported(operation))
    }

    async fn close(&self) {
        for driver in self.drivers.values() {
            driver.close().await;
        }
    }
}

/// Each claim from the driver that has to keep it.
fn capabilities(
    routes: &BTreeMap<Operation, &'static str>,
    drivers: &BTreeMap<&'static str, Box<dyn Driver>>,
) -> Capabilities {
    let nothing = Capabilities::default();
    let of = |operation: Operation| {
        let driver = routes.get(&operation).and_then(|name| drivers.get(name));
        driver.map_or(&nothing, |it| it.capabilities())
    };
    let boot = of(Operation::BootOverrideSet);
    let light = of(Operation::IdentifySet);
    Capabilities {
        protocols: routes.keys().flat_map(|it| of(*it).protocols.iter().copied()).collect(),
        operations: routes.keys().copied().collect(),
        boot_devices: boot.boot_devices.clone(),
        boot_durations: boot.boot_durations.clone(),
        boot_modes: boot.boot_modes.clone(),
        identify_states: light.identify_states.clone(),
        identify_for: light.identify_for,
        bmc_resets: of(Operation::BmcReset).bmc_resets.clone(),
        account_roles: of(Operation::AccountsCreate).account_roles.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BootDevice, Cause, Credentials};

    fn both() -> Endpoint {
        let account = Credentials::new("admin", "secret");
        Endpoint::parse("https://bmc").unwrap().with_credentials(account).beside_by_default()
    }

    #[test]
    fn each_area_claims_what_its_own_driver_does() {
        let driver = connect("power=ipmi,boot=redfish,console=ipmi", &both()).unwrap();
        let claims = driver.capabilities();
        assert!(claims.operations.contains(&Operation::PowerMetrics), "power.metrics is of the area power");
        assert!(claims.boot_devices.contains(&BootDevice::Http), "Redfish knows it, IPMI does not");
        assert!(claims.identify_states.is_empty() && !claims.operations.contains(&Operation::IdentifyGet));
    }

    #[test]
    fn the_rest_is_for_whom_it_is_given_to() {
        let driver = connect("rest=ipmi,boot=unmanaged", &both()).unwrap();
        let claims = driver.capabilities();
        assert!(claims.operations.contains(&Operation::LogList));
        assert!(!claims.operations.contains(&Operation::BootOverrideGet) && claims.boot_devices.is_empty());
    }

    #[test]
    fn what_makes_no_composite_is_told_by_its_part() {
        let error = |text: &str| connect(text, &both()).err().map(|it| it.to_string()).unwrap_or_default();
        assert!(error("power").contains("AREA=DRIVER"), "{}", error("power"));
        assert!(error("pwoer=ipmi").contains("power"), "{}", error("pwoer=ipmi"));
        assert!(error("power=auto").contains("redfish, idrac, ipmi"), "{}", error("power=auto"));
        assert!(error("power=ipmi,power=redfish").contains("two drivers"));
        let lonely = both().door(crate::Protocol::Redfish).unwrap();
        let error = connect("power=ipmi", &lonely).err().map(|it| it.to_string()).unwrap_or_default();
        assert!(error.contains("no door"), "{error}");
    }

    #[tokio::test]
    async fn what_no_area_names_is_unsupported_and_touches_nothing() {
        let driver = connect("power=ipmi", &both()).unwrap();
        let by = Deadline::after(std::time::Duration::from_secs(1));
        assert_eq!(driver.identity(by).await.unwrap_err().cause, Cause::Unsupported);
    }
}
