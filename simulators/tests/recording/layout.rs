//! The tree: which files there are, and what is in them.

use std::{fs, os::unix};

use halmark_simulators::recording::{Existing, Layout};

use super::*;
use crate::world::SYSTEM;

#[tokio::test(start_paused = true)]
async fn every_link_is_a_folder_with_body_headers_and_time() {
    let (world, options) = (World::healthy().await, whole("whole"));
    let report = recorded(&world, &options).await;
    let system = world.system().await;
    assert_eq!(document(&options, "Systems/1/index.json"), system);
    assert_eq!(
        document(&options, "index.json")["RedfishVersion"],
        world.get("/redfish/v1/").await.json()["RedfishVersion"]
    );
    let headers = document(&options, "Systems/1/headers.json");
    assert!(headers["GET"]["Content-Type"].as_str().unwrap().starts_with("application/json"), "{headers}");
    assert!(document(&options, "Systems/1/time.json")["GET_Time"].as_str().unwrap().parse::<f64>().is_ok());
    assert_eq!(
        (document(&options, "redfish/index.json"), report.refused),
        (json!({"v1": "/redfish/v1/"}), 0)
    );
    assert!(
        options.out.join("odata/index.json").exists() && options.out.join("$metadata/index.xml").exists()
    );
    let count = files(&options.out).keys().filter(|name| name.contains("index.")).count();
    assert_eq!((report.recorded, report.left), (count, 0));
}

#[tokio::test(start_paused = true)]
async fn every_link_in_a_tree_that_is_complete_leads_to_a_folder() {
    let (world, options) = (World::healthy().await, whole("closed"));
    recorded(&world, &options).await;
    for (name, text) in files(&options.out).iter().filter(|(name, _)| name.ends_with("index.json")) {
        for part in text.split("\"@odata.id\": \"/redfish/v1/").skip(1) {
            let link = part.split(['"', '#']).next().unwrap().trim_end_matches('/');
            assert!(options.out.join(link).is_dir(), "{link} of {name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_keeps_its_value_to_the_last_digit() {
    let (world, options) = (World::healthy().await, options("numbers"));
    let sent =
        "{\"Speed\": 5.9604644775390625, \"Reading\": 15.753846153846155, \"Bytes\": 18446744073709551615}";
    let answer = HttpAction::Respond { status: 200, headers: Vec::new(), body: Some(sent.to_owned()) };
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, answer)]);
    recorded(&world, &options).await;
    let system = document(&options, "Systems/1/index.json");
    assert_eq!(system["Speed"].as_f64(), Some(5.960_464_477_539_062_5));
    assert_eq!(
        (system["Reading"].as_f64(), system["Bytes"].as_u64()),
        (Some(15.753_846_153_846_155), Some(u64::MAX))
    );
}

#[tokio::test(start_paused = true)]
async fn the_long_form_has_the_path_from_the_host() {
    let world = World::healthy().await;
    let options = Options { layout: Layout::Long, ..options("long") };
    recorded(&world, &options).await;
    assert!(options.out.join("redfish/v1/Systems/1/index.json").exists());
    assert!(options.out.join("redfish/index.json").exists() && !options.out.join("index.json").exists());
}

