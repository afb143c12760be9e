//! Decoded exchanges: what was asked of the BMC on the wire and what it answered, as the judge reads them.
//!
//! The judge has its own reading of Redfish and IPMI here, apart from the driver's and the simulator's: blame is decided by it.

mod accounts;
pub mod console;
mod fru;
mod http;
mod identity;
mod media;
pub mod rmcp;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operation::Call;

/// One exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When the request came, in microseconds on the scenario's clock.
    pub at: u64,
    /// What was said.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// The exchange of the same case, by number, whose answer had the same body; the body then stands there only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_body_as: Option<usize>,
    /// The seeded fault that answered instead of the BMC, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<String>,
}

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "kebab-case")]
pub enum Exchange {
    /// HTTP.
    Http {
        /// Method.
        method: String,
        /// Path.
        path: String,
        /// Status; 0 when no answer was sent.
        status: u16,
        /// Request body, redacted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Arc<str>>,
        /// Answer body, redacted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<Arc<str>>,
        /// The Retry-After header of the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<String>,
    },
    /// IPMI over RMCP+, decrypted.
    Ipmi {
        /// Network function of the request.
        netfn: u8,
        /// Command.
        command: u8,
        /// Request data, in hexadecimal.
        data: String,
        /// Sequence number of the request (rqSeq).
        sequence: u8,
        /// Completion code of the answer, if one came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        completion: Option<u8>,
        /// Answer data after the completion code, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<String>,
        /// Session sequence number.
        session_sequence: u32,
    },
    /// A step of setting up an RMCP+ session.
    Session {
        /// The payload's name.
        step: String,
        /// The status code of an answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u8>,
    },
    /// Characters of the host's console, in a packet of serial over LAN; a packet that is sent again stands there again.
    Console {
        /// Whether they go to the host.
        to_host: bool,
        /// The packet's number.
        number: u8,
        /// The characters.
        text: String,
    },
}

impl Record {
    /// The same exchange without its answer's body, if an earlier one of the case had the same.
    pub fn without_repetition(&self, earlier: &[Self]) -> Self {
        let Some(body) = self.body() else { return self.clone() };
        let Some(at) = earlier.iter().rposition(|other| other.body() == Some(body)) else {
            return self.clone();
        };
        let mut short = Self { same_body_as: Some(at), ..self.clone() };
        short.set_body(None);
        short
    }

    /// The exchange as it was, with the body that stands with an earlier one.
    pub fn with_repetition(&self, earlier: &[Self]) -> Self {
        let mut whole = self.clone();
        if let Some(other) = whole.same_body_as.take().and_then(|at| earlier.get(at)) {
            whole.set_body(other.body().cloned());
        }
        whole
    }

    fn body(&self) -> Option<&Arc<str>> {
        if let Exchange::Http { response, .. } = &self.exchange { response.as_ref() } else { None }
    }

    fn set_body(&mut self, body: Option<Arc<str>>) {
        if let Exchange::Http { response, .. } = &mut self.exchange {
            *response = body;
        }
    }

    /// Whether it asks the BMC to change something (sessions aside).
    pub fn changes(&self) -> bool {
        match &self.exchange {
            Exchange::Http { method, path, .. } => {
                !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS") && !path.contains("/SessionService/")
            }
            Exchange::Ipmi { netfn, command, .. } => rmcp::changes(*netfn, *command),
            Exchange::Session { .. } | Exchange::Console { .. } => false,
        }
    }

    /// Whether it is an attempt to log in.
    pub fn is_login(&self) -> bool {
        match &self.exchange {
            Exchange::Http { method, path, .. } => {
                method == "POST" && path.trim_end_matches('/').ends_with("/Sessions")
            }
            Exchange::Session { step, .. } => step == "RAKP 1",
            Exchange::Ipmi { .. } | Exchange::Console { .. } => false,
        }
    }

