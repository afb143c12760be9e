//! The terms of a boot override: for how long it waits for a start, and which starts take no notice of it (IPMI v2.0 §28.13,
//! boot options parameter 3). An override has none where nobody sets any.

use std::time::Duration;

use super::{Machine, agenda::Step, vocabulary::Cause};

/// What ends an override beside the boot that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// For so long it waits for the host to start.
    pub waits: Option<Duration>,
    /// Starts for these causes end it before it is taken.
    pub ended_by: Causes,
}

/// A set of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Causes(u8);

impl Causes {
    /// The same with this one, where it belongs there.
    #[must_use]
    pub fn with_if(self, belongs: bool, cause: Cause) -> Self {
        Self(self.0 | (u8::from(belongs) << cause as u8))
    }

    /// Whether this one is in it.
    pub fn has(self, cause: Cause) -> bool {
        self.0 & (1 << cause as u8) != 0
    }
}

impl Machine {
    /// Sets the terms of the override that there is.
    pub fn set_terms(&mut self, terms: Terms, now: Duration) {
        self.advance(now);
        self.forget_terms();
        if self.override_.is_some() {
            self.terms = Some(terms);
            self.wait_again(now);
        }
    }

    /// What has to happen before the override ends is waited for anew: the host is on its way to a start.
    pub fn wait_again(&mut self, now: Duration) {
        self.agenda.cancel(|step| step == Step::OverrideEnds);
        if let Some(waits) = self.terms.and_then(|terms| terms.waits) {
            self.agenda.plan(now + waits, Step::OverrideEnds);
        }
    }

    /// The terms of the override, where it has any.
    pub fn terms(&self) -> Option<Terms> {
        self.terms
    }

    pub(super) fn forget_terms(&mut self) {
        self.agenda.cancel(|step| step == Step::OverrideEnds);
        self.terms = None;
    }

    /// POST has begun and reads what it is to boot: nothing is waited for any more.
    pub(super) fn read_terms(&mut self, cause: Cause) {
        if self.terms.is_some_and(|terms| terms.ended_by.has(cause)) {
            self.store_override(None);
        }
        self.forget_terms();
    }
}
