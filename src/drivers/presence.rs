//! Whether a protocol is spoken at an endpoint, asked without credentials.

use std::{future::Future, pin::Pin};

pub(crate) use super::ipmi::probe::ping::ping;
use crate::{
    driver::{Cause, Deadline, Protocol},
    endpoint::Endpoint,
};

/// Whether somebody speaks a protocol at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// Somebody does.
    Here {
        /// Who made the BMC, where that is told to strangers.
        vendor: Option<String>,
    },
    /// Nobody does, as far as that can be told.
    Absent {
        /// What happened instead.
        reason: String,
    },
}

/// The answer to the question. An error is a peer that is there and cannot be trusted, such as one whose certificate does not
/// verify: to ask by another protocol instead would be what an attacker wants.
pub type Asking = Pin<Box<dyn Future<Output = Result<Presence, Cause>> + Send>>;

/// How to find out whether a driver's protocol is spoken.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// The protocol.
    pub protocol: Protocol,
    /// Asks, without credentials, once or for a few seconds, and changes nothing.
    pub ask: fn(Endpoint, Deadline) -> Asking,
}
