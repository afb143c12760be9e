//! How sensors were told to behave: hysteresis, events, scanning (IPMI v2.0 §35.6, §35.10).

use std::{collections::BTreeMap, time::Duration};

use super::sdr;
use crate::sensors::{Kind, Sensor};

/// Settings of sensors that were told something. A restart of the BMC sets all of them up as their records say (§33.10).
#[derive(Debug, Default)]
pub(crate) struct Sensing {
    since: Option<Duration>,
    told: BTreeMap<u8, Settings>,
}

/// How a sensor behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Whether it tells its events.
    pub(crate) tells: bool,
    /// Whether it is read at all.
    pub(crate) scans: bool,
    /// Of which states it tells that they come, one bit each.
    pub(crate) coming: u16,
    /// Of which that they go.
    pub(crate) going: u16,
    /// The hysteresis above and below, in steps.
    pub(crate) hysteresis: (u8, u8),
}

impl Sensing {
    /// How a sensor behaves.
    pub(crate) fn of(&mut self, sensor: &Sensor, ready_since: Option<Duration>) -> Settings {
        self.follow(ready_since);
        self.told.get(&sensor.number).copied().unwrap_or_else(|| Settings::usual(sensor))
    }

    /// It behaves so from now on.
    pub(crate) fn tell(&mut self, sensor: &Sensor, settings: Settings, ready_since: Option<Duration>) {
        self.follow(ready_since);
        self.told.insert(sensor.number, settings);
    }

    fn follow(&mut self, ready_since: Option<Duration>) {
        if self.since != ready_since {
            self.since = ready_since;
            self.told.clear();
        }
    }
}

impl Settings {
    /// As its record says.
    fn usual(sensor: &Sensor) -> Self {
        let events = events(sensor);
        Self {
            tells: true,
            scans: true,
            coming: events,
            going: events,
            hysteresis: (sdr::HYSTERESIS, sdr::HYSTERESIS),
        }
    }
}

/// The events that a sensor has.
pub(crate) fn events(sensor: &Sensor) -> u16 {
    match &sensor.kind {
        Kind::Analog(analog) => analog.limits.iter().fold(0, |mask, it| mask | 1 << it.which.event()),
        Kind::Discrete(discrete) => discrete.possible,
    }
}
