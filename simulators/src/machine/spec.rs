//! What a machine is made of: how long things take, who it is, and the rules of its boot.

use std::{net::IpAddr, time::Duration};

use super::vocabulary::{Device, Lasting, Override};

/// How long things take, and how the host behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// From the request to power.
    pub power_on: Duration,
    /// From the request to no power.
    pub power_off: Duration,
    /// How long a cycle stays off.
    pub cycle_pause: Duration,
    /// The power-on self-test.
    pub post: Duration,
    /// From the choice of the boot device to a running operating system.
    pub boot: Duration,
    /// How long the operating system takes to stop.
    pub shutdown: Duration,
    /// How long the BMC is away when it restarts.
    pub bmc_reset: Duration,
    /// Whether the operating system stops when it is asked.
    pub obeys_acpi: bool,
    /// Whether an override outlives the loss of AC power.
    pub override_survives_ac: bool,
    /// What happens when AC power is back.
    pub restore: Restore,
}

impl Spec {
    /// The same machine with every delay passed through `change`.
    pub fn with_delays(&self, mut change: impl FnMut(Duration) -> Duration) -> Self {
        Self {
            power_on: change(self.power_on),
            power_off: change(self.power_off),
            cycle_pause: change(self.cycle_pause),
            post: change(self.post),
            boot: change(self.boot),
            shutdown: change(self.shutdown),
            bmc_reset: change(self.bmc_reset),
            ..*self
        }
    }
}

impl Default for Spec {
    /// A machine of ordinary patience.
    fn default() -> Self {
        Self {
            power_on: Duration::from_secs(2),
            power_off: Duration::from_secs(1),
            cycle_pause: Duration::from_secs(5),
            post: Duration::from_secs(20),
            boot: Duration::from_secs(30),
            shutdown: Duration::from_secs(15),
            bmc_reset: Duration::from_secs(60),
            obeys_acpi: true,
            override_survives_ac: true,
            restore: Restore::StayOff,
        }
    }
}

/// What the host does when AC power is back (IPMI v2.0 §28.8 power restore policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Restore {
    /// It stays off.
    StayOff,
    /// It powers on.
    PowerOn,
    /// It goes back to what it was.
    Previous,
}

/// Who the machine is. An empty text is one that the machine does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// The system's UUID in RFC 4122 order.
    pub uuid: [u8; 16],
    /// The system's manufacturer.
    pub manufacturer: String,
    /// The system's model.
    pub model: String,
    /// The system's serial number.
    pub serial: String,
    /// The system's part number.
    pub part_number: String,
    /// The mainboard's serial number.
    pub board_serial: String,
    /// The mainboard's part number.
    pub board_part_number: String,
    /// The host firmware's version.
    pub bios_version: String,
    /// The host firmware's date, ISO 8601.
    pub bios_date: String,
    /// The BMC firmware's version.
    pub bmc_firmware: String,
    /// The MAC address of the BMC's interface.
    pub mac: [u8; 6],
    /// The IP address of the BMC's interface.
    pub address: IpAddr,
}

impl Id {
    /// The UUID as text, lower case: `a1234567-89ab-cdef-a123-456789abcdef`.
    pub fn uuid_text(&self) -> String {
        text_of(self.uuid)
    }

    /// The UUID of the BMC itself, which has its MAC address in it.
    pub fn bmc_uuid(&self) -> [u8; 16] {
        let [a, b, c, d, e, f] = self.mac;
        [0x5F, 0x0D, 0x1B, 0x3C, 0x7E, 0x42, 0x4A, 0x6B, 0x9C, 0x1D, a, b, c, d, e, f]
    }

    /// The BMC's UUID as text.
    pub fn bmc_uuid_text(&self) -> String {
        text_of(self.bmc_uuid())
    }

    /// The MAC address as text, lower case, with colons.
    pub fn mac_text(&self) -> String {
        self.mac.map(|byte| format!("{byte:02x}")).join(":")
    }
}

/// RFC 9562 §4. Every document of a system has one, so it is written digit by digit.
fn text_of(uuid: [u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(36);
    for (place, byte) in uuid.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
    text
}

/// The rules by which a boot takes its override, and by which a BMC comes back. A deviation replaces some of them.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What is booted, given the override and the default.
    pub taken: fn(Option<Override>, Device) -> Device,
    /// What a boot leaves of the override that it found.
    pub left_by_boot: fn(Override) -> Option<Override>,
    /// What the end of power leaves of the override.
    pub left_by_power_off: fn(Override) -> Option<Override>,
    /// Whether a BMC that restarts comes back.
    pub bmc_returns: bool,
}

impl Default for Rules {
    /// The rules as DSP0268 (ComputerSystem.Boot) and IPMI v2.0 §28.13 have them.
    fn default() -> Self {
        Self {
            taken: |overridden, default| overridden.map_or(default, |it| it.device),
            left_by_boot: |it| (it.lasting == Lasting::Continuous).then_some(it),
            left_by_power_off: Some,
            bmc_returns: true,
        }
    }
}
