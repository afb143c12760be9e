//! What somebody gave a sensor beside the wire: a reading, states, or that it is broken; and how Redfish shows it.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value, json};

use super::{Around, Kind, Of, Sensor, Spot, Which, collect::own};
use crate::{redfish::Tree, written::Written};

/// What a sensor has by the hand of whoever controls the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SensorState {
    /// It measures this, in its own unit.
    Reading(f64),
    /// It notices these states, one bit each (IPMI v2.0 table 42-3).
    States(u16),
    /// It is broken: there is no reading.
    Unavailable,
}

impl fmt::Display for SensorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading(value) => write!(f, "the reading {value}"),
            Self::States(states) => write!(f, "the states {states}"),
            Self::Unavailable => f.write_str("no reading"),
        }
    }
}

/// All that was given, and where Redfish shows it.
#[derive(Debug, Default)]
pub(crate) struct Given {
    states: BTreeMap<u8, SensorState>,
    shown: BTreeMap<u8, Vec<(Spot, Value)>>,
}

impl Given {
    /// What this sensor was given.
    pub(crate) fn state(&self, number: u8) -> Option<SensorState> {
        self.states.get(&number).copied()
    }

    /// What stands in this resource because of it.
    pub(crate) fn of<'g>(&'g self, path: &'g str) -> impl Iterator<Item = (&'g str, &'g Value)> {
        let all = self.shown.values().flatten();
        all.filter(move |((at, _), _)| at == path).map(|((_, pointer), value)| (pointer.as_str(), value))
    }

    /// Whether no sensor was given anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Whether anything stands in this resource because of it.
    pub(crate) fn is_in(&self, path: &str) -> bool {
        self.of(path).next().is_some()
    }

    /// Gives a sensor something, or takes it back.
    pub(super) fn give(&mut self, number: u8, state: Option<SensorState>, shown: Vec<(Spot, Value)>) {
        match state {
            Some(state) => {
                self.states.insert(number, state);
                self.shown.insert(number, shown);
            }
            None => {
                self.states.remove(&number);
                self.shown.remove(&number);
            }
        }
    }
}

impl Sensor {
    /// Gives it a reading, states or a fault, or takes that back; both faces show it from now on.
    pub(crate) fn give(&self, state: Option<SensorState>, tree: &Tree, written: &mut Written) {
        let shown = state.map(|state| self.shown(state, tree, written)).unwrap_or_default();
        written.given_mut().give(self.number, state, shown);
    }

    /// Whether it can have this.
    pub(crate) fn takes(&self, state: SensorState) -> bool {
        match (&self.kind, state) {
            (Kind::Analog(_), SensorState::Reading(value)) => value.is_finite(),
            (Kind::Discrete(discrete), SensorState::States(states)) => states & !discrete.possible == 0,
            (_, SensorState::Unavailable) => true,
            _ => false,
        }
    }

    fn shown(&self, state: SensorState, tree: &Tree, written: &Written) -> Vec<(Spot, Value)> {
        match (&self.kind, state) {
            (Kind::Analog(analog), SensorState::Reading(value)) => {
                let health = health(analog.beyond(value, written));
                let around =
                    |spot: &Spot| [(spot.clone(), number(value)), (status(spot, "Health"), json!(health))];
                existing(analog.shown.iter().flat_map(around), tree)
            }
            (Kind::Analog(analog), _) => {
                let around = |spot: &Spot| {
                    [
                        (spot.clone(), Value::Null),
                        (status(spot, "State"), json!("UnavailableOffline")),
                        (status(spot, "Health"), json!("Critical")),
                    ]
                };
                existing(analog.shown.iter().flat_map(around), tree)
            }
            (Kind::Discrete(discrete), state) => {
                let states = if let SensorState::States(states) = state { Some(states) } else { None };
                let all = discrete.shown.iter().flat_map(|spot| discrete.of.shown(states, spot));
                existing(all, tree)
            }
        }
    }
}

impl Of {
    /// What Redfish says of states of this; `None` is of a sensor that is broken.
    fn shown(self, states: Option<u16>, (path, pointer): &Spot) -> Vec<(Spot, Value)> {
        let at = |end: &str| (path.clone(), format!("{pointer}{end}"));
        let is = |bit: u16| states.is_some_and(|it| it & 1 << bit != 0);
        match (self, states) {
            (Self::Intrusion, Some(states)) => {
                vec![(at(""), json!(if states & 1 == 0 { "Normal" } else { "HardwareIntrusion" }))]
            }
            (Self::Supply | Self::Processor, None) => {
                vec![(at("/Status/State"), json!("UnavailableOffline"))]
            }
            (Self::Supply, Some(_)) => {
                let state = if is(0) { "Enabled" } else { "Absent" };
                let health = match () {
                    () if is(1) || is(3) => "Critical",
                    () if is(2) => "Warning",
                    () => "OK",
                };
                let mut said =
                    vec![(at("/Status/State"), json!(state)), (at("/Status/Health"), json!(health))];
                said.extend(is(3).then(|| (at("/LineInputStatus"), json!("LossOfInput"))));
                said
            }
            (Self::Processor, Some(_)) => {
                let health = if is(0) || is(1) { "Critical" } else { "OK" };
                let state = if is(7) { "Enabled" } else { "Absent" };
                vec![(at("/Status/State"), json!(state)), (at("/Status/Health"), json!(health))]
            }
            _ => Vec::new(),
        }
    }
}

