//! The ways in which a secret may be written: plain, in JSON, in a URL, in hexadecimal digits and in base64.

use serde_json::Value;

/// What is shorter in base64 stands in too many words that are none.
const SHORTEST_CORE: usize = 6;

/// A secret in every form.
pub(super) fn of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    // In JSON inside of a text a secret stands escaped, and in JSON in JSON twice.
    let once = escaped(secret);
    forms.extend([escaped(&once), once.replace('/', "\\/"), once]);
    for keeps in [b"-._~".as_slice(), b""] {
        let urls = [percent(secret, keeps, "%20"), percent(secret, keeps, "+")];
        forms.extend(urls.iter().map(|it| lower(it)));
        forms.extend(urls);
    }
    for between in ["", " ", ":"] {
        let digits: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let digits = digits.join(between);
        forms.extend([digits.to_ascii_uppercase(), digits]);
    }
    let cores = cores(secret);
    forms.extend(cores.iter().map(|core| url_safe(core)));
    forms.extend(cores);
    forms
}

/// User and password in base64, as HTTP's Basic scheme says them (RFC 7617 §2), with and without its padding.
pub(super) fn basic(user: &str, password: &str) -> Vec<String> {
    let whole = base64(format!("{user}:{password}").as_bytes());
    let bare = whole.trim_end_matches('=').to_owned();
    vec![url_safe(&whole), whole, url_safe(&bare), bare]
}

/// What the secret alone makes of a text in base64, wherever in it the secret begins: three octets are four characters.
fn cores(secret: &str) -> Vec<String> {
    let core = |before: usize| {
        let text = base64(&[&vec![0; before], secret.as_bytes()].concat());
        let (from, to) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        text.get(from..to).filter(|core| core.len() >= SHORTEST_CORE).map(str::to_owned)
    };
    (0..3).filter_map(core).collect()
}

/// RFC 4648 §4.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let character = char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]);
            text.push(if at > three.len() { '=' } else { character });
        }
    }
    text
}

/// RFC 4648 §5.
fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_")
}

/// As it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Every octet but letters, digits and what is kept is escaped (RFC 3986 §2.1).
fn percent(text: &str, keeps: &[u8], space: &str) -> String {
    let mut escaped = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push_str(space),
            byte if byte.is_ascii_alphanumeric() || keeps.contains(&byte) => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// The digits of escapes in lower case.
fn lower(escaped: &str) -> String {
    let mut pieces = escaped.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        text.extend(["%", &digits.to_ascii_lowercase(), rest]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_one_of_the_standard() {
        let text = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let told = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(text.map(|it| base64(it.as_bytes())), told, "RFC 4648 §10");
    }

    #[test]
    fn a_core_stands_in_every_text_that_holds_the_secret() {
        let cores = cores("canary-secret");
        for user in ["", "a", "ab", "abc", "root", "ADMIN"] {
            let text = base64(format!("{user}:canary-secret").as_bytes());
            assert!(cores.iter().any(|core| text.contains(core)), "{user}");
        }
    }
}
