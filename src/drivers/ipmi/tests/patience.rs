//! Claims about lost, doubled and corrupt datagrams, and about deadlines.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{Change, PowerAction, PowerState},
};

/// A peer that does this with the first `count` datagrams that carry the command.
async fn first(command: (u8, u8), count: usize, act: Act) -> Peer {
    let mut left = count;
    Peer::scripted(move |seen| {
        let hit = is(seen, command) && left > 0;
        left -= usize::from(hit);
        hit.then(|| act.clone())
    })
    .await
}

fn sent(peer: &Peer, command: (u8, u8)) -> Vec<Seen> {
    peer.seen().into_iter().filter(|s| is(s, command)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_a_read_and_a_close_are_five_round_trips() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    assert_eq!(driver.power_read(within(10)).await.unwrap().value, PowerState::PoweredOn);
    driver.close().await;
    assert_eq!(peer.seen().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_lost_datagram_is_sent_again_byte_for_byte() {
    for act in [Act::Lose, Act::LoseAnswer, Act::Corrupt] {
        let peer = first(CONTROL, 2, act).await;
        let change = peer.driver().power(PowerAction::Reset, within(30)).await.unwrap().value;
        assert_eq!(change, Change::Changed);
        let sent = sent(&peer, CONTROL);
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|s| s.datagram == sent[0].datagram));
        let waits: Vec<_> = sent.windows(2).map(|w| (w[1].at - w[0].at).as_millis()).collect();
        assert!(waits[0].abs_diff(250) < 5 && waits[1].abs_diff(500) < 5, "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubled_answer_does_not_answer_the_next_command() {
    let peer = Peer::scripted(|_| Some(Act::Double)).await;
    let driver = peer.driver();
    for _ in 0..3 {
        assert_eq!(driver.power(PowerAction::Reset, within(10)).await.unwrap().value, Change::Changed);
        assert_eq!(driver.power_read(within(10)).await.unwrap().value, PowerState::PoweredOn);
    }
    assert!(peer.seen().iter().all(|s| !s.again));
}

#[tokio::test(start_paused = true)]
async fn a_changing_command_that_is_never_answered_is_unknown_and_not_sent_anew() {
    let peer = first(CONTROL, 99, Act::LoseAnswer).await;
    let error = peer.driver().power(PowerAction::Off, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::OutcomeUnknown { .. }), "{error}");
    let sent = sent(&peer, CONTROL);
    assert!(sent.iter().all(|s| s.datagram == sent[0].datagram));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_never_answered_gets_a_new_session_and_not_for_ever() {
    let peer = first(GET_STATUS, 4, Act::Lose).await;
    assert!(peer.driver().power_read(within(60)).await.is_ok());
    assert_eq!(peer.count(|h| *h == Heard::Rakp3), 2);
    let peer = first(GET_STATUS, 99, Act::Lose).await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
    assert_eq!(peer.count(|h| *h == Heard::Rakp3), 4);
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_is_not_there_is_unreachable_after_ten_seconds_or_by_the_deadline() {
    for (deadline, expected) in [(60, 10), (3, 3)] {
        let peer = Peer::scripted(|_| Some(Act::Lose)).await;
        let began = Instant::now();
        let error = peer.driver().power(PowerAction::Off, within(deadline)).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
        assert_eq!(began.elapsed().as_secs(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_nobody_listens_on_is_asked_until_it_opens() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let endpoint = Endpoint::parse(&format!("ipmi://127.0.0.1:{port}")).unwrap();
    let driver = Ipmi::new(endpoint.with_credentials(Credentials::new("admin", "adminpw"))).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let opens = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let socket = UdpSocket::bind(("127.0.0.1", port)).await.unwrap();
        tokio::spawn(serve(socket, Box::new(|_| None), seen));
    };
    let (read, ()) = tokio::join!(driver.power_read(within(30)), opens);
    assert_eq!(read.unwrap().value, PowerState::PoweredOn);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_loses_its_thread_is_begun_anew() {
    // ipmi_sim of 2026 ignores a retransmitted RAKP 1 and RAKP 3.
    let peer = Peer::scripted(|seen| {
        let lost = matches!(seen.heard, Heard::Rakp1 { .. } | Heard::Rakp3) && seen.again;
        lost.then_some(Act::Lose)
    })
    .await;
    assert!(peer.driver().power_read(within(30)).await.is_ok());
    let mut lost = 2;
    let peer = Peer::scripted(move |seen| {
        let hit = matches!(seen.heard, Heard::Rakp1 { .. }) && (seen.again || lost > 0);
        lost -= usize::from(hit && !seen.again);
        hit.then_some(Act::Lose)
    })
    .await;
    assert!(peer.driver().power_read(within(30)).await.is_ok());
    assert_eq!(peer.count(|h| matches!(h, Heard::Open { .. })), 3);
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_handshake_that_is_corrupted_is_no_refusal() {
    for step in [Heard::Rakp1 { role: 0x14 }, Heard::Rakp3] {
        let mut left = 1;
        let peer = Peer::scripted(move |seen| {
            let hit = seen.heard == step && left > 0;
            left -= usize::from(hit);
            hit.then_some(Act::Corrupt)
        })
        .await;
        assert!(peer.driver().power_read(within(30)).await.is_ok());
    }
    let mut left = 1;
    let peer = Peer::scripted(move |seen| {
        let hit = seen.heard == Heard::Rakp3 && left > 0;
        left -= usize::from(hit);
        hit.then_some(Act::Status(0x0F))
    })
    .await;
    assert!(peer.driver().power_read(within(30)).await.is_ok());
    assert_eq!(peer.count(|h| *h == Heard::Rakp3), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_session_is_proven_before_a_change_is_risked_on_it() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.power_read(within(10)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(25)).await;
    let lit = crate::SetIdentify { state: crate::Identify::Lit, lasting: None };
    driver.set_identify(lit, within(10)).await.unwrap();
    assert_eq!(peer.commands(), [GET_STATUS, (6, 1), (0, 4)]);
}

#[tokio::test(start_paused = true)]
async fn seams_misbehave_as_they_say() {
    let never = Seams { never_retries: true, ..Seams::default() };
    let peer = first(GET_STATUS, 1, Act::Lose).await;
    assert!(peer.driver_with(never).power_read(within(60)).await.is_err());
    let fresh = Seams { new_sequence_on_retry: true, ..Seams::default() };
    let peer = first(CONTROL, 1, Act::LoseAnswer).await;
    peer.driver_with(fresh).power(PowerAction::Reset, within(60)).await.unwrap();
    assert_eq!(peer.commands(), [GET_STATUS, CONTROL, CONTROL]);
    let twice = Seams { repeats_changing_request: true, ..Seams::default() };
    let peer = Peer::healthy().await;
    peer.driver_with(twice).power(PowerAction::Reset, within(60)).await.unwrap();
    assert_eq!(peer.commands(), [GET_STATUS, CONTROL, CONTROL]);
    let again = Seams { retries_unknown_outcome: true, ..Seams::default() };
    let peer = first(CONTROL, 99, Act::LoseAnswer).await;
    peer.driver_with(again).power(PowerAction::Reset, within(60)).await.unwrap_err();
    assert!(peer.commands().len() > 2);
    let hammers = Seams { hammers: true, ..Seams::default() };
    let peer = first(GET_STATUS, 300, Act::Lose).await;
    let began = Instant::now();
    peer.driver_with(hammers).power_read(within(60)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
}
