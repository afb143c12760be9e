//! The calls of the service Bmc as commands: read by the type of their request, carried out by the service itself.

use std::time::Duration;

use prost::Message;
use prost_types::Any;
use tonic::{Request, Status};

use crate::{
    pb::{self, Refusal, bmc_server::Bmc as _},
    server::{Peer, Service},
};

/// Where the types of messages are looked for by those who have to; only what follows counts.
const AT: &str = "type.googleapis.com/";
/// The largest answer: what gRPC's libraries take, less what is around it. A larger one would end each stream that it is sent on.
const LARGEST: usize = 4 * 1024 * 1024 - 4096;

macro_rules! commands {
    ($($method:ident $asked:ident $answered:ident,)+) => {
        /// A call, read.
        #[expect(clippy::enum_variant_names, clippy::large_enum_variant, reason = "as the types are; it is kept in a box")]
        pub(super) enum Call {
            $($asked(pb::$asked),)+
        }

        impl Call {
            fn named(name: &str, bytes: &[u8]) -> Option<Result<Self, prost::DecodeError>> {
                Some(match name {
                    $(stringify!($asked) => pb::$asked::decode(bytes).map(Self::$asked),)+
                    _ => return None,
                })
            }

            /// As if it had come from this peer with so much time left.
            pub(super) async fn carry_out(
                self,
                service: &Service,
                peer: Peer,
                left: Duration,
            ) -> Result<Any, Status> {
                match self {
                    $(Self::$asked(asked) => {
                        let answer = service.$method(request(asked, peer, left)).await?.into_inner();
                        answered(stringify!($answered), &answer)
                    })+
                }
            }
        }
    };
}
// The rows are made from `bmc.proto`: every call is here, by construction.
include!(concat!(env!("OUT_DIR"), "/calls.rs"));

impl Call {
    /// The call that a command asks for.
    pub(super) fn read(asked: &Any) -> Result<Self, (Refusal, String)> {
        let (_, full) = asked.type_url.rsplit_once('/').unwrap_or_default();
        let name = full.strip_prefix("halmark.v1.").unwrap_or_default();
        if name == "OpenConsoleRequest" {
            let text = "a console has streams of its own, and a stream of commands carries none";
            return Err((Refusal::NoStreams, text.to_owned()));
        }
        let shown: String = asked.type_url.chars().take(80).collect();
        match Self::named(name, &asked.value) {
            Some(Ok(call)) => Ok(call),
            Some(Err(_)) => Err((Refusal::Malformed, format!("the call's bytes are no {full}"))),
            None => {
                Err((Refusal::UnknownCall, format!("{shown:?} is the type of no call of halmark.v1.Bmc")))
            }
        }
    }
}

fn request<T>(asked: T, peer: Peer, left: Duration) -> Request<T> {
    let mut request = Request::new(asked);
    request.set_timeout(left);
    request.extensions_mut().insert(peer);
    request
}

fn answered(name: &str, answer: &impl Message) -> Result<Any, Status> {
    let value = answer.encode_to_vec();
    if value.len() > LARGEST {
        let text = format!("it was done, but its answer of {} bytes is too large for a message", value.len());
        return Err(Status::resource_exhausted(text));
    }
    Ok(Any { type_url: format!("{AT}halmark.v1.{name}"), value })
}

/// What a command's end is to the control plane.
pub(super) fn told(end: Result<Any, Status>) -> pb::command_answer::Kind {
    match end {
        Ok(answer) => pb::command_answer::Kind::Answer(answer),
        Err(status) => pb::command_answer::Kind::Failed(failed(&status)),
    }
}

/// `grpc-status-details-bin` holds a `google.rpc.Status`, whose fields these are.
fn failed(status: &Status) -> pb::CommandFailed {
    let rich = pb::CommandFailed::decode(status.details()).unwrap_or_default();
    pb::CommandFailed { code: status.code() as i32, message: status.message().to_owned(), ..rich }
}
