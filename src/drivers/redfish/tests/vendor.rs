//! Claims about requests that no operation covers.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{VendorAnswer, VendorCall},
};

const BUTTON: &str = "/redfish/v1/Systems/1/Actions/Oem/Hpe/HpeComputerSystemExt.PowerButton";

fn call(method: &str, path: &str, body: Option<Value>) -> VendorCall {
    VendorCall::Redfish { method: method.to_owned(), path: path.to_owned(), body }
}

async fn asked(peer: &Peer, call: &VendorCall) -> Result<VendorAnswer, Cause> {
    peer.driver().vendor_call(call, within(60)).await.map(|a| a.value).map_err(|e| e.cause)
}

/// A peer that answers every POST to the button like this.
async fn answering(act: impl Fn() -> Act + Send + 'static) -> Peer {
    Peer::scripted(move |seen, _| seen.is("POST", BUTTON).then(&act)).await
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_is_sent_once_and_what_is_answered_is_told() {
    let peer = answering(|| say_with(202, ("Location", "/redfish/v1/TaskService/Tasks/1"), json!({}))).await;
    let body = json!({"PushType": "PressAndHold"});
    let answer = asked(&peer, &call("POST", BUTTON, Some(body.clone()))).await.unwrap();
    let location = Some("/redfish/v1/TaskService/Tasks/1".to_owned());
    assert_eq!(answer, VendorAnswer::Redfish { status: 202, body: Some(json!({})), location });
    assert_eq!(peer.changes(), [body]);
}

#[tokio::test(start_paused = true)]
async fn what_the_bmc_says_against_it_is_an_answer_and_that_nothing_was_reached_is_an_error() {
    for status in [400, 409, 412] {
        let peer = answering(move || error(status, "Base.1.18.ActionParameterUnknown", "no")).await;
        let answer = asked(&peer, &call("POST", BUTTON, None)).await;
        assert!(
            matches!(answer, Ok(VendorAnswer::Redfish { status: told, body: Some(_), .. }) if told == status)
        );
    }
    for (status, kind) in [(401, "unauthorized"), (403, "denied"), (404, "not-found"), (405, "refused")] {
        let peer = answering(move || error(status, "Base.1.18.GeneralError", "no")).await;
        let refused = asked(&peer, &call("POST", BUTTON, None)).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirection_is_told_and_not_followed() {
    let peer = answering(|| Act::Say(307, vec![("Location", "/cgi-bin/x".to_owned())], String::new())).await;
    let answer = asked(&peer, &call("POST", BUTTON, None)).await;
    assert_eq!(answer, Ok(VendorAnswer::Redfish { status: 307, body: None, location: None }));
    assert!(!peer.lines().iter().any(|line| line.contains("cgi-bin")));
}

#[tokio::test(start_paused = true)]
async fn what_leads_away_from_the_service_never_touches_the_wire() {
    let peer = Peer::healthy().await;
    for path in ["/", "/redfish/v1/../x", "http://127.0.0.1/redfish/v1", "//other/redfish/v1"] {
        let refused = asked(&peer, &call("GET", path, None)).await;
        assert!(matches!(refused, Err(Cause::InvalidArgument { .. })), "{path}");
    }
    assert!(peer.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_patch_that_wants_an_etag_gets_it() {
    // AMI MegaRAC: 428 without If-Match (E2).
    let peer = Peer::scripted(|seen, _| {
        let without = seen.method == "PATCH" && !seen.headers.contains_key("if-match");
        let read = || say_with(200, ("ETag", "\"7\""), json!({"@odata.id": SYSTEM, "AssetTag": null}));
        match without {
            true => Some(error(428, "Ami.1.0.PreconditionHeaderMissing", "no")),
            false => seen.is("GET", SYSTEM).then(read),
        }
    })
    .await;
    let answer = asked(&peer, &call("PATCH", SYSTEM, Some(json!({"AssetTag": "7CX1"})))).await;
    assert!(matches!(answer, Ok(VendorAnswer::Redfish { status: 204, .. })), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_may_have_changed_the_machine_unless_it_was_read() {
    let peer = answering(|| Act::Close).await;
    assert!(matches!(asked(&peer, &call("POST", BUTTON, None)).await, Err(Cause::OutcomeUnknown { .. })));
    assert_eq!(peer.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_larger_than_its_cap_is_a_deviation() {
    let peer = answering(|| say(200, json!({"Data": "x".repeat(1 << 20)}))).await;
    assert!(matches!(asked(&peer, &call("POST", BUTTON, None)).await, Err(Cause::Deviation(_))));
}
