//! Quirks of BMCs of other makes, and those that several makes share. The letters and numbers are those of the list of field
//! quirks.

use serde_json::{Value, json};

use super::{
    Deviation,
    parts::{base, calls, each_object, of_kind, without},
};
use crate::redfish::{Answer, Body, Etag};

pub(super) const ROWS: &[Deviation] = &[
    // Some: PowerState is missing after a reset (P9; ironic power.py).
    Deviation::named("state-missing-after-reset", "has no PowerState for 5 s after a reset of the host").on_answer(
        |asked, answer| {
            let facts = &asked.facts;
            let was_reset = facts.restarts > 0 && facts.now.saturating_sub(facts.last_reset) < facts.second * 5;
            if let Some(system) = of_kind(answer, "ComputerSystem").filter(|_| was_reset) {
                without(system, &["PowerState"]);
            }
        },
    ),
    // Some: the state stands in a text alone (P9; bmclib, ironic power.py).
    Deviation::named("refusal-in-words", "says in a text alone that the host's state does not allow a reset").on_answer(
        |asked, answer| {
            if calls(asked, "ComputerSystem.Reset") && answer.status == 409 {
                let word = if asked.facts.off_since.is_some() || asked.facts.restarts == 0 { "off" } else { "on" };
                let text = format!("The request could not be completed: the host is already powered {word}.");
                *answer = base(400, "1.8", "GeneralError", &text, &[]);
            }
        },
    ),
    // Huawei 2288H V5, iBMC 3.31 (E1; ansible#60031).
    Deviation::named("etag-demanded-by-412", "refuses a PATCH without If-Match with 412")
        .one_way_of("etag").on_change(|asked, _| {
        let is_bare = asked.method == "PATCH" && asked.header("if-match").is_none();
        is_bare.then(|| base(412, "1.0", "PreconditionFailed", "The ETag is missing or does not match.", &[]))
    }),
    // Several: a compressed answer has a weak ETag, and changes want the strong one (E6; sushy).
    Deviation::named("weak-etag-after-gzip", "gives a weak ETag to those who take gzip, and refuses it")
        .one_way_of("etag")
        .on_answer(|asked, answer| {
            if asked.header("accept-encoding").is_some_and(|it| it.contains("gzip"))
                && let Some(tag) = answer.header("ETag")
            {
                tag.insert_str(0, "W/");
            }
        })
        .on_change(|asked, _| {
            let is_weak = asked.header("if-match").is_some_and(|tag| tag.contains("W/"));
            is_weak.then(|| base(412, "1.8", "PreconditionFailed", "The ETag does not match.", &[]))
        }),
    // Several: the header is there and empty (E7; sushy).
    Deviation::named("etag-empty", "gives an empty ETag, and refuses it")
        .one_way_of("etag").on_answer(|_, answer| {
        if let Some(tag) = answer.header("ETag") {
            tag.clear();
        }
        if let Some(document) = answer.document() {
            without(document, &["@odata.etag"]);
        }
    }),
    // Some: If-Match is compared with the tag without its quotes (E9; gofish entity.go).
    Deviation::named("etag-unquoted", "takes its ETag without the quotes only")
        .one_way_of("etag")
        .on_policy(|policy| policy.etag = Etag::Unquoted),
    // Many: SessionService is neither linked nor shown, its Sessions are (S3; sushy).
    Deviation::named("session-service-hidden", "shows its sessions, and no session service")
        .on_answer(|asked, answer| {
            if let Some(root) = of_kind(answer, "ServiceRoot") {
                without(root, &["SessionService"]);
            }
            if asked.method == "GET" && asked.path.trim_end_matches('/') == "/redfish/v1/SessionService" {
                *answer = unauthorized();
            }
        }),
    // Many: a token that was just given is refused, Basic is taken (README 37).
    Deviation::named("tokens-refused", "gives tokens and refuses them").on_request(|asked| {
        asked.header("x-auth-token").is_some().then(unauthorized)
    }),
    // Front ends of several BMCs: 403 is a page (S14; libredfish network.rs).
    Deviation::named("forbidden-in-xhtml", "answers what is forbidden with a page for people").on_answer(
        |_, answer| {
            if answer.status == 403 {
                let text = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 \
                            Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n<html \
                            xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>403 - Forbidden</title></head><body>\
                            <h1>403 - Forbidden</h1></body></html>\n";
                answer.body = Body::Other { content_type: "text/html", text: text.to_owned() };
            }
        },
    ),
    // ZT Systems: a second test event within some seconds (S16; gofish oem/zt).
    Deviation::named("test-events-apart", "refuses a test event within 10 s of another").on_change(|asked, _| {
        const LAST: &str = "test-event";
        if !calls(asked, "EventService.SubmitTestEvent") {
            return None;
        }
        let is_early = asked.memory.age(LAST, asked.facts.now).is_some_and(|age| age < asked.facts.second * 10);
        asked.memory.keep(LAST, Value::Null, asked.facts.now);
        is_early.then(|| base(400, "1.8", "GeneralError", "A test event is being sent.", &[]))
    }),
    // Various: no registry in MessageId, and no arguments (D2; sushy).
    Deviation::named("message-without-registry", "names messages without their registry, and leaves their arguments out")
        .on_answer(|_, answer| {
            let messages = answer.document().and_then(|it| it.pointer_mut("/error/@Message.ExtendedInfo")?.as_array_mut());
            for said in messages.into_iter().flatten() {
                let id = said["MessageId"].as_str().and_then(|id| id.rsplit('.').next()).unwrap_or_default();
                said["MessageId"] = json!(id);
                without(said, &["MessageArgs"]);
            }
        }),
    // ZTE (D5; gofish#533).
    Deviation::named("processor-types-swapped", "writes a processor's socket as a number and its speed as a text")
        .on_answer(|_, answer| {
            if let Some(processor) = of_kind(answer, "Processor") {
                processor["Socket"] = json!(2);
                processor["MaxSpeedMHz"] = json!(processor["MaxSpeedMHz"].to_string());
            }
        }),
    // Huawei 1288H: the managers say what they manage, the system does not (D13; sushy).
    Deviation::named("no-managed-by", "does not say which manager a system has").on_tree(|tree| {
        for system in tree.of_kind("ComputerSystem") {
            system.get_mut("Links").into_iter().for_each(|links| without(links, &["ManagedBy"]));
        }
    }),
    // Various: an empty MAC address, a manager without actions (D16; sushy).
    Deviation::named("host-mac-empty", "writes empty MAC addresses of the host's interfaces").on_answer(
        |asked, answer| {
            if asked.path.starts_with("/redfish/v1/Systems/")
                && let Some(interface) = of_kind(answer, "EthernetInterface")
            {
                interface["MACAddress"] = json!("");
            }
        },
    ),
    Deviation::named("manager-without-actions", "shows no actions of its manager").on_answer(|_, answer| {
        if let Some(manager) = of_kind(answer, "Manager") {
            without(manager, &["Actions"]);
        }
    }),
    // Lite-On shelf (D17; nv-redfish).
    Deviation::named("defaults-by-another-name", "wants ResetToDefaultsType, and advertises ResetType").on_change(
        |asked, body| {
            let is_missing = calls(asked, "Manager.ResetToDefaults") && !body.contains_key("ResetToDefaultsType");
            is_missing.then(|| {
                let (action, parameter) = ("Manager.ResetToDefaults", "ResetToDefaultsType");
                let text = format!("The action {action} requires the parameter {parameter} to be present in the request body.");
                base(400, "1.8", "ActionParameterMissing", &text, &[action, parameter])
            })
        },
    ),
    Deviation::named("light-as-object", "writes LocationIndicatorActive as an object, and Standby as a state")
        .on_answer(|_, answer| {
            if answer.status >= 300 {
                return;
            }
            answer.document().into_iter().for_each(|document| {
                each_object(document, &mut |members| {
                    for (name, value) in members.iter_mut() {
                        match name.as_str() {
                            "LocationIndicatorActive" => *value = json!({"Active": value.clone()}),
                            "State" if value == "Disabled" => *value = json!("Standby"),
                            _ => {}
                        }
                    }
                });
            });
        }),
    // Several: changes are sent on to the same path with a slash (README 39).
    Deviation::named("redirects-for-a-slash", "sends a change on to the same path with a slash at its end").on_request(
        |asked| {
            let is_bare = matches!(asked.method, "POST" | "PATCH") && !asked.path.ends_with('/') && !asked.is_login();
            is_bare.then(|| {
                Answer::no_content().with_status(308).with_header("Location", format!("{}/", asked.path))
            })
        },
    ),
    // Several: Health stands alone in Status (README 44).
    Deviation::named("status-without-state", "gives a Status without a State").on_answer(|_, answer| {
        if answer.status < 300 {
            answer.document().into_iter().for_each(|document| {
                each_object(document, &mut |members| {
                    if let Some(status) = members.get_mut("Status") {
                        without(status, &["State"]);
                    }
                });
            });
        }
    }),
    // Several: the first PowerControl says nothing (README 44).
    Deviation::named("first-power-control-null", "writes null for everything in the first PowerControl").on_answer(
        |_, answer| {
            let power = of_kind(answer, "Power").and_then(|it| it["PowerControl"][0].as_object_mut());
            for (_, value) in power.into_iter().flatten().filter(|(name, _)| !name.contains("@odata")) {
                *value = Value::Null;
            }
        },
    ),
    // Several: what can be done stands in ActionInfo alone (README 27).
    Deviation::named("values-in-action-info", "lists reset types in ActionInfo only").on_tree(|tree| {
        for kind in ["ComputerSystem", "Manager"] {
            for document in tree.of_kind(kind) {
                let action = document.pointer_mut(&format!("/Actions/#{kind}.Reset"));
                let is_told = action.as_ref().is_some_and(|it| it.get("@Redfish.ActionInfo").is_some());
                if let Some(action) = action.filter(|_| is_told) {
                    without(action, &["ResetType@Redfish.AllowableValues"]);
                }
            }
        }
    }),
    // Several: a clock twenty years off (README 46).
    Deviation::named("clock-years-off", "has a clock that is twenty years slow").on_answer(|_, answer| {
        let clock = answer.document().and_then(|it| it.get_mut("DateTime"));
        if let Some(Value::String(clock)) = clock
            && let Some(year) = clock.get(..4).and_then(|year| year.parse::<u32>().ok())
        {
            clock.replace_range(..4, &format!("{:04}", year.saturating_sub(20)));
        }
    }),
    // Some: a new account wants the ETag of the collection (E10; gofish#439).
    Deviation::named("accounts-want-etag", "refuses a new account without the ETag of the collection").on_change(
        |asked, _| {
            let is_new = asked.method == "POST" && asked.path.trim_end_matches('/').ends_with("/Accounts");
            (is_new && asked.header("if-match").is_none())
                .then(|| base(428, "1.8", "PreconditionRequired", "A precondition header is required.", &[]))
        },
    ),
];

fn unauthorized() -> Answer {
    let text = "There is no valid session established with the implementation.";
    base(401, "1.8", "NoValidSession", text, &[])
}
