//! A platform is data: ids, delays, and the deviations it is known for.

use std::{net::Ipv4Addr, sync::OnceLock, time::Duration};

use serde_json::Value;

use crate::{
    machine::{Id, Restore, Spec},
    random::Random,
};

/// The profiles that are compiled in.
const FILES: &[&str] = &[include_str!("../profiles/generic.json")];

/// A platform: everything about a simulated BMC that is not its seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it stands for, in a sentence.
    pub about: String,
    /// Delays and habits of the host.
    pub spec: Spec,
    /// The deviations that this platform always has.
    pub deviations: Vec<String>,
    manufacturer: String,
    model: String,
    part_number: String,
    board_part_number: String,
    bios_version: String,
    bios_date: String,
    bmc_firmware: String,
    mac_prefix: [u8; 3],
}

impl Profile {
    /// The profile with this name.
    pub fn named(name: &str) -> Option<Self> {
        all().iter().find(|profile| profile.name == name).cloned()
    }

    /// The names of all profiles.
    pub fn names() -> Vec<&'static str> {
        all().iter().map(|profile| profile.name.as_str()).collect()
    }

    /// One machine of this platform: its own serials, UUID and MAC.
    pub(crate) fn id(&self, random: &mut Random) -> Id {
        Id {
            uuid: random_uuid(random),
            manufacturer: self.manufacturer.clone(),
            model: self.model.clone(),
            serial: format!("SN{}", random.text(8).to_uppercase()),
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

/// Version 4, variant 1 (RFC 9562 §5.4).
fn random_uuid(random: &mut Random) -> [u8; 16] {
    uuid::Builder::from_random_bytes(random.bytes()).into_uuid().into_bytes()
}

fn random_mac(prefix: [u8; 3], random: &mut Random) -> [u8; 6] {
    let [a, b, c] = prefix;
    let [d, e, f] = random.bytes();
    [a, b, c, d, e, f]
}

fn all() -> &'static [Profile] {
    static ALL: OnceLock<Vec<Profile>> = OnceLock::new();
    ALL.get_or_init(|| {
        FILES.iter().map(|text| read(text).expect("the profiles that are compiled in are complete")).collect()
    })
}

/// Reads a profile; `None` where something is missing or is not what it should be.
fn read(text: &str) -> Option<Profile> {
    let file: Value = serde_json::from_str(text).ok()?;
    let text = |key: &str| file[key].as_str().map(str::to_owned);
    let deviations = file["deviations"].as_array()?.iter();
    Some(Profile {
        name: text("name")?,
        about: text("about")?,
        spec: spec(&file)?,
        deviations: deviations.map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        manufacturer: text("manufacturer")?,
        model: text("model")?,
        part_number: text("part-number")?,
        board_part_number: text("board-part-number")?,
        bios_version: text("bios-version")?,
        bios_date: text("bios-date")?,
        bmc_firmware: text("bmc-firmware")?,
        mac_prefix: mac_prefix(&text("mac-prefix")?)?,
    })
}

fn spec(file: &Value) -> Option<Spec> {
    let delay = |key: &str| file["seconds"][key].as_f64().and_then(|s| Duration::try_from_secs_f64(s).ok());
    Some(Spec {
        power_on: delay("power-on")?,
        power_off: delay("power-off")?,
        cycle_pause: delay("cycle-pause")?,
        post: delay("post")?,
        boot: delay("boot")?,
        shutdown: delay("shutdown")?,
        bmc_reset: delay("bmc-reset")?,
        obeys_acpi: file["obeys-acpi"].as_bool()?,
        override_survives_ac: file["override-survives-ac"].as_bool()?,
        restore: match file["restore"].as_str()? {
            "stay-off" => Restore::StayOff,
            "power-on" => Restore::PowerOn,
            "previous" => Restore::Previous,
            _ => return None,
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
        assert_eq!(Profile::named("no-such"), None);
    }

    #[test]
    fn every_deviation_of_a_profile_exists() {
        let known = |name: &String| crate::deviations().iter().any(|it| it.name == name);
        assert!(all().iter().all(|profile| profile.deviations.iter().all(known)));
    }

    #[test]
    fn two_machines_of_a_platform_differ_in_what_is_their_own() {
        let profile = Profile::named("generic").unwrap();
        let [one, other] = [1, 2].map(|seed| profile.id(&mut Random::new(seed)));
        assert_eq!(one.model, other.model);
        assert!(one.uuid != other.uuid && one.serial != other.serial && one.mac != other.mac);
    }
}
