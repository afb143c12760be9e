//! A driver that has others do its work: each operation goes to one of them, and the answer says by which protocol.

use async_trait::async_trait;

use crate::{
    console::Console,
    driver::{Capabilities, Deadline, Driver, DriverError, Operation, Reply},
    model::{
        Account, AccountId, AccountUpdate, Bios, BiosChanges, BmcClock, BmcNetwork, BmcReset, BootDevice,
        BootOrder, BootOverride, Change, EventLog, Fru, Identify, Identity, InsertMedia, Inventory,
        MediaSlot, MediaSlotId, NewAccount, PowerAction, PowerMetrics, PowerState, Sensor, SetIdentify,
        Timestamp, VendorAnswer, VendorCall,
    },
};

/// Says who does what.
#[async_trait]
pub(super) trait Route: Send + Sync {
    /// The driver's name.
    fn name(&self) -> &'static str;

    /// What all of them together are promised to do.
    fn capabilities(&self) -> &Capabilities;

    /// Who carries out an operation that is claimed.
    async fn driver(&self, operation: Operation, by: Deadline) -> Result<&dyn Driver, DriverError>;

    /// Ends every session.
    async fn close(&self);
}

/// The driver that a route makes. What is not claimed goes to nobody.
pub(super) struct Routed<R>(pub(super) R);

impl<R: Route> Routed<R> {
    async fn to(&self, operation: Operation, by: Deadline) -> Result<&dyn Driver, DriverError> {
        let claimed = self.0.capabilities().operations.contains(&operation);
        self.only(claimed, operation)?;
        self.0.driver(operation, by).await
    }

    /// Somebody behind may do more than is claimed; what is refused must not depend on who it is.
    fn only(&self, claimed: bool, operation: Operation) -> Result<(), DriverError> {
        if claimed { Ok(()) } else { Err(DriverError::unsupported(operation)) }
    }

    fn takes_override(&self, to: BootOverride) -> bool {
        let claims = self.0.capabilities();
        to.device == BootDevice::None
            || (claims.boot_devices.contains(&to.device)
                && claims.boot_durations.contains(&to.duration)
                && to.mode.is_none_or(|mode| claims.boot_modes.contains(&mode)))
    }

    fn takes_light(&self, to: SetIdentify) -> bool {
        let claims = self.0.capabilities();
        claims.identify_states.contains(&to.state) && (to.lasting.is_none() || claims.identify_for)
    }
}

