//! Driver operations as data: what a scenario calls by name, carried out on a driver, answered as JSON.

mod oem;

use std::time::Duration;

use halmark::{
    AccountId, AccountUpdate, BiosChanges, BiosValue, BmcReset, BootDevice, BootOverride, Cause, Deadline,
    Driver, DriverError, InsertMedia, MediaKind, MediaSlot, MediaSlotId, NewAccount, Operation, Protocol,
    Timestamp, VendorCall, model::SetIdentify,
};
use serde_json::{Map, Value, json};

use crate::talk::{self, Turn};

/// What an operation can tell and some BMCs do not: each is a capability `KIND:NAME` that a target may lack. Who claims the
/// operation claims them all.
const PROPERTIES: &[(Operation, &str, &[&str])] = &[
    (
        Operation::IdentityRead,
        "identity",
        &["uuid", "vendor", "model", "serial", "part-number", "bios-version", "bmc-firmware", "bmc-mac"],
    ),
    (Operation::FruRead, "fru", &["board"]),
    (Operation::PowerMetrics, "power.metrics", &["range"]),
    (Operation::InventoryRead, "inventory", &["processors", "memory", "interfaces", "disks"]),
    (Operation::BootOrderGet, "boot.order", &["pxe", "disk", "cdrom"]),
];

/// The capabilities `KIND:NAME`, and the operation that each is of.
pub fn properties() -> impl Iterator<Item = (Operation, String)> {
    let of = |(operation, kind, names): &'static (Operation, &str, &[&str])| {
        names.iter().map(move |name| (*operation, format!("{kind}:{name}")))
    };
    PROPERTIES.iter().flat_map(of)
}

/// Whether an answer says that it does not know what this capability is about: the refusal of what is only read.
pub fn tells_nothing(capability: &str, value: &Value) -> bool {
    let lacks = |pointer: &str| value.is_object() && value.pointer(pointer).is_none_or(Value::is_null);
    match capability.split_once(':') {
        Some(("identity", property)) => lacks(&format!("/{property}")),
        Some(("fru", "board")) => lacks("/board/serial"),
        Some(("power.metrics", "range")) => lacks("/minimum-watts"),
        Some(("inventory", parts)) => {
            value.get(parts).and_then(Value::as_array).is_some_and(|parts| parts.is_empty())
        }
        Some(("boot.order", device)) => {
            let entries = value.get("entries").and_then(Value::as_array);
            entries.is_some_and(|entries| entries.iter().all(|it| it["device"] != device))
        }
        Some(("boot.mode", wanted)) => {
            value.is_object() && value.get("mode").is_none_or(|mode| mode != wanted)
        }
        _ => capability == Operation::PowerRead.to_string() && value == "unknown",
    }
}

/// One operation with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// An operation that takes no arguments.
    Plain(Operation),
    /// `boot.override.set`.
    SetBootOverride(BootOverride),
    /// `identify.set`.
    SetIdentify(SetIdentify),
    /// `bmc.reset`.
    ResetBmc(BmcReset),
    /// `bmc.clock.set`.
    SetBmcClock(Timestamp),
    /// `accounts.create`.
    CreateAccount(NewAccount),
    /// `accounts.update` of the account with this name, which the driver itself has to find.
    UpdateAccount(String, AccountUpdate),
    /// `accounts.delete` of the account with this name.
    DeleteAccount(String),
    /// `media.insert`.
    InsertMedia(InsertMedia),
    /// `media.eject` of the slot for that kind of medium that has something in it, which the driver itself has to find.
    EjectMedia(MediaKind),
    /// `bios.set`.
    SetBios(BiosChanges),
    /// `console.open` and what is said while it is open.
    Talk(Vec<Turn>),
    /// `boot.order.set`: the first entries by the devices that they are, which the driver itself has to find.
    SetBootOrder(Vec<BootDevice>),
    /// `vendor.call`.
    Vendor(VendorCall),
    /// `vendor.call` of a maker's action by its name, such as `HpeComputerSystemExt.PowerButton`, and its parameters, if it is
    /// given any; where it is, the driver itself has to find, by calls that read.
    Act(String, Option<Value>),
}

