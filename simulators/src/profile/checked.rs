//! What can be wrong with the JSON of a profile beside what its meaning shows: members that are there twice, schemas that no
//! resource is of, versions that are none. Each with its line.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::redfish::{Documents, ROOT, kind_of, trimmed};

/// What is wrong with an overlay over these documents, if anything is.
pub(super) fn overlay(text: &str, over: &Documents) -> Result<(), String> {
    unique(text)?;
    // What cannot be read at all is told by whoever applies it.
    let Ok(Value::Object(overlay)) = serde_json::from_str(text) else { return Ok(()) };
    let added = overlay.get("add").and_then(Value::as_object).into_iter().flatten();
    let mut known: BTreeSet<&str> = added.map(|(_, document)| kind_of(document)).collect();
    known.extend(over.iter().map(|(_, document)| kind_of(document)));
    for step in ["versions", "every", "without"] {
        for (kind, with) in overlay.get(step).and_then(Value::as_object).into_iter().flatten() {
            if !known.contains(kind.as_str()) {
                let what = format!(
                    "{step}: no resource is of the schema {kind:?}: expected one such as ComputerSystem"
                );
                return Err(at(text, step, kind, &what));
            }
            if step == "versions" && !with.as_str().is_some_and(is_version) {
                let what = format!("versions: {kind} is {with}: expected a version such as \"v1_22_0\"");
                return Err(at(text, step, kind, &what));
            }
        }
    }
    let removed = overlay.get("remove").and_then(Value::as_array).into_iter().flatten();
    for path in removed.filter_map(Value::as_str) {
        if trimmed(path) == ROOT {
            let what = format!("remove: {path} is the service root, and nothing is left without it");
            return Err(at(text, "remove", path, &what));
        }
    }
    Ok(())
}

/// What went wrong while an overlay was applied, with the line of the path that it is about.
pub(super) fn placed(text: &str, what: &str) -> String {
    match what.split_once(": there is no ") {
        Some((step, path)) => at(text, step, path, what),
        None => what.to_owned(),
    }
}

/// No object has a member twice; JSON leaves open which of them counts (RFC 8259 §4).
pub(super) fn unique(text: &str) -> Result<(), String> {
    let mut open: Vec<Option<BTreeSet<&str>>> = Vec::new();
    let mut from = 0;
    while let Some(place) = text[from..].find(['{', '[', '}', ']', '"']).map(|it| from + it) {
        from = place + 1;
        match text.as_bytes()[place] {
            b'{' => open.push(Some(BTreeSet::new())),
            b'[' => open.push(None),
            b'"' => {
                let end = place + 1 + end_of_text(&text[place + 1..]);
                from = (end + 1).min(text.len());
                let is_name = text[from..].trim_start().starts_with(':');
                let name = &text[place + 1..end];
                if is_name
                    && let Some(Some(names)) = open.last_mut()
                    && !names.insert(name)
                {
                    return Err(format!("line {}: the member {name:?} is there twice", line(text, place)));
                }
            }
            _ => drop(open.pop()),
        }
    }
    Ok(())
}

/// Where a text ends: at the first quotation mark that is not escaped.
fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    let is_end = |it: char| {
        let ends = it == '"' && !escaped;
        escaped = it == '\\' && !escaped;
        ends
    };
    text.find(is_end).unwrap_or(text.len())
}

/// `v1_22_0`.
fn is_version(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix('v') else { return false };
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    numbers.split('_').count() == 3 && numbers.split('_').all(is_number)
}

/// The same with the line on which this word stands in this step.
fn at(text: &str, step: &str, word: &str, what: &str) -> String {
    let quoted = |word: &str| format!("\"{word}\"");
    let begun = text.find(&quoted(step)).unwrap_or_default();
    match text[begun..].find(&quoted(word)) {
        Some(place) => format!("line {}: {what}", line(text, begun + place)),
        None => what.to_owned(),
    }
}

fn line(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let over = Documents::packed(
            r##"{"/redfish/v1/Systems/1": {"@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem"}}"##,
        );
        overlay(text, &over.unwrap()).unwrap_err()
    }

    #[test]
    fn what_an_overlay_cannot_mean_is_told_with_its_line() {
        assert_eq!(
            wrong("{\"every\": {\n \"ComputerSytem\": {}}}"),
            "line 2: every: no resource is of the schema \"ComputerSytem\": expected one such as ComputerSystem"
        );
        assert_eq!(
            wrong("{\n\"versions\": {\n\"ComputerSystem\": \"1.5\"}}"),
            "line 3: versions: ComputerSystem is \"1.5\": expected a version such as \"v1_22_0\""
        );
        assert_eq!(
            wrong("{\"remove\": [\n\"/redfish/v1/\"]}"),
            "line 2: remove: /redfish/v1/ is the service root, and nothing is left without it"
        );
        assert_eq!(
            wrong("{\"add\": {},\n\"merge\": {}, \"add\": {}}"),
            "line 2: the member \"add\" is there twice"
        );
    }

    #[test]
    fn a_name_may_stand_in_two_objects_and_in_a_text() {
        assert_eq!(unique(r#"{"a": {"b": "a\": \"b"}, "c": [{"b": 1}, {"b": 2}, "b", "b"]}"#), Ok(()));
        assert!(unique(r#"{"a": [{"b": 1, "b": 2}]}"#).is_err());
    }

    #[test]
    fn what_is_not_there_is_told_with_its_line() {
        let text = "{\"rename\": [\n[\"/redfish/v1/Systems/9\", \"/redfish/v1/Systems/a\"]]}";
        let what = "rename: there is no /redfish/v1/Systems/9";
        assert_eq!(placed(text, what), format!("line 2: {what}"));
    }
}
