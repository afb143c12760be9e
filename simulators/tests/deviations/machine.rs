//! Boot, light, identity, sessions, and the BMC's own restart.

use crate::world::{PXE_ONCE, SESSIONS, SYSTEM, World};
use halmark_simulators::machine::{Device, Host, Lasting, Led, Mode, Override};
use serde_json::{Value, json};

/// What the next boot of a running host takes.
async fn next_boot(world: &World) -> String {
    world.reset("PowerCycle").await;
    let log = world.log().await;
    log.split(' ').rfind(|name| name.starts_with("host.boot:")).unwrap_or_default().to_owned()
}

/// What is shown and what is booted after a one-time override.
async fn once_pxe(world: &World) -> (String, String) {
    world.on().await;
    assert_eq!(world.set_boot("Once", "Pxe").await.status, 200);
    (world.boot().await, next_boot(world).await)
}

fn pair(first: &str, second: &str) -> (String, String) {
    (first.to_owned(), second.to_owned())
}

async fn stored(world: &World, enabled: &str) -> (Option<Lasting>, Option<Mode>) {
    world.set_boot(enabled, "Pxe").await;
    let truth = world.control.truth().override_;
    (truth.map(|it| it.lasting), truth.map(|it| it.mode))
}

async fn text(world: &World, property: &str) -> String {
    world.system().await[property].as_str().unwrap_or_default().to_owned()
}

/// Whether a property is the same after a restart of the host, and at first the truth.
async fn survives_restart(world: &World, property: &str, truth: &str) -> (bool, bool) {
    world.on().await;
    let before = text(world, property).await;
    world.reset("ForceRestart").await;
    world.wait(600).await;
    (before == truth, before == text(world, property).await)
}

/// The log after a restart of the BMC with a host that runs.
async fn after_bmc_reset(world: &World) -> (u16, String) {
    world.on().await;
    (world.reset_bmc().await.status, world.log().await)
}

