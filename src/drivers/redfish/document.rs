//! JSON as BMCs send it: typed views that forgive a wrong type when the value can still be understood, and say so.

use serde_json::Value;

use super::http::{Body, Reply};
use crate::{driver::Deviation, drivers::notes::Notes};

/// A resource: where it was read, what it says, and its ETag.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) path: String,
    value: Value,
    /// The ETag header, else `@odata.etag`; an empty one is none (quirk E7).
    pub(super) etag: Option<String>,
}

impl Document {
    /// The document in an answer.
    pub(super) fn read(path: &str, reply: &Reply) -> Result<Self, Deviation> {
        let value = json(reply)?;
        let etag = reply.header("etag").or_else(|| value.get("@odata.etag")?.as_str());
        let etag = etag.filter(|tag| !matches!(*tag, "" | "\"\"" | "W/\"\"")).map(str::to_owned);
        Ok(Self { path: path.to_owned(), etag, value })
    }

    /// Whether both say the same of everything that this change names.
    pub(super) fn agrees_on(&self, change: &Value, with: &Self) -> bool {
        let mut named = change.as_object().into_iter().flat_map(|map| map.keys());
        named.all(|name| self.value.get(name) == with.value.get(name))
    }

    /// A document that was not read from a BMC.
    #[cfg(test)]
    pub(super) fn of(path: &str, value: Value) -> Self {
        Self { path: path.to_owned(), value, etag: None }
    }

    pub(super) fn view(&self) -> View<'_> {
        View(&self.value)
    }
}

/// The JSON object in an answer's body. serde_json's limit of 128 levels bounds the recursion.
pub(super) fn json(reply: &Reply) -> Result<Value, Deviation> {
    let bytes = match &reply.body {
        Body::Whole(bytes) => bytes,
        Body::Truncated(bytes) => return Err(Deviation::Truncated { bytes: *bytes }),
        Body::TooLarge(limit) => return Err(Deviation::TooLarge { limit: *limit }),
    };
    let not_json = |reason: String| {
        let content_type = reply.header("content-type").map(str::to_owned);
        Deviation::NotJson { content_type, reason }
    };
    if bytes.is_empty() {
        return Err(not_json("the body is empty".to_owned()));
    }
    if let Some(coding) = reply.header("content-encoding").filter(|c| !c.eq_ignore_ascii_case("identity")) {
        return Err(not_json(format!("it is encoded as {coding}, which was not asked for")));
    }
    // A body that ends in mid-value although its length was right: cut off at the source.
    let looks_like_json = bytes.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| *b == b'{');
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(not_json("the value is not an object".to_owned())),
        Err(error) if error.is_eof() && looks_like_json => Err(Deviation::Truncated { bytes: bytes.len() }),
        Err(error) => Err(not_json(error.to_string())),
    }
}

/// A part of a document. What is absent, null or no object has no properties.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a>(&'a Value);

impl<'a> View<'a> {
    #[cfg(test)]
    pub(super) fn of(value: &'a Value) -> Self {
        Self(value)
    }

    fn raw(self, name: &str) -> &'a Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// Whether the property is there and not null.
    pub(super) fn has(self, name: &str) -> bool {
        !self.raw(name).is_null()
    }

