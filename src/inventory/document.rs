//! A row of the inventory as a document: what the store keeps, `halmark bmc describe` shows and scripts read.
//!
//! The names are those of metal-stack's table of BMCs (MEP-15), and so is the order; what halmark adds stands behind. A
//! member that is not known is absent. With [`Passwords::Shown`] the document is the whole row: what [`read`] makes of it is
//! the same row again.

use serde_json::{Map, Value, json};

use super::record::{
    Bios, Board, Extra, Interface, Ipmi, Light, Pending, Power, PowerSupply, Record, Redfish, Status,
};
use crate::{
    driver::Protocol,
    endpoint::{Credentials, Scheme, Suite, Tls},
    model::{Availability, Health, Identify, PowerState, Secret},
};

mod parts;
#[cfg(test)]
mod tests;

pub use self::parts::{DocumentError, driver_name, driver_title};
use self::parts::{Members, put};

/// Whether secrets are part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passwords {
    /// As they are. Only for the store, and for people who asked for it.
    Shown,
    /// An ellipsis in place of each.
    Hidden,
}

/// What stands in place of a secret.
pub const ELLIPSIS: &str = "…";

/// The power states, in the words of the table.
const POWER: &[(PowerState, &str)] = &[
    (PowerState::PoweredOn, "ON"),
    (PowerState::PoweredOff, "OFF"),
    (PowerState::PoweringOn, "POWERING-ON"),
    (PowerState::PoweringOff, "POWERING-OFF"),
    (PowerState::Unknown, "UNKNOWN"),
];

/// What the light does, in the words of the table.
const LIGHT: &[(Identify, &str)] = &[
    (Identify::Lit, "LED-ON"),
    (Identify::Unlit, "LED-OFF"),
    (Identify::Blinking, "LED-BLINKING"),
    (Identify::Unknown, "LED-UNKNOWN"),
];

/// Health in Redfish's words (DSP0268 Resource.Health).
const HEALTH: &[(Health, &str)] = &[
    (Health::Ok, "OK"),
    (Health::Warning, "Warning"),
    (Health::Critical, "Critical"),
    (Health::Unknown, "Unknown"),
];

/// A part's state in Redfish's words (DSP0268 Resource.State).
const STATE: &[(Availability, &str)] = &[
    (Availability::Available, "Enabled"),
    (Availability::Unavailable, "UnavailableOffline"),
    (Availability::Absent, "Absent"),
    (Availability::Disabled, "Disabled"),
];

const INTERFACES: &[(Interface, &str)] = &[(Interface::Lanplus, "lanplus"), (Interface::Lan, "lan")];
const SCHEMES: &[(Scheme, &str)] = &[(Scheme::Https, "https"), (Scheme::Http, "http")];

fn word<T: PartialEq + Copy>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(it, _)| *it == value).map_or("", |(_, word)| word)
}

/// The document of a row.
pub fn write(row: &Record, passwords: Passwords) -> Value {
    let mut all = Map::new();
    put(&mut all, "mac", Some(row.mac.to_string()));
    put(&mut all, "address", row.address.as_ref().map(ToString::to_string));
    put(&mut all, "vendor", row.vendor.clone());
    put(&mut all, "protocol", row.preferred_driver.as_deref().map(driver_title));
    put(&mut all, "machine_id", row.machine.map(|it| it.to_string()));
    put(&mut all, "created_at", row.created.map(|it| it.to_string()));
    put(&mut all, "changed_at", row.changed.map(|it| it.to_string()));
    put(&mut all, "bios", bios(&row.bios));
    put(&mut all, "board", board(&row.board));
    put(&mut all, "bmc", row.bmc_firmware.as_ref().map(|it| json!({"version": it})));
    put(&mut all, "ipmi", ipmi(&row.ipmi, passwords));
    put(&mut all, "redfish", redfish(&row.redfish, passwords));
    put(&mut all, "powermetric", power(&row.power));
    let light = row.light.as_ref();
    put(
        &mut all,
        "ledstate",
        light.map(|it| json!({"description": it.description, "value": word(LIGHT, it.state)})),
    );
    let drivers: Vec<&String> = row.drivers.iter().collect();
    put(&mut all, "drivers", (!drivers.is_empty()).then(|| json!(drivers)));
    put(&mut all, "factory", row.factory.as_ref().map(|it| account(it, passwords)));
    let former: Vec<Value> = row.former.iter().map(|it| account(it, passwords)).collect();
    put(&mut all, "former", (!former.is_empty()).then_some(former));
    put(&mut all, "console", row.console.as_ref().map(|it| account(it, passwords)));
    put(&mut all, "pending", row.pending.as_ref().map(|it| pending(it, passwords)));
    put(&mut all, "status", status(&row.status));
    for (key, value) in &row.extra.0 {
        let shown = if passwords == Passwords::Shown { value.clone() } else { ELLIPSIS.into() };
        all.insert(key.clone(), shown);
    }
    Value::Object(all)
}

