//! What the face says when it says no: messages of a registry (DSP8011), and the error body around them (DSP0266 §8.6).

mod base;
mod event;

use serde_json::{Value, json};

use super::answer::{Answer, Body};

/// The version of the schema of a message.
pub(crate) const VERSION: &str = "v1_2_1";

/// Name, severity, text and resolution.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static str);

/// A registry of messages.
#[derive(Debug)]
pub(crate) struct Registry {
    /// What its message ids begin with: its name and its version in two numbers.
    pub(crate) id: &'static str,
    /// Its messages.
    pub(crate) rows: &'static [Row],
}

/// What any service says.
pub(crate) static BASE: Registry = Registry { id: "Base.1.19", rows: base::ROWS };
/// What becomes of tasks.
pub(crate) static TASK_EVENT: Registry = Registry { id: "TaskEvent.1.0", rows: event::TASK };
/// What becomes of resources.
pub(crate) static RESOURCE_EVENT: Registry = Registry { id: "ResourceEvent.1.4", rows: event::RESOURCE };
/// HPE iLO's own, as far as a deviation says it.
pub(crate) static ILO: Registry = Registry {
    id: "iLO.2.24",
    rows: &[(
        "UnableToModifyDuringSystemPOST",
        "Warning",
        "Unable to modify the value of property %1 while the system is in POST.",
        "Wait until POST is over and resubmit the request.",
    )],
};

/// A message of the Base registry.
pub(crate) fn message(name: &str, args: &[&str]) -> Value {
    message_of(&BASE, name, args)
}

/// A message of this registry.
pub(crate) fn message_of(registry: &Registry, name: &str, args: &[&str]) -> Value {
    let row = registry.rows.iter().find(|row| row.0 == name);
    let (_, severity, text, resolution) = row.expect("every message that is said stands in its registry");
    json!({
        "@odata.type": format!("#Message.{VERSION}.Message"),
        "MessageId": format!("{}.{name}", registry.id),
        "Message": filled(text, args),
        "MessageArgs": args,
        "MessageSeverity": severity,
        "Resolution": resolution,
    })
}

/// A message about a property, as a JSON pointer such as `/Boot/BootSourceOverrideTarget`.
pub(crate) fn about(message: Value, pointer: &str) -> Value {
    let mut message = message;
    message["RelatedProperties"] = json!([format!("#{pointer}")]);
    message
}

/// An error body with these messages; the first gives the code.
pub(crate) fn error(status: u16, messages: Vec<Value>) -> Answer {
    let first = messages.first().expect("an error says at least one thing");
    let (code, text) = (first["MessageId"].clone(), first["Message"].clone());
    Answer::ok(json!({"error": {"code": code, "message": text, "@Message.ExtendedInfo": messages}}))
        .with_status(status)
}

/// An error body with one message.
pub(crate) fn refuse(status: u16, name: &str, args: &[&str]) -> Answer {
    error(status, vec![message(name, args)])
}

/// 404.
pub(crate) fn not_found(path: &str) -> Answer {
    refuse(404, "ResourceMissingAtURI", &[path])
}

/// The text of an error body with one message of the Base registry, where it has one of this name.
pub(crate) fn base_error(name: &str, args: &[&str]) -> Option<String> {
    BASE.rows.iter().find(|row| row.0 == name)?;
    match refuse(400, name, args).body {
        Body::Json(document) => Some(document.to_string()),
        _ => None,
    }
}

/// How many arguments a message of the Base registry has places for, where it has one of this name.
pub(crate) fn base_args(name: &str) -> Option<usize> {
    let row = BASE.rows.iter().find(|row| row.0 == name)?;
    let digits = |after: &str| after.chars().take_while(char::is_ascii_digit).collect::<String>();
    Some(row.2.split('%').skip(1).filter_map(|after| digits(after).parse().ok()).max().unwrap_or(0))
}

/// The text with each `%n` replaced by its argument; what an argument says is not looked into again.
fn filled(text: &str, args: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + args.iter().map(|arg| arg.len()).sum::<usize>());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let digits = after.len() - after.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let arg = after[..digits].parse().ok().and_then(|place: usize| args.get(place.checked_sub(1)?));
        match arg {
            Some(arg) => filled.push_str(arg),
            None => filled.push_str(&rest[before.len()..=before.len() + digits]),
        }
        rest = &after[digits..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests;
