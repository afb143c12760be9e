//! What a machine can measure and notice: one list of sensors for both faces, made from the documents of its platform.
//!
//! Redfish shows them where its documents have them, IPMI as sensors with numbers. What both show is the same reading, the same
//! thresholds, the same faults.

mod collect;
mod discrete;
mod events;
mod given;
mod name;
mod scale;

pub(crate) use discrete::{Of, supplies};
pub use events::SensorError;
pub use given::SensorState;
pub(crate) use given::{Given, number};
pub(crate) use scale::Scale;

use std::sync::OnceLock;

use crate::{firmware::View, redfish::Tree, written::Written};

/// The sensors of a platform, in the order of their records.
#[derive(Debug, Default)]
pub(crate) struct Sensors {
    all: Vec<Sensor>,
    records: OnceLock<Vec<Box<[u8]>>>,
}

/// A sensor.
#[derive(Debug)]
pub(crate) struct Sensor {
    /// Its number, from 1 to 254.
    pub(crate) number: u8,
    /// Its name in IPMI: at most 16 letters, none twice.
    pub(crate) name: String,
    /// Its name in Redfish, where it has one there.
    pub(crate) full_name: String,
    /// What it belongs to, and which of them (IPMI v2.0 table 43-13).
    pub(crate) entity: (u8, u8),
    /// What it does.
    pub(crate) kind: Kind,
}

/// What a sensor does.
#[derive(Debug)]
pub(crate) enum Kind {
    /// It measures.
    Analog(Analog),
    /// It notices.
    Discrete(Discrete),
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Degrees Celsius.
    Celsius,
    /// Revolutions a minute.
    Rpm,
    /// Percent of a fan's speed.
    Percent,
    /// Watts.
    Watts,
    /// Volts.
    Volts,
    /// Amperes.
    Amperes,
}

/// A sensor that measures.
#[derive(Debug)]
pub(crate) struct Analog {
    /// In what.
    pub(crate) unit: Unit,
    /// How a byte says it.
    pub(crate) scale: Scale,
    /// What it measures on a day like others.
    pub(crate) nominal: f64,
    /// What it can measure.
    pub(crate) range: (f64, f64),
    /// Where Redfish shows the reading: path and JSON pointer; the first is its own.
    pub(crate) shown: Vec<Spot>,
    /// The thresholds that it has.
    pub(crate) limits: Vec<Limit>,
    /// Whether there is nothing to measure while the host is off.
    pub(crate) needs_host: bool,
}

/// A threshold of a sensor.
#[derive(Debug)]
pub(crate) struct Limit {
    /// Which.
    pub(crate) which: Which,
    /// As the platform has it.
    pub(crate) value: f64,
    /// Where Redfish shows it.
    pub(crate) shown: Vec<Spot>,
}

/// A property of a resource: its path, and a JSON pointer.
pub(crate) type Spot = (String, String);

/// The thresholds, by their bits in IPMI (§35.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Lower non-critical: caution.
    LowerCaution = 0,
    /// Lower critical.
    LowerCritical = 1,
    /// Lower non-recoverable: fatal.
    LowerFatal = 2,
    /// Upper non-critical: caution.
    UpperCaution = 3,
    /// Upper critical.
    UpperCritical = 4,
    /// Upper non-recoverable: fatal.
    UpperFatal = 5,
}

/// A sensor that notices.
#[derive(Debug)]
pub(crate) struct Discrete {
    /// What it is about.
    pub(crate) of: Of,
    /// Its type (IPMI v2.0 table 42-3).
    pub(crate) type_: u8,
    /// Whether its states are those of its type (6Fh) or of redundancy (0Bh) (table 42-1).
    pub(crate) reading_type: u8,
    /// The states that there are, one bit each.
    pub(crate) possible: u16,
    /// Where Redfish shows what it is about: pointers to objects.
    pub(crate) shown: Vec<Spot>,
}

/// What a sensor is read with.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The resources of the platform.
    pub(crate) tree: &'a Tree,
    /// What the firmware shows.
    pub(crate) view: &'a View,
    /// What was written, and what was given beside the wire.
    pub(crate) written: &'a Written,
}

impl Which {
    /// All of them, by their bits.
    pub(crate) const ALL: [Self; 6] = [
        Self::LowerCaution,
        Self::LowerCritical,
        Self::LowerFatal,
        Self::UpperCaution,
        Self::UpperCritical,
        Self::UpperFatal,
    ];

    /// Its word in the control API.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::LowerCaution => "lower-caution",
            Self::LowerCritical => "lower-critical",
            Self::LowerFatal => "lower-fatal",
            Self::UpperCaution => "upper-caution",
            Self::UpperCritical => "upper-critical",
            Self::UpperFatal => "upper-fatal",
        }
    }

    /// Its bit.
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Whether what is above it is wrong, and not what is below.
    pub(crate) const fn is_upper(self) -> bool {
        self as u8 > 2
    }

    /// The event of a reading that comes to be wrong: going low below, going high above (table 42-2).
    pub(crate) const fn event(self) -> u8 {
        self as u8 * 2 + self.is_upper() as u8
    }
}

