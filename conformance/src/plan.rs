//! The plan: which cases run, which do not and why. Printable without running anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::{
    condition::Witness,
    evidence::Disposition,
    scenario::{Effects, Fault, Given, Need, Scenario, Step, StepKind},
    suite::Suite,
    target::{Face, Target, TargetKind},
};

/// What is selected.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Ids; a trailing `*` or `.` selects by prefix. Empty selects all.
    pub ids: Vec<String>,
    /// Areas; empty means all.
    pub areas: Vec<String>,
    /// Levels; empty means all.
    pub levels: Vec<String>,
    /// Capabilities that a scenario must require.
    pub capabilities: Vec<String>,
    /// Exact names of cases, for a rerun.
    pub cases: Option<BTreeSet<String>>,
    /// The K-th of N parts.
    pub partition: Option<(usize, usize)>,
}

/// One case: a scenario in a cell, with a seed.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name: `id`, `id[cell]`, `id#3`.
    pub name: String,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The cell.
    pub cell: String,
    /// Its seed.
    pub seed: u64,
    /// Whether it runs.
    pub disposition: Disposition,
    /// Observables that this target cannot give and that are not required.
    pub unwitnessed: Vec<String>,
    /// The condition to negate.
    pub negated: Option<String>,
}

/// What will run, and what not.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// Scenarios that do not apply to this target, with reasons.
    pub not_selected: BTreeMap<String, String>,
}

/// What decides whether a case runs, beside the scenario and the driver's claims.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// What the target lacks, with reasons.
    pub lacks: &'a BTreeMap<String, String>,
    /// Which truths can be had.
    pub truths: &'a [String],
    /// What may be done.
    pub allow: Effects,
}

impl<'a> Limits<'a> {
    /// The limits of a target. Real hardware is only read in this version, whatever its file allows.
    pub fn of(target: &'a Target) -> Self {
        let hardware = matches!(target.kind, TargetKind::Hardware(_));
        let most = if hardware { Effects::ReadOnly } else { Effects::Destructive };
        Self { lacks: &target.lacks, truths: &target.truths, allow: target.allow.min(most) }
    }
}

/// Plans a suite for a driver that claims `claims`, on a target.
pub fn plan(
    suite: &Suite,
    selection: &Selection,
    claims: &BTreeSet<String>,
    target: &Target,
    seed: u64,
) -> Plan {
    let mut plan = Plan { cases: Vec::new(), not_selected: BTreeMap::new() };
    for cell in suite.cells.iter().filter(|cell| selects(selection, &cell.scenario)) {
        if let Some(reason) = not_for(&cell.scenario, claims, target) {
            plan.not_selected.insert(cell.scenario.id.clone(), reason);
            continue;
        }
        for schedule in 0..cell.scenario.seeds {
            plan.cases.push(case(&cell.scenario, &cell.name, schedule, claims, target, seed));
        }
    }
    if let Some(wanted) = &selection.cases {
        plan.cases.retain(|case| wanted.contains(&case.name));
    }
    if let Some((part, parts)) = selection.partition {
        let mut at = 0;
        plan.cases.retain(|_| {
            at += 1;
            (at - 1) % parts == part - 1
        });
    }
    plan
}

/// Whether an id is meant by a pattern: an id, the beginning of one up to a dot, or a glob in which `*` is any text, also none.
pub fn id_matches(pattern: &str, id: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return id == pattern || id.strip_prefix(pattern).is_some_and(|rest| rest.starts_with('.'));
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inside = id.strip_prefix(first).and_then(|it| it.strip_suffix(last));
    // What stands between is taken as early as it can be, so that most is left for what follows.
    let found = inside.and_then(|it| {
        middle.split('*').try_fold(it, |left, piece| left.split_once(piece).map(|(_, after)| after))
    });
    found.is_some()
}

fn selects(selection: &Selection, scenario: &Scenario) -> bool {
    let any = |wanted: &[String], has: &str| wanted.is_empty() || wanted.iter().any(|w| w == has);
    let ids = selection.ids.is_empty() || selection.ids.iter().any(|p| id_matches(p, &scenario.id));
    let capable = |c: &String| scenario.requires.iter().any(|r| r.value == *c);
    ids && any(&selection.areas, &scenario.area)
        && any(&selection.levels, &scenario.level)
        && selection.capabilities.iter().all(capable)
}

fn not_for(scenario: &Scenario, claims: &BTreeSet<String>, target: &Target) -> Option<String> {
    let kind = target.kind_word();
    if let Some(protocol) = unspoken(scenario, claims) {
        return Some(match target.face {
            Face::Both => format!("it is about {protocol} alone, and this driver chooses"),
            _ => format!("it is about {protocol}, which this driver does not speak"),
        });
    }
    if !scenario.targets.is_empty() && !scenario.targets.iter().any(|t| t == kind) {
        return Some(format!("it runs on {} only", scenario.targets.join(", ")));
    }
    let strikes = |fault: &Fault| match fault {
        Fault::Udp(_) => kind != "hardware" && target.face == Face::Ipmi,
        Fault::ExpireSessions => kind == "sim",
        Fault::Http(_) | Fault::Tcp(_) | Fault::DropConnections => {
            kind == "sim" && target.face == Face::Redfish
        }
    };
    if !scenario.faults.is_empty() && !scenario.faults.values().any(strikes) {
        return Some("its faults strike another protocol".to_owned());
    }
    if kind == "hardware" && needs_simulator(scenario) {
        return Some(
            "it needs a simulator: it sets faults, moves the clock, or acts beside the BMC".to_owned(),
        );
    }
    if kind == "hardware" && marks(scenario) {
        return Some("it counts from a mark, and nothing on hardware keeps a log to mark".to_owned());
    }
    None
}

