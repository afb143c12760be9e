//! Volumes that were made and ended since a BMC was new: they belong to its storage, so they outlive resets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    redfish::{Document, Tree},
    written::Written,
};

/// A change of a storage's volumes.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A volume, at a path.
    Make(String, Value),
    /// The end of the one at a path.
    End(String),
}

/// What is different from the platform's own volumes.
#[derive(Debug, Default)]
pub(crate) struct Volumes {
    made: BTreeMap<String, Value>,
    gone: BTreeSet<String>,
    /// How often the host had started when it was asked for, and what for.
    pending: Vec<(u32, Change)>,
}

impl Volumes {
    /// The paths of those below a collection, the platform's own first.
    pub(crate) fn paths(&self, tree: &Tree, collection: &str) -> Vec<String> {
        let lies_in = |path: &str| path.rsplit_once('/').is_some_and(|(parent, _)| parent == collection);
        let own = tree.documents().iter().filter(|it| is_volume(it)).map(|it| it.path.to_string());
        let own = own.filter(|it| !self.gone.contains(it) && !self.made.contains_key(it));
        own.chain(self.made.keys().cloned()).filter(|it| lies_in(it)).collect()
    }

    /// What was made at this path.
    pub(crate) fn made(&self, path: &str) -> Option<&Value> {
        self.made.get(path)
    }

    /// Whether one of the platform's own has ended.
    pub(crate) fn is_gone(&self, path: &str) -> bool {
        self.gone.contains(path)
    }

    /// Whether somebody will have this path.
    pub(crate) fn is_promised(&self, path: &str) -> bool {
        let is_it = |change: &Change| matches!(change, Change::Make(other, _) if other == path);
        self.pending.iter().any(|(_, change)| is_it(change))
    }

    /// The drives that this path's volume is on, whether it is there or still to come.
    pub(crate) fn taken(&self, tree: &Tree) -> BTreeSet<String> {
        let own = tree.documents().iter().filter(|it| is_volume(it) && !self.gone.contains(&*it.path));
        let own = own.filter(|it| !self.made.contains_key(&*it.path)).map(|it| it.template());
        let coming = self.pending.iter().filter_map(|(_, it)| match it {
            Change::Make(_, document) => Some(document),
            Change::End(_) => None,
        });
        own.chain(self.made.values()).chain(coming).flat_map(drives).map(str::to_owned).collect()
    }

    /// Changes now.
    pub(crate) fn change(&mut self, change: Change) {
        match change {
            Change::Make(path, document) => {
                self.made.insert(path, document);
            }
            Change::End(path) => {
                self.made.remove(&path);
                self.gone.insert(path);
            }
        }
    }

    /// Changes when the host has started more often than this.
    pub(crate) fn change_later(&mut self, starts: u32, change: Change) {
        self.pending.push((starts, change));
    }

    /// Changes what was due when the host had started less often than now; whether there was anything.
    pub(crate) fn settle(&mut self, starts: u32) -> bool {
        if self.pending.iter().all(|(then, _)| *then >= starts) {
            return false;
        }
        let all = std::mem::take(&mut self.pending);
        let (due, later): (Vec<_>, _) = all.into_iter().partition(|(then, _)| *then < starts);
        self.pending = later;
        due.into_iter().for_each(|(_, change)| self.change(change));
        true
    }

    /// Every drive says which volumes are on it.
    pub(crate) fn link(&self, tree: &Tree, written: &mut Written) {
        let of_own = |it: &&Document| {
            is_volume(it) && !self.gone.contains(&*it.path) && !self.made.contains_key(&*it.path)
        };
        let own = tree.documents().iter().filter(of_own).map(|it| (&*it.path, it.template()));
        let all: Vec<(&str, &Value)> =
            own.chain(self.made.iter().map(|(path, it)| (path.as_str(), it))).collect();
        let drives_of_tree = tree.documents().iter().filter(|it| &*it.kind == "Drive");
        for drive in drives_of_tree.filter(|it| it.template().pointer("/Links/Volumes").is_some()) {
            let on_it = all.iter().filter(|(_, it)| drives(it).any(|path| path == &*drive.path));
            let links: Value = on_it.map(|(path, _)| json!({"@odata.id": path})).collect();
            match drive.template().pointer("/Links/Volumes") == Some(&links) {
                true => written.forget(&drive.path, "/Links/Volumes"),
                false => written.keep(&drive.path, "/Links/Volumes", links),
            }
        }
    }
}

/// The drives that a volume is on.
pub(crate) fn drives(volume: &Value) -> impl Iterator<Item = &str> {
    let drives = volume.pointer("/Links/Drives").and_then(Value::as_array);
    drives.into_iter().flatten().filter_map(|it| it["@odata.id"].as_str())
}

fn is_volume(document: &Document) -> bool {
    &*document.kind == "Volume"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    const COLLECTION: &str = "/redfish/v1/Systems/1/Storage/1/Volumes";

    #[test]
    fn what_waits_for_the_host_is_not_there_and_takes_its_drives() {
        let tree = Profile::named("generic").unwrap().tree();
        let mut volumes = Volumes::default();
        let (path, drive) = (format!("{COLLECTION}/2"), "/redfish/v1/Chassis/1/Drives/3");
        let volume = json!({"Links": {"Drives": [{"@odata.id": drive}]}});
        volumes.change_later(4, Change::Make(path.clone(), volume));
        assert!(!volumes.settle(4) && volumes.is_promised(&path) && volumes.taken(&tree).contains(drive));
        assert_eq!(volumes.paths(&tree, COLLECTION), [format!("{COLLECTION}/1")]);
        assert!(volumes.settle(5) && !volumes.is_promised(&path));
        assert_eq!(volumes.paths(&tree, COLLECTION), [format!("{COLLECTION}/1"), path]);
    }
}
