//! A BMC that does too much, does something else, or shows what is not so: wrong in one way each, never merely odd.

use std::sync::Arc;

use super::{Deviation, parts::calls};
use crate::{
    firmware::{Facts, Ruling, View},
    machine::{
        Command::{self, BmcReset, Cycle, Nmi, PowerOff, PowerOn, Reset, SetLed, SetOverride, Shutdown},
        Device, Id, Lasting, Led, Mode, Override, Power,
    },
    redfish::Answer,
};

/// How long a state is told that is over, in seconds.
const LATE: u32 = 120;

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("reset-twice", "answers a reset once and carries it out twice")
        .on_command(|command, facts| running(command == Reset, facts, Ruling::Both(Reset, Reset))),
    Deviation::named("nmi-twice", "answers a diagnostic interrupt once and raises two")
        .on_command(|command, facts| running(command == Nmi, facts, Ruling::Both(Nmi, Nmi))),
    Deviation::named("nmi-powers-off", "a diagnostic interrupt takes the host's power")
        .on_command(|command, facts| running(command == Nmi, facts, Ruling::Instead(PowerOff))),
    Deviation::named("off-asks-politely", "a forced power off asks the operating system")
        .on_command(|command, facts| running(command == PowerOff, facts, Ruling::Instead(Shutdown))),
    Deviation::named("shutdown-restarts", "a graceful shutdown resets the host")
        .on_command(|command, facts| running(command == Shutdown, facts, Ruling::Instead(Reset))),
    Deviation::named("off-told-late", "says On for two minutes after the host's power is gone").on_view(
        |view, facts| {
            let since = facts.off_since.map(|since| facts.now.saturating_sub(since));
            if view.power == Power::Off && since.is_some_and(|it| it < facts.second * LATE) {
                view.power = Power::On;
            }
        },
    ),
    Deviation::named("override-not-shown", "keeps and uses an override, and shows none")
        .on_view(|view, _| view.override_ = None),
    Deviation::named("override-shown-as-disk", "shows the disk whatever the override is set to")
        .on_view(|view, _| shown(view, |it| Override { device: Device::Disk, ..it })),
    Deviation::named("once-shown-as-continuous", "shows a one-time override as a lasting one")
        .on_view(|view, _| shown(view, |it| Override { lasting: Lasting::Continuous, ..it })),
    Deviation::named("mode-shown-as-legacy", "shows every override in legacy mode")
        .on_view(|view, _| shown(view, |it| Override { mode: Mode::Legacy, ..it })),
    Deviation::named("clear-ignored", "accepts that an override is cleared, and keeps it").on_command(
        |command, _| match command {
            SetOverride(None) => Ruling::Pretend,
            _ => Ruling::Pass,
        },
    ),
    Deviation::named("continuous-used-up", "forgets a lasting override at the first boot that takes it")
        .on_rules(|rules| rules.left_by_boot = |_| None),
    Deviation::named("override-powers-on", "powers a host on that is off when an override is set")
        .on_command(|command, facts| match command {
            SetOverride(Some(_)) if facts.power == Power::Off => Ruling::Both(command, PowerOn),
            _ => Ruling::Pass,
        }),
    Deviation::named("bmc-reset-powers-off", "takes a running host's power when it restarts itself")
        .on_command(|command, facts| beside_restart(command, facts, PowerOff)),
    Deviation::named("bmc-reset-cycles-host", "power cycles a running host when it restarts itself")
        .on_command(|command, facts| beside_restart(command, facts, Cycle)),
    Deviation::named("identify-inverted", "switches the light off for on, and on for off").on_command(
        |command, _| match command {
            SetLed { led: Led::Unlit, lasting } => Ruling::Instead(SetLed { led: Led::Lit, lasting }),
            SetLed { led: Led::Lit, lasting } => Ruling::Instead(SetLed { led: Led::Unlit, lasting }),
            _ => Ruling::Pass,
        },
    ),
    Deviation::named("identify-told-dark", "always says that the light is dark")
        .on_view(|view, _| view.led = Led::Unlit),
    Deviation::named("serial-of-board", "gives the mainboard's serial number as the system's")
        .on_view(|view, _| id(view).serial = view.id.board_serial.clone()),
    Deviation::named("serial-placeholder", "gives the vendor's placeholder as the serial number")
        .on_view(|view, _| "To be filled by O.E.M.".clone_into(&mut id(view).serial)),
    Deviation::named("model-missing", "gives no model").on_view(|view, _| id(view).model.clear()),
    Deviation::named("firmware-of-host", "gives the host firmware's version as its own")
        .on_view(|view, _| id(view).bmc_firmware = view.id.bios_version.clone()),
    Deviation::named("uuid-all-ones", "gives a UUID of ones, as an FRU has that was never written")
        .on_view(|view, _| id(view).uuid = [0xff; 16]),
    Deviation::named("uuid-changes-on-bmc-reset", "gives another UUID since it restarted itself").on_view(
        |view, facts| {
            if facts.ready_since.is_some() {
                id(view).uuid[15] ^= 1;
            }
        },
    ),
    Deviation::named("media-insert-ignored", "accepts an image for a slot, and leaves the slot empty")
        .on_change(|asked, _| calls(asked, "VirtualMedia.InsertMedia").then(Answer::no_content)),
    Deviation::named("media-eject-ignored", "accepts that an image is ejected, and keeps it")
        .on_change(|asked, _| calls(asked, "VirtualMedia.EjectMedia").then(Answer::no_content)),
    Deviation::named("bios-forgets", "accepts settings of the host's firmware, and forgets them").on_change(
        |asked, body| {
            let sets =
                asked.method == "PATCH" && asked.path.contains("/Bios") && body.contains_key("Attributes");
            sets.then(Answer::no_content)
        },
    ),
    Deviation::named("mac-zero", "gives a MAC address of zeros").on_view(|view, _| id(view).mac = [0; 6]),
];

fn running(applies: bool, facts: &Facts, ruling: Ruling) -> Ruling {
    if applies && facts.power == Power::On { ruling } else { Ruling::Pass }
}

fn beside_restart(command: Command, facts: &Facts, act: Command) -> Ruling {
    match command {
        BmcReset { .. } if facts.power == Power::On => Ruling::Both(act, command),
        _ => Ruling::Pass,
    }
}

fn shown(view: &mut View, change: fn(Override) -> Override) {
    view.override_ = view.override_.map(change);
}

/// The ids that this view shows, and nobody else's.
fn id(view: &mut View) -> &mut Id {
    Arc::make_mut(&mut view.id)
}