/// An object, unless it has no members.
fn object(members: Map<String, Value>) -> Option<Value> {
    (!members.is_empty()).then_some(Value::Object(members))
}

fn bios(bios: &Bios) -> Option<Value> {
    let mut all = Map::new();
    put(&mut all, "date", bios.date.clone());
    put(&mut all, "vendor", bios.vendor.clone());
    put(&mut all, "version", bios.version.clone());
    object(all)
}

fn board(board: &Board) -> Option<Value> {
    let mut all = Map::new();
    put(&mut all, "board_mfg", board.manufacturer.clone());
    put(&mut all, "board_mfg_serial", board.serial.clone());
    put(&mut all, "board_part_number", board.part_number.clone());
    put(&mut all, "chassis_part_number", board.chassis_part_number.clone());
    put(&mut all, "chassis_part_serial", board.chassis_serial.clone());
    put(&mut all, "product_manufacturer", board.product_manufacturer.clone());
    put(&mut all, "product_part_number", board.product_part_number.clone());
    put(&mut all, "product_serial", board.product_serial.clone());
    object(all)
}

/// Interface and port are shown where an account is known: without one they are the defaults of something that may not exist.
fn ipmi(ipmi: &Ipmi, passwords: Passwords) -> Option<Value> {
    if *ipmi == Ipmi::default() {
        return None;
    }
    let mut all = Map::new();
    put(&mut all, "interface", Some(word(INTERFACES, ipmi.interface)));
    put(&mut all, "port", Some(ipmi.port));
    put_account(&mut all, ipmi.account.as_ref(), passwords);
    put(&mut all, "kg", ipmi.kg.as_ref().map(|it| secret(it, passwords)));
    let suite = ipmi.suite.map(|it| if it == Suite::Three { 3 } else { 17 });
    put(&mut all, "suite", suite);
    object(all)
}

fn redfish(redfish: &Redfish, passwords: Passwords) -> Option<Value> {
    let usual = Redfish::default();
    let mut all = Map::new();
    put(&mut all, "scheme", (redfish.scheme != usual.scheme).then(|| word(SCHEMES, redfish.scheme)));
    put(&mut all, "port", (redfish.port != redfish.scheme.default_port()).then_some(redfish.port));
    put_account(&mut all, redfish.account.as_ref(), passwords);
    match &redfish.tls {
        Tls::System => {}
        Tls::Ca(file) => put(&mut all, "ca", Some(file.to_string_lossy().into_owned())),
        Tls::Pin(digest) => {
            put(&mut all, "pin", Some(digest.iter().map(|it| format!("{it:02x}")).collect::<String>()));
        }
        Tls::Insecure => put(&mut all, "insecure", Some(true)),
    }
    object(all)
}

/// Password and user as the members of an object that has others.
fn put_account(all: &mut Map<String, Value>, account: Option<&Credentials>, passwords: Passwords) {
    put(all, "password", account.map(|it| secret(&it.password, passwords)));
    put(all, "user", account.map(|it| it.user.clone()));
}

