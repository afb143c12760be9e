//! The IPMI face: IPMI v2.0 and v1.5 over UDP, and in band through the virtual machine's codec.
//!
//! - [`Service`] is one socket and one task; [`lan`] behind it is without a socket: packets, handshakes, sessions.
//! - [`command`] is a command as data: what it is, who may send it, what it answers; [`commands`] has one file per group.
//! - [`Kept`] is what a BMC keeps for IPMI alone; whatever Redfish shows too lies with the BMC itself.
//!
//! Like the Redfish face it reads the firmware's view and sends it commands.

#[cfg(test)]
mod appendix_g;
#[allow(dead_code)] // until every group of commands is there
pub(crate) mod command;
pub(crate) mod commands;
mod dcmi;
mod dispatch;
mod exchange;
mod fru;
pub(crate) mod guid;
mod heard;
mod in_band;
mod kept;
mod lan;
#[cfg(test)]
mod odd;
mod platform;
pub(crate) mod policy;
mod privilege;
mod progress;
mod sdr;
pub(crate) mod sel;
mod sensing;
mod service;
mod storage;
mod transcript;
#[cfg(test)]
mod trial;
mod vm;
#[cfg(test)]
mod world;

pub(crate) use command::Reply;
pub(crate) use dcmi::consumption;
pub use exchange::{Command, IpmiExchange, Said};
pub(crate) use heard::Heard;
pub use in_band::InBand;
pub(crate) use kept::Kept;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use lan::fuzzing;
pub(crate) use platform::Platform;
pub(crate) use policy::Manners;
#[cfg(test)]
pub(crate) use privilege::Privilege;
pub use service::{Observer, Service, ServiceOptions};
#[cfg(test)]
pub(crate) use trial::Trial;
