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
    plain: Vec<String>,
    /// The longest first.
    forms: Vec<String>,
    /// A bit for each pair of octets that one of them begins with: a text is read once, however many they are.
    begins: Vec<u64>,
}

impl Secrets {
    /// These passwords with the names of their users, and these tokens.
    pub(super) fn of(passwords: &[(String, String)], tokens: &[String]) -> Self {
        let mut secrets = Self::default();
        for (user, password) in passwords.iter().filter(|(_, password)| password.len() >= SHORTEST) {
            secrets.forms.push(base64(&format!("{user}:{password}")));
            secrets.add(password);
        }
        tokens.iter().for_each(|token| secrets.add(token));
        secrets.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        secrets.begins = vec![0; 1 << 10];
        for form in &secrets.forms {
            let (word, bit) = pair(form.as_bytes());
            secrets.begins[word] |= bit;
        }
        secrets
    }

    fn add(&mut self, secret: &str) {
        let json = serde_json::Value::from(secret).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let hex: String = secret.bytes().map(|it| format!("{it:02x}")).collect();
        let forms =
            [json.replace('/', "\\/"), json, hex.to_uppercase(), hex, base64(secret), secret.to_owned()];
        self.forms.extend(forms);
        self.forms.extend([escaped(secret, "%20", true), escaped(secret, "+", true)]);
        self.forms.extend([escaped(secret, "%20", false), escaped(secret, "+", false)]);
        self.plain.push(secret.to_owned());
    }

    /// The text without them.
    pub(super) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let bytes = text.as_bytes();
        let (mut shown, mut copied, mut at) = (String::new(), 0, 0);
        while at + SHORTEST <= bytes.len() {
            match self.begins_at(&bytes[at..]) {
                Some(length) => {
                    shown.push_str(&text[copied..at]);
                    shown.push_str(HIDDEN);
                    at += length;
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 { text.into() } else { (shown + &text[copied..]).into() }
    }

    /// How long the secret is that these octets begin with.
    fn begins_at(&self, bytes: &[u8]) -> Option<usize> {
        let (word, bit) = pair(bytes);
        if self.begins.get(word).is_none_or(|it| it & bit == 0) {
            return None;
        }
        self.forms.iter().find(|form| bytes.starts_with(form.as_bytes())).map(String::len)
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

/// Where the bit of the first two octets is.
fn pair(bytes: &[u8]) -> (usize, u64) {
    let pair = usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    (pair >> 6, 1 << (pair & 63))
}

/// Every octet but letters and digits is escaped (RFC 3986 §2.1), or but the unreserved ones.
fn escaped(text: &str, space: &str, all: bool) -> String {
    let each = text.bytes().map(|byte| match byte {
        b' ' => space.to_owned(),
        byte if byte.is_ascii_alphanumeric() || (!all && b"-._~".contains(&byte)) => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    each.collect()
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
    let mut encoded = String::new();
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
        Secrets::of(&[("me".to_owned(), "p/ss w+rd".to_owned())], &["t0ken-of-mine".to_owned()])
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
    fn a_password_of_a_few_letters_hides_no_words() {
        let short = Secrets::of(&[("a".to_owned(), "On".to_owned())], &[]);
        assert_eq!(short.hide("PowerOn"), "PowerOn");
    }
}
