//! The Redfish driver: DSP0266 over HTTPS or HTTP. What it knows of vendors is one table, `quirks`.
//!
//! - `http` knows one connection and whether a request was sent on it, `tls` what is believed of a certificate.
//! - `client` retries and keeps the deadline, `session` logs in and out, `tasks` follows a change to its end,
//!   `discovery` finds resources by their links.
//! - `json` is a document, `document` reads it leniently; what was forgiven becomes a note of the answer. `patch` changes a resource in spite
//!   of its ETag, `manners` is what a maker's BMC does beyond the standard and `jobs` what is done with it, `overrides` what a maker's program does instead, `aside` reads what can be done without, `quirks` names what real BMCs do.
//! - One file per resource: `system`, `boot`, `identify`, `identity`, `manager`, `accounts`, `clock`, `network`, `sensors`,
//!   `metrics`, `log`, `fru`, `media`, `bios`, `inventory`,
//!   `boot_order`, `vendor` for what none of them covers; `console` is where the way to a maker's shell begins; `collection` reads all members of one.
//!
//! A first `power.read` is four requests: root, login, the systems, the system; every further one is one.

mod accounts;
mod action;
mod aside;
mod bios;
mod boot;
mod boot_order;
mod boot_words;
mod client;
mod clock;
mod collection;
mod console;
mod discovery;
mod document;
mod fru;
mod http;
mod identify;
mod identity;
mod inventory;
mod jobs;
mod json;
mod log;
mod manager;
pub(super) mod manners;
mod media;
mod metrics;
mod network;
mod overrides;
mod patch;
mod platform;
pub(super) mod probe;
mod quirks;
mod refusal;
mod retry;
mod sensors;
mod session;
mod system;
pub(super) mod tasks;
#[cfg(test)]
pub(super) mod tests;
mod tls;
mod uuid;
mod vendor;

use async_trait::async_trait;

use self::{
    client::Client,
    manners::{Manners, STANDARD},
};
use super::{ConnectError, ssh};
use crate::{
    console::Console,
    driver::{Answer, Capabilities, Deadline, Driver, DriverError, Operation, Protocol, Reply},
    endpoint::{Endpoint, Scheme, Tls},
    model::{
        Account, AccountId, AccountUpdate, Bios, BiosChanges, BmcClock, BmcNetwork, BmcReset, BootDevice,
        BootDuration, BootMode, BootOrder, BootOverride, Change, EventLog, Fru, Identify, Identity,
        InsertMedia, Inventory, MediaSlot, MediaSlotId, NewAccount, PowerAction, PowerMetrics, PowerState,
        Sensor, SetIdentify, Timestamp, VendorAnswer, VendorCall,
    },
};

/// Redfish over HTTPS or HTTP.
pub struct Redfish {
    capabilities: Capabilities,
    client: Client,
}

impl Redfish {
    /// A driver for this endpoint. Touches nothing on the wire; a file of certificate authorities is read.
    ///
    /// Without credentials it speaks as nobody, which few BMCs allow.
    pub fn new(endpoint: Endpoint) -> Result<Self, ConnectError> {
        Self::with_manners(endpoint, &STANDARD)
    }

    /// The same for a BMC that does more than the standard says.
    pub(super) fn with_manners(endpoint: Endpoint, manners: &'static Manners) -> Result<Self, ConnectError> {
        if !matches!(endpoint.scheme, Scheme::Https | Scheme::Http) {
            let (endpoint, expected) = (endpoint.to_string(), "https://HOST or http://HOST");
            return Err(ConnectError::WrongScheme { driver: manners.name, endpoint, expected });
        }
        let authorities = match &endpoint.tls {
            Tls::Ca(path) => {
                Some(tls::read_authorities(path).map_err(|reason| ConnectError::Trust { reason })?)
            }
            _ => None,
        };
        Ok(Self { capabilities: capabilities(manners), client: Client::new(endpoint, authorities, manners) })
    }
}

