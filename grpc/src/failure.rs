//! Failures on the wire: a status code for everybody, and a `google.rpc.Status` with our own Failure for who wants to know.

use std::time::Duration;

use halmark::{Cause, Deviation, DriverError, Exchange, Operation};
use prost::Message;
use tonic::{Code, Status};

use crate::{
    intern::kept,
    pb::{self, deviation::Kind as Odder, exchange::Kind as At},
    words::{number, optional},
};

/// What came over the wire and is not what the contract says: the defect of who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd(pub(crate) String);

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Odd {}

/// `google.rpc.Status`, which stands in `grpc-status-details-bin`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.RetryInfo`, which every client library knows.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

const FAILURE: &str = "type.googleapis.com/halmark.v1.Failure";
const RETRY: &str = "type.googleapis.com/google.rpc.RetryInfo";
/// A status travels in headers, which peers limit to 8 KiB or so; texts are cut to this.
const LONGEST: usize = 1024;

/// The status that tells a failure.
pub(crate) fn status(error: &DriverError) -> Status {
    let (code, message) = (code(&error.cause), cut(&error.to_string()));
    let any = |url: &str, value: Vec<u8>| prost_types::Any { type_url: url.to_owned(), value };
    let mut details = vec![any(FAILURE, failure(error).encode_to_vec())];
    if let Cause::Busy { retry_after: Some(after) } = &error.cause {
        let info = RetryInfo { retry_delay: prost_types::Duration::try_from(*after).ok() };
        details.push(any(RETRY, info.encode_to_vec()));
    }
    let rich = RpcStatus { code: code as i32, message: message.clone(), details };
    Status::with_details(code, message, rich.encode_to_vec().into())
}

/// The failure as a message.
pub(crate) fn failure(error: &DriverError) -> pb::Failure {
    let mut told = pb::Failure {
        operation: number(error.operation),
        protocol: error.protocol.map(number).unwrap_or_default(),
        cause: pb::Cause::from_str_name(&name(&error.cause)).map_or(0, |cause| cause as i32),
        at: error.at.as_ref().and_then(exchange),
        untrusted: matches!(error.cause, Cause::Untrusted { .. }),
        ..pb::Failure::default()
    };
    match &error.cause {
        Cause::Unsupported | Cause::Unauthorized | Cause::Denied => {}
        Cause::Refused { code, message } => (told.code, told.text) = (cut(code), cut(message)),
        Cause::Busy { retry_after } => {
            told.retry_after = retry_after.and_then(|after| prost_types::Duration::try_from(after).ok());
        }
        Cause::Deviation(it) => told.deviation = Some(deviation(it)),
        Cause::InvalidArgument { reason: text }
        | Cause::Conflict { reason: text }
        | Cause::NotFound { what: text }
        | Cause::Unreachable { reason: text }
        | Cause::Untrusted { reason: text }
        | Cause::OutcomeUnknown { reason: text }
        | Cause::TaskFailed { message: text }
        | Cause::Internal { reason: text } => told.text = cut(text),
    }
    told
}

fn name(cause: &Cause) -> String {
    format!("CAUSE_{}", cause.kind().to_ascii_uppercase().replace('-', "_"))
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default().to_owned()
}

