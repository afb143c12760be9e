//! JSON as BMCs send it: typed views that forgive a wrong type when the value can still be understood, and say so.

use serde_json::Value;

use super::{
    http::{Body, Reply},
    json::{Json, Kind, Part},
};
use crate::{driver::Deviation, drivers::notes::Notes};

/// A resource: where it was read, what it says, and its ETag.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) path: String,
    json: Json,
    /// The ETag header, else `@odata.etag`; an empty one is none (quirk E7).
    pub(super) etag: Option<String>,
}

impl Document {
    /// The document in an answer.
    pub(super) fn read(path: &str, reply: &Reply) -> Result<Self, Deviation> {
        let json = object(reply)?;
        let etag = reply.header("etag").or_else(|| json.root().get("@odata.etag")?.text());
        let etag = etag.filter(|tag| !matches!(*tag, "" | "\"\"" | "W/\"\"")).map(str::to_owned);
        Ok(Self { path: path.to_owned(), etag, json })
    }

    /// Whether both say the same of everything that this change names.
    pub(super) fn agrees_on(&self, change: &Value, with: &Self) -> bool {
        let mut named = change.as_object().into_iter().flat_map(|map| map.keys());
        named.all(|name| self.value(name) == with.value(name))
    }

    fn value(&self, name: &str) -> Option<Value> {
        self.json.root().get(name).map(Part::value)
    }

    /// A resource that stands whole in another one, such as a member of a collection that was expanded.
    pub(super) fn within(path: &str, part: View<'_>) -> Option<Self> {
        let json = Json::of(&part.0?.value()).ok()?;
        Some(Self { path: path.to_owned(), json, etag: None })
    }

    /// A document that was not read from a BMC.
    #[cfg(test)]
    pub(super) fn of(path: &str, value: &Value) -> Self {
        Self { path: path.to_owned(), json: Json::of(value).unwrap(), etag: None }
    }

    pub(super) fn view(&self) -> View<'_> {
        View(Some(self.json.root()))
    }
}

/// The JSON object in an answer's body, as a tree.
pub(super) fn json(reply: &Reply) -> Result<Value, Deviation> {
    object(reply).map(|json| json.root().value())
}

fn object(reply: &Reply) -> Result<Json, Deviation> {
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
    match Json::read(bytes) {
        Ok(json) if json.root().is_object() => Ok(json),
        Ok(_) => Err(not_json("the value is not an object".to_owned())),
        Err(error) if error.is_eof() && looks_like_json => Err(Deviation::Truncated { bytes: bytes.len() }),
        Err(error) => Err(not_json(error.to_string())),
    }
}

/// A part of a document. What is absent, null or no object has no properties.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(Option<Part<'a>>);

impl<'a> View<'a> {
    #[cfg(test)]
    pub(super) fn of(json: &'a Json) -> Self {
        Self(Some(json.root()))
    }

