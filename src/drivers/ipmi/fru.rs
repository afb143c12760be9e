//! FRU inventory: who made the machine and its board (IPMI v2.0 §34), read from the BMC's store; `areas` knows what is in it.

pub(super) mod areas;

use std::time::Duration;

use self::areas::{Header, RecordHead};
use super::{command::Command, link::Talk, rmcp::message::checksum};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
    model::{Bytes, Fru, FruRecord},
};

/// Get FRU Inventory Area Info (§34.1).
const AREA_INFO: Command = Command::read("Get FRU Inventory Area Info", 0x0A, 0x10);
/// Read FRU Data (§34.2).
const READ: Command = Command::read("Read FRU Data", 0x0A, 0x11);

/// The FRU device that is the machine itself; the others are its parts, whose serials are not the machine's.
const MACHINE: u8 = 0;
/// Bytes to ask for at once, at first; a BMC whose buffer is smaller says so and is asked for half.
const CHUNK: u16 = 48;
/// Fewer than that are not worth a request.
const SMALLEST: u16 = 6;
/// The longest area: its length is a byte in units of eight.
const LONGEST: u16 = 255 * 8;
/// More records than any store has room for.
const RECORDS: usize = 64;
/// How often a store that is busy (81h) is asked again.
const PATIENCE: u32 = 4;

/// Reads bytes as every area there is; whether they are any.
#[cfg(feature = "fuzzing")]
pub(super) fn is_read(area: &[u8]) -> bool {
    RecordHead::of(area).is_some()
        | areas::chassis(area).is_some()
        | areas::board(area).is_some()
        | areas::product(area).is_some()
}

/// `fru.read`: a BMC without a store for the machine has none to read.
pub(super) async fn tell(talk: &mut Talk<'_>) -> Result<Fru, Failure> {
    let absent = || Cause::NotFound { what: "FRU inventory of the machine".to_owned() };
    read(talk, Extent::Whole).await?.ok_or_else(|| absent().into())
}

/// How much of a store is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Board and product, which say who the machine is.
    Names,
    /// All of it.
    Whole,
}

/// Reads FRU 0. `None` when the BMC has no such store; an area whose checksum does not fit is left out.
pub(super) async fn read(talk: &mut Talk<'_>, extent: Extent) -> Result<Option<Fru>, Failure> {
    let info = talk.try_ask(&AREA_INFO, &[MACHINE]).await?;
    let [low, high, access, ..] = info.data[..] else { return Ok(None) };
    if info.completion != 0 {
        return Ok(None);
    }
    let mut store = Store { size: u16::from_le_bytes([low, high]), words: access & 0x01 != 0, chunk: CHUNK };
    let Some(header) = store.bytes(talk, 0, 8).await? else { return Ok(None) };
    if checksum(&header) != 0 {
        talk.forgive(Deviation::BadChecksum { what: "the FRU header" });
        return Ok(None);
    }
    let Header { mut chassis, board, product, mut records } = Header::of(&header);
    if extent == Extent::Names {
        (chassis, records) = (0, 0);
    }
    let chassis = store.area(talk, chassis, "the FRU chassis area").await?;
    let board = store.area(talk, board, "the FRU board area").await?;
    let product = store.area(talk, product, "the FRU product area").await?;
    Ok(Some(Fru {
        chassis: chassis.as_deref().and_then(areas::chassis),
        board: board.as_deref().and_then(areas::board),
        product: product.as_deref().and_then(areas::product),
        records: store.records(talk, records).await?,
    }))
}

/// The FRU store of a BMC, addressed in bytes or in words.
struct Store {
    size: u16,
    words: bool,
    chunk: u16,
}

impl Store {
    /// A whole area whose checksum fits; `offset` in units of eight bytes, 0 for an area that is not there.
    async fn area(
        &mut self,
        talk: &mut Talk<'_>,
        offset: u8,
        what: &'static str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        if offset == 0 {
            return Ok(None);
        }
        let at = u16::from(offset) * 8;
        let Some(head) = self.bytes(talk, at, 2).await? else { return Ok(None) };
        let length = u16::from(head[1]) * 8;
        let Some(area) = self.bytes(talk, at, length).await? else { return Ok(None) };
        if length == 0 || checksum(&area) != 0 {
            talk.forgive(Deviation::BadChecksum { what });
            return Ok(None);
        }
        Ok(Some(area))
    }

    /// The records from this offset on, up to the last or to the first that cannot be believed.
    async fn records(&mut self, talk: &mut Talk<'_>, offset: u8) -> Result<Vec<FruRecord>, Failure> {
        let mut records = Vec::new();
        let mut at = u16::from(offset) * 8;
        while at != 0 && records.len() < RECORDS {
            let Some(head) = self.bytes(talk, at, RecordHead::LENGTH).await? else { break };
            let Some(head) = RecordHead::of(&head) else {
                talk.forgive(Deviation::BadChecksum { what: "a FRU record" });
                break;
            };
            let from = at.saturating_add(RecordHead::LENGTH);
            let Some(data) = self.bytes(talk, from, head.length.into()).await? else { break };
            if checksum(&data) != head.checksum {
                talk.forgive(Deviation::BadChecksum { what: "a FRU record" });
                break;
            }
            records.push(FruRecord { kind: head.kind, data: Bytes(data) });
            at = if head.last { 0 } else { from.saturating_add(head.length.into()) };
        }
        Ok(records)
    }

    /// Bytes from the store; `None` when the BMC does not give all of them.
    async fn bytes(&mut self, talk: &mut Talk<'_>, at: u16, length: u16) -> Result<Option<Vec<u8>>, Failure> {
        if length > LONGEST || u32::from(at) + u32::from(length) > u32::from(self.size) {
            talk.forgive(Deviation::BadField { what: "FRU area", value: u32::from(at) });
            return Ok(None);
        }
        let unit = if self.words { 2 } else { 1 };
        // A store of words is read from an even byte on.
        let skip = usize::from(at % unit);
        let from = at / unit * unit;
        let whole = usize::from(length) + skip;
        let mut bytes = Vec::with_capacity(whole);
        let mut busy = 0;
        while bytes.len() < whole {
            let [low, high] = ((from + bytes.len() as u16) / unit).to_le_bytes();
            let count = self.chunk.min((whole - bytes.len()) as u16).div_ceil(unit);
            let answered = talk.try_ask(&READ, &[MACHINE, low, high, count as u8]).await?;
            match answered.completion {
                0 => {}
                0x81 if busy < PATIENCE && talk.pause(Duration::from_millis(250 << busy)).await => {
                    busy += 1;
                    continue;
                }
                0xC7..=0xCA | 0xCC | 0xFF if self.chunk > SMALLEST => {
                    self.chunk = (self.chunk / 2).next_multiple_of(2);
                    continue;
                }
                0xD4 => return Err(READ.refused(0xD4)),
                _ => return Ok(None),
            }
            let Some((told, data)) = answered.data.split_first() else { return Ok(None) };
            let data = &data[..data.len().min(usize::from(*told) * usize::from(unit))];
            if data.is_empty() {
                return Ok(None);
            }
            bytes.extend_from_slice(data);
        }
        bytes.truncate(whole);
        Ok(Some(bytes.split_off(skip)))
    }
}
