//! The vocabulary as messages, and messages as vocabulary. What comes from outside is checked; what goes out is not.

mod door;
mod media;
mod parts;

use std::time::Duration;

use halmark::{
    Account, AccountId, AccountUpdate, BmcClock, BmcNetwork, BootOverride, Change, EventLog, Fru, Identity,
    LogEntry, NewAccount, PowerMetrics, Secret, Sensor, SetIdentify, Timestamp, VendorAnswer, VendorCall,
    model::{Bytes, FruBoard, FruChassis, FruProduct, FruRecord, Thresholds},
};

pub(crate) use door::{connect_request, told_endpoint};
pub(crate) use media::{changes, told_changes};

use crate::{
    failure::{Odd, small},
    pb,
    words::{number, optional, value, values},
};

/// A message that has to be there.
pub(crate) fn given<T>(field: Option<T>, name: &str) -> Result<T, Odd> {
    field.ok_or_else(|| Odd(format!("{name} is missing")))
}

fn time(it: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: it.0, nanos: 0 }
}

/// Whole seconds; parts of a second are cut off.
pub(crate) fn told_time(it: prost_types::Timestamp) -> Timestamp {
    Timestamp(it.seconds)
}

/// A duration that is not negative.
pub(crate) fn told_duration(it: prost_types::Duration) -> Result<Duration, Odd> {
    Duration::try_from(it).map_err(|_| Odd("a duration is negative".to_owned()))
}

pub(crate) fn duration(it: Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(it).ok()
}

pub(crate) fn change(it: Change) -> i32 {
    match it {
        Change::Changed => pb::Change::Changed as i32,
        Change::AlreadySo => pb::Change::AlreadySo as i32,
    }
}

pub(crate) fn told_change(it: i32) -> Result<Change, Odd> {
    match pb::Change::try_from(it) {
        Ok(pb::Change::Changed) => Ok(Change::Changed),
        Ok(pb::Change::AlreadySo) => Ok(Change::AlreadySo),
        _ => Err(Odd(format!("CHANGE has no value {it}"))),
    }
}

impl From<BootOverride> for pb::BootOverride {
    fn from(it: BootOverride) -> Self {
        Self {
            device: number(it.device),
            duration: number(it.duration),
            mode: it.mode.map(number).unwrap_or_default(),
        }
    }
}

impl TryFrom<pb::BootOverride> for BootOverride {
    type Error = Odd;

    fn try_from(it: pb::BootOverride) -> Result<Self, Odd> {
        Ok(Self { device: value(it.device)?, duration: value(it.duration)?, mode: optional(it.mode)? })
    }
}

pub(crate) fn told_identify(state: i32, lasting: Option<prost_types::Duration>) -> Result<SetIdentify, Odd> {
    Ok(SetIdentify { state: value(state)?, lasting: lasting.map(told_duration).transpose()? })
}

impl From<Identity> for pb::Identity {
    fn from(it: Identity) -> Self {
        Self {
            uuid: it.uuid.map(|uuid| uuid.to_string()),
            vendor: it.vendor,
            model: it.model,
            serial: it.serial,
            part_number: it.part_number,
            board_serial: it.board_serial,
            board_part_number: it.board_part_number,
            bios_version: it.bios_version,
            bios_date: it.bios_date,
            bmc_firmware: it.bmc_firmware,
            bmc_mac: it.bmc_mac,
            bmc_address: it.bmc_address,
        }
    }
}

impl TryFrom<pb::Identity> for Identity {
    type Error = Odd;

    fn try_from(it: pb::Identity) -> Result<Self, Odd> {
        let uuid = it.uuid.map(|text| text.parse().map_err(|_| Odd(format!("{text:?} is no UUID"))));
        Ok(Self {
            uuid: uuid.transpose()?,
            vendor: it.vendor,
            model: it.model,
            serial: it.serial,
            part_number: it.part_number,
            board_serial: it.board_serial,
            board_part_number: it.board_part_number,
            bios_version: it.bios_version,
            bios_date: it.bios_date,
            bmc_firmware: it.bmc_firmware,
            bmc_mac: it.bmc_mac,
            bmc_address: it.bmc_address,
        })
    }
}

