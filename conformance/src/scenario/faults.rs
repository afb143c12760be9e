//! Named faults of a scenario: what is done to the wire, in data. The lab turns them into rules of relay and face.

mod http;

use std::time::Duration;

pub use http::{HttpAction, HttpFault};

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
        "http" => Fault::Http(http::read(reader, &mut fields)?),
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
