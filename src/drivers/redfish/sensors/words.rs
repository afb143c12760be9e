//! The words of `Sensor`, and of every `Status`, and what they are in the contract.

use crate::{
    drivers::{notes::Notes, redfish::document::View},
    model::{Availability, Health, SensorKind, Thresholds, Unit},
};

/// What a reading is in: the contract's unit, and how many of it are one of the BMC's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measure {
    pub(super) unit: Option<Unit>,
    factor: f64,
}

impl Measure {
    pub(super) const fn plain(unit: Unit) -> Self {
        Self { unit: Some(unit), factor: 1.0 }
    }

    pub(super) fn of(self, reading: f64) -> f64 {
        reading * self.factor
    }
}

/// `ReadingUnits` are UCUM's (DSP0268 Sensor); some write them as people do.
const UNITS: &[(&str, Unit, f64)] = &[
    ("Cel", Unit::Celsius, 1.0),
    ("C", Unit::Celsius, 1.0),
    ("[degF]", Unit::Fahrenheit, 1.0),
    ("K", Unit::Kelvin, 1.0),
    ("V", Unit::Volts, 1.0),
    ("mV", Unit::Volts, 0.001),
    ("A", Unit::Amperes, 1.0),
    ("mA", Unit::Amperes, 0.001),
    ("W", Unit::Watts, 1.0),
    ("kW", Unit::Watts, 1000.0),
    ("J", Unit::Joules, 1.0),
    ("kW.h", Unit::Joules, 3_600_000.0),
    ("W.h", Unit::Joules, 3600.0),
    ("V.A", Unit::VoltAmperes, 1.0),
    ("VA", Unit::VoltAmperes, 1.0),
    ("{rev}/min", Unit::Rpm, 1.0),
    ("RPM", Unit::Rpm, 1.0),
    ("[ft_i]3/min", Unit::CubicFeetPerMinute, 1.0),
    ("[cft_i]/min", Unit::CubicFeetPerMinute, 1.0),
    ("%", Unit::Percent, 1.0),
    ("Percent", Unit::Percent, 1.0),
    ("Hz", Unit::Hertz, 1.0),
    ("MHz", Unit::Hertz, 1_000_000.0),
    ("s", Unit::Seconds, 1.0),
    ("ms", Unit::Seconds, 0.001),
    ("kPa", Unit::Kilopascals, 1.0),
    ("Pa", Unit::Kilopascals, 0.001),
];

/// `ReadingType`, what kind it is, and the unit where `ReadingUnits` is missing (DSP0268 Sensor.ReadingType).
const TYPES: &[(&str, SensorKind, Option<Unit>)] = &[
    ("Temperature", SensorKind::Temperature, Some(Unit::Celsius)),
    ("Voltage", SensorKind::Voltage, Some(Unit::Volts)),
    ("Current", SensorKind::Current, Some(Unit::Amperes)),
    ("Power", SensorKind::Power, Some(Unit::Watts)),
    ("Rotational", SensorKind::Fan, Some(Unit::Rpm)),
    ("AirFlow", SensorKind::Fan, Some(Unit::CubicFeetPerMinute)),
    ("AirFlowCMM", SensorKind::Fan, None),
    ("EnergyJoules", SensorKind::Other, Some(Unit::Joules)),
    ("Humidity", SensorKind::Other, Some(Unit::Percent)),
    ("Percent", SensorKind::Other, Some(Unit::Percent)),
    ("Frequency", SensorKind::Other, Some(Unit::Hertz)),
    ("PressurekPa", SensorKind::Other, Some(Unit::Kilopascals)),
];

/// In what a `Sensor` measures.
pub(super) fn measured_in(sensor: View<'_>, notes: &mut Notes) -> Measure {
    let by_type = sensor.plain("ReadingType").and_then(|word| TYPES.iter().find(|row| row.0 == word));
    let Some(word) = sensor.text("ReadingUnits", notes) else {
        return Measure { unit: by_type.and_then(|row| row.2), factor: 1.0 };
    };
    match UNITS.iter().find(|row| row.0 == word) {
        Some((_, unit, factor)) => Measure { unit: Some(*unit), factor: *factor },
        None => Measure::plain(Unit::Other),
    }
}

/// What a `Sensor` measures.
pub(super) fn kind_of(sensor: View<'_>, notes: &mut Notes) -> SensorKind {
    let by_type = sensor.plain("ReadingType").and_then(|word| TYPES.iter().find(|row| row.0 == word));
    match by_type.map(|row| row.1) {
        // A fan's speed as a share of its most.
        None | Some(SensorKind::Other)
            if sensor.text("PhysicalContext", notes).as_deref() == Some("Fan")
                && sensor.plain("ReadingUnits") == Some("%") =>
        {
            SensorKind::Fan
        }
        kind => kind.unwrap_or(SensorKind::Other),
    }
}

