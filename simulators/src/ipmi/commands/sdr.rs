//! Sensor data records: the repository (IPMI v2.0 §33), and the same records from the sensors themselves (§35.2 to §35.4).

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
    sdr,
    storage::Reserved,
};

const USER: Need = Need::Level(Privilege::User);

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x04, 0x20), "Get Device SDR Info", USER, device_info),
    Row::new((0x04, 0x21), "Get Device SDR", USER, |scene, request| {
        record(scene, request, Reserved::DeviceSdr)
    }),
    Row::new((0x04, 0x22), "Reserve Device SDR Repository", USER, |scene, request| {
        reserve(scene, request, Reserved::DeviceSdr)
    }),
    Row::new((0x0A, 0x20), "Get SDR Repository Info", USER, info),
    Row::new((0x0A, 0x21), "Get SDR Repository Allocation Info", USER, allocation),
    Row::new((0x0A, 0x22), "Reserve SDR Repository", USER, |scene, request| {
        reserve(scene, request, Reserved::Sdr)
    }),
    Row::new((0x0A, 0x23), "Get SDR", USER, |scene, request| record(scene, request, Reserved::Sdr)),
    Row::new((0x0A, 0x28), "Get SDR Repository Time", USER, time),
    Row::new((0x0A, 0x29), "Set SDR Repository Time", Need::Level(Privilege::Operator), set_time),
    Row::new((0x0A, 0x2C), "Run Initialization Agent", Need::Level(Privilege::Operator), agent),
];

/// A time that nobody knows (§37).
pub(super) const UNKNOWN: u32 = 0xFFFF_FFFF;

/// What one unit of the repository's memory is, in bytes.
const UNIT: u16 = 64;

/// §35.2: sensors, or records; all in LUN 0, none of them comes or goes.
fn device_info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let count = match request.data {
        [] => scene.look.tree.sensors().all().len(),
        [what] if what & 1 == 0 => scene.look.tree.sensors().all().len(),
        [_] => sdr::records(&scene.look.tree).len(),
        _ => return Err(Completion::LENGTH_INVALID),
    };
    Ok(vec![u8::try_from(count).unwrap_or(u8::MAX), 0x01])
}

/// §33.9: no room for more; written at the BMC's birth, never erased; reservations and allocation information.
fn info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let count = u16::try_from(sdr::records(&scene.look.tree).len()).unwrap_or(u16::MAX);
    let born = u32::try_from(crate::redfish::clock::BIRTH).unwrap_or(UNKNOWN);
    let mut answer = vec![sdr::VERSION];
    answer.extend(count.to_le_bytes());
    answer.extend([0, 0]);
    answer.extend(born.to_le_bytes());
    answer.extend(UNKNOWN.to_le_bytes());
    answer.push(0x03);
    Ok(answer)
}

/// §33.10: one unit for each record, all of them used.
fn allocation(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let count = u16::try_from(sdr::records(&scene.look.tree).len()).unwrap_or(u16::MAX);
    let [count, unit] = [count, UNIT].map(u16::to_le_bytes);
    Ok([&count[..], &unit, &[0, 0, 0, 0, 1]].concat())
}

/// §33.11, §35.4.
fn reserve(scene: &mut Scene<'_>, request: &Request<'_>, what: Reserved) -> Reply {
    request.exactly::<0>()?;
    Ok(scene.kept.storage.reserve(what, scene.look.facts.ready_since).to_le_bytes().into())
}

/// §33.12, §35.3: the number of the next record, and bytes of this one. 0000h is the first, FFFFh the last; FFh is all bytes.
/// Whoever begins in the middle needs the reservation.
fn record(scene: &mut Scene<'_>, request: &Request<'_>, what: Reserved) -> Reply {
    let [reserved_low, reserved_high, low, high, offset, count] = request.exactly()?;
    let reservation = u16::from_le_bytes([reserved_low, reserved_high]);
    let ready_since = scene.look.facts.ready_since;
    let needs_it = offset != 0 || reservation != 0;
    if needs_it && !scene.kept.storage.holds(what, reservation, ready_since) {
        return Err(Completion::RESERVATION_LOST);
    }
    let records = sdr::records(&scene.look.tree);
    let place = match u16::from_le_bytes([low, high]) {
        0 => 0,
        0xFFFF => records.len() - 1,
        id => usize::from(id) - 1,
    };
    let record = records.get(place).ok_or(Completion::NOT_PRESENT)?;
    let part = part(record, offset, count)?;
    let next = if place + 1 < records.len() { place as u16 + 2 } else { 0xFFFF };
    Ok([&next.to_le_bytes(), part].concat())
}

