//! What went over the wire, decoded, without the secrets.

use std::{borrow::Cow, time::Duration};

use hyper::{
    HeaderMap, Method, Uri,
    body::Bytes,
    header::{self, HeaderName},
};
use memchr::memchr2_iter;

use super::secrets::{HIDDEN, Secrets};

/// The headers that a judge may ask for.
const INTERESTING: &[(HeaderName, &str)] = &[
    (header::IF_MATCH, "If-Match"),
    (header::IF_NONE_MATCH, "If-None-Match"),
    (header::ETAG, "ETag"),
    (header::RETRY_AFTER, "Retry-After"),
    (header::CONTENT_TYPE, "Content-Type"),
    (header::LOCATION, "Location"),
    (header::ALLOW, "Allow"),
    (header::WWW_AUTHENTICATE, "WWW-Authenticate"),
];

/// One request and what became of it. Passwords and tokens are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpExchange {
    /// Its place in the transcript, from 0.
    pub seq: u64,
    /// When the request was complete, since the machine's birth.
    pub at: Duration,
    /// The method.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// The status; 0 where no answer was sent.
    pub status: u16,
    /// The request's body.
    pub request_body: Option<String>,
    /// The answer's body.
    pub response_body: Option<String>,
    /// The request's interesting headers; how it proved itself is only said to be present.
    pub request_headers: Vec<(String, String)>,
    /// The answer's interesting headers.
    pub response_headers: Vec<(String, String)>,
    /// The rule that decided, in words.
    pub injected: Option<String>,
}

/// An exchange as it was, before anybody asked for it.
pub(super) struct Record {
    pub(super) at: Duration,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) request_headers: HeaderMap,
    pub(super) request_body: Bytes,
    pub(super) status: u16,
    pub(super) response_headers: HeaderMap,
    pub(super) response_body: Bytes,
    pub(super) injected: Option<String>,
}

impl Record {
    /// Decodes it and hides its secrets.
    pub(super) fn shown(&self, seq: usize, secrets: &Secrets) -> HttpExchange {
        HttpExchange {
            seq: seq as u64,
            at: self.at,
            method: secrets.hide(self.method.as_str()).into_owned(),
            path: path(&secrets.hide_in_path(self.uri.path_and_query().map_or("/", |it| it.as_str()))),
            status: self.status,
            request_body: body(&self.request_body, |text| secrets.hide_in_path(text)),
            response_body: body(&self.response_body, |text| secrets.hide(text)),
            request_headers: headers(&self.request_headers, secrets),
            response_headers: headers(&self.response_headers, secrets),
            injected: self.injected.clone(),
        }
    }
}

fn headers(all: &HeaderMap, secrets: &Secrets) -> Vec<(String, String)> {
    let shown = INTERESTING.iter().filter_map(|(name, title)| {
        let value = all.get(name)?.to_str().unwrap_or("?");
        Some(((*title).to_owned(), secrets.hide_in_path(value).into_owned()))
    });
    let proof = all.get("x-auth-token").map(|_| ("X-Auth-Token".to_owned(), "present".to_owned()));
    let authorization = all.get(header::AUTHORIZATION).map(|value| {
        let is_basic = value.as_bytes().get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"basic"));
        ("Authorization".to_owned(), if is_basic { "Basic, present" } else { "present" }.to_owned())
    });
    shown.chain(proof).chain(authorization).collect()
}

/// The text that is kept of a body, if it has one: copied once, unless there is something to hide.
fn body(bytes: &Bytes, hide: impl for<'t> Fn(&'t str) -> Cow<'t, str>) -> Option<String> {
    // What is text, as nearly all is, is seen to be it faster than what is not is mended.
    let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let known = |text: &str| without_accounts(&without_keys(&without_secrets(text))).into_owned();
    (!text.is_empty()).then(|| without_headers(&hide(&known(&text))).into_owned())
}

/// How the names of members end whose values are secrets, in any case, with a letter that is seldom.
const SECRET: &[(&[u8], u8)] = &[
    (b"password\"", b'w'),
    (b"passphrase\"", b'h'),
    (b"communitystring\"", b'y'),
    (b"authenticationkey\"", b'k'),
    (b"encryptionkey\"", b'y'),
];

/// Replaces the value of every member whose name says that it is a secret.
fn without_secrets(text: &str) -> Cow<'_, str> {
    SECRET.iter().fold(text.into(), |text, (end, seldom)| match without_members(&text, end, *seldom) {
        Cow::Borrowed(_) => text,
        Cow::Owned(without) => without.into(),
    })
}

