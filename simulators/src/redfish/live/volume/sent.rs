//! What somebody sends to make a volume, looked at: its kind, its drives, and how large it can be.

use serde_json::{Map, Value};

use crate::redfish::{
    handle::Scene,
    messages::{about, message},
    tree::{Document, trimmed},
};

/// DSP0266 §11.4.
const APPLY_TIME: &str = "@Redfish.OperationApplyTime";
/// Properties that a volume keeps as they are sent, and the words that they have; numbers have none.
const KEPT: &[(&str, &[&str])] = &[
    ("DisplayName", &[]),
    ("ReadCachePolicy", &["ReadAhead", "AdaptiveReadAhead", "Off"]),
    ("WriteCachePolicy", &["WriteThrough", "ProtectedWriteBack", "UnprotectedWriteBack", "Off"]),
    ("VolumeUsage", &["Data", "SystemData", "CacheOnly", "SystemReserve", "ReplicationReserve"]),
    ("StripSizeBytes", &[]),
    ("InitializeMethod", &["Skip", "Background", "Foreground"]),
];
/// Of those, which are numbers.
const NUMBERS: &[&str] = &["StripSizeBytes"];
const OTHERS: &[&str] = &["Name", "RAIDType", "VolumeType", "CapacityBytes", "Encrypted", "Links"];
/// `VolumeType`, deprecated since Volume v1_3_1, and the RAID that it means.
const TYPES: &[(&str, &str)] = &[
    ("NonRedundant", "RAID0"),
    ("Mirrored", "RAID1"),
    ("StripedWithParity", "RAID5"),
    ("SpannedMirrors", "RAID10"),
];

/// A kind of RAID (SNIA DDF 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raid {
    pub(super) word: &'static str,
    least: usize,
    most: usize,
    /// How many drives it has to be a multiple of.
    step: usize,
}

const RAIDS: &[Raid] = &[
    Raid { word: "RAID0", least: 1, most: 32, step: 1 },
    Raid { word: "RAID1", least: 2, most: 2, step: 1 },
    Raid { word: "RAID5", least: 3, most: 32, step: 1 },
    Raid { word: "RAID6", least: 4, most: 32, step: 1 },
    Raid { word: "RAID10", least: 4, most: 32, step: 2 },
];

impl Raid {
    fn takes(self, drives: usize) -> bool {
        (self.least..=self.most).contains(&drives) && drives.is_multiple_of(self.step)
    }

    /// How many drives' worth of data so many drives hold.
    fn data(self, drives: usize) -> u64 {
        let data = match self.word {
            "RAID1" => 1,
            "RAID5" => drives - 1,
            "RAID6" => drives - 2,
            "RAID10" => drives / 2,
            _ => drives,
        };
        data as u64
    }
}

/// What was sent.
pub(super) struct Sent {
    pub(super) name: Option<String>,
    pub(super) raid: Raid,
    pub(super) capacity: u64,
    pub(super) encrypted: bool,
    pub(super) drives: Vec<String>,
    pub(super) kept: Vec<(String, Value)>,
    /// Whether it waits for the host's next start.
    pub(super) waits: bool,
    /// What is said about what cannot be.
    pub(super) wrong: Vec<Value>,
}

/// A drive of the storage: its path and its size in bytes.
type Drive = (String, u64);

