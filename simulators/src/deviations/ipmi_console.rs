//! Wrongs of the console over IPMI: each wrong in one way.

use super::Deviation;
use crate::ipmi::{command::Completion, policy::Repeated};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("console-refused", "says that the console is switched off, and it is not")
        .on_ipmi_request(|heard, _| heard.is(ACTIVATE).then_some(Err(Completion(0x81)))),
    Deviation::named(
        "console-given-twice",
        "says yes to a second one who wants the console, and gives it to nobody",
    )
    .on_ipmi_answer(|heard, reply| {
        if heard.is(ACTIVATE) && *reply == Err(Completion(0x80)) {
            *reply = Ok(vec![0, 0, 0, 0, 0xFF, 0, 0xFF, 0, 0x6F, 0x02, 0xFF, 0xFF]);
        }
    }),
    Deviation::named("console-types-again", "types the characters of a packet as often as the packet comes")
        .on_manners(|manners| manners.repeated = Repeated::Again),
];

/// Activate Payload (§24.1).
const ACTIVATE: (u8, u8) = (0x06, 0x48);
