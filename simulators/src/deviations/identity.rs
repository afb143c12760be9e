//! Deviations of the machine's identity.

use super::Deviation;

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("uuid-changes-on-read", "gives another UUID whenever it is asked")
        .on_view(|view, facts| stir(&mut view.id.uuid, facts.reads)),
    Deviation::named("uuid-changes-on-reset", "gives another UUID after every restart of the host")
        .on_view(|view, facts| stir(&mut view.id.uuid, facts.restarts)),
    Deviation::named("uuid-nil", "gives the nil UUID").on_view(|view, _| view.id.uuid = [0; 16]),
    Deviation::named(
        "serial-changes-on-reset",
        "gives another serial number after every restart of the host",
    )
    .on_view(|view, facts| {
        if facts.restarts > 0 {
            view.id.serial = format!("{}-{}", view.id.serial, facts.restarts);
        }
    }),
    Deviation::named("serial-missing", "gives no serial number").on_view(|view, _| view.id.serial.clear()),
    Deviation::named("firmware-missing", "gives no version of its own firmware")
        .on_view(|view, _| view.id.bmc_firmware.clear()),
    Deviation::named("mac-of-another", "gives the MAC address of another interface")
        .on_view(|view, _| view.id.mac[5] = view.id.mac[5].wrapping_add(1)),
    Deviation::named(
        "uuid-swapped",
        "gives the UUID with its first three fields in the other byte order (SMBIOS ≥ 2.6)",
    )
    .on_view(|view, _| {
        view.id.uuid[0..4].reverse();
        view.id.uuid[4..6].reverse();
        view.id.uuid[6..8].reverse();
    }),
    Deviation::named("serial-padded", "pads the serial number with spaces and a NUL, as it lies in the FRU")
        .on_view(|view, _| view.id.serial.push_str("   \0")),
];

/// Another UUID for every number but 0.
fn stir(uuid: &mut [u8; 16], number: u32) {
    uuid[12..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, with)| *byte ^= with);
}
