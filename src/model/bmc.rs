//! The management controller itself.

use super::words;

/// How the BMC restarts. The host keeps running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BmcReset {
    /// A full restart. IPMI Cold Reset (§20.2), Redfish `Manager.Reset` with `ForceRestart` (or what the BMC offers).
    Cold,
    /// A restart that keeps what it can. IPMI Warm Reset (§20.3), Redfish `GracefulRestart`.
    Warm,
}
words!(BmcReset { Cold = "cold", Warm = "warm" });
