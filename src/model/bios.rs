//! The settings of the host's firmware, and whether it starts signed software only.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// What an attribute can be set to (DSP0268 AttributeRegistry: enumerations and texts, integers, booleans).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BiosValue {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, or a word of an enumeration.
    Text(String),
}

impl fmt::Display for BiosValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// What attributes shall be, by their names. The names are the maker's.
pub type BiosChanges = BTreeMap<String, BiosValue>;

/// A setting of the host's firmware.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BiosAttribute {
    /// Its name, the maker's.
    pub name: String,
    /// What the host runs with; absent when the BMC does not say, as of passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<BiosValue>,
    /// What it will be from the next start of the host on; absent when it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<BiosValue>,
}

/// Whether the host starts signed software only (DSP0268 SecureBoot).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecureBoot {
    /// Whether it is switched on; what is switched now counts from the next start on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the present boot was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// The host's firmware as it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bios {
    /// Its settings, by their names.
    pub attributes: Vec<BiosAttribute>,
    /// Secure boot; absent where there is none, or the BMC does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_boot: Option<SecureBoot>,
}
