//! Boot override: `Boot` of the system, or of its settings resource where the system's is read-only or absent (DSP0268
//! ComputerSystem.Boot).

use serde_json::{Map, Value, json};

use super::{
    boot_words::{self, ENABLED, MODE, TARGET, understand},
    client::Talk,
    document::{Document, View},
    quirks::{
        BOOT_IN_SETTINGS, BOOT_WRITTEN_WHOLE, EQUAL_IS_REFUSED, MODE_DEMANDED, MODE_FALLS, MODE_REFUSED,
        Quirk, TARGET_STAYS, USB_CD,
    },
    refusal::{is_read_only, says},
};
use crate::{
    driver::Cause,
    drivers::{failure::Failure, notes::Notes},
    model::{BootDevice, BootOverride, Change},
};

/// The override that the next boot will see.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BootOverride, Failure> {
    let system = talk.system().await?;
    let settings = elsewhere(talk, &system).await?;
    let home = settings.as_ref().unwrap_or(&system);
    if !has_override(home) {
        return Err(Cause::NotFound { what: "boot override".to_owned() }.into());
    }
    let boot = home.view().object("Boot", &mut talk.notes);
    Ok(understand(boot, &mut talk.notes)?)
}

/// Sets the override with as few properties as the BMC takes.
pub(super) async fn set(talk: &mut Talk<'_>, to: BootOverride) -> Result<Change, Failure> {
    let system = talk.system().await?;
    let settings = elsewhere(talk, &system).await?;
    let home = settings.as_ref().unwrap_or(&system);
    let boot = home.view().object("Boot", &mut talk.notes);
    let current = understand(boot, &mut Notes::default()).ok();
    if current.is_some_and(|current| satisfies(current, to)) {
        return Ok(Change::AlreadySo);
    }
    let present = Wish::present(boot, &mut talk.notes);
    let wish = Wish::of(talk, &system, boot, to, &present)?;
    match write(talk, home, wish, to, &present).await {
        Err(failure) if settings.is_none() && is_read_only(&failure) => {
            let Some(settings) = settings_of(talk, &system).await? else { return Err(failure) };
            talk.notes.quirk(&BOOT_IN_SETTINGS);
            let boot = settings.view().object("Boot", &mut talk.notes);
            let wish = Wish::of(talk, &system, boot, to, &present)?;
            write(talk, &settings, wish, to, &present).await?;
        }
        outcome => outcome?,
    }
    Ok(Change::Changed)
}

fn satisfies(current: BootOverride, wanted: BootOverride) -> bool {
    let same = current.device == wanted.device && current.duration == wanted.duration;
    same && (wanted.mode.is_none() || wanted.mode == current.mode || wanted.device == BootDevice::None)
}

fn has_override(document: &Document) -> bool {
    let boot = document.view().object("Boot", &mut Notes::default());
    boot.has(ENABLED) || boot.has(TARGET)
}

/// The settings resource, if the system has no override of its own and the settings have (quirk B3).
async fn elsewhere(talk: &mut Talk<'_>, system: &Document) -> Result<Option<Document>, Failure> {
    if has_override(system) {
        return Ok(None);
    }
    let settings = settings_of(talk, system).await?.filter(has_override);
    if settings.is_some() {
        talk.notes.quirk(&BOOT_IN_SETTINGS);
    }
    Ok(settings)
}

/// The settings resource, if it has a `Boot` to write (Lenovo's lacks it, quirk B2).
pub(super) async fn settings_of(talk: &mut Talk<'_>, system: &Document) -> Result<Option<Document>, Failure> {
    let settings = system.view().object("@Redfish.Settings", &mut talk.notes);
    let Some(link) = settings.link("SettingsObject", &mut talk.notes) else { return Ok(None) };
    let document = talk.aside(&link).await?;
    Ok(document.filter(|document| document.view().has("Boot")))
}

/// What a PATCH of `Boot` says, or what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Wish {
    target: Option<String>,
    enabled: Option<String>,
    mode: Option<String>,
}