impl From<Fru> for pb::Fru {
    fn from(it: Fru) -> Self {
        Self {
            chassis: it.chassis.map(|it| pb::FruChassis {
                kind: it.kind.into(),
                part_number: it.part_number,
                serial: it.serial,
                custom: it.custom,
            }),
            board: it.board.map(|it| pb::FruBoard {
                manufactured: it.manufactured.map(time),
                manufacturer: it.manufacturer,
                product: it.product,
                serial: it.serial,
                part_number: it.part_number,
                fru_file: it.fru_file,
                custom: it.custom,
            }),
            product: it.product.map(|it| pb::FruProduct {
                manufacturer: it.manufacturer,
                product: it.product,
                part_number: it.part_number,
                version: it.version,
                serial: it.serial,
                asset_tag: it.asset_tag,
                fru_file: it.fru_file,
                custom: it.custom,
            }),
            records: it
                .records
                .into_iter()
                .map(|it| pb::FruRecord { kind: it.kind.into(), data: it.data.0 })
                .collect(),
        }
    }
}

impl TryFrom<pb::Fru> for Fru {
    type Error = Odd;

    fn try_from(it: pb::Fru) -> Result<Self, Odd> {
        let chassis = it.chassis.map(|it| {
            let kind = small(it.kind)?;
            Ok(FruChassis { kind, part_number: it.part_number, serial: it.serial, custom: it.custom })
        });
        let records =
            it.records.into_iter().map(|it| Ok(FruRecord { kind: small(it.kind)?, data: Bytes(it.data) }));
        Ok(Self {
            chassis: chassis.transpose()?,
            board: it.board.map(|it| FruBoard {
                manufactured: it.manufactured.map(told_time),
                manufacturer: it.manufacturer,
                product: it.product,
                serial: it.serial,
                part_number: it.part_number,
                fru_file: it.fru_file,
                custom: it.custom,
            }),
            product: it.product.map(|it| FruProduct {
                manufacturer: it.manufacturer,
                product: it.product,
                part_number: it.part_number,
                version: it.version,
                serial: it.serial,
                asset_tag: it.asset_tag,
                fru_file: it.fru_file,
                custom: it.custom,
            }),
            records: records.collect::<Result<_, Odd>>()?,
        })
    }
}

impl From<Sensor> for pb::Sensor {
    fn from(it: Sensor) -> Self {
        let limits = it.thresholds;
        Self {
            id: it.id,
            name: it.name,
            kind: number(it.kind),
            availability: number(it.availability),
            value: it.value,
            unit: it.unit.map(number).unwrap_or_default(),
            states: it.states,
            health: number(it.health),
            thresholds: (!limits.is_empty()).then_some(pb::Thresholds {
                lower_fatal: limits.lower_fatal,
                lower_critical: limits.lower_critical,
                lower_caution: limits.lower_caution,
                upper_caution: limits.upper_caution,
                upper_critical: limits.upper_critical,
                upper_fatal: limits.upper_fatal,
            }),
        }
    }
}

impl TryFrom<pb::Sensor> for Sensor {
    type Error = Odd;

    fn try_from(it: pb::Sensor) -> Result<Self, Odd> {
        let limits = it.thresholds.unwrap_or_default();
        Ok(Self {
            id: it.id,
            name: it.name,
            kind: value(it.kind)?,
            availability: value(it.availability)?,
            value: it.value,
            unit: optional(it.unit)?,
            states: it.states,
            health: value(it.health)?,
            thresholds: Thresholds {
                lower_fatal: limits.lower_fatal,
                lower_critical: limits.lower_critical,
                lower_caution: limits.lower_caution,
                upper_caution: limits.upper_caution,
                upper_critical: limits.upper_critical,
                upper_fatal: limits.upper_fatal,
            },
        })
    }
}

impl From<PowerMetrics> for pb::PowerMetrics {
    fn from(it: PowerMetrics) -> Self {
        Self {
            watts: it.watts,
            minimum_watts: it.minimum_watts,
            maximum_watts: it.maximum_watts,
            average_watts: it.average_watts,
            interval_seconds: it.interval_seconds,
        }
    }
}

