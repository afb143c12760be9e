//! The sensor data records: what sensors there are (IPMI v2.0 §33), walked record by record; `record` and `linear` know
//! what is in one.

pub(super) mod linear;
pub(super) mod record;

use std::collections::BTreeSet;

use self::record::SensorRecord;
use super::{command::Command, link::Talk, quirks, sdr::record::HEADER};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
};

/// The commands of one kind of repository.
struct Repository {
    reserve: Command,
    get: Command,
}

/// The BMC's repository: Reserve SDR Repository (§33.11), Get SDR (§33.12).
const CENTRAL: Repository = Repository {
    reserve: Command::read("Reserve SDR Repository", 0x0A, 0x22),
    get: Command::read("Get SDR", 0x0A, 0x23),
};
/// Records of the device itself, for a BMC without a repository (§35.3, §35.4).
const DEVICE: Repository = Repository {
    reserve: Command::read("Reserve Device SDR Repository", 0x04, 0x22),
    get: Command::read("Get Device SDR", 0x04, 0x21),
};

const FIRST: u16 = 0x0000;
const LAST: u16 = 0xFFFF;
/// More records than any repository has room for.
const MOST: usize = 4096;
/// Bytes to ask for at once, at first: the longest sensor record.
const CHUNK: u8 = 64;
/// Fewer than that are not worth a request.
const SMALLEST: u8 = 4;
/// How often a lost reservation is made again in one walk: somebody who writes the repository ends sometime.
const RESERVATIONS: u32 = 16;

/// Every sensor that has a record. One whose record cannot be understood is left out, with a note.
pub(super) async fn sensors(talk: &mut Talk<'_>) -> Result<Vec<SensorRecord>, Failure> {
    let mut sensors = Vec::new();
    for repository in [&CENTRAL, &DEVICE] {
        let Some(mut walk) = Walk::begin(talk, repository).await? else { continue };
        let mut seen = BTreeSet::new();
        let mut at = FIRST;
        while at != LAST && seen.insert(at) && seen.len() < MOST {
            let Some((next, record)) = walk.record(talk, at).await? else { break };
            match SensorRecord::read(&record) {
                Ok(found) => sensors.extend(found),
                Err(malformed) => talk.forgive(malformed.into()),
            }
            at = next;
        }
        if at != LAST {
            talk.forgive(Deviation::BadField { what: "next SDR record", value: at.into() });
        }
        return Ok(sensors);
    }
    Err(Cause::NotFound { what: "sensor data records".to_owned() }.into())
}

/// One walk through a repository.
struct Walk<'r> {
    repository: &'r Repository,
    reservation: [u8; 2],
    reservations: u32,
    chunk: u8,
}

impl<'r> Walk<'r> {
    /// `None` when the BMC has no such repository.
    async fn begin(talk: &mut Talk<'_>, repository: &'r Repository) -> Result<Option<Self>, Failure> {
        let mut walk = Self { repository, reservation: [0; 2], reservations: 0, chunk: CHUNK };
        match walk.reserve(talk).await? {
            // A repository without reservations is read with 0000h (§33.11).
            0 | 0xCC | 0xC9 | 0xC2 => Ok(Some(walk)),
            0xC1 => Ok(walk.record_head(talk, FIRST).await?.map(|_| walk)),
            0xD4 => Err(repository.reserve.refused(0xD4)),
            _ => Ok(None),
        }
    }

    async fn reserve(&mut self, talk: &mut Talk<'_>) -> Result<u8, Failure> {
        let answered = talk.try_ask(&self.repository.reserve, &[]).await?;
        self.reservation = answered
            .data
            .first_chunk::<2>()
            .copied()
            .filter(|_| answered.completion == 0)
            .unwrap_or_default();
        Ok(answered.completion)
    }

    async fn record_head(&mut self, talk: &mut Talk<'_>, id: u16) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        self.part(talk, id, 0, HEADER as u8).await
    }

    /// A record and the ID of the next; `None` when the BMC has not got it.
    async fn record(&mut self, talk: &mut Talk<'_>, id: u16) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        let Some((next, mut record)) = self.record_head(talk, id).await? else { return Ok(None) };
        let Some(length) = record.get(4).copied().filter(|_| record.len() >= HEADER) else {
            talk.forgive(self.repository.get.short(record.len(), HEADER));
            return Ok(Some((next, record)));
        };
        let whole = HEADER + usize::from(length);
        while record.len() < whole {
            let asked = (whole - record.len()).min(self.chunk.into()) as u8;
            let Some((_, mut part)) = self.part(talk, id, record.len() as u8, asked).await? else { break };
            if part.is_empty() {
                break;
            }
            if part.len() > asked.into() {
                talk.quirk(&quirks::SURPLUS_SDR_BYTES);
                part.truncate(asked.into());
            }
            record.extend_from_slice(&part);
        }
        record.truncate(whole);
        Ok(Some((next, record)))
    }

    /// Some bytes of a record. A lost reservation is made again, a piece too large for the BMC asked for in halves.
    async fn part(
        &mut self,
        talk: &mut Talk<'_>,
        id: u16,
        offset: u8,
        count: u8,
    ) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        let mut count = count;
        loop {
            let ([a, b], [c, d]) = (self.reservation, id.to_le_bytes());
            let get = &self.repository.get;
            let answered = talk.try_ask(get, &[a, b, c, d, offset, count]).await?;
            match answered.completion {
                0 => {}
                0xC5 if self.reservations < RESERVATIONS => {
                    self.reservations += 1;
                    self.reserve(talk).await?;
                    continue;
                }
                0xC7..=0xCA | 0xFF if count > SMALLEST => {
                    count = (count / 2).max(SMALLEST);
                    self.chunk = self.chunk.min(count);
                    continue;
                }
                0xC1 | 0xC9 | 0xCB | 0xCC => return Ok(None),
                code => return Err(get.refused(code)),
            }
            let Some((next, data)) = answered.data.split_first_chunk::<2>() else {
                return Err(get.broken(get.short(answered.data.len(), 2)));
            };
            return Ok(Some((u16::from_le_bytes(*next), data.to_vec())));
        }
    }
}
