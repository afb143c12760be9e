//! Facts of the machine that a property may show, and how Redfish says them (DSP0268).

use std::{borrow::Cow, net::IpAddr, time::Duration};

use serde_json::{Value, json};

use super::part::Mark;

use crate::{
    firmware::View,
    machine::{Device, Host, Lasting, Led, Mode, Power, Restore},
    redfish::clock::date_time,
};

/// What a property follows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fact {
    /// `ComputerSystem.PowerState`.
    Power,
    /// `PowerState` of the chassis around it: on or off.
    ChassisPower,
    /// `Status.State` of the system.
    SystemState,
    /// `BootProgress.LastState`.
    BootProgress,
    /// `Boot.BootSourceOverrideEnabled`.
    OverrideEnabled,
    /// `Boot.BootSourceOverrideTarget`.
    OverrideTarget,
    /// `Boot.BootSourceOverrideMode`.
    OverrideMode,
    /// `IndicatorLED`.
    IndicatorLed,
    /// `LocationIndicatorActive`.
    LocationIndicator,
    /// `PowerRestorePolicy`.
    Restore,
    /// The system's UUID.
    Uuid,
    /// The service's own UUID: derived from the BMC's MAC address, not the system's.
    ServiceUuid,
    /// The manufacturer.
    Manufacturer,
    /// The model.
    Model,
    /// The system's serial number.
    Serial,
    /// The system's part number.
    PartNumber,
    /// The mainboard's serial number.
    BoardSerial,
    /// The mainboard's part number.
    BoardPartNumber,
    /// The host firmware's version.
    BiosVersion,
    /// The BMC firmware's version.
    BmcFirmware,
    /// The BMC's MAC address.
    Mac,
    /// The BMC's IPv4 addresses.
    Ipv4,
    /// The BMC's IPv6 addresses.
    Ipv6,
    /// The BMC's clock.
    DateTime,
    /// When the host was last reset.
    LastReset,
    /// When the BMC was last reset.
    BmcReset,
    /// By what a part is told from others of its kind: this in the document.
    Part {
        /// What it is.
        mark: Mark,
        /// What the document has.
        text: Box<str>,
    },
    /// What was taken by a machine that takes so many watts while its host is on.
    Taken {
        /// What is told of it.
        what: Taken,
        /// The watts while the host is on.
        on: f64,
    },
    /// A reading of a sensor: this when the host is on.
    Reading {
        /// What is measured.
        of: Quantity,
        /// The reading while the host is on.
        on: f64,
        /// Whether the document has it as an integer.
        whole: bool,
    },
}

/// What is told of the power that was taken (DSP0268 Power.PowerMetrics).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Over how many minutes.
    Minutes,
    /// The least.
    Least,
    /// The mean.
    Mean,
    /// The most.
    Most,
}

impl Taken {
    /// What it is of a machine that takes so many watts while its host is on: over all of its life.
    pub(crate) fn of(self, on: f64, view: &View) -> f64 {
        let off = measured(Quantity::Watts, on, Power::Off).unwrap_or_default();
        let was_on = view.powered > Duration::ZERO || view.power == Power::On;
        let was_off = view.powered < view.age || view.power == Power::Off;
        let share = match view.age.as_secs_f64() {
            0.0 => f64::from(u8::from(view.power == Power::On)),
            age => (view.powered.as_secs_f64() / age).clamp(0.0, 1.0),
        };
        match self {
            Self::Minutes => (view.age.as_secs() / 60).max(1) as f64,
            Self::Least if was_off => off,
            Self::Most if !was_on => off,
            Self::Least | Self::Most => on,
            Self::Mean => on * share + off * (1.0 - share),
        }
    }
}

/// What a sensor measures (DSP0268 Sensor.ReadingType).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Degrees Celsius: a host that is off comes near to the air around it.
    Temperature,
    /// Revolutions a minute, or percent.
    Fan,
    /// Watts: a host that is off takes its standby power.
    Watts,
    /// Volts.
    Volts,
}