/// The path and query without what a query calls a secret.
fn path(whole: &str) -> String {
    let Some((path, query)) = whole.split_once('?') else { return whole.to_owned() };
    let is_secret = |name: &str| {
        let name = [name.to_ascii_lowercase().as_bytes(), b"\""].concat();
        name.ends_with(b"token\"") || SECRET.iter().any(|(end, _)| name.ends_with(end))
    };
    let shown = query.split('&').map(|one| match one.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => one.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// Replaces the accounts in URLs (RFC 3986 §3.2.1).
fn without_accounts(text: &str) -> Cow<'_, str> {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(|it: char| matches!(it, '/' | '"' | '\\' | '?' | '#') || it.is_whitespace());
        let account = after[..end.unwrap_or(after.len())].rfind('@').unwrap_or(0);
        shown.push_str(before);
        shown.push_str("://");
        if account > 0 {
            shown.push_str(HIDDEN);
        }
        rest = &after[account..];
    }
    if shown.is_empty() { text.into() } else { (shown + rest).into() }
}

/// Replaces what stands after every member `HttpHeaders`, names included: what a subscriber is told is a secret.
fn without_headers(text: &str) -> Cow<'_, str> {
    let next = |from: usize| behind(text, from, b"\"httpheaders\"", b'p');
    let (mut shown, mut from) = (String::new(), 0);
    while let Some(value) = next(from) {
        let end = value + list_end(&text[value..]);
        shown.push_str(&text[from..value]);
        match text[value..end].contains('"') {
            true => shown.push_str(&format!(": [\"{HIDDEN}\"]")),
            false => shown.push_str(&text[value..end]),
        }
        from = end;
    }
    if from == 0 { text.into() } else { (shown + &text[from..]).into() }
}

/// Where the next key ends, in whatever case it is written; it is looked for by a letter in it that is seldom.
fn behind(text: &str, from: usize, key: &[u8], seldom: u8) -> Option<usize> {
    let place = key.iter().position(|letter| *letter == seldom)?;
    let bytes = text.as_bytes();
    let candidates = memchr2_iter(seldom, seldom.to_ascii_uppercase(), bytes.get(from + place..)?);
    candidates.map(|at| from + at).find_map(|begin| {
        let end = begin + key.len();
        bytes.get(begin..end)?.eq_ignore_ascii_case(key).then_some(end)
    })
}

/// Where the first list or object in a text is over; all of it where it never is.
fn list_end(text: &str) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '[' | '{' if !in_text => depth += 1,
            ']' | '}' if !in_text && depth <= 1 => return place + usize::from(depth == 1),
            ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => return place,
            _ => {}
        }
    }
    text.len()
}

/// Replaces everything from the first private key to the last (RFC 7468 §10).
fn without_keys(text: &str) -> Cow<'_, str> {
    const KEY: &str = "PRIVATE KEY-----";
    let Some(first) = text.find(KEY) else { return text.into() };
    let (before, rest) = text.split_at(first + KEY.len());
    let after = rest.rfind(KEY).map_or("", |last| &rest[last..]);
    format!("{before}{HIDDEN}{after}").into()
}

/// Replaces the value of every member whose name ends in this, in any case, whatever else the text is.
fn without_members<'t>(text: &'t str, end: &[u8], seldom: u8) -> Cow<'t, str> {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, value)) = next_member(rest, end, seldom) {
        shown.push_str(before);
        shown.push_str(HIDDEN);
        rest = after_value(value);
    }
    if shown.is_empty() { text.into() } else { (shown + rest).into() }
}

/// What comes before the next secret, the opening quote of a string included, and what follows; null is no secret.
fn next_member<'t>(text: &'t str, end: &[u8], seldom: u8) -> Option<(&'t str, &'t str)> {
    let mut from = 0;
    loop {
        from = behind(text, from, end, seldom)?;
        let Some(value) = text[from..].trim_start().strip_prefix(':').map(str::trim_start) else { continue };
        let opening = usize::from(value.starts_with('"'));
        if opening == 1 || value.starts_with(|first: char| !"ntf,}]".contains(first)) {
            return Some(text.split_at(text.len() - value.len() + opening));
        }
    }
}

