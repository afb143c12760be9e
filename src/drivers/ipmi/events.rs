//! What the states of discrete sensors mean, and how bad each is (IPMI v2.0 tables 42-2 and 42-3): one row for each.

use crate::model::Health::{self, Critical, Ok, Unknown, Warning};

/// A state: its words and how bad it is while it holds.
pub(super) type State = (&'static str, Health);

/// The event/reading type of a sensor with thresholds.
pub(super) const THRESHOLD: u8 = 0x01;
/// The event/reading type whose states depend on the sensor's type.
pub(super) const SENSOR_SPECIFIC: u8 = 0x6F;

/// The state of this offset, for a sensor of this type and this event/reading type.
pub(super) fn state(kind: u8, event: u8, offset: u8) -> Option<State> {
    let states = match event {
        THRESHOLD => THRESHOLDS,
        SENSOR_SPECIFIC => table(SPECIFIC, kind)?,
        generic => table(GENERIC, generic)?,
    };
    states.get(usize::from(offset)).copied()
}

/// The name of a sensor type.
pub(super) fn kind_name(kind: u8) -> &'static str {
    const NAMES: [&str; 0x2D] = [
        "reserved",
        "temperature",
        "voltage",
        "current",
        "fan",
        "physical security",
        "platform security",
        "processor",
        "power supply",
        "power unit",
        "cooling device",
        "other units",
        "memory",
        "drive slot",
        "POST memory resize",
        "system firmware",
        "event logging",
        "watchdog 1",
        "system event",
        "critical interrupt",
        "button",
        "module or board",
        "microcontroller",
        "add-in card",
        "chassis",
        "chip set",
        "other FRU",
        "cable or interconnect",
        "terminator",
        "system boot",
        "boot error",
        "OS boot",
        "OS stop",
        "slot or connector",
        "ACPI power state",
        "watchdog 2",
        "platform alert",
        "entity presence",
        "monitor ASIC",
        "LAN",
        "management subsystem",
        "battery",
        "session audit",
        "version change",
        "FRU state",
    ];
    NAMES.get(usize::from(kind)).copied().unwrap_or(if kind >= 0xC0 { "OEM sensor" } else { "reserved" })
}

fn table(tables: &'static [(u8, &'static [State])], key: u8) -> Option<&'static [State]> {
    tables.iter().find(|(number, _)| *number == key).map(|(_, states)| *states)
}

/// Type 01h: a threshold was crossed.
const THRESHOLDS: &[State] = &[
    ("lower non-critical, going low", Warning),
    ("lower non-critical, going high", Warning),
    ("lower critical, going low", Critical),
    ("lower critical, going high", Critical),
    ("lower non-recoverable, going low", Critical),
    ("lower non-recoverable, going high", Critical),
    ("upper non-critical, going low", Warning),
    ("upper non-critical, going high", Warning),
    ("upper critical, going low", Critical),
    ("upper critical, going high", Critical),
    ("upper non-recoverable, going low", Critical),
    ("upper non-recoverable, going high", Critical),
];

/// By event/reading type (table 42-2).
const GENERIC: &[(u8, &[State])] = &[
    (0x02, &[("idle", Ok), ("active", Ok), ("busy", Ok)]),
    (0x03, &[("state deasserted", Unknown), ("state asserted", Unknown)]),
    (0x04, &[("predictive failure deasserted", Ok), ("predictive failure asserted", Warning)]),
    (0x05, &[("limit not exceeded", Ok), ("limit exceeded", Critical)]),
    (0x06, &[("performance met", Ok), ("performance lags", Warning)]),
    (
        0x07,
        &[
            ("OK", Ok),
            ("non-critical from OK", Warning),
            ("critical from less severe", Critical),
            ("non-recoverable from less severe", Critical),
            ("non-critical from more severe", Warning),
            ("critical from non-recoverable", Critical),
            ("non-recoverable", Critical),
            ("monitor", Ok),
            ("informational", Ok),
        ],
    ),
    (0x08, &[("device absent", Unknown), ("device present", Ok)]),
    (0x09, &[("device disabled", Unknown), ("device enabled", Ok)]),
    (
        0x0A,
        &[
            ("running", Ok),
            ("in test", Ok),
            ("power off", Ok),
            ("on line", Ok),
            ("off line", Warning),
            ("off duty", Ok),
            ("degraded", Warning),
            ("power save", Ok),
            ("install error", Critical),
        ],
    ),
    (
        0x0B,
        &[
            ("fully redundant", Ok),
            ("redundancy lost", Critical),
            ("redundancy degraded", Warning),
            ("non-redundant, sufficient from redundant", Warning),
            ("non-redundant, sufficient from insufficient", Warning),
            ("non-redundant, insufficient", Critical),
            ("redundancy degraded from full", Warning),
            ("redundancy degraded from none", Warning),
        ],
    ),
    (0x0C, &[("D0 power state", Ok), ("D1 power state", Ok), ("D2 power state", Ok), ("D3 power state", Ok)]),
];

