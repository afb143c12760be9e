//! Sensors with their readings (IPMI v2.0 §35.9, §35.14): records from `sdr`, readings from the BMC, states by `events`.

use super::{
    command::Command,
    events,
    link::Talk,
    rmcp::handshake::Privilege,
    sdr::{
        self,
        record::{Analog, SensorRecord, kind_of},
    },
};
use crate::{
    driver::Deviation,
    drivers::failure::Failure,
    model::{Availability, Health, Sensor, Thresholds},
};

/// Get Sensor Reading (§35.14).
const GET_READING: Command = Command::read("Get Sensor Reading", 0x04, 0x2D).for_role(Privilege::User);
/// Get Sensor Thresholds (§35.9).
const GET_THRESHOLDS: Command = Command::read("Get Sensor Thresholds", 0x04, 0x27);
/// Get Sensor Reading Factors (§35.5).
const GET_FACTORS: Command = Command::read("Get Sensor Reading Factors", 0x04, 0x23);

/// The BMC as the owner of a sensor; others would have to be asked through it.
const BMC: u8 = 0x20;

/// Every sensor that has a record. Two commands for each that has thresholds, one for any other.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Vec<Sensor>, Failure> {
    let records = sdr::sensors(talk).await?;
    let mut sensors = Vec::with_capacity(records.len());
    for record in &records {
        sensors.push(read_one(talk, record).await?);
    }
    Ok(sensors)
}

async fn read_one(talk: &mut Talk<'_>, record: &SensorRecord) -> Result<Sensor, Failure> {
    let unit = record.analog.as_ref().map(|analog| analog.unit);
    let mut sensor = Sensor {
        id: record.id(),
        name: record.name.clone(),
        kind: kind_of(record.kind, unit),
        availability: Availability::Unavailable,
        value: None,
        unit,
        states: Vec::new(),
        health: Health::Unknown,
        thresholds: Thresholds::default(),
    };
    if record.owner != BMC {
        return Ok(sensor);
    }
    let reading = reading(talk, record).await?;
    sensor.availability = reading.availability;
    let mut factors = record.analog.as_ref().map(|analog| analog.factors);
    if let (Some(raw), Some(own)) = (reading.raw, factors.filter(|f| f.depend_on_reading())) {
        factors = factors_at(talk, record, raw).await?.and_then(|told| own.for_reading(&told));
    }
    if reading.availability == Availability::Available {
        sensor.value = reading.raw.zip(factors).and_then(|(raw, factors)| factors.value(raw));
        if record.has_thresholds() {
            sensor.health = reading.states.map_or(Health::Unknown, threshold_health);
            if record.analog.is_some() && sensor.value.is_none() {
                sensor.availability = Availability::Unavailable;
            }
        } else {
            (sensor.states, sensor.health, sensor.availability) =
                discrete(record, reading.states.unwrap_or(0));
        }
    }
    if let Some(analog) = &record.analog {
        sensor.thresholds = thresholds(talk, record, analog).await?;
    }
    Ok(sensor)
}

/// Get Sensor Reading's answer (table 35-15).
struct Reading {
    availability: Availability,
    raw: Option<u8>,
    /// Comparisons with thresholds, or the 15 states of a discrete sensor.
    states: Option<u16>,
}

impl Reading {
    fn none(availability: Availability) -> Self {
        Self { availability, raw: None, states: None }
    }

    /// Reading, flags, states. A flag says whether the sensor is watched (bit 6) and whether there is a reading (bit 5).
    fn of(data: &[u8]) -> Option<Self> {
        let [raw, flags] = *data.first_chunk::<2>()?;
        let states =
            data.get(2).map(|low| u16::from_le_bytes([*low, data.get(3).copied().unwrap_or(0) & 0x7F]));
        Some(match (flags & 0x40 != 0, flags & 0x20 != 0) {
            (false, _) => Self::none(Availability::Disabled),
            (true, true) => Self::none(Availability::Unavailable),
            (true, false) => Self { availability: Availability::Available, raw: Some(raw), states },
        })
    }
}

async fn reading(talk: &mut Talk<'_>, record: &SensorRecord) -> Result<Reading, Failure> {
    let command = Command { lun: record.lun, ..GET_READING };
    let answered = talk.try_ask(&command, &[record.number]).await?;
    match answered.completion {
        0 => Ok(Reading::of(&answered.data).unwrap_or_else(|| {
            talk.forgive(GET_READING.short(answered.data.len(), 3));
            Reading::none(Availability::Unavailable)
        })),
        0xD4 => Err(command.refused(0xD4)),
        // Not present (CBh, and what ipmi_sim says instead), or not to be read in the present state.
        0xCB => Ok(Reading::none(Availability::Absent)),
        _ => Ok(Reading::none(Availability::Unavailable)),
    }
}

async fn factors_at(talk: &mut Talk<'_>, record: &SensorRecord, raw: u8) -> Result<Option<Vec<u8>>, Failure> {
    let command = Command { lun: record.lun, ..GET_FACTORS };
    let answered = talk.try_ask(&command, &[record.number, raw]).await?;
    // The next reading's byte comes first.
    Ok(answered.data.get(1..).filter(|_| answered.completion == 0).map(<[u8]>::to_vec))
}

