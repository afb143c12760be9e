//! FRU inventory: what the machine's own store says of chassis, board and product (Platform Management FRU Information v1.0).

use serde::{Deserialize, Serialize};

use super::{Bytes, Timestamp};

/// The FRU inventory of the machine itself. An area that is not there, or cannot be believed, is absent; so is a field
/// that is empty. Text is trimmed of white space and of the FFh, FEh and NUL that some put at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fru {
    /// The chassis area (§10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chassis: Option<FruChassis>,
    /// The board area (§11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<FruBoard>,
    /// The product area (§12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<FruProduct>,
    /// The records of the multi-record area (§16), unread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<FruRecord>,
}

/// The chassis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FruChassis {
    /// The type of the enclosure, as SMBIOS numbers it (17h is a rack mount chassis).
    pub kind: u8,
    /// Part number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// What the vendor adds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<String>,
}

/// The mainboard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FruBoard {
    /// When it was made, to the minute; absent when the store does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufactured: Option<Timestamp>,
    /// Manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Part number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// The file that the store was filled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fru_file: Option<String>,
    /// What the vendor adds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<String>,
}

/// The product as it is sold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FruProduct {
    /// Manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Part or model number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// Version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Asset tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_tag: Option<String>,
    /// The file that the store was filled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fru_file: Option<String>,
    /// What the vendor adds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<String>,
}

/// A record of the multi-record area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FruRecord {
    /// Its type (§16.2): 00h is a power supply, C0h and above are the vendor's.
    pub kind: u8,
    /// What it holds.
    pub data: Bytes,
}
