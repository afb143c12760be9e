//! Quirks of Lenovo's XClarity Controller. The letters and numbers are those of the list of field quirks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Deviation,
    parts::{base, base_about, of_kind, without},
};
use crate::{
    firmware::Ruling,
    machine::{Command, Power},
    redfish::{Answer, Asked, Documents},
};

pub(super) const ROWS: &[Deviation] = &[
    // What a driver may go by where no answer tells (SR670 V2, XCC 2.83: Vendor and Manufacturer).
    Deviation::named("lenovo-by-name", "says that machine and firmware are Lenovo's, and nobody else's")
        .one_way_of("maker")
        .on_view(|view, _| Arc::make_mut(&mut view.id).manufacturer = "Lenovo".to_owned())
        .on_tree(|tree| {
            tree.merge("/redfish/v1", &json!({"Vendor": "Lenovo", "Product": null, "Oem": null}))
        }),
    // SR675 V3 OVX: ForceRestart is 204, and the host hangs (P3; libredfish lenovo.rs:133).
    Deviation::named("lenovo-restart-hangs", "accepts a reset, and the host never gets up from it")
        .on_command(|command, facts| match command {
            Command::Reset if facts.power == Power::On => Ruling::Hang(Command::Reset),
            _ => Ruling::Pass,
        }),
    // SE450 and others: the pending system has no boot override, and refuses one (B2; sushy settings-lenovo-se450.json).
    Deviation::named("lenovo-pending-refuses-boot", "has a settings resource that takes no boot override")
        .on_tree(add_pending)
        .on_answer(|asked, answer| {
            let is_pending = asked.path.trim_end_matches('/').ends_with("/Pending");
            if is_pending && asked.method == "PATCH" && asked.sends("/Boot") && answer.status >= 400 {
                let name = "BootSourceOverrideEnabled";
                let text =
                    format!("The property {name} is a read only property and cannot be assigned a value.");
                let refusal = base(400, "1.8", "PropertyNotWritable", &text, &[name]);
                *answer = base_about(&format!("#/Boot/{name}"), refusal);
            }
        }),
    // Newer firmware: the ETag that it gave does not match (E5; community.general#11270, sushy _etag_handler).
    Deviation::named("lenovo-if-match-refused", "refuses every PATCH with If-Match")
        .one_way_of("etag")
        .on_change(|asked, _| {
            let has_tag = asked.method == "PATCH" && asked.header("if-match").is_some();
            has_tag.then(|| {
                let text = "The ETag supplied did not match the ETag required to change this resource.";
                base(412, "1.14", "PreconditionFailed", text, &[])
            })
        }),
    // SD530, SR670 V2 2.83: no actions, PATCH of Image and Inserted (V1; sushy, gofish, bmclib).
    Deviation::named("lenovo-media-by-patch", "takes media by PATCH, and has no actions for them").on_tree(
        |tree| {
            tree.of_kind("VirtualMedia").for_each(|media| without(media, &["Actions"]));
        },
    ),
    // XCC 3: PasswordExpiration has no seconds (D12; nv-redfish).
    Deviation::named(
        "lenovo-expiration-without-seconds",
        "writes an account's PasswordExpiration without seconds",
    )
    .on_answer(|_, answer| {
        if let Some(account) = of_kind(answer, "ManagerAccount") {
            account["PasswordExpiration"] = json!("2027-10-26T16:49+00:00");
        }
    }),
    // Below 2.50: the collection is empty until something is mounted (V12; lenovo-xcc issue 9).
    Deviation::named("lenovo-media-unlisted", "lists no virtual media until one has an image").on_answer(
        |asked, answer| {
            note_image(asked, answer.status);
            let is_used = asked.memory.kept(IMAGE).is_some();
            if let Some(media) = of_kind(answer, "VirtualMediaCollection")
                && !is_used
            {
                media["Members"] = json!([]);
                media["Members@odata.count"] = json!(0);
            }
        },
    ),
    // Inserted is behind Image for some seconds (V13; bmclib).
    Deviation::named("lenovo-inserted-lags", "says Inserted five seconds after it shows the Image")
        .on_answer(|asked, answer| {
            note_image(asked, answer.status);
            let age = asked.memory.age(IMAGE, asked.facts.now);
            if let Some(media) = of_kind(answer, "VirtualMedia")
                && age.is_some_and(|age| age < asked.facts.second * 5)
                && media["Inserted"] == json!(true)
            {
                media["Inserted"] = json!(false);
            }
        }),
    // XCC 3: a PATCH of BIOS settings answers with a context and a type, and nothing else (S13; nv-redfish).
    Deviation::named(
        "lenovo-bare-bios-answer",
        "answers a change of BIOS settings with its context and type alone",
    )
    .on_answer(|asked, answer| {
        if asked.method == "PATCH" && asked.path.contains("/Bios") && answer.status < 300 {
            *answer = Answer::ok(json!({
                "@odata.context": "/redfish/v1/$metadata#Bios.Bios",
                "@odata.type": "#Bios.v1_2_0.Bios",
            }));
        }
    }),
];

/// Gives every system that has none a settings resource that knows the order of boot alone.
fn add_pending(tree: &mut Documents) {
    let systems = tree.iter().filter(|(_, it)| it.pointer("/Actions/#ComputerSystem.Reset").is_some());
    let without: Vec<_> = systems
        .filter(|(_, it)| it.get("@Redfish.Settings").is_none())
        .map(|(path, it)| (path.to_owned(), it["@odata.type"].clone(), it["Boot"]["BootOrder"].clone()))
        .collect();
    for (path, kind, order) in without {
        let pending = format!("{path}/Pending");
        tree.merge(
            &path,
            &json!({"@Redfish.Settings": {
                "@odata.type": "#Settings.v1_3_0.Settings",
                "SettingsObject": {"@odata.id": pending},
                "SupportedApplyTimes": ["OnReset"],
            }}),
        );
        let boot = if order.is_null() { json!({}) } else { json!({"BootOrder": order}) };
        let document = json!({
            "@odata.id": pending, "@odata.type": kind, "Id": "Pending", "Name": "Pending", "Boot": boot,
        });
        tree.add(&pending, document);
    }
}

/// When an image was inserted last.
const IMAGE: &str = "lenovo-image";

/// Remembers that an image was put into a slot, by action or by PATCH.
fn note_image(asked: &Asked<'_>, status: u16) {
    let is_media = asked.path.contains("/VirtualMedia/") && matches!(asked.method, "POST" | "PATCH");
    let image = asked.document().filter(|_| is_media && status < 300).map(|it| it["Image"].clone());
    if let Some(Value::String(image)) = image {
        asked.memory.keep(IMAGE, json!(image), asked.facts.now);
    }
}
