use serde_json::{Value, json};

use crate::world::World;

const VOLUMES: &str = "/redfish/v1/Systems/1/Storage/1/Volumes";
const SIZE: u64 = 1_920_383_410_176;

fn drive(bay: u8) -> String {
    format!("/redfish/v1/Chassis/1/Drives/{bay}")
}

fn links(bays: &[u8]) -> Value {
    bays.iter().map(|bay| json!({"@odata.id": drive(*bay)})).collect()
}

async fn members(world: &World) -> Vec<String> {
    let members = world.get(VOLUMES).await.json()["Members"].clone();
    members.as_array().unwrap().iter().map(|it| it["@odata.id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_volume_is_made_of_drives_and_ends() {
    let world = World::healthy().await;
    let body = json!({"Name": "data", "RAIDType": "RAID0", "Links": {"Drives": links(&[3, 4])}});
    let made = world.send("POST", VOLUMES, Some(body)).await;
    let path = format!("{VOLUMES}/2");
    assert_eq!((made.status, made.header("Location")), (201, Some(path.as_str())));
    let volume = world.get(&path).await.json();
    assert_eq!((&volume["Name"], &volume["CapacityBytes"]), (&json!("data"), &json!(2 * SIZE)));
    assert_eq!(members(&world).await, [format!("{VOLUMES}/1"), path.clone()]);
    assert_eq!(world.get(&drive(3)).await.json()["Links"]["Volumes"], json!([{"@odata.id": path}]));
    assert_eq!(world.send("DELETE", &path, None).await.status, 204);
    assert_eq!((world.get(&path).await.status, members(&world).await.len()), (404, 1));
    assert_eq!(world.get(&drive(3)).await.json()["Links"]["Volumes"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_the_platform_came_with_can_end_too_and_frees_its_drives() {
    let world = World::healthy().await;
    let five = || json!({"RAIDType": "RAID5", "Links": {"Drives": links(&[1, 2, 3, 4])}});
    assert_eq!(world.send("POST", VOLUMES, Some(five())).await.status, 400);
    assert_eq!(world.send("DELETE", &format!("{VOLUMES}/1"), None).await.status, 204);
    assert_eq!((members(&world).await.len(), world.get(&format!("{VOLUMES}/1")).await.status), (0, 404));
    assert_eq!(world.send("POST", &format!("{VOLUMES}/1/Actions/Volume.Initialize"), None).await.status, 404);
    let made = world.send("POST", VOLUMES, Some(five())).await.json();
    assert_eq!(made["CapacityBytes"], 3 * SIZE);
}

#[tokio::test(start_paused = true)]
async fn free_drives_are_found_where_none_is_named() {
    let world = World::healthy().await;
    let body = json!({"RAIDType": "RAID1", "CapacityBytes": 1_000_000_000_000_u64});
    let made = world.send("POST", VOLUMES, Some(body.clone())).await.json();
    assert_eq!((&made["Links"]["Drives"], &made["CapacityBytes"]), (&links(&[3, 4]), &body["CapacityBytes"]));
    let again = world.send("POST", VOLUMES, Some(body)).await;
    assert_eq!((again.status, again.message().as_str()), (400, "PropertyValueExternalConflict"));
}

#[tokio::test(start_paused = true)]
async fn a_volume_can_wait_for_the_host_to_start() {
    let world = World::healthy().await;
    world.on().await;
    let body = json!({"RAIDType": "RAID1", "@Redfish.OperationApplyTime": "OnReset"});
    let accepted = world.send("POST", VOLUMES, Some(body.clone())).await;
    let monitor = accepted.header("Location").unwrap().to_owned();
    assert_eq!((accepted.status, world.get(&monitor).await.status), (202, 202));
    world.wait(600).await;
    assert_eq!(members(&world).await.len(), 1);
    assert_eq!(world.send("POST", VOLUMES, Some(body)).await.status, 400, "its drives are taken already");
    world.reset("ForceRestart").await;
    world.wait(5).await;
    assert_eq!((members(&world).await.len(), world.get(&monitor).await.status), (2, 204));
    let later = Some(json!({"@Redfish.OperationApplyTime": "OnReset"}));
    assert_eq!(world.send("DELETE", &format!("{VOLUMES}/2"), later).await.status, 202);
    assert_eq!(members(&world).await.len(), 2);
    world.reset("ForceRestart").await;
    world.wait(5).await;
    assert_eq!(members(&world).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn volumes_outlive_a_reset_of_the_bmc() {
    let world = World::healthy().await;
    world.send("POST", VOLUMES, Some(json!({"RAIDType": "RAID0"}))).await;
    world.reset_bmc().await;
    world.wait(120).await;
    assert_eq!(world.fresh("GET", &format!("{VOLUMES}/2"), None).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_volume_is_refused_with_its_place() {
    let world = World::healthy().await;
    for (body, said) in [
        (json!({}), "PropertyMissing"),
        (json!({"RAIDType": "RAID77"}), "PropertyValueNotInList"),
        (json!({"RAIDType": 5}), "PropertyValueTypeError"),
        (json!({"RAIDType": "RAID0", "Colour": "red"}), "PropertyUnknown"),
        (json!({"RAIDType": "RAID0", "Status": {}}), "PropertyNotWritable"),
        (json!({"RAIDType": "RAID0", "ReadCachePolicy": "Sometimes"}), "PropertyValueNotInList"),
        (json!({"RAIDType": "RAID0", "StripSizeBytes": "64K"}), "PropertyValueTypeError"),
        (json!({"RAIDType": "RAID0", "CapacityBytes": 0}), "PropertyValueTypeError"),
        (
            json!({"RAIDType": "RAID0", "Links": {"Drives": links(&[3])}, "CapacityBytes": 2 * SIZE}),
            "PropertyValueOutOfRange",
        ),
        (json!({"RAIDType": "RAID0", "Links": {"Drives": links(&[9])}}), "ResourceNotFound"),
        (json!({"RAIDType": "RAID0", "Links": {"Drives": links(&[1])}}), "PropertyValueExternalConflict"),
        (json!({"RAIDType": "RAID1", "Links": {"Drives": links(&[3])}}), "PropertyValueConflict"),
        (json!({"RAIDType": "RAID0", "@Redfish.OperationApplyTime": "Tomorrow"}), "PropertyValueNotInList"),
    ] {
        let reply = world.send("POST", VOLUMES, Some(body.clone())).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, said), "{body}");
    }
    assert_eq!(members(&world).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_volume_is_initialized_by_a_task_unless_nothing_is_written() {
    let world = World::healthy().await;
    let action = format!("{VOLUMES}/1/Actions/Volume.Initialize");
    let with = |method: &str| Some(json!({"InitializeMethod": method}));
    assert_eq!(world.send("POST", &action, with("Skip")).await.status, 204);
    assert_eq!(world.send("POST", &action, with("Foreground")).await.status, 202);
    assert_eq!(
        world.send("POST", &action, with("Sideways")).await.message(),
        "ActionParameterValueNotInList"
    );
    world.send("POST", VOLUMES, Some(json!({"RAIDType": "RAID0"}))).await;
    let action = format!("{VOLUMES}/2/Actions/Volume.Initialize");
    assert_eq!(world.send("POST", &action, with("Background")).await.status, 202);
    assert_eq!(world.get(&action).await.status, 405);
}

#[tokio::test(start_paused = true)]
async fn volumes_are_components_to_those_who_may_change_them() {
    let world = World::healthy().await;
    let body = || Some(json!({"RAIDType": "RAID0"}));
    let status =
        async |who: &str, method: &str, path: &str, body| world.send_as(who, method, path, body).await.status;
    assert_eq!(status("readonly", "POST", VOLUMES, body()).await, 403);
    assert_eq!(status("operator", "POST", VOLUMES, body()).await, 201);
    let path = format!("{VOLUMES}/2");
    let initialize = format!("{path}/Actions/Volume.Initialize");
    assert_eq!(status("readonly", "POST", &initialize, Some(json!({}))).await, 403);
    assert_eq!(status("readonly", "DELETE", &path, None).await, 403);
    assert_eq!(status("operator", "DELETE", &path, None).await, 204);
}

#[tokio::test(start_paused = true)]
async fn a_collection_says_what_it_takes_and_a_volume_too() {
    let world = World::healthy().await;
    let allow =
        async |path: &str| world.send("OPTIONS", path, None).await.header("Allow").unwrap().to_owned();
    assert_eq!(allow(VOLUMES).await, "GET, HEAD, POST");
    let volume = format!("{VOLUMES}/1");
    assert_eq!(allow(&volume).await, "GET, HEAD, DELETE");
    let (head, get) = (world.send("HEAD", &volume, None).await, world.get(&volume).await);
    assert_eq!((head.status, head.header("ETag"), head.body.len()), (200, get.header("ETag"), 0));
}
