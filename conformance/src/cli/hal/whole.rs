//! The command line is whole: each operation of the contract has a command, and it is that operation that the command asks for.

use clap::Parser as _;
use halmark::Operation;

use super::{Asked, Verb, asked};
use crate::cli::{Args, Command, power};

/// A command that asks for an operation. A new operation has no arm here, so that nobody forgets its command.
const fn command(operation: Operation) -> &'static str {
    match operation {
        Operation::PowerRead => "power read",
        Operation::PowerOn => "power on",
        Operation::PowerOff => "power off",
        Operation::PowerShutdown => "power shutdown",
        Operation::PowerCycle => "power cycle",
        Operation::PowerReset => "power reset",
        Operation::PowerNmi => "power nmi",
        Operation::BootOverrideGet => "boot get",
        Operation::BootOverrideSet => "boot set pxe",
        Operation::BootOrderGet => "boot order get",
        Operation::BootOrderSet => "boot order set pxe disk",
        Operation::IdentifyGet => "identify get",
        Operation::IdentifySet => "identify set lit",
        Operation::IdentityRead => "identity",
        Operation::InventoryRead => "inventory read",
        Operation::FruRead => "inventory fru",
        Operation::SensorsRead => "sensors",
        Operation::PowerMetrics => "metrics",
        Operation::LogList => "log list",
        Operation::LogClear => "log clear",
        Operation::AccountsList => "accounts list",
        // The password is the first line of a file that is there.
        Operation::AccountsCreate => "accounts create it --role operator --new-password-file src/main.rs",
        Operation::AccountsUpdate => "accounts update it --role operator",
        Operation::AccountsDelete => "accounts delete it",
        Operation::ConsoleOpen => "console",
        Operation::BmcReset => "bmc reset",
        Operation::BmcClockGet => "bmc clock get",
        Operation::BmcClockSet => "bmc clock set 2026-11-21T10:26:38Z",
        Operation::BmcNetworkRead => "bmc network",
        Operation::MediaList => "media list",
        Operation::MediaInsert => "media insert http://images.invalid/it.iso",
        Operation::MediaEject => "media eject CD1",
        Operation::BiosRead => "bios get",
        Operation::BiosSet => "bios set BootMode=Uefi",
        Operation::VendorCall => "vendor ipmi 06 01",
    }
}

/// What a command line asks a driver for.
fn operation(line: &str) -> Operation {
    let parsed = Args::try_parse_from(std::iter::once("halmark").chain(line.split(' ')));
    match parsed.unwrap_or_else(|e| panic!("{line}: {e}")).command {
        Command::Power(typed) => power::asked(typed.action).operation(),
        Command::Hal(Verb::Console(_)) => Operation::ConsoleOpen,
        Command::Hal(verb) => asked(&verb).map(|(asked, _)| asked.operation()).unwrap_or_else(|code| {
            panic!("{line}: exit {code}");
        }),
        other => panic!("{line} asks nothing of a driver: {other:?}"),
    }
}

#[test]
fn every_operation_of_the_contract_has_its_command() {
    for wanted in Operation::ALL {
        assert_eq!(operation(command(*wanted)), *wanted);
    }
}

#[test]
fn an_entry_of_the_boot_order_is_named_by_its_device_or_by_its_id_and_not_by_both() {
    let read = |line: &str| Args::try_parse_from(std::iter::once("halmark").chain(line.split(' ')));
    let parsed = read("boot order set --id Boot0003 --id Boot0001").expect("it is read");
    let Command::Hal(verb) = parsed.command else { panic!("it is a command of the HAL") };
    let (asked, _) = asked(&verb).unwrap_or_else(|code| panic!("exit {code}"));
    assert_eq!(asked, Asked::Order(vec!["Boot0003".to_owned(), "Boot0001".to_owned()]));
    for wrong in ["boot order set", "boot order set pxe --id Boot0003", "boot order set none"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
