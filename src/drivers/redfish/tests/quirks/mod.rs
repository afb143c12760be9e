//! Claims about the field quirks, each by its number in the list of them, with a twin where nothing must be forgiven.

mod boot;
mod etag;
mod power;
mod shape;
mod tasks;
mod wire;

use super::*;
use crate::driver::{Answer, Deviation, Note};

/// The names of the quirks in an answer's notes.
fn names<T>(answer: &Answer<T>) -> Vec<&'static str> {
    let named = |Note(deviation): &Note| match deviation {
        Deviation::Quirk { name, .. } => Some(*name),
        _ => None,
    };
    answer.notes.iter().filter_map(named).collect()
}

/// Nothing but a status.
fn empty(status: u16) -> Act {
    Act::Say(status, Vec::new(), String::new())
}

/// The healthy BMC's root, by this vendor.
fn root_of(vendor: &str) -> Act {
    say(
        200,
        json!({
            "Vendor": vendor,
            "Systems": {"@odata.id": "/redfish/v1/Systems"},
            "Managers": {"@odata.id": "/redfish/v1/Managers"},
            "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
        }),
    )
}
