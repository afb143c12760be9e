//! The inventory of BMCs: which there are, where, as whom they are reached, and what was last seen of them.
//!
//! - [`record`] is a row of the table, keyed by the BMC's MAC address; [`document`] reads it from a text and writes it as one.

pub mod document;
pub mod mac;
pub mod moment;
pub mod record;

pub use self::{
    mac::Mac,
    moment::Moment,
    record::{Address, Record},
};
