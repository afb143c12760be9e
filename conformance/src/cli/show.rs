//! `halmark list`, `lint`, `explain`, `verify` and `schema`: what only looks.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{args, print, run, usage};
use crate::{
    campaign,
    report::Report,
    scenario::{Returns, Scenario, Step, StepKind, Timing},
    verdict::exit,
};

/// `halmark list`.
pub(super) fn list(select: &args::Select) -> u8 {
    let (suite, selection) = match run::chosen(select) {
        Ok(chosen) => chosen,
        Err(code) => return code,
    };
    let mut last = "";
    let mut count = 0;
    for cell in &suite.cells {
        let s = &cell.scenario;
        let wanted = |list: &[String], has: &str| list.is_empty() || list.iter().any(|w| w == has);
        let chosen =
            selection.ids.is_empty() || selection.ids.iter().any(|id| crate::plan::id_matches(id, &s.id));
        let capable = selection.capabilities.iter().all(|c| s.requires.iter().any(|r| r.value == *c));
        if s.id == last
            || !chosen
            || !capable
            || !wanted(&selection.areas, &s.area)
            || !wanted(&selection.levels, &s.level)
        {
            continue;
        }
        last = &s.id;
        count += 1;
        print(&format!("{:<36} {:<10} {:<10} {}\n", s.id, s.level, s.effects.word(), s.title));
    }
    if count == 0 { exit::NOTHING_SELECTED } else { exit::CONFORMANT }
}

/// `halmark lint`.
pub(super) fn lint(paths: &[PathBuf]) -> u8 {
    let suite = match run::load(paths, 7) {
        Ok(suite) => suite,
        Err(code) => return code,
    };
    let mut complaints = 0;
    match campaign::rows() {
        Err(problems) => problems.iter().for_each(|problem| {
            complaints += 1;
            print(&format!("{problem}\n"));
        }),
        Ok(rows) => {
            let mut told = std::collections::BTreeSet::new();
            for cell in &suite.cells {
                for kill in &cell.scenario.kills {
                    if rows.iter().any(|row| row.id == kill.value)
                        || !told.insert((cell.scenario.id.clone(), kill.value.clone()))
                    {
                        continue;
                    }
                    complaints += 1;
                    let hint = crate::source::suggestion(&kill.value, rows.iter().map(|r| r.id.as_str()));
                    let hint = if hint.len() > 120 {
                        "`halmark faults --list` shows the catalogue".to_owned()
                    } else {
                        hint
                    };
                    let problem = crate::source::Problem {
                        source: cell.scenario.source.clone(),
                        place: kill.place,
                        message: format!("unknown fault {:?}", kill.value),
                        hint,
                    };
                    print(&format!("{problem}\n"));
                }
            }
        }
    }
    if complaints > 0 {
        print(&format!("{complaints} problem{} found\n", if complaints == 1 { "" } else { "s" }));
        return exit::USAGE;
    }
    print(&format!("{} scenarios in {} files: no problems\n", suite.ids().len(), suite.sources.len()));
    exit::CONFORMANT
}

/// `halmark explain`.
pub(super) fn explain(id: &str, paths: &[PathBuf]) -> u8 {
    let suite = match run::load(paths, 7) {
        Ok(suite) => suite,
        Err(code) => return code,
    };
    let Some(cell) = suite.cells.iter().find(|c| c.scenario.id == id) else {
        return usage(suite.unknown_id(id));
    };
    print(&explained(&cell.scenario));
    exit::CONFORMANT
}

fn explained(s: &Scenario) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}\n  {}\n  {}\n", s.id, s.title, s.why);
    let _ = writeln!(out, "  {} · {} · {} · {}", s.area, s.level, s.effects.word(), s.source.path);
    for clause in &s.spec {
        let _ = writeln!(out, "  spec      {} ({})", clause.reference, clause.strength);
    }
    let words = |list: &[crate::scenario::Placed<String>]| {
        list.iter().map(|p| p.value.as_str()).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(out, "  requires  {}", words(&s.requires));
    let _ = writeln!(out, "  catches   {}\n", words(&s.kills));
    for given in &s.given {
        let _ = writeln!(out, "  given     {}", excerpt(s, given.place.line));
    }
    steps(&mut out, s, &s.steps, "  ");
    out
}

