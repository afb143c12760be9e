//! What a BMC says when it says no: the extended error of DSP0266 §8.6, read leniently, and what it means.

use serde_json::Value;

use super::http::{Ask, Reply};
use crate::{
    driver::{Cause, Deviation, Exchange},
    drivers::failure::Failure,
};

/// Messages behind a refusal that mean "not now": the request was not carried out and may be sent again.
/// Each with the machine that was seen to send it.
const NOT_NOW: &[(&str, &str)] = &[
    ("UnableToModifyDuringSystemPOST", "HPE iLO 5 and 6 refuse Boot with 400 while the host is in POST"),
    ("SYS518", "Dell iDRAC 5.x: data sources are unavailable for up to 20 s"),
    ("ServiceTemporarilyUnavailable", "DMTF Base registry"),
];

/// Messages that mean "no session is free".
const SESSIONS_FULL: &[(&str, &str)] = &[
    ("SessionLimitExceeded", "DMTF Base registry"),
    ("RAC0218", "Dell iDRAC 9: the maximum number of user sessions is reached"),
];

/// Messages that mean "the machine is not in the state for it" although the status is 400.
const WRONG_STATE: &[(&str, &str)] = &[
    ("InvalidOperationForSystemState", "HPE iLO 4 to 6: power is off, or a reset is under way"),
    ("ActionParameterValueConflict", "Dell iDRAC 10: On within seconds of a power-off"),
];

/// Messages that mean "not this value": of the DMTF's Base registry, and as a Dell R740xd says it.
const NOT_TAKEN: &[&str] =
    &["ValueNotInList", "ActionParameterNotSupported", "not in the list of acceptable values"];

/// Messages that mean "not to be written here": of the DMTF's Base registry, and in the words of its texts.
const READ_ONLY: &[&str] = &[
    "PropertyNotWritable",
    "PropertyUnknown",
    "read-only",
    "read only",
    "readonly",
    "not in the list of valid properties",
];

/// The messages of an error body, most telling first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    messages: Vec<Message>,
    general: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    id: Option<String>,
    text: String,
}

impl Refusal {
    /// The error in an answer's body; of a body that is no such thing, nothing.
    pub(super) fn read(reply: &Reply) -> Self {
        let body = serde_json::from_slice(reply.body.bytes()).unwrap_or(Value::Null);
        let error = body.get("error").unwrap_or(&body);
        let extended = match error.get("@Message.ExtendedInfo").or(body.get("@Message.ExtendedInfo")) {
            Some(Value::Array(items)) => items.iter().map(Message::read).collect(),
            // iDRAC sends an object where an array belongs (quirk D1).
            Some(item @ Value::Object(_)) => vec![Message::read(item)],
            _ => Vec::new(),
        };
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut refusal = Self { messages: extended, general: text("message") };
        if refusal.messages.is_empty() && (text("code").is_some() || text("message").is_some()) {
            let text = refusal.general.clone().unwrap_or_default();
            refusal.messages.push(Message { id: error_code(error), text });
        }
        refusal
    }

    /// The first MessageId.
    pub(super) fn message_id(&self) -> Option<String> {
        self.messages.iter().find_map(|message| message.id.clone())
    }

    /// Whether this text is anywhere in it, whatever the case.
    pub(super) fn mentions(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let found = |in_this: &str| in_this.to_ascii_lowercase().contains(&text);
        self.messages.iter().any(|m| found(&m.text) || m.id.as_deref().is_some_and(found))
            || self.general.as_deref().is_some_and(found)
    }

    /// Whether it says one of these.
    pub(super) fn is_one_of(&self, table: &[(&str, &str)]) -> bool {
        table.iter().any(|(id, _)| self.mentions(id))
    }

    pub(super) fn is_not_now(&self) -> bool {
        self.is_one_of(NOT_NOW)
    }

    pub(super) fn is_sessions_full(&self) -> bool {
        self.is_one_of(SESSIONS_FULL)
    }

    /// MessageId and text, for a person.
    fn text(&self, status: u16) -> String {
        let said: Vec<_> = self.messages.iter().map(Message::to_string).filter(|t| !t.is_empty()).collect();
        match (said.is_empty(), &self.general) {
            (false, _) => said.join("; "),
            (true, Some(general)) => general.clone(),
            (true, None) => phrase(status).to_owned(),
        }
    }

    /// What a refused request means for its operation.
    pub(super) fn cause(&self, status: u16, path: &str) -> Cause {
        match status {
            401 => Cause::Unauthorized,
            403 => Cause::Denied,
            404 => Cause::NotFound { what: path.to_owned() },
            409 => Cause::Conflict { reason: self.text(status) },
            400 if self.is_one_of(WRONG_STATE) => Cause::Conflict { reason: self.text(status) },
            429 | 503 => Cause::Busy { retry_after: None },
            _ if self.is_not_now() => Cause::Busy { retry_after: None },
            400..=599 => Cause::Refused { code: status.to_string(), message: self.text(status) },
            _ => Cause::Deviation(Deviation::WrongStatus { status, expected: "200, 201, 202 or 204" }),
        }
    }
}

