use halmark_simulators::machine::HostAct;
use serde_json::{Value, json};

use crate::world::{MANAGER, SYSTEM, World, basic};

async fn entries(world: &World, of: &str) -> Vec<Value> {
    let members = world.get(&format!("{of}/LogServices/Log1/Entries")).await.json()["Members"].clone();
    let mut entries = Vec::new();
    for member in members.as_array().unwrap() {
        entries.push(world.get(member["@odata.id"].as_str().unwrap()).await.json());
    }
    entries
}

#[tokio::test(start_paused = true)]
async fn entries_stand_in_their_collection_as_its_schema_has_it() {
    let world = World::healthy().await;
    world.reset("On").await;
    world.wait(600).await;
    let path = format!("{SYSTEM}/LogServices/Log1/Entries");
    let alone = entries(&world, SYSTEM).await;
    assert!(alone.len() > 2 && alone.iter().all(|it| it["EntryType"] == "Event"));
    for query in ["", "?$expand=.", "?$expand=~", "?$top=1000"] {
        let all = world.get(&format!("{path}{query}")).await.json()["Members"].clone();
        assert_eq!(all, json!(alone), "{query}");
    }
    let some = world.get(&format!("{path}?$skip=1&$top=1")).await.json();
    assert_eq!((&some["Members"], &some["Members@odata.count"]), (&json!([alone[1]]), &json!(alone.len())));
    let own = world.get(&format!("{MANAGER}/LogServices/Log1/Entries")).await.json();
    assert_eq!(own["Members"][0]["MessageArgs"], json!(["/redfish/v1/Managers/1", "Enabled"]));
}

fn messages(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|it| it["Message"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_system_s_log_says_what_the_host_did_and_when() {
    let world = World::healthy().await;
    world.wait(60).await;
    world.reset("On").await;
    world.wait(600).await;
    let entries = entries(&world, SYSTEM).await;
    assert_eq!(
        messages(&entries),
        [
            "The resource '/redfish/v1/Systems/1' has powered on.",
            "The state of resource '/redfish/v1/Systems/1' has changed to Starting.",
            "The system boots from disk.",
            "The state of resource '/redfish/v1/Systems/1' has changed to Enabled.",
        ]
    );
    let first = &entries[0];
    assert_eq!(
        (&first["EntryType"], &first["Severity"], &first["MessageId"]),
        (&json!("Event"), &json!("OK"), &json!("ResourceEvent.1.4.ResourcePoweredOn"))
    );
    assert_eq!(first["Links"]["OriginOfCondition"]["@odata.id"], SYSTEM);
    assert!(first["Created"].as_str().unwrap().starts_with("2026-01-01T00:01:0"), "{first}");
}

#[tokio::test(start_paused = true)]
async fn an_entry_keeps_its_time_when_the_clock_is_set() {
    let world = World::healthy().await;
    world.reset("On").await;
    world.wait(5).await;
    world.send("PATCH", MANAGER, Some(json!({"DateTime": "2030-06-01T12:00:00Z"}))).await;
    world.reset("ForceRestart").await;
    let created: Vec<_> = entries(&world, SYSTEM)
        .await
        .iter()
        .map(|it| it["Created"].as_str().unwrap()[..4].to_owned())
        .collect();
    assert_eq!(created, ["2026", "2026", "2030", "2030"]);
}

#[tokio::test(start_paused = true)]
async fn the_bmc_s_own_log_outlives_its_reset() {
    let world = World::healthy().await;
    for _ in 0..5 {
        world.bare("GET", SYSTEM, &[("Authorization", &basic("readonly", "guess"))], None).await;
    }
    world.control.act(HostAct::PullAc);
    world.control.act(HostAct::RestoreAc);
    world.wait(600).await;
    let proof = {
        let (user, password) = world.control.credentials();
        basic(&user, &password)
    };
    let mut client = world.client().await;
    let mut said = Vec::new();
    let base = format!("{MANAGER}/LogServices/Log1/Entries");
    for id in 1..=6 {
        let reply =
            client.send("GET", &format!("{base}/{id}"), &[("Authorization", &proof)], b"").await.unwrap();
        said.push((reply.json()["Message"].as_str().unwrap().to_owned(), reply.json()["Severity"].clone()));
    }
    let expected = [
        ("The state of resource '/redfish/v1/Managers/1' has changed to Enabled.", "OK"),
        ("Logging in failed for user 'readonly'.", "Warning"),
        ("User 'readonly' is locked after too many wrong passwords.", "Warning"),
        ("AC power was lost.", "Critical"),
        ("AC power was restored.", "OK"),
        ("The state of resource '/redfish/v1/Managers/1' has changed to Enabled.", "OK"),
    ];
    assert_eq!(said, expected.map(|(text, severity)| (text.to_owned(), json!(severity))));
}

#[tokio::test(start_paused = true)]
async fn a_log_is_cleared_and_says_so() {
    let world = World::healthy().await;
    world.reset("On").await;
    world.wait(600).await;
    let action = format!("{SYSTEM}/LogServices/Log1/Actions/LogService.ClearLog");
    assert_eq!(world.send_as("readonly", "POST", &action, Some(json!({}))).await.status, 403);
    let stale = Some(json!({"LogEntriesETag": "\"0\""}));
    assert_eq!(world.send("POST", &action, stale).await.status, 412);
    assert_eq!(world.send_as("operator", "POST", &action, Some(json!({}))).await.status, 204);
    let left = entries(&world, SYSTEM).await;
    assert_eq!((messages(&left), &left[0]["Id"]), (vec!["The log was cleared."], &json!("5")));
}

#[tokio::test(start_paused = true)]
async fn a_full_log_forgets_the_oldest() {
    let world = World::healthy().await;
    world.on().await;
    for _ in 0..1100 {
        world.control.act(HostAct::FinishBoot);
        world.command(halmark_simulators::machine::Command::Nmi);
    }
    let members = world.get(&format!("{SYSTEM}/LogServices/Log1/Entries")).await.json();
    assert_eq!(members["Members@odata.count"], 1000);
    assert_eq!(members["Members"][0]["@odata.id"], format!("{SYSTEM}/LogServices/Log1/Entries/101"));
    assert_eq!(world.get(&format!("{SYSTEM}/LogServices/Log1/Entries/100")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_was_written_down_stays_when_it_was_when_the_clock_is_set() {
    let world = World::healthy().await;
    world.control.establish_power(halmark_simulators::machine::Power::On);
    let target = format!("{SYSTEM}/Actions/ComputerSystem.Reset");
    let reset = async || {
        assert!(world.send("POST", &target, Some(json!({"ResetType": "ForceRestart"}))).await.status < 300);
        tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    };
    let last = async || world.get(SYSTEM).await.json()["LastResetTime"].as_str().unwrap().to_owned();
    reset().await;
    let before = last().await;
    world.send("PATCH", MANAGER, Some(json!({"DateTime": "2030-06-01T12:00:00Z"}))).await;
    assert_eq!(last().await, before);
    reset().await;
    assert!(last().await.starts_with("2030-06-01T12:0"), "{}", last().await);
}
