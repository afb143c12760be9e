//! A Redfish face that is wrong: answers that say something else than what was done, and documents that nobody can use.

use serde_json::{Value, json};

use super::{
    Deviation,
    parts::{base, calls, of_kind},
    vendor::is_system,
};
use crate::redfish::{Answer, Body, Checked, Documents, Login, Success, not_found};

/// The versions of Base messages that this face cites.
const BASE: &str = "1.19";

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("etag-always-stale", "answers every PATCH with 412, whatever ETag it has").on_change(
        |asked, _| {
            let text = "The ETag supplied did not match the ETag required to change this resource.";
            (asked.method == "PATCH").then(|| base(412, BASE, "PreconditionFailed", text, &[]))
        },
    ),
    Deviation::named(
        "task-does-nothing",
        "answers every change with 202 and a task that is completed after 3 s; nothing changes",
    )
    .on_policy(|policy| policy.success = Success::IdleTask),
    Deviation::named(
        "task-never-ends",
        "does every change at once, and answers with 202 and a task that runs for ever",
    )
    .on_policy(|policy| policy.success = Success::EndlessTask),
    Deviation::named("token-never-taken", "gives out session tokens and takes none; refuses HTTP Basic too")
        .on_policy(|policy| policy.login = Login::SessionOnly)
        .on_request(|asked| {
            let text = "There is no valid session established with the implementation.";
            let has_token = asked.header("X-Auth-Token").is_some();
            has_token.then(|| base(401, BASE, "NoValidSession", text, &[]))
        }),
    Deviation::named("roles-ignored", "lets every account do everything")
        .on_policy(|policy| policy.roles = Checked::No),
    Deviation::named("reset-done-told-as-failed", "carries a reset out and answers 500").on_answer(
        |asked, answer| {
            let text = "The request failed due to an internal service error.";
            if calls(asked, "ComputerSystem.Reset") && answer.status < 300 {
                *answer = base(500, BASE, "InternalError", text, &[]);
            }
        },
    ),
    Deviation::named("restart-offered-and-refused", "lists ForceRestart and refuses it").on_change(
        |asked, body| {
            let refused = calls(asked, "ComputerSystem.Reset") && body.get("ResetType") == Some(&RESTART.into());
            let text = "The value 'ForceRestart' for the parameter ResetType is not in the list of acceptable values.";
            refused.then(|| base(400, BASE, "ActionParameterValueNotInList", text, &[RESTART, "ResetType"]))
        },
    ),
    Deviation::named("denied-told-as-done", "answers 204 in place of 403, and does nothing").on_answer(
        |asked, answer| {
            if asked.method != "GET" && answer.status == 403 {
                *answer = Answer::no_content();
            }
        },
    ),
    Deviation::named("power-told-twice", "says the power state twice in one document, and the last is Off")
        .on_answer(|_, answer| {
            if let Some(system) = of_kind(answer, "ComputerSystem") {
                let whole = system.to_string();
                let text = format!("{},\"PowerState\":\"Off\"}}", &whole[..whole.len() - 1]);
                answer.body = as_json(text);
            }
        }),
    Deviation::named("power-as-flag", "says the power state as true or false").on_answer(|_, answer| {
        if let Some(system) = of_kind(answer, "ComputerSystem") {
            system["PowerState"] = json!(system["PowerState"] == "On");
        }
    }),
    Deviation::named("boot-null", "says null for the whole of Boot").on_answer(|_, answer| {
        if let Some(system) = of_kind(answer, "ComputerSystem") {
            system["Boot"] = Value::Null;
        }
    }),
    Deviation::named("system-cut-short", "leaves the last brace off a system's document").on_answer(
        |_, answer| {
            if let Some(system) = of_kind(answer, "ComputerSystem") {
                let whole = system.to_string();
                answer.body = as_json(whole[..whole.len() - 1].to_owned());
            }
        },
    ),
    Deviation::named("system-is-a-page", "answers 200 and its login page in place of a system").on_answer(
        |asked, answer| {
            if is_system(asked.path) && asked.method == "GET" && answer.status == 200 {
                let text = "<!DOCTYPE html>\n<html><body><form>Please log in</form></body></html>\n".to_owned();
                answer.body = Body::Other { content_type: "text/html; charset=utf-8", text };
            }
        },
    ),
    Deviation::named("system-not-there", "links a system that it does not have").on_request(|asked| {
        (is_system(asked.path) && asked.method == "GET").then(|| not_found(asked.path))
    }),
    Deviation::named("systems-empty", "has a system, and lists none")
        .on_tree(|tree| list_systems(tree, &json!([]))),
    Deviation::named("systems-elsewhere", "links its system at another host").on_tree(|tree| {
        list_systems(tree, &json!([{"@odata.id": "http://192.0.2.1/redfish/v1/Systems/1"}]));
    }),
    Deviation::named("systems-endless", "gives the collection of systems in pages without an end").on_answer(
        |_, answer| {
            if let Some(systems) = of_kind(answer, "ComputerSystemCollection") {
                systems["Members"] = json!([]);
                systems["Members@odata.nextLink"] = json!("/redfish/v1/Systems");
            }
        },
    ),
];

const RESTART: &str = "ForceRestart";

fn as_json(text: String) -> Body {
    Body::Other { content_type: "application/json; charset=utf-8", text }
}

fn list_systems(tree: &mut Documents, members: &Value) {
    for systems in tree.of_kind("ComputerSystemCollection") {
        systems["Members"] = members.clone();
        systems["Members@odata.count"] = json!(members.as_array().map_or(0, Vec::len));
    }
}
