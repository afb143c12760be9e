//! Boot override: what the next boot, or every boot, takes instead of the configured order.

use serde::{Deserialize, Serialize};

use super::words;

/// A boot device, in the words that Redfish and IPMI share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BootDevice {
    /// No override.
    None,
    /// Network boot. Redfish `Pxe`, IPMI selector 0001b.
    Pxe,
    /// The default hard disk. Redfish `Hdd`, IPMI 0010b.
    Disk,
    /// CD or DVD, virtual or real. Redfish `Cd`, IPMI 0101b.
    Cdrom,
    /// Firmware setup. Redfish `BiosSetup`, IPMI 0110b.
    Bios,
    /// Removable media on USB. Redfish `Usb`; IPMI has no own selector for it (1111b is "floppy or primary removable").
    Usb,
    /// UEFI HTTP boot. Redfish `UefiHttp`; not in IPMI.
    Http,
}
words!(BootDevice {
    None = "none",
    Pxe = "pxe",
    Disk = "disk",
    Cdrom = "cdrom",
    Bios = "bios",
    Usb = "usb",
    Http = "http",
});

/// How long an override lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BootDuration {
    /// There is no override. Redfish `Disabled`, IPMI "boot flags valid" = 0.
    None,
    /// Exactly the next boot. Redfish `Once`, IPMI data 1 bit 6 = 0.
    Once,
    /// Every boot until it is changed. Redfish `Continuous`, IPMI data 1 bit 6 = 1.
    Continuous,
}
words!(BootDuration { None = "none", Once = "once", Continuous = "continuous" });

/// The firmware mode of the overridden boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BootMode {
    /// UEFI. IPMI data 1 bit 5 = 1.
    Uefi,
    /// PC-compatible ("legacy") BIOS.
    Legacy,
}
words!(BootMode { Uefi = "uefi", Legacy = "legacy" });

/// A boot override, as read or as asked for.
///
/// Invariant of what a driver reads: `device` is `none` exactly when `duration` is `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootOverride {
    /// The device to boot from.
    pub device: BootDevice,
    /// How long it lasts.
    pub duration: BootDuration,
    /// The firmware mode; `None` when the BMC does not say, or when the caller does not care.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<BootMode>,
}

impl BootOverride {
    /// No override.
    pub const NONE: Self = Self { device: BootDevice::None, duration: BootDuration::None, mode: None };

    /// Whether device and duration fit together: both `none`, or neither.
    pub fn is_consistent(self) -> bool {
        (self.device == BootDevice::None) == (self.duration == BootDuration::None)
    }
}

/// The configured order of boot, which an override overrides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootOrder {
    /// What is tried, the first first.
    pub entries: Vec<BootEntry>,
    /// The IDs in the order that the next start brings, where the BMC keeps it apart and it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Vec<String>>,
}

/// A place in the order of boot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BootEntry {
    /// What the BMC calls it apart from all others, such as `Boot0003`.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The device that it is, where the BMC says so in the words that all share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<BootDevice>,
    /// Whether it is tried at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}
