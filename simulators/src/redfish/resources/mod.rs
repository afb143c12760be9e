//! The resources, one file per area: each reads the firmware's view and says it in Redfish (DSP0268).

pub(crate) mod account;
pub(crate) mod chassis;
pub(crate) mod light;
pub(crate) mod manager;
pub(crate) mod patch;
pub(crate) mod root;
pub(crate) mod session;
pub(crate) mod system;
pub(crate) mod task;

use serde_json::{Value, json};

/// A link to a resource.
pub(crate) fn link(path: impl AsRef<str>) -> Value {
    json!({"@odata.id": path.as_ref()})
}

/// A collection with these members (DSP0266 §9.10).
pub(crate) fn collection(path: &str, kind: &str, name: &str, members: Vec<Value>) -> Value {
    json!({
        "@odata.id": path,
        "@odata.type": format!("#{kind}.{kind}"),
        "Name": name,
        "Members@odata.count": members.len(),
        "Members": members,
    })
}

/// Adds a text where there is one.
pub(crate) fn put(document: &mut Value, property: &str, text: &str) {
    if !text.is_empty() {
        document[property] = json!(text);
    }
}

/// Enabled and well.
pub(crate) fn healthy() -> Value {
    json!({"State": "Enabled", "Health": "OK"})
}