/// The protocol that a scenario is about, if the driver does not speak it.
fn unspoken<'s>(scenario: &'s Scenario, claims: &BTreeSet<String>) -> Option<&'s str> {
    let unclaimed = scenario.requires.iter().filter(|it| !claims.contains(&it.value));
    unclaimed.filter_map(|it| it.value.strip_prefix("protocol:")).next()
}

fn needs_simulator(scenario: &Scenario) -> bool {
    let acts = |step: &StepKind| match step {
        StepKind::Fault(set) => !set.is_empty(),
        StepKind::Host(_) | StepKind::Advance(_) => true,
        _ => false,
    };
    let given = |g: &Given| !matches!(g, Given::Mark(_));
    any_step(&scenario.steps, &acts) || scenario.given.iter().any(|g| given(&g.value))
}

/// Whether it writes marks into the machine's own log, and the recording of the wire.
fn marks(scenario: &Scenario) -> bool {
    let marks = |step: &StepKind| matches!(step, StepKind::Mark(_));
    any_step(&scenario.steps, &marks) || scenario.given.iter().any(|g| matches!(g.value, Given::Mark(_)))
}

fn any_step(steps: &[Step], is: &dyn Fn(&StepKind) -> bool) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::When { steps, .. } => any_step(steps, is),
        kind => is(kind),
    })
}

fn case(
    scenario: &Arc<Scenario>,
    cell: &str,
    schedule: u32,
    claims: &BTreeSet<String>,
    target: &Target,
    seed: u64,
) -> Case {
    let (disposition, unwitnessed) = disposition(scenario, claims, Limits::of(target));
    let (name, seed) = (case_name(scenario, cell, schedule), case_seed(seed, schedule));
    Case {
        name,
        scenario: scenario.clone(),
        cell: cell.to_owned(),
        seed,
        disposition,
        unwitnessed,
        negated: None,
    }
}

/// The name of a scenario's case in a cell, by its fault schedule counted from 0.
pub fn case_name(scenario: &Scenario, cell: &str, schedule: u32) -> String {
    let mut name = scenario.id.clone();
    if !cell.is_empty() {
        name.push_str(&format!("[{cell}]"));
    }
    if scenario.seeds > 1 {
        name.push_str(&format!("#{}", schedule + 1));
    }
    name
}

/// The seed of a case: the run's own for the first schedule.
pub fn case_seed(seed: u64, schedule: u32) -> u64 {
    if schedule == 0 { seed } else { derive(seed, schedule) }
}

fn derive(seed: u64, schedule: u32) -> u64 {
    let digest = Sha256::digest(format!("halmark schedule {seed} {schedule}").as_bytes());
    digest.iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Whether a scenario runs, and which of its observables cannot be had.
pub fn disposition(
    scenario: &Scenario,
    claims: &BTreeSet<String>,
    limits: Limits<'_>,
) -> (Disposition, Vec<String>) {
    if scenario.effects > limits.allow {
        let text = format!("it is {}, the target allows {}", scenario.effects.word(), limits.allow.word());
        return (Disposition::Blocked("effects".to_owned(), text), Vec::new());
    }
    if let Some(missing) = scenario.requires.iter().find(|r| !claims.contains(&r.value)) {
        return (Disposition::DriverLacks(missing.value.clone()), Vec::new());
    }
    if let Some(missing) = scenario.requires.iter().find(|r| limits.lacks.contains_key(&r.value)) {
        return (Disposition::TargetLacks(missing.value.clone()), Vec::new());
    }
    match unwitnessed(scenario, limits.truths) {
        Ok(unwitnessed) => (Disposition::Run, unwitnessed),
        Err(truth) => {
            let text = format!("nothing on this target tells the truth about {truth}");
            (Disposition::Blocked("oracle".to_owned(), text), Vec::new())
        }
    }
}

/// The observables that this target cannot give, if the scenario can do without them; else the truth that is missing.
fn unwitnessed(scenario: &Scenario, truths: &[String]) -> Result<Vec<String>, String> {
    let mut without = BTreeSet::new();
    for observable in observables(&scenario.steps) {
        let truth = match observable.witness {
            Witness::Driver(_) => continue,
            Witness::Wire => "wire",
            Witness::Truth | Witness::Events => {
                observable.name.strip_prefix("truth.").unwrap_or(observable.name)
            }
        };
        if truths.iter().any(|t| t == truth) {
            continue;
        }
        if scenario.oracle.get(truth) != Some(&Need::Optional) {
            return Err(truth.to_owned());
        }
        without.insert(observable.name.to_owned());
    }
    Ok(without.into_iter().collect())
}

fn observables(steps: &[Step]) -> Vec<&'static crate::condition::Observable> {
    let of = |step: &Step| match &step.kind {
        StepKind::Expect(expect) => {
            expect.conditions.iter().flat_map(crate::condition::Condition::needs).collect()
        }
        StepKind::When { steps, .. } => observables(steps),
        _ => Vec::new(),
    };
    steps.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_wherever_it_stands() {
        let is = |pattern: &str| id_matches(pattern, "power.cycle-when-off");
        for pattern in [
            "*",
            "power.*",
            "*.cycle-when-off",
            "*cycle*",
            "p*r.*-*-off",
            "**",
            "power",
            "power.cycle-when-off*",
            "po*ff",
        ] {
            assert!(is(pattern), "{pattern}");
        }
        for pattern in
            ["pow", "*.cycle", "cycle*", "*boot*", "p*cycle*cycle*", "power.cycle-when-off*f", "*off*when*"]
        {
            assert!(!is(pattern), "{pattern}");
        }
    }
}
