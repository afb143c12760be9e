//! Reports: what a run came to, as data; JSON, JUnit and the console are functions of it.

pub mod console;
pub mod junit;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    evidence::RunStart, plan::Case, redact::Redactor, run::Judged, source::excerpt, verdict::Verdict,
};

/// The version of the report format.
pub const FORMAT: &str = "halmark-report/v1";

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// `halmark-report/v1`.
    pub format: String,
    /// halmark's version.
    pub halmark: String,
    /// `driver` or `target`.
    pub subject: String,
    /// The driver.
    pub driver: String,
    /// The target.
    pub target: String,
    /// `held`, `paced` or `real`.
    pub clock: String,
    /// The seed.
    pub seed: u64,
    /// Digest of the suite.
    pub suite: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// The exit code.
    pub exit: u8,
    /// Digest of verdicts, virtual times and truth: the same for the same seed on a held clock.
    pub digest: String,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// How many cases have which verdict.
    pub counts: BTreeMap<String, usize>,
    /// The cases, in the order of the plan.
    pub cases: Vec<CaseReport>,
    /// Scenarios that do not apply to this target, with reasons.
    pub not_selected: BTreeMap<String, String>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CaseReport {
    /// Its name.
    pub case: String,
    /// The scenario's id.
    pub scenario: String,
    /// What the scenario claims.
    pub title: String,
    /// The area of the contract.
    pub area: String,
    /// `core`, `extended` or `resilience`.
    pub level: String,
    /// The clauses it tests.
    pub spec: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Where the condition stands that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceReport>,
    /// The exchange that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
    /// What is worth knowing and decided nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// `held`, `paced` or `real`.
    pub clock: String,
    /// Time on the scenario's clock, in milliseconds.
    pub virtual_ms: u64,
    /// Real time, in milliseconds.
    pub real_ms: f64,
    /// The command that shows it again.
    pub reproduce: String,
}

/// A place in a scenario file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceReport {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The line with a caret.
    pub excerpt: String,
}

/// One case of a report.
pub fn case_report(start: &RunStart, case: &Case, judged: &Judged) -> CaseReport {
    let scenario = &case.scenario;
    let place = judged.verdict.condition.as_ref().and_then(|condition| {
        let place = scenario.place_of(condition)?;
        Some(PlaceReport {
            file: scenario.source.path.clone(),
            line: place.line,
            column: place.column,
            excerpt: excerpt(&scenario.source, place, &judged.verdict.text, ""),
        })
    });
    CaseReport {
        case: case.name.clone(),
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        area: scenario.area.clone(),
        level: scenario.level.clone(),
        spec: scenario.spec.iter().map(|c| format!("{} ({})", c.reference, c.strength)).collect(),
        verdict: judged.verdict.clone(),
        place,
        wire: judged.verdict.wire.zip(judged.wire.as_ref()).map(|(at, text)| format!("#{at} {text}")),
        notes: judged.idle_faults.iter().map(|name| format!("the fault {name} struck nothing")).collect(),
        clock: start.clock.clone(),
        virtual_ms: judged.happened.virtual_time / 1_000,
        real_ms: judged.real_time.as_secs_f64() * 1e3,
        reproduce: reproduce(start, case),
    }
}

fn reproduce(start: &RunStart, case: &Case) -> String {
    let mut command = "halmark run".to_owned();
    let embedded = case.scenario.source.path.starts_with("scenarios/");
    command.push_str(&format!(" {}", if embedded { &case.scenario.id } else { &case.scenario.source.path }));
    for (flag, value, default) in [
        ("driver", &start.driver, "redfish"),
        ("target", &start.target, "sim:generic"),
        ("subject", &start.subject, "driver"),
    ] {
        if value != default {
            command.push_str(&format!(" --{flag} {value}"));
        }
    }
    for fault in &start.seeded {
        command.push_str(&format!(" --with-fault {fault}"));
    }
    command.push_str(&format!(" --seed {}", start.seed));
    command
}

impl CaseReport {
    /// The same without secrets.
    pub fn redacted(self, redactor: &Redactor) -> Self {
        if redactor.is_idle() {
            return self;
        }
        let mut tree = serde_json::to_value(&self).unwrap_or_default();
        redactor.tree(&mut tree);
        serde_json::from_value(tree).unwrap_or(self)
    }
}

impl Report {
    /// The report of a run.
    pub fn new(
        start: &RunStart,
        cases: Vec<CaseReport>,
        exit: u8,
        digest: String,
        interrupted: bool,
    ) -> Self {
        let mut counts = BTreeMap::new();
        for case in &cases {
            *counts.entry(case.verdict.word.text().to_owned()).or_insert(0) += 1;
        }
        Self {
            format: FORMAT.to_owned(),
            halmark: start.halmark.clone(),
            subject: start.subject.clone(),
            driver: start.driver.clone(),
            target: start.target.clone(),
            clock: start.clock.clone(),
            seed: start.seed,
            suite: start.suite.clone(),
            started: start.started.clone(),
            exit,
            digest,
            interrupted,
            counts,
            cases,
            not_selected: start.not_selected.clone(),
        }
    }

    /// The JSON Schema of the format.
    pub fn schema() -> String {
        serde_json::to_string_pretty(&schemars::schema_for!(Self)).unwrap_or_default()
    }
}
