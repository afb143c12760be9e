//! Quirks: the machine is the same, only the answers are odd.

use crate::world::{SYSTEM, World};
use halmark_simulators::machine::Led;
use serde_json::{Value, json};

/// Whether the light is shown as IndicatorLED and as LocationIndicatorActive, and whether either can be set.
async fn light(world: &World) -> (bool, bool, u16, u16) {
    let system = world.system().await;
    let is_shown = |property| system.get(property).is_some();
    let led = world.patch(json!({"IndicatorLED": "Lit"})).await.status;
    let location = world.patch(json!({"LocationIndicatorActive": true})).await.status;
    (is_shown("IndicatorLED"), is_shown("LocationIndicatorActive"), led, location)
}

async fn members(world: &World, collection: &str) -> Vec<String> {
    let collection = world.get(collection).await.json();
    let members = collection["Members"].as_array().unwrap().iter();
    members.map(|member| member["@odata.id"].as_str().unwrap().to_owned()).collect()
}

async fn patch_with(world: &World, if_match: Option<&str>) -> u16 {
    let (user, password) = world.control.credentials();
    let basic = crate::world::basic(&user, &password);
    let mut headers = vec![("Authorization", basic.as_str())];
    headers.extend(if_match.map(|tag| ("If-Match", tag)));
    world.bare("PATCH", SYSTEM, &headers, Some(json!({"IndicatorLED": "Off"}))).await.status
}

async fn tag(world: &World) -> String {
    world.get(SYSTEM).await.header("ETag").unwrap().to_owned()
}

/// What the monitor says at once and after five seconds, and the task's own last word.
async fn monitor(world: &World) -> (u16, u16, u16, Value, Led) {
    let reply = world.set_light("Lit").await;
    let Some(monitor) = reply.header("Location").map(str::to_owned) else {
        return (reply.status, 0, 0, Value::Null, world.control.truth().led);
    };
    let at_once = world.get(&monitor).await.status;
    world.wait(5).await;
    let later = world.get(&monitor).await.status;
    let task = world.get(reply.json()["@odata.id"].as_str().unwrap()).await.json();
    (reply.status, at_once, later, task["TaskState"].clone(), world.control.truth().led)
}

