//! Quirks of HPE's iLO.

use crate::world::{MANAGER, Reply, SYSTEM, World, basic};
use halmark_simulators::machine::{Command, Device, Lasting, Mode, Override};
use serde_json::{Value, json};

fn code(reply: &Reply) -> (u16, String) {
    let said = reply.json()["error"]["@Message.ExtendedInfo"][0]["MessageId"].clone();
    (reply.status, said.as_str().unwrap_or_default().to_owned())
}

fn said(status: u16, id: &str) -> (u16, String) {
    (status, id.to_owned())
}

const WRONG_STATE: &str = "iLO.2.14.InvalidOperationForSystemState";
const CD_ONCE: Override = Override { device: Device::Cdrom, lasting: Lasting::Once, mode: Mode::Uefi };

async fn boot(world: &World, boot: Value) -> (u16, String) {
    code(&world.patch(json!({ "Boot": boot })).await)
}

async fn with_header(
    world: &World,
    method: &str,
    path: &str,
    header: (&str, &str),
    body: Option<Value>,
) -> Reply {
    let (user, password) = world.control.credentials();
    world.bare(method, path, &[("Authorization", &basic(&user, &password)), header], body).await
}

/// What the same connection is worth after this many seconds.
async fn used_again(world: &World, seconds: u64) -> bool {
    let mut client = world.client().await;
    client.send("GET", "/redfish/v1/", &[], b"").await.unwrap();
    world.wait(seconds).await;
    client.send("GET", "/redfish/v1/", &[], b"").await.is_ok()
}

async fn account(world: &World) -> Value {
    let accounts = world.get("/redfish/v1/AccountService/Accounts").await.json();
    world.get(accounts["Members"][0]["@odata.id"].as_str().unwrap()).await.json()
}

const BUTTON: &str = "/redfish/v1/Systems/1/Actions/Oem/Hpe/HpeComputerSystemExt.PowerButton";

/// What a press of the button at the front is answered with, and the host's log after a while.
async fn press(world: &World, kind: &str) -> (u16, String) {
    world.on().await;
    world.wait(300).await;
    let reply = world.send("POST", BUTTON, Some(json!({ "PushType": kind }))).await;
    world.wait(60).await;
    let log = world.log().await;
    let last = log.split(' ').rfind(|it| matches!(*it, "power.off" | "host.acpi-shutdown"));
    (reply.status, last.unwrap_or_default().to_owned())
}

