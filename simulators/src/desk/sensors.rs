//! What the desk does to sensors.

use serde_json::Value;

use super::route::{Said, refuse};
use crate::{control::Control, rules::Node, sensors::SensorState};

const WHAT: &str = "{\"reading\": 1000}, {\"states\": 3}, \"unavailable\" or null";

/// Gives sensors readings, states or faults, or takes that back: `{"Fan 2": {"reading": 1000}, "PSU1 Status": {"states": 3},
/// "Inlet Temp": "unavailable", "Fan 3": null}`. All of it is read before anything is done.
pub(super) fn set(control: &Control, body: &Value) -> Result<(), Said> {
    let Value::Object(sensors) = body else {
        return Ok(Node::new("", body).wrong("{\"NAME\": …} with names as GET has them")?);
    };
    let mut given = Vec::with_capacity(sensors.len());
    for (name, state) in sensors {
        given.push((name.as_str(), self::state(name, state)?));
    }
    control.set_sensors(&given).map_err(|error| refuse(400, error.to_string(), WHAT))
}

fn state(name: &str, value: &Value) -> Result<Option<SensorState>, Said> {
    let at = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let node = Node::new(&at, value);
    if value.is_null() {
        return Ok(None);
    }
    if value == "unavailable" {
        return Ok(Some(SensorState::Unavailable));
    }
    let object = node.object(&["reading", "states"], WHAT)?;
    let reading = object.get("reading").and_then(Value::as_f64).map(SensorState::Reading);
    let states = object.get("states").and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok());
    match (object.len(), reading.or(states.map(SensorState::States))) {
        (1, Some(state)) => Ok(Some(state)),
        _ => Ok(node.wrong(WHAT)?),
    }
}
