//! `halmark driver`: what a driver in another process has to be, checked one by one.

use clap::Subcommand;

use super::{print, usage};
use crate::{
    lab::external::{External, check},
    verdict::exit,
};

/// `halmark driver …`.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// Check the plug-in itself on a simulated BMC: handshake, claims, deadline, cancel, two calls at once, garbage, death.
    ///
    /// Whether what it does is right is what `halmark run --driver` says. Exit codes: 0 it keeps the contract   1 it does not   2 usage
    Check {
        /// exec:PROGRAM, unix:SOCKET or grpc://HOST:PORT, with #NAME for one of several drivers there.
        driver: String,
    },
}

/// Carries it out.
pub(super) fn driver(command: &DriverCommand) -> u8 {
    let DriverCommand::Check { driver } = command;
    let Some(external) = External::named(driver) else {
        return usage(format!(
            "{driver:?} is not in another process: expected exec:PROGRAM, unix:SOCKET or grpc://HOST:PORT"
        ));
    };
    let mut whole = true;
    check::check(&external, &mut |finding| {
        whole &= finding.result.is_ok();
        print(&match &finding.result {
            Ok(said) => format!("ok    {:<10} {said}\n", finding.what),
            Err(why) => format!("FAIL  {:<10} {why}\n", finding.what),
        });
    });
    if whole { exit::CONFORMANT } else { exit::NONCONFORMANT }
}
