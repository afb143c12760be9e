//! The task service (DSP0266 §12; DSP0268 TaskService, Task).

use serde_json::{Value, json};

use super::{collection, healthy, link};
use crate::redfish::{
    answer::Answer,
    handle::Scene,
    messages::{message, refuse},
    tasks::{State, Task},
};

const TASKS: &str = "/redfish/v1/TaskService/Tasks";

/// The task service.
pub(crate) fn service() -> Value {
    json!({
        "@odata.id": "/redfish/v1/TaskService",
        "@odata.type": "#TaskService.v1_2_1.TaskService",
        "Id": "TaskService",
        "Name": "Task Service",
        "ServiceEnabled": true,
        "CompletedTaskOverWritePolicy": "Oldest",
        "Status": healthy(),
        "Tasks": link(TASKS),
    })
}

/// The tasks.
pub(crate) fn tasks(scene: &Scene<'_>) -> Value {
    let members = scene.tasks().list().iter().map(|task| link(path_of(task))).collect();
    collection(TASKS, "TaskCollection", "Tasks", members)
}

/// One of them.
pub(crate) fn task(scene: &Scene<'_>, id: &str) -> Option<Value> {
    scene.tasks().find(id).map(|task| document(task, scene))
}

/// Its monitor (DSP0266 §12.2): 202 while it runs, then the answer that the change itself would have had.
pub(crate) fn monitor(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    let task = scene.tasks().find(id).cloned()?;
    Some(match task.state(scene.now) {
        State::Running => accepted(&task, scene),
        State::Completed => Answer::no_content(),
        State::Exception => refuse(500, "TaskAborted", &[]),
    })
}

/// 202 and where to look.
pub(crate) fn accepted(task: &Task, scene: &Scene<'_>) -> Answer {
    Answer::ok(document(task, scene))
        .with_status(202)
        .with_header("Location", monitor_of(task))
        .with_header("Retry-After", "1")
}

fn path_of(task: &Task) -> String {
    format!("{TASKS}/{}", task.id)
}

fn monitor_of(task: &Task) -> String {
    format!("/redfish/v1/TaskService/TaskMonitors/{}", task.id)
}

fn document(task: &Task, scene: &Scene<'_>) -> Value {
    let state = task.state(scene.now);
    let messages = match state {
        State::Running => vec![],
        State::Completed => vec![message("Success", &[])],
        State::Exception => vec![message("TaskAborted", &[])],
    };
    json!({
        "@odata.id": path_of(task),
        "@odata.type": "#Task.v1_7_3.Task",
        "Id": task.id,
        "Name": format!("Task {}", task.id),
        "TaskState": state.word(),
        "TaskStatus": if state == State::Exception { "Critical" } else { "OK" },
        "PercentComplete": if state == State::Running { 50 } else { 100 },
        "TaskMonitor": monitor_of(task),
        "Messages": messages,
    })
}
