//! Quirks of BMCs that work: what a good driver survives. The evidence is in the field, machine by machine.

use serde_json::{Value, json};

use super::{Deviation, vendor::vendor_message};
use crate::{
    firmware::Ruling,
    machine::{
        Command::{PowerOff, PowerOn, SetOverride},
        Host, Power, Refusal,
    },
    redfish::{Documents, Etag, Kept, Paging, Success, kind_of},
};

const SUCCESS: &str = "The request completed successfully.";

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("no-power-cycle", "does not offer PowerCycle, and refuses it")
        .on_tree(|tree| disallow(tree, "ComputerSystem.Reset", "ResetType", "PowerCycle")),
    Deviation::named("on-when-on-conflict", "refuses a power on of a host that is on").on_command(
        |command, facts| match command {
            PowerOn if facts.power == Power::On => Ruling::Refuse(Refusal::Conflict),
            _ => Ruling::Pass,
        },
    ),
    // HPE iLO 4/5/6: InvalidOperationForSystemState, "Power is off".
    Deviation::named("off-when-off-conflict", "refuses a power off of a host that is off").on_command(
        |command, facts| match command {
            PowerOff if facts.power == Power::Off => Ruling::Refuse(Refusal::Conflict),
            _ => Ruling::Pass,
        },
    ),
    // Dell iDRAC10 (17G): 409 ActionParameterValueConflict within seconds of a power off.
    Deviation::named("busy-after-off", "refuses a power on within 10 s of a power off").on_command(
        |command, facts| {
            let since_off = facts.off_since.map(|since| facts.now.saturating_sub(since));
            match command {
                PowerOn if since_off.is_some_and(|it| it < facts.second * 10) => {
                    Ruling::Refuse(Refusal::Busy)
                }
                _ => Ruling::Pass,
            }
        },
    ),
    // HPE iLO 5/6: 400 UnableToModifyDuringSystemPOST.
    Deviation::named("not-ready-after-post", "refuses a boot override while the host is in POST").on_command(
        |command, facts| match command {
            SetOverride(_) if facts.host == Host::Post => Ruling::Refuse(Refusal::NotDuringPost),
            _ => Ruling::Pass,
        },
    ),
    // Lenovo XCC: AllowableValues ["Once", "Disabled"].
    Deviation::named("continuous-refused", "knows no lasting override").on_tree(|tree| {
        let words = "BootSourceOverrideEnabled@Redfish.AllowableValues";
        for system in tree.of_kind("ComputerSystem") {
            // Many do not say which they know; who knows fewer than all has to.
            if let Some(Value::Object(boot)) = system.get_mut("Boot") {
                boot.entry(words).or_insert_with(|| json!(["Once", "Disabled"]));
            }
            drop_word(system, &format!("/Boot/{words}"), "Continuous");
        }
    }),
    Deviation::named("location-indicator-only", "shows the light as LocationIndicatorActive only").on_tree(
        |tree| {
            instead(tree, "IndicatorLED", "LocationIndicatorActive", &json!(false));
        },
    ),
    Deviation::named("indicator-led-only", "shows the light as IndicatorLED only").on_tree(|tree| {
        instead(tree, "LocationIndicatorActive", "IndicatorLED", &json!("Off"));
    }),
    Deviation::named("no-indicator", "shows no light")
        .on_tree(|tree| hide(tree, &["IndicatorLED", "LocationIndicatorActive"])),
    // DSP0268: ComputerSystem v1_13_0, Chassis v1_14_0 and v1_15_0, Manager v1_10_0.
    Deviation::named(
        "nothing-deprecated",
        "has no Power, Thermal, IndicatorLED, nor a manager's VirtualMedia, but what has replaced them alone",
    )
    .on_tree(|tree| {
        hide(tree, &["IndicatorLED"]);
        tree.of_kind("Manager").for_each(|it| without(it, &["VirtualMedia"]));
        let old = tree.iter().filter(|(_, document)| matches!(kind_of(document), "Power" | "Thermal"));
        let old: Vec<_> = old.map(|(path, _)| path.to_owned()).collect();
        old.iter().for_each(|path| tree.remove(path));
    }),
    // Dell's ids; blade enclosures come first in the collection.
    Deviation::named("chassis-elsewhere", "has ids of its own, and an enclosure before the system's chassis")
        .on_tree(|tree| {
            tree.rename("/redfish/v1/Systems/1", "/redfish/v1/Systems/System.Embedded.1");
            tree.rename("/redfish/v1/Managers/1", "/redfish/v1/Managers/iDRAC.Embedded.1");
            tree.rename("/redfish/v1/Chassis/1", "/redfish/v1/Chassis/System.Embedded.1");
            tree.add("/redfish/v1/Chassis/Enclosure", enclosure());
            if let Some(chassis) = tree.at_mut("/redfish/v1/Chassis")
                && let Some(members) = chassis["Members"].as_array_mut()
            {
                members.rotate_right(1);
            }
        }),
    Deviation::named("paged-systems", "gives the collection of systems in pages, the first of them empty")
        .on_policy(|policy| policy.systems = Paging::SecondPage),
    Deviation::named("small-pages", "gives every collection in pages of two members")
        .on_policy(|policy| policy.page = 2),
    // AMI MegaRAC: 428 PreconditionHeaderMissing.
    Deviation::named("etag-required", "refuses a PATCH without If-Match")
        .one_way_of("etag")
        .on_policy(|policy| policy.etag = Etag::Required),
    Deviation::named("weak-etag-refused", "serves weak ETags and refuses them as If-Match")
        .one_way_of("etag")
        .on_policy(|policy| policy.etag = Etag::WeakRefused),
    Deviation::named("answers-task", "answers every change with 202 and a task that takes 3 s")
        .on_policy(|policy| policy.success = Success::Task),
    Deviation::named(
        "task-fails",
        "answers every change with 202 and a task that fails after 3 s; nothing changes",
    )
    .on_policy(|policy| policy.success = Success::FailingTask),
    Deviation::named(
        "task-forgotten",
        "answers every change with 202 and a task that takes 3 s, and forgets it 5 s later",
    )
    .on_policy(|policy| {
        policy.success = Success::Task;
        policy.tasks = Kept::Seconds(5);
    }),
    Deviation::named("answers-200", "answers every change with 200 and a message")
        .on_policy(|policy| policy.success = Success::Ok),
    // OpenBMC (bmcweb#1338), iDRAC: 200 and a message, and not the resource.
    Deviation::named(
        "patch-answers-message",
        "answers a PATCH with 200 and a message in place of the resource",
    )
    .on_answer(|asked, answer| {
        if asked.method == "PATCH"
            && answer.status == 200
            && let Some(document) = answer.document()
        {
            let said = document.get("@Message.ExtendedInfo").cloned();
            let success = || json!([vendor_message("Base.1.12.Success", SUCCESS, &[], "OK")]);
            *document = json!({"@Message.ExtendedInfo": said.unwrap_or_else(success)});
        }
    }),
    Deviation::named("answers-204", "answers every change with 204")
        .on_policy(|policy| policy.success = Success::NoContent),
];

