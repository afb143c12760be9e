//! Faults of HTTP exchanges: which ones, when, and what becomes of them. The words are those of the control API's rules.

use std::{collections::BTreeMap, time::Duration};

use halmark_simulators::{
    machine::{Host, Power},
    rules::{Corruption, HttpRule, When},
};
use serde_json::json;

use super::{Nth, nth};
use crate::{
    fields::{Fields, Reader},
    scenario::matchers::event_name,
    yaml::{Kind, Node},
};

/// A fault of an HTTP exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpFault {
    /// Methods that match; none means all.
    pub methods: Vec<String>,
    /// Path that matches, with `*`.
    pub path: Option<String>,
    /// When it is in force.
    pub when: When,
    /// Which of them, at such times.
    pub nth: Nth,
    /// How many of those are struck, from 0 to 1; which ones, the case's seed says.
    pub share: f64,
    /// What happens.
    pub action: HttpAction,
}

/// What happens to an HTTP exchange.
#[derive(Debug, Clone, PartialEq)]
pub enum HttpAction {
    /// Another answer; the handler does not run.
    Respond {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: BTreeMap<String, String>,
        /// Its body.
        body: Option<String>,
    },
    /// The answer comes later.
    Delay(Duration),
    /// The answer comes in drops.
    Drip {
        /// Bytes a drop.
        bytes: usize,
        /// Time between drops.
        every: Duration,
    },
    /// The body ends early.
    Cut(usize),
    /// The connection is reset before the handler runs.
    Reset,
    /// The handler runs, then the connection is reset.
    ResetAfter,
    /// Nothing happens, ever.
    Hang,
    /// The handler runs, then nothing, ever.
    HangAfter,
    /// An HTML page with status 200.
    Html,
    /// JSON that ends too early.
    TruncatedJson,
    /// No body at all.
    EmptyBody,
    /// A body of that many bytes.
    HugeBody(usize),
    /// JSON nested that deep.
    DeepJson(usize),
    /// The right body under the wrong type.
    WrongContentType,
    /// The answer lacks this header.
    StripHeader(String),
    /// The property at this JSON pointer is spoilt, where the answer has it.
    Field {
        /// Where.
        at: String,
        /// What it is instead.
        becomes: Corruption,
    },
    /// The connection is accepted, and nothing more comes: no TLS handshake, no answer.
    StallHandshake,
    /// The connection is reset at once.
    RefuseHandshake,
}

const ACTIONS: &[&str] = &[
    "respond",
    "delay",
    "drip",
    "cut",
    "reset",
    "reset-after",
    "hang",
    "hang-after",
    "html",
    "truncated-json",
    "empty-body",
    "huge-body",
    "deep-json",
    "wrong-content-type",
    "strip-header",
    "field",
    "stall-handshake",
    "refuse-handshake",
];

