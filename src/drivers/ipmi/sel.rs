//! The event log (IPMI v2.0 §31): read entry by entry, cleared under a reservation.

mod record;

use std::{collections::BTreeSet, time::Duration};

use super::{clock, command::Command, link::Talk, rmcp::handshake::Privilege};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
    model::{Change, EventLog},
};

/// Get SEL Info (§31.2).
const GET_INFO: Command = Command::read("Get SEL Info", 0x0A, 0x40);
/// Reserve SEL (§31.4).
const RESERVE: Command = Command::read("Reserve SEL", 0x0A, 0x42);
/// Get SEL Entry (§31.5).
const GET_ENTRY: Command = Command::read("Get SEL Entry", 0x0A, 0x43);
/// Clear SEL (§31.9).
const CLEAR: Command = Command::read("Clear SEL", 0x0A, 0x47).for_role(Privilege::Operator).changing();
/// The same command when it asks how far the erasure is.
const ERASURE_STATUS: Command = Command::read("Clear SEL", 0x0A, 0x47).for_role(Privilege::Operator);

const FIRST: u16 = 0x0000;
const LAST: u16 = 0xFFFF;
/// The whole record.
const WHOLE: u8 = 0xFF;
const RECORD: usize = 16;
/// A piece of a record for a BMC that does not carry all of it.
const PIECE: u8 = 8;
/// More entries than any log has room for: IDs have 16 bits.
const MOST: usize = 0xFFFE;
const RESERVATIONS: u32 = 8;
/// How long to wait between looks at an erasure.
const LOOK: Duration = Duration::from_millis(250);

const INITIATE: u8 = 0xAA;
const STATUS: u8 = 0x00;

/// All entries, the oldest first.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<EventLog, Failure> {
    let info = Info::read(talk).await?;
    let offset = clock::offset(talk).await?;
    let mut log = EventLog { entries: Vec::new(), overflowed: info.overflowed, free_bytes: info.free };
    if info.entries == 0 {
        return Ok(log);
    }
    let mut entries = Entries { reservation: [0; 2], reservations: 0, partial: false };
    let (mut at, mut seen) = (FIRST, BTreeSet::new());
    while at != LAST && seen.len() < MOST {
        if !seen.insert(at) {
            talk.forgive(Deviation::BadField { what: "next SEL record", value: at.into() });
            break;
        }
        let Some((next, record)) = entries.entry(talk, at).await? else { break };
        match record::read(&record, offset) {
            Some(entry) => log.entries.push(entry),
            None => talk.forgive(GET_ENTRY.short(record.len(), RECORD)),
        }
        at = next;
    }
    Ok(log)
}

/// Erases the log and waits, as long as the deadline allows, until it is erased.
pub(super) async fn clear(talk: &mut Talk<'_>) -> Result<Change, Failure> {
    if Info::read(talk).await?.entries == 0 {
        return Ok(Change::AlreadySo);
    }
    let mut tries = 0;
    let (reservation, mut progress) = loop {
        let reservation = reserve(talk).await?;
        let answered = talk.try_ask(&CLEAR, &clearing(reservation, INITIATE)).await?;
        match answered.completion {
            0 => break (reservation, answered.data),
            // The reservation was lost to a new event: nothing was erased.
            0xC5 if tries < RESERVATIONS => tries += 1,
            code => return Err(CLEAR.refused(code)),
        }
    };
    // Low bits 0: in progress. What cannot be asked any more has been accepted all the same.
    while progress.first().is_some_and(|byte| byte & 0x0F == 0) && talk.pause(LOOK).await {
        let looked = talk.try_ask(&ERASURE_STATUS, &clearing(reservation, STATUS)).await;
        progress = match looked {
            Ok(answered) if answered.completion == 0 => answered.data,
            _ => break,
        };
    }
    Ok(Change::Changed)
}

/// The reservation, "CLR", and what to do (table 31-9).
fn clearing([a, b]: [u8; 2], action: u8) -> [u8; 6] {
    [a, b, b'C', b'L', b'R', action]
}

/// A reservation; 0000h from a BMC without them.
async fn reserve(talk: &mut Talk<'_>) -> Result<[u8; 2], Failure> {
    let answered = talk.try_ask(&RESERVE, &[]).await?;
    Ok(answered.data.first_chunk::<2>().copied().filter(|_| answered.completion == 0).unwrap_or_default())
}