    /// The property, taken out of an array of one.
    fn single(self, name: &str, notes: &mut Notes) -> &'a Value {
        match self.raw(name) {
            Value::Array(items) if items.len() == 1 => {
                notes.forgive(wrong(name, "a single value"));
                &items[0]
            }
            value => value,
        }
    }

    /// An object.
    pub(super) fn object(self, name: &str, notes: &mut Notes) -> View<'a> {
        match self.single(name, notes) {
            value @ (Value::Object(_) | Value::Null) => View(value),
            _ => {
                notes.forgive(wrong(name, "an object"));
                View(&Value::Null)
            }
        }
    }

    /// Its objects, one by one; of anything else that there may be among them, nothing.
    pub(super) fn objects(self, name: &str, notes: &mut Notes) -> Vec<View<'a>> {
        match self.raw(name) {
            Value::Null => Vec::new(),
            Value::Array(items) => items.iter().filter(|item| item.is_object()).map(View).collect(),
            value @ Value::Object(_) => {
                notes.forgive(wrong(name, "an array"));
                vec![View(value)]
            }
            _ => {
                notes.forgive(wrong(name, "an array"));
                Vec::new()
            }
        }
    }

    /// Every property that is an object, by its name: for `Oem`.
    pub(super) fn children(self) -> impl Iterator<Item = View<'a>> {
        self.0.as_object().into_iter().flat_map(|map| map.values()).filter(|v| v.is_object()).map(View)
    }

    /// The names of its properties.
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        self.0.as_object().into_iter().flat_map(|map| map.keys()).cloned()
    }

    /// Text as it stands there; of anything else, nothing.
    pub(super) fn plain(self, name: &str) -> Option<&'a str> {
        self.raw(name).as_str().map(str::trim)
    }

    /// Text, trimmed of white space and NULs; empty text is none.
    pub(super) fn text(self, name: &str, notes: &mut Notes) -> Option<String> {
        let text = match self.single(name, notes) {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            Value::Number(number) => {
                notes.forgive(wrong(name, "a string"));
                number.to_string()
            }
            _ => {
                notes.forgive(wrong(name, "a string"));
                return None;
            }
        };
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A truth value, also one that is spelled as text or number.
    pub(super) fn flag(self, name: &str, notes: &mut Notes) -> Option<bool> {
        let value = self.single(name, notes);
        let understood = match value {
            Value::Null => return None,
            Value::Bool(flag) => return Some(*flag),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
            Value::Number(number) => match number.as_f64() {
                Some(0.0) => Some(false),
                Some(1.0) => Some(true),
                _ => None,
            },
            _ => None,
        };
        notes.forgive(wrong(name, "a boolean"));
        understood
    }

    /// Words, such as allowable values; `None` when the BMC does not say.
    pub(super) fn words(self, name: &str, notes: &mut Notes) -> Option<Vec<String>> {
        match self.raw(name) {
            Value::Array(items) => {
                Some(items.iter().filter_map(Value::as_str).map(|word| word.trim().to_owned()).collect())
            }
            Value::String(word) => {
                notes.forgive(wrong(name, "an array"));
                Some(vec![word.trim().to_owned()])
            }
            _ => None,
        }
    }

    /// Where a reference leads (DSP0266 §6.5.8): `{"@odata.id": …}`, or a bare string where one was meant.
    pub(super) fn link(self, name: &str, notes: &mut Notes) -> Option<String> {
        match self.single(name, notes) {
            Value::Object(reference) => reference.get("@odata.id")?.as_str().map(str::to_owned),
            Value::String(link) => {
                notes.forgive(wrong(name, "a reference"));
                Some(link.clone())
            }
            _ => None,
        }
        .filter(|link| !link.trim().is_empty())
    }

    /// Where the references of an array lead.
    pub(super) fn links(self, name: &str, notes: &mut Notes) -> Vec<String> {
        let objects = self.objects(name, notes);
        objects.into_iter().filter_map(|o| o.raw("@odata.id").as_str()).map(str::to_owned).collect()
    }
}

fn wrong(property: &str, expected: &'static str) -> Deviation {
    Deviation::WrongType { property: property.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_type_that_can_be_understood_is_forgiven_and_noted() {
        let value =
            json!({"Serial": 42, "Lit": "True", "Boot": [{"Mode": "UEFI"}], "Link": "/redfish/v1/Systems"});
        let (view, mut notes) = (View(&value), Notes::default());
        assert_eq!(view.text("Serial", &mut notes).as_deref(), Some("42"));
        assert_eq!(view.flag("Lit", &mut notes), Some(true));
        assert_eq!(view.object("Boot", &mut notes).text("Mode", &mut notes).as_deref(), Some("UEFI"));
        assert_eq!(view.link("Link", &mut notes).as_deref(), Some("/redfish/v1/Systems"));
        assert_eq!(notes.into_vec().len(), 4);
    }

    #[test]
    fn what_is_absent_or_null_is_nothing_and_no_deviation() {
        let value = json!({"Serial": null, "Boot": null, "Members": null});
        let (view, mut notes) = (View(&value), Notes::default());
        assert_eq!(view.text("Serial", &mut notes), None);
        assert_eq!(view.object("Boot", &mut notes).text("Mode", &mut notes), None);
        assert_eq!(view.links("Members", &mut notes), [""; 0]);
        assert!(notes.into_vec().is_empty());
    }

    #[test]
    fn text_is_trimmed_of_spaces_and_nuls() {
        let value = json!({"Serial": " 7CX1 \u{0}\u{0}", "Model": " \u{0}"});
        let mut notes = Notes::default();
        assert_eq!(View(&value).text("Serial", &mut notes).as_deref(), Some("7CX1"));
        assert_eq!(View(&value).text("Model", &mut notes), None);
    }
}
