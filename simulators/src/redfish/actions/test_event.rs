//! `EventService.SubmitTestEvent` (DSP0268 EventService): an event as somebody wants it.

use serde_json::{Value, json};

use super::Call;
use crate::redfish::{
    answer::Answer, change::accepted, clock, events::Happening, handle::Scene, live, messages::refuse,
    tree::Found,
};

const TEXTS: [&str; 6] =
    ["MessageId", "EventId", "EventTimestamp", "Message", "OriginOfCondition", "EventType"];
const SEVERITIES: [&str; 3] = ["OK", "Warning", "Critical"];

pub(super) fn submit(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Some(refusal) = live::disabled(scene, "EventService") {
        return refusal;
    }
    match record(call) {
        Ok(mut record) => {
            let now = scene.bmc.with(|firmware, now| firmware.clock(now));
            let fill = [("EventType", "Alert".to_owned()), ("EventTimestamp", clock::date_time(now))];
            for (name, value) in fill {
                if record.get(name).is_none() {
                    record[name] = json!(value);
                }
            }
            let kind = record["OriginOfCondition"]["@odata.id"].as_str().and_then(|path| {
                match scene.tree().find(path)? {
                    Found::Document(document) => Some(document.kind.to_string()),
                    Found::Member(live, ..) => Some(live.member().to_owned()),
                    _ => None,
                }
            });
            scene.events.tell(Happening::with(record, &kind.unwrap_or_default()));
            accepted(scene, Answer::no_content)
        }
        Err(problem) => problem,
    }
}

fn record(call: &Call<'_>) -> Result<Value, Answer> {
    let known = [&TEXTS[..], &["MessageArgs", "MessageSeverity", "Severity", "EventGroupId"][..]].concat();
    call.no_other_than(&known)?;
    let mut record = json!({"MemberId": "0"});
    for name in TEXTS {
        if let Some(text) = call.text(name)? {
            record[name] = json!(text);
        }
    }
    let Some(id) = record["MessageId"].as_str() else {
        return Err(refuse(400, "ActionParameterMissing", &[call.name, "MessageId"]));
    };
    if !id.contains('.') {
        return Err(refuse(400, "ActionParameterValueFormatError", &[id, "MessageId", call.name]));
    }
    for name in ["MessageSeverity", "Severity"] {
        if let Some(word) = call.text(name)? {
            if !SEVERITIES.contains(&word) {
                return Err(refuse(400, "ActionParameterValueNotInList", &[word, name, call.name]));
            }
            record[name] = json!(word);
        }
    }
    if let Some(group) = call.body.get("EventGroupId") {
        if !group.is_u64() {
            return Err(call.wrong_type(group, "EventGroupId"));
        }
        record["EventGroupId"] = group.clone();
    }
    if let Some(args) = call.body.get("MessageArgs") {
        if !args.as_array().is_some_and(|it| it.iter().all(Value::is_string)) {
            return Err(call.wrong_type(args, "MessageArgs"));
        }
        record["MessageArgs"] = args.clone();
    }
    if let Some(origin) = record["OriginOfCondition"].as_str() {
        record["OriginOfCondition"] = json!({"@odata.id": origin});
    }
    Ok(record)
}
