//! The vendors' profiles, as a stranger walks over them: every link, the ids, and what each is known by.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

mod world;

use world::World;

/// Where a platform keeps its system, chassis and manager.
struct Home {
    profile: &'static str,
    system: &'static str,
    chassis: &'static str,
    manager: &'static str,
}

const HOMES: &[Home] = &[
    Home { profile: "supermicro-x12", system: "1", chassis: "1", manager: "1" },
    Home { profile: "supermicro-x10", system: "1", chassis: "1", manager: "1" },
    Home { profile: "lenovo-xcc", system: "1", chassis: "1", manager: "1" },
    Home { profile: "ami-megarac", system: "Self", chassis: "Self", manager: "Self" },
    Home { profile: "openbmc", system: "system", chassis: "chassis", manager: "bmc" },
];

fn links(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Object(members) => {
            into.extend(members.get("@odata.id").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| links(member, into));
        }
        _ => {}
    }
}

async fn property(world: &World, path: &str, pointer: &str) -> Value {
    world.get(path).await.json().pointer(pointer).cloned().unwrap_or_else(|| json!("absent"))
}

#[tokio::test(start_paused = true)]
async fn every_link_that_is_shown_can_be_followed_and_every_resource_says_where_it_is() {
    for home in HOMES {
        let world = World::of(home.profile, &[]).await;
        let (mut seen, mut open) = (BTreeSet::new(), vec!["/redfish/v1".to_owned()]);
        while let Some(path) = open.pop() {
            let path = path.split('#').next().unwrap_or_default().trim_end_matches('/').to_owned();
            if !seen.insert(path.clone()) {
                continue;
            }
            let reply = world.get(&path).await;
            assert_eq!(reply.status, 200, "{}: {path}", home.profile);
            let document = reply.json();
            let id = document["@odata.id"].as_str().unwrap_or_default();
            assert_eq!(id.trim_end_matches('/'), path, "{}", home.profile);
            links(&document, &mut open);
        }
        assert!(seen.len() > 50, "{}: {}", home.profile, seen.len());
    }
}

#[tokio::test(start_paused = true)]
async fn system_chassis_and_manager_have_the_vendor_s_ids_and_point_at_each_other() {
    for home in HOMES {
        let world = World::of(home.profile, &[]).await;
        let at = |kind: &str, id: &str| format!("/redfish/v1/{kind}/{id}");
        let (system, chassis) = (at("Systems", home.system), at("Chassis", home.chassis));
        let manager = at("Managers", home.manager);
        let first = async |collection: &str| property(&world, collection, "/Members/0/@odata.id").await;
        assert_eq!(first("/redfish/v1/Systems").await, json!(system), "{}", home.profile);
        assert_eq!(first("/redfish/v1/Managers").await, json!(manager), "{}", home.profile);
        assert_eq!(property(&world, &system, "/Links/Chassis/0/@odata.id").await, json!(chassis));
        assert_eq!(property(&world, &system, "/Links/ManagedBy/0/@odata.id").await, json!(manager));
        assert_eq!(property(&world, &manager, "/Links/ManagerForServers/0/@odata.id").await, json!(system));
    }
}

#[tokio::test(start_paused = true)]
async fn each_shows_its_own_machine() {
    for home in HOMES {
        let world = World::of(home.profile, &[]).await;
        let system = world.get(&format!("/redfish/v1/Systems/{}", home.system)).await.json();
        let truth = world.control.truth();
        assert_eq!(system["SerialNumber"], json!(truth.id.serial), "{}", home.profile);
        assert_eq!(system["Model"], json!(truth.id.model), "{}", home.profile);
        let manager = world.get(&format!("/redfish/v1/Managers/{}", home.manager)).await.json();
        assert_eq!(manager["FirmwareVersion"], json!(truth.id.bmc_firmware), "{}", home.profile);
    }
}

#[tokio::test(start_paused = true)]
async fn each_is_known_by_what_its_vendor_does() {
    let x12 = World::of("supermicro-x12", &[]).await;
    assert_eq!(property(&x12, "/redfish/v1", "/Vendor").await, "absent");
    assert!(property(&x12, "/redfish/v1", "/Oem/Supermicro").await.is_object());
    assert_eq!(property(&x12, "/redfish/v1/Systems/1/Bios/SD", "/Attributes").await, "absent");

    let x10 = World::of("supermicro-x10", &[]).await;
    assert_eq!(property(&x10, "/redfish/v1", "/RedfishVersion").await, "1.0.1");
    assert_eq!(property(&x10, "/redfish/v1/Systems/1", "/Storage").await, "absent");

    let xcc = World::of("lenovo-xcc", &[]).await;
    let lasting = "/Boot/BootSourceOverrideEnabled@Redfish.AllowableValues";
    assert_eq!(property(&xcc, "/redfish/v1/Systems/1", lasting).await, json!(["Disabled", "Once"]));
    assert_eq!(property(&xcc, "/redfish/v1/Managers/1/VirtualMedia/EXT1", "/Actions").await, "absent");

    let ami = World::of("ami-megarac", &[]).await;
    assert_eq!(property(&ami, "/redfish/v1", "/Oem/Ami/RtpVersion").await, "1.7.0");
    let tag = ami.get("/redfish/v1/Systems/Self").await.header("ETag").unwrap().to_owned();
    assert!(tag.starts_with("W/"), "{tag}");

    let openbmc = World::of("openbmc", &[]).await;
    let reset = property(&openbmc, "/redfish/v1/Systems/system", "/Actions/#ComputerSystem.Reset").await;
    assert!(
        reset.get("ResetType@Redfish.AllowableValues").is_none()
            && reset.get("@Redfish.ActionInfo").is_some()
    );
}
