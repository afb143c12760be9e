//! The first walk: what identifies, by the name of its property or by its shape. Pure.

use std::net::IpAddr;

use serde_json::Value;

use super::{
    Kind, Redaction,
    literals::{Case, Place, SHORTEST},
    properties::{identifies, is_common_name, is_personal, is_schema, is_version, kind},
    shapes::{Shape, bare_octets, holds_mac, is_somebodys, shapes},
};
use crate::recording::answer::Content;

impl Redaction {
    /// Remembers what identifies in a body.
    pub(in crate::recording) fn learn(&mut self, content: &Content) {
        if self.is_immediate() {
            return;
        }
        match content {
            Content::Json(document) if is_schema(document) => {}
            Content::Json(document) => self.learn_value(document, None, false),
            Content::Xml(text) | Content::Text(text) => self.learn_shapes(text, false),
            Content::Empty | Content::Unreadable => {}
        }
    }

    /// Remembers what identifies in a header's value or a link.
    pub(in crate::recording) fn learn_text(&mut self, text: &str) {
        if !self.is_immediate() {
            self.learn_shapes(text, false);
        }
    }

    /// Remembers a text of that kind, wherever it came from.
    pub(in crate::recording) fn learn_as(&mut self, kind: Kind, text: &str) {
        if self.kinds.contains(&kind) {
            self.learn_kind(kind, text);
        }
    }

    fn learn_value(&mut self, value: &Value, name: Option<&str>, personal: bool) {
        match value {
            Value::String(text) => self.learn_string(text, name, personal),
            Value::Array(items) => items.iter().for_each(|item| self.learn_value(item, name, personal)),
            Value::Object(members) => {
                let personal = personal || name.is_some_and(is_personal);
                for (name, member) in members {
                    self.learn_shapes(name, true);
                    self.learn_value(member, Some(name), personal);
                }
            }
            Value::Number(number) if name.and_then(kind) == Some(Kind::Serials) => {
                self.learn_as(Kind::Serials, &number.to_string());
            }
            _ => {}
        }
    }

    fn learn_string(&mut self, text: &str, name: Option<&str>, personal: bool) {
        let by_name = name.and_then(kind).or_else(|| personal.then_some(Kind::Names));
        // A durable name can be a UUID, and a server an address: what has a shape is of its own kind.
        let before = shapes(text);
        self.learn_shapes(text, name.is_some_and(is_version));
        match by_name {
            Some(Kind::Names) => self.learn_as(Kind::Names, &host(text)),
            Some(kind) if before.is_empty() => self.learn_as(kind, text),
            _ => {}
        }
    }

