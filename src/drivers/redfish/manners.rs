//! What a maker's BMC does beyond the standard, as a table: a driver for such a BMC is this driver with another table, and no
//! file here asks who made it.

use serde_json::Value;

use super::tasks::Progress;
use crate::drivers::ssh::Shell;

/// What is expected beyond the standard.
#[derive(Debug)]
pub(in crate::drivers) struct Manners {
    /// The driver's name.
    pub(in crate::drivers) name: &'static str,
    /// Messages behind a refusal that mean "not now", beside those that everybody is believed, each with its evidence.
    pub(in crate::drivers) not_now: &'static [(&'static str, &'static str)],
    /// Jobs, where changes become such.
    pub(in crate::drivers) jobs: Option<Jobs>,
    /// The shell that leads to the host's console, where the maker has one.
    pub(in crate::drivers) shell: Option<Shell>,
}

/// Jobs of a maker's own: what a change is answered with, and what settings wait for.
#[derive(Debug)]
pub(in crate::drivers) struct Jobs {
    /// The maker's section in the manager's `Links.Oem`, where the two resources below are linked.
    pub(in crate::drivers) section: &'static str,
    /// The collection that takes new jobs.
    pub(in crate::drivers) collection: &'static str,
    /// The parameter of a new job that names the settings that it is to apply.
    pub(in crate::drivers) settings: &'static str,
    /// The resource and its action that tell whether jobs can be made, and the members that have to say `Ready`.
    pub(in crate::drivers) readiness: (&'static str, &'static str, &'static [&'static str]),
    /// Whether a path is that of a job.
    pub(in crate::drivers) is_job: fn(&str) -> bool,
    /// What a job, or a task that tells of one, says of itself; nothing where it is neither.
    pub(in crate::drivers) read: fn(&Value) -> Option<Progress>,
}

/// Nothing beyond the standard.
pub(super) const STANDARD: Manners = Manners { name: "redfish", not_now: &[], jobs: None, shell: None };
