//! What is going to happen to a machine, and when.

use std::time::Duration;

/// A transition that is due at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Powering on ends in power.
    PowerArrives,
    /// Powering off ends in no power.
    PowerLeaves,
    /// The off interval of a cycle ends.
    PauseEnds,
    /// POST ends and a device is chosen.
    PostEnds,
    /// The boot ends in an operating system.
    BootEnds,
    /// The operating system has stopped.
    OsStops,
    /// The identify light's time is over.
    LightEnds,
    /// The BMC is back.
    BmcReturns,
    /// The override was only for so long.
    OverrideEnds,
    /// The watchdog's interrupt before it expires.
    WatchdogWarns,
    /// The watchdog expires.
    WatchdogExpires,
}

impl Step {
    /// Whether this is about the host, its power included.
    pub(super) fn is_host(self) -> bool {
        matches!(
            self,
            Self::PowerArrives
                | Self::PowerLeaves
                | Self::PauseEnds
                | Self::PostEnds
                | Self::BootEnds
                | Self::OsStops
        )
    }
}

/// Steps by the time they are due; at equal times in the order in which they were planned.
#[derive(Debug, Default)]
pub(super) struct Agenda(Vec<(Duration, Step)>);

impl Agenda {
    /// Plans a step.
    pub(super) fn plan(&mut self, at: Duration, step: Step) {
        let place = self.0.partition_point(|(due, _)| *due <= at);
        self.0.insert(place, (at, step));
    }

    /// Forgets the steps of this kind; says whether there were any.
    pub(super) fn cancel(&mut self, which: impl Fn(Step) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, step)| !which(*step));
        self.0.len() < before
    }

    /// Whether this is planned.
    pub(super) fn has(&self, which: Step) -> bool {
        self.0.iter().any(|(_, step)| *step == which)
    }

    /// Takes the first step that is due.
    pub(super) fn due(&mut self, now: Duration) -> Option<(Duration, Step)> {
        (self.next()? <= now).then(|| self.0.remove(0))
    }

    /// When the next step is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.first().map(|(at, _)| *at)
    }
}
