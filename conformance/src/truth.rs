//! The map between what the world is and what a driver may say of it: this is the definition of "the driver told the truth".

use halmark::{
    BootDevice, BootDuration, BootMode, BootOverride, Identify, PowerState, Timestamp, model::Availability,
};
use halmark_simulators::{
    Holder, Role,
    machine::{Device, Lasting, Led, Mode, Override, Power},
};
use serde_json::{Value, json};

/// A word of the contract as JSON.
pub fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Whether a truth has everything that is wanted of it; what is not wanted does not matter.
pub fn covers(truth: &Value, wanted: &Value) -> bool {
    match (truth, wanted) {
        (Value::Object(truth), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| truth.get(name) == Some(value))
        }
        _ => truth == wanted,
    }
}

/// The power state.
pub fn power(power: Power) -> PowerState {
    match power {
        Power::Off => PowerState::PoweredOff,
        Power::PoweringOn => PowerState::PoweringOn,
        Power::On => PowerState::PoweredOn,
        Power::PoweringOff => PowerState::PoweringOff,
    }
}

/// A boot device.
pub fn device(device: Device) -> BootDevice {
    match device {
        Device::Pxe => BootDevice::Pxe,
        Device::Disk => BootDevice::Disk,
        Device::Cdrom => BootDevice::Cdrom,
        Device::Bios => BootDevice::Bios,
        Device::Usb => BootDevice::Usb,
        Device::Http => BootDevice::Http,
    }
}

/// The machine's device for a device of the contract; `none` has none.
pub fn machine_device(device: BootDevice) -> Option<Device> {
    Some(match device {
        BootDevice::None => return None,
        BootDevice::Pxe => Device::Pxe,
        BootDevice::Disk => Device::Disk,
        BootDevice::Cdrom => Device::Cdrom,
        BootDevice::Bios => Device::Bios,
        BootDevice::Usb => Device::Usb,
        BootDevice::Http => Device::Http,
    })
}

/// The override that the next boot will take.
pub fn boot_override(set: Option<Override>) -> BootOverride {
    let Some(set) = set else { return BootOverride::NONE };
    let duration = match set.lasting {
        Lasting::Once => BootDuration::Once,
        Lasting::Continuous => BootDuration::Continuous,
    };
    let mode = match set.mode {
        Mode::Uefi => BootMode::Uefi,
        Mode::Legacy => BootMode::Legacy,
    };
    BootOverride { device: device(set.device), duration, mode: Some(mode) }
}

/// The machine's override for one of the contract; nothing for none.
pub fn machine_override(to: BootOverride) -> Option<Override> {
    let lasting = match to.duration {
        BootDuration::None => return None,
        BootDuration::Once => Lasting::Once,
        BootDuration::Continuous => Lasting::Continuous,
    };
    let mode = if to.mode == Some(BootMode::Legacy) { Mode::Legacy } else { Mode::Uefi };
    Some(Override { device: machine_device(to.device)?, lasting, mode })
}

/// The identify light.
pub fn identify(led: Led) -> Identify {
    match led {
        Led::Lit => Identify::Lit,
        Led::Unlit => Identify::Unlit,
        Led::Blinking => Identify::Blinking,
    }
}

/// The machine's light for one of the contract; unknown has none.
pub fn machine_led(state: Identify) -> Option<Led> {
    match state {
        Identify::Lit => Some(Led::Lit),
        Identify::Unlit => Some(Led::Unlit),
        Identify::Blinking => Some(Led::Blinking),
        Identify::Unknown => None,
    }
}

/// Who has an account, as a driver lists them.
pub fn accounts(holders: &[Holder]) -> Value {
    let role = |role: Role| match role {
        Role::Administrator => halmark::Role::Administrator,
        Role::Operator => halmark::Role::Operator,
        Role::ReadOnly => halmark::Role::ReadOnly,
        Role::NoAccess => halmark::Role::NoAccess,
    };
    let of = |it: &Holder| json!({"id": it.slot.to_string(), "name": it.name, "role": role(it.role), "enabled": it.enabled});
    holders.iter().map(of).collect()
}

/// The sensors: what they measure now, and their limits.
pub fn sensors(all: &Value) -> Value {
    let of = |sensor: &Value| {
        let mut said = json!({"name": sensor["name"]});
        if let Some(reading) = sensor.get("reading") {
            let words = [Availability::Unavailable, Availability::Available];
            said["availability"] = json!(words[usize::from(!reading.is_null())]);
            said["value"] = reading.clone();
            said["resolution"] = sensor["resolution"].clone();
            said["thresholds"] = sensor["thresholds"].clone();
            // The contract has energy in joules.
            if let ("kW.h", Some(energy)) = (sensor["unit"].as_str().unwrap_or_default(), reading.as_f64()) {
                said["value"] = json!(energy * 3_600_000.0);
            }
        }
        if let Some(present) = sensor["present"].as_bool() {
            let words = [Availability::Absent, Availability::Available];
            said["availability"] = json!(words[usize::from(present)]);
        }
        said
    };
    all.as_array().into_iter().flatten().map(of).collect()
}

