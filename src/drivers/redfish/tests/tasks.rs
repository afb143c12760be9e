//! Claims about tasks.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::PowerAction,
};

const MONITOR: &str = "/redfish/v1/TaskService/TaskMonitors/1";

/// A peer that answers a reset with a task, whose monitor answers in this order, its last answer for ever.
async fn task(answers: Vec<fn() -> Act>) -> Peer {
    let mut polls = 0;
    Peer::scripted(move |seen, _| {
        if seen.is("POST", RESET) {
            return Some(say_with(202, ("Location", MONITOR), json!({"TaskState": "New"})));
        }
        seen.is("GET", MONITOR).then(|| {
            polls += 1;
            answers[(polls - 1).min(answers.len() - 1)]()
        })
    })
    .await
}

async fn reset(peer: &Peer) -> Result<(), Cause> {
    peer.driver().power(PowerAction::Reset, within(60)).await.map(|_| ()).map_err(|e| e.cause)
}

#[tokio::test(start_paused = true)]
async fn a_task_is_followed_until_it_is_done() {
    let running = || say(202, json!({"TaskState": "Running"}));
    let peer = task(vec![running, running, || Act::Say(204, Vec::new(), String::new())]).await;
    assert_eq!(reset(&peer).await, Ok(()));
    assert_eq!(peer.seen().iter().filter(|s| s.is("GET", MONITOR)).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_task_resource_is_read_by_its_state() {
    let peer = task(vec![|| say(200, json!({"TaskState": "Running"})), || {
        say(200, json!({"TaskState": "Completed", "TaskStatus": "OK"}))
    }])
    .await;
    assert_eq!(reset(&peer).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_says_why() {
    let failed = || say(200, json!({"TaskState": "Exception", "Messages": [{"Message": "no power"}]}));
    let message = "Exception: no power".to_owned();
    assert_eq!(reset(&task(vec![failed]).await).await, Err(Cause::TaskFailed { message }));
    let refused = || error(400, "Base.1.18.InternalError", "oops");
    let message = "status 400: oops".to_owned();
    assert_eq!(reset(&task(vec![refused]).await).await, Err(Cause::TaskFailed { message }));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_gone_is_done_with_a_note() {
    let peer = task(vec![|| error(404, "Base.1.18.ResourceMissingAtURI", "gone")]).await;
    let answer = peer.driver().power(PowerAction::Reset, within(60)).await.unwrap();
    assert_eq!(answer.notes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_ends_has_an_unknown_outcome() {
    let outcome = reset(&task(vec![|| say(202, json!({"TaskState": "Running"}))]).await).await;
    assert!(matches!(outcome, Err(Cause::OutcomeUnknown { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_with_neither_location_nor_body_is_done_with_a_note() {
    let peer =
        Peer::scripted(|seen, _| seen.is("POST", RESET).then(|| Act::Say(202, Vec::new(), String::new())))
            .await;
    assert_eq!(peer.driver().power(PowerAction::Reset, within(60)).await.unwrap().notes.len(), 1);
}
