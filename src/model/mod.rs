//! The vocabulary: what the operations of the contract take and give, one file per area.
//!
//! Every enumeration prints, parses and serialises as the same kebab-case word.

mod accounts;
mod bios;
mod bmc;
mod boot;
mod bytes;
mod fru;
mod identify;
mod identity;
mod inventory;
mod log;
mod media;
mod metrics;
mod power;
mod secret;
mod sensors;
mod time;
mod vendor;

pub use accounts::{Account, AccountId, AccountProtocol, AccountUpdate, NewAccount, Role};
pub use bios::{Bios, BiosAttribute, BiosChanges, BiosValue, SecureBoot};
pub use bmc::{AddressSource, BmcClock, BmcNetwork, BmcReset};
pub use boot::{BootDevice, BootDuration, BootEntry, BootMode, BootOrder, BootOverride};
pub use bytes::Bytes;
pub use fru::{Fru, FruBoard, FruChassis, FruProduct, FruRecord};
pub use identify::{Identify, SetIdentify};
pub use identity::Identity;
pub use inventory::{Disk, DiskMedia, Inventory, MemoryModule, NetworkInterface, Processor};
pub use log::{EventLog, LogEntry};
pub use media::{InsertMedia, MediaKind, MediaSlot, MediaSlotId};
pub use metrics::PowerMetrics;
pub use power::{PowerAction, PowerState};
pub use secret::Secret;
pub use sensors::{Availability, Health, Sensor, SensorKind, Thresholds, Unit};
pub use time::Timestamp;
pub use vendor::{VendorAnswer, VendorCall};

use serde::{Deserialize, Serialize};

/// How a changing operation ended: the BMC accepted it, which does not mean that the state has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The BMC accepted the request.
    Changed,
    /// The BMC was already in the state asked for; nothing that can change the machine was sent.
    AlreadySo,
}

/// A word that none of an enumeration's names is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// What would have been understood.
    pub expected: &'static [&'static str],
}

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown word {:?}: expected one of {}", self.word, self.expected.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Gives an enumeration its words: `WORDS`, `word()`, `Display`, `FromStr`, and serde by word.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The words of [`Self::ALL`], in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
            /// The word that stands for this value in scenarios, on the command line and in reports.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::model::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::model::UnknownWord { word: word.to_owned(), expected: Self::WORDS }),
                }
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;