#[tokio::test(start_paused = true)]
async fn the_manifest_tells_what_was_recorded_and_not_where() {
    let (world, options) = (World::healthy().await, options("manifest"));
    let report = recorded(&world, &options).await;
    let manifest = document(&options, "recording.json");
    assert_eq!((&manifest["ended"], &manifest["resources"]), (&json!("complete"), &json!(report.recorded)));
    assert_eq!(manifest["started"], "2026-11-21T00:00:00Z");
    assert!(manifest["service"]["manager_firmware"].is_string(), "{manifest}");
    let (user, addr) = (account(&world).user, world.service.addr());
    let text = manifest.to_string();
    assert!(
        !text.contains(&addr.to_string()) && !text.contains("127.0.0.1") && !text.contains(&user),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn links_that_go_round_are_asked_for_once() {
    let (world, options) = (World::healthy().await, whole("round"));
    world.service.set_rules(vec![
        shows(
            "/redfish/v1/Systems/1",
            &leading("/redfish/v1/Systems/1", &["/redfish/v1/Loop", "/redfish/v1/Systems/1/#/x"]),
        ),
        shows(
            "/redfish/v1/Loop*",
            &leading("/redfish/v1/Loop", &["/redfish/v1/Loop/", SYSTEM, "/redfish/v1//Loop"]),
        ),
    ]);
    recorded(&world, &options).await;
    let asked = world.service.exchanges_from(0);
    let all = asked.iter().filter(|it| it.method == "GET" && it.path.starts_with("/redfish/v1/Loop")).count();
    assert_eq!(all, 1);
}

#[tokio::test(start_paused = true)]
async fn settings_pages_and_registries_are_followed_and_actions_are_not() {
    let (world, options) = (World::healthy().await, whole("kinds"));
    world.service.set_rules(vec![
        shows(SYSTEM, &json!({
            "@odata.id": SYSTEM,
            "@Redfish.Settings": {"SettingsObject": {"@odata.id": "/redfish/v1/Systems/1/Settings"}},
            "Actions": {"#ComputerSystem.Reset": {"target": "/redfish/v1/Systems/1/Act", "@Redfish.ActionInfo": "/redfish/v1/Systems/1/Info"}},
            "Members@odata.nextLink": "/redfish/v1/Systems/1?$skip=1",
            "Registry": {"@odata.id": "/redfish/v1/Registries/Own"},
        })),
        shows("/redfish/v1/Registries/Own", &json!({
            "@odata.type": "#MessageRegistryFile.v1_1_0.MessageRegistryFile",
            "Location": [{"Uri": "/registries/Own.json"}, {"Uri": "https://elsewhere.example/Own.json"}],
        })),
        shows("/redfish/v1/Systems/1*", &json!({})),
        shows("/registries/*", &json!({"Messages": {}})),
    ]);
    recorded(&world, &options).await;
    for file in ["Systems/1/Settings", "Systems/1/Info", "Systems/1?$skip=1", "registries/Own.json"] {
        assert!(options.out.join(file).join("index.json").exists(), "{file}");
    }
    assert!(!options.out.join("Systems/1/Act").exists());
    assert!(
        world.service.exchanges_from(0).iter().all(|it| it.method == "GET" || it.path.contains("/Sessions"))
    );
}

#[tokio::test(start_paused = true)]
async fn no_name_leads_out_of_the_tree() {
    let (world, options) = (World::healthy().await, whole("inside/tree"));
    let long = format!("/redfish/v1/Loop/{}", "n".repeat(300));
    let names = [
        "/redfish/v1/../../../up",
        "/redfish/v1/Loop/..",
        "/redfish/v1/Loop/a\0b",
        "/redfish/v1/%2e%2e/%2E%2e/up",
        "/redfish/v1/Loop/a%2F..%2F..%2Fb",
        "/redfish/v1/Loop/\\..\\up",
        "/redfish/v1/Loop/index.json",
        "/../up",
        &long,
    ];
    world.service.set_rules(vec![
        shows(SYSTEM, &leading(SYSTEM, &names)),
        shows("/redfish/v1/Loop/*", &json!({"Name": "reached"})),
    ]);
    recorded(&world, &options).await;
    let above = options.out.parent().unwrap();
    assert_eq!(fs::read_dir(above).unwrap().count(), 1);
    assert!(!above.parent().unwrap().join("up").exists());
    let reached: Vec<String> = files(&options.out.join("Loop"))
        .into_keys()
        .filter(|it| it.contains("index.json/") || it.ends_with("/index.json"))
        .collect();
    assert_eq!(reached.len(), 4, "{reached:?}");
    assert_eq!(failure(&options, "/redfish/v1/Loop/.."), "unusable-link null 0");
    assert_eq!(failure(&options, "/redfish/v1/Loop/a\\0b"), "unusable-link null 0");
    let renamed = document(&options, "recording.json")["renamed"].clone();
    assert_eq!(renamed["Loop/index.json~"], "/redfish/v1/Loop/index.json");
    assert!(renamed.as_object().unwrap().values().any(|path| *path == json!(long)), "{renamed}");
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_is_not_empty_is_left_alone_unless_it_is_forced() {
    let (world, mut options) = (World::healthy().await, options("full"));
    fs::create_dir_all(&options.out).unwrap();
    fs::write(options.out.join("mine"), "mine").unwrap();
    assert!(matches!(attempt(&world, &options).await, Err(RecordError::NotEmpty { .. })));
    assert_eq!((files(&options.out).len(), world.service.exchange_count()), (1, 0));
    options.existing = Existing::Overwrite;
    recorded(&world, &options).await;
    assert!(options.out.join("mine").exists() && options.out.join("index.json").exists());
}

#[tokio::test(start_paused = true)]
async fn a_symbolic_link_in_the_folder_is_not_followed() {
    let (world, mut options) = (World::healthy().await, options("linked/tree"));
    let elsewhere = options.out.parent().unwrap().join("elsewhere");
    fs::create_dir_all(&options.out).unwrap();
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("file"), "mine").unwrap();
    unix::fs::symlink(elsewhere.join("file"), options.out.join("index.json")).unwrap();
    options.existing = Existing::Overwrite;
    recorded(&world, &options).await;
    assert_eq!(fs::read_to_string(elsewhere.join("file")).unwrap(), "mine");
    fs::remove_dir_all(options.out.join("Systems")).unwrap();
    unix::fs::symlink(&elsewhere, options.out.join("Systems")).unwrap();
    assert!(matches!(attempt(&world, &options).await, Err(RecordError::Write { .. })));
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn limits_end_a_recording_and_are_told() {
    let world = World::healthy().await;
    let few = Options { max_resources: 6, ..whole("few") };
    let report = recorded(&world, &few).await;
    assert_eq!((report.recorded, document(&few, "recording.json")["ended"].clone()), (6, json!("limit")));
    assert!(report.left > 0);
    let near = Options { depth: Some(1), ..options("near") };
    recorded(&world, &near).await;
    assert!(near.out.join("Systems/index.json").exists() && !near.out.join("Systems/1").exists());
}
