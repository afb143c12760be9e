//! Who is let in, through whichever face: passwords, locks, and what is written down about them.

use std::time::Duration;

use crate::{
    accounts::{Account, Denied, Entrance, Lockout},
    bmc::Bmc,
    logbook::{Log, Note},
    redfish::Tree,
};

impl Bmc {
    /// The account with this name, if it is open to this entrance and the secret fits; too many that do not fit lock it.
    pub(crate) fn admit<T>(
        &self,
        user: &str,
        fits: impl FnOnce(&str) -> bool,
        entrance: Entrance,
        read: impl FnOnce(&Account) -> T,
    ) -> Option<T> {
        let now = self.now();
        let tree = || self.with(|firmware, _| firmware.tree().clone());
        let proof = self.accounts().prove(user, fits, entrance, now, || lockout(self, &tree())).map(read);
        match proof {
            Ok(read) => return Some(read),
            Err(Denied::Wrong { logged: true }) => self.log(Log::Bmc, Note::WrongPassword(user.to_owned())),
            Err(Denied::NowLocked) => self.log(Log::Bmc, Note::Locked(user.to_owned())),
            Err(Denied::Unknown | Denied::Locked | Denied::Wrong { .. }) => {}
        }
        None
    }
}

/// What the account service says of locking, by the platform or by who wrote to it.
fn lockout(bmc: &Bmc, tree: &Tree) -> Lockout {
    let service = tree.first("AccountService");
    let value = |name: &str| service.and_then(|it| it.number(&bmc.written(), name)).unwrap_or(0);
    let resets = service.and_then(|it| it.template()["AccountLockoutCounterResetEnabled"].as_bool());
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Lockout {
        threshold: small(value("/AccountLockoutThreshold")),
        duration: Duration::from_secs(value("/AccountLockoutDuration")),
        reset_after: Duration::from_secs(value("/AccountLockoutCounterResetAfter")),
        resets: resets.unwrap_or(true),
        unlogged: small(value("/AuthFailureLoggingThreshold")),
    }
}
