//! Quirks of Supermicro's BMCs. The letters and numbers are those of the list of field quirks.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Deviation,
    parts::{base, base_about, calls, each_object, made_by, of_kind, sets_boot, slot, tell_mode, without},
    vendor::{vendor_message, vendor_says},
};
use crate::redfish::{Answer, Asked};

const TARGET: &str = "BootSourceOverrideTarget";
const ENABLED: &str = "BootSourceOverrideEnabled";
const MODE: &str = "BootSourceOverrideMode";

pub(super) const ROWS: &[Deviation] = &[
    // What a driver may go by where no answer tells (SYS-821GE, X12: Manufacturer, UsbCd beside Cd).
    Deviation::named("smc-by-name", "says that Supermicro made it, and offers UsbCd beside Cd")
        .one_way_of("maker")
        .on_view(|view, _| Arc::make_mut(&mut view.id).manufacturer = "Supermicro".to_owned())
        .on_tree(|tree| {
            for system in tree.of_kind("ComputerSystem") {
                // A recorded tree may leave it out, and then nothing follows the machine's.
                if system["Manufacturer"].as_str().is_none_or(str::is_empty) {
                    system["Manufacturer"] = json!("Supermicro");
                }
                let Some(Value::Object(boot)) = system.get_mut("Boot") else { continue };
                let targets = boot
                    .entry("BootSourceOverrideTarget@Redfish.AllowableValues")
                    .or_insert_with(|| json!(["None", "Pxe", "Cd", "Hdd"]));
                if let Value::Array(targets) = targets
                    && targets.iter().any(|it| it == "Cd")
                    && targets.iter().all(|it| it != "UsbCd")
                {
                    targets.push(json!("UsbCd"));
                }
            }
        })
        .on_ipmi_answer(|heard, reply| made_by(10_876, heard, reply)),
    // SYS-510T, Redfish 1.14.0: a comma is missing in the firmware (P6; bmclib fixtures).
    Deviation::named("smc-glued-reset-types", "lists two reset types as one, and takes both").on_answer(
        |_, answer| {
            answer.document().into_iter().for_each(|document| each_object(document, &mut glue));
        },
    ),
    // X11, X12: virtual media boot as UsbCd only, although Cd is listed too (B4; sushy system.py:379).
    Deviation::named("smc-cd-boots-nothing", "boots a CD as UsbCd only; Cd is stored and boots the disk")
        .one_way_of("maker")
        .on_change(|asked, body| {
            if sets_boot(asked) {
                call_cd(asked, body);
            }
            None
        })
        .on_answer(|asked, answer| {
            if let Some(system) = of_kind(answer, "ComputerSystem")
                && let Some(word) = asked.memory.kept(CALLED)
                && matches!(system["Boot"][TARGET].as_str(), Some("Cd" | "Hdd"))
            {
                system["Boot"][TARGET] = word;
            }
        }),
    // X10 to X12: an override without a mode makes it Legacy (B5; Redfishtool#106, community.general#11542).
    Deviation::named("smc-mode-falls-to-legacy", "makes an override Legacy that does not say its mode")
        .one_way_of("maker")
        .on_tree(tell_mode)
        .on_change(|asked, body| {
            if let Some(boot) = boot(asked, body)
                && boot.get(TARGET).is_some_and(|target| target != "None")
                && !boot.contains_key(MODE)
            {
                boot.insert(MODE.to_owned(), json!("Legacy"));
            }
            None
        }),
    // The same, in the firmwares that say so (B5; ironic management.py:168).
    Deviation::named("smc-mode-demanded", "refuses an override that does not say its mode")
        .on_change(|asked, body| demanded(asked, body, MODE))
        .on_tree(tell_mode),
    Deviation::named("smc-enabled-demanded", "refuses an override that does not say whether it is enabled")
        .on_change(|asked, body| demanded(asked, body, ENABLED)),
    // X11, X12: Bios/SD has no Attributes while nothing is pending (B16; libredfish supermicro.rs:404).
    Deviation::named(
        "smc-pending-without-attributes",
        "has no Attributes in its BIOS settings while none are pending",
    )
    .on_answer(|asked, answer| {
        if asked.method == "PATCH" && asked.sends("/Attributes") && answer.status < 300 {
            asked.memory.keep(PENDING, json!(asked.facts.restarts), asked.facts.now);
        }
        let is_pending = asked.memory.kept(PENDING) == Some(json!(asked.facts.restarts));
        if let Some(bios) = of_kind(answer, "Bios")
            && bios.get("@Redfish.Settings").is_none()
            && !is_pending
        {
            without(bios, &["Attributes"]);
        }
    }),
    // Without an OOB licence: 403 OemLicenseNotPassed (B19; ironic management.py:1629).
    Deviation::named("smc-license-needed", "shows Secure Boot, firmware and storage with a licence only")
        .on_answer(|asked, answer| {
            let is_sold = ["/SecureBoot", "/FirmwareInventory", "/Storage"];
            if answer.status == 200 && is_sold.iter().any(|it| asked.path.trim_end_matches('/').ends_with(it))
            {
                let id = "SMC.1.0.OemLicenseNotPassed";
                let text = "Not licensed to perform this request. The following licenses DCMS were needed";
                *answer = vendor_says(403, id, text, vec![vendor_message(id, text, &["DCMS"], "Warning")]);
            }
        }),
    // X11, X12: InsertMedia takes Image and credentials, nothing else (V2; community.general#4839, gofish#212).
    Deviation::named("smc-media-takes-image-only", "refuses Inserted and WriteProtected of an image")
        .on_change(|asked, body| {
            let strange = ["Inserted", "WriteProtected"].into_iter().find(|it| body.contains_key(*it))?;
            calls(asked, "VirtualMedia.InsertMedia").then(|| {
                let text = format!(
                    "The property {strange} is not in the list of valid properties for the resource."
                );
                base_about(&format!("#/{strange}"), base(400, "1.4", "PropertyUnknown", &text, &[strange]))
            })
        }),
    // X11, X12: what is empty cannot be ejected (V11; sushy LP2114737).
    Deviation::named("smc-eject-when-empty-fails", "refuses to eject what is not inserted")
        .on_change(|asked, _| {
            let is_empty = !inserted(asked).contains_key(slot(asked.path));
            (calls(asked, "VirtualMedia.EjectMedia") && is_empty).then(|| {
                let text =
                    "The request failed due to an internal service error.  The service is still operational.";
                base(500, "1.4", "InternalError", text, &[])
            })
        })
        .on_answer(|asked, answer| note_media(asked, answer.status)),
    // Staged changes: 202, and nothing that says where to look (S10; nv-redfish AcceptedUpdate).
    Deviation::named("accepted-without-task", "answers every change with 202, no Location and no body")
        .on_answer(|asked, answer| {
            let changes = matches!(asked.method, "POST" | "PATCH") && !asked.is_login();
            if changes && answer.status < 300 {
                *answer = Answer::no_content().with_status(202);
            }
        }),
    // X11, X12: the name of an image stays when it is ejected (V11; community.general#7470).
    Deviation::named("smc-image-name-stays", "shows the name of an image that was ejected").on_answer(
        |asked, answer| {
            if calls(asked, "VirtualMedia.InsertMedia") && answer.status < 300 {
                let image = asked.document().and_then(|it| it["Image"].as_str().map(str::to_owned));
                let name = image.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
                asked.memory.keep(NAME, json!([slot(asked.path), name]), asked.facts.now);
            }
            let last = asked.memory.kept(NAME);
            if let Some(media) = of_kind(answer, "VirtualMedia")
                && media["ImageName"].is_null()
                && let Some(last) = last.filter(|last| last[0] == asked.path.trim_end_matches('/'))
            {
                media["ImageName"] = last[1].clone();
            }
        },
    ),
];

