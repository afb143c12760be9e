//! The judge's reading of Redfish (DSP0266, DSP0268): which requests ask for an operation, and what answers say.

use halmark::{BootDevice, BootDuration, BootMode, Identify, Operation, PowerAction, VendorCall};
use serde_json::{Map, Value, json};

use super::{Exchange, Record, accounts, media};
use crate::operation::Call;

/// Whether a request asks for the call: `None` if it is about something else, `Some(false)` if it asks for another value.
pub(super) fn asks(call: &Call, method: &str, path: &str, body: Option<&str>) -> Option<bool> {
    let path = path.trim_end_matches('/');
    let body = || body.and_then(|b| serde_json::from_str::<Value>(b).ok()).unwrap_or(Value::Null);
    match call {
        Call::Plain(Operation::LogClear) => {
            (method == "POST" && path.ends_with("/LogService.ClearLog")).then_some(true)
        }
        Call::Plain(operation) => {
            let action = operation
                .power_action()
                .filter(|_| method == "POST" && path.ends_with("/ComputerSystem.Reset"))?;
            Some(body()["ResetType"].as_str().is_some_and(|word| resets(action).contains(&word)))
        }
        Call::ResetBmc(_) => (method == "POST" && path.ends_with("/Manager.Reset")).then_some(true),
        Call::SetBmcClock(to) => {
            let body = body();
            let said = body.get("DateTime").filter(|_| method == "PATCH")?.as_str();
            let wanted = to.to_string();
            Some(said.is_some_and(|said| said.starts_with(wanted.trim_end_matches('Z'))))
        }
        Call::CreateAccount(_) | Call::UpdateAccount(..) | Call::DeleteAccount(_) => {
            accounts::asks(call, method, path, body)
        }
        Call::InsertMedia(_) | Call::EjectMedia(_) => media::asks(call, method, path, body),
        Call::SetBios(to) => {
            let body = body();
            let said = body.get("Attributes").filter(|_| method == "PATCH")?;
            Some(to.iter().all(|(name, value)| said[name] == json!(value)))
        }
        Call::Vendor(VendorCall::Redfish { method: wanted, path: at, body: said }) => {
            let is_it = method == wanted && path == at.trim_end_matches('/');
            is_it.then(|| said.as_ref().is_none_or(|said| body() == *said))
        }
        Call::Act(action, said) => {
            let is_it = method == "POST" && path.rsplit('/').next() == Some(action);
            // Without parameters it may have an empty object (DSP0266 §7.11).
            let nothing = |said: &Value| said.is_null() || *said == json!({});
            is_it.then(|| said.as_ref().map_or_else(|| nothing(&body()), |said| body() == *said))
        }
        Call::Vendor(VendorCall::Ipmi { .. }) | Call::Talk(_) => None,
        Call::SetBootOverride(to) => {
            let body = body();
            let boot = body.get("Boot").filter(|_| method == "PATCH")?;
            let enabled = boot["BootSourceOverrideEnabled"].as_str();
            let target = boot["BootSourceOverrideTarget"].as_str();
            let mode = boot["BootSourceOverrideMode"].as_str();
            let right_mode = to.mode.is_none_or(|m| mode == Some(mode_word(m)));
            let right = match to.duration {
                BootDuration::None => enabled == Some("Disabled") || target == Some("None"),
                duration => {
                    enabled == Some(enabled_word(duration))
                        && target == Some(target_word(to.device))
                        && right_mode
                }
            };
            Some(right)
        }
        // By which names an entry is known is the BMC's concern.
        Call::SetBootOrder(_) => {
            let body = body();
            let order = body.pointer("/Boot/BootOrder").filter(|_| method == "PATCH")?;
            Some(order.as_array().is_some_and(|order| !order.is_empty()))
        }
        Call::SetIdentify(to) => {
            let body = body();
            let led = body.get("IndicatorLED").and_then(Value::as_str).map(|w| w == led_word(to.state));
            let active = body
                .get("LocationIndicatorActive")
                .and_then(Value::as_bool)
                .map(|lit| lit == (to.state != Identify::Unlit));
            if method == "PATCH" { led.or(active) } else { None }
        }
    }
}

/// A power cycle may be asked for as such, or as an off and, later, an on; neither alone is one.
#[derive(Default)]
pub(super) struct OffAndOn {
    off: bool,
}

impl OffAndOn {
    pub(super) fn asks(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&str>,
        accepted: bool,
    ) -> Option<bool> {
        let cycle = Call::Plain(Operation::PowerCycle);
        let right = asks(&cycle, method, path, body)?;
        let is = |operation| asks(&Call::Plain(operation), method, path, body) == Some(true);
        if is(Operation::PowerOff) {
            self.off |= accepted;
            return None;
        }
        if is(Operation::PowerOn) {
            return Some(std::mem::take(&mut self.off));
        }
        Some(right)
    }
}

