//! The system event log as IPMI says it (IPMI v2.0 §31, §32): records of 16 bytes, made of the notes that Redfish shows too.

use crate::{
    logbook::{Entry, Log, Logbook, Note, Record},
    machine::Device,
    redfish::{Tree, log_at},
    sensors::Sensors,
    written::Written,
};

/// What a record ends with: sensor type, event type, event data.
struct Event {
    type_: u8,
    /// Whether the state came to its end.
    is_over: bool,
    kind: u8,
    data: [u8; 3],
}

/// The entries that are shown: no more than the log's service has room for.
pub(crate) fn entries<'l>(logbook: &'l Logbook, tree: &Tree, written: &Written) -> Vec<&'l Entry> {
    let most = most(tree, written);
    let all = logbook.entries(Log::System);
    let skipped = all.len().saturating_sub(most);
    all.skip(skipped).collect()
}

/// How many there can be.
pub(crate) fn most(tree: &Tree, written: &Written) -> usize {
    let services = tree.documents().iter().filter(|it| &*it.kind == "LogService");
    let of_system = services.filter(|it| log_at(tree, &it.path) == Some(Log::System));
    let most = of_system.filter_map(|it| it.number(written, "/MaxNumberOfRecords")).next();
    most.and_then(|it| usize::try_from(it).ok()).filter(|it| *it > 0).unwrap_or(usize::MAX).min(Logbook::MOST)
}

/// The number of an entry's record: from 1 to FFFEh, over and over.
pub(crate) fn record_id(entry: &Entry) -> u16 {
    ((entry.id - 1) % 0xFFFE) as u16 + 1
}

/// An entry as a record; its time is in the log's own zone.
pub(crate) fn record(entry: &Entry, sensors: &Sensors, time: u32) -> [u8; 16] {
    let mut record = [0u8; 16];
    record[..2].copy_from_slice(&record_id(entry).to_le_bytes());
    if let Note::Record(kept) = &entry.note {
        record[2] = kept.kind;
        record[3..].copy_from_slice(&kept.body);
    } else {
        let event = Event::of(&entry.note);
        let number = sensors.of_type(event.type_).map_or(0, |it| it.number);
        let direction = if event.is_over { 0x80 } else { 0x00 };
        record[2] = 0x02;
        // From the BMC, in the form of IPMI v2.0.
        record[7..13].copy_from_slice(&[0x20, 0x00, 0x04, event.type_, number, direction | event.kind]);
        record[13..].copy_from_slice(&event.data);
    }
    if has_time(record[2]) {
        record[3..7].copy_from_slice(&time.to_le_bytes());
    }
    record
}

/// Whether a record of this type has a time (§32.1 to §32.3).
pub(crate) const fn has_time(kind: u8) -> bool {
    kind < 0xE0
}

/// A record that somebody sends (§31.6); what it says is left to whoever reads it.
pub(crate) fn sent(bytes: &[u8; 16], sensors: &Sensors) -> Record {
    let mut body = [0; 13];
    body.copy_from_slice(&bytes[3..]);
    let kind = bytes[2];
    let text = match kind {
        0xC0.. => format!("A record of type {kind:02X}h."),
        _ => about(body[7], body[8], body[9], [body[10], body[11], body[12]], sensors),
    };
    Record { kind, body, text }
}

/// An event of a sensor: whether it came or went, and its three bytes of data.
pub(crate) fn of_sensor(number: u8, is_over: bool, data: [u8; 3], sensors: &Sensors) -> Option<Record> {
    let sensor = sensors.numbered(number)?;
    let kind = if is_over { 0x80 } else { 0 } | sensor.reading_type();
    let mut body = [0, 0, 0, 0, 0x20, 0x00, 0x04, sensor.type_(), number, kind, 0, 0, 0];
    body[10..].copy_from_slice(&data);
    Some(Record { kind: 0x02, body, text: about(sensor.type_(), number, kind, data, sensors) })
}

