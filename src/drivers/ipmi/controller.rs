//! The BMC itself: Cold Reset and Warm Reset (IPMI v2.0 §20.2, §20.3).

use super::{command::Command, link::Talk, rmcp::handshake::Privilege};
use crate::{
    drivers::failure::Failure,
    model::{BmcReset, Change},
};

const COLD_RESET: Command = reset_command("Cold Reset", 0x02);
const WARM_RESET: Command = reset_command("Warm Reset", 0x03);

const fn reset_command(name: &'static str, number: u8) -> Command {
    Command::read(name, 0x06, number).for_role(Privilege::Administrator).changing()
}

/// Restarts the BMC. Its sessions end with it, so that nothing is closed and the next operation logs in again.
pub(super) async fn reset(talk: &mut Talk<'_>, kind: BmcReset) -> Result<Change, Failure> {
    let command = match kind {
        BmcReset::Cold => COLD_RESET,
        BmcReset::Warm => WARM_RESET,
    };
    talk.ask(&command, &[]).await?;
    talk.forget_session();
    Ok(Change::Changed)
}
