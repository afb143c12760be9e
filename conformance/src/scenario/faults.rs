//! Named faults of a scenario: what is done to the wire, in data. The lab turns them into rules of relay and face.

use std::{collections::BTreeMap, time::Duration};

use crate::fields::{Fields, Reader};
use crate::yaml::Node;

/// A fault by the place where it strikes.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Between decryption and handler of the Redfish face.
    Http(HttpFault),
    /// On the datagrams between driver and BMC.
    Udp(UdpFault),
    /// On the bytes of a TCP connection.
    Tcp(TcpFault),
    /// Every session of the BMC ends.
    ExpireSessions,
    /// Every connection of the BMC is closed.
    DropConnections,
}

/// Which of the matching messages, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nth {
    /// The first.
    pub from: u32,
    /// The last, if there is one.
    pub to: Option<u32>,
}

/// A fault of an HTTP exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpFault {
    /// Methods that match; none means all.
    pub methods: Vec<String>,
    /// Path that matches, with `*`.
    pub path: Option<String>,
    /// Which of them.
    pub nth: Nth,
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
}

/// Faults of datagrams; several may strike at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UdpFault {
    /// Share that is lost.
    pub drop: f64,
    /// Share that comes twice.
    pub duplicate: f64,
    /// Share that is corrupted.
    pub corrupt: f64,
    /// Share that is cut short.
    pub truncate: f64,
    /// Share that comes later than its successors, and by how much.
    pub reorder: Option<(f64, Duration)>,
    /// Delay: median and 99th percentile.
    pub delay: Option<(Duration, Duration)>,
    /// Only this direction: towards the BMC, or from it.
    pub towards_bmc: Option<bool>,
    /// Which datagrams.
    pub nth: Option<Nth>,
}

/// Faults of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TcpFault {
    /// Nobody listens.
    Refuse,
    /// The connection is accepted and nothing else happens.
    Stall,
    /// The connection is reset after that many bytes.
    ResetAfter(usize),
}

/// Reads one fault.
pub(super) fn read(reader: &Reader, node: &Node) -> Option<Fault> {
    let mut fields = reader.map(node, "a fault such as `{on: http, nth: 1, respond: {status: 503}}`")?;
    let on = reader.word(fields.must("on")?, "place", &["http", "udp", "tcp", "bmc"])?;
    let fault = match on.as_str() {
        "http" => Fault::Http(http(reader, &mut fields)?),
        "udp" => Fault::Udp(udp(reader, &mut fields)?),
        "tcp" => Fault::Tcp(tcp(reader, &mut fields)?),
        _ => bmc(reader, &mut fields)?,
    };
    fields.done();
    Some(fault)
}

fn nth(reader: &Reader, node: &Node) -> Option<Nth> {
    let text = match &node.kind {
        crate::yaml::Kind::Int(n) => n.to_string(),
        _ => reader.text(node)?,
    };
    let number = |t: &str| t.parse::<u32>().ok().filter(|n| *n > 0);
    let parsed = match text.split_once("..") {
        _ if text == "all" => Some(Nth { from: 1, to: None }),
        Some((from, "")) => number(from).map(|from| Nth { from, to: None }),
        Some((from, to)) => {
            number(from).zip(number(to)).filter(|(a, b)| a <= b).map(|(from, to)| Nth { from, to: Some(to) })
        }
        None => number(&text).map(|n| Nth { from: n, to: Some(n) }),
    };
    parsed.or_else(|| {
        reader.fail(node.place, format!("{text:?} names no messages"), "expected 2, \"1..3\", \"4..\" or all")
    })
}

const HTTP_ACTIONS: &[&str] = &[
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
];

