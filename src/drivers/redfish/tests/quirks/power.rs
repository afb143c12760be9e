//! Power and reset (P1 to P9, README 26 to 29).

use super::*;
use crate::{
    driver::{Answer, Cause, Driver as _},
    model::{BmcReset, Change, PowerAction, PowerState},
};

async fn act(peer: &Peer, action: PowerAction, seconds: u64) -> Result<Answer<Change>, Cause> {
    peer.driver().power(action, within(seconds)).await.map_err(|e| e.cause)
}

fn sent(peer: &Peer) -> Vec<Value> {
    peer.changes().into_iter().map(|body| body["ResetType"].clone()).collect()
}

/// iLO's refusal, with the message's arguments and no text.
fn not_in_this_state(argument: &str) -> Act {
    say(
        400,
        json!({"error": {"code": "iLO.0.10.ExtendedInfo",
            "message": "See @Message.ExtendedInfo for more information.",
            "@Message.ExtendedInfo": [{"MessageArgs": [argument],
                "MessageID": "iLO.2.14.InvalidOperationForSystemState"}]}}),
    )
}

/// A peer that is in this state, refuses the first resets so, and takes the next.
async fn refusing(state: &'static str, count: usize, refusal: impl Fn() -> Act + Send + 'static) -> Peer {
    let (mut left, mut begun) = (count, false);
    Peer::scripted(move |seen, bmc| {
        if !std::mem::replace(&mut begun, true) {
            bmc.system["PowerState"] = state.into();
        }
        let refused = seen.is("POST", RESET) && left > 0;
        left -= usize::from(refused);
        refused.then(&refusal)
    })
    .await
}

/// A peer that lists these values.
async fn listing(values: Value) -> Peer {
    Peer::with_system(json!({"Actions": {"#ComputerSystem.Reset": {
        "ResetType@Redfish.AllowableValues": values}}}))
    .await
}

#[tokio::test(start_paused = true)]
async fn p1_off_that_ilo_refuses_when_it_is_off_is_already_so() {
    let peer = Peer::scripted(|seen, bmc| {
        seen.is("POST", RESET).then(|| {
            bmc.system["PowerState"] = "Off".into();
            not_in_this_state("Power is off")
        })
    })
    .await;
    let answer = act(&peer, PowerAction::Off, 60).await.unwrap();
    assert_eq!((answer.value, sent(&peer).len()), (Change::AlreadySo, 1));
}

#[tokio::test(start_paused = true)]
async fn p1_what_ilo_refuses_while_a_reset_is_under_way_is_asked_again() {
    let peer = refusing("On", 2, || not_in_this_state("System is resetting")).await;
    let answer = act(&peer, PowerAction::Off, 60).await.unwrap();
    assert_eq!(names(&answer), ["not-ready-after-power"]);
    assert_eq!(sent(&peer), ["ForceOff", "ForceOff", "ForceOff"]);
}

#[tokio::test(start_paused = true)]
async fn p2_on_that_idrac_10_refuses_after_off_is_asked_again() {
    let early = || error(409, "Base.1.12.ActionParameterValueConflict", "too early");
    let peer = refusing("Off", 4, early).await;
    let answer = act(&peer, PowerAction::On, 60).await.unwrap();
    assert_eq!((answer.value, names(&answer)), (Change::Changed, vec!["not-ready-after-power"]));
    let peer = refusing("Off", 99, early).await;
    assert!(matches!(act(&peer, PowerAction::On, 20).await, Err(Cause::Conflict { .. })));
}

#[tokio::test(start_paused = true)]
async fn p2_a_refusal_that_is_of_no_state_is_not_asked_again() {
    let peer = refusing("Off", 1, || error(400, "Base.1.12.GeneralError", "no")).await;
    assert!(matches!(act(&peer, PowerAction::On, 60).await, Err(Cause::Refused { .. })));
    assert_eq!(sent(&peer), ["On"]);
}

#[tokio::test(start_paused = true)]
async fn p6_a_glued_list_is_taken_apart() {
    let peer = listing(json!(["On", "ForceOff", "GracefulShutdownGracefulRestart", "ForceRestart"])).await;
    let answer = act(&peer, PowerAction::Shutdown, 60).await.unwrap();
    assert_eq!(names(&answer), ["glued-allowable-values"]);
    assert_eq!(sent(&peer), ["GracefulShutdown"]);
}

