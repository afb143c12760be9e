//! What reads a BMC's bytes, as a fuzzer reaches it. No part of the API.

use super::{dcmi, fru, rmcp::sol, sdr::record::SensorRecord, sel};

/// Reads bytes as what the first of them says; whether they were understood.
pub fn read(bytes: &[u8]) -> bool {
    let Some((&[kind, with], rest)) = bytes.split_first_chunk() else { return false };
    match kind % 5 {
        0 => sensors(rest, with),
        1 => sel::is_read(rest, (with != 0).then_some(i16::from(with).wrapping_mul(257))),
        2 => fru::is_read(rest),
        3 => dcmi::is_read(rest),
        _ => characters(rest, usize::from(with)),
    }
}

/// A sensor's record, and the value of a reading under its factors and under others.
fn sensors(record: &[u8], raw: u8) -> bool {
    let Ok(sensors) = SensorRecord::read(record) else { return false };
    for sensor in &sensors {
        assert!(!sensor.id().is_empty());
        let _ = sensor.has_thresholds();
        let Some(analog) = &sensor.analog else { continue };
        let told = analog.factors.for_reading(record);
        let values = [Some(analog.factors), told].into_iter().flatten().map(|it| it.value(raw));
        assert!(values.flatten().all(f64::is_finite));
    }
    !sensors.is_empty()
}

/// Packets of a console, one behind the other, each after its length.
fn characters(mut packets: &[u8], room: usize) -> bool {
    let mut line = sol::Line::new(64);
    while let Some((&length, rest)) = packets.split_first() {
        let (packet, rest) = rest.split_at(rest.len().min(usize::from(length)));
        packets = rest;
        if !line.is_busy() {
            line.send(packet);
        }
        if let Ok(packet) = sol::decode(packet) {
            assert!(line.hear(&packet, room).data.len() <= room);
        }
    }
    line.is_busy()
}