impl Message {
    /// iLO 4 spells it `MessageID`; an iLO gives the message's arguments only, and no text. Where a property is named
    /// beside a text that does not name it, it is added.
    fn read(item: &Value) -> Self {
        let id = item.get("MessageId").or_else(|| item.get("MessageID")).and_then(Value::as_str);
        let text = item.get("Message").and_then(Value::as_str).unwrap_or_default().trim();
        let mut text = if text.is_empty() { texts(item, "MessageArgs").join(", ") } else { text.to_owned() };
        for property in texts(item, "RelatedProperties") {
            let name = property.rsplit('/').next().unwrap_or(property);
            if !text.contains(name) {
                text = format!("{text} ({property})");
            }
        }
        Self { id: id.map(str::to_owned), text: text.trim().to_owned() }
    }
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.id, self.text.is_empty()) {
            (Some(id), false) => write!(f, "{id}: {}", self.text),
            (Some(id), true) => f.write_str(id),
            (None, _) => f.write_str(&self.text),
        }
    }
}

fn texts<'a>(item: &'a Value, name: &str) -> Vec<&'a str> {
    item.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a refusal says one of these, whatever the case.
pub(super) fn says(failure: &Failure, words: &[&str]) -> bool {
    let (Cause::Refused { message: text, .. } | Cause::Conflict { reason: text }) = &failure.cause else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| text.contains(&word.to_ascii_lowercase()))
}

/// Whether a refusal is of the value that was sent, and another may be taken.
pub(super) fn is_not_taken(failure: &Failure) -> bool {
    says(failure, NOT_TAKEN) && matches!(failure.cause, Cause::Refused { .. })
}

/// Whether a refusal is of a property that cannot be written here, and may be elsewhere.
pub(super) fn is_read_only(failure: &Failure) -> bool {
    let Cause::Refused { code, .. } = &failure.cause else { return false };
    code == "405" || says(failure, READ_ONLY)
}

fn error_code(error: &Value) -> Option<String> {
    error.get("code").and_then(Value::as_str).map(str::to_owned)
}

fn phrase(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("no reason given")
}

/// A request and what became of it, as errors carry it.
pub(super) fn at(ask: &Ask, status: Option<u16>, message_id: Option<String>) -> Exchange {
    Exchange::Http { method: ask.method.to_string(), path: ask.path.clone(), status, message_id }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, body::Bytes};

    use super::*;
    use crate::drivers::redfish::http::Body;

    fn read(status: u16, body: &'static str) -> (Refusal, Cause) {
        let body = Body::Whole(Bytes::from_static(body.as_bytes()));
        let refusal = Refusal::read(&Reply { status, headers: HeaderMap::new(), body });
        let cause = refusal.cause(status, "/redfish/v1/Systems/1");
        (refusal, cause)
    }

    #[test]
    fn ilos_power_is_off_is_a_conflict() {
        let body = r#"{"error":{"code":"iLO.0.10.ExtendedInfo","message":"See @Message.ExtendedInfo for more information.","@Message.ExtendedInfo":[{"MessageArgs":["Power is off"],"MessageID":"iLO.2.14.InvalidOperationForSystemState"}]}}"#;
        let (refusal, cause) = read(400, body);
        assert_eq!(refusal.message_id().as_deref(), Some("iLO.2.14.InvalidOperationForSystemState"));
        assert!(matches!(cause, Cause::Conflict { .. }), "{cause}");
    }

    #[test]
    fn idracs_full_session_table_is_known() {
        let body = r#"{"error":{"@Message.ExtendedInfo":{"MessageId":"IDRAC.2.4.RAC0218","Message":"The maximum number of user sessions is reached."},"code":"Base.1.7.GeneralError"}}"#;
        assert!(read(503, body).0.is_sessions_full());
    }

    #[test]
    fn ilo_in_post_is_busy_and_not_refused() {
        let body = r#"{"error":{"@Message.ExtendedInfo":[{"MessageArgs":["BootSourceOverrideTarget"],"MessageId":"iLO.2.37.UnableToModifyDuringSystemPOST"}]}}"#;
        assert_eq!(read(400, body).1, Cause::Busy { retry_after: None });
    }

    #[test]
    fn a_message_without_text_is_its_arguments_and_one_that_names_no_property_is_given_it() {
        let ilo = r#"{"error":{"@Message.ExtendedInfo":[{"MessageArgs":["BootSourceOverrideMode"],"MessageId":"iLO.2.8.PropertyNotWritableOrUnknown"}]}}"#;
        let Cause::Refused { message, .. } = read(400, ilo).1 else { panic!("not refused") };
        assert_eq!(message, "iLO.2.8.PropertyNotWritableOrUnknown: BootSourceOverrideMode");
        let pointed = r##"{"error":{"@Message.ExtendedInfo":[{"Message":"It is missing.","MessageId":"Base.1.8.PropertyMissing","RelatedProperties":["#/Boot/BootSourceOverrideMode"]}]}}"##;
        let Cause::Refused { message, .. } = read(400, pointed).1 else { panic!("not refused") };
        assert_eq!(message, "Base.1.8.PropertyMissing: It is missing. (#/Boot/BootSourceOverrideMode)");
    }

    #[test]
    fn a_message_of_a_registry_that_nobody_knows_is_told_as_it_is() {
        let body = r#"{"error":{"@Message.ExtendedInfo":[{"MessageId":"Contoso.9.Odd","MessageArgs":[1,null]},"x"]}}"#;
        let Cause::Refused { message, .. } = read(400, body).1 else { panic!("not refused") };
        assert_eq!(message, "Contoso.9.Odd");
    }

    #[test]
    fn a_page_of_html_is_no_reason_to_fail_differently() {
        assert_eq!(read(403, "<html>forbidden</html>").1, Cause::Denied);
        let Cause::Refused { code, message } = read(500, "<html>").1 else { panic!("not refused") };
        assert_eq!((code.as_str(), message.as_str()), ("500", "Internal Server Error"));
    }
}
