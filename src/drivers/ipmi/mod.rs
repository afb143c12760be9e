//! The IPMI driver: IPMI v2.0 over LAN, without vendor knowledge.
//!
//! - [`rmcp`] knows the bytes and nothing else: packets, the handshake, keys, sessions.
//! - `wire` knows datagrams and patience, and waits as a task or as a thread; `login` knows what to make of a refusal, `link` how a
//!   session is kept and lost.
//! - One file per command group: `chassis`, `boot`, `identity` and `fru`, `sdr` and `sensors`, `sel` (with `events`, the
//!   meaning of states), `dcmi`, `accounts`, `lan`, `clock`, `controller`, `raw`; `sol` is the console.
//! - `quirks` is the table of what real BMCs do that no standard says.
//!
//! A session, one read and a clean close are five round trips (six with a BMC that has suite 3 only). A retransmission is
//! the identical datagram, so that it is the same command to the BMC (§6.12.8); a changing command whose answer
//! does not come is [`Cause::OutcomeUnknown`](crate::driver::Cause::OutcomeUnknown) and is never sent anew.

mod accounts;
mod boot;
mod call;
mod chassis;
mod clock;
mod command;
mod controller;
mod dcmi;
mod events;
mod fru;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod identity;
mod lan;
mod link;
mod login;
pub(super) mod probe;
mod quirks;
mod random;
mod raw;
pub mod rmcp;
mod sdr;
mod sel;
mod sensors;
mod sol;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::quirks::configurable as configurable_quirks;
use self::{
    link::{Link, Talk},
    rmcp::handshake::{self, Manner},
};
use super::ConnectError;
use crate::{
    console::Console,
    driver::{Capabilities, Deadline, Driver, DriverError, Operation, Protocol, Reply},
    endpoint::{Endpoint, Scheme},
    model::{
        Account, AccountId, AccountUpdate, BmcClock, BmcNetwork, BmcReset, BootDevice, BootDuration,
        BootMode, BootOverride, Change, EventLog, Fru, Identify, Identity, NewAccount, PowerAction,
        PowerMetrics, PowerState, Role, Sensor, SetIdentify, Timestamp, VendorAnswer, VendorCall,
    },
};

const NAME: &str = "ipmi";

/// IPMI v2.0 over LAN (RMCP+).
pub struct Ipmi {
    capabilities: Capabilities,
    link: Arc<Link>,
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
        Ok(Self { capabilities: capabilities(), link: Arc::new(Link::new(endpoint, account)) })
    }
}

