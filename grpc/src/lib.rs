//! The contract as a gRPC service, `halmark.v1`: any driver as a service ([`server`]), for callers ([`listen`]) or
//! at a control plane's command ([`dial`]), and any service as a driver ([`client`]).
//!
//! `proto/halmark/v1` is the contract for drivers in other languages; `docs/grpc.md` tells its shapes, units, limits and errors.
//! What is here knows no protocol of a BMC and no driver: it carries the words of [`halmark::model`] and nothing else.

pub mod client;
mod console;
mod convert;
pub mod dial;
mod failure;
mod intern;
pub mod listen;
pub mod server;
pub mod tls;
pub mod transport;
pub mod truth;
mod words;

pub use failure::Odd;

/// The messages, and the generated client and server: `proto/halmark/v1`.
#[expect(missing_docs, clippy::doc_markdown, reason = "generated; the proto has the documentation")]
#[allow(clippy::all, unreachable_pub, reason = "generated")]
pub mod pb {
    tonic::include_proto!("halmark.v1");
}

/// What reflection tells: the descriptors of `proto/`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/halmark.v1.bin"));

/// The environment variable in which a program that is started as a driver finds the path of the Unix socket to serve on.
pub const SOCKET: &str = "HALMARK_SOCKET";

/// How many bytes the name of a BMC may have; at least one.
pub const LONGEST_NAME: usize = 255;

/// The line by which a program that was started as a driver says on standard output that it serves.
pub const READY: &str = "halmark.v1 ready";

/// Messages that hold secrets print as nothing but their names.
macro_rules! discreet {
    ($($message:ident),+) => {
        $(impl std::fmt::Debug for pb::$message {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($message), " { … }"))
            }
        })+
    };
}
discreet!(
    Credentials,
    IpmiOptions,
    NewAccount,
    AccountUpdate,
    NewMedia,
    SetBiosRequest,
    IpmiCall,
    RedfishCall,
    Command
);
