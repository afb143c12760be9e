//! Sensors: what a machine measures of itself.

use serde::{Deserialize, Serialize};

use super::words;

/// One sensor as it was read.
///
/// A reading that cannot be had is `availability` with no `value`: never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sensor {
    /// What the BMC calls it apart from all others. IPMI: owner and number, such as `20h/31h`. Redfish: its path.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it measures or watches.
    pub kind: SensorKind,
    /// Whether it could be read.
    pub availability: Availability,
    /// The reading; absent when it could not be read, and for sensors that have states only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The unit of value and thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What a sensor with states says, such as `presence detected`; in the standard's words where it has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// How well that is.
    pub health: Health,
    /// The limits that the BMC watches.
    #[serde(default, skip_serializing_if = "Thresholds::is_empty")]
    pub thresholds: Thresholds,
}

/// Limits of a reading, in its unit. IPMI calls them non-critical, critical and non-recoverable, Redfish caution, critical and fatal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Thresholds {
    /// Below it: fatal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_fatal: Option<f64>,
    /// Below it: critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_critical: Option<f64>,
    /// Below it: caution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_caution: Option<f64>,
    /// Above it: caution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper_caution: Option<f64>,
    /// Above it: critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper_critical: Option<f64>,
    /// Above it: fatal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper_fatal: Option<f64>,
}

impl Thresholds {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a sensor measures or watches. IPMI v2.0 table 42-3, DSP0268 Sensor.ReadingType.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SensorKind {
    /// Temperature.
    Temperature,
    /// Voltage.
    Voltage,
    /// Current.
    Current,
    /// Power.
    Power,
    /// A fan's speed or presence.
    Fan,
    /// A power supply's presence and failures.
    PowerSupply,
    /// A processor's presence and failures.
    Processor,
    /// Memory's presence and failures.
    Memory,
    /// A drive's presence and failures.
    Drive,
    /// Whether the chassis is open.
    Intrusion,
    /// The watchdog.
    Watchdog,
    /// What the host or its firmware is doing.
    Host,
    /// The event log.
    Log,
    /// Anything else.
    Other,
}
words!(SensorKind {
    Temperature = "temperature",
    Voltage = "voltage",
    Current = "current",
    Power = "power",
    Fan = "fan",
    PowerSupply = "power-supply",
    Processor = "processor",
    Memory = "memory",
    Drive = "drive",
    Intrusion = "intrusion",
    Watchdog = "watchdog",
    Host = "host",
    Log = "log",
    Other = "other",
});

/// Whether a sensor could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Availability {
    /// It was read.
    Available,
    /// It is there and gives no reading now, such as a fan's while the host is off.
    Unavailable,
    /// What it watches is not there.
    Absent,
    /// It is switched off.
    Disabled,
}
words!(Availability {
    Available = "available",
    Unavailable = "unavailable",
    Absent = "absent",
    Disabled = "disabled",
});

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// All is well.
    Ok,
    /// It needs attention.
    Warning,
    /// It needs attention now.
    Critical,
    /// The BMC does not say. Never the same as well.
    Unknown,
}
words!(Health { Ok = "ok", Warning = "warning", Critical = "critical", Unknown = "unknown" });

/// The unit of a reading. IPMI v2.0 table 43-15, DSP0268 Sensor.ReadingUnits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Degrees Celsius.
    Celsius,
    /// Degrees Fahrenheit.
    Fahrenheit,
    /// Kelvin.
    Kelvin,
    /// Volts.
    Volts,
    /// Amperes.
    Amperes,
    /// Watts.
    Watts,
    /// Joules.
    Joules,
    /// Volt-amperes.
    VoltAmperes,
    /// Revolutions per minute.
    Rpm,
    /// Cubic feet per minute.
    CubicFeetPerMinute,
    /// Per cent.
    Percent,
    /// Hertz.
    Hertz,
    /// Seconds.
    Seconds,
    /// Kilopascals.
    Kilopascals,
    /// A number of something.
    Count,
    /// One that is none of these.
    Other,
}
words!(Unit {
    Celsius = "celsius",
    Fahrenheit = "fahrenheit",
    Kelvin = "kelvin",
    Volts = "volts",
    Amperes = "amperes",
    Watts = "watts",
    Joules = "joules",
    VoltAmperes = "volt-amperes",
    Rpm = "rpm",
    CubicFeetPerMinute = "cubic-feet-per-minute",
    Percent = "percent",
    Hertz = "hertz",
    Seconds = "seconds",
    Kilopascals = "kilopascals",
    Count = "count",
    Other = "other",
});
