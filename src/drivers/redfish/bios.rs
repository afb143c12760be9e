//! The host's firmware: `Bios` of the system, its settings resource (DSP0266 §9.10), and `SecureBoot`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{client::Talk, document::Document, quirks::APPLY_TIME_REFUSED, refusal::says};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{Bios, BiosAttribute, BiosChanges, BiosValue, Change, SecureBoot},
};

const ATTRIBUTES: &str = "Attributes";
const SETTINGS: &str = "@Redfish.Settings";
const APPLY_TIME: &str = "@Redfish.SettingsApplyTime";

/// The attributes, with what is pending of them, and secure boot.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Bios, Failure> {
    let system = talk.system().await?;
    let bios = resource(talk, &system).await?;
    let settings = settings(talk, &bios).await?;
    let later = settings.as_ref().map(|it| values(it, &mut talk.notes)).unwrap_or_default();
    let pending = |name: &str, now: &Option<BiosValue>| {
        let later = later.get(name)?.clone();
        later.filter(|later| now.as_ref() != Some(later))
    };
    let now = values(&bios, &mut talk.notes);
    let attributes =
        now.into_iter().map(|(name, value)| BiosAttribute { pending: pending(&name, &value), name, value });
    Ok(Bios { attributes: attributes.collect(), secure_boot: secure_boot(talk, &system).await? })
}

/// Writes what is neither so nor pending, in one PATCH of the settings: refused, it has changed nothing.
pub(super) async fn set(talk: &mut Talk<'_>, to: &BiosChanges) -> Result<Change, Failure> {
    let system = talk.system().await?;
    let bios = resource(talk, &system).await?;
    let settings = settings(talk, &bios).await?;
    let mut will_be = values(&bios, &mut talk.notes);
    if let Some(settings) = &settings {
        will_be.extend(values(settings, &mut talk.notes));
    }
    let is_so = |name: &str, value: &BiosValue| matches!(will_be.get(name), Some(Some(is)) if is == value);
    let wanted: BTreeMap<_, _> = to.iter().filter(|(name, value)| !is_so(name, value)).collect();
    if wanted.is_empty() {
        return Ok(Change::AlreadySo);
    }
    let home = settings.as_ref().unwrap_or(&bios);
    let mut body = json!({ ATTRIBUTES: wanted });
    let mut is_told = false;
    if takes_apply_time(&bios, home) {
        body[APPLY_TIME] = json!({"ApplyTime": "OnReset"});
        is_told = true;
    }
    match talk.patch(home, &body).await {
        Err(failure) if is_told && says(&failure, &["SettingsApplyTime"]) => {
            talk.notes.quirk(&APPLY_TIME_REFUSED);
            body.as_object_mut().into_iter().for_each(|it| drop(it.remove(APPLY_TIME)));
            talk.patch(home, &body).await?;
            is_told = false;
        }
        outcome => outcome?,
    }
    if !is_told {
        talk.apply(home).await?;
    }
    Ok(Change::Changed)
}

/// Whether it says that it can be told when settings apply (DSP0266 §9.10.2). An iDRAC forgets what does not say it.
fn takes_apply_time(bios: &Document, settings: &Document) -> bool {
    let mut notes = Notes::default();
    let object = bios.view().object(SETTINGS, &mut notes);
    let supported = object.words("SupportedApplyTimes", &mut notes).unwrap_or_default();
    supported.iter().any(|word| word == "OnReset") || settings.view().has(APPLY_TIME)
}

/// The firmware's resource, where it has attributes: OpenBMC has one that can be reset and nothing else.
async fn resource(talk: &mut Talk<'_>, system: &Document) -> Result<Document, Failure> {
    let missing = || Failure::from(Cause::NotFound { what: "settings of the host's firmware".to_owned() });
    let link = system.view().link("Bios", &mut talk.notes).ok_or_else(missing)?;
    let bios = talk.get(&link).await?;
    if bios.view().has(ATTRIBUTES) { Ok(bios) } else { Err(missing()) }
}

/// The resource that takes settings; where there is none, the firmware's own takes them.
async fn settings(talk: &mut Talk<'_>, bios: &Document) -> Result<Option<Document>, Failure> {
    let object = bios.view().object(SETTINGS, &mut talk.notes);
    match object.link("SettingsObject", &mut talk.notes) {
        Some(link) => talk.get(&link).await.map(Some),
        None => Ok(None),
    }
}

/// Attributes by name; one that is not told, such as a password, has no value.
fn values(of: &Document, notes: &mut Notes) -> BTreeMap<String, Option<BiosValue>> {
    let attributes = of.view().object(ATTRIBUTES, notes);
    attributes.values().map(|(name, value)| (name.to_owned(), understood(name, value, notes))).collect()
}

fn understood(name: &str, value: Value, notes: &mut Notes) -> Option<BiosValue> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(BiosValue::Flag(flag)),
        Value::String(text) => Some(BiosValue::Text(text)),
        Value::Number(number) => {
            Some(number.as_i64().map_or_else(|| BiosValue::Text(number.to_string()), BiosValue::Number))
        }
        Value::Array(_) | Value::Object(_) => {
            notes.forgive(Deviation::WrongType { property: name.to_owned(), expected: "a single value" });
            None
        }
    }
}

/// DSP0268 SecureBoot; the answer can do without it.
async fn secure_boot(talk: &mut Talk<'_>, system: &Document) -> Result<Option<SecureBoot>, Failure> {
    let Some(link) = system.view().link("SecureBoot", &mut talk.notes) else { return Ok(None) };
    let Some(document) = talk.aside(&link).await? else { return Ok(None) };
    let view = document.view();
    let active = match view.text("SecureBootCurrentBoot", &mut talk.notes).as_deref() {
        Some("Enabled") => Some(true),
        Some("Disabled") => Some(false),
        _ => None,
    };
    Ok(Some(SecureBoot { enabled: view.flag("SecureBootEnable", &mut talk.notes), active }))
}