/// By sensor type (table 42-3), where the type has states of its own.
const SPECIFIC: &[(u8, &[State])] = &[
    (
        0x05,
        &[
            ("general chassis intrusion", Critical),
            ("drive bay intrusion", Critical),
            ("I/O card area intrusion", Critical),
            ("processor area intrusion", Critical),
            ("LAN leash lost", Warning),
            ("unauthorized dock", Warning),
            ("fan area intrusion", Critical),
        ],
    ),
    (
        0x07,
        &[
            ("IERR", Critical),
            ("thermal trip", Critical),
            ("FRB1 or BIST failure", Critical),
            ("FRB2 or hang in POST", Critical),
            ("FRB3 or startup failure", Critical),
            ("configuration error", Critical),
            ("uncorrectable CPU complex error", Critical),
            ("presence detected", Ok),
            ("disabled", Warning),
            ("terminator presence detected", Ok),
            ("throttled", Warning),
            ("machine check exception", Critical),
            ("correctable machine check error", Warning),
        ],
    ),
    (
        0x08,
        &[
            ("presence detected", Ok),
            ("failure detected", Critical),
            ("predictive failure", Warning),
            ("input lost (AC/DC)", Critical),
            ("input lost or out of range", Critical),
            ("input out of range, but present", Warning),
            ("configuration error", Critical),
            ("inactive", Ok),
        ],
    ),
    (
        0x09,
        &[
            ("power off", Ok),
            ("power cycle", Ok),
            ("240 VA power down", Critical),
            ("interlock power down", Warning),
            ("AC lost", Critical),
            ("soft power control failure", Critical),
            ("power unit failure", Critical),
            ("predictive failure", Warning),
        ],
    ),
    (
        0x0C,
        &[
            ("correctable ECC", Warning),
            ("uncorrectable ECC", Critical),
            ("parity", Critical),
            ("memory scrub failed", Critical),
            ("memory device disabled", Warning),
            ("correctable ECC logging limit reached", Warning),
            ("presence detected", Ok),
            ("configuration error", Critical),
            ("spare", Ok),
            ("throttled", Warning),
            ("critical overtemperature", Critical),
        ],
    ),
    (
        0x0D,
        &[
            ("drive present", Ok),
            ("drive fault", Critical),
            ("predictive failure", Warning),
            ("hot spare", Ok),
            ("consistency check in progress", Ok),
            ("in critical array", Critical),
            ("in failed array", Critical),
            ("rebuild in progress", Warning),
            ("rebuild aborted", Warning),
        ],
    ),
    (0x0F, &[("firmware error", Critical), ("firmware hang", Critical), ("firmware progress", Ok)]),
    (
        0x10,
        &[
            ("correctable memory error logging disabled", Warning),
            ("event type logging disabled", Warning),
            ("log area reset or cleared", Ok),
            ("all event logging disabled", Warning),
            ("log full", Warning),
            ("log almost full", Warning),
            ("correctable machine check logging disabled", Warning),
        ],
    ),
    (
        0x12,
        &[
            ("system reconfigured", Ok),
            ("OEM system boot event", Ok),
            ("undetermined system hardware failure", Critical),
            ("entry added to auxiliary log", Ok),
            ("PEF action", Ok),
            ("timestamp clock synchronized", Ok),
        ],
    ),
    (
        0x13,
        &[
            ("front panel NMI", Critical),
            ("bus timeout", Critical),
            ("I/O channel check NMI", Critical),
            ("software NMI", Critical),
            ("PCI PERR", Critical),
            ("PCI SERR", Critical),
            ("EISA fail-safe timeout", Critical),
            ("bus correctable error", Warning),
            ("bus uncorrectable error", Critical),
            ("fatal NMI", Critical),
            ("bus fatal error", Critical),
            ("bus degraded", Warning),
        ],
    ),
    (
        0x14,
        &[
            ("power button pressed", Ok),
            ("sleep button pressed", Ok),
            ("reset button pressed", Ok),
            ("FRU latch open", Warning),
            ("FRU service request button", Ok),
        ],
    ),
    (
        0x1D,
        &[
            ("initiated by power up", Ok),
            ("initiated by hard reset", Ok),
            ("initiated by warm reset", Ok),
            ("user requested PXE boot", Ok),
            ("automatic boot to diagnostic", Ok),
            ("software initiated hard reset", Ok),
            ("software initiated warm reset", Ok),
            ("system restart", Ok),
        ],
    ),
    (
        0x1E,
        &[
            ("no bootable media", Critical),
            ("non-bootable disk in drive", Warning),
            ("PXE server not found", Warning),
            ("invalid boot sector", Warning),
            ("time-out waiting for a boot source", Warning),
        ],
    ),
    (
        0x1F,
        &[
            ("A: boot completed", Ok),
            ("C: boot completed", Ok),
            ("PXE boot completed", Ok),
            ("diagnostic boot completed", Ok),
            ("CD-ROM boot completed", Ok),
            ("ROM boot completed", Ok),
            ("boot completed", Ok),
        ],
    ),
    (
        0x20,
        &[
            ("stop during OS load", Critical),
            ("run-time stop", Critical),
            ("OS graceful stop", Ok),
            ("OS graceful shutdown", Ok),
            ("soft shutdown by PEF", Ok),
            ("agent not responding", Warning),
        ],
    ),
    (
        0x22,
        &[
            ("S0/G0 working", Ok),
            ("S1 sleeping", Ok),
            ("S2 sleeping", Ok),
            ("S3 sleeping", Ok),
            ("S4 non-volatile sleep", Ok),
            ("S5/G2 soft-off", Ok),
            ("S4/S5 soft-off", Ok),
            ("G3 mechanical off", Ok),
            ("sleeping in S1, S2 or S3", Ok),
            ("G1 sleeping", Ok),
            ("S5 entered by override", Ok),
            ("legacy on", Ok),
            ("legacy off", Ok),
        ],
    ),
    (
        0x23,
        &[
            ("timer expired", Warning),
            ("hard reset", Warning),
            ("power down", Warning),
            ("power cycle", Warning),
            ("reserved", Unknown),
            ("reserved", Unknown),
            ("reserved", Unknown),
            ("reserved", Unknown),
            ("timer interrupt", Warning),
        ],
    ),
    (0x25, &[("present", Ok), ("absent", Unknown), ("disabled", Unknown)]),
    (0x29, &[("battery low", Warning), ("battery failed", Critical), ("battery present", Ok)]),
    (0x2B, &[("hardware change detected", Ok), ("firmware or software change detected", Ok)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_supply_that_failed_is_critical() {
        assert_eq!(state(0x08, SENSOR_SPECIFIC, 1), Some(("failure detected", Critical)));
        assert_eq!(state(0x04, 0x08, 1), Some(("device present", Ok)));
        assert_eq!(state(0x01, THRESHOLD, 9), Some(("upper critical, going high", Critical)));
    }

    #[test]
    fn what_the_tables_do_not_have_is_none() {
        assert_eq!((state(0xC1, SENSOR_SPECIFIC, 0), state(0x08, SENSOR_SPECIFIC, 14)), (None, None));
        assert_eq!(kind_name(0xD0), "OEM sensor");
        assert_eq!(kind_name(0x2C), "FRU state");
    }
}
