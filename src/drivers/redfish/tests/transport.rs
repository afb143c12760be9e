//! Claims about connections, retries and deadlines.

use super::*;
use crate::{
    driver::{Cause, Deviation, Driver as _},
    model::{PowerAction, PowerState},
};

/// A peer that answers the first `count` GETs of the system with this.
async fn first_reads(count: usize, act: impl Fn() -> Act + Send + 'static) -> Peer {
    let mut left = count;
    Peer::scripted(move |seen, _| {
        let hit = seen.is("GET", SYSTEM) && left > 0;
        left -= usize::from(hit);
        hit.then(&act)
    })
    .await
}

fn times(peer: &Peer, method: &str, path: &str) -> Vec<Instant> {
    peer.seen().iter().filter(|s| s.is(method, path)).map(|s| s.at).collect()
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_exactly() {
    let peer = first_reads(1, || say_with(503, ("Retry-After", "7"), json!({}))).await;
    assert_eq!(peer.driver().power_read(within(60)).await.unwrap().value, PowerState::PoweredOn);
    let times = times(&peer, "GET", SYSTEM);
    let waited = times[1] - times[0];
    assert!((Duration::from_secs(7)..Duration::from_millis(7100)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_changing_request_is_sent_again_since_it_was_not_carried_out() {
    let mut busy = 2;
    let peer = Peer::scripted(move |seen, _| {
        let hit = seen.is("POST", RESET) && busy > 0;
        busy -= usize::from(hit);
        hit.then(|| say(503, json!({})))
    })
    .await;
    peer.driver().power(PowerAction::Reset, within(60)).await.unwrap();
    assert_eq!(peer.changes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_busy_at_once() {
    let peer = first_reads(9, || say_with(429, ("Retry-After", "100"), json!({}))).await;
    let began = Instant::now();
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Busy { retry_after: Some(Duration::from_secs(100)) });
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_changing_request_whose_answer_is_lost_is_unknown_and_not_repeated() {
    for act in [
        || Act::Close,
        || Act::Hang,
        || Act::Raw(b"HTTP/1.1 20".to_vec()),
        || Act::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
    ] {
        let peer = Peer::scripted(move |seen, _| seen.is("POST", RESET).then(act)).await;
        let error = peer.driver().power(PowerAction::Reset, within(30)).await.unwrap_err();
        assert!(matches!(error.cause, Cause::OutcomeUnknown { .. }), "{error}");
        assert_eq!(peer.changes().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_answer_is_lost_is_sent_again() {
    let peer = first_reads(3, || Act::Close).await;
    assert_eq!(peer.driver().power_read(within(60)).await.unwrap().value, PowerState::PoweredOn);
}

#[tokio::test(start_paused = true)]
async fn a_changing_request_is_not_risked_on_a_connection_that_the_peer_has_closed() {
    let peer = Peer::scripted(move |seen, bmc| {
        seen.is("GET", SYSTEM).then(|| {
            let body = bmc.system.to_string();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            Act::Raw((head + &body).into_bytes())
        })
    })
    .await;
    peer.driver().power(PowerAction::Reset, within(30)).await.unwrap();
    assert_eq!(peer.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_does_not_listen_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let driver = Redfish::new(Endpoint::parse(&format!("http://127.0.0.1:{port}")).unwrap()).unwrap();
    let error = driver.power(PowerAction::Off, within(30)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
    assert!(error.retryable());
}

#[tokio::test(start_paused = true)]
async fn an_operation_returns_by_its_deadline() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
    let acts: [fn(Vec<u8>) -> Act; 2] = [|_| Act::Hang, |head| Act::Drip(head, Duration::from_secs(1))];
    for act in acts {
        let head = head.clone();
        let peer = first_reads(9, move || act(head.clone())).await;
        let began = Instant::now();
        let error = peer.driver().power_read(within(20)).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
        let took = began.elapsed();
        assert!(took <= Duration::from_millis(20_100), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_5xx_is_tried_once_more_and_then_refused() {
    let peer = first_reads(1, || error(500, "Base.1.18.InternalError", "oops")).await;
    assert!(peer.driver().power_read(within(60)).await.is_ok());
    let peer = first_reads(9, || error(500, "Base.1.18.InternalError", "oops")).await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    let message = "Base.1.18.InternalError: oops".to_owned();
    assert_eq!(error.cause, Cause::Refused { code: "500".to_owned(), message });
    assert_eq!(times(&peer, "GET", SYSTEM).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_json_is_named_so() {
    let html = || Act::Say(200, vec![("Content-Type", "text/html".to_owned())], "<html>".to_owned());
    let peer = first_reads(9, html).await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    let Cause::Deviation(Deviation::NotJson { content_type, .. }) = error.cause else { panic!("{error}") };
    assert_eq!(content_type.as_deref(), Some("text/html"));
    let peer = first_reads(9, || Act::Say(200, Vec::new(), String::new())).await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Deviation(Deviation::NotJson { .. })), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_cut_off_is_read_again_and_then_truncated() {
    let half = || Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Power".to_vec());
    assert!(first_reads(1, half).await.driver().power_read(within(60)).await.is_ok());
    let error = first_reads(9, half).await.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Deviation(Deviation::Truncated { bytes: 7 }));
    let short = || Act::Say(200, Vec::new(), "{\"PowerState\": \"O".to_owned());
    let error = first_reads(9, short).await.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Deviation(Deviation::Truncated { bytes: 17 }));
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_8_mib_is_not_read_to_its_end() {
    let peer = first_reads(9, || Act::Say(200, Vec::new(), " ".repeat((8 << 20) + 1))).await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Deviation(Deviation::TooLarge { limit: 8 << 20 }));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_speak_http_is_named_so() {
    let peer = Peer::scripted(|_, _| Some(Act::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()))).await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Deviation(Deviation::NotTheProtocol { .. })), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_followed_at_the_same_origin_only() {
    let moved = format!("{SYSTEM}/");
    let peer = Peer::scripted(move |seen, bmc| {
        if seen.path == moved {
            return Some(say(200, bmc.system.clone()));
        }
        seen.is("GET", SYSTEM).then(|| say_with(308, ("Location", &moved), json!({})))
    })
    .await;
    assert_eq!(peer.driver().power_read(within(60)).await.unwrap().value, PowerState::PoweredOn);
    let away = || say_with(302, ("Location", "http://203.0.113.7/redfish/v1"), json!({}));
    let error = first_reads(9, away).await.driver().power_read(within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Deviation(Deviation::ForeignLink { .. })), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_dropped_leaves_the_driver_usable() {
    let peer = first_reads(1, || Act::Hang).await;
    let driver = peer.driver();
    let dropped = tokio::time::timeout(Duration::from_secs(1), driver.power_read(within(60))).await;
    assert!(dropped.is_err());
    assert_eq!(driver.power_read(within(60)).await.unwrap().value, PowerState::PoweredOn);
}

#[tokio::test(start_paused = true)]
async fn errors_carry_their_request_and_no_secret() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("POST", RESET).then(|| error(400, "Base.1.18.ActionNotSupported", "not supported"))
    })
    .await;
    let error = peer.driver().power(PowerAction::Nmi, within(60)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "power.nmi: the BMC refused it (400): Base.1.18.ActionNotSupported: not supported \
             [POST {RESET} → 400 Base.1.18.ActionNotSupported]"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn seams_misbehave_as_they_say() {
    let hammers = Seams { hammers: true, ..Seams::default() };
    let peer = first_reads(250, || say_with(503, ("Retry-After", "60"), json!({}))).await;
    assert!(peer.driver_with(hammers).power_read(within(60)).await.is_ok());
    let never = Seams { never_retries: true, ..Seams::default() };
    let peer = first_reads(1, || say(503, json!({}))).await;
    assert!(peer.driver_with(never).power_read(within(60)).await.is_err());
    let twice = Seams { repeats_changing_request: true, ..Seams::default() };
    let peer = Peer::healthy().await;
    peer.driver_with(twice).power(PowerAction::Reset, within(60)).await.unwrap();
    assert_eq!(peer.changes().len(), 2);
    let again = Seams { retries_unknown_outcome: true, ..Seams::default() };
    let peer = Peer::scripted(|seen, _| seen.is("POST", RESET).then_some(Act::Close)).await;
    assert!(peer.driver_with(again).power(PowerAction::Reset, within(60)).await.is_err());
    assert!(peer.changes().len() > 1);
}

/// An iLO gives up a connection after 5 s, and nobody knows then whether a change that was sent on it was carried out.
#[tokio::test(start_paused = true)]
async fn a_change_is_sent_on_a_connection_that_was_used_a_moment_ago() {
    for (wait, is_kept) in [("1", true), ("6", false)] {
        let mut refused = false;
        let peer = Peer::scripted(move |seen, _| {
            let is_first = seen.is("POST", RESET) && !std::mem::replace(&mut refused, true);
            is_first.then(|| say_with(503, ("Retry-After", wait), json!({})))
        });
        let peer = peer.await;
        peer.driver().power(PowerAction::Reset, within(60)).await.unwrap();
        let ports: Vec<_> = peer.seen().into_iter().filter(|s| s.is("POST", RESET)).map(|s| s.from).collect();
        assert_eq!(ports.len(), 2, "{wait} s");
        assert_eq!(ports[0] == ports[1], is_kept, "{wait} s");
    }
}
