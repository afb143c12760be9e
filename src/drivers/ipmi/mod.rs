//! The IPMI driver: IPMI v2.0 over LAN, without vendor knowledge.
//!
//! - [`rmcp`] knows the bytes and nothing else: packets, the handshake, keys, sessions.
//! - `wire` knows datagrams and patience, `login` what to make of a refusal, `link` how a session is kept and lost.
//! - One file per command group: `chassis`, `boot`, `identity` and `fru`, `controller`.
//!
//! A session, one read and a clean close are five round trips (six with a BMC that has suite 3 only). A retransmission is
//! the identical datagram, so that it is the same command to the BMC (§6.12.8); a changing command whose answer
//! does not come is [`Cause::OutcomeUnknown`](crate::driver::Cause::OutcomeUnknown) and is never sent anew.

mod boot;
mod call;
mod chassis;
mod command;
mod controller;
mod fru;
mod identity;
mod link;
mod login;
pub mod rmcp;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeSet;

use async_trait::async_trait;

use self::{link::Link, rmcp::handshake::Account};
use super::ConnectError;
use crate::{
    driver::{Capabilities, Deadline, Driver, DriverError, Operation, Protocol, Reply},
    endpoint::{Endpoint, Scheme},
    model::{
        BmcReset, BootDevice, BootDuration, BootMode, BootOverride, Change, Identify, Identity, PowerAction,
        PowerState, SetIdentify,
    },
};

const NAME: &str = "ipmi";

/// IPMI v2.0 over LAN (RMCP+).
pub struct Ipmi {
    capabilities: Capabilities,
    link: Link,
}

impl Ipmi {
    /// A driver for this endpoint. Touches nothing on the wire.
    ///
    /// An IPMI account has a name of at most 16 bytes and a password of at most 20 (§22.28, §22.30).
    pub fn new(endpoint: Endpoint) -> Result<Self, ConnectError> {
        if endpoint.scheme != Scheme::Ipmi {
            let endpoint = endpoint.to_string();
            return Err(ConnectError::WrongScheme { driver: NAME, endpoint, expected: "ipmi://HOST" });
        }
        let account = account(&endpoint)?;
        Ok(Self { capabilities: capabilities(), link: Link::new(endpoint, account) })
    }
}

#[async_trait]
impl Driver for Ipmi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        let mut talk = self.link.talk(Operation::PowerRead, by).await?;
        let power = chassis::read_power(&mut talk).await;
        talk.reply(power)
    }

    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        let mut talk = self.link.talk(Operation::of_power(action), by).await?;
        let change = chassis::power(&mut talk, action).await;
        talk.reply(change)
    }

    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        let mut talk = self.link.talk(Operation::BootOverrideGet, by).await?;
        let boot = boot::read(&mut talk).await;
        talk.reply(boot)
    }

    async fn set_boot_override(&self, to: BootOverride, by: Deadline) -> Reply<Change> {
        let operation = Operation::BootOverrideSet;
        if !to.is_consistent() {
            let reason = format!("device {} and duration {} do not fit together", to.device, to.duration);
            return Err(DriverError::invalid(operation, reason));
        }
        if to.device != BootDevice::None && !self.capabilities.boot_devices.contains(&to.device) {
            return Err(DriverError::unsupported(operation));
        }
        let mut talk = self.link.talk(operation, by).await?;
        let change = boot::set(&mut talk, to).await;
        talk.reply(change)
    }

    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        let mut talk = self.link.talk(Operation::IdentifyGet, by).await?;
        let light = chassis::read_identify(&mut talk).await;
        talk.reply(light)
    }

    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        let operation = Operation::IdentifySet;
        chassis::check_identify(to).map_err(|reason| DriverError::invalid(operation, reason))?;
        if !self.capabilities.identify_states.contains(&to.state) {
            return Err(DriverError::unsupported(operation));
        }
        let mut talk = self.link.talk(operation, by).await?;
        let change = chassis::set_identify(&mut talk, to).await;
        talk.reply(change)
    }

    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        let mut talk = self.link.talk(Operation::IdentityRead, by).await?;
        let identity = identity::read(&mut talk).await;
        talk.reply(identity)
    }

    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        let mut talk = self.link.talk(Operation::BmcReset, by).await?;
        let change = controller::reset(&mut talk, kind).await;
        talk.reply(change)
    }

    async fn close(&self) {
        self.link.close().await;
    }
}

/// What this driver carries out.
const OPERATIONS: &[Operation] = &[
    Operation::PowerRead,
    Operation::PowerOn,
    Operation::PowerOff,
    Operation::PowerShutdown,
    Operation::PowerCycle,
    Operation::PowerReset,
    Operation::PowerNmi,
    Operation::BootOverrideGet,
    Operation::BootOverrideSet,
    Operation::IdentifyGet,
    Operation::IdentifySet,
    Operation::IdentityRead,
    Operation::BmcReset,
];

fn capabilities() -> Capabilities {
    Capabilities {
        protocols: [Protocol::Ipmi].into(),
        operations: OPERATIONS.iter().copied().collect(),
        boot_devices: [BootDevice::Pxe, BootDevice::Disk, BootDevice::Cdrom, BootDevice::Bios].into(),
        boot_durations: [BootDuration::Once, BootDuration::Continuous].into(),
        boot_modes: BootMode::ALL.iter().copied().collect(),
        identify_states: [Identify::Lit, Identify::Unlit].into(),
        identify_for: true,
        bmc_resets: BmcReset::ALL.iter().copied().collect(),
        account_roles: BTreeSet::new(),
    }
}

fn account(endpoint: &Endpoint) -> Result<Account, ConnectError> {
    let credentials = endpoint.credentials.clone().ok_or(ConnectError::NoCredentials { driver: NAME })?;
    let limits = [
        ("user name", credentials.user.len(), 16),
        ("password", credentials.password.reveal().len(), 20),
        ("BMC key", endpoint.ipmi.kg.as_ref().map_or(0, |kg| kg.reveal().len()), 20),
    ];
    for (what, bytes, limit) in limits {
        if bytes > limit {
            let reason = format!("the {what} has {bytes} bytes, IPMI carries {limit}");
            return Err(ConnectError::Credentials { driver: NAME, reason });
        }
    }
    Ok(Account { user: credentials.user, password: credentials.password, kg: endpoint.ipmi.kg.clone() })
}