    /// Whether it ends a session.
    pub fn is_logout(&self) -> bool {
        matches!(&self.exchange, Exchange::Http { method, path, .. }
            if method == "DELETE" && path.contains("/SessionService/Sessions/"))
    }

    /// Whether the BMC said that it did what it was asked.
    pub fn accepted(&self) -> bool {
        match &self.exchange {
            Exchange::Http { status, .. } => (200..300).contains(status),
            Exchange::Ipmi { completion, .. } => *completion == Some(0),
            Exchange::Session { status, .. } => *status == Some(0),
            Exchange::Console { .. } => false,
        }
    }

    /// Whether the BMC, of its own and not by a seeded fault, said that it would not.
    pub fn refused(&self) -> bool {
        self.injected.is_none()
            && match &self.exchange {
                Exchange::Http { status, .. } => *status >= 400,
                Exchange::Ipmi { completion, .. } => completion.is_some_and(|c| c != 0),
                Exchange::Session { status, .. } => status.is_some_and(|s| s != 0),
                Exchange::Console { .. } => false,
            }
    }
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.exchange {
            Exchange::Http { method, path, status, request, .. } => {
                let body = request.as_deref().unwrap_or_default();
                let shown: String = body.chars().take(120).collect();
                write!(
                    f,
                    "{method} {path} {shown}{} → {status}",
                    if shown.len() < body.len() { "…" } else { "" }
                )
            }
            Exchange::Ipmi { netfn, command, data, completion, .. } => {
                write!(f, "netfn {netfn:02X}h command {command:02X}h [{data}]")?;
                match completion {
                    Some(code) => write!(f, " → {code:02X}h"),
                    None => f.write_str(" → no answer"),
                }
            }
            Exchange::Session { step, status } => {
                write!(f, "{step}")?;
                status.map_or(Ok(()), |code| write!(f, " → status {code:02X}h"))
            }
            Exchange::Console { to_host, number, text } => {
                let way = if *to_host { "to" } else { "from" };
                write!(f, "console, packet {number} {way} the host: {text:?}")
            }
        }
    }
}

/// Whether somebody looked where this property of the machine's identity stands.
pub fn looks_for(property: &str, records: &[Record]) -> bool {
    identity::looks_for(property, records)
}

/// Whether an exchange was refused for want of privilege in a session that nobody asked to be raised.
pub fn never_raised(records: &[Record], at: usize) -> bool {
    rmcp::never_raised(records, at)
}

/// How many exchanges of a kind there are.
pub fn count(observable: &str, records: &[Record]) -> usize {
    match observable {
        "wire.changes" => records.iter().filter(|r| r.changes()).count(),
        "wire.logins" => records.iter().filter(|r| r.is_login()).count(),
        _ => records.len(),
    }
}

/// Whether the request after every answer with that status came no earlier than its Retry-After allows.
pub fn retry_after_honoured(status: u16, records: &[Record]) -> Result<(), String> {
    let mut seen = false;
    for (at, record) in records.iter().enumerate() {
        let Exchange::Http { status: answered, retry_after: Some(after), .. } = &record.exchange else {
            continue;
        };
        if *answered != status {
            continue;
        }
        seen = true;
        let Ok(seconds) = after.parse::<u64>() else { continue };
        if let Some(next) =
            records.get(at + 1).filter(|next| next.at + 1_000 < record.at + seconds * 1_000_000)
        {
            return Err(format!(
                "asked again after {} ms, Retry-After said {seconds} s",
                (next.at - record.at) / 1_000
            ));
        }
    }
    if seen { Ok(()) } else { Err(format!("no answer had the status {status} and a Retry-After")) }
}

/// Whether every request that was sent more than once was sent as the same request.
pub fn retransmissions_are_the_same(records: &[Record]) -> Result<(), String> {
    rmcp::retransmissions_are_the_same(records)
}

