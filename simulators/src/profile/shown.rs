//! What is said of a profile to whoever asks.

use std::time::Duration;

use super::Profile;

/// A resource of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its path.
    pub path: String,
    /// Its schema and version, such as `ComputerSystem.v1_22_0`.
    pub schema: String,
}

impl Profile {
    /// What its Redfish service has, in the order of the paths.
    pub fn resources(&self) -> Vec<Resource> {
        let tree = self.tree();
        let schema = |said: &str| {
            let said = said.trim_start_matches('#');
            said.rsplit_once('.').map_or(said, |(schema, _)| schema).to_owned()
        };
        tree.documents()
            .iter()
            .map(|it| Resource {
                path: it.path.to_string(),
                schema: schema(it.template()["@odata.type"].as_str().unwrap_or_default()),
            })
            .collect()
    }

    /// Who its machines are, by name: what all of them have in common.
    pub fn ids(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("part number", &self.part_number),
            ("board part number", &self.board_part_number),
            ("BIOS version", &self.bios_version),
            ("BIOS date", &self.bios_date),
            ("BMC firmware", &self.bmc_firmware),
        ]
    }

    /// How long things take on its machines, before the seed varies it.
    pub fn delays(&self) -> Vec<(&'static str, Duration)> {
        let spec = &self.spec;
        vec![
            ("power on", spec.power_on),
            ("power off", spec.power_off),
            ("pause of a cycle", spec.cycle_pause),
            ("POST", spec.post),
            ("boot", spec.boot),
            ("shutdown", spec.shutdown),
            ("BMC reset", spec.bmc_reset),
        ]
    }
}
