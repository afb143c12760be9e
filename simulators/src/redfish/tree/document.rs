//! One resource of a tree: a document, and what of it follows the machine.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock},
};

use serde_json::{Value, json};

use super::{
    bind::{Place, bound},
    fact::{Fact, Said},
    mockup::Recorded,
    page::Page,
};
use crate::{firmware::View, written::Written};

/// What stands in a template in the place of what is known only when somebody asks.
const MARK: &str = "@@halmark:";
const MARK_END: &str = "@@\"";
const ETAG: &str = "etag";
/// Where a manager has the certificates of its HTTPS (DSP0268 ManagerNetworkProtocol).
const HTTPS_CERTIFICATES: &str = "/NetworkProtocol/HTTPS/Certificates";

/// A collection whose members come and go, and who knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    /// Open sessions.
    Sessions,
    /// Accounts.
    Accounts,
    /// Tasks.
    Tasks,
    /// Event subscriptions.
    Subscriptions,
    /// Entries of a log.
    LogEntries,
    /// Volumes of a storage: those of the tree, and others.
    Volumes,
    /// The certificate of the service's own HTTPS.
    Certificates,
}

impl Live {
    pub(super) fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "SessionCollection" => Self::Sessions,
            "ManagerAccountCollection" => Self::Accounts,
            "TaskCollection" => Self::Tasks,
            "EventDestinationCollection" => Self::Subscriptions,
            "LogEntryCollection" => Self::LogEntries,
            "VolumeCollection" => Self::Volumes,
            _ => return None,
        })
    }

    /// The schema of a member.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Sessions => "Session",
            Self::Accounts => "ManagerAccount",
            Self::Tasks => "Task",
            Self::Subscriptions => "EventDestination",
            Self::LogEntries => "LogEntry",
            Self::Volumes => "Volume",
            Self::Certificates => "Certificate",
        }
    }

    /// Whether there are members that a tree knows.
    pub(crate) const fn is_in_trees(self) -> bool {
        matches!(self, Self::Volumes)
    }
}

/// A resource.
#[derive(Debug)]
pub(crate) struct Document {
    /// Its path, without a slash at the end.
    pub(crate) path: Box<str>,
    /// Its schema: the first part of `@odata.type`, empty where it has none.
    pub(crate) kind: Box<str>,
    /// What it is to the machine.
    pub(crate) place: Place,
    /// Whose members it lists, where it lists such as come and go.
    pub(crate) live: Option<Live>,
    template: Arc<Page>,
    /// What a recording says of it beside its document.
    recorded: Option<Arc<Recorded>>,
    compiled: OnceLock<Compiled>,
}

/// What is made of a document when somebody asks for it the first time: most are never asked for.
#[derive(Debug)]
struct Compiled {
    bound: Vec<(String, Fact)>,
    pieces: Vec<Piece>,
    seed: u64,
}

/// A part of a document's text.
#[derive(Debug)]
enum Piece {
    Text(Box<[u8]>),
    Fact(usize),
    Etag,
}

/// The schema that a document follows: `ComputerSystem` of `#ComputerSystem.v1_22_0.ComputerSystem`.
pub(crate) fn kind_of(document: &Value) -> &str {
    kind_of_type(document["@odata.type"].as_str().unwrap_or_default())
}

/// The same of a document's type.
pub(super) fn kind_of_type(whole: &str) -> &str {
    whole.trim_start_matches('#').split('.').next().unwrap_or_default()
}

