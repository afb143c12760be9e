//! Quirks of Dell's iDRAC.

use crate::world::{MANAGER, Reply, SYSTEM, World, basic};
use halmark_simulators::machine::Led;
use serde_json::{Value, json};

const CD: &str = "/redfish/v1/Systems/1/VirtualMedia/CD1";
const SETTINGS: &str = "/redfish/v1/Systems/1/Settings";

/// The status and what the last part of the code is.
fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.message())
}

fn said(status: u16, id: &str) -> (u16, String) {
    (status, id.to_owned())
}

async fn as_admin(world: &World, method: &str, path: &str, header: (&str, &str), body: Value) -> Reply {
    let (user, password) = world.control.credentials();
    world.bare(method, path, &[("Authorization", &basic(&user, &password)), header], Some(body)).await
}

/// What a change is answered with, whether it leads to a job, what that is at once and after 5 s, and whether the light is lit.
async fn light_by_job(world: &World) -> (u16, Vec<String>, Led) {
    let reply = world.set_light("Lit").await;
    let mut seen = Vec::new();
    let to = reply.header("Location").map(str::to_owned).filter(|to| to.contains("/Jobs/JID_"));
    for (path, pause) in to.iter().flat_map(|path| [(path, 0), (path, 5)]) {
        world.wait(pause).await;
        seen.push(world.get(path).await.json()["JobState"].as_str().unwrap_or_default().to_owned());
    }
    (reply.status, seen, world.control.truth().led)
}

/// What Dell's service says of itself and of the host.
async fn remote_services(world: &World) -> (u16, Value) {
    let path = format!("{MANAGER}/Oem/Dell/DellLCService");
    let action = format!("{path}/Actions/DellLCService.GetRemoteServicesAPIStatus");
    let reply = world.send("POST", &action, Some(json!({}))).await;
    (reply.status, reply.json()["ServerStatus"].clone())
}

async fn insert(world: &World, image: &str) -> Reply {
    world
        .send("POST", &format!("{CD}/Actions/VirtualMedia.InsertMedia"), Some(json!({ "Image": image })))
        .await
}

/// What the host boots from now and at two more resets, with a lasting override to PXE.
async fn boots(world: &World) -> String {
    world.set_boot("Continuous", "Pxe").await;
    world.reset("On").await;
    for _ in 0..2 {
        world.wait(300).await;
        world.reset("ForceRestart").await;
    }
    let log = world.log().await;
    log.split(' ').filter_map(|it| it.strip_prefix("host.boot:")).collect::<Vec<_>>().join(" ")
}

/// What is said right after a restart of the BMC, and a minute later.
async fn after_restart(world: &World) -> ((u16, String), u16) {
    world.reset_bmc().await;
    while !world.control.events_from(0).iter().any(|event| event.name == "bmc.ready") {
        world.wait(1).await;
    }
    let early = world.fresh("GET", SYSTEM, None).await.unwrap();
    world.wait(60).await;
    (code(&early), world.fresh("GET", SYSTEM, None).await.unwrap().status)
}

/// What a change is answered with, and what its task is at once, after 5 s, after 20 s and after two minutes.
async fn job(world: &World) -> (u16, Vec<String>) {
    let reply = world.set_light("Lit").await;
    let Some(task) = reply.json()["@odata.id"].as_str().filter(|_| reply.status == 202).map(str::to_owned)
    else {
        return (reply.status, vec![]);
    };
    let mut seen = Vec::new();
    for pause in [0, 5, 15, 100] {
        world.wait(pause).await;
        let task = world.get(&task).await;
        let state = task.json()["TaskState"].as_str().map_or_else(|| task.status.to_string(), str::to_owned);
        seen.push(state);
    }
    (reply.status, seen)
}

fn states(states: [&str; 4]) -> (u16, Vec<String>) {
    (202, states.map(str::to_owned).to_vec())
}

async fn led(world: &World) -> (Value, Value) {
    let system = world.system().await;
    (system["IndicatorLED"].clone(), system["LocationIndicatorActive"].clone())
}

