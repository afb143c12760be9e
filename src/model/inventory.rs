//! What the machine is made of: processors, memory, network interfaces and disks.

use serde::{Deserialize, Serialize};

use super::words;

/// The parts that are there; a slot with nothing in it is left out. What the BMC does not say of a part is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inventory {
    /// Processors.
    pub processors: Vec<Processor>,
    /// Memory modules.
    pub memory: Vec<MemoryModule>,
    /// The host's network interfaces; the BMC's own is [`BmcNetwork`](super::BmcNetwork).
    pub interfaces: Vec<NetworkInterface>,
    /// Disks.
    pub disks: Vec<Disk>,
}

/// A processor (DSP0268 Processor).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Processor {
    /// What the BMC calls it apart from all others.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// Threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// The most that it can be clocked with, in megahertz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_mhz: Option<u32>,
}

/// A memory module (DSP0268 Memory).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemoryModule {
    /// What the BMC calls it apart from all others.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its size in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mebibytes: Option<u64>,
    /// Its type, such as `DDR5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technology: Option<String>,
    /// The speed that it runs with, in megahertz or megatransfers a second, as the BMC counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mhz: Option<u32>,
    /// Manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Part number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// A network interface of the host (DSP0268 EthernetInterface).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkInterface {
    /// What the BMC calls it apart from all others.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its MAC address, as six lower-case bytes with colons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Whether it has a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<bool>,
    /// Its speed in megabits a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub megabits: Option<u32>,
}

/// A disk (DSP0268 Drive).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Disk {
    /// What the BMC calls it apart from all others.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How it keeps its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<DiskMedia>,
    /// How it is attached, such as `SAS` or `NVMe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// How a disk keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskMedia {
    /// On rotating disks.
    Hdd,
    /// In flash.
    Ssd,
}
words!(DiskMedia { Hdd = "hdd", Ssd = "ssd" });
