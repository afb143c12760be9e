//! Hostile bytes on IPMI: one harness for each core, fed by a fuzzer's bytes or by a seed.
//!
//! | module | is |
//! |---|---|
//! | [`face`] | datagrams at the simulated BMC's LAN channel, valid, forged, replayed and late, in sessions with their real keys |
//! | [`commands`] | any command, from anybody, straight at the dispatcher |
//! | [`datagram`] | one datagram, of all of these kinds, at a core that lives on |
//! | [`driver`] | a BMC that lies: every step of the handshake, and packets of a session, at the driver's core |
//! | [`talk`] | the whole driver, in a session with a BMC whose answers are anything |
//! | [`source`] | where decisions come from: a fuzzer's bytes, or a seed |
//!
//! A harness panics where a claim does not hold, and that is what a fuzzer looks for. Each harness gives the same for the same
//! decisions.

pub mod commands;
pub mod console;
pub mod datagram;
pub mod driver;
pub mod face;
pub mod peer;
pub mod source;
pub mod talk;
pub mod well_formed;
pub mod world;