/// The word that the target was last called by.
const CALLED: &str = "smc-boot-target";
/// The restart before which BIOS settings became pending.
const PENDING: &str = "smc-bios-pending";
/// The slots that have an image.
const INSERTED: &str = "smc-inserted";

fn boot<'b>(asked: &Asked<'_>, body: &'b mut Map<String, Value>) -> Option<&'b mut Map<String, Value>> {
    if sets_boot(asked) { body.get_mut("Boot")?.as_object_mut() } else { None }
}

/// A CD that is not called UsbCd is not found by the boot, which goes on to the disk.
fn call_cd(asked: &Asked<'_>, body: &mut Map<String, Value>) {
    let Some(target) = boot(asked, body).and_then(|boot| boot.get_mut(TARGET)) else { return };
    match target.as_str() {
        Some("Cd") => *target = json!("Hdd"),
        Some("UsbCd") => {
            asked.memory.keep(CALLED, json!("UsbCd"), asked.facts.now);
            return;
        }
        _ => {
            asked.memory.forget(CALLED);
            return;
        }
    }
    asked.memory.keep(CALLED, json!("Cd"), asked.facts.now);
}

fn demanded(asked: &Asked<'_>, body: &mut Map<String, Value>, property: &str) -> Option<Answer> {
    let is_missing = !boot(asked, body)?.contains_key(property);
    let text = format!("The property {property} is a required property and must be included in the request.");
    let refusal = base(400, "1.10", "PropertyMissing", &text, &[property]);
    is_missing.then(|| base_about(&format!("#/Boot/{property}"), refusal))
}

fn glue(members: &mut Map<String, Value>) {
    let (one, other) = ("GracefulShutdown", "GracefulRestart");
    for (_, values) in members.iter_mut().filter(|(name, _)| name.ends_with("AllowableValues")) {
        if let Value::Array(words) = values
            && let Some(place) = words.windows(2).position(|two| two[0] == one && two[1] == other)
        {
            words.splice(place..place + 2, [json!(format!("{one}{other}"))]);
        }
    }
}

fn inserted(asked: &Asked<'_>) -> Map<String, Value> {
    asked.memory.kept(INSERTED).and_then(|it| it.as_object().cloned()).unwrap_or_default()
}

fn note_media(asked: &Asked<'_>, status: u16) {
    let mut slots = inserted(asked);
    let writes = asked.method == "PATCH" && asked.document().is_some_and(|it| it["Image"].is_string());
    if status < 300 && (writes || calls(asked, "VirtualMedia.InsertMedia")) {
        slots.insert(slot(asked.path).to_owned(), Value::Null);
    } else if status < 300 && calls(asked, "VirtualMedia.EjectMedia") {
        slots.remove(slot(asked.path));
    } else {
        return;
    }
    asked.memory.keep(INSERTED, Value::Object(slots), asked.facts.now);
}

/// The slot and the name of the image that was inserted last.
const NAME: &str = "smc-image-name";
