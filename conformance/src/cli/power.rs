//! `halmark power`: the area of the contract that scripts call in a loop, with a short way in ([`super::shortcut`]).

use halmark::{Operation, PowerAction};

use super::{
    args::{Power, PowerArg},
    hal,
};

/// `halmark power ACTION --endpoint URL`.
pub(super) fn power(args: &Power) -> u8 {
    hal::ask(&asked(args.action), &args.door)
}

/// What is asked of a driver.
pub(super) fn asked(action: PowerArg) -> hal::Asked {
    hal::plain(self::action(action).map_or(Operation::PowerRead, Operation::of_power))
}

fn action(arg: PowerArg) -> Option<PowerAction> {
    Some(match arg {
        PowerArg::Read => return None,
        PowerArg::On => PowerAction::On,
        PowerArg::Off => PowerAction::Off,
        PowerArg::Shutdown => PowerAction::Shutdown,
        PowerArg::Cycle => PowerAction::Cycle,
        PowerArg::Reset => PowerAction::Reset,
        PowerArg::Nmi => PowerAction::Nmi,
    })
}