#[async_trait]
impl<R: Route> Driver for Routed<R> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        self.to(Operation::PowerRead, by).await?.power_read(by).await
    }

    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        self.to(Operation::of_power(action), by).await?.power(action, by).await
    }

    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        self.to(Operation::BootOverrideGet, by).await?.boot_override(by).await
    }

    async fn set_boot_override(&self, to: BootOverride, by: Deadline) -> Reply<Change> {
        if !to.is_consistent() {
            let reason = format!("device {} and duration {} do not fit together", to.device, to.duration);
            return Err(DriverError::invalid(Operation::BootOverrideSet, reason));
        }
        self.only(self.takes_override(to), Operation::BootOverrideSet)?;
        self.to(Operation::BootOverrideSet, by).await?.set_boot_override(to, by).await
    }

    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        self.to(Operation::IdentifyGet, by).await?.identify(by).await
    }

    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        if to.state == Identify::Unknown {
            return Err(DriverError::invalid(Operation::IdentifySet, "no light can be set to unknown"));
        }
        self.only(self.takes_light(to), Operation::IdentifySet)?;
        self.to(Operation::IdentifySet, by).await?.set_identify(to, by).await
    }

    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        self.to(Operation::IdentityRead, by).await?.identity(by).await
    }

    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        self.only(self.capabilities().bmc_resets.contains(&kind), Operation::BmcReset)?;
        self.to(Operation::BmcReset, by).await?.reset_bmc(kind, by).await
    }

    async fn fru(&self, by: Deadline) -> Reply<Fru> {
        self.to(Operation::FruRead, by).await?.fru(by).await
    }

    async fn sensors(&self, by: Deadline) -> Reply<Vec<Sensor>> {
        self.to(Operation::SensorsRead, by).await?.sensors(by).await
    }

    async fn power_metrics(&self, by: Deadline) -> Reply<PowerMetrics> {
        self.to(Operation::PowerMetrics, by).await?.power_metrics(by).await
    }

    async fn log(&self, by: Deadline) -> Reply<EventLog> {
        self.to(Operation::LogList, by).await?.log(by).await
    }

    async fn clear_log(&self, by: Deadline) -> Reply<Change> {
        self.to(Operation::LogClear, by).await?.clear_log(by).await
    }

    async fn accounts(&self, by: Deadline) -> Reply<Vec<Account>> {
        self.to(Operation::AccountsList, by).await?.accounts(by).await
    }

    async fn create_account(&self, account: &NewAccount, by: Deadline) -> Reply<Account> {
        self.to(Operation::AccountsCreate, by).await?.create_account(account, by).await
    }

    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, by: Deadline) -> Reply<Change> {
        self.to(Operation::AccountsUpdate, by).await?.update_account(id, to, by).await
    }

    async fn delete_account(&self, id: &AccountId, by: Deadline) -> Reply<Change> {
        self.to(Operation::AccountsDelete, by).await?.delete_account(id, by).await
    }

    async fn open_console(&self, by: Deadline) -> Reply<Box<dyn Console>> {
        self.to(Operation::ConsoleOpen, by).await?.open_console(by).await
    }

    async fn bmc_clock(&self, by: Deadline) -> Reply<BmcClock> {
        self.to(Operation::BmcClockGet, by).await?.bmc_clock(by).await
    }

    async fn set_bmc_clock(&self, to: Timestamp, by: Deadline) -> Reply<Change> {
        self.to(Operation::BmcClockSet, by).await?.set_bmc_clock(to, by).await
    }

    async fn bmc_network(&self, by: Deadline) -> Reply<BmcNetwork> {
        self.to(Operation::BmcNetworkRead, by).await?.bmc_network(by).await
    }

    async fn vendor_call(&self, call: &VendorCall, by: Deadline) -> Reply<VendorAnswer> {
        self.to(Operation::VendorCall, by).await?.vendor_call(call, by).await
    }

    async fn media(&self, by: Deadline) -> Reply<Vec<MediaSlot>> {
        self.to(Operation::MediaList, by).await?.media(by).await
    }

    async fn insert_media(&self, medium: &InsertMedia, by: Deadline) -> Reply<MediaSlot> {
        self.to(Operation::MediaInsert, by).await?.insert_media(medium, by).await
    }

    async fn eject_media(&self, slot: &MediaSlotId, by: Deadline) -> Reply<Change> {
        self.to(Operation::MediaEject, by).await?.eject_media(slot, by).await
    }

    async fn bios(&self, by: Deadline) -> Reply<Bios> {
        self.to(Operation::BiosRead, by).await?.bios(by).await
    }

    async fn set_bios(&self, to: &BiosChanges, by: Deadline) -> Reply<Change> {
        self.to(Operation::BiosSet, by).await?.set_bios(to, by).await
    }

    async fn inventory(&self, by: Deadline) -> Reply<Inventory> {
        self.to(Operation::InventoryRead, by).await?.inventory(by).await
    }

    async fn boot_order(&self, by: Deadline) -> Reply<BootOrder> {
        self.to(Operation::BootOrderGet, by).await?.boot_order(by).await
    }

    async fn set_boot_order(&self, first: &[String], by: Deadline) -> Reply<Change> {
        self.to(Operation::BootOrderSet, by).await?.set_boot_order(first, by).await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

#[cfg(test)]
mod tests {
    /// `Driver` answers `unsupported` for what nobody wrote; a route that forgets an operation would refuse what it claims.
    #[test]
    fn every_operation_of_a_driver_is_handed_on() {
        let functions = |source: &'static str| {
            let of =
                |line: &'static str| line.strip_prefix("    async fn ").and_then(|it| it.split('(').next());
            source.lines().filter_map(of).collect::<Vec<_>>()
        };
        let here = functions(include_str!("routed.rs"));
        let there = functions(include_str!("../driver.rs"));
        assert!(there.len() > 20, "{there:?}");
        let missing: Vec<_> = there.into_iter().filter(|it| !here.contains(it)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
