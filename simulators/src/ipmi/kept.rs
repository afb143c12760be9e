//! What a BMC keeps for IPMI alone, one field per group of commands.

use super::commands::Security;

/// All of it. What has to outlive a restart of the BMC says so in its own group.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The keys of the LAN channel.
    pub(crate) security: Security,
}
