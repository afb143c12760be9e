//! The control API, over the wire.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::{sync::Arc, time::Duration};

use halmark_simulators::{
    Bmc, BmcOptions, Control, Profile,
    desk::{self, Clock, Desk, DeskOptions, Hall, Step},
    machine::{Host, Power},
    redfish::{Service, ServiceOptions, Transcript},
};
use serde_json::{Value, json};
use tokio::time::Instant;
use world::{Client, Reply, SESSIONS, SYSTEM};

struct Office {
    hall: Arc<Hall>,
    desk: Desk,
}

impl Office {
    fn with(options: DeskOptions) -> Self {
        let mut hall = Hall::new();
        for (seed, name) in [(1, "one"), (2, "two")] {
            let options = BmcOptions { seed, ..BmcOptions::default() };
            let bmc = Bmc::start(&Profile::named("generic").unwrap(), options).unwrap();
            let options = ServiceOptions { transcript: Transcript::Last(3), ..ServiceOptions::default() };
            let service = Service::start(&bmc, options).unwrap();
            hall.add(name, format!("http://{}", service.addr()), bmc, service);
        }
        let hall = Arc::new(hall);
        let desk = desk::serve(hall.clone(), options).unwrap();
        Self { hall, desk }
    }

    fn open() -> Self {
        Self::with(DeskOptions::default())
    }