twins! {
    small_pages: "small-pages", |world| members(world, "/redfish/v1/AccountService/Roles").await.len(),
        with: 2, without: 3;
    location_indicator_only: "location-indicator-only", |world| light(world).await,
        with: (false, true, 400, 200), without: (true, true, 200, 200);
    indicator_led_only: "indicator-led-only", |world| light(world).await,
        with: (true, false, 200, 400), without: (true, true, 200, 200);
    no_indicator: "no-indicator", |world| light(world).await,
        with: (false, false, 400, 400), without: (true, true, 200, 200);
    nothing_deprecated: "nothing-deprecated", |world| {
            let [system, chassis, manager] = [SYSTEM, "/redfish/v1/Chassis/1", crate::world::MANAGER].map(|path| world.get(path));
            let [system, chassis, manager] = [system.await.json(), chassis.await.json(), manager.await.json()];
            let old = [&system["IndicatorLED"], &chassis["IndicatorLED"], &chassis["Power"], &chassis["Thermal"], &manager["VirtualMedia"]];
            let new = [&system["LocationIndicatorActive"], &chassis["PowerSubsystem"], &chassis["ThermalSubsystem"], &system["VirtualMedia"]];
            let there = |all: &[&Value]| all.iter().filter(|it| !it.is_null()).count();
            (there(&old), there(&new), world.get("/redfish/v1/Chassis/1/Power").await.status)
        },
        with: (0, 4, 404), without: (5, 4, 200);
    chassis_elsewhere: "chassis-elsewhere", |world| {
            let (system, chassis) = (members(world, "/redfish/v1/Systems").await, members(world, "/redfish/v1/Chassis").await);
            let links = world.get(&system[0]).await.json()["Links"]["Chassis"][0]["@odata.id"].clone();
            (system[0].clone(), chassis[0] == links.as_str().unwrap(), chassis.len())
        },
        with: ("/redfish/v1/Systems/System.Embedded.1".to_owned(), false, 2),
        without: (SYSTEM.to_owned(), true, 1);
    paged_systems: "paged-systems", |world| {
            let first = members(world, "/redfish/v1/Systems").await;
            let next = world.get("/redfish/v1/Systems").await.json()["Members@odata.nextLink"].clone();
            let second = match next.as_str() {
                Some(next) => members(world, next).await,
                None => vec![],
            };
            (first.len(), second.len())
        },
        with: (0, 1), without: (1, 0);
    etag_required: "etag-required", |world| {
            let right = tag(world).await;
            (patch_with(world, None).await, patch_with(world, Some("\"0\"")).await, patch_with(world, Some(&right)).await)
        },
        with: (428, 412, 200), without: (200, 412, 200);
    weak_etag_refused: "weak-etag-refused", |world| {
            let tag = tag(world).await;
            let strong = tag.trim_start_matches("W/").to_owned();
            (tag.starts_with("W/"), patch_with(world, Some(&tag)).await, patch_with(world, Some(&strong)).await)
        },
        with: (true, 412, 200), without: (false, 200, 200);
    answers_task: "answers-task", |world| monitor(world).await,
        with: (202, 202, 204, json!("Completed"), Led::Lit), without: (200, 0, 0, Value::Null, Led::Lit);
    task_fails: "task-fails", |world| monitor(world).await,
        with: (202, 202, 500, json!("Exception"), Led::Unlit), without: (200, 0, 0, Value::Null, Led::Lit);
    task_forgotten: "task-forgotten", |world| {
            let (_, _, later, _, led) = monitor(world).await;
            world.wait(4).await;
            (later, led, world.get("/redfish/v1/TaskService/TaskMonitors/1").await.status)
        },
        with: (204, Led::Lit, 404), without: (0, Led::Lit, 404);
    four_sessions: "four-sessions", |world| {
            let mut open = 0;
            while world.log_in().await.0.status == 201 {
                open += 1;
            }
            open
        },
        with: 4, without: 16;
    answers_200: "answers-200", |world| (world.reset("On").await.status, world.set_light("Lit").await.status),
        with: (200, 200), without: (204, 200);
    patch_answers_message: "patch-answers-message", |world| {
            let reply = world.set_light("Lit").await;
            (reply.status, reply.json().get("@odata.id").is_some(), reply.json().get("@Message.ExtendedInfo").is_some())
        },
        with: (200, false, true), without: (200, true, false);
    answers_204: "answers-204", |world| (world.reset("On").await.status, world.set_light("Lit").await.status),
        with: (204, 204), without: (204, 200);
    state_paused: "state-paused", |world| world.power_word().await, with: "Paused", without: "Off";
    state_null: "state-null", |world| world.power_word().await, with: Value::Null, without: "Off";
    trailing_slash_forbidden: "trailing-slash-forbidden", |world| {
            let slash = world.get("/redfish/v1/Systems/1/").await.status;
            (slash, world.get(SYSTEM).await.status, world.get("/redfish/v1/").await.status)
        },
        with: (404, 200, 200), without: (200, 200, 200);
    pretty_html_errors: "pretty-html-errors", |world| {
            let reply = world.reset("Nmi").await;
            (reply.status, reply.header("Content-Type").unwrap().starts_with("text/html"), reply.message())
        },
        with: (409, true, String::new()), without: (409, false, "ResourceInStandby".to_owned());
    unknown_fields: "unknown-fields", |world| {
            let system = world.system().await;
            let targets = system["Boot"]["BootSourceOverrideTarget@Redfish.AllowableValues"].to_string();
            (system.get("OemFlux").is_some(), targets.contains("OemTeleport"), system["PowerState"].clone())
        },
        with: (true, true, json!("Off")), without: (false, false, json!("Off"));
    error_object_extended_info: "error-object-extended-info", |world| {
            world.reset("Nmi").await.json()["error"]["@Message.ExtendedInfo"].is_object()
        },
        with: true, without: false;
    json_as_text: "json-as-text", |world| {
            let reply = world.get(SYSTEM).await;
            (reply.header("Content-Type").unwrap().to_owned(), reply.json()["Id"].clone())
        },
        with: ("text/plain; charset=utf-8".to_owned(), json!("1")),
        without: ("application/json; charset=utf-8".to_owned(), json!("1"));
}
