//! A service that misbehaves: how often it is asked, how long is waited, and what stays of it.

use std::time::Duration;

use halmark_simulators::recording::End;
use tokio::time::{Instant, sleep};

use super::*;
use crate::world::SYSTEM;

fn busy(retry_after: &str) -> HttpAction {
    let headers = vec![("Retry-After".to_owned(), retry_after.to_owned())];
    HttpAction::Respond { status: 503, headers, body: Some(json!({"error": {"code": "busy"}}).to_string()) }
}

fn asked_for(world: &World, path: &str) -> usize {
    world.service.exchanges_from(0).iter().filter(|it| it.path == path).count()
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let (world, options) = (World::healthy().await, options("busy-once"));
    world.service.set_rules(vec![on(SYSTEM, Nth::FIRST, busy("40"))]);
    let start = Instant::now();
    let report = recorded(&world, &options).await;
    assert!(start.elapsed() >= Duration::from_secs(40) && report.refused == 0, "{report:?}");
    assert!(options.out.join("Systems/1/index.json").exists());
}

#[tokio::test(start_paused = true)]
async fn a_resource_is_given_up_after_three_tries_and_its_last_answer_is_kept() {
    let (world, options) = (World::healthy().await, options("busy"));
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, busy("1"))]);
    let report = recorded(&world, &options).await;
    assert_eq!((report.refused, asked_for(&world, SYSTEM)), (1, 3));
    assert_eq!(failure(&options, SYSTEM), "service-failed 503 3");
    let error = document(&options, "Systems/1/error.json");
    assert_eq!((&error["status"], &error["headers"]["Retry-After"]), (&json!(503), &json!("1")));
    assert_eq!(error["body"], json!({"error": {"code": "busy"}}));
    assert!(!options.out.join("Systems/1/index.json").exists());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_and_not_asked_for_again() {
    let (world, options) = (World::healthy().await, options("refused"));
    let refusal = HttpAction::Respond { status: 404, headers: Vec::new(), body: None };
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, refusal)]);
    recorded(&world, &options).await;
    assert_eq!((failure(&options, SYSTEM).as_str(), asked_for(&world, SYSTEM)), ("not-found 404 1", 1));
    assert_eq!(document(&options, "Systems/1/error.json")["body"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_reset_is_made_anew() {
    for action in [HttpAction::ResetConnection, HttpAction::CutBody { after: 10 }, HttpAction::Hang] {
        let (world, options) = (World::healthy().await, options("reset"));
        world.service.set_rules(vec![on(SYSTEM, Nth::FIRST, action.clone())]);
        let report = recorded(&world, &options).await;
        assert_eq!((report.refused, report.end), (0, End::Complete), "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_for_people_is_kept_as_what_it_is() {
    let (world, options) = (World::healthy().await, options("html"));
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, HttpAction::HtmlPage)]);
    recorded(&world, &options).await;
    assert_eq!(failure(&options, SYSTEM), "not-a-document 200 3");
    let error = document(&options, "Systems/1/error.json");
    assert!(error["status"] == 200 && error["body"].as_str().unwrap().contains('<'), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_cannot_be_read_is_left_out_and_said_to_be() {
    for action in [HttpAction::TruncatedJson, HttpAction::DeepJson { depth: 5000 }] {
        let (world, options) = (World::healthy().await, options("unreadable"));
        world.service.set_rules(vec![on(SYSTEM, Nth::ALL, action.clone())]);
        recorded(&world, &options).await;
        assert_eq!(failure(&options, SYSTEM), "not-a-document 200 3", "{action}");
        let error = document(&options, "Systems/1/error.json");
        assert_eq!((&error["body"], &error["body_left_out"]), (&Value::Null, &json!(true)), "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_not_read() {
    let (world, options) = (World::healthy().await, options("huge"));
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, HttpAction::HugeBody { bytes: 40 << 20 })]);
    let report = recorded(&world, &options).await;
    assert_eq!((failure(&options, SYSTEM).as_str(), report.refused), ("too-large null 1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_the_same_place_is_followed() {
    let (world, options) = (World::healthy().await, options("redirect"));
    let location = ("Location".to_owned(), format!("{SYSTEM}/"));
    let moved = HttpAction::Respond { status: 308, headers: vec![location], body: None };
    world.service.set_rules(vec![on(SYSTEM, Nth::ALL, moved)]);
    assert_eq!(recorded(&world, &options).await.refused, 0);
    assert!(options.out.join("Systems/1/index.json").exists());
}

#[tokio::test(start_paused = true)]
async fn requests_keep_their_distance() {
    let world = World::healthy().await;
    let options = Options { rate: 2.0, ..options("pace") };
    let start = Instant::now();
    let report = recorded(&world, &options).await;
    let least = Duration::from_millis(500) * u32::try_from(report.recorded).unwrap();
    assert!(start.elapsed() >= least, "{:?} for {}", start.elapsed(), report.recorded);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_goes_away_leaves_a_tree_that_says_so() {
    let (world, options) = (World::healthy().await, options("gone"));
    let all_but_the_first = Nth { from: 6, to: None };
    world.service.set_rules(vec![on("*", all_but_the_first, HttpAction::ResetConnection)]);
    let report = recorded(&world, &options).await;
    assert_eq!((report.end, report.refused), (End::Unreachable, 5));
    assert_eq!(document(&options, "recording.json")["ended"], "unreachable");
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_stopped_leaves_a_valid_tree() {
    for redact in ["", "all"] {
        let world = World::healthy().await;
        let redact = if redact.is_empty() {
            Default::default()
        } else {
            halmark_simulators::recording::Kind::list(redact).unwrap()
        };
        let options = Options { rate: 1.0, redact, ..options("stopped") };
        let stop = sleep(Duration::from_millis(8500));
        let report = record(&options, &endpoint(&world), &mut |_| {}, stop).await.unwrap();
        let manifest = document(&options, "recording.json");
        assert_eq!((report.end, &manifest["ended"]), (End::Interrupted, &json!("interrupted")));
        assert!(report.recorded >= 4 && report.left > 0 && world.service.sessions() == 0, "{report:?}");
        let count = files(&options.out).keys().filter(|name| name.contains("index.")).count();
        assert_eq!(count, report.recorded);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_recorded_where_nobody_answers_or_no_redfish_does() {
    let world = World::healthy().await;
    world.service.set_rules(vec![on("/redfish/v1/", Nth::ALL, HttpAction::HtmlPage)]);
    assert!(matches!(
        attempt(&world, &options("page")).await,
        Err(RecordError::NotRedfish { status: 200, .. })
    ));
    world.service.stop();
    assert!(matches!(attempt(&world, &options("nobody")).await, Err(RecordError::Unreachable { .. })));
}