fn excerpt(s: &Scenario, line: usize) -> String {
    let text = s.source.line(line).trim().trim_start_matches("- ");
    text.split(" #").next().unwrap_or(text).trim().to_owned()
}

fn steps(out: &mut String, s: &Scenario, list: &[Step], indent: &str) {
    for step in list {
        let number = step.id.trim_start_matches("steps.");
        let _ = match &step.kind {
            StepKind::Call(call) => {
                let returns = match &call.returns {
                    Returns::Ok => "any success".to_owned(),
                    Returns::Value(_) => {
                        excerpt(s, call.returns_place.line).trim_start_matches("returns: ").to_owned()
                    }
                    Returns::Error { kinds, .. } => format!("the error {}", kinds.join(" or ")),
                };
                let times = if call.repeat > 1 { format!("{} times ", call.repeat) } else { String::new() };
                let arguments = call.arguments();
                let arguments = if arguments.as_object().is_some_and(serde_json::Map::is_empty) {
                    String::new()
                } else {
                    format!(" {}", crate::condition::show(&arguments))
                };
                writeln!(
                    out,
                    "{indent}{number:<8} {times}the driver is asked for {}{arguments}; it has to return {returns} within {}",
                    call.call.operation(),
                    humantime::format_duration(call.within)
                )
            }
            StepKind::Expect(expect) => {
                let when = match expect.timing {
                    Timing::Now => "now".to_owned(),
                    Timing::Within(d) => format!("within {}", humantime::format_duration(d)),
                    Timing::Hold(d) => format!("now and for {}", humantime::format_duration(d)),
                    Timing::Never(d) => format!("never within {}", humantime::format_duration(d)),
                };
                let mut text = format!("{indent}{number:<8} {when}, all at once:\n");
                for condition in &expect.conditions {
                    let _ = writeln!(
                        text,
                        "{indent}           {} ({})",
                        excerpt(s, condition.place.line),
                        condition.observable.about
                    );
                }
                write!(out, "{text}")
            }
            StepKind::When { has, steps: inner } => {
                let _ = writeln!(out, "{indent}{number:<8} for those who have {has}:");
                steps(out, s, inner, &format!("{indent}  "));
                Ok(())
            }
            StepKind::Mark(name) => writeln!(out, "{indent}{number:<8} the logs are marked {name:?}"),
            StepKind::Fault(set) if set.is_empty() => writeln!(out, "{indent}{number:<8} every fault ends"),
            StepKind::Fault(set) => {
                writeln!(out, "{indent}{number:<8} these faults begin: {}", set.join(", "))
            }
            StepKind::Host(act) => writeln!(out, "{indent}{number:<8} beside the BMC: {act}"),
            StepKind::Advance(by) => {
                writeln!(out, "{indent}{number:<8} {} pass", humantime::format_duration(*by))
            }
            StepKind::Snapshot(taken) => writeln!(
                out,
                "{indent}{number:<8} {} is kept",
                taken.iter().map(|(o, _)| o.as_str()).collect::<Vec<_>>().join(", ")
            ),
            StepKind::Restore(what) => writeln!(out, "{indent}{number:<8} put back: {}", what.join(", ")),
        };
    }
}

/// `halmark verify`.
pub(super) fn verify(path: &Path) -> u8 {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return usage(format!("the journal {} cannot be read: {error}", path.display())),
    };
    let verified = match crate::verify::verify(&text) {
        Ok(verified) => verified,
        Err(unusable) => {
            print(&format!("{}: {unusable}\nno verdict can be trusted\n", path.display()));
            return exit::NO_VERDICT;
        }
    };
    for complaint in &verified.complaints {
        print(&format!("does not fit: {complaint}\n"));
    }
    let passed = verified.verdicts.iter().filter(|(_, v)| v.is_pass()).count();
    let start = &verified.start;
    print(&format!(
        "{} verdicts recomputed of {} cases ({passed} pass): driver {} on {}, seed {}   {}   exit {}\n",
        verified.verdicts.len(),
        start.cases.len(),
        start.driver,
        start.target,
        start.seed,
        if verified.complaints.is_empty() { "all as recorded" } else { "NOT as recorded" },
        verified.exit,
    ));
    verified.exit
}

/// `halmark schema`.
pub(super) fn schema(what: args::Schema) -> u8 {
    match what {
        args::Schema::Report => print(&format!("{}\n", Report::schema())),
    }
    exit::CONFORMANT
}
