//! What is in a FRU store (Platform Management FRU Information Storage Definition v1.0): bytes to fields, without I/O.

use crate::{
    drivers::ipmi::rmcp::message::checksum,
    model::{FruBoard, FruChassis, FruProduct, Timestamp},
};

/// 1996-01-01T00:00:00Z, from which a board's age is counted.
const BEGIN: i64 = 820_454_400;

/// The common header (§8): where the areas are, in units of eight bytes, 0 for none.
pub(super) struct Header {
    pub(super) chassis: u8,
    pub(super) board: u8,
    pub(super) product: u8,
    pub(super) records: u8,
}

impl Header {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
        Self { chassis: at(2), board: at(3), product: at(4), records: at(5) }
    }
}

/// What a record begins with (§16.1).
pub(super) struct RecordHead {
    pub(super) kind: u8,
    pub(super) last: bool,
    pub(super) length: u8,
    /// Of the record's data.
    pub(super) checksum: u8,
}

impl RecordHead {
    pub(super) const LENGTH: u16 = 5;

    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let [kind, format, length, sum, _] = *bytes.first_chunk::<5>()?;
        let sound = checksum(&bytes[..5]) == 0 && format & 0x0F == 0x02;
        sound.then_some(Self { kind, last: format & 0x80 != 0, length, checksum: sum })
    }
}

/// The chassis area (§10): its text is English whatever the language of the others.
pub(super) fn chassis(area: &[u8]) -> Option<FruChassis> {
    let kind = *area.get(2)?;
    let mut fields = Fields::new(area, 3, Language::English);
    Some(FruChassis { kind, part_number: fields.text(), serial: fields.text(), custom: fields.rest() })
}

/// The board area (§11).
pub(super) fn board(area: &[u8]) -> Option<FruBoard> {
    let minutes = area.get(3..6)?;
    let minutes = u32::from_le_bytes([minutes[0], minutes[1], minutes[2], 0]);
    let mut fields = Fields::new(area, 6, Language::of(*area.get(2)?));
    Some(FruBoard {
        manufactured: (minutes != 0).then(|| Timestamp(BEGIN + 60 * i64::from(minutes))),
        manufacturer: fields.text(),
        product: fields.text(),
        serial: fields.number(),
        part_number: fields.number(),
        fru_file: fields.number(),
        custom: fields.rest(),
    })
}

/// The product area (§12).
pub(super) fn product(area: &[u8]) -> Option<FruProduct> {
    let mut fields = Fields::new(area, 3, Language::of(*area.get(2)?));
    Some(FruProduct {
        manufacturer: fields.text(),
        product: fields.text(),
        part_number: fields.number(),
        version: fields.number(),
        serial: fields.number(),
        asset_tag: fields.text(),
        fru_file: fields.number(),
        custom: fields.rest(),
    })
}

/// What the type "8-bit or language" means (§13): Latin-1 for English, UTF-16 with the low byte first for any other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Other,
}

impl Language {
    /// Codes 0 and 25 are English (§15).
    fn of(code: u8) -> Self {
        if matches!(code, 0 | 25) { Self::English } else { Self::Other }
    }
}

/// The type/length fields of an area (§13), C1h ends them.
struct Fields<'a> {
    rest: &'a [u8],
    language: Language,
}

impl<'a> Fields<'a> {
    fn new(area: &'a [u8], from: usize, language: Language) -> Self {
        // The area's last byte is its checksum.
        let end = area.len().saturating_sub(1);
        Self { rest: area.get(from..end).unwrap_or_default(), language }
    }

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (kind, after) = self.rest.split_first().filter(|(kind, _)| **kind != 0xC1)?;
        let (bytes, after) = after.split_at_checked(usize::from(kind & 0x3F))?;
        self.rest = after;
        Some((kind >> 6, bytes))
    }

    /// A field of text in the area's language. What is broken off ends all fields.
    fn text(&mut self) -> Option<String> {
        let Some((encoding, bytes)) = self.next() else {
            self.rest = &[];
            return None;
        };
        decode(encoding, bytes, self.language)
    }

    /// A number of the vendor's: in English in practice, whatever the area's language says; UTF-16 where every second byte is 0.
    fn number(&mut self) -> Option<String> {
        let language = self.language;
        let wide = self.rest.split_first().is_some_and(|(kind, after)| {
            let bytes = after.get(..usize::from(kind & 0x3F)).unwrap_or_default();
            bytes.len() >= 2 && bytes.len() % 2 == 0 && bytes.iter().skip(1).step_by(2).all(|byte| *byte == 0)
        });
        self.language = if wide { language } else { Language::English };
        let text = self.text();
        self.language = language;
        text
    }

    fn rest(mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some((encoding, bytes)) = self.next() {
            all.extend(decode(encoding, bytes, self.language));
        }
        all
    }
}

