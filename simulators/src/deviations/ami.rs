//! Quirks of AMI's MegaRAC, under whatever name it is sold: Gigabyte, ASRock Rack, Nokia, NVIDIA DGX. The letters and numbers
//! are those of the list of field quirks.

use serde_json::{Value, json};

use super::{
    Deviation,
    parts::{base, base_about, calls, each_object, of_kind, sets_boot, tell_mode, without},
    vendor::{vendor_message, vendor_says},
};
use crate::redfish::{Answer, Asked, Etag};

pub(super) const ROWS: &[Deviation] = &[
    // What a driver may go by where no answer tells (Gigabyte H262 12.84: Vendor and Oem of the root).
    Deviation::named("ami-by-name", "says in its service root that its firmware is AMI's")
        .one_way_of("maker").on_tree(|tree| {
        tree.merge("/redfish/v1", &json!({"Vendor": "AMI", "Oem": {"Ami": {"RtpVersion": "1.7.0"}}}));
    }),
    // Lenovo SR655, Gigabyte: 428 of a registry of its own (E2; gofish#171, ansible#56150).
    Deviation::named("ami-etag-demanded", "refuses a PATCH without If-Match in words of its own")
        .one_way_of("etag").on_change(
        |asked, _| {
            untagged(asked).then(|| {
                let id = "Ami.1.0.PreconditionHeaderMissing";
                let text = "The request did not provide the required precondition, such as an If-Match or \
                            If-None-Match header.";
                vendor_says(428, id, text, vec![vendor_message(id, text, &[], "Critical")])
            })
        },
    ),
    // Gigabyte R-series, H262 12.84: W/"…" is served and refused in every spelling; * is taken (E3; community.general#6434).
    Deviation::named("ami-own-etag-refused", "serves weak ETags, and takes nothing but * as If-Match")
        .one_way_of("etag")
        .on_policy(|policy| policy.etag = Etag::WeakRefused)
        .on_change(|asked, _| {
            let given = asked.header("if-match").filter(|_| asked.method == "PATCH")?;
            (given != "*").then(|| {
                let text = "The operation cannot be completed because the If-Match precondition failed.";
                base(412, "1.5", "PreconditionFailed", text, &[])
            })
        }),
    // AMI: what comes without If-Match is dropped without a word (README 35; redfish-nagios and others).
    Deviation::named("ami-untagged-dropped", "answers a PATCH without If-Match with 204, and does nothing")
        .one_way_of("etag")
        .on_change(|asked, _| untagged(asked).then(Answer::no_content)),
    // AMI, ASRock Rack: an override in parts is taken and not applied (B6; ironic management.py:96).
    Deviation::named("ami-partial-boot-not-applied", "takes an override in parts, and does nothing with it")
        .one_way_of("maker")
        .on_tree(tell_mode)
        .on_change(|asked, body| {
            let boot = body.get("Boot").filter(|_| sets_boot(asked))?;
            let parts = ["Target", "Enabled", "Mode"].map(|part| format!("BootSourceOverride{part}"));
            let sent = parts.iter().filter(|part| boot.get(part.as_str()).is_some()).count();
            (1..3).contains(&sent).then(Answer::no_content)
        }),
    // Nokia and others: TransferProtocolType is mandatory, said in three ways (V3; sushy json_samples).
    Deviation::named("media-wants-protocol", "refuses an image without a TransferProtocolType").on_change(
        |asked, body| {
            let is_missing = !body.contains_key(PROTOCOL) && calls(asked, INSERT);
            is_missing.then(|| {
                let text = format!("The action {INSERT} requires the parameter {PROTOCOL} to be present in the request body.");
                let refusal = base(400, "1.12", "ActionParameterMissing", &text, &[INSERT, PROTOCOL]);
                base_about("/TransferProtocolType", refusal)
            })
        },
    ),
    Deviation::named("media-wants-protocol-in-words", "refuses an image without a TransferProtocolType in words alone")
        .on_change(|asked, body| {
            let is_missing = !body.contains_key(PROTOCOL) && calls(asked, INSERT);
            is_missing.then(|| in_words("'TransferProtocolType' property which is mandatory to complete the action is missing in the request body."))
        }),
    Deviation::named("media-wants-method-in-words", "refuses an image without a TransferMethod in words alone")
        .on_change(|asked, body| {
            let is_missing = !body.contains_key("TransferMethod") && calls(asked, INSERT);
            is_missing.then(|| in_words("'TransferMethod' property which is mandatory to complete the action is missing in the request body."))
        }),
    // NVIDIA DGX: an image needs a user, and the error has no code (V5; sushy LP2071945).
    Deviation::named("dgx-media-wants-credentials", "refuses an image without credentials, in an error without a code")
        .on_change(|asked, body| {
            let is_missing = !body.contains_key("UserName") && calls(asked, INSERT);
            is_missing.then(|| {
                let id = "Base.1.5.ActionParameterMissing";
                let text = format!("The action {INSERT} requires the parameter UserName to be present in the request body.");
                let said = vendor_message(id, &text, &[INSERT, "UserName"], "Critical");
                Answer::ok(json!({"error": {"@Message.ExtendedInfo": [said]}})).with_status(400)
            })
        }),
    // NVIDIA DGX H100, AMI 1.11.0: the root links almost nothing (D9; nv-redfish).
    Deviation::named("dgx-root-without-links", "does not link its collections from the service root").on_answer(
        |_, answer| {
            if let Some(root) = of_kind(answer, "ServiceRoot") {
                without(root, &["Systems", "Chassis", "Managers", "UpdateService"]);
            }
        },
    ),
    // The same: members of other collections in Systems and Managers (D9; nv-redfish).
    Deviation::named("dgx-foreign-members", "lists members in Systems and Managers that live elsewhere").on_answer(
        |_, answer| {
            foreign(answer, "ComputerSystemCollection", "/redfish/v1/Managers/HGX_BMC_0");
            foreign(answer, "ManagerCollection", "/redfish/v1/Chassis/HGX_FPGA_0");
        },
    ),
    // NVIDIA Vera Rubin: BootOrder has names beside the references (B14; nv-redfish).
    Deviation::named("boot-order-with-names", "writes names behind the references in BootOrder").on_answer(
        |_, answer| {
            let order = of_kind(answer, "ComputerSystem").and_then(|it| it["Boot"]["BootOrder"].as_array_mut());
            for reference in order.into_iter().flatten() {
                *reference = json!(format!("{}: Ubuntu", reference.as_str().unwrap_or_default()));
            }
        },
    ),
    // GB200, NVIDIA and others: texts for numbers, lists for objects (D6; gofish#448, #443).
    Deviation::named("lists-for-objects", "writes [] for objects and texts for ordinals").on_answer(|_, answer| {
        answer.document().into_iter().for_each(|document| {
            each_object(document, &mut |members| {
                for (name, value) in members.iter_mut() {
                    match name.as_str() {
                        "Allocation" | "PCIeInterface" => *value = json!([]),
                        "LocationOrdinalValue" | "RackOffset" => *value = json!(value.to_string()),
                        _ => {}
                    }
                }
            });
        });
    }),
    // DGX H100, GB200, Viking: members of an expanded collection lack what they have alone (D10, B15; libredfish viking:787).
    Deviation::named("expanded-members-bare", "leaves Id, Name, ChassisType and ETag out of expanded members")
        .on_answer(|_, answer| {
            let members = answer.document().and_then(|it| it.get_mut("Members")?.as_array_mut());
            for member in members.into_iter().flatten() {
                without(member, &["Id", "Name", "ChassisType", "@odata.etag"]);
            }
        }),
];

const INSERT: &str = "VirtualMedia.InsertMedia";
const PROTOCOL: &str = "TransferProtocolType";

fn untagged(asked: &Asked<'_>) -> bool {
    asked.method == "PATCH" && asked.header("if-match").is_none()
}

/// A GeneralError, whose text alone says what is wrong.
fn in_words(text: &str) -> Answer {
    base(400, "1.4.0", "GeneralError", text, &[])
}

/// Puts a member from elsewhere before the others.
fn foreign(answer: &mut Answer, kind: &str, path: &str) {
    if let Some(collection) = of_kind(answer, kind)
        && let Some(Value::Array(members)) = collection.get_mut("Members")
    {
        members.insert(0, json!({"@odata.id": path}));
        collection["Members@odata.count"] = json!(collection["Members"].as_array().map_or(0, Vec::len));
    }
}