fn about(type_: u8, number: u8, kind: u8, data: [u8; 3], sensors: &Sensors) -> String {
    const LIMITS: [&str; 6] = [
        "lower non-critical",
        "lower critical",
        "lower non-recoverable",
        "upper non-critical",
        "upper critical",
        "upper non-recoverable",
    ];
    let name = sensors.numbered(number).map(|it| it.name.clone());
    let name = name.unwrap_or_else(|| format!("Sensor {number:02X}h of type {type_:02X}h"));
    let (state, is_over) = (usize::from(data[0] & 0x0F), kind & 0x80 != 0);
    let now = if is_over { "no longer" } else { "now" };
    match LIMITS.get(state / 2).filter(|_| kind & 0x7F == 0x01) {
        Some(limit) if state / 2 > 2 => format!("{name} is {now} at or above its {limit} threshold."),
        Some(limit) => format!("{name} is {now} at or below its {limit} threshold."),
        None if is_over => format!("{name}: state {state} is over."),
        None => format!("{name}: state {state}."),
    }
}

impl Event {
    /// What each note is in the words of table 42-3.
    fn of(note: &Note) -> Self {
        let plain = |type_, state| Self { type_, is_over: false, kind: 0x6F, data: [state, 0xFF, 0xFF] };
        // System firmware progress, with what it is about in the second byte.
        let progress = |what| Self { type_: 0x0F, is_over: false, kind: 0x6F, data: [0xC2, what, 0xFF] };
        match note {
            Note::PowerOn => Self { is_over: true, ..plain(0x09, 0) },
            Note::PowerOff => plain(0x09, 0),
            Note::Reset => plain(0x1D, 1),
            Note::Post => progress(0x14),
            Note::Boot(device) if device == Device::Bios.word() => progress(0x05),
            Note::Boot(_) => progress(0x13),
            Note::OsUp => plain(0x1F, 6),
            Note::OsDown => plain(0x20, 3),
            Note::Nmi => plain(0x13, 0),
            Note::Cleared => plain(0x10, 2),
            // For whom it counted is not told.
            Note::Watchdog(action) => {
                let state = match action.as_str() {
                    "reset" => 1,
                    "power-off" => 2,
                    "cycle" => 3,
                    _ => 0,
                };
                Self { type_: 0x23, is_over: false, kind: 0x6F, data: [0xC0 | state, 0x0F, 0xFF] }
            }
            // None of these is written into the system's log.
            Note::BmcUp
            | Note::AcLost
            | Note::AcBack
            | Note::Inserted(_)
            | Note::Ejected(_)
            | Note::WrongPassword(_)
            | Note::Locked(_)
            | Note::Record(_) => plain(0x12, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    fn bytes(note: Note) -> [u8; 16] {
        let tree = Profile::named("generic").unwrap().tree();
        record(&Entry { id: 3, at: 0, note }, tree.sensors(), 0x0102_0304)
    }

    #[test]
    fn a_note_is_a_record_of_the_bmc_s_own() {
        let tree = Profile::named("generic").unwrap().tree();
        let unit = tree.sensors().of_type(0x09).unwrap().number;
        let off = [3, 0, 2, 4, 3, 2, 1, 0x20, 0, 4, 0x09, unit, 0x6F, 0, 0xFF, 0xFF];
        assert_eq!(bytes(Note::PowerOff), off);
        assert_eq!(bytes(Note::PowerOn)[12], 0xEF);
        assert_eq!(bytes(Note::Boot("bios".to_owned()))[13..], [0xC2, 5, 0xFF]);
    }

    #[test]
    fn what_was_sent_comes_back_with_the_log_s_time_where_its_type_has_one() {
        let tree = Profile::named("generic").unwrap().tree();
        let mut sent_ = [9, 9, 2, 9, 9, 9, 9, 0x41, 0, 4, 1, 1, 1, 0x57, 50, 42];
        let note = Note::Record(sent(&sent_, tree.sensors()));
        assert_eq!(bytes(note)[..7], [3, 0, 2, 4, 3, 2, 1]);
        sent_[2] = 0xE5;
        let note = Note::Record(sent(&sent_, tree.sensors()));
        assert_eq!(bytes(note)[2..], sent_[2..]);
    }

    #[test]
    fn the_numbers_of_records_begin_again_and_are_never_0_or_ffffh() {
        let id = |id| record_id(&Entry { id, at: 0, note: Note::Nmi });
        assert_eq!((id(1), id(0xFFFE), id(0xFFFF)), (1, 0xFFFE, 1));
    }

    #[test]
    fn an_event_says_which_threshold_it_is_about() {
        let tree = Profile::named("generic").unwrap().tree();
        let sensor = tree.sensors().named("Inlet Temperature").unwrap();
        let record = of_sensor(sensor.number, false, [0x59, 50, 42], tree.sensors()).unwrap();
        assert_eq!(record.text, "Inlet Temp is now at or above its upper critical threshold.");
    }
}
