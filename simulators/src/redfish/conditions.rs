//! What a request demands before it is carried out (RFC 9110 §12.5.1, §13; RFC 6585 §3; DSP0266 §6.5, §8.1).

use hyper::{HeaderMap, header};

use super::{
    answer::Answer,
    messages::refuse,
    policy::{Etag, Policy},
    tree::Found,
};

/// What stands against any request: a version of OData that there is not, a content that cannot be given.
pub(super) fn against(method: &str, headers: &HeaderMap, found: Found<'_>) -> Option<Answer> {
    if text(headers, "odata-version").is_some_and(|version| version != "4.0") {
        return Some(refuse(412, "HeaderInvalid", &["OData-Version"]));
    }
    let gives_json = matches!(found, Found::Document(_) | Found::Member(..) | Found::Versions | Found::Odata);
    let reads = matches!(method, "GET" | "HEAD");
    let refuses_json = || text(headers, "accept").is_some_and(|accepted| !takes_json(accepted));
    (reads && gives_json && refuses_json()).then(|| refuse(406, "HeaderInvalid", &["Accept"]))
}

/// Whether JSON is among the media types that are listed.
fn takes_json(accepted: &str) -> bool {
    let is_json = |one: &str| {
        let kind = one.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json"].iter().any(|it| kind.eq_ignore_ascii_case(it))
    };
    accepted.trim().is_empty() || accepted.split(',').any(is_json)
}

/// What stands against a read: 304 where the client knows it already, 412 where it expects another.
pub(super) fn against_read(headers: &HeaderMap, tag: &str) -> Option<Answer> {
    if text(headers, "if-match").is_some_and(|given| !is_exactly(given, tag)) {
        return Some(refuse(412, "PreconditionFailed", &[]));
    }
    let known = text(headers, "if-none-match").is_some_and(|known| is_like(known, tag));
    known.then(|| Answer::no_content().with_status(304).with_header("ETag", tag))
}

/// What stands against a change of a resource with this ETag; of what has none nothing is expected.
pub(super) fn against_change(
    method: &str,
    headers: &HeaderMap,
    policy: &Policy,
    tag: impl FnOnce() -> Option<String>,
) -> Option<Answer> {
    let expected = headers.get(header::IF_MATCH).map(|it| it.to_str().unwrap_or_default());
    let known = text(headers, "if-none-match");
    if expected.is_none() && policy.etag == Etag::Required && method == "PATCH" {
        return Some(refuse(428, "PreconditionRequired", &[]));
    }
    if expected.is_none() && known.is_none() {
        return None;
    }
    let tag = tag()?;
    if policy.etag == Etag::Unquoted && expected.is_some() {
        return (expected != Some(tag.trim_matches('"'))).then(|| refuse(412, "PreconditionFailed", &[]));
    }
    let is_met = expected.is_none_or(|it| is_exactly(it, &tag)) && !known.is_some_and(|it| is_like(it, &tag));
    (!is_met).then(|| refuse(412, "PreconditionFailed", &[]))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Strong comparison: what comes back as a weak tag is like nothing (RFC 9110 §8.8.3.2).
fn is_exactly(listed: &str, tag: &str) -> bool {
    let opaque = tag.trim_start_matches("W/");
    listed.split(',').map(str::trim).any(|one| one == "*" || one == opaque)
}

/// Weak comparison.
fn is_like(listed: &str, tag: &str) -> bool {
    let opaque = |tag: &'_ str| tag.trim().trim_start_matches("W/").to_owned();
    listed.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_tag_is_like_a_strong_one_and_never_exactly_it() {
        assert!(is_like("\"b\", W/\"a\"", "\"a\"") && !is_exactly("W/\"a\"", "\"a\""));
        assert!(is_exactly("\"b\", \"a\"", "\"a\"") && !is_exactly("W/\"a\"", "W/\"a\""));
        assert!(is_exactly("*", "\"a\"") && is_like("*", "\"a\""));
    }

    #[test]
    fn json_is_taken_by_those_who_take_anything() {
        for accepted in ["*/*", "text/html, application/*;q=0.8", "APPLICATION/JSON;charset=utf-8", ""] {
            assert!(takes_json(accepted), "{accepted}");
        }
        assert!(!takes_json("text/html, application/xml"));
    }
}
