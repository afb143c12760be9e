//! Collections whose members come and go: what they list, what a member says, and how members begin, change and end.

pub(crate) mod account;
pub(crate) mod session;
pub(crate) mod task;

use serde_json::{Map, Value};

use super::{
    answer::Answer,
    handle::Scene,
    tree::{Document, Live},
};

/// The paths of the members.
pub(crate) fn members(scene: &Scene<'_>, live: Live, collection: &Document) -> Vec<String> {
    let ids = match live {
        Live::Sessions => session::ids(scene),
        Live::Accounts => account::ids(scene),
        Live::Tasks => task::ids(scene),
        Live::Subscriptions | Live::LogEntries => Vec::new(),
    };
    ids.into_iter().map(|id| format!("{}/{id}", collection.path)).collect()
}

/// A member's document, without an ETag.
pub(crate) fn member(scene: &Scene<'_>, live: Live, collection: &Document, id: &str) -> Option<Value> {
    match live {
        Live::Sessions => session::document(scene, collection, id),
        Live::Accounts => account::document(scene, collection, id),
        Live::Tasks => task::document(scene, collection, id),
        Live::Subscriptions | Live::LogEntries => None,
    }
}

/// The methods that such a collection takes, and those that its members take.
pub(crate) fn allow(live: Live) -> (&'static str, &'static str) {
    match live {
        Live::Sessions => ("GET, HEAD, POST", "GET, HEAD, DELETE"),
        Live::Accounts | Live::Tasks | Live::Subscriptions | Live::LogEntries => ("GET, HEAD", "GET, HEAD"),
    }
}

/// A new member.
pub(crate) fn create(
    scene: &Scene<'_>,
    live: Live,
    collection: &Document,
    body: &Map<String, Value>,
) -> Option<Answer> {
    match live {
        Live::Sessions => Some(session::log_in(scene, collection, body)),
        Live::Accounts | Live::Tasks | Live::Subscriptions | Live::LogEntries => None,
    }
}

/// The end of a member.
pub(crate) fn end(scene: &Scene<'_>, live: Live, id: &str) -> Option<Answer> {
    match live {
        Live::Sessions => session::log_out(scene, id),
        Live::Accounts | Live::Tasks | Live::Subscriptions | Live::LogEntries => None,
    }
}

/// Whose member it is, where that matters for what others may do with it.
pub(crate) fn owner(scene: &Scene<'_>, live: Live, id: &str) -> Option<String> {
    match live {
        Live::Sessions => session::owner(scene, id),
        Live::Accounts => Some(id.to_owned()),
        Live::Tasks | Live::Subscriptions | Live::LogEntries => None,
    }
}
