//! How the BMC sets up sessions, where the standard leaves a choice or a BMC gets it wrong.

use std::time::Duration;

/// The choices; the default is what the standard has, and what is prudent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// The cipher suites that are offered, by number, in the order in which they are shown.
    pub(crate) suites: &'static [u8],
    /// The authentication types of IPMI v1.5 that are offered, as bits (table 22-15): 0 none, 2 MD5, 4 password.
    pub(crate) legacy: u8,
    /// Whether every packet of IPMI v1.5 has a code (§6.11.4).
    pub(crate) each_packet: bool,
    /// How many sessions there can be.
    pub(crate) sessions: u8,
    /// A session that is idle for so long is over (§6.12.15: 60 s, 3 s more or less).
    pub(crate) idle: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            suites: &[1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17],
            legacy: 1 << 2 | 1 << 4,
            each_packet: true,
            sessions: 16,
            idle: Duration::from_secs(60),
        }
    }
}