fn account(account: &Credentials, passwords: Passwords) -> Value {
    let mut all = Map::new();
    put_account(&mut all, Some(account), passwords);
    Value::Object(all)
}

/// A secret as text, or as `{"bytes": "…"}` in hexadecimal digits where it is none.
fn secret(secret: &Secret, passwords: Passwords) -> Value {
    match (passwords, std::str::from_utf8(secret.reveal())) {
        (Passwords::Hidden, _) => ELLIPSIS.into(),
        (Passwords::Shown, Ok(text)) => text.into(),
        (Passwords::Shown, Err(_)) => {
            let digits: String = secret.reveal().iter().map(|it| format!("{it:02x}")).collect();
            json!({"bytes": digits})
        }
    }
}

fn pending(pending: &Pending, passwords: Passwords) -> Value {
    let mut all = Map::new();
    put(&mut all, "protocol", Some(pending.protocol.word()));
    put_account(&mut all, Some(&pending.account), passwords);
    put(&mut all, "role", pending.role.map(|it| it.word()));
    put(&mut all, "since", Some(pending.since.to_string()));
    Value::Object(all)
}

fn power(power: &Power) -> Option<Value> {
    let mut all = Map::new();
    put(&mut all, "averageconsumedwatts", power.average_watts.map(number));
    put(&mut all, "consumedwatts", power.watts.map(number));
    put(&mut all, "intervalinmin", power.interval_minutes.map(number));
    put(&mut all, "maxconsumedwatts", power.maximum_watts.map(number));
    put(&mut all, "minconsumedwatts", power.minimum_watts.map(number));
    put(&mut all, "powerstate", power.state.map(|it| word(POWER, it)));
    let supply = |it: &PowerSupply| json!({"status": {"health": word(HEALTH, it.health), "state": word(STATE, it.state)}});
    let supplies: Vec<Value> = power.supplies.iter().map(supply).collect();
    put(&mut all, "powersupplies", (!supplies.is_empty()).then_some(supplies));
    object(all)
}

/// A number, without a point where it is whole.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and far smaller than 2^53")]
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

fn status(status: &Status) -> Option<Value> {
    let mut all = Map::new();
    put(&mut all, "last_updated", status.last_updated.map(|it| it.to_string()));
    put(&mut all, "last_error", status.last_error.clone());
    object(all)
}

/// The row of a document that was written with [`Passwords::Shown`]. Members that are not known at its top are kept, below
/// they are errors; so is a document without a `mac`. An error names the place and never repeats a value.
pub fn read(document: Value) -> Result<Record, DocumentError> {
    let mut all = Members::of(document, "")?;
    let mac = all.parsed("mac")?.ok_or_else(|| DocumentError::at("mac", "a MAC address"))?;
    let mut row = Record::new(mac);
    row.address = all.parsed("address")?;
    row.vendor = all.text("vendor")?;
    row.preferred_driver = all.text("protocol")?.map(|it| driver_name(&it));
    row.machine = all.uuid("machine_id")?;
    row.created = all.parsed("created_at")?;
    row.changed = all.parsed("changed_at")?;
    row.bios = all.below("bios", |it| {
        Ok(Bios { date: it.text("date")?, vendor: it.text("vendor")?, version: it.text("version")? })
    })?;
    row.board = all.below("board", read_board)?;
    row.bmc_firmware = all.below("bmc", |it| it.text("version"))?;
    row.ipmi = all.below("ipmi", read_ipmi)?;
    row.redfish = all.below("redfish", read_redfish)?;
    row.power = all.below("powermetric", read_power)?;
    row.light = all.below("ledstate", |it| {
        let description = it.text("description")?.unwrap_or_default();
        Ok(it.word("value", LIGHT)?.map(|state| Light { state, description }))
    })?;
    row.drivers = all.texts("drivers")?.into_iter().collect();
    row.factory = all.below("factory", read_account)?;
    row.former = all.each("former", read_account)?.into_iter().flatten().collect();
    row.console = all.below("console", read_account)?;
    row.pending = all.below("pending", read_pending)?;
    row.status = all.below("status", |it| {
        Ok(Status { last_updated: it.parsed("last_updated")?, last_error: it.text("last_error")? })
    })?;
    row.extra = Extra(all.rest());
    Ok(row)
}

