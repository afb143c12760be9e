//! Deviations of the boot override: not used, not kept, or not given back.

use super::Deviation;
use crate::{
    firmware::Ruling,
    machine::{
        Command::{BmcReset, Reset, SetOverride},
        Device, Lasting, Mode, Override, Power,
    },
};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("override-ignored", "stores and shows an override, and boots the default all the same")
        .on_rules(|rules| rules.taken = |_, default| default),
    Deviation::named("override-wrong-device", "boots from CD whatever the override says")
        .on_rules(|rules| rules.taken = |found, default| found.map_or(default, |_| Device::Cdrom)),
    Deviation::named("override-not-stored", "accepts an override and forgets it").on_command(|command, _| {
        match command {
            SetOverride(Some(_)) => Ruling::Pretend,
            _ => Ruling::Pass,
        }
    }),
    Deviation::named("once-dropped-early", "loses a one-time override when the power goes, before the boot")
        .on_rules(|rules| rules.left_by_power_off = |it| (it.lasting == Lasting::Continuous).then_some(it)),
    Deviation::named("once-never-consumed", "keeps a one-time override after the boot that took it")
        .on_rules(|rules| rules.left_by_boot = Some),
    Deviation::named("once-is-continuous", "stores a one-time override as a lasting one")
        .on_command(|command, _| stored(command, |it| Override { lasting: Lasting::Continuous, ..it })),
    Deviation::named("continuous-is-once", "stores a lasting override as a one-time one")
        .on_command(|command, _| stored(command, |it| Override { lasting: Lasting::Once, ..it })),
    Deviation::named("mode-forgotten", "falls back to legacy mode whenever an override is set")
        .on_command(|command, _| stored(command, |it| Override { mode: Mode::Legacy, ..it })),
    Deviation::named("override-resets-host", "resets a running host when an override is set").on_command(
        |command, facts| match command {
            SetOverride(_) if facts.power == Power::On => Ruling::Both(command, Reset),
            _ => Ruling::Pass,
        },
    ),
    Deviation::named("override-lost-on-bmc-reset", "forgets the override when the BMC restarts").on_command(
        |command, _| match command {
            BmcReset { .. } => Ruling::Both(SetOverride(None), command),
            _ => Ruling::Pass,
        },
    ),
];

fn stored(command: crate::machine::Command, change: fn(Override) -> Override) -> Ruling {
    match command {
        SetOverride(Some(it)) => Ruling::Instead(SetOverride(Some(change(it)))),
        _ => Ruling::Pass,
    }
}
