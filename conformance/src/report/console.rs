//! The console, in the spirit of rustc and hurl: a line a case, and for what failed the place, the wire and the way back.

use std::fmt::Write as _;

use super::{CaseReport, Report};
use crate::{evidence::RunStart, source::one_line, target::Waiver, verdict::Word};

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// ANSI colours.
    Colours,
    /// None.
    Plain,
}

impl Paint {
    fn word(self, word: Word) -> String {
        let text = match word {
            Word::Fail => "FAIL",
            Word::Error => "ERROR",
            Word::Xpass => "XPASS",
            Word::PassUnverified => "pass?",
            Word::Blocked => "block",
            Word::Waived => "waive",
            other => other.text(),
        };
        let colour = match word {
            Word::Pass => "32",
            Word::Fail | Word::Error | Word::Xpass => "1;31",
            Word::PassUnverified | Word::Waived | Word::Blocked | Word::Flaky => "33",
            Word::Na => "2",
        };
        self.coloured(&format!("{text:<5}"), colour)
    }

    fn coloured(self, text: &str, colour: &str) -> String {
        match self {
            Self::Colours => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// The first line: everything that the run depends on.
pub fn header(start: &RunStart) -> String {
    let seeded: String = start.seeded.iter().map(|fault| format!("  WITH FAULT {fault}")).collect();
    format!(
        "halmark {}  subject {} {}  target {}  clock {}  seed {}  suite {}{seeded}\n",
        start.halmark,
        start.subject,
        start.driver,
        start.target,
        start.clock,
        start.seed,
        start.suite.get(..12).unwrap_or_default(),
    )
}

/// What to say of waivers whose version is not the one that is here. They stay in force: what they predict has to happen
/// exactly, or the case is told as what it is.
pub fn pinned(target: &str, waivers: &[Waiver], installed: Option<&str>) -> String {
    let Some(waiver) = waivers.iter().find(|waiver| Some(waiver.version.as_str()) != installed) else {
        return String::new();
    };
    let here = match installed {
        Some(version) => format!("{version} is installed"),
        None => "which version is installed cannot be told".to_owned(),
    };
    format!("note: the waivers of {target} are for {}, and {here}: look at what is waived\n", waiver.version)
}

const INDENT: &str = "        ";

/// The line of a case, and the lines below it if it needs any.
pub fn case(case: &CaseReport, width: usize, paint: Paint) -> String {
    let mut out = String::new();
    let verdict = &case.verdict;
    let mut name = case.case.clone();
    if matches!(verdict.word, Word::Fail | Word::Error) {
        let _ = write!(name, " [{}]", verdict.detail);
    }
    let _ = write!(out, "  {} {name:<width$}", paint.word(verdict.word));
    let told = match verdict.word {
        Word::Pass => "truth".to_owned(),
        Word::PassUnverified => "nobody else was asked".to_owned(),
        Word::Na | Word::Xpass => format!("{}: {}", verdict.detail, verdict.text),
        Word::Blocked => format!("{}: {}", verdict.detail, verdict.text),
        Word::Waived => format!("{}: {}", verdict.detail, verdict.text),
        _ => String::new(),
    };
    if matches!(verdict.word, Word::Na | Word::Blocked) {
        let _ = writeln!(out, "  {}", one_line(&told));
    } else {
        let clock = match case.clock.as_str() {
            "held" | "paced" => format!("  {:>9} virtual", seconds(case.virtual_ms)),
            _ => String::new(),
        };
        let _ = writeln!(out, "  {:>8}{clock}  {told}", real(case.real_ms), told = one_line(&told));
    }
    for note in &case.notes {
        let _ = writeln!(out, "{INDENT}note  {}", one_line(note));
    }
    if matches!(verdict.word, Word::Fail | Word::Error) {
        details(&mut out, case, paint);
    }
    out
}

fn details(out: &mut String, case: &CaseReport, paint: Paint) {
    let verdict = &case.verdict;
    let _ = writeln!(out, "{INDENT}{}", case.title);
    match &case.place {
        Some(place) => {
            let _ = writeln!(
                out,
                "{INDENT}{}",
                paint.coloured(&format!("{}:{}:{}", place.file, place.line, place.column), "1")
            );
            for line in place.excerpt.lines() {
                let _ = writeln!(out, "{INDENT}{line}");
            }
        }
        None => {
            let _ = writeln!(out, "{INDENT}{}", one_line(&verdict.text));
        }
    }
    if !verdict.charge.is_empty() {
        let _ = writeln!(out, "{INDENT}why   {}", explain(&verdict.charge, &verdict.detail));
    }
    if verdict.word == Word::Error && verdict.detail == "target" && matches!(&*case.clock, "held" | "paced") {
        // Nobody is judged by a simulated BMC that does wrong, and it does none by itself.
        let _ = writeln!(
            out,
            "{INDENT}hint  a simulated BMC does what it is told, but for what the scenario gives it: does this expect what it asks for?"
        );
    }
    if let Some(wire) = &case.wire {
        let _ = writeln!(out, "{INDENT}wire  {}", one_line(wire));
    }
    for clause in &case.spec {
        let _ = writeln!(out, "{INDENT}spec  {clause}");
    }
    let _ = writeln!(out, "{INDENT}again {}", case.reproduce);
}

fn explain(charge: &str, detail: &str) -> String {
    let meaning = match charge {
        "invented" => "the driver never asked the BMC for this, or asked for something else",
        "never asks" => "nothing that was sent asks the BMC for this",
        "never raises its session" => {
            "the BMC refuses for want of privilege, and nothing that was sent asks for more"
        }
        "misread" => "the BMC's raw answer was right, and the driver told something else",
        "asked twice" => "one call, and the wire shows two requests that the BMC carried out",
        "asked for what nobody wanted" => "the wire shows a request that no call of the scenario explains",
        "gives up" => "a fault was injected that a driver has to survive",
        "trusts anybody" => "the certificate does not verify, and the driver went on",
        "takes a promise for a result" => {
            "202 was the BMC's whole answer, and its task did not come to a good end"
        }
        "hangs" => "it did not return by its deadline, whatever the BMC did",
        "manners" => "the wire shows how the driver treats the BMC",
        "lies" => "the driver asked correctly, the BMC said yes, and it did not happen",
        "is otherwise" => "nothing was asked of the BMC that explains it",
        "is not known" => "the BMC answered the driver's questions, and nobody but the driver can say what",
        "misreports" => "the BMC's raw answer is wrong",
        "refuses" => "the BMC refused what it should accept",
        "accepts what it should refuse" => "the BMC said yes to what it should refuse",
        "breaks down" => "the driver has a defect of its own, or is gone",
        "does not answer" | "does not say" => "the BMC did not give an answer that could be used",
        _ => "",
    };
    let whose = match detail {
        "driver" | "plugin" => "driver",
        "target" => "BMC",
        other => other,
    };
    if meaning.is_empty() { format!("{whose}: {charge}") } else { format!("{whose} {charge}: {meaning}") }
}

fn real(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 10_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1e3)
    }
}

fn seconds(ms: u64) -> String {
    match ms {
        0..600_000 => format!("{:.1} s", ms as f64 / 1e3),
        600_000..7_200_000 => format!("{:.1} min", ms as f64 / 6e4),
        _ => format!("{:.1} h", ms as f64 / 3.6e6),
    }
}

/// Names, as many of them in a line as have room.
fn listed<'a>(out: &mut String, names: impl Iterator<Item = &'a str>) {
    const ROOM: usize = 110;
    let mut line = String::new();
    for name in names {
        if !line.is_empty() && line.len() + name.len() + 2 > ROOM {
            let _ = writeln!(out, "        {line}");
            line.clear();
        }
        line += if line.is_empty() { "" } else { "  " };
        line += name;
    }
    let _ = writeln!(out, "        {line}");
}

