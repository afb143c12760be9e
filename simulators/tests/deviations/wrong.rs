//! What no good driver can make up for: a BMC that does or shows what is not so.

use crate::world::{PXE_ONCE, World};
use halmark_simulators::machine::{Led, Power};
use serde_json::{Value, json};

const RESET: &str = "host.reset host.post host.boot:disk host.os";

async fn on(world: &World, kind: &str) -> (u16, String) {
    world.on().await;
    (world.reset(kind).await.status, world.log().await)
}

fn said(status: u16, log: &str) -> (u16, String) {
    (status, log.to_owned())
}

async fn shown(world: &World) -> String {
    world.control.establish_override(Some(PXE_ONCE));
    world.boot().await
}

async fn text(world: &World, property: &str) -> String {
    world.system().await[property].as_str().unwrap_or_default().to_owned()
}

async fn after_bmc_reset(world: &World) -> String {
    world.on().await;
    world.reset_bmc().await;
    world.log().await
}

/// Whether a member of a manager's document, or of its interface's, is this.
async fn manager(world: &World, path: &str, property: &str) -> Value {
    world.get(&format!("/redfish/v1/Managers/1{path}")).await.json()[property].clone()
}

/// The answer to this action of the first slot for virtual media.
async fn medium(world: &World, action: &str) -> u16 {
    let path = format!("/redfish/v1/Systems/1/VirtualMedia/CD1/Actions/VirtualMedia.{action}");
    let inserts = action == "InsertMedia";
    let body = if inserts { json!({"Image": "http://images.example.com/a.iso"}) } else { json!({}) };
    world.send("POST", &path, Some(body)).await.status
}

/// The answer to a change of the light, the light, the task's monitor a day later.
async fn task(world: &World) -> (u16, Led, u16) {
    let reply = world.set_light("Lit").await;
    world.wait(86_400).await;
    let later = match reply.header("Location") {
        Some(monitor) => world.get(monitor).await.status,
        None => 0,
    };
    (reply.status, world.control.truth().led, later)
}

async fn systems(world: &World) -> Value {
    world.get("/redfish/v1/Systems").await.json()["Members"].clone()
}

