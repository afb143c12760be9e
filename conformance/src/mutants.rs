//! Driver faults above the wire: decorators over a healthy driver, each wrong in exactly one way.

mod books;
mod console;
mod fault;
mod oem;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use halmark::{
    Account, AccountId, AccountUpdate, Answer, Bios, BiosChanges, BmcClock, BmcNetwork, BmcReset, BootDevice,
    BootDuration, BootMode, BootOrder, BootOverride, Capabilities, Cause, Change, Console, Deadline, Driver,
    DriverError, EventLog, Fru, Identify, Identity, InsertMedia, Inventory, MediaSlot, MediaSlotId,
    NewAccount, Operation, PowerAction, PowerMetrics, PowerState, Protocol, Reply, Sensor, Timestamp,
    VendorAnswer, VendorCall, model::SetIdentify,
};

use self::books::Falsified;
pub use self::fault::DriverFault;

/// A driver that is wrong in one way.
pub struct Mutant {
    inner: Box<dyn Driver>,
    fault: DriverFault,
    capabilities: Capabilities,
    power: Mutex<Option<PowerState>>,
    boot: Mutex<Option<BootOverride>>,
    light: Mutex<Option<Identify>>,
    trouble: AtomicU32,
}

impl Mutant {
    /// Makes a healthy driver wrong.
    pub fn new(inner: Box<dyn Driver>, fault: DriverFault) -> Self {
        let mut capabilities = inner.capabilities().clone();
        if fault == DriverFault::UnsupportedAsSuccess {
            capabilities.operations.remove(&Operation::PowerNmi);
        }
        Self {
            inner,
            fault,
            capabilities,
            power: Mutex::default(),
            boot: Mutex::default(),
            light: Mutex::default(),
            trouble: AtomicU32::new(0),
        }
    }

    fn say<T>(&self, value: T) -> Reply<T> {
        let protocol = self.capabilities.protocols.iter().next().copied().unwrap_or(Protocol::Redfish);
        Ok(Answer { value, protocol, notes: Vec::new() })
    }

    /// A reading, as the fault tells it.
    async fn falsified<T: Falsified>(&self, reading: impl Future<Output = Reply<T>> + Send) -> Reply<T> {
        self.hang().await;
        let mut answer = reading.await?;
        answer.value.falsify(self.fault);
        Ok(answer)
    }

    async fn hang(&self) {
        if self.fault == DriverFault::Hangs {
            std::future::pending::<()>().await;
        }
    }

    /// Five errors are enough: from then on there is nothing else.
    fn tired<T>(&self, reply: Reply<T>) -> Reply<T> {
        let errors = self.trouble.fetch_add(u32::from(reply.is_err()), Ordering::Relaxed);
        match reply {
            Ok(answer) if errors >= 5 => {
                let cause = Cause::Unreachable { reason: "it went wrong too often".to_owned() };
                Err(DriverError {
                    operation: Operation::PowerRead,
                    protocol: Some(answer.protocol),
                    cause,
                    at: None,
                })
            }
            reply => reply,
        }
    }

