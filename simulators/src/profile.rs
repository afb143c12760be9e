//! A platform is data: ids, delays, and the deviations it is known for.

mod checked;
mod folder;
mod lacks;
mod recorded;
mod shown;

pub use folder::ProfileError;
pub use recorded::Recording;
pub use shown::Resource;

use std::{
    collections::BTreeMap,
    fmt,
    net::Ipv4Addr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde_json::Value;

use crate::{
    deviations::Deviation,
    ipmi::Platform,
    machine::{Id, Restore, Spec},
    random::Random,
    redfish::{Documents, Tree},
    ssh::Shell,
    updates::Image,
};

/// A profile that is compiled in.
pub(crate) struct BuiltIn {
    name: &'static str,
    profile: &'static str,
    /// The resources, in parts.
    resources: &'static [&'static str],
    /// What is different from those.
    overlay: Option<&'static str>,
    tree: OnceLock<Arc<Tree>>,
}

/// The resources that every platform starts from.
const GENERIC: &[&str] = &[
    include_str!("../profiles/generic/root.json"),
    include_str!("../profiles/generic/system.json"),
    include_str!("../profiles/generic/storage.json"),
    include_str!("../profiles/generic/network.json"),
    include_str!("../profiles/generic/chassis.json"),
    include_str!("../profiles/generic/manager.json"),
    include_str!("../profiles/generic/services.json"),
    include_str!("../profiles/generic/registries.json"),
];

/// A profile of a vendor's machine: what is different from the generic resources, below `profiles/`.
macro_rules! vendor {
    ($name:literal) => {
        BuiltIn {
            name: $name,
            profile: include_str!(concat!("../profiles/", $name, "/profile.json")),
            resources: GENERIC,
            overlay: Some(include_str!(concat!("../profiles/", $name, "/overlay.json"))),
            tree: OnceLock::new(),
        }
    };
}

/// The profiles that are compiled in.
static BUILT_IN: [BuiltIn; 10] = [
    BuiltIn {
        name: "generic",
        profile: include_str!("../profiles/generic/profile.json"),
        resources: GENERIC,
        overlay: None,
        tree: OnceLock::new(),
    },
    vendor!("dell-idrac9"),
    vendor!("dell-idrac10"),
    vendor!("hpe-ilo5"),
    vendor!("hpe-ilo6"),
    vendor!("supermicro-x12"),
    vendor!("supermicro-x10"),
    vendor!("lenovo-xcc"),
    vendor!("ami-megarac"),
    vendor!("openbmc"),
];

impl BuiltIn {
    fn tree(&self) -> &Arc<Tree> {
        self.tree.get_or_init(|| Arc::new(Tree::new(self.documents())))
    }

    fn documents(&self) -> Documents {
        let mut documents = Documents::default();
        for part in self.resources {
            let part = Documents::packed(part);
            documents.extend(part.expect("the resources that are compiled in are packed documents"));
        }
        if let Some(overlay) = self.overlay {
            documents.overlay(overlay).expect("the overlays that are compiled in can be read");
        }
        documents
    }
}

/// A platform: everything about a simulated BMC that is not its seed.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it stands for, in a sentence.
    pub about: String,
    /// Delays and habits of the host.
    pub spec: Spec,
    /// The resources that its Redfish service has.
    tree: Resources,
    /// The deviations that this platform always has.
    pub deviations: Vec<String>,
    /// What IPMI says of it.
    pub(crate) ipmi: Arc<Platform>,
    /// The shell behind SSH, where it has one.
    pub(crate) shell: Option<Shell>,
    /// What a driver can ask of others and not of this platform, by capability, with reasons.
    pub lacks: BTreeMap<String, String>,
    /// Images of software, by the name of the file: what a firmware update finds in it.
    pub images: BTreeMap<String, Image>,
    manufacturer: String,
    model: String,
    part_number: String,
    board_part_number: String,
    bios_version: String,
    bios_date: String,
    bmc_firmware: String,
    mac_prefix: [u8; 3],
    /// Who the machine is, where it is a recorded one.
    known: Option<Box<Id>>,
    recording: Option<Recording>,
    serial: Serial,
}

/// How a platform's serial numbers look.
#[derive(Debug, Clone, Copy)]
enum Serial {
    /// `SN` and eight letters and digits.
    Ours,
    /// So many letters and digits, such as a Dell's service tag.
    Letters(usize),
}

/// Where the resources come from. Those that are compiled in are read when somebody needs them, once for all.
#[derive(Clone)]
pub(crate) enum Resources {
    BuiltIn(&'static BuiltIn),
    Read(Arc<Tree>),
}

impl Resources {
    /// They themselves.
    pub(crate) fn tree(&self) -> &Arc<Tree> {
        match self {
            Self::BuiltIn(built_in) => built_in.tree(),
            Self::Read(tree) => tree,
        }
    }

