//! Which property of which resource follows which fact: by schema and property, so that a tree is plain documents, ours or
//! recorded ones.

use serde_json::Value;

use super::{
    fact::{Fact, Quantity, Taken},
    part,
};

/// What a resource is to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The system, the chassis or the manager that the machine is; or what belongs to one of them alone.
    Own,
    /// Anything else.
    Other,
}

/// A row: schema, whether only what is [`Place::Own`] follows, property as a JSON pointer (`*` is every item), fact.
type Row = (&'static str, Place, &'static str, Fact);

const ROWS: &[Row] = &[
    ("ServiceRoot", Place::Other, "/UUID", Fact::ServiceUuid),
    ("ComputerSystem", Place::Own, "/PowerState", Fact::Power),
    ("ComputerSystem", Place::Own, "/Status/State", Fact::SystemState),
    ("ComputerSystem", Place::Own, "/BootProgress/LastState", Fact::BootProgress),
    ("ComputerSystem", Place::Own, "/Boot/BootSourceOverrideEnabled", Fact::OverrideEnabled),
    ("ComputerSystem", Place::Own, "/Boot/BootSourceOverrideTarget", Fact::OverrideTarget),
    ("ComputerSystem", Place::Own, "/Boot/BootSourceOverrideMode", Fact::OverrideMode),
    ("ComputerSystem", Place::Own, "/IndicatorLED", Fact::IndicatorLed),
    ("ComputerSystem", Place::Own, "/LocationIndicatorActive", Fact::LocationIndicator),
    ("ComputerSystem", Place::Own, "/LastResetTime", Fact::LastReset),
    ("ComputerSystem", Place::Own, "/PowerRestorePolicy", Fact::Restore),
    ("ComputerSystem", Place::Own, "/UUID", Fact::Uuid),
    ("ComputerSystem", Place::Own, "/Manufacturer", Fact::Manufacturer),
    ("ComputerSystem", Place::Own, "/Model", Fact::Model),
    ("ComputerSystem", Place::Own, "/SerialNumber", Fact::Serial),
    ("ComputerSystem", Place::Own, "/PartNumber", Fact::PartNumber),
    ("ComputerSystem", Place::Own, "/BiosVersion", Fact::BiosVersion),
    ("Chassis", Place::Own, "/PowerState", Fact::ChassisPower),
    ("Chassis", Place::Own, "/IndicatorLED", Fact::IndicatorLed),
    ("Chassis", Place::Own, "/LocationIndicatorActive", Fact::LocationIndicator),
    ("Chassis", Place::Own, "/Manufacturer", Fact::Manufacturer),
    ("Chassis", Place::Own, "/Model", Fact::Model),
    ("Chassis", Place::Own, "/SerialNumber", Fact::Serial),
    ("Chassis", Place::Own, "/PartNumber", Fact::PartNumber),
    ("Assembly", Place::Own, "/Assemblies/0/SerialNumber", Fact::BoardSerial),
    ("Assembly", Place::Own, "/Assemblies/0/PartNumber", Fact::BoardPartNumber),
    ("Assembly", Place::Own, "/Assemblies/0/Producer", Fact::Manufacturer),
    ("Manager", Place::Own, "/DateTime", Fact::DateTime),
    ("Manager", Place::Own, "/LastResetTime", Fact::BmcReset),
    ("Manager", Place::Own, "/UUID", Fact::ServiceUuid),
    ("Manager", Place::Own, "/ServiceEntryPointUUID", Fact::ServiceUuid),
    ("Manager", Place::Own, "/FirmwareVersion", Fact::BmcFirmware),
    ("Manager", Place::Own, "/Manufacturer", Fact::Manufacturer),
    ("EthernetInterface", Place::Own, "/MACAddress", Fact::Mac),
    ("EthernetInterface", Place::Own, "/PermanentMACAddress", Fact::Mac),
    ("EthernetInterface", Place::Own, "/IPv4Addresses", Fact::Ipv4),
    ("EthernetInterface", Place::Own, "/IPv6Addresses", Fact::Ipv6),
    ("LogService", Place::Other, "/DateTime", Fact::DateTime),
    ("EventService", Place::Other, "/DateTime", Fact::DateTime),
    ("TaskService", Place::Other, "/DateTime", Fact::DateTime),
];

