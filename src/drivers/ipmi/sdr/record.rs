//! One sensor data record: full and compact sensors (IPMI v2.0 §43.1, §43.2), without I/O.

use super::linear::Factors;
use crate::{
    drivers::ipmi::{
        fru::areas::{bcd_plus, clean, six_bits},
        rmcp::{Malformed, field},
    },
    model::{SensorKind, Unit},
};

/// Bytes of a record's header: ID, version, type, length.
pub(in super::super) const HEADER: usize = 5;

const FULL: u8 = 0x01;
const COMPACT: u8 = 0x02;
/// The event/reading type of a sensor with thresholds (table 42-1).
const THRESHOLD: u8 = 0x01;

/// A sensor by its record.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct SensorRecord {
    pub(in super::super) owner: u8,
    /// Logical unit, 0 to 3.
    pub(in super::super) lun: u8,
    pub(in super::super) number: u8,
    pub(in super::super) name: String,
    /// Sensor type (table 42-3).
    pub(in super::super) kind: u8,
    /// Event/reading type (table 42-1).
    pub(in super::super) event: u8,
    /// How a byte becomes a value; `None` for a sensor that has states only.
    pub(in super::super) analog: Option<Analog>,
}

/// What a full record says of an analog sensor.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Analog {
    pub(in super::super) unit: Unit,
    pub(in super::super) factors: Factors,
    /// Which thresholds can be read from the BMC, as six bits from lower non-critical up (§35.9).
    pub(in super::super) readable: u8,
    /// Whether there are thresholds at all, and the BMC gives them.
    pub(in super::super) has_thresholds: bool,
    /// The thresholds by the record, in the order of [`Analog::readable`]'s bits.
    pub(in super::super) initial: [u8; 6],
}

impl SensorRecord {
    /// The sensors of a record: none for a record of another kind, several for a shared one (§43.2).
    pub(in super::super) fn read(record: &[u8]) -> Result<Vec<Self>, Malformed> {
        match record.get(3) {
            Some(&FULL) => Ok(vec![full(record)?]),
            Some(&COMPACT) => compact(record),
            Some(_) => Ok(Vec::new()),
            None => Err(Malformed::Short { what: "SDR", bytes: record.len(), needed: HEADER }),
        }
    }

    /// `owner/number`, and the logical unit where it is not the first.
    pub(in super::super) fn id(&self) -> String {
        sensor_id(self.owner, self.lun, self.number)
    }

    pub(in super::super) fn has_thresholds(&self) -> bool {
        self.event == THRESHOLD
    }
}

/// A sensor's ID in the contract.
pub(in super::super) fn sensor_id(owner: u8, lun: u8, number: u8) -> String {
    if lun == 0 { format!("{owner:02x}h/{number:02x}h") } else { format!("{owner:02x}h.{lun}/{number:02x}h") }
}

fn full(record: &[u8]) -> Result<SensorRecord, Malformed> {
    let what = "full sensor record";
    let [owner, lun, number] = field(record, 5, what)?;
    let [capabilities, kind, event] = field(record, 11, what)?;
    let [readable, _, units, base, _, linearization, m, m_high, b, b_high, _, exponents] =
        field(record, 18, what)?;
    let [unr, uc, unc, lnr, lc, lnc] = field(record, 36, what)?;
    let factors = Factors {
        format: units >> 6,
        linearization: linearization & 0x7F,
        m: ten_bits(m, m_high),
        b: ten_bits(b, b_high),
        result_exponent: four_bits(exponents >> 4),
        b_exponent: four_bits(exponents),
    };
    let analog = Analog {
        unit: unit_of(units, base),
        factors,
        readable: readable & 0x3F,
        // Bits 3:2: none, readable, readable and settable, fixed and unreadable (§43.1).
        has_thresholds: event == THRESHOLD && matches!(capabilities >> 2 & 0x03, 1 | 2),
        initial: [lnc, lc, lnr, unc, uc, unr],
    };
    let name = name(record, 47).unwrap_or_else(|| format!("sensor {number:02x}h"));
    // 11b as the format says that it gives no value; many leave that out for sensors with states, and fill in nothing else.
    let gives = units >> 6 != 0b11 && (event == THRESHOLD || (analog.factors.m != 0 && base != 0));
    let analog = gives.then_some(analog);
    Ok(SensorRecord { owner, lun: lun & 0x03, number, name, kind, event: event & 0x7F, analog })
}

