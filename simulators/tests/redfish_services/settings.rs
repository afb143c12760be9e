use serde_json::{Value, json};

use crate::world::{Reply, World};

const BIOS: &str = "/redfish/v1/Systems/1/Bios";
const SETTINGS: &str = "/redfish/v1/Systems/1/Bios/Settings";
const SECURE_BOOT: &str = "/redfish/v1/Systems/1/SecureBoot";

async fn set(world: &World, attributes: Value) -> Reply {
    world.send("PATCH", SETTINGS, Some(json!({"Attributes": attributes}))).await
}

async fn attribute(world: &World, path: &str, name: &str) -> Value {
    world.get(path).await.json()["Attributes"][name].clone()
}

#[tokio::test(start_paused = true)]
async fn a_setting_is_pending_until_the_host_starts_again() {
    let world = World::healthy().await;
    world.on().await;
    assert_eq!(set(&world, json!({"HyperThreading": "Disabled", "ActiveCores": 16})).await.status, 200);
    assert_eq!(attribute(&world, SETTINGS, "HyperThreading").await, "Disabled");
    assert_eq!(attribute(&world, BIOS, "HyperThreading").await, "Enabled");
    world.reset("ForceRestart").await;
    assert_eq!(attribute(&world, BIOS, "HyperThreading").await, "Disabled");
    assert_eq!(
        (attribute(&world, BIOS, "ActiveCores").await, attribute(&world, SETTINGS, "ActiveCores").await),
        (json!(16), json!(16))
    );
}

#[tokio::test(start_paused = true)]
async fn a_setting_of_a_host_that_is_off_waits_for_the_next_start() {
    let world = World::healthy().await;
    set(&world, json!({"QuietBoot": false})).await;
    world.wait(3600).await;
    assert_eq!(attribute(&world, BIOS, "QuietBoot").await, true);
    world.reset("On").await;
    world.wait(30).await;
    let bios = world.get(BIOS).await.json();
    let time = bios["@Redfish.Settings"]["Time"].as_str().unwrap().to_owned();
    assert_eq!(
        (&bios["Attributes"]["QuietBoot"], time.starts_with("2026-01-01T01:00:0")),
        (&json!(false), true),
        "{time}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_registry_decides_what_an_attribute_can_be() {
    let world = World::healthy().await;
    let attempts = [
        (json!({"Colour": "red"}), "PropertyUnknown"),
        (json!({"HyperThreading": "Perhaps"}), "PropertyValueNotInList"),
        (json!({"HyperThreading": true}), "PropertyValueTypeError"),
        (json!({"QuietBoot": "true"}), "PropertyValueTypeError"),
        (json!({"ActiveCores": 33}), "PropertyValueOutOfRange"),
        (json!({"ActiveCores": -1}), "PropertyValueOutOfRange"),
        (json!({"ActiveCores": 1.5}), "PropertyValueTypeError"),
        (json!({"AssetTag": "x".repeat(500)}), "PropertyValueOutOfRange"),
        (json!({}), "NoOperation"),
        (json!("none"), "PropertyValueTypeError"),
    ];
    for (attributes, message) in attempts {
        let reply = set(&world, attributes.clone()).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, message), "{attributes}");
    }
    let mixed = set(&world, json!({"QuietBoot": false, "Colour": "red"})).await;
    assert_eq!((mixed.status, attribute(&world, SETTINGS, "QuietBoot").await), (400, json!(true)));
}

#[tokio::test(start_paused = true)]
async fn an_apply_time_must_be_one_that_is_offered() {
    let world = World::healthy().await;
    let with = |time: &str| json!({"Attributes": {"QuietBoot": false}, "@Redfish.SettingsApplyTime": {"ApplyTime": time}});
    assert_eq!(world.send("PATCH", SETTINGS, Some(with("OnReset"))).await.status, 200);
    let refused = world.send("PATCH", SETTINGS, Some(with("Immediate"))).await;
    assert_eq!((refused.status, refused.message().as_str()), (400, "PropertyValueNotInList"));
}

#[tokio::test(start_paused = true)]
async fn what_counts_now_is_not_written() {
    let world = World::healthy().await;
    let body = json!({"Attributes": {"QuietBoot": false}});
    assert_eq!(world.send("PATCH", BIOS, Some(body)).await.status, 405);
}

#[tokio::test(start_paused = true)]
async fn a_reset_of_the_bios_brings_the_defaults_at_the_next_start() {
    let world = World::healthy().await;
    set(&world, json!({"TurboMode": "Disabled"})).await;
    world.reset("On").await;
    world.wait(5).await;
    assert_eq!(attribute(&world, BIOS, "TurboMode").await, "Disabled");
    let action = format!("{BIOS}/Actions/Bios.ResetBios");
    assert_eq!(world.send("POST", &action, Some(json!({}))).await.status, 204);
    assert_eq!(world.get(BIOS).await.json()["ResetBiosToDefaultsPending"], true);
    world.wait(600).await;
    world.reset("ForceRestart").await;
    assert_eq!(attribute(&world, BIOS, "TurboMode").await, "Enabled");
    assert_eq!(world.get(BIOS).await.json()["ResetBiosToDefaultsPending"], false);
}

#[tokio::test(start_paused = true)]
async fn secure_boot_follows_with_the_next_start_and_needs_keys() {
    let world = World::healthy().await;
    world.on().await;
    world.send("PATCH", SECURE_BOOT, Some(json!({"SecureBootEnable": true}))).await;
    let shown = world.get(SECURE_BOOT).await.json();
    assert_eq!(
        (&shown["SecureBootEnable"], &shown["SecureBootCurrentBoot"]),
        (&json!(true), &json!("Disabled"))
    );
    world.reset("ForceRestart").await;
    assert_eq!(world.get(SECURE_BOOT).await.json()["SecureBootCurrentBoot"], "Enabled");
    let action = format!("{SECURE_BOOT}/Actions/SecureBoot.ResetKeys");
    assert_eq!(world.send("POST", &action, Some(json!({}))).await.message(), "ActionParameterMissing");
    let wrong = Some(json!({"ResetKeysType": "Some"}));
    assert_eq!(world.send("POST", &action, wrong).await.message(), "ActionParameterValueNotInList");
    let delete = Some(json!({"ResetKeysType": "DeletePK"}));
    assert_eq!(world.send("POST", &action, delete).await.status, 204);
    world.reset("ForceRestart").await;
    let shown = world.get(SECURE_BOOT).await.json();
    assert_eq!(
        (&shown["SecureBootMode"], &shown["SecureBootCurrentBoot"]),
        (&json!("SetupMode"), &json!("Disabled"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_leaves_the_settings_alone() {
    let world = World::with(&["task-fails"]).await;
    assert_eq!(set(&world, json!({"QuietBoot": false})).await.status, 202);
    assert_eq!(attribute(&world, SETTINGS, "QuietBoot").await, true);
}
