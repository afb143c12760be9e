//! What this service keeps to itself: passwords and tokens, in every way that they are written down.
//!
//! A client's hand slips: a password is typed where the user's name goes, or into a URL. It is a secret there too.

use std::borrow::Cow;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "…";
/// What is shorter stands in too many words that are none.
const SHORTEST: usize = 6;

/// Every way to write the secrets.
#[derive(Default)]
pub(super) struct Secrets {
    /// With the names of their users.
    passwords: Vec<(String, String)>,
    tokens: Vec<String>,
    plain: Vec<String>,
    /// The longest first.
    forms: Vec<String>,
    /// Nothing where there is nothing to hide.
    begins: Option<Box<Beginnings>>,
}

/// What a secret begins with: a text is read once, however many they are.
struct Beginnings {
    /// For each octet whether it is the first of one, which few are.
    first: [bool; 1 << 8],
    /// A bit for each pair.
    pairs: [u64; 1 << 10],
}

impl Secrets {
    /// Whether they are these, and no others.
    pub(super) fn are_of(&self, passwords: &[(String, String)], tokens: &[String]) -> bool {
        self.passwords == passwords && self.tokens == tokens
    }

    /// These passwords with the names of their users, and these tokens.
    pub(super) fn of(passwords: Vec<(String, String)>, tokens: Vec<String>) -> Self {
        let mut secrets = Self::default();
        for (user, password) in passwords.iter().filter(|(_, password)| password.len() >= SHORTEST) {
            secrets.forms.push(base64(&format!("{user}:{password}")));
            secrets.add(password);
        }
        tokens.iter().for_each(|token| secrets.add(token));
        secrets.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        if !secrets.forms.is_empty() {
            secrets.begins = Some(Beginnings::of(&secrets.forms));
        }
        Self { passwords, tokens, ..secrets }
    }

    fn add(&mut self, secret: &str) {
        let hex = hex(secret);
        self.forms.extend([hex.to_ascii_uppercase(), hex, base64(secret), secret.to_owned()]);
        // Letters and digits are written in one way, in JSON as in a path.
        if secret.bytes().any(|byte| !byte.is_ascii_alphanumeric()) {
            let json = serde_json::Value::from(secret).to_string();
            let json = json[1..json.len() - 1].to_owned();
            self.forms.extend([json.replace('/', "\\/"), json]);
            self.forms.extend([escaped(secret, "%20", true), escaped(secret, "+", true)]);
            self.forms.extend([escaped(secret, "%20", false), escaped(secret, "+", false)]);
        }
        self.plain.push(secret.to_owned());
    }

    /// The text without them.
    pub(super) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let (mut shown, mut copied) = (String::new(), 0);
        while let Some((at, length)) = self.next(text.as_bytes(), copied) {
            shown.push_str(&text[copied..at]);
            shown.push_str(HIDDEN);
            copied = at + length;
        }
        if copied == 0 { text.into() } else { (shown + &text[copied..]).into() }
    }

    /// Where the next secret is, and how long it is.
    fn next(&self, bytes: &[u8], mut from: usize) -> Option<(usize, usize)> {
        let begins = self.begins.as_deref()?;
        // From here on no secret has room.
        let end = (bytes.len() + 1).checked_sub(SHORTEST)?;
        loop {
            let at = from + bytes.get(from..end)?.iter().position(|it| begins.first[usize::from(*it)])?;
            let here = &bytes[at..];
            let form = || self.forms.iter().find(|form| here.starts_with(form.as_bytes()));
            if let Some(form) = begins.may_be(here).then(form).flatten() {
                return Some((at, form.len()));
            }
            from = at + 1;
        }
    }

    /// The path and query without them, however they are escaped there.
    pub(super) fn hide_in_path<'t>(&self, path: &'t str) -> Cow<'t, str> {
        let shown = self.hide(path);
        if !shown.contains('%') || !self.is_in(&shown) {
            return shown;
        }
        let pieces = shown.split_inclusive(['/', '?', '&', '=']);
        let without = pieces.map(|piece| {
            let end = piece.trim_end_matches(['/', '?', '&', '=']).len();
            if self.is_in(piece) { format!("{HIDDEN}{}", &piece[end..]) } else { piece.to_owned() }
        });
        without.collect::<String>().into()
    }

    /// A plus may be itself, or a space.
    fn is_in(&self, escaped: &str) -> bool {
        let (text, spaced) = (unescaped(escaped), unescaped(&escaped.replace('+', " ")));
        self.plain.iter().any(|secret| text.contains(secret) || spaced.contains(secret))
    }
}

