//! Sessions and HTTP (S1 to S6, S14, S18, S19, README 32 and 36 to 41).

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{PowerAction, PowerState},
};

const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

fn is_basic(seen: &Seen) -> bool {
    seen.headers.get("authorization").is_some_and(|value| value == "Basic YWRtaW46c2VjcmV0")
}

/// What a BMC answers that takes Basic and knows one system.
fn by_basic(seen: &Seen, bmc: &Bmc) -> Option<Act> {
    match (is_basic(seen), seen.method.as_str(), seen.path.as_str()) {
        (true, "GET", "/redfish/v1/Systems") => Some(say(200, json!({"Members": [{"@odata.id": SYSTEM}]}))),
        (true, "GET", SYSTEM) => Some(say(200, bmc.system.clone())),
        (true, "DELETE", _) => Some(empty(204)),
        _ => None,
    }
}

fn times(peer: &Peer, method: &str, path: &str) -> usize {
    peer.seen().iter().filter(|seen| seen.is(method, path)).count()
}

#[tokio::test(start_paused = true)]
async fn s1_a_full_session_table_leaves_basic() {
    // iDRAC 9; its ExtendedInfo is an object (D1).
    let full = || {
        say(
            503,
            json!({"error": {"code": "Base.1.7.GeneralError", "@Message.ExtendedInfo":
            {"MessageId": "IDRAC.2.4.RAC0218", "Message": "The maximum number of user sessions is reached."}}}),
        )
    };
    let peer = Peer::scripted(
        move |seen, bmc| {
            if seen.is("POST", SESSIONS) { Some(full()) } else { by_basic(seen, bmc) }
        },
    )
    .await;
    assert_eq!(peer.driver().power_read(within(60)).await.unwrap().value, PowerState::PoweredOn);
    assert_eq!(times(&peer, "POST", SESSIONS), 1);
}

#[tokio::test(start_paused = true)]
async fn s3_a_session_without_a_location_is_used_with_a_note() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("POST", SESSIONS).then(|| say_with(201, ("X-Auth-Token", TOKEN), json!({})))
    })
    .await;
    let driver = peer.driver();
    assert_eq!(driver.power_read(within(10)).await.unwrap().notes.len(), 1);
    driver.close().await;
    assert!(peer.seen().iter().all(|seen| seen.method != "DELETE"));
}

