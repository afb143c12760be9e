//! The reference drivers, and the registry that names them.

pub mod auto;
#[cfg(test)]
mod awake;
pub mod composite;
mod failure;
mod idrac;
pub mod ipmi;
#[cfg(feature = "subjects")]
pub mod ipmi_rs;
mod notes;
pub mod presence;
mod private_file;
pub mod redfish;
mod routed;
mod ssh;
mod tool;
pub mod unmanaged;

use self::presence::Probe;
use crate::{
    driver::{Driver, Protocol},
    endpoint::Endpoint,
};

/// A driver in the registry.
pub struct Registered {
    /// The name by which `--driver` finds it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Makes one for an endpoint. Touches nothing on the wire.
    pub connect: fn(Endpoint) -> Result<Box<dyn Driver>, ConnectError>,
    /// How `auto` finds out whether its protocol is spoken; `None` for a driver that is chosen by name only.
    pub probe: Option<Probe>,
    /// Whose BMCs it is for, as [`Presence::Here`](presence::Presence::Here) names who made one: `auto` prefers it to the one that
    /// is for everybody's.
    pub maker: Option<&'static str>,
    /// Whether it can be a part of a composite.
    pub is_part: bool,
}

/// Every driver there is.
pub const REGISTRY: &[Registered] = &[
    Registered {
        name: "redfish",
        about: "DMTF Redfish over HTTPS or HTTP, without vendor knowledge",
        connect: |endpoint| redfish::Redfish::new(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
        probe: Some(Probe {
            protocol: Protocol::Redfish,
            ask: |endpoint, by| Box::pin(redfish::probe::probe(endpoint, by)),
        }),
        maker: None,
        is_part: true,
    },
    Registered {
        name: "idrac",
        about: "Dell's iDRAC: Redfish, with Dell's jobs and an iDRAC that is not ready yet; its console over SSH",
        connect: |endpoint| idrac::connect(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
        probe: Some(Probe {
            protocol: Protocol::Redfish,
            ask: |endpoint, by| Box::pin(redfish::probe::probe(endpoint, by)),
        }),
        maker: Some("Dell"),
        is_part: true,
    },
    Registered {
        name: "ipmi",
        about: "IPMI v2.0 over LAN (RMCP+), without vendor knowledge",
        connect: |endpoint| ipmi::Ipmi::new(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
        probe: Some(Probe {
            protocol: Protocol::Ipmi,
            ask: |endpoint, by| Box::pin(ipmi::probe::probe(endpoint, by)),
        }),
        maker: None,
        is_part: true,
    },
    Registered {
        name: "auto",
        about: "the first protocol that answers, by the order of the endpoints; never two",
        connect: |endpoint| auto::connect(&endpoint),
        probe: None,
        maker: None,
        is_part: false,
    },
    Registered {
        name: "unmanaged",
        about: "touches nothing and claims nothing, for machines without a BMC",
        connect: |_| Ok(Box::new(unmanaged::Unmanaged::default())),
        probe: None,
        maker: None,
        is_part: true,
    },
    #[cfg(feature = "subjects")]
    Registered {
        name: "ipmi-rs",
        about: "the crate ipmi-rs 0.6 as it is: a subject of the suite, not to be used",
        connect: |endpoint| ipmi_rs::IpmiRs::new(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
        probe: None,
        maker: None,
        is_part: false,
    },
];

/// Why no driver could be made for an endpoint. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// No driver has that name.
    UnknownDriver {
        /// The name given.
        name: String,
    },
    /// The driver does not speak the endpoint's scheme.
    WrongScheme {
        /// The driver.
        driver: &'static str,
        /// The endpoint.
        endpoint: String,
        /// The schemes that it speaks.
        expected: &'static str,
    },
    /// The driver needs credentials and got none.
    NoCredentials {
        /// The driver.
        driver: &'static str,
    },
    /// The credentials cannot be carried by the protocol, such as an IPMI password of more than 20 bytes.
    Credentials {
        /// The driver.
        driver: &'static str,
        /// What is wrong with them, without them.
        reason: String,
    },
    /// The endpoint is configured with a quirk that there is not.
    UnknownQuirk {
        /// The driver.
        driver: &'static str,
        /// The name given.
        name: String,
        /// The names that it knows.
        known: Vec<&'static str>,
    },
    /// The trusted certificates cannot be read.
    Trust {
        /// What is wrong.
        reason: String,
    },
    /// A composite that makes no sense.
    Composite(composite::CompositeError),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownDriver { name } => {
                let names: Vec<_> = REGISTRY.iter().map(|d| d.name).collect();
                let names = names.join(", ");
                write!(
                    f,
                    "no driver is named {name:?}: expected one of {names}, or one for each area, such as power=ipmi,boot=redfish"
                )
            }
            Self::WrongScheme { driver, endpoint, expected } => {
                write!(f, "driver {driver} does not speak {endpoint}: expected {expected}")
            }
            Self::NoCredentials { driver } => write!(f, "driver {driver} needs credentials and got none"),
            Self::Credentials { driver, reason } => {
                write!(f, "driver {driver} cannot use these credentials: {reason}")
            }
            Self::UnknownQuirk { driver, name, known } => {
                write!(f, "driver {driver} knows no quirk {name:?}: expected one of {}", known.join(", "))
            }
            Self::Trust { reason } => write!(f, "the trusted certificates cannot be read: {reason}"),
            Self::Composite(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {}

/// The driver of that name, or the composite that is written so, for that endpoint. Touches nothing on the wire.
pub fn connect(name: &str, endpoint: Endpoint) -> Result<Box<dyn Driver>, ConnectError> {
    if composite::is_composite(name) {
        return composite::connect(name, &endpoint);
    }
    let found = REGISTRY.iter().find(|d| d.name == name);
    let driver = found.ok_or_else(|| ConnectError::UnknownDriver { name: name.to_owned() })?;
    (driver.connect)(endpoint)
}
