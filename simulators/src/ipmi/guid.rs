//! The system's GUID as IPMI shows it.

use crate::machine::Id;

/// The UUID with its last byte first (IPMI v2.0 §20.8, §22.14).
pub(crate) fn of(id: &Id) -> [u8; 16] {
    let mut guid = id.uuid;
    guid.reverse();
    guid
}
