//! The judge of BMC drivers and BMCs: scenarios, the runner, the oracle, the report.
//!
//! Data flows one way: text → [`scenario::Scenario`] → [`plan::Plan`] → driver operation → bytes → machine and its log →
//! [`evidence::Event`] → [`oracle::judge`] → [`verdict::Verdict`] → report.

pub mod blame;
pub mod campaign;
pub mod cli;
pub mod condition;
pub mod digest;
mod docket;
pub mod evidence;
pub mod execute;
mod fields;
pub mod journal;
pub mod lab;
pub mod mutants;
pub mod operation;
pub mod oracle;
pub mod plan;
pub mod redact;
pub mod report;
pub mod run;
pub mod scenario;
pub mod seeded;
pub mod source;
pub mod suite;
pub mod talk;
pub mod target;
pub mod truth;
pub mod verdict;
pub mod verify;
pub mod wire;
pub mod yaml;

/// The hidden subcommand that `ipmi_sim` runs as its chassis helper.
pub const CHASSIS_HELPER: &str = "chassis-helper";
