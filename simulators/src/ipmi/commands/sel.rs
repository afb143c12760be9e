//! The system event log (IPMI v2.0 §31): the same entries that Redfish shows as the system's log.

use serde_json::Value;

use super::{
    super::{
        command::{Completion, Need, Reply, Request, Row, Scene},
        privilege::Privilege,
        sel,
        storage::Reserved,
    },
    sdr::{UNKNOWN, part},
};
use crate::logbook::{Log, Note};

const USER: Need = Need::Level(Privilege::User);
const OPERATOR: Need = Need::Level(Privilege::Operator);

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x04, 0x02), "Platform Event", OPERATOR, platform_event),
    Row::new((0x0A, 0x40), "Get SEL Info", USER, info),
    Row::new((0x0A, 0x41), "Get SEL Allocation Info", USER, allocation),
    Row::new((0x0A, 0x42), "Reserve SEL", USER, reserve),
    Row::new((0x0A, 0x43), "Get SEL Entry", USER, entry),
    Row::new((0x0A, 0x44), "Add SEL Entry", OPERATOR, add),
    Row::new((0x0A, 0x46), "Delete SEL Entry", OPERATOR, delete),
    Row::new((0x0A, 0x47), "Clear SEL", OPERATOR, clear),
    Row::new((0x0A, 0x48), "Get SEL Time", USER, time),
    Row::new((0x0A, 0x49), "Set SEL Time", OPERATOR, set_time),
    Row::new((0x0A, 0x5C), "Get SEL Time UTC Offset", USER, offset),
    Row::new((0x0A, 0x5D), "Set SEL Time UTC Offset", OPERATOR, set_offset),
];

/// The size of a record.
const SIZE: usize = 16;
/// An offset that nobody told.
const NO_OFFSET: i16 = 0x07FF;
/// Where Redfish has the offset.
const OFFSET: &str = "/DateTimeLocalOffset";

/// §29.3: an event of somebody else's sensor; from inside, the generator's number comes first.
fn platform_event(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let (generator, event) = match request.data {
        [generator, event @ ..] if event.len() == 7 => (*generator, event),
        // Over LAN the sender is remote console software, whose first number is 81h (§5.5).
        event if event.len() == 7 => (0x41, event),
        _ => return Err(Completion::LENGTH_INVALID),
    };
    let mut record = [0; SIZE];
    record[2] = 0x02;
    record[7] = generator;
    record[9..].copy_from_slice(event);
    write(scene, &record);
    Ok(Vec::new())
}

/// §31.2: entries, room in bytes, times; delete, reserve and allocation information; whether entries were lost.
fn info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let (count, free) = room(scene);
    let logbook = scene.bmc.logbook();
    let (added, erased) = logbook.changed(Log::System);
    let lost = if logbook.has_lost(Log::System) { 0x80 } else { 0 };
    drop(logbook);
    let stamp = |at: Option<i64>| at.map_or(UNKNOWN, |at| local(scene, at));
    let mut answer = vec![0x51];
    answer.extend(count.to_le_bytes());
    answer.extend(u16::try_from(usize::from(free) * SIZE).unwrap_or(0xFFFF).to_le_bytes());
    answer.extend(stamp(added).to_le_bytes());
    answer.extend(stamp(erased).to_le_bytes());
    answer.push(lost | 0x0B);
    Ok(answer)
}

/// §31.3: units of one record each.
fn allocation(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let (count, free) = room(scene);
    let [all, unit, free] = [count + free, SIZE as u16, free].map(u16::to_le_bytes);
    Ok([&all[..], &unit, &free, &free, &[1]].concat())
}

/// How many entries there are, and for how many more there is room.
fn room(scene: &Scene<'_>) -> (u16, u16) {
    let written = scene.bmc.written();
    let most = sel::most(&scene.look.tree, &written);
    drop(written);
    let count = scene.bmc.logbook().entries(Log::System).len().min(most);
    let number = |it: usize| u16::try_from(it).unwrap_or(u16::MAX);
    (number(count), number(most - count))
}