impl From<pb::PowerMetrics> for PowerMetrics {
    fn from(it: pb::PowerMetrics) -> Self {
        Self {
            watts: it.watts,
            minimum_watts: it.minimum_watts,
            maximum_watts: it.maximum_watts,
            average_watts: it.average_watts,
            interval_seconds: it.interval_seconds,
        }
    }
}

impl From<EventLog> for pb::EventLog {
    fn from(it: EventLog) -> Self {
        Self {
            entries: it.entries.into_iter().map(Into::into).collect(),
            overflowed: it.overflowed,
            free_bytes: it.free_bytes,
        }
    }
}

impl TryFrom<pb::EventLog> for EventLog {
    type Error = Odd;

    fn try_from(it: pb::EventLog) -> Result<Self, Odd> {
        let entries = it.entries.into_iter().map(TryInto::try_into).collect::<Result<_, Odd>>()?;
        Ok(Self { entries, overflowed: it.overflowed, free_bytes: it.free_bytes })
    }
}

impl From<LogEntry> for pb::LogEntry {
    fn from(it: LogEntry) -> Self {
        Self {
            id: it.id,
            time: it.time.map(time),
            severity: number(it.severity),
            kind: number(it.kind),
            sensor: it.sensor,
            asserted: it.asserted,
            message: it.message,
            raw: it.raw.map(|raw| raw.0),
        }
    }
}

impl TryFrom<pb::LogEntry> for LogEntry {
    type Error = Odd;

    fn try_from(it: pb::LogEntry) -> Result<Self, Odd> {
        Ok(Self {
            id: it.id,
            time: it.time.map(told_time),
            severity: value(it.severity)?,
            kind: value(it.kind)?,
            sensor: it.sensor,
            asserted: it.asserted,
            message: it.message,
            raw: it.raw.map(Bytes),
        })
    }
}

impl From<Account> for pb::Account {
    fn from(it: Account) -> Self {
        Self {
            id: it.id.0,
            name: it.name,
            role: number(it.role),
            enabled: it.enabled,
            protocols: it.protocols.into_iter().map(number).collect(),
        }
    }
}

impl TryFrom<pb::Account> for Account {
    type Error = Odd;

    fn try_from(it: pb::Account) -> Result<Self, Odd> {
        Ok(Self {
            id: AccountId(it.id),
            name: it.name,
            role: value(it.role)?,
            enabled: it.enabled,
            protocols: values(&it.protocols)?,
        })
    }
}

impl From<&NewAccount> for pb::NewAccount {
    fn from(it: &NewAccount) -> Self {
        Self {
            id: it.id.clone().map(|id| id.0),
            name: it.name.clone(),
            password: it.password.reveal().to_vec(),
            role: number(it.role),
            enabled: it.enabled,
            protocols: it.protocols.iter().copied().map(number).collect(),
        }
    }
}

impl TryFrom<pb::NewAccount> for NewAccount {
    type Error = Odd;

    fn try_from(it: pb::NewAccount) -> Result<Self, Odd> {
        Ok(Self {
            id: it.id.map(AccountId),
            name: it.name,
            password: Secret::new(it.password),
            role: value(it.role)?,
            enabled: it.enabled,
            protocols: values(&it.protocols)?,
        })
    }
}

impl From<&AccountUpdate> for pb::AccountUpdate {
    fn from(it: &AccountUpdate) -> Self {
        let protocols = it.protocols.as_ref().map(|it| it.iter().copied().map(number).collect());
        Self {
            name: it.name.clone(),
            password: it.password.as_ref().map(|it| it.reveal().to_vec()),
            role: it.role.map(number).unwrap_or_default(),
            enabled: it.enabled,
            protocols: protocols.map(|protocols| pb::AccountProtocols { protocols }),
        }
    }
}

impl TryFrom<pb::AccountUpdate> for AccountUpdate {
    type Error = Odd;

    fn try_from(it: pb::AccountUpdate) -> Result<Self, Odd> {
        Ok(Self {
            name: it.name,
            password: it.password.map(Secret::new),
            role: optional(it.role)?,
            enabled: it.enabled,
            protocols: it.protocols.map(|it| values(&it.protocols)).transpose()?,
        })
    }
}

