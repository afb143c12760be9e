//! Deviations of the BMC's own restart.

use super::Deviation;
use crate::{
    firmware::Ruling,
    machine::{
        Command::{BmcReset, Reset},
        Power,
    },
};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("bmc-reset-ignored", "accepts a restart of itself and does nothing").on_command(
        |command, _| match command {
            BmcReset { .. } => Ruling::Pretend,
            _ => Ruling::Pass,
        },
    ),
    Deviation::named("bmc-reset-resets-host", "resets a running host when it restarts itself").on_command(
        |command, facts| match command {
            BmcReset { .. } if facts.power == Power::On => Ruling::Both(Reset, command),
            _ => Ruling::Pass,
        },
    ),
    Deviation::named("bmc-reset-never-returns", "does not come back from its own restart")
        .on_rules(|rules| rules.bmc_returns = false),
];
