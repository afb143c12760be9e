//! Quirks of HPE's iLO 4, 5 and 6. The letters and numbers in the evidence are those of the list of field quirks; an iLO says
//! ids and arguments, and leaves the text to whoever has its registry.

use serde_json::{Value, json};

use super::{
    Deviation,
    vendor::{is_of, is_system, vendor_error},
};
use crate::{
    firmware::{Facts, Ruling},
    machine::{
        Command::{Cycle, PowerOff, PowerOn, Reset, SetOverride, Shutdown},
        Host, Power, Refusal,
    },
    redfish::{Answer, Asked, Documents, KeepAlive},
};

pub(super) const ROWS: &[Deviation] = &[
    // P1: iLO 4, 5 and 6; sushy, connector.py; goldyfruit/ansible-ilo#1.
    Deviation::named("ilo-off-when-off", "refuses a power off of a host that is off, in iLO's words")
        .on_command(|command, facts| match command {
            PowerOff if facts.power == Power::Off => Ruling::Refuse(Refusal::Conflict),
            _ => Ruling::Pass,
        })
        .on_answer(|asked, answer| {
            if answer.status == 409 && asked.facts.power == Power::Off && resets(asked, "ForceOff") {
                *answer = wrong_state("Power is off");
            }
        }),
    // P1: the same while it is not ready after a reset; ironic, power.py.
    Deviation::named(
        "ilo-not-ready-after-reset",
        "refuses power actions for 5 s after the host has begun to boot",
    )
    .on_command(|command, facts| match command {
        PowerOn | PowerOff | Shutdown | Cycle | Reset if just_reset(facts) => Ruling::Refuse(Refusal::Busy),
        _ => Ruling::Pass,
    })
    .on_answer(|asked, answer| {
        if answer.status == 409 && is_reset(asked) && just_reset(&asked.facts) {
            *answer = wrong_state("System is not ready");
        }
    }),
    // P1: iLO 4 2.x spells the key MessageID; goldyfruit/ansible-ilo#1.
    Deviation::named("ilo4-message-id", "calls the id of a message MessageID").on_answer(|_, answer| {
        let said = answer.document().and_then(|it| it.pointer_mut("/error/@Message.ExtendedInfo"));
        for message in said.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(message) = message
                && let Some(id) = message.shift_remove("MessageId")
            {
                message.insert("MessageID".to_owned(), id);
            }
        }
    }),
    // P8: gofish, manager.go.
    Deviation::named("ilo-manager-reset-without-type", "resets itself only where no ResetType is given")
        .on_tree(manager_reset_without_type)
        .on_change(|asked, body| {
            let has_type = asked.path.ends_with("/Manager.Reset") && body.contains_key("ResetType");
            has_type
                .then(|| ilo(400, "Base.1.4.ActionParameterNotSupported", &["ResetType", "Manager.Reset"]))
        }),
    // B7: Gen10 (DL160); bmclib, boot_device.go; community.general#3509.
    Deviation::named("ilo-boot-mode-refused", "shows the mode of an override, and refuses to be told one")
        .one_way_of("maker")
        .on_change(|asked, _| refuses_mode(asked)),
    // B7: Gen9.
    Deviation::named("ilo4-no-boot-mode", "knows no mode of an override")
        .one_way_of("maker")
        .on_tree(|tree| {
            for system in tree.of_kind("ComputerSystem") {
                if let Some(Value::Object(boot)) = system.get_mut("Boot") {
                    boot.retain(|name, _| !name.starts_with("BootSourceOverrideMode"));
                }
            }
        })
        .on_change(|asked, _| refuses_mode(asked)),
    // B8: iLO 5 2.37 and iLO 6; ironcore-dev/metal-operator#997.
    Deviation::named(
        "ilo-not-during-post",
        "refuses a boot override while the host is in POST, in iLO's words",
    )
    .on_command(|command, facts| match command {
        SetOverride(_) if facts.host == Host::Post => Ruling::Refuse(Refusal::NotDuringPost),
        _ => Ruling::Pass,
    })
    .on_answer(|asked, answer| {
        if answer.status == 400 && asked.facts.host == Host::Post && asked.sends("/Boot") {
            let property = ["BootSourceOverrideTarget"];
            *answer = ilo(400, "iLO.2.37.UnableToModifyDuringSystemPOST", &property);
        }
    }),
    // B9: ironcore-dev/metal-operator#998.
    Deviation::named("ilo-clear-keeps-target", "refuses to disable an override and take its target at once")
        .on_change(|asked, body| {
            let boot = body.get("Boot")?;
            let clears =
                boot["BootSourceOverrideTarget"] == "None" && boot["BootSourceOverrideEnabled"] == "Disabled";
            let is_boot = asked.method == "PATCH" && is_system(asked.path);
            let args = ["None", "BootSourceOverrideTarget"];
            (clears && is_boot).then(|| ilo(400, "Base.1.4.PropertyValueNotInList", &args))
        }),
    // B20: three recorded trees, DL380a Gen11 with iLO 6 1.66 among them.
    Deviation::named("ilo-bios-in-lower-case", "has its BIOS at a path in lower case")
        .on_tree(bios_in_lower_case),
    // V6: sushy, virtual_media.py.
    Deviation::named("ilo-eject-needs-body", "refuses VirtualMedia.EjectMedia without a body; {} will do")
        .on_change(|asked, _| {
            let is_bare = asked.path.ends_with("/VirtualMedia.EjectMedia") && asked.body.is_empty();
            is_bare.then(|| ilo(415, "iLO.2.14.UnsupportedMediaType", &[]))
        }),
    // E4: iLO 5 and 6; nv-redfish.
    Deviation::named("ilo-any-etag-refused", "refuses If-Match: *").one_way_of("etag").on_change(
        |asked, _| {
            let is_any = asked.header("If-Match") == Some("*");
            is_any.then(|| ilo(412, "Base.1.4.PreconditionFailed", &[]))
        },
    ),
    // E4: iLO 5 and 6; nv-redfish.
    Deviation::named("ilo-members-without-etag", "gives members that it expands without their ETag")
        .on_answer(|_, answer| {
            let members = answer.document().and_then(|it| it.get_mut("Members")?.as_array_mut());
            for member in members.into_iter().flatten().filter_map(Value::as_object_mut) {
                member.shift_remove("@odata.etag");
            }
        }),
    // DL380a, iLO 6 1.66 (recorded).
    Deviation::named(
        "ilo-power-button",
        "has an action for the button at the front, in its own section of Oem",
    )
    .on_tree(power_button),
    Deviation::named(
        "ilo-power-button-dead",
        "accepts a press of its button at the front, and nothing happens",
    )
    .on_tree(power_button)
    .on_change(|asked, body| {
        let is_known =
            ["Press", "PressAndHold"].iter().any(|kind| body.get("PushType") == Some(&json!(kind)));
        let is_press = asked.path.ends_with("/HpeComputerSystemExt.PowerButton") && is_known;
        is_press.then(Answer::no_content)
    }),
    // S4: libredfish, network.rs; sushy, connector.py.
    Deviation::named("ilo-idle-connection-reset", "resets a connection that is used again after 5 s")
        .on_policy(|policy| policy.keep_alive = KeepAlive::Seconds(5)),
    // S5: Gen10 and later; sushy, connector.py.
    Deviation::named("ilo-identity-refused", "refuses to give registries without compression")
        .on_tree(registries)
        .on_answer(|asked, answer| {
            let is_registry = asked.method == "GET" && asked.path.starts_with("/redfish/v1/Registries");
            if is_registry && answer.status == 200 && asked.header("Accept-Encoding") == Some("identity") {
                *answer = ilo(406, "iLO.2.14.UnsupportedMediaType", &[]);
            }
        }),
    // S12: nv-redfish, replies.rs; goldyfruit/ansible-ilo#1.
    Deviation::named("ilo-success-as-error", "answers a change with 200 and an error that says success")
        .on_answer(|asked, answer| {
            let is_change = matches!(asked.method, "POST" | "PATCH" | "DELETE");
            // An action that was asked something tells it.
            let tells =
                |name: &String| asked.path.contains("/Actions/") && !name.contains('@') && name != "error";
            let is_told =
                answer.document().is_some_and(|it| it.as_object().is_some_and(|it| it.keys().any(tells)));
            if is_change && !is_told && matches!(answer.status, 200 | 204) {
                *answer = said("Base.1.4.Success");
            }
        }),
    // S12: what waits for the next boot; nv-redfish, replies.rs.
    Deviation::named(
        "ilo-reset-required",
        "answers a change of Secure Boot or of the BIOS with an error that asks for a reset",
    )
    .on_answer(|asked, answer| {
        let is_next =
            asked.path.ends_with("/SecureBoot") || asked.path.to_ascii_lowercase().contains("/bios");
        let waits = asked.method == "PATCH" && is_next;
        if waits && matches!(answer.status, 200 | 204) {
            *answer = said("iLO.2.15.SystemResetRequired");
        }
    }),
    // D11: nv-redfish.
    Deviation::named("ilo-accounts-without-types", "gives accounts without AccountTypes").on_answer(
        |_, answer| {
            if let Some(Value::Object(document)) = answer.document()
                && is_of(document, &["ManagerAccount"])
            {
                document.shift_remove("AccountTypes");
            }
        },
    ),
    // D11: ironic.
    Deviation::named("ilo-drives-without-state", "gives the health of a drive without its state").on_tree(
        |tree| {
            for drive in tree.of_kind("Drive") {
                drive["Status"].as_object_mut().into_iter().for_each(|status| {
                    status.shift_remove("State");
                });
            }
        },
    ),
    // DL380a Gen11, iLO 6 1.66 (recorded): HTTPBasicAuth is Unadvertised.
    Deviation::named("ilo-basic-unadvertised", "takes HTTP Basic, and does not say so with 401")
        .on_tree(|tree| {
            tree.of_kind("AccountService").for_each(|it| it["HTTPBasicAuth"] = json!("Unadvertised"));
        })
        .on_answer(|_, answer| answer.headers.retain(|(name, _)| *name != "WWW-Authenticate")),
    // DL380a Gen11, iLO 6 1.66 (recorded): addresses and UUIDs in upper case.
    Deviation::named("ilo-mac-upper-case", "writes MAC addresses in upper case").on_answer(|_, answer| {
        for name in ["MACAddress", "PermanentMACAddress"] {
            if let Some(Value::String(mac)) = answer.document().and_then(|it| it.get_mut(name)) {
                mac.make_ascii_uppercase();
            }
        }
    }),
    // DL380a Gen11, iLO 6 1.66 (recorded): Image is "" where nothing is inserted.
    Deviation::named(
        "ilo-no-image-is-empty",
        "says of a slot without an image that the image is an empty text",
    )
    .on_answer(|_, answer| {
        if let Some(Value::Object(document)) = answer.document()
            && is_of(document, &["VirtualMedia"])
            && document.get("Image").is_some_and(Value::is_null)
        {
            document.insert("Image".to_owned(), json!(""));
        }
    }),
];