/// The last line, and before it what was not selected.
pub fn summary(report: &Report, real_seconds: f64, evidence: Option<&str>) -> String {
    let mut out = String::new();
    if !report.not_selected.is_empty() {
        let _ = writeln!(out, "  {} not for this target:", report.not_selected.len());
        let mut reasons: Vec<&str> = report.not_selected.values().map(String::as_str).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for why in reasons {
            let ids =
                report.not_selected.iter().filter(|(_, reason)| *reason == why).map(|(id, _)| id.as_str());
            let _ = writeln!(out, "    {why}:");
            listed(&mut out, ids);
        }
    }
    let count = |word: Word| report.counts.get(word.text()).copied().unwrap_or(0);
    let mut parts = vec![format!("{} pass", count(Word::Pass)), format!("{} fail", count(Word::Fail))];
    for word in
        [Word::PassUnverified, Word::Na, Word::Waived, Word::Xpass, Word::Error, Word::Blocked, Word::Flaky]
    {
        if count(word) > 0 || matches!(word, Word::Error | Word::Na) {
            parts.push(format!("{} {}", count(word), word.text()));
        }
    }
    let clock: u64 = report.cases.iter().map(|c| c.virtual_ms).sum();
    let cut = if report.interrupted { "  interrupted" } else { "" };
    let _ = writeln!(
        out,
        "  {} selected: {}   {} virtual in {real_seconds:.2} s{cut}   exit {}",
        report.cases.len(),
        parts.join(", "),
        seconds(clock),
        report.exit,
    );
    if let Some(evidence) = evidence {
        let _ = writeln!(out, "  evidence: {evidence}   check it: halmark verify {evidence}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    #[test]
    fn waivers_for_another_version_than_the_installed_one_are_told() {
        let waivers = Target::named("ipmi-sim").unwrap().waivers;
        let note = |installed| pinned("ipmi-sim", &waivers, installed);
        assert_eq!(note(Some("openipmi 2.0.33")), "");
        assert_eq!(
            note(Some("openipmi 2.0.36")),
            "note: the waivers of ipmi-sim are for openipmi 2.0.33, and openipmi 2.0.36 is installed: look at what is waived\n"
        );
        assert!(note(None).contains("cannot be told"));
        assert_eq!(pinned("sim:generic", &[], None), "");
    }
}
