//! Virtual media: `VirtualMedia` of the system, or of its manager where it is older (DSP0268 VirtualMedia).

mod wish;

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use self::wish::Wish;
use super::{client::Talk, document::Document, http::Ask, quirks::MEDIA_BY_PATCH};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{Change, InsertMedia, MediaKind, MediaSlot, MediaSlotId},
};

/// Slots that are looked at.
const SLOTS: usize = 32;
/// How long an image may be on its way into its slot, and how often it is looked at meanwhile.
const LAG: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(1);
const INSERT: &str = "VirtualMedia.InsertMedia";
const EJECT: &str = "VirtualMedia.EjectMedia";

/// Every slot.
pub(super) async fn list(talk: &mut Talk<'_>) -> Result<Vec<MediaSlot>, Failure> {
    let slots = slots(talk).await?;
    Ok(slots.iter().map(|slot| told(slot, &mut talk.notes)).collect())
}

/// Inserts an image, by the action, or by a PATCH where there is none; the slot is read again.
pub(super) async fn insert(talk: &mut Talk<'_>, medium: &InsertMedia) -> Result<MediaSlot, Failure> {
    let slots = slots(talk).await?;
    let fitting = fitting(&slots, medium, &mut talk.notes)?;
    for slot in &fitting {
        let is = told(slot, &mut talk.notes);
        if is.image.as_deref() == Some(&medium.image)
            && let Some(is) = on_its_way(talk, slot, is).await?
        {
            return Ok(is);
        }
    }
    let empty = fitting.into_iter().filter(|slot| !told(slot, &mut Notes::default()).inserted);
    // A slot with an action is surer to work than one without (Cisco C845A: some slots have none).
    let (acting, silent): (Vec<_>, Vec<_>) = empty.partition(|slot| has_action(slot, INSERT));
    let slot = acting.into_iter().chain(silent).next().ok_or_else(|| {
        Failure::from(Cause::Conflict { reason: format!("no slot for a {} is empty", medium.kind) })
    })?;
    wish::carry_out(talk, slot, Wish::of(medium), medium).await?;
    let again = talk.get(&slot.path).await.map_err(Failure::after_a_change)?;
    Ok(told(&again, &mut talk.notes))
}

/// The slot once it says that its image is inserted. A Lenovo says so some seconds after it shows the image (V13); a slot
/// that does not say so by then is empty, whatever image it shows.
async fn on_its_way(
    talk: &mut Talk<'_>,
    slot: &Document,
    mut is: MediaSlot,
) -> Result<Option<MediaSlot>, Failure> {
    let patience = talk.by.or_after(LAG);
    while !is.inserted {
        if patience.left() <= PAUSE {
            return Ok(None);
        }
        sleep(PAUSE).await;
        is = told(&talk.get(&slot.path).await?, &mut talk.notes);
    }
    Ok(Some(is))
}

/// The slots that can have it: the one that is named, or all of that kind. One that does not say what it takes, may take it.
fn fitting<'s>(
    slots: &'s [Document],
    medium: &InsertMedia,
    notes: &mut Notes,
) -> Result<Vec<&'s Document>, Failure> {
    let fits = |slot: &&Document| {
        let is = told(slot, notes);
        match &medium.slot {
            Some(wanted) => is.id == *wanted,
            None => is.kinds.is_empty() || is.kinds.contains(&medium.kind),
        }
    };
    let fitting: Vec<_> = slots.iter().filter(fits).collect();
    if fitting.is_empty() {
        let what = match &medium.slot {
            Some(slot) => format!("slot {slot} for virtual media"),
            None => format!("slot for a virtual {}", medium.kind),
        };
        return Err(Cause::NotFound { what }.into());
    }
    Ok(fitting)
}

