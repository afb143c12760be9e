//! What went over the wire, decoded, without the secrets.

use std::time::Duration;

use hyper::{
    HeaderMap, Method, Uri,
    body::Bytes,
    header::{self, HeaderName},
};

/// What stands in the place of a secret.
const HIDDEN: &str = "…";

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
    pub(super) fn shown(&self, seq: usize) -> HttpExchange {
        HttpExchange {
            seq: seq as u64,
            at: self.at,
            method: self.method.to_string(),
            path: self.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
            status: self.status,
            request_body: body(&self.request_body),
            response_body: body(&self.response_body),
            request_headers: headers(&self.request_headers),
            response_headers: headers(&self.response_headers),
            injected: self.injected.clone(),
        }
    }
}

fn headers(all: &HeaderMap) -> Vec<(String, String)> {
    let shown = INTERESTING.iter().filter_map(|(name, title)| {
        let value = all.get(name)?.to_str().unwrap_or("?");
        Some(((*title).to_owned(), value.to_owned()))
    });
    let proof = all.get("x-auth-token").map(|_| ("X-Auth-Token".to_owned(), "present".to_owned()));
    let authorization = all.get(header::AUTHORIZATION).map(|value| {
        let is_basic = value.as_bytes().get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"basic"));
        ("Authorization".to_owned(), if is_basic { "Basic, present" } else { "present" }.to_owned())
    });
    shown.chain(proof).chain(authorization).collect()
}

fn body(bytes: &Bytes) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    (!text.is_empty()).then(|| without_passwords(&text))
}

/// Replaces the string after every member whose name ends in `password`, in any case, whatever else the text is.
fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, value)) = next_password(rest) {
        shown.push_str(before);
        shown.push_str(HIDDEN);
        rest = after_string(value);
    }
    shown.push_str(rest);
    shown
}

/// What comes before the next password, its opening quote included, and what follows.
fn next_password(text: &str) -> Option<(&str, &str)> {
    const KEY: &[u8] = b"password\"";
    let mut from = 0;
    loop {
        let found = text.as_bytes()[from..].windows(KEY.len()).position(|it| it.eq_ignore_ascii_case(KEY))?;
        from += found + KEY.len();
        let value = text[from..].trim_start().strip_prefix(':').map(str::trim_start);
        if let Some(value) = value.and_then(|it| it.strip_prefix('"')) {
            return Some((&text[..text.len() - value.len()], value));
        }
    }
}

/// What follows the string that has begun, its closing quote included.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (place, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => return &text[place..],
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_replaced_and_nothing_else() {
        let shown =
            without_passwords(r#"{"UserName":"admin","Password" : "s\"ecret", "x":{"OldPassword":"old"}}"#);
        assert_eq!(shown, r#"{"UserName":"admin","Password" : "…", "x":{"OldPassword":"…"}}"#);
        assert_eq!(without_passwords(r#"{"Password":null,"a":"b"}"#), r#"{"Password":null,"a":"b"}"#);
    }

    #[test]
    fn a_password_in_a_broken_document_is_replaced_too() {
        assert_eq!(without_passwords(r#"{"Password":"half"#), r#"{"Password":"…"#);
    }

    #[test]
    fn a_token_is_present_and_not_shown() {
        let mut all = HeaderMap::new();
        all.insert("x-auth-token", "tell-nobody".parse().unwrap());
        all.insert("authorization", "Basic YTpi".parse().unwrap());
        let shown = format!("{:?}", headers(&all));
        assert!(
            shown.contains("X-Auth-Token") && !shown.contains("nobody") && !shown.contains("YTpi"),
            "{shown}"
        );
    }
}
