//! Tasks (DSP0266 §12; DSP0268 Task).

use std::time::Duration;

use serde_json::{Value, json};

use crate::redfish::{
    answer::Answer,
    clock::date_time,
    handle::Scene,
    messages::{TASK_EVENT, error, message_of, refuse},
    policy::Kept,
    show::number,
    tasks::{Beginning, Outcome, State, Task},
    tree::{Document, Live},
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_7_4";

/// How long a task is remembered that is over (`TaskService.TaskAutoDeleteTimeoutMinutes`); forever without.
pub(crate) fn kept(scene: &Scene<'_>) -> Option<Duration> {
    if let Kept::Seconds(seconds) = scene.policy().tasks {
        return Some(scene.look.second * seconds);
    }
    let service = scene.tree().first("TaskService")?;
    let minutes = number(scene, service, "/TaskAutoDeleteTimeoutMinutes")?;
    Some(Duration::from_secs(minutes * 60))
}

/// A new task that takes so long, as an answer: 202 and where to look.
pub(crate) fn start(scene: &Scene<'_>, lasting: Duration, fails: bool) -> Answer {
    let outcome = if fails { Outcome::Fails(None) } else { Outcome::Completes };
    begin(scene, Beginning { lasting, outcome, waits: None })
}

/// The same of a task that may wait for the host, and may know why it fails.
pub(crate) fn begin(scene: &Scene<'_>, beginning: Beginning) -> Answer {
    let started = scene.tasks().start(scene.now, beginning, scene.policy().task_limit);
    match started {
        Some(task) => accepted(&task, scene),
        None => refuse(503, "ServiceTemporarilyUnavailable", &["30"]).with_header("Retry-After", "30"),
    }
}

/// The ids of all of them.
pub(crate) fn ids(scene: &Scene<'_>) -> Vec<String> {
    scene.tasks().list().iter().map(|task| task.id.clone()).collect()
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let task = scene.tasks().find(id).cloned()?;
    Some(said(&task, &collection.path, scene))
}

/// Its monitor (DSP0266 §12.2): 202 while it runs, then the answer that the change itself would have had.
pub(crate) fn monitor(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    let task = scene.tasks().find(id).cloned()?;
    Some(match task.state(scene.now) {
        State::Pending | State::Running => accepted(&task, scene),
        State::Completed => Answer::no_content(),
        State::Exception => error(500, aborted(&task)),
    })
}

/// The end of a task, or of its monitor: it is known no more.
pub(crate) fn remove(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    scene.tasks().remove(id).then(Answer::no_content)
}

fn accepted(task: &Task, scene: &Scene<'_>) -> Answer {
    let collection = scene.tree().live(Live::Tasks).map_or("", |tasks| &*tasks.path);
    Answer::ok(said(task, collection, scene))
        .with_status(202)
        .with_header("Location", monitor_of(task))
        .with_header("Retry-After", "1")
}

fn monitor_of(task: &Task) -> String {
    format!("/redfish/v1/TaskService/TaskMonitors/{}", task.id)
}

/// Why it failed, and that it did.
fn aborted(task: &Task) -> Vec<Value> {
    let why = if let Outcome::Fails(why) = task.outcome() { why.clone() } else { None };
    why.into_iter().chain([message_of(&TASK_EVENT, "TaskAborted", &[&task.id])]).collect()
}

fn said(task: &Task, collection: &str, scene: &Scene<'_>) -> Value {
    let state = task.state(scene.now);
    let messages = match state {
        State::Pending => Vec::new(),
        State::Running => vec![message_of(&TASK_EVENT, "TaskStarted", &[&task.id])],
        State::Completed => vec![message_of(&TASK_EVENT, "TaskCompletedOK", &[&task.id])],
        State::Exception => aborted(task),
    };
    let mut document = json!({
        "@odata.id": format!("{collection}/{}", task.id),
        "@odata.type": format!("#Task.{VERSION}.Task"),
        "Id": task.id,
        "Name": format!("Task {}", task.id),
        "TaskState": state.word(),
        "TaskStatus": if state == State::Exception { "Critical" } else { "OK" },
        "StartTime": date_time(scene.clock_at(task.began)),
        "PercentComplete": task.percent(scene.now),
        "TaskMonitor": monitor_of(task),
        "Messages": messages,
    });
    if matches!(state, State::Completed | State::Exception) {
        document["EndTime"] = json!(date_time(scene.clock_at(task.ends)));
    }
    document
}
