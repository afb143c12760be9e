//! Deviations of power: a BMC that does nothing, too much, or something else.

use super::Deviation;
use crate::{
    firmware::{Facts, Ruling},
    machine::{
        Command::{Cycle, Nmi, PowerOff, PowerOn, Reset, Shutdown},
        Power,
    },
    redfish::WhenOff,
};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("cycle-does-nothing", "accepts a power cycle of a running host and does nothing")
        .on_command(|command, facts| when(command == Cycle && is_on(facts), Ruling::Pretend)),
    Deviation::named("cycle-stays-off", "a power cycle ends with the host off")
        .on_command(|command, facts| when(command == Cycle && is_on(facts), Ruling::Instead(PowerOff))),
    Deviation::named("cycle-is-reset", "a power cycle resets the host without taking its power")
        .on_command(|command, facts| when(command == Cycle && is_on(facts), Ruling::Instead(Reset))),
    Deviation::named("power-lies", "always says that the host is on")
        .on_view(|view, _| view.power = Power::On),
    Deviation::named("on-does-nothing", "accepts a power on and does nothing")
        .on_command(|command, facts| when(command == PowerOn && is_off(facts), Ruling::Pretend)),
    Deviation::named("on-resets-host", "a power on resets a host that is on")
        .on_command(|command, facts| when(command == PowerOn && is_on(facts), Ruling::Instead(Reset))),
    Deviation::named("off-does-nothing", "accepts a forced power off and does nothing")
        .on_command(|command, facts| when(command == PowerOff && is_on(facts), Ruling::Pretend)),
    Deviation::named("off-only-reported", "says off after a forced power off, while the host runs on")
        .on_command(|command, facts| when(command == PowerOff && is_on(facts), Ruling::Pretend))
        .on_view(|view, facts| {
            if facts.last_power == Some(PowerOff) {
                view.power = Power::Off;
            }
        }),
    Deviation::named(
        "shutdown-forces",
        "a graceful shutdown cuts the power without asking the operating system",
    )
    .on_command(|command, facts| when(command == Shutdown && is_on(facts), Ruling::Instead(PowerOff))),
    Deviation::named("shutdown-does-nothing", "accepts a graceful shutdown and does nothing")
        .on_command(|command, facts| when(command == Shutdown && is_on(facts), Ruling::Pretend)),
    Deviation::named("reset-does-nothing", "accepts a reset of a running host and does nothing")
        .on_command(|command, facts| when(command == Reset && is_on(facts), Ruling::Pretend)),
    Deviation::named("reset-powers-off", "a reset ends with the host off")
        .on_command(|command, facts| when(command == Reset && is_on(facts), Ruling::Instead(PowerOff))),
    Deviation::named("reset-is-cycle", "a reset takes the host's power and gives it back")
        .on_command(|command, facts| when(command == Reset && is_on(facts), Ruling::Instead(Cycle))),
    Deviation::named("reset-accepted-when-off", "accepts a reset of a host that is off, and does nothing")
        .on_command(|command, facts| when(command == Reset && is_off(facts), Ruling::Pretend)),
    Deviation::named("reset-when-off-powers-on", "a reset powers on a host that is off")
        .on_command(|command, facts| when(command == Reset && is_off(facts), Ruling::Instead(PowerOn))),
    Deviation::named("cycle-when-off-powers-on", "a power cycle powers on a host that is off")
        .on_command(|command, facts| when(command == Cycle && is_off(facts), Ruling::Instead(PowerOn))),
    // iDRAC and iLO.
    Deviation::named(
        "restart-when-off-refused",
        "refuses a restart and a power cycle, over Redfish, of a host that is off",
    )
    .on_policy(|policy| policy.restart_when_off = WhenOff::Conflicts),
    Deviation::named("nmi-resets-host", "a diagnostic interrupt resets the host")
        .on_command(|command, facts| when(command == Nmi && is_on(facts), Ruling::Instead(Reset))),
    Deviation::named("nmi-does-nothing", "accepts a diagnostic interrupt and raises none")
        .on_command(|command, facts| when(command == Nmi && is_on(facts), Ruling::Pretend)),
];

fn when(applies: bool, ruling: Ruling) -> Ruling {
    if applies { ruling } else { Ruling::Pass }
}

fn is_on(facts: &Facts) -> bool {
    facts.power == Power::On
}

fn is_off(facts: &Facts) -> bool {
    facts.power == Power::Off
}