/// Reads bytes as an entry, and as what Get SEL Info answers; whether they are either.
#[cfg(feature = "fuzzing")]
pub(super) fn is_read(bytes: &[u8], offset: Option<i16>) -> bool {
    record::read(bytes, offset).is_some() | Info::of(bytes).is_some()
}

/// Get SEL Info's answer (table 31-2).
struct Info {
    entries: u16,
    free: Option<u32>,
    overflowed: Option<bool>,
}

impl Info {
    async fn read(talk: &mut Talk<'_>) -> Result<Self, Failure> {
        let answered = talk.try_ask(&GET_INFO, &[]).await?;
        match answered.completion {
            0 => {}
            0xC1 | 0xCB => return Err(Cause::NotFound { what: "event log".to_owned() }.into()),
            code => return Err(GET_INFO.refused(code)),
        }
        let data = answered.data;
        Self::of(&data).ok_or_else(|| GET_INFO.broken(GET_INFO.short(data.len(), 14)))
    }

    /// Version, entries, free bytes, two times, and the flag of events that were lost.
    fn of(data: &[u8]) -> Option<Self> {
        let word = |at: usize| data.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        // FFFFh means 65535 or more.
        let free = word(3).map(u32::from);
        Some(Self { entries: word(1)?, free, overflowed: data.get(13).map(|support| support & 0x80 != 0) })
    }
}

/// A walk through the log.
struct Entries {
    reservation: [u8; 2],
    reservations: u32,
    /// Whether records are asked for in pieces, which needs a reservation.
    partial: bool,
}

impl Entries {
    /// A record and the ID of the next; `None` where there is none.
    async fn entry(&mut self, talk: &mut Talk<'_>, id: u16) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        if !self.partial {
            match self.part(talk, id, 0, WHOLE).await? {
                Part::Bytes(next, mut record) => {
                    record.truncate(RECORD);
                    return Ok(Some((next, record)));
                }
                Part::None => return Ok(None),
                Part::TooLong => self.partial = true,
            }
            self.reservation = reserve(talk).await?;
        }
        let mut whole = (LAST, Vec::with_capacity(RECORD));
        while whole.1.len() < RECORD {
            let Part::Bytes(next, part) = self.part(talk, id, whole.1.len() as u8, PIECE).await? else {
                return Ok(None);
            };
            if part.is_empty() {
                break;
            }
            whole.0 = next;
            whole.1.extend_from_slice(&part);
        }
        Ok(Some(whole))
    }

    async fn part(&mut self, talk: &mut Talk<'_>, id: u16, offset: u8, count: u8) -> Result<Part, Failure> {
        loop {
            let ([a, b], [c, d]) = (self.reservation, id.to_le_bytes());
            let answered = talk.try_ask(&GET_ENTRY, &[a, b, c, d, offset, count]).await?;
            match answered.completion {
                0 => {}
                0xC5 if self.reservations < RESERVATIONS => {
                    self.reservations += 1;
                    self.reservation = reserve(talk).await?;
                    continue;
                }
                0xC7..=0xCA if count == WHOLE => return Ok(Part::TooLong),
                0xCB | 0xC9 => return Ok(Part::None),
                code => return Err(GET_ENTRY.refused(code)),
            }
            let Some((next, data)) = answered.data.split_first_chunk::<2>() else {
                return Err(GET_ENTRY.broken(GET_ENTRY.short(answered.data.len(), 18)));
            };
            return Ok(Part::Bytes(u16::from_le_bytes(*next), data.to_vec()));
        }
    }
}

enum Part {
    Bytes(u16, Vec<u8>),
    None,
    TooLong,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bit_7_says_that_events_were_lost() {
        let mut info = [0x51, 2, 0, 0x40, 0x1F, 0, 0, 0, 0, 0, 0, 0, 0, 0x8F];
        assert_eq!(Info::of(&info).unwrap().overflowed, Some(true));
        info[13] = 0x0F;
        let told = Info::of(&info).unwrap();
        assert_eq!((told.entries, told.free, told.overflowed), (2, Some(8000), Some(false)));
        assert!(Info::of(&info[..2]).is_none());
    }

    proptest! {
        #[test]
        fn no_info_panics(data in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = Info::of(&data);
        }
    }
}
