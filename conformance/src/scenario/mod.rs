//! A scenario: a claim about a driver or a BMC, the steps that test it, and the faults that it has to catch.
//!
//! Text is read to a [`Node`](crate::yaml::Node) tree, variables are put in per matrix cell, and the tree is read to
//! meaning here. Every part keeps its place, so that a verdict can point at the line it judges.

mod arguments;
mod faults;
mod matchers;
mod read;
mod steps;
mod vars;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use faults::{Fault, HttpAction, HttpFault, Nth, TcpFault, UdpFault};
pub use read::{Cell, load};

use crate::{
    condition::{Condition, Matcher},
    operation::Call,
    source::{Place, Source},
};

/// The version of the format that this build reads.
pub const FORMAT: &str = "scenario/v1";

/// One scenario in one cell of its matrix.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The text it was read from.
    pub source: Arc<Source>,
    /// Stable id, in words.
    pub id: String,
    /// One sentence that can be false.
    pub title: String,
    /// The mistake this scenario exists for.
    pub why: String,
    /// The clauses it tests.
    pub spec: Vec<Clause>,
    /// The area of the contract.
    pub area: String,
    /// `core`, `extended` or `resilience`.
    pub level: String,
    /// Capabilities that must be claimed.
    pub requires: Vec<Placed<String>>,
    /// What it may do to a machine.
    pub effects: Effects,
    /// Which truths it needs.
    pub oracle: BTreeMap<String, Need>,
    /// Kinds of targets it may run on; empty means all.
    pub targets: Vec<String>,
    /// Total time on the scenario's clock.
    pub budget: Duration,
    /// Number of seeded fault schedules.
    pub seeds: u32,
    /// Named faults.
    pub faults: BTreeMap<String, Fault>,
    /// Ids in the catalogue that it must catch.
    pub kills: Vec<Placed<String>>,
    /// Preconditions.
    pub given: Vec<Placed<Given>>,
    /// What is done and expected.
    pub steps: Vec<Step>,
    /// What is put back, always.
    pub finally: Vec<Step>,
    /// Values that must not appear in any artefact.
    pub secrets: Vec<String>,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A clause of a standard, and how strongly it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The document and clause.
    pub reference: String,
    /// `must`, `should` or `may`.
    pub strength: String,
}

/// What a scenario may do to a machine, from harmless to not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effects {
    /// Nothing is changed.
    ReadOnly,
    /// Something is changed that can be put back, and is.
    Reversible,
    /// The host or the BMC restarts.
    Disruptive,
    /// Something may be lost.
    Destructive,
}

impl Effects {
    /// The words, weakest first.
    pub const WORDS: &'static [&'static str] = &["read-only", "reversible", "disruptive", "destructive"];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// The effects of that name.
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::ReadOnly, Self::Reversible, Self::Disruptive, Self::Destructive];
        all.into_iter().find(|e| e.word() == word)
    }
}

/// Whether a truth is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the scenario is blocked.
    Required,
    /// Without it a pass is unverified.
    Optional,
}

/// A precondition, established by the harness; failing here is an error, never a fail.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// The host is on (booted) or off.
    Power(halmark::PowerState),
    /// The boot override.
    BootOverride(halmark::BootOverride),
    /// What the host boots without an override.
    BootDefault(halmark::BootDevice),
    /// The identify light.
    Identify(halmark::Identify),
    /// Named deviations of the simulated BMC.
    Deviation(Vec<String>),
    /// Faults that are in force from the start.
    Fault(Vec<String>),
    /// Something happened beside the BMC.
    Host(String),
    /// The account that the driver is given: `wrong-password`, `unknown-user`, `operator` or `read-only`.
    Credentials(String),
    /// The certificate of the BMC, over HTTPS: `trusted`, `self-signed`, `expired` or `wrong-host`.
    Certificate(String),
    /// A point in the logs with a name.
    Mark(String),
}

/// A step and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its path: `steps.2`, or `steps.3.1` inside a `when`.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does: a closed set.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// One driver operation.
    Call(Box<CallStep>),
    /// Conditions, all true at one observation.
    Expect(Expect),
    /// A point in the logs with a name.
    Mark(String),
    /// Keeps what an observable says now, for `equals-snapshot`.
    Snapshot(Vec<(String, String)>),
    /// Replaces the faults in force; an empty list clears them.
    Fault(Vec<String>),
    /// Something happens beside the BMC.
    Host(String),
    /// The clock moves.
    Advance(Duration),
    /// Steps for those who have a capability.
    When {
        /// The capability.
        has: String,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Puts back what was before.
    Restore(Vec<String>),
}