/// Ejects what is in a slot. The body is an empty object, without which an iLO refuses (V6).
pub(super) async fn eject(talk: &mut Talk<'_>, wanted: &MediaSlotId) -> Result<Change, Failure> {
    let slots = slots(talk).await?;
    let missing = || Failure::from(Cause::NotFound { what: format!("slot {wanted} for virtual media") });
    let slot = slots.iter().find(|it| told(it, &mut talk.notes).id == *wanted).ok_or_else(missing)?;
    let is = told(slot, &mut talk.notes);
    // An image without Inserted is on its way in (Lenovo, V13).
    if !is.inserted && is.image.is_none() {
        return Ok(Change::AlreadySo);
    }
    if has_action(slot, EJECT) {
        let eject = talk.action(slot, EJECT).await?;
        talk.change(&Ask::post(talk.local(&eject.target)?, &json!({}))).await?;
    } else {
        talk.notes.quirk(&MEDIA_BY_PATCH);
        talk.patch(slot, &json!({"Image": null, "Inserted": false})).await?;
    }
    Ok(Change::Changed)
}

fn has_action(slot: &Document, name: &str) -> bool {
    slot.view().object("Actions", &mut Notes::default()).has(&format!("#{name}"))
}

async fn slots(talk: &mut Talk<'_>) -> Result<Vec<Document>, Failure> {
    let system = talk.system().await?;
    let collection = match system.view().link("VirtualMedia", &mut talk.notes) {
        Some(link) => Some(link),
        None => talk.manager(&system).await?.view().link("VirtualMedia", &mut talk.notes),
    };
    let missing = || Failure::from(Cause::NotFound { what: "virtual media".to_owned() });
    let mut members = talk.every_member(&collection.ok_or_else(missing)?).await?;
    members.truncate(SLOTS);
    let mut slots = Vec::with_capacity(members.len());
    for member in members {
        slots.push(talk.get(&member).await?);
    }
    Ok(slots)
}

fn told(slot: &Document, notes: &mut Notes) -> MediaSlot {
    let view = slot.view();
    let id = view.text("Id", notes).unwrap_or_else(|| {
        let path = slot.path.trim_end_matches('/');
        path.rsplit('/').next().unwrap_or(path).to_owned()
    });
    let image = view.text("Image", notes);
    let inserted = view.flag("Inserted", notes).unwrap_or_else(|| {
        notes.forgive(Deviation::Missing { property: "Inserted".to_owned() });
        image.is_some()
    });
    let kinds = view.words("MediaTypes", notes).unwrap_or_default();
    MediaSlot {
        id: MediaSlotId(id),
        kinds: kinds.iter().filter_map(|word| kind(word)).collect(),
        inserted,
        image,
        write_protected: view.flag("WriteProtected", notes),
    }
}

fn kind(word: &str) -> Option<MediaKind> {
    match word {
        "CD" => Some(MediaKind::Cd),
        "DVD" => Some(MediaKind::Dvd),
        "USBStick" => Some(MediaKind::UsbStick),
        "Floppy" => Some(MediaKind::Floppy),
        _ => None,
    }
}

/// Why this cannot be inserted, if it cannot.
pub(super) fn check(medium: &InsertMedia) -> Result<(), String> {
    let Some((scheme, rest)) = medium.image.split_once("://") else {
        return Err("the image has no scheme: expected a URI such as https://images/rescue.iso".to_owned());
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if scheme.is_empty()
        || authority.is_empty()
        || medium.image.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err("the image is no URI: expected one such as https://images/rescue.iso".to_owned());
    }
    if authority.contains('@') {
        return Err(
            "the image has a user in its URI, which everybody can read: give user and password apart"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_uri_without_a_secret_in_it() {
        let medium = |image: &str| InsertMedia {
            slot: None,
            kind: MediaKind::Cd,
            image: image.to_owned(),
            user: None,
            password: None,
        };
        assert!(check(&medium("https://images/rescue.iso")).is_ok());
        for image in ["", "rescue.iso", "https:///x", "https://a b/x", "https://u:secret@images/x.iso"] {
            let reason = check(&medium(image)).unwrap_err();
            assert!(!reason.contains("secret"), "{reason}");
        }
    }
}