#[tokio::test(start_paused = true)]
async fn p6_a_list_without_a_known_word_is_not_believed() {
    let peer = listing(json!(["power-off", "power-on"])).await;
    assert_eq!(names(&act(&peer, PowerAction::Off, 60).await.unwrap()), ["strange-allowable-values"]);
    let peer = listing(json!(["On", "power-off"])).await;
    assert!(matches!(act(&peer, PowerAction::Off, 60).await, Err(Cause::Refused { .. })));
    assert!(sent(&peer).is_empty());
}

/// A peer that lists `PowerCycle` and `On`, and refuses both with this.
async fn taking_less_than_listed(refusal: impl Fn() -> Act + Send + 'static) -> Peer {
    Peer::scripted(move |seen, bmc| {
        bmc.system["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] =
            json!(["PowerCycle", "ForceOff", "On", "ForceOn"]);
        match seen.body["ResetType"].as_str() {
            Some("PowerCycle" | "On") => Some(refusal()),
            Some("ForceOn") => {
                bmc.system["PowerState"] = "On".into();
                Some(empty(204))
            }
            _ => None,
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn p7_a_value_that_is_listed_and_not_taken_gives_way_to_the_next() {
    let text = "The value GracefulRestart entered for the property ResetType is not in the list of acceptable values.";
    let not_listed = move || error(400, "Base.1.8.PropertyValueNotInList", text);
    let peer = taking_less_than_listed(not_listed).await;
    let driver = peer.driver();
    driver.power(PowerAction::Off, within(60)).await.unwrap();
    let answer = driver.power(PowerAction::On, within(60)).await.unwrap();
    assert_eq!(names(&answer), ["value-offered-and-not-taken"]);
    assert_eq!(sent(&peer), ["ForceOff", "On", "ForceOn"]);
}

#[tokio::test(start_paused = true)]
async fn p7_a_cycle_that_is_listed_and_not_taken_is_off_then_on() {
    let peer = Peer::scripted(|seen, _| {
        (seen.body["ResetType"] == "PowerCycle")
            .then(|| error(400, "Base.1.8.ActionParameterNotSupported", "no"))
    })
    .await;
    let answer = act(&peer, PowerAction::Cycle, 60).await.unwrap();
    assert_eq!(names(&answer), ["value-offered-and-not-taken"]);
    assert_eq!(sent(&peer), ["PowerCycle", "ForceOff", "On"]);
}

#[tokio::test(start_paused = true)]
async fn p7_a_listed_value_that_is_refused_for_another_reason_is_refused() {
    let peer = taking_less_than_listed(|| error(400, "Base.1.8.GeneralError", "locked down")).await;
    assert!(matches!(act(&peer, PowerAction::Cycle, 60).await, Err(Cause::Refused { .. })));
    assert_eq!(sent(&peer), ["PowerCycle"]);
}

#[tokio::test(start_paused = true)]
async fn readme_27_a_shutdown_that_is_not_taken_is_never_forced() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("POST", RESET).then(|| error(400, "Base.1.8.ActionParameterValueNotInList", "no"))
    })
    .await;
    assert!(matches!(act(&peer, PowerAction::Shutdown, 60).await, Err(Cause::Refused { .. })));
    assert_eq!(sent(&peer), ["GracefulShutdown"]);
}

#[tokio::test(start_paused = true)]
async fn readme_27_an_action_info_that_cannot_be_read_leaves_the_values_unknown() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.system["Actions"] =
            json!({"#ComputerSystem.Reset": {"target": RESET, "@Redfish.ActionInfo": "/redfish/v1/none"}});
        seen.is("GET", "/redfish/v1/none").then(|| error(500, "Base.1.8.InternalError", "no"))
    })
    .await;
    assert_eq!(act(&peer, PowerAction::Off, 60).await.unwrap().notes.len(), 1);
    assert_eq!(sent(&peer), ["ForceOff"]);
}