impl Wish {
    /// Target and Enabled together: Supermicro wants both although one is unchanged. The mode where it is asked for, and
    /// as it is where a BMC is known to lose it otherwise.
    fn of(
        talk: &mut Talk<'_>,
        system: &Document,
        boot: View<'_>,
        to: BootOverride,
        present: &Self,
    ) -> Result<Self, Failure> {
        let usb_cd = to.device == BootDevice::Cdrom && talk.expects(&USB_CD, system);
        let target = boot_words::offered_target(boot, to.device, usb_cd, &mut talk.notes)?;
        let enabled = boot_words::offered_duration(boot, to.duration, &mut talk.notes)?;
        let asked = to.mode.filter(|_| to.device != BootDevice::None).map(boot_words::mode);
        let mut mode = asked.map(str::to_owned);
        for quirk in [&MODE_FALLS, &BOOT_WRITTEN_WHOLE] {
            if mode.is_none() && present.mode.is_some() && talk.expects(quirk, system) {
                talk.notes.quirk(quirk);
                mode.clone_from(&present.mode);
            }
        }
        Ok(Self { target: Some(target.to_owned()), enabled: Some(enabled.to_owned()), mode })
    }

    fn present(boot: View<'_>, notes: &mut Notes) -> Self {
        Self {
            target: boot.text(TARGET, notes),
            enabled: boot.text(ENABLED, notes),
            mode: boot.text(MODE, notes),
        }
    }

    fn body(&self) -> Value {
        let named = [(TARGET, &self.target), (ENABLED, &self.enabled), (MODE, &self.mode)];
        let said =
            named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        json!({ "Boot": said.collect::<Map<String, Value>>() })
    }
}

/// Writes the wish, and what is left of it where the BMC refuses a part that does not matter. A refused PATCH has
/// changed nothing (DSP0266 §7.10), so that another may follow.
async fn write(
    talk: &mut Talk<'_>,
    at: &Document,
    mut wish: Wish,
    to: BootOverride,
    present: &Wish,
) -> Result<(), Failure> {
    let mut tried = Vec::new();
    loop {
        let failure = match talk.patch(at, &wish.body()).await {
            Err(failure) if matches!(failure.cause, Cause::Refused { .. }) => failure,
            outcome => return outcome,
        };
        tried.push(wish.clone());
        let next = another(&wish, to, present, &failure).filter(|(next, _)| !tried.contains(next));
        let Some((next, quirk)) = next else { return Err(failure) };
        talk.notes.quirk(quirk);
        wish = next;
    }
}

/// The same wish in other words, by what the refusal is about.
fn another(
    wish: &Wish,
    to: BootOverride,
    present: &Wish,
    failure: &Failure,
) -> Option<(Wish, &'static Quirk)> {
    let about = |property: &str| says(failure, &[property]);
    let clears = to.device == BootDevice::None;
    let wish = wish.clone();
    if about(MODE) {
        return match &wish.mode {
            None => Some((Wish { mode: Some(present.mode.clone()?), ..wish }, &MODE_DEMANDED)),
            // The mode that was asked for is dropped only where it is the present one.
            Some(_) if clears || to.mode.is_none() || wish.mode == present.mode => {
                Some((Wish { mode: None, ..wish }, &MODE_REFUSED))
            }
            Some(_) => None,
        };
    }
    if is_read_only(failure) {
        return None;
    }
    if clears && wish.target.as_deref() == Some("None") && !about(ENABLED) {
        let target = present.target.clone().filter(|target| target != "None");
        return Some((Wish { target, ..wish }, &TARGET_STAYS));
    }
    if clears && about(TARGET) {
        return Some((Wish { target: None, ..wish }, &TARGET_STAYS));
    }
    if about(ENABLED) && wish.enabled == present.enabled && wish.target.is_some() {
        return Some((Wish { enabled: None, ..wish }, &EQUAL_IS_REFUSED));
    }
    if about(TARGET) && wish.target == present.target && wish.enabled.is_some() {
        return Some((Wish { target: None, ..wish }, &EQUAL_IS_REFUSED));
    }
    None
}