/// What follows the value: of a string that has begun, its closing quote included; of an array or an object, what is
/// behind its end; of anything else, what is behind it.
fn after_value(value: &str) -> &str {
    let is_nested = value.starts_with(['[', '{']);
    let is_string = !is_nested && !value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let (mut depth, mut quoted, mut escaped) = (0u32, is_string, false);
    for (place, letter) in value.char_indices() {
        match letter {
            '"' if !escaped && is_string => return &value[place..],
            '"' if !escaped => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' | ',' if !quoted && depth == 0 => return &value[place..],
            ']' | '}' if !quoted && depth == 1 => return &value[place + 1..],
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_replaced_and_nothing_else() {
        let shown =
            without_secrets(r#"{"UserName":"admin","Password" : "s\"ecret", "x":{"OldPassword":"old"}}"#);
        assert_eq!(shown, r#"{"UserName":"admin","Password" : "…", "x":{"OldPassword":"…"}}"#);
        assert_eq!(without_secrets(r#"{"Password":null,"a":"b"}"#), r#"{"Password":null,"a":"b"}"#);
    }

    #[test]
    fn other_secrets_are_replaced_too() {
        let snmp = r#"{"SNMP":{"CommunityStrings":[{"CommunityString":"c"}],"AuthenticationKey":"Passphrase:p","EncryptionKey":null}}"#;
        let shown = r#"{"SNMP":{"CommunityStrings":[{"CommunityString":"…"}],"AuthenticationKey":"…","EncryptionKey":null}}"#;
        assert_eq!(without_secrets(snmp), shown);
        let image = r#"{"Image":"http://u:p@h/y.iso","Other":"https://h/a@b","third":"nfs://v@h"}"#;
        let shown = r#"{"Image":"http://…@h/y.iso","Other":"https://h/a@b","third":"nfs://…@h"}"#;
        assert_eq!(without_accounts(image), shown);
        assert_eq!(path("/redfish/v1?a=1&Password=p&Token=t&b"), "/redfish/v1?a=1&Password=…&Token=…&b");
    }

    #[test]
    fn a_private_key_is_replaced_whole_or_not() {
        let key = "-----BEGIN EC PRIVATE KEY-----\\nMHc\\n-----END EC PRIVATE KEY-----";
        let shown = without_keys(key).into_owned();
        assert_eq!(shown, "-----BEGIN EC PRIVATE KEY-----…PRIVATE KEY-----");
        assert_eq!(without_keys("-----BEGIN PRIVATE KEY-----\\nhalf"), "-----BEGIN PRIVATE KEY-----…");
        assert_eq!(without_keys("-----BEGIN CERTIFICATE-----"), "-----BEGIN CERTIFICATE-----");
    }

    #[test]
    fn a_password_that_is_no_string_is_replaced_too() {
        let shown =
            without_secrets(r#"{"Password":[["s]"],{"a":"s"}],"b":{"password": -12 },"Password":true}"#);
        assert_eq!(shown, r#"{"Password":…,"b":{"password": …},"Password":true}"#);
    }

    #[test]
    fn a_password_in_a_broken_document_is_replaced_too() {
        assert_eq!(without_secrets(r#"{"Password":"half"#), r#"{"Password":"…"#);
    }

    #[test]
    fn the_headers_of_a_subscription_are_replaced_even_in_half_a_document() {
        let shown =
            without_headers(r#"{"HttpHeaders": [{"Authorization":"a]\"b"},{"X":"c"}],"Context":"d"}"#);
        assert_eq!(shown, r#"{"HttpHeaders": ["…"],"Context":"d"}"#);
        assert_eq!(without_headers(r#"{"HttpHeaders":[],"a":"b"}"#), r#"{"HttpHeaders":[],"a":"b"}"#);
        assert_eq!(without_headers(r#"{"HttpHeaders":"secret","a":1}"#), r#"{"HttpHeaders": ["…"],"a":1}"#);
        assert_eq!(without_headers(r#"{"HttpHeaders":[{"X":"sec"#), r#"{"HttpHeaders": ["…"]"#);
    }

    #[test]
    fn a_token_is_present_and_not_shown() {
        let mut all = HeaderMap::new();
        all.insert("x-auth-token", "tell-nobody".parse().unwrap());
        all.insert("authorization", "Basic YTpi".parse().unwrap());
        let shown = format!("{:?}", headers(&all, &Secrets::default()));
        assert!(
            shown.contains("X-Auth-Token") && !shown.contains("nobody") && !shown.contains("YTpi"),
            "{shown}"
        );
    }
}