    /// As these deviations make them; who changes nothing needs none of them.
    pub(crate) fn deviated(&self, deviations: &[&'static Deviation]) -> Self {
        match deviations.iter().any(|it| it.tree.is_some()) {
            true => Self::Read(self.tree().deviated(deviations)),
            false => self.clone(),
        }
    }
}

impl Profile {
    /// The profile with this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = BUILT_IN.iter().find(|it| it.name == name)?;
        let read = read(found.profile, Resources::BuiltIn(found));
        Some(read.expect("the profiles that are compiled in are complete"))
    }

    /// The names of all profiles.
    pub fn names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|it| it.name).collect()
    }

    /// Whether it has a shell behind SSH, and the host's console behind that.
    pub fn has_shell(&self) -> bool {
        self.shell.is_some()
    }

    /// Reads the resources that its Redfish service has. The first request does it otherwise; who starts many things at once may
    /// have it done beside them.
    pub fn prepare(&self) {
        self.tree.tree();
    }

    /// The resources that its Redfish service has.
    pub(crate) fn tree(&self) -> Arc<Tree> {
        self.tree.tree().clone()
    }

    /// The same, not yet read perhaps.
    pub(crate) fn source(&self) -> Resources {
        self.tree.clone()
    }

    /// One machine of this platform: its own serials, UUID and MAC.
    pub(crate) fn id(&self, random: &mut Random) -> Id {
        if let Some(known) = &self.known {
            return Id::clone(known);
        }
        Id {
            uuid: random_uuid(random),
            manufacturer: self.manufacturer.clone(),
            model: self.model.clone(),
            serial: match self.serial {
                Serial::Ours => format!("SN{}", random.text(8).to_uppercase()),
                Serial::Letters(count) => random.text(count).to_uppercase(),
            },
            part_number: self.part_number.clone(),
            board_serial: format!("BD{}", random.text(8).to_uppercase()),
            board_part_number: self.board_part_number.clone(),
            bios_version: self.bios_version.clone(),
            bios_date: self.bios_date.clone(),
            bmc_firmware: self.bmc_firmware.clone(),
            mac: random_mac(self.mac_prefix, random),
            address: Ipv4Addr::LOCALHOST.into(),
        }
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(built_in) => write!(f, "the resources of {}", built_in.name),
            Self::Read(tree) => write!(f, "{tree:?}"),
        }
    }
}

/// Version 4, variant 1 (RFC 9562 §5.4).
fn random_uuid(random: &mut Random) -> [u8; 16] {
    uuid::Builder::from_random_bytes(random.bytes()).into_uuid().into_bytes()
}

fn random_mac(prefix: [u8; 3], random: &mut Random) -> [u8; 6] {
    let [a, b, c] = prefix;
    let [d, e, f] = random.bytes();
    [a, b, c, d, e, f]
}

/// Reads a profile; what is missing or is not what it should be, in words.
fn read(text: &str, tree: Resources) -> Result<Profile, String> {
    let file: Value = serde_json::from_str(text)
        .map_err(|error| format!("line {}, column {}: {error}", error.line(), error.column()))?;
    checked::unique(text)?;
    let text = |key: &str| match &file[key] {
        Value::String(text) => Ok(text.clone()),
        _ => Err(format!("{key}: expected a text")),
    };
    let deviations = file["deviations"].as_array().ok_or("deviations: expected a list of names")?.iter();
    let lacks = file.get("lacks").and_then(Value::as_object).into_iter().flatten();
    let reason = |(name, why): (&String, &Value)| match why {
        Value::String(why) => Ok((name.clone(), why.clone())),
        _ => Err(format!("lacks/{name}: expected a reason")),
    };
    let images = file.get("images").and_then(Value::as_object).into_iter().flatten();
    Ok(Profile {
        name: text("name")?,
        about: text("about")?,
        spec: spec(&file)?,
        tree,
        ipmi: Arc::new(Platform::read(&file["ipmi"])?),
        shell: match file.get("shell") {
            None => None,
            Some(Value::String(name)) if name == "racadm" => Some(Shell::Racadm),
            Some(_) => return Err("shell: expected racadm, or nothing".to_owned()),
        },
        deviations: deviations
            .map(|name| name.as_str().map(str::to_owned).ok_or("deviations: expected a list of names"))
            .collect::<Result<_, _>>()?,
        lacks: lacks.map(reason).collect::<Result<_, String>>()?,
        images: images.map(image).collect::<Result<_, String>>()?,
        manufacturer: text("manufacturer")?,
        model: text("model")?,
        part_number: text("part-number")?,
        board_part_number: text("board-part-number")?,
        bios_version: text("bios-version")?,
        bios_date: text("bios-date")?,
        bmc_firmware: text("bmc-firmware")?,
        mac_prefix: mac_prefix(&text("mac-prefix")?)
            .ok_or("mac-prefix: expected three bytes, such as 02:48:4d")?,
        known: None,
        recording: None,
        serial: match file.get("serial-letters") {
            None => Serial::Ours,
            Some(count) => {
                let count = count.as_u64().and_then(|it| usize::try_from(it).ok());
                Serial::Letters(count.ok_or("serial-letters: expected a number")?)
            }
        },
    })
}

