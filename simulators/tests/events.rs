//! Events: subscriptions, deliveries and streams.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::time::Duration;

use halmark_simulators::machine::{Command, HostAct, Led, Power};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, timeout},
};
use world::{SYSTEM, World};

const SUBSCRIPTIONS: &str = "/redfish/v1/EventService/Subscriptions";
const SERVICE: &str = "/redfish/v1/EventService";

/// A destination: what it is told, and when.
struct Listener {
    url: String,
    told: mpsc::UnboundedReceiver<(String, Value, Instant)>,
}

impl Listener {
    /// One that answers with these statuses, the last of them for ever.
    async fn answering(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events?a=b", listener.local_addr().unwrap());
        let (sender, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for place in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (head, body) = request(&mut stream).await;
                let status = statuses[place.min(statuses.len() - 1)];
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = sender.send((head, body, Instant::now()));
            }
        });
        Self { url, told }
    }

    async fn fine() -> Self {
        Self::answering(&[204]).await
    }

    /// The next event: its message, without registry and version, and all of it.
    async fn next(&mut self) -> (String, Value) {
        let told = timeout(Duration::from_secs(3600), self.told.recv()).await;
        let (_, event, _) = told.expect("an event comes").unwrap();
        (message(&event), event)
    }

    async fn nothing(&mut self) -> bool {
        timeout(Duration::from_secs(600), self.told.recv()).await.is_err()
    }
}

fn message(event: &Value) -> String {
    let id = event["Events"][0]["MessageId"].as_str().unwrap_or_default();
    id.rsplit('.').next().unwrap_or_default().to_owned()
}

async fn request(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |it| it.parse().unwrap()) {
            return (head.to_owned(), serde_json::from_str(body).unwrap());
        }
    }
}

