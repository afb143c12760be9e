//! The IPMI face: IPMI v2.0 and v1.5 over UDP, and in band through the virtual machine's codec.
//!
//! - [`command`] is a command as data: what it is, who may send it, what it answers; [`commands`] has one file per group.
//! - [`Kept`] is what a BMC keeps for IPMI alone; whatever Redfish shows too lies with the BMC itself.
//!
//! Like the Redfish face it reads the firmware's view and sends it commands.

pub(crate) mod command;
mod commands;
mod dispatch;
mod kept;
mod privilege;

pub(crate) use kept::Kept;
