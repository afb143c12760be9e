//! Quirks of IPMI's users. The numbers are those of the lists of field quirks: Q those of IPMI in bytes, R those of the overview.

use super::Deviation;
use crate::ipmi::policy::{Disabling, Names};

pub(super) const ROWS: &[Deviation] = &[
    // Q25: pyghmi expects a refusal here.
    Deviation::named("ipmi-disabled-twice-refused", "refuses to disable a user that is disabled")
        .on_manners(|manners| manners.disabling = Disabling::Once),
    // R21, and ipmi_sim: twenty bytes are accepted, sixteen are kept.
    Deviation::named("ipmi-password-cut", "keeps sixteen bytes of a password, and says nothing")
        .on_ipmi_request(|heard, data| {
            if let [slot, 2 | 3, ..] = data.as_mut_slice()
                && heard.is(PASSWORD)
                && *slot & 0x80 != 0
            {
                *slot &= 0x7F;
                data.truncate(18);
            }
            None
        }),
    // Q25: racker deletes users by such a name.
    Deviation::named("ipmi-name-ff-deletes", "empties a slot that is given a name of sixteen times FFh")
        .on_ipmi_request(|heard, data| {
            if let [_, name @ ..] = data.as_mut_slice()
                && heard.is(SET_NAME)
                && name == [0xFF; 16]
            {
                name.fill(0);
            }
            None
        }),
    // R21: Dell.
    Deviation::named("ipmi-names-twice", "gives one name to as many users as want it")
        .on_manners(|manners| manners.names = Names::Often),
];

const SET_NAME: (u8, u8) = (0x06, 0x45);
const PASSWORD: (u8, u8) = (0x06, 0x47);
