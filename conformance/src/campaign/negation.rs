//! The negation gate: one condition at a time is turned around on the healthy target, and has to turn red.

use std::{collections::BTreeSet, time::Duration};

use super::{Ground, quietly};
use crate::{
    blame::Subject,
    evidence::Disposition,
    lab,
    plan::{self, Case, Plan, Selection},
    seeded::Seeded,
    target::{Target, TargetError},
    verdict::Word,
};

/// One negated condition and what came of it.
#[derive(Debug, Clone)]
pub struct Negated {
    /// The case.
    pub case: String,
    /// The condition.
    pub condition: String,
    /// Whether it turned red, and by that very condition.
    pub red: bool,
    /// What came instead.
    pub said: String,
}

/// Negates every condition of every case that applies, one at a time.
pub fn negate_all(
    ground: &Ground,
    driver: &str,
    target: &str,
    selection: &Selection,
) -> Result<Vec<Negated>, TargetError> {
    let target = Target::named(target)?.spoken_to_by(driver);
    let claims = lab::claims(driver, &Seeded::default());
    let words: BTreeSet<String> = claims.iter().cloned().collect();
    let healthy = plan::plan(&ground.suite, selection, &words, &target, ground.seed);
    let waived: Vec<String> = target.waivers.iter().map(|w| w.scenario.clone()).collect();
    let mut cases: Vec<Case> = Vec::new();
    for case in healthy.cases {
        // A known wrong of the target makes its scenario red as it is; one fault schedule stands for all.
        let known_wrong = waived.iter().any(|w| *w == case.scenario.id || *w == case.name);
        if case.disposition != Disposition::Run
            || known_wrong
            || case.name.contains('#') && !case.name.ends_with("#1")
        {
            continue;
        }
        for condition in case.scenario.conditions(&|capability| words.contains(capability)) {
            if unwitnessed(&case, &condition) {
                continue;
            }
            cases.push(Case {
                name: format!("{} ¬ {condition}", case.name),
                negated: Some(condition),
                ..case.clone()
            });
        }
    }
    let plan = Plan { cases, not_selected: healthy.not_selected };
    let lab = lab::Plan {
        target,
        driver: driver.to_owned(),
        helper: ground.helper.clone(),
        seeded: Seeded::default(),
        credentials: None,
    };
    let judged = quietly(ground, &plan, &lab, Subject::Driver, &claims, Duration::from_secs(120));
    Ok(judged
        .iter()
        .map(|one| {
            let case = &plan.cases[one.number];
            let condition = case.negated.clone().unwrap_or_default();
            // Whose fault a negated condition would be has no meaning; that it is red, and where, has.
            let red = matches!(one.verdict.word, Word::Fail | Word::Error)
                && one.verdict.condition.as_ref() == Some(&condition);
            let said = format!("{} [{}] {}", one.verdict.word.text(), one.verdict.detail, one.verdict.text);
            Negated { case: case.name.clone(), condition, red, said }
        })
        .collect())
}

fn unwitnessed(case: &Case, condition: &str) -> bool {
    case.scenario.condition(condition).is_some_and(|it| !it.is_witnessed(&case.unwitnessed))
}