fn compact(record: &[u8]) -> Result<Vec<SensorRecord>, Malformed> {
    let what = "compact sensor record";
    let [owner, lun, number] = field(record, 5, what)?;
    let [kind, event] = field(record, 12, what)?;
    let [sharing, offset] = field(record, 23, what)?;
    let name = name(record, 31);
    let count = (sharing & 0x0F).max(1);
    let sensor = |at: u8| {
        let number = number.wrapping_add(at);
        let name = match &name {
            Some(name) if count > 1 => format!("{name}{}", instance(sharing, offset, at)),
            Some(name) => name.clone(),
            None => format!("sensor {number:02x}h"),
        };
        SensorRecord { owner, lun: lun & 0x03, number, name, kind, event: event & 0x7F, analog: None }
    };
    Ok((0..count).map(sensor).collect())
}

/// What tells the sensors of a shared record apart: a number or letters, counted from an offset (§43.2).
fn instance(sharing: u8, offset: u8, at: u8) -> String {
    let number = (offset & 0x7F).wrapping_add(at);
    if sharing >> 4 & 0x03 != 1 {
        return number.to_string();
    }
    let letter = |n: u8| char::from(b'A' + n % 26);
    if number < 26 {
        letter(number).to_string()
    } else {
        [letter(number / 26 - 1), letter(number)].iter().collect()
    }
}