fn resets(action: PowerAction) -> &'static [&'static str] {
    match action {
        PowerAction::On => &["On", "ForceOn"],
        PowerAction::Off => &["ForceOff"],
        PowerAction::Shutdown => &["GracefulShutdown"],
        PowerAction::Cycle => &["PowerCycle"],
        PowerAction::Reset => &["ForceRestart"],
        PowerAction::Nmi => &["Nmi"],
    }
}

fn target_word(device: BootDevice) -> &'static str {
    match device {
        BootDevice::None => "None",
        BootDevice::Pxe => "Pxe",
        BootDevice::Disk => "Hdd",
        BootDevice::Cdrom => "Cd",
        BootDevice::Bios => "BiosSetup",
        BootDevice::Usb => "Usb",
        BootDevice::Http => "UefiHttp",
    }
}

fn enabled_word(duration: BootDuration) -> &'static str {
    match duration {
        BootDuration::None => "Disabled",
        BootDuration::Once => "Once",
        BootDuration::Continuous => "Continuous",
    }
}

fn mode_word(mode: BootMode) -> &'static str {
    match mode {
        BootMode::Uefi => "UEFI",
        BootMode::Legacy => "Legacy",
    }
}

fn led_word(state: Identify) -> &'static str {
    match state {
        Identify::Lit => "Lit",
        Identify::Blinking => "Blinking",
        Identify::Unlit | Identify::Unknown => "Off",
    }
}

/// What an answer says about what an operation reads.
pub(super) fn told(operation: Operation, path: &str, body: &str) -> Option<Value> {
    let body: Value = serde_json::from_str(body).ok()?;
    match operation {
        Operation::PowerRead => body.get("PowerState").filter(|_| path.contains("/Systems/")).map(power),
        Operation::BootOverrideGet => body.get("Boot").map(boot),
        Operation::IdentifyGet => identify(&body),
        _ => None,
    }
}

fn power(word: &Value) -> Value {
    json!(match word.as_str() {
        Some("On") => "powered-on",
        Some("Off") => "powered-off",
        Some("PoweringOn") => "powering-on",
        Some("PoweringOff") => "powering-off",
        _ => "unknown",
    })
}

fn boot(boot: &Value) -> Value {
    let word = |known: &[(&str, &'static str)], key: &str| {
        let said = boot[key].as_str().unwrap_or_default();
        known.iter().find(|(word, _)| *word == said).map(|(_, ours)| *ours)
    };
    let devices: Vec<_> = BootDevice::ALL.iter().map(|d| (target_word(*d), d.word())).collect();
    let durations: Vec<_> = BootDuration::ALL.iter().map(|d| (enabled_word(*d), d.word())).collect();
    let modes: Vec<_> = BootMode::ALL.iter().map(|m| (mode_word(*m), m.word())).collect();
    let duration = word(&durations, "BootSourceOverrideEnabled").unwrap_or("none");
    let device = word(&devices, "BootSourceOverrideTarget").unwrap_or("none");
    if duration == "none" || device == "none" {
        return json!({"device": "none", "duration": "none"});
    }
    let mut said = json!({"device": device, "duration": duration});
    if let Some(mode) = word(&modes, "BootSourceOverrideMode") {
        said["mode"] = json!(mode);
    }
    said
}

fn identify(body: &Value) -> Option<Value> {
    match body.get("IndicatorLED").and_then(Value::as_str) {
        Some("Lit") => return Some(json!("lit")),
        Some("Blinking") => return Some(json!("blinking")),
        Some("Off") => return Some(json!("unlit")),
        _ => {}
    }
    let active = body.get("LocationIndicatorActive").and_then(Value::as_bool)?;
    Some(json!(if active { "lit" } else { "unlit" }))
}

/// What the answers of System, Manager and its interface together say of the machine's identity.
pub(super) fn told_identity(records: &[Record]) -> Option<Value> {
    let mut said = Map::new();
    for record in records {
        let Exchange::Http { path, status: 200, response: Some(body), .. } = &record.exchange else {
            continue;
        };
        let Ok(body) = serde_json::from_str::<Value>(body) else { continue };
        let mut put = |field: &str, value: &Value| {
            if let Some(text) =
                value.as_str().map(|t| t.trim_matches(|c: char| c.is_whitespace() || c == '\0'))
            {
                said.insert(field.to_owned(), json!(text));
            }
        };
        if path.contains("/EthernetInterfaces/") {
            put("bmc-mac", &json!(body["MACAddress"].as_str().map(str::to_ascii_lowercase)));
        } else if path.contains("/Systems/") {
            put("uuid", &json!(body["UUID"].as_str().map(str::to_ascii_lowercase)));
            put("serial", &body["SerialNumber"]);
            put("model", &body["Model"]);
            put("vendor", &body["Manufacturer"]);
            put("part-number", &body["PartNumber"]);
            put("bios-version", &body["BiosVersion"]);
        } else if path.contains("/Managers/") {
            put("bmc-firmware", &body["FirmwareVersion"]);
        }
    }
    (!said.is_empty()).then(|| said.into())
}
