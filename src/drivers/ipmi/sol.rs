//! The host's console by serial over LAN (IPMI v2.0 §15, §24.1, §24.2): opened here, kept going by `pump`, used through `stream`.
//!
//! A console has a session of its own: what the driver does meanwhile does not wait for it, and neither ends with the other.

mod pump;
mod stream;

use std::sync::Arc;

use self::{
    pump::Pump,
    stream::{Shared, SolConsole},
};
use super::{
    command::Command,
    link::{Link, Talk},
    quirks,
    rmcp::sol::Line,
};
use crate::{
    console::Console,
    driver::{Cause, Deadline, Operation, Reply},
    drivers::failure::Failure,
};

/// Activate Payload (§24.1).
const ACTIVATE: Command = Command::read("Activate Payload", 0x06, 0x48);

/// Payload type SOL, instance 1 of it.
const SOL_1: [u8; 2] = [0x01, 0x01];
/// Encrypted, authenticated, and serial alerts deferred as long as the console is open (table 24-2).
const AUXILIARY: [u8; 4] = [0x80 | 0x40 | 0x04, 0, 0, 0];
/// The size of a packet where the BMC says none that makes sense.
const MODEST: u16 = 64;

/// Opens the console on a link of its own; a link that has got no console is closed again.
pub(super) async fn open(link: Link, by: Deadline) -> Reply<Box<dyn Console>> {
    let mut talk = link.talk(Operation::ConsoleOpen, by).await?;
    let opened = activate(&mut talk).await.and_then(|size| {
        let shared = Arc::<Shared>::default();
        let pump = Pump::new(talk.hand_over()?, Line::new(size), Arc::clone(&shared));
        tokio::spawn(pump.run());
        Ok(Box::new(SolConsole::new(shared)) as Box<dyn Console>)
    });
    let reply = talk.reply(opened);
    if reply.is_err() {
        link.close().await;
    }
    reply
}

/// Activates the payload at the highest privilege that there is, and learns the size of its packets.
async fn activate(talk: &mut Talk<'_>) -> Result<u16, Failure> {
    talk.rise().await?;
    let answered = talk.try_ask(&ACTIVATE, &[&SOL_1[..], &AUXILIARY].concat()).await?;
    let at = || ACTIVATE.at(Some(answered.completion));
    let refused = |message: &str| Cause::Refused {
        code: format!("{:02X}h", answered.completion),
        message: message.to_owned(),
    };
    let cause = match answered.completion {
        0 => return Ok(size(talk, &answered.data)),
        0x80 => Cause::Conflict { reason: "somebody else has the console open".to_owned() },
        0x81 => refused("the console is switched off in the BMC's configuration"),
        0x82 => Cause::Busy { retry_after: None },
        0x83 => refused("the console cannot be encrypted"),
        0x84 => refused("the console wants to be encrypted otherwise"),
        code => ACTIVATE.cause(code),
    };
    Err(Failure::new(cause, at()))
}

/// How large a packet to the BMC may be: four bytes of auxiliary data come first. Some swap its bytes, some say nothing sensible.
fn size(talk: &mut Talk<'_>, data: &[u8]) -> u16 {
    let Some(bytes) = data.get(4..6) else {
        talk.forgive(ACTIVATE.short(data.len(), 12));
        return MODEST;
    };
    let told = u16::from_le_bytes([bytes[0], bytes[1]]);
    if Line::SIZES.contains(&told) {
        return told;
    }
    talk.quirk(&quirks::PAYLOAD_SIZE);
    Some(told.swap_bytes()).filter(|size| Line::SIZES.contains(size)).unwrap_or(MODEST)
}