#[tokio::test(start_paused = true)]
async fn s4_a_kept_connection_that_is_reset_is_replaced_for_a_read_only() {
    let mut closed = false;
    let peer = Peer::scripted(move |seen, _| {
        let now = seen.is("GET", SYSTEM) && !std::mem::replace(&mut closed, true);
        now.then_some(Act::Close)
    })
    .await;
    let began = Instant::now();
    peer.driver().power_read(within(60)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "at once, without a wait");
    let peer = Peer::scripted(|seen, _| seen.is("POST", RESET).then_some(Act::Close)).await;
    let error = peer.driver().power(PowerAction::Reset, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::OutcomeUnknown { .. }), "{error}");
    assert_eq!(peer.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn s6_data_sources_that_are_unavailable_are_waited_for() {
    let text = "iDRAC is currently unable to display any information because data sources are unavailable.";
    for (method, path, status) in [("GET", SYSTEM, 500), ("POST", RESET, 400)] {
        let mut left = 5;
        let peer = Peer::scripted(move |seen, _| {
            let hit = seen.is(method, path) && left > 0;
            left -= usize::from(hit);
            hit.then(|| error(status, "IDRAC.2.8.SYS518", text))
        })
        .await;
        assert!(peer.driver().power(PowerAction::Reset, within(60)).await.is_ok());
        assert!(times(&peer, method, path) >= 6);
    }
    // Another 500 is no state of the moment.
    let peer = Peer::scripted(|seen, _| {
        seen.is("POST", RESET).then(|| error(500, "IDRAC.1.6.SYS446", "internal error"))
    })
    .await;
    assert!(peer.driver().power(PowerAction::Reset, within(60)).await.is_err());
    assert_eq!(peer.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn s14_a_403_is_a_denial_whatever_its_body() {
    let page =
        || Act::Say(403, vec![("Content-Type", "application/xhtml+xml".to_owned())], "<html/>".to_owned());
    let peer = Peer::scripted(move |seen, _| seen.is("GET", SYSTEM).then(page)).await;
    assert_eq!(peer.driver().power_read(within(60)).await.unwrap_err().cause, Cause::Denied);
}

#[tokio::test(start_paused = true)]
async fn s18_a_bmc_that_is_silent_for_five_minutes_is_waited_for_within_the_deadline() {
    for (deadline, reached) in [(400, true), (200, false)] {
        let began = Instant::now();
        let peer =
            Peer::scripted(move |_, _| (began.elapsed() < Duration::from_secs(300)).then_some(Act::Close))
                .await;
        assert_eq!(peer.driver().power_read(within(deadline)).await.is_ok(), reached);
    }
}

#[tokio::test(start_paused = true)]
async fn s19_an_answer_that_takes_more_than_a_minute_is_waited_for() {
    let answer =
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-Padding: 0123456789012345678901234567\r\n\r\n";
    let peer = Peer::scripted(|seen, _| {
        seen.is("POST", RESET).then(|| Act::Drip(answer.to_vec(), Duration::from_secs(1)))
    })
    .await;
    let began = Instant::now();
    peer.driver().power(PowerAction::Reset, within(120)).await.unwrap();
    assert!(began.elapsed() > Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn readme_36_a_side_resource_that_is_always_busy_is_left_out() {
    let peer =
        Peer::scripted(|seen, _| (seen.path == "/redfish/v1/Chassis/1U").then(|| say(503, json!({})))).await;
    let began = Instant::now();
    let answer = peer.driver().identity(within(60)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!((answer.value.bmc_firmware.as_deref(), answer.notes.len()), (Some("1.00"), 1));
    // The system itself is none.
    let peer = Peer::scripted(|seen, _| seen.is("GET", SYSTEM).then(|| say(503, json!({})))).await;
    let error = peer.driver().identity(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Busy { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn readme_36_silence_is_never_left_out() {
    let peer = Peer::scripted(|seen, _| (seen.path == "/redfish/v1/Chassis/1U").then_some(Act::Hang)).await;
    let error = peer.driver().identity(within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn readme_37_basic_is_taken_where_a_fresh_token_is_refused() {
    let peer = Peer::scripted(|seen, bmc| {
        if seen.headers.contains_key("x-auth-token") {
            return Some(error(401, "Base.1.8.NoValidSession", "no"));
        }
        by_basic(seen, bmc)
    })
    .await;
    let driver = peer.driver();
    assert_eq!(names(&driver.power_read(within(60)).await.unwrap()), ["fresh-token-refused"]);
    assert_eq!(times(&peer, "POST", SESSIONS), 2);
    // Neither of the two sessions is left behind.
    let ended = [1, 2].map(|id| times(&peer, "DELETE", &format!("{SESSIONS}/{id}")));
    assert_eq!(ended, [1, 1]);
    assert!(driver.power_read(within(60)).await.unwrap().notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn readme_37_basic_is_not_tried_with_a_password_that_was_refused() {
    let peer = Peer::healthy().await;
    let wrong = peer.endpoint().with_credentials(Credentials::new("admin", "wrong"));
    let error = Redfish::new(wrong).unwrap().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Unauthorized);
    assert!(peer.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
}

#[tokio::test(start_paused = true)]
async fn readme_39_a_change_is_sent_again_where_only_a_slash_was_missing() {
    for status in [301, 302, 307, 308] {
        let slashed = format!("{RESET}/");
        let peer = Peer::scripted(move |seen, _| {
            if seen.path == slashed {
                return Some(empty(204));
            }
            seen.is("POST", RESET).then(|| say_with(status, ("Location", &slashed), json!({})))
        })
        .await;
        peer.driver().power(PowerAction::Reset, within(60)).await.unwrap();
        assert_eq!(peer.lines().last().unwrap(), &format!("POST {RESET}/"), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn readme_39_a_change_does_not_follow_to_another_place() {
    for status in [301, 302, 303] {
        let peer = Peer::scripted(move |seen, _| {
            seen.is("POST", RESET).then(|| say_with(status, ("Location", "/redfish/v1/elsewhere"), json!({})))
        })
        .await;
        assert!(peer.driver().power(PowerAction::Reset, within(60)).await.is_err());
        assert_eq!(peer.changes().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn readme_39_a_root_may_be_there_without_its_slash_only() {
    let peer = Peer::scripted(|seen, _| match seen.path.as_str() {
        "/redfish/v1/" => Some(error(404, "Base.1.8.ResourceMissingAtURI", "not here")),
        "/redfish/v1" => Some(root_of("Contoso")),
        _ => None,
    })
    .await;
    assert!(peer.driver().power_read(within(60)).await.is_ok());
}
