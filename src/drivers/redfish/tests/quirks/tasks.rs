//! Tasks and what is told of success (S7 to S13, README 29).

use super::*;
use crate::{
    driver::{Answer, Cause, Driver as _},
    model::{Change, PowerAction},
};

const MONITOR: &str = "/redfish/v1/TaskService/TaskMonitors/JID_1";
const TASK: &str = "/redfish/v1/TaskService/Tasks/JID_1";

/// A peer that accepts a reset with 202, this Location and this body; monitor and task answer by what they were asked
/// how often.
async fn accepting(body: Value, answer: impl Fn(&str, usize) -> Act + Send + 'static) -> Peer {
    let mut polls = BTreeMap::new();
    Peer::scripted(move |seen, _| match seen.path.as_str() {
        RESET => Some(say_with(202, ("Location", MONITOR), body.clone())),
        path @ (MONITOR | TASK) => {
            let poll = polls.entry(path.to_owned()).or_insert(0);
            *poll += 1;
            Some(answer(path, *poll))
        }
        _ => None,
    })
    .await
}

async fn reset(peer: &Peer, seconds: u64) -> Result<Answer<Change>, Cause> {
    peer.driver().power(PowerAction::Reset, within(seconds)).await.map_err(|e| e.cause)
}

fn gone() -> Act {
    error(404, "Base.1.8.ResourceMissingAtURI", "not here")
}

fn state(state: &str) -> Act {
    say(200, json!({"TaskState": state, "Messages": [{"Message": "no power"}]}))
}

#[tokio::test(start_paused = true)]
async fn s7_a_task_that_is_not_there_yet_is_waited_for() {
    let peer = accepting(json!({}), |_, poll| if poll < 4 { gone() } else { state("Exception") }).await;
    let message = "Exception: no power".to_owned();
    assert_eq!(reset(&peer, 60).await.unwrap_err(), Cause::TaskFailed { message });
    let late = |_: &str, poll| match poll {
        0..4 => gone(),
        4 => state("Running"),
        _ => state("Completed"),
    };
    assert_eq!(names(&reset(&accepting(json!({}), late).await, 60).await.unwrap()), ["late-task"]);
}

#[tokio::test(start_paused = true)]
async fn s8_a_task_that_is_gone_after_it_was_seen_is_not_waited_for() {
    let peer = accepting(json!({}), |_, poll| if poll < 3 { state("Running") } else { gone() }).await;
    assert_eq!(names(&reset(&peer, 60).await.unwrap()), ["task-deleted"]);
    assert_eq!(peer.lines().iter().filter(|line| line.ends_with(MONITOR)).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn s8_a_task_tells_its_end_when_its_monitor_is_gone() {
    // Lenovo XCC deletes the monitor when it is looked at.
    let body = json!({"@odata.id": TASK, "TaskState": "New"});
    let peer = accepting(body.clone(), |path, poll| match (path, poll) {
        (MONITOR, 1) => say(202, json!({"TaskState": "Running"})),
        (MONITOR, _) => gone(),
        (_, 1) => state("Running"),
        _ => state("Exception"),
    })
    .await;
    assert!(matches!(reset(&peer, 60).await, Err(Cause::TaskFailed { .. })));
    // Where the monitor stays, the task is not asked.
    let peer = accepting(body, |_, _| empty(204)).await;
    assert!(reset(&peer, 60).await.unwrap().notes.is_empty());
    assert!(!peer.lines().contains(&format!("GET {TASK}")));
}

#[tokio::test(start_paused = true)]
async fn s8_a_task_that_is_never_seen_is_done_with_a_note_within_its_patience() {
    for seconds in [5, 60] {
        let peer = accepting(json!({}), |_, _| gone()).await;
        let began = Instant::now();
        assert_eq!(names(&reset(&peer, seconds).await.unwrap()), ["task-deleted"]);
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn s9_a_state_that_the_schema_does_not_know_is_no_end() {
    let new = |_: &str, poll| if poll < 3 { state("New") } else { state("Completed") };
    let peer = accepting(json!({}), new).await;
    assert!(reset(&peer, 60).await.unwrap().notes.is_empty());
    assert_eq!(peer.lines().iter().filter(|line| line.ends_with(MONITOR)).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn b13_a_job_that_waits_for_the_next_reset_is_accepted_with_a_note() {
    // Dell iDRAC 9, a BIOS configuration job.
    let job = |state: &str| {
        say(
            200,
            json!({"TaskState": "Starting", "TaskStatus": "OK", "Oem": {"Dell": {"JobState": state,
                "JobType": "BIOSConfiguration", "EndTime": "TIME_NA", "MessageId": "IDRAC.2.9.JCP001"}}}),
        )
    };
    let peer = accepting(json!({}), move |_, _| job("Scheduled")).await;
    assert_eq!(names(&reset(&peer, 60).await.unwrap()), ["scheduled-for-the-next-reset"]);
    let peer = accepting(json!({}), move |_, _| job("Running")).await;
    assert!(matches!(reset(&peer, 60).await, Err(Cause::OutcomeUnknown { .. })));
}

#[tokio::test(start_paused = true)]
async fn s10_202_with_nothing_to_follow_is_done_with_a_note() {
    let peer = Peer::scripted(|seen, _| seen.is("POST", RESET).then(|| empty(202))).await;
    assert_eq!(reset(&peer, 60).await.unwrap().notes.len(), 1);
    let peer = Peer::scripted(|seen, _| seen.is("POST", RESET).then(|| empty(200))).await;
    assert!(reset(&peer, 60).await.unwrap().notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn s12_and_s13_a_success_is_one_whatever_its_body() {
    for body in [
        // HPE iLO; Lenovo XCC 3; a body that is none.
        r#"{"error":{"code":"iLO.0.10.ExtendedInfo","@Message.ExtendedInfo":[{"MessageId":"iLO.2.15.SystemResetRequired"}]}}"#,
        r##"{"@odata.context":"/redfish/v1/$metadata#x","@odata.type":"#x"}"##,
        "<html>",
    ] {
        let peer = Peer::scripted(move |seen, _| {
            seen.is("POST", RESET).then(|| Act::Say(200, Vec::new(), body.to_owned()))
        })
        .await;
        assert_eq!(reset(&peer, 60).await.unwrap().value, Change::Changed);
        assert_eq!(peer.changes().len(), 1);
    }
}
