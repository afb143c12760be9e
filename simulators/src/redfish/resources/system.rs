//! The computer system (DSP0268 ComputerSystem).

use serde_json::{Map, Value, json};

use super::{
    collection, healthy, light, link,
    patch::{Patch, Problem},
    put,
};
use crate::{
    firmware::View,
    machine::{Command, Device, Host, Lasting, Mode, Override, Power},
    redfish::policy::{Paging, Policy},
};

const SYSTEMS: &str = "/redfish/v1/Systems";
/// The query of the second page.
pub(crate) const SECOND_PAGE: &str = "$skiptoken=1";

const TARGETS: &[&str] = &["None", "Pxe", "Hdd", "Cd", "BiosSetup", "Usb", "UefiHttp"];
const MODES: &[&str] = &["UEFI", "Legacy"];

/// The systems: one.
pub(crate) fn systems(policy: &Policy, query: Option<&str>) -> Value {
    let members = vec![link(path(policy))];
    if policy.systems == Paging::Whole || query == Some(SECOND_PAGE) {
        return collection(SYSTEMS, "ComputerSystemCollection", "Computer Systems", members);
    }
    let mut page = collection(SYSTEMS, "ComputerSystemCollection", "Computer Systems", vec![]);
    page["Members@odata.count"] = json!(members.len());
    page["Members@odata.nextLink"] = json!(format!("{SYSTEMS}?{SECOND_PAGE}"));
    page
}

/// The system's path.
pub(crate) fn path(policy: &Policy) -> String {
    format!("{SYSTEMS}/{}", policy.layout.system)
}

/// The system.
pub(crate) fn system(view: &View, policy: &Policy) -> Value {
    let path = path(policy);
    let layout = policy.layout;
    let mut system = json!({
        "@odata.id": path,
        "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
        "Id": layout.system,
        "Name": "Computer System",
        "SystemType": "Physical",
        "UUID": view.id.uuid_text(),
        "AssetTag": "",
        "PowerState": power_word(view.power),
        "Status": status(view.power),
        "BootProgress": {"LastState": progress(view.host)},
        "Boot": boot(view, policy),
        "Links": {
            "Chassis": [link(format!("/redfish/v1/Chassis/{}", layout.own_chassis))],
            "ManagedBy": [link(format!("/redfish/v1/Managers/{}", layout.manager))],
        },
        "Actions": {
            "#ComputerSystem.Reset": {
                "target": format!("{path}/Actions/ComputerSystem.Reset"),
                "ResetType@Redfish.AllowableValues": policy.reset_types,
            },
        },
    });
    put(&mut system, "Manufacturer", &view.id.manufacturer);
    put(&mut system, "Model", &view.id.model);
    put(&mut system, "SerialNumber", &view.id.serial);
    put(&mut system, "PartNumber", &view.id.part_number);
    put(&mut system, "BiosVersion", &view.id.bios_version);
    light::show(&mut system, view, policy);
    system
}

/// What a PATCH of the system asks for, and what is wrong with it.
pub(crate) fn patch(body: &Map<String, Value>, view: &View, policy: &Policy) -> (Vec<Command>, Vec<Value>) {
    let shown = system(view, policy);
    let mut patch = Patch::of(body, "");
    match patch.take("Boot") {
        None => {}
        Some(Value::Object(boot)) => patch.absorb(patch_boot(boot, view, policy, &shown["Boot"])),
        Some(other) => patch.refuse("Boot", Problem::Type(other)),
    }
    light::patch(&mut patch, view, policy);
    patch.end(&shown)
}

/// The command behind a `ResetType`.
pub(crate) fn reset_command(word: &str, power: Power) -> Option<Command> {
    Some(match word {
        "On" | "ForceOn" => Command::PowerOn,
        "ForceOff" => Command::PowerOff,
        "GracefulShutdown" => Command::Shutdown,
        "GracefulRestart" | "ForceRestart" => Command::Reset,
        "Nmi" => Command::Nmi,
        "PushPowerButton" if power == Power::Off => Command::PowerOn,
        "PushPowerButton" => Command::Shutdown,
        "PowerCycle" => Command::Cycle,
        _ => return None,
    })
}