/// Reads what stands beside `on: http`.
pub(super) fn read(reader: &Reader, fields: &mut Fields<'_>) -> Option<HttpFault> {
    let methods = match fields.maybe("methods") {
        Some(node) => reader
            .list(node, "a list of methods")?
            .iter()
            .map(|m| reader.word(m, "method", &["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]))
            .collect::<Option<_>>()?,
        None => Vec::new(),
    };
    let path = match fields.maybe("path") {
        Some(node) => Some(path(reader, node)?),
        None => None,
    };
    let when = fields.maybe("when").map_or(Some(When::default()), |node| when(reader, node))?;
    let nth = fields.maybe("nth").map_or(Some(Nth { from: 1, to: None }), |node| nth(reader, node))?;
    let share = fields.maybe("share").map_or(Some(1.0), |node| share(reader, node))?;
    let asks = !methods.is_empty() || path.is_some();
    let place = fields.place;
    let action = action(reader, fields)?;
    if asks && matches!(action, HttpAction::StallHandshake | HttpAction::RefuseHandshake) {
        return reader.fail(
            place,
            "a fault of a handshake knows no method and no path",
            "no request was sent yet: remove `methods` and `path`",
        );
    }
    Some(HttpFault { methods, path, when, nth, share, action })
}

fn path(reader: &Reader, node: &Node) -> Option<String> {
    let path = reader.text(node)?;
    if path.starts_with(['/', '*']) {
        return Some(path);
    }
    reader.fail(
        node.place,
        format!("{path:?} is no path that anybody asks for"),
        "expected one that begins with / or *, such as \"*/Systems/*\"",
    )
}

/// A share of the messages; none of them is no fault.
fn share(reader: &Reader, node: &Node) -> Option<f64> {
    let share = match node.kind {
        Kind::Float(share) if (0.0..=1.0).contains(&share) => share,
        _ => reader.share(node)?,
    };
    if share > 0.0 {
        return Some(share);
    }
    reader.fail(node.place, "a share of nothing never strikes", "expected more than 0%")
}

fn when(reader: &Reader, node: &Node) -> Option<When> {
    let mut fields = reader.map(node, "`{power: powered-off}` or `{since: bmc.ready, to: 30s}`")?;
    let mut when = When::default();
    if let Some(node) = fields.maybe("power") {
        let words: Vec<_> = Power::ALL.iter().map(|it| it.word()).collect();
        when.power = Power::from_word(&reader.word(node, "power", &words)?);
    }
    if let Some(node) = fields.maybe("host") {
        let words: Vec<_> = Host::ALL.iter().map(|it| it.word()).collect();
        when.host = Host::from_word(&reader.word(node, "state of the host", &words)?);
    }
    if let Some(node) = fields.maybe("since") {
        when.since = Some(event_name(reader, &reader.text(node)?, node.place)?);
    }
    if let Some(node) = fields.maybe("from") {
        when.from = Some(reader.duration(node)?);
    }
    let to = fields.maybe("to");
    if let Some(node) = to {
        when.to = Some(reader.duration(node)?);
    }
    fields.done();
    if when == When::default() {
        return reader.fail(
            node.place,
            "this says no time",
            "expected power, host, since, from or to; without `when` it is always in force",
        );
    }
    match to {
        Some(to) if when.is_never() => {
            reader.fail(to.place, "this time is over before it begins", "expected `to` after `from`")
        }
        _ => Some(when),
    }
}

fn action(reader: &Reader, fields: &mut Fields<'_>) -> Option<HttpAction> {
    let named: Vec<_> = ACTIONS.iter().copied().filter(|a| fields.has(a)).collect();
    let [name] = named[..] else {
        return reader.fail(
            fields.place,
            format!("a fault on http does exactly one thing, this one {}", named.len()),
            format!("expected one of {}", ACTIONS.join(", ")),
        );
    };
    let node = fields.maybe(name)?;
    let size = |node| reader.whole(node, 0, 1 << 30).and_then(|n| usize::try_from(n).ok());
    let plain = |action| {
        if reader.flag(node)? {
            Some(action)
        } else {
            reader.fail(node.place, "a fault is set by `true`", "remove it instead")
        }
    };
    match name {
        "respond" => respond(reader, node),
        "delay" => reader.duration(node).map(HttpAction::Delay),
        "drip" => {
            let mut drip = reader.map(node, "`{bytes: 1, every: 1s}`")?;
            let action = HttpAction::Drip {
                bytes: size(drip.must("bytes")?)?.max(1),
                every: reader.duration(drip.must("every")?)?,
            };
            drip.done();
            Some(action)
        }
        "cut" => size(node).map(HttpAction::Cut),
        "huge-body" => size(node).map(HttpAction::HugeBody),
        "deep-json" => size(node).map(HttpAction::DeepJson),
        "strip-header" => reader.text(node).map(HttpAction::StripHeader),
        "field" => field(reader, node),
        "reset" => plain(HttpAction::Reset),
        "reset-after" => plain(HttpAction::ResetAfter),
        "hang" => plain(HttpAction::Hang),
        "hang-after" => plain(HttpAction::HangAfter),
        "html" => plain(HttpAction::Html),
        "truncated-json" => plain(HttpAction::TruncatedJson),
        "empty-body" => plain(HttpAction::EmptyBody),
        "stall-handshake" => plain(HttpAction::StallHandshake),
        "refuse-handshake" => plain(HttpAction::RefuseHandshake),
        _ => plain(HttpAction::WrongContentType),
    }
}

fn field(reader: &Reader, node: &Node) -> Option<HttpAction> {
    let mut fields = reader.map(node, "`{at: /PowerState, becomes: unknown-word}`")?;
    let at_node = fields.must("at")?;
    let at = reader.text(at_node)?;
    let words: Vec<_> = Corruption::ALL.iter().map(|it| it.word()).collect();
    let becomes = reader.word(fields.must("becomes")?, "corruption", &words)?;
    fields.done();
    if !at.starts_with('/') {
        return reader.fail(
            at_node.place,
            format!("{at:?} is no JSON pointer"),
            "expected one such as /Boot/BootOrder/0",
        );
    }
    let becomes = Corruption::ALL.into_iter().find(|it| it.word() == becomes)?;
    Some(HttpAction::Field { at, becomes })
}

fn respond(reader: &Reader, node: &Node) -> Option<HttpAction> {
    let mut fields = reader.map(
        node,
        "`{status: 503, headers: {…}, body: …}` or `{status: 503, message: ServiceTemporarilyUnavailable, args: [\"5\"]}`",
    )?;
    let status = u16::try_from(reader.whole(fields.must("status")?, 200, 599)?).ok()?;
    let mut headers = BTreeMap::new();
    if let Some(node) = fields.maybe("headers") {
        for (key, value) in reader.map(node, "a map of headers")?.rest() {
            headers.insert(key.text.clone(), reader.text(value)?);
        }
    }
    let mut body = fields.maybe("body").map(|node| match &node.kind {
        Kind::Text(text) => text.clone(),
        _ => reader.json(node).to_string(),
    });
    if let Some(message) = fields.maybe("message") {
        if body.is_some() {
            return reader.fail(
                message.place,
                "this answer has a body already",
                "either a body or a message",
            );
        }
        body = Some(said(reader, message, &mut fields)?);
    }
    fields.done();
    Some(HttpAction::Respond { status, headers, body })
}

/// The error body of a message of the Base registry, with its arguments.
fn said(reader: &Reader, message: &Node, fields: &mut Fields<'_>) -> Option<String> {
    let name = reader.text(message)?;
    let args = match fields.maybe("args") {
        Some(node) => reader.texts(node, "a list of texts")?.into_iter().map(|(text, _)| text).collect(),
        None => Vec::new(),
    };
    let rule = json!([{"respond": {"status": 400, "message": name, "args": args}}]);
    match HttpRule::read_all(&rule).map(|rules| rules.into_iter().next().map(|rule| rule.action)) {
        Ok(Some(halmark_simulators::rules::HttpAction::Respond { body, .. })) => body,
        Ok(_) => None,
        Err(problem) => reader.fail(
            message.place,
            format!("{name:?} cannot be said so"),
            format!("expected {}", problem.expected),
        ),
    }
}
