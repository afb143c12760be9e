//! From text to scenarios: one for each cell of the matrix, with all problems at once and each at its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    Clause, Effects, FORMAT, Fault, Given, Need, Placed, Scenario, Step, StepKind, faults, steps, vars,
};
use crate::fields::{Fields, Reader};
use crate::{
    condition::Matcher,
    source::{Place, Problem, Source, one_line},
    target::ALL_TRUTHS,
    yaml::{self, Kind, Node},
};

const AREAS: &[&str] = &[
    "power",
    "boot",
    "identify",
    "uuid",
    "inventory",
    "power-metrics",
    "sensors",
    "log",
    "accounts",
    "console",
    "session",
    "resilience",
    "cross",
    "service",
    "bmc",
    "media",
    "bios",
    "discovery",
    "bootstrap",
    "provision",
    "introspection",
    "vendor",
];

/// A scenario in one cell.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The cell, as `axis=value` in the order of the file; empty without a matrix.
    pub name: String,
    /// The scenario there.
    pub scenario: Arc<Scenario>,
}

/// Reads a scenario in every cell of its matrix.
pub fn load(source: &Arc<Source>, seed: u64) -> Result<Vec<Cell>, Vec<Problem>> {
    let root = yaml::parse(source).map_err(|problem| vec![problem])?;
    let reader = Reader::new(source);
    let cells = vars::cells(&reader, child(&root, "matrix"));
    let cells = reader.finish(cells)?;
    let variables = child(&root, "vars");
    let mut used = BTreeSet::new();
    let read: Result<Vec<Cell>, _> = cells
        .into_iter()
        .map(|cell| {
            let reader = Reader::new(source);
            let scenario = in_cell(&reader, &root, &cell, variables, seed, &mut used);
            let name = cell
                .iter()
                .map(|(axis, value)| format!("{axis}={}", vars::plain(value)))
                .collect::<Vec<_>>()
                .join(",");
            reader.finish(scenario).map(|scenario| Cell { name, scenario: Arc::new(scenario) })
        })
        .collect();
    let unused = unused_faults(source, &root, &used);
    if unused.is_empty() || read.is_err() { read } else { Err(unused) }
}

fn child<'n>(root: &'n Node, key: &str) -> Option<&'n Node> {
    let Kind::Map(entries) = &root.kind else { return None };
    entries.iter().find(|(k, _)| k.text == key).map(|(_, value)| value)
}

fn in_cell(
    reader: &Reader,
    root: &Node,
    cell: &BTreeMap<String, Kind>,
    vars: Option<&Node>,
    seed: u64,
    used: &mut BTreeSet<String>,
) -> Option<Scenario> {
    let variables = vars::variables(reader, cell, vars, seed)?;
    let root = vars::substitute(reader, root, &variables)?;
    let mut fields = reader.map(&root, "a scenario")?;
    // They were put in already.
    fields.maybe("matrix");
    fields.maybe("vars");
    let secrets = variables.values().filter(|v| v.secret).map(|v| vars::plain(&v.kind)).collect();
    let scenario = scenario(reader, &mut fields, secrets);
    fields.done();
    let scenario = scenario?;
    used.extend(check(reader, &scenario, root.place));
    Some(scenario)
}

fn scenario(reader: &Reader, fields: &mut Fields<'_>, secrets: Vec<String>) -> Option<Scenario> {
    let format = fields.must("halmark");
    if let Some(node) = format {
        reader.word(node, "format", &[FORMAT]);
    }
    let id = fields.must("id").and_then(|node| id(reader, node));
    let title = fields.must("title").and_then(|node| prose(reader, node));
    let why = fields.must("why").and_then(|node| prose(reader, node));
    let spec = fields.must("spec").and_then(|node| clauses(reader, node));
    let area = fields.must("area").and_then(|node| reader.word(node, "area", AREAS));
    let level =
        fields.must("level").and_then(|node| reader.word(node, "level", &["core", "extended", "resilience"]));
    let requires = fields.must("requires").and_then(|node| {
        reader
            .list(node, "a list of capabilities")?
            .iter()
            .map(|n| Some(Placed { value: steps::capability(reader, n)?, place: n.place }))
            .collect::<Option<Vec<_>>>()
    });
    let effects = fields.must("effects");
    let effects_place = effects.map(|node| node.place);
    let effects = effects.and_then(|node| Effects::named(&reader.word(node, "effects", Effects::WORDS)?));
    let oracle = fields.maybe("oracle").map_or(Some(BTreeMap::new()), |node| oracle(reader, node));
    let targets = fields.maybe("targets").map_or(Some(Vec::new()), |node| {
        let kinds = reader.list(node, "a list of kinds of targets")?;
        if kinds.is_empty() {
            return reader.fail(node.place, "this names no target", "leave it out for all of them");
        }
        kinds.iter().map(|n| reader.word(n, "kind of target", &["sim", "ipmi-sim", "hardware"])).collect()
    });
    let budget = fields.maybe("budget").map_or(Some(Duration::from_mins(10)), |node| {
        let budget = reader.duration(node)?;
        if budget.is_zero() {
            return reader.fail(node.place, "no scenario fits into no time", "give it a minute, such as 1m");
        }
        Some(budget)
    });
    let seeds = fields.maybe("seeds").map_or(Some(1), |node| reader.whole(node, 1, 10_000));
    let faults = fields.maybe("faults").map_or(Some(BTreeMap::new()), |node| named_faults(reader, node));
    let kills = fields.must("kills").and_then(|node| kills(reader, node));
    let given = fields.maybe("given").map_or(Some(Vec::new()), |node| steps::given(reader, node));
    let body = fields.must("steps").and_then(|node| steps::steps(reader, node, "steps"));
    let finally = fields.maybe("finally").map_or(Some(Vec::new()), |node| steps::finally(reader, node));
    format?;
    let scenario = Scenario {
        source: reader.source.clone(),
        id: id?,
        title: title?,
        why: why?,
        spec: spec?,
        area: area?,
        level: level?,
        requires: requires?,
        effects: effects?,
        oracle: oracle?,
        targets: targets?,
        budget: budget?,
        seeds: u32::try_from(seeds?).unwrap_or(1),
        faults: faults?,
        kills: kills?,
        given: given?,
        steps: body?,
        finally: finally?,
        secrets,
    };
    let derived = derived_effects(&scenario.steps);
    if scenario.effects < derived {
        let place = effects_place.unwrap_or_default();
        return reader.fail(
            place,
            format!("these steps are {}", derived.word()),
            "effects may be declared higher than they are, never lower",
        );
    }
    Some(scenario)
}