/// One property of the light in the place of another, on systems and chassis that have either.
fn instead(tree: &mut Documents, hidden: &str, shown: &str, dark: &Value) {
    for kind in ["ComputerSystem", "Chassis"] {
        for document in tree.of_kind(kind).filter(|it| !it[hidden].is_null() && it[shown].is_null()) {
            document[shown] = dark.clone();
        }
    }
    hide(tree, &[hidden]);
}

/// Takes properties off systems and chassis.
fn hide(tree: &mut Documents, properties: &[&str]) {
    for kind in ["ComputerSystem", "Chassis"] {
        tree.of_kind(kind).for_each(|it| without(it, properties));
    }
}

fn without(document: &mut Value, properties: &[&str]) {
    let members = document.as_object_mut();
    members.into_iter().for_each(|it| it.retain(|name, _| !properties.contains(&name.as_str())));
}

/// Takes a value off those that an action's parameter allows.
pub(super) fn disallow(tree: &mut Documents, action: &str, parameter: &str, value: &str) {
    let place = format!("/Actions/#{action}/{parameter}@Redfish.AllowableValues");
    let kind = action.split('.').next().unwrap_or(action).to_owned();
    tree.of_kind(&kind).for_each(|document| drop_word(document, &place, value));
    for info in tree.of_kind("ActionInfo") {
        let parameters = info["Parameters"].as_array_mut().into_iter().flatten();
        for it in parameters.filter(|it| it["Name"] == parameter) {
            drop_word(it, "/AllowableValues", value);
        }
    }
}

fn drop_word(document: &mut Value, list: &str, word: &str) {
    if let Some(Value::Array(words)) = document.pointer_mut(list) {
        words.retain(|it| it != word);
    }
}

fn enclosure() -> Value {
    json!({
        "@odata.id": "/redfish/v1/Chassis/Enclosure",
        "@odata.type": "#Chassis.v1_25_0.Chassis",
        "Id": "Enclosure",
        "Name": "Enclosure",
        "ChassisType": "Enclosure",
        "Manufacturer": "Somebody Else",
        "Model": "Enclosure 10U",
        "SerialNumber": "ENC0001",
        "PartNumber": "ENC-10U",
        "Status": {"State": "Enabled", "Health": "OK"},
        "Links": {
            "Contains": [{"@odata.id": "/redfish/v1/Chassis/System.Embedded.1"}],
            "ManagedBy": [{"@odata.id": "/redfish/v1/Managers/iDRAC.Embedded.1"}],
        },
    })
}
