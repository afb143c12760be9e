//! What IPMI tells as states: power supplies, redundancy, the cover, the power state, the watchdog, the button.

use serde_json::Value;

use super::{Around, Discrete, Kind, Sensors, Spot, collect::own};
use crate::{machine::Power, redfish::Tree};

/// What a sensor that notices is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// A power supply: present, failed, predicted to fail, without input.
    Supply,
    /// Whether one supply is enough.
    SupplyRedundancy,
    /// Whether enough fans turn.
    FanRedundancy,
    /// A processor: present, thermal trip, internal error.
    Processor,
    /// The chassis is open.
    Intrusion,
    /// ACPI's power state.
    Acpi,
    /// The host has no power.
    PowerUnit,
    /// What the watchdog did.
    Watchdog,
    /// A button is pressed.
    Button,
    /// What happened to the event log.
    EventLog,
    /// Where the host's firmware is.
    Post,
    /// An operating system was booted.
    Boot,
    /// An operating system has stopped.
    OsStop,
    /// Why the host started.
    Restart,
    /// A diagnostic interrupt.
    Interrupt,
}

/// Name, entity and sensor: those that a platform has.
type Row = (&'static str, (u8, u8), Of, u8, u8, u16);

/// Those that every machine has: name, entity, what, type (table 42-3), kind of states (table 42-1), states.
const EVERYWHERE: &[Row] = &[
    ("Intrusion", (0x17, 1), Of::Intrusion, 0x05, 0x6F, 0x0001),
    ("ACPI State", (0x17, 1), Of::Acpi, 0x22, 0x6F, 0x0021),
    ("Power Unit", (0x13, 1), Of::PowerUnit, 0x09, 0x6F, 0x0013),
    ("Power Button", (0x17, 1), Of::Button, 0x14, 0x6F, 0x0001),
    ("Watchdog", (0x07, 1), Of::Watchdog, 0x23, 0x6F, 0x010F),
    ("Event Log", (0x07, 1), Of::EventLog, 0x10, 0x6F, 0x0034),
    ("POST", (0x22, 1), Of::Post, 0x0F, 0x6F, 0x0007),
    ("OS Boot", (0x23, 1), Of::Boot, 0x1F, 0x6F, 0x007F),
    ("OS Stop", (0x23, 1), Of::OsStop, 0x20, 0x6F, 0x000F),
    ("Restart", (0x07, 1), Of::Restart, 0x1D, 0x6F, 0x00FF),
    ("Interrupt", (0x07, 1), Of::Interrupt, 0x13, 0x6F, 0x0001),
];

/// All that a platform has.
pub(super) fn all(tree: &Tree) -> Vec<(String, (u8, u8), Discrete)> {
    let mut found = Vec::new();
    let supplies = supplies(tree);
    for (place, shown) in supplies.iter().enumerate() {
        let instance = place as u8 + 1;
        let supply = sensor(Of::Supply, 0x08, 0x6F, 0x000F, shown.clone());
        found.push((format!("PSU{instance} Status"), (0x0A, instance), supply));
    }
    if supplies.len() > 1 {
        let of = sensor(Of::SupplyRedundancy, 0x08, 0x0B, 0x0023, Vec::new());
        found.push(("PSU Redundancy".to_owned(), (0x13, 1), of));
    }
    if own(tree, "Thermal").any(|it| it.template()["Fans"].as_array().is_some_and(|it| it.len() > 1)) {
        let of = sensor(Of::FanRedundancy, 0x04, 0x0B, 0x0023, Vec::new());
        found.push(("Fan Redundancy".to_owned(), (0x1E, 1), of));
    }
    for (place, shown) in processors(tree).into_iter().enumerate() {
        let instance = place as u8 + 1;
        let processor = sensor(Of::Processor, 0x07, 0x6F, 0x0083, vec![shown]);
        found.push((format!("CPU{instance} Status"), (0x03, instance), processor));
    }
    for (name, entity, of, type_, kind, possible) in EVERYWHERE {
        let shown = if *of == Of::Intrusion { cover(tree) } else { Vec::new() };
        found.push(((*name).to_owned(), *entity, sensor(*of, *type_, *kind, *possible, shown)));
    }
    found
}

fn sensor(of: Of, type_: u8, reading_type: u8, possible: u16, shown: Vec<Spot>) -> Discrete {
    Discrete { of, type_, reading_type, possible, shown }
}

/// Where each power supply is shown, in order.
pub(crate) fn supplies(tree: &Tree) -> Vec<Vec<Spot>> {
    let mut found: Vec<Vec<Spot>> =
        own(tree, "PowerSupply").map(|it| vec![(it.path.to_string(), String::new())]).collect();
    for power in own(tree, "Power") {
        let count = power.template()["PowerSupplies"].as_array().map_or(0, Vec::len);
        for place in 0..count {
            let spot = (power.path.to_string(), format!("/PowerSupplies/{place}"));
            match found.get_mut(place) {
                Some(shown) => shown.push(spot),
                None => found.push(vec![spot]),
            }
        }
    }
    found.truncate(8);
    found
}

fn processors(tree: &Tree) -> Vec<Spot> {
    let below = format!("{}/", tree.system());
    let is_cpu = |it: &Value| matches!(it["ProcessorType"].as_str(), Some("CPU") | None);
    let all = tree.documents().iter().filter(|it| &*it.kind == "Processor" && it.path.starts_with(&below));
    all.filter(|it| is_cpu(it.template())).map(|it| (it.path.to_string(), String::new())).take(8).collect()
}

fn cover(tree: &Tree) -> Vec<Spot> {
    let chassis = tree.document(tree.chassis());
    let pointer = "/PhysicalSecurity/IntrusionSensor";
    let shown = chassis.filter(|it| it.template().pointer(pointer).is_some());
    shown.map(|it| (it.path.to_string(), pointer.to_owned())).into_iter().collect()
}

impl Of {
    /// The states of a machine to which nothing has happened.
    pub(super) fn usual(self, sensors: &Sensors, around: Around<'_>) -> u16 {
        let is_off = matches!(around.view.power, Power::Off | Power::PoweringOn);
        match self {
            Self::Supply => 1 << 0,
            Self::Processor => 1 << 7,
            Self::Acpi if is_off => 1 << 5,
            Self::Acpi => 1 << 0,
            Self::PowerUnit => u16::from(is_off),
            Self::SupplyRedundancy | Self::FanRedundancy => redundancy(self, sensors, around),
            Self::Intrusion
            | Self::Watchdog
            | Self::Button
            | Self::EventLog
            | Self::Post
            | Self::Boot
            | Self::OsStop
            | Self::Restart
            | Self::Interrupt => 0,
        }
    }
}

/// Full redundancy, redundancy lost, or not enough at all (table 42-2, 0Bh).
fn redundancy(of: Of, sensors: &Sensors, around: Around<'_>) -> u16 {
    let fine = |number: u8, kind: &Kind| match kind {
        Kind::Discrete(discrete) if of == Of::SupplyRedundancy && discrete.of == Of::Supply => {
            Some(discrete.states(number, sensors, around).is_some_and(|it| it & 0x0B == 1))
        }
        Kind::Analog(analog) if of == Of::FanRedundancy && analog.unit.sensor_type() == 0x04 => {
            let value = analog.value(number, around);
            // A fan that stands still because the host is off is not broken.
            Some(match value {
                Some(value) => analog.beyond(value, around.written) & 0x06 == 0,
                None => around.written.given().state(number).is_none(),
            })
        }
        _ => None,
    };
    let all: Vec<bool> = sensors.all().iter().filter_map(|it| fine(it.number, &it.kind)).collect();
    match all.iter().filter(|it| !**it).count() {
        0 => 1 << 0,
        broken if broken < all.len() => 1 << 1,
        _ => 1 << 5,
    }
}
