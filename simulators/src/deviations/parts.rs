//! What the rows of vendors look at and change: parts of documents, of requests and of answers.

use serde_json::{Map, Value, json};

use super::vendor::{vendor_message, vendor_says};
use crate::{
    ipmi::{Heard, command::Reply},
    redfish::{Answer, Asked, Documents},
};

/// The document that an answer gives, where it is of this schema and nothing went wrong.
pub(super) fn of_kind<'a>(answer: &'a mut Answer, kind: &str) -> Option<&'a mut Value> {
    if answer.status >= 300 {
        return None;
    }
    let document = answer.document()?;
    let is_it = document["@odata.type"].as_str()?.trim_start_matches('#').split('.').next() == Some(kind);
    is_it.then_some(document)
}

/// Drops members of a document.
pub(super) fn without(document: &mut Value, members: &[&str]) {
    let object = document.as_object_mut();
    object.into_iter().for_each(|it| it.retain(|name, _| !members.contains(&name.as_str())));
}

/// Changes every object in a document, the outer ones first.
pub(super) fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        Value::Object(members) => {
            change(members);
            members.values_mut().for_each(|member| each_object(member, change));
        }
        _ => {}
    }
}

/// Whether it calls this action.
pub(super) fn calls(asked: &Asked<'_>, action: &str) -> bool {
    asked.method == "POST" && asked.path.trim_end_matches('/').ends_with(&format!("/Actions/{action}"))
}

/// Every system tells the mode of its override, as the machines of this deviation do; a recorded tree may leave it out.
pub(super) fn tell_mode(tree: &mut Documents) {
    for system in tree.of_kind("ComputerSystem") {
        if let Some(Value::Object(boot)) = system.get_mut("Boot")
            && boot.contains_key("BootSourceOverrideTarget")
        {
            boot.entry("BootSourceOverrideMode").or_insert_with(|| json!("UEFI"));
        }
    }
}

/// Whether it changes a boot override, and not in a settings resource.
pub(super) fn sets_boot(asked: &Asked<'_>) -> bool {
    asked.method == "PATCH" && asked.sends("/Boot") && system_at(asked.path)
}

/// Whether a path is a system's.
fn system_at(path: &str) -> bool {
    let below = path.trim_end_matches('/').strip_prefix("/redfish/v1/Systems/");
    below.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// The slot that media are put into or taken out of.
pub(super) fn slot(path: &str) -> &str {
    path.split("/Actions/").next().unwrap_or(path).trim_end_matches('/')
}

/// An error of the Base registry as a service of this version of it says it.
pub(super) fn base(status: u16, version: &str, name: &str, text: &str, args: &[&str]) -> Answer {
    let id = format!("Base.{version}.{name}");
    vendor_says(status, &id, text, vec![vendor_message(&id, text, args, "Warning")])
}

/// The same about a property.
pub(super) fn base_about(pointer: &str, mut answer: Answer) -> Answer {
    let first = answer.document().and_then(|it| it.pointer_mut("/error/@Message.ExtendedInfo/0"));
    if let Some(Value::Object(first)) = first {
        first.insert("RelatedProperties".to_owned(), Value::from(vec![pointer]));
    }
    answer
}

/// Puts a maker's enterprise number in the device ID (IPMI-2.0 §20.1, bytes 8 to 10 of the answer).
pub(super) fn made_by(maker: u32, heard: &Heard<'_>, reply: &mut Reply) {
    const GET_DEVICE_ID: (u8, u8) = (0x06, 0x01);
    if heard.is(GET_DEVICE_ID)
        && let Ok(data) = reply
        && let Some(number) = data.get_mut(6..9)
    {
        number.copy_from_slice(&maker.to_le_bytes()[..3]);
    }
}