impl Ipmi {
    async fn talk(&self, operation: Operation, by: Deadline) -> Result<Talk<'_>, DriverError> {
        self.link.keep_alive();
        self.link.talk(operation, by).await
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
        let mut talk = self.talk(Operation::PowerRead, by).await?;
        let power = chassis::read_power(&mut talk).await;
        talk.reply(power)
    }

    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        let mut talk = self.talk(Operation::of_power(action), by).await?;
        let change = chassis::power(&mut talk, action).await;
        talk.reply(change)
    }

    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        let mut talk = self.talk(Operation::BootOverrideGet, by).await?;
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
        let mut talk = self.talk(operation, by).await?;
        let change = boot::set(&mut talk, to).await;
        talk.reply(change)
    }

    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        let mut talk = self.talk(Operation::IdentifyGet, by).await?;
        let light = chassis::read_identify(&mut talk).await;
        talk.reply(light)
    }

    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        let operation = Operation::IdentifySet;
        chassis::check_identify(to).map_err(|reason| DriverError::invalid(operation, reason))?;
        if !self.capabilities.identify_states.contains(&to.state) {
            return Err(DriverError::unsupported(operation));
        }
        let mut talk = self.talk(operation, by).await?;
        let change = chassis::set_identify(&mut talk, to).await;
        talk.reply(change)
    }

    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        let mut talk = self.talk(Operation::IdentityRead, by).await?;
        let identity = identity::read(&mut talk).await;
        talk.reply(identity)
    }

    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        let mut talk = self.talk(Operation::BmcReset, by).await?;
        let change = controller::reset(&mut talk, kind).await;
        talk.reply(change)
    }

    async fn fru(&self, by: Deadline) -> Reply<Fru> {
        let mut talk = self.talk(Operation::FruRead, by).await?;
        let fru = fru::tell(&mut talk).await;
        talk.reply(fru)
    }

    async fn sensors(&self, by: Deadline) -> Reply<Vec<Sensor>> {
        let mut talk = self.talk(Operation::SensorsRead, by).await?;
        let sensors = sensors::read(&mut talk).await;
        talk.reply(sensors)
    }

    async fn power_metrics(&self, by: Deadline) -> Reply<PowerMetrics> {
        let mut talk = self.talk(Operation::PowerMetrics, by).await?;
        let metrics = dcmi::read(&mut talk).await;
        talk.reply(metrics)
    }

    async fn log(&self, by: Deadline) -> Reply<EventLog> {
        let mut talk = self.talk(Operation::LogList, by).await?;
        let log = sel::read(&mut talk).await;
        talk.reply(log)
    }

    async fn clear_log(&self, by: Deadline) -> Reply<Change> {
        let mut talk = self.talk(Operation::LogClear, by).await?;
        let change = sel::clear(&mut talk).await;
        talk.reply(change)
    }

    async fn accounts(&self, by: Deadline) -> Reply<Vec<Account>> {
        let mut talk = self.talk(Operation::AccountsList, by).await?;
        let accounts = accounts::list(&mut talk).await;
        talk.reply(accounts)
    }

    async fn create_account(&self, account: &NewAccount, by: Deadline) -> Reply<Account> {
        let operation = Operation::AccountsCreate;
        accounts::check_new(account).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.talk(operation, by).await?;
        let created = accounts::create(&mut talk, account).await;
        talk.reply(created)
    }

    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, by: Deadline) -> Reply<Change> {
        let operation = Operation::AccountsUpdate;
        let checked = accounts::check_id(id).and_then(|()| accounts::check_update(to));
        checked.map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.talk(operation, by).await?;
        let change = accounts::update(&mut talk, id, to).await;
        talk.reply(change)
    }

    async fn delete_account(&self, id: &AccountId, by: Deadline) -> Reply<Change> {
        let operation = Operation::AccountsDelete;
        accounts::check_id(id).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.talk(operation, by).await?;
        let change = accounts::delete(&mut talk, id).await;
        talk.reply(change)
    }

    async fn open_console(&self, by: Deadline) -> Reply<Box<dyn Console>> {
        sol::open(self.link.sibling(), by).await
    }

    async fn bmc_clock(&self, by: Deadline) -> Reply<BmcClock> {
        let mut talk = self.talk(Operation::BmcClockGet, by).await?;
        let clock = clock::read(&mut talk).await;
        talk.reply(clock)
    }

    async fn set_bmc_clock(&self, to: Timestamp, by: Deadline) -> Reply<Change> {
        let operation = Operation::BmcClockSet;
        clock::check(to).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.talk(operation, by).await?;
        let change = clock::set(&mut talk, to).await;
        talk.reply(change)
    }

    async fn bmc_network(&self, by: Deadline) -> Reply<BmcNetwork> {
        let mut talk = self.talk(Operation::BmcNetworkRead, by).await?;
        let network = lan::read(&mut talk).await;
        talk.reply(network)
    }

    async fn vendor_call(&self, call: &VendorCall, by: Deadline) -> Reply<VendorAnswer> {
        let operation = Operation::VendorCall;
        let VendorCall::Ipmi { netfn, command, data } = call else {
            return Err(DriverError::invalid(
                operation,
                "this driver speaks IPMI, and the call is not of IPMI",
            ));
        };
        raw::check(*netfn, &data.0).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.talk(operation, by).await?;
        let answer = raw::call(&mut talk, *netfn, *command, &data.0).await;
        talk.reply(answer)
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
    Operation::FruRead,
    Operation::SensorsRead,
    Operation::PowerMetrics,
    Operation::LogList,
    Operation::LogClear,
    Operation::AccountsList,
    Operation::AccountsCreate,
    Operation::AccountsUpdate,
    Operation::AccountsDelete,
    Operation::ConsoleOpen,
    Operation::BmcClockGet,
    Operation::BmcClockSet,
    Operation::BmcNetworkRead,
    Operation::VendorCall,
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
        account_roles: Role::GIVEN.iter().copied().collect(),
    }
}

fn account(endpoint: &Endpoint) -> Result<handshake::Account, ConnectError> {
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
    let kg = endpoint.ipmi.kg.clone();
    let manner = manner(endpoint)?;
    Ok(handshake::Account { user: credentials.user, password: credentials.password, kg, manner })
}

fn manner(endpoint: &Endpoint) -> Result<Manner, ConnectError> {
    let (configured, known) = (&endpoint.ipmi.quirks, configurable_quirks());
    if let Some(name) = configured.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(ConnectError::UnknownQuirk { driver: NAME, name: name.clone(), known });
    }
    let has = |quirk: &quirks::Quirk| configured.contains(quirk.name);
    Ok(Manner {
        padded_name: has(&quirks::PADDED_NAME),
        plain_role_in_rakp3: has(&quirks::PLAIN_ROLE_IN_RAKP3),
        sik_for_k1: has(&quirks::SIK_FOR_K1),
        session_id_zero: has(&quirks::SESSION_ID_ZERO),
    })
}