    fn learn_kind(&mut self, kind: Kind, text: &str) {
        let text = text.trim();
        if !identifies(text) {
            return;
        }
        match kind {
            Kind::Macs => {
                if let Some(octets) = bare_octets(text) {
                    self.learn_mac(&octets);
                }
            }
            Kind::Names => self.learn_name(text),
            Kind::Uuids if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
                self.learn_uuid(&text.to_ascii_lowercase());
            }
            Kind::Serials | Kind::Uuids => {
                let by = self.pseudonyms.alike(kind, text).to_ascii_lowercase();
                let letters = text.bytes().any(|b| b.is_ascii_alphabetic());
                let digits = text.bytes().any(|b| b.is_ascii_digit());
                let unmistakable = text.len() >= 8 || (text.len() >= 6 && letters && digits);
                let place = if unmistakable { Place::Anywhere } else { Place::Word };
                self.remember(text, by, kind, place, Case::EachLetter);
            }
            Kind::Addresses => self.learn_shapes(text, false),
        }
    }

    fn learn_name(&mut self, name: &str) {
        let (host, domain) = name.split_once('.').unwrap_or((name, ""));
        for name in [name, host, domain] {
            let is_ip = name.parse::<IpAddr>().is_ok();
            let is_name = name.len() >= SHORTEST && !is_ip && identifies(name) && !is_common_name(name);
            if is_name && name.bytes().any(|b| b.is_ascii_alphabetic()) {
                let by = self.pseudonyms.dotted(Kind::Names, &name.to_ascii_lowercase());
                self.remember(name, by, Kind::Names, Place::Word, Case::EachLetter);
            }
            // One of letters alone may be a word of something else.
            let mixed = [u8::is_ascii_alphabetic, u8::is_ascii_digit];
            if name.len() < SHORTEST && mixed.iter().all(|is| name.bytes().any(|b| is(&b))) {
                self.shorts.insert(name.to_ascii_lowercase());
            }
            // What is before a dot is a host only in a name without spaces.
            if name.contains([' ', '@', '=', ',']) {
                return;
            }
        }
    }

    fn learn_shapes(&mut self, text: &str, is_version: bool) {
        for shape in shapes(text) {
            match shape {
                Shape::Uuid(hex) if self.kinds.contains(&Kind::Uuids) => self.learn_uuid(&hex),
                Shape::Mac(octets) if self.kinds.contains(&Kind::Macs) => self.learn_mac(&octets),
                Shape::Address(ip, _) if is_version && ip.is_ipv4() => {}
                Shape::Address(ip, spelled) => self.learn_address(ip, &spelled),
                _ => {}
            }
        }
    }

    fn learn_uuid(&mut self, hex: &str) {
        if !identifies(hex) {
            return;
        }
        let by = self.pseudonyms.uuid(hex);
        let dashed = |hex: &str| [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        self.remember(&dashed(hex), dashed(&by), Kind::Uuids, Place::Anywhere, Case::Hex);
        self.remember(hex, by, Kind::Uuids, Place::Anywhere, Case::Hex);
    }

    /// Looks for every way in which octets are written: `a0:b1…`, `A0-B1…`, `a0_b1…`, `a0b1…`, `a0b1.c2d3…`.
    fn learn_mac(&mut self, octets: &[u8]) {
        if octets.iter().all(|octet| *octet == octets[0]) {
            return;
        }
        let by = self.pseudonyms.mac(octets);
        let spelled = |octets: &[u8], each: usize, between: &str| {
            let number = |group: &[u8]| group.iter().map(|it| format!("{it:02x}")).collect::<String>();
            octets.chunks(each).map(number).collect::<Vec<_>>().join(between)
        };
        for (each, between) in [(1, ":"), (1, "-"), (1, "_"), (1, ""), (2, ".")] {
            let text = spelled(octets, each, between);
            self.remember(&text, spelled(&by, each, between), Kind::Macs, Place::Anywhere, Case::Hex);
        }
    }

    fn learn_address(&mut self, ip: IpAddr, spelled: &str) {
        let tells_mac = matches!(ip, IpAddr::V6(v6) if holds_mac(v6)) && self.kinds.contains(&Kind::Macs);
        if is_somebodys(ip) && (self.kinds.contains(&Kind::Addresses) || tells_mac) {
            let by = self.pseudonyms.address(ip);
            let place = if ip.is_ipv4() { Place::Number } else { Place::Word };
            self.remember(spelled, by, Kind::Addresses, place, Case::Fixed);
        }
    }

    /// Looks for a text, and for what it is in a link.
    fn remember(&mut self, text: &str, by: String, kind: Kind, place: Place, case: Case) {
        let (quoted, quoted_by) = (percent_encoded(text), percent_encoded(&by));
        if quoted != text {
            let case = if quoted.len() == quoted_by.len() { case } else { Case::Fixed };
            self.literals.add(&quoted, quoted_by, kind, place, case);
        }
        self.literals.add(text, by, kind, place, case);
    }
}

/// The host of a URL, or of `host:port`; anything else as it is.
fn host(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    if rest.len() == text.len() && text.contains(' ') {
        return text.to_owned();
    }
    let rest =
        if rest.len() == text.len() { rest } else { rest.rsplit_once('@').map_or(rest, |(_, host)| host) };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.split_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(host, _)| host)
        .to_owned()
}

/// What a URI may not hold, encoded (RFC 3986 §2.3).
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_without_scheme_and_port() {
        for text in ["https://u:p@log.example:6514/x?y", "log.example:6514", "log.example"] {
            assert_eq!(host(text), "log.example");
        }
        assert_eq!(host("Jane Doe / Lab"), "Jane Doe / Lab");
    }
}
