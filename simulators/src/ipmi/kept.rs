//! What a BMC keeps for IPMI alone, one field per group of commands.

/// All of it. What has to outlive a restart of the BMC says so in its own group.
#[derive(Debug, Default)]
pub(crate) struct Kept {}
