//! What a BMC keeps for IPMI alone, one field per group of commands.

use std::time::Duration;

use super::{
    commands::{Security, app, boot, channel, chassis, firewall, info, lan, payload, pef, sol},
    dcmi::Dcmi,
    sensing::Sensing,
    storage::Storage,
};

/// All of it. What has to outlive a restart of the BMC says so in its own group.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The keys of the LAN channel.
    pub(crate) security: Security,
    /// Global commands.
    pub(super) app: app::Kept,
    /// Names and versions.
    pub(super) info: info::Kept,
    /// The chassis.
    pub(super) chassis: chassis::Kept,
    /// Boot options.
    pub(super) boot: boot::Kept,
    /// Channels.
    pub(super) channels: channel::Kept,
    /// What the host is not answered.
    pub(super) firewall: firewall::Kept,
    /// The LAN's parameters.
    pub(super) lan: lan::Kept,
    /// Event filters.
    pub(super) pef: pef::Kept,
    /// Reservations and inventories.
    pub(crate) storage: Storage,
    /// How sensors were told to behave.
    pub(crate) sensing: Sensing,
    /// What DCMI was told.
    pub(crate) dcmi: Dcmi,
    /// Serial over LAN.
    pub(super) sol: sol::Kept,
    /// Who may use which payload.
    pub(super) payloads: payload::Kept,
    /// What has come to the host by its serial port, the last of it ([`TYPED`]).
    pub(crate) typed: Vec<u8>,
    /// When the BMC came back from its last restart, as far as this was noticed.
    ready: Option<Duration>,
}

/// So many of the characters that came to the host are kept, for who wants to know the truth.
const TYPED: usize = 16 * 1024;

impl Kept {
    /// These characters come to the host by its serial port.
    pub(crate) fn type_in(&mut self, characters: &[u8]) {
        self.typed.extend_from_slice(characters);
        let over = self.typed.len().saturating_sub(TYPED);
        self.typed.drain(..over);
    }

    /// As the BMC left the factory, perhaps with its network as it is. Inventories, and what sensors were told, stay.
    pub(crate) fn forget(&mut self, network: bool) {
        (self.app, self.info, self.chassis) = Default::default();
        (self.boot, self.pef, self.security, self.firewall) = Default::default();
        if !network {
            (self.channels, self.lan) = Default::default();
        }
    }

    /// Forgets what does not outlive a restart, where there was one since this was asked last. A loss of AC power is one.
    pub(crate) fn follow(&mut self, ready: Option<Duration>) {
        if std::mem::replace(&mut self.ready, ready) == ready {
            return;
        }
        self.app.restart();
        self.info.restart();
        self.chassis.restart();
        self.boot.restart();
        self.channels.restart();
        self.lan.restart();
        self.pef.restart();
        self.sol.restart();
    }
}
