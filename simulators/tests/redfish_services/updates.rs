use halmark_simulators::Image;
use serde_json::{Value, json};

use crate::world::World;

const SIMPLE_UPDATE: &str = "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate";
const INVENTORY: &str = "/redfish/v1/UpdateService/FirmwareInventory";
const TASK: &str = "/redfish/v1/TaskService/Tasks/1";

async fn update(world: &World, body: Value) -> (u16, String) {
    let reply = world.send("POST", SIMPLE_UPDATE, Some(body)).await;
    (reply.status, reply.message())
}

async fn version(world: &World, id: &str) -> Value {
    world.get(&format!("{INVENTORY}/{id}")).await.json()["Version"].clone()
}

#[tokio::test(start_paused = true)]
async fn what_an_image_holds_is_installed_when_the_task_ends() {
    let world = World::healthy().await;
    world
        .control
        .know_image("nic.bin", Image { software: "HW-NIC1".to_owned(), version: "23.0.1".to_owned() });
    let body =
        json!({"ImageURI": "http://files.example/fw/nic.bin", "Targets": [format!("{INVENTORY}/NIC1")]});
    assert_eq!(update(&world, body).await.0, 202);
    world.wait(29).await;
    assert_eq!(world.get(TASK).await.json()["TaskState"], "Running");
    assert_eq!(version(&world, "NIC1").await, "22.31.4");
    world.wait(1).await;
    let task = world.get(TASK).await.json();
    assert_eq!((&task["TaskState"], &task["TaskStatus"]), (&json!("Completed"), &json!("OK")));
    assert_eq!(version(&world, "NIC1").await, "23.0.1");
    assert_eq!(world.log().await, "software.installed:HW-NIC1:23.0.1");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_nobody_knows_cannot_be_fetched_and_the_task_says_so() {
    let world = World::healthy().await;
    assert_eq!(update(&world, json!({"ImageURI": "https://files.example/no-such.bin"})).await.0, 202);
    world.wait(30).await;
    let task = world.get(TASK).await.json();
    assert_eq!(task["TaskState"], "Exception");
    let said = task["Messages"][0]["MessageId"].as_str().unwrap_or_default().to_owned();
    assert!(said.ends_with(".CouldNotEstablishConnection"), "{said}");
    assert_eq!(world.get("/redfish/v1/TaskService/TaskMonitors/1").await.status, 500);
    assert_eq!(version(&world, "BIOS").await, "2.4.1");
}

#[tokio::test(start_paused = true)]
async fn the_host_runs_new_firmware_from_its_next_start_on() {
    let world = World::healthy().await;
    world.on().await;
    update(&world, json!({"ImageURI": "files.example/anvil-bios-2.5.0.bin", "TransferProtocol": "HTTPS"}))
        .await;
    world.wait(30).await;
    assert_eq!(
        (version(&world, "BIOS").await, &world.system().await["BiosVersion"]),
        (json!("2.5.0"), &json!("2.4.1"))
    );
    world.reset("ForceRestart").await;
    world.wait(1).await;
    assert_eq!(world.system().await["BiosVersion"], "2.5.0");
    assert_eq!(world.control.truth().id.bios_version, "2.5.0");
}

#[tokio::test(start_paused = true)]
async fn an_update_can_wait_for_the_host_to_start() {
    let world = World::healthy().await;
    world.on().await;
    let body = json!({"ImageURI": "http://files.example/anvil-bios-2.5.0.bin", "@Redfish.OperationApplyTime": "OnReset"});
    update(&world, body).await;
    world.wait(600).await;
    assert_eq!(world.get(TASK).await.json()["TaskState"], "Pending");
    assert_eq!(version(&world, "BIOS").await, "2.4.1");
    world.reset("ForceRestart").await;
    world.wait(5).await;
    assert_eq!(world.get(TASK).await.json()["TaskState"], "Completed");
    assert_eq!(
        (version(&world, "BIOS").await, &world.system().await["BiosVersion"]),
        (json!("2.5.0"), &json!("2.5.0"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_bmc_restarts_itself_with_its_new_firmware() {
    let world = World::healthy().await;
    update(&world, json!({"ImageURI": "http://files.example/anvil-bmc-1.13.0.bin"})).await;
    world.wait(31).await;
    assert!(!world.control.truth().bmc_up);
    world.wait(120).await;
    let manager = world.fresh("GET", "/redfish/v1/Managers/1", None).await.unwrap().json();
    assert_eq!(manager["FirmwareVersion"], "1.13.0");
}

#[tokio::test(start_paused = true)]
async fn software_goes_nowhere_but_to_its_targets() {
    let world = World::healthy().await;
    let body = json!({"ImageURI": "http://files.example/anvil-bios-2.5.0.bin", "Targets": [format!("{INVENTORY}/NIC1")]});
    update(&world, body).await;
    world.wait(30).await;
    assert_eq!(world.get(TASK).await.json()["TaskState"], "Exception");
    assert_eq!(version(&world, "BIOS").await, "2.4.1");
}

#[tokio::test(start_paused = true)]
async fn wrong_parameters_are_refused_and_secrets_are_not_repeated() {
    let world = World::healthy().await;
    let fine = "http://files.example/a.bin";
    for (body, said) in [
        (json!({}), "ActionParameterMissing"),
        (json!({"ImageURI": 1}), "ActionParameterValueTypeError"),
        (json!({"ImageURI": "gopher://files.example/a.bin"}), "ActionParameterValueFormatError"),
        (
            json!({"ImageURI": "http://somebody:hunter2@files.example/a.bin"}),
            "ActionParameterValueFormatError",
        ),
        (json!({"ImageURI": fine, "TransferProtocol": "Pigeon"}), "ActionParameterValueNotInList"),
        (json!({"ImageURI": fine, "Targets": "BIOS"}), "ActionParameterValueTypeError"),
        (json!({"ImageURI": fine, "Targets": ["/redfish/v1/Nothing"]}), "ActionParameterValueFormatError"),
        (json!({"ImageURI": fine, "Password": 1}), "ActionParameterValueTypeError"),
        (json!({"ImageURI": fine, "ForceUpdate": "yes"}), "ActionParameterValueTypeError"),
        (json!({"ImageURI": fine, "Stage": true}), "ActionParameterUnknown"),
        (
            json!({"ImageURI": fine, "@Redfish.OperationApplyTime": "AtMaintenanceWindowStart"}),
            "ActionParameterValueNotInList",
        ),
    ] {
        let reply = world.send("POST", SIMPLE_UPDATE, Some(body.clone())).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, said), "{body}");
        assert!(!reply.text().contains("hunter2"));
    }
    assert_eq!(world.get("/redfish/v1/TaskService/Tasks").await.json()["Members@odata.count"], 0);
}

#[tokio::test(start_paused = true)]
async fn an_operator_may_update_and_a_reader_may_not() {
    let world = World::healthy().await;
    let body = || Some(json!({"ImageURI": "http://files.example/anvil-bios-2.5.0.bin"}));
    assert_eq!(world.send_as("readonly", "POST", SIMPLE_UPDATE, body()).await.status, 403);
    assert_eq!(world.send_as("operator", "POST", SIMPLE_UPDATE, body()).await.status, 202);
}
