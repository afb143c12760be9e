//! A property of a document that is not what it should be.

use serde_json::{Map, Value, json};

use super::Corruption;

/// A text that no list of words has.
const UNKNOWN: &str = "Halfway";
/// Stands for a name that is there already, until the document is text.
const AGAIN: &str = "\u{fffd}again";

/// The document with the property at this JSON pointer spoilt; `None` where it is no document, or has no such property.
pub(crate) fn corrupt(document: &[u8], pointer: &str, becomes: Corruption) -> Option<Vec<u8>> {
    let mut whole: Value = serde_json::from_slice(document).ok()?;
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    match whole.pointer_mut(parent)? {
        Value::Object(parent) => in_object(parent, &name, becomes)?,
        Value::Array(items) => in_list(items, name.parse().ok()?, becomes)?,
        _ => return None,
    }
    let text = serde_json::to_string(&whole).ok()?;
    Some(text.replace(&json!(AGAIN).to_string(), &json!(name).to_string()).into_bytes())
}

fn in_object(parent: &mut Map<String, Value>, name: &str, becomes: Corruption) -> Option<()> {
    let value = parent.get_mut(name)?;
    match becomes {
        Corruption::Missing => {
            parent.shift_remove(name);
        }
        Corruption::Duplicate => {
            parent.insert(AGAIN.to_owned(), Value::Null);
        }
        other => *value = spoilt(value, other),
    }
    Some(())
}

fn in_list(items: &mut Vec<Value>, place: usize, becomes: Corruption) -> Option<()> {
    let value = items.get_mut(place)?;
    match becomes {
        Corruption::Missing => {
            items.remove(place);
        }
        Corruption::Duplicate => {
            let again = value.clone();
            items.insert(place, again);
        }
        other => *value = spoilt(value, other),
    }
    Some(())
}

fn spoilt(value: &Value, becomes: Corruption) -> Value {
    match becomes {
        Corruption::UnknownWord => json!(UNKNOWN),
        Corruption::NumberAsText => json!(value.to_string()),
        Corruption::WrongType => match value {
            Value::Null | Value::String(_) => json!(7),
            Value::Bool(is) => json!(is.to_string()),
            Value::Number(_) | Value::Array(_) => json!({}),
            Value::Object(_) => json!([]),
        },
        Corruption::Null | Corruption::Missing | Corruption::Duplicate => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrupted(pointer: &str, becomes: Corruption) -> Option<String> {
        let document = br#"{"A":"On","B":{"C":12,"D~":[1,2]}}"#;
        corrupt(document, pointer, becomes).map(|it| String::from_utf8(it).unwrap())
    }

    #[test]
    fn one_property_is_spoilt_and_nothing_else() {
        let said = |pointer, becomes| corrupted(pointer, becomes).unwrap();
        assert_eq!(said("/A", Corruption::WrongType), r#"{"A":7,"B":{"C":12,"D~":[1,2]}}"#);
        assert_eq!(said("/A", Corruption::UnknownWord), r#"{"A":"Halfway","B":{"C":12,"D~":[1,2]}}"#);
        assert_eq!(said("/A", Corruption::Duplicate), r#"{"A":"On","B":{"C":12,"D~":[1,2]},"A":null}"#);
        assert_eq!(said("/B/C", Corruption::NumberAsText), r#"{"A":"On","B":{"C":"12","D~":[1,2]}}"#);
        assert_eq!(said("/B/C", Corruption::Missing), r#"{"A":"On","B":{"D~":[1,2]}}"#);
        assert_eq!(said("/B/D~0/1", Corruption::Null), r#"{"A":"On","B":{"C":12,"D~":[1,null]}}"#);
        assert_eq!(said("/B", Corruption::WrongType), r#"{"A":"On","B":[]}"#);
    }

    #[test]
    fn what_is_not_there_cannot_be_spoilt() {
        assert_eq!(corrupted("/Z", Corruption::Null), None);
        assert_eq!(corrupted("", Corruption::Null), None);
        assert_eq!(corrupted("/A/B", Corruption::Null), None);
        assert_eq!(corrupt(b"<html>", "/A", Corruption::Null), None);
    }
}
