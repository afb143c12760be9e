//! Whether a face's answer is one: read for itself, without the driver's code (IPMI v2.0 §13.1-13.8, §13.18-13.24).

const RMCP_ASF: [u8; 4] = [0x06, 0x00, 0xFF, 0x06];
const RMCP_IPMI: [u8; 4] = [0x06, 0x00, 0xFF, 0x07];
const PLUS: u8 = 0x06;
/// An answer fits into a datagram.
const LONGEST: usize = 1024;

/// Panics where a datagram is none that a BMC may send.
pub fn check(answer: &[u8]) {
    assert!(answer.len() <= LONGEST, "an answer of {} bytes", answer.len());
    match answer.split_first_chunk() {
        Some((&RMCP_ASF, _)) => assert_eq!((answer.len(), answer[8]), (28, 0x40), "a pong"),
        Some((&RMCP_IPMI, [PLUS, rest @ ..])) => plus(rest),
        Some((&RMCP_IPMI, [kind, rest @ ..])) => legacy(*kind, rest),
        _ => panic!("no header of RMCP: {answer:02x?}"),
    }
}

fn plus(rest: &[u8]) {
    let (head, rest) = rest.split_first_chunk::<11>().expect("a header of IPMI v2.0");
    let (payload, trailer) =
        rest.split_at_checked(usize::from(u16::from_le_bytes([head[9], head[10]]))).expect("a whole payload");
    let outside = head[1..5] == [0; 4];
    match head[0] & 0x3F {
        0x00 if outside => message(payload),
        0x00 => assert_ne!(head[5..9], [0; 4], "a number of a packet in a session"),
        0x11 => assert!(matches!((payload.len(), payload[1]), (36, 0) | (8, 1..)), "{payload:02x?}"),
        0x13 => assert!(
            matches!((payload.len(), payload[1]), (40 | 56 | 60 | 72, 0) | (8, 1..)),
            "{payload:02x?}"
        ),
        0x15 => assert!(matches!((payload.len(), payload[1]), (8 | 20 | 24, 0) | (8, 1..)), "{payload:02x?}"),
        kind => panic!("a payload of type {kind:02x}"),
    }
    assert!(!outside || trailer.is_empty() && head[0] & 0xC0 == 0, "{head:02x?}");
}

fn legacy(kind: u8, rest: &[u8]) {
    let code = if kind == 0 { 0 } else { 16 };
    assert!(matches!(kind, 0 | 2 | 4), "authentication type {kind}");
    let payload = rest.get(9 + code..).expect("a header of IPMI v1.5");
    assert_eq!(usize::from(rest[8 + code]), payload.len(), "the length of a message");
    message(payload);
}

/// Addresses, an odd function, a completion code, and two sums that are right.
pub fn message(bytes: &[u8]) {
    assert!(bytes.len() >= 8, "an answer without a completion code: {bytes:02x?}");
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!((sum(&bytes[..3]), sum(&bytes[3..])), (0, 0), "the sums of {bytes:02x?}");
    assert!(bytes[1] >> 2 & 1 == 1 && bytes[3] == 0x20, "no answer of a BMC: {bytes:02x?}");
}
