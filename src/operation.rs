//! The operations of the contract, by their names.

use crate::model::{PowerAction, words};

/// The operations of the contract, by their names in scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Read the power state.
    PowerRead,
    /// Power on.
    PowerOn,
    /// Power off at once.
    PowerOff,
    /// Ask the operating system to shut down.
    PowerShutdown,
    /// Off and on.
    PowerCycle,
    /// Reset.
    PowerReset,
    /// Diagnostic interrupt.
    PowerNmi,
    /// Read the boot override.
    BootOverrideGet,
    /// Set the boot override.
    BootOverrideSet,
    /// Read the identify light.
    IdentifyGet,
    /// Set the identify light.
    IdentifySet,
    /// Read the identity.
    IdentityRead,
    /// Restart the BMC.
    BmcReset,
    /// Read the FRU inventory.
    FruRead,
    /// Read every sensor.
    SensorsRead,
    /// Read what the machine consumes.
    PowerMetrics,
    /// Read the event log.
    LogList,
    /// Clear the event log.
    LogClear,
    /// List the BMC's accounts.
    AccountsList,
    /// Create an account.
    AccountsCreate,
    /// Change an account.
    AccountsUpdate,
    /// Delete an account.
    AccountsDelete,
    /// Open the host's serial console.
    ConsoleOpen,
    /// Read the BMC's clock.
    BmcClockGet,
    /// Set the BMC's clock.
    BmcClockSet,
    /// Read the BMC's network configuration.
    BmcNetworkRead,
    /// List the slots of virtual media.
    MediaList,
    /// Insert an image.
    MediaInsert,
    /// Eject an image.
    MediaEject,
    /// Read the settings of the host's firmware.
    BiosRead,
    /// Change settings of the host's firmware.
    BiosSet,
    /// Read what the machine is made of.
    InventoryRead,
    /// Read the order of boot.
    BootOrderGet,
    /// Set the order of boot.
    BootOrderSet,
    /// Send a raw command, for what no operation covers.
    VendorCall,
}
words!(Operation {
    PowerRead = "power.read",
    PowerOn = "power.on",
    PowerOff = "power.off",
    PowerShutdown = "power.shutdown",
    PowerCycle = "power.cycle",
    PowerReset = "power.reset",
    PowerNmi = "power.nmi",
    BootOverrideGet = "boot.override.get",
    BootOverrideSet = "boot.override.set",
    IdentifyGet = "identify.get",
    IdentifySet = "identify.set",
    IdentityRead = "identity.read",
    BmcReset = "bmc.reset",
    FruRead = "fru.read",
    SensorsRead = "sensors.read",
    PowerMetrics = "power.metrics",
    LogList = "log.list",
    LogClear = "log.clear",
    AccountsList = "accounts.list",
    AccountsCreate = "accounts.create",
    AccountsUpdate = "accounts.update",
    AccountsDelete = "accounts.delete",
    ConsoleOpen = "console.open",
    BmcClockGet = "bmc.clock.get",
    BmcClockSet = "bmc.clock.set",
    BmcNetworkRead = "bmc.network.read",
    MediaList = "media.list",
    MediaInsert = "media.insert",
    MediaEject = "media.eject",
    BiosRead = "bios.read",
    BiosSet = "bios.set",
    InventoryRead = "inventory.read",
    BootOrderGet = "boot.order.get",
    BootOrderSet = "boot.order.set",
    VendorCall = "vendor.call",
});

impl Operation {
    /// The operation that carries out a power action.
    pub const fn of_power(action: PowerAction) -> Self {
        match action {
            PowerAction::On => Self::PowerOn,
            PowerAction::Off => Self::PowerOff,
            PowerAction::Shutdown => Self::PowerShutdown,
            PowerAction::Cycle => Self::PowerCycle,
            PowerAction::Reset => Self::PowerReset,
            PowerAction::Nmi => Self::PowerNmi,
        }
    }

    /// The power action that this operation carries out, if it is one.
    pub const fn power_action(self) -> Option<PowerAction> {
        match self {
            Self::PowerOn => Some(PowerAction::On),
            Self::PowerOff => Some(PowerAction::Off),
            Self::PowerShutdown => Some(PowerAction::Shutdown),
            Self::PowerCycle => Some(PowerAction::Cycle),
            Self::PowerReset => Some(PowerAction::Reset),
            Self::PowerNmi => Some(PowerAction::Nmi),
            _ => None,
        }
    }

    /// Whether it asks for a change of the machine or its BMC. A console that is opened changes nothing by itself; what a
    /// vendor's command does is not known, so that it counts as a change.
    pub const fn changes(self) -> bool {
        !matches!(
            self,
            Self::PowerRead
                | Self::BootOverrideGet
                | Self::IdentifyGet
                | Self::IdentityRead
                | Self::FruRead
                | Self::SensorsRead
                | Self::PowerMetrics
                | Self::LogList
                | Self::AccountsList
                | Self::ConsoleOpen
                | Self::BmcClockGet
                | Self::BmcNetworkRead
                | Self::MediaList
                | Self::BiosRead
                | Self::InventoryRead
                | Self::BootOrderGet
        )
    }
}