/// The thresholds that the BMC says are there now, or else the ones of the record.
async fn thresholds(
    talk: &mut Talk<'_>,
    record: &SensorRecord,
    analog: &Analog,
) -> Result<Thresholds, Failure> {
    if !analog.has_thresholds {
        return Ok(Thresholds::default());
    }
    let command = Command { lun: record.lun, ..GET_THRESHOLDS };
    let answered = talk.try_ask(&command, &[record.number]).await?;
    let told = answered.data.first_chunk::<7>().filter(|_| answered.completion == 0);
    let (mask, raw) = match told {
        Some([mask, raw @ ..]) => (*mask, *raw),
        None => (analog.readable, analog.initial),
    };
    let value = |bit: usize| analog.factors.value(raw[bit]).filter(|_| mask & 1 << bit != 0);
    let thresholds = Thresholds {
        lower_caution: value(0),
        lower_critical: value(1),
        lower_fatal: value(2),
        upper_caution: value(3),
        upper_critical: value(4),
        upper_fatal: value(5),
    };
    if !ascending(&thresholds) {
        talk.forgive(Deviation::BadField {
            what: "order of a sensor's thresholds",
            value: record.number.into(),
        });
    }
    Ok(thresholds)
}

fn ascending(t: &Thresholds) -> bool {
    let all =
        [t.lower_fatal, t.lower_critical, t.lower_caution, t.upper_caution, t.upper_critical, t.upper_fatal];
    let there: Vec<f64> = all.into_iter().flatten().collect();
    // A function such as 1/x turns them round.
    there.is_sorted() || there.is_sorted_by(|a, b| a >= b)
}

/// By the bits of the comparison: non-critical, critical and non-recoverable below, then above.
fn threshold_health(states: u16) -> Health {
    match states & 0x3F {
        0 => Health::Ok,
        bits if bits & 0b11_0110 != 0 => Health::Critical,
        _ => Health::Warning,
    }
}

/// Words, health and presence of a sensor with states.
fn discrete(record: &SensorRecord, states: u16) -> (Vec<String>, Health, Availability) {
    let there = (0_u8..15).filter(|offset| states & 1 << offset != 0);
    let (mut words, mut worst) = (Vec::new(), None::<Health>);
    for offset in there {
        let (word, health) = events::state(record.kind, record.event, offset).map_or_else(
            || (format!("state {offset}"), Health::Unknown),
            |(word, health)| (word.to_owned(), health),
        );
        words.push(word);
        worst = Some(worst.map_or(health, |worst| worse(worst, health)));
    }
    let availability = if is_absent(record, states) { Availability::Absent } else { Availability::Available };
    // What is there and reports nothing wrong is well; what is not there is not judged.
    let silent = if availability == Availability::Absent { Health::Unknown } else { Health::Ok };
    let known = record.event == events::SENSOR_SPECIFIC || record.event <= 0x0C;
    (words, worst.unwrap_or(if known { silent } else { Health::Unknown }), availability)
}

/// Whether what the sensor watches is not there: by generic presence, entity presence, or the first state of a power
/// supply and the eighth of a processor, which are "presence detected".
fn is_absent(record: &SensorRecord, states: u16) -> bool {
    match (record.event, record.kind) {
        (0x08, _) => states & 0b01 != 0,
        (events::SENSOR_SPECIFIC, 0x25) => states & 0b10 != 0,
        (events::SENSOR_SPECIFIC, 0x08 | 0x0D) => states & 0x01 == 0 && states & 0x7E == 0,
        _ => false,
    }
}

fn worse(a: Health, b: Health) -> Health {
    let rank = |health| match health {
        Health::Unknown => 0,
        Health::Ok => 1,
        Health::Warning => 2,
        Health::Critical => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn supply(states: u16) -> (Vec<String>, Health, Availability) {
        let name = "PSU1".to_owned();
        let record =
            SensorRecord { owner: 0x20, lun: 0, number: 1, name, kind: 0x08, event: 0x6F, analog: None };
        discrete(&record, states)
    }

    #[test]
    fn a_power_supply_is_present_failed_or_absent() {
        assert_eq!(supply(0x01), (vec!["presence detected".to_owned()], Health::Ok, Availability::Available));
        assert_eq!(supply(0x03).1, Health::Critical);
        assert_eq!(supply(0x00), (Vec::new(), Health::Unknown, Availability::Absent));
    }

    #[test]
    fn a_reading_that_is_not_there_has_no_value() {
        let of = |data: &[u8]| Reading::of(data).map(|r| (r.availability, r.raw));
        assert_eq!(of(&[0, 0xE0, 0xC0]), Some((Availability::Unavailable, None)));
        assert_eq!(of(&[0, 0x80, 0xC0]), Some((Availability::Disabled, None)));
        assert_eq!(of(&[0, 0xC0]), Some((Availability::Available, Some(0))));
        assert_eq!(of(&[0]), None);
    }

    #[test]
    fn thresholds_that_are_crossed_are_a_warning_or_critical() {
        use Health::{Critical, Ok, Warning};
        assert_eq!(
            [0xC0, 0xC8, 0xC1, 0xD8, 0xC4].map(threshold_health),
            [Ok, Warning, Warning, Critical, Critical]
        );
    }

    proptest! {
        #[test]
        fn no_state_panics(kind: u8, event: u8, states: u16) {
            let record = SensorRecord { owner: 0x20, lun: 0, number: 1, name: String::new(), kind, event, analog: None };
            let _ = discrete(&record, states);
        }
    }
}