/// The health of a sensor that is at or beyond these thresholds.
pub(crate) fn health(beyond: u8) -> &'static str {
    match beyond {
        beyond if beyond & 0x36 != 0 => "Critical",
        0 => "OK",
        _ => "Warning",
    }
}

/// Where the object around a reading says how it is; an excerpt says so around itself.
fn status((path, pointer): &Spot, what: &str) -> Spot {
    let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
    let part = around.strip_suffix("/SpeedPercent").unwrap_or(around);
    (path.clone(), format!("{part}/Status/{what}"))
}

/// A number as JSON writes it: whole where it is whole.
pub(crate) fn number(value: f64) -> Value {
    let rounded = (value * 1000.0).round() / 1000.0;
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 { json!(rounded as i64) } else { json!(rounded) }
}

/// Those of properties that are there.
fn existing(all: impl Iterator<Item = (Spot, Value)>, tree: &Tree) -> Vec<(Spot, Value)> {
    let is_there = |(path, pointer): &Spot| {
        tree.document(path).is_some_and(|it| it.template().pointer(pointer).is_some())
    };
    all.filter(|(spot, _)| is_there(spot)).collect()
}

/// What Redfish shows of it, in words: by its names there, with the power supplies and what else measures there. Where there
/// are `Sensor`s, they are all: Thermal and Power are deprecated in their favour (DSP0268).
pub(crate) fn shown(sensors: &super::Sensors, around: Around<'_>) -> Value {
    let documents: Vec<&str> = own(around.tree, "Sensor").map(|it| &*it.path).collect();
    let is_shown = |analog: &super::Analog| {
        documents.is_empty() || analog.shown.iter().any(|(path, _)| documents.contains(&path.as_str()))
    };
    let mut all = Vec::new();
    for sensor in sensors.all() {
        match &sensor.kind {
            Kind::Analog(analog) if !is_shown(analog) => {}
            Kind::Analog(_) => {
                let mut said = said(sensor, sensors, around);
                said["name"] = json!(sensor.full_name);
                all.push(said);
            }
            Kind::Discrete(discrete) if discrete.of == Of::Supply => {
                let states = discrete.states(sensor.number, sensors, around);
                let first = discrete.shown.first();
                let document =
                    first.and_then(|(path, at)| around.tree.document(path)?.template().pointer(at));
                let name = document.map(|it| it["Name"].clone());
                all.push(json!({"name": name, "present": states.is_some_and(|it| it & 1 != 0)}));
            }
            Kind::Discrete(_) => {}
        }
    }
    let analog = sensors.all().iter().filter_map(Sensor::analog);
    let known: Vec<&str> = analog.flat_map(|it| &it.shown).map(|(path, _)| path.as_str()).collect();
    let others = own(around.tree, "Sensor").filter(|it| !known.contains(&&*it.path));
    all.extend(others.map(|it| {
        let it = it.value(around.view);
        json!({"name": it["Name"], "reading": it["Reading"], "unit": it["ReadingUnits"]})
    }));
    all.into()
}

/// All of it in words, for whoever looks beside the wire.
pub(crate) fn said(sensor: &Sensor, sensors: &super::Sensors, around: Around<'_>) -> Value {
    let mut said = Map::new();
    said.insert("name".to_owned(), json!(sensor.name));
    said.insert("redfish".to_owned(), json!(sensor.full_name));
    said.insert("number".to_owned(), json!(sensor.number));
    match &sensor.kind {
        Kind::Analog(analog) => {
            let value = analog.value(sensor.number, around);
            said.insert("reading".to_owned(), value.map_or(Value::Null, number));
            said.insert("resolution".to_owned(), number(analog.scale.step()));
            let limit = |which: &Which| Some((which.word(), number(analog.limit(*which, around.written)?)));
            let limits = Which::ALL.iter().filter_map(limit);
            let limits = limits.map(|(word, value)| (word.to_owned(), value)).collect();
            said.insert("thresholds".to_owned(), Value::Object(limits));
        }
        Kind::Discrete(discrete) => {
            let states = discrete.states(sensor.number, sensors, around);
            said.insert("states".to_owned(), json!(states));
        }
    }
    let is_given = around.written.given().state(sensor.number).is_some();
    said.insert("given".to_owned(), json!(is_given));
    Value::Object(said)
}
