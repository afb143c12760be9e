//! `halmark rules`: introspection rules, checked, and held against what was found in a machine.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args as Group, Subcommand};
use halmark::inventory::{
    document::{self, Passwords},
    rules::{Judged, Looked, Rules},
    text::{Place, json},
};
use serde_json::{Value, json};

use super::{
    bmc,
    hal::{Form, exit, tame, yaml},
    print, usage,
};

/// `halmark rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Read files of rules, and tell how many there are or what is wrong, by line and column. Exit codes: 0 good   2 a flaw
    Check {
        /// The files, such as rules.json.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show which conditions hold for a machine and what the rules would do to its node. Nothing is changed anywhere.
    ///
    /// Exit codes: 0 the introspection would succeed   1 it would fail   2 usage, or a flaw in a file   5 no such BMC
    Apply(Apply),
}

/// `halmark rules apply`.
#[derive(Debug, Group)]
pub struct Apply {
    /// The rules, such as rules.json.
    #[arg(value_name = "FILE")]
    rules: PathBuf,
    /// What was found in the machine, in JSON.
    #[arg(long, value_name = "FILE", required_unless_present = "bmc", conflicts_with = "bmc")]
    data: Option<PathBuf>,
    /// A BMC of the inventory instead, by its MAC address or its machine's UUID: what was found is its row, as `bmc describe` has
    /// it, without passwords.
    #[arg(long, value_name = "MAC|UUID")]
    bmc: Option<String>,
    /// The machine's node in ironic, in JSON; one that is empty if none is given.
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,
    /// The inventory; by default HALMARK_INVENTORY, or halmark/inventory.redb in the folder for data (XDG_DATA_HOME).
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Carries it out.
pub(super) fn rules(command: &RulesCommand) -> u8 {
    match command {
        RulesCommand::Check { files } => check(files),
        RulesCommand::Apply(typed) => apply(typed).unwrap_or_else(|code| code),
    }
}

/// Every file is read, whatever is wrong with the others.
fn check(files: &[PathBuf]) -> u8 {
    let good = files.iter().filter(|file| match read(file) {
        Ok(rules) => {
            let count = rules.len();
            print(&format!("{}: {count} {}\n", file.display(), if count == 1 { "rule" } else { "rules" }));
            true
        }
        Err(_) => false,
    });
    if good.count() == files.len() { exit::DONE } else { exit::USAGE }
}

fn apply(typed: &Apply) -> Result<u8, u8> {
    let rules = read(&typed.rules)?;
    let data = match (&typed.data, &typed.bmc) {
        (Some(file), _) => tree(file)?,
        (None, bmc) => row(typed, bmc.as_deref().unwrap_or_default())?,
    };
    let node = typed.node.as_deref().map(tree).transpose()?.unwrap_or_default();
    let judged = rules.judge(&data, &node);
    match typed.output {
        Form::Text => print(&tame(&text(&typed.rules.display().to_string(), &judged), "\n")),
        Form::Json => print(&format!("{}\n", json!({"value": value(&judged)}))),
        Form::Yaml => print(&yaml::text(&json!({"value": value(&judged)}))),
    }
    Ok(if judged.failed.is_some() { exit::REFUSED } else { exit::DONE })
}

fn read(file: &Path) -> Result<Rules, u8> {
    Rules::read(&contents(file)?).map_err(|flaw| usage(format!("{}:{flaw}", file.display())))
}

fn tree(file: &Path) -> Result<Value, u8> {
    let node = json::read(&contents(file)?).map_err(|flaw| usage(format!("{}:{flaw}", file.display())))?;
    Ok(node.value())
}

fn contents(file: &Path) -> Result<String, u8> {
    std::fs::read_to_string(file).map_err(|e| usage(format!("{} cannot be read: {e}", file.display())))
}

/// The row of a BMC, without passwords.
fn row(typed: &Apply, bmc: &str) -> Result<Value, u8> {
    let table = bmc::Table::at(typed.inventory.as_ref(), Duration::from_secs(60))?;
    Ok(document::write(&bmc::find(&table, bmc)?, Passwords::Hidden))
}

/// For people: each rule with its conditions, then what it comes to.
fn text(file: &str, judged: &Judged) -> String {
    let mut text = String::new();
    for rule in &judged.looked {
        let applies = if rule.over.is_some() { "does not apply" } else { "applies" };
        let _ = writeln!(text, "{file}:{}: {} {applies}", rule.place, rule.rule);
        conditions(rule).for_each(|(place, what, over)| {
            let _ = match over {
                None => writeln!(text, "  {place}: {what}: holds"),
                Some(reason) => writeln!(text, "  {place}: {what}: does not hold: {reason}"),
            };
        });
    }
    text.push_str(match judged.failed {
        Some(_) => "would be done before it fails\n",
        None => "would be done\n",
    });
    if judged.done.is_empty() {
        text.push_str("  nothing\n");
    }
    for done in &judged.done {
        let _ = writeln!(text, "  {}: {}", done.place, done.what);
    }
    if let Some(failure) = &judged.failed {
        let why = if failure.is_wanted { "as the rule wants it" } else { "a rule does not fit the machine" };
        let (place, rule, message) = (failure.place, &failure.rule, &failure.message);
        let _ = writeln!(text, "fails: {why}\n  {file}:{place}: {rule}: {message}");
    }
    text
}

/// The conditions that were looked at: place, words, and why the last one does not hold, if it does not.
fn conditions(rule: &Looked) -> impl Iterator<Item = (Place, &str, Option<&str>)> {
    let held = rule.held.iter().map(|it| (it.place, it.what.as_str(), None));
    held.chain(rule.over.iter().map(|it| (it.place, it.what.as_str(), Some(it.reason.as_str()))))
}

/// For programs.
fn value(judged: &Judged) -> Value {
    let rule = |it: &Looked| {
        let conditions: Vec<Value> = conditions(it)
            .map(|(place, what, over)| {
                json!({"at": place.to_string(), "condition": what, "holds": over.is_none(), "reason": over})
            })
            .collect();
        json!({"rule": it.rule, "at": it.place.to_string(), "applies": it.over.is_none(), "conditions": conditions})
    };
    let done =
        judged.done.iter().map(|it| json!({"rule": it.rule, "at": it.place.to_string(), "action": it.what}));
    let failed = judged.failed.as_ref().map(|it| {
        json!({"rule": it.rule, "at": it.place.to_string(), "message": it.message, "wanted": it.is_wanted})
    });
    json!({
        "rules": judged.looked.iter().map(rule).collect::<Vec<_>>(),
        "done": done.collect::<Vec<_>>(),
        "failed": failed,
        "node": without_passwords(&judged.node),
    })
}

/// The node with `…` for what ironic keeps secret: members whose name ends in `password`, and SNMP's keys and communities.
fn without_passwords(node: &Value) -> Value {
    let is_secret =
        |name: &str| ["password", "_key", "community", "secret", "token"].iter().any(|it| name.ends_with(it));
    match node {
        Value::Object(members) => members
            .iter()
            .map(|(name, it)| {
                (name.clone(), if is_secret(name) { "…".into() } else { without_passwords(it) })
            })
            .collect(),
        Value::Array(items) => items.iter().map(without_passwords).collect(),
        other => other.clone(),
    }
}
