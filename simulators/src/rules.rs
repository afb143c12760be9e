//! Faults of an HTTP face: a rule says which requests, and what becomes of them.
//!
//! Rules sit between decryption and handler. Every rule that means a request strikes: delays add up, the first answer that
//! a rule gives in place of the handler counts, and what rules do to an answer is done in their order.

mod action;
mod book;
mod corrupt;
mod glob;
mod read;

use std::time::Duration;

pub(crate) use action::Phase;
pub use action::{Corruption, HttpAction};
pub(crate) use book::{Rulebook, Situation};
pub(crate) use corrupt::corrupt;
pub(crate) use read::Node;
pub use read::Unreadable;

use crate::machine::{Host, Power};

/// Which of the matching requests a rule means, counted from 1 since the rules were set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nth {
    /// The first.
    pub from: u32,
    /// The last; without it all from the first on.
    pub to: Option<u32>,
}

impl Nth {
    /// Every one.
    pub const ALL: Self = Self { from: 1, to: None };

    /// Only the first.
    pub const FIRST: Self = Self { from: 1, to: Some(1) };

    /// Whether the one with this number is meant.
    pub fn holds(self, number: u32) -> bool {
        number >= self.from && self.to.is_none_or(|to| number <= to)
    }
}

impl Default for Nth {
    fn default() -> Self {
        Self::ALL
    }
}

/// When a rule is in force. The default is: always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// While the host's power, in truth, is so.
    pub power: Option<Power>,
    /// While this runs on the host, in truth.
    pub host: Option<Host>,
    /// Since an event of this name was written to the truth log after the rules were set; the last one counts.
    pub since: Option<String>,
    /// From so long after that event on, or after the machine's birth.
    pub from: Option<Duration>,
    /// Until so long after it.
    pub to: Option<Duration>,
}

impl When {
    /// Whether there is no such time: it is over before it begins.
    pub fn is_never(&self) -> bool {
        self.to.is_some_and(|to| to <= self.from.unwrap_or_default())
    }
}

/// Which requests, and what becomes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpRule {
    /// The methods that are meant; all where there are none.
    pub methods: Vec<String>,
    /// The paths that are meant, with `*` for anything; all where there is none.
    pub path: Option<String>,
    /// When it is in force.
    pub when: When,
    /// Which of the requests with that method and path, at such times.
    pub nth: Nth,
    /// How many of those are struck, from 0 to 1; which ones, the BMC's seed says.
    pub share: f64,
    /// What becomes of them.
    pub action: HttpAction,
}

impl HttpRule {
    /// A rule for every request.
    pub fn every(action: HttpAction) -> Self {
        Self { methods: Vec::new(), path: None, when: When::default(), nth: Nth::ALL, share: 1.0, action }
    }
}
