//! Collections whose members come and go: what they list, what a member says, and how members begin, change and end.

pub(crate) mod account;
pub(crate) mod certificate;
pub(crate) mod entry;
pub(crate) mod session;
pub(crate) mod subscription;
pub(crate) mod task;
pub(crate) mod volume;

use serde_json::{Map, Value};

use super::{
    actions::Call,
    answer::Answer,
    handle::Scene,
    messages::refuse,
    show,
    tree::{Document, Live},
};

/// The refusal of a service of this schema whose `ServiceEnabled` is false.
pub(crate) fn disabled(scene: &Scene<'_>, kind: &str) -> Option<Answer> {
    let service = scene.tree().first(kind)?;
    let is_off = show::value(scene, service)["ServiceEnabled"] == false;
    is_off.then(|| refuse(503, "ServiceDisabled", &[&service.path]))
}

/// The paths of the members.
pub(crate) fn members(scene: &Scene<'_>, live: Live, collection: &Document) -> Vec<String> {
    let ids = match live {
        Live::Sessions => session::ids(scene),
        Live::Accounts => account::ids(scene),
        Live::Tasks => task::ids(scene),
        Live::LogEntries => entry::ids(scene, collection),
        Live::Subscriptions => scene.events.ids(),
        Live::Volumes => volume::ids(scene, collection),
        Live::Certificates => certificate::ids(scene),
    };
    ids.into_iter().map(|id| format!("{}/{id}", collection.path)).collect()
}

/// A member's document, without an ETag.
pub(crate) fn member(scene: &Scene<'_>, live: Live, collection: &Document, id: &str) -> Option<Value> {
    match live {
        Live::Sessions => session::document(scene, collection, id),
        Live::Accounts => account::document(scene, collection, id),
        Live::Tasks => task::document(scene, collection, id),
        Live::LogEntries => entry::document(scene, collection, id),
        Live::Subscriptions => subscription::document(scene, collection, id),
        Live::Volumes => volume::document(scene, collection, id),
        Live::Certificates => certificate::document(scene, collection, id),
    }
}

/// The methods that such a collection takes, and those that its members take.
pub(crate) fn allow(live: Live) -> (&'static str, &'static str) {
    match live {
        Live::Sessions => ("GET, HEAD, POST", "GET, HEAD, DELETE"),
        Live::Accounts => ("GET, HEAD, POST", "GET, HEAD, PATCH, DELETE"),
        Live::Tasks => ("GET, HEAD", "GET, HEAD, DELETE"),
        Live::Subscriptions => ("GET, HEAD, POST", "GET, HEAD, PATCH, DELETE"),
        Live::LogEntries | Live::Certificates => ("GET, HEAD", "GET, HEAD"),
        Live::Volumes => ("GET, HEAD, POST", "GET, HEAD, DELETE"),
    }
}

/// A new member.
pub(crate) fn create(
    scene: &Scene<'_>,
    live: Live,
    collection: &Document,
    body: &Map<String, Value>,
) -> Option<Answer> {
    let off = || disabled(scene, "AccountService");
    match live {
        Live::Sessions => Some(session::log_in(scene, collection, body)),
        Live::Accounts => off().or_else(|| Some(account::create(scene, collection, body))),
        Live::Subscriptions => Some(subscription::create(scene, collection, body)),
        Live::Volumes => Some(volume::create(scene, collection, body)),
        Live::Tasks | Live::LogEntries | Live::Certificates => None,
    }
}

/// A change of a member.
pub(crate) fn change(
    scene: &Scene<'_>,
    live: Live,
    collection: &Document,
    id: &str,
    body: &Map<String, Value>,
) -> Option<Answer> {
    match live {
        Live::Accounts => {
            disabled(scene, "AccountService").or_else(|| account::change(scene, collection, id, body))
        }
        Live::Subscriptions => subscription::change(scene, collection, id, body),
        Live::Sessions | Live::Tasks | Live::LogEntries | Live::Volumes | Live::Certificates => None,
    }
}

/// The end of a member; `body` is what was sent with it.
pub(crate) fn end(
    scene: &Scene<'_>,
    live: Live,
    collection: &Document,
    id: &str,
    body: Option<&Value>,
) -> Option<Answer> {
    match live {
        Live::Volumes => volume::end(scene, collection, id, body),
        Live::Sessions => session::log_out(scene, id),
        Live::Accounts => disabled(scene, "AccountService").or_else(|| account::remove(scene, id)),
        Live::Tasks => task::remove(scene, id),
        Live::Subscriptions => subscription::end(scene, id),
        Live::LogEntries | Live::Certificates => None,
    }
}

/// The number of the account whose member it is, where that matters for what others may do with it.
pub(crate) fn owner(scene: &Scene<'_>, live: Live, id: &str) -> Option<u32> {
    match live {
        Live::Sessions => session::owner(scene, id),
        Live::Accounts => account::owner(scene, id),
        Live::Tasks | Live::Subscriptions | Live::LogEntries | Live::Volumes | Live::Certificates => None,
    }
}

/// An action of a member.
pub(crate) fn act(
    scene: &Scene<'_>,
    live: Live,
    collection: &Document,
    (id, action): (&str, &str),
    body: &Map<String, Value>,
) -> Option<Answer> {
    member(scene, live, collection, id)?;
    // What the action is about has no document in the tree; its collection stands for it.
    let call = Call { name: action, resource: collection, body };
    match (live, action) {
        (Live::Volumes, "Volume.Initialize") => Some(volume::initialize(scene, &call)),
        _ => None,
    }
}