/// What a fact is at this moment.
pub(crate) enum Said<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// True or false.
    Flag(bool),
    /// Anything else.
    Other(Value),
    /// The machine has no such thing; the property is left out.
    Nothing,
}

impl Said<'_> {
    /// As a value; `None` where there is nothing to say.
    pub(crate) fn value(self) -> Option<Value> {
        match self {
            Self::Text(text) => Some(Value::String(text.into_owned())),
            Self::Flag(flag) => Some(Value::Bool(flag)),
            Self::Other(value) => Some(value),
            Self::Nothing => None,
        }
    }
}

impl Fact {
    /// Whether it changes by itself all the time, so that an ETag must not depend on it.
    pub(crate) fn flows(&self) -> bool {
        matches!(self, Self::DateTime | Self::Reading { .. } | Self::Taken { .. })
    }

    /// What it is now.
    pub(crate) fn said<'a>(&self, view: &'a View) -> Said<'a> {
        let id = &view.id;
        match self {
            Self::Power => word(power_word(view.power)),
            Self::ChassisPower => word(if view.power == Power::Off { "Off" } else { "On" }),
            Self::SystemState => word(state_word(view.power)),
            Self::BootProgress => word(progress_word(view.host)),
            Self::OverrideEnabled => word(view.override_.map_or("Disabled", |it| enabled_word(it.lasting))),
            Self::OverrideTarget => word(view.override_.map_or("None", |it| target_word(it.device))),
            Self::OverrideMode => word(view.override_.map_or("UEFI", |it| mode_word(it.mode))),
            Self::IndicatorLed => word(led_word(view.led)),
            Self::LocationIndicator => Said::Flag(view.led != Led::Unlit),
            Self::Restore => word(restore_word(view.restore)),
            Self::Uuid => Said::Text(id.uuid_text().into()),
            Self::ServiceUuid => Said::Text(id.bmc_uuid_text().into()),
            Self::Manufacturer => text(&id.manufacturer),
            Self::Model => text(&id.model),
            Self::Serial => text(&id.serial),
            Self::PartNumber => text(&id.part_number),
            Self::BoardSerial => text(&id.board_serial),
            Self::BoardPartNumber => text(&id.board_part_number),
            Self::BiosVersion => text(&id.bios_version),
            Self::BmcFirmware => text(&id.bmc_firmware),
            Self::Mac => Said::Text(id.mac_text().into()),
            Self::Ipv4 => Said::Other(ipv4(id.address)),
            Self::Ipv6 => Said::Other(ipv6(id.address)),
            Self::DateTime => Said::Text(date_time(view.clock).into()),
            Self::LastReset => Said::Text(date_time(view.last_reset).into()),
            Self::BmcReset => Said::Text(date_time(view.last_bmc_reset).into()),
            Self::Part { mark, text } => {
                mark.of(text, &id.board_serial).map_or(Said::Nothing, |it| Said::Text(it.into()))
            }
            Self::Taken { what, on } => Said::Other(json!(what.of(*on, view).round() as i64)),
            Self::Reading { of, on, whole } => Said::Other(reading(*of, *on, *whole, view.power)),
        }
    }
}

fn word(word: &'static str) -> Said<'static> {
    Said::Text(Cow::Borrowed(word))
}

fn text(text: &str) -> Said<'_> {
    if text.is_empty() { Said::Nothing } else { Said::Text(Cow::Borrowed(text)) }
}

fn power_word(power: Power) -> &'static str {
    match power {
        Power::Off => "Off",
        Power::PoweringOn => "PoweringOn",
        Power::On => "On",
        Power::PoweringOff => "PoweringOff",
    }
}

fn state_word(power: Power) -> &'static str {
    match power {
        Power::Off => "Disabled",
        Power::PoweringOn | Power::PoweringOff => "Starting",
        Power::On => "Enabled",
    }
}

