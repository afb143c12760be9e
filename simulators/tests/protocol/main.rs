//! HTTP as DSP0266 has it: queries, headers, methods and changes, over a socket.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../world/mod.rs"]
mod world;

mod headers;
mod patch;
mod queries;
