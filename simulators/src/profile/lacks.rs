//! What a recorded tree does not offer, by the words in which a driver's capabilities are told, each with the reason that
//! stands in the tree. What the tree leaves open is not lacking.

mod observed;
mod services;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{machine::Id, redfish::Tree};

/// Capabilities, and the words of which one is enough for each.
type Words = &'static [(&'static str, &'static [&'static str])];
/// Capabilities and reasons.
type Lacks = BTreeMap<String, String>;

/// Every `ResetType` (DSP0268 Resource.ResetType).
const RESET_TYPES: &[&str] = &[
    "On",
    "ForceOff",
    "GracefulShutdown",
    "GracefulRestart",
    "ForceRestart",
    "Nmi",
    "ForceOn",
    "PushPowerButton",
    "PowerCycle",
    "Suspend",
    "Pause",
    "Resume",
    "FullPowerCycle",
];
/// What is done to the host's power, and the `ResetType`s of which one is enough for it.
const POWER: Words = &[
    ("power.on", &["On", "ForceOn"]),
    ("power.off", &["ForceOff"]),
    ("power.shutdown", &["GracefulShutdown"]),
    ("power.reset", &["ForceRestart"]),
    ("power.nmi", &["Nmi"]),
];
/// The same for the BMC.
const BMC: Words =
    &[("bmc.reset:cold", &["ForceRestart", "GracefulRestart"]), ("bmc.reset:warm", &["GracefulRestart"])];
/// Words of `Boot`: the property, and what can be asked for by which of its values.
const BOOT: &[(&str, Words)] = &[
    (
        "BootSourceOverrideTarget",
        &[
            ("boot.device:pxe", &["Pxe"]),
            ("boot.device:disk", &["Hdd"]),
            ("boot.device:cdrom", &["Cd", "UsbCd"]),
            ("boot.device:bios", &["BiosSetup"]),
            ("boot.device:usb", &["Usb"]),
            ("boot.device:http", &["UefiHttp"]),
        ],
    ),
    (
        "BootSourceOverrideEnabled",
        &[("boot.duration:once", &["Once"]), ("boot.duration:continuous", &["Continuous"])],
    ),
    ("BootSourceOverrideMode", &[("boot.mode:uefi", &["UEFI"]), ("boot.mode:legacy", &["Legacy"])]),
];
/// Every word of those properties (DSP0268 ComputerSystem.Boot), and Supermicro's.
const BOOT_WORDS: &[&str] = &[
    "None",
    "Pxe",
    "Floppy",
    "Cd",
    "Usb",
    "Hdd",
    "BiosSetup",
    "Utilities",
    "Diags",
    "UefiShell",
    "UefiTarget",
    "SDCard",
    "UefiHttp",
    "RemoteDrive",
    "UefiBootNext",
    "Recovery",
    "UsbCd",
    "Disabled",
    "Once",
    "Continuous",
    "UEFI",
    "Legacy",
];

/// What the machine of this tree lacks.
pub(super) fn of(tree: &Tree, id: &Id) -> Lacks {
    let mut lacks = Lacks::new();
    power(tree, &mut lacks);
    bmc(tree, &mut lacks);
    boot(tree, &mut lacks);
    light(tree, &mut lacks);
    identity(id, &mut lacks);
    observed::lacking(tree, id, &mut lacks);
    services::lacking(tree, &mut lacks);
    lacks
}

fn at<'t>(tree: &'t Tree, path: &str) -> &'t Value {
    const NOTHING: &Value = &Value::Null;
    tree.document(path).map_or(NOTHING, |it| it.template())
}

fn lack(lacks: &mut Lacks, capability: &str, reason: impl Into<String>) {
    lacks.insert(capability.to_owned(), reason.into());
}

fn power(tree: &Tree, lacks: &mut Lacks) {
    let system = at(tree, tree.system());
    if !system["PowerState"].is_string() {
        lack(lacks, "power.read", "its ComputerSystem has no PowerState");
    }
    let Some(action) = system.pointer("/Actions/#ComputerSystem.Reset") else {
        let all = POWER.iter().map(|(capability, _)| *capability).chain(["power.cycle"]);
        all.for_each(|it| lack(lacks, it, "its ComputerSystem has no action ComputerSystem.Reset"));
        return;
    };
    let Some(offered) = reset_types(tree, action) else { return };
    for (capability, wanted) in POWER {
        if !offers(&offered, wanted, RESET_TYPES) {
            lack(lacks, capability, format!("ComputerSystem.Reset takes no {}", wanted.join(" or ")));
        }
    }
    // A cycle can be had by off and on.
    let in_two =
        offers(&offered, &["ForceOff"], RESET_TYPES) && offers(&offered, &["On", "ForceOn"], RESET_TYPES);
    if !in_two && !offers(&offered, &["PowerCycle"], RESET_TYPES) {
        lack(lacks, "power.cycle", "ComputerSystem.Reset takes no PowerCycle, nor ForceOff and On");
    }
}

fn bmc(tree: &Tree, lacks: &mut Lacks) {
    let manager = at(tree, tree.manager());
    let why = match manager.pointer("/Actions/#Manager.Reset") {
        None if manager.is_null() => "it has no Manager",
        None => "its Manager has no action Manager.Reset",
        Some(action) => {
            let Some(offered) = reset_types(tree, action) else { return };
            for (capability, wanted) in BMC {
                if !offers(&offered, wanted, RESET_TYPES) {
                    lack(lacks, capability, format!("Manager.Reset takes no {}", wanted.join(" or ")));
                }
            }
            if BMC.iter().any(|(capability, _)| !lacks.contains_key(*capability)) {
                return;
            }
            "Manager.Reset takes no ForceRestart or GracefulRestart"
        }
    };
    let all = BMC.iter().map(|(capability, _)| *capability).chain(["bmc.reset"]);
    all.for_each(|it| lack(lacks, it, why));
}

