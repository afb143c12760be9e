//! What the machine is made of and the order in which it boots, as messages and back.

use halmark::{
    BootOrder, Inventory,
    model::{BootEntry, Disk, MemoryModule, NetworkInterface, Processor},
};

use crate::{
    failure::Odd,
    pb,
    words::{number, optional},
};

/// A message that has the fields of its type of the vocabulary, by name and kind, in both directions.
macro_rules! alike {
    ($($ours:ident { $($field:ident),+ $(,)? })+) => {
        $(impl From<$ours> for pb::$ours {
            fn from(it: $ours) -> Self {
                Self { $($field: it.$field),+ }
            }
        }

        impl From<pb::$ours> for $ours {
            fn from(it: pb::$ours) -> Self {
                Self { $($field: it.$field),+ }
            }
        })+
    };
}
alike! {
    Processor { id, name, vendor, model, cores, threads, maximum_mhz }
    MemoryModule { id, name, mebibytes, technology, mhz, vendor, part_number, serial }
    NetworkInterface { id, name, mac, link, megabits }
}

impl From<Disk> for pb::Disk {
    fn from(it: Disk) -> Self {
        Self {
            id: it.id,
            name: it.name,
            bytes: it.bytes,
            media: it.media.map(number).unwrap_or_default(),
            protocol: it.protocol,
            vendor: it.vendor,
            model: it.model,
            serial: it.serial,
        }
    }
}

impl TryFrom<pb::Disk> for Disk {
    type Error = Odd;

    fn try_from(it: pb::Disk) -> Result<Self, Odd> {
        Ok(Self {
            id: it.id,
            name: it.name,
            bytes: it.bytes,
            media: optional(it.media)?,
            protocol: it.protocol,
            vendor: it.vendor,
            model: it.model,
            serial: it.serial,
        })
    }
}

fn all<A, B: From<A>>(them: Vec<A>) -> Vec<B> {
    them.into_iter().map(Into::into).collect()
}

impl From<Inventory> for pb::Inventory {
    fn from(it: Inventory) -> Self {
        Self {
            processors: all(it.processors),
            memory: all(it.memory),
            interfaces: all(it.interfaces),
            disks: all(it.disks),
        }
    }
}

impl TryFrom<pb::Inventory> for Inventory {
    type Error = Odd;

    fn try_from(it: pb::Inventory) -> Result<Self, Odd> {
        Ok(Self {
            processors: all(it.processors),
            memory: all(it.memory),
            interfaces: all(it.interfaces),
            disks: it.disks.into_iter().map(TryInto::try_into).collect::<Result<_, Odd>>()?,
        })
    }
}

impl From<BootOrder> for pb::BootOrder {
    fn from(it: BootOrder) -> Self {
        let entries = it.entries.into_iter().map(|it| pb::BootEntry {
            id: it.id,
            name: it.name,
            device: it.device.map(number).unwrap_or_default(),
            enabled: it.enabled,
        });
        Self { entries: entries.collect(), pending: it.pending.map(|ids| pb::BootEntryIds { ids }) }
    }
}

impl TryFrom<pb::BootOrder> for BootOrder {
    type Error = Odd;

    fn try_from(it: pb::BootOrder) -> Result<Self, Odd> {
        let entries = it.entries.into_iter().map(|it| {
            let device = optional(it.device)?;
            Ok(BootEntry { id: it.id, name: it.name, device, enabled: it.enabled })
        });
        Ok(Self { entries: entries.collect::<Result<_, Odd>>()?, pending: it.pending.map(|it| it.ids) })
    }
}

#[cfg(test)]
mod tests {
    use halmark::{BootDevice, model::DiskMedia};

    use super::*;

    #[test]
    fn a_disk_of_no_known_kind_stays_so_and_a_known_one_too() {
        let disks = [None, Some(DiskMedia::Ssd)].map(|media| Disk { media, ..Disk::default() });
        let inventory = Inventory { disks: disks.into(), ..Inventory::default() };
        assert_eq!(pb::Inventory::from(inventory.clone()).try_into(), Ok(inventory));
    }

    #[test]
    fn nothing_pending_is_not_an_empty_order() {
        for pending in [None, Some(Vec::new()), Some(vec!["Boot0003".to_owned()])] {
            let entry = BootEntry {
                id: "Boot0003".to_owned(),
                device: Some(BootDevice::Pxe),
                ..BootEntry::default()
            };
            let order = BootOrder { entries: vec![entry, BootEntry::default()], pending };
            assert_eq!(pb::BootOrder::from(order.clone()).try_into(), Ok(order));
        }
    }
}
