//! Sensor data records (IPMI v2.0 §43): of every sensor, of every inventory, and of the BMC itself.

use super::fru;
use crate::{
    redfish::Tree,
    sensors::{Analog, Discrete, Kind, Sensor, Sensors},
};

/// The version of the records (§43.1).
pub(crate) const VERSION: u8 = 0x51;

/// The slave address of the BMC (§5.2).
const BMC: u8 = 0x20;

/// All records of a platform, in the order of their ids, which begin with 1.
pub(crate) fn records(tree: &Tree) -> &[Box<[u8]>] {
    let sensors = tree.sensors();
    sensors.records(|| all(tree, sensors))
}

fn all(tree: &Tree, sensors: &Sensors) -> Vec<Box<[u8]>> {
    let of_sensors = sensors.all().iter().map(|sensor| match &sensor.kind {
        Kind::Analog(analog) => (0x01, full(sensor, analog)),
        Kind::Discrete(discrete) => (0x02, compact(sensor, discrete)),
    });
    let devices = fru::devices(tree);
    let of_devices = devices.iter().map(|device| (0x11, inventory(device)));
    let bodies = of_sensors.chain(of_devices).chain([(0x12, controller())]);
    bodies.zip(1u16..).map(|((kind, body), id)| record(id, kind, &body)).collect()
}

/// The header of a record, and the record (§43).
fn record(id: u16, kind: u8, body: &[u8]) -> Box<[u8]> {
    let [low, high] = id.to_le_bytes();
    let header = [low, high, VERSION, kind, body.len() as u8];
    [&header, body].concat().into()
}

/// A full sensor record (§43.1).
fn full(sensor: &Sensor, analog: &Analog) -> Vec<u8> {
    let mask = analog.mask();
    let (lower, upper) = (mask & 0x07, mask >> 3);
    // Events: a lower threshold on going low, an upper one on going high, both ways (table 42-2).
    let events: u16 =
        analog.limits.iter().map(|it| 1u16 << it.which.event()).fold(0, |mask, event| mask | event);
    let byte = |value: f64| analog.scale.byte(value);
    let limit = |which: usize| {
        let limit = analog.limits.iter().find(|it| it.which as usize == which);
        limit.map_or(0, |it| byte(it.value))
    };
    let has_limits = mask != 0;
    let percent = u8::from(analog.unit == crate::sensors::Unit::Percent);
    let format = if analog.scale.is_signed { 0x80 } else { 0x00 };
    let mut body = vec![BMC, 0, sensor.number, sensor.entity.0, sensor.entity.1];
    // Scanning, events, thresholds, hysteresis and type are set up at start (byte 11); rearms by itself, hysteresis and
    // thresholds to read and write, events for each threshold (byte 12).
    body.extend([0x7F, if has_limits { 0x68 } else { 0x43 }, sensor.type_(), 0x01]);
    body.extend((events | u16::from(lower) << 12).to_le_bytes());
    body.extend((events | u16::from(upper) << 12).to_le_bytes());
    body.extend([mask, mask]);
    body.extend([format | percent, analog.unit.number(), 0, 0]);
    body.extend(analog.scale.factors());
    let (least, most) = (byte(analog.range.0), byte(analog.range.1));
    body.extend([0x01, byte(analog.nominal), 0, 0, most, least]);
    body.extend([limit(5), limit(4), limit(3), limit(2), limit(1), limit(0)]);
    body.extend([HYSTERESIS, HYSTERESIS, 0, 0, 0]);
    named(body, &sensor.name)
}

/// The hysteresis of a sensor that was told nothing else, in steps (§35.6).
pub(crate) const HYSTERESIS: u8 = 1;

/// A compact sensor record (§43.2).
fn compact(sensor: &Sensor, discrete: &Discrete) -> Vec<u8> {
    let possible = discrete.possible.to_le_bytes();
    let mut body = vec![BMC, 0, sensor.number, sensor.entity.0, sensor.entity.1];
    // Rearms by itself; neither hysteresis nor thresholds; events for each state.
    body.extend([0x67, 0x40, discrete.type_, discrete.reading_type]);
    body.extend([possible, possible, possible].concat());
    // No number is read; nothing is shared.
    body.extend([0xC0, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 0]);
    named(body, &sensor.name)
}

/// A locator of an inventory behind the BMC (§43.8).
fn inventory(device: &fru::Device) -> Vec<u8> {
    let (entity, instance) = device.entity;
    named(vec![BMC, device.id, 0x80, 0, 0, 0x10, 0, entity, instance, 0], &device.name)
}

/// The locator of the BMC (§43.9): chassis, inventory, SEL, SDRs and sensors, as in Get Device ID.
fn controller() -> Vec<u8> {
    named(vec![BMC, 0, 0, 0x8F, 0, 0, 0, 0x06, 1, 0], "BMC")
}

/// A record with its name at its end, in 8-bit ASCII (§43.15).
fn named(mut body: Vec<u8>, name: &str) -> Vec<u8> {
    let name = &name.as_bytes()[..name.len().min(16)];
    body.push(0xC0 | name.len() as u8);
    body.extend(name);
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    #[test]
    fn a_record_has_the_length_that_it_says_and_the_id_of_its_place() {
        for name in Profile::names() {
            let tree = Profile::named(name).unwrap().tree();
            let records = records(&tree);
            for (place, record) in records.iter().enumerate() {
                assert_eq!(u16::from_le_bytes([record[0], record[1]]) as usize, place + 1, "{name}");
                assert_eq!((record[2], usize::from(record[4])), (0x51, record.len() - 5), "{name}");
                assert!(record.len() <= 64, "{name}: {}", record.len());
            }
            let count = |kind| records.iter().filter(|it| it[3] == kind).count();
            assert!(count(0x01) >= 10 && count(0x02) >= 10 && count(0x11) >= 1, "{name}");
            assert_eq!(count(0x12), 1);
        }
    }

    #[test]
    fn the_name_stands_where_each_kind_of_record_has_it() {
        let tree = Profile::named("generic").unwrap().tree();
        for record in records(&tree) {
            let at = match record[3] {
                0x01 => 47,
                0x02 => 31,
                _ => 15,
            };
            assert_eq!(usize::from(record[at] & 0x1F), record.len() - at - 1, "{record:02x?}");
        }
    }

    #[test]
    fn the_inlet_temperature_is_said_as_the_standard_has_it() {
        let tree = Profile::named("generic").unwrap().tree();
        let record = records(&tree).iter().find(|it| it.ends_with(b"Inlet Temp")).unwrap();
        // Owner, entity and type.
        assert_eq!(record[5..14], [0x20, 0, 1, 0x37, 1, 0x7F, 0x68, 0x01, 0x01]);
        // All but lower fatal: events 0, 2, 7, 9 and 11.
        assert_eq!(record[14..20], [0x85, 0x3A, 0x85, 0x7A, 0x3B, 0x3B]);
        // Two's complement, degrees, linear, M 1, B 0.
        assert_eq!(record[20..30], [0x80, 1, 0, 0, 1, 0, 0, 0, 0, 0]);
        // Nominal 22, -20 to 90; 47, 42, 38, none, 0 and 5.
        assert_eq!(record[30..42], [1, 22, 0, 0, 90, 0xEC, 47, 42, 38, 0, 0, 5]);
    }
}
