//! The vendors' profiles, seen from the wire: every link leads somewhere, and the machine has its vendor's names.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../world/mod.rs"]
mod world;

mod dell;
mod hpe;

use std::collections::BTreeSet;

use serde_json::Value;
use world::World;

/// Every resource that can be reached from the service root by links; all of them are there.
pub(crate) async fn walk(world: &World) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec!["/redfish/v1".to_owned()];
    while let Some(path) = open.pop() {
        if seen.contains(&path) {
            continue;
        }
        let reply = world.get(&path).await;
        assert_eq!(reply.status, 200, "{path}");
        follow(&reply.json(), &mut open);
        seen.insert(path);
    }
    seen
}

fn follow(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| follow(item, into)),
        Value::Object(members) => {
            let link = members.get("@odata.id").and_then(Value::as_str);
            into.extend(link.map(|link| link.split('#').next().unwrap().trim_end_matches('/').to_owned()));
            members.values().for_each(|member| follow(member, into));
        }
        _ => {}
    }
}

/// The members of a collection.
pub(crate) async fn members(world: &World, collection: &str) -> Vec<String> {
    let collection = world.get(&format!("/redfish/v1/{collection}")).await.json();
    let members = collection["Members"].as_array().unwrap().iter();
    members.map(|member| member["@odata.id"].as_str().unwrap().to_owned()).collect()
}

/// What an action offers as `ResetType`.
pub(crate) fn reset_types<'d>(document: &'d Value, action: &str) -> Vec<&'d str> {
    let listed = &document["Actions"][action]["ResetType@Redfish.AllowableValues"];
    listed.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// What a slot shows while a medium is in it, and whether it can be ejected with an empty object.
pub(crate) async fn insert_and_eject(world: &World, slot: &str) -> (u16, Value, bool) {
    let image = serde_json::json!({"Image": "https://images.example.com/rescue.iso"});
    let insert = world.send("POST", &format!("{slot}/Actions/VirtualMedia.InsertMedia"), Some(image)).await;
    let shown = world.get(slot).await.json()["Inserted"].clone();
    let eject = format!("{slot}/Actions/VirtualMedia.EjectMedia");
    let eject = world.send("POST", &eject, Some(serde_json::json!({}))).await;
    (insert.status, shown, eject.status < 300)
}
