//! The identify light: how a technician finds the machine in the rack.

use std::time::Duration;

use super::words;

/// What the identify light does. Redfish `IndicatorLED` / `LocationIndicatorActive`, IPMI chassis identify (§28.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identify {
    /// Lit.
    Lit,
    /// Dark.
    Unlit,
    /// Blinking. A BMC that knows only on and off cannot be set to it.
    Blinking,
    /// The BMC does not say. Never the same as dark.
    Unknown,
}
words!(Identify { Lit = "lit", Unlit = "unlit", Blinking = "blinking", Unknown = "unknown" });

/// What the light is asked to do. Without a duration it stays so until it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetIdentify {
    /// The state to take; `Unknown` is an invalid argument.
    pub state: Identify,
    /// How long a lit light stays lit; IPMI only (0 to 255 s), and only with [`Identify::Lit`].
    pub lasting: Option<Duration>,
}