/// A text that is shown to people.
fn prose(reader: &Reader, node: &Node) -> Option<String> {
    reader.text(node).map(|text| one_line(&text))
}

fn id(reader: &Reader, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let word = |w: &str| {
        !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if text.split('.').count() >= 2 && text.split('.').all(word) {
        return Some(text);
    }
    reader.fail(
        node.place,
        format!("{text:?} is not an id"),
        "expected lower-case words such as power.cycle or boot.once-consumed",
    )
}

fn clauses(reader: &Reader, node: &Node) -> Option<Vec<Clause>> {
    let items = reader.list(node, "a list of clauses")?;
    if items.is_empty() {
        return reader.fail(node.place, "this names no clause", "cite what the check is derived from");
    }
    items
        .iter()
        .map(|item| {
            let mut fields = reader.map(item, "`{ref: …, strength: must}`")?;
            let reference = prose(reader, fields.must("ref")?)?;
            let strength = reader.word(fields.must("strength")?, "strength", &["must", "should", "may"])?;
            fields.done();
            Some(Clause { reference, strength })
        })
        .collect()
}

fn oracle(reader: &Reader, node: &Node) -> Option<BTreeMap<String, Need>> {
    let mut all = BTreeMap::new();
    for (key, value) in reader.map(node, "a map of truths to `required` or `optional`")?.rest() {
        if !ALL_TRUTHS.contains(&key.text.as_str()) {
            return reader.fail(
                key.place,
                format!("unknown truth {:?}", key.text),
                crate::source::suggestion(&key.text, ALL_TRUTHS.iter().copied()),
            );
        }
        let need = if reader.word(value, "need", &["required", "optional"])? == "required" {
            Need::Required
        } else {
            Need::Optional
        };
        all.insert(key.text.clone(), need);
    }
    Some(all)
}

fn named_faults(reader: &Reader, node: &Node) -> Option<BTreeMap<String, Fault>> {
    let read = |(key, value): &(yaml::Key, Node)| Some((key.text.clone(), faults::read(reader, value)?));
    reader.map(node, "a map of names to faults")?.rest().into_iter().map(read).collect()
}

fn kills(reader: &Reader, node: &Node) -> Option<Vec<Placed<String>>> {
    let items = reader.texts(node, "a list of faults in the catalogue")?;
    if items.is_empty() {
        return reader.fail(
            node.place,
            "this scenario catches nothing",
            "a check that has never caught a fault proves nothing: name one of the catalogue",
        );
    }
    Some(items.into_iter().map(|(value, place)| Placed { value, place }).collect())
}

fn derived_effects(steps: &[Step]) -> Effects {
    let of = |step: &Step| match &step.kind {
        StepKind::Call(call) => {
            call.call.operations().into_iter().map(effects_of).max().unwrap_or(Effects::ReadOnly)
        }
        StepKind::Host(_) => Effects::Disruptive,
        StepKind::When { steps, .. } => derived_effects(steps),
        _ => Effects::ReadOnly,
    };
    steps.iter().map(of).max().unwrap_or(Effects::ReadOnly)
}

fn effects_of(operation: halmark::Operation) -> Effects {
    use halmark::Operation as Op;
    match operation {
        read if !read.changes() => Effects::ReadOnly,
        Op::BootOverrideSet
        | Op::BootOrderSet
        | Op::IdentifySet
        | Op::BmcClockSet
        | Op::AccountsCreate
        | Op::AccountsUpdate
        | Op::AccountsDelete
        | Op::MediaInsert
        | Op::MediaEject
        | Op::BiosSet => Effects::Reversible,
        Op::LogClear => Effects::Destructive,
        _ => Effects::Disruptive,
    }
}

/// What can only be seen on the whole: names that lead nowhere, and a scenario that demands nothing.
fn check(reader: &Reader, scenario: &Scenario, place: Place) -> BTreeSet<String> {
    let mut names = Names {
        reader,
        marks: BTreeSet::new(),
        snapshots: BTreeSet::new(),
        faults: scenario.faults.keys().map(String::as_str).collect(),
        used: BTreeSet::new(),
    };
    for given in &scenario.given {
        match &given.value {
            Given::Mark(name) => drop(names.marks.insert(name.clone())),
            Given::Fault(set) => names.faults_exist(set, given.place),
            _ => {}
        }
    }
    names.steps(&scenario.steps);
    names.steps(&scenario.finally);
    unrequired(reader, &scenario.steps, &scenario.requires.iter().map(|it| it.value.as_str()).collect());
    if scenario.conditions(&|_| true).is_empty() {
        reader.fail::<()>(place, "this scenario demands nothing", "add an `expect` or a `call`");
    }
    names.used
}

/// A call of an operation that a driver need not have: whoever lacks it would fail instead of not being asked.
fn unrequired(reader: &Reader, steps: &[Step], had: &BTreeSet<&str>) {
    for step in steps {
        match &step.kind {
            StepKind::Call(call) if !call.returns.may_be("unsupported") => {
                let missing = call.call.operations().into_iter().map(halmark::Operation::word);
                for word in missing.filter(|word| !had.contains(word)) {
                    let hint = format!("add {word} to `requires`, or call it under `when: {{has: {word}}}`");
                    reader.fail::<()>(step.place, format!("{word} is called, and not required"), hint);
                }
            }
            StepKind::When { has, steps } => {
                unrequired(reader, steps, &had.iter().copied().chain([has.as_str()]).collect());
            }
            _ => {}
        }
    }
}

/// A fault that no cell ever sets is a leftover.
fn unused_faults(source: &Arc<Source>, root: &Node, used: &BTreeSet<String>) -> Vec<Problem> {
    let Some(Kind::Map(faults)) = child(root, "faults").map(|node| &node.kind) else { return Vec::new() };
    let unused = faults.iter().filter(|(key, _)| !used.contains(&key.text));
    unused
        .map(|(key, _)| Problem {
            source: source.clone(),
            place: key.place,
            message: format!("the fault {:?} is never set", key.text),
            hint: "set it in a step, or remove it".to_owned(),
        })
        .collect()
}

struct Names<'a> {
    reader: &'a Reader,
    marks: BTreeSet<String>,
    snapshots: BTreeSet<String>,
    faults: BTreeSet<&'a str>,
    used: BTreeSet<String>,
}