twins! {
    lifecycle_service: "idrac-lifecycle-service", |world| {
            let off = remote_services(world).await;
            world.on().await;
            world.wait(300).await;
            (off, remote_services(world).await.1)
        },
        with: ((200, json!("PoweredOff")), json!("OutOfPOST")), without: ((404, Value::Null), Value::Null);
    service_tag: "idrac-service-tag", |world| {
            let (system, id) = (world.system().await, world.control.truth().id);
            (system["SKU"] == id.serial, system["SerialNumber"] == id.board_serial, system["SerialNumber"] == id.serial)
        },
        with: (true, true, false), without: (false, false, true);
    off_when_off: "idrac-off-when-off", |world| {
            let refused = world.reset("ForceOff").await;
            (code(&refused), refused.text().contains("Server is already powered OFF."))
        },
        with: (said(409, "ActionParameterValueConflict"), true), without: (said(204, ""), false);
    on_when_on: "idrac-on-when-on", |world| {
            world.on().await;
            let refused = world.reset("On").await;
            (code(&refused), refused.text().contains("Server is already powered ON."))
        },
        with: (said(409, "ActionParameterValueConflict"), true), without: (said(204, ""), false);
    no_graceful_restart: "idrac-no-graceful-restart", |world| {
            world.on().await;
            let listed = world.system().await["Actions"]["#ComputerSystem.Reset"].to_string().contains("GracefulRestart");
            let refused = world.reset("GracefulRestart").await;
            (listed, code(&refused), world.reset("ForceRestart").await.status)
        },
        with: (false, said(400, "PropertyValueNotInList"), 204), without: (true, said(204, ""), 204);
    boot_at_settings: "idrac-boot-at-settings", |world| {
            let boot = json!({"Boot": {"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe"}});
            let system = world.patch(boot.clone()).await;
            let before = world.control.truth().override_.is_some();
            world.command(halmark_simulators::machine::Command::SetOverride(None));
            let settings = world.send("PATCH", SETTINGS, Some(boot)).await.status;
            (code(&system), before, settings, world.boot().await)
        },
        with: (said(400, "PropertyNotWritable"), false, 200, "Once Pxe UEFI".to_owned()),
        without: (said(200, ""), true, 404, "Disabled None UEFI".to_owned());
    settings_of_the_light_are_at_the_system: "idrac-boot-at-settings", |world| {
            (world.patch(json!({"IndicatorLED": "Lit"})).await.status, world.control.truth().led)
        },
        with: (200, Led::Lit), without: (200, Led::Lit);
    continuous_works_twice: "idrac-continuous-works-twice", |world| boots(world).await,
        with: "pxe pxe disk", without: "pxe pxe pxe";
    if_match_refused_on_actions: "idrac-if-match-refused-on-actions", |world| {
            let reset = format!("{SYSTEM}/Actions/ComputerSystem.Reset");
            let tagged = as_admin(world, "POST", &reset, ("If-Match", "*"), json!({"ResetType": "On"})).await;
            (code(&tagged), world.reset("On").await.status)
        },
        with: (said(412, "PreconditionFailed"), 204), without: (said(204, ""), 204);
    no_data: "idrac-no-data", |world| after_restart(world).await,
        with: (said(503, "SYS518"), 200), without: (said(200, ""), 200);
    not_ready: "idrac-not-ready", |world| after_restart(world).await,
        with: (said(400, "SWC0700"), 200), without: (said(200, ""), 200);
    sessions_full: "idrac-sessions-full", |world| {
            for _ in 0..8 {
                assert_eq!(world.log_in().await.0.status, 201);
            }
            code(&world.log_in().await.0)
        },
        with: said(503, "RAC0218"), without: said(201, "");
    job_at_location: "idrac-job-at-location", |world| light_by_job(world).await,
        with: (202, vec!["Running".to_owned(), "Completed".to_owned()], Led::Lit), without: (200, vec![], Led::Lit);
    job_fails: "idrac-job-fails", |world| light_by_job(world).await,
        with: (202, vec!["Running".to_owned(), "Failed".to_owned()], Led::Unlit), without: (200, vec![], Led::Lit);
    job_late: "idrac-job-late", |world| job(world).await,
        with: states(["404", "404", "Completed", "Completed"]), without: (200, vec![]);
    job_vanishes: "idrac-job-vanishes", |world| job(world).await,
        with: states(["Running", "Completed", "Completed", "404"]), without: (200, vec![]);
    job_new: "idrac-job-new", |world| job(world).await,
        with: states(["New", "Completed", "Completed", "Completed"]), without: (200, vec![]);
    chunked_refused: "idrac-chunked-refused", |world| {
            let (user, password) = world.control.credentials();
            let head = format!(
                "PATCH {SYSTEM} HTTP/1.1\r\nHost: bmc\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
                basic(&user, &password),
            );
            let body = r#"{"AssetTag":"a"}"#;
            let mut client = world.client().await;
            client.raw(format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes()).await.unwrap();
            client.receive(false).await.unwrap().status
        },
        with: 411, without: 200;
    zero_dates: "idrac-zero-dates", |world| {
            let bios = world.get("/redfish/v1/UpdateService/FirmwareInventory/BIOS").await.json()["ReleaseDate"].clone();
            (world.system().await["LastResetTime"] == "0000-00-00T00:00:00+00:00", bios == "00:00:00Z")
        },
        with: (true, true), without: (false, false);
    controllers_object: "idrac-controllers-object", |world| {
            let adapter = world.get("/redfish/v1/Chassis/1/NetworkAdapters/NIC1").await.json();
            (adapter["Controllers"].is_object(), adapter["Controllers"].is_array())
        },
        with: (true, false), without: (false, true);
    led_lit_is_normal: "idrac-led-lit-is-normal", |world| {
            let before = led(world).await;
            world.set_light("Blinking").await;
            (before, led(world).await)
        },
        with: ((json!("Lit"), json!(false)), (json!("Blinking"), json!(true))),
        without: ((json!("Off"), json!(false)), (json!("Blinking"), json!(true)));
    boot_options_unordered: "idrac-boot-options-unordered", |world| {
            let options = world.get("/redfish/v1/Systems/1/BootOptions").await.json();
            let order = world.system().await["Boot"]["BootOrder"].clone();
            options["Members"][0]["@odata.id"].as_str().unwrap().ends_with(order[0].as_str().unwrap())
        },
        with: false, without: true;
    reset_bios_needs_body: "idrac-reset-bios-needs-body", |world| {
            let path = format!("{SYSTEM}/Bios/Actions/Bios.ResetBios");
            let bare = world.send("POST", &path, None).await;
            (code(&bare) == said(400, "MalformedJSON"), world.send("POST", &path, Some(json!({}))).await.message() == "MalformedJSON")
        },
        with: (true, false), without: (false, false);
    pxe_as_uefi_target: "idrac-pxe-as-uefi-target", |world| {
            world.set_boot("Once", "Pxe").await;
            let boot = world.system().await["Boot"].clone();
            let path = boot["UefiTargetBootSourceOverride"].as_str().unwrap_or_default().to_owned();
            (boot["BootSourceOverrideTarget"].clone(), path.contains("/IPv4("), world.control.truth().override_.unwrap().device.to_string())
        },
        with: (json!("UefiTarget"), true, "pxe".to_owned()), without: (json!("Pxe"), false, "pxe".to_owned());
    eject_lingers: "idrac-eject-lingers", |world| {
            assert_eq!(insert(world, "http://images.example.com/a.iso").await.status, 204);
            let ejected = world.send("POST", &format!("{CD}/Actions/VirtualMedia.EjectMedia"), Some(json!({}))).await.status;
            let shown = world.get(CD).await.json()["Inserted"].clone();
            let early = insert(world, "http://images.example.com/b.iso").await.status;
            world.wait(6).await;
            (ejected, shown, early, insert(world, "http://images.example.com/c.iso").await.status)
        },
        with: (204, json!(true), 503, 204), without: (204, json!(false), 204, 409);
    image_unreachable: "idrac-image-unreachable", |world| {
            let lost = insert(world, "http://nowhere.invalid/a.iso").await;
            let said = lost.json()["error"]["@Message.ExtendedInfo"][1]["MessageId"].clone();
            (code(&lost), said, world.get(CD).await.json()["Inserted"].clone())
        },
        with: (said(500, "SYS446"), json!("Base.1.2.InternalError"), json!(false)),
        without: (said(204, ""), Value::Null, json!(true));
    bios_needs_apply_time: "idrac-bios-needs-apply-time", |world| {
            let settings = format!("{SYSTEM}/Bios/Settings");
            let pending = async || world.get(&settings).await.json()["Attributes"]["QuietBoot"].clone();
            let bare = world.send("PATCH", &settings, Some(json!({"Attributes": {"QuietBoot": false}}))).await.status;
            let before = pending().await;
            let when = json!({"ApplyTime": "OnReset"});
            let body = json!({"@Redfish.SettingsApplyTime": when, "Attributes": {"QuietBoot": false}});
            world.send("PATCH", &settings, Some(body)).await;
            (bare, before, pending().await)
        },
        with: (200, json!(true), json!(false)), without: (200, json!(false), json!(false));
    no_new_accounts: "idrac-no-new-accounts", |world| {
            let accounts = "/redfish/v1/AccountService/Accounts";
            let body = json!({"UserName": "somebody", "Password": "Tr0ub4dor-and-3", "RoleId": "Operator"});
            let (slot, first) = (format!("{accounts}/9"), format!("{accounts}/1"));
            let free = world.get(&slot).await;
            let free = (free.status, free.json()["UserName"].clone());
            let filled = world.send("PATCH", &slot, Some(body.clone())).await.status;
            let deleted = world.send("DELETE", &slot, None).await.status;
            let emptied = world.send("PATCH", &slot, Some(json!({"UserName": ""}))).await.status;
            let again = world.get(&slot).await.json()["UserName"].clone();
            let of_ipmi = world.send("PATCH", &first, Some(body.clone())).await.status;
            (world.send("POST", accounts, Some(body)).await.status, free, filled, deleted, emptied, again, of_ipmi)
        },
        with: (405, (200, json!("")), 200, 405, 204, json!(""), 400),
        without: (201, (404, Value::Null), 404, 404, 404, Value::Null, 404);
    no_etag_in_documents: "idrac-no-etag-in-documents", |world| {
            let has = |document: Value| document.get("@odata.etag").is_some();
            let system = world.get(SYSTEM).await;
            let accounts = world.get("/redfish/v1/AccountService").await.json();
            (has(system.json()), system.header("ETag").is_some(), has(accounts), has(world.get(MANAGER).await.json()))
        },
        with: (false, true, true, false), without: (true, true, true, true);
}
