//! The BMC's slots for accounts as they are now.

use crate::{
    drivers::{
        failure::Failure,
        ipmi::{command::Command, lan, link::Talk, rmcp::handshake::Privilege},
    },
    model::Role,
};

/// Get User Access (§22.27).
const GET_ACCESS: Command = Command::read("Get User Access", 0x06, 0x44).for_role(Privilege::Operator);
/// Get User Name (§22.29).
const GET_NAME: Command = Command::read("Get User Name", 0x06, 0x46).for_role(Privilege::Operator);
/// Get User Payload Access (§24.7).
const GET_PAYLOADS: Command =
    Command::read("Get User Payload Access", 0x06, 0x4D).for_role(Privilege::Operator);

/// SOL among the standard payloads.
pub(super) const SOL: u8 = 0x02;

/// An account may be: an account's number, what stands in its slot, and what it may do on this channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u8,
    pub(super) name: String,
    /// `None` where the BMC does not say, as before errata 3.
    pub(super) enabled: Option<bool>,
    pub(super) access: Access,
}

impl Slot {
    /// Whether it is somebody's: it has a name, or lets in whoever gives none.
    pub(super) fn is_used(&self) -> bool {
        !self.name.is_empty() || (self.enabled == Some(true) && self.access.messaging)
    }
}

/// What an account may do on a channel (tables 22-30 and 22-31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) callback_only: bool,
    pub(super) link: bool,
    pub(super) messaging: bool,
    /// The privilege limit as a number: 1 to 5, or 0Fh for none.
    pub(super) limit: u8,
}

impl Access {
    pub(super) const NONE: Self = Self { callback_only: false, link: false, messaging: false, limit: 0x0F };

    pub(super) fn of(role: Role, messaging: bool) -> Self {
        let limit = match role {
            Role::Administrator => 4,
            Role::Operator => 3,
            Role::ReadOnly => 2,
            Role::NoAccess | Role::Custom => return Self::NONE,
        };
        Self { callback_only: false, link: false, messaging, limit }
    }

    fn read(byte: u8) -> Self {
        let bit = |bit: u8| byte & bit != 0;
        Self { callback_only: bit(0x40), link: bit(0x20), messaging: bit(0x10), limit: byte & 0x0F }
    }

    /// Bits 6:4, as Get and Set User Access have them.
    pub(super) fn bits(self) -> u8 {
        u8::from(self.callback_only) << 6 | u8::from(self.link) << 5 | u8::from(self.messaging) << 4
    }

    pub(super) fn role(self) -> Role {
        match self.limit {
            4 => Role::Administrator,
            3 => Role::Operator,
            2 => Role::ReadOnly,
            5 => Role::Custom,
            _ => Role::NoAccess,
        }
    }
}

/// All slots, as seen on the channel that they are read over.
pub(super) struct Slots {
    pub(super) channel: u8,
    pub(super) slots: Vec<Slot>,
    /// How many slots from 1 on have names that cannot be changed.
    fixed: u8,
}

impl Slots {
    /// Two commands for each slot.
    pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Self, Failure> {
        let mut slots = Self { channel: lan::CHANNELS[0], slots: Vec::new(), fixed: 0 };
        let (mut most, mut number) = (1, 1);
        while number <= most {
            let access = slots.access(talk, number).await?;
            if let Some([count, _, fixed, _]) = access.filter(|_| number == 1) {
                (most, slots.fixed) = (count & 0x3F, fixed & 0x3F);
            }
            if let Some(told) = access {
                let name = name(talk, number).await?;
                slots.slots.push(Slot {
                    number,
                    name,
                    enabled: enabled(told[1]),
                    access: Access::read(told[3]),
                });
            }
            number += 1;
        }
        Ok(slots)
    }

