//! Dell's iDRAC: the Redfish driver with what only an iDRAC does beyond the standard.
//!
//! - A change may be answered with a job of Dell's, whose state and not its status says how it went (`job`).
//! - Settings of the host's firmware that were not told when to apply wait for a configuration job that somebody has to make.
//! - After it has restarted it says "not ready" with errors of its own, for half a minute and more; that is waited for, within
//!   the deadline.
//! - `DellLCService.GetRemoteServicesAPIStatus` says whether a job can be made.
//!
//! The service tag as the serial number, and where a boot override can be written, are quirks that the Redfish driver knows by
//! what a BMC answers or says of itself.
//!
//! The host's console is behind its shell: `console com2` at the prompt leads to it, and `^\\` (1Ch) back. So that one character
//! cannot be typed to the host; nor is a break known to get through. Who needs either has `console=ipmi,rest=idrac`.

mod job;
#[cfg(test)]
mod tests;

use super::{
    ConnectError,
    redfish::{
        Redfish,
        manners::{Jobs, Manners},
    },
    ssh::Shell,
};
use crate::endpoint::Endpoint;

/// A driver for the iDRAC at this endpoint. Touches nothing on the wire.
pub(super) fn connect(endpoint: Endpoint) -> Result<Redfish, ConnectError> {
    Redfish::with_manners(endpoint, &IDRAC)
}

const IDRAC: Manners = Manners {
    name: "idrac",
    not_now: &[
        (
            "SWC0700",
            "PowerEdge FC640, iDRAC 4.00: 400, \"iDRAC is not ready\" (README 32; quadsproject/badfish#129)",
        ),
        (
            "iDRAC is not ready",
            "the same in its words, by whatever id; the ids of SYS4xx mean other things too",
        ),
        ("RAC0508", "iDRAC 9, registry 2.9: \"the provider is not ready\", to be asked again after minutes"),
    ],
    jobs: Some(Jobs {
        section: "Dell",
        collection: "Jobs",
        settings: "TargetSettingsURI",
        readiness: (
            "DellLCService",
            "DellLCService.GetRemoteServicesAPIStatus",
            &["LCStatus", "RTStatus", "Status"],
        ),
        is_job: job::is_job,
        read: job::read,
    }),
    shell: Some(Shell {
        // `/admin1->` up to iDRAC 9 4.x, `racadm>>` since; a folder of the shell may stand before the arrow.
        prompts: &["racadm>>", "->"],
        own_prompts: &["racadm>>", "/admin1->"],
        enter: "console com2\r",
        // "Connected to Serial Device 2. To end type: ^\\", iDRAC 6 to 9.
        entered: "To end type:",
        leave: 0x1C,
        exit: "exit\r",
        taken: &["in use", "already"],
        denied: &["privilege", "permission"],
    }),
};