/// The parts that the platform's documents have, in the contract's words (DSP0268 Processor, Memory, EthernetInterface, Drive).
pub fn inventory(parts: &Value) -> Value {
    type Row = (&'static str, &'static str);
    const PROCESSOR: &[Row] = &[
        ("vendor", "Manufacturer"),
        ("model", "Model"),
        ("cores", "TotalCores"),
        ("threads", "TotalThreads"),
    ];
    const MEMORY: &[Row] =
        &[("mebibytes", "CapacityMiB"), ("part-number", "PartNumber"), ("serial", "SerialNumber")];
    const DISK: &[Row] = &[("bytes", "CapacityBytes"), ("model", "Model"), ("serial", "SerialNumber")];
    let said = |part: &Value, rows: &[Row]| {
        let all = rows.iter().chain(&[("name", "Name")]);
        let told = all.filter(|(_, of)| part.get(of).is_some());
        told.map(|(name, of)| ((*name).to_owned(), part[*of].clone())).collect::<serde_json::Map<_, _>>()
    };
    let list = |kind: &str, rows: &[Row]| -> Value {
        parts[kind].as_array().into_iter().flatten().map(|part| Value::from(said(part, rows))).collect()
    };
    let interface = |part: &Value| {
        let mac = part.get("PermanentMACAddress").or(part.get("MACAddress")).and_then(Value::as_str);
        json!({"name": part["Name"], "mac": mac.map(str::to_ascii_lowercase)})
    };
    let interfaces: Value =
        parts["EthernetInterface"].as_array().into_iter().flatten().map(interface).collect();
    json!({
        "processors": list("Processor", PROCESSOR), "memory": list("Memory", MEMORY),
        "interfaces": interfaces, "disks": list("Drive", DISK),
    })
}

/// The order of boot, by the BMC's names for its entries.
pub fn boot_order(ids: &[String]) -> Value {
    json!({"entries": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()})
}

/// What the machine takes, in watts: now, the least, the most and on average.
pub fn consumption([now, least, most, mean]: [u16; 4]) -> Value {
    json!({"watts": now, "minimum-watts": least, "maximum-watts": most, "average-watts": mean})
}

/// The BMC's clock.
pub fn clock(seconds: i64) -> Value {
    json!({"time": Timestamp(seconds)})
}

/// The event log: when its entries were written.
pub fn log(times: &[i64]) -> Value {
    json!({"entries": times.iter().map(|at| json!({"time": Timestamp(*at)})).collect::<Vec<_>>()})
}

/// The BMC's network settings, as far as the machine itself knows them.
pub fn network(id: &halmark_simulators::machine::Id) -> Value {
    json!({"mac": id.mac_text(), "address": id.address.to_string()})
}

/// What the machine's FRU inventory holds, as far as it says who the machine is.
pub fn fru(id: &halmark_simulators::machine::Id) -> Value {
    json!({
        "board": {
            "manufacturer": id.manufacturer,
            "serial": id.board_serial,
            "part-number": id.board_part_number,
        },
        "product": {
            "manufacturer": id.manufacturer,
            "product": id.model,
            "serial": id.serial,
            "part-number": id.part_number,
        },
    })
}

/// What IPMI can say of a firmware's version: a number and two digits (IPMI v2.0 §20.1, table 20-2: the minor revision is BCD).
/// They are those on both sides of its first dot: of `TGBT42S 2.83 2023-07-05` it is 2.83.
pub fn revision(firmware: &str) -> String {
    let number = |digits: &str| digits.parse::<u32>().unwrap_or(0);
    let (before, after) = firmware.split_once('.').unwrap_or((firmware, ""));
    let major = before.rsplit(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty()).unwrap_or("");
    let minor = after.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
    format!("{}.{:02}", number(major) & 0x7F, number(minor) % 100)
}

/// Who the machine is.
pub fn identity(id: &halmark_simulators::machine::Id) -> Value {
    json!({
        "uuid": id.uuid_text(),
        "vendor": id.manufacturer,
        "model": id.model,
        "serial": id.serial,
        "part-number": id.part_number,
        "board-serial": id.board_serial,
        "board-part-number": id.board_part_number,
        "bios-version": id.bios_version,
        "bios-date": id.bios_date,
        "bmc-firmware": id.bmc_firmware,
        "bmc-mac": id.mac_text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_over_ipmi_is_two_numbers() {
        for (firmware, said) in [
            ("1.12.0", "1.12"),
            ("TGBT42S 2.83 2023-07-05", "2.83"),
            ("iLO 5 v2.78", "2.78"),
            ("01.01.11", "1.01"),
            ("1.2", "1.02"),
            ("none", "0.00"),
        ] {
            assert_eq!(revision(firmware), said, "{firmware}");
        }
    }
}
