//! What a machine remembers of its host: why it started, how it lost its power, how long it has run (IPMI v2.0 §28).

use std::time::Duration;

use super::vocabulary::Cause;

/// What is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Why the host started the last time.
    pub started_by: Cause,
    /// Whether the host last lost its power because the mains failed.
    pub lost_ac: bool,
    /// Whether it last got power because the BMC was asked.
    pub on_by_command: bool,
    /// For how long it has been powered in all, up to the last loss of power.
    powered: Duration,
    /// Since when it is powered.
    since: Option<Duration>,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            started_by: Cause::Unknown,
            lost_ac: false,
            on_by_command: false,
            powered: Duration::ZERO,
            since: None,
        }
    }
}

impl Past {
    /// For how long the host has been powered in all.
    pub fn powered(&self, now: Duration) -> Duration {
        self.powered + self.since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// Power has arrived.
    pub(super) fn power_arrives(&mut self, now: Duration) {
        self.since.get_or_insert(now);
        self.on_by_command = self.started_by == Cause::Command;
    }

    /// Power is gone, because the mains failed or for another reason.
    pub(super) fn power_leaves(&mut self, now: Duration, mains_failed: bool) {
        self.powered = self.powered(now);
        self.since = None;
        self.lost_ac = mains_failed;
    }
}
