//! `halmark faults`: the campaign and its score.

use std::collections::BTreeSet;

use super::{args::Faults, print, usage};
use crate::{
    campaign::{self, Caught, Family, Ground, Negated, Row},
    plan::{Selection, id_matches},
    report::console::Paint,
    suite::Suite,
    verdict::exit,
};

/// `halmark faults`.
pub(super) fn faults(args: &Faults, paint: Paint) -> u8 {
    let rows = match campaign::rows() {
        Ok(rows) => rows,
        Err(problems) => return usage(problems.iter().map(ToString::to_string).collect::<String>()),
    };
    if let Some(unknown) = args.ids.iter().find(|id| !rows.iter().any(|row| id_matches(id, &row.id))) {
        return usage(format!(
            "there is no fault {unknown:?}: {}",
            crate::source::did_you_mean(unknown, rows.iter().map(|r| r.id.as_str())).map_or_else(
                || "`halmark faults --list` shows them all".to_owned(),
                |m| format!("did you mean {m:?}?")
            )
        ));
    }
    let wanted = |row: &&Row| {
        (args.ids.is_empty() || args.ids.iter().any(|id| id_matches(id, &row.id)))
            && !(args.no_ipmi_sim && row.target == "ipmi-sim")
    };
    let chosen: Vec<&Row> = rows.iter().filter(wanted).collect();
    if args.list {
        for row in chosen {
            print(&format!("{:<40} {:<28} {}\n", row.id, row.sown, row.about));
        }
        return exit::CONFORMANT;
    }
    let suite = match Suite::embedded(args.seed) {
        Ok(suite) => suite,
        Err(error) => return usage(error),
    };
    let helper = match std::env::current_exe() {
        Ok(helper) => helper,
        Err(error) => return usage(format!("halmark cannot find itself: {error}")),
    };
    let ground = Ground { suite, seed: args.seed, helper, jobs: 16 };
    let mut good = true;
    if !args.only_negation {
        good &= try_all(&ground, &chosen, paint);
    }
    if !args.no_negation && args.ids.is_empty() {
        good &= negate(&ground, args.no_ipmi_sim);
    }
    if good { exit::CONFORMANT } else { exit::NONCONFORMANT }
}

fn try_all(ground: &Ground, rows: &[&Row], paint: Paint) -> bool {
    let caught: Vec<Caught> = rows
        .iter()
        .map(|row| {
            let caught = campaign::try_fault(ground, row);
            print(&line(&caught, paint));
            caught
        })
        .collect();
    let mut parts = Vec::new();
    for (name, family) in [
        ("target", Family::Target),
        ("driver", Family::Driver),
        ("transport", Family::Transport),
        ("harness", Family::Harness),
    ] {
        let of: Vec<&Caught> = caught.iter().filter(|c| c.row.family == family).collect();
        if !of.is_empty() {
            parts.push(format!(
                "{name} {}/{}",
                of.iter().filter(|c| c.complaint.is_none()).count(),
                of.len()
            ));
        }
    }
    let score = caught.iter().filter(|c| c.complaint.is_none()).count();
    print(&format!("{score} of {} seeded faults caught: {}\n", caught.len(), parts.join(", ")));
    score == caught.len()
}

fn line(caught: &Caught, paint: Paint) -> String {
    let (mark, colour) = if caught.complaint.is_none() { ("caught", "32") } else { ("MISSED", "1;31") };
    let mark =
        if paint == Paint::Colours { format!("\u{1b}[{colour}m{mark}\u{1b}[0m") } else { mark.to_owned() };
    let names: BTreeSet<&str> =
        caught.by.iter().map(|(case, _)| case.split(['[', '#']).next().unwrap_or(case)).collect();
    let by: Vec<&str> = names.into_iter().collect();
    let mut text = format!(
        "  {mark}  {:<40} {} [{}]  by {}\n",
        caught.row.id,
        caught.row.verdict,
        caught.row.blame,
        by.join(", ")
    );
    if let Some(complaint) = &caught.complaint {
        text.push_str(&format!("          {}\n          {complaint}\n", caught.row.about));
    }
    text
}

fn negate(ground: &Ground, no_ipmi_sim: bool) -> bool {
    let mut good = true;
    for (driver, target) in [("redfish", "sim:generic"), ("ipmi", "sim:generic"), ("ipmi", "ipmi-sim")] {
        if no_ipmi_sim && target == "ipmi-sim" {
            continue;
        }
        match campaign::negate_all(ground, driver, target, &Selection::default()) {
            Ok(all) => good &= score(&all, driver, target),
            Err(error) => {
                print(&format!("{error}\n"));
                good = false;
            }
        }
    }
    good
}

fn score(all: &[Negated], driver: &str, target: &str) -> bool {
    for one in all.iter().filter(|n| !n.red) {
        print(&format!("  IDLE    {}: {}\n", one.case, one.said));
    }
    let red = all.iter().filter(|n| n.red).count();
    print(&format!("{red} of {} conditions are load-bearing: driver {driver} on {target}\n", all.len()));
    red == all.len() && !all.is_empty()
}