/// A reset of a BMC that lists these values and answers each body so.
async fn bmc_reset(
    values: Value,
    kind: BmcReset,
    answer: impl Fn(&Value) -> Option<Act> + Send + 'static,
) -> (Vec<Value>, Result<Vec<&'static str>, Cause>) {
    let peer = Peer::scripted(move |seen, bmc| {
        bmc.manager["Actions"]["#Manager.Reset"]["ResetType@Redfish.AllowableValues"] = values.clone();
        if seen.path.ends_with("Manager.Reset") { answer(&seen.body) } else { None }
    })
    .await;
    let outcome = peer.driver().reset_bmc(kind, within(60)).await;
    (peer.changes(), outcome.map(|answer| names(&answer)).map_err(|e| e.cause))
}

#[tokio::test(start_paused = true)]
async fn p8_a_reset_type_that_hpe_refuses_gives_way_to_an_empty_object() {
    let unknown = |body: &Value| {
        let typed = body.get("ResetType").is_some();
        typed.then(|| error(400, "iLO.2.14.ActionParameterUnknown", "ResetType"))
    };
    let (sent, outcome) = bmc_reset(json!(["ForceRestart"]), BmcReset::Cold, unknown).await;
    assert_eq!(sent, [json!({"ResetType": "ForceRestart"}), json!({})]);
    assert_eq!(outcome.unwrap(), ["value-offered-and-not-taken", "reset-without-type"]);
    let (sent, outcome) = bmc_reset(json!(["GracefulRestart"]), BmcReset::Warm, unknown).await;
    assert!(matches!(outcome, Err(Cause::Refused { .. })), "an empty object may be a cold reset");
    assert_eq!(sent.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p8_a_reset_type_that_is_demanded_and_not_listed_is_sent() {
    let missing = |body: &Value| {
        let untyped = body.get("ResetType").is_none();
        untyped.then(|| error(400, "Base.1.8.ActionParameterMissing", "requires the parameter ResetType"))
    };
    let (sent, outcome) = bmc_reset(json!(null), BmcReset::Warm, missing).await;
    assert_eq!(sent, [json!({}), json!({"ResetType": "GracefulRestart"})]);
    assert_eq!(outcome.unwrap(), ["reset-wants-type"]);
}

#[tokio::test(start_paused = true)]
async fn p8_a_reset_that_is_refused_for_another_reason_is_refused() {
    let refused = |_: &Value| Some(error(400, "Base.1.8.GeneralError", "an update is running"));
    for values in [json!(null), json!(["ForceRestart"])] {
        let (sent, outcome) = bmc_reset(values, BmcReset::Cold, refused).await;
        assert_eq!((sent.len(), outcome.is_err()), (1, true));
    }
}

#[tokio::test(start_paused = true)]
async fn p9_a_refusal_tells_the_state_where_the_bmc_shows_none() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.system["PowerState"] = Value::Null;
        seen.is("POST", RESET).then(|| error(400, "Base.1.8.GeneralError", "The host is powered off."))
    })
    .await;
    assert_eq!(act(&peer, PowerAction::Off, 60).await.unwrap().value, Change::AlreadySo);
    assert!(matches!(act(&peer, PowerAction::Reset, 60).await, Err(Cause::Conflict { .. })));
    // A state that is shown is believed, whatever the text says.
    let peer = refusing("On", 9, || error(400, "Base.1.8.GeneralError", "The host is powered off.")).await;
    assert!(matches!(act(&peer, PowerAction::Off, 60).await, Err(Cause::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn p9_a_state_that_is_missing_after_a_reset_is_unknown_with_a_note() {
    for word in [json!(null), json!("Starting")] {
        let answer =
            Peer::with_system(json!({ "PowerState": word })).await.driver().power_read(within(10)).await;
        let answer = answer.unwrap();
        assert_eq!((answer.value, answer.notes.len()), (PowerState::Unknown, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn readme_26_off_that_takes_a_minute_is_waited_for_in_a_cycle() {
    let mut reads = 0;
    let peer = Peer::scripted(move |seen, bmc| {
        bmc.system["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] =
            json!(["On", "ForceOff"]);
        if seen.is("POST", RESET) && seen.body["ResetType"] == "ForceOff" {
            reads = 1;
            return Some(empty(204));
        }
        if seen.is("GET", SYSTEM) && reads > 0 {
            reads += 1;
            bmc.system["PowerState"] = if reads > 14 { "Off" } else { "PoweringOff" }.into();
        }
        None
    })
    .await;
    assert_eq!(act(&peer, PowerAction::Cycle, 120).await.unwrap().value, Change::Changed);
}
