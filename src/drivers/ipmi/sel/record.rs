//! One record of the event log (IPMI v2.0 §32): bytes to an entry, without I/O.

use crate::{
    drivers::ipmi::{
        clock::in_utc,
        events,
        sdr::record::{kind_of, sensor_id},
    },
    model::{Bytes, Health, LogEntry, SensorKind, Timestamp},
};

/// A system event (§32.1).
const SYSTEM_EVENT: u8 = 0x02;
/// A time below this was counted from the BMC's own start (§37.1).
const SINCE_START: u32 = 0x2000_0000;
const UNSPECIFIED: u32 = 0xFFFF_FFFF;
/// Network function, in bit 0 of a generator: set for system software, clear for a device on the bus.
const SOFTWARE: u8 = 0x01;

/// The entry of a record; `None` when the record is short.
pub(super) fn read(record: &[u8], offset: Option<i16>) -> Option<LogEntry> {
    let bytes: [u8; 16] = *record.first_chunk::<16>()?;
    let id = format!("{:04x}", u16::from_le_bytes([bytes[0], bytes[1]]));
    let time = time(u32::from_le_bytes([bytes[3], bytes[4], bytes[5], bytes[6]]), offset);
    let raw = Some(Bytes(bytes.to_vec()));
    let other = |time, message| LogEntry {
        id: id.clone(),
        time,
        severity: Health::Unknown,
        kind: SensorKind::Other,
        sensor: None,
        asserted: None,
        message,
        raw: raw.clone(),
    };
    match bytes[2] {
        SYSTEM_EVENT => Some(event(&bytes, id, time)),
        kind @ 0xC0..=0xDF => Some(other(time, format!("OEM record {kind:02x}h {}", hex(&bytes[7..])))),
        kind @ 0xE0..=0xFF => Some(other(None, format!("OEM record {kind:02x}h {}", hex(&bytes[3..])))),
        kind => Some(other(time, format!("record of unknown type {kind:02x}h"))),
    }
}

fn event(bytes: &[u8; 16], id: String, time: Option<Timestamp>) -> LogEntry {
    let [owner, lun, _, kind, number, event, data @ ..] =
        [bytes[7], bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]];
    let asserted = event & 0x80 == 0;
    let event_type = event & 0x7F;
    let state = events::state(kind, event_type, data[0] & 0x0F);
    let (words, severity) = state.map_or_else(
        || (format!("event {:x}h", data[0] & 0x0F), Health::Unknown),
        |(w, h)| (w.to_owned(), h),
    );
    // What went is well again; that it is known to have been bad does not make it so.
    let severity = if asserted { severity } else { Health::Ok };
    let gone = if asserted { "" } else { ", no longer" };
    let sensor = (owner & SOFTWARE == 0).then(|| sensor_id(owner, lun & 0x03, number));
    let message = format!("{}: {words}{gone}", events::kind_name(kind));
    LogEntry {
        id,
        time,
        severity,
        kind: kind_of(kind, None),
        sensor,
        asserted: Some(asserted),
        message,
        raw: Some(Bytes(bytes.to_vec())),
    }
}

fn time(seconds: u32, offset: Option<i16>) -> Option<Timestamp> {
    (seconds > SINCE_START && seconds != UNSPECIFIED).then(|| in_utc(seconds, offset))
}

fn hex(bytes: &[u8]) -> String {
    Bytes(bytes.to_vec()).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What ipmi_sim holds after `sel_add 0x20 2 0 0 0 0 0x20 0 4 1 1 1 0x57 0x50 0x46`, at a time of its own.
    const HOT: [u8; 16] = [1, 0, 2, 0xDE, 0x71, 0x01, 0x6B, 0x20, 0, 4, 1, 1, 1, 0x57, 0x50, 0x46];

    #[test]
    fn a_threshold_that_was_crossed_is_an_event_of_its_sensor() {
        let entry = read(&HOT, None).unwrap();
        assert_eq!(entry.message, "temperature: upper non-critical, going high");
        assert_eq!((entry.severity, entry.kind), (Health::Warning, SensorKind::Temperature));
        assert_eq!((entry.sensor.as_deref(), entry.asserted), (Some("20h/01h"), Some(true)));
        assert_eq!(entry.time.unwrap().to_string(), "2026-11-21T10:26:38Z");
    }

    #[test]
    fn what_went_is_well_again() {
        let mut gone = HOT;
        gone[12] |= 0x80;
        let entry = read(&gone, None).unwrap();
        assert_eq!((entry.severity, entry.asserted), (Health::Ok, Some(false)));
    }

    #[test]
    fn a_time_that_the_bmc_did_not_know_is_absent() {
        for seconds in [[0; 4], [0xFF; 4], [0, 0, 0, 0x10]] {
            let mut entry = HOT;
            entry[3..7].copy_from_slice(&seconds);
            assert_eq!(read(&entry, None).unwrap().time, None);
        }
    }

    #[test]
    fn a_vendors_record_is_told_by_its_bytes() {
        let mut entry = HOT;
        entry[2] = 0xC0;
        assert_eq!(read(&entry, None).unwrap().message, "OEM record c0h 200004010101575046");
        entry[2] = 0xE0;
        assert_eq!(read(&entry, None).unwrap().time, None);
    }

    proptest! {
        #[test]
        fn no_record_panics(data in proptest::collection::vec(any::<u8>(), 0..20), offset: Option<i16>) {
            let _ = read(&data, offset);
        }
    }
}
