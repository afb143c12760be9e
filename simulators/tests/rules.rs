//! Faults of the HTTP face: what a client sees, and whether the machine was told.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::{io, time::Duration};

use halmark_simulators::{
    machine::{Command, Host, HostAct, Led},
    rules::{Corruption, HttpAction, HttpRule, Nth, When},
};
use serde_json::json;
use tokio::time::{Instant, timeout};
use world::{Client, Reply, SYSTEM, World};

/// Switches the light on through one rule: what came back, and whether the light was switched.
async fn lit(world: &World, action: HttpAction) -> (io::Result<Reply>, bool) {
    world.service.set_rules(vec![HttpRule::every(action)]);
    let reply = patch(world, &mut world.client().await).await;
    (reply, world.control.truth().led == Led::Lit)
}

async fn patch(world: &World, client: &mut Client) -> io::Result<Reply> {
    let (user, password) = world.control.credentials();
    let basic = world::basic(&user, &password);
    let headers = [("Authorization", basic.as_str())];
    let reply = client.send("PATCH", SYSTEM, &headers, br#"{"IndicatorLED":"Lit"}"#);
    timeout(Duration::from_secs(3600), reply).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn kind(reply: io::Result<Reply>) -> io::ErrorKind {
    reply.unwrap_err().kind()
}

#[tokio::test(start_paused = true)]
async fn a_response_of_the_rules_own_keeps_the_handler_from_running() {
    let world = World::healthy().await;
    let headers = vec![("Retry-After".to_owned(), "5".to_owned())];
    let (reply, lit) = lit(&world, HttpAction::Respond { status: 503, headers, body: None }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.header("Retry-After"), lit), (503, Some("5"), false));
    assert_eq!(world.service.exchanges_from(0)[0].injected.as_deref(), Some("respond 503"));
}

#[tokio::test(start_paused = true)]
async fn a_reset_before_the_handler_changes_nothing_and_one_after_it_does() {
    let world = World::healthy().await;
    let (before, was_lit) = lit(&world, HttpAction::ResetConnection).await;
    assert_eq!((kind(before), was_lit), (io::ErrorKind::ConnectionReset, false));
    let (after, was_lit) = lit(&world, HttpAction::ResetAfter).await;
    assert_eq!((kind(after), was_lit), (io::ErrorKind::ConnectionReset, true));
    assert_eq!(world.service.exchanges_from(1)[0].status, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hang_before_the_handler_changes_nothing_and_one_after_it_does() {
    let world = World::healthy().await;
    let (before, was_lit) = lit(&world, HttpAction::Hang).await;
    assert_eq!((kind(before), was_lit), (io::ErrorKind::TimedOut, false));
    let (after, was_lit) = lit(&world, HttpAction::HangAfter).await;
    assert_eq!((kind(after), was_lit), (io::ErrorKind::TimedOut, true));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_handled_late_and_not_at_all_for_a_client_that_has_gone() {
    let world = World::healthy().await;
    let begin = Instant::now();
    let (reply, was_lit) = lit(&world, HttpAction::Delay(Duration::from_secs(20))).await;
    assert_eq!((reply.unwrap().status, was_lit), (200, true));
    assert!(begin.elapsed() >= Duration::from_secs(20));
    world.control.establish_led(Led::Unlit);
    let mut client = world.client().await;
    assert!(timeout(Duration::from_secs(5), patch(&world, &mut client)).await.is_err());
    drop(client);
    world.wait(60).await;
    assert_eq!(world.control.truth().led, Led::Unlit);
}

#[tokio::test(start_paused = true)]
async fn a_dripping_answer_is_whole_and_slow() {
    let world = World::healthy().await;
    let begin = Instant::now();
    let bytes_every = (100, Duration::from_secs(1));
    let (reply, was_lit) = lit(&world, HttpAction::Drip { bytes_every }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.json()["IndicatorLED"].as_str(), was_lit), (Some("Lit"), true));
    assert!(begin.elapsed() >= Duration::from_secs(reply.body.len() as u64 / 100));
}

#[tokio::test(start_paused = true)]
async fn a_body_is_cut_after_exactly_so_many_bytes() {
    let world = World::healthy().await;
    world.service.set_rules(vec![HttpRule::every(HttpAction::CutBody { after: 10 })]);
    let mut client = world.client().await;
    client.raw(b"GET /redfish/v1/ HTTP/1.1\r\nHost: bmc\r\n\r\n").await.unwrap();
    let bytes = client.rest().await.unwrap();
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(bytes.len() - end, 10);
    assert!(String::from_utf8_lossy(&bytes).contains("content-length: "));
}

#[tokio::test(start_paused = true)]
async fn documents_come_truncated_empty_deep_huge_or_as_a_page() {
    let world = World::healthy().await;
    let (truncated, was_lit) = lit(&world, HttpAction::TruncatedJson).await;
    assert!(truncated.unwrap().json().is_null() && was_lit);
    assert!(lit(&world, HttpAction::EmptyBody).await.0.unwrap().body.is_empty());
    world.control.establish_led(Led::Unlit);
    let (deep, was_lit) = lit(&world, HttpAction::DeepJson { depth: 5000 }).await;
    assert_eq!((deep.unwrap().text().matches('{').count(), was_lit), (5000, false));
    let (huge, was_lit) = lit(&world, HttpAction::HugeBody { bytes: 3_000_000 }).await;
    assert_eq!((huge.unwrap().body.len(), was_lit), (3_000_000, false));
    let (page, was_lit) = lit(&world, HttpAction::HtmlPage).await;
    assert_eq!((page.unwrap().text().starts_with("<!DOCTYPE html>"), was_lit), (true, false));
}

#[tokio::test(start_paused = true)]
async fn headers_are_changed_and_stripped() {
    let world = World::healthy().await;
    let (wrong, _) = lit(&world, HttpAction::WrongContentType).await;
    assert_eq!(wrong.unwrap().header("Content-Type"), Some("application/octet-stream"));
    let (stripped, _) = lit(&world, HttpAction::StripHeader("ETag".into())).await;
    assert_eq!(stripped.unwrap().header("ETag"), None);
}

#[tokio::test(start_paused = true)]
async fn a_rule_means_its_method_its_path_and_its_turn() {
    let world = World::healthy().await;
    let respond = HttpAction::Respond { status: 503, headers: vec![], body: None };
    world.service.set_rules(vec![HttpRule {
        methods: vec!["GET".into()],
        path: Some("/redfish/v1/Systems/*".into()),
        nth: Nth { from: 1, to: Some(2) },
        ..HttpRule::every(respond)
    }]);
    assert_eq!(world.get("/redfish/v1/").await.status, 200);
    let statuses =
        [world.get(SYSTEM).await.status, world.get(SYSTEM).await.status, world.get(SYSTEM).await.status];
    assert_eq!(statuses, [503, 503, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_reset_at_once_when_the_power_cord_is_pulled() {
    let world = World::healthy().await;
    world.service.set_rules(vec![HttpRule::every(HttpAction::Hang)]);
    let (mut client, begin) = (world.client().await, Instant::now());
    let pull = async {
        world.wait(5).await;
        world.control.act(HostAct::PullAc);
    };
    let (reply, ()) = tokio::join!(patch(&world, &mut client), pull);
    assert_eq!(kind(reply), io::ErrorKind::ConnectionReset);
    assert!(begin.elapsed() < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn dropped_connections_end_and_new_ones_are_welcome() {
    let world = World::healthy().await;
    let mut client = world.client().await;
    assert_eq!(client.send("GET", "/redfish/v1/", &[], b"").await.unwrap().status, 200);
    world.service.drop_connections();
    assert!(client.send("GET", "/redfish/v1/", &[], b"").await.is_err());
    assert_eq!(world.client().await.send("GET", "/redfish/v1/", &[], b"").await.unwrap().status, 200);
    world.service.stop();
    world.wait(1).await;
    assert!(Client::connect(world.service.addr()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn several_rules_strike_one_exchange() {
    let world = World::healthy().await;
    let begin = Instant::now();
    world.service.set_rules(vec![
        HttpRule::every(HttpAction::Delay(Duration::from_secs(2))),
        HttpRule::every(HttpAction::Delay(Duration::from_secs(3))),
        HttpRule::every(HttpAction::Field { at: "/PowerState".into(), becomes: Corruption::UnknownWord }),
        HttpRule::every(HttpAction::StripHeader("ETag".into())),
    ]);
    let reply = world.get(SYSTEM).await;
    assert_eq!((&reply.json()["PowerState"], reply.header("ETag")), (&json!("Halfway"), None));
    assert!(begin.elapsed() >= Duration::from_secs(5));
    let injected = world.service.exchanges_from(0)[0].injected.clone();
    assert_eq!(
        injected.as_deref(),
        Some("delay 2s + delay 3s + field /PowerState unknown-word + strip header ETag")
    );
}

#[tokio::test(start_paused = true)]
async fn a_field_that_an_answer_does_not_have_is_not_said_to_be_spoilt() {
    let world = World::healthy().await;
    let action = HttpAction::Field { at: "/PowerState".into(), becomes: Corruption::Missing };
    world.service.set_rules(vec![HttpRule::every(action)]);
    assert_eq!(world.get("/redfish/v1/").await.status, 200);
    assert!(world.system().await.get("PowerState").is_none());
    let injected: Vec<_> =
        world.service.exchanges_from(0).into_iter().map(|it| it.injected.is_some()).collect();
    assert_eq!(injected, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_in_force_while_the_host_is_in_post_and_for_so_long_after_an_event() {
    let world = World::healthy().await;
    let respond = HttpAction::Respond { status: 503, headers: vec![], body: None };
    let during = |when| vec![HttpRule { when, ..HttpRule::every(respond.clone()) }];
    world.service.set_rules(during(When { host: Some(Host::Post), ..When::default() }));
    assert_eq!(world.get(SYSTEM).await.status, 200);
    world.command(Command::PowerOn);
    world.wait(10).await;
    assert_eq!(world.get(SYSTEM).await.status, 503);
    world.wait(60).await;
    assert_eq!(world.get(SYSTEM).await.status, 200);
    let since = Some("host.reset".to_owned());
    world.service.set_rules(during(When { since, to: Some(Duration::from_secs(30)), ..When::default() }));
    assert_eq!(world.get(SYSTEM).await.status, 200);
    world.command(Command::Reset);
    assert_eq!(world.get(SYSTEM).await.status, 503);
    world.wait(31).await;
    assert_eq!(world.get(SYSTEM).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_stalls_or_is_refused_and_the_next_one_is_not() {
    let world = World::healthy().await;
    // The world's own connection is welcome by now.
    world.get("/redfish/v1/").await;
    for (action, ends) in [
        (HttpAction::StallHandshake, io::ErrorKind::TimedOut),
        (HttpAction::RefuseHandshake, io::ErrorKind::ConnectionReset),
    ] {
        world.service.set_rules(vec![HttpRule { nth: Nth::FIRST, ..HttpRule::every(action) }]);
        assert_eq!(kind(patch(&world, &mut world.client().await).await), ends);
        assert_eq!(patch(&world, &mut world.client().await).await.unwrap().status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_requests_is_struck_and_the_same_ones_every_time() {
    let mut struck = Vec::new();
    for _ in 0..2 {
        let world = World::healthy().await;
        let respond = HttpAction::Respond { status: 503, headers: vec![], body: None };
        world.service.set_rules(vec![HttpRule { share: 0.5, ..HttpRule::every(respond) }]);
        let mut statuses = Vec::new();
        for _ in 0..16 {
            statuses.push(world.get(SYSTEM).await.status);
        }
        struck.push(statuses);
    }
    assert_eq!(struck[0], struck[1]);
    assert!(struck[0].contains(&503) && struck[0].contains(&200));
}