twins! {
    override_ignored: "override-ignored", |world| once_pxe(world).await,
        with: pair("Once Pxe UEFI", "host.boot:disk"), without: pair("Once Pxe UEFI", "host.boot:pxe");
    override_wrong_device: "override-wrong-device", |world| once_pxe(world).await,
        with: pair("Once Pxe UEFI", "host.boot:cdrom"), without: pair("Once Pxe UEFI", "host.boot:pxe");
    override_not_stored: "override-not-stored", |world| once_pxe(world).await,
        with: pair("Disabled None UEFI", "host.boot:disk"), without: pair("Once Pxe UEFI", "host.boot:pxe");
    once_dropped_early: "once-dropped-early", |world| once_pxe(world).await,
        with: pair("Once Pxe UEFI", "host.boot:disk"), without: pair("Once Pxe UEFI", "host.boot:pxe");
    once_never_consumed: "once-never-consumed", |world| {
            once_pxe(world).await;
            next_boot(world).await
        },
        with: "host.boot:pxe", without: "host.boot:disk";
    once_is_continuous: "once-is-continuous", |world| stored(world, "Once").await.0,
        with: Some(Lasting::Continuous), without: Some(Lasting::Once);
    continuous_is_once: "continuous-is-once", |world| stored(world, "Continuous").await.0,
        with: Some(Lasting::Once), without: Some(Lasting::Continuous);
    mode_forgotten: "mode-forgotten", |world| stored(world, "Once").await.1,
        with: Some(Mode::Legacy), without: Some(Mode::Uefi);
    override_resets_host: "override-resets-host", |world| {
            world.on().await;
            world.set_boot("Once", "Pxe").await;
            world.control.truth().host
        },
        with: Host::Post, without: Host::Os;
    override_lost_on_bmc_reset: "override-lost-on-bmc-reset", |world| {
            world.control.establish_override(Some(PXE_ONCE));
            world.reset_bmc().await;
            world.control.truth().override_
        },
        with: None, without: Some(PXE_ONCE);
    continuous_refused: "continuous-refused", |world| {
            let reply = world.set_boot("Continuous", "Pxe").await;
            (reply.status, reply.message())
        },
        with: (400, "PropertyValueNotInList".to_owned()), without: (200, String::new());
    not_ready_after_post: "not-ready-after-post", |world| {
            world.reset("On").await;
            world.wait(5).await;
            assert_eq!(world.control.truth().host, Host::Post);
            let during = world.set_boot("Once", "Pxe").await.status;
            world.wait(60).await;
            (during, world.set_boot("Once", "Pxe").await.status)
        },
        with: (400, 200), without: (200, 200);

    identify_does_nothing: "identify-does-nothing", |world| {
            let status = world.set_light("Lit").await.status;
            (status, world.control.truth().led)
        },
        with: (200, Led::Unlit), without: (200, Led::Lit);
    identify_goes_dark: "identify-goes-dark", |world| {
            world.set_light("Lit").await;
            world.wait(14).await;
            let before = world.control.truth().led;
            world.wait(2).await;
            (before, world.control.truth().led)
        },
        with: (Led::Lit, Led::Unlit), without: (Led::Lit, Led::Lit);
    identify_stuck_lit: "identify-stuck-lit", |world| {
            world.set_light("Lit").await;
            world.set_light("Off").await;
            world.control.truth().led
        },
        with: Led::Lit, without: Led::Unlit;
    identify_lies: "identify-lies", |world| text(world, "IndicatorLED").await, with: "Lit", without: "Off";

    uuid_changes_on_read: "uuid-changes-on-read", |world| text(world, "UUID").await == text(world, "UUID").await,
        with: false, without: true;
    uuid_changes_on_reset: "uuid-changes-on-reset", |world| {
            survives_restart(world, "UUID", &world.control.truth().id.uuid_text()).await
        },
        with: (true, false), without: (true, true);
    serial_changes_on_reset: "serial-changes-on-reset", |world| {
            survives_restart(world, "SerialNumber", &world.control.truth().id.serial).await
        },
        with: (true, false), without: (true, true);
    uuid_nil: "uuid-nil", |world| text(world, "UUID").await == "00000000-0000-0000-0000-000000000000",
        with: true, without: false;
    uuid_swapped: "uuid-swapped", |world| {
            let (shown, truth) = (text(world, "UUID").await, world.control.truth().id.uuid_text());
            (shown == truth, shown[0..2] == truth[6..8], shown[19..] == truth[19..])
        },
        with: (false, true, true), without: (true, false, true);
    uuid_upper_case: "uuid-upper-case", |world| {
            text(world, "UUID").await == world.control.truth().id.uuid_text().to_uppercase()
        },
        with: true, without: false;
    serial_missing: "serial-missing", |world| world.system().await.get("SerialNumber").is_some(),
        with: false, without: true;
    serial_padded: "serial-padded", |world| text(world, "SerialNumber").await.ends_with("   \0"),
        with: true, without: false;
    firmware_missing: "firmware-missing", |world| {
            world.get("/redfish/v1/Managers/1").await.json().get("FirmwareVersion").is_some()
        },
        with: false, without: true;
    mac_of_another: "mac-of-another", |world| {
            let shown = world.get("/redfish/v1/Managers/1/EthernetInterfaces/1").await.json();
            shown["MACAddress"] == world.control.truth().id.mac_text().as_str()
        },
        with: false, without: true;

    any_password: "any-password", |world| {
            let body = json!({"UserName": "admin", "Password": "wrong"});
            world.bare("POST", SESSIONS, &[], Some(body)).await.status
        },
        with: 201, without: 401;
    logout_ignored: "logout-ignored", |world| {
            let (reply, token) = world.log_in().await;
            let at = reply.header("Location").unwrap().to_owned();
            let logout = world.bare("DELETE", &at, &[("X-Auth-Token", &token)], None).await.status;
            (logout, world.with_token(&token).await)
        },
        with: (204, 200), without: (204, 401);
    token_never_checked: "token-never-checked", |world| world.with_token("guess").await, with: 200, without: 401;
    basic_only: "basic-only", |world| {
            let root = world.bare("GET", "/redfish/v1/", &[], None).await.json();
            (world.get(SYSTEM).await.status, world.log_in().await.0.status, root.get("SessionService").is_some())
        },
        with: (200, 401, false), without: (200, 201, true);
    session_only: "session-only", |world| {
            let (login, token) = world.log_in().await;
            (world.get(SYSTEM).await.status, login.status, world.with_token(&token).await)
        },
        with: (401, 201, 200), without: (200, 201, 200);
    absolute_location: "absolute-location", |world| {
            world.log_in().await.0.header("Location").unwrap().starts_with("http://bmc/redfish/")
        },
        with: true, without: false;
    no_location: "no-location", |world| world.log_in().await.0.header("Location").is_some(),
        with: false, without: true;
    session_answers_200: "session-answers-200", |world| world.log_in().await.0.status, with: 200, without: 201;

    bmc_reset_ignored: "bmc-reset-ignored", |world| after_bmc_reset(world).await,
        with: (204, String::new()), without: (204, "bmc.reset bmc.ready".to_owned());
    bmc_reset_resets_host: "bmc-reset-resets-host", |world| {
            let (status, log) = after_bmc_reset(world).await;
            (status, log.contains("host.reset"), log.contains("bmc.ready"))
        },
        with: (204, true, true), without: (204, false, true);
    bmc_reset_never_returns: "bmc-reset-never-returns", |world| after_bmc_reset(world).await,
        with: (204, "bmc.reset".to_owned()), without: (204, "bmc.reset bmc.ready".to_owned());
}

#[tokio::test(start_paused = true)]
async fn an_override_that_is_ignored_is_stored_in_truth() {
    let world = World::with(&["override-ignored"]).await;
    world.set_boot("Continuous", "Cd").await;
    let stored = Override { device: Device::Cdrom, lasting: Lasting::Continuous, mode: Mode::Uefi };
    assert_eq!(world.control.truth().override_, Some(stored));
    assert_eq!(world.system().await["Boot"]["BootSourceOverrideTarget"], Value::from("Cd"));
}