impl Sent {
    /// Takes a body apart.
    pub(super) fn read(scene: &Scene<'_>, collection: &Document, body: &Map<String, Value>) -> Self {
        let mut sent = Self {
            name: None,
            raid: RAIDS[0],
            capacity: 0,
            encrypted: false,
            drives: Vec::new(),
            kept: Vec::new(),
            waits: false,
            wrong: Vec::new(),
        };
        match waits(collection, body) {
            Ok(waits) => sent.waits = waits,
            Err(wrong) => sent.wrong.push(wrong),
        }
        sent.name = sent.text(body, "Name").map(str::to_owned);
        sent.encrypted = match body.get("Encrypted") {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => sent.type_error("Encrypted", other),
        };
        for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
            sent.keep(name, value);
        }
        let storage = collection.path.rsplit_once('/').map_or("", |(storage, _)| storage);
        if let Some(raid) = sent.raid(scene, storage, body) {
            sent.raid = raid;
            sent.place(scene, storage, body);
        }
        sent
    }

    fn keep(&mut self, name: &str, value: &Value) {
        let Some((_, words)) = KEPT.iter().find(|(known, _)| *known == name) else {
            if !OTHERS.contains(&name) {
                let shown = ["Id", "Identifiers", "Status", "Operations", "BlockSizeBytes", "Actions"];
                let said = if shown.contains(&name) { "PropertyNotWritable" } else { "PropertyUnknown" };
                self.complain(name, message(said, &[name]));
            }
            return;
        };
        let fits = if NUMBERS.contains(&name) { value.is_u64() } else { value.is_string() };
        match value.as_str() {
            _ if !fits => self.type_error(name, value),
            Some(word) if !words.is_empty() && !words.contains(&word) => {
                self.complain(name, message("PropertyValueNotInList", &[word, name]));
            }
            _ => self.kept.push((name.to_owned(), value.clone())),
        }
    }

    /// The kind of RAID: one that the storage's controllers have.
    fn raid(&mut self, scene: &Scene<'_>, storage: &str, body: &Map<String, Value>) -> Option<Raid> {
        let name = if body.contains_key("RAIDType") { "RAIDType" } else { "VolumeType" };
        let Some(given) = body.get(name) else {
            self.complain("RAIDType", message("PropertyMissing", &["RAIDType"]));
            return None;
        };
        let Some(word) = given.as_str() else { return self.type_error(name, given) };
        let meant = TYPES.iter().find(|it| it.0 == word && name == "VolumeType").map_or(word, |it| it.1);
        let offered = offered(scene, storage);
        let known = RAIDS
            .iter()
            .find(|it| it.word == meant && offered.as_ref().is_none_or(|all| all.contains(&meant)));
        if known.is_none() {
            self.complain(name, message("PropertyValueNotInList", &[word, name]));
        }
        known.copied()
    }

    /// The drives, those that were named or the first that are free; and how large it becomes.
    fn place(&mut self, scene: &Scene<'_>, storage: &str, body: &Map<String, Value>) {
        let all = drives(scene, storage);
        let taken = scene.bmc.volumes().taken(scene.tree());
        let wanted = match body.get("CapacityBytes") {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_u64().filter(|it| *it > 0) {
                Some(bytes) => Some(bytes),
                None => return self.type_error("CapacityBytes", value),
            },
        };
        let chosen = match body.get("Links").and_then(|it| it.get("Drives")) {
            Some(given) => self.named(given, &all, &taken),
            None => {
                let free = all.iter().filter(|(path, _)| !taken.contains(path)).cloned().collect::<Vec<_>>();
                let found = fitting(self.raid, &free, wanted);
                if found.is_none() {
                    let said = message("PropertyValueExternalConflict", &["RAIDType", self.raid.word]);
                    self.complain("RAIDType", said);
                }
                found
            }
        };
        let Some(chosen) = chosen else { return };
        let most = capacity(self.raid, &chosen);
        if let Some(bytes) = wanted.filter(|bytes| *bytes > most) {
            self.complain(
                "CapacityBytes",
                message("PropertyValueOutOfRange", &[&bytes.to_string(), "CapacityBytes"]),
            );
        }
        self.capacity = wanted.unwrap_or(most);
        self.drives = chosen.into_iter().map(|(path, _)| path).collect();
    }

    /// Drives of this storage that nothing is on, as many as this kind of RAID takes.
    fn named(
        &mut self,
        given: &Value,
        all: &[Drive],
        taken: &std::collections::BTreeSet<String>,
    ) -> Option<Vec<Drive>> {
        const NAME: &str = "Links/Drives";
        let link = |it: &Value| it["@odata.id"].as_str().map(|path| trimmed(path).to_owned());
        let paths: Option<Vec<String>> = given.as_array().and_then(|it| it.iter().map(link).collect());
        let Some(paths) = paths else { return self.type_error(NAME, given) };
        let mut chosen = Vec::new();
        for path in &paths {
            match all.iter().find(|(known, _)| known == path) {
                None => self.complain(NAME, message("ResourceNotFound", &["Drive", path])),
                Some(_) if taken.contains(path) || chosen.iter().any(|(known, _)| known == path) => {
                    self.complain(NAME, message("PropertyValueExternalConflict", &["Drives", path]));
                }
                Some(drive) => chosen.push(drive.clone()),
            }
        }
        if chosen.len() == paths.len() && !self.raid.takes(paths.len()) {
            self.complain(NAME, message("PropertyValueConflict", &["Drives", "RAIDType"]));
        }
        (chosen.len() == paths.len() && self.raid.takes(paths.len())).then_some(chosen)
    }

    fn text<'b>(&mut self, body: &'b Map<String, Value>, name: &str) -> Option<&'b str> {
        match body.get(name)? {
            Value::String(text) if text.chars().count() <= 64 => Some(text),
            Value::String(text) => {
                self.complain(name, message("StringValueTooLong", &[text, "64"]));
                None
            }
            other => self.type_error(name, other),
        }
    }

    fn type_error<T: Default>(&mut self, name: &str, value: &Value) -> T {
        self.complain(name, message("PropertyValueTypeError", &[&value.to_string(), name]));
        T::default()
    }

    fn complain(&mut self, name: &str, said: Value) {
        self.wrong.push(about(said, &format!("/{name}")));
    }
}

