//! Claims about logging in and out.

use super::*;
use crate::driver::{Cause, Driver as _};

const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

fn logins(peer: &Peer) -> usize {
    peer.seen().iter().filter(|s| s.is("POST", SESSIONS)).count()
}

#[tokio::test(start_paused = true)]
async fn the_session_is_deleted_on_close() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.power_read(within(10)).await.unwrap();
    driver.close().await;
    assert_eq!(peer.lines().last().unwrap(), &format!("DELETE {SESSIONS}/1"));
    driver.power_read(within(10)).await.unwrap();
    assert_eq!(logins(&peer), 2);
}

#[tokio::test(start_paused = true)]
async fn a_seam_leaves_the_session() {
    let peer = Peer::healthy().await;
    let driver = peer.driver_with(Seams { leaves_session: true, ..Seams::default() });
    driver.power_read(within(10)).await.unwrap();
    driver.close().await;
    assert!(peer.seen().iter().all(|s| s.method != "DELETE"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_exactly_once() {
    let peer = Peer::healthy().await;
    let wrong = |seams| {
        let endpoint = peer.endpoint().with_credentials(Credentials::new("admin", "wrong"));
        Redfish::new(Endpoint { seams, ..endpoint }).unwrap()
    };
    let error = wrong(Seams::default()).power_read(within(60)).await.unwrap_err();
    assert_eq!((error.cause, logins(&peer)), (Cause::Unauthorized, 1));
    let again = Seams { retries_wrong_password: true, ..Seams::default() };
    wrong(again).power_read(within(60)).await.unwrap_err();
    assert_eq!(logins(&peer), 6);
}

#[tokio::test(start_paused = true)]
async fn a_password_that_the_bmc_repeats_is_not_told() {
    let peer = Peer::scripted(|seen, _| {
        let text = "The value secret for the property Password is of a different format.";
        seen.is("POST", SESSIONS).then(|| error(422, "Base.1.18.PropertyValueFormatError", text))
    })
    .await;
    let error = peer.driver().power_read(within(10)).await.unwrap_err().to_string();
    assert!(error.contains("The value … for") && !error.contains("secret"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_session_is_replaced_once_and_the_request_sent_again() {
    let mut lost = false;
    let peer = Peer::scripted(move |seen, _| {
        let now = seen.is("POST", RESET) && !std::mem::replace(&mut lost, true);
        now.then(|| error(401, "Base.1.18.NoValidSession", "gone"))
    })
    .await;
    peer.driver().power(crate::PowerAction::Reset, within(60)).await.unwrap();
    assert_eq!((logins(&peer), peer.changes().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_never_accepted_is_no_loop() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("GET", SYSTEM).then(|| error(401, "Base.1.18.NoValidSession", "gone"))
    })
    .await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!((error.cause, logins(&peer)), (Cause::Unauthorized, 2));
}

#[tokio::test(start_paused = true)]
async fn a_service_without_sessions_is_asked_by_basic() {
    let peer = Peer::scripted(|seen, bmc| {
        if seen.is("POST", SESSIONS) {
            return Some(error(405, "Base.1.18.ActionNotSupported", "no sessions"));
        }
        let basic = seen.headers.get("authorization").is_some_and(|v| v == "Basic YWRtaW46c2VjcmV0");
        (basic && seen.is("GET", SYSTEM)).then(|| say(200, bmc.system.clone())).or_else(|| {
            (basic && seen.is("GET", "/redfish/v1/Systems"))
                .then(|| say(200, json!({"Members": [{"@odata.id": SYSTEM}]})))
        })
    })
    .await;
    assert!(peer.driver().power_read(within(60)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_root_that_names_no_sessions_is_not_asked_for_one() {
    let peer = Peer::scripted(|seen, _| match seen.path.as_str() {
        "/redfish/v1/" => Some(say(200, json!({"Systems": {"@odata.id": "/redfish/v1/Systems"}}))),
        "/redfish/v1/Systems" => Some(say(200, json!({"Members": [{"@odata.id": SYSTEM}]}))),
        _ => Some(say(200, json!({"PowerState": "On"}))),
    })
    .await;
    assert!(peer.driver().power_read(within(60)).await.is_ok());
    assert_eq!(logins(&peer), 0);
    assert_eq!(peer.seen()[1].headers["authorization"], "Basic YWRtaW46c2VjcmV0");
}

#[tokio::test(start_paused = true)]
async fn a_full_session_table_is_busy_when_basic_is_refused_too() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("POST", SESSIONS)
            .then(|| error(503, "IDRAC.2.4.RAC0218", "The maximum number of user sessions is reached."))
    })
    .await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!((error.cause, logins(&peer)), (Cause::Busy { retry_after: None }, 1));
}

#[tokio::test(start_paused = true)]
async fn the_location_of_a_session_may_be_absolute_or_only_in_the_body() {
    for absolute in [true, false] {
        let peer = Peer::scripted(move |seen, _| {
            seen.is("POST", SESSIONS).then(|| {
                let mut headers = vec![("X-Auth-Token", TOKEN.to_owned())];
                let at = format!("{SESSIONS}/x");
                if absolute {
                    headers.push(("Location", format!("https://bmc.example{at}")));
                }
                Act::Say(200, headers, json!({"@odata.id": at}).to_string())
            })
        })
        .await;
        let driver = peer.driver();
        driver.power_read(within(10)).await.unwrap();
        driver.close().await;
        assert_eq!(peer.lines().last().unwrap(), &format!("DELETE {SESSIONS}/x"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_password_must_be_changed_is_denied() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("GET", "/redfish/v1/Systems")
            .then(|| error(403, "Base.1.18.PasswordChangeRequired", "change it"))
    })
    .await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Denied);
    assert!(error.to_string().contains("PasswordChangeRequired"), "{error}");
}
