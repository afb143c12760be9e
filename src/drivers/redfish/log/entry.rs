//! An entry of a log (DSP0268 LogEntry), and its time (DSP0266 §9.5.8).

use crate::{
    drivers::{
        notes::Notes,
        redfish::document::{Document, View},
    },
    model::{Health, LogEntry, SensorKind, Timestamp},
};

/// Entry in the contract's words.
pub(super) fn read(document: &Document, notes: &mut Notes) -> LogEntry {
    let view = document.view();
    let time = view.text("Created", notes).and_then(|it| when(&it));
    let time = time.or_else(|| view.text("EventTimestamp", notes).and_then(|it| when(&it)));
    let told = ["Message", "MessageId", "OemRecordFormat", "Name"];
    LogEntry {
        id: view.text("Id", notes).unwrap_or_else(|| last_of(&document.path).to_owned()),
        time,
        severity: severity(view, notes),
        kind: kind(view, notes),
        sensor: sensor(view, notes),
        asserted: match view.text("EntryCode", notes).as_deref() {
            Some("Assert") => Some(true),
            Some("Deassert") => Some(false),
            _ => None,
        },
        message: told.iter().find_map(|it| view.text(it, notes)).unwrap_or_default(),
        raw: None,
    }
}

/// Whether entries stand there from the last to the first: by their numbers, else by their times (a Dell iDRAC lists the
/// newest first).
pub(super) fn are_newest_first(entries: &[LogEntry]) -> bool {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return false };
    match (number(&first.id), number(&last.id)) {
        (Some(first), Some(last)) if first != last => first > last,
        _ => first.time.zip(last.time).is_some_and(|(first, last)| first > last),
    }
}

fn number(id: &str) -> Option<u64> {
    id.parse().ok()
}

fn last_of(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// `MessageSeverity`, else `Severity`, which it replaces.
fn severity(view: View<'_>, notes: &mut Notes) -> Health {
    let told = view.text("Severity", notes).or_else(|| view.text("MessageSeverity", notes));
    match told.as_deref() {
        Some("OK") => Health::Ok,
        Some("Warning") => Health::Warning,
        Some("Critical") => Health::Critical,
        _ => Health::Unknown,
    }
}

/// `SensorType`, which a SEL entry has in IPMI's words.
fn kind(view: View<'_>, notes: &mut Notes) -> SensorKind {
    let Some(word) = view.text("SensorType", notes) else { return SensorKind::Other };
    match word.as_str() {
        "Temperature" => SensorKind::Temperature,
        "Voltage" => SensorKind::Voltage,
        "Current" => SensorKind::Current,
        "Fan" => SensorKind::Fan,
        "Power Supply / Converter" | "PowerUnit" | "Power Unit" => SensorKind::PowerSupply,
        "Processor" => SensorKind::Processor,
        "Memory" => SensorKind::Memory,
        "Drive Slot/Bay" => SensorKind::Drive,
        "Physical Chassis Security" | "Platform Security Violation Attempt" => SensorKind::Intrusion,
        "Watchdog1" | "Watchdog2" | "Watchdog" => SensorKind::Watchdog,
        "System Event" | "System Firmware Progress" | "OS Boot" | "OS Stop/Shutdown" => SensorKind::Host,
        "Event Logging Disabled" => SensorKind::Log,
        _ => SensorKind::Other,
    }
}

/// What the entry is about, where that is a sensor.
fn sensor(view: View<'_>, notes: &mut Notes) -> Option<String> {
    let links = view.object("Links", notes);
    let origin = links.link("OriginOfCondition", notes)?;
    let is_sensor = ["/Sensors/", "#/Temperatures/", "#/Fans/", "#/Voltages/", "#/PowerSupplies/"];
    is_sensor.iter().any(|part| origin.contains(part)).then_some(origin)
}

/// A date with a time and a zone. Fractions of a second are left out; what is no time, or one of no year, is none.
fn when(text: &str) -> Option<Timestamp> {
    let (local, zone) = text.split_at_checked(19)?;
    let zone = match zone.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|it: char| it.is_ascii_digit()),
        None => zone,
    };
    let local: Timestamp = format!("{}Z", local.replace(' ', "T")).parse().ok()?;
    (local.0 > 0).then_some(Timestamp(local.0 - offset(zone)?))
}

/// Seconds to the east of UTC. Without a zone it is taken for UTC.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|it| *it != ':').collect();
    let number: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(value: serde_json::Value) -> LogEntry {
        read(&Document::of("/redfish/v1/Systems/1/LogServices/SEL/Entries/7", &value), &mut Notes::default())
    }

    #[test]
    fn a_time_is_utc_whatever_its_zone() {
        for text in [
            "2026-11-21T10:26:38Z",
            "2026-11-21T11:26:38+01:00",
            "2026-11-21T04:26:38-06:00",
            "2026-11-21T10:26:38.123Z",
            "2026-11-21T10:26:38",
        ] {
            assert_eq!(when(text).unwrap().to_string(), "2026-11-21T10:26:38Z", "{text}");
        }
        for text in ["", "[NOT SET]", "0000-00-00T00:00:00Z", "2026-11-21", "2026-11-21T10:26:38+abc"] {
            assert_eq!(when(text), None, "{text}");
        }
    }

    #[test]
    fn an_entry_says_what_it_is_about_only_where_that_is_a_sensor() {
        let told = entry(json!({
            "Severity": "Critical", "EntryCode": "Deassert", "SensorType": "Temperature", "MessageId": "X.1.0.Hot",
            "Links": {"OriginOfCondition": {"@odata.id": "/redfish/v1/Chassis/1/Sensors/Inlet"}},
        }));
        assert_eq!((told.id.as_str(), told.message.as_str()), ("7", "X.1.0.Hot"));
        assert_eq!((told.severity, told.kind), (Health::Critical, SensorKind::Temperature));
        assert_eq!((told.asserted, told.time), (Some(false), None));
        assert_eq!(told.sensor.as_deref(), Some("/redfish/v1/Chassis/1/Sensors/Inlet"));
        let system = json!({"Links": {"OriginOfCondition": {"@odata.id": "/redfish/v1/Systems/1"}}});
        assert_eq!(entry(system).sensor, None);
    }

    #[test]
    fn the_newest_is_first_by_number_else_by_time() {
        let of = |id: &str, time: &str| entry(json!({"Id": id, "Created": time}));
        let (old, new) = ("2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z");
        assert!(are_newest_first(&[of("9", old), of("8", old)]));
        assert!(are_newest_first(&[of("b", new), of("a", old)]));
        // The clock was set back between them.
        assert!(!are_newest_first(&[of("8", new), of("9", old)]));
        assert!(!are_newest_first(&[]));
    }
}