impl Sensors {
    /// Those of a platform.
    pub(crate) fn of(tree: &Tree) -> Self {
        Self { all: collect::all(tree), records: OnceLock::new() }
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Sensor] {
        &self.all
    }

    /// Their sensor data records: made once for a platform.
    pub(crate) fn records(&self, make: impl FnOnce() -> Vec<Box<[u8]>>) -> &[Box<[u8]>] {
        self.records.get_or_init(make)
    }

    /// The one with this number.
    pub(crate) fn numbered(&self, number: u8) -> Option<&Sensor> {
        self.all.iter().find(|it| it.number == number)
    }

    /// The one with this name, as either face has it.
    pub(crate) fn named(&self, name: &str) -> Option<&Sensor> {
        self.all.iter().find(|it| it.name == name || it.full_name == name)
    }

    /// The first of this type.
    pub(crate) fn of_type(&self, type_: u8) -> Option<&Sensor> {
        self.all.iter().find(|it| it.type_() == type_)
    }
}

impl Sensor {
    /// Its type (IPMI v2.0 table 42-3).
    pub(crate) fn type_(&self) -> u8 {
        match &self.kind {
            Kind::Analog(analog) => analog.unit.sensor_type(),
            Kind::Discrete(discrete) => discrete.type_,
        }
    }

    /// What kind of events it has (table 42-1).
    pub(crate) fn reading_type(&self) -> u8 {
        match &self.kind {
            Kind::Analog(_) => 0x01,
            Kind::Discrete(discrete) => discrete.reading_type,
        }
    }

    /// As one that measures.
    pub(crate) fn analog(&self) -> Option<&Analog> {
        if let Kind::Analog(analog) = &self.kind { Some(analog) } else { None }
    }
}

impl Unit {
    /// The type of a sensor for it (table 42-3).
    pub(crate) const fn sensor_type(self) -> u8 {
        match self {
            Self::Celsius => 0x01,
            Self::Volts => 0x02,
            Self::Amperes => 0x03,
            Self::Rpm | Self::Percent => 0x04,
            Self::Watts => 0x0B,
        }
    }

    /// Its number (table 43-15); percent is none.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Percent => 0,
            Self::Celsius => 1,
            Self::Volts => 4,
            Self::Amperes => 5,
            Self::Watts => 6,
            Self::Rpm => 18,
        }
    }
}

impl Analog {
    /// What it measures now; `None` where it measures nothing.
    pub(crate) fn value(&self, number: u8, around: Around<'_>) -> Option<f64> {
        match around.written.given().state(number) {
            Some(SensorState::Reading(value)) => return Some(value),
            Some(SensorState::Unavailable) => return None,
            _ => {}
        }
        let is_off = around.view.power != crate::machine::Power::On;
        if self.needs_host && is_off {
            return None;
        }
        self.said(around)
    }

    /// What Redfish says at its own place, host or not.
    pub(crate) fn said(&self, around: Around<'_>) -> Option<f64> {
        let (path, pointer) = self.shown.first()?;
        around.tree.document(path)?.reading(around.view, pointer)
    }

    /// A threshold as it is now; `None` where there is none.
    pub(crate) fn limit(&self, which: Which, written: &Written) -> Option<f64> {
        let limit = self.limits.iter().find(|it| it.which == which)?;
        let changed = limit.shown.iter().find_map(|(path, pointer)| written.at(path, pointer)?.as_f64());
        Some(changed.unwrap_or(limit.value))
    }

    /// Which thresholds a value is at or beyond, one bit each (§35.14).
    pub(crate) fn beyond(&self, value: f64, written: &Written) -> u8 {
        let reading = self.scale.byte(value);
        let reading = self.scale.value(reading);
        let is_beyond = |which: &Which| {
            self.limit(*which, written).is_some_and(|limit| {
                let limit = self.scale.value(self.scale.byte(limit));
                if which.is_upper() { reading >= limit } else { reading <= limit }
            })
        };
        Which::ALL.iter().filter(|it| is_beyond(it)).map(|it| it.bit()).sum()
    }

    /// The bits of the thresholds that it has.
    pub(crate) fn mask(&self) -> u8 {
        self.limits.iter().map(|it| it.which.bit()).fold(0, |mask, bit| mask | bit)
    }
}

impl Discrete {
    /// The states that are so now, one bit each; `None` where nobody knows.
    pub(crate) fn states(&self, number: u8, sensors: &Sensors, around: Around<'_>) -> Option<u16> {
        match around.written.given().state(number) {
            Some(SensorState::States(states)) => Some(states & self.possible),
            Some(SensorState::Unavailable) => None,
            _ => Some(self.of.usual(sensors, around) & self.possible),
        }
    }
}
