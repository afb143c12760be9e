//! Software that a BMC installs (DSP0268 UpdateService): what stands in an image, and what is due when.
//!
//! Nothing is ever fetched: an image is known by the name of its file, from the profile or from whoever holds the control.

use std::{collections::BTreeMap, time::Duration};

use crate::machine::{Command, Machine};

/// What stands in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What it is for: a `SoftwareId` of the BMC's firmware inventory.
    pub software: String,
    /// The version that it brings.
    pub version: String,
}

/// Whose software it is, where the machine itself says its version too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The host's firmware.
    Bios,
    /// The BMC's.
    Bmc,
    /// A component's.
    Component,
}

/// When it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At this age of the machine.
    At(Duration),
    /// When the host has started more often than this.
    Start(u32),
}

/// Software that is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) when: When,
    /// Whose it is.
    pub(crate) part: Part,
    /// Where the inventory has it.
    pub(crate) inventory: String,
    /// What it brings.
    pub(crate) image: Image,
}

/// The images that are known, what is on its way, and what has been installed since somebody looked.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    known: BTreeMap<String, Image>,
    due: Vec<Update>,
    installed: Vec<(String, String)>,
}

impl Updates {
    /// With these images.
    pub(crate) fn new(known: BTreeMap<String, Image>) -> Self {
        Self { known, ..Self::default() }
    }

    /// A file of this name holds this from now on.
    pub(crate) fn know(&mut self, file: &str, image: Image) {
        self.known.insert(file.to_owned(), image);
    }

    /// What a file of this name holds.
    pub(crate) fn image(&self, file: &str) -> Option<&Image> {
        self.known.get(file)
    }

    /// Something is on its way.
    pub(crate) fn plan(&mut self, update: Update) {
        self.due.push(update);
    }

    /// When something is due, if a moment is known.
    pub(crate) fn next(&self) -> Option<Duration> {
        let moment = |it: &Update| if let When::At(at) = it.when { Some(at) } else { None };
        self.due.iter().filter_map(moment).min()
    }

    /// Where the inventory has what, of all that was installed since this was last asked.
    pub(crate) fn installed(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.installed)
    }

    /// Installs what is due. The host runs its new firmware from its next start on; the BMC restarts itself with its own.
    pub(crate) fn settle(&mut self, machine: &mut Machine, now: Duration) {
        if self.due.is_empty() {
            return;
        }
        let is_due = |it: &Update, machine: &Machine| match it.when {
            When::At(at) => at <= now,
            When::Start(starts) => starts < machine.restarts(),
        };
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|it| is_due(it, machine));
        self.due = later;
        let due: Vec<Update> = due;
        due.into_iter().for_each(|update| self.install(update, machine, now));
    }

    fn install(&mut self, update: Update, machine: &mut Machine, now: Duration) {
        let Image { software, version } = &update.image;
        match (update.part, update.when) {
            (Part::Bios, When::Start(_)) => machine.run_bios(version),
            (Part::Bios, When::At(_)) => {
                let when = When::Start(machine.restarts());
                self.due.push(Update { when, ..update.clone() });
            }
            (Part::Bmc, _) => machine.run_bmc(version),
            (Part::Component, _) => {}
        }
        let entry = (update.inventory, version.clone());
        if !self.installed.contains(&entry) {
            self.installed.push(entry);
        }
        let is_again = update.part == Part::Bios && matches!(update.when, When::Start(_));
        machine.note(
            &format!("software.{}:{software}:{version}", if is_again { "runs" } else { "installed" }),
            now,
        );
        if update.part == Part::Bmc {
            let _ = machine.command(Command::BmcReset { warm: false }, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Profile, random::Random};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn update(part: Part, when: When) -> Update {
        let image = Image { software: "HW-1".to_owned(), version: "2.0".to_owned() };
        Update { when, part, inventory: "/inventory".to_owned(), image }
    }

    fn machine() -> Machine {
        let profile = Profile::named("generic").unwrap();
        let id = profile.id(&mut Random::new(1));
        Machine::new(profile.spec, id)
    }

    #[test]
    fn nothing_is_installed_before_its_time() {
        let (mut updates, mut machine) = (Updates::default(), machine());
        updates.plan(update(Part::Component, When::At(SECOND * 30)));
        updates.settle(&mut machine, SECOND * 29);
        assert_eq!((updates.next(), updates.installed()), (Some(SECOND * 30), Vec::new()));
        updates.settle(&mut machine, SECOND * 30);
        assert_eq!(updates.installed(), [("/inventory".to_owned(), "2.0".to_owned())]);
        assert_eq!((updates.next(), updates.installed()), (None, Vec::new()));
    }

    #[test]
    fn the_host_runs_its_firmware_from_its_next_start_on() {
        let (mut updates, mut machine) = (Updates::default(), machine());
        updates.plan(update(Part::Bios, When::At(SECOND)));
        updates.settle(&mut machine, SECOND);
        assert_eq!((updates.installed().len(), machine.id().bios_version.as_str()), (1, "2.4.1"));
        machine.command(Command::PowerOn, SECOND).unwrap();
        machine.advance(SECOND * 60);
        updates.settle(&mut machine, SECOND * 60);
        assert_eq!(machine.id().bios_version, "2.0");
    }
}
