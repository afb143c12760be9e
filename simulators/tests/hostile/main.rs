//! Clients that nobody invited: noise, floods, tricks with HTTP, and secrets where they do not belong.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../world/mod.rs"]
mod world;

mod canaries;
mod floods;
mod fuzz;
mod http;
