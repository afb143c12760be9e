use serde_json::json;

use crate::world::World;

const TASKS: &str = "/redfish/v1/TaskService/Tasks";
const TASK: &str = "/redfish/v1/TaskService/Tasks/1";
const MONITOR: &str = "/redfish/v1/TaskService/TaskMonitors/1";

#[tokio::test(start_paused = true)]
async fn a_task_runs_and_ends_on_the_clock() {
    let world = World::with(&["answers-task"]).await;
    world.wait(60).await;
    let accepted = world.reset("On").await;
    assert_eq!((accepted.status, accepted.header("Location")), (202, Some(MONITOR)));
    world.wait(1).await;
    let running = world.get(TASK).await.json();
    assert_eq!(
        (&running["TaskState"], &running["StartTime"], &running["EndTime"], &running["PercentComplete"]),
        (&json!("Running"), &json!("2026-01-01T00:01:00Z"), &json!(null), &json!(33))
    );
    assert_eq!(world.get(MONITOR).await.status, 202);
    world.wait(2).await;
    let ended = world.get(TASK).await.json();
    assert_eq!(
        (&ended["TaskState"], &ended["EndTime"], &ended["PercentComplete"]),
        (&json!("Completed"), &json!("2026-01-01T00:01:03Z"), &json!(100))
    );
    assert_eq!(world.get(MONITOR).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_says_so() {
    let world = World::with(&["task-fails"]).await;
    world.reset("On").await;
    world.wait(3).await;
    let task = world.get(TASK).await.json();
    assert_eq!((&task["TaskState"], &task["TaskStatus"]), (&json!("Exception"), &json!("Critical")));
    assert_eq!((world.get(MONITOR).await.status, world.power_word().await), (500, json!("Off")));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_over_is_forgotten_after_a_while() {
    let world = World::with(&["answers-task"]).await;
    world.reset("On").await;
    world.wait(24 * 3600 - 60).await;
    assert_eq!(world.get(TASK).await.status, 200);
    world.wait(120).await;
    assert_eq!((world.get(TASK).await.status, world.get(MONITOR).await.status), (404, 404));
    assert_eq!(world.get(TASKS).await.json()["Members@odata.count"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_can_be_deleted_by_itself_and_by_its_monitor() {
    let world = World::with(&["answers-task"]).await;
    world.reset("On").await;
    assert_eq!(world.send_as("operator", "DELETE", TASK, None).await.status, 403);
    assert_eq!(world.send("DELETE", TASK, None).await.status, 204);
    assert_eq!(world.get(MONITOR).await.status, 404);
    world.reset("On").await;
    let monitor = "/redfish/v1/TaskService/TaskMonitors/2";
    assert_eq!(world.send("DELETE", monitor, None).await.status, 204);
    assert_eq!(world.send("DELETE", monitor, None).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn there_is_room_for_so_many_tasks_and_the_oldest_that_is_over_gives_way() {
    let world = World::with(&["answers-task"]).await;
    for _ in 0..64 {
        assert_eq!(world.reset("On").await.status, 202);
    }
    assert_eq!(world.reset("On").await.status, 503);
    world.wait(3).await;
    assert_eq!(world.reset("On").await.status, 202);
    assert_eq!(
        (world.get(TASK).await.status, world.get(TASKS).await.json()["Members@odata.count"].clone()),
        (404, json!(64))
    );
}