/// §31.4.
fn reserve(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    scene.kept.storage.log_reserved = scene.bmc.logbook().revision(Log::System);
    Ok(scene.kept.storage.reserve(Reserved::Sel, scene.look.facts.ready_since).to_le_bytes().into())
}

/// §31.5: the number of the next record, and bytes of this one. 0000h is the first, FFFFh the last.
fn entry(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [reserved_low, reserved_high, low, high, offset, count] = request.exactly()?;
    let reservation = u16::from_le_bytes([reserved_low, reserved_high]);
    if offset != 0 || reservation != 0 {
        held(scene, reservation)?;
    }
    let (written, logbook) = (scene.bmc.written(), scene.bmc.logbook());
    let entries = sel::entries(&logbook, &scene.look.tree, &written);
    drop(written);
    let place = match u16::from_le_bytes([low, high]) {
        0 => Some(0),
        0xFFFF => entries.len().checked_sub(1),
        id => entries.iter().position(|it| sel::record_id(it) == id),
    };
    let found = place.and_then(|place| entries.get(place).map(|it| (place, (*it).clone())));
    let (place, found) = found.ok_or(Completion::NOT_PRESENT)?;
    let next = entries.get(place + 1).map_or(0xFFFF, |it| sel::record_id(it));
    drop(logbook);
    let record = sel::record(&found, scene.look.tree.sensors(), local(scene, found.at));
    Ok([&next.to_le_bytes(), part(&record, offset, count)?].concat())
}

/// §31.6: the number and the time are the log's own.
fn add(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let record = request.exactly::<SIZE>()?;
    // 02h is an event, C0h to FFh a maker's own; any other is reserved (§32).
    if !matches!(record[2], 0x02 | 0xC0..) {
        return Err(Completion::INVALID_FIELD);
    }
    let id = write(scene, &record);
    Ok(id.to_le_bytes().into())
}

fn write(scene: &mut Scene<'_>, record: &[u8; SIZE]) -> u16 {
    let at = scene.look.view.clock;
    let note = Note::Record(sel::sent(record, scene.look.tree.sensors()));
    let id = scene.bmc.logbook().write(Log::System, at, note.clone());
    sel::record_id(&crate::logbook::Entry { id, at, note })
}

/// §31.8.
fn delete(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [reserved_low, reserved_high, low, high] = request.exactly()?;
    held(scene, u16::from_le_bytes([reserved_low, reserved_high]))?;
    let (written, mut logbook) = (scene.bmc.written(), scene.bmc.logbook());
    let entries = sel::entries(&logbook, &scene.look.tree, &written);
    drop(written);
    let meant = match u16::from_le_bytes([low, high]) {
        0 => entries.first(),
        0xFFFF => entries.last(),
        id => entries.iter().find(|it| sel::record_id(it) == id),
    };
    let meant = (*meant.ok_or(Completion::NOT_PRESENT)?).clone();
    logbook.remove(Log::System, meant.id, scene.look.view.clock);
    drop(logbook);
    Ok(sel::record_id(&meant).to_le_bytes().into())
}

/// §31.9: it is done at once. Whoever has asked for it may still ask how far it is.
fn clear(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const COMPLETED: u8 = 0x01;
    let [low, high, word @ .., what] = request.exactly::<6>()?;
    let reservation = u16::from_le_bytes([low, high]);
    reserved(scene, reservation)?;
    match (&word, what) {
        (b"CLR", 0x00) => {}
        (b"CLR", 0xAA) => {
            held(scene, reservation)?;
            scene.bmc.logbook().clear(Log::System, scene.look.view.clock);
        }
        _ => return Err(Completion::INVALID_FIELD),
    }
    Ok(vec![COMPLETED])
}

/// A reservation holds until the next, a restart of the BMC, or a change of the log: an entry more, one less, none (§31.4.1).
fn held(scene: &mut Scene<'_>, reservation: u16) -> Result<(), Completion> {
    reserved(scene, reservation)?;
    let is_same = scene.bmc.logbook().revision(Log::System) == scene.kept.storage.log_reserved;
    if is_same { Ok(()) } else { Err(Completion::RESERVATION_LOST) }
}

