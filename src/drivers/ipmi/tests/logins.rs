//! Claims about suites, roles, passwords and the session's end.

use super::*;
use crate::driver::{Cause, Driver as _};

#[tokio::test(start_paused = true)]
async fn suite_17_is_offered_first_then_3_and_the_choice_is_remembered() {
    let peer = Peer::scripted(|seen| {
        matches!(seen.heard, Heard::Open { authentication: 3, .. }).then_some(Act::Status(0x04))
    })
    .await;
    let driver = peer.driver();
    driver.power_read(within(10)).await.unwrap();
    driver.close().await;
    driver.power_read(within(10)).await.unwrap();
    let offers: Vec<u8> = peer
        .heard()
        .iter()
        .filter_map(|h| if let Heard::Open { authentication, .. } = h { Some(*authentication) } else { None })
        .collect();
    assert_eq!(offers, [3, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_suite_that_is_demanded_is_the_only_one_offered() {
    let peer = Peer::scripted(|_| Some(Act::Status(0x11))).await;
    let mut endpoint = peer.endpoint();
    endpoint.ipmi.suite = Some(Suite::Three);
    let error = Ipmi::new(endpoint).unwrap().power_read(within(10)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused { .. }), "{error}");
    assert_eq!(peer.heard(), [Heard::Open { role: 4, authentication: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_refused_is_asked_for_lower() {
    let peer = Peer::scripted(|seen| {
        matches!(seen.heard, Heard::Rakp1 { role: 0x13.. }).then_some(Act::Status(0x09))
    })
    .await;
    peer.driver().power_read(within(10)).await.unwrap();
    assert_eq!(peer.count(|h| *h == Heard::Rakp1 { role: 0x12 }), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once_and_the_bmc_is_told() {
    let peer = Peer::healthy().await;
    let wrong = |seams| {
        let endpoint = peer.endpoint().with_credentials(Credentials::new("admin", "wrong"));
        Ipmi::new(Endpoint { seams, ..endpoint }).unwrap()
    };
    let error = wrong(Seams::default()).power_read(within(10)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Unauthorized);
    assert_eq!(peer.count(|h| matches!(h, Heard::Rakp1 { .. })), 1);
    // Nobody waits for an answer to it, so the peer is given a held instant to hear it.
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(peer.heard().last(), Some(&Heard::Goodbye));
    let again = Seams { retries_wrong_password: true, ..Seams::default() };
    wrong(again).power_read(within(10)).await.unwrap_err();
    assert_eq!(peer.count(|h| matches!(h, Heard::Rakp1 { .. })), 6);
}

#[tokio::test(start_paused = true)]
async fn a_bmc_without_a_free_session_is_waited_for_and_then_busy() {
    let mut full = 2;
    let peer = Peer::scripted(move |seen| {
        let hit = matches!(seen.heard, Heard::Open { .. }) && full > 0;
        full -= usize::from(hit);
        hit.then_some(Act::Status(0x01))
    })
    .await;
    assert!(peer.driver().power_read(within(30)).await.is_ok());
    let peer = Peer::scripted(|_| Some(Act::Status(0x01))).await;
    let error = peer.driver().power_read(within(30)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Busy { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn the_session_is_closed_unless_a_seam_leaves_it() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.power_read(within(10)).await.unwrap();
    driver.close().await;
    assert_eq!(peer.heard().last(), Some(&Heard::Command(6, 0x3C, vec![1, 0, 0, 0])));
    let peer = Peer::healthy().await;
    let driver = peer.driver_with(Seams { leaves_session: true, ..Seams::default() });
    driver.power_read(within(10)).await.unwrap();
    driver.close().await;
    assert_eq!(peer.commands(), [GET_STATUS]);
    assert_eq!(peer.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_cannot_prove_itself_is_not_trusted_unless_a_seam_does() {
    let peer = Peer::healthy().await;
    let mut endpoint = peer.endpoint().with_credentials(Credentials::new("admin", "other"));
    let driver = Ipmi::new(endpoint.clone()).unwrap();
    assert_eq!(driver.power_read(within(10)).await.unwrap_err().cause, Cause::Unauthorized);
    endpoint.seams.trusts_any_bmc = true;
    // It gets further than RAKP 2, and then shares no key with the BMC.
    let error = Ipmi::new(endpoint).unwrap().power_read(within(30)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
    assert!(peer.count(|h| *h == Heard::Rakp3) > 0);
}

#[test]
fn credentials_that_ipmi_cannot_carry_are_refused_before_anything_is_sent() {
    let endpoint = Endpoint::parse("ipmi://192.0.2.1").unwrap();
    let long = |user: usize, password: usize| {
        let credentials = Credentials::new("u".repeat(user), "p".repeat(password));
        Ipmi::new(endpoint.clone().with_credentials(credentials)).err()
    };
    assert_eq!(long(16, 20), None);
    let refused = long(16, 21).unwrap().to_string();
    assert!(refused.contains("21 bytes") && !refused.contains("ppp"), "{refused}");
    assert!(long(17, 20).is_some());
    assert!(Ipmi::new(endpoint).is_err());
}
