//! Readings that stand in other resources: `Thermal` and `Power` (DSP0268, deprecated and everywhere), `Fan`,
//! `ThermalMetrics`, and power supplies.

use super::{
    Found,
    words::{availability, health, state},
};
use crate::{
    drivers::{
        notes::Notes,
        redfish::document::{Document, View},
    },
    model::{Availability, Sensor, SensorKind, Thresholds, Unit},
};

/// A list of readings: its name, the properties that may have the reading, the kind, the unit.
type List = (&'static str, &'static [&'static str], SensorKind, Unit);

/// `CurrentReading` is what an HPE iLO 4 calls it.
const TEMPERATURES: List =
    ("Temperatures", &["ReadingCelsius", "CurrentReading"], SensorKind::Temperature, Unit::Celsius);
const FANS: List = ("Fans", &["Reading", "CurrentReading"], SensorKind::Fan, Unit::Rpm);
const VOLTAGES: List = ("Voltages", &["ReadingVolts"], SensorKind::Voltage, Unit::Volts);
const CONSUMPTION: List = ("PowerControl", &["PowerConsumedWatts"], SensorKind::Power, Unit::Watts);

/// What a power supply of `Power` measures, and what is added to its name then.
const OF_A_SUPPLY: &[(&[&str], &str)] =
    &[(&["PowerInputWatts"], "Input Power"), (&["PowerOutputWatts", "LastPowerOutputWatts"], "Output Power")];

/// Temperatures and fans of `Thermal`.
pub(super) fn thermal(thermal: &Document, notes: &mut Notes) -> Vec<Sensor> {
    [TEMPERATURES, FANS].into_iter().flat_map(|list| items(thermal, list, notes)).collect()
}

/// Voltages and watts of `Power`.
pub(super) fn power(power: &Document, notes: &mut Notes) -> Vec<Sensor> {
    let mut all: Vec<_> =
        [VOLTAGES, CONSUMPTION].into_iter().flat_map(|list| items(power, list, notes)).collect();
    for (place, supply) in power.view().objects("PowerSupplies", notes).into_iter().enumerate() {
        let (id, name) = (place_of(power, "PowerSupplies", place, supply), name(supply, notes));
        for (properties, what) in OF_A_SUPPLY {
            let Some(property) = properties.iter().find(|it| supply.names().any(|own| own == **it)) else {
                continue;
            };
            let reading = supply.number(property, notes);
            let found = Found {
                id: format!("{id}/{property}"),
                name: format!("{name} {what}"),
                kind: SensorKind::Power,
                unit: Some(Unit::Watts),
                reading: availability(supply, reading, notes),
                thresholds: Thresholds::default(),
            };
            all.push(found.told(supply, notes));
        }
    }
    all
}

/// A `Fan` of a `ThermalSubsystem`: its revolutions where it tells them, else its share of the most.
pub(super) fn fan(fan: &Document, notes: &mut Notes) -> Sensor {
    let view = fan.view();
    let speed = view.object("SpeedPercent", notes);
    let turns = speed.number("SpeedRPM", notes);
    let (reading, unit) = match turns {
        Some(turns) => (Some(turns), Unit::Rpm),
        None => (speed.number("Reading", notes), Unit::Percent),
    };
    let found = Found {
        id: fan.path.clone(),
        name: name(view, notes),
        kind: SensorKind::Fan,
        unit: Some(unit),
        reading: availability(view, reading, notes),
        thresholds: Thresholds::default(),
    };
    found.told(view, notes)
}

/// Temperatures of `ThermalMetrics`.
pub(super) fn excerpts(metrics: &Document, notes: &mut Notes) -> Vec<Sensor> {
    const LIST: &str = "TemperatureReadingsCelsius";
    let mut all = Vec::new();
    for (place, item) in metrics.view().objects(LIST, notes).into_iter().enumerate() {
        let source = item.text("DataSourceUri", notes);
        let reading = item.number("Reading", notes);
        let found = Found {
            id: source.unwrap_or_else(|| place_of(metrics, LIST, place, item)),
            name: item.text("DeviceName", notes).unwrap_or_else(|| format!("Temperature {}", place + 1)),
            kind: SensorKind::Temperature,
            unit: Some(Unit::Celsius),
            reading: availability(item, reading, notes),
            thresholds: Thresholds::default(),
        };
        all.push(found.told(item, notes));
    }
    all
}

/// The power supplies of `Power`.
pub(super) fn supplies(power: &Document, notes: &mut Notes) -> Vec<Sensor> {
    let all = power.view().objects("PowerSupplies", notes);
    let of = |(place, it): (usize, View<'_>)| supply(&place_of(power, "PowerSupplies", place, it), it, notes);
    all.into_iter().enumerate().map(of).collect()
}

/// A power supply: whether it is there, how it is, whether it has input. Its states are in IPMI's words (IPMI v2.0 table
/// 42-3, type 08h).
pub(super) fn supply(id: &str, supply: View<'_>, notes: &mut Notes) -> Sensor {
    let state = state(supply, notes);
    let availability = match state.as_deref() {
        Some("Absent") => Availability::Absent,
        Some("Disabled") => Availability::Disabled,
        Some("UnavailableOffline") => Availability::Unavailable,
        _ => Availability::Available,
    };
    let mut states = Vec::new();
    if availability == Availability::Available {
        states.push("presence detected".to_owned());
    }
    if supply.text("LineInputStatus", notes).as_deref() == Some("LossOfInput") {
        states.push("input lost".to_owned());
    }
    Sensor {
        id: id.to_owned(),
        name: name(supply, notes),
        kind: SensorKind::PowerSupply,
        availability,
        value: None,
        unit: None,
        states,
        health: health(supply, notes),
        thresholds: Thresholds::default(),
    }
}

fn items(document: &Document, list: List, notes: &mut Notes) -> Vec<Sensor> {
    let (property, readings, kind, unit) = list;
    let mut all = Vec::new();
    for (place, item) in document.view().objects(property, notes).into_iter().enumerate() {
        // A place without the property, such as a second PowerControl of subsystems, measures nothing.
        let Some(reading) = readings.iter().find(|it| item.names().any(|own| own == **it)) else { continue };
        let reading = item.number(reading, notes);
        let is_share = ["ReadingUnits", "Units"].iter().any(|it| item.plain(it) == Some("Percent"));
        let found = Found {
            id: place_of(document, property, place, item),
            name: name(item, notes),
            kind,
            unit: Some(if is_share { Unit::Percent } else { unit }),
            reading: availability(item, reading, notes),
            thresholds: limits(item, notes),
        };
        all.push(found.told(item, notes));
    }
    all
}

impl Found {
    fn told(self, of: View<'_>, notes: &mut Notes) -> Sensor {
        let (availability, value) = self.reading;
        Sensor {
            id: self.id,
            name: self.name,
            kind: self.kind,
            availability,
            value,
            unit: self.unit,
            states: Vec::new(),
            health: health(of, notes),
            thresholds: self.thresholds,
        }
    }
}

/// An item's own id, else the place where it stands.
fn place_of(document: &Document, list: &str, place: usize, item: View<'_>) -> String {
    let own = item.plain("@odata.id").filter(|id| !id.is_empty());
    own.map_or_else(|| format!("{}#/{list}/{place}", document.path), str::to_owned)
}

/// `FanName` is that of `Thermal` before 1.1.
fn name(item: View<'_>, notes: &mut Notes) -> String {
    let named = ["Name", "FanName", "MemberId"];
    named.iter().find_map(|property| item.text(property, notes)).unwrap_or_default()
}

/// The thresholds of `Thermal` and `Power`.
fn limits(item: View<'_>, notes: &mut Notes) -> Thresholds {
    let mut limit = |name: &str| item.number(name, notes);
    Thresholds {
        lower_fatal: limit("LowerThresholdFatal"),
        lower_critical: limit("LowerThresholdCritical"),
        lower_caution: limit("LowerThresholdNonCritical"),
        upper_caution: limit("UpperThresholdNonCritical"),
        upper_critical: limit("UpperThresholdCritical"),
        upper_fatal: limit("UpperThresholdFatal"),
    }
}