const REGISTRIES: &str = "/redfish/v1/Registries";

/// A service has registries; a recorded tree may leave them out.
fn registries(tree: &mut Documents) {
    if tree.at(REGISTRIES).is_some() {
        return;
    }
    let base = format!("{REGISTRIES}/Base");
    let location =
        json!([{"Language": "en", "PublicationUri": "https://redfish.dmtf.org/registries/Base.1.19.0.json"}]);
    let kind = "#MessageRegistryFileCollection.MessageRegistryFileCollection";
    let members = json!([{"@odata.id": base}]);
    let all = json!({"@odata.id": REGISTRIES, "@odata.type": kind, "Name": "Registries", "Members@odata.count": 1, "Members": members});
    tree.add(REGISTRIES, all);
    tree.add(
        &base,
        json!({
            "@odata.id": base, "@odata.type": "#MessageRegistryFile.v1_1_5.MessageRegistryFile", "Id": "Base",
            "Name": "Base Message Registry File", "Registry": "Base.1.19", "Languages": ["en"], "Location": location,
        }),
    );
    tree.merge("/redfish/v1", &json!({"Registries": {"@odata.id": REGISTRIES}}));
}

/// An error in iLO's shape.
fn ilo(status: u16, id: &str, args: &[&str]) -> Answer {
    vendor_error(status, "iLO.0.10.ExtendedInfo", id, args)
}