fn read_board(all: &mut Members) -> Result<Board, DocumentError> {
    Ok(Board {
        manufacturer: all.text("board_mfg")?,
        serial: all.text("board_mfg_serial")?,
        part_number: all.text("board_part_number")?,
        chassis_part_number: all.text("chassis_part_number")?,
        chassis_serial: all.text("chassis_part_serial")?,
        product_manufacturer: all.text("product_manufacturer")?,
        product_part_number: all.text("product_part_number")?,
        product_serial: all.text("product_serial")?,
    })
}

fn read_ipmi(all: &mut Members) -> Result<Ipmi, DocumentError> {
    let usual = Ipmi::default();
    Ok(Ipmi {
        interface: all.word("interface", INTERFACES)?.unwrap_or(usual.interface),
        port: all.port("port")?.unwrap_or(usual.port),
        account: read_account(all)?,
        kg: all.secret("kg")?,
        suite: match all.whole("suite")? {
            None => None,
            Some(3) => Some(Suite::Three),
            Some(17) => Some(Suite::Seventeen),
            Some(_) => return Err(all.wrong("suite", "3 or 17")),
        },
    })
}

fn read_redfish(all: &mut Members) -> Result<Redfish, DocumentError> {
    let scheme = all.word("scheme", SCHEMES)?.unwrap_or(Scheme::Https);
    let port = all.port("port")?.unwrap_or(scheme.default_port());
    let account = read_account(all)?;
    let tls = match (all.text("ca")?, all.text("pin")?, all.flag("insecure")?) {
        (Some(file), ..) => Tls::Ca(file.into()),
        (_, Some(pin), _) => {
            let digest = parts::bytes(&pin).and_then(|it| it.try_into().ok());
            Tls::Pin(digest.ok_or_else(|| all.wrong("pin", "64 hexadecimal digits"))?)
        }
        (.., true) => Tls::Insecure,
        _ => Tls::System,
    };
    Ok(Redfish { scheme, port, account, tls })
}

/// An account, unless neither user nor password is there; a password alone is one of the nameless user.
fn read_account(all: &mut Members) -> Result<Option<Credentials>, DocumentError> {
    let (user, password) = (all.text("user")?, all.secret("password")?);
    if user.is_none() && password.is_none() {
        return Ok(None);
    }
    let password = password.unwrap_or_else(|| Secret::new(""));
    Ok(Some(Credentials { user: user.unwrap_or_default(), password }))
}

fn read_pending(all: &mut Members) -> Result<Option<Pending>, DocumentError> {
    if all.is_empty() {
        return Ok(None);
    }
    let protocol: Option<Protocol> = all.parsed("protocol")?;
    let (account, role, since) = (read_account(all)?, all.parsed("role")?, all.parsed("since")?);
    let (Some(protocol), Some(account), Some(since)) = (protocol, account, since) else {
        return Err(all.wrong("", "protocol, user, password and since"));
    };
    Ok(Some(Pending { protocol, account, role, since }))
}

fn read_power(all: &mut Members) -> Result<Power, DocumentError> {
    Ok(Power {
        watts: all.number("consumedwatts")?,
        average_watts: all.number("averageconsumedwatts")?,
        maximum_watts: all.number("maxconsumedwatts")?,
        minimum_watts: all.number("minconsumedwatts")?,
        interval_minutes: all.number("intervalinmin")?,
        state: all.word("powerstate", POWER)?,
        supplies: all.each("powersupplies", |it| {
            it.below("status", |it| {
                let health = it.word("health", HEALTH)?.unwrap_or(Health::Unknown);
                let state = it.word("state", STATE)?.unwrap_or(Availability::Available);
                Ok(PowerSupply { health, state })
            })
        })?,
    })
}