twins! {
    power_button: "ilo-power-button", |world| press(world, "PressAndHold").await,
        with: said(204, "power.off"), without: said(404, "");
    power_button_takes_its_words: "ilo-power-button", |world| press(world, "Kick").await,
        with: said(400, ""), without: said(404, "");
    power_button_dead: "ilo-power-button-dead", |world| press(world, "PressAndHold").await,
        with: said(204, ""), without: said(404, "");
    off_when_off: "ilo-off-when-off", |world| {
            let refused = world.reset("ForceOff").await;
            (code(&refused), refused.json()["error"]["@Message.ExtendedInfo"][0]["MessageArgs"][0].clone())
        },
        with: (said(400, WRONG_STATE), json!("Power is off")), without: (said(204, ""), Value::Null);
    nmi_when_off_is_refused_as_ever: "ilo-off-when-off", |world| code(&world.reset("Nmi").await).0, with: 409, without: 409;
    not_ready_after_reset: "ilo-not-ready-after-reset", |world| {
            world.on().await;
            let first = world.reset("ForceRestart").await.status;
            let second = code(&world.reset("ForceRestart").await);
            world.wait(6).await;
            (first, second, world.reset("ForceRestart").await.status)
        },
        with: (204, said(400, WRONG_STATE), 204), without: (204, said(204, ""), 204);
    message_id: "ilo4-message-id", |world| {
            let error = world.reset("Nmi").await.json()["error"]["@Message.ExtendedInfo"][0].clone();
            (error["MessageID"].is_string(), error["MessageId"].is_string())
        },
        with: (true, false), without: (false, true);
    manager_reset_without_type: "ilo-manager-reset-without-type", |world| {
            let reset = world.get(MANAGER).await.json()["Actions"]["#Manager.Reset"].as_object().unwrap().len();
            let typed = code(&world.reset_bmc().await);
            let path = format!("{MANAGER}/Actions/Manager.Reset");
            let bare = world.fresh("POST", &path, Some(json!({}))).await.map(|reply| reply.status);
            (reset, typed, bare)
        },
        with: (1, said(400, "Base.1.4.ActionParameterNotSupported"), Some(204)),
        without: (3, said(204, ""), None);
    boot_mode_refused: "ilo-boot-mode-refused", |world| {
            let mode = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe", "BootSourceOverrideMode": "UEFI"});
            let refused = boot(world, mode).await;
            (refused, world.set_boot("Once", "Cd").await.status, world.boot().await)
        },
        with: (said(400, "iLO.2.8.PropertyNotWritableOrUnknown"), 200, "Once Cd UEFI".to_owned()),
        without: (said(200, ""), 200, "Once Cd UEFI".to_owned());
    no_boot_mode: "ilo4-no-boot-mode", |world| {
            let shown = world.boot().await;
            (shown, boot(world, json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideMode": "UEFI", "BootSourceOverrideTarget": "Pxe"})).await)
        },
        with: ("Disabled None ?".to_owned(), said(400, "iLO.2.8.PropertyNotWritableOrUnknown")),
        without: ("Disabled None UEFI".to_owned(), said(200, ""));
    not_during_post: "ilo-not-during-post", |world| {
            world.on().await;
            world.reset("ForceRestart").await;
            let refused = code(&world.set_boot("Once", "Pxe").await);
            world.wait(120).await;
            (refused, world.set_boot("Once", "Pxe").await.status)
        },
        with: (said(400, "iLO.2.37.UnableToModifyDuringSystemPOST"), 200), without: (said(200, ""), 200);
    clear_keeps_target: "ilo-clear-keeps-target", |world| {
            world.command(Command::SetOverride(Some(CD_ONCE)));
            let both = boot(world, json!({"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"})).await;
            let kept = boot(world, json!({"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "Cd"})).await;
            (both, kept, world.control.truth().override_)
        },
        with: (said(400, "Base.1.4.PropertyValueNotInList"), said(200, ""), None),
        without: (said(200, ""), said(200, ""), None);
    bios_in_lower_case: "ilo-bios-in-lower-case", |world| {
            let link = world.system().await["Bios"]["@odata.id"].as_str().unwrap().to_owned();
            let bios = world.get(&link).await.json();
            let settings = bios["@Redfish.Settings"]["SettingsObject"]["@odata.id"].as_str().unwrap().to_owned();
            (link, world.get(&settings).await.status, settings)
        },
        with: ("/redfish/v1/systems/1/bios".to_owned(), 200, "/redfish/v1/systems/1/bios/settings".to_owned()),
        without: ("/redfish/v1/Systems/1/Bios".to_owned(), 200, "/redfish/v1/Systems/1/Bios/Settings".to_owned());
    eject_needs_body: "ilo-eject-needs-body", |world| {
            let eject = "/redfish/v1/Systems/1/VirtualMedia/CD1/Actions/VirtualMedia.EjectMedia";
            (world.send("POST", eject, None).await.status == 415, world.send("POST", eject, Some(json!({}))).await.status == 415)
        },
        with: (true, false), without: (false, false);
    any_etag_refused: "ilo-any-etag-refused", |world| {
            let off = || Some(json!({"IndicatorLED": "Off"}));
            let tag = world.get(SYSTEM).await.header("ETag").unwrap().to_owned();
            let any = with_header(world, "PATCH", SYSTEM, ("If-Match", "*"), off()).await;
            (code(&any), with_header(world, "PATCH", SYSTEM, ("If-Match", &tag), off()).await.status)
        },
        with: (said(412, "Base.1.4.PreconditionFailed"), 200), without: (said(200, ""), 200);
    members_without_etag: "ilo-members-without-etag", |world| {
            let systems = world.get("/redfish/v1/Systems?$expand=.").await.json();
            let member = systems["Members"][0].clone();
            (member["Id"].clone(), member.get("@odata.etag").is_some(), systems["@odata.etag"].is_string())
        },
        with: (json!("1"), false, true), without: (json!("1"), true, true);
    idle_connection_reset: "ilo-idle-connection-reset", |world| (used_again(world, 3).await, used_again(world, 8).await),
        with: (true, false), without: (true, true);
    identity_refused: "ilo-identity-refused", |world| {
            let plain = ("Accept-Encoding", "identity");
            let registries = with_header(world, "GET", "/redfish/v1/Registries", plain, None).await.status;
            (registries, world.get("/redfish/v1/Registries").await.status, with_header(world, "GET", SYSTEM, plain, None).await.status)
        },
        with: (406, 200, 200), without: (200, 200, 200);
    success_as_error: "ilo-success-as-error", |world| {
            let (reset, patch) = (world.reset("On").await, world.set_light("Lit").await);
            (code(&reset), patch.status, patch.json().get("error").is_some(), world.log_in().await.0.status)
        },
        with: (said(200, "Base.1.4.Success"), 200, true, 201), without: (said(204, ""), 200, false, 201);
    reset_required: "ilo-reset-required", |world| {
            let secure_boot = format!("{SYSTEM}/SecureBoot");
            let change = world.send("PATCH", &secure_boot, Some(json!({"SecureBootEnable": true}))).await;
            let settings = format!("{SYSTEM}/Bios/Settings");
            let setting = world.send("PATCH", &settings, Some(json!({"Attributes": {"QuietBoot": false}}))).await;
            (code(&change), code(&setting), world.set_light("Lit").await.json().get("error").is_some())
        },
        with: (said(200, "iLO.2.15.SystemResetRequired"), said(200, "iLO.2.15.SystemResetRequired"), false),
        without: (said(200, ""), said(200, ""), false);
    accounts_without_types: "ilo-accounts-without-types", |world| {
            let account = account(world).await;
            (account.get("AccountTypes").is_some(), account["RoleId"].is_string())
        },
        with: (false, true), without: (true, true);
    drives_without_state: "ilo-drives-without-state", |world| {
            let status = world.get("/redfish/v1/Chassis/1/Drives/1").await.json()["Status"].clone();
            (status.get("State").is_some(), status["Health"].clone())
        },
        with: (false, json!("OK")), without: (true, json!("OK"));
    basic_unadvertised: "ilo-basic-unadvertised", |world| {
            let stranger = world.bare("GET", SYSTEM, &[], None).await;
            (stranger.status, stranger.header("WWW-Authenticate").is_some(), world.get(SYSTEM).await.status)
        },
        with: (401, false, 200), without: (401, true, 200);
    mac_upper_case: "ilo-mac-upper-case", |world| {
            let interface = world.get(&format!("{MANAGER}/EthernetInterfaces/1")).await.json();
            let mac = interface["MACAddress"].as_str().unwrap().to_owned();
            (mac == mac.to_ascii_uppercase(), mac.to_ascii_lowercase() == interface_mac(world))
        },
        with: (true, true), without: (false, true);
    no_image_is_empty: "ilo-no-image-is-empty", |world| {
            world.get("/redfish/v1/Systems/1/VirtualMedia/CD1").await.json()["Image"].clone()
        },
        with: json!(""), without: Value::Null;
}

fn interface_mac(world: &World) -> String {
    world.control.truth().id.mac_text()
}
