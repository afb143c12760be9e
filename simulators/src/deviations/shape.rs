//! Quirks of the documents themselves: what stands in them, and how they are wrapped.

use serde_json::{Value, json};

use super::Deviation;
use crate::redfish::{Answer, Body, not_found};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("state-paused", "says that the host is Paused")
        .on_answer(|_, answer| set(answer, "PowerState", json!("Paused"))),
    Deviation::named("state-null", "says null for the power state")
        .on_answer(|_, answer| set(answer, "PowerState", Value::Null)),
    Deviation::named("uuid-upper-case", "writes UUIDs in upper case").on_answer(|_, answer| {
        if let Some(Value::String(uuid)) = answer.document().and_then(|document| document.get_mut("UUID")) {
            uuid.make_ascii_uppercase();
        }
    }),
    Deviation::named(
        "trailing-slash-forbidden",
        "knows no resource whose path ends in a slash, the root aside",
    )
    .on_request(|asked| {
        let strays = asked.path.ends_with('/') && asked.path != "/redfish/v1/";
        strays.then(|| not_found(asked.path))
    }),
    Deviation::named("pretty-html-errors", "answers errors with a page for people").on_answer(|_, answer| {
        if answer.status >= 400 {
            answer.body =
                Body::Other { content_type: "text/html; charset=utf-8", text: error_page(answer.status) };
        }
    }),
    Deviation::named("unknown-fields", "adds properties and values that no schema knows").on_answer(
        |_, answer| {
            answer.document().into_iter().for_each(embellish);
        },
    ),
    // Dell iDRAC: @Message.ExtendedInfo is an object, not an array.
    Deviation::named("error-object-extended-info", "writes the messages of an error as an object").on_answer(
        |_, answer| {
            let info = answer.document().and_then(|it| it.get_mut("error")?.get_mut("@Message.ExtendedInfo"));
            if let Some(info) = info
                && let Some(first) = info.get(0).cloned()
            {
                *info = first;
            }
        },
    ),
    Deviation::named("json-as-text", "calls its documents text/plain").on_answer(|_, answer| {
        let body = std::mem::replace(&mut answer.body, Body::Empty);
        answer.body = match body {
            Body::Json(document) => Body::JsonAsText(document),
            other => other,
        };
    }),
];

/// Sets a property where it is.
fn set(answer: &mut Answer, property: &str, to: Value) {
    if let Some(value) = answer.document().and_then(|document| document.get_mut(property)) {
        *value = to;
    }
}

fn error_page(status: u16) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>Error {status}</title></head>\n\
         <body><h1>Error {status}</h1><p>The request could not be processed.</p></body></html>\n"
    )
}

/// Adds what a later schema, or a vendor, might have.
fn embellish(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(embellish),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::Array(values) if name.ends_with("@Redfish.AllowableValues") => {
                        values.push(json!("OemTeleport"));
                    }
                    _ => embellish(member),
                }
            }
            if !members.contains_key("@odata.id") || members.contains_key("Id") {
                members.insert("OemFlux".to_owned(), json!({"Capacitance": 1.21, "Charged": null}));
                members.insert("FutureStates".to_owned(), json!(["Entangled", 3, {}, []]));
            }
        }
        _ => {}
    }
}
