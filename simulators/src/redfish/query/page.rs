//! Members in pages (DSP0266 §7.3.1.5, §8.5.3): what `$skip` and `$top` ask for, and what the service gives at once.

use serde_json::{Value, json};

use super::Query;
use crate::redfish::{
    handle::Scene,
    policy::Paging,
    tree::{Document, kind_of},
};

/// The query of the second page of the systems where the first page is empty.
pub(super) const SECOND_PAGE: &str = "$skiptoken=1";

/// Whether a collection is given at once.
pub(crate) fn fits(scene: &Scene<'_>, document: &Document) -> bool {
    let count = document.template().get("Members").and_then(Value::as_array).map_or(0, Vec::len);
    scene.policy().systems == Paging::Whole && count <= scene.policy().page
}

/// The page that was asked for, with a link to the next where there is one. The count is that of all members.
pub(crate) fn turn(scene: &Scene<'_>, collection: &mut Value, query: &Query) {
    let path = collection["@odata.id"].as_str().unwrap_or_default().to_owned();
    let is_empty = scene.policy().systems == Paging::SecondPage
        && kind_of(collection) == "ComputerSystemCollection"
        && !query.is_about_members();
    let Some(Value::Array(members)) = collection.get_mut("Members") else { return };
    if is_empty {
        members.clear();
        collection["Members@odata.nextLink"] = json!(format!("{path}?{SECOND_PAGE}"));
        return;
    }
    let skipped = query.skip.unwrap_or(0).min(members.len());
    members.drain(..skipped);
    let wanted = query.top.unwrap_or(usize::MAX).min(members.len());
    let given = wanted.min(scene.policy().page);
    members.truncate(given);
    if given < wanted {
        let top = query.top.map_or_else(String::new, |top| format!("&$top={}", top - given));
        let rest = if query.rest.is_empty() { String::new() } else { format!("{}&", query.rest) };
        let next = format!("{path}?{rest}$skip={}{top}", skipped + given);
        collection["Members@odata.nextLink"] = json!(next);
    }
}