/// Whether it is the last that was given.
fn reserved(scene: &mut Scene<'_>, reservation: u16) -> Result<(), Completion> {
    let holds = scene.kept.storage.holds(Reserved::Sel, reservation, scene.look.facts.ready_since);
    if holds { Ok(()) } else { Err(Completion::RESERVATION_LOST) }
}

/// §31.10: the BMC's clock, in the zone that it was told.
pub(super) fn time(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(local(scene, scene.look.view.clock).to_le_bytes().into())
}

/// §31.11.
pub(super) fn set_time(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let time = u32::from_le_bytes(request.exactly()?);
    let ahead = minutes(scene).unwrap_or(0);
    scene.bmc.set_clock(i64::from(time) - i64::from(ahead) * 60);
    Ok(Vec::new())
}

/// §31.11a: minutes.
fn offset(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(minutes(scene).unwrap_or(NO_OFFSET).to_le_bytes().into())
}

/// §31.11b: a day and a bit at most; 07FFh is none.
fn set_offset(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let ahead = i16::from_le_bytes(request.exactly()?);
    let manager = scene.look.tree.manager();
    match ahead {
        NO_OFFSET => scene.bmc.written().forget(manager, OFFSET),
        -1440..=1440 => {
            let (sign, minutes) = (if ahead < 0 { '-' } else { '+' }, ahead.unsigned_abs());
            let text = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            scene.bmc.written().keep(manager, OFFSET, Value::String(text));
        }
        _ => return Err(Completion::INVALID_FIELD),
    }
    Ok(Vec::new())
}

/// What Redfish shows as the distance to UTC, in minutes.
fn minutes(scene: &Scene<'_>) -> Option<i16> {
    let manager = scene.look.tree.manager();
    let written = scene.bmc.written();
    let platform = || scene.look.tree.document(manager)?.template().pointer(OFFSET);
    let text = written.at(manager, OFFSET).or_else(platform)?.as_str()?;
    let Some((hours, minutes)) = text.strip_prefix(['+', '-']).and_then(|it| it.split_once(':')) else {
        return (text == "Z").then_some(0);
    };
    let sign = if text.starts_with('-') { -1 } else { 1 };
    Some(sign * (hours.parse::<i16>().ok()? * 60 + minutes.parse::<i16>().ok()?))
}

