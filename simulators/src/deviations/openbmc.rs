//! Quirks of OpenBMC and what is made of it: Cisco's, NVIDIA's BlueField. The letters and numbers are those of the list of
//! field quirks.

use serde_json::{Value, json};

use super::{
    Deviation,
    parts::{base, calls, each_object, of_kind, without},
};
use crate::{machine::Host, redfish::Documents};

pub(super) const ROWS: &[Deviation] = &[
    // Cisco C845A M8: some slots have no actions (V9; ironic boot.py:430).
    Deviation::named("slot-without-insert", "has a first virtual media slot without actions").on_tree(
        |tree| {
            tree.of_kind("VirtualMedia").take(1).for_each(|media| without(media, &["Actions"]));
        },
    ),
    // Cisco C845A M8: others answer 405 (V9; ironic boot.py:464).
    Deviation::named("slot-refuses-insert", "answers InsertMedia with 405").on_change(|asked, _| {
        calls(asked, "VirtualMedia.InsertMedia").then(|| {
            base(405, "1.13", "OperationNotAllowed", "The HTTP method is not allowed on this resource.", &[])
        })
    }),
    // Cisco UCSB, UCSX: DVD only, and no interfaces of the system (V8; ironic boot.py:409).
    Deviation::named(
        "cisco-dvd-only",
        "offers DVD alone as virtual media, and shows no interfaces of the host",
    )
    .on_tree(|tree| {
        tree.of_kind("VirtualMedia").for_each(|media| media["MediaTypes"] = json!(["DVD"]));
        hide(tree, "ComputerSystem", "EthernetInterfaces");
    }),
    // Cisco CIMC: a Power of its own making (D4; gofish power_test.go:549).
    Deviation::named(
        "cisco-power-shape",
        "writes Power with an object for a list, texts for numbers and its own type",
    )
    .on_answer(|_, answer| {
        if let Some(power) = of_kind(answer, "Power") {
            power["@odata.type"] = json!("#Cisco_Power");
            power["PowerControl"] = power["PowerControl"][0].take();
            each_object(power, &mut |members| {
                for (name, value) in members.iter_mut() {
                    match (name.as_str(), &*value) {
                        ("LineInputVoltage", Value::Number(volts)) => *value = json!(volts.to_string()),
                        ("MemberId", Value::String(id)) => {
                            *value = json!(id.parse::<u32>().unwrap_or_default())
                        }
                        ("State", Value::String(state)) => *value = json!(state.to_lowercase()),
                        _ => {}
                    }
                }
            });
        }
    }),
    // BlueField before BF-24.07-14 in NIC mode (B21; libredfish nvidia_dpu:1057).
    Deviation::named("bluefield-bios-fails", "answers a look at its BIOS settings with 500").on_answer(
        |asked, answer| {
            if of_kind(answer, "Bios").is_some() && asked.method != "PATCH" {
                let text =
                    "The request failed due to an internal service error.  The service is still operational.";
                *answer = base(500, "1.15.0", "InternalError", text, &[]);
            }
        },
    ),
    // BlueField: null for what is empty, texts of a template for UUIDs (D8; nv-redfish).
    Deviation::named("bluefield-null-members", "writes null for an empty list of members").on_answer(
        |_, answer| {
            let members = answer.document().and_then(|it| it.get_mut("Members"));
            if let Some(members) = members.filter(|it| it.as_array().is_some_and(Vec::is_empty)) {
                *members = Value::Null;
            }
        },
    ),
    Deviation::named(
        "bluefield-uuid-template",
        "gives no UUID of its system, and while it boots a variable's name for the chassis's",
    )
    .on_answer(|asked, answer| {
        if let Some(system) = of_kind(answer, "ComputerSystem") {
            system["UUID"] = json!("");
        }
        if let Some(chassis) = of_kind(answer, "Chassis") {
            let boots = matches!(asked.facts.host, Host::Post | Host::Booting);
            chassis["UUID"] = json!(if boots { "$DEVICE_UUID" } else { "" });
        }
    }),
    // NVIDIA OpenBMC, iLO: PCIe devices have no @odata.id during power-on (P10; libredfish hpe.rs:59).
    Deviation::named(
        "pcie-members-without-id",
        "lists PCIe devices without a link while the host is in POST",
    )
    .on_answer(|asked, answer| {
        let is_starting = asked.facts.host == Host::Post;
        let devices = of_kind(answer, "PCIeDeviceCollection").filter(|_| is_starting);
        for member in devices.and_then(|it| it["Members"].as_array_mut()).into_iter().flatten() {
            without(member, &["@odata.id"]);
        }
    }),
    // OpenBMC and others: a clock with microseconds (README 46).
    Deviation::named("clock-with-microseconds", "writes its clock with microseconds and an offset")
        .on_answer(|_, answer| {
            let clock = answer.document().and_then(|it| it.get_mut("DateTime"));
            if let Some(Value::String(clock)) = clock
                && let Some(whole) = clock.strip_suffix('Z')
            {
                *clock = format!("{whole}.000123+00:00");
            }
        }),
];

/// Takes a property off the documents of a schema.
fn hide(tree: &mut Documents, kind: &str, property: &str) {
    tree.of_kind(kind).for_each(|document| without(document, &[property]));
}