impl Names<'_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Mark(name) => drop(self.marks.insert(name.clone())),
                StepKind::Snapshot(taken) => {
                    self.snapshots.extend(taken.iter().map(|(_, name)| name.clone()))
                }
                StepKind::Call(call) => {
                    self.snapshots.extend(call.save.clone());
                    if let super::Returns::Value(matcher) = &call.returns {
                        self.matcher(matcher, call.returns_place);
                    }
                }
                StepKind::Fault(set) => self.faults_exist(set, step.place),
                StepKind::Expect(expect) => {
                    expect.conditions.iter().for_each(|c| self.matcher(&c.matcher, c.place))
                }
                StepKind::When { steps, .. } => self.steps(steps),
                _ => {}
            }
        }
    }

    fn faults_exist(&mut self, set: &[String], place: Place) {
        for name in set {
            self.used.insert(name.clone());
            if !self.faults.contains(name.as_str()) {
                let hint = crate::source::suggestion(name, self.faults.iter().copied());
                self.reader.fail::<()>(place, format!("unknown fault {name:?}"), hint);
            }
        }
    }

    fn matcher(&self, matcher: &Matcher, place: Place) {
        let (kind, name, known) = match matcher {
            Matcher::Events(events) => ("mark", events.since.as_ref(), &self.marks),
            Matcher::Count { since, .. } => ("mark", since.as_ref(), &self.marks),
            Matcher::EqualsSnapshot(name) => ("snapshot", Some(name), &self.snapshots),
            Matcher::Not(inner) => return self.matcher(inner, place),
            Matcher::Fields(fields) => return fields.iter().for_each(|(_, m)| self.matcher(m, place)),
            _ => return,
        };
        if let Some(name) = name.filter(|name| !known.contains(*name)) {
            let hint = crate::source::suggestion(name, known.iter().map(String::as_str));
            self.reader.fail::<()>(place, format!("no step before this one makes the {kind} {name:?}"), hint);
        }
    }
}
