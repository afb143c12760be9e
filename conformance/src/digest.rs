//! The digest of a run: the same seed has to give the same verdicts, at the same virtual times, with the same truth.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{evidence::Event, journal::hex, redact::Redactor, verdict::Verdict};

/// What is digested of one case. Secrets are put out as they are in the journal, so that the journal suffices to repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// The line of a case that was judged.
    pub fn new(case: &str, verdict: &Verdict, happened: &Happened, redactor: &Redactor) -> Self {
        let mut verdict = serde_json::to_value(verdict).unwrap_or(Value::Null);
        redactor.tree(&mut verdict);
        Self(format!("{case} {verdict} {} {}\n", happened.virtual_time, happened.truth))
    }
}

/// What happened in a case, beside ports, nonces and bytes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// How long it took on the scenario's clock, in microseconds.
    pub virtual_time: u64,
    /// Digest of the machine's own log.
    pub truth: String,
}

impl Happened {
    /// What the events of a case tell; nothing where the case did not end.
    pub fn of<'e>(events: impl Iterator<Item = &'e Event> + Clone, redactor: &Redactor) -> Self {
        let end =
            events.clone().filter_map(|e| if let Event::CaseEnd(end) = e { Some(end.at) } else { None });
        let Some(virtual_time) = end.last() else { return Self::nothing() };
        let mut truth = Sha256::new();
        for event in events {
            if let Event::Truth { at, name, .. } = event {
                truth.update(format!("{at} {}\n", redactor.text(name)));
            }
        }
        Self { virtual_time, truth: short(truth) }
    }

    /// Nothing that is known.
    pub fn nothing() -> Self {
        Self { virtual_time: 0, truth: short(Sha256::new()) }
    }
}

fn short(digest: Sha256) -> String {
    hex(&digest.finalize()[..8])
}

/// The digest over the lines, in the order of the plan.
pub fn digest<'l>(lines: impl Iterator<Item = &'l Line>) -> String {
    let mut all = Sha256::new();
    lines.for_each(|Line(line)| all.update(line));
    hex(&all.finalize())
}
