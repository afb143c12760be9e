//! Deviations of the machine's identity.

use std::sync::Arc;

use super::Deviation;
use crate::{firmware::View, machine::Id};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("uuid-changes-on-read", "gives another UUID whenever it is asked")
        .on_view(|view, facts| stir(&mut id(view).uuid, facts.reads)),
    Deviation::named("uuid-changes-on-reset", "gives another UUID after every restart of the host")
        .on_view(|view, facts| stir(&mut id(view).uuid, facts.restarts)),
    Deviation::named("uuid-nil", "gives the nil UUID").on_view(|view, _| id(view).uuid = [0; 16]),
    Deviation::named(
        "serial-changes-on-reset",
        "gives another serial number after every restart of the host",
    )
    .on_view(|view, facts| {
        if facts.restarts > 0 {
            id(view).serial += &format!("-{}", facts.restarts);
        }
    }),
    Deviation::named("serial-missing", "gives no serial number").on_view(|view, _| id(view).serial.clear()),
    Deviation::named("firmware-missing", "gives no version of its own firmware")
        .on_view(|view, _| id(view).bmc_firmware.clear()),
    Deviation::named("mac-of-another", "gives the MAC address of another interface")
        .on_view(|view, _| id(view).mac[5] = view.id.mac[5].wrapping_add(1)),
    Deviation::named(
        "uuid-swapped",
        "gives the UUID with its first three fields in the other byte order (SMBIOS ≥ 2.6)",
    )
    .on_view(|view, _| {
        let uuid = &mut id(view).uuid;
        uuid[0..4].reverse();
        uuid[4..6].reverse();
        uuid[6..8].reverse();
    }),
    Deviation::named("serial-padded", "pads the serial number with spaces and a NUL, as it lies in the FRU")
        .on_view(|view, _| id(view).serial.push_str("   \0")),
];

/// The ids that this view shows, and nobody else's.
fn id(view: &mut View) -> &mut Id {
    Arc::make_mut(&mut view.id)
}

/// Another UUID for every number but 0.
fn stir(uuid: &mut [u8; 16], number: u32) {
    uuid[12..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, with)| *byte ^= with);
}
