//! What a resource says now: its document, the machine, and what was written to it.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::{
    answer::{Answer, Body},
    handle::Scene,
    live, metadata,
    policy::Etag,
    query::{Query, fits, link, turn},
    tree::{Document, Found, Live, mockup::Recorded, tagged},
};

/// A resource's answer and its ETag, without a query; `None` where nothing is there.
pub(crate) fn read(scene: &Scene<'_>, found: Found<'_>) -> Option<(Answer, String)> {
    let recorded = if let Found::Document(document) = found { document.recorded() } else { None };
    if let Some(refusal) = recorded.and_then(Recorded::refusal) {
        return Some((refusal, String::new()));
    }
    let (mut answer, tag) = now(scene, found)?;
    answer.headers.extend_from_slice(recorded.map(Recorded::headers).unwrap_or_default());
    Some((answer, tag))
}

fn now(scene: &Scene<'_>, found: Found<'_>) -> Option<(Answer, String)> {
    match found {
        Found::Metadata => {
            let text = scene.tree().metadata().to_owned();
            let tag = tag_of(scene, &text);
            let body = Body::Other { content_type: "application/xml;charset=utf-8", text };
            Some((Answer { status: 200, headers: Vec::new(), body }, tag))
        }
        Found::Monitor(id) => live::task::monitor(scene, id).map(|answer| (answer, String::new())),
        Found::Document(document) => at_once(scene, document).or_else(|| {
            let (mut value, tag) = resource(scene, found)?;
            turn(scene, &mut value, &Query::default());
            open(scene, found, &mut value);
            Some((Answer::ok(value), tag))
        }),
        _ => resource(scene, found).map(|(value, tag)| (Answer::ok(value), tag)),
    }
}

/// Puts the members into a collection whose schema has them in it (`OData.AutoExpand`; DSP8010, LogEntryCollection): of all that there are, only the
/// entries of a log are.
pub(crate) fn open(scene: &Scene<'_>, found: Found<'_>, collection: &mut Value) {
    let is_meant = matches!(found, Found::Document(document) if document.live == Some(Live::LogEntries));
    let members = collection.get_mut("Members").filter(|_| is_meant).and_then(Value::as_array_mut);
    for member in members.into_iter().flatten() {
        // One that a query has brought in is there already.
        let entry =
            link(member).and_then(|link| scene.tree().find(link)).and_then(|entry| resource(scene, entry));
        if let Some((entry, _)) = entry {
            *member = entry;
        }
    }
}

/// What a resource says now, with its ETag in it and beside it; `None` where there is no resource.
pub(crate) fn resource(scene: &Scene<'_>, found: Found<'_>) -> Option<(Value, String)> {
    let mut said = match found {
        Found::Versions => json!({"v1": "/redfish/v1/"}),
        Found::Odata => metadata::service_document(scene.tree()),
        Found::Document(document) if document.recorded().and_then(Recorded::refusal).is_some() => {
            return None;
        }
        Found::Document(document) => value(scene, document),
        Found::Member(live, collection, id) => live::member(scene, live, collection, id)?,
        Found::Metadata | Found::Monitor(_) | Found::Action(_) | Found::Deed(..) | Found::Stream => {
            return None;
        }
    };
    let tag = match found {
        Found::Document(document) => version(scene, document),
        _ => tag_of(scene, &said.to_string()),
    };
    tagged(&mut said, &tag);
    Some((said, tag))
}

/// The document as it is now, without an ETag.
pub(crate) fn value(scene: &Scene<'_>, document: &Document) -> Value {
    let mut value = document.value(scene.view());
    scene.bmc.written().put_into(&document.path, &mut value);
    if is_of_certificates(document) {
        live::certificate::locate(scene, &mut value);
    }
    if let Some(live) = document.live {
        let members = live::members(scene, live, document);
        value["Members@odata.count"] = json!(members.len());
        value["Members"] = members.into_iter().map(|path| json!({"@odata.id": path})).collect();
    }
    value
}

/// Whether it says where the certificates are, that of the service's own HTTPS among them.
fn is_of_certificates(document: &Document) -> bool {
    &*document.kind == "CertificateLocations"
}

/// A number in a resource of the tree, as it was written or as the platform has it.
pub(crate) fn number(scene: &Scene<'_>, document: &Document, pointer: &str) -> Option<u64> {
    document.number(&scene.bmc.written(), pointer)
}

/// The ETag of a resource of the tree: of what can change in it, not of what a deviation makes of it.
pub(crate) fn version(scene: &Scene<'_>, document: &Document) -> String {
    let mut hash = DefaultHasher::new();
    document.version(scene.view()).hash(&mut hash);
    scene.bmc.written().hash_of(&document.path, &mut hash);
    if let Some(live) = document.live {
        live::members(scene, live, document).hash(&mut hash);
    }
    tag_of(scene, &hash.finish())
}

/// Straight to text, where nothing stands in between.
fn at_once(scene: &Scene<'_>, document: &Document) -> Option<(Answer, String)> {
    let is_plain = document.live.is_none()
        && !is_of_certificates(document)
        && fits(scene, document)
        && scene.look.deviations.iter().all(|it| it.answer.is_none())
        && !scene.bmc.written().is_in(&document.path);
    if !is_plain {
        return None;
    }
    let tag = version(scene, document);
    let text = document.text(scene.view(), &tag)?;
    Some((Answer { status: 200, headers: Vec::new(), body: Body::JsonText(text) }, tag))
}

fn tag_of(scene: &Scene<'_>, of: &(impl Hash + ?Sized)) -> String {
    let mut hash = DefaultHasher::new();
    of.hash(&mut hash);
    let weak = if scene.policy().etag == Etag::WeakRefused { "W/" } else { "" };
    format!("{weak}\"{:016x}\"", hash.finish())
}