impl From<BmcClock> for pb::BmcClock {
    fn from(it: BmcClock) -> Self {
        Self { time: Some(time(it.time)), utc_offset_minutes: it.utc_offset_minutes.map(Into::into) }
    }
}

impl TryFrom<pb::BmcClock> for BmcClock {
    type Error = Odd;

    fn try_from(it: pb::BmcClock) -> Result<Self, Odd> {
        Ok(Self {
            time: told_time(given(it.time, "the clock's time")?),
            utc_offset_minutes: it.utc_offset_minutes.map(small).transpose()?,
        })
    }
}

/// A point in time as a message.
pub(crate) fn told(it: Timestamp) -> Option<prost_types::Timestamp> {
    Some(time(it))
}

impl From<BmcNetwork> for pb::BmcNetwork {
    fn from(it: BmcNetwork) -> Self {
        Self {
            mac: it.mac,
            address: it.address.map(|it| it.to_string()),
            netmask: it.netmask.map(|it| it.to_string()),
            gateway: it.gateway.map(|it| it.to_string()),
            source: number(it.source),
            vlan: it.vlan.map(Into::into),
        }
    }
}

impl TryFrom<pb::BmcNetwork> for BmcNetwork {
    type Error = Odd;

    fn try_from(it: pb::BmcNetwork) -> Result<Self, Odd> {
        let address = |text: Option<String>| {
            text.map(|text| text.parse().map_err(|_| Odd(format!("{text:?} is no IPv4 address")))).transpose()
        };
        Ok(Self {
            mac: it.mac,
            address: address(it.address)?,
            netmask: address(it.netmask)?,
            gateway: address(it.gateway)?,
            source: value(it.source)?,
            vlan: it.vlan.map(small).transpose()?,
        })
    }
}

fn json(text: Option<String>) -> Result<Option<serde_json::Value>, Odd> {
    text.map(|text| serde_json::from_str(&text).map_err(|e| Odd(format!("the body is not JSON: {e}"))))
        .transpose()
}

impl From<&VendorCall> for pb::VendorCall {
    fn from(it: &VendorCall) -> Self {
        use pb::vendor_call::Kind;
        let kind = match it {
            VendorCall::Ipmi { netfn, command, data } => Kind::Ipmi(pb::IpmiCall {
                netfn: (*netfn).into(),
                command: (*command).into(),
                data: data.0.clone(),
            }),
            VendorCall::Redfish { method, path, body } => Kind::Redfish(pb::RedfishCall {
                method: method.clone(),
                path: path.clone(),
                body: body.as_ref().map(ToString::to_string),
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<pb::VendorCall> for VendorCall {
    type Error = Odd;

    fn try_from(it: pb::VendorCall) -> Result<Self, Odd> {
        use pb::vendor_call::Kind;
        Ok(match given(it.kind, "the call's kind")? {
            Kind::Ipmi(it) => {
                Self::Ipmi { netfn: small(it.netfn)?, command: small(it.command)?, data: Bytes(it.data) }
            }
            Kind::Redfish(it) => Self::Redfish { method: it.method, path: it.path, body: json(it.body)? },
        })
    }
}

impl From<VendorAnswer> for pb::VendorAnswer {
    fn from(it: VendorAnswer) -> Self {
        use pb::vendor_answer::Kind;
        let kind = match it {
            VendorAnswer::Ipmi { completion, data } => {
                Kind::Ipmi(pb::IpmiAnswer { completion: completion.into(), data: data.0 })
            }
            VendorAnswer::Redfish { status, body, location } => Kind::Redfish(pb::RedfishAnswer {
                status: status.into(),
                body: body.as_ref().map(ToString::to_string),
                location,
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<pb::VendorAnswer> for VendorAnswer {
    type Error = Odd;

    fn try_from(it: pb::VendorAnswer) -> Result<Self, Odd> {
        use pb::vendor_answer::Kind;
        Ok(match given(it.kind, "the answer's kind")? {
            Kind::Ipmi(it) => Self::Ipmi { completion: small(it.completion)?, data: Bytes(it.data) },
            Kind::Redfish(it) => {
                Self::Redfish { status: small(it.status)?, body: json(it.body)?, location: it.location }
            }
        })
    }
}
