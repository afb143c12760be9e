//! What a resource says now: its document, the machine, and what was written to it.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::{
    answer::{Answer, Body},
    handle::Scene,
    live, metadata,
    policy::{Etag, Paging},
    tree::{Document, Found, tagged},
};

/// The query of the second page of a collection that comes in pages.
pub(crate) const SECOND_PAGE: &str = "$skiptoken=1";

/// A resource's answer and its ETag; `None` where nothing is there.
pub(crate) fn read(scene: &Scene<'_>, found: Found<'_>, query: Option<&str>) -> Option<(Answer, String)> {
    if let Found::Document(document) = found
        && let Some(fast) = at_once(scene, document, query)
    {
        return Some(fast);
    }
    let mut answer = match found {
        Found::Versions => Answer::ok(json!({"v1": "/redfish/v1/"})),
        Found::Odata => Answer::ok(metadata::service_document(scene.tree())),
        Found::Metadata => {
            let text = scene.tree().metadata().to_owned();
            let body = Body::Other { content_type: "application/xml;charset=utf-8", text };
            Answer { status: 200, headers: Vec::new(), body }
        }
        Found::Monitor(id) => return live::task::monitor(scene, id).map(|answer| (answer, String::new())),
        Found::Document(document) => Answer::ok(page(scene, document, value(scene, document), query)),
        Found::Member(live, collection, id) => Answer::ok(live::member(scene, live, collection, id)?),
        Found::Action(_) => return None,
    };
    let tag = etag(scene, found, &answer);
    if let Body::Json(document) = &mut answer.body {
        tagged(document, &tag);
    }
    Some((answer, tag))
}

/// The document as it is now, without an ETag.
pub(crate) fn value(scene: &Scene<'_>, document: &Document) -> Value {
    let mut value = document.value(scene.view());
    scene.bmc.written().put_into(&document.path, &mut value);
    if let Some(live) = document.live {
        let members = live::members(scene, live, document);
        value["Members@odata.count"] = json!(members.len());
        value["Members"] = members.into_iter().map(|path| json!({"@odata.id": path})).collect();
    }
    value
}

/// The ETag of a resource of the tree: of what can change in it, not of what a deviation makes of it.
pub(crate) fn version(scene: &Scene<'_>, document: &Document) -> String {
    let mut hash = DefaultHasher::new();
    document.version(scene.view()).hash(&mut hash);
    scene.bmc.written().hash_of(&document.path, &mut hash);
    if let Some(live) = document.live {
        live::members(scene, live, document).hash(&mut hash);
    }
    tag_of(scene, hash)
}

/// Straight to text, where nothing stands in between.
fn at_once(scene: &Scene<'_>, document: &Document, query: Option<&str>) -> Option<(Answer, String)> {
    let is_plain = query.is_none()
        && document.live.is_none()
        && scene.policy().systems == Paging::Whole
        && scene.look.deviations.iter().all(|it| it.answer.is_none())
        && !scene.bmc.written().is_in(&document.path);
    if !is_plain {
        return None;
    }
    let tag = version(scene, document);
    let text = document.text(scene.view(), &tag)?;
    Some((Answer { status: 200, headers: Vec::new(), body: Body::JsonText(text) }, tag))
}

/// The page that was asked for, where the collection of systems comes in pages.
fn page(scene: &Scene<'_>, document: &Document, mut whole: Value, query: Option<&str>) -> Value {
    let is_paged =
        scene.policy().systems == Paging::SecondPage && &*document.kind == "ComputerSystemCollection";
    if is_paged && query != Some(SECOND_PAGE) {
        whole["Members"] = json!([]);
        whole["Members@odata.nextLink"] = json!(format!("{}?{SECOND_PAGE}", document.path));
    }
    whole
}

fn etag(scene: &Scene<'_>, found: Found<'_>, answer: &Answer) -> String {
    if let Found::Document(document) = found {
        return version(scene, document);
    }
    let mut hash = DefaultHasher::new();
    match &answer.body {
        Body::Json(document) | Body::JsonAsText(document) => document.to_string().hash(&mut hash),
        Body::JsonText(text) => text.hash(&mut hash),
        Body::Other { text, .. } => text.hash(&mut hash),
        Body::Empty => {}
    }
    tag_of(scene, hash)
}

fn tag_of(scene: &Scene<'_>, hash: DefaultHasher) -> String {
    let weak = if scene.policy().etag == Etag::WeakRefused { "W/" } else { "" };
    format!("{weak}\"{:016x}\"", hash.finish())
}
