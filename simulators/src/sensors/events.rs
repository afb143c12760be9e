//! A hand at a sensor, and what the system's log has of it.

use std::{fmt, time::Duration};

use serde_json::Value;

use super::{Around, Kind, Sensor, SensorState, Sensors, Which, given};
use crate::{
    bmc::{Bmc, Look},
    ipmi::sel,
    logbook::{Log, Note, Record},
    written::Written,
};

/// Why a sensor was not given something.
#[derive(Debug, Clone, PartialEq)]
pub enum SensorError {
    /// There is none of this name.
    Unknown {
        /// What was given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// It cannot have this.
    Impossible {
        /// Its name.
        name: String,
        /// What it was to be given.
        state: SensorState,
    },
}

impl fmt::Display for SensorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, known } => {
                write!(f, "there is no sensor {name:?}: expected one of {}", known.join(", "))
            }
            Self::Impossible { name, state } => write!(
                f,
                "the sensor {name:?} cannot have {state}: one that measures takes a reading, one that notices its own states"
            ),
        }
    }
}

impl std::error::Error for SensorError {}

/// What a sensor says, as far as events depend on it.
#[derive(Clone, Copy)]
struct Said {
    value: Option<f64>,
    states: u16,
}

impl Bmc {
    /// Gives sensors readings, states or faults, or takes that back: all of it, or nothing where one cannot be.
    pub(crate) fn give_sensors(&self, given: &[(&str, Option<SensorState>)]) -> Result<(), SensorError> {
        let look = self.look();
        let sensors = look.tree.sensors();
        let meant = given.iter().map(|(name, state)| Ok((sensors.meant(name, *state)?, *state)));
        let meant: Vec<_> = meant.collect::<Result<_, _>>()?;
        meant.into_iter().for_each(|(sensor, state)| self.give_sensor(&look, sensor, state));
        Ok(())
    }

    fn give_sensor(&self, look: &Look, sensor: &Sensor, state: Option<SensorState>) {
        let sensors = look.tree.sensors();
        let mut written = self.written();
        // One sensor may depend on another, as redundancy does.
        let said = |written: &Written| -> Vec<Said> {
            let around = Around { tree: &look.tree, view: &look.view, written };
            sensors.all().iter().map(|it| Said::of(it, sensors, around)).collect()
        };
        let before = said(&written);
        sensor.give(state, &look.tree, &mut written);
        let after = said(&written);
        let changes = sensors.all().iter().zip(before.into_iter().zip(after));
        let found: Vec<_> = changes
            .flat_map(|(sensor, (before, after))| {
                let limit = |which| sensor.analog().and_then(|it| it.limit(which, &written));
                let records = records(sensor, sensors, before, after, limit);
                records.into_iter().map(move |record| (sensor, record))
            })
            .collect();
        drop(written);
        for (sensor, record) in found {
            if self.is_told(sensor, &record, look.facts.ready_since) {
                self.logbook().write(Log::System, look.view.clock, Note::Record(record));
            }
        }
    }

    /// Whether a sensor tells such an event.
    fn is_told(&self, sensor: &Sensor, record: &Record, ready_since: Option<Duration>) -> bool {
        let settings = self.ipmi().sensing.of(sensor, ready_since);
        let state = 1u16 << (record.body[10] & 0x0F);
        let told = if record.is_over() { settings.going } else { settings.coming };
        settings.tells && settings.scans && told & state != 0
    }

    /// Every sensor as it is.
    pub(crate) fn sensors(&self) -> Value {
        let look = self.look();
        let (sensors, written) = (look.tree.sensors(), self.written());
        let around = Around { tree: &look.tree, view: &look.view, written: &written };
        sensors.all().iter().map(|it| given::said(it, sensors, around)).collect()
    }

    /// Every sensor that Redfish shows, by its name there, and the power supplies.
    pub(crate) fn shown_sensors(&self) -> serde_json::Value {
        let look = self.look();
        let written = self.written();
        let around = Around { tree: &look.tree, view: &look.view, written: &written };
        given::shown(look.tree.sensors(), around)
    }
}

impl Sensors {
    /// The sensor with this name, where it can have this.
    fn meant(&self, name: &str, state: Option<SensorState>) -> Result<&Sensor, SensorError> {
        let sensor = self.named(name).ok_or_else(|| SensorError::Unknown {
            name: name.to_owned(),
            known: self.all().iter().map(|it| it.name.clone()).collect(),
        })?;
        match state.filter(|state| !sensor.takes(*state)) {
            Some(state) => Err(SensorError::Impossible { name: name.to_owned(), state }),
            None => Ok(sensor),
        }
    }
}

impl Said {
    fn of(sensor: &Sensor, sensors: &Sensors, around: Around<'_>) -> Self {
        match &sensor.kind {
            Kind::Analog(analog) => {
                let value = analog.value(sensor.number, around);
                let beyond = value.map_or(0, |value| analog.beyond(value, around.written));
                Self { value, states: beyond.into() }
            }
            Kind::Discrete(discrete) => {
                Self { value: None, states: discrete.states(sensor.number, sensors, around).unwrap_or(0) }
            }
        }
    }
}

/// The events of a change: what came, and what went (IPMI v2.0 §29.7).
fn records(
    sensor: &Sensor,
    sensors: &Sensors,
    before: Said,
    after: Said,
    limit: impl Fn(Which) -> Option<f64>,
) -> Vec<Record> {
    let mut found = Vec::new();
    let changed = before.states ^ after.states;
    for state in (0..15u8).filter(|state| changed & 1 << state != 0) {
        let is_over = after.states & 1 << state == 0;
        let data = match (sensor.analog(), Which::ALL.get(usize::from(state))) {
            (Some(analog), Some(which)) => {
                let byte = |value: Option<f64>| value.map_or(0, |it| analog.scale.byte(it));
                [0x50 | which.event(), byte(after.value), byte(limit(*which))]
            }
            _ => [state, 0xFF, 0xFF],
        };
        found.extend(sel::of_sensor(sensor.number, is_over, data, sensors));
    }
    found
}