twins! {
    reset_twice: "reset-twice", |world| on(world, "ForceRestart").await,
        with: said(204, "host.reset host.post host.reset host.post host.boot:disk host.os"), without: said(204, RESET);
    nmi_twice: "nmi-twice", |world| on(world, "Nmi").await,
        with: said(204, "host.nmi host.nmi"), without: said(204, "host.nmi");
    nmi_powers_off: "nmi-powers-off", |world| on(world, "Nmi").await,
        with: said(204, "power.off"), without: said(204, "host.nmi");
    off_asks_politely: "off-asks-politely", |world| on(world, "ForceOff").await,
        with: said(204, "host.acpi-shutdown host.os-stopped power.off"), without: said(204, "power.off");
    shutdown_restarts: "shutdown-restarts", |world| on(world, "GracefulShutdown").await,
        with: said(204, RESET), without: said(204, "host.acpi-shutdown host.os-stopped power.off");
    off_told_late: "off-told-late", |world| {
            world.on().await;
            world.reset("ForceOff").await;
            world.wait(100).await;
            let soon = world.power_word().await;
            world.wait(60).await;
            (world.control.truth().power, soon, world.power_word().await)
        },
        with: (Power::Off, json!("On"), json!("Off")), without: (Power::Off, json!("Off"), json!("Off"));

    override_not_shown: "override-not-shown", |world| shown(world).await,
        with: "Disabled None UEFI", without: "Once Pxe UEFI";
    override_shown_as_disk: "override-shown-as-disk", |world| shown(world).await,
        with: "Once Hdd UEFI", without: "Once Pxe UEFI";
    once_shown_as_continuous: "once-shown-as-continuous", |world| shown(world).await,
        with: "Continuous Pxe UEFI", without: "Once Pxe UEFI";
    mode_shown_as_legacy: "mode-shown-as-legacy", |world| shown(world).await,
        with: "Once Pxe Legacy", without: "Once Pxe UEFI";
    clear_ignored: "clear-ignored", |world| {
            world.control.establish_override(Some(PXE_ONCE));
            let status = world.set_boot("Disabled", "None").await.status;
            (status, world.control.truth().override_)
        },
        with: (200, Some(PXE_ONCE)), without: (200, None);
    continuous_used_up: "continuous-used-up", |world| {
            world.on().await;
            world.set_boot("Continuous", "Pxe").await;
            world.reset("ForceRestart").await;
            world.wait(600).await;
            world.boot().await
        },
        with: "Disabled None UEFI", without: "Continuous Pxe UEFI";
    override_powers_on: "override-powers-on", |world| {
            world.set_boot("Once", "Pxe").await;
            world.wait(10).await;
            world.control.truth().power
        },
        with: Power::On, without: Power::Off;

    bmc_reset_powers_off: "bmc-reset-powers-off", |world| after_bmc_reset(world).await,
        with: "bmc.reset power.off bmc.ready", without: "bmc.reset bmc.ready";
    bmc_reset_cycles_host: "bmc-reset-cycles-host", |world| after_bmc_reset(world).await.contains("power.off power.on"),
        with: true, without: false;

    identify_inverted: "identify-inverted", |world| {
            world.set_light("Lit").await;
            let first = world.control.truth().led;
            world.set_light("Off").await;
            (first, world.control.truth().led)
        },
        with: (Led::Unlit, Led::Lit), without: (Led::Lit, Led::Unlit);
    identify_told_dark: "identify-told-dark", |world| {
            world.set_light("Lit").await;
            (world.control.truth().led, text(world, "IndicatorLED").await)
        },
        with: (Led::Lit, "Off".to_owned()), without: (Led::Lit, "Lit".to_owned());

    serial_of_board: "serial-of-board", |world| text(world, "SerialNumber").await == world.control.truth().id.board_serial,
        with: true, without: false;
    serial_placeholder: "serial-placeholder", |world| text(world, "SerialNumber").await == "To be filled by O.E.M.",
        with: true, without: false;
    model_missing: "model-missing", |world| text(world, "Model").await.is_empty(), with: true, without: false;
    firmware_of_host: "firmware-of-host", |world| {
            manager(world, "", "FirmwareVersion").await == world.control.truth().id.bios_version.as_str()
        },
        with: true, without: false;
    uuid_all_ones: "uuid-all-ones", |world| text(world, "UUID").await == "ffffffff-ffff-ffff-ffff-ffffffffffff",
        with: true, without: false;
    uuid_changes_on_bmc_reset: "uuid-changes-on-bmc-reset", |world| {
            let before = text(world, "UUID").await;
            world.reset_bmc().await;
            world.wait(600).await;
            let after = world.fresh("GET", crate::world::SYSTEM, None).await.unwrap().json()["UUID"].clone();
            before == after.as_str().unwrap()
        },
        with: false, without: true;
    mac_zero: "mac-zero", |world| manager(world, "/EthernetInterfaces/1", "MACAddress").await == "00:00:00:00:00:00",
        with: true, without: false;

    media_insert_ignored: "media-insert-ignored", |world| {
            let status = medium(world, "InsertMedia").await;
            (status, world.control.media()[0]["inserted"].clone())
        },
        with: (204, json!(false)), without: (204, json!(true));
    media_eject_ignored: "media-eject-ignored", |world| {
            medium(world, "InsertMedia").await;
            let status = medium(world, "EjectMedia").await;
            (status, world.control.media()[0]["inserted"].clone())
        },
        with: (204, json!(true)), without: (204, json!(false));
    bios_forgets: "bios-forgets", |world| {
            let settings = "/redfish/v1/Systems/1/Bios/Settings";
            let body = json!({"Attributes": {"QuietBoot": false}});
            let status = world.send("PATCH", settings, Some(body)).await.status;
            let told = world.control.bios().unwrap();
            let all = told["attributes"].as_array().unwrap();
            let pending = all.iter().find(|it| it["name"] == "QuietBoot").unwrap()["pending"].clone();
            (status < 300, pending)
        },
        with: (true, Value::Null), without: (true, json!(false));

    etag_always_stale: "etag-always-stale", |world| {
            let status = world.set_light("Lit").await.status;
            (status, world.control.truth().led)
        },
        with: (412, Led::Unlit), without: (200, Led::Lit);
    task_does_nothing: "task-does-nothing", |world| task(world).await.1, with: Led::Unlit, without: Led::Lit;
    task_never_ends: "task-never-ends", |world| task(world).await,
        with: (202, Led::Lit, 202), without: (200, Led::Lit, 0);
    token_never_taken: "token-never-taken", |world| {
            let (reply, token) = world.log_in().await;
            (reply.status, world.with_token(&token).await, world.get(crate::world::SYSTEM).await.status)
        },
        with: (201, 401, 401), without: (201, 200, 200);
    roles_ignored: "roles-ignored", |world| {
            let action = format!("{}/Actions/ComputerSystem.Reset", crate::world::SYSTEM);
            world.send_as("readonly", "POST", &action, Some(json!({"ResetType": "On"}))).await.status
        },
        with: 204, without: 403;
    denied_told_as_done: "denied-told-as-done", |world| {
            let action = format!("{}/Actions/ComputerSystem.Reset", crate::world::SYSTEM);
            let body = json!({"ResetType": "On"});
            (world.send_as("readonly", "POST", &action, Some(body)).await.status, world.log().await)
        },
        with: said(204, ""), without: said(403, "");
    reset_done_told_as_failed: "reset-done-told-as-failed", |world| on(world, "ForceRestart").await,
        with: said(500, RESET), without: said(204, RESET);
    restart_offered_and_refused: "restart-offered-and-refused", |world| {
            let reset = &world.system().await["Actions"]["#ComputerSystem.Reset"];
            let offered = reset["ResetType@Redfish.AllowableValues"].to_string().contains("ForceRestart");
            (offered, on(world, "ForceRestart").await)
        },
        with: (true, said(400, "")), without: (true, said(204, RESET));

    power_told_twice: "power-told-twice", |world| {
            world.on().await;
            let text = world.get(crate::world::SYSTEM).await.text();
            (text.matches("\"PowerState\"").count(), world.power_word().await)
        },
        with: (2, json!("Off")), without: (1, json!("On"));
    power_as_flag: "power-as-flag", |world| world.power_word().await, with: json!(false), without: json!("Off");
    boot_null: "boot-null", |world| world.system().await["Boot"].is_null(), with: true, without: false;
    system_cut_short: "system-cut-short", |world| {
            let reply = world.get(crate::world::SYSTEM).await;
            (reply.status, reply.json().is_null())
        },
        with: (200, true), without: (200, false);
    system_is_a_page: "system-is-a-page", |world| {
            let reply = world.get(crate::world::SYSTEM).await;
            (reply.status, reply.text().contains("<form>"))
        },
        with: (200, true), without: (200, false);
    system_not_there: "system-not-there", |world| {
            (systems(world).await.as_array().unwrap().len(), world.get(crate::world::SYSTEM).await.status)
        },
        with: (1, 404), without: (1, 200);
    systems_empty: "systems-empty", |world| {
            (systems(world).await.as_array().unwrap().len(), world.get(crate::world::SYSTEM).await.status)
        },
        with: (0, 200), without: (1, 200);
    systems_elsewhere: "systems-elsewhere", |world| systems(world).await[0]["@odata.id"].clone(),
        with: json!("http://192.0.2.1/redfish/v1/Systems/1"), without: json!(crate::world::SYSTEM);
    systems_endless: "systems-endless", |world| {
            let next = world.get("/redfish/v1/Systems").await.json()["Members@odata.nextLink"].clone();
            (systems(world).await.as_array().unwrap().len(), next)
        },
        with: (0, json!("/redfish/v1/Systems")), without: (1, Value::Null);
}