/// Whether there is a reading, and which: one that is null, or of something that is not there or switched off, is none
/// (an HPE iLO says 0 of what is `Absent`).
pub(super) fn availability(
    of: View<'_>,
    reading: Option<f64>,
    notes: &mut Notes,
) -> (Availability, Option<f64>) {
    match state(of, notes).as_deref() {
        Some("Absent") => (Availability::Absent, None),
        Some("Disabled") => (Availability::Disabled, None),
        Some("UnavailableOffline" | "StandbyOffline") => (Availability::Unavailable, None),
        _ if reading.is_none() => (Availability::Unavailable, None),
        _ => (Availability::Available, reading),
    }
}

/// `Status.State` (DSP0268 Resource.Status).
pub(super) fn state(of: View<'_>, notes: &mut Notes) -> Option<String> {
    of.object("Status", notes).text("State", notes)
}

/// `Status.Health`, where it is told.
pub(super) fn health(of: View<'_>, notes: &mut Notes) -> Health {
    match of.object("Status", notes).text("Health", notes).as_deref() {
        Some("OK") => Health::Ok,
        Some("Warning") => Health::Warning,
        Some("Critical") => Health::Critical,
        _ => Health::Unknown,
    }
}

/// `Thresholds`; one that is switched off is none.
pub(super) fn limits(sensor: View<'_>, measure: Measure, notes: &mut Notes) -> Thresholds {
    let all = sensor.object("Thresholds", notes);
    let mut limit = |name| {
        let limit = all.object(name, notes);
        let is_on = limit.plain("Activation") != Some("Disabled");
        limit.number("Reading", notes).filter(|_| is_on).map(|reading| measure.of(reading))
    };
    Thresholds {
        lower_fatal: limit("LowerFatal"),
        lower_critical: limit("LowerCritical"),
        lower_caution: limit("LowerCaution"),
        upper_caution: limit("UpperCaution"),
        upper_critical: limit("UpperCritical"),
        upper_fatal: limit("UpperFatal"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::drivers::redfish::document::Document;

    fn sensor(value: serde_json::Value) -> Document {
        Document::of("/redfish/v1/Chassis/1/Sensors/1", &value)
    }

    #[test]
    fn energy_is_told_in_joules_and_an_unknown_unit_as_other() {
        let mut notes = Notes::default();
        let energy = sensor(json!({"ReadingType": "EnergykWh", "ReadingUnits": "kW.h"}));
        let measure = measured_in(energy.view(), &mut notes);
        assert_eq!((measure.unit, measure.of(2.0)), (Some(Unit::Joules), 7_200_000.0));
        let odd = sensor(json!({"ReadingType": "Temperature", "ReadingUnits": "furlong"}));
        assert_eq!(measured_in(odd.view(), &mut notes), Measure::plain(Unit::Other));
        let bare = sensor(json!({"ReadingType": "Rotational"}));
        assert_eq!(measured_in(bare.view(), &mut notes), Measure::plain(Unit::Rpm));
    }

    #[test]
    fn what_is_not_there_or_off_has_no_reading_whatever_the_number_says() {
        let mut notes = Notes::default();
        for (state, said) in [
            ("Absent", Availability::Absent),
            ("Disabled", Availability::Disabled),
            ("UnavailableOffline", Availability::Unavailable),
        ] {
            let of = sensor(json!({"Status": {"State": state}}));
            assert_eq!(availability(of.view(), Some(0.0), &mut notes), (said, None), "{state}");
        }
        let of = sensor(json!({"Status": {"State": "Enabled"}}));
        assert_eq!(availability(of.view(), None, &mut notes), (Availability::Unavailable, None));
        assert_eq!(availability(of.view(), Some(0.0), &mut notes), (Availability::Available, Some(0.0)));
    }

    #[test]
    fn a_limit_that_is_switched_off_is_none() {
        let of = sensor(json!({"Thresholds": {
            "UpperCaution": {"Reading": 38, "Activation": "Disabled"}, "UpperCritical": {"Reading": 42}}}));
        let limits = limits(of.view(), Measure::plain(Unit::Celsius), &mut Notes::default());
        assert_eq!((limits.upper_caution, limits.upper_critical), (None, Some(42.0)));
    }
}
