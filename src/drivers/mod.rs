//! The reference drivers, and the registry that names them.

mod failure;
pub mod ipmi;
#[cfg(feature = "subjects")]
pub mod ipmi_rs;
mod notes;
pub mod redfish;

use crate::{driver::Driver, endpoint::Endpoint};

/// A driver in the registry.
pub struct Registered {
    /// The name by which `--driver` finds it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Makes one for an endpoint. Touches nothing on the wire.
    pub connect: fn(Endpoint) -> Result<Box<dyn Driver>, ConnectError>,
}

/// Every driver there is.
pub const REGISTRY: &[Registered] = &[
    Registered {
        name: "redfish",
        about: "DMTF Redfish over HTTPS or HTTP, without vendor knowledge",
        connect: |endpoint| redfish::Redfish::new(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
    },
    Registered {
        name: "ipmi",
        about: "IPMI v2.0 over LAN (RMCP+), without vendor knowledge",
        connect: |endpoint| ipmi::Ipmi::new(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
    },
    #[cfg(feature = "subjects")]
    Registered {
        name: "ipmi-rs",
        about: "the crate ipmi-rs 0.6 as it is: a subject of the suite, not to be used",
        connect: |endpoint| ipmi_rs::IpmiRs::new(endpoint).map(|d| Box::new(d) as Box<dyn Driver>),
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
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownDriver { name } => {
                let names: Vec<_> = REGISTRY.iter().map(|d| d.name).collect();
                write!(f, "no driver is named {name:?}: expected one of {}", names.join(", "))
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
        }
    }
}

impl std::error::Error for ConnectError {}

/// The driver of that name, for that endpoint. Touches nothing on the wire.
pub fn connect(name: &str, endpoint: Endpoint) -> Result<Box<dyn Driver>, ConnectError> {
    let found = REGISTRY.iter().find(|d| d.name == name);
    let driver = found.ok_or_else(|| ConnectError::UnknownDriver { name: name.to_owned() })?;
    (driver.connect)(endpoint)
}