/// What somebody outside says is shown on terminals: nothing in it may move the cursor or make a line of its own.
fn printable(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// The code that goes with a cause; `status.proto` says the same.
const fn code(cause: &Cause) -> Code {
    match cause {
        Cause::Unsupported => Code::Unimplemented,
        Cause::InvalidArgument { .. } => Code::InvalidArgument,
        Cause::Unauthorized => Code::Unauthenticated,
        Cause::Denied => Code::PermissionDenied,
        Cause::Refused { .. } | Cause::Conflict { .. } => Code::FailedPrecondition,
        Cause::Busy { .. } => Code::ResourceExhausted,
        Cause::NotFound { .. } => Code::NotFound,
        Cause::Unreachable { .. } | Cause::Untrusted { .. } => Code::Unavailable,
        Cause::OutcomeUnknown { .. } => Code::Unknown,
        Cause::TaskFailed { .. } => Code::Aborted,
        Cause::Deviation(_) => Code::DataLoss,
        Cause::Internal { .. } => Code::Internal,
    }
}

/// What a status means for the operation that it ends.
///
/// A status without a Failure is taken by its code. One that the peer did not send, because it is gone, is its defect; so is
/// a Failure that is none of ours.
pub(crate) fn error(operation: Operation, status: &Status) -> DriverError {
    let plain = |cause| DriverError { operation, protocol: None, cause, at: None };
    if std::error::Error::source(status).is_some() {
        let so = if operation.changes() { ": the machine may have changed" } else { "" };
        let reason = format!("the external driver went away in the middle of the call{so}");
        return plain(Cause::Internal { reason });
    }
    let rich = RpcStatus::decode(status.details()).unwrap_or_default();
    let told = rich.details.iter().find(|it| it.type_url == FAILURE);
    match told.map(|it| pb::Failure::decode(it.value.as_slice())) {
        Some(Ok(failure)) => told_error(operation, failure).unwrap_or_else(|odd| {
            plain(Cause::Internal { reason: format!("the external driver's failure: {odd}") })
        }),
        Some(Err(_)) => {
            plain(Cause::Internal { reason: "the external driver's failure cannot be decoded".to_owned() })
        }
        None => plain(by_code(operation, status)),
    }
}

/// The error that a Failure tells.
pub(crate) fn told_error(operation: Operation, told: pb::Failure) -> Result<DriverError, Odd> {
    let text = printable(&told.text);
    let kind = pb::Cause::try_from(told.cause).unwrap_or_default();
    let cause = match kind {
        pb::Cause::Unspecified => return Err(Odd("its cause is not specified".to_owned())),
        pb::Cause::Unsupported => Cause::Unsupported,
        pb::Cause::InvalidArgument => Cause::InvalidArgument { reason: text },
        pb::Cause::Unauthorized => Cause::Unauthorized,
        pb::Cause::Denied => Cause::Denied,
        pb::Cause::Refused => Cause::Refused { code: told.code, message: text },
        pb::Cause::Conflict => Cause::Conflict { reason: text },
        pb::Cause::Busy => {
            Cause::Busy { retry_after: told.retry_after.and_then(|it| Duration::try_from(it).ok()) }
        }
        pb::Cause::NotFound => Cause::NotFound { what: text },
        pb::Cause::Unreachable if told.untrusted => Cause::Untrusted { reason: text },
        pb::Cause::Unreachable => Cause::Unreachable { reason: text },
        pb::Cause::OutcomeUnknown => Cause::OutcomeUnknown { reason: text },
        pb::Cause::TaskFailed => Cause::TaskFailed { message: text },
        pb::Cause::Deviation => Cause::Deviation(told_deviation(told.deviation)?),
        pb::Cause::Internal => Cause::Internal { reason: text },
    };
    Ok(DriverError {
        operation: optional(told.operation)?.unwrap_or(operation),
        protocol: optional(told.protocol)?,
        cause,
        at: told.at.map(told_exchange).transpose()?,
    })
}

fn by_code(operation: Operation, status: &Status) -> Cause {
    let text = printable(status.message());
    match status.code() {
        Code::Unimplemented => Cause::Unsupported,
        Code::InvalidArgument | Code::OutOfRange => Cause::InvalidArgument { reason: text },
        Code::Unauthenticated => Cause::Unauthorized,
        Code::PermissionDenied => Cause::Denied,
        Code::FailedPrecondition | Code::AlreadyExists => Cause::Conflict { reason: text },
        Code::ResourceExhausted => Cause::Busy { retry_after: None },
        Code::NotFound => Cause::NotFound { what: text },
        Code::Unavailable => Cause::Unreachable { reason: text },
        Code::Aborted => Cause::TaskFailed { message: text },
        Code::DataLoss => Cause::Deviation(Deviation::NotTheProtocol { reason: text }),
        Code::Unknown | Code::DeadlineExceeded if operation.changes() => {
            Cause::OutcomeUnknown { reason: text }
        }
        code => Cause::Internal { reason: format!("the external driver failed ({code:?}): {text}") },
    }
}

fn exchange(at: &Exchange) -> Option<pb::Exchange> {
    let kind = match at {
        Exchange::Ipmi { netfn, command, completion } => At::Ipmi(pb::IpmiExchange {
            netfn: (*netfn).into(),
            command: (*command).into(),
            completion: completion.map(Into::into),
        }),
        Exchange::Session { step, status } => {
            At::Session(pb::SessionExchange { step: (*step).to_owned(), status: status.map(Into::into) })
        }
        Exchange::Http { method, path, status, message_id } => At::Http(pb::HttpExchange {
            method: method.clone(),
            path: cut(path),
            status: status.map(Into::into),
            message_id: message_id.clone(),
        }),
        // Nothing was on the wire; what there is to say of the program is in the error's text.
        Exchange::Tool { .. } => return None,
    };
    Some(pb::Exchange { kind: Some(kind) })
}

fn told_exchange(told: pb::Exchange) -> Result<Exchange, Odd> {
    let kind = told.kind.ok_or_else(|| Odd("its exchange is of no kind".to_owned()))?;
    Ok(match kind {
        At::Ipmi(it) => Exchange::Ipmi {
            netfn: small(it.netfn)?,
            command: small(it.command)?,
            completion: it.completion.map(small).transpose()?,
        },
        At::Session(it) => {
            Exchange::Session { step: kept(&it.step), status: it.status.map(small).transpose()? }
        }
        At::Http(it) => Exchange::Http {
            method: it.method,
            path: it.path,
            status: it.status.map(small).transpose()?,
            message_id: it.message_id,
        },
    })
}

/// A number that has to fit into less than the wire's 32 or 64 bits.
pub(crate) fn small<W: Copy + std::fmt::Display, N: TryFrom<W>>(wide: W) -> Result<N, Odd> {
    N::try_from(wide).map_err(|_| Odd(format!("the number {wide} is out of range")))
}

/// A deviation as a message.
pub(crate) fn deviation(it: &Deviation) -> pb::Deviation {
    let kind = match it.clone() {
        Deviation::NotJson { content_type, reason } => {
            Odder::NotJson(pb::NotJson { content_type, reason: cut(&reason) })
        }
        Deviation::Truncated { bytes } => Odder::Truncated(pb::Truncated { bytes: bytes as u64 }),
        Deviation::TooLarge { limit } => Odder::TooLarge(pb::TooLarge { limit_bytes: limit as u64 }),
        Deviation::NotTheProtocol { reason } => {
            Odder::NotTheProtocol(pb::NotTheProtocol { reason: cut(&reason) })
        }
        Deviation::Missing { property } => Odder::Missing(pb::MissingProperty { property }),
        Deviation::WrongType { property, expected } => {
            Odder::WrongType(pb::WrongType { property, expected: expected.to_owned() })
        }
        Deviation::UnknownValue { property, value } => {
            Odder::UnknownValue(pb::UnknownValue { property, value: cut(&value) })
        }
        Deviation::WrongStatus { status, expected } => {
            Odder::WrongStatus(pb::WrongStatus { status: status.into(), expected: expected.to_owned() })
        }
        Deviation::ForeignLink { to } => Odder::ForeignLink(pb::ForeignLink { to: cut(&to) }),
        Deviation::ShortMessage { what, bytes, needed } => Odder::ShortMessage(pb::ShortMessage {
            what: what.to_owned(),
            bytes: bytes as u64,
            needed_bytes: needed as u64,
        }),
        Deviation::BadField { what, value } => Odder::BadField(pb::BadField { what: what.to_owned(), value }),
        Deviation::BadChecksum { what } => Odder::BadChecksum(pb::BadChecksum { what: what.to_owned() }),
        Deviation::Quirk { name, about, evidence } => Odder::Quirk(pb::Quirk {
            name: name.to_owned(),
            about: about.to_owned(),
            evidence: evidence.to_owned(),
        }),
    };
    pb::Deviation { kind: Some(kind) }
}

/// The deviation that a message tells.
pub(crate) fn told_deviation(told: Option<pb::Deviation>) -> Result<Deviation, Odd> {
    let kind = told.and_then(|it| it.kind).ok_or_else(|| Odd("its deviation is of no kind".to_owned()))?;
    Ok(match kind {
        Odder::NotJson(it) => Deviation::NotJson { content_type: it.content_type, reason: it.reason },
        Odder::Truncated(it) => Deviation::Truncated { bytes: small(it.bytes)? },
        Odder::TooLarge(it) => Deviation::TooLarge { limit: small(it.limit_bytes)? },
        Odder::NotTheProtocol(it) => Deviation::NotTheProtocol { reason: it.reason },
        Odder::Missing(it) => Deviation::Missing { property: it.property },
        Odder::WrongType(it) => Deviation::WrongType { property: it.property, expected: kept(&it.expected) },
        Odder::UnknownValue(it) => Deviation::UnknownValue { property: it.property, value: it.value },
        Odder::WrongStatus(it) => {
            Deviation::WrongStatus { status: small(it.status)?, expected: kept(&it.expected) }
        }
        Odder::ForeignLink(it) => Deviation::ForeignLink { to: it.to },
        Odder::ShortMessage(it) => Deviation::ShortMessage {
            what: kept(&it.what),
            bytes: small(it.bytes)?,
            needed: small(it.needed_bytes)?,
        },
        Odder::BadField(it) => Deviation::BadField { what: kept(&it.what), value: it.value },
        Odder::BadChecksum(it) => Deviation::BadChecksum { what: kept(&it.what) },
        Odder::Quirk(it) => {
            Deviation::Quirk { name: kept(&it.name), about: kept(&it.about), evidence: kept(&it.evidence) }
        }
    })
}

#[cfg(test)]
mod tests {
    use halmark::Protocol;

    use super::*;

    fn of(cause: Cause) -> DriverError {
        let at = Exchange::Http {
            method: "POST".to_owned(),
            path: "/redfish/v1".to_owned(),
            status: Some(400),
            message_id: None,
        };
        DriverError { operation: Operation::PowerOn, protocol: Some(Protocol::Redfish), cause, at: Some(at) }
    }

    fn causes() -> Vec<Cause> {
        let text = || "as it is".to_owned();
        vec![
            Cause::Unsupported,
            Cause::InvalidArgument { reason: text() },
            Cause::Unauthorized,
            Cause::Denied,
            Cause::Refused { code: "D5h".to_owned(), message: text() },
            Cause::Conflict { reason: text() },
            Cause::Busy { retry_after: Some(Duration::from_millis(1500)) },
            Cause::NotFound { what: text() },
            Cause::Unreachable { reason: text() },
            Cause::OutcomeUnknown { reason: text() },
            Cause::TaskFailed { message: text() },
            Cause::Deviation(Deviation::ShortMessage { what: "RAKP 2", bytes: 3, needed: 40 }),
            Cause::Internal { reason: text() },
        ]
    }

    #[test]
    fn every_cause_survives_the_wire() {
        let kinds: Vec<_> = causes().iter().map(Cause::kind).collect();
        assert_eq!(kinds, Cause::KINDS);
        for cause in causes() {
            assert_eq!(error(Operation::PowerRead, &status(&of(cause.clone()))), of(cause));
        }
    }

    #[test]
    fn a_certificate_that_does_not_verify_stays_no_reason_to_try_again() {
        let cause = Cause::Untrusted { reason: "as it is".to_owned() };
        let told = error(Operation::PowerRead, &status(&of(cause.clone())));
        assert_eq!((told.retryable(), told), (false, of(cause)));
    }

    #[test]
    fn a_driver_that_sends_only_a_code_is_understood_by_it() {
        for cause in causes() {
            let bare = Status::new(code(&cause), "as it is");
            let taken = error(Operation::PowerOn, &bare).kind();
            // One code stands for both: without a Failure, the state is in the way.
            let expected = if cause.kind() == "refused" { "conflict" } else { cause.kind() };
            assert_eq!(taken, expected);
        }
    }

    #[test]
    fn what_a_driver_says_cannot_act_on_a_terminal() {
        let evil = "\u{1b}[2Jevil\u{7}\nFAKE pass line\u{9b}";
        let bare = error(Operation::PowerRead, &Status::new(Code::Internal, evil)).to_string();
        let cause = Cause::Conflict { reason: evil.to_owned() };
        let rich = told_error(Operation::PowerRead, failure(&of(cause))).expect("it is a failure");
        for shown in [bare, rich.to_string()] {
            assert!(shown.contains("FAKE pass line") && !shown.contains(char::is_control), "{shown:?}");
        }
    }

    #[test]
    fn a_change_whose_end_is_not_known_is_not_retried() {
        for code in [Code::Unknown, Code::DeadlineExceeded] {
            let bare = Status::new(code, "");
            assert_eq!(error(Operation::PowerCycle, &bare).kind(), "outcome-unknown");
            assert_eq!(error(Operation::PowerRead, &bare).kind(), "internal");
        }
    }

    #[test]
    fn a_failure_without_a_cause_is_the_drivers_defect() {
        let any = prost_types::Any { type_url: FAILURE.to_owned(), value: Vec::new() };
        let rich = RpcStatus { code: 14, message: String::new(), details: vec![any] };
        let status = Status::with_details(Code::Unavailable, "", rich.encode_to_vec().into());
        assert_eq!(error(Operation::PowerRead, &status).kind(), "internal");
    }
}
