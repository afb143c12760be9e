//! Seeded faults: what a campaign breaks on purpose, one at a time, to prove that the suite would notice.

use halmark::endpoint::Seams;

use crate::mutants::DriverFault;

/// What is broken in a run; nothing outside of a campaign.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seeded {
    /// Deviations of the BMC.
    pub deviations: Vec<String>,
    /// A driver that is wrong above the wire.
    pub driver: Option<DriverFault>,
    /// A driver that is wrong on the wire.
    pub seams: Seams,
    /// A harness that is wrong.
    pub harness: Option<HarnessFault>,
}

/// How the harness itself can be wrong. Each must end in `error`, never in a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarnessFault {
    /// A step is left out.
    SkipsStep,
    /// A hold is looked at once.
    CutsHoldShort,
    /// The executor says that every condition is true.
    SaysTrue,
    /// Preconditions are not established.
    IgnoresGiven,
    /// The machine's own log records nothing.
    TruthLogSilent,
    /// Events of the machine's log do not reach the journal.
    LosesTruth,
    /// Exchanges do not reach the journal.
    LosesWire,
    /// The simulator dies in the middle.
    TargetDies,
    /// The clock does not move.
    ClockStuck,
    /// Another operation is called than the scenario says.
    CallsSomethingElse,
}

impl HarnessFault {
    /// Every one, with the word that the catalogue uses.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("skips-step", Self::SkipsStep),
        ("cuts-hold-short", Self::CutsHoldShort),
        ("says-true", Self::SaysTrue),
        ("ignores-given", Self::IgnoresGiven),
        ("truth-log-silent", Self::TruthLogSilent),
        ("loses-truth", Self::LosesTruth),
        ("loses-wire", Self::LosesWire),
        ("target-dies", Self::TargetDies),
        ("clock-stuck", Self::ClockStuck),
        ("calls-something-else", Self::CallsSomethingElse),
    ];
}
