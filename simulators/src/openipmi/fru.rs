//! The FRU inventory (IPMI Platform Management FRU Information Storage Definition v1.0 r1.3): what stands on the labels.

use crate::machine::Id;

/// Header, chassis, board and product area.
pub(super) fn encode(id: &Id) -> Vec<u8> {
    let chassis = chassis(id);
    let board = board(id);
    let product = product(id);
    let start_of_board = 1 + chassis.len() / 8;
    let start_of_product = start_of_board + board.len() / 8;
    let mut header = vec![1, 0, 1, start_of_board as u8, start_of_product as u8, 0, 0];
    header.push(checksum(&header));
    [header, chassis, board, product].concat()
}

/// §10: type 17h is a rack mount chassis.
fn chassis(id: &Id) -> Vec<u8> {
    area(&[0x17], &[&id.part_number, &id.serial])
}

/// §11: English; three bytes of manufacturing date in minutes since 1996, 0 for unspecified.
fn board(id: &Id) -> Vec<u8> {
    let fields = [&id.manufacturer, &id.model, &id.board_serial, &id.board_part_number, ""];
    area(&[0, 0, 0, 0], &fields)
}

/// §12: English; manufacturer, name, part number, version, serial number, asset tag, file id.
fn product(id: &Id) -> Vec<u8> {
    area(&[0], &[&id.manufacturer, &id.model, &id.part_number, "", &id.serial, "", ""])
}

/// Version, length in eights, the fixed part, the fields, the end mark, padding and checksum.
fn area(fixed: &[u8], fields: &[&str]) -> Vec<u8> {
    let mut area = vec![1, 0];
    area.extend(fixed);
    fields.iter().for_each(|field| area.extend(text(field)));
    area.push(0xc1);
    while area.len() % 8 != 7 {
        area.push(0);
    }
    area[1] = ((area.len() + 1) / 8) as u8;
    area.push(checksum(&area));
    area
}

/// §13: 8-bit text. A length of one would be the end mark, so a single letter is padded with a space.
fn text(field: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = field.bytes().take(63).collect();
    if bytes.len() == 1 {
        bytes.push(b' ');
    }
    let mut field = vec![0xc0 | bytes.len() as u8];
    field.extend(bytes);
    field
}

/// What makes the sum of all bytes zero.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Profile, random::Random};

    fn sum(bytes: &[u8]) -> u8 {
        bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
    }

    #[test]
    fn header_and_areas_have_checksums_and_lie_where_the_header_says() {
        let fru = encode(&Profile::named("generic").unwrap().id(&mut Random::new(1)));
        assert_eq!(sum(&fru[..8]), 0);
        let mut start = 8;
        for offset in &fru[2..5] {
            assert_eq!(usize::from(*offset) * 8, start);
            let length = usize::from(fru[start + 1]) * 8;
            assert_eq!(sum(&fru[start..start + length]), 0);
            start += length;
        }
        assert_eq!(start, fru.len());
    }

    #[test]
    fn a_single_letter_is_not_taken_for_the_end_mark() {
        assert_eq!(text("X"), [0xc2, b'X', b' ']);
        assert_eq!(text(""), [0xc0]);
    }
}