/// The override is where the system has it, else in its settings (DSP0266 §9.10).
fn boot(tree: &Tree, lacks: &mut Lacks) {
    let system = at(tree, tree.system());
    let settings = system.pointer("/@Redfish.Settings/SettingsObject/@odata.id").and_then(Value::as_str);
    let settings = settings.map_or(&Value::Null, |path| at(tree, path));
    let has = |it: &&Value| {
        it["Boot"].get("BootSourceOverrideEnabled").or(it["Boot"].get("BootSourceOverrideTarget")).is_some()
    };
    let Some(home) = [system, settings].into_iter().find(has) else {
        const WHY: &str = "its ComputerSystem has no Boot with a BootSourceOverrideEnabled";
        let words = BOOT.iter().flat_map(|(_, words)| words.iter().map(|(capability, _)| *capability));
        words.chain(["boot.override.get", "boot.override.set"]).for_each(|it| lack(lacks, it, WHY));
        return;
    };
    let boot = &home["Boot"];
    for (property, words) in BOOT {
        let offered = texts(&boot[format!("{property}@Redfish.AllowableValues")]);
        for (capability, wanted) in *words {
            if !boot[*property].is_string() && property.ends_with("Mode") {
                lack(lacks, capability, format!("Boot has no {property}"));
            } else if offered.as_ref().is_some_and(|offered| !offers(offered, wanted, BOOT_WORDS)) {
                lack(lacks, capability, format!("{property} takes no {}", wanted.join(" or ")));
            }
        }
    }
}

/// The light is the system's, else its chassis'.
fn light(tree: &Tree, lacks: &mut Lacks) {
    let has = |it: &&Value| it.get("LocationIndicatorActive").or(it.get("IndicatorLED")).is_some();
    let bearers = [at(tree, tree.system()), at(tree, tree.chassis())];
    match bearers.into_iter().find(has) {
        None => {
            const WHY: &str =
                "neither its ComputerSystem nor its Chassis has LocationIndicatorActive or IndicatorLED";
            ["identify.set", "identify:lit", "identify:unlit", "identify:blinking"]
                .into_iter()
                .for_each(|it| lack(lacks, it, WHY));
        }
        Some(bearer) if bearer.get("IndicatorLED").is_none() => {
            lack(
                lacks,
                "identify:blinking",
                "LocationIndicatorActive is lit or not, and there is no IndicatorLED",
            );
        }
        Some(_) => {}
    }
}

/// Who the machine is, as far as it does not say so.
fn identity(id: &Id, lacks: &mut Lacks) {
    let said = [
        ("uuid", "its ComputerSystem has no UUID", id.uuid == [0; 16]),
        ("vendor", "its ComputerSystem has no Manufacturer", id.manufacturer.is_empty()),
        ("model", "its ComputerSystem has no Model", id.model.is_empty()),
        ("serial", "its ComputerSystem has no SerialNumber", id.serial.is_empty()),
        ("part-number", "its ComputerSystem has no PartNumber", id.part_number.is_empty()),
        ("bios-version", "its ComputerSystem has no BiosVersion", id.bios_version.is_empty()),
        ("bmc-firmware", "its Manager has no FirmwareVersion", id.bmc_firmware.is_empty()),
        ("bmc-mac", "its Manager has no EthernetInterface with a MACAddress", id.mac == [0; 6]),
    ];
    for (property, reason, _) in said.into_iter().filter(|(.., is_missing)| *is_missing) {
        lack(lacks, &format!("identity:{property}"), reason);
    }
}

/// What a reset takes, where it says so: beside the action, or in its ActionInfo (DSP0266 §9.7).
fn reset_types(tree: &Tree, action: &Value) -> Option<Vec<String>> {
    if let Some(said) = texts(&action["ResetType@Redfish.AllowableValues"]) {
        return Some(said);
    }
    let info = at(tree, action["@Redfish.ActionInfo"].as_str()?);
    let parameters = info["Parameters"].as_array()?;
    texts(&parameters.iter().find(|it| it["Name"] == "ResetType")?["AllowableValues"])
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array().map(|all| all.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect())
}

/// Whether one of the wanted words is in a list. One without a single word of the standard says nothing, so that nothing is
/// lacking; in one word that is none of the standard's there may be several (a Supermicro SYS-510T: two glued together).
fn offers(offered: &[String], wanted: &[&str], known: &[&str]) -> bool {
    let is_known = |it: &&String| known.contains(&it.as_str());
    if !offered.iter().any(|it| known.iter().any(|word| it.contains(word))) {
        return true;
    }
    let (words, others): (Vec<_>, Vec<_>) = offered.iter().partition(is_known);
    wanted.iter().any(|it| words.iter().any(|word| word == it) || others.iter().any(|word| word.contains(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(list: &[&str], wanted: &[&str]) -> bool {
        offers(&list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), wanted, RESET_TYPES)
    }

    #[test]
    fn a_word_is_lacking_only_where_the_list_says_something() {
        assert!(offered(&["On", "Nmi"], &["Nmi"]));
        assert!(!offered(&["On", "ForceOff"], &["Nmi"]));
        assert!(!offered(&["On", "ForceOn"], &["ForceOff"]));
        assert!(offered(&["On", "GracefulShutdownGracefulRestart"], &["GracefulRestart"]));
        assert!(offered(&["Start", "Halt"], &["Nmi"]) && offered(&[], &["Nmi"]));
    }
}
