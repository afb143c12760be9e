//! `halmark bootstrap`: BMCs that are as they were shipped get accounts of their own.

use std::time::Duration;

use clap::Args as Group;
use halmark::{
    Tls, drivers,
    inventory::{
        Mac, Record, Store, StoreError,
        bootstrap::{self, BootstrapError, Done, Names},
        keys::{Keys, KeysError},
    },
};
use tokio::task::{JoinSet, LocalSet};

use super::{
    now,
    place::{Table, find},
};
use crate::cli::{
    complain,
    hal::{self, exit},
    print, usage,
};

/// How many BMCs are initialised at once.
const AT_ONCE: usize = 16;

/// `halmark bootstrap`.
#[derive(Debug, Group)]
pub struct Bootstrap {
    /// Which BMCs, by MAC address or machine UUID; all that have factory credentials and an address if none is given.
    #[arg(value_name = "BMC")]
    which: Vec<String>,
    /// The name of the privileged account that is made.
    #[arg(long, default_value = "metal", value_name = "NAME")]
    admin: String,
    /// The name of the restricted account for the console.
    #[arg(long, default_value = "console", value_name = "NAME")]
    console: String,
    /// Trust any certificate, and go on doing so: BMCs are shipped with one that signed itself.
    #[arg(long)]
    insecure: bool,
    /// When each login and each request is given up, such as 30s.
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// The inventory; by default HALMARK_INVENTORY, or halmark/inventory.redb in the folder for data (XDG_DATA_HOME).
    #[arg(long, value_name = "FILE")]
    inventory: Option<std::path::PathBuf>,
}

/// Carries it out.
pub(in crate::cli) fn bootstrap(typed: &Bootstrap) -> u8 {
    match meant(typed) {
        // The store's calls stay on their thread.
        Ok((table, rows)) => {
            table.wait(LocalSet::new().run_until(hal::uninterrupted(all(typed, &table, rows))))
        }
        Err(code) => code,
    }
}

fn meant(typed: &Bootstrap) -> Result<(Table, Vec<Record>), u8> {
    if typed.admin == typed.console {
        return Err(usage("--admin and --console name two accounts, and are the same"));
    }
    let table = Table::at(typed.inventory.as_ref(), typed.timeout)?;
    let rows: Vec<Record> = if typed.which.is_empty() {
        let shipped = |it: &Record| it.factory.is_some() && it.address.is_some();
        let rows: Vec<_> = table.ask(Store::all)?.into_values().filter(shipped).collect();
        if rows.is_empty() {
            complain(
                "note: no BMC of the inventory has factory credentials and an address: nothing was done\n",
            );
        }
        rows
    } else {
        typed.which.iter().map(|it| find(&table, it)).collect::<Result<_, _>>()?
    };
    not_the_factorys(typed, &rows)?;
    Ok((table, rows))
}

/// The factory's account stays beside those that are made: its name is free for none of them.
fn not_the_factorys(typed: &Bootstrap, rows: &[Record]) -> Result<(), u8> {
    for (option, name) in [("--admin", &typed.admin), ("--console", &typed.console)] {
        let is_taken = |row: &&Record| row.factory.as_ref().is_some_and(|it| it.user == *name);
        if let Some(row) = rows.iter().find(is_taken) {
            return Err(usage(format!(
                "{option} {name} is the account that {} was shipped with: name another; nothing was sent",
                row.mac
            )));
        }
    }
    Ok(())
}

/// Initialises them, some at once, and tells of each; the code of the last one that could not be.
async fn all(typed: &Bootstrap, table: &Table, rows: Vec<Record>) -> u8 {
    let names = Names { admin: typed.admin.clone(), console: typed.console.clone() };
    let (mut rows, mut working, mut code) = (rows.into_iter(), JoinSet::new(), exit::DONE);
    loop {
        while working.len() < AT_ONCE {
            let Some(row) = rows.next() else { break };
            let (store, names, patience, insecure) =
                (table.store.clone(), names.clone(), typed.timeout, typed.insecure);
            working
                .spawn_local(async move { (row.mac, one(&store, &row, &names, patience, insecure).await) });
        }
        match working.join_next().await {
            None => return code,
            Some(Ok((mac, done))) => {
                print(&format!("{mac}  {}\n", told(&done)));
                code = done.err().map_or(code, |it| code_of(&it));
            }
            Some(Err(_)) => code = exit::REFUSED,
        }
    }
}

async fn one(
    store: &Store,
    row: &Record,
    names: &Names,
    patience: Duration,
    insecure: bool,
) -> Result<Done, BootstrapError> {
    if insecure && row.redfish.tls == Tls::System {
        trust(store, row.mac).await?;
    }
    let protocol = bootstrap::protocol(row);
    let keys = Keys { store, mac: row.mac, protocol, now: now(), patience, connect: &drivers::connect };
    let done = bootstrap::bootstrap(&keys, names).await?;
    acquaint(store, row.mac, patience).await?;
    Ok(done)
}

/// Relates a row to its machine that is related to none yet: now there is an account by which it can be asked. What cannot be read
/// is left for later, since the accounts are made.
async fn acquaint(store: &Store, mac: Mac, patience: Duration) -> Result<(), StoreError> {
    let Some(row) = store.one(mac).await?.filter(|row| row.machine.is_none()) else { return Ok(()) };
    let Ok(survey) = super::discover::read(&row, patience).await else { return Ok(()) };
    let put = store.change(|rows| {
        if let Some(mut row) = rows.get(mac).cloned() {
            survey.into_row(&mut row, now());
            rows.put(row, now());
        }
        Ok(())
    });
    put.await
}

async fn trust(store: &Store, mac: Mac) -> Result<(), StoreError> {
    let change = store.change(|rows| {
        if let Some(mut row) = rows.get(mac).cloned() {
            row.redfish.tls = Tls::Insecure;
            rows.put(row, now());
        }
        Ok(())
    });
    change.await
}

fn told(done: &Result<Done, BootstrapError>) -> String {
    match done {
        Ok(Done::Initialised) => "initialised".to_owned(),
        Ok(Done::AlreadySo) => "already-so".to_owned(),
        Err(error) => hal::tame(&format!("not initialised: {error}"), ""),
    }
}

fn code_of(error: &BootstrapError) -> u8 {
    match error {
        BootstrapError::NoCredentials | BootstrapError::Refused => exit::DENIED,
        BootstrapError::Keys(KeysError::Undecided(..)) => exit::UNKNOWN,
        BootstrapError::Keys(KeysError::Unchanged(cause)) => exit::of(&cause.cause),
        _ => exit::REFUSED,
    }
}