fn progress_word(host: Host) -> &'static str {
    match host {
        Host::Off => "None",
        Host::Post => "SystemHardwareInitializationComplete",
        Host::Booting | Host::Hung => "OSBootStarted",
        Host::Os | Host::Stopping => "OSRunning",
        Host::Setup => "SetupEntered",
    }
}

fn enabled_word(lasting: Lasting) -> &'static str {
    match lasting {
        Lasting::Once => "Once",
        Lasting::Continuous => "Continuous",
    }
}

/// `BootSource` (DSP0268 ComputerSystem.BootSource).
pub(crate) fn target_word(device: Device) -> &'static str {
    match device {
        Device::Pxe => "Pxe",
        Device::Disk => "Hdd",
        Device::Cdrom => "Cd",
        Device::Bios => "BiosSetup",
        Device::Usb => "Usb",
        Device::Http => "UefiHttp",
    }
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Uefi => "UEFI",
        Mode::Legacy => "Legacy",
    }
}

/// `PowerRestorePolicyTypes` (DSP0268 ComputerSystem.PowerRestorePolicy).
fn restore_word(restore: Restore) -> &'static str {
    match restore {
        Restore::StayOff => "AlwaysOff",
        Restore::PowerOn => "AlwaysOn",
        Restore::Previous => "LastState",
    }
}

fn led_word(led: Led) -> &'static str {
    match led {
        Led::Lit => "Lit",
        Led::Blinking => "Blinking",
        Led::Unlit => "Off",
    }
}

fn ipv4(address: IpAddr) -> Value {
    match address {
        IpAddr::V4(address) => json!([{
            "Address": address.to_string(),
            "SubnetMask": "255.0.0.0",
            "AddressOrigin": "Static",
            "Gateway": "127.0.0.1",
        }]),
        IpAddr::V6(_) => json!([]),
    }
}

fn ipv6(address: IpAddr) -> Value {
    match address {
        IpAddr::V6(address) => {
            json!([{
                "Address": address.to_string(),
                "PrefixLength": 64,
                "AddressOrigin": "Static",
                "AddressState": "Preferred",
            }])
        }
        IpAddr::V4(_) => json!([]),
    }
}

fn reading(of: Quantity, on: f64, whole: bool, power: Power) -> Value {
    let value = measured(of, on, power);
    value.map_or(Value::Null, |it| {
        if whole { json!(it.round() as i64) } else { json!((it * 100.0).round() / 100.0) }
    })
}

/// A host that is off: air that moves no more, fans and rails that cannot be read (DSP0268 Sensor.Reading: null), the
/// power of the BMC alone.
fn measured(of: Quantity, on: f64, power: Power) -> Option<f64> {
    const AIR: f64 = 22.0;
    let is_off = matches!(power, Power::Off | Power::PoweringOn);
    match of {
        Quantity::Fan if power != Power::On => None,
        Quantity::Volts if power != Power::On && on <= 48.0 => None,
        Quantity::Temperature if is_off => Some(on.min(AIR + (on - AIR) * 0.1)),
        Quantity::Watts if is_off => Some(on * 0.04),
        _ => Some(on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rail_is_said_to_the_hundredth() {
        assert_eq!(reading(Quantity::Volts, 5.02, false, Power::On), json!(5.02));
    }

    #[test]
    fn readings_follow_the_power() {
        let cpu = |power| reading(Quantity::Temperature, 62.0, true, power);
        assert_eq!((cpu(Power::On), cpu(Power::Off)), (json!(62), json!(26)));
        assert_eq!(reading(Quantity::Fan, 8400.0, true, Power::Off), Value::Null);
        assert_eq!(reading(Quantity::Volts, 12.1, false, Power::Off), Value::Null);
        assert_eq!(reading(Quantity::Volts, 230.0, true, Power::Off), json!(230));
        assert_eq!(reading(Quantity::Watts, 350.0, false, Power::Off), json!(14.0));
    }
}
