//! Who may come in by IPMI, and how far (IPMI v2.0 §6.9, §22.27-22.28).

use std::time::Duration;

use super::{
    super::{policy::Limits, privilege::Privilege},
    keys::padded,
};
use crate::{
    accounts::{Account, Entrance},
    bmc::Bmc,
};

/// An account that is open to IPMI. Its password never prints, since this does not.
pub(crate) struct Who {
    /// Its slot.
    pub(crate) slot: u8,
    /// Its name.
    pub(crate) name: String,
    /// Its password.
    pub(crate) password: String,
    /// The most that it may do.
    pub(crate) limit: Privilege,
}

impl Who {
    /// The account with this name, if it can come in now, to do `most` at the most. IPMI v1.5 fills a name with zeros.
    pub(crate) fn named(bmc: &Bmc, name: &[u8], now: Duration, most: Privilege) -> Option<Self> {
        let end = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let accounts = bmc.accounts();
        let is_meant = |it: &&Account| it.user.as_bytes() == &name[..end] && may_come(it, now);
        let it = accounts.everybody().find(is_meant)?;
        let limit = match bmc.manners().limits {
            Limits::Kept => Privilege::limit_of(it)?.min(most),
            Limits::Ignored => Privilege::Administrator,
        };
        Some(Self { slot: it.slot, name: it.user.clone(), password: it.password.clone(), limit })
    }

    /// The password for IPMI v1.5, which takes at most 16 bytes (§22.30).
    pub(crate) fn short_password(&self) -> Option<[u8; 16]> {
        padded(&self.password)
    }
}

fn may_come(account: &Account, now: Duration) -> bool {
    account.enabled && account.entrances.contains(&Entrance::Ipmi) && !account.is_locked(now)
}
