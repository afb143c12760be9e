//! Recomputes every verdict of a journal from its evidence, believing nothing that it says of itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    blame::Subject,
    digest::{self, Happened, Line},
    evidence::{CaseStart, Event, RunStart},
    journal::{self, Damage, hash},
    oracle::Terms,
    plan::{self, Limits},
    redact::Redactor,
    run,
    scenario::{self, Cell, Effects},
    source::Source,
    verdict::{Verdict, exit, exit_code},
};

/// What a journal proves.
#[derive(Debug)]
pub struct Verified {
    /// What the run was.
    pub start: RunStart,
    /// The verdict on every case, recomputed.
    pub verdicts: Vec<(String, Verdict)>,
    /// What does not fit together.
    pub complaints: Vec<String>,
    /// The exit code that the evidence amounts to.
    pub exit: u8,
}

/// Why a journal proves nothing.
#[derive(Debug)]
pub enum Unusable {
    /// It was damaged.
    Damage(Damage),
    /// It does not begin as a journal does.
    NoStart,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damage(damage) => write!(f, "the journal is damaged: {damage}"),
            Self::NoStart => f.write_str("this is no journal: it does not begin with the start of a run"),
        }
    }
}

/// Recomputes a journal.
pub fn verify(text: &str) -> Result<Verified, Unusable> {
    let events = journal::read(text).map_err(Unusable::Damage)?;
    let Some(Event::RunStart(start)) = events.first() else { return Err(Unusable::NoStart) };
    let mut complaints = Vec::new();
    let cells = scenarios(&events, start, &mut complaints);
    let interrupted = matches!(events.last(), Some(Event::RunEnd { interrupted: true, .. }));
    let mut by_case: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in &events {
        if let Some(case) = event.case() {
            by_case.entry(case).or_default().push(event);
        }
    }
    let known: BTreeSet<&str> = start.cases.iter().map(String::as_str).collect();
    for stranger in by_case.keys().filter(|case| !known.contains(**case)) {
        complaints.push(format!("{stranger} was not planned"));
    }
    if known.len() != start.cases.len() {
        complaints.push("a case is planned twice".to_owned());
    }
    if events.iter().filter(|event| matches!(event, Event::RunStart(_))).count() != 1 {
        complaints.push("the journal holds more than one run".to_owned());
    }
    let mut verdicts = Vec::new();
    for case in &known_in_order(start) {
        let Some(evidence) = by_case.get(case.as_str()) else { continue };
        let is_judged = evidence.iter().any(|event| matches!(event, Event::Verdict { .. }));
        // What was under way when the run was interrupted has no verdict.
        if is_judged || !interrupted {
            verdicts.push((case.clone(), recompute(case, evidence, start, &cells, &mut complaints)));
        }
    }
    let judged =
        known_in_order(start).into_iter().filter_map(|case| line(&case, by_case.get(case.as_str())?));
    let digest = digest::digest(judged.collect::<Vec<_>>().iter());
    let exit = conclude(&events, start, &verdicts, &digest, &mut complaints);
    Ok(Verified { start: (**start).clone(), verdicts, complaints, exit })
}

/// What the run's digest is made of for a case that it judged. The journal has no secrets left to put out.
fn line(case: &str, events: &[&Event]) -> Option<Line> {
    let plain = Redactor::default();
    let verdict = events
        .iter()
        .find_map(|e| if let Event::Verdict { verdict, .. } = e { Some(verdict) } else { None })?;
    Some(Line::new(case, verdict, &Happened::of(events.iter().copied(), &plain), &plain))
}

fn known_in_order(start: &RunStart) -> Vec<String> {
    let mut seen = BTreeSet::new();
    start.cases.iter().filter(|case| seen.insert(case.as_str())).cloned().collect()
}

fn scenarios(
    events: &[Event],
    start: &RunStart,
    complaints: &mut Vec<String>,
) -> BTreeMap<(String, String, String), Cell> {
    let mut all = BTreeMap::new();
    for event in events {
        let Event::Source { digest, path, text } = event else { continue };
        if hash(text) != *digest {
            complaints.push(format!("the text of {path} is not the one that its digest is of"));
        }
        match scenario::load(&Source::new(path.clone(), text.clone()), start.seed) {
            Ok(cells) => all.extend(
                cells
                    .into_iter()
                    .map(|cell| ((digest.clone(), cell.scenario.id.clone(), cell.name.clone()), cell)),
            ),
            Err(problems) => {
                complaints.push(format!("the text of {path} is no scenario: {}", problems[0].message))
            }
        }
    }
    all
}

