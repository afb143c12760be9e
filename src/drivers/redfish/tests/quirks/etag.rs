//! ETags (E1 to E10, README 35).

use super::*;
use crate::{
    driver::{Answer, Cause, Driver as _},
    model::{Change, Identify, PowerAction, SetIdentify},
};

/// A peer that gives this ETag, and takes a PATCH with this If-Match only.
async fn demanding(status: u16, gives: &'static str, takes: &'static str) -> Peer {
    Peer::scripted(move |seen, bmc| {
        if seen.is("GET", SYSTEM) {
            return Some(say_with(200, ("ETag", gives), bmc.system.clone()));
        }
        let refused =
            seen.method == "PATCH" && seen.headers.get("if-match").map(String::as_str) != Some(takes);
        refused.then(|| error(status, "Ami.1.0.PreconditionHeaderMissing", "If-Match"))
    })
    .await
}

async fn light(driver: Redfish) -> Result<Answer<Change>, Cause> {
    let lit = SetIdentify { state: Identify::Lit, lasting: None };
    driver.set_identify(lit, within(60)).await.map_err(|e| e.cause)
}

/// The If-Match of every PATCH.
fn tags(peer: &Peer) -> Vec<Option<String>> {
    let patches = peer.seen().into_iter().filter(|s| s.method == "PATCH");
    patches.map(|s| s.headers.get("if-match").cloned()).collect()
}

#[tokio::test(start_paused = true)]
async fn e1_and_e2_if_match_is_sent_where_it_is_demanded_and_only_there() {
    let peer = Peer::healthy().await;
    assert!(light(peer.driver()).await.unwrap().notes.is_empty());
    assert_eq!(tags(&peer), [None]);
    // Huawei 2288H V5, iBMC 3.31: 412; AMI MegaRAC: 428.
    for status in [412, 428] {
        let peer = demanding(status, "\"7\"", "\"7\"").await;
        assert!(light(peer.driver()).await.unwrap().notes.is_empty());
        assert_eq!(tags(&peer), [None, Some("\"7\"".to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn e5_and_e9_a_tag_that_is_refused_is_spelled_anew() {
    for takes in ["\"7\"", "7"] {
        let answer = light(demanding(412, "W/\"7\"", takes).await.driver()).await.unwrap();
        assert_eq!(names(&answer), ["own-etag-refused"], "{takes}");
    }
}

#[tokio::test(start_paused = true)]
async fn e3_a_star_is_sent_when_every_spelling_was_refused_and_nothing_has_changed() {
    let peer = demanding(412, "W/\"1682532272\"", "*").await;
    assert_eq!(names(&light(peer.driver()).await.unwrap()), ["own-etag-refused"]);
    assert_eq!(tags(&peer).last().unwrap().as_deref(), Some("*"));
}

#[tokio::test(start_paused = true)]
async fn e3_a_star_is_never_sent_over_anothers_change() {
    for other in [json!({"LocationIndicatorActive": null, "IndicatorLED": "Blinking"}), json!({})] {
        let tag_moves = other == json!({});
        let mut reads = 0;
        let peer = Peer::scripted(move |seen, bmc| {
            if seen.is("GET", SYSTEM) {
                reads += 1;
                if reads > 2 {
                    merge(&mut bmc.system, &other);
                }
                let tag = if tag_moves { format!("\"{reads}\"") } else { "\"7\"".to_owned() };
                return Some(Act::Say(200, vec![("ETag", tag)], bmc.system.to_string()));
            }
            (seen.method == "PATCH").then(|| error(412, "Base.1.8.PreconditionFailed", "If-Match"))
        })
        .await;
        assert!(matches!(light(peer.driver()).await, Err(Cause::Refused { .. })));
        assert!(tags(&peer).iter().all(|tag| tag.as_deref() != Some("*")));
    }
}

#[tokio::test(start_paused = true)]
async fn e4_a_bmc_that_refuses_the_star_gets_its_own_tag() {
    // HPE iLO 5 and 6.
    let peer = demanding(412, "W/\"DE9C3B1A\"", "W/\"DE9C3B1A\"").await;
    assert!(light(peer.driver()).await.is_ok());
    assert!(tags(&peer).iter().all(|tag| tag.as_deref() != Some("*")));
}

#[tokio::test(start_paused = true)]
async fn e6_no_compression_is_asked_for_and_one_that_comes_is_named() {
    let peer = Peer::healthy().await;
    peer.driver().power_read(within(10)).await.unwrap();
    assert!(peer.seen().iter().all(|s| !s.headers.contains_key("accept-encoding")));
    let peer = Peer::scripted(|seen, _| {
        seen.is("GET", SYSTEM).then(|| say_with(200, ("Content-Encoding", "gzip"), json!({})))
    })
    .await;
    let error = peer.driver().power_read(within(10)).await.unwrap_err();
    assert!(error.to_string().contains("encoded as gzip"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn e7_an_empty_tag_is_never_sent_back() {
    for empty in ["", "\"\"", "W/\"\""] {
        let peer = demanding(412, empty, "*").await;
        light(peer.driver()).await.unwrap();
        assert_eq!(tags(&peer), [None, Some("*".to_owned())], "{empty}");
    }
}

#[tokio::test(start_paused = true)]
async fn e8_an_action_is_sent_without_if_match() {
    // Dell iDRAC 10 refuses one there with 412.
    let peer = demanding(412, "\"7\"", "\"7\"").await;
    peer.driver().power(PowerAction::Reset, within(60)).await.unwrap();
    assert!(peer.seen().iter().all(|s| !s.headers.contains_key("if-match")));
}

#[tokio::test(start_paused = true)]
async fn readme_35_amis_writes_carry_the_tag_that_was_read_from_the_first() {
    let ami = |vendor: &'static str| async move {
        Peer::scripted(move |seen, bmc| match seen.path.as_str() {
            "/redfish/v1/" => Some(root_of(vendor)),
            SYSTEM if seen.method == "GET" => Some(say_with(200, ("ETag", "\"7\""), bmc.system.clone())),
            _ => None,
        })
        .await
    };
    let peer = ami("AMI").await;
    assert_eq!(names(&light(peer.driver()).await.unwrap()), ["writes-want-a-tag"]);
    assert_eq!(tags(&peer), [Some("\"7\"".to_owned())]);
    let peer = ami("Contoso").await;
    assert!(light(peer.driver()).await.unwrap().notes.is_empty());
    assert_eq!(tags(&peer), [None]);
}

#[tokio::test(start_paused = true)]
async fn a_seam_ignores_etags() {
    let seam = Seams { ignores_etag: true, ..Seams::default() };
    let outcome = light(demanding(428, "\"7\"", "\"7\"").await.driver_with(seam)).await;
    assert!(matches!(outcome, Err(Cause::Refused { .. })));
}
