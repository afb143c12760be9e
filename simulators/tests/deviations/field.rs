//! Quirks from the field: Supermicro, Lenovo, AMI, OpenBMC and others.

use crate::world::{MANAGER, Reply, SYSTEM, World};
use halmark_simulators::machine::{Device, Host, Lasting, Led, Mode, Override};
use serde_json::{Value, json};

const MEDIA: &str = "/redfish/v1/Systems/1/VirtualMedia/CD1";

/// The status of an answer, and what it says first.
fn told(reply: &Reply) -> (u16, String) {
    (reply.status, reply.message())
}

fn said(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

/// The text of the first message, or of the error.
fn words(reply: &Reply) -> String {
    reply.json()["error"]["@Message.ExtendedInfo"][0]["Message"].as_str().unwrap_or_default().to_owned()
}

async fn insert(world: &World, body: Value) -> Reply {
    world.send("POST", &format!("{MEDIA}/Actions/VirtualMedia.InsertMedia"), Some(body)).await
}

async fn eject(world: &World) -> Reply {
    world.send("POST", &format!("{MEDIA}/Actions/VirtualMedia.EjectMedia"), Some(json!({}))).await
}

/// What the next boot of a host that is off takes, and what the BMC called it before.
async fn boot_from(world: &World, target: &str) -> (String, String) {
    let boot = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": target, "BootSourceOverrideMode": "UEFI"});
    assert_eq!(world.patch(json!({"Boot": boot})).await.status, 200);
    let shown = world.system().await["Boot"]["BootSourceOverrideTarget"].as_str().unwrap().to_owned();
    world.reset("On").await;
    let log = world.log().await;
    (shown, log.split(' ').rfind(|name| name.starts_with("host.boot:")).unwrap_or_default().to_owned())
}

async fn tagged(world: &World, tag: Option<&str>, headers: &[(&str, &str)]) -> Reply {
    let (user, password) = world.control.credentials();
    let basic = crate::world::basic(&user, &password);
    let mut all = vec![("Authorization", basic.as_str())];
    all.extend(headers);
    all.extend(tag.map(|tag| ("If-Match", tag)));
    world.bare("PATCH", SYSTEM, &all, Some(json!({"IndicatorLED": "Off"}))).await
}

/// The ETag of the system for those who take gzip.
async fn tag(world: &World) -> String {
    let (user, password) = world.control.credentials();
    let basic = crate::world::basic(&user, &password);
    let headers = [("Authorization", basic.as_str()), ("Accept-Encoding", "gzip")];
    world.bare("GET", SYSTEM, &headers, None).await.header("ETag").unwrap_or("none").to_owned()
}

async fn property(world: &World, path: &str, pointer: &str) -> Value {
    world.get(path).await.json().pointer(pointer).cloned().unwrap_or_else(|| json!("absent"))
}

const UNTAGGED: Option<&str> = None;

twins! {
    smc_by_name: "smc-by-name", |world| {
            let targets = property(world, SYSTEM, "/Boot/BootSourceOverrideTarget@Redfish.AllowableValues").await;
            (property(world, SYSTEM, "/Manufacturer").await == "Supermicro", targets.to_string().contains("UsbCd"))
        },
        with: (true, true), without: (false, false);
    smc_glued_reset_types: "smc-glued-reset-types", |world| {
            let listed = property(world, SYSTEM, "/Actions/#ComputerSystem.Reset/ResetType@Redfish.AllowableValues").await;
            world.on().await;
            let glued = listed.to_string().contains("\"GracefulShutdownGracefulRestart\"");
            (glued, world.reset("GracefulShutdown").await.status)
        },
        with: (true, 204), without: (false, 204);
    smc_cd_boots_nothing: "smc-cd-boots-nothing", |world| boot_from(world, "Cd").await,
        with: ("Cd".to_owned(), "host.boot:disk".to_owned()), without: ("Cd".to_owned(), "host.boot:cdrom".to_owned());
    smc_mode_falls_to_legacy: "smc-mode-falls-to-legacy", |world| {
            world.set_boot("Once", "Pxe").await;
            world.control.truth().override_
        },
        with: Some(Override { device: Device::Pxe, lasting: Lasting::Once, mode: Mode::Legacy }),
        without: Some(Override { device: Device::Pxe, lasting: Lasting::Once, mode: Mode::Uefi });
    smc_mode_demanded: "smc-mode-demanded", |world| {
            let bare = world.set_boot("Once", "Pxe").await;
            let boot = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe", "BootSourceOverrideMode": "UEFI"});
            (told(&bare), world.patch(json!({"Boot": boot})).await.status)
        },
        with: (said(400, "PropertyMissing"), 200), without: (said(200, ""), 200);
    smc_enabled_demanded: "smc-enabled-demanded", |world| {
            world.set_boot("Once", "Pxe").await;
            told(&world.patch(json!({"Boot": {"BootSourceOverrideTarget": "Hdd"}})).await)
        },
        with: said(400, "PropertyMissing"), without: said(200, "");
    smc_pending_without_attributes: "smc-pending-without-attributes", |world| {
            let in_settings = property(world, "/redfish/v1/Systems/1/Bios/Settings", "/Attributes").await.is_object();
            (in_settings, property(world, "/redfish/v1/Systems/1/Bios", "/Attributes").await.is_object())
        },
        with: (false, true), without: (true, true);
    smc_license_needed: "smc-license-needed", |world| {
            (told(&world.get("/redfish/v1/Systems/1/SecureBoot").await), world.get(SYSTEM).await.status)
        },
        with: (said(403, "OemLicenseNotPassed"), 200), without: (said(200, ""), 200);
    smc_media_takes_image_only: "smc-media-takes-image-only", |world| {
            let whole = insert(world, json!({"Image": "http://h/a.iso", "Inserted": true, "WriteProtected": true})).await;
            let lean = insert(world, json!({"Image": "http://h/a.iso"})).await;
            [words(&whole), words(&lean)].map(|it| it.contains("property Inserted is not in the list of valid"))
        },
        with: [true, false], without: [false, false];
    smc_eject_when_empty_fails: "smc-eject-when-empty-fails", |world| eject(world).await.message() == "InternalError",
        with: true, without: false;
    accepted_without_task: "accepted-without-task", |world| {
            let reply = world.set_light("Lit").await;
            let is_bare = reply.body.is_empty() && reply.header("Location").is_none();
            (reply.status, is_bare, world.control.truth().led, world.log_in().await.0.status)
        },
        with: (202, true, Led::Lit, 201), without: (200, false, Led::Lit, 201);

    lenovo_by_name: "lenovo-by-name", |world| {
            let vendor = property(world, "/redfish/v1", "/Vendor").await == "Lenovo";
            (vendor, property(world, SYSTEM, "/Manufacturer").await == "Lenovo")
        },
        with: (true, true), without: (false, false);
    lenovo_restart_hangs: "lenovo-restart-hangs", |world| {
            world.on().await;
            let status = world.reset("ForceRestart").await.status;
            world.wait(3600).await;
            (status, world.control.truth().host)
        },
        with: (204, Host::Hung), without: (204, Host::Os);
    lenovo_pending_refuses_boot: "lenovo-pending-refuses-boot", |world| {
            let link = property(world, SYSTEM, "/@Redfish.Settings/SettingsObject/@odata.id").await;
            let pending = link.as_str().unwrap_or("/redfish/v1/Systems/1/Pending").to_owned();
            let boot = json!({"Boot": {"BootSourceOverrideEnabled": "Once"}});
            let reply = world.send("PATCH", &pending, Some(boot)).await;
            (world.get(&pending).await.status, told(&reply))
        },
        with: (200, said(400, "PropertyNotWritable")), without: (404, said(404, "ResourceMissingAtURI"));
    lenovo_if_match_refused: "lenovo-if-match-refused", |world| {
            let right = tag(world).await;
            (told(&tagged(world, Some(&right), &[]).await), tagged(world, UNTAGGED, &[]).await.status)
        },
        with: (said(412, "PreconditionFailed"), 200), without: (said(200, ""), 200);
    lenovo_media_by_patch: "lenovo-media-by-patch", |world| property(world, MEDIA, "/Actions").await.is_object(),
        with: false, without: true;
    lenovo_expiration_without_seconds: "lenovo-expiration-without-seconds", |world| {
            let accounts = property(world, "/redfish/v1/AccountService/Accounts", "/Members/0/@odata.id").await;
            property(world, accounts.as_str().unwrap(), "/PasswordExpiration").await == "2027-10-26T16:49+00:00"
        },
        with: true, without: false;

    ami_by_name: "ami-by-name", |world| {
            let root = world.get("/redfish/v1/").await.json();
            (root["Vendor"] == "AMI", root["Oem"]["Ami"].is_object())
        },
        with: (true, true), without: (false, false);
    ami_etag_demanded: "ami-etag-demanded", |world| {
            let (bare, right) = (tagged(world, UNTAGGED, &[]).await, tag(world).await);
            (told(&bare), tagged(world, Some(&right), &[]).await.status)
        },
        with: (said(428, "PreconditionHeaderMissing"), 200), without: (said(200, ""), 200);
    ami_own_etag_refused: "ami-own-etag-refused", |world| {
            let given = tag(world).await;
            let strong = given.trim_start_matches("W/").to_owned();
            let mut statuses = Vec::new();
            for tag in [given.as_str(), strong.as_str(), "*"] {
                statuses.push(tagged(world, Some(tag), &[]).await.status);
            }
            (given.starts_with("W/"), statuses)
        },
        with: (true, vec![412, 412, 200]), without: (false, vec![200, 200, 200]);
    ami_untagged_dropped: "ami-untagged-dropped", |world| {
            let status = world.set_light("Lit").await.status;
            (status, world.control.truth().led)
        },
        with: (204, Led::Unlit), without: (200, Led::Lit);
    ami_partial_boot_not_applied: "ami-partial-boot-not-applied", |world| {
            let status = world.set_boot("Once", "Pxe").await.status;
            let partial = (status, world.control.truth().override_.is_some());
            let boot = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe", "BootSourceOverrideMode": "UEFI"});
            world.patch(json!({"Boot": boot})).await;
            (partial, world.control.truth().override_.is_some())
        },
        with: ((204, false), true), without: ((200, true), true);
    media_wants_protocol: "media-wants-protocol", |world| {
            let refused = insert(world, json!({"Image": "http://h/a.iso"})).await;
            let related = refused.json()["error"]["@Message.ExtendedInfo"][0]["RelatedProperties"][0].clone();
            let taken = insert(world, json!({"Image": "http://h/a.iso", "TransferProtocolType": "HTTP"})).await;
            (related == "/TransferProtocolType", taken.message() == "ActionParameterMissing")
        },
        with: (true, false), without: (false, false);
    media_wants_protocol_in_words: "media-wants-protocol-in-words", |world| {
            let refused = insert(world, json!({"Image": "http://h/a.iso"})).await;
            (refused.message() == "GeneralError", words(&refused).starts_with("'TransferProtocolType'"))
        },
        with: (true, true), without: (false, false);
    media_wants_method_in_words: "media-wants-method-in-words", |world| {
            let refused = insert(world, json!({"Image": "http://h/a.iso"})).await;
            (refused.message() == "GeneralError", words(&refused).starts_with("'TransferMethod'"))
        },
        with: (true, true), without: (false, false);
    dgx_media_wants_credentials: "dgx-media-wants-credentials", |world| {
            let refused = insert(world, json!({"Image": "http://h/a.iso"})).await;
            words(&refused).contains("requires the parameter UserName") && refused.json()["error"].get("code").is_none()
        },
        with: true, without: false;
    dgx_root_without_links: "dgx-root-without-links", |world| {
            let root = world.get("/redfish/v1/").await.json();
            (root.get("Systems").is_some(), root.get("AccountService").is_some(), world.get(SYSTEM).await.status)
        },
        with: (false, true, 200), without: (true, true, 200);
    dgx_foreign_members: "dgx-foreign-members", |world| {
            let first = property(world, "/redfish/v1/Systems", "/Members/0/@odata.id").await;
            (first == SYSTEM, property(world, "/redfish/v1/Managers", "/Members@odata.count").await)
        },
        with: (false, json!(2)), without: (true, json!(1));
    boot_order_with_names: "boot-order-with-names", |world| property(world, SYSTEM, "/Boot/BootOrder/0").await,
        with: json!("Boot0001: Ubuntu"), without: json!("Boot0001");
    lists_for_objects: "lists-for-objects", |world| {
            let pcie = property(world, "/redfish/v1/Chassis/1/PCIeDevices/NIC1", "/PCIeInterface").await;
            (pcie.is_array(), property(world, "/redfish/v1/Chassis/1/PowerSubsystem", "/Allocation").await.is_array())
        },
        with: (true, true), without: (false, false);

    slot_without_insert: "slot-without-insert", |world| {
            let second = property(world, "/redfish/v1/Systems/1/VirtualMedia/USB1", "/Actions").await;
            (property(world, MEDIA, "/Actions").await.is_object(), second.is_object())
        },
        with: (false, true), without: (true, true);
    slot_refuses_insert: "slot-refuses-insert", |world| insert(world, json!({"Image": "http://h/a.iso"})).await.status == 405,
        with: true, without: false;
    cisco_dvd_only: "cisco-dvd-only", |world| {
            let types = property(world, MEDIA, "/MediaTypes").await;
            (types == json!(["DVD"]), property(world, SYSTEM, "/EthernetInterfaces").await.is_object())
        },
        with: (true, false), without: (false, true);
    cisco_power_shape: "cisco-power-shape", |world| {
            let power = world.get("/redfish/v1/Chassis/1/Power").await.json();
            let supply = &power["PowerSupplies"][0];
            let shape = (power["PowerControl"].is_object(), supply["LineInputVoltage"].is_string());
            (power["@odata.type"] == "#Cisco_Power", shape, supply["Status"]["State"].clone())
        },
        with: (true, (true, true), json!("enabled")), without: (false, (false, false), json!("Enabled"));
    bluefield_bios_fails: "bluefield-bios-fails", |world| told(&world.get("/redfish/v1/Systems/1/Bios").await),
        with: said(500, "InternalError"), without: said(200, "");
    bluefield_null_members: "bluefield-null-members", |world| {
            let sessions = property(world, "/redfish/v1/SessionService/Sessions", "/Members").await;
            (sessions, property(world, "/redfish/v1/Systems", "/Members").await.is_array())
        },
        with: (Value::Null, true), without: (json!([]), true);
    bluefield_uuid_template: "bluefield-uuid-template", |world| {
            world.reset("On").await;
            world.wait(6).await;
            let while_booting = property(world, "/redfish/v1/Chassis/1", "/UUID").await == "$DEVICE_UUID";
            (property(world, SYSTEM, "/UUID").await == "", while_booting)
        },
        with: (true, true), without: (false, false);
    pcie_members_without_id: "pcie-members-without-id", |world| {
            let first = async || property(world, "/redfish/v1/Chassis/1/PCIeDevices", "/Members/0/@odata.id").await != "absent";
            let before = first().await;
            world.reset("On").await;
            world.wait(6).await;
            (before, first().await)
        },
        with: (true, false), without: (true, true);
    clock_with_microseconds: "clock-with-microseconds", |world| {
            property(world, MANAGER, "/DateTime").await.as_str().unwrap().ends_with(".000123+00:00")
        },
        with: true, without: false;

    state_missing_after_reset: "state-missing-after-reset", |world| {
            world.on().await;
            world.reset("ForceRestart").await;
            let at_once = world.power_word().await;
            world.wait(6).await;
            (at_once, world.power_word().await)
        },
        with: (Value::Null, json!("On")), without: (json!("On"), json!("On"));
    refusal_in_words: "refusal-in-words", |world| {
            let reply = world.reset("GracefulRestart").await;
            (told(&reply), words(&reply).contains("already powered off"))
        },
        with: (said(400, "GeneralError"), true), without: (said(409, "ResourceInStandby"), false);
    etag_demanded_by_412: "etag-demanded-by-412", |world| {
            let right = tag(world).await;
            (tagged(world, UNTAGGED, &[]).await.status, tagged(world, Some(&right), &[]).await.status)
        },
        with: (412, 200), without: (200, 200);
    weak_etag_after_gzip: "weak-etag-after-gzip", |world| {
            let weak = tag(world).await;
            let plain = world.get(SYSTEM).await.header("ETag").unwrap().to_owned();
            let is_weak = [&weak, &plain].map(|tag| tag.starts_with("W/"));
            (is_weak, tagged(world, Some(&weak), &[]).await.status, tagged(world, Some(&plain), &[]).await.status)
        },
        with: ([true, false], 412, 200), without: ([false, false], 200, 200);
    etag_empty: "etag-empty", |world| {
            let given = tag(world).await;
            (given.is_empty(), tagged(world, Some(&given), &[]).await.status)
        },
        with: (true, 412), without: (false, 200);
    etag_unquoted: "etag-unquoted", |world| {
            let given = tag(world).await;
            let bare = given.trim_matches('"').to_owned();
            (tagged(world, Some(&given), &[]).await.status, tagged(world, Some(&bare), &[]).await.status)
        },
        with: (412, 200), without: (200, 412);
    session_service_hidden: "session-service-hidden", |world| {
            let root = world.get("/redfish/v1/").await.json();
            let linked = (root.get("SessionService").is_some(), root["Links"]["Sessions"].is_object());
            (linked, world.get("/redfish/v1/SessionService").await.status, world.log_in().await.0.status)
        },
        with: ((false, true), 401, 201), without: ((true, true), 200, 201);
    tokens_refused: "tokens-refused", |world| {
            let (reply, token) = world.log_in().await;
            (reply.status, world.with_token(&token).await, world.get(SYSTEM).await.status)
        },
        with: (201, 401, 200), without: (201, 200, 200);
    forbidden_in_xhtml: "forbidden-in-xhtml", |world| {
            let who = world.control.accounts().last().unwrap().0.clone();
            let reset = format!("{SYSTEM}/Actions/ComputerSystem.Reset");
            let reply = world.send_as(&who, "POST", &reset, Some(json!({"ResetType": "On"}))).await;
            (reply.status, reply.text().starts_with("<?xml"))
        },
        with: (403, true), without: (403, false);
    test_events_apart: "test-events-apart", |world| {
            let at = "/redfish/v1/EventService/Actions/EventService.SubmitTestEvent";
            let mut refused = Vec::new();
            for pause in [2, 15, 0] {
                let event = json!({"EventType": "Alert", "MessageId": "Base.1.19.Success", "Message": "test"});
                let reply = world.send("POST", at, Some(event)).await;
                refused.push(words(&reply).contains("test event is being sent"));
                world.wait(pause).await;
            }
            refused
        },
        with: vec![false, true, false], without: vec![false, false, false];
    message_without_registry: "message-without-registry", |world| {
            let info = world.reset("Sideways").await.json()["error"]["@Message.ExtendedInfo"][0].clone();
            (info["MessageId"].as_str().unwrap().contains('.'), info.get("MessageArgs").is_some())
        },
        with: (false, false), without: (true, true);
    processor_types_swapped: "processor-types-swapped", |world| {
            let processor = world.get("/redfish/v1/Systems/1/Processors/CPU1").await.json();
            (processor["Socket"].is_number(), processor["MaxSpeedMHz"].is_string())
        },
        with: (true, true), without: (false, false);
    no_managed_by: "no-managed-by", |world| {
            let manager = property(world, MANAGER, "/Links/ManagerForServers/0/@odata.id").await;
            (property(world, SYSTEM, "/Links/ManagedBy").await.is_array(), manager == SYSTEM)
        },
        with: (false, true), without: (true, true);
    host_mac_empty: "host-mac-empty", |world| {
            let host = property(world, "/redfish/v1/Systems/1/EthernetInterfaces/1", "/MACAddress").await;
            let own = property(world, "/redfish/v1/Managers/1/EthernetInterfaces/1", "/MACAddress").await;
            (host == "", own == "")
        },
        with: (true, false), without: (false, false);
    manager_without_actions: "manager-without-actions", |world| {
            (property(world, MANAGER, "/Actions").await.is_object(), world.reset_bmc().await.status)
        },
        with: (false, 204), without: (true, 204);
    defaults_by_another_name: "defaults-by-another-name", |world| {
            let at = format!("{MANAGER}/Actions/Manager.ResetToDefaults");
            let reply = world.send("POST", &at, Some(json!({"ResetType": "ResetAll"}))).await;
            words(&reply).contains("requires the parameter ResetToDefaultsType")
        },
        with: true, without: false;
    light_as_object: "light-as-object", |world| {
            let state = property(world, SYSTEM, "/Status/State").await;
            (property(world, SYSTEM, "/LocationIndicatorActive").await.is_object(), state)
        },
        with: (true, json!("Standby")), without: (false, json!("Disabled"));
    redirects_for_a_slash: "redirects-for-a-slash", |world| {
            let reply = world.set_light("Lit").await;
            let at = reply.header("Location").unwrap_or(SYSTEM).to_owned();
            (reply.status, world.send("PATCH", &at, Some(json!({"IndicatorLED": "Lit"}))).await.status)
        },
        with: (308, 200), without: (200, 200);
    status_without_state: "status-without-state", |world| {
            let status = property(world, SYSTEM, "/Status").await;
            (status.get("State").is_some(), status.get("Health").is_some())
        },
        with: (false, true), without: (true, true);
    first_power_control_null: "first-power-control-null", |world| {
            property(world, "/redfish/v1/Chassis/1/Power", "/PowerControl/0/PowerConsumedWatts").await.is_null()
        },
        with: true, without: false;
    values_in_action_info: "values-in-action-info", |world| {
            let action = property(world, SYSTEM, "/Actions/#ComputerSystem.Reset").await;
            let info = property(world, action["@Redfish.ActionInfo"].as_str().unwrap(), "/Parameters/0/AllowableValues").await;
            (action.get("ResetType@Redfish.AllowableValues").is_some(), info.is_array(), world.reset("On").await.status)
        },
        with: (false, true, 204), without: (true, true, 204);
    clock_years_off: "clock-years-off", |world| {
            property(world, MANAGER, "/DateTime").await.as_str().unwrap().starts_with("2006")
        },
        with: true, without: false;
    accounts_want_etag: "accounts-want-etag", |world| {
            let account = json!({"UserName": "carol", "Password": "long-enough-1", "RoleId": "Operator"});
            world.send("POST", "/redfish/v1/AccountService/Accounts", Some(account)).await.status == 428
        },
        with: true, without: false;
    smc_image_name_stays: "smc-image-name-stays", |world| {
            insert(world, json!({"Image": "http://h/a.iso"})).await;
            eject(world).await;
            (property(world, MEDIA, "/ImageName").await, property(world, MEDIA, "/Inserted").await)
        },
        with: (json!("a.iso"), json!(false)), without: (Value::Null, json!(false));
    lenovo_media_unlisted: "lenovo-media-unlisted", |world| {
            let listed = async || property(world, "/redfish/v1/Systems/1/VirtualMedia", "/Members@odata.count").await;
            let before = listed().await;
            insert(world, json!({"Image": "http://h/a.iso"})).await;
            (before, listed().await)
        },
        with: (json!(0), json!(2)), without: (json!(2), json!(2));
    lenovo_inserted_lags: "lenovo-inserted-lags", |world| {
            insert(world, json!({"Image": "http://h/a.iso"})).await;
            let slot = world.get(MEDIA).await.json();
            world.wait(6).await;
            (slot["Image"].clone(), slot["Inserted"].clone(), property(world, MEDIA, "/Inserted").await)
        },
        with: (json!("http://h/a.iso"), json!(false), json!(true)),
        without: (json!("http://h/a.iso"), json!(true), json!(true));
    lenovo_bare_bios_answer: "lenovo-bare-bios-answer", |world| {
            let change = json!({"Attributes": {"QuietBoot": false}});
            let reply = world.send("PATCH", "/redfish/v1/Systems/1/Bios/Settings", Some(change)).await;
            (reply.status, reply.json().get("Id").is_some(), reply.json()["@odata.context"].is_string())
        },
        with: (200, false, true), without: (200, true, false);
    expanded_members_bare: "expanded-members-bare", |world| {
            let member = property(world, "/redfish/v1/Systems?$expand=.", "/Members/0").await;
            (member.get("Id").is_some(), member.get("PowerState").is_some())
        },
        with: (false, true), without: (true, true);
}