/// What a document of our own says in place of a value that is the machine's, where its schema does not tell.
const WORDS: &[(&str, Fact)] =
    &[("$serial", Fact::Serial), ("$board-serial", Fact::BoardSerial), ("$mac", Fact::Mac)];

/// Where readings stand, and what they measure; a `Sensor` says itself what it measures.
const READINGS: &[(&str, &str, Quantity)] = &[
    ("EnvironmentMetrics", "/TemperatureCelsius/Reading", Quantity::Temperature),
    ("EnvironmentMetrics", "/PowerWatts/Reading", Quantity::Watts),
    ("EnvironmentMetrics", "/FanSpeedsPercent/*/Reading", Quantity::Fan),
    ("EnvironmentMetrics", "/FanSpeedsPercent/*/SpeedRPM", Quantity::Fan),
    ("ThermalMetrics", "/TemperatureSummaryCelsius/Intake/Reading", Quantity::Temperature),
    ("ThermalMetrics", "/TemperatureSummaryCelsius/Exhaust/Reading", Quantity::Temperature),
    ("ThermalMetrics", "/TemperatureSummaryCelsius/Internal/Reading", Quantity::Temperature),
    ("ThermalMetrics", "/TemperatureSummaryCelsius/Ambient/Reading", Quantity::Temperature),
    ("ThermalMetrics", "/TemperatureReadingsCelsius/*/Reading", Quantity::Temperature),
    ("PowerSupplyMetrics", "/InputPowerWatts/Reading", Quantity::Watts),
    ("PowerSupplyMetrics", "/OutputPowerWatts/Reading", Quantity::Watts),
    ("Fan", "/SpeedPercent/Reading", Quantity::Fan),
    ("Fan", "/SpeedPercent/SpeedRPM", Quantity::Fan),
    ("Thermal", "/Temperatures/*/ReadingCelsius", Quantity::Temperature),
    ("Thermal", "/Fans/*/Reading", Quantity::Fan),
    ("Power", "/PowerControl/*/PowerConsumedWatts", Quantity::Watts),
    ("Power", "/Voltages/*/ReadingVolts", Quantity::Volts),
    ("Power", "/PowerSupplies/*/PowerInputWatts", Quantity::Watts),
    ("Power", "/PowerSupplies/*/PowerOutputWatts", Quantity::Watts),
    ("Power", "/PowerSupplies/*/LastPowerOutputWatts", Quantity::Watts),
];

/// What is told of the power that was taken, beside what is taken now.
const TAKEN: &[(&str, Taken)] = &[
    ("IntervalInMin", Taken::Minutes),
    ("MinConsumedWatts", Taken::Least),
    ("AverageConsumedWatts", Taken::Mean),
    ("MaxConsumedWatts", Taken::Most),
];

/// The properties of this document that follow the machine, as pointers without wildcards, and what they follow.
pub(super) fn bound(kind: &str, place: Place, document: &Value) -> Vec<(String, Fact)> {
    let facts = ROWS.iter().filter(|row| row.0 == kind && (row.1 == Place::Other || place == Place::Own));
    let mut found: Vec<(String, Fact)> = facts
        .filter(|row| document.pointer(row.2).is_some())
        .map(|row| (row.2.to_owned(), row.3.clone()))
        .collect();
    for (_, pointer, of) in READINGS.iter().filter(|row| row.0 == kind) {
        places(document, pointer)
            .into_iter()
            .for_each(|pointer| found.extend(reading(document, pointer, *of)));
    }
    if kind == "Sensor"
        && let Some(of) = document["ReadingType"].as_str().and_then(quantity)
    {
        found.extend(reading(document, "/Reading".to_owned(), of));
    }
    if kind == "Power" {
        found.extend(taken(document));
    }
    let parts = part::marked(kind, document, places);
    let parts: Vec<_> =
        parts.filter(|(pointer, _)| found.iter().all(|(other, _)| other != pointer)).collect();
    found.extend(parts);
    let mut said = Vec::new();
    words(document, "", &mut said);
    found.retain(|(pointer, _)| said.iter().all(|(other, _)| other != pointer));
    found.extend(said);
    found
}

