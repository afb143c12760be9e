//! FRU inventory: who made the machine and its board (IPMI v2.0 §34, Platform Management FRU Information v1.0).

use super::{
    command::{Command, Effect},
    link::Talk,
    rmcp::{handshake::Privilege, message::checksum},
};
use crate::{driver::Deviation, drivers::failure::Failure};

/// Get FRU Inventory Area Info (§34.1).
const AREA_INFO: Command = read_command("Get FRU Inventory Area Info", 0x10);
/// Read FRU Data (§34.2).
const READ: Command = read_command("Read FRU Data", 0x11);

/// Bytes to ask for at once; what every BMC's message buffer holds.
const CHUNK: u16 = 32;
/// The longest area: its length is a byte in units of eight.
const LONGEST: u16 = 255 * 8;

const fn read_command(name: &'static str, number: u8) -> Command {
    Command { name, netfn: 0x0A, number, privilege: Privilege::User, effect: Effect::Repeatable }
}

/// What FRU 0, the machine itself, says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fru {
    pub(super) board_manufacturer: Option<String>,
    pub(super) board_product: Option<String>,
    pub(super) board_serial: Option<String>,
    pub(super) board_part: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) product: Option<String>,
    pub(super) part: Option<String>,
    pub(super) serial: Option<String>,
}

/// Reads FRU 0. A BMC without it says nothing, which is no failure; an area whose checksum does not fit is left out.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Fru, Failure> {
    let info = talk.try_ask(&AREA_INFO, &[0]).await?;
    let [low, high, access, ..] = info.data[..] else { return Ok(Fru::default()) };
    if info.completion != 0 {
        return Ok(Fru::default());
    }
    let store = Store { size: u16::from_le_bytes([low, high]), words: access & 0x01 != 0 };
    let Some(header) = store.bytes(talk, 0, 8).await? else { return Ok(Fru::default()) };
    if checksum(&header[..]) != 0 {
        talk.forgive(Deviation::BadChecksum { what: "the FRU header" });
        return Ok(Fru::default());
    }
    let mut fru = Fru::default();
    if let Some(area) = store.area(talk, header[3], "the FRU board area").await? {
        // Language and the date of manufacture come first; then manufacturer, product, serial, part (§11).
        [fru.board_manufacturer, fru.board_product, fru.board_serial, fru.board_part, _] = texts(&area, 6);
    }
    if let Some(area) = store.area(talk, header[4], "the FRU product area").await? {
        // Language first; then manufacturer, product, part, version, serial (§12).
        [fru.manufacturer, fru.product, fru.part, _, fru.serial] = texts(&area, 3);
    }
    Ok(fru)
}

/// The FRU store of a BMC, addressed in bytes or in words.
struct Store {
    size: u16,
    words: bool,
}

impl Store {
    /// A whole area whose checksum fits; `offset` in units of eight bytes, 0 for an area that is not there.
    async fn area(
        &self,
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

    /// Bytes from the store; `None` when the BMC does not give all of them.
    async fn bytes(&self, talk: &mut Talk<'_>, at: u16, length: u16) -> Result<Option<Vec<u8>>, Failure> {
        if length > LONGEST || u32::from(at) + u32::from(length) > u32::from(self.size) {
            talk.forgive(Deviation::BadField { what: "FRU area", value: u32::from(at) });
            return Ok(None);
        }
        let unit = if self.words { 2 } else { 1 };
        let mut bytes = Vec::with_capacity(length.into());
        while bytes.len() < length.into() {
            let from = (at + bytes.len() as u16) / unit;
            let count = CHUNK.min(length - bytes.len() as u16).div_ceil(unit);
            let [low, high] = from.to_le_bytes();
            let answered = talk.try_ask(&READ, &[0, low, high, count as u8]).await?;
            let Some((told, data)) = answered.data.split_first().filter(|_| answered.completion == 0) else {
                return Ok(None);
            };
            let told = usize::from(*told) * usize::from(unit);
            let data = &data[..data.len().min(told)];
            if data.is_empty() {
                return Ok(None);
            }
            bytes.extend_from_slice(data);
        }
        bytes.truncate(length.into());
        Ok(Some(bytes))
    }
}

/// The first five type/length fields of an area, from this offset; C1h ends them (§13).
fn texts(area: &[u8], from: usize) -> [Option<String>; 5] {
    let mut texts = [const { None }; 5];
    let mut rest = area.get(from..).unwrap_or_default();
    for text in &mut texts {
        let Some((kind, after)) = rest.split_first().filter(|(kind, _)| **kind != 0xC1) else { break };
        let Some((bytes, after)) = after.split_at_checked(usize::from(kind & 0x3F)) else { break };
        *text = decode(kind >> 6, bytes);
        rest = after;
    }
    texts
}

/// A field by its encoding: binary, BCD plus, packed 6-bit ASCII, or 8-bit text (§13).
fn decode(encoding: u8, bytes: &[u8]) -> Option<String> {
    let text = match encoding {
        0b00 => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        0b01 => bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).map(bcd_plus).collect(),
        0b10 => bytes.chunks(3).flat_map(six_bits).collect(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect::<String>(),
    };
    // Some end their text in FFh, FEh or NUL.
    let ends = |c: char| c.is_whitespace() || matches!(c, '\0' | '\u{FF}' | '\u{FE}');
    let text = text.trim_matches(ends);
    (!text.is_empty()).then(|| text.to_owned())
}

fn bcd_plus(digit: u8) -> char {
    char::from(b"0123456789 -.???"[usize::from(digit & 0x0F)])
}

/// Four characters in three bytes, the low bits first, counted from the space.
fn six_bits(group: &[u8]) -> Vec<char> {
    let bits = group.iter().rev().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let characters = group.len() * 8 / 6;
    (0..characters).map(|at| char::from(0x20 + (bits >> (6 * at) & 0x3F) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_text_unpacks_to_the_standards_own_example() {
        // "IPMI" is 29h DCh A6h (Platform Management FRU Information §13).
        assert_eq!(decode(0b10, &[0x29, 0xDC, 0xA6]).as_deref(), Some("IPMI"));
    }

    #[test]
    fn text_is_rid_of_its_padding() {
        assert_eq!(decode(0b11, b"X11DPH \0\xFF").as_deref(), Some("X11DPH"));
        assert_eq!(decode(0b11, b" \0"), None);
        assert_eq!(decode(0b01, &[0x12, 0xB3]).as_deref(), Some("12-3"));
    }

    #[test]
    fn fields_end_at_c1_or_where_the_area_ends() {
        let area = [0xC3, b'a', b'b', b'c', 0xC0, 0xC1, 0xC3, b'x', b'x', b'x'];
        assert_eq!(texts(&area, 0), [Some("abc".to_owned()), None, None, None, None]);
        assert_eq!(texts(&[0xFF, b'a'], 0), [const { None }; 5]);
        assert_eq!(texts(&[], 6), [const { None }; 5]);
    }
}
