//! What a driver can do, as claims that can be checked one by one.

use std::collections::BTreeSet;

use crate::{
    driver::Protocol,
    model::{BmcReset, BootDevice, BootDuration, BootMode, Identify, Role},
    operation::Operation,
};

/// What a driver claims: exactly this works, everything else is [`Unsupported`](crate::Cause::Unsupported).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The protocols it speaks.
    pub protocols: BTreeSet<Protocol>,
    /// The operations it carries out.
    pub operations: BTreeSet<Operation>,
    /// The devices that `boot.override.set` takes, `none` aside.
    pub boot_devices: BTreeSet<BootDevice>,
    /// The durations that `boot.override.set` takes, `none` aside.
    pub boot_durations: BTreeSet<BootDuration>,
    /// The modes that `boot.override.set` takes.
    pub boot_modes: BTreeSet<BootMode>,
    /// The states that `identify.set` takes.
    pub identify_states: BTreeSet<Identify>,
    /// Whether `identify.set` takes a duration.
    pub identify_for: bool,
    /// The kinds that `bmc.reset` takes.
    pub bmc_resets: BTreeSet<BmcReset>,
    /// The roles that `accounts.create` and `accounts.update` take.
    pub account_roles: BTreeSet<Role>,
}

impl Capabilities {
    /// Every claim as a word: operations, and qualifiers such as `boot.device:pxe` or `protocol:ipmi`.
    pub fn words(&self) -> BTreeSet<String> {
        let qualified = |kind: &str, words: Vec<&'static str>| {
            words.into_iter().map(|w| format!("{kind}:{w}")).collect::<Vec<_>>()
        };
        let mut all: BTreeSet<String> = self.operations.iter().map(|o| o.to_string()).collect();
        all.extend(qualified("protocol", self.protocols.iter().map(|p| p.word()).collect()));
        all.extend(qualified("boot.device", self.boot_devices.iter().map(|d| d.word()).collect()));
        all.extend(qualified("boot.duration", self.boot_durations.iter().map(|d| d.word()).collect()));
        all.extend(qualified("boot.mode", self.boot_modes.iter().map(|m| m.word()).collect()));
        all.extend(qualified("identify", self.identify_states.iter().map(|s| s.word()).collect()));
        all.extend(qualified("bmc.reset", self.bmc_resets.iter().map(|k| k.word()).collect()));
        all.extend(qualified("account.role", self.account_roles.iter().map(|r| r.word()).collect()));
        if self.identify_for {
            all.insert("identify:for".to_owned());
        }
        all
    }

    /// The claims that these words make: [`Self::words`] the other way round.
    ///
    /// # Errors
    /// The first word that is none of the contract's.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w String>) -> Result<Self, &'w str> {
        let mut claimed = Self::default();
        for word in words {
            claimed.claim(word).ok_or(word.as_str())?;
        }
        Ok(claimed)
    }

    fn claim(&mut self, word: &str) -> Option<()> {
        let Some((kind, value)) = word.split_once(':') else {
            self.operations.insert(word.parse().ok()?);
            return Some(());
        };
        match (kind, value) {
            ("identify", "for") => self.identify_for = true,
            ("protocol", value) => drop(self.protocols.insert(value.parse().ok()?)),
            ("boot.device", value) => drop(self.boot_devices.insert(value.parse().ok()?)),
            ("boot.duration", value) => drop(self.boot_durations.insert(value.parse().ok()?)),
            ("boot.mode", value) => drop(self.boot_modes.insert(value.parse().ok()?)),
            ("identify", value) => drop(self.identify_states.insert(value.parse().ok()?)),
            ("bmc.reset", value) => drop(self.bmc_resets.insert(value.parse().ok()?)),
            ("account.role", value) => drop(self.account_roles.insert(value.parse().ok()?)),
            _ => return None,
        }
        Some(())
    }

    /// Every word that any driver could claim, for checking what a scenario requires.
    pub fn vocabulary() -> BTreeSet<String> {
        let all = Self {
            protocols: Protocol::ALL.iter().copied().collect(),
            operations: Operation::ALL.iter().copied().collect(),
            boot_devices: BootDevice::ALL.iter().copied().filter(|d| *d != BootDevice::None).collect(),
            boot_durations: BootDuration::ALL.iter().copied().filter(|d| *d != BootDuration::None).collect(),
            boot_modes: BootMode::ALL.iter().copied().collect(),
            identify_states: Identify::ALL.iter().copied().filter(|s| *s != Identify::Unknown).collect(),
            identify_for: true,
            bmc_resets: BmcReset::ALL.iter().copied().collect(),
            account_roles: Role::GIVEN.iter().copied().collect(),
        };
        all.words()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_can_be_claimed_is_understood_and_no_other() {
        let all = Capabilities::vocabulary();
        assert_eq!(Capabilities::from_words(&all).map(|it| it.words()), Ok(all.clone()));
        let odd = ["power.read".to_owned(), "boot.device:floppy".to_owned()];
        assert_eq!(Capabilities::from_words(&odd), Err("boot.device:floppy"));
    }
}