/// Boot override properties: what is not sent stays as it is shown.
fn patch_boot(
    body: &Map<String, Value>,
    view: &View,
    policy: &Policy,
    shown: &Value,
) -> (Vec<Command>, Vec<Value>) {
    let mut patch = Patch::of(body, "/Boot");
    let enabled = patch.one_of("BootSourceOverrideEnabled", policy.override_enabled);
    let target = patch.one_of("BootSourceOverrideTarget", TARGETS);
    let mode = patch.one_of("BootSourceOverrideMode", MODES);
    if enabled.is_some() || target.is_some() || mode.is_some() {
        patch.change(Command::SetOverride(overridden(enabled, target, mode, view.override_)));
    }
    patch.end(shown)
}

fn overridden(
    enabled: Option<&str>,
    target: Option<&str>,
    mode: Option<&str>,
    now: Option<Override>,
) -> Option<Override> {
    let device = target.map_or(now.map(|it| it.device), device)?;
    let lasting = match enabled {
        Some("Once") => Lasting::Once,
        Some("Continuous") => Lasting::Continuous,
        Some(_) => return None,
        None => now?.lasting,
    };
    let mode = match mode {
        Some("Legacy") => Mode::Legacy,
        Some(_) => Mode::Uefi,
        None => now.map_or(Mode::Uefi, |it| it.mode),
    };
    Some(Override { device, lasting, mode })
}

fn boot(view: &View, policy: &Policy) -> Value {
    let (enabled, target, mode) = match view.override_ {
        Some(it) => (enabled_word(it.lasting), target_word(it.device), mode_word(it.mode)),
        None => ("Disabled", "None", "UEFI"),
    };
    json!({
        "BootSourceOverrideEnabled": enabled,
        "BootSourceOverrideEnabled@Redfish.AllowableValues": policy.override_enabled,
        "BootSourceOverrideTarget": target,
        "BootSourceOverrideTarget@Redfish.AllowableValues": TARGETS,
        "BootSourceOverrideMode": mode,
        "BootSourceOverrideMode@Redfish.AllowableValues": MODES,
    })
}

fn power_word(power: Power) -> &'static str {
    match power {
        Power::Off => "Off",
        Power::PoweringOn => "PoweringOn",
        Power::On => "On",
        Power::PoweringOff => "PoweringOff",
    }
}

fn status(power: Power) -> Value {
    match power {
        Power::Off => json!({"State": "Disabled", "Health": "OK"}),
        Power::PoweringOn | Power::PoweringOff => json!({"State": "Starting", "Health": "OK"}),
        Power::On => healthy(),
    }
}

fn progress(host: Host) -> &'static str {
    match host {
        Host::Off => "None",
        Host::Post => "SystemHardwareInitializationComplete",
        Host::Booting | Host::Hung => "OSBootStarted",
        Host::Os | Host::Stopping => "OSRunning",
        Host::Setup => "SetupEntered",
    }
}

fn enabled_word(lasting: Lasting) -> &'static str {
    match lasting {
        Lasting::Once => "Once",
        Lasting::Continuous => "Continuous",
    }
}

fn target_word(device: Device) -> &'static str {
    match device {
        Device::Pxe => "Pxe",
        Device::Disk => "Hdd",
        Device::Cdrom => "Cd",
        Device::Bios => "BiosSetup",
        Device::Usb => "Usb",
        Device::Http => "UefiHttp",
    }
}

fn device(target: &str) -> Option<Device> {
    Device::ALL.iter().copied().find(|device| target_word(*device) == target)
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Uefi => "UEFI",
        Mode::Legacy => "Legacy",
    }
}