impl Call {
    /// The operation.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Plain(operation) => *operation,
            Self::SetBootOverride(_) => Operation::BootOverrideSet,
            Self::SetIdentify(_) => Operation::IdentifySet,
            Self::ResetBmc(_) => Operation::BmcReset,
            Self::SetBmcClock(_) => Operation::BmcClockSet,
            Self::CreateAccount(_) => Operation::AccountsCreate,
            Self::UpdateAccount(..) => Operation::AccountsUpdate,
            Self::DeleteAccount(_) => Operation::AccountsDelete,
            Self::InsertMedia(_) => Operation::MediaInsert,
            Self::EjectMedia(_) => Operation::MediaEject,
            Self::SetBios(_) => Operation::BiosSet,
            Self::Talk(_) => Operation::ConsoleOpen,
            Self::SetBootOrder(_) => Operation::BootOrderSet,
            Self::Vendor(_) | Self::Act(..) => Operation::VendorCall,
        }
    }

    /// The operation, and what else it carries out.
    pub fn operations(&self) -> Vec<Operation> {
        let meanwhile = match self {
            Self::Talk(turns) => turns.as_slice(),
            _ => &[],
        };
        let others = meanwhile.iter().filter_map(Turn::operation);
        std::iter::once(self.operation()).chain(others).collect()
    }

    /// Its arguments, for journals and people; passwords are not among them.
    pub fn arguments(&self) -> Value {
        match self {
            Self::Plain(_) => json!({}),
            Self::SetBootOverride(to) => json!(to),
            Self::SetIdentify(to) => match to.lasting {
                Some(lasting) => {
                    json!({"state": to.state, "for": humantime::format_duration(lasting).to_string()})
                }
                None => json!({"state": to.state}),
            },
            Self::ResetBmc(kind) => json!({"kind": kind}),
            Self::SetBmcClock(to) => json!({"time": to}),
            Self::CreateAccount(new) => json!({
                "name": new.name, "password": HIDDEN, "role": new.role, "enabled": new.enabled,
            }),
            Self::UpdateAccount(name, to) => updated(name, to),
            Self::DeleteAccount(name) => json!({"account": name}),
            Self::InsertMedia(medium) => json!({"kind": medium.kind, "image": medium.image}),
            Self::EjectMedia(kind) => json!({"kind": kind}),
            Self::SetBios(to) => json!({"attributes": to}),
            Self::Talk(turns) => talk::arguments(turns),
            Self::SetBootOrder(devices) => json!({"devices": devices}),
            Self::Vendor(call) => json!(call),
            Self::Act(action, body) => json!({"action": action, "body": body}),
        }
    }

    /// The harmless call that shows whether an operation is supported at all.
    pub fn probe(operation: Operation) -> Self {
        match operation {
            Operation::BootOverrideSet => Self::SetBootOverride(BootOverride::NONE),
            Operation::IdentifySet => {
                Self::SetIdentify(SetIdentify { state: halmark::Identify::Unlit, lasting: None })
            }
            Operation::BmcReset => Self::ResetBmc(BmcReset::Cold),
            Operation::BmcClockSet => Self::SetBmcClock(Timestamp(1_800_000_000)),
            Operation::AccountsCreate => Self::CreateAccount(NewAccount {
                id: None,
                name: "probe".to_owned(),
                password: halmark::Secret::new("Pr0be-of-nothing"),
                role: halmark::Role::ReadOnly,
                enabled: false,
                protocols: [].into(),
            }),
            Operation::AccountsUpdate => Self::UpdateAccount("probe".to_owned(), AccountUpdate::default()),
            Operation::AccountsDelete => Self::DeleteAccount("probe".to_owned()),
            Operation::MediaInsert => Self::InsertMedia(InsertMedia {
                slot: None,
                kind: MediaKind::Cd,
                image: "http://images.invalid/probe.iso".to_owned(),
                user: None,
                password: None,
            }),
            Operation::MediaEject => Self::EjectMedia(MediaKind::Cd),
            Operation::BiosSet => {
                Self::SetBios([("ProbeOfNothing".to_owned(), BiosValue::Flag(true))].into())
            }
            Operation::BootOrderSet => Self::SetBootOrder(vec![BootDevice::Pxe]),
            Operation::VendorCall => Self::Vendor(VendorCall::Ipmi {
                netfn: 0x06,
                command: 0x01,
                data: halmark::model::Bytes::default(),
            }),
            other => Self::Plain(other),
        }
    }

    /// Carries it out: the value as JSON, with what was forgiven.
    pub async fn run(&self, driver: &dyn Driver, within: Duration) -> Result<Returned, DriverError> {
        let by = Deadline::after(within);
        match self {
            Self::SetBootOverride(to) => driver.set_boot_override(*to, by).await.map(Returned::of),
            Self::SetIdentify(to) => driver.set_identify(*to, by).await.map(Returned::of),
            Self::ResetBmc(kind) => driver.reset_bmc(*kind, by).await.map(Returned::of),
            Self::SetBmcClock(to) => driver.set_bmc_clock(*to, by).await.map(Returned::of),
            Self::CreateAccount(new) => driver.create_account(new, by).await.map(Returned::of),
            Self::UpdateAccount(name, to) => {
                let id = find(driver, name, self.operation(), by).await?;
                driver.update_account(&id, to, by).await.map(Returned::of)
            }
            Self::DeleteAccount(name) => {
                let id = find(driver, name, self.operation(), by).await?;
                driver.delete_account(&id, by).await.map(Returned::of)
            }
            Self::InsertMedia(medium) => driver.insert_media(medium, by).await.map(Returned::of),
            Self::EjectMedia(kind) => {
                let slot = slot(driver, *kind, by).await?;
                driver.eject_media(&slot, by).await.map(Returned::of)
            }
            Self::SetBios(to) => driver.set_bios(to, by).await.map(Returned::of),
            Self::SetBootOrder(devices) => {
                let first = entries(driver, devices, by).await?;
                driver.set_boot_order(&first, by).await.map(Returned::of)
            }
            Self::Vendor(call) => driver.vendor_call(call, by).await.map(Returned::of),
            Self::Act(action, body) => {
                let path = oem::target(driver, action, by).await?;
                let body = body.clone();
                let call = VendorCall::Redfish { method: "POST".to_owned(), path, body };
                driver.vendor_call(&call, by).await.map(Returned::of)
            }
            Self::Plain(Operation::InventoryRead) => driver.inventory(by).await.map(Returned::of),
            Self::Plain(Operation::BootOrderGet) => driver.boot_order(by).await.map(Returned::of),
            Self::Plain(Operation::PowerRead) => driver.power_read(by).await.map(Returned::of),
            Self::Plain(Operation::BootOverrideGet) => driver.boot_override(by).await.map(Returned::of),
            Self::Plain(Operation::IdentifyGet) => driver.identify(by).await.map(Returned::of),
            Self::Plain(Operation::IdentityRead) => driver.identity(by).await.map(Returned::of),
            Self::Plain(Operation::FruRead) => driver.fru(by).await.map(Returned::of),
            Self::Plain(Operation::SensorsRead) => driver.sensors(by).await.map(Returned::of),
            Self::Plain(Operation::PowerMetrics) => driver.power_metrics(by).await.map(Returned::of),
            Self::Plain(Operation::LogList) => driver.log(by).await.map(Returned::of),
            Self::Plain(Operation::LogClear) => driver.clear_log(by).await.map(Returned::of),
            Self::Plain(Operation::AccountsList) => driver.accounts(by).await.map(Returned::of),
            Self::Plain(Operation::BmcClockGet) => driver.bmc_clock(by).await.map(Returned::of),
            Self::Plain(Operation::BmcNetworkRead) => driver.bmc_network(by).await.map(Returned::of),
            Self::Plain(Operation::MediaList) => driver.media(by).await.map(Returned::of),
            Self::Plain(Operation::BiosRead) => driver.bios(by).await.map(Returned::of),
            Self::Plain(Operation::ConsoleOpen) => talk::run(&[], driver, within).await,
            Self::Talk(turns) => talk::run(turns, driver, within).await,
            Self::Plain(operation) => match operation.power_action() {
                Some(action) => driver.power(action, by).await.map(Returned::of),
                None => Err(DriverError::invalid(*operation, "this operation needs arguments")),
            },
        }
    }
}

