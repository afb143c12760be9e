//! Claims about sensors, consumption, the event log and the FRU inventory.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{Availability, Change, Health, SensorKind, Unit},
};

const CHASSIS: &str = "/redfish/v1/Chassis/1U";

/// A peer with these resources below its chassis, system and manager beside its own.
async fn with(resources: Value) -> Peer {
    Peer::scripted(move |seen, bmc| {
        bmc.chassis = json!({"@odata.id": CHASSIS, "ChassisType": "RackMount", "SerialNumber": "CH4551S",
            "Sensors": {"@odata.id": "/s"}, "Power": {"@odata.id": "/p"}});
        bmc.system["LogServices"] = json!({"@odata.id": "/logs"});
        let path = seen.path.split('?').next().unwrap_or_default();
        let answer = |found: &Value| say(200, found.clone());
        resources.get(path).filter(|_| seen.method == "GET").map(answer)
    })
    .await
}

fn members(paths: &[&str]) -> Value {
    let links: Vec<_> = paths.iter().map(|it| json!({ "@odata.id": it })).collect();
    json!({ "Members": links })
}

fn root(expand: Value) -> Value {
    json!({"Systems": {"@odata.id": "/redfish/v1/Systems"}, "ProtocolFeaturesSupported": {"ExpandQuery": expand},
        "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}}})
}

fn inlet() -> Value {
    json!({"@odata.id": "/s/1", "Id": "1", "Name": "Inlet", "ReadingType": "Temperature", "ReadingUnits": "Cel",
        "Reading": 22.5, "Status": {"State": "Enabled", "Health": "Warning"},
        "Thresholds": {"UpperCaution": {"Reading": 38}}})
}

#[tokio::test(start_paused = true)]
async fn sensors_that_are_expanded_are_one_request_and_others_are_one_each() {
    let fan =
        json!({"@odata.id": "/s/2", "Id": "2", "Name": "Fan", "ReadingType": "Rotational", "Reading": null});
    let expanded = json!({"Members": [inlet(), fan]});
    let promised = root(json!({"NoLinks": true, "Levels": true}));
    let peer = with(json!({"/redfish/v1/": promised, "/s": expanded})).await;
    let sensors = peer.driver().sensors(within(60)).await.unwrap().value;
    assert_eq!(sensors.len(), 2);
    assert_eq!((sensors[0].value, sensors[0].health), (Some(22.5), Health::Warning));
    assert_eq!((sensors[0].unit, sensors[0].thresholds.upper_caution), (Some(Unit::Celsius), Some(38.0)));
    assert_eq!((sensors[1].value, sensors[1].availability), (None, Availability::Unavailable));
    assert!(peer.lines().contains(&"GET /s?$expand=.($levels=1)".to_owned()));
    assert!(!peer.lines().iter().any(|it| it.starts_with("GET /s/")));

    let listed = json!({"/s": members(&["/s/1", "/s/2"]), "/s/1": inlet(), "/s/2": fan});
    let peer = with(listed).await;
    assert_eq!(peer.driver().sensors(within(60)).await.unwrap().value, sensors);
    assert!(peer.lines().contains(&"GET /s/2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_expansion_that_is_promised_and_refused_is_done_without() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.chassis["Sensors"] = json!({"@odata.id": "/s"});
        match seen.path.as_str() {
            "/redfish/v1/" => Some(say(200, root(json!({"ExpandAll": true})))),
            "/s?$expand=*" => Some(error(501, "Base.1.18.QueryNotSupported", "no")),
            "/s" => Some(say(200, members(&["/s/1"]))),
            "/s/1" => Some(say(200, inlet())),
            _ => None,
        }
    })
    .await;
    let answer = peer.driver().sensors(within(60)).await.unwrap();
    assert_eq!((answer.value.len(), answer.notes.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_chassis_without_sensors_has_them_in_thermal_and_power() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.chassis["Thermal"] = json!({"@odata.id": "/t"});
        bmc.chassis["Power"] = json!({"@odata.id": "/p"});
        match seen.path.as_str() {
            "/t" => Some(say(
                200,
                json!({
                    "Temperatures": [
                        {"Name": "CPU", "ReadingCelsius": 40, "UpperThresholdCritical": 95},
                        {"Name": "CPU 2", "ReadingCelsius": 0, "Status": {"State": "Absent"}}],
                    "Fans": [{"FanName": "Fan 1", "Reading": 30, "Units": "Percent"}]}),
            )),
            "/p" => Some(say(
                200,
                json!({
                    "PowerControl": [{"Name": "Total", "PowerConsumedWatts": 215}],
                    "PowerSupplies": [{"Name": "PSU 1", "PowerInputWatts": 110, "LineInputStatus": "LossOfInput",
                        "Status": {"State": "Enabled", "Health": "Critical"}}]}),
            )),
            _ => None,
        }
    })
    .await;
    let sensors = peer.driver().sensors(within(60)).await.unwrap().value;
    let told: Vec<_> = sensors.iter().map(|it| (it.name.as_str(), it.kind, it.value)).collect();
    assert_eq!(
        told,
        [
            ("CPU", SensorKind::Temperature, Some(40.0)),
            ("CPU 2", SensorKind::Temperature, None),
            ("Fan 1", SensorKind::Fan, Some(30.0)),
            ("Total", SensorKind::Power, Some(215.0)),
            ("PSU 1 Input Power", SensorKind::Power, Some(110.0)),
            ("PSU 1", SensorKind::PowerSupply, None),
        ]
    );
    assert_eq!((sensors[1].availability, sensors[2].unit), (Availability::Absent, Some(Unit::Percent)));
    assert_eq!(sensors[5].states, ["presence detected", "input lost"]);
    assert_eq!(sensors[5].health, Health::Critical);
}

#[tokio::test(start_paused = true)]
async fn a_chassis_that_shows_nothing_has_no_sensors_and_no_consumption() {
    let driver = Peer::healthy().await.driver();
    assert!(matches!(driver.sensors(within(60)).await.unwrap_err().cause, Cause::NotFound { .. }));
    assert!(matches!(driver.power_metrics(within(60)).await.unwrap_err().cause, Cause::NotFound { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_power_that_is_not_there_leaves_the_consumption_to_the_environments_metrics() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.chassis["Power"] = json!({"@odata.id": "/p"});
        bmc.chassis["EnvironmentMetrics"] = json!({"@odata.id": "/e"});
        seen.is("GET", "/e").then(|| say(200, json!({"PowerWatts": {"Reading": 368}})))
    })
    .await;
    let told = peer.driver().power_metrics(within(60)).await.unwrap().value;
    assert_eq!((told.watts, told.minimum_watts), (Some(368.0), None));
}

fn logs(entries: Value) -> Value {
    let service = json!({"@odata.id": "/logs/sel", "Id": "SEL", "LogEntryType": "SEL",
        "Entries": {"@odata.id": "/logs/sel/e"},
        "Actions": {"#LogService.ClearLog": {"target": "/logs/sel/clear"}}});
    let other =
        json!({"@odata.id": "/logs/post", "Id": "PostCodes", "Entries": {"@odata.id": "/logs/post/e"}});
    json!({"/logs": members(&["/logs/post", "/logs/sel"]), "/logs/post": other, "/logs/sel": service,
        "/logs/sel/e": entries,
        "/logs/sel/e2": {"Members": [{"@odata.id": "/logs/sel/e/1", "Id": "1", "Severity": "OK", "Message": "on",
            "Created": "2026-11-21T11:26:38+01:00"}]}})
}

#[tokio::test(start_paused = true)]
async fn the_event_log_is_told_from_its_oldest_entry_over_all_pages() {
    let newest = json!({"@odata.id": "/logs/sel/e/2", "Id": "2", "Severity": "Critical", "Message": "hot"});
    let first = json!({"Members": [newest], "Members@odata.nextLink": "/logs/sel/e2"});
    let peer = with(logs(first)).await;
    let log = peer.driver().log(within(60)).await.unwrap().value;
    let told: Vec<_> = log.entries.iter().map(|it| (it.id.as_str(), it.severity)).collect();
    assert_eq!(told, [("1", Health::Ok), ("2", Health::Critical)]);
    assert_eq!(log.entries[0].time.unwrap().to_string(), "2026-11-21T10:26:38Z");
    assert_eq!(log.entries[1].time, None);
}

#[tokio::test(start_paused = true)]
async fn a_log_is_cleared_where_there_is_anything_in_it() {
    let peer = with(logs(json!({"Members": []}))).await;
    assert_eq!(peer.driver().clear_log(within(60)).await.unwrap().value, Change::AlreadySo);
    assert!(peer.changes().is_empty());
    let resources = logs(members(&["/logs/sel/e/1"]));
    let peer = Peer::scripted(move |seen, bmc| {
        bmc.system["LogServices"] = json!({"@odata.id": "/logs"});
        match seen.method.as_str() {
            "POST" if seen.path == "/logs/sel/clear" => Some(Act::Say(204, Vec::new(), String::new())),
            "GET" => resources.get(&seen.path).map(|found| say(200, found.clone())),
            _ => None,
        }
    })
    .await;
    assert_eq!(peer.driver().clear_log(within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(peer.changes(), [json!({})]);
}

#[tokio::test(start_paused = true)]
async fn a_bmc_without_an_event_log_has_none() {
    let failed = Peer::healthy().await.driver().log(within(60)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::NotFound { .. }), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn the_fru_inventory_is_what_system_chassis_and_assembly_say() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.chassis["Assembly"] = json!({"@odata.id": "/a"});
        let board = json!({"PhysicalContext": "SystemBoard", "SerialNumber": "B1", "Producer": "Contoso"});
        let fan = json!({"PhysicalContext": "Fan", "SerialNumber": "F1"});
        seen.is("GET", "/a").then(|| say(200, json!({"Assemblies": [fan, board]})))
    })
    .await;
    let fru = peer.driver().fru(within(60)).await.unwrap().value;
    let (chassis, board, product) = (fru.chassis.unwrap(), fru.board.unwrap(), fru.product.unwrap());
    assert_eq!((chassis.kind, chassis.serial.as_deref()), (0x17, Some("CH4551S")));
    assert_eq!((board.serial.as_deref(), board.manufacturer.as_deref()), (Some("B1"), Some("Contoso")));
    assert_eq!(product.serial.as_deref(), Some("437XR1138R2"));
}
