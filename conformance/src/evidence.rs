//! What a run records: every line of the journal, and nothing that a verdict needs stands anywhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{condition::Seen, verdict::Verdict, wire::Record};

/// One line of the journal. Times are microseconds on the scenario's clock, from the start of its case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    RunStart(Box<RunStart>),
    /// The text of a scenario file.
    Source {
        /// SHA-256 of the text.
        digest: String,
        /// Its path.
        path: String,
        /// The text.
        text: String,
    },
    /// A case begins.
    CaseStart(Box<CaseStart>),
    /// Preconditions were established; what the truth then was.
    Established {
        /// The case.
        case: String,
        /// Truths by observable.
        truth: BTreeMap<String, Seen>,
    },
    /// A mark was made.
    Marked {
        /// The case.
        case: String,
        /// Its name.
        name: String,
        /// Truth events before it.
        events: usize,
        /// Exchanges before it.
        wire: usize,
    },
    /// A value was kept.
    Kept {
        /// The case.
        case: String,
        /// Its name.
        name: String,
        /// The value.
        value: Value,
    },
    /// A step begins.
    StepStart {
        /// The case.
        case: String,
        /// The step.
        step: String,
        /// When.
        at: u64,
        /// Exchanges before it.
        wire: usize,
    },
    /// A driver operation returned.
    Called(Box<Called>),
    /// The observables of a step were looked at.
    Observed {
        /// The case.
        case: String,
        /// The step.
        step: String,
        /// When looking began.
        began: u64,
        /// When it was done.
        at: u64,
        /// What was seen.
        values: BTreeMap<String, Seen>,
        /// Truth events up to then.
        events: usize,
        /// Exchanges up to then.
        wire: usize,
    },
    /// The machine's own log.
    Truth {
        /// The case.
        case: String,
        /// When.
        at: u64,
        /// What happened.
        name: String,
    },
    /// An exchange on the wire.
    Wire {
        /// The case.
        case: String,
        /// The exchange.
        #[serde(flatten)]
        record: Record,
    },
    /// A step ended.
    StepEnd {
        /// The case.
        case: String,
        /// The step.
        step: String,
        /// When.
        at: u64,
    },
    /// An operation that is not claimed was called all the same.
    Probed {
        /// The case.
        case: String,
        /// The operation.
        operation: String,
        /// What came of it.
        returned: Seen,
        /// Exchanges that it caused.
        wire: usize,
    },
    /// A case ended.
    CaseEnd(Box<CaseEnd>),
    /// The verdict on a case.
    Verdict {
        /// The case.
        case: String,
        /// The verdict.
        verdict: Verdict,
    },
    /// The run ended.
    RunEnd {
        /// Digest of verdicts, virtual times and truth: the same for the same seed.
        digest: String,
        /// Cases judged.
        cases: usize,
        /// The exit code.
        exit: u8,
        /// Whether it was interrupted.
        interrupted: bool,
    },
}

/// What a run is: everything it depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunStart {
    /// halmark's version.
    pub halmark: String,
    /// `driver` or `target`.
    pub subject: String,
    /// The driver's name.
    pub driver: String,
    /// The target's name.
    pub target: String,
    /// `held`, `paced` or `real`.
    pub clock: String,
    /// The seed.
    pub seed: u64,
    /// Digest of the suite.
    pub suite: String,
    /// What the driver claims.
    pub claims: Vec<String>,
    /// What the target lacks, with reasons.
    pub lacks: BTreeMap<String, String>,
    /// The kind of the target: `sim`, `ipmi-sim` or `hardware`.
    pub kind: String,
    /// Which truths can be had on the target.
    pub truths: Vec<String>,
    /// What may be done to the target.
    pub allow: String,
    /// How much slower than the scenario says the target may be.
    pub timing: f64,
    /// How much shorter holds and advances are.
    pub hold: f64,
    /// Every selected case, in order.
    pub cases: Vec<String>,
    /// Scenarios that do not apply to this target at all, with reasons.
    pub not_selected: BTreeMap<String, String>,
    /// Waivers in force.
    pub waivers: Vec<crate::target::Waiver>,
    /// The target's version as it is installed, where waivers are pinned to one and it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<String>,
    /// Wall-clock time at the start.
    pub started: String,
    /// Faults that were seeded into this run, in a campaign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeded: Vec<String>,
}

/// What a case is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CaseStart {
    /// Its name.
    pub case: String,
    /// The scenario's id.
    pub scenario: String,
    /// The cell of the matrix.
    pub cell: String,
    /// Digest of the scenario's source.
    pub source: String,
    /// The seed of this case.
    pub seed: u64,
    /// Whether it runs, and if not, why.
    pub disposition: Disposition,
    /// Truths that this target cannot give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwitnessed: Vec<String>,
    /// The condition that is negated, in the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negated: Option<String>,
    /// How much slower the target may be than the scenario says.
    pub timing: f64,
    /// How much shorter `hold`, `never` and `advance` are on a target that lives in real time with scaled delays.
    pub hold: f64,
}

/// Whether a case runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It runs.
    Run,
    /// The driver does not claim this.
    DriverLacks(String),
    /// The target lacks this.
    TargetLacks(String),
    /// It may not run: `effects`, `oracle`, `clock` or `lock`, and why.
    Blocked(String, String),
}

/// A driver operation and what it returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Called {
    /// The case.
    pub case: String,
    /// The step.
    pub step: String,
    /// When it was made.
    pub at: u64,
    /// How long it took.
    pub took: u64,
    /// The operation.
    pub operation: String,
    /// Its arguments.
    pub arguments: Value,
    /// What came back.
    pub returned: Seen,
    /// Whether an error called itself retryable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// What the driver forgave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Exchanges before it.
    pub wire: usize,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CaseEnd {
    /// The case.
    pub case: String,
    /// When.
    pub at: u64,
    /// Truth events recorded.
    pub events: usize,
    /// Exchanges recorded.
    pub wire: usize,
    /// Sessions that are open after the driver has been closed, where that can be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<usize>,
    /// Faults that were set and met nothing that they could strike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idle_faults: Vec<String>,
    /// What kept the case from being carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// What kept a case from being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Broken {
    /// `harness`, `plugin`, `target`, `oracle` or `budget`.
    pub kind: String,
    /// What happened, and what to do about it.
    pub text: String,
}

impl Broken {
    /// A broken case.
    pub fn new(kind: &str, text: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), text: text.into() }
    }
}

impl Event {
    /// The case it belongs to, if it belongs to one.
    pub fn case(&self) -> Option<&str> {
        match self {
            Self::RunStart(_) | Self::Source { .. } | Self::RunEnd { .. } => None,
            Self::CaseStart(start) => Some(&start.case),
            Self::Called(called) => Some(&called.case),
            Self::CaseEnd(end) => Some(&end.case),
            Self::Established { case, .. }
            | Self::Marked { case, .. }
            | Self::Kept { case, .. }
            | Self::StepStart { case, .. }
            | Self::Observed { case, .. }
            | Self::Truth { case, .. }
            | Self::Wire { case, .. }
            | Self::StepEnd { case, .. }
            | Self::Probed { case, .. }
            | Self::Verdict { case, .. } => Some(case),
        }
    }
}