/// So many bytes from there on, or as many as there are.
pub(super) fn part(record: &[u8], offset: u8, count: u8) -> Result<&[u8], Completion> {
    let rest =
        record.get(usize::from(offset)..).filter(|it| !it.is_empty()).ok_or(Completion::OUT_OF_RANGE)?;
    Ok(if count == 0xFF { rest } else { &rest[..rest.len().min(usize::from(count))] })
}

/// §33.17: the BMC's clock.
fn time(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    super::sel::time(scene, request)
}

/// §33.18.
fn set_time(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    super::sel::set_time(scene, request)
}

/// §33.21: it has always run; it is run again where it is asked for.
fn agent(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<1>()?;
    Ok(vec![0x01])
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::Trial;

    #[tokio::test(start_paused = true)]
    async fn all_records_are_read_whole_from_the_first_to_the_last() {
        let mut trial = Trial::new();
        let (mut id, mut seen) = (0u16, Vec::new());
        while id != 0xFFFF {
            let [low, high] = id.to_le_bytes();
            let answer = trial.user(0x0A, 0x23, &[0, 0, low, high, 0, 0xFF]).unwrap();
            id = u16::from_le_bytes([answer[0], answer[1]]);
            seen.push(u16::from_le_bytes([answer[2], answer[3]]));
        }
        let info = trial.user(0x0A, 0x20, &[]).unwrap();
        assert_eq!(seen, (1..=seen.len() as u16).collect::<Vec<_>>());
        assert_eq!((info[0], usize::from(info[1]), info[13]), (0x51, seen.len(), 0x03));
        let last = trial.user(0x0A, 0x23, &[0, 0, 0xFF, 0xFF, 0, 5]).unwrap();
        assert_eq!((u16::from_le_bytes([last[2], last[3]]) as usize, last.len()), (seen.len(), 7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_read_in_parts_is_the_same_and_needs_a_reservation() {
        let mut trial = Trial::new();
        for (netfn, get, reserve) in [(0x0A, 0x23, 0x22), (0x04, 0x21, 0x22)] {
            let whole = trial.user(netfn, get, &[0, 0, 1, 0, 0, 0xFF]).unwrap();
            assert_eq!(trial.user(netfn, get, &[0, 0, 1, 0, 5, 8]), Err(0xC5));
            let [low, high] = trial.user(netfn, reserve, &[]).unwrap()[..] else { panic!() };
            let mut parts = whole[..2].to_vec();
            for offset in (0..whole.len() as u8 - 2).step_by(16) {
                parts.extend(&trial.user(netfn, get, &[low, high, 1, 0, offset, 16]).unwrap()[2..]);
            }
            assert_eq!(parts, whole);
            trial.user(netfn, reserve, &[]).unwrap();
            assert_eq!(trial.user(netfn, get, &[low, high, 1, 0, 5, 8]), Err(0xC5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_is_not_there_and_a_byte_that_is_not_are_refused() {
        let mut trial = Trial::new();
        assert_eq!(trial.user(0x0A, 0x23, &[0, 0, 0xF0, 0x0F, 0, 0xFF]), Err(0xCB));
        let [low, high] = trial.user(0x0A, 0x22, &[]).unwrap()[..] else { panic!() };
        assert_eq!(trial.user(0x0A, 0x23, &[low, high, 1, 0, 0xF0, 1]), Err(0xC9));
    }

    #[tokio::test(start_paused = true)]
    async fn lengths_other_than_the_standard_s_are_refused() {
        let mut trial = Trial::new();
        for (netfn, number, lengths) in [
            (0x04, 0x20, &[0, 1][..]),
            (0x04, 0x21, &[6]),
            (0x04, 0x22, &[0]),
            (0x0A, 0x20, &[0]),
            (0x0A, 0x21, &[0]),
            (0x0A, 0x22, &[0]),
            (0x0A, 0x23, &[6]),
            (0x0A, 0x28, &[0]),
            (0x0A, 0x29, &[4]),
            (0x0A, 0x2C, &[1]),
        ] {
            trial.takes_lengths(netfn, number, lengths);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_sensors_are_counted_and_so_are_their_records() {
        let mut trial = Trial::new();
        let sensors = trial.user(0x04, 0x20, &[]).unwrap();
        let records = trial.user(0x04, 0x20, &[1]).unwrap();
        assert!(sensors[0] > 30 && records[0] > sensors[0] && sensors[1] == 1, "{sensors:?} {records:?}");
        let units = trial.user(0x0A, 0x21, &[]).unwrap();
        assert_eq!(units, [records[0], 0, 64, 0, 0, 0, 0, 0, 1]);
    }
}