    fn part(self, name: &str) -> Option<Part<'a>> {
        self.0?.get(name)
    }

    /// Whether the property is there and not null.
    pub(super) fn has(self, name: &str) -> bool {
        self.part(name).is_some_and(|part| !part.is_null())
    }

    /// The property, taken out of an array of one.
    fn single(self, name: &str, notes: &mut Notes) -> Kind<'a> {
        self.single_part(name, notes).map_or(Kind::Null, Part::kind)
    }

    fn single_part(self, name: &str, notes: &mut Notes) -> Option<Part<'a>> {
        let part = self.part(name)?;
        let mut items = part.items();
        match (items.next(), items.next()) {
            (Some(only), None) => {
                notes.forgive(wrong(name, "a single value"));
                Some(only)
            }
            _ => Some(part),
        }
    }

    /// An object.
    pub(super) fn object(self, name: &str, notes: &mut Notes) -> View<'a> {
        let part = self.single_part(name, notes);
        match part.map_or(Kind::Null, Part::kind) {
            Kind::Object | Kind::Null => View(part),
            _ => {
                notes.forgive(wrong(name, "an object"));
                View(None)
            }
        }
    }

    /// Its objects, one by one; of anything else that there may be among them, nothing.
    pub(super) fn objects(self, name: &str, notes: &mut Notes) -> Vec<View<'a>> {
        let Some(part) = self.part(name) else { return Vec::new() };
        match part.kind() {
            Kind::Null => Vec::new(),
            Kind::List => part.items().filter(|item| item.is_object()).map(|item| View(Some(item))).collect(),
            kind => {
                notes.forgive(wrong(name, "an array"));
                if matches!(kind, Kind::Object) { vec![View(Some(part))] } else { Vec::new() }
            }
        }
    }

    /// Every property that is an object, by its name: for `Oem`.
    pub(super) fn children(self) -> impl Iterator<Item = View<'a>> {
        let members = self.0.into_iter().flat_map(Part::members);
        members.filter(|(_, part)| part.is_object()).map(|(_, part)| View(Some(part)))
    }

    /// The names of its properties.
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        self.0.into_iter().flat_map(Part::members).map(|(name, _)| name.to_owned())
    }

    /// Every property with its value, by its name; annotations aside (DSP0266 §9.5: names with an `@`).
    pub(super) fn values(self) -> impl Iterator<Item = (&'a str, Value)> {
        let members = self.0.into_iter().flat_map(Part::members);
        members.filter(|(name, _)| !name.contains('@')).map(|(name, part)| (name, part.value()))
    }

    /// Text as it stands there; of anything else, nothing.
    pub(super) fn plain(self, name: &str) -> Option<&'a str> {
        self.part(name)?.text().map(str::trim)
    }

    /// Text, trimmed of white space and NULs; empty text is none.
    pub(super) fn text(self, name: &str, notes: &mut Notes) -> Option<String> {
        let text = match self.single(name, notes) {
            Kind::Null => return None,
            Kind::Text(text) => text.to_owned(),
            Kind::Number(number) => {
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

    /// A number, also one that is written as text.
    pub(super) fn number(self, name: &str, notes: &mut Notes) -> Option<f64> {
        let understood = match self.single(name, notes) {
            Kind::Null => return None,
            Kind::Number(number) => return number.as_f64(),
            Kind::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        notes.forgive(wrong(name, "a number"));
        understood
    }

    /// A truth value, also one that is spelled as text or number.
    pub(super) fn flag(self, name: &str, notes: &mut Notes) -> Option<bool> {
        let understood = match self.single(name, notes) {
            Kind::Null => return None,
            Kind::Bool(flag) => return Some(flag),
            Kind::Text(text) => text.trim().to_ascii_lowercase().parse().ok(),
            Kind::Number(number) => match number.as_f64() {
                Some(0.0) => Some(false),
                Some(1.0) => Some(true),
                _ => None,
            },
            _ => None,
        };
        notes.forgive(wrong(name, "a boolean"));
        understood
    }

    /// A whole number, also one that is spelled as text.
    pub(super) fn whole(self, name: &str, notes: &mut Notes) -> Option<i64> {
        let understood = match self.single(name, notes) {
            Kind::Null => return None,
            Kind::Number(number) => match number.as_i64() {
                Some(number) => return Some(number),
                None => None,
            },
            Kind::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        notes.forgive(wrong(name, "a whole number"));
        understood
    }

    /// Words, such as allowable values; `None` when the BMC does not say.
    pub(super) fn words(self, name: &str, notes: &mut Notes) -> Option<Vec<String>> {
        let part = self.part(name)?;
        match part.kind() {
            Kind::List => {
                Some(part.items().filter_map(Part::text).map(|word| word.trim().to_owned()).collect())
            }
            Kind::Text(word) => {
                notes.forgive(wrong(name, "an array"));
                Some(vec![word.trim().to_owned()])
            }
            _ => None,
        }
    }

    /// Where a reference leads (DSP0266 §6.5.8): `{"@odata.id": …}`, or a bare string where one was meant.
    pub(super) fn link(self, name: &str, notes: &mut Notes) -> Option<String> {
        let part = self.single_part(name, notes)?;
        match part.kind() {
            Kind::Object => part.get("@odata.id")?.text().map(str::to_owned),
            Kind::Text(link) => {
                notes.forgive(wrong(name, "a reference"));
                Some(link.to_owned())
            }
            _ => None,
        }
        .filter(|link| !link.trim().is_empty())
    }

    /// Where the references of an array lead.
    pub(super) fn links(self, name: &str, notes: &mut Notes) -> Vec<String> {
        let objects = self.objects(name, notes);
        objects.into_iter().filter_map(|o| o.part("@odata.id")?.text()).map(str::to_owned).collect()
    }
}

fn wrong(property: &str, expected: &'static str) -> Deviation {
    Deviation::WrongType { property: property.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Json {
        Json::of(&value).unwrap()
    }

    #[test]
    fn a_wrong_type_that_can_be_understood_is_forgiven_and_noted() {
        let value = read(
            json!({"Serial": 42, "Lit": "True", "Boot": [{"Mode": "UEFI"}], "Link": "/redfish/v1/Systems", "Watts": "215.5"}),
        );
        let (view, mut notes) = (View::of(&value), Notes::default());
        assert_eq!(view.text("Serial", &mut notes).as_deref(), Some("42"));
        assert_eq!(view.flag("Lit", &mut notes), Some(true));
        assert_eq!(view.object("Boot", &mut notes).text("Mode", &mut notes).as_deref(), Some("UEFI"));
        assert_eq!(view.link("Link", &mut notes).as_deref(), Some("/redfish/v1/Systems"));
        assert_eq!(view.number("Watts", &mut notes), Some(215.5));
        assert_eq!(notes.into_vec().len(), 5);
    }

    #[test]
    fn what_is_absent_or_null_is_nothing_and_no_deviation() {
        let value = read(json!({"Serial": null, "Boot": null, "Members": null}));
        let (view, mut notes) = (View::of(&value), Notes::default());
        assert_eq!(view.text("Serial", &mut notes), None);
        assert_eq!(view.object("Boot", &mut notes).text("Mode", &mut notes), None);
        assert_eq!(view.links("Members", &mut notes), [""; 0]);
        assert!(notes.into_vec().is_empty());
    }

    #[test]
    fn text_is_trimmed_of_spaces_and_nuls() {
        let value = read(json!({"Serial": " 7CX1 \u{0}\u{0}", "Model": " \u{0}"}));
        let mut notes = Notes::default();
        assert_eq!(View::of(&value).text("Serial", &mut notes).as_deref(), Some("7CX1"));
        assert_eq!(View::of(&value).text("Model", &mut notes), None);
    }
}
