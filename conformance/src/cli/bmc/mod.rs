//! `halmark bmc ls|describe|add|update|rm|create-user|rotate-password`: the table of BMCs from the command line, and how other
//! commands find a BMC in it.
//!
//! - `typed` is what can be typed, `place` where the table lies and which row is meant.
//! - `shape` is how a row looks, `change` puts and takes rows, `look` reads a BMC into its row, `keys` makes accounts.
//! - `lists` are the lists of others, in and out; `discover` finds BMCs and `bootstrap` gives them their first accounts: commands of their own.
//! - `secret` is where passwords come from, `prompt` asks a person for one.

pub(super) mod bootstrap;
mod change;
pub(super) mod discover;
mod keys;
mod lists;
mod look;
mod place;
mod prompt;
mod secret;
mod shape;
mod typed;

use halmark::inventory::{Moment, Record, Store, document, document::Passwords};
use serde_json::{Value, json};

pub(super) use self::{
    place::{Table, find},
    typed::Typed,
};
use super::{
    hal::{Door, Form, exit, yaml},
    print, usage,
};

/// Carries out a command of the table.
pub(super) fn bmc(typed: &Typed, door: &Door) -> u8 {
    if !matches!(typed, Typed::Add { .. } | Typed::Update { .. }) && !door.endpoint.is_empty() {
        return usage(
            "this command takes a BMC of the inventory, by its MAC address or its machine's UUID, and no --endpoint",
        );
    }
    if matches!(typed, Typed::Add { .. }) && door.driver.is_some() {
        return usage(
            "nothing is asked of a BMC that is added: --preferred-driver says how it is asked from now on",
        );
    }
    if door.bmc.is_some() {
        return usage("name the BMC without --bmc: halmark bmc COMMAND BMC");
    }
    let done = match typed {
        Typed::Ls { with_passwords } => list(door, passwords(*with_passwords)),
        Typed::Describe { which, with_passwords } => describe(door, which, passwords(*with_passwords)),
        Typed::Add { mac, row } => change::add(door, *mac, row),
        Typed::Update { which, row, no_read } => change::update(door, which, row, *no_read),
        Typed::Rm { which } => change::remove(door, which),
        Typed::CreateUser(user) => keys::create(door, user, None),
        Typed::CreateIpmiUser(user) => keys::create(door, user, Some(halmark::Protocol::Ipmi)),
        Typed::RotatePassword(rotate) => keys::rotate(door, rotate),
        Typed::Import(typed) => lists::import(door, typed),
        Typed::Export(typed) => lists::export(door, typed),
    };
    done.unwrap_or_else(|code| code)
}

fn passwords(shown: bool) -> Passwords {
    if shown { Passwords::Shown } else { Passwords::Hidden }
}

fn list(door: &Door, passwords: Passwords) -> Result<u8, u8> {
    let table = Table::meant(door)?;
    let rows: Vec<Record> = table.ask(Store::all)?.into_values().collect();
    tell(door, || shape::list(&rows), || rows.iter().map(|it| document::write(it, passwords)).collect());
    Ok(exit::DONE)
}

fn describe(door: &Door, which: &str, passwords: Passwords) -> Result<u8, u8> {
    let row = find(&Table::meant(door)?, which)?;
    let whole = document::write(&row, passwords);
    tell(door, || shape::described(&whole), || whole.clone());
    Ok(exit::DONE)
}

/// Tells that something was changed, as the contract's changes are told.
fn changed(door: &Door) -> u8 {
    tell(door, || "changed\n".to_owned(), || "changed".into());
    exit::DONE
}

fn tell(door: &Door, text: impl FnOnce() -> String, value: impl FnOnce() -> Value) {
    let whole = |value: Value| json!({"value": value});
    match door.output {
        Form::Text => print(&text()),
        Form::Json => print(&format!("{}\n", whole(value()))),
        Form::Yaml => print(&yaml::text(&whole(value()))),
    }
}

/// What time it is.
fn now() -> Moment {
    #[expect(
        clippy::disallowed_methods,
        reason = "rows say when they were made and changed; this is taken here only"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