fn taken(document: &Value) -> Vec<(String, Fact)> {
    let metrics = places(document, "/PowerControl/*/PowerMetrics");
    let of_one = |at: String| {
        let around = at.rsplit_once('/').and_then(|(around, _)| document.pointer(around));
        let on = around.and_then(|it| it["PowerConsumedWatts"].as_f64());
        let told = TAKEN.iter().map(move |(name, what)| (format!("{at}/{name}"), *what));
        on.into_iter().flat_map(move |on| told.clone().map(move |(at, what)| (at, Fact::Taken { what, on })))
    };
    metrics.into_iter().flat_map(of_one).filter(|(at, _)| document.pointer(at).is_some()).collect()
}

/// Every place where a word stands for a fact.
fn words(value: &Value, at: &str, found: &mut Vec<(String, Fact)>) {
    match value {
        Value::String(text) => {
            let fact = WORDS.iter().find(|(word, _)| word == text);
            found.extend(fact.map(|(_, fact)| (at.to_owned(), fact.clone())));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| words(item, &format!("{at}/{place}"), found));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            words(member, &format!("{at}/{name}"), found);
        }),
        _ => {}
    }
}

fn reading(document: &Value, pointer: String, of: Quantity) -> Option<(String, Fact)> {
    let value = document.pointer(&pointer)?;
    let (on, whole) = (value.as_f64()?, value.is_i64());
    if of == Quantity::Volts && is_battery(document, &pointer) {
        return None;
    }
    Some((pointer, Fact::Reading { of, on, whole }))
}

/// A battery has its voltage whether the host is on or off.
fn is_battery(document: &Value, pointer: &str) -> bool {
    let around = pointer.rsplit_once('/').and_then(|(around, _)| document.pointer(around));
    let names = around.into_iter().flat_map(|around| [&around["Id"], &around["Name"]]);
    names.filter_map(Value::as_str).any(|name| name.to_ascii_lowercase().contains("bat"))
}

fn quantity(reading_type: &str) -> Option<Quantity> {
    Some(match reading_type {
        "Temperature" => Quantity::Temperature,
        "Rotational" => Quantity::Fan,
        "Power" => Quantity::Watts,
        "Voltage" => Quantity::Volts,
        _ => return None,
    })
}

/// The pointers that this one means: `*` is every item of an array.
fn places(document: &Value, pointer: &str) -> Vec<String> {
    let Some((before, after)) = pointer.split_once("/*") else {
        return vec![pointer.to_owned()];
    };
    let items = document.pointer(before).and_then(Value::as_array).map_or(0, Vec::len);
    (0..items).flat_map(|item| places(document, &format!("{before}/{item}{after}"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_is_every_item() {
        let thermal = json!({"Fans": [{"Reading": 5000}, {"Reading": 5100}, {"Name": "absent"}]});
        let found = bound("Thermal", Place::Other, &thermal);
        let places: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(places, ["/Fans/0/Reading", "/Fans/1/Reading"]);
    }

    #[test]
    fn a_word_in_a_document_is_stronger_than_its_schema() {
        let system = json!({"SerialNumber": "$board-serial", "Oem": {"Dell": {"ServiceTag": "$serial"}}});
        let found = bound("ComputerSystem", Place::Own, &system);
        let facts: Vec<_> = found.iter().map(|(pointer, fact)| format!("{pointer} {fact:?}")).collect();
        assert_eq!(facts, ["/SerialNumber BoardSerial", "/Oem/Dell/ServiceTag Serial"]);
    }

    #[test]
    fn only_the_machine_s_own_system_follows_it() {
        let system = json!({"PowerState": "On"});
        assert_eq!(bound("ComputerSystem", Place::Own, &system).len(), 1);
        assert_eq!(bound("ComputerSystem", Place::Other, &system).len(), 0);
    }

    #[test]
    fn a_battery_has_its_voltage_without_the_host() {
        let rail = |name: &str| json!({"Id": name, "Name": name, "ReadingType": "Voltage", "Reading": 3.1});
        assert_eq!(bound("Sensor", Place::Other, &rail("P3V3")).len(), 1);
        assert_eq!(bound("Sensor", Place::Other, &rail("VBAT")).len(), 0);
        let power = json!({"Voltages": [{"Name": "12 V", "ReadingVolts": 12.1}, {"Name": "Battery", "ReadingVolts": 3}]});
        let found = bound("Power", Place::Other, &power);
        assert_eq!(found.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["/Voltages/0/ReadingVolts"]);
    }
}