/// A moment in the log's zone.
pub(super) fn local(scene: &Scene<'_>, at: i64) -> u32 {
    let ahead = minutes(scene).unwrap_or(0);
    u32::try_from(at + i64::from(ahead) * 60).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::trial::Trial;
    use super::*;

    const EVENT: [u8; 16] = [0, 0, 2, 0, 0, 0, 0, 0x41, 0, 4, 0x01, 0x30, 0x01, 0x59, 50, 42];

    fn ids(trial: &mut Trial) -> Vec<u16> {
        let (mut id, mut found) = (0u16, Vec::new());
        while id != 0xFFFF {
            let [low, high] = id.to_le_bytes();
            let Ok(answer) = trial.user(0x0A, 0x43, &[0, 0, low, high, 0, 0xFF]) else { break };
            id = u16::from_le_bytes([answer[0], answer[1]]);
            found.push(u16::from_le_bytes([answer[2], answer[3]]));
        }
        found
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_machine_did_and_what_was_added_stands_in_the_log_in_order() {
        let mut trial = Trial::new();
        assert_eq!(trial.user(0x0A, 0x43, &[0, 0, 0, 0, 0, 0xFF]), Err(0xCB));
        trial.run_host().await;
        let before = ids(&mut trial);
        let [low, high] = trial.operator(0x0A, 0x44, &EVENT).unwrap()[..] else { panic!() };
        let after = ids(&mut trial);
        assert_eq!(after.split_last().unwrap(), (&u16::from_le_bytes([low, high]), &before[..]));
        assert!(before.len() >= 4, "{before:?}");
        let last = trial.user(0x0A, 0x43, &[0, 0, 0xFF, 0xFF, 0, 0xFF]).unwrap();
        assert_eq!(last[..2], [0xFF, 0xFF]);
        assert_eq!(last[9..], EVENT[7..]);
        let info = trial.user(0x0A, 0x40, &[]).unwrap();
        assert_eq!((info[0], usize::from(info[1]), info[13]), (0x51, after.len(), 0x0B));
        assert_eq!(info[5..9], last[5..9]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_entry_is_deleted_with_a_reservation_that_holds_and_for_once() {
        let mut trial = Trial::new();
        let id = trial.operator(0x0A, 0x44, &EVENT).unwrap();
        assert_eq!(trial.operator(0x0A, 0x46, &[0, 0, id[0], id[1]]), Err(0xC5));
        let held = trial.user(0x0A, 0x42, &[]).unwrap();
        assert_eq!(trial.operator(0x0A, 0x46, &[held[0], held[1], id[0], id[1]]), Ok(id.clone()));
        assert_eq!(trial.operator(0x0A, 0x46, &[held[0], held[1], id[0], id[1]]), Err(0xC5));
        assert!(ids(&mut trial).is_empty());
        let held = trial.user(0x0A, 0x42, &[]).unwrap();
        assert_eq!(trial.operator(0x0A, 0x46, &[held[0], held[1], id[0], id[1]]), Err(0xCB));
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_is_cleared_with_the_right_word_alone() {
        let mut trial = Trial::new();
        (0..3).for_each(|_| drop(trial.operator(0x0A, 0x44, &EVENT).unwrap()));
        let held = trial.user(0x0A, 0x42, &[]).unwrap();
        let with = |held: &[u8], end: &[u8]| [&held[..2], end].concat();
        assert_eq!(trial.operator(0x0A, 0x47, &with(&[0, 0], b"CLR\xAA")), Err(0xC5));
        assert_eq!(trial.operator(0x0A, 0x47, &with(&held, b"CLX\xAA")), Err(0xCC));
        assert_eq!(trial.operator(0x0A, 0x47, &with(&held, b"CLR\x01")), Err(0xCC));
        assert_eq!(ids(&mut trial).len(), 3);
        assert_eq!(trial.operator(0x0A, 0x47, &with(&held, b"CLR\xAA")), Ok(vec![1]));
        assert_eq!(trial.operator(0x0A, 0x47, &with(&held, b"CLR\x00")), Ok(vec![1]));
        // That it was cleared is its first entry.
        let first = trial.user(0x0A, 0x43, &[0, 0, 0, 0, 0, 0xFF]).unwrap();
        assert_eq!((ids(&mut trial).len(), first[12], first[15]), (1, 0x10, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reservation_is_lost_to_every_change_of_the_log_whoever_makes_it() {
        type Change = fn(&mut Trial, &[u8]);
        let changes: [Change; 4] = [
            |trial, _| drop(trial.operator(0x0A, 0x44, &EVENT).unwrap()),
            |trial, _| drop(trial.operator(0x04, 0x02, &EVENT[9..]).unwrap()),
            |trial, held| drop(trial.operator(0x0A, 0x47, &[&held[..2], b"CLR\xAA"].concat()).unwrap()),
            |trial, _| trial.bmc.logbook().clear(Log::System, 0),
        ];
        for change in changes {
            let mut trial = Trial::new();
            trial.operator(0x0A, 0x44, &EVENT).unwrap();
            let held = trial.user(0x0A, 0x42, &[]).unwrap();
            assert!(trial.user(0x0A, 0x43, &[held[0], held[1], 0, 0, 4, 4]).is_ok());
            change(&mut trial, &held);
            assert_eq!(trial.user(0x0A, 0x43, &[held[0], held[1], 0, 0, 4, 4]), Err(0xC5));
            assert_eq!(trial.operator(0x0A, 0x46, &[held[0], held[1], 0, 0]), Err(0xC5));
            assert_eq!(trial.operator(0x0A, 0x47, &[&held[..2], b"CLR\xAA"].concat()), Err(0xC5));
            assert_eq!(trial.operator(0x0A, 0x47, &[&held[..2], b"CLR\x00"].concat()), Ok(vec![1]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_log_says_so() {
        let mut trial = Trial::new();
        (0..1001).for_each(|_| drop(trial.operator(0x0A, 0x44, &EVENT).unwrap()));
        let info = trial.user(0x0A, 0x40, &[]).unwrap();
        assert_eq!(
            (u16::from_le_bytes([info[1], info[2]]), &info[3..5], info[13]),
            (1000, &[0, 0][..], 0x8B)
        );
        assert_eq!(trial.user(0x0A, 0x41, &[]).unwrap(), [0xE8, 3, 16, 0, 0, 0, 0, 0, 1]);
        assert_eq!(ids(&mut trial)[0], 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_is_the_one_that_redfish_shows() {
        let mut trial = Trial::new();
        trial.operator(0x0A, 0x49, &1_800_000_000u32.to_le_bytes()).unwrap();
        assert_eq!(trial.bmc.view().clock, 1_800_000_000);
        tokio::time::advance(Duration::from_secs(7)).await;
        for command in [0x48, 0x28] {
            assert_eq!(trial.user(0x0A, command, &[]).unwrap(), 1_800_000_007u32.to_le_bytes());
        }
        assert_eq!(trial.user(0x0A, 0x5C, &[]).unwrap(), [0, 0]);
        trial.operator(0x0A, 0x5D, &(-90i16).to_le_bytes()).unwrap();
        assert_eq!(trial.bmc.written().at("/redfish/v1/Managers/1", OFFSET), Some(&Value::from("-01:30")));
        assert_eq!(trial.user(0x0A, 0x5C, &[]).unwrap(), (-90i16).to_le_bytes());
        assert_eq!(trial.user(0x0A, 0x48, &[]).unwrap(), (1_800_000_007u32 - 5400).to_le_bytes());
        assert_eq!(trial.operator(0x0A, 0x5D, &2000i16.to_le_bytes()), Err(0xCC));
    }

    #[tokio::test(start_paused = true)]
    async fn a_platform_event_is_written_down() {
        let mut trial = Trial::new();
        trial.operator(0x04, 0x02, &[4, 0x01, 0x30, 0x01, 0x57, 50, 42]).unwrap();
        let last = trial.user(0x0A, 0x43, &[0, 0, 0xFF, 0xFF, 7, 9]);
        assert_eq!(last, Err(0xC5));
        let last = trial.user(0x0A, 0x43, &[0, 0, 0xFF, 0xFF, 0, 0xFF]).unwrap();
        assert_eq!(last[9..], [0x41, 0, 4, 0x01, 0x30, 0x01, 0x57, 50, 42]);
    }

    #[tokio::test(start_paused = true)]
    async fn lengths_other_than_the_standard_s_are_refused() {
        let mut trial = Trial::new();
        for (netfn, number, lengths) in [
            (0x04, 0x02, &[7, 8][..]),
            (0x0A, 0x40, &[0]),
            (0x0A, 0x41, &[0]),
            (0x0A, 0x42, &[0]),
            (0x0A, 0x43, &[6]),
            (0x0A, 0x44, &[16]),
            (0x0A, 0x46, &[4]),
            (0x0A, 0x47, &[6]),
            (0x0A, 0x48, &[0]),
            (0x0A, 0x49, &[4]),
            (0x0A, 0x5C, &[0]),
            (0x0A, 0x5D, &[2]),
        ] {
            trial.takes_lengths(netfn, number, lengths);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_of_a_reserved_type_is_not_added() {
        let mut trial = Trial::new();
        for kind in [0x00, 0x01, 0x03, 0xBF] {
            let mut event = EVENT;
            event[2] = kind;
            assert_eq!(trial.operator(0x0A, 0x44, &event), Err(0xCC), "{kind:02x}");
        }
    }
}
