//! Boot override: `Boot` of the system, or of its settings resource where the system's is read-only (DSP0268 ComputerSystem.Boot).

use serde_json::{Map, Value, json};

use super::{
    client::Talk,
    document::{Document, View},
};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{BootDevice, BootDuration, BootMode, BootOverride, Change},
};

const TARGET: &str = "BootSourceOverrideTarget";
const ENABLED: &str = "BootSourceOverrideEnabled";
const MODE: &str = "BootSourceOverrideMode";

/// The override that the next boot will see.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BootOverride, Failure> {
    let system = talk.system().await?;
    let boot = system.view().object("Boot", &mut talk.notes);
    if !boot.has(ENABLED) && !boot.has(TARGET) {
        return Err(Cause::NotFound { what: "boot override".to_owned() }.into());
    }
    Ok(understand(boot, &mut talk.notes)?)
}

/// Sets the override with as few properties as the BMC takes.
pub(super) async fn set(talk: &mut Talk<'_>, to: BootOverride) -> Result<Change, Failure> {
    let system = talk.system().await?;
    let boot = system.view().object("Boot", &mut talk.notes);
    let current = understand(boot, &mut Notes::default()).ok();
    if current.is_some_and(|current| satisfies(current, to)) {
        return Ok(Change::AlreadySo);
    }
    refuse_early(boot, to, &mut talk.notes)?;
    let mode = boot.text(MODE, &mut talk.notes);
    match write(talk, &system.path, to, mode.as_deref()).await {
        Err(failure) if is_read_only(&failure) => match settings_of(talk, &system).await? {
            Some(settings) => {
                let boot = settings.view().object("Boot", &mut talk.notes);
                refuse_early(boot, to, &mut talk.notes)?;
                write(talk, &settings.path, to, mode.as_deref()).await?;
            }
            None => return Err(failure),
        },
        outcome => outcome?,
    }
    Ok(Change::Changed)
}

fn satisfies(current: BootOverride, wanted: BootOverride) -> bool {
    let same = current.device == wanted.device && current.duration == wanted.duration;
    same && (wanted.mode.is_none() || wanted.mode == current.mode || wanted.device == BootDevice::None)
}

/// Refuses on the BMC's own word, without sending: a target or a duration that is not among the allowable values.
fn refuse_early(boot: View<'_>, to: BootOverride, notes: &mut Notes) -> Result<(), Failure> {
    if to.device == BootDevice::None {
        return Ok(());
    }
    for (property, wanted) in [(TARGET, target(to.device)), (ENABLED, enabled(to.duration))] {
        let allowed = boot.words(&format!("{property}@Redfish.AllowableValues"), notes);
        if let Some(allowed) = allowed.filter(|allowed| !allowed.iter().any(|word| word == wanted)) {
            let message = format!("{property} takes no {wanted}, it takes {}", allowed.join(", "));
            return Err(Cause::Refused { code: "not offered".to_owned(), message }.into());
        }
    }
    Ok(())
}

/// Target and Enabled together: Supermicro wants both although one is unchanged. The mode only when it is asked for, or
/// demanded (HPE Gen9 has none); a target to clear only where it is taken (HPE iLO keeps it, quirk B9).
async fn write(
    talk: &mut Talk<'_>,
    path: &str,
    to: BootOverride,
    present_mode: Option<&str>,
) -> Result<(), Failure> {
    let clears = to.device == BootDevice::None;
    let asked_mode = to.mode.filter(|_| !clears).map(mode);
    let first = talk.patch(path, &body(Some(to), asked_mode)).await;
    let Err(failure) = first else { return Ok(()) };
    let Cause::Refused { message, .. } = &failure.cause else { return Err(failure) };
    let about_mode = message.contains(MODE);
    match (asked_mode, present_mode) {
        (None, Some(present)) if about_mode => talk.patch(path, &body(Some(to), Some(present))).await,
        (Some(asked), Some(present)) if about_mode && asked == present => {
            talk.patch(path, &body(Some(to), None)).await
        }
        _ if clears && message.contains(TARGET) => talk.patch(path, &body(None, None)).await,
        _ => Err(failure),
    }
}