/// What stands for a password.
const HIDDEN: &str = "…";

fn updated(name: &str, to: &AccountUpdate) -> Value {
    let mut said = Map::from_iter([("account".to_owned(), json!(name))]);
    let mut put = |key: &str, value: Option<Value>| {
        value.into_iter().for_each(|value| drop(said.insert(key.to_owned(), value)));
    };
    put("name", to.name.as_ref().map(|it| json!(it)));
    put("password", to.password.as_ref().map(|_| json!(HIDDEN)));
    put("role", to.role.map(|it| json!(it)));
    put("enabled", to.enabled.map(|it| json!(it)));
    said.into()
}

/// The ID that the driver shows for the account with this name; an operation that is not claimed has none to look for.
async fn find(
    driver: &dyn Driver,
    name: &str,
    operation: Operation,
    by: Deadline,
) -> Result<AccountId, DriverError> {
    if !driver.capabilities().operations.contains(&operation) {
        return Ok(AccountId(name.to_owned()));
    }
    let accounts = driver.accounts(by).await?;
    let found = accounts.value.into_iter().find(|it| it.name == name);
    found.map(|it| it.id).ok_or_else(|| DriverError {
        operation,
        protocol: Some(accounts.protocol),
        cause: Cause::NotFound { what: format!("account {name:?}") },
        at: None,
    })
}