/// A field by its encoding: binary, BCD plus, packed 6-bit ASCII, or text (§13).
fn decode(encoding: u8, bytes: &[u8], language: Language) -> Option<String> {
    let text: String = match encoding {
        0b00 => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        0b01 => bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).map(bcd_plus).collect(),
        0b10 => bytes.chunks(3).flat_map(six_bits).collect(),
        _ if language == Language::Other && bytes.len().is_multiple_of(2) => {
            let words = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            char::decode_utf16(words).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    clean(&text)
}

/// Text as people read it: up to the first NUL, without white space at its ends, nor the FFh and FEh that some end it with.
pub(in super::super) fn clean(text: &str) -> Option<String> {
    let text = text.split('\0').find(|part| !part.trim().is_empty()).unwrap_or_default();
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{FF}' | '\u{FE}' | '\u{FFFF}');
    let text = text.trim_matches(ends);
    (!text.is_empty()).then(|| text.to_owned())
}

pub(in super::super) fn bcd_plus(digit: u8) -> char {
    char::from(b"0123456789 -.:,_"[usize::from(digit & 0x0F)])
}

/// Four characters in three bytes, the low bits first, counted from the space.
pub(in super::super) fn six_bits(group: &[u8]) -> Vec<char> {
    let bits = group.iter().take(3).rev().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let characters = group.len().min(3) * 8 / 6;
    (0..characters).map(|at| char::from(0x20 + (bits >> (6 * at) & 0x3F) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn english(encoding: u8, bytes: &[u8]) -> Option<String> {
        decode(encoding, bytes, Language::English)
    }

    #[test]
    fn packed_text_unpacks_to_the_standards_own_example() {
        // "IPMI" is 29h DCh A6h (Platform Management FRU Information §13).
        assert_eq!(english(0b10, &[0x29, 0xDC, 0xA6]).as_deref(), Some("IPMI"));
    }

    #[test]
    fn text_is_rid_of_its_padding() {
        assert_eq!(english(0b11, b"X11DPH \0\xFF").as_deref(), Some("X11DPH"));
        assert_eq!(english(0b11, b"a:b\xFE").as_deref(), Some("a:b"));
        assert_eq!(english(0b11, b" \0"), None);
        assert_eq!(english(0b01, &[0x12, 0xB3]).as_deref(), Some("12-3"));
    }

    #[test]
    fn another_language_than_english_is_utf_16() {
        assert_eq!(decode(0b11, &[0xE4, 0, 0x61, 0x67], Language::Other).as_deref(), Some("ä条"));
        // A serial number in an area of another language, once in bytes and once in words.
        for serial in [&b"S1"[..], &[b'S', 0, b'1', 0]] {
            let area =
                [&[1, 1, 7, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0 | serial.len() as u8], serial, &[0xC1, 0]].concat();
            assert_eq!(product(&area).unwrap().serial.as_deref(), Some("S1"));
        }
    }

    #[test]
    fn fields_end_at_c1_or_where_the_area_ends() {
        let area = [1, 1, 0x17, 0xC3, b'a', b'b', b'c', 0xC0, 0xC2, b'c', b'1', 0xC1, 0xC1, b'x', 0];
        let found = chassis(&area).unwrap();
        assert_eq!((found.kind, found.part_number.as_deref(), found.serial), (0x17, Some("abc"), None));
        assert_eq!(found.custom, ["c1"]);
        assert_eq!(chassis(&[1, 1, 0x17, 0xFF, b'a', 0]).unwrap().part_number, None);
    }

    #[test]
    fn a_board_was_made_so_many_minutes_after_1996() {
        let area = [1, 1, 25, 0x00, 0x40, 0x0B, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC1, 0];
        // 0B4000h minutes are 512 days.
        assert_eq!(board(&area).unwrap().manufactured.unwrap().to_string(), "1997-05-27T00:00:00Z");
        let unspecified = [1, 1, 25, 0, 0, 0, 0xC1, 0];
        assert_eq!(board(&unspecified).unwrap().manufactured, None);
    }

    proptest! {
        #[test]
        fn no_area_panics(area in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (chassis(&area), board(&area), product(&area), RecordHead::of(&area), Header::of(&area));
        }
    }
}
