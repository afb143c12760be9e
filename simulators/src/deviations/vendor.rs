//! Errors as vendors write them: codes and messages of their own registries, beside those of the Base registry.

use serde_json::{Map, Value, json};

use crate::redfish::Answer;

/// An error with one message that has arguments and no text, as HPE's iLO writes it: the reader has the registry.
pub(super) fn vendor_error(status: u16, code: &str, message_id: &str, args: &[&str]) -> Answer {
    let said = json!({"MessageId": message_id, "MessageArgs": args});
    vendor_says(status, code, "See @Message.ExtendedInfo for more information.", vec![said])
}

/// An error with these messages, as they were recorded.
pub(super) fn vendor_says(status: u16, code: &str, text: &str, messages: Vec<Value>) -> Answer {
    let error = json!({"code": code, "message": text, "@Message.ExtendedInfo": messages});
    Answer::ok(json!({"error": error})).with_status(status)
}

/// One message with its text.
pub(super) fn vendor_message(id: &str, text: &str, args: &[&str], severity: &str) -> Value {
    json!({
        "@odata.type": "#Message.v1_0_8.Message",
        "MessageId": id,
        "Message": text,
        "MessageArgs": args,
        "Severity": severity,
        "Resolution": "None.",
    })
}

/// Whether a path names a system, and nothing below it.
pub(super) fn is_system(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.rsplit_once('/').is_some_and(|(collection, _)| collection.ends_with("/Systems"))
}

/// Whether a document is of one of these schemas.
pub(super) fn is_of(document: &Map<String, Value>, kinds: &[&str]) -> bool {
    let kind = document.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    kinds.iter().any(|it| kind.trim_start_matches('#').split('.').next() == Some(*it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_and_the_message_are_of_different_registries() {
        let args = ["BootSourceOverrideTarget"];
        let mut said =
            vendor_error(400, "iLO.0.10.ExtendedInfo", "iLO.2.37.UnableToModifyDuringSystemPOST", &args);
        assert_eq!(said.status, 400);
        let error = &said.document().unwrap()["error"];
        assert_eq!(error["code"], "iLO.0.10.ExtendedInfo");
        assert_eq!(error["@Message.ExtendedInfo"][0]["MessageArgs"][0], "BootSourceOverrideTarget");
    }
}