/// The ID string behind its type/length byte (§43.15): 16 bytes at most, as UTF-8, BCD plus, 6-bit ASCII or Latin-1.
fn name(record: &[u8], at: usize) -> Option<String> {
    let kind = *record.get(at)?;
    let rest = &record[at + 1..];
    let bytes = &rest[..rest.len().min(usize::from(kind & 0x1F))];
    let text: String = match kind >> 6 {
        0b00 => String::from_utf8_lossy(bytes).into_owned(),
        0b01 => bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).map(bcd_plus).collect(),
        0b10 => bytes.chunks(3).flat_map(six_bits).collect(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    clean(&text)
}

/// Ten bits in two's complement: eight in one byte, the upper two at the top of the next.
pub(super) fn ten_bits(low: u8, high: u8) -> i16 {
    let bits = u16::from(high & 0xC0) << 2 | u16::from(low);
    (bits << 6).cast_signed() >> 6
}

/// Four bits in two's complement.
pub(super) fn four_bits(nibble: u8) -> i8 {
    (nibble << 4).cast_signed() >> 4
}

/// The unit (table 43-15). A rate or a unit that another one modifies has no word in the contract.
fn unit_of(units: u8, base: u8) -> Unit {
    if units & 0x01 != 0 {
        return Unit::Percent;
    }
    if units & 0x3E != 0 {
        return Unit::Other;
    }
    match base {
        1 => Unit::Celsius,
        2 => Unit::Fahrenheit,
        3 => Unit::Kelvin,
        4 => Unit::Volts,
        5 => Unit::Amperes,
        6 => Unit::Watts,
        7 => Unit::Joules,
        9 => Unit::VoltAmperes,
        14 => Unit::Kilopascals,
        17 => Unit::CubicFeetPerMinute,
        18 => Unit::Rpm,
        19 => Unit::Hertz,
        22 => Unit::Seconds,
        0 => Unit::Count,
        _ => Unit::Other,
    }
}

/// What a sensor is of, by its type (table 42-3), and by its unit where the type does not tell.
pub(in super::super) fn kind_of(kind: u8, unit: Option<Unit>) -> SensorKind {
    match kind {
        0x01 => SensorKind::Temperature,
        0x02 => SensorKind::Voltage,
        0x03 => SensorKind::Current,
        0x04 | 0x0A => SensorKind::Fan,
        0x05 | 0x06 => SensorKind::Intrusion,
        0x07 => SensorKind::Processor,
        0x08 => SensorKind::PowerSupply,
        0x09 => SensorKind::Power,
        0x0C => SensorKind::Memory,
        0x0D => SensorKind::Drive,
        0x0F | 0x12 | 0x1D..=0x20 | 0x22 => SensorKind::Host,
        0x10 => SensorKind::Log,
        0x11 | 0x23 => SensorKind::Watchdog,
        _ if unit == Some(Unit::Watts) => SensorKind::Power,
        _ => SensorKind::Other,
    }
}

#[cfg(test)]
pub(in super::super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A full record of a temperature sensor 31h, as a BMC would give it: M 1, thresholds 70, 80, 90.
    pub(in super::super::super) fn temperature() -> Vec<u8> {
        let mut record = vec![1, 0, 0x51, FULL, 0, 0x20, 0, 0x31, 3, 1, 0x7F, 0x68, 0x01, 0x01];
        record.extend_from_slice(&[
            0, 0, 0, 0, 0x38, 0x38, 0x80, 1, 0, 0, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 127, 128,
        ]);
        record.extend_from_slice(&[90, 80, 70, 0, 0, 0, 2, 2, 0, 0, 0, 0xC8]);
        record.extend_from_slice(b"CPU Temp");
        record[4] = (record.len() - HEADER) as u8;
        record
    }

    #[test]
    fn a_full_record_is_a_sensor_with_its_factors() {
        let found = SensorRecord::read(&temperature()).unwrap().remove(0);
        assert_eq!((found.id().as_str(), found.name.as_str()), ("20h/31h", "CPU Temp"));
        let analog = found.analog.unwrap();
        assert_eq!((analog.unit, analog.has_thresholds, analog.readable), (Unit::Celsius, true, 0x38));
        assert_eq!(analog.initial, [0, 0, 0, 70, 80, 90]);
        assert_eq!(analog.factors.value(0x1D), Some(29.0));
    }

    #[test]
    fn a_shared_compact_record_is_several_sensors() {
        let mut record = vec![2, 0, 0x51, COMPACT, 0, 0x20, 0, 0x40, 10, 1, 0x67, 0x40, 0x08, 0x6F];
        record.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0xC3]);
        record.extend_from_slice(b"PSU");
        let found = SensorRecord::read(&record).unwrap();
        let names: Vec<_> = found.iter().map(|s| (s.number, s.name.as_str())).collect();
        assert_eq!(names, [(0x40, "PSU1"), (0x41, "PSU2")]);
        record[23] = 0x12;
        assert_eq!(SensorRecord::read(&record).unwrap()[0].name, "PSUB");
    }

    #[test]
    fn factors_of_ten_and_four_bits_are_signed() {
        assert_eq!([ten_bits(0xFF, 0xC0), ten_bits(0x00, 0x80), ten_bits(0xFF, 0x40)], [-1, -512, 511]);
        assert_eq!([four_bits(0x0F), four_bits(0x08), four_bits(0x07)], [-1, -8, 7]);
    }

    #[test]
    fn a_record_of_another_kind_is_no_sensor_and_a_short_one_is_told() {
        assert_eq!(SensorRecord::read(&[1, 0, 0x51, 0x12, 0]), Ok(Vec::new()));
        assert!(matches!(SensorRecord::read(&temperature()[..30]), Err(Malformed::Short { .. })));
        // The name is cut off with the record: what is there of it is taken.
        assert_eq!(SensorRecord::read(&temperature()[..51]).unwrap()[0].name, "CPU");
    }

    proptest! {
        #[test]
        fn no_record_panics(kind in 0_u8..4, mut record in proptest::collection::vec(any::<u8>(), 0..80), raw: u8) {
            if let Some(byte) = record.get_mut(3) {
                *byte = kind;
            }
            for sensor in SensorRecord::read(&record).unwrap_or_default() {
                let _ = (sensor.id(), sensor.analog.map(|a| a.factors.value(raw)));
            }
        }
    }
}