fn image((file, holds): (&String, &Value)) -> Result<(String, Image), String> {
    let text = |name: &str| holds[name].as_str().map(str::to_owned);
    match (text("software"), text("version")) {
        (Some(software), Some(version)) => Ok((file.clone(), Image { software, version })),
        _ => Err(format!("images/{file}: expected software and version")),
    }
}

fn spec(file: &Value) -> Result<Spec, String> {
    let delay = |key: &str| {
        let seconds = file["seconds"][key].as_f64();
        let delay = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
        delay.ok_or_else(|| format!("seconds/{key}: expected a number of seconds, 0 or more"))
    };
    let flag = |key: &str| file[key].as_bool().ok_or_else(|| format!("{key}: expected true or false"));
    Ok(Spec {
        power_on: delay("power-on")?,
        power_off: delay("power-off")?,
        cycle_pause: delay("cycle-pause")?,
        post: delay("post")?,
        boot: delay("boot")?,
        shutdown: delay("shutdown")?,
        bmc_reset: delay("bmc-reset")?,
        obeys_acpi: flag("obeys-acpi")?,
        override_survives_ac: flag("override-survives-ac")?,
        restore: match file["restore"].as_str() {
            Some("stay-off") => Restore::StayOff,
            Some("power-on") => Restore::PowerOn,
            Some("previous") => Restore::Previous,
            _ => return Err("restore: expected stay-off, power-on or previous".to_owned()),
        },
    })
}

fn mac_prefix(text: &str) -> Option<[u8; 3]> {
    let bytes: Vec<u8> =
        text.split(':').map(|byte| u8::from_str_radix(byte, 16)).collect::<Result<_, _>>().ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_complete_and_found_by_its_name() {
        assert!(Profile::names().contains(&"generic"));
        assert!(Profile::names().iter().all(|name| Profile::named(name).is_some_and(|it| it.name == *name)));
        assert!(Profile::named("no-such").is_none());
    }

    #[test]
    fn every_deviation_of_a_profile_exists() {
        let known = |name: &String| crate::deviations().iter().any(|it| it.name == name);
        let all = Profile::names().into_iter().map(|it| Profile::named(it).unwrap());
        assert!(all.flat_map(|profile| profile.deviations).all(|name| known(&name)));
    }

    /// Every link of every document, beside those to members that come and go.
    fn links<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| links(item, into)),
            Value::Object(members) => {
                into.extend(members.get("@odata.id").and_then(Value::as_str));
                members.values().for_each(|member| links(member, into));
            }
            _ => {}
        }
    }

    #[test]
    fn every_link_of_every_profile_leads_somewhere() {
        for name in Profile::names() {
            let tree = Profile::named(name).unwrap().tree();
            for document in tree.documents() {
                let mut found = Vec::new();
                links(document.template(), &mut found);
                let dead: Vec<_> = found
                    .into_iter()
                    .filter(|link| tree.find(link.split('#').next().unwrap_or(link)).is_none())
                    .collect();
                assert!(dead.is_empty(), "{name}: {} links to {dead:?}", document.path);
            }
        }
    }

    #[test]
    fn every_document_says_its_own_path() {
        for name in Profile::names() {
            let tree = Profile::named(name).unwrap().tree();
            for document in tree.documents() {
                let id = document.template()["@odata.id"].as_str().unwrap_or_default();
                assert_eq!(id.trim_end_matches('/'), &*document.path, "{name}");
            }
        }
    }

    #[test]
    fn two_machines_of_a_platform_differ_in_what_is_their_own() {
        let profile = Profile::named("generic").unwrap();
        let [one, other] = [1, 2].map(|seed| profile.id(&mut Random::new(seed)));
        assert_eq!(one.model, other.model);
        assert!(one.uuid != other.uuid && one.serial != other.serial && one.mac != other.mac);
    }
}