impl Document {
    /// A document of a tree.
    pub(super) fn new(
        path: &str,
        template: Arc<Page>,
        place: Place,
        recorded: Option<Arc<Recorded>>,
    ) -> Self {
        let kind = template.kind();
        let is_https = &*kind == "CertificateCollection" && path.ends_with(HTTPS_CERTIFICATES);
        let live = if is_https { Some(Live::Certificates) } else { Live::of(&kind) };
        let compiled = OnceLock::new();
        Self { path: path.into(), kind, place, live, template, recorded, compiled }
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| {
            let mut bound = bound(&self.kind, self.place, &self.template);
            if let Some(recorded) = &self.recorded {
                bound.retain(|(pointer, fact)| recorded.follows(fact, self.template.pointer(pointer)));
            }
            let pieces = pieces(&self.template, &bound);
            let mut hash = DefaultHasher::new();
            self.template().to_string().hash(&mut hash);
            Compiled { bound, pieces, seed: hash.finish() }
        })
    }

    /// What a recording says of it beside its document.
    pub(crate) fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_deref()
    }

    /// The document as it was written, before the machine has its say.
    pub(crate) fn template(&self) -> &Value {
        &self.template
    }

    /// A number in it, as it was written or as the platform has it.
    pub(crate) fn number(&self, written: &Written, pointer: &str) -> Option<u64> {
        let number = written.at(&self.path, pointer).or_else(|| self.template().pointer(pointer));
        number.and_then(Value::as_u64)
    }

    /// A reading in it as it is now, whatever was written.
    pub(crate) fn reading(&self, view: &View, pointer: &str) -> Option<f64> {
        match self.compiled().bound.iter().find(|(bound, _)| bound == pointer) {
            Some((_, fact)) => fact.said(view).value()?.as_f64(),
            None => self.template.pointer(pointer)?.as_f64(),
        }
    }

    /// As it is now, without an ETag.
    pub(crate) fn value(&self, view: &View) -> Value {
        let mut value = self.template().clone();
        for (pointer, fact) in &self.compiled().bound {
            match fact.said(view).value() {
                Some(said) => put(&mut value, pointer, said),
                None => remove(&mut value, pointer),
            }
        }
        value
    }

    /// Its text as it is now, with this ETag in it; `None` where something is to be left out of it.
    pub(crate) fn text(&self, view: &View, etag: &str) -> Option<Vec<u8>> {
        let Compiled { bound, pieces, .. } = self.compiled();
        let mut text = Vec::with_capacity(pieces.iter().map(Piece::size).sum());
        for piece in pieces {
            match piece {
                Piece::Text(bytes) => text.extend_from_slice(bytes),
                Piece::Etag => write(&mut text, etag),
                Piece::Fact(index) => match bound[*index].1.said(view) {
                    Said::Text(said) => write(&mut text, &said),
                    Said::Flag(said) => text.extend_from_slice(if said { b"true" } else { b"false" }),
                    Said::Other(said) => text.extend(said.to_string().into_bytes()),
                    Said::Nothing => return None,
                },
            }
        }
        Some(text)
    }

    /// A number that changes when something in it changes that does not flow.
    pub(crate) fn version(&self, view: &View) -> u64 {
        let mut hash = DefaultHasher::new();
        let Compiled { bound, seed, .. } = self.compiled();
        seed.hash(&mut hash);
        for (_, fact) in bound.iter().filter(|(_, fact)| !fact.flows()) {
            match fact.said(view) {
                Said::Text(said) => said.hash(&mut hash),
                Said::Flag(said) => said.hash(&mut hash),
                Said::Other(said) => said.to_string().hash(&mut hash),
                Said::Nothing => 0u8.hash(&mut hash),
            }
        }
        hash.finish()
    }
}

impl Piece {
    fn size(&self) -> usize {
        match self {
            Self::Text(bytes) => bytes.len(),
            Self::Fact(_) | Self::Etag => 48,
        }
    }
}

/// Puts a value where there is one already.
pub(crate) fn put(document: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value;
    }
}

/// Takes a member out of its object.
pub(crate) fn remove(document: &mut Value, pointer: &str) {
    if let Some((parent, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(parent)) = document.pointer_mut(parent)
    {
        parent.shift_remove(name);
    }
}

/// The document with its ETag behind its type, or at its end.
pub(crate) fn tagged(document: &mut Value, etag: &str) {
    let Value::Object(members) = document else { return };
    if members.contains_key("@odata.id") {
        let place = members.keys().position(|key| key == "@odata.type").map_or(members.len(), |at| at + 1);
        members.shift_remove("@odata.etag");
        members.shift_insert(place.min(members.len()), "@odata.etag".to_owned(), json!(etag));
    }
}

/// The template's text, cut where something is filled in.
fn pieces(template: &Value, bound: &[(String, Fact)]) -> Vec<Piece> {
    let mut marked = template.clone();
    for (index, (pointer, _)) in bound.iter().enumerate() {
        put(&mut marked, pointer, json!(format!("{MARK}{index}@@")));
    }
    tagged(&mut marked, &format!("{MARK}{ETAG}@@"));
    let text = marked.to_string();
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    let opening = format!("\"{MARK}");
    while let Some((before, after)) = rest.split_once(opening.as_str()) {
        let (name, after) = after.split_once(MARK_END).expect("a mark that was put is whole");
        pieces.push(Piece::Text(before.as_bytes().into()));
        pieces.push(name.parse().map_or(Piece::Etag, Piece::Fact));
        rest = after;
    }
    pieces.push(Piece::Text(rest.as_bytes().into()));
    pieces
}

/// A JSON string.
fn write(text: &mut Vec<u8>, said: &str) {
    let is_plain = said.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if is_plain {
        text.push(b'"');
        text.extend_from_slice(said.as_bytes());
        text.push(b'"');
    } else {
        text.extend(json!(said).to_string().into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bmc, BmcOptions, Profile};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_document_s_text_and_its_value_say_the_same() {
        for name in Profile::names() {
            let profile = Profile::named(name).unwrap();
            let view = Bmc::start(&profile, BmcOptions::default()).unwrap().view();
            for document in profile.tree().documents() {
                let mut value = document.value(&view);
                tagged(&mut value, "\"tag\"");
                let text = document.text(&view, "\"tag\"").unwrap();
                assert_eq!(
                    serde_json::from_slice::<Value>(&text).unwrap(),
                    value,
                    "{name}: {}",
                    document.path
                );
            }
        }
    }

    #[test]
    fn a_string_is_written_as_json_has_it() {
        for said in ["plain", "a \"quote\" and \\", "line\nend\u{0}", "Größe"] {
            let mut text = Vec::new();
            write(&mut text, said);
            assert_eq!(serde_json::from_slice::<String>(&text).unwrap(), said);
        }
    }
}
