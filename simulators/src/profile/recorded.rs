//! A profile that is a recorded tree: the resources and the ids are the recording's, the delays an ordinary machine's.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{Profile, Resources};
use crate::{
    machine::{Power, Spec},
    redfish::{Mockup, MockupError},
    ssh::Shell,
};

/// What a recorded tree was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recording {
    /// How many resources it has.
    pub resources: usize,
    /// How many links in them lead nowhere: recordings are seldom whole.
    pub lost_links: usize,
    /// Whether the host was on.
    pub power: Power,
}

impl Profile {
    /// The profile that a recorded tree makes; its name is the folder's.
    ///
    /// # Errors
    /// Where the folder is no tree, or something in it cannot be read.
    pub fn recorded(dir: &Path) -> Result<Self, MockupError> {
        let mockup = Mockup::read(dir)?;
        let name =
            dir.canonicalize().ok().and_then(|it| Some(it.file_name()?.to_string_lossy().into_owned()));
        let id = mockup.id;
        let [a, b, c, ..] = id.mac;
        let lacks = super::lacks::of(&mockup.tree, &id);
        Ok(Self {
            name: name.unwrap_or_else(|| "recording".to_owned()),
            about: format!("A recorded tree: {}", mockup.about),
            spec: Spec { restore: mockup.restore, ..Spec::default() },
            ipmi: Arc::default(),
            // What a recording does not hold, a Dell of any kind has.
            shell: id.manufacturer.starts_with("Dell").then_some(Shell::Racadm),
            tree: Resources::Read(Arc::new(mockup.tree)),
            deviations: Vec::new(),
            lacks,
            images: BTreeMap::new(),
            manufacturer: id.manufacturer.clone(),
            model: id.model.clone(),
            part_number: id.part_number.clone(),
            board_part_number: id.board_part_number.clone(),
            bios_version: id.bios_version.clone(),
            bios_date: id.bios_date.clone(),
            bmc_firmware: id.bmc_firmware.clone(),
            mac_prefix: [a, b, c],
            serial: super::Serial::Ours,
            known: Some(Box::new(id)),
            recording: Some(Recording {
                resources: mockup.resources,
                lost_links: mockup.lost_links,
                power: if mockup.was_on { Power::On } else { Power::Off },
            }),
        })
    }

    /// What the recorded tree was found to be, where it is one.
    pub fn recording(&self) -> Option<Recording> {
        self.recording
    }

    /// The same platform for another machine: one with ids of its own.
    pub fn another(&self) -> Self {
        Self { known: None, ..self.clone() }
    }
}