impl Beginnings {
    fn of(forms: &[String]) -> Box<Self> {
        let mut begins = Box::new(Self { first: [false; 1 << 8], pairs: [0; 1 << 10] });
        for form in forms {
            let (word, bit) = pair(form.as_bytes());
            begins.pairs[word] |= bit;
            begins.first[usize::from(form.as_bytes()[0])] = true;
        }
        begins
    }

    /// Whether a secret may begin here.
    fn may_be(&self, here: &[u8]) -> bool {
        let (word, bit) = pair(here);
        self.pairs[word] & bit != 0
    }
}

/// Where the bit of the first two octets is.
fn pair(bytes: &[u8]) -> (usize, u64) {
    let pair = u16::from_be_bytes([bytes[0], bytes[1]]);
    (usize::from(pair >> 6), 1 << (pair & 63))
}

/// Every octet in two lower-case digits.
fn hex(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let mut hex = String::with_capacity(2 * text.len());
    hex.extend(digits.map(|digit| char::from(DIGITS[usize::from(digit)])));
    hex
}

/// Every octet but letters and digits is escaped (RFC 3986 §2.1), or but the unreserved ones.
fn escaped(text: &str, space: &str, all: bool) -> String {
    let mut escaped = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push_str(space),
            byte if byte.is_ascii_alphanumeric() || (!all && b"-._~".contains(&byte)) => {
                escaped.push(char::from(byte));
            }
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Every octet that is escaped, as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// RFC 4648 §4, without the padding, which may be left out.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(text.len().div_ceil(3) * 4);
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            encoded.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::of(vec![("me".to_owned(), "p/ss w+rd".to_owned())], vec!["t0ken-of-mine".to_owned()])
    }

    #[test]
    fn a_secret_is_hidden_in_every_way_that_it_is_written() {
        for written in [
            "p/ss w+rd",
            "p\\/ss w+rd",
            "702F737320772B7264",
            "bWU6cC9zcyB3K3Jk",
            "p%2Fss%20w%2Brd",
            "t0ken-of-mine",
        ] {
            assert_eq!(secrets().hide(&format!("a {written} b")), "a … b", "{written}");
        }
        assert_eq!(secrets().hide("nothing"), "nothing");
    }

    #[test]
    fn a_secret_is_hidden_in_a_path_however_it_is_escaped() {
        for written in ["p%2fss+w%2brd", "%70%2Fss%20w%2brd", "p%2Fss%20w%2Brd"] {
            let shown = secrets().hide_in_path(&format!("/a/b?c={written}&d=e")).into_owned();
            assert_eq!(shown, "/a/b?c=…&d=e", "{written}");
        }
        assert_eq!(secrets().hide_in_path("/a%20b?$top=5"), "/a%20b?$top=5");
    }

    #[test]
    fn a_secret_is_hidden_at_the_very_end_and_beside_another() {
        assert_eq!(secrets().hide("p/ss w+rdp/ss w+rd"), "……");
        let shortest = Secrets::of(Vec::new(), vec!["abcdef".to_owned()]);
        assert_eq!(shortest.hide("abcdef"), "…");
        assert_eq!(shortest.hide("ab abcde"), "ab abcde");
        assert_eq!(Secrets::default().hide("abcdef"), "abcdef");
    }

    #[test]
    fn a_password_of_a_few_letters_hides_no_words() {
        let short = Secrets::of(vec![("a".to_owned(), "On".to_owned())], Vec::new());
        assert_eq!(short.hide("PowerOn"), "PowerOn");
    }
}
