//! The Redfish face on a healthy BMC, by the clauses of DSP0266.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use halmark_simulators::machine::{Device, Lasting, Led, Mode, Override, Power};
use serde_json::{Value, json};
use world::{MANAGER, PXE_ONCE, SESSIONS, SYSTEM, World};

#[tokio::test(start_paused = true)]
async fn every_link_that_the_root_leads_to_answers_with_its_own_id() {
    let world = World::healthy().await;
    let mut open = vec!["/redfish/v1/".to_owned()];
    let mut seen: Vec<String> = Vec::new();
    while let Some(path) = open.pop() {
        let reply = world.get(&path).await;
        let document = reply.json();
        assert_eq!((reply.status, &document["@odata.id"]), (200, &json!(path)), "{path}");
        assert!(document["@odata.type"].as_str().unwrap().starts_with('#'), "{path}");
        links(&document, &mut open);
        seen.push(path);
        open.retain(|path| !seen.contains(path) && !path.contains('#'));
    }
    assert!(seen.len() >= 20, "{seen:?}");
}

fn links(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Object(members) => {
            into.extend(members.get("@odata.id").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| links(member, into));
        }
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_root_is_open_and_everything_else_wants_a_login() {
    let world = World::healthy().await;
    for path in ["/redfish", "/redfish/v1", "/redfish/v1/", "/redfish/v1/odata", "/redfish/v1/$metadata"] {
        assert_eq!(world.bare("GET", path, &[], None).await.status, 200, "{path}");
    }
    for path in [SYSTEM, SESSIONS, "/redfish/v1/Systems", "/redfish/v1/nowhere"] {
        let reply = world.bare("GET", path, &[], None).await;
        assert_eq!((reply.status, reply.header("WWW-Authenticate").is_some()), (401, true), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_opens_the_service_until_it_is_deleted() {
    let world = World::healthy().await;
    let (login, token) = world.log_in().await;
    let at = login.header("Location").unwrap().to_owned();
    assert_eq!((login.status, login.json()["@odata.id"].clone()), (201, json!(at)));
    assert_eq!((world.with_token(&token).await, world.service.sessions()), (200, 1));
    assert_eq!(world.bare("DELETE", &at, &[("X-Auth-Token", &token)], None).await.status, 204);
    assert_eq!((world.with_token(&token).await, world.service.sessions()), (401, 0));
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_ends_on_the_clock() {
    let world = World::healthy().await;
    let (_, token) = world.log_in().await;
    world.wait(29 * 60).await;
    assert_eq!(world.with_token(&token).await, 200);
    world.wait(31 * 60).await;
    assert_eq!(world.with_token(&token).await, 401);
}

#[tokio::test(start_paused = true)]
async fn the_seventeenth_session_is_refused() {
    let world = World::healthy().await;
    for _ in 0..16 {
        assert_eq!(world.log_in().await.0.status, 201);
    }
    let (refused, _) = world.log_in().await;
    assert_eq!((refused.status, refused.message()), (503, "SessionLimitExceeded".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn expired_sessions_are_worth_nothing() {
    let world = World::healthy().await;
    let (_, token) = world.log_in().await;
    world.service.expire_sessions();
    assert_eq!(world.with_token(&token).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_login_is_a_name_and_a_password() {
    let world = World::healthy().await;
    let attempts = [
        (json!({"UserName": "admin"}), 400, "PropertyMissing"),
        (json!({"UserName": "admin", "Password": 5}), 400, "PropertyValueTypeError"),
        (json!({"UserName": "admin", "Password": "x", "Colour": "red"}), 400, "PropertyUnknown"),
        (json!({"UserName": "admin", "Password": "x"}), 401, "NoValidSession"),
        (json!({"UserName": "nobody", "Password": "x"}), 401, "NoValidSession"),
    ];
    for (body, status, message) in attempts {
        let reply = world.bare("POST", SESSIONS, &[], Some(body.clone())).await;
        assert_eq!((reply.status, reply.message().as_str()), (status, message), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_reads_and_an_operator_leaves_the_bmc_alone() {
    let world = World::healthy().await;
    let reset = format!("{MANAGER}/Actions/Manager.Reset");
    let light = Some(json!({"IndicatorLED": "Lit"}));
    assert_eq!(world.send_as("readonly", "GET", SYSTEM, None).await.status, 200);
    let refused = world.send_as("readonly", "PATCH", SYSTEM, light.clone()).await;
    assert_eq!((refused.status, refused.message()), (403, "InsufficientPrivilege".to_owned()));
    assert_eq!(world.send_as("operator", "PATCH", SYSTEM, light).await.status, 200);
    assert_eq!(world.send_as("operator", "POST", &reset, Some(json!({}))).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn nobody_ends_the_session_of_another_but_the_administrator() {
    let world = World::healthy().await;
    let at = world.log_in().await.0.header("Location").unwrap().to_owned();
    assert_eq!(world.send_as("operator", "DELETE", &at, None).await.status, 403);
    assert_eq!(world.send("DELETE", &at, None).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn the_power_word_follows_the_machine() {
    let world = World::healthy().await;
    assert_eq!(world.power_word().await, "Off");
    world.reset("On").await;
    assert_eq!(world.power_word().await, "PoweringOn");
    world.wait(5).await;
    assert_eq!(world.power_word().await, "On");
    world.reset("ForceOff").await;
    assert_eq!(world.power_word().await, "PoweringOff");
    world.wait(5).await;
    assert_eq!(world.power_word().await, "Off");
}

#[tokio::test(start_paused = true)]
async fn a_reset_type_must_be_there_and_known() {
    let world = World::healthy().await;
    let action = format!("{SYSTEM}/Actions/ComputerSystem.Reset");
    let attempts = [
        (json!({}), "ActionParameterMissing"),
        (json!({"ResetType": "Sideways"}), "ActionParameterValueNotInList"),
        (json!({"ResetType": 1}), "ActionParameterValueTypeError"),
        (json!({"ResetType": "On", "Hurry": true}), "ActionParameterUnknown"),
    ];
    for (body, message) in attempts {
        let reply = world.send("POST", &action, Some(body)).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, message));
    }
    assert_eq!(world.log().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_off_conflicts_with_what_needs_power() {
    let world = World::healthy().await;
    for kind in ["GracefulRestart", "Nmi"] {
        assert_eq!(world.reset(kind).await.status, 409, "{kind}");
    }
    for kind in ["ForceOff", "GracefulShutdown"] {
        assert_eq!(world.reset(kind).await.status, 204, "{kind}");
    }
    assert_eq!(world.log().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_restart_and_a_cycle_switch_on_a_host_that_is_off() {
    for kind in ["ForceRestart", "PowerCycle"] {
        let world = World::healthy().await;
        assert_eq!(world.reset(kind).await.status, 204, "{kind}");
        assert_eq!(world.log().await, "power.on host.post host.boot:disk host.os", "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_is_stored_shown_and_cleared() {
    let world = World::healthy().await;
    assert_eq!(world.set_boot("Once", "Pxe").await.json()["Boot"]["BootSourceOverrideTarget"], "Pxe");
    assert_eq!(world.control.truth().override_, Some(PXE_ONCE));
    assert_eq!(world.boot().await, "Once Pxe UEFI");
    world.patch(json!({"Boot": {"BootSourceOverrideMode": "Legacy"}})).await;
    assert_eq!(world.control.truth().override_, Some(Override { mode: Mode::Legacy, ..PXE_ONCE }));
    world.patch(json!({"Boot": {"BootSourceOverrideEnabled": "Disabled"}})).await;
    assert_eq!(world.control.truth().override_, None);
}

#[tokio::test(start_paused = true)]
async fn every_boot_target_has_its_device() {
    let world = World::healthy().await;
    let targets = [
        ("Pxe", Device::Pxe),
        ("Hdd", Device::Disk),
        ("Cd", Device::Cdrom),
        ("BiosSetup", Device::Bios),
        ("Usb", Device::Usb),
        ("UefiHttp", Device::Http),
    ];
    for (target, device) in targets {
        assert_eq!(world.set_boot("Continuous", target).await.status, 200);
        let stored = world.control.truth().override_.unwrap();
        assert_eq!((stored.device, stored.lasting), (device, Lasting::Continuous));
    }
}

#[tokio::test(start_paused = true)]
async fn a_patch_names_every_property_that_is_wrong_and_changes_nothing() {
    let world = World::healthy().await;
    let attempts = [
        (json!({"Colour": "red"}), "PropertyUnknown", "#/Colour"),
        (json!({"SerialNumber": "x"}), "PropertyNotWritable", "#/SerialNumber"),
        (json!({"Boot": 5}), "PropertyValueTypeError", "#/Boot"),
        (
            json!({"IndicatorLED": "Lit", "Boot": {"BootSourceOverrideTarget": "Tape"}}),
            "PropertyValueNotInList",
            "#/Boot/BootSourceOverrideTarget",
        ),
        (json!({"LocationIndicatorActive": "yes"}), "PropertyValueTypeError", "#/LocationIndicatorActive"),
    ];
    for (body, message, pointer) in attempts {
        let reply = world.patch(body).await;
        let related = reply.json()["error"]["@Message.ExtendedInfo"][0]["RelatedProperties"][0].clone();
        assert_eq!((reply.status, reply.message().as_str(), related), (400, message, json!(pointer)));
    }
    assert_eq!(world.log().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_boot_target_alone_is_refused_while_nothing_is_overridden() {
    let world = World::healthy().await;
    let reply = world.patch(json!({"Boot": {"BootSourceOverrideTarget": "Hdd"}})).await;
    assert_eq!((reply.status, reply.message().as_str()), (400, "PropertyValueConflict"));
    assert_eq!(world.set_boot("Once", "Pxe").await.status, 200);
    assert_eq!(world.patch(json!({"Boot": {"BootSourceOverrideTarget": "Hdd"}})).await.status, 200);
    assert_eq!(world.control.truth().override_.unwrap().device, Device::Disk);
}

#[tokio::test(start_paused = true)]
async fn the_light_is_one_light_on_system_and_chassis() {
    let world = World::healthy().await;
    world.set_light("Blinking").await;
    let chassis = world.get("/redfish/v1/Chassis/1").await.json();
    assert_eq!(
        (&chassis["IndicatorLED"], &chassis["LocationIndicatorActive"]),
        (&json!("Blinking"), &json!(true))
    );
    world.send("PATCH", "/redfish/v1/Chassis/1", Some(json!({"LocationIndicatorActive": false}))).await;
    assert_eq!(world.control.truth().led, Led::Unlit);
}

#[tokio::test(start_paused = true)]
async fn identity_is_the_machines_own() {
    let world = World::healthy().await;
    let id = world.control.truth().id;
    let system = world.system().await;
    assert_eq!(system["UUID"], id.uuid_text());
    assert_eq!(system["SerialNumber"], id.serial);
    assert_eq!(system["BiosVersion"], id.bios_version);
    let interface = world.get(&format!("{MANAGER}/EthernetInterfaces/1")).await.json();
    assert_eq!(interface["MACAddress"], id.mac_text());
    let board = world.get("/redfish/v1/Chassis/1/Assembly").await.json()["Assemblies"][0].clone();
    assert_eq!(board["SerialNumber"], id.board_serial);
}

#[tokio::test(start_paused = true)]
async fn an_etag_is_the_same_until_something_changes() {
    let world = World::healthy().await;
    let tag = async || world.get(SYSTEM).await.header("ETag").unwrap().to_owned();
    let before = tag().await;
    assert_eq!(before, tag().await);
    let changed = world.set_light("Lit").await;
    assert_ne!(before, tag().await);
    assert_eq!(changed.header("ETag").unwrap(), tag().await);
    assert_eq!(changed.json()["@odata.etag"], tag().await);
}

#[tokio::test(start_paused = true)]
async fn if_none_match_answers_304_and_head_has_no_body() {
    let world = World::healthy().await;
    let (user, password) = world.control.credentials();
    let basic = world::basic(&user, &password);
    let tag = world.get(SYSTEM).await.header("ETag").unwrap().to_owned();
    let headers = [("Authorization", basic.as_str()), ("If-None-Match", tag.as_str())];
    let reply = world.bare("GET", SYSTEM, &headers, None).await;
    assert_eq!((reply.status, reply.body.len()), (304, 0));
    let mut client = world.client().await;
    let head = client.send("HEAD", "/redfish/v1/", &[], b"").await.unwrap();
    assert_eq!((head.status, head.body.len(), head.header("OData-Version")), (200, 0, Some("4.0")));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_allowed_says_what_is() {
    let world = World::healthy().await;
    let reply = world.send("DELETE", SYSTEM, None).await;
    assert_eq!((reply.status, reply.header("Allow")), (405, Some("GET, HEAD, PATCH")));
    let action = format!("{SYSTEM}/Actions/ComputerSystem.Reset");
    assert_eq!(world.get(&action).await.header("Allow"), Some("POST"));
    let missing = world.get("/redfish/v1/Systems/2").await;
    assert_eq!((missing.status, missing.message()), (404, "ResourceMissingAtURI".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_object_is_refused() {
    let world = World::healthy().await;
    let (user, password) = world.control.credentials();
    let basic = world::basic(&user, &password);
    let mut client = world.client().await;
    let attempts: [(&[u8], &str, u16); 4] = [
        (b"{\"IndicatorLED\":", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b"{}", "text/plain", 415),
    ];
    for (body, kind, status) in attempts {
        let headers = [("Authorization", basic.as_str()), ("Content-Type", kind)];
        assert_eq!(client.send("PATCH", SYSTEM, &headers, body).await.unwrap().status, status);
    }
    let huge = vec![b' '; (1 << 20) + 1];
    let reply = client.send("PATCH", SYSTEM, &[("Authorization", basic.as_str())], &huge).await.unwrap();
    assert_eq!((reply.status, reply.message()), (413, "PayloadTooLarge".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_bmc_ends_connections_and_sessions_and_not_the_host() {
    let world = World::healthy().await;
    world.on().await;
    let (_, token) = world.log_in().await;
    assert_eq!(world.reset_bmc().await.status, 204);
    let mut late = world.client().await;
    assert!(late.send("GET", "/redfish/v1/", &[], b"").await.is_err());
    world.wait(120).await;
    let mut client = world.client().await;
    let reply = client.send("GET", SYSTEM, &[("X-Auth-Token", &token)], b"").await.unwrap();
    assert_eq!((reply.status, world.control.truth().power), (401, Power::On));
    assert_eq!(world.log().await, "bmc.reset bmc.ready");
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_is_killed_answers_nobody_ever_again() {
    let world = World::healthy().await;
    let mut client = world.client().await;
    world.control.kill();
    assert!(client.send("GET", "/redfish/v1/", &[], b"").await.is_err());
    world.wait(3600).await;
    let mut late = world.client().await;
    assert!(late.send("GET", "/redfish/v1/", &[], b"").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_transcript_shows_everything_but_the_secrets() {
    let world = World::healthy().await;
    let (_, password) = world.control.credentials();
    let (_, token) = world.log_in().await;
    world.with_token(&token).await;
    let shown = format!("{:?}", world.service.exchanges_from(0));
    assert!(!shown.contains(&password) && !shown.contains(&token), "a secret is in the transcript");
    let last = world.service.exchanges_from(1).remove(0);
    assert_eq!((last.seq, last.method.as_str(), last.path.as_str(), last.status), (1, "GET", SYSTEM, 200));
    assert!(last.request_headers.contains(&("X-Auth-Token".to_owned(), "present".to_owned())));
    assert!(last.response_body.unwrap().contains("PowerState"));
    assert_eq!(world.service.exchange_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_wakes_at_the_next_event_even_if_it_came_before_the_wait() {
    let world = World::healthy().await;
    let changed = world.control.changed();
    world.control.establish_power(Power::On);
    changed.await;
    world.set_light("Lit").await;
    world.control.changed_after(1).await;
    let (changed, began) = (world.control.changed(), world.control.now());
    world.reset("ForceOff").await;
    changed.await;
    assert!(world.control.now() > began);
    assert_eq!(world.control.events_from(2)[0].name, "power.off");
}

#[tokio::test(start_paused = true)]
async fn a_broken_truth_log_records_nothing_and_the_machine_goes_on() {
    let world = World::healthy().await;
    world.control.break_truth_log();
    world.reset("On").await;
    assert_eq!(world.log().await, "");
    assert_eq!(world.control.truth().power, Power::On);
}

#[tokio::test(start_paused = true)]
async fn deviations_are_replaced_and_an_unknown_one_changes_nothing() {
    let world = World::with(&["power-lies"]).await;
    assert!(world.control.deviate(&["no-such"]).is_err());
    assert_eq!(world.power_word().await, "On");
    world.control.deviate(&[]).unwrap();
    assert_eq!(world.power_word().await, "Off");
}