    pub(super) fn find(&self, number: u8) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.number == number)
    }

    /// The first slot that is nobody's; the first of all belongs to whoever gives no name (§6.9.1).
    pub(super) fn free(&self) -> Option<u8> {
        let first = self.fixed.max(1) + 1;
        self.slots.iter().find(|slot| slot.number >= first && !slot.is_used()).map(|slot| slot.number)
    }

    /// Whether the BMC says that an account may open the console; one without payload access says nothing.
    pub(super) async fn may_use_console(&self, talk: &mut Talk<'_>, number: u8) -> Result<bool, Failure> {
        let answered = talk.try_ask(&GET_PAYLOADS, &[self.channel, number]).await?;
        Ok(answered.completion == 0 && answered.data.first().is_some_and(|standard| standard & SOL != 0))
    }

    /// Largest number, enabled accounts and state, fixed names, access; `None` for a slot that the BMC refuses to show.
    async fn access(&mut self, talk: &mut Talk<'_>, number: u8) -> Result<Option<[u8; 4]>, Failure> {
        loop {
            let answered = talk.try_ask(&GET_ACCESS, &[self.channel, number]).await?;
            match (answered.completion, answered.data.first_chunk::<4>()) {
                (0, Some(told)) => return Ok(Some(*told)),
                (0, None) => return Err(GET_ACCESS.broken(GET_ACCESS.short(answered.data.len(), 4))),
                // A BMC that does not know "the channel that this comes over".
                (0xCC | 0xC9, _) if number == 1 && self.channel == lan::CHANNELS[0] => {
                    self.channel = lan::CHANNELS[1];
                }
                (code, _) if number == 1 || code == 0xD4 => return Err(GET_ACCESS.refused(code)),
                _ => return Ok(None),
            }
        }
    }
}

/// Whether the BMC says that an account may not log in.
pub(super) async fn is_disabled(talk: &mut Talk<'_>, channel: u8, number: u8) -> Result<bool, Failure> {
    let answered = talk.try_ask(&GET_ACCESS, &[channel, number]).await?;
    let told = answered.data.get(1).filter(|_| answered.completion == 0);
    Ok(told.is_some_and(|byte| enabled(*byte) == Some(false)))
}

/// Bits 7:6 say whether the account may log in; 00b and 11b say nothing.
fn enabled(byte: u8) -> Option<bool> {
    match byte >> 6 {
        0b01 => Some(true),
        0b10 => Some(false),
        _ => None,
    }
}

/// The name in a slot. 16 bytes of FFh are how some write a name that was deleted; no name at all may be a refusal.
async fn name(talk: &mut Talk<'_>, number: u8) -> Result<String, Failure> {
    let answered = talk.try_ask(&GET_NAME, &[number]).await?;
    match answered.completion {
        0xD4 => Err(GET_NAME.refused(0xD4)),
        0 => Ok(text(&answered.data)),
        _ => Ok(String::new()),
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| matches!(byte, 0 | 0xFF)).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ffh_is_no_name() {
        assert_eq!(text(&[0xFF; 16]), "");
        assert_eq!(text(b"root\0\0\0\0\0\0\0\0\0\0\0\0"), "root");
        assert_eq!(text(b"sixteen-bytes-16"), "sixteen-bytes-16");
    }

    #[test]
    fn access_is_read_as_it_is_written() {
        let access = Access { callback_only: false, link: true, messaging: true, limit: 4 };
        assert_eq!(access.bits(), 0x30);
        assert_eq!(Access::read(0x34), access);
        assert_eq!(access.role(), Role::Administrator);
    }

    #[test]
    fn the_first_slot_is_never_free() {
        let slot =
            |number, name: &str| Slot { number, name: name.to_owned(), enabled: None, access: Access::NONE };
        let slots = |fixed| Slots {
            channel: 14,
            slots: vec![slot(1, ""), slot(2, "root"), slot(3, ""), slot(4, "")],
            fixed,
        };
        assert_eq!((slots(0).free(), slots(3).free(), slots(4).free()), (Some(3), Some(4), None));
    }
}
