//! What the machine is made of: the system's Processors, Memory, EthernetInterfaces, and the drives of its Storage (DSP0268).
//!
//! What the system does not link, or cannot be read, is empty. With `$expand` it is one request for each list and one for
//! each drive.

use super::{
    client::Talk,
    document::{Document, View},
    network,
};
use crate::{
    drivers::{failure::Failure, notes::Notes},
    model::{Disk, DiskMedia, Inventory, MemoryModule, NetworkInterface, Processor},
};

/// Everything that is told of the machine's parts.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Inventory, Failure> {
    let system = talk.system().await?;
    let mut inventory = Inventory::default();
    for document in parts(talk, &system, "Processors").await? {
        inventory.processors.extend(processor(&document, &mut talk.notes));
    }
    for document in parts(talk, &system, "Memory").await? {
        inventory.memory.push(module(&document, &mut talk.notes));
    }
    for document in parts(talk, &system, "EthernetInterfaces").await? {
        inventory.interfaces.push(interface(&document, &mut talk.notes));
    }
    for storage in parts(talk, &system, "Storage").await? {
        for drive in storage.view().links("Drives", &mut talk.notes) {
            let Some(drive) = talk.aside(&drive).await? else { continue };
            if is_there(drive.view(), &mut talk.notes) {
                inventory.disks.push(disk(&drive, &mut talk.notes));
            }
        }
    }
    Ok(inventory)
}

/// The members of one of the system's collections that are there.
async fn parts(talk: &mut Talk<'_>, system: &Document, property: &str) -> Result<Vec<Document>, Failure> {
    let link = system.view().link(property, &mut talk.notes);
    let all = talk.all_aside(link).await?;
    Ok(all.into_iter().filter(|it| is_there(it.view(), &mut talk.notes)).collect())
}

/// An empty slot is a resource whose state is Absent.
fn is_there(part: View<'_>, notes: &mut Notes) -> bool {
    part.object("Status", notes).text("State", notes).as_deref() != Some("Absent")
}

/// A processor of the host: an accelerator is a processor to Redfish, and none here.
fn processor(document: &Document, notes: &mut Notes) -> Option<Processor> {
    let view = document.view();
    let kind = view.text("ProcessorType", notes);
    kind.is_none_or(|kind| kind == "CPU").then(|| Processor {
        id: document.path.clone(),
        name: name(view, notes),
        vendor: view.text("Manufacturer", notes),
        model: view.text("Model", notes),
        cores: count(view, "TotalCores", notes),
        threads: count(view, "TotalThreads", notes),
        maximum_mhz: count(view, "MaxSpeedMHz", notes),
    })
}

fn module(document: &Document, notes: &mut Notes) -> MemoryModule {
    let view = document.view();
    MemoryModule {
        id: document.path.clone(),
        name: name(view, notes),
        mebibytes: size(view, "CapacityMiB", notes),
        technology: view.text("MemoryDeviceType", notes),
        mhz: count(view, "OperatingSpeedMhz", notes),
        vendor: view.text("Manufacturer", notes),
        part_number: view.text("PartNumber", notes),
        serial: view.text("SerialNumber", notes),
    }
}

fn interface(document: &Document, notes: &mut Notes) -> NetworkInterface {
    let view = document.view();
    // The one that it was made with tells it apart; the other can be changed.
    let macs = ["PermanentMACAddress", "MACAddress"];
    NetworkInterface {
        id: document.path.clone(),
        name: name(view, notes),
        mac: macs.iter().find_map(|property| network::mac(view, property, notes)),
        link: match view.text("LinkStatus", notes).as_deref() {
            Some("LinkUp") => Some(true),
            Some("LinkDown" | "NoLink") => Some(false),
            _ => None,
        },
        megabits: count(view, "SpeedMbps", notes),
    }
}

fn disk(document: &Document, notes: &mut Notes) -> Disk {
    let view = document.view();
    Disk {
        id: document.path.clone(),
        name: name(view, notes),
        bytes: size(view, "CapacityBytes", notes),
        media: match view.text("MediaType", notes).as_deref() {
            Some("HDD") => Some(DiskMedia::Hdd),
            Some("SSD") => Some(DiskMedia::Ssd),
            _ => None,
        },
        protocol: view.text("Protocol", notes),
        vendor: view.text("Manufacturer", notes),
        model: view.text("Model", notes),
        serial: view.text("SerialNumber", notes),
    }
}

fn name(view: View<'_>, notes: &mut Notes) -> String {
    view.text("Name", notes).or_else(|| view.text("Id", notes)).unwrap_or_default()
}

fn count(view: View<'_>, property: &str, notes: &mut Notes) -> Option<u32> {
    view.whole(property, notes).and_then(|it| u32::try_from(it).ok())
}

fn size(view: View<'_>, property: &str, notes: &mut Notes) -> Option<u64> {
    view.whole(property, notes).and_then(|it| u64::try_from(it).ok())
}
