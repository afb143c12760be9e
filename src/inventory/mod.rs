//! The inventory of BMCs: which there are, where, as whom they are reached, and what was last seen of them.
//!
//! - [`record`] is a row of the table, keyed by the BMC's MAC address; [`document`] reads it from a text and writes it as one.
//! - [`store`] keeps the table in a file that survives a crash and is shared by many processes.
//! - [`reach`] says how a row's BMC is reached; [`survey`] reads it by a driver and puts what it says into the row.
//! - [`keys`] makes accounts and changes passwords so that the only one that holds is never lost; [`bootstrap`] is the first access.
//! - [`leases`] is what DHCP servers know of them; [`discovery`] asks who is there and relates it to the table.
//! - [`text`] reads JSON and YAML of others and keeps the places.
//! - [`imports`] are lists of machines as others keep them; [`rules`] judges what was found in one, as ironic-inspector does.

pub mod bootstrap;
pub mod discovery;
pub mod document;
pub mod imports;
pub mod keys;
pub mod leases;
pub mod mac;
pub mod moment;
pub mod reach;
pub mod record;
pub mod rules;
pub mod store;
pub mod survey;
pub mod text;

pub use self::{
    mac::Mac,
    moment::Moment,
    record::{Address, Record},
    store::{Store, StoreError},
};
