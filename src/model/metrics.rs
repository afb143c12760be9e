//! What the machine consumes.

use serde::{Deserialize, Serialize};

/// Power in watts, now and over an interval. What the BMC does not say, or does not measure now, is absent: never zero.
///
/// DCMI v1.5 §6.6.1, DSP0268 Power.PowerControl and EnvironmentMetrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PowerMetrics {
    /// Now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watts: Option<f64>,
    /// The least over the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_watts: Option<f64>,
    /// The most over the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_watts: Option<f64>,
    /// The average over the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_watts: Option<f64>,
    /// How long the interval is, in seconds; a rolling window, or the time since the BMC began to measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<f64>,
}
