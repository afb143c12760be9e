//! What identifies by its shape: UUIDs, MAC addresses and World Wide Names, IP addresses. Pure.

use std::net::{IpAddr, Ipv6Addr};

/// Something that was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// 32 hexadecimal digits in lower case.
    Uuid(String),
    /// Six octets, or the eight of a World Wide Name.
    Mac(Vec<u8>),
    /// An address, and how it was spelled.
    Address(IpAddr, String),
}

/// Everything in a text that has a shape, with hyphens, colons or dots between.
pub(super) fn shapes(text: &str) -> Vec<Shape> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let mac = || octets(bytes, at).or_else(|| device_path(bytes, at));
        let read = uuid(bytes, at).or_else(mac).or_else(|| address(text, at));
        match read {
            Some((shape, length)) => {
                found.push(shape);
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// Whether a word begins here.
fn begins(bytes: &[u8], at: usize) -> bool {
    !at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric())
}

fn ends(bytes: &[u8], at: usize) -> bool {
    !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// RFC 9562 §4.
fn uuid(bytes: &[u8], at: usize) -> Option<(Shape, usize)> {
    let text = bytes.get(at..at + 36)?;
    let fits = text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    if !fits || !begins(bytes, at) || !ends(bytes, at + 36) {
        return None;
    }
    Some((Shape::Uuid(hex(text)), 36))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().filter(|b| b.is_ascii_hexdigit()).map(|b| char::from(b.to_ascii_lowercase())).collect()
}

/// Pairs of hexadecimal digits with one and the same separator between; six or eight of them.
fn octets(bytes: &[u8], at: usize) -> Option<(Shape, usize)> {
    let between = *bytes.get(at + 2).filter(|byte| b":-_".contains(byte))?;
    let mut octets = vec![octet(&bytes[at..])?];
    let mut end = at + 2;
    while bytes.get(end) == Some(&between) {
        let Some(next) = bytes.get(end + 1..).and_then(octet) else { break };
        octets.push(next);
        end += 3;
    }
    let alone = begins(bytes, at) && !goes_on(bytes, at, between) && ends(bytes, end);
    (matches!(octets.len(), 6 | 8) && alone).then_some((Shape::Mac(octets), end - at))
}

/// `MAC(A0B1C2D3E4F5,0x1)`: a node of a UEFI device path (UEFI 2.10 §10.6).
fn device_path(bytes: &[u8], at: usize) -> Option<(Shape, usize)> {
    let node = bytes.get(at..at + 16).filter(|it| it[..4].eq_ignore_ascii_case(b"MAC("))?;
    let octets = bare_octets(std::str::from_utf8(&node[4..]).ok()?)?;
    (begins(bytes, at) && ends(bytes, at + 16)).then_some((Shape::Mac(octets), 16))
}

/// Whether another octet of the same row stands before.
fn goes_on(bytes: &[u8], at: usize, between: u8) -> bool {
    at >= 3 && bytes[at - 1] == between && octet(&bytes[at - 3..]).is_some() && begins(bytes, at - 3)
}

fn octet(bytes: &[u8]) -> Option<u8> {
    let digits =
        std::str::from_utf8(bytes.get(..2)?).ok().filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// Six or eight octets that stand as one number, as some vendors write them.
pub(super) fn bare_octets(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_start_matches("0x");
    let octets: Option<Vec<u8>> = text.as_bytes().chunks(2).map(octet).collect();
    octets.filter(|octets| matches!(octets.len(), 6 | 8))
}

fn address(text: &str, at: usize) -> Option<(Shape, usize)> {
    let bytes = text.as_bytes();
    let inside = |before: usize| bytes[before].is_ascii_alphanumeric() || b".:".contains(&bytes[before]);
    let digit = bytes[at].is_ascii_hexdigit() || bytes[at] == b':';
    if !digit || at.checked_sub(1).is_some_and(inside) {
        return None;
    }
    let text = &text[at..];
    let end = text.find(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.')).unwrap_or(text.len());
    if text[end..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let run = text[..end].trim_end_matches('.');
    // A port may follow an IPv4 address, and a colon any address.
    let parse =
        |run: &str| run.parse().ok().map(|ip: IpAddr| (Shape::Address(ip, run.to_owned()), run.len()));
    let host = run.split(':').next().filter(|host| host.contains('.'));
    parse(run).or_else(|| parse(run.trim_end_matches(':'))).or_else(|| parse(host?))
}

/// Whether an address is one machine's: not a mask, not everybody's, not one's own.
pub(super) fn is_somebodys(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(matches!(v4.octets()[0], 0 | 255) || v4.is_loopback() || v4.is_multicast()),
        IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_loopback() || v6.is_multicast()),
    }
}

/// Whether an IPv6 address is made of a MAC address (RFC 4291, appendix A).
pub(super) fn holds_mac(v6: Ipv6Addr) -> bool {
    v6.octets()[11..13] == [0xff, 0xfe]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<String> {
        let shapes = shapes(text).into_iter();
        let spelled =
            shapes.filter_map(|it| if let Shape::Address(_, spelled) = it { Some(spelled) } else { None });
        spelled.collect()
    }

    #[test]
    fn addresses_are_found_where_people_write_them() {
        assert_eq!(addresses("host 10.1.2.3."), ["10.1.2.3"]);
        assert_eq!(addresses("https://10.1.2.3:8443/x, 10.1.2.4/24"), ["10.1.2.3", "10.1.2.4"]);
        assert_eq!(addresses("http://[fe80::1%eth0]:80/ and 2001:DB8::A"), ["fe80::1", "2001:DB8::A"]);
        assert_eq!(addresses("::ffff:10.1.2.3"), ["::ffff:10.1.2.3"]);
    }

    #[test]
    fn numbers_times_and_words_are_no_addresses() {
        for text in
            ["7.10.30.00", "1.3.6.1.4.1.674", "12:34:56", "Base.1.18.1.2", "foo::bar", "v10.1.2.3", "1.2.3"]
        {
            assert_eq!(shapes(text), [], "{text}");
        }
    }

    #[test]
    fn a_mac_is_six_octets_and_a_wwn_eight() {
        assert_eq!(shapes("A0-b1-c2-d3-e4-f5"), [Shape::Mac(vec![0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5])]);
        assert_eq!(shapes("NIC.00:11:22:33:44:55.").len(), 1);
        assert_eq!(shapes("NIC-00-11-22-33-44-55").len(), 1);
        assert_eq!(
            shapes("(20:00:00:11:22:33:44:55)"),
            [Shape::Mac(vec![0x20, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55])]
        );
        assert_eq!(shapes(&["ab"; 20].join(":")), []);
        assert_eq!(shapes("Pci(0x0)/MAC(A0B1C2D3E4F5,0x1)/IPv4(0.0.0.0)").len(), 2);
        assert_eq!(bare_octets("A0B1C2D3E4F5").map(|it| it.len()), Some(6));
    }

    #[test]
    fn masks_and_everybody_are_nobodys() {
        let nobodys = ["255.255.255.0", "0.0.0.0", "127.0.0.1", "224.0.0.251", "::", "::1", "ff02::1"];
        assert!(nobodys.iter().all(|ip| !is_somebodys(ip.parse().unwrap())));
        assert!(["10.0.0.1", "192.168.0.120", "fe80::1"].iter().all(|ip| is_somebodys(ip.parse().unwrap())));
    }
}