/// What the wire shows of a changing operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// No request asked for it.
    Never,
    /// A request of that kind asked for something else: which.
    Wrongly(usize),
    /// It was asked for and the BMC said yes, that many times; the last of them.
    Accepted(usize, usize),
    /// It was asked for and the BMC said no; which.
    Refused(usize),
    /// It was asked for and no answer was sent; which.
    Unanswered(usize),
}

/// What the wire shows of `call` from record `from` on.
pub fn asked(call: &Call, records: &[Record], from: usize) -> Asked {
    let mut accepted = (0, 0);
    let mut other = None;
    let mut cycle = http::OffAndOn::default();
    for (at, record) in records.iter().enumerate().skip(from) {
        let right = match &record.exchange {
            Exchange::Http { method, path, request, .. }
                if *call == Call::Plain(halmark::Operation::PowerCycle) =>
            {
                cycle.asks(method, path, request.as_deref(), record.accepted())
            }
            Exchange::Http { method, path, request, .. } => {
                http::asks(call, method, path, request.as_deref())
            }
            Exchange::Ipmi { netfn, command, data, .. } => rmcp::asks(call, *netfn, *command, data),
            Exchange::Session { .. } | Exchange::Console { .. } => None,
        };
        match right {
            None => {}
            Some(false) => other = other.or(Some(Asked::Wrongly(at))),
            Some(true) if record.injected.is_some() && !record.accepted() => {}
            Some(true) if record.accepted() => accepted = (accepted.0 + 1, at),
            Some(true) if record.refused() => other = Some(Asked::Refused(at)),
            Some(true) => other = Some(Asked::Unanswered(at)),
        }
    }
    if accepted.0 > 0 { Asked::Accepted(accepted.0, accepted.1) } else { other.unwrap_or(Asked::Never) }
}

/// The power action that the BMC was asked for, and said yes to, beside the one that `call` is.
pub fn asked_besides(call: &Call, records: &[Record], from: usize) -> Option<usize> {
    let Call::Plain(operation) = call else { return None };
    // A cycle may be had as off and on.
    if *operation == halmark::Operation::PowerCycle {
        return None;
    }
    records
        .iter()
        .skip(from)
        .position(|record| match &record.exchange {
            Exchange::Http { method, path, request, .. } => {
                record.accepted() && http::asks(call, method, path, request.as_deref()) == Some(false)
            }
            Exchange::Ipmi { netfn, command, data, .. } => {
                record.accepted() && rmcp::asks(call, *netfn, *command, data) == Some(false)
            }
            Exchange::Session { .. } | Exchange::Console { .. } => false,
        })
        .map(|at| at + from)
}

/// Whether the judge can read from the wire what this operation asks for.
pub fn reads(operation: halmark::Operation) -> bool {
    use halmark::Operation::{BootOverrideGet, ConsoleOpen, IdentifyGet, IdentityRead, PowerRead};
    matches!(operation, PowerRead | BootOverrideGet | IdentifyGet | IdentityRead | ConsoleOpen)
}

/// The last thing that the BMC said on the wire about what an operation reads, in the form of the driver's answer.
pub fn told(operation: halmark::Operation, records: &[Record]) -> Option<Value> {
    if operation == halmark::Operation::IdentityRead {
        return http::told_identity(records).or_else(|| rmcp::told_identity(records));
    }
    if operation == halmark::Operation::ConsoleOpen {
        return console::told(records);
    }
    records.iter().rev().find_map(|record| told_by(operation, record))
}

/// Which of these is the last that tells it, where one of them does alone.
pub fn told_at(operation: halmark::Operation, records: &[Record]) -> Option<usize> {
    records.iter().rposition(|record| told_by(operation, record).is_some())
}

fn told_by(operation: halmark::Operation, record: &Record) -> Option<Value> {
    match &record.exchange {
        Exchange::Http { path, status: 200, response: Some(body), .. } => http::told(operation, path, body),
        Exchange::Ipmi { netfn, command, data, completion: Some(0), response: Some(body), .. } => {
            rmcp::told(operation, *netfn, *command, data, body)
        }
        _ => None,
    }
}
