//! The areas of an inventory, with their checksums (Platform Management FRU Information Storage Definition v1.3).

use crate::redfish::clock;

/// A text, and how it is written (§13).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'t> {
    /// 8-bit ASCII and Latin 1.
    Text(&'t str),
    /// 6-bit ASCII, packed: no lower case. BCD plus is left out: FreeIPMI 1.6.9 cannot read it.
    Packed(&'t str),
}

/// How inventories are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    /// What follows a text of 8-bit letters in its field.
    pub(crate) padding: &'static [u8],
    /// When every board was made, in minutes since 1996, whatever Redfish says.
    pub(crate) minutes: Option<u32>,
}

/// The most that a field can have: the length has six bits.
const MOST: usize = 63;
/// What ends the fields of an area.
const END: u8 = 0xC1;
/// English.
const LANGUAGE: u8 = 0;
impl Field<'_> {
    /// Type, length and bytes.
    fn written(self, padding: &[u8]) -> Vec<u8> {
        let (kind, bytes) = match self {
            Self::Text(text) => {
                let mut bytes: Vec<u8> =
                    text.chars().map(|it| u8::try_from(u32::from(it)).unwrap_or(b'?')).take(MOST).collect();
                if !bytes.is_empty() {
                    bytes.extend(padding);
                    bytes.truncate(MOST);
                }
                // One letter would look like the end of the area.
                if bytes.len() == 1 {
                    bytes.push(b' ');
                }
                (0xC0, bytes)
            }
            Self::Packed(text) => (0x80, packed(text)),
        };
        let kind = if bytes.is_empty() { 0xC0 } else { kind };
        [&[kind | bytes.len() as u8], &bytes[..]].concat()
    }
}

/// Four letters in three bytes, the first in the lowest bits (§13.3).
fn packed(text: &str) -> Vec<u8> {
    let letter = |it: u8| if (0x20..0x60).contains(&it) { it - 0x20 } else { b'?' - 0x20 };
    let letters: Vec<u8> = text.bytes().take(MOST / 3 * 4).map(letter).collect();
    let group = |letters: &[u8]| {
        let bits = letters.iter().rev().fold(0u32, |bits, it| bits << 6 | u32::from(*it));
        bits.to_le_bytes().into_iter().take((letters.len() * 6).div_ceil(8)).collect::<Vec<_>>()
    };
    letters.chunks(4).flat_map(group).collect()
}

/// A whole inventory: the common header and the areas, of which an empty one is left out (§8).
pub(crate) fn whole(chassis: &[u8], board: &[u8], product: &[u8], records: &[u8]) -> Vec<u8> {
    let mut at = 8;
    let mut header = vec![0x01, 0];
    for area in [chassis, board, product, records] {
        header.push(if area.is_empty() { 0 } else { (at / 8) as u8 });
        at += area.len().next_multiple_of(8);
    }
    header.push(0);
    header.push(checksum(&header));
    let padded = |area: &[u8]| {
        let mut area = area.to_vec();
        area.resize(area.len().next_multiple_of(8), 0);
        area
    };
    [chassis, board, product, records]
        .into_iter()
        .map(padded)
        .fold(header, |image, area| [image, area].concat())
}