fn recompute(
    case: &str,
    evidence: &[&Event],
    start: &RunStart,
    cells: &BTreeMap<(String, String, String), Cell>,
    complaints: &mut Vec<String>,
) -> Verdict {
    let begun =
        evidence.iter().find_map(|e| if let Event::CaseStart(begun) = e { Some(begun) } else { None });
    let cell = begun.and_then(|b| cells.get(&(b.source.clone(), b.scenario.clone(), b.cell.clone())));
    if let (Some(begun), Some(cell)) = (begun, cell)
        && let Some(odd) = misdescribed(case, begun, cell, start)
    {
        complaints.push(format!("{case}: {odd}"));
        return Verdict::error("harness", odd);
    }
    let subject = if start.subject == "target" { Subject::Target } else { Subject::Driver };
    let terms = Terms { subject, claims: &start.claims };
    let verdict = match cell {
        Some(cell) => run::verdict(&cell.scenario, case, evidence, terms, &start.waivers),
        None => Verdict::error("harness", "the journal does not hold the scenario that this case is of"),
    };
    let said = evidence
        .iter()
        .find_map(|e| if let Event::Verdict { verdict, .. } = e { Some(verdict) } else { None });
    match said {
        None => complaints.push(format!("{case}: the journal holds no verdict")),
        Some(said)
            if (said.word, &said.detail, &said.condition)
                != (verdict.word, &verdict.detail, &verdict.condition) =>
        {
            complaints.push(format!(
                "{case}: the journal says {} [{}], its evidence says {} [{}]",
                said.word.text(),
                said.detail,
                verdict.word.text(),
                verdict.detail
            ));
        }
        Some(_) => {}
    }
    verdict
}

/// What a case says of itself must be what its scenario, the driver's claims and the target make of it.
fn misdescribed(case: &str, begun: &CaseStart, cell: &Cell, start: &RunStart) -> Option<String> {
    let scenario = &cell.scenario;
    let schedule =
        (0..scenario.seeds).find(|schedule| plan::case_name(scenario, &cell.name, *schedule) == case);
    let Some(schedule) = schedule else {
        return Some(format!("its evidence is of {} {}", begun.scenario, begun.cell));
    };
    if begun.seed != plan::case_seed(start.seed, schedule) {
        return Some("its seed is not the one of this run".to_owned());
    }
    let claims: BTreeSet<String> = start.claims.iter().cloned().collect();
    let allow = Effects::named(&start.allow).unwrap_or(Effects::ReadOnly);
    let limits = Limits { lacks: &start.lacks, truths: &start.truths, allow };
    let (disposition, unwitnessed) = plan::disposition(scenario, &claims, limits);
    if (&disposition, &unwitnessed) != (&begun.disposition, &begun.unwitnessed) {
        return Some(format!(
            "it says {:?}, its scenario and the claims say {disposition:?}",
            begun.disposition
        ));
    }
    let windows = (begun.timing, begun.hold) == (start.timing, start.hold);
    let bounded = (0.1..=4.0).contains(&start.timing) && (0.01..=1.0).contains(&start.hold);
    let held = start.clock != "held" || (start.timing, start.hold) == (1.0, 1.0);
    (!(windows && bounded && held)).then(|| "its windows are not the ones of this target".to_owned())
}

fn conclude(
    events: &[Event],
    start: &RunStart,
    verdicts: &[(String, Verdict)],
    digest: &str,
    complaints: &mut Vec<String>,
) -> u8 {
    let code = exit_code(verdicts.iter().map(|(_, v)| v));
    let Some(Event::RunEnd { exit: said, cases, interrupted, digest: summed }) = events.last() else {
        complaints.push("the run did not end: the journal is incomplete".to_owned());
        return if code == exit::CONFORMANT { exit::INCOMPLETE } else { code };
    };
    if summed != digest {
        complaints.push(format!("the run ended with the digest {summed}, its evidence has {digest}"));
    }
    if *cases != verdicts.len() {
        complaints
            .push(format!("the run says that it judged {cases} cases, the journal holds {}", verdicts.len()));
    }
    if *interrupted {
        if *said != exit::INTERRUPTED || verdicts.len() == start.cases.len() {
            complaints.push("the run is said to have been interrupted, and it ended by itself".to_owned());
        }
        return exit::INTERRUPTED;
    }
    let missing = start.cases.len().saturating_sub(verdicts.len());
    let code = if missing > 0 && code == exit::CONFORMANT { exit::INCOMPLETE } else { code };
    if code != *said {
        complaints.push(format!("the run ended with exit code {said}, its evidence amounts to {code}"));
    }
    if complaints.is_empty() || code != exit::CONFORMANT { code } else { exit::NO_VERDICT }
}