fn wrong_state(why: &str) -> Answer {
    ilo(400, "iLO.2.14.InvalidOperationForSystemState", &[why])
}

/// 200 and one message without arguments.
fn said(id: &str) -> Answer {
    super::vendor::vendor_says(
        200,
        "iLO.0.10.ExtendedInfo",
        "See @Message.ExtendedInfo for more information.",
        vec![json!({"MessageId": id})],
    )
}

fn is_reset(asked: &Asked<'_>) -> bool {
    asked.method == "POST" && asked.path.ends_with("/ComputerSystem.Reset")
}

fn resets(asked: &Asked<'_>, kind: &str) -> bool {
    is_reset(asked) && asked.document().is_some_and(|it| it["ResetType"] == kind)
}

fn just_reset(facts: &Facts) -> bool {
    facts.restarts > 0 && facts.now.saturating_sub(facts.last_reset) < facts.second * 5
}

fn refuses_mode(asked: &Asked<'_>) -> Option<Answer> {
    let sets_mode = asked.method == "PATCH" && asked.sends("/Boot/BootSourceOverrideMode");
    sets_mode.then(|| ilo(400, "iLO.2.8.PropertyNotWritableOrUnknown", &["BootSourceOverrideMode"]))
}

fn power_button(tree: &mut Documents) {
    let name = "HpeComputerSystemExt.PowerButton";
    for system in tree.of_kind("ComputerSystem") {
        let path = system["@odata.id"].as_str().unwrap_or_default();
        let target = format!("{}/Actions/Oem/Hpe/{name}", path.trim_end_matches('/'));
        let action = json!({"target": target, "PushType@Redfish.AllowableValues": ["Press", "PressAndHold"]});
        system["Oem"]["Hpe"]["Actions"][format!("#{name}")] = action;
    }
}

fn manager_reset_without_type(tree: &mut Documents) {
    for manager in tree.of_kind("Manager") {
        let reset = manager.pointer_mut("/Actions/#Manager.Reset").and_then(Value::as_object_mut);
        reset.into_iter().for_each(|reset| reset.retain(|name, _| name == "target"));
    }
}

fn bios_in_lower_case(tree: &mut Documents) {
    let found = |tree: &Documents, end: &str| {
        let paths = tree.iter().map(|(path, _)| path.to_owned());
        paths.filter(|path| path.ends_with(end)).collect::<Vec<_>>()
    };
    for end in ["/Bios", "/bios/Settings"] {
        for path in found(tree, end) {
            tree.rename(&path, &path.to_ascii_lowercase());
        }
    }
}