fn body(to: Option<BootOverride>, mode: Option<&str>) -> Value {
    let mut boot = Map::new();
    if let Some(to) = to {
        boot.insert(TARGET.to_owned(), target(to.device).into());
    }
    boot.insert(ENABLED.to_owned(), enabled(to.map_or(BootDuration::None, |to| to.duration)).into());
    if let Some(mode) = mode {
        boot.insert(MODE.to_owned(), mode.into());
    }
    json!({ "Boot": boot })
}

/// Dell iDRAC 10 and AMI take the override at `@Redfish.Settings` only, and say of the system's that it is read-only.
fn is_read_only(failure: &Failure) -> bool {
    let Cause::Refused { code, message } = &failure.cause else { return false };
    let message = message.to_ascii_lowercase();
    code == "405"
        || ["propertynotwritable", "read-only", "read only", "readonly"].iter().any(|m| message.contains(m))
}

/// The settings resource, if it has a `Boot` to write (Lenovo's lacks it, quirk B2).
async fn settings_of(talk: &mut Talk<'_>, system: &Document) -> Result<Option<Document>, Failure> {
    let settings = system.view().object("@Redfish.Settings", &mut talk.notes);
    let Some(link) = settings.link("SettingsObject", &mut talk.notes) else { return Ok(None) };
    let document = talk.get(&link).await?;
    Ok(Some(document).filter(|document| document.view().has("Boot")))
}

/// `Disabled` is no override, whatever the target says (Supermicro leaves `Pxe` there).
fn understand(boot: View<'_>, notes: &mut Notes) -> Result<BootOverride, Deviation> {
    let unknown =
        |property: &str, value: String| Deviation::UnknownValue { property: property.to_owned(), value };
    let target = boot.text(TARGET, notes);
    let duration = match boot.text(ENABLED, notes).as_deref() {
        Some("Disabled") => return Ok(BootOverride::NONE),
        Some("Once") => BootDuration::Once,
        Some("Continuous") => BootDuration::Continuous,
        Some(other) => return Err(unknown(ENABLED, other.to_owned())),
        None if target.as_deref() == Some("None") => return Ok(BootOverride::NONE),
        None => return Err(Deviation::Missing { property: ENABLED.to_owned() }),
    };
    let device = match target.as_deref() {
        Some("None") => return Ok(BootOverride::NONE),
        Some("Pxe") => BootDevice::Pxe,
        Some("Hdd") => BootDevice::Disk,
        Some("Cd" | "UsbCd") => BootDevice::Cdrom,
        Some("BiosSetup") => BootDevice::Bios,
        Some("Usb") => BootDevice::Usb,
        Some("UefiHttp") => BootDevice::Http,
        Some(other) => return Err(unknown(TARGET, other.to_owned())),
        None => return Err(Deviation::Missing { property: TARGET.to_owned() }),
    };
    let mode = match boot.text(MODE, notes).as_deref() {
        Some("UEFI") => Some(BootMode::Uefi),
        Some("Legacy") => Some(BootMode::Legacy),
        Some(other) => {
            notes.forgive(unknown(MODE, other.to_owned()));
            None
        }
        None => None,
    };
    Ok(BootOverride { device, duration, mode })
}

const fn target(device: BootDevice) -> &'static str {
    match device {
        BootDevice::None => "None",
        BootDevice::Pxe => "Pxe",
        BootDevice::Disk => "Hdd",
        BootDevice::Cdrom => "Cd",
        BootDevice::Bios => "BiosSetup",
        BootDevice::Usb => "Usb",
        BootDevice::Http => "UefiHttp",
    }
}

const fn enabled(duration: BootDuration) -> &'static str {
    match duration {
        BootDuration::None => "Disabled",
        BootDuration::Once => "Once",
        BootDuration::Continuous => "Continuous",
    }
}

const fn mode(mode: BootMode) -> &'static str {
    match mode {
        BootMode::Uefi => "UEFI",
        BootMode::Legacy => "Legacy",
    }
}
