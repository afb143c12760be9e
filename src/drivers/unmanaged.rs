//! A machine whose BMC is left alone, or that has none, as in a developer's lab: nothing is claimed, nothing is touched, and
//! every operation says so.

use crate::driver::{Capabilities, Driver};

/// Claims nothing and touches nothing.
#[derive(Debug, Default)]
pub struct Unmanaged(Capabilities);

impl Driver for Unmanaged {
    fn name(&self) -> &'static str {
        "unmanaged"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0
    }
}
