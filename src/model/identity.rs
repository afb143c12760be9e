//! Who the machine is: what an inventory keys it by, and what a technician reads off its label.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a BMC says of the machine and of itself. A value that the BMC does not give is absent, never an empty string;
/// text is trimmed of white space and NULs and otherwise as the BMC gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Identity {
    /// The system's UUID in RFC 4122 order, equal to SMBIOS `system-uuid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<Uuid>,
    /// The system's manufacturer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The system's model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The system's serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The system's part number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// The mainboard's serial number, where the BMC tells it apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board_serial: Option<String>,
    /// The mainboard's part number, where the BMC tells it apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board_part_number: Option<String>,
    /// The host firmware's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bios_version: Option<String>,
    /// The host firmware's date, as the BMC writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bios_date: Option<String>,
    /// The BMC firmware's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bmc_firmware: Option<String>,
    /// The MAC address of the BMC's interface, as six lower-case bytes with colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bmc_mac: Option<String>,
    /// The IP address of the BMC's interface, as the BMC itself reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bmc_address: Option<String>,
}
