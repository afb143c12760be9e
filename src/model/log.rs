//! The event log.

use serde::{Deserialize, Serialize};

use super::{Bytes, Health, SensorKind, Timestamp};

/// The BMC's event log. IPMI: the SEL (IPMI v2.0 §31); Redfish: a LogService (DSP0268).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EventLog {
    /// Its entries, in the order in which the BMC keeps them: the oldest first.
    pub entries: Vec<LogEntry>,
    /// Whether events were lost for want of space; absent when the BMC does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overflowed: Option<bool>,
    /// How many bytes are free; absent when the BMC does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u32>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogEntry {
    /// Its ID in the log.
    pub id: String,
    /// When it was; absent when the BMC did not know the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// How bad it is.
    pub severity: Health,
    /// The kind of the sensor that it is of.
    pub kind: SensorKind,
    /// The sensor that it is of, as in [`Sensor::id`](super::Sensor::id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    /// Whether the event came or went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted: Option<bool>,
    /// What happened, for people.
    pub message: String,
    /// The record as the BMC gave it, where the protocol has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Bytes>,
}
