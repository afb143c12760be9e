//! An answer as it came, and what of it is kept.

use std::time::Duration;

use hyper::{HeaderMap, body::Bytes, header};
use serde_json::Value;

use super::{patience, redact::is_credential};

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Content,
    /// From the request to the last byte.
    pub(super) elapsed: Duration,
    /// How many requests it took.
    pub(super) tries: u32,
}

/// What a body is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(Value),
    /// XML, as `$metadata` is.
    Xml(String),
    /// Text for people; HTML most often.
    Text(String),
    /// It begins like JSON and is none, or is no text at all.
    Unreadable,
}

impl Content {
    /// Looks at the bytes first: what BMCs say of them in Content-Type is wrong too often.
    fn of(bytes: &[u8], content_type: &str) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::Unreadable };
        let text = text.trim_start_matches('\u{feff}');
        match text.trim_start().as_bytes().first() {
            None => Self::Empty,
            Some(b'{' | b'[') => serde_json::from_str(text).map_or(Self::Unreadable, Self::Json),
            Some(b'<') if is_xml(text, content_type) => Self::Xml(text.to_owned()),
            Some(_) => Self::Text(text.to_owned()),
        }
    }
}

fn is_xml(text: &str, content_type: &str) -> bool {
    let text = text.trim_start();
    (content_type.contains("xml") && !content_type.contains("html"))
        || text.starts_with("<?xml")
        || text.starts_with("<edmx:")
}

impl Answer {
    pub(super) fn new(status: u16, headers: HeaderMap, body: Bytes, elapsed: Duration) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = Content::of(&body, content_type.unwrap_or_default());
        Self { status, headers, body, elapsed, tries: 1 }
    }

    /// The same, after so many requests.
    pub(super) fn after(self, tries: u32) -> Self {
        Self { tries, ..self }
    }

    /// Whether this is a resource: 200 and a document.
    pub(super) fn is_resource(&self) -> bool {
        self.status == 200 && matches!(self.body, Content::Json(_) | Content::Xml(_))
    }

    /// Whether asking again would be answered alike: a resource is one, and so is a refusal that does not pass. A page
    /// for people in place of a document is not: that is what a BMC shows while it starts.
    pub(super) fn is_final(&self) -> bool {
        self.is_resource() || (self.status != 200 && !patience::is_passing(self.status))
    }

    /// The word for why it is no resource.
    pub(super) fn refusal(&self) -> &'static str {
        match (self.status, &self.body) {
            (200, Content::Empty) => "empty-body",
            (200, _) => "not-a-document",
            (300..=399, _) => "redirect",
            (401 | 403, _) => "not-permitted",
            (404 | 410, _) => "not-found",
            (429 | 500.., _) => "service-failed",
            _ => "refused",
        }
    }

    /// A document.
    pub(super) fn json(self) -> Option<Value> {
        if let Content::Json(document) = self.body { Some(document) } else { None }
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// How long the service asks to wait. A date counts as nothing asked: it needs a clock that both believe.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }

    /// The headers that may be shown, in the order and number they came, names as the standards spell them.
    pub(super) fn shown_headers(&self) -> Vec<(String, String)> {
        let mut shown: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.headers {
            if is_withheld(name.as_str()) {
                continue;
            }
            let (name, value) = (spelled(name.as_str()), String::from_utf8_lossy(value.as_bytes()));
            match shown.iter_mut().find(|(known, _)| *known == name) {
                Some((_, before)) => before.push_str(&format!(", {value}")),
                None => shown.push((name, value.into_owned())),
            }
        }
        shown
    }
}

fn is_withheld(name: &str) -> bool {
    matches!(name, "set-cookie" | "set-cookie2" | "cookie" | "authentication-info") || is_credential(name)
}

/// hyper tells names in lower case; this is how RFC 9110 and DSP0266 spell them.
fn spelled(name: &str) -> String {
    match name {
        "etag" => return "ETag".to_owned(),
        "odata-version" => return "OData-Version".to_owned(),
        "www-authenticate" => return "WWW-Authenticate".to_owned(),
        _ => {}
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Answer::new(status, headers, Bytes::from_static(body.as_bytes()), Duration::ZERO)
    }

    #[test]
    fn what_authenticates_is_not_shown() {
        let came = answer(
            200,
            &[
                ("x-auth-token", "a"),
                ("set-cookie", "b"),
                ("authorization", "c"),
                ("x-csrf-token", "d"),
                ("etag", "e"),
                ("odata-version", "4.0"),
            ],
            "{}",
        );
        let shown = [("ETag", "e"), ("OData-Version", "4.0")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(came.shown_headers(), shown);
    }

    #[test]
    fn a_header_that_comes_twice_is_one_list() {
        let came = answer(200, &[("link", "<a>"), ("link", "<b>")], "{}");
        assert_eq!(came.shown_headers(), [("Link".to_owned(), "<a>, <b>".to_owned())]);
    }

    #[test]
    fn a_page_for_people_is_no_resource_and_asked_for_again() {
        for body in ["<html><body>starting</body></html>", "{\"cut\": ", "", "busy"] {
            let came = answer(200, &[("content-type", "application/json")], body);
            assert!(!came.is_resource() && !came.is_final(), "{body}");
        }
        assert!(answer(404, &[], "<html>").is_final() && !answer(503, &[], "{}").is_final());
    }

    #[test]
    fn metadata_is_a_resource_whatever_its_content_type_says() {
        let xml = "<?xml version=\"1.0\"?><edmx:Edmx/>";
        assert!(answer(200, &[("content-type", "application/json")], xml).is_resource());
        assert!(answer(200, &[("content-type", "application/xml")], "<Edmx/>").is_resource());
    }

    #[test]
    fn retry_after_is_seconds() {
        assert_eq!(answer(503, &[("retry-after", " 7 ")], "").retry_after(), Some(Duration::from_secs(7)));
        let date = answer(503, &[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], "");
        assert_eq!(date.retry_after(), None);
    }
}
