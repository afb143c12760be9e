//! The sensors that the documents of a platform have, ours or recorded ones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Analog, Kind, Limit, Scale, Sensor, Spot, Unit, Which, discrete, name::short};
use crate::redfish::{Document, Tree};

/// As many as are shown, so that there are numbers left for those that notice.
const MOST: usize = 200;

/// Where readings stand in lists: schema, list, reading, what of it, what is added to the name, range.
type Row = (&'static str, &'static str, &'static str, Unit, &'static str, [&'static str; 2]);

const LISTS: &[Row] = &[
    (
        "Thermal",
        "/Temperatures",
        "ReadingCelsius",
        Unit::Celsius,
        "",
        ["MinReadingRangeTemp", "MaxReadingRangeTemp"],
    ),
    ("Thermal", "/Fans", "Reading", Unit::Rpm, "", ["MinReadingRange", "MaxReadingRange"]),
    ("Power", "/Voltages", "ReadingVolts", Unit::Volts, "", ["MinReadingRange", "MaxReadingRange"]),
    ("Power", "/PowerControl", "PowerConsumedWatts", Unit::Watts, "", ["", "PowerCapacityWatts"]),
    ("Power", "/PowerSupplies", "PowerInputWatts", Unit::Watts, " Input Power", ["", "PowerCapacityWatts"]),
    ("Power", "/PowerSupplies", "PowerOutputWatts", Unit::Watts, " Output Power", ["", "PowerCapacityWatts"]),
    (
        "Power",
        "/PowerSupplies",
        "LastPowerOutputWatts",
        Unit::Watts,
        " Output Power",
        ["", "PowerCapacityWatts"],
    ),
];

/// Thresholds in a list (Thermal, Power), and in a `Sensor`.
const LIMITS: [(&str, &str, Which); 6] = [
    ("LowerThresholdNonCritical", "LowerCaution", Which::LowerCaution),
    ("LowerThresholdCritical", "LowerCritical", Which::LowerCritical),
    ("LowerThresholdFatal", "LowerFatal", Which::LowerFatal),
    ("UpperThresholdNonCritical", "UpperCaution", Which::UpperCaution),
    ("UpperThresholdCritical", "UpperCritical", Which::UpperCritical),
    ("UpperThresholdFatal", "UpperFatal", Which::UpperFatal),
];

/// A sensor as far as it has been found.
struct Found {
    name: String,
    unit: Unit,
    context: String,
    number: Option<u8>,
    nominal: f64,
    range: (Option<f64>, Option<f64>),
    shown: Vec<Spot>,
    limits: Vec<Limit>,
}

/// All sensors of a platform.
pub(super) fn all(tree: &Tree) -> Vec<Sensor> {
    let mut found = Vec::new();
    for row in LISTS {
        own(tree, row.0).for_each(|document| from_list(tree, document, row, &mut found));
    }
    own(tree, "Sensor").for_each(|document| from_sensor(document, &mut found));
    also(tree, &mut found);
    found.truncate(MOST);
    let mut made = Made::default();
    // The numbers that Redfish tells are those of IPMI; the others take what is left.
    let told: BTreeSet<u8> = found.iter().filter_map(|it| it.number).collect();
    made.left = (1..=254).filter(|it| !told.contains(it)).collect();
    let mut sensors: Vec<Sensor> = found.into_iter().map(|it| made.analog(it)).collect();
    for (name, entity, of) in discrete::all(tree) {
        let Some(number) = made.number(None) else { break };
        sensors.push(Sensor {
            number,
            name: made.name(&name),
            full_name: name,
            entity,
            kind: Kind::Discrete(of),
        });
    }
    sensors
}

/// The documents of a schema that belong to the machine's own chassis, or all where none does.
pub(super) fn own<'t>(tree: &'t Tree, kind: &'t str) -> impl Iterator<Item = &'t Document> {
    let below = format!("{}/", tree.chassis());
    let of_kind = move |it: &&Document| {
        &*it.kind == kind && it.recorded().is_none_or(|recorded| recorded.refusal().is_none())
    };
    let has_own = tree.documents().iter().filter(of_kind).any(|it| it.path.starts_with(&below));
    tree.documents().iter().filter(of_kind).filter(move |it| !has_own || it.path.starts_with(&below))
}

fn from_list(tree: &Tree, document: &Document, row: &Row, found: &mut Vec<Found>) {
    let (kind, list, reading, unit, end, [least, most]) = *row;
    let items = document.template().pointer(list).and_then(Value::as_array);
    for (place, item) in items.into_iter().flatten().enumerate() {
        let Some(nominal) = item[reading].as_f64() else { continue };
        let unit = if item["ReadingUnits"] == "Percent" { Unit::Percent } else { unit };
        let spot = |of: &str| (document.path.to_string(), format!("{list}/{place}/{of}"));
        let name = item["Name"].as_str().or(item["FanName"].as_str()).unwrap_or("Sensor");
        let name = match (kind, list, place) {
            ("Power", "/PowerControl", 0) => total(tree).unwrap_or_else(|| name.to_owned()),
            _ => format!("{name}{end}"),
        };
        let limits = LIMITS.iter().filter_map(|(of, _, which)| {
            Some(Limit { which: *which, value: item[*of].as_f64()?, shown: vec![spot(of)] })
        });
        let context = if list == "/PowerSupplies" { "PowerSupply" } else { "" };
        let context = item["PhysicalContext"].as_str().unwrap_or(context);
        merge(
            found,
            Found {
                name,
                unit,
                context: if list == "/Fans" { "Fan" } else { context }.to_owned(),
                number: item["SensorNumber"].as_u64().and_then(|it| u8::try_from(it).ok()),
                nominal,
                range: (item[least].as_f64(), item[most].as_f64()),
                shown: vec![spot(reading)],
                limits: limits.collect(),
            },
        );
    }
}

fn from_sensor(document: &Document, found: &mut Vec<Found>) {
    let it = document.template();
    let unit = match (it["ReadingType"].as_str(), it["ReadingUnits"].as_str()) {
        (Some("Temperature"), _) => Unit::Celsius,
        (Some("Rotational"), Some("%")) => Unit::Percent,
        (Some("Rotational"), _) => Unit::Rpm,
        (Some("Power"), _) => Unit::Watts,
        (Some("Voltage"), _) => Unit::Volts,
        (Some("Current"), _) => Unit::Amperes,
        _ => return,
    };
    let (Some(nominal), Some(name)) = (it["Reading"].as_f64(), it["Name"].as_str()) else { return };
    let spot = |pointer: String| (document.path.to_string(), pointer);
    let limits = LIMITS.iter().filter_map(|(_, of, which)| {
        let pointer = format!("/Thresholds/{of}/Reading");
        Some(Limit { which: *which, value: it.pointer(&pointer)?.as_f64()?, shown: vec![spot(pointer)] })
    });
    merge(
        found,
        Found {
            name: name.to_owned(),
            unit,
            context: it["PhysicalContext"].as_str().unwrap_or_default().to_owned(),
            number: None,
            nominal,
            range: (it["ReadingRangeMin"].as_f64(), it["ReadingRangeMax"].as_f64()),
            shown: vec![spot("/Reading".to_owned())],
            limits: limits.collect(),
        },
    );
}

/// The same sensor at a second place, or another one.
fn merge(found: &mut Vec<Found>, one: Found) {
    let Some(same) = found.iter_mut().find(|it| it.name == one.name && it.unit == one.unit) else {
        return found.push(one);
    };
    if same.shown.iter().any(|(path, _)| *path == one.shown[0].0) {
        return;
    }
    same.shown.extend(one.shown);
    same.range = (same.range.0.or(one.range.0), same.range.1.or(one.range.1));
    for limit in one.limits {
        match same.limits.iter_mut().find(|it| it.which == limit.which) {
            Some(it) => it.shown.extend(limit.shown),
            None => same.limits.push(limit),
        }
    }
}

/// Where else a reading stands: in what says which sensor it comes from, and in what has a fan's name.
fn also(tree: &Tree, found: &mut [Found]) {
    for document in own(tree, "EnvironmentMetrics").chain(own(tree, "PowerSupplyMetrics")) {
        let members = document.template().as_object().into_iter().flatten();
        for (name, member) in members {
            let source = member["DataSourceUri"].as_str().unwrap_or_default();
            let same = found.iter_mut().find(|it| it.shown.iter().any(|(path, _)| path == source));
            same.into_iter().for_each(|it| {
                it.shown.push((document.path.to_string(), format!("/{name}/Reading")));
            });
        }
        let fans = document.template()["FanSpeedsPercent"].as_array();
        for (place, fan) in fans.into_iter().flatten().enumerate() {
            let spot = (document.path.to_string(), format!("/FanSpeedsPercent/{place}/SpeedRPM"));
            turning(found, &fan["DeviceName"], fan.get("SpeedRPM").is_some(), spot);
        }
    }
    for document in own(tree, "Fan") {
        let spot = (document.path.to_string(), "/SpeedPercent/SpeedRPM".to_owned());
        let fan = document.template();
        turning(found, &fan["Name"], fan.pointer("/SpeedPercent/SpeedRPM").is_some(), spot);
    }
}

fn turning(found: &mut [Found], name: &Value, is_there: bool, spot: Spot) {
    let same = found.iter_mut().find(|it| it.unit == Unit::Rpm && Some(it.name.as_str()) == name.as_str());
    if let Some(it) = same.filter(|_| is_there) {
        it.shown.push(spot);
    }
}

/// The name of the sensor that measures what the whole machine takes, where a document says which it is.
fn total(tree: &Tree) -> Option<String> {
    let metrics = own(tree, "EnvironmentMetrics").next()?;
    let source = metrics.template().pointer("/PowerWatts/DataSourceUri")?.as_str()?;
    Some(tree.document(source)?.template()["Name"].as_str()?.to_owned())
}

/// What has been given away.
#[derive(Default)]
struct Made {
    names: BTreeSet<String>,
    left: Vec<u8>,
    given: BTreeSet<u8>,
    entities: BTreeMap<u8, BTreeSet<u8>>,
}

impl Made {
    fn analog(&mut self, found: Found) -> Sensor {
        let limits: Vec<f64> = found.limits.iter().map(|it| it.value).collect();
        let values = || limits.iter().copied().chain([found.nominal]).filter(|it| it.is_finite());
        let (lowest, highest) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let (least, most) = match found.unit {
            Unit::Celsius => (lowest, highest.max(127.0)),
            Unit::Percent => (0.0, 100.0),
            _ => (lowest, highest * 1.5),
        };
        let range = (
            found.range.0.unwrap_or(least).min(lowest),
            found.range.1.filter(|it| *it > 0.0).unwrap_or(most).max(highest),
        );
        let step = if matches!(found.unit, Unit::Celsius | Unit::Percent) { 1.0 } else { 0.0 };
        let context = if found.unit == Unit::Watts && found.context != "PowerSupply" {
            "Power"
        } else {
            &found.context
        };
        let is_battery = found.name.to_ascii_lowercase().contains("bat");
        let entity = if is_battery { 0x28 } else { entity_of(context) };
        Sensor {
            number: self.number(found.number).unwrap_or(0xFE),
            name: self.name(&found.name),
            entity: (entity, self.instance(entity, found.unit, &found.name)),
            kind: Kind::Analog(Analog {
                unit: found.unit,
                scale: Scale::fitting(range.0, range.1, step, &limits, found.nominal),
                nominal: found.nominal,
                range,
                shown: found.shown,
                needs_host: match found.unit {
                    Unit::Rpm | Unit::Percent => true,
                    Unit::Volts => found.nominal <= 48.0 && !is_battery,
                    _ => false,
                },
                limits: found.limits,
            }),
            full_name: found.name,
        }
    }

    fn name(&mut self, name: &str) -> String {
        let short = short(name, |it| self.names.contains(it));
        self.names.insert(short.clone());
        short
    }

    fn number(&mut self, told: Option<u8>) -> Option<u8> {
        let told = told.filter(|it| (1..=254).contains(it) && !self.given.contains(it));
        let number = told.or_else(|| (!self.left.is_empty()).then(|| self.left.remove(0)))?;
        self.given.insert(number);
        Some(number)
    }

    /// The number in the name of what it belongs to, where temperatures are told apart by it; the next one otherwise.
    fn instance(&mut self, entity: u8, unit: Unit, name: &str) -> u8 {
        let digits = name.split(|it: char| !it.is_ascii_digit()).find(|it| !it.is_empty());
        let said = digits.and_then(|it| it.parse::<u8>().ok()).filter(|it| (1..0x60).contains(it));
        if unit != Unit::Celsius {
            return if matches!(entity, 0x03 | 0x08 | 0x0A | 0x1D) { said.unwrap_or(1) } else { 1 };
        }
        let taken = self.entities.entry(entity).or_default();
        let free = || (1..0x60).find(|it| !taken.contains(it)).unwrap_or(0x5F);
        let instance = said.filter(|it| !taken.contains(it)).unwrap_or_else(free);
        taken.insert(instance);
        instance
    }
}

/// What a sensor belongs to (IPMI v2.0 table 43-13), by DSP0268 PhysicalContext.
fn entity_of(context: &str) -> u8 {
    match context {
        "Intake" => 0x37,
        "CPU" | "CPUSubsystem" | "Accelerator" | "GPU" | "GPUSubsystem" => 0x03,
        "Memory" | "MemorySubsystem" | "DIMM" => 0x08,
        "PowerSupply" | "PowerSupplyBay" => 0x0A,
        "Fan" => 0x1D,
        "NetworkingDevice" | "StorageSubsystem" | "ASIC" | "ExpansionSubsystem" => 0x0B,
        "StorageDevice" | "StorageBay" => 0x04,
        "Backplane" => 0x0F,
        "Power" | "VoltageRegulator" => 0x13,
        "Chassis" | "Exhaust" | "Room" | "Rack" | "Front" | "Back" => 0x17,
        _ => 0x07,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    #[test]
    fn every_platform_has_sensors_with_names_and_numbers_of_their_own() {
        for name in Profile::names() {
            let tree = Profile::named(name).unwrap().tree();
            let sensors = all(&tree);
            let names: BTreeSet<_> = sensors.iter().map(|it| &it.name).collect();
            let numbers: BTreeSet<_> = sensors.iter().map(|it| it.number).collect();
            assert!(sensors.len() > 20, "{name}: {}", sensors.len());
            assert_eq!((names.len(), numbers.len()), (sensors.len(), sensors.len()), "{name}");
            assert!(names.iter().all(|it| it.len() <= 16), "{name}: {names:?}");
        }
    }

    #[test]
    fn a_sensor_is_one_however_often_redfish_shows_it() {
        let tree = Profile::named("generic").unwrap().tree();
        let sensors = all(&tree);
        let shown = |name: &str| {
            let found: Vec<_> = sensors.iter().filter(|it| it.full_name == name).collect();
            assert_eq!(found.len(), 1, "{name}");
            found[0].analog().unwrap().shown.len()
        };
        assert_eq!(shown("Inlet Temperature"), 3);
        assert_eq!(shown("Fan 1"), 4);
        assert_eq!(shown("Total Input Power"), 3);
        assert_eq!(shown("Power Supply 1 Input Power"), 3);
    }

    #[test]
    fn every_nominal_reading_and_threshold_fits_into_its_byte() {
        for name in Profile::names() {
            let tree = Profile::named(name).unwrap().tree();
            for sensor in all(&tree) {
                let Some(analog) = sensor.analog() else { continue };
                let half = analog.scale.step() / 2.0 + 1e-9;
                for value in analog.limits.iter().map(|it| it.value).chain([analog.nominal]) {
                    let said = analog.scale.value(analog.scale.byte(value));
                    assert!((said - value).abs() <= half, "{name}: {}: {value} is {said}", sensor.name);
                }
            }
        }
    }
}