    fn control(&self) -> Control {
        self.hall.find("one").unwrap().bmc.control()
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut client = Client::connect(self.desk.addr()).await.unwrap();
        client.send(method, path, &[], body.as_bytes()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.send("GET", path, Value::Null).await.json()
    }

    /// Of the first BMC's Redfish service, as its administrator.
    async fn redfish(&self, path: &str) -> Reply {
        let (user, password) = self.control().credentials();
        let mut client = Client::connect(self.hall.all()[0].service.addr()).await.unwrap();
        let basic = world::basic(&user, &password);
        client.send("GET", path, &[("Authorization", &basic)], b"").await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn every_bmc_is_listed_and_its_truth_is_shown() {
    let office = Office::open();
    let all = office.get("/bmcs").await;
    assert_eq!((&all[0]["name"], &all[1]["name"]), (&json!("one"), &json!("two")));
    assert_ne!(all[0]["serial"], all[1]["serial"]);
    let truth = office.get("/bmcs/two").await;
    let said = ["power", "host", "identify", "bmc", "boot.default"].map(|name| truth[name].clone());
    assert_eq!(json!(said), json!(["powered-off", "off", "unlit", "up", "disk"]));
    assert_eq!((&truth["boot.override"], &truth["url"]), (&Value::Null, &all[1]["url"]));
}

#[tokio::test(start_paused = true)]
async fn preconditions_are_established_all_together_or_not_at_all() {
    let office = Office::open();
    let given = json!({"power": "powered-on", "identify": "blinking", "boot.override": {"device": "pxe"}});
    let truth = office.send("PUT", "/bmcs/one/given", given).await.json();
    assert_eq!((&truth["power"], &truth["host"]), (&json!("powered-on"), &json!("os")));
    assert_eq!(truth["boot.override"], json!({"device": "pxe", "lasting": "once", "mode": "uefi"}));
    let wrong = json!({"power": "powered-off", "identify": "red"});
    let said = office.send("PUT", "/bmcs/one/given", wrong).await;
    assert_eq!((said.status, &said.json()["at"]), (400, &json!("/identify")));
    assert_eq!(said.json()["expected"], "one of lit, unlit, blinking");
    assert_eq!(office.control().truth().power, Power::On);
}

#[tokio::test(start_paused = true)]
async fn acts_happen_to_the_machine() {
    let office = Office::open();
    office.control().establish_power(Power::On);
    let act = |act: &str| json!({"act": act});
    let truth = office.send("POST", "/bmcs/one/acts", act("shut-down-os")).await.json();
    assert_eq!(truth["host"], "stopping");
    let truth = office.send("POST", "/bmcs/one/acts", act("pull-ac")).await.json();
    assert_eq!((&truth["power"], &truth["bmc"]), (&json!("powered-off"), &json!("down")));
    let said = office.send("POST", "/bmcs/one/acts", act("dance")).await;
    assert_eq!(said.status, 400);
    assert!(said.json()["expected"].as_str().unwrap().contains("press-power-button"), "{}", said.text());
}

#[tokio::test(start_paused = true)]
async fn an_image_is_told_as_a_whole_or_not_at_all() {
    let office = Office::open();
    let image = json!({"nic.bin": {"software": "HW-NIC1", "version": "23.0.1"}});
    assert_eq!(office.send("PUT", "/bmcs/one/images", image).await.status, 204);
    let half = office.send("PUT", "/bmcs/one/images", json!({"nic.bin": {"software": "HW-NIC1"}})).await;
    assert_eq!((half.status, half.json()["at"].clone()), (400, json!("/nic.bin")));
}

#[tokio::test(start_paused = true)]
async fn a_sensor_is_given_a_reading_and_it_is_taken_back() {
    let office = Office::open();
    let said = |all: &Value, name: &str| {
        all.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let given = json!({"Inlet Temp": {"reading": 43}, "PSU2 Status": {"states": 3}});
    let after = office.send("PUT", "/bmcs/one/sensors", given).await.json();
    assert_eq!(
        (said(&after, "Inlet Temp")["reading"].clone(), said(&after, "Inlet Temp")["given"].clone()),
        (json!(43), json!(true))
    );
    assert_eq!(said(&after, "PSU2 Status")["states"], json!(3));
    office.send("PUT", "/bmcs/one/sensors", json!({"Inlet Temp": null})).await;
    assert_eq!(said(&office.get("/bmcs/one/sensors").await, "Inlet Temp")["given"], json!(false));
    for wrong in
        [json!([]), json!({"Fan 1": 3}), json!({"Fan 1": {"states": 1}}), json!({"No Such": "unavailable"})]
    {
        let both = json!({"PSU1 Status": "unavailable"});
        let mut body = wrong.clone();
        if let (Some(body), Some(both)) = (body.as_object_mut(), both.as_object()) {
            body.extend(both.clone());
        }
        assert_eq!(office.send("PUT", "/bmcs/one/sensors", body).await.status, 400, "{wrong}");
    }
    assert_eq!(said(&office.get("/bmcs/one/sensors").await, "PSU1 Status")["states"], json!(1));
}

#[tokio::test(start_paused = true)]
async fn events_are_read_from_a_number_on_and_waited_for() {
    let office = Office::open();
    let begun = Instant::now();
    let press = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        office.send("POST", "/bmcs/one/events", json!({"note": "now"})).await;
    };
    let (came, ()) = tokio::join!(office.get("/bmcs/one/events?from=0&wait=600"), press);
    assert_eq!((&came["events"][0]["name"], &came["next"]), (&json!("note:now"), &json!(1)));
    assert!(begun.elapsed() < Duration::from_secs(8));
    let none = office.get("/bmcs/one/events?from=1&wait=5").await;
    assert_eq!(none, json!({"events": [], "next": 1}));
    assert_eq!(office.send("GET", "/bmcs/one/events?from=x", Value::Null).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn deviations_are_replaced_and_taken_back() {
    let office = Office::open();
    let name = office.get("/deviations").await[0]["name"].clone();
    assert_eq!(office.send("PUT", "/bmcs/one/deviations", json!([name])).await.json(), json!([name]));
    let said = office.send("PUT", "/bmcs/one/deviations", json!([name, "no-such"])).await;
    assert_eq!((said.status, &said.json()["at"]), (400, &json!("/1")));
    assert_eq!(office.get("/bmcs/one/deviations").await, json!([name]));
    assert_eq!(office.send("DELETE", "/bmcs/one/deviations", Value::Null).await.status, 204);
    assert_eq!(office.get("/bmcs/one/deviations").await, json!([]));
}

#[tokio::test(start_paused = true)]
async fn rules_are_set_strike_and_are_cleared() {
    let office = Office::open();
    let rules = json!([{"path": "/redfish/v1/Systems/*", "respond":
        {"status": 503, "headers": {"Retry-After": "5"}, "message": "ServiceTemporarilyUnavailable", "args": ["5"]}}]);
    assert_eq!(office.send("PUT", "/bmcs/one/rules", rules).await.status, 200);
    let struck = office.redfish(SYSTEM).await;
    assert_eq!((struck.status, struck.message().as_str()), (503, "ServiceTemporarilyUnavailable"));
    assert_eq!(office.get("/bmcs/one/rules").await[0]["respond"]["status"], 503);
    assert_eq!(office.get("/bmcs/one/exchanges").await["exchanges"][0]["injected"], "respond 503");
    let said = office.send("PUT", "/bmcs/one/rules", json!([{"respond": {"status": 1}}])).await;
    assert_eq!((said.status, &said.json()["at"]), (400, &json!("/0/respond/status")));
    assert_eq!(office.send("DELETE", "/bmcs/one/rules", Value::Null).await.status, 204);
    assert_eq!(office.redfish(SYSTEM).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_transcript_is_bounded_and_without_secrets() {
    let office = Office::open();
    for _ in 0..5 {
        office.redfish(SYSTEM).await;
    }
    let (user, password) = office.control().credentials();
    let login = json!({"UserName": user, "Password": password}).to_string();
    let mut client = Client::connect(office.hall.all()[0].service.addr()).await.unwrap();
    let session = client.send("POST", SESSIONS, &[], login.as_bytes()).await.unwrap();
    let shown = office.get("/bmcs/one/exchanges?from=2").await;
    let seqs: Vec<_> = shown["exchanges"].as_array().unwrap().iter().map(|it| it["seq"].clone()).collect();
    assert_eq!((json!(seqs), &shown["next"]), (json!([3, 4, 5]), &json!(6)));
    let text = shown.to_string();
    let token = session.header("X-Auth-Token").unwrap();
    let basic = world::basic(&user, &password);
    assert!(!text.contains(&password) && !text.contains(token) && !text.contains(&basic), "{text}");
}

#[tokio::test(start_paused = true)]
async fn sessions_end_connections_drop_and_a_bmc_dies() {
    let office = Office::open();
    let (user, password) = office.control().credentials();
    let login = json!({"UserName": user, "Password": password}).to_string();
    let mut client = Client::connect(office.hall.all()[0].service.addr()).await.unwrap();
    client.send("POST", SESSIONS, &[], login.as_bytes()).await.unwrap();
    assert_eq!(office.get("/bmcs/one").await["sessions"], 1);
    assert_eq!(office.send("POST", "/bmcs/one/sessions/expire", Value::Null).await.status, 204);
    assert_eq!(office.get("/bmcs/one").await["sessions"], 0);
    assert_eq!(office.send("POST", "/bmcs/one/connections/drop", Value::Null).await.status, 204);
    assert!(client.send("GET", "/redfish/v1/", &[], b"").await.is_err());
    assert_eq!(office.send("POST", "/bmcs/one/kill", Value::Null).await.status, 204);
    assert_eq!(office.get("/bmcs/one").await["bmc"], "dead");
    assert_eq!(office.get("/bmcs/two").await["bmc"], "up");
}

#[tokio::test(start_paused = true)]
async fn time_is_stepped_where_it_is_held_and_not_where_it_is_real() {
    let clock = Clock::Held(Step::new(tokio::time::sleep));
    let office = Office::with(DeskOptions { clock, ..DeskOptions::default() });
    office.send("POST", "/bmcs/one/acts", json!({"act": "press-power-button"})).await;
    let said = office.send("POST", "/clock/step", json!({"by": "5m"})).await;
    assert_eq!((said.status, office.control().truth().host), (200, Host::Os));
    let real = Office::open();
    let said = real.send("POST", "/clock/step", json!({"by": "1s"})).await;
    assert_eq!(said.status, 409);
    assert!(said.json()["error"].as_str().unwrap().contains("cannot be stepped"));
    assert_eq!(real.get("/clock").await["kind"], "real");
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_without_the_token() {
    let office = Office::with(DeskOptions { token: Some("let-me-in".into()), ..DeskOptions::default() });
    let mut client = Client::connect(office.desk.addr()).await.unwrap();
    let mut statuses = Vec::new();
    for token in ["Bearer let-me-in", "Bearer let-me-ix", "Basic let-me-in", "let-me-in"] {
        let said = client.send("GET", "/bmcs", &[("Authorization", token)], b"").await.unwrap();
        statuses.push(said.status);
    }
    let said = client.send("GET", "/bmcs", &[], b"").await.unwrap();
    statuses.push(said.status);
    assert_eq!(statuses, [200, 401, 401, 401, 401]);
    assert_eq!(said.header("www-authenticate"), Some("Bearer"));
    let shown = format!("{:?}", DeskOptions { token: Some("let-me-in".into()), ..DeskOptions::default() });
    assert!(!shown.contains("let-me-in"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_is_told_what_there_is() {
    let office = Office::open();
    let nowhere = office.send("GET", "/nowhere", Value::Null).await;
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.json()["expected"].as_str().unwrap().contains("GET /bmcs/{}/events"));
    let nobody = office.send("GET", "/bmcs/three", Value::Null).await;
    assert_eq!((nobody.status, &nobody.json()["expected"]), (404, &json!("one, two")));
    let method = office.send("PATCH", "/bmcs/one/rules", Value::Null).await;
    assert_eq!((method.status, method.header("allow")), (405, Some("GET, PUT, DELETE")));
    let mut client = Client::connect(office.desk.addr()).await.unwrap();
    let broken = client.send("PUT", "/bmcs/one/rules", &[], b"[{").await.unwrap();
    assert_eq!(broken.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_means_nothing_is_refused_with_those_that_there_are() {
    let office = Office::open();
    let said = async |path: &str| {
        let reply = office.send("GET", path, Value::Null).await;
        (reply.status, reply.json()["expected"].clone())
    };
    assert_eq!(said("/bmcs/one/events?form=1").await, (400, json!("from, wait")));
    assert_eq!(said("/bmcs/one/exchanges?from=1&from=2").await, (400, json!("one from")));
    assert_eq!(said("/bmcs?wait=1").await, (400, json!("no parameters")));
    assert_eq!(said("/bmcs/one/exchanges?from=0&most=5").await.0, 200);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_for_whoever_reads_only_after_sending() {
    let office = Office::open();
    let body = vec![b' '; 12 << 20];
    let mut client = Client::connect(office.desk.addr()).await.unwrap();
    let reply = client.send("PUT", "/bmcs/one/rules", &[], &body).await.unwrap();
    assert_eq!((reply.status, &reply.json()["expected"]), (413, &json!("at most 4194304 bytes")));
}