/// One driver operation and what it has to return.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStep {
    /// The operation and its arguments.
    pub call: Call,
    /// Whose credentials the driver uses for this call alone, where they are not those of the case.
    pub as_: Option<halmark::Credentials>,
    /// Its deadline.
    pub within: Duration,
    /// What it has to return.
    pub returns: Returns,
    /// Where that stands.
    pub returns_place: Place,
    /// Keeps the value under this name.
    pub save: Option<String>,
    /// What undoes it.
    pub undo: Option<Call>,
    /// How often it is made.
    pub repeat: u32,
}

impl CallStep {
    /// The arguments of the call, for journals and people, and as whom it is made.
    pub fn arguments(&self) -> serde_json::Value {
        self.arguments_of(&self.call)
    }

    /// The same for a call in its place.
    pub fn arguments_of(&self, call: &Call) -> serde_json::Value {
        let mut arguments = call.arguments();
        if let (Some(other), Some(fields)) = (&self.as_, arguments.as_object_mut()) {
            fields.insert("as".to_owned(), other.user.clone().into());
        }
        arguments
    }
}

/// What a call has to return.
#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// Any success.
    Ok,
    /// A success with a value that matches.
    Value(Matcher),
    /// An error of one of these kinds.
    Error {
        /// The kinds.
        kinds: Vec<String>,
        /// Whether it has to call itself retryable.
        retryable: Option<bool>,
    },
}

impl Returns {
    /// Whether an error of this kind is what has to come, or one of several that may.
    pub fn may_be(&self, kind: &str) -> bool {
        matches!(self, Self::Error { kinds, .. } if kinds.iter().any(|it| it == kind))
    }
}

/// Conditions and when they have to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// When.
    pub timing: Timing,
    /// Intermediate values that are allowed before the first condition holds.
    pub via: Option<Vec<serde_json::Value>>,
}

/// When conditions have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// At the first observation.
    Now,
    /// At one observation, by then.
    Within(Duration),
    /// Now and at every observation for that long.
    Hold(Duration),
    /// At no observation for that long.
    Never(Duration),
}

impl Timing {
    /// How long it watches.
    pub fn window(self) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::Within(d) | Self::Hold(d) | Self::Never(d) => d,
        }
    }
}

impl Scenario {
    /// Every condition's id, in the order of the file: what the negation gate negates one by one.
    pub fn conditions(&self, has: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut ids = Vec::new();
        collect(&self.steps, has, &mut ids);
        ids.extend(self.sessions_condition());
        ids
    }

    /// The condition that no session is left, if the scenario puts sessions back.
    pub fn sessions_condition(&self) -> Option<String> {
        let restores = |step: &&Step| matches!(&step.kind, StepKind::Restore(what) if what.iter().any(|w| w == "sessions"));
        self.finally.iter().find(restores).map(|step| step.id.clone())
    }

    /// The condition of an `expect` with that id.
    pub fn condition(&self, id: &str) -> Option<&Condition> {
        condition(&self.steps, id)
    }

    /// Where a condition or step with that id stands.
    pub fn place_of(&self, id: &str) -> Option<Place> {
        find(&self.steps, id).or_else(|| find(&self.finally, id))
    }
}

fn collect(steps: &[Step], has: &dyn Fn(&str) -> bool, ids: &mut Vec<String>) {
    for step in steps {
        match &step.kind {
            StepKind::Call(_) => ids.push(returns_id(&step.id)),
            StepKind::Expect(expect) => ids.extend(expect.conditions.iter().map(|c| c.id.clone())),
            StepKind::When { has: capability, steps } if has(capability) => collect(steps, has, ids),
            _ => {}
        }
    }
}

fn condition<'a>(steps: &'a [Step], id: &str) -> Option<&'a Condition> {
    steps.iter().find_map(|step| match &step.kind {
        StepKind::Expect(expect) => expect.conditions.iter().find(|it| it.id == id),
        StepKind::When { steps, .. } => condition(steps, id),
        _ => None,
    })
}

fn find(steps: &[Step], id: &str) -> Option<Place> {
    steps.iter().find_map(|step| match &step.kind {
        _ if step.id == id => Some(step.place),
        StepKind::Call(call) if returns_id(&step.id) == id => Some(call.returns_place),
        StepKind::Expect(expect) => expect.conditions.iter().find(|c| c.id == id).map(|c| c.place),
        StepKind::When { steps, .. } => find(steps, id),
        _ => None,
    })
}

/// The id of the condition that a call's `returns` is.
pub fn returns_id(step: &str) -> String {
    format!("{step}.returns")
}
