//! What a BMC says of itself, as far as the table of quirks goes by it.
//!
//! | maker | rows that go by the platform |
//! |---|---|
//! | Supermicro | `boot-mode-falls-to-legacy`, `usb-cd`; the program `sum` (`overrides`) |
//! | AMI, ASRockRack | `boot-written-whole`, `writes-want-a-tag` |
//! | Dell | `serial-number-is-the-boards`; the driver `idrac` has its own table (`manners`) |
//! | Lenovo, HPE | none: each of their oddities shows in an answer, and a row goes by that, also at other makers' |
//! | OpenBMC | none: what was seen of it is the standard's, or left out |

use super::document::{Document, View};
use crate::drivers::notes::Notes;

/// Who made the BMC's firmware, by its service root: `Vendor`, and the names of the sections of `Oem`.
///
/// Both, since a Supermicro SYS-821GE has no `Vendor`, and a Lenovo SR655 or an ASRockRack has AMI's firmware (quirk D19).
#[derive(Debug, Default, Clone)]
pub(super) struct Maker {
    names: Vec<String>,
}

impl Maker {
    pub(super) fn read(root: View<'_>) -> Self {
        let mut notes = Notes::default();
        let vendor = root.text("Vendor", &mut notes);
        let sections = root.object("Oem", &mut notes).names();
        Self { names: vendor.into_iter().chain(sections).collect() }
    }
}

/// What a BMC says of itself, as far as a quirk may go by it.
#[derive(Debug)]
pub(super) struct Platform<'a> {
    maker: &'a Maker,
    manufacturer: Option<&'a str>,
    pub(super) model: Option<&'a str>,
}

impl<'a> Platform<'a> {
    pub(super) fn new(maker: &'a Maker, system: &'a Document) -> Self {
        let (manufacturer, model) = (system.view().plain("Manufacturer"), system.view().plain("Model"));
        Self { maker, manufacturer, model }
    }

    /// Whether that name is on the BMC's firmware or on the machine.
    pub(super) fn is_by(&self, name: &str) -> bool {
        self.runs_firmware_by(name) || self.manufacturer.is_some_and(|of| begins(of, name))
    }

    /// Whether that name is on the BMC's firmware; a Dell's machine may have another's.
    pub(super) fn runs_firmware_by(&self, name: &str) -> bool {
        self.maker.names.iter().any(|of| begins(of, name))
    }
}

/// "Dell" is also "Dell Inc.".
fn begins(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
}
