//! Where the table lies, and which of its rows is meant.

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use halmark::inventory::{Mac, Record, Store, StoreError};
use uuid::Uuid;

use crate::cli::{
    complain,
    hal::{Door, exit},
    usage,
};

/// The table that a command means, and what waits for it.
pub(in crate::cli) struct Table {
    /// The table.
    pub(super) store: Store,
    runtime: tokio::runtime::Runtime,
}

impl Table {
    /// The table in `--inventory`, HALMARK_INVENTORY, or `halmark/inventory.redb` in the user's folder for data.
    pub(in crate::cli) fn meant(door: &Door) -> Result<Self, u8> {
        Self::at(door.inventory.as_ref(), door.timeout)
    }

    /// The same, by the option's value; others are waited for as long as that.
    pub(in crate::cli) fn at(inventory: Option<&PathBuf>, patience: Duration) -> Result<Self, u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| usage(format!("no runtime could be made: {e}")))?;
        let file = inventory.cloned().or_else(|| path("HALMARK_INVENTORY")).or_else(usual);
        let file = file.ok_or_else(|| {
            usage("there is no place for the inventory: set HALMARK_INVENTORY or give --inventory FILE")
        })?;
        Ok(Self { store: Store::at(file).with_patience(patience), runtime })
    }

    /// What the store answers; the exit code where it does not.
    pub(super) fn ask<'a, T, F>(&'a self, ask: impl FnOnce(&'a Store) -> F) -> Result<T, u8>
    where
        F: Future<Output = Result<T, StoreError>> + 'a,
    {
        self.wait(ask(&self.store)).map_err(|e| unusable(&e))
    }

    /// Waits for something.
    pub(super) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }
}

/// Tells why the table cannot be used; the exit code.
pub(super) fn unusable(error: &StoreError) -> u8 {
    complain(&format!("error: {error}\n  {}\n", error.advice()));
    if matches!(error, StoreError::InUse { .. }) { exit::AWAY } else { exit::USAGE }
}

fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// By the XDG Base Directory Specification: a relative folder is no folder.
fn usual() -> Option<PathBuf> {
    let data = path("XDG_DATA_HOME").filter(|it| it.is_absolute());
    let home = || path("HOME").map(|it| it.join(".local/share"));
    data.or_else(home).map(|it| it.join(Path::new("halmark/inventory.redb")))
}

/// The row that a MAC address or a machine's UUID names.
pub(in crate::cli) fn find(table: &Table, which: &str) -> Result<Record, u8> {
    if let Ok(mac) = which.parse::<Mac>() {
        return table.ask(|it| it.one(mac))?.ok_or_else(|| unknown(table, which));
    }
    let machine = which.parse::<Uuid>().map_err(|_| {
        usage(format!(
            "{which:?} names no BMC: expected a MAC address such as 3c:ec:ef:12:34:56, or a machine's UUID"
        ))
    })?;
    let mut rows = table.ask(|it| it.of_machine(machine))?;
    match (rows.pop(), rows.as_slice()) {
        (None, _) => Err(unknown(table, which)),
        (Some(row), []) => Ok(row),
        (Some(last), more) => {
            let macs: Vec<String> = more.iter().chain([&last]).map(|it| it.mac.to_string()).collect();
            Err(usage(format!("the machine has several BMCs: name one of {}", macs.join(", "))))
        }
    }
}

fn unknown(table: &Table, which: &str) -> u8 {
    let file = table.store.file().display();
    complain(&format!(
        "error: no BMC {which} is in the inventory {file}\n  `halmark bmc ls` lists them, `halmark bmc add` adds one\n"
    ));
    exit::STATE
}
