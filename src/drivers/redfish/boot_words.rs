//! The words of `Boot` (DSP0268 ComputerSystem.Boot) and what they are in the contract.

use super::{
    action::believe,
    document::View,
    quirks::{UEFI_TARGET, USB_CD},
};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{BootDevice, BootDuration, BootMode, BootOverride},
};

pub(super) const TARGET: &str = "BootSourceOverrideTarget";
pub(super) const ENABLED: &str = "BootSourceOverrideEnabled";
pub(super) const MODE: &str = "BootSourceOverrideMode";
/// Where the override leads when its target is `UefiTarget`.
const PATH: &str = "UefiTargetBootSourceOverride";

/// Every target (DSP0268 ComputerSystem.BootSource), and Supermicro's.
const TARGETS: &[&str] = &[
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
];
const DURATIONS: &[&str] = &["Disabled", "Once", "Continuous"];

/// `Disabled` is no override, whatever the target says (Supermicro leaves `Pxe` there).
pub(super) fn understand(boot: View<'_>, notes: &mut Notes) -> Result<BootOverride, Deviation> {
    let target = boot.text(TARGET, notes);
    let duration = match boot.text(ENABLED, notes).as_deref() {
        Some("Disabled") => return Ok(BootOverride::NONE),
        Some("Once") => BootDuration::Once,
        Some("Continuous") => BootDuration::Continuous,
        Some(other) => return Err(unknown(ENABLED, other)),
        None if target.as_deref() == Some("None") => return Ok(BootOverride::NONE),
        None => return Err(Deviation::Missing { property: ENABLED.to_owned() }),
    };
    let device = match target.as_deref() {
        Some("None") => return Ok(BootOverride::NONE),
        Some("UefiTarget") => along_path(boot, notes).ok_or_else(|| unknown(TARGET, "UefiTarget"))?,
        Some(word) => device(word).ok_or_else(|| unknown(TARGET, word))?,
        None => return Err(Deviation::Missing { property: TARGET.to_owned() }),
    };
    let mode = match boot.text(MODE, notes).as_deref() {
        Some("UEFI") => Some(BootMode::Uefi),
        Some("Legacy") => Some(BootMode::Legacy),
        Some(other) => {
            notes.forgive(unknown(MODE, other));
            None
        }
        None => None,
    };
    Ok(BootOverride { device, duration, mode })
}

/// The word for a target, refused on the BMC's own word where that is not among its allowable values: nothing is sent then.
pub(super) fn offered_target(
    boot: View<'_>,
    wanted: BootDevice,
    usb_cd: bool,
    notes: &mut Notes,
) -> Result<&'static str, Failure> {
    let words: &[_] = match wanted {
        BootDevice::Cdrom if usb_cd => &["UsbCd", "Cd"],
        BootDevice::Cdrom => &["Cd", "UsbCd"],
        BootDevice::None => return Ok("None"),
        BootDevice::Pxe => &["Pxe"],
        BootDevice::Disk => &["Hdd"],
        BootDevice::Bios => &["BiosSetup"],
        BootDevice::Usb => &["Usb"],
        BootDevice::Http => &["UefiHttp"],
    };
    let usual = if wanted == BootDevice::Cdrom { "Cd" } else { words[0] };
    let word = offered(boot, (TARGET, TARGETS), words, usual, notes)?;
    if word == "UsbCd" {
        notes.quirk(&USB_CD);
    }
    Ok(word)
}

/// The word for a duration, on the same condition.
pub(super) fn offered_duration(
    boot: View<'_>,
    wanted: BootDuration,
    notes: &mut Notes,
) -> Result<&'static str, Failure> {
    match wanted {
        BootDuration::None => Ok("Disabled"),
        BootDuration::Once => offered(boot, (ENABLED, DURATIONS), &["Once"], "Once", notes),
        BootDuration::Continuous => offered(boot, (ENABLED, DURATIONS), &["Continuous"], "Continuous", notes),
    }
}

pub(super) const fn mode(mode: BootMode) -> &'static str {
    match mode {
        BootMode::Uefi => "UEFI",
        BootMode::Legacy => "Legacy",
    }
}

/// The first of the wanted words that is allowable; the usual one where the BMC does not say.
fn offered(
    boot: View<'_>,
    (property, known): (&str, &[&str]),
    wanted: &[&'static str],
    usual: &'static str,
    notes: &mut Notes,
) -> Result<&'static str, Failure> {
    let listed = boot.words(&format!("{property}@Redfish.AllowableValues"), notes);
    let Some(allowed) = listed.and_then(|values| believe(values, known, notes)) else { return Ok(usual) };
    let found = wanted.iter().copied().find(|wanted| allowed.iter().any(|word| word == wanted));
    found.ok_or_else(|| {
        let message = format!("{property} takes no {usual}, it takes {}", allowed.join(", "));
        Cause::Refused { code: "not offered".to_owned(), message }.into()
    })
}

pub(super) fn device(word: &str) -> Option<BootDevice> {
    match word {
        "Pxe" => Some(BootDevice::Pxe),
        "Hdd" => Some(BootDevice::Disk),
        "Cd" | "UsbCd" => Some(BootDevice::Cdrom),
        "BiosSetup" => Some(BootDevice::Bios),
        "Usb" => Some(BootDevice::Usb),
        "UefiHttp" => Some(BootDevice::Http),
        _ => None,
    }
}

/// The device at the end of a UEFI device path (UEFI 2.10 §10.6): the last node that tells.
fn along_path(boot: View<'_>, notes: &mut Notes) -> Option<BootDevice> {
    let path = boot.text(PATH, notes)?;
    let nodes = [
        ("/Uri(", BootDevice::Http),
        ("/MAC(", BootDevice::Pxe),
        ("CDROM(", BootDevice::Cdrom),
        ("HD(", BootDevice::Disk),
    ];
    let (_, device) = nodes.into_iter().find(|(node, _)| path.contains(node))?;
    notes.quirk(&UEFI_TARGET);
    Some(device)
}

fn unknown(property: &str, value: &str) -> Deviation {
    Deviation::UnknownValue { property: property.to_owned(), value: value.to_owned() }
}
