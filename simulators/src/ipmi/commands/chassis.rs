//! Chassis commands (IPMI v2.0 §28).

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};
use crate::machine::{Command, Refusal};

/// The group.
pub(super) const ROWS: &[Row] =
    &[Row::new((0x00, 0x02), "Chassis Control", Need::Level(Privilege::Operator), control)];

/// §28.3.
fn control(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [what] = request.exactly()?;
    let command = match what & 0x0F {
        0 => Command::PowerOff,
        1 => Command::PowerOn,
        2 => Command::Cycle,
        3 => Command::Reset,
        4 => Command::Nmi,
        5 => Command::Shutdown,
        _ => return Err(Completion::INVALID_FIELD),
    };
    match scene.bmc.command(command) {
        Ok(()) | Err(Refusal::AlreadyThere) => Ok(Vec::new()),
        Err(Refusal::Busy) => Err(Completion::BUSY),
        Err(_) => Err(Completion::NOT_IN_THIS_STATE),
    }
}
