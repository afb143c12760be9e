//! The campaign: every seeded fault against the scenarios that name it, and every condition negated on the healthy target.

mod catalogue;
mod negation;

use std::{
    io,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

pub use catalogue::{CATALOGUE, Family, Row, rows};
pub use negation::{Negated, negate_all};

use crate::{
    blame::Subject,
    journal::Journal,
    lab,
    plan::{self, Case, Plan, Selection},
    run::{self, Judged, Options, Watch},
    seeded::Seeded,
    suite::Suite,
    target::Target,
    verdict::Word,
};

/// What came of one fault.
#[derive(Debug, Clone)]
pub struct Caught {
    /// The fault.
    pub row: Row,
    /// What each scenario that names it said.
    pub by: Vec<(String, String)>,
    /// What is wrong, if it was not caught as it must be.
    pub complaint: Option<String>,
    /// Whether it could be tried at all, and if not, why.
    pub skipped: Option<String>,
}

/// What all runs of a campaign share.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The suite.
    pub suite: Suite,
    /// The seed.
    pub seed: u64,
    /// halmark itself, for `ipmi_sim`'s chassis.
    pub helper: PathBuf,
    /// How many cases at once.
    pub jobs: usize,
}

struct Silent;

impl Watch for Silent {
    fn waiting(&self, _: String) {}
    fn judged(&self, _: &Case, _: &Judged) {}
}

/// Runs the cases of a plan without telling anybody.
fn quietly(
    ground: &Ground,
    plan: &Plan,
    lab: &lab::Plan,
    subject: Subject,
    claims: &[String],
    watchdog: Duration,
) -> Vec<Judged> {
    let journal = Arc::new(Journal::to(Box::new(io::sink())));
    let options = Options {
        subject,
        jobs: ground.jobs,
        fail_fast: false,
        watchdog,
        seed: ground.seed,
        suite: ground.suite.digest.clone(),
        claims: claims.to_vec(),
        started: String::new(),
        seeded: Vec::new(),
    };
    let watch: Arc<dyn Watch> = Arc::new(Silent);
    run::run(plan, lab, &journal, &options, &watch, &Arc::new(AtomicBool::new(false))).judged
}

/// What a driver claims, as words; the faults that change claims are taken into account.
pub fn claims(driver: &str, seeded: &Seeded) -> Vec<String> {
    lab::claims(driver, seeded)
}

/// Tries one fault: every scenario that names it has to catch it, with the verdict and the blame that its row states.
pub fn try_fault(ground: &Ground, row: &Row) -> Caught {
    let mut caught = Caught { row: row.clone(), by: Vec::new(), complaint: None, skipped: None };
    let target = match Target::named(&row.target) {
        Ok(target) => target.spoken_to_by(&row.driver),
        Err(error) => return Caught { complaint: Some(error.to_string()), ..caught },
    };
    let naming: Vec<String> = ground
        .suite
        .cells
        .iter()
        .filter(|cell| cell.scenario.kills.iter().any(|kill| kill.value == row.id))
        .map(|cell| cell.scenario.id.clone())
        .collect();
    if naming.is_empty() {
        return Caught { complaint: Some("no scenario names it".to_owned()), ..caught };
    }
    let claims = claims(&row.driver, &row.seeded);
    let selection = Selection { ids: naming, ..Selection::default() };
    let words = claims.iter().cloned().collect();
    let mut plan = plan::plan(&ground.suite, &selection, &words, &target, ground.seed);
    plan.cases.retain(|case| case.scenario.kills.iter().any(|kill| kill.value == row.id));
    let lab = lab::Plan {
        target,
        driver: row.driver.clone(),
        helper: ground.helper.clone(),
        seeded: row.seeded.clone(),
        credentials: None,
    };
    let watchdog = match (row.is_stuck(), lab.target.is_held()) {
        (true, _) => Duration::from_secs(2),
        (false, true) => Duration::from_secs(60),
        (false, false) => Duration::from_secs(300),
    };
    let judged = quietly(ground, &plan, &lab, row.subject, &claims, watchdog);
    for one in &judged {
        let case = &plan.cases[one.number];
        caught.by.push((case.name.clone(), format!("{} [{}]", one.verdict.word.text(), one.verdict.detail)));
    }
    caught.complaint = complaint(row, &plan, &judged);
    caught
}

/// Every scenario that names a fault has to catch it, in at least one of its cells and schedules.
fn complaint(row: &Row, plan: &Plan, judged: &[Judged]) -> Option<String> {
    let mut ids: Vec<&str> = plan.cases.iter().map(|c| c.scenario.id.as_str()).collect();
    ids.dedup();
    if ids.is_empty() {
        return Some(format!("no scenario that names it applies to {} on {}", row.driver, row.target));
    }
    let mut ran = false;
    for id in ids {
        let of_scenario: Vec<&Judged> =
            judged.iter().filter(|j| plan.cases[j.number].scenario.id == id).collect();
        let applies = of_scenario
            .iter()
            .any(|j| !matches!(j.verdict.word, Word::Blocked) && j.verdict.word != Word::Na);
        if !applies {
            continue;
        }
        ran = true;
        let caught =
            of_scenario.iter().any(|j| j.verdict.word.text() == row.verdict && j.verdict.detail == row.blame);
        if !caught {
            let said: Vec<String> = of_scenario
                .iter()
                .map(|j| {
                    format!(
                        "{} [{}] {} {}",
                        j.verdict.word.text(),
                        j.verdict.detail,
                        j.verdict.condition.as_deref().unwrap_or(""),
                        j.verdict.text
                    )
                })
                .collect();
            return Some(format!("{id} names it and said {}", said.join("; ")));
        }
    }
    if ran { None } else { Some("every scenario that names it was not applicable".to_owned()) }
}

impl Row {
    fn is_stuck(&self) -> bool {
        self.seeded.harness == Some(crate::seeded::HarnessFault::ClockStuck)
    }
}
