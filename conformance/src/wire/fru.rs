//! The judge's reading of a FRU inventory that went over IPMI (Platform Management FRU Information Storage Definition v1.0).

use serde_json::{Map, Value, json};

use super::{Exchange, Record};

const STORAGE: u8 = 0x0A;
const AREA_INFO: u8 = 0x10;
const READ: u8 = 0x11;

/// What the board's and the product's areas of FRU device 0 say of the machine's identity, as far as they were read.
pub(super) fn told_identity(records: &[Record]) -> Map<String, Value> {
    let image = image(records);
    let area = |at: usize| {
        let start = usize::from(*image.get(at)?) * 8;
        (start > 0).then(|| image.get(start..)).flatten()
    };
    let board = area(3).map(|area| fields(area, 6)).unwrap_or_default();
    let product = area(4).map(|area| fields(area, 3)).unwrap_or_default();
    let told = [
        ("vendor", product.first()),
        ("model", product.get(1)),
        ("part-number", product.get(2)),
        ("serial", product.get(4)),
        ("board-serial", board.get(2)),
        ("board-part-number", board.get(3)),
    ];
    let told = told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?))));
    told.filter(|(_, text)| text != "").collect()
}

/// The bytes of device 0, put together from the answers to Read FRU Data (IPMI v2.0 §34.2); what was not read is zero.
fn image(records: &[Record]) -> Vec<u8> {
    let mut image = Vec::new();
    let mut unit = 1;
    for record in records {
        let Exchange::Ipmi {
            netfn: STORAGE, command, data, completion: Some(0), response: Some(body), ..
        } = &record.exchange
        else {
            continue;
        };
        let (data, body) = (super::rmcp::bytes(data), super::rmcp::bytes(body));
        match (*command, data.as_slice(), body.as_slice()) {
            (AREA_INFO, [0, ..], [_, _, access, ..]) => unit = 1 + usize::from(access & 1),
            (READ, [0, low, high, ..], [_, read @ ..]) => {
                let start = usize::from(u16::from_le_bytes([*low, *high])) * unit;
                let end = start + read.len();
                image.resize(image.len().max(end), 0);
                image[start..end].copy_from_slice(read);
            }
            _ => {}
        }
    }
    image
}

/// The fields of an area, in order, from this offset on to the mark of its end (§13).
fn fields(area: &[u8], from: usize) -> Vec<String> {
    const END: u8 = 0xC1;
    let mut rest = area.get(from..).unwrap_or_default();
    let mut fields = Vec::new();
    while let [kind, tail @ ..] = rest {
        let length = usize::from(kind & 0x3f);
        let (true, Some(bytes)) = (*kind != END, tail.get(..length)) else { break };
        fields.push(text(kind >> 6, bytes));
        rest = &tail[length..];
    }
    fields
}

/// A field's text without what fills it up: 8-bit characters, or the packed ones of six bits; of the others nothing is read.
fn text(kind: u8, bytes: &[u8]) -> String {
    let text: String = match kind {
        0b11 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        0b10 => (0..bytes.len() * 8 / 6).map(|at| char::from(0x20 + six_bits(bytes, at * 6))).collect(),
        _ => String::new(),
    };
    text.trim_matches(|it: char| it == '\0' || it == '\u{ff}' || it.is_whitespace()).to_owned()
}

/// Six bits from this bit on, the lowest first.
fn six_bits(bytes: &[u8], bit: usize) -> u8 {
    let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0));
    let both = byte(bit / 8) | byte(bit / 8 + 1) << 8;
    ((both >> (bit % 8)) & 0x3f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(offset: u16, bytes: &[u8]) -> Record {
        let hex = |bytes: &[u8]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
        let [low, high] = offset.to_le_bytes();
        let exchange = Exchange::Ipmi {
            netfn: STORAGE,
            command: READ,
            data: hex(&[0, low, high, bytes.len() as u8]),
            sequence: 1,
            completion: Some(0),
            response: Some(hex(&[&[bytes.len() as u8], bytes].concat())),
            session_sequence: 1,
        };
        Record { at: 0, exchange, same_body_as: None, injected: None }
    }

    #[test]
    fn a_product_that_is_read_in_pieces_is_put_together() {
        let mut image = vec![1, 0, 0, 0, 1, 0, 0, 0];
        image.extend([1, 3, 0]);
        for field in ["Anvil", "Model  ", "", "1.0", "SN42\0"] {
            image.push(0xC0 | field.len() as u8);
            image.extend(field.as_bytes());
        }
        image.push(0xC1);
        let told = told_identity(&[read(16, &image[16..]), read(0, &image[..16])]);
        assert_eq!(Value::Object(told), json!({"vendor": "Anvil", "model": "Model", "serial": "SN42"}));
    }

    #[test]
    fn six_bit_text_is_unpacked_from_the_lowest_bit() {
        assert_eq!(text(0b10, &[0x29, 0xdc, 0xa6]), "IPMI");
    }

    #[test]
    fn what_was_cut_short_says_nothing() {
        assert!(told_identity(&[read(0, &[1, 0, 0, 9, 7])]).is_empty());
    }
}