fn http(reader: &Reader, fields: &mut Fields<'_>) -> Option<HttpFault> {
    let methods = match fields.maybe("methods") {
        Some(node) => reader
            .list(node, "a list of methods")?
            .iter()
            .map(|m| reader.word(m, "method", &["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]))
            .collect::<Option<_>>()?,
        None => Vec::new(),
    };
    let path = match fields.maybe("path") {
        Some(node) => Some(reader.text(node)?),
        None => None,
    };
    let nth = fields.maybe("nth").map_or(Some(Nth { from: 1, to: None }), |node| nth(reader, node))?;
    let action = http_action(reader, fields)?;
    Some(HttpFault { methods, path, nth, action })
}

fn http_action(reader: &Reader, fields: &mut Fields<'_>) -> Option<HttpAction> {
    let named: Vec<_> = HTTP_ACTIONS.iter().copied().filter(|a| fields.has(a)).collect();
    let [name] = named[..] else {
        return reader.fail(
            fields.place,
            format!("a fault on http does exactly one thing, this one {}", named.len()),
            format!("expected one of {}", HTTP_ACTIONS.join(", ")),
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
        "reset" => plain(HttpAction::Reset),
        "reset-after" => plain(HttpAction::ResetAfter),
        "hang" => plain(HttpAction::Hang),
        "hang-after" => plain(HttpAction::HangAfter),
        "html" => plain(HttpAction::Html),
        "truncated-json" => plain(HttpAction::TruncatedJson),
        "empty-body" => plain(HttpAction::EmptyBody),
        _ => plain(HttpAction::WrongContentType),
    }
}

fn respond(reader: &Reader, node: &Node) -> Option<HttpAction> {
    let mut fields = reader.map(node, "`{status: 503, headers: {…}, body: …}`")?;
    let status = u16::try_from(reader.whole(fields.must("status")?, 200, 599)?).ok()?;
    let mut headers = BTreeMap::new();
    if let Some(node) = fields.maybe("headers") {
        for (key, value) in reader.map(node, "a map of headers")?.rest() {
            headers.insert(key.text.clone(), reader.text(value)?);
        }
    }
    let body = fields.maybe("body").map(|node| match &node.kind {
        crate::yaml::Kind::Text(text) => text.clone(),
        _ => reader.json(node).to_string(),
    });
    fields.done();
    Some(HttpAction::Respond { status, headers, body })
}

fn udp(reader: &Reader, fields: &mut Fields<'_>) -> Option<UdpFault> {
    let mut share = |key| fields.maybe(key).map_or(Some(0.0), |node| reader.share(node));
    let (drop, duplicate, corrupt, truncate) =
        (share("drop")?, share("duplicate")?, share("corrupt")?, share("truncate")?);
    let reorder = match fields.maybe("reorder") {
        Some(node) => {
            let mut f = reader.map(node, "`{p: 5%, by: 300ms}`")?;
            let both = (reader.share(f.must("p")?)?, reader.duration(f.must("by")?)?);
            f.done();
            Some(both)
        }
        None => None,
    };
    let delay = match fields.maybe("delay") {
        Some(node) => {
            let mut f = reader.map(node, "`{p50: 40ms, p99: 900ms}`")?;
            let both = (reader.duration(f.must("p50")?)?, reader.duration(f.must("p99")?)?);
            f.done();
            Some(both)
        }
        None => None,
    };
    let towards_bmc = match fields.maybe("towards") {
        Some(node) => Some(reader.word(node, "direction", &["bmc", "driver"])? == "bmc"),
        None => None,
    };
    let nth = match fields.maybe("nth") {
        Some(node) => Some(nth(reader, node)?),
        None => None,
    };
    let fault = UdpFault { drop, duplicate, corrupt, truncate, reorder, delay, towards_bmc, nth };
    let idle = UdpFault { towards_bmc, nth, ..UdpFault::default() };
    if fault == idle {
        return reader.fail(
            fields.place,
            "this fault does nothing",
            "expected drop, duplicate, corrupt, truncate, reorder or delay",
        );
    }
    Some(fault)
}

fn tcp(reader: &Reader, fields: &mut Fields<'_>) -> Option<TcpFault> {
    if let Some(node) = fields.maybe("reset-after") {
        return reader
            .whole(node, 0, 1 << 30)
            .and_then(|n| usize::try_from(n).ok())
            .map(TcpFault::ResetAfter);
    }
    let node = fields.must("is")?;
    Some(if reader.word(node, "fault", &["refused", "stalled"])? == "refused" {
        TcpFault::Refuse
    } else {
        TcpFault::Stall
    })
}

fn bmc(reader: &Reader, fields: &mut Fields<'_>) -> Option<Fault> {
    let node = fields.must("does")?;
    let does = reader.word(node, "event", &["expire-sessions", "drop-connections"])?;
    Some(if does == "expire-sessions" { Fault::ExpireSessions } else { Fault::DropConnections })
}