#[async_trait]
impl Driver for Redfish {
    fn name(&self) -> &'static str {
        self.client.manners.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        let mut talk = self.client.talk(Operation::PowerRead, by).await?;
        let power = system::read_power(&mut talk).await;
        talk.reply(power)
    }

    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        let mut talk = self.client.talk(Operation::of_power(action), by).await?;
        let change = system::power(&mut talk, action).await;
        talk.reply(change)
    }

    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        let mut talk = self.client.talk(Operation::BootOverrideGet, by).await?;
        let boot = boot::read(&mut talk).await;
        talk.reply(boot)
    }

    async fn set_boot_override(&self, to: BootOverride, by: Deadline) -> Reply<Change> {
        let operation = Operation::BootOverrideSet;
        if !to.is_consistent() {
            let reason = format!("device {} and duration {} do not fit together", to.device, to.duration);
            return Err(DriverError::invalid(operation, reason));
        }
        let mut talk = self.client.talk(operation, by).await?;
        let change = boot::set(&mut talk, to).await;
        talk.reply(change)
    }

    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        let mut talk = self.client.talk(Operation::IdentifyGet, by).await?;
        let light = identify::read(&mut talk).await;
        talk.reply(light)
    }

    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        let operation = Operation::IdentifySet;
        if to.state == Identify::Unknown {
            return Err(DriverError::invalid(operation, "no light can be set to unknown"));
        }
        if to.lasting.is_some() {
            return Err(DriverError::unsupported(operation));
        }
        let mut talk = self.client.talk(operation, by).await?;
        let change = identify::set(&mut talk, to.state).await;
        talk.reply(change)
    }

    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        let mut talk = self.client.talk(Operation::IdentityRead, by).await?;
        let identity = identity::read(&mut talk).await;
        talk.reply(identity)
    }

    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        let mut talk = self.client.talk(Operation::BmcReset, by).await?;
        let change = manager::reset(&mut talk, kind).await;
        talk.reply(change)
    }

    async fn accounts(&self, by: Deadline) -> Reply<Vec<Account>> {
        let mut talk = self.client.talk(Operation::AccountsList, by).await?;
        let accounts = accounts::list(&mut talk).await;
        talk.reply(accounts)
    }

    async fn create_account(&self, account: &NewAccount, by: Deadline) -> Reply<Account> {
        let operation = Operation::AccountsCreate;
        if !accounts::can_give(Some(account.role)) {
            return Err(DriverError::unsupported(operation));
        }
        accounts::check_new(account).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.client.talk(operation, by).await?;
        let made = accounts::create(&mut talk, account).await;
        talk.reply(made)
    }

    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, by: Deadline) -> Reply<Change> {
        let operation = Operation::AccountsUpdate;
        if !accounts::can_give(to.role) {
            return Err(DriverError::unsupported(operation));
        }
        accounts::check_update(to).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.client.talk(operation, by).await?;
        let change = accounts::update(&mut talk, id, to).await;
        talk.reply(change)
    }

    async fn delete_account(&self, id: &AccountId, by: Deadline) -> Reply<Change> {
        let mut talk = self.client.talk(Operation::AccountsDelete, by).await?;
        let change = accounts::delete(&mut talk, id).await;
        talk.reply(change)
    }

    async fn open_console(&self, by: Deadline) -> Reply<Box<dyn Console>> {
        let operation = Operation::ConsoleOpen;
        let Some(shell) = &self.client.manners.shell else { return Err(DriverError::unsupported(operation)) };
        let mut talk = self.client.talk(operation, by).await?;
        let found = console::port(&mut talk).await;
        let Answer { value: port, notes, .. } = talk.reply(found)?;
        // Whoever has the console does not keep the rest of the driver waiting.
        match ssh::open(shell, &self.client.endpoint, port, by).await {
            Ok(value) => Ok(Answer { value, protocol: Protocol::Ssh, notes }),
            Err(failure) => Err(failure.of(operation, Protocol::Ssh)),
        }
    }

    async fn bmc_clock(&self, by: Deadline) -> Reply<BmcClock> {
        let mut talk = self.client.talk(Operation::BmcClockGet, by).await?;
        let clock = clock::read(&mut talk).await;
        talk.reply(clock)
    }

    async fn set_bmc_clock(&self, to: Timestamp, by: Deadline) -> Reply<Change> {
        let operation = Operation::BmcClockSet;
        clock::check(to).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.client.talk(operation, by).await?;
        let change = clock::set(&mut talk, to).await;
        talk.reply(change)
    }

    async fn bmc_network(&self, by: Deadline) -> Reply<BmcNetwork> {
        let mut talk = self.client.talk(Operation::BmcNetworkRead, by).await?;
        let network = network::read(&mut talk).await;
        talk.reply(network)
    }

    async fn fru(&self, by: Deadline) -> Reply<Fru> {
        let mut talk = self.client.talk(Operation::FruRead, by).await?;
        let fru = fru::read(&mut talk).await;
        talk.reply(fru)
    }

    async fn sensors(&self, by: Deadline) -> Reply<Vec<Sensor>> {
        let mut talk = self.client.talk(Operation::SensorsRead, by).await?;
        let sensors = sensors::read(&mut talk).await;
        talk.reply(sensors)
    }

    async fn power_metrics(&self, by: Deadline) -> Reply<PowerMetrics> {
        let mut talk = self.client.talk(Operation::PowerMetrics, by).await?;
        let metrics = metrics::read(&mut talk).await;
        talk.reply(metrics)
    }

    async fn log(&self, by: Deadline) -> Reply<EventLog> {
        let mut talk = self.client.talk(Operation::LogList, by).await?;
        let log = log::read(&mut talk).await;
        talk.reply(log)
    }

    async fn clear_log(&self, by: Deadline) -> Reply<Change> {
        let mut talk = self.client.talk(Operation::LogClear, by).await?;
        let change = log::clear(&mut talk).await;
        let change = overrides::instead(&mut talk, Operation::LogClear, change).await;
        talk.reply(change)
    }

    async fn media(&self, by: Deadline) -> Reply<Vec<MediaSlot>> {
        let mut talk = self.client.talk(Operation::MediaList, by).await?;
        let slots = media::list(&mut talk).await;
        talk.reply(slots)
    }

    async fn insert_media(&self, medium: &InsertMedia, by: Deadline) -> Reply<MediaSlot> {
        let operation = Operation::MediaInsert;
        media::check(medium).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.client.talk(operation, by).await?;
        let slot = media::insert(&mut talk, medium).await;
        talk.reply(slot)
    }

    async fn eject_media(&self, slot: &MediaSlotId, by: Deadline) -> Reply<Change> {
        let mut talk = self.client.talk(Operation::MediaEject, by).await?;
        let change = media::eject(&mut talk, slot).await;
        talk.reply(change)
    }

    async fn bios(&self, by: Deadline) -> Reply<Bios> {
        let mut talk = self.client.talk(Operation::BiosRead, by).await?;
        let bios = bios::read(&mut talk).await;
        talk.reply(bios)
    }

    async fn set_bios(&self, to: &BiosChanges, by: Deadline) -> Reply<Change> {
        let operation = Operation::BiosSet;
        if to.is_empty() {
            return Err(DriverError::invalid(operation, "there is nothing to set"));
        }
        let mut talk = self.client.talk(operation, by).await?;
        let change = bios::set(&mut talk, to).await;
        talk.reply(change)
    }

    async fn inventory(&self, by: Deadline) -> Reply<Inventory> {
        let mut talk = self.client.talk(Operation::InventoryRead, by).await?;
        let inventory = inventory::read(&mut talk).await;
        talk.reply(inventory)
    }

    async fn boot_order(&self, by: Deadline) -> Reply<BootOrder> {
        let mut talk = self.client.talk(Operation::BootOrderGet, by).await?;
        let order = boot_order::read(&mut talk).await;
        talk.reply(order)
    }

    async fn set_boot_order(&self, first: &[String], by: Deadline) -> Reply<Change> {
        let operation = Operation::BootOrderSet;
        boot_order::check(first).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.client.talk(operation, by).await?;
        let change = boot_order::set(&mut talk, first).await;
        talk.reply(change)
    }

    async fn vendor_call(&self, call: &VendorCall, by: Deadline) -> Reply<VendorAnswer> {
        let operation = Operation::VendorCall;
        let checked = vendor::check(call).map_err(|reason| DriverError::invalid(operation, reason))?;
        let mut talk = self.client.talk(operation, by).await?;
        let answer = vendor::call(&mut talk, checked).await;
        talk.reply(answer)
    }

    async fn close(&self) {
        self.client.close().await;
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
    Operation::AccountsList,
    Operation::AccountsCreate,
    Operation::AccountsUpdate,
    Operation::AccountsDelete,
    Operation::BmcClockGet,
    Operation::BmcClockSet,
    Operation::BmcNetworkRead,
    Operation::FruRead,
    Operation::SensorsRead,
    Operation::PowerMetrics,
    Operation::LogList,
    Operation::LogClear,
    Operation::MediaList,
    Operation::MediaInsert,
    Operation::MediaEject,
    Operation::BiosRead,
    Operation::BiosSet,
    Operation::InventoryRead,
    Operation::BootOrderGet,
    Operation::BootOrderSet,
    Operation::VendorCall,
];

fn capabilities(manners: &Manners) -> Capabilities {
    let devices = BootDevice::ALL.iter().copied().filter(|d| *d != BootDevice::None);
    let (shell, console) = manners.shell.as_ref().map(|_| (Protocol::Ssh, Operation::ConsoleOpen)).unzip();
    Capabilities {
        protocols: std::iter::once(Protocol::Redfish).chain(shell).collect(),
        operations: OPERATIONS.iter().copied().chain(console).collect(),
        boot_devices: devices.collect(),
        boot_durations: [BootDuration::Once, BootDuration::Continuous].into(),
        boot_modes: BootMode::ALL.iter().copied().collect(),
        identify_states: [Identify::Lit, Identify::Unlit, Identify::Blinking].into(),
        identify_for: false,
        bmc_resets: BmcReset::ALL.iter().copied().collect(),
        account_roles: accounts::ROLES.iter().copied().collect(),
    }
}