/// Whether a change waits for the host's next start: one of the apply times that the collection lists.
pub(super) fn waits(collection: &Document, body: &Map<String, Value>) -> Result<bool, Value> {
    let Some(given) = body.get(APPLY_TIME) else { return Ok(false) };
    let listed = collection.template().pointer("/@Redfish.OperationApplyTimeSupport/SupportedValues");
    let is_listed = listed.and_then(Value::as_array).is_some_and(|it| it.contains(given));
    let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    match is_listed {
        true => Ok(text == "OnReset"),
        false => {
            Err(about(message("PropertyValueNotInList", &[&text, APPLY_TIME]), &format!("/{APPLY_TIME}")))
        }
    }
}

/// The kinds of RAID that a storage's controllers say they have.
fn offered<'s>(scene: &'s Scene<'_>, storage: &str) -> Option<Vec<&'s str>> {
    let below = format!("{storage}/Controllers/");
    let documents = scene.tree().documents().iter();
    let controllers = documents.filter(|it| it.path.starts_with(&below)).map(|it| it.template());
    let inline = scene.tree().document(storage)?.template()["StorageControllers"].as_array();
    let lists =
        controllers.chain(inline.into_iter().flatten()).filter_map(|it| it["SupportedRAIDTypes"].as_array());
    let words: Vec<&str> = lists.flatten().filter_map(Value::as_str).collect();
    (!words.is_empty()).then_some(words)
}

fn drives(scene: &Scene<'_>, storage: &str) -> Vec<Drive> {
    let links = scene.tree().document(storage).and_then(|it| it.template()["Drives"].as_array());
    let paths = links.into_iter().flatten().filter_map(|it| it["@odata.id"].as_str()).map(trimmed);
    let size = |path: &str| {
        Some((path.to_owned(), scene.tree().document(path)?.template()["CapacityBytes"].as_u64()?))
    };
    paths.filter_map(size).collect()
}

fn capacity(raid: Raid, drives: &[Drive]) -> u64 {
    let least = drives.iter().map(|(_, bytes)| *bytes).min().unwrap_or_default();
    least * raid.data(drives.len())
}

/// The fewest of these drives that do.
fn fitting(raid: Raid, free: &[Drive], wanted: Option<u64>) -> Option<Vec<Drive>> {
    let counts = (raid.least..=raid.most.min(free.len())).filter(|count| raid.takes(*count));
    let mut sets = counts.map(|count| &free[..count]);
    sets.find(|set| wanted.is_none_or(|bytes| capacity(raid, set) >= bytes)).map(<[Drive]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(count: u64) -> Vec<Drive> {
        (1..=count).map(|it| (format!("/d/{it}"), 100)).collect()
    }

    fn raid(word: &str) -> Raid {
        *RAIDS.iter().find(|it| it.word == word).unwrap()
    }

    #[test]
    fn parity_and_mirrors_take_their_share() {
        let sizes =
            RAIDS.iter().map(|it| (it.word, capacity(*it, &free(if it.word == "RAID1" { 2 } else { 4 }))));
        let expected = [("RAID0", 400), ("RAID1", 100), ("RAID5", 300), ("RAID6", 200), ("RAID10", 200)];
        assert_eq!(sizes.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_fewest_drives_that_do_are_taken() {
        let count = |word, wanted| fitting(raid(word), &free(6), wanted).map(|it| it.len());
        assert_eq!([count("RAID0", None), count("RAID0", Some(250))], [Some(1), Some(3)]);
        assert_eq!([count("RAID10", Some(201)), count("RAID1", Some(101))], [Some(6), None]);
    }
}