/// The chassis (§10), of a type of SMBIOS: part number, serial number.
pub(crate) fn chassis(style: Style, kind: u8, fields: [Field<'_>; 2]) -> Vec<u8> {
    area(style, &[kind], fields.iter())
}

/// The board (§11): the date of making, manufacturer, product, serial number, part number, file id.
pub(crate) fn board(style: Style, made: &str, fields: [Field<'_>; 5]) -> Vec<u8> {
    let [a, b, c, _] = style.minutes.unwrap_or_else(|| minutes(made)).to_le_bytes();
    area(style, &[LANGUAGE, a, b, c], fields.iter())
}

/// The product (§12): manufacturer, name, part number, version, serial number, asset tag, file id.
pub(crate) fn product(style: Style, fields: [Field<'_>; 7]) -> Vec<u8> {
    area(style, &[LANGUAGE], fields.iter())
}

/// The minutes from the beginning of 1996 to a day; 0 is none at all.
fn minutes(made: &str) -> u32 {
    const FIRST: &str = "1996-01-01T00:00:00Z";
    let day = made.get(..10).and_then(|day| clock::read(&format!("{day}T00:00:00Z")));
    let since = day.zip(clock::read(FIRST)).map_or(0, |(day, first)| (day - first) / 60);
    u32::try_from(since).ok().filter(|it| *it < 1 << 24).unwrap_or(0)
}

/// Version, length in eights, what is fixed, fields, end, padding, checksum.
fn area<'f, 't: 'f>(style: Style, fixed: &[u8], fields: impl Iterator<Item = &'f Field<'t>>) -> Vec<u8> {
    let mut area = [&[0x01, 0], fixed].concat();
    fields.for_each(|it| area.extend(it.written(style.padding)));
    area.push(END);
    let length = (area.len() + 1).next_multiple_of(8);
    area.resize(length - 1, 0);
    area[1] = (length / 8) as u8;
    area.push(checksum(&area));
    area
}

/// Records of type and data, the last of them marked (§16).
pub(crate) fn multi_record(records: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let last = records.len();
    let record = |(place, (kind, data)): (usize, &(u8, Vec<u8>))| {
        let end = if place + 1 == last { 0x80 } else { 0 };
        let mut header = vec![*kind, end | 0x02, data.len() as u8, checksum(data)];
        header.push(checksum(&header));
        [&header, &data[..]].concat()
    };
    records.iter().enumerate().flat_map(record).collect()
}

/// A power supply of so many watts (§18.1): 180 to 264 V, 47 to 63 Hz, hot swap, with auto switching and power factor
/// correction.
pub(super) fn power_supply(watts: u16) -> Vec<u8> {
    let [low, high] = (watts & 0x0FFF).to_le_bytes();
    let mut data = vec![low, high, 0xFF, 0xFF, 50, 5];
    for limit in [18_000u16, 26_400, 0, 0] {
        data.extend(limit.to_le_bytes());
    }
    data.extend([47, 63, 20, 0x1E]);
    // Peak: 15 seconds of what it always gives; no combined rails, no tachometer.
    data.extend((0xF000 | (watts & 0x0FFF)).to_le_bytes());
    data.extend([0, 0, 0, 0]);
    data
}

/// With it the sum of all bytes is 0.
pub(crate) fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_standard_is_packed_as_there() {
        // Platform Management FRU v1.3 §13.3: "IPMI".
        assert_eq!(Field::Packed("IPMI").written(&[]), [0x83, 0x29, 0xDC, 0xA6]);
        assert_eq!(Field::Packed("IP").written(&[]), [0x82, 0x29, 0x0C]);
        assert_eq!(Field::Packed("I").written(&[]), [0x81, 0x29]);
    }

    #[test]
    fn one_letter_is_not_taken_for_the_end() {
        assert_eq!(Field::Text("A").written(&[]), [0xC2, b'A', b' ']);
        assert_eq!(Field::Text("").written(&[]), [0xC0]);
    }

    #[test]
    fn a_day_is_counted_in_minutes_from_1996() {
        assert_eq!((minutes("1996-01-02"), minutes(""), minutes("1995-01-01")), (1440, 0, 0));
        assert_eq!(minutes("2026-03-14T00:00:00Z"), 15_883_200);
    }

    #[test]
    fn an_empty_area_is_left_out() {
        let image = whole(&[], &board(Style::default(), "", [Field::Text("A"); 5]), &[], &[]);
        assert_eq!(image[..7], [1, 0, 0, 1, 0, 0, 0]);
        assert_eq!(checksum(&image[..8]), 0);
    }

    #[test]
    fn a_power_supply_has_24_bytes() {
        assert_eq!(power_supply(900).len(), 24);
    }

    proptest! {
        #[test]
        fn every_area_adds_up_to_nothing(texts in prop::collection::vec("\\PC{0,80}", 7)) {
            let fields: Vec<Field<'_>> = texts.iter().map(|it| Field::Text(it)).collect();
            let area = product(Style::default(), fields.try_into().expect("there are seven"));
            prop_assert_eq!(checksum(&area), 0);
            prop_assert_eq!(area.len(), usize::from(area[1]) * 8);
        }

        #[test]
        fn records_add_up_to_nothing(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let record = multi_record(&[(0xC0, data.clone())]);
            prop_assert_eq!(checksum(&record[..5]), 0);
            prop_assert_eq!(record[3], checksum(&data));
            prop_assert_eq!(record[1], 0x82);
        }
    }
}
