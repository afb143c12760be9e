//! A document that is read when somebody needs more of it than its schema: most are never asked for.

use std::{
    ops::Deref,
    sync::{LazyLock, OnceLock},
};

use memchr::memmem::Finder;
use serde_json::Value;

/// What is looked for in every document; what looks for it is made once.
static TYPE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"@odata.type\""));
static ACTIONS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"Actions\""));
static END: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\n  }"));

/// A document as text, or read.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The whole document; empty where there never was a text.
    text: &'static str,
    read: OnceLock<Value>,
}

impl Page {
    /// A text that is known to be a JSON object.
    fn unread(text: &'static str) -> Self {
        Self { text, read: OnceLock::new() }
    }

    /// To change it.
    pub(super) fn value_mut(&mut self) -> &mut Value {
        let _: &Value = self;
        self.read.get_mut().expect("it has just been read")
    }

    /// Its schema, as `kind_of` says it; without reading all of it where its type stands before everything that has parts.
    pub(super) fn kind(&self) -> Box<str> {
        let stated = self.unread_text().and_then(stated_type);
        super::kind_of_type(stated.as_deref().or_else(|| self["@odata.type"].as_str()).unwrap_or_default())
            .into()
    }

    /// Whether there can be actions in it.
    pub(super) fn may_act(&self) -> bool {
        self.unread_text().is_none_or(|text| ACTIONS.find(text.as_bytes()).is_some())
    }

    fn unread_text(&self) -> Option<&'static str> {
        self.read.get().is_none().then_some(self.text)
    }
}

/// The documents of a packed tree, one object, path → document: where each begins and ends, and no more than that is looked
/// at. `None` where it is none.
pub(super) fn unpacked(text: &'static str) -> Option<Vec<(&'static str, Page)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start().strip_prefix('{')?.trim_start();
    loop {
        if let Some(end) = rest.strip_prefix('}') {
            return end.trim().is_empty().then_some(found);
        }
        let (path, document) = rest.strip_prefix('"')?.split_once('"')?;
        let document = document.trim_start().strip_prefix(':')?.trim_start();
        let (document, after) = document.split_at(object(document)?);
        found.push((path, Page::unread(document)));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None => after.starts_with('}').then_some(after)?,
        };
    }
}

/// The length of the object that a text begins with. Ours are set out in lines, a level in each two columns, so that a document ends
/// with the first line that closes the level of its path.
fn object(text: &str) -> Option<usize> {
    let bytes = text.strip_prefix('{').map(|_| text.as_bytes())?;
    if text.starts_with("{\n    ") {
        return END.find(bytes).map(|at| at + END.needle().len());
    }
    let (mut depth, mut at) = (0usize, 0);
    loop {
        match *bytes.get(at)? {
            b'"' => at = end_of_text(bytes, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Where the text that begins here has its closing quote.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// What `@odata.type` says, where no object and no list begins before it.
fn stated_type(text: &str) -> Option<String> {
    let inside = text.strip_prefix('{')?;
    let at = TYPE.find(inside.as_bytes())?;
    let (before, after) = inside.split_at(at);
    if memchr::memchr2(b'{', b'[', before.as_bytes()).is_some() {
        return None;
    }
    let value = after[TYPE.needle().len()..].trim_start().strip_prefix(':')?;
    serde_json::Deserializer::from_str(value).into_iter::<String>().next()?.ok()
}

impl Deref for Page {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.read.get_or_init(|| serde_json::from_str(self.text).expect("what is compiled in is JSON"))
    }
}

impl From<Value> for Page {
    fn from(read: Value) -> Self {
        Self { text: "", read: OnceLock::from(read) }
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &'static str) -> Page {
        Page::unread(text)
    }

    #[test]
    fn documents_are_told_apart_whatever_stands_in_their_texts() {
        let packed = r##" {"/a": {"b": ["}", "\"{", {"c": "\\"}]}, "/d" : {}
            } "##;
        let found = unpacked(packed).unwrap();
        let said: Vec<_> = found.iter().map(|(path, page)| (*path, page.to_string())).collect();
        let read: Value = serde_json::from_str(packed).unwrap();
        assert_eq!(said, [("/a", read["/a"].to_string()), ("/d", read["/d"].to_string())]);
    }

    #[test]
    fn what_is_no_packed_tree_is_none() {
        for wrong in [
            "",
            "{",
            "[]",
            r#"{"/a": 1}"#,
            r#"{"/a": {}"#,
            r#"{"/a": {"b}"#,
            r#"{"/a": {} "/b": {}}"#,
            "{} {}",
        ] {
            assert!(unpacked(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_document_that_is_compiled_in_can_be_read() {
        for name in crate::Profile::names() {
            let tree = crate::Profile::named(name).unwrap().tree();
            assert!(tree.documents().iter().all(|it| it.template().is_object()), "{name}");
        }
    }

    #[test]
    fn a_schema_is_known_before_the_document_is_read() {
        let early = page(r##"{"@odata.id": "/a", "@odata.type": "#Chassis.v1_2_0.Chassis", "Actions": {}}"##);
        assert_eq!((&*early.kind(), early.read.get()), ("Chassis", None));
        assert!(early.may_act());
    }

    #[test]
    fn a_part_s_type_is_not_its_owner_s() {
        let late =
            page(r##"{"Part": {"@odata.type": "#Part.v1_0_0.Part"}, "@odata.type": "#Whole.v1_0_0.Whole"}"##);
        assert_eq!(&*late.kind(), "Whole");
        let none = page(r##"{"Part": {"@odata.type": "#Part.v1_0_0.Part"}}"##);
        assert_eq!((none.may_act(), &*none.kind()), (false, ""));
    }

    #[test]
    fn what_was_changed_is_what_it_says() {
        let mut changed = page(r##"{"@odata.type": "#Old.v1_0_0.Old"}"##);
        changed.value_mut()["@odata.type"] = "#New.v1_0_0.New".into();
        assert_eq!(&*changed.kind(), "New");
    }
}
