//! Dell's iDRAC: the Redfish driver with what only an iDRAC does beyond the standard.
//!
//! - A change may be answered with a job of Dell's, whose state and not its status says how it went (`job`).
//! - Settings of the host's firmware that were not told when to apply wait for a configuration job that somebody has to make.
//! - After it has restarted it says "not ready" with errors of its own, for half a minute and more; that is waited for, within
//!   the deadline.
//! - `DellLCService.GetRemoteServicesAPIStatus` says whether a job can be made.
//!
//! The service tag as the serial number, and where a boot override can be written, are quirks that the Redfish driver knows by
//! what a BMC answers or says of itself. `console.open` is not claimed: an iDRAC's console is behind SSH, and an SSH client with
//! its own key exchange, ciphers and host keys would weigh more than all the rest; its serial console is to be had by the driver
//! `ipmi`, as in `console=ipmi,rest=idrac`.

mod job;
#[cfg(test)]
mod tests;

use super::{
    ConnectError,
    redfish::{
        Redfish,
        manners::{Jobs, Manners},
    },
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
};