    fn tell<T>(&self, reply: Reply<T>, success: T) -> Reply<T> {
        let error = match reply {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let is_refusal = !matches!(error.cause, Cause::Unsupported | Cause::InvalidArgument { .. });
        if self.fault == DriverFault::ErrorAsSuccess && is_refusal {
            return self.say(success);
        }
        Err(self.retold(error))
    }

    /// An error, as the fault tells it.
    fn retold(&self, error: DriverError) -> DriverError {
        let cause = match (self.fault, &error.cause) {
            (DriverFault::UnauthorizedAsUnreachable, Cause::Unauthorized) => {
                Cause::Unreachable { reason: "no answer".to_owned() }
            }
            (DriverFault::UnknownAsUnreachable, Cause::OutcomeUnknown { .. }) => {
                Cause::Unreachable { reason: "no answer".to_owned() }
            }
            (DriverFault::ConflictAsRefused, Cause::Conflict { reason }) => {
                Cause::Refused { code: "?".to_owned(), message: reason.clone() }
            }
            _ => return error,
        };
        DriverError { cause, ..error }
    }
}

fn remembered<T: Copy>(memory: &Mutex<Option<T>>) -> Option<T> {
    *memory.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember<T>(memory: &Mutex<Option<T>>, value: T) {
    *memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}

#[async_trait]
impl Driver for Mutant {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        self.hang().await;
        if let (DriverFault::StalePower, Some(first)) = (self.fault, remembered(&self.power)) {
            return self.say(first);
        }
        if self.fault == DriverFault::WritesOnRead {
            self.inner.set_identify(SetIdentify { state: Identify::Unlit, lasting: None }, by).await?;
        }
        let by = if self.fault == DriverFault::Impatient { by.or_after(Duration::from_secs(10)) } else { by };
        let reply = self.tell(self.inner.power_read(by).await, PowerState::Unknown);
        let last = remembered(&self.power);
        let mut answer = match (self.fault, reply) {
            (DriverFault::UnreadableAsLast, Err(DriverError { cause: Cause::Deviation(_), .. }))
                if last.is_some() =>
            {
                return self.say(last.unwrap_or(PowerState::Unknown));
            }
            (DriverFault::NeverTriesAgain, reply) => self.tired(reply)?,
            (DriverFault::ErrorAsOff, Err(_)) => return self.say(PowerState::PoweredOff),
            (DriverFault::ErrorAsOn, Err(_)) => return self.say(PowerState::PoweredOn),
            (_, reply) => reply?,
        };
        remember(&self.power, answer.value);
        answer.value = match (self.fault, answer.value) {
            (DriverFault::AlwaysOn, _) => PowerState::PoweredOn,
            (DriverFault::TransitionAsDone, PowerState::PoweringOn | PowerState::Unknown) => {
                PowerState::PoweredOn
            }
            (DriverFault::TransitionAsDone, PowerState::PoweringOff) => PowerState::PoweredOff,
            (_, told) => told,
        };
        Ok(answer)
    }

    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        self.hang().await;
        let reply = match self.fault {
            DriverFault::DoesNothing(what) if what == action => return self.say(Change::Changed),
            DriverFault::UnsupportedAsSuccess if action == PowerAction::Nmi => {
                return self.say(Change::Changed);
            }
            DriverFault::Substitutes(what, other) if what == action => self.inner.power(other, by).await,
            DriverFault::Twice(what) if what == action => {
                self.inner.power(action, by).await?;
                tokio::time::sleep(std::time::Duration::from_secs(10)).await;
                self.inner.power(action, by).await
            }
            DriverFault::ShutdownThenOff if action == PowerAction::Shutdown => {
                self.inner.power(action, by).await?;
                tokio::time::sleep(std::time::Duration::from_secs(30)).await;
                self.inner.power(PowerAction::Off, by).await
            }
            DriverFault::UnknownAsAlreadySo
                if self.inner.power_read(by).await?.value == PowerState::Unknown =>
            {
                return self.say(Change::AlreadySo);
            }
            DriverFault::TurnsOnFirst if action == PowerAction::Off => {
                self.inner.power(PowerAction::On, by).await?;
                self.inner.power(action, by).await
            }
            DriverFault::Forces(what) if what == action => match action {
                PowerAction::On => match self.inner.power(action, by).await {
                    Ok(answer) if answer.value == Change::AlreadySo => {
                        self.inner.power(PowerAction::Reset, by).await
                    }
                    other => other,
                },
                _ => match self.inner.power(action, by).await {
                    Err(DriverError { cause: Cause::Conflict { .. }, .. }) => {
                        self.inner.power(PowerAction::On, by).await
                    }
                    other => other,
                },
            },
            _ => self.inner.power(action, by).await,
        };
        let mut answer = self.tell(reply, Change::Changed)?;
        answer.value = match (self.fault, answer.value) {
            (DriverFault::ChangedAsAlreadySo, _) => Change::AlreadySo,
            (DriverFault::AlreadySoAsChanged, _) => Change::Changed,
            (_, told) => told,
        };
        Ok(answer)
    }

    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        self.hang().await;
        if let (DriverFault::EchoesOverride, Some(set)) = (self.fault, remembered(&self.boot)) {
            return self.say(set);
        }
        if let (DriverFault::StaleOverride, Some(first)) = (self.fault, remembered(&self.boot)) {
            return self.say(first);
        }
        let reply = self.inner.boot_override(by).await;
        if self.fault == DriverFault::UnreadableOverrideAsNone
            && matches!(&reply, Err(DriverError { cause: Cause::Deviation(_), .. }))
        {
            return self.say(BootOverride::NONE);
        }
        let answer = self.tell(reply, BootOverride::NONE)?;
        if self.fault == DriverFault::StaleOverride {
            remember(&self.boot, answer.value);
        }
        Ok(answer)
    }

    async fn set_boot_override(&self, to: BootOverride, by: Deadline) -> Reply<Change> {
        self.hang().await;
        if self.fault == DriverFault::EchoesOverride {
            remember(&self.boot, to);
        }
        if self.fault == DriverFault::OverrideResetsHost {
            self.inner.set_boot_override(to, by).await?;
            return self.tell(self.inner.power(PowerAction::Reset, by).await, Change::Changed);
        }
        let to = match (self.fault, to.duration) {
            (DriverFault::OverrideDoesNothing, _) => return self.say(Change::Changed),
            (DriverFault::OnceAsContinuous, BootDuration::Once) => {
                BootOverride { duration: BootDuration::Continuous, ..to }
            }
            (DriverFault::ContinuousAsOnce, BootDuration::Continuous) => {
                BootOverride { duration: BootDuration::Once, ..to }
            }
            (DriverFault::DropsDevice, BootDuration::Once | BootDuration::Continuous) => {
                BootOverride { device: BootDevice::Disk, ..to }
            }
            (DriverFault::InvalidAsNone, _) if !to.is_consistent() => BootOverride::NONE,
            (DriverFault::InvalidAsDisk, _) if !to.is_consistent() => {
                BootOverride { device: BootDevice::Disk, ..to }
            }
            (DriverFault::DropsMode, _) if to.mode.is_some() => {
                BootOverride { mode: Some(BootMode::Uefi), ..to }
            }
            _ => to,
        };
        self.tell(self.inner.set_boot_override(to, by).await, Change::Changed)
    }

    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        self.hang().await;
        if let (DriverFault::StaleIdentify, Some(first)) = (self.fault, remembered(&self.light)) {
            return self.say(first);
        }
        let mut answer = self.tell(self.inner.identify(by).await, Identify::Unknown)?;
        remember(&self.light, answer.value);
        if self.fault == DriverFault::UnknownIdentifyAsUnlit && answer.value == Identify::Unknown {
            answer.value = Identify::Unlit;
        }
        Ok(answer)
    }

    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        self.hang().await;
        if self.fault == DriverFault::IdentifyDoesNothing {
            return self.say(Change::Changed);
        }
        let state = match (self.fault, to.state) {
            (DriverFault::BlinksForLit, Identify::Lit) => Identify::Blinking,
            (_, state) => state,
        };
        self.tell(self.inner.set_identify(SetIdentify { state, ..to }, by).await, Change::Changed)
    }

    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        self.hang().await;
        let mut answer = self.tell(self.inner.identity(by).await, Identity::default())?;
        let identity = &mut answer.value;
        match self.fault {
            DriverFault::SwapsUuid => {
                identity.uuid = identity.uuid.map(|uuid| uuid::Uuid::from_bytes_le(*uuid.as_bytes()));
            }
            DriverFault::NilUuid => identity.uuid = Some(uuid::Uuid::nil()),
            DriverFault::SerialFromBoard => {
                identity.serial = identity.board_serial.clone().or_else(|| identity.part_number.clone())
            }
            DriverFault::DropsPartNumber => identity.part_number = None,
            DriverFault::InventsSerial if identity.serial.is_none() => {
                identity.serial = identity.uuid.map(|uuid| uuid.to_string());
            }
            DriverFault::CutsSerial => drop(identity.serial.as_mut().and_then(String::pop)),
            DriverFault::SwapsVendorAndModel => {
                std::mem::swap(&mut identity.vendor, &mut identity.model);
            }
            DriverFault::MacInCapitals => {
                identity.bmc_mac.iter_mut().for_each(|mac| mac.make_ascii_uppercase());
            }
            DriverFault::KeepsPadding => {
                identity.serial = identity.serial.as_ref().map(|serial| format!("{serial} "))
            }
            DriverFault::FirmwareFromBios => {
                identity.bmc_firmware = identity.bios_version.clone().or_else(|| identity.model.clone())
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        self.hang().await;
        match self.fault {
            DriverFault::BmcResetDoesNothing => return self.say(Change::Changed),
            DriverFault::BmcResetResetsHost => drop(self.inner.power(PowerAction::Reset, by).await?),
            _ => {}
        }
        self.tell(self.inner.reset_bmc(kind, by).await, Change::Changed)
    }

    async fn inventory(&self, by: Deadline) -> Reply<Inventory> {
        self.falsified(self.inner.inventory(by)).await
    }

    async fn boot_order(&self, by: Deadline) -> Reply<BootOrder> {
        self.falsified(self.inner.boot_order(by)).await
    }

    async fn set_boot_order(&self, first: &[String], by: Deadline) -> Reply<Change> {
        self.hang().await;
        if self.fault == DriverFault::OrderDoesNothing {
            return self.say(Change::Changed);
        }
        self.tell(self.inner.set_boot_order(first, by).await, Change::Changed)
    }

    async fn fru(&self, by: Deadline) -> Reply<Fru> {
        self.falsified(self.inner.fru(by)).await
    }

    async fn sensors(&self, by: Deadline) -> Reply<Vec<Sensor>> {
        self.falsified(self.inner.sensors(by)).await
    }

    async fn power_metrics(&self, by: Deadline) -> Reply<PowerMetrics> {
        self.falsified(self.inner.power_metrics(by)).await
    }

    async fn log(&self, by: Deadline) -> Reply<EventLog> {
        self.falsified(self.inner.log(by)).await
    }

    async fn clear_log(&self, by: Deadline) -> Reply<Change> {
        self.hang().await;
        if self.fault == DriverFault::ClearDoesNothing {
            return self.say(Change::Changed);
        }
        self.tell(self.inner.clear_log(by).await, Change::Changed)
    }

    async fn accounts(&self, by: Deadline) -> Reply<Vec<Account>> {
        self.falsified(self.inner.accounts(by)).await
    }

    async fn create_account(&self, account: &NewAccount, by: Deadline) -> Reply<Account> {
        self.hang().await;
        let account = books::new_account(account, self.fault);
        let made = Account {
            id: AccountId("15".to_owned()),
            name: account.name.clone(),
            role: account.role,
            enabled: Some(account.enabled),
            protocols: account.protocols.clone(),
        };
        if self.fault == DriverFault::CreateDoesNothing {
            return self.say(made);
        }
        self.tell(self.inner.create_account(&account, by).await, made)
    }

    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, by: Deadline) -> Reply<Change> {
        self.hang().await;
        let to = books::update(to, self.fault);
        if to == AccountUpdate::default() {
            return self.say(Change::Changed);
        }
        self.tell(self.inner.update_account(id, &to, by).await, Change::Changed)
    }

    async fn delete_account(&self, id: &AccountId, by: Deadline) -> Reply<Change> {
        self.hang().await;
        match self.fault {
            DriverFault::DeleteDoesNothing => return self.say(Change::Changed),
            DriverFault::DeleteDisables => {
                let disabled = AccountUpdate { enabled: Some(false), ..AccountUpdate::default() };
                return self.inner.update_account(id, &disabled, by).await;
            }
            _ => {}
        }
        self.tell(self.inner.delete_account(id, by).await, Change::Changed)
    }

    async fn open_console(&self, by: Deadline) -> Reply<Box<dyn Console>> {
        self.hang().await;
        let mut answer = self.inner.open_console(by).await.map_err(|error| self.retold(error))?;
        answer.value = console::Wrong::wrap(answer.value, self.fault);
        Ok(answer)
    }

    async fn bmc_clock(&self, by: Deadline) -> Reply<BmcClock> {
        self.falsified(self.inner.bmc_clock(by)).await
    }

    async fn set_bmc_clock(&self, to: Timestamp, by: Deadline) -> Reply<Change> {
        self.hang().await;
        if self.fault == DriverFault::ClockDoesNothing {
            return self.say(Change::Changed);
        }
        self.tell(self.inner.set_bmc_clock(to, by).await, Change::Changed)
    }

    async fn bmc_network(&self, by: Deadline) -> Reply<BmcNetwork> {
        self.falsified(self.inner.bmc_network(by)).await
    }

    async fn media(&self, by: Deadline) -> Reply<Vec<MediaSlot>> {
        self.falsified(self.inner.media(by)).await
    }

    async fn insert_media(&self, medium: &InsertMedia, by: Deadline) -> Reply<MediaSlot> {
        self.hang().await;
        let mut medium = medium.clone();
        if self.fault == DriverFault::InsertsAnother {
            medium.image.push_str(".old");
        }
        let inserted = MediaSlot {
            id: MediaSlotId("1".to_owned()),
            kinds: [medium.kind].into(),
            inserted: true,
            image: Some(medium.image.clone()),
            write_protected: Some(true),
        };
        if self.fault == DriverFault::InsertDoesNothing {
            return self.say(inserted);
        }
        self.tell(self.inner.insert_media(&medium, by).await, inserted)
    }

    async fn eject_media(&self, slot: &MediaSlotId, by: Deadline) -> Reply<Change> {
        self.hang().await;
        if self.fault == DriverFault::EjectDoesNothing {
            return self.say(Change::Changed);
        }
        self.tell(self.inner.eject_media(slot, by).await, Change::Changed)
    }

    async fn bios(&self, by: Deadline) -> Reply<Bios> {
        self.falsified(self.inner.bios(by)).await
    }

    async fn set_bios(&self, to: &BiosChanges, by: Deadline) -> Reply<Change> {
        self.hang().await;
        match self.fault {
            DriverFault::BiosDoesNothing => return self.say(Change::Changed),
            DriverFault::BiosResetsHost => {
                self.inner.set_bios(to, by).await?;
                return self.tell(self.inner.power(PowerAction::Reset, by).await, Change::Changed);
            }
            _ => {}
        }
        self.tell(self.inner.set_bios(to, by).await, Change::Changed)
    }

    async fn vendor_call(&self, call: &VendorCall, by: Deadline) -> Reply<VendorAnswer> {
        self.hang().await;
        oem::call(self.inner.as_ref(), self.fault, call, by).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
