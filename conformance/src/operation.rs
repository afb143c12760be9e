//! Driver operations as data: what a scenario calls by name, carried out on a driver, answered as JSON.

use std::time::Duration;

use halmark::{BmcReset, BootOverride, Deadline, Driver, DriverError, Operation, model::SetIdentify};
use serde_json::{Value, json};

/// What `identity.read` can tell and some BMCs do not: each is a capability `identity:NAME` that a target may lack. Who
/// claims `identity.read` claims them all.
const PROPERTIES: &[&str] =
    &["uuid", "vendor", "model", "serial", "part-number", "bios-version", "bmc-firmware", "bmc-mac"];

/// The capabilities `identity:NAME`.
pub fn properties() -> impl Iterator<Item = String> {
    PROPERTIES.iter().map(|name| format!("identity:{name}"))
}

/// Whether an answer says that it does not know what this capability is about: the refusal of what is only read.
pub fn tells_nothing(capability: &str, value: &Value) -> bool {
    match capability.split_once(':') {
        Some(("identity", property)) => value.is_object() && value.get(property).is_none_or(Value::is_null),
        Some(("boot.mode", wanted)) => {
            value.is_object() && value.get("mode").is_none_or(|mode| mode != wanted)
        }
        _ => capability == Operation::PowerRead.to_string() && value == "unknown",
    }
}

/// One operation with its arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Call {
    /// An operation that takes no arguments.
    Plain(Operation),
    /// `boot.override.set`.
    SetBootOverride(BootOverride),
    /// `identify.set`.
    SetIdentify(SetIdentify),
    /// `bmc.reset`.
    ResetBmc(BmcReset),
}

impl Call {
    /// The operation.
    pub fn operation(self) -> Operation {
        match self {
            Self::Plain(operation) => operation,
            Self::SetBootOverride(_) => Operation::BootOverrideSet,
            Self::SetIdentify(_) => Operation::IdentifySet,
            Self::ResetBmc(_) => Operation::BmcReset,
        }
    }

    /// Its arguments, for journals and people.
    pub fn arguments(self) -> Value {
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
            other => Self::Plain(other),
        }
    }

    /// Carries it out: the value as JSON, with what was forgiven.
    pub async fn run(self, driver: &dyn Driver, within: Duration) -> Result<Returned, DriverError> {
        let by = Deadline::after(within);
        match self {
            Self::SetBootOverride(to) => driver.set_boot_override(to, by).await.map(Returned::of),
            Self::SetIdentify(to) => driver.set_identify(to, by).await.map(Returned::of),
            Self::ResetBmc(kind) => driver.reset_bmc(kind, by).await.map(Returned::of),
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
            Self::Plain(operation) => match operation.power_action() {
                Some(action) => driver.power(action, by).await.map(Returned::of),
                None => Err(DriverError::invalid(operation, "this operation needs arguments")),
            },
        }
    }
}

/// What an operation returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// The value.
    pub value: Value,
    /// What the driver forgave.
    pub notes: Vec<String>,
}

impl Returned {
    fn of<T: serde::Serialize>(answer: halmark::Answer<T>) -> Self {
        let notes = answer.notes.iter().map(ToString::to_string).collect();
        Self { value: serde_json::to_value(answer.value).unwrap_or(Value::Null), notes }
    }
}
