//! The stateful services of a healthy BMC: accounts, sessions, tasks, settings, media and logs, as DSP0266 and DSP0268 have them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../world/mod.rs"]
mod world;

mod accounts;
mod defaults;
mod logs;
mod media;
mod sessions;
mod settings;
mod tasks;
mod updates;
mod volumes;