/// A subscription with these members besides; where it is.
async fn subscribe(world: &World, url: &str, more: Value) -> String {
    let mut body = json!({"Destination": url, "Protocol": "Redfish", "Context": "rack 7"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let reply = world.send("POST", SUBSCRIPTIONS, Some(body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.header("Location").unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_is_told_what_the_machine_does_in_order() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    subscribe(&world, &listener.url, json!({})).await;
    world.reset("On").await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(listener.next().await);
    }
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["ResourcePoweredOn", "ResourceStateChanged", "ResourceChanged", "ResourceStateChanged"]
    );
    let event = &told[0].1;
    assert_eq!((&event["Context"], &event["Name"]), (&json!("rack 7"), &json!("Event Array")));
    let record = &event["Events"][0];
    assert_eq!(record["OriginOfCondition"]["@odata.id"], SYSTEM);
    assert_eq!(record["MessageArgs"], json!([SYSTEM]));
    assert_eq!(record["MessageSeverity"], "OK");
    let ids: Vec<_> =
        told.iter().map(|(_, event)| event["Id"].as_str().unwrap().parse::<u32>().unwrap()).collect();
    assert!(ids.is_sorted() && record["EventTimestamp"].is_string());
}

#[tokio::test(start_paused = true)]
async fn the_light_sessions_and_settings_are_told_once_each() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    subscribe(&world, &listener.url, json!({})).await;
    world.patch(json!({"IndicatorLED": "Lit"})).await;
    world.patch(json!({"AssetTag": "A7"})).await;
    let (session, _) = world.log_in().await;
    let session = session.header("Location").unwrap().to_owned();
    world.send("DELETE", &session, None).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        let (name, event) = listener.next().await;
        told.push((name, event["Events"][0]["OriginOfCondition"]["@odata.id"].as_str().unwrap().to_owned()));
    }
    let said = |name: &str, origin: &str| (name.to_owned(), origin.to_owned());
    assert_eq!(
        told,
        [
            said("ResourceChanged", SYSTEM),
            said("ResourceChanged", SYSTEM),
            said("ResourceCreated", &session),
            said("ResourceRemoved", &session),
        ]
    );
    assert!(listener.nothing().await);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_hears_only_what_was_wished() {
    for (wish, is_heard) in [
        (json!({"RegistryPrefixes": ["ResourceEvent"]}), true),
        (json!({"RegistryPrefixes": ["TaskEvent"]}), false),
        (json!({"ResourceTypes": ["ComputerSystem"]}), true),
        (json!({"ResourceTypes": ["Manager"]}), false),
        (json!({"MessageIds": ["ResourceEvent.1.4.ResourceChanged"]}), true),
        (json!({"MessageIds": ["ResourceEvent.1.4.ResourcePoweredOn"]}), false),
        (json!({"OriginResources": [{"@odata.id": SYSTEM}]}), true),
        (json!({"OriginResources": [{"@odata.id": "/redfish/v1/Chassis/1"}]}), false),
    ] {
        let (world, mut listener) = (World::healthy().await, Listener::fine().await);
        subscribe(&world, &listener.url, wish.clone()).await;
        world.control.establish_led(Led::Lit);
        assert_eq!(!listener.nothing().await, is_heard, "{wish}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_repeated_in_order_and_the_subscription_survives_until_it_is_too_much() {
    let world = World::healthy().await;
    let mut listener = Listener::answering(&[500, 503, 204]).await;
    subscribe(&world, &listener.url, json!({})).await;
    world.control.establish_led(Led::Lit);
    world.control.establish_power(Power::On);
    let names =
        [listener.next().await.0, listener.next().await.0, listener.next().await.0, listener.next().await.0];
    assert_eq!(names, ["ResourceChanged", "ResourceChanged", "ResourceChanged", "ResourcePoweredOn"]);
    let mut deaf = Listener::answering(&[500]).await;
    let path = subscribe(&world, &deaf.url, json!({})).await;
    world
        .send("PATCH", SERVICE, Some(json!({"DeliveryRetryAttempts": 2, "DeliveryRetryIntervalSeconds": 60})))
        .await;
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(timeout(Duration::from_secs(900), deaf.told.recv()).await.unwrap().unwrap().2);
    }
    assert!(times[2] - times[0] >= Duration::from_secs(120));
    world.wait(1).await;
    assert_eq!(world.get(&path).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_sleeps_where_its_policy_says_so_and_wakes_when_it_is_changed() {
    let world = World::healthy().await;
    let mut deaf = Listener::answering(&[500, 500, 500, 500, 204]).await;
    let path = subscribe(&world, &deaf.url, json!({"DeliveryRetryPolicy": "SuspendRetries"})).await;
    world.control.establish_led(Led::Lit);
    world.wait(60).await;
    assert_eq!(world.get(&path).await.json()["Status"]["State"], "Disabled");
    assert_eq!(world.send("PATCH", &path, Some(json!({"Context": "again"}))).await.status, 200);
    world.control.establish_led(Led::Unlit);
    world.wait(1).await;
    let mut last = None;
    while let Ok(told) = deaf.told.try_recv() {
        last = Some(told);
    }
    assert_eq!(last.unwrap().1["Context"], "again");
    assert_eq!(world.get(&path).await.json()["Status"]["State"], "Enabled");
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_a_subscription_go_to_its_destination_and_nowhere_else() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    let headers = json!({"HttpHeaders": [{"Authorization": "Bearer tell-nobody"}]});
    let path = subscribe(&world, &listener.url, headers).await;
    assert_eq!(world.get(&path).await.json()["HttpHeaders"], json!([]));
    world.control.establish_led(Led::Lit);
    let (head, _, _) = timeout(Duration::from_secs(60), listener.told.recv()).await.unwrap().unwrap();
    assert!(head.starts_with("POST /events?a=b HTTP/1.1"), "{head}");
    assert!(head.contains("authorization: Bearer tell-nobody"), "{head}");
    assert!(!format!("{:?}", world.service.exchanges_from(0)).contains("nobody"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_subscription_is_told_what_is_wrong_with_it() {
    let world = World::healthy().await;
    let fine = json!({"Destination": "http://127.0.0.1:1/", "Protocol": "Redfish"});
    for (change, name) in [
        (json!({"Destination": null}), "PropertyValueTypeError"),
        (json!({"Destination": "not a uri"}), "PropertyValueFormatError"),
        (json!({"Destination": "ftp://127.0.0.1/"}), "PropertyValueFormatError"),
        (json!({"Protocol": "SNMPv1"}), "PropertyValueNotInList"),
        (json!({"EventFormatType": "MetricReport"}), "PropertyValueNotInList"),
        (json!({"RegistryPrefixes": ["Nobody"]}), "PropertyValueNotInList"),
        (json!({"ResourceTypes": "Chassis"}), "PropertyValueTypeError"),
        (json!({"HttpHeaders": [{"Bad Name": "x"}]}), "PropertyValueTypeError"),
        (json!({"DeliveryRetryPolicy": "Sometimes"}), "PropertyValueNotInList"),
        (json!({"Colour": "red"}), "PropertyUnknown"),
        (json!({"Id": "7"}), "PropertyNotWritable"),
        (json!({"MessageIds": ["Base.Success"], "RegistryPrefixes": ["Base"]}), "PropertyValueConflict"),
    ] {
        let mut body = fine.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = world.send("POST", SUBSCRIPTIONS, Some(body)).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, name), "{change}");
    }
    let missing = world.send("POST", SUBSCRIPTIONS, Some(json!({"Protocol": "Redfish"}))).await;
    assert_eq!((missing.status, missing.message().as_str()), (400, "PropertyMissing"));
    assert_eq!(world.get(SUBSCRIPTIONS).await.json()["Members@odata.count"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_listed_changed_and_deleted_by_those_who_may() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    let path = subscribe(&world, &listener.url, json!({})).await;
    assert_eq!(world.get(SUBSCRIPTIONS).await.json()["Members"], json!([{"@odata.id": path}]));
    let said = world.send("PATCH", &path, Some(json!({"Destination": "http://127.0.0.1:1/"}))).await;
    assert_eq!((said.status, said.message().as_str()), (400, "PropertyNotWritable"));
    let by = world.send_as("readonly", "DELETE", &path, None).await;
    assert_eq!(by.status, 403);
    assert_eq!(world.send("DELETE", &path, None).await.status, 204);
    assert_eq!(world.get(&path).await.status, 404);
    world.control.establish_led(Led::Lit);
    assert!(listener.nothing().await);
    for place in 0..20 {
        subscribe(&world, &format!("http://127.0.0.1:1/{place}"), json!({})).await;
    }
    let body = json!({"Destination": "http://127.0.0.1:1/", "Protocol": "Redfish"});
    let reply = world.send("POST", SUBSCRIPTIONS, Some(body)).await;
    assert_eq!((reply.status, reply.message().as_str()), (503, "EventSubscriptionLimitExceeded"));
}

#[tokio::test(start_paused = true)]
async fn a_test_event_says_what_it_was_told_to_say() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    subscribe(&world, &listener.url, json!({})).await;
    let action = format!("{SERVICE}/Actions/EventService.SubmitTestEvent");
    let body = json!({"MessageId": "ResourceEvent.1.4.TestMessage", "EventId": "e7", "MessageArgs": ["a"],
        "MessageSeverity": "Warning", "OriginOfCondition": SYSTEM, "Message": "hello"});
    assert_eq!(world.send("POST", &action, Some(body)).await.status, 204);
    let (_, event) = listener.next().await;
    let record = &event["Events"][0];
    assert_eq!((&record["EventId"], &record["Message"]), (&json!("e7"), &json!("hello")));
    assert_eq!((&record["MessageSeverity"], &record["EventType"]), (&json!("Warning"), &json!("Alert")));
    let missing = world.send("POST", &action, Some(json!({}))).await;
    assert_eq!((missing.status, missing.message().as_str()), (400, "ActionParameterMissing"));
    let wrong = world.send("POST", &action, Some(json!({"MessageId": "A.1.0.B", "MessageArgs": [1]}))).await;
    assert_eq!((wrong.status, wrong.message().as_str()), (400, "ActionParameterValueTypeError"));
}

#[tokio::test(start_paused = true)]
async fn a_task_is_told_when_it_begins_and_when_it_ends() {
    let (world, mut listener) = (World::with(&["answers-task"]).await, Listener::fine().await);
    subscribe(&world, &listener.url, json!({"RegistryPrefixes": ["TaskEvent"]})).await;
    assert_eq!(world.reset("On").await.status, 202);
    let names = [listener.next().await.0, listener.next().await.0];
    assert_eq!(names, ["TaskStarted", "TaskCompletedOK"]);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_outlive_a_reset_of_the_bmc_which_is_told_at_its_end() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    subscribe(&world, &listener.url, json!({})).await;
    world.command(Command::BmcReset { warm: false });
    world.control.act(HostAct::PressPowerButton);
    let (name, event) = listener.next().await;
    assert_eq!(name, "ResourceStateChanged");
    assert_eq!(event["Events"][0]["MessageArgs"], json!([world::MANAGER, "Enabled"]));
}

/// A stream, and what has come of it.
struct Stream {
    stream: TcpStream,
    text: String,
}

impl Stream {
    async fn open(world: &World, query: &str) -> Self {
        let mut stream = TcpStream::connect(world.service.addr()).await.unwrap();
        let (user, password) = world.control.credentials();
        let request = format!(
            "GET {SERVICE}/SSE{query} HTTP/1.1\r\nHost: bmc\r\nAuthorization: {}\r\n\r\n",
            world::basic(&user, &password)
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Self { stream, text: String::new() }
    }

    /// Everything until this has come.
    async fn until(&mut self, what: &str) -> String {
        let reading = async {
            while !self.text.contains(what) {
                let mut bytes = Vec::new();
                if self.stream.read_buf(&mut bytes).await.unwrap() == 0 {
                    break;
                }
                self.text.push_str(&String::from_utf8_lossy(&bytes));
            }
        };
        timeout(Duration::from_secs(3600), reading).await.unwrap();
        std::mem::take(&mut self.text)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_events_heartbeats_and_a_subscription_while_it_lasts() {
    let world = World::healthy().await;
    let mut stream = Stream::open(&world, "").await;
    let head = stream.until(": subscribed").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: text/event-stream"), "{head}");
    let listed = world.get(SUBSCRIPTIONS).await.json();
    let path = listed["Members"][0]["@odata.id"].as_str().unwrap().to_owned();
    assert_eq!(world.get(&path).await.json()["SubscriptionType"], "SSE");
    stream.until(": still here").await;
    world.control.establish_led(Led::Lit);
    let event = stream.until("ResourceChanged").await;
    assert!(event.contains("id: 1\ndata: {"), "{event}");
    drop(stream);
    world.wait(60).await;
    assert_eq!(world.get(SUBSCRIPTIONS).await.json()["Members@odata.count"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_filtered_and_ends_with_its_subscription() {
    let world = World::healthy().await;
    let query = "?$filter=RegistryPrefix%20eq%20'ResourceEvent'%20and%20MessageId%20eq%20'ResourceEvent.1.4.ResourcePoweredOn'";
    let mut stream = Stream::open(&world, query).await;
    stream.until(": subscribed").await;
    world.control.establish_led(Led::Lit);
    world.control.establish_power(Power::On);
    let event = stream.until("ResourcePoweredOn").await;
    assert!(!event.contains("ResourceChanged"), "{event}");
    let listed = world.get(SUBSCRIPTIONS).await.json();
    let path = listed["Members"][0]["@odata.id"].as_str().unwrap().to_owned();
    world.send("DELETE", &path, None).await;
    assert!(stream.until("\r\n0\r\n\r\n").await.ends_with("0\r\n\r\n"));
    let mut wrong = Stream::open(&world, "?$filter=Colour%20eq%20'red'").await;
    assert!(wrong.until("QueryParameterValueFormatError").await.starts_with("HTTP/1.1 400"));
    let nobody = world.bare("GET", &format!("{SERVICE}/SSE"), &[], None).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_while_the_service_is_switched_off() {
    let (world, mut listener) = (World::healthy().await, Listener::fine().await);
    subscribe(&world, &listener.url, json!({})).await;
    world.send("PATCH", SERVICE, Some(json!({"ServiceEnabled": false}))).await;
    world.control.establish_led(Led::Lit);
    assert!(listener.nothing().await);
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_service_is_switched_off_and_none_begins() {
    let world = World::healthy().await;
    let mut stream = Stream::open(&world, "").await;
    stream.until(": subscribed").await;
    world.send("PATCH", SERVICE, Some(json!({"ServiceEnabled": false}))).await;
    assert!(stream.until("0\r\n\r\n").await.ends_with("0\r\n\r\n"));
    let mut other = Stream::open(&world, "").await;
    assert!(other.until("ServiceDisabled").await.starts_with("HTTP/1.1 503"));
    let test =
        world.send("POST", &format!("{SERVICE}/Actions/EventService.SubmitTestEvent"), Some(json!({}))).await;
    assert_eq!(test.status, 503);
    world.send("PATCH", SERVICE, Some(json!({"ServiceEnabled": true}))).await;
    Stream::open(&world, "").await.until(": subscribed").await;
}
