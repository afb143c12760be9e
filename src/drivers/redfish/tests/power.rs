//! Claims about the host's power.

use super::*;
use crate::{
    driver::{Cause, Deviation, Driver as _, Note},
    model::{Change, PowerAction, PowerState},
};

async fn off() -> Peer {
    let mut once = false;
    Peer::scripted(move |_, bmc| {
        if !std::mem::replace(&mut once, true) {
            bmc.system["PowerState"] = "Off".into();
        }
        None
    })
    .await
}

fn reset_types(peer: &Peer) -> Vec<String> {
    peer.changes().iter().map(|body| body["ResetType"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_first_read_is_four_requests_and_a_second_is_one() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    assert_eq!(driver.power_read(within(10)).await.unwrap().value, PowerState::PoweredOn);
    driver.power_read(within(10)).await.unwrap();
    let system = format!("GET {SYSTEM}");
    let login = "POST /redfish/v1/SessionService/Sessions".to_owned();
    let expected =
        ["GET /redfish/v1/".to_owned(), login, "GET /redfish/v1/Systems".to_owned(), system.clone(), system];
    assert_eq!(peer.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn each_action_is_sent_by_its_own_reset_type() {
    let expected = [
        (PowerAction::Off, "ForceOff"),
        (PowerAction::Shutdown, "GracefulShutdown"),
        (PowerAction::Cycle, "PowerCycle"),
        (PowerAction::Reset, "ForceRestart"),
        (PowerAction::Nmi, "Nmi"),
    ];
    for (action, word) in expected {
        let peer = Peer::healthy().await;
        assert_eq!(peer.driver().power(action, within(60)).await.unwrap().value, Change::Changed);
        assert_eq!(reset_types(&peer), [word]);
    }
    let peer = off().await;
    assert_eq!(peer.driver().power(PowerAction::On, within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(reset_types(&peer), ["On"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_state_makes_needless_is_already_so_and_not_sent() {
    let peer = Peer::healthy().await;
    assert_eq!(peer.driver().power(PowerAction::On, within(10)).await.unwrap().value, Change::AlreadySo);
    assert!(peer.changes().is_empty());
    let peer = off().await;
    for action in [PowerAction::Off, PowerAction::Shutdown] {
        assert_eq!(peer.driver().power(action, within(10)).await.unwrap().value, Change::AlreadySo);
    }
    assert!(peer.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_running_host_is_a_conflict_when_it_is_off() {
    let peer = off().await;
    for action in [PowerAction::Cycle, PowerAction::Reset, PowerAction::Nmi] {
        let error = peer.driver().power(action, within(10)).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Conflict { .. }), "{error}");
    }
    assert!(peer.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cycle_without_power_cycle_is_off_then_on_and_never_a_restart() {
    let peer = Peer::with_system(json!({"Actions": {"#ComputerSystem.Reset": {
        "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "ForceRestart"]}}}))
    .await;
    assert_eq!(peer.driver().power(PowerAction::Cycle, within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(reset_types(&peer), ["ForceOff", "On"]);
}

#[tokio::test(start_paused = true)]
async fn on_after_off_is_tried_again_while_idrac_says_that_it_is_too_early() {
    let mut refusals = 3;
    let peer = Peer::scripted(move |seen, bmc| {
        bmc.system["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] =
            json!(["On", "ForceOff"]);
        let early = seen.is("POST", RESET) && seen.body["ResetType"] == "On" && refusals > 0;
        early.then(|| {
            refusals -= 1;
            error(409, "Base.1.12.ActionParameterValueConflict", "too early")
        })
    })
    .await;
    assert_eq!(peer.driver().power(PowerAction::Cycle, within(120)).await.unwrap().value, Change::Changed);
    assert_eq!(reset_types(&peer), ["ForceOff", "On", "On", "On", "On"]);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_is_interrupted_after_off_has_an_unknown_outcome() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.system["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] =
            json!(["On", "ForceOff"]);
        (seen.body["ResetType"] == "On").then(|| error(400, "Base.1.12.GeneralError", "no"))
    })
    .await;
    let error = peer.driver().power(PowerAction::Cycle, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::OutcomeUnknown { .. }), "{error}");
    assert_eq!(reset_types(&peer), ["ForceOff", "On"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_not_offered_is_refused_and_never_forced() {
    let peer = Peer::with_system(json!({"Actions": {"#ComputerSystem.Reset": {
        "ResetType@Redfish.AllowableValues": ["On", "ForceOff"]}}}))
    .await;
    let error = peer.driver().power(PowerAction::Shutdown, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused { .. }), "{error}");
    assert!(peer.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn values_are_read_from_an_action_info_where_they_stand_there() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.system["Actions"] = json!({"#ComputerSystem.Reset": {
            "target": RESET, "@Redfish.ActionInfo": "/redfish/v1/Systems/1/ResetActionInfo"}});
        seen.is("GET", "/redfish/v1/Systems/1/ResetActionInfo").then(|| {
            say(
                200,
                json!({"Parameters": [{"Name": "ResetType", "AllowableValues": ["ForceOn", "ForceOff"]}]}),
            )
        })
    })
    .await;
    let error = peer.driver().power(PowerAction::Reset, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused { .. }), "{error}");
    peer.driver().power(PowerAction::Off, within(60)).await.unwrap();
    assert_eq!(reset_types(&peer), ["ForceOff"]);
}

#[tokio::test(start_paused = true)]
async fn off_that_is_refused_because_it_is_off_by_now_is_already_so() {
    let peer = Peer::scripted(|seen, bmc| {
        seen.is("POST", RESET).then(|| {
            bmc.system["PowerState"] = "Off".into();
            error(409, "Base.1.18.ActionParameterValueConflict", "it is off")
        })
    })
    .await;
    assert_eq!(peer.driver().power(PowerAction::Off, within(60)).await.unwrap().value, Change::AlreadySo);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_neither_on_nor_off_is_never_guessed() {
    let expected = [
        (json!("Paused"), PowerState::Unknown),
        (json!("Hibernating"), PowerState::Unknown),
        (json!(null), PowerState::Unknown),
        (json!(7), PowerState::Unknown),
        (json!("PoweringOff"), PowerState::PoweringOff),
        (json!(["On"]), PowerState::PoweredOn),
    ];
    for (word, state) in expected {
        let peer = Peer::with_system(json!({ "PowerState": word })).await;
        assert_eq!(peer.driver().power_read(within(10)).await.unwrap().value, state, "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_power_state_is_noted_by_its_name() {
    let peer = Peer::with_system(json!({"PowerState": "Hibernating"})).await;
    let notes = peer.driver().power_read(within(10)).await.unwrap().notes;
    let (property, value) = ("PowerState".to_owned(), "Hibernating".to_owned());
    assert_eq!(notes, [Note(Deviation::UnknownValue { property, value })]);
}