/// The slot for that kind of medium: the first that has something in it, else the first of all.
async fn slot(driver: &dyn Driver, kind: MediaKind, by: Deadline) -> Result<MediaSlotId, DriverError> {
    let operation = Operation::MediaEject;
    if !driver.capabilities().operations.contains(&operation) {
        return Ok(MediaSlotId(kind.to_string()));
    }
    let slots = driver.media(by).await?;
    let fits = |it: &&MediaSlot| it.kinds.is_empty() || it.kinds.contains(&kind);
    let fitting: Vec<&MediaSlot> = slots.value.iter().filter(fits).collect();
    let full = fitting.iter().find(|it| it.inserted || it.image.is_some());
    full.or(fitting.first()).map(|it| it.id.clone()).ok_or_else(|| DriverError {
        operation,
        protocol: Some(slots.protocol),
        cause: Cause::NotFound { what: format!("slot for a virtual {kind}") },
        at: None,
    })
}

/// The first entry that the driver shows for each of these devices; an operation that is not claimed has none to look for.
async fn entries(
    driver: &dyn Driver,
    devices: &[BootDevice],
    by: Deadline,
) -> Result<Vec<String>, DriverError> {
    let operation = Operation::BootOrderSet;
    if !driver.capabilities().operations.contains(&operation) {
        return Ok(devices.iter().map(ToString::to_string).collect());
    }
    let order = driver.boot_order(by).await?;
    let of = |device: &BootDevice| {
        let found = order.value.entries.iter().find(|it| it.device == Some(*device));
        found.map(|it| it.id.clone()).ok_or_else(|| DriverError {
            operation,
            protocol: Some(order.protocol),
            cause: Cause::NotFound { what: format!("an entry of the boot order for {device}") },
            at: None,
        })
    };
    devices.iter().map(of).collect()
}

/// What an operation returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// The value.
    pub value: Value,
    /// How it was obtained.
    pub protocol: Protocol,
    /// What the driver forgave.
    pub notes: Vec<String>,
}

impl Returned {
    /// An answer of the contract as JSON.
    pub fn of<T: serde::Serialize>(answer: halmark::Answer<T>) -> Self {
        let notes = answer.notes.iter().map(ToString::to_string).collect();
        let value = serde_json::to_value(answer.value).unwrap_or(Value::Null);
        Self { value, protocol: answer.protocol, notes }
    }
}
