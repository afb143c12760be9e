//! The judge's reading of IPMI v2.0: which commands ask for an operation, and what answers say.

use halmark::{BootDevice, BootDuration, BootMode, Identify, Operation, PowerAction, VendorCall};
use serde_json::{Value, json};

use super::{Exchange, Record};
use crate::operation::Call;

const CHASSIS: u8 = 0x00;
const APP: u8 = 0x06;
const STORAGE: u8 = 0x0A;
const TRANSPORT: u8 = 0x0C;

/// Whether a command changes something (appendix G).
pub(super) fn changes(netfn: u8, command: u8) -> bool {
    matches!(
        (netfn, command),
        (CHASSIS, 0x02 | 0x04 | 0x06 | 0x08)
            | (APP, 0x02 | 0x03 | 0x24 | 0x40 | 0x43 | 0x45 | 0x47)
            | (STORAGE, 0x12 | 0x44 | 0x46 | 0x47 | 0x49)
            | (TRANSPORT, 0x01)
    )
}

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Whether a command asks for the call: `None` if it is about something else, `Some(false)` if it asks for another value.
pub(super) fn asks(call: &Call, netfn: u8, command: u8, data: &str) -> Option<bool> {
    let data = bytes(data);
    match call {
        Call::Plain(Operation::LogClear) => ((netfn, command) == (STORAGE, 0x47)).then_some(true),
        Call::Plain(operation) => {
            let action = operation.power_action().filter(|_| (netfn, command) == (CHASSIS, 0x02))?;
            Some(data.first().map(|b| b & 0x0f) == Some(control(action)))
        }
        Call::ResetBmc(kind) => {
            let wanted = if *kind == halmark::BmcReset::Cold { 0x02 } else { 0x03 };
            (netfn == APP && matches!(command, 0x02 | 0x03)).then_some(command == wanted)
        }
        Call::SetIdentify(to) => {
            let forced = data.get(1).is_some_and(|b| b & 1 == 1);
            let lit = forced || data.first().is_none_or(|seconds| *seconds > 0);
            ((netfn, command) == (CHASSIS, 0x04)).then_some(lit == (to.state == Identify::Lit))
        }
        Call::SetBmcClock(to) => {
            let seconds = data.get(..4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
            ((netfn, command) == (STORAGE, 0x49)).then_some(seconds.map(i64::from) == Some(to.0))
        }
        // The password makes the account; whether it is one of 20 bytes is told in the first bit (§22.30).
        Call::CreateAccount(new) => match (netfn, command) {
            (APP, 0x45) => {
                let name = data.get(1..).unwrap_or_default();
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                (name != new.name.as_bytes()).then_some(false)
            }
            (APP, 0x47) if data.get(1).map(|it| it & 3) == Some(2) => {
                let is_long = data.first().is_some_and(|it| it & 0x80 != 0);
                Some(is_long == (new.password.reveal().len() > 16))
            }
            _ => None,
        },
        Call::UpdateAccount(..) | Call::DeleteAccount(_) => {
            (netfn == APP && matches!(command, 0x43 | 0x45 | 0x47)).then_some(true)
        }
        Call::Vendor(VendorCall::Ipmi { netfn: wanted, command: number, data: sent }) => {
            ((netfn, command) == (*wanted, *number)).then_some(data == sent.0)
        }
        Call::Vendor(VendorCall::Redfish { .. })
        | Call::Act(..)
        | Call::InsertMedia(_)
        | Call::EjectMedia(_)
        | Call::SetBios(_)
        | Call::Talk(_)
        | Call::SetBootOrder(_) => None,
        Call::SetBootOverride(to) => {
            if (netfn, command) != (CHASSIS, 0x08) || data.first().map(|b| b & 0x7f) != Some(5) {
                return None;
            }
            let said = flags(data.get(1..)?)?;
            let right = said["device"] == json!(to.device) && said["duration"] == json!(to.duration);
            Some(right && to.mode.is_none_or(|mode| said["mode"] == json!(mode)))
        }
    }
}

/// Chassis Control, §28.3.
fn control(action: PowerAction) -> u8 {
    match action {
        PowerAction::Off => 0,
        PowerAction::On => 1,
        PowerAction::Cycle => 2,
        PowerAction::Reset => 3,
        PowerAction::Nmi => 4,
        PowerAction::Shutdown => 5,
    }
}

/// Boot flags, §28.13 parameter 5, data 1 and 2.
fn flags(data: &[u8]) -> Option<Value> {
    let (first, second) = (*data.first()?, *data.get(1)?);
    let device = match (second >> 2) & 0x0f {
        0x1 => BootDevice::Pxe,
        // 24h is what Supermicro has for a disk in UEFI mode.
        0x2 | 0x9 => BootDevice::Disk,
        // 20h, a CD that is connected from afar, is what Fujitsu has for any.
        0x5 | 0x8 => BootDevice::Cdrom,
        0x6 => BootDevice::Bios,
        _ => BootDevice::None,
    };
    if first & 0x80 == 0 || device == BootDevice::None {
        return Some(json!({"device": "none", "duration": "none"}));
    }
    let duration = if first & 0x40 == 0 { BootDuration::Once } else { BootDuration::Continuous };
    let mode = if first & 0x20 == 0 { BootMode::Legacy } else { BootMode::Uefi };
    Some(json!({"device": device, "duration": duration, "mode": mode}))
}

/// What an answer says about what an operation reads.
pub(super) fn told(operation: Operation, netfn: u8, command: u8, data: &str, body: &str) -> Option<Value> {
    let (data, body) = (bytes(data), bytes(body));
    match (operation, netfn, command) {
        (Operation::PowerRead, CHASSIS, 0x01) => {
            Some(json!(if body.first()? & 1 == 1 { "powered-on" } else { "powered-off" }))
        }
        (Operation::IdentifyGet, CHASSIS, 0x01) => {
            let misc = body.get(2)?;
            Some(json!(match (misc & 0x40, (misc >> 4) & 3) {
                (0, _) => "unknown",
                (_, 0) => "unlit",
                _ => "lit",
            }))
        }
        (Operation::BootOverrideGet, CHASSIS, 0x09) if data.first() == Some(&5) => flags(body.get(2..)?),
        _ => None,
    }
}

/// What Get System GUID, Get Device ID and the FRU inventory say of the machine's identity.
pub(super) fn told_identity(records: &[Record]) -> Option<Value> {
    let mut said = super::fru::told_identity(records);
    for record in records {
        let Exchange::Ipmi { netfn: APP, command, completion: Some(0), response: Some(body), .. } =
            &record.exchange
        else {
            continue;
        };
        let body = bytes(body);
        match (command, body.len()) {
            (0x01, 4..) => {
                let version = format!("{}.{:02x}", body[2] & 0x7f, body[3]);
                said.insert("bmc-firmware".to_owned(), json!(version));
            }
            (0x37, 16) => {
                let reversed: Vec<u8> = body.iter().rev().copied().collect();
                let uuid = uuid::Uuid::from_slice(&reversed).unwrap_or_default();
                said.insert("uuid".to_owned(), json!(uuid.to_string()));
            }
            _ => {}
        }
    }
    (!said.is_empty()).then(|| said.into())
}

/// Whether a command was refused for want of privilege (D4h, IPMI v2.0 table 5-2) before any Set Session Privilege Level: a session
/// begins at the level of a user (§22.18), whatever the account may do.
pub(super) fn never_raised(records: &[Record], at: usize) -> bool {
    let is_refused = |it: &Record| matches!(it.exchange, Exchange::Ipmi { completion: Some(0xd4), .. });
    let raises = |it: &Record| matches!(it.exchange, Exchange::Ipmi { netfn: APP, command: 0x3b, .. });
    records.get(at).is_some_and(is_refused) && !records[..at].iter().any(raises)
}

/// Whether every command that came twice, the first time without an answer, came as a retransmission: with the sequence number of the
/// first. In a new session a reading has a new number. A change that is repeated there is seen only where nothing was said before it,
/// not even Set Session Privilege Level; how often it was asked for is `wire.changes`.
pub(super) fn retransmissions_are_the_same(records: &[Record]) -> Result<(), String> {
    let mut last: Option<(&Record, u8)> = None;
    for record in records {
        if matches!(&record.exchange, Exchange::Session { step, status: Some(0) } if step == "RAKP 4") {
            last = last.filter(|(before, _)| before.changes());
        }
        let Exchange::Ipmi { netfn, command, data, sequence, .. } = &record.exchange else { continue };
        if let Some((before, number)) = last
            && let Exchange::Ipmi { netfn: n, command: c, data: d, completion: None, .. } = &before.exchange
            && (n, c, d) == (netfn, command, data)
            && number != *sequence
        {
            return Err(format!(
                "{record} was sent again as a new command: sequence number {sequence} after {number}"
            ));
        }
        last = Some((record, *sequence));
    }
    Ok(())
}
