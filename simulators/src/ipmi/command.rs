//! A command as data: its numbers, who may send it, and what it answers (IPMI v2.0 §5, appendix G).

use std::time::Duration;

use super::{
    Kept,
    lan::{Console, Suite},
    privilege::Privilege,
};
use crate::{
    bmc::{Bmc, Look},
    machine::{Command, Machine, Refusal},
};

/// A request as it came in, whatever carried it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The network function, even (table 5-1).
    pub(crate) netfn: u8,
    /// The command.
    pub(crate) number: u8,
    /// The logical unit of the BMC that is asked (§7.2).
    pub(crate) lun: u8,
    /// What follows the command.
    pub(crate) data: &'a [u8],
    /// Who asks.
    pub(crate) caller: Caller,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The channel that the request came in by.
    pub(crate) channel: Channel,
    /// The session that it belongs to, outside of which few commands are answered.
    pub(crate) session: Option<Session>,
}

/// The session of a caller, as far as commands care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// The BMC's number for it.
    pub(crate) id: u32,
    /// The slot of its account; 1 is the user without a name.
    pub(crate) user: u8,
    /// The level that it works at now.
    pub(crate) privilege: Privilege,
    /// The highest level that it may be raised to.
    pub(crate) limit: Privilege,
}

/// A way into the BMC (§6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The LAN: channel 1.
    Lan,
    /// The system interface, from the host's inside: channel Fh. It needs no session and may do everything.
    System,
}

impl Channel {
    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Lan => 1,
            Self::System => 0x0F,
        }
    }
}

/// What is answered: the data after the completion code 00h, or another code.
pub(crate) type Reply = Result<Vec<u8>, Completion>;

/// A completion code other than 00h (table 5-2, or the command's own from 80h to BEh).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Completion(pub(crate) u8);

impl Completion {
    /// A parameter is not supported (the commands that set and get parameters).
    pub(crate) const NO_SUCH_PARAMETER: Self = Self(0x80);
    /// Somebody else is setting parameters.
    pub(crate) const SET_IN_PROGRESS: Self = Self(0x81);
    /// A parameter can only be read.
    pub(crate) const READ_ONLY: Self = Self(0x82);
    pub(crate) const BUSY: Self = Self(0xC0);
    pub(crate) const INVALID_COMMAND: Self = Self(0xC1);
    pub(crate) const INVALID_FOR_LUN: Self = Self(0xC2);
    pub(crate) const OUT_OF_SPACE: Self = Self(0xC4);
    pub(crate) const RESERVATION_LOST: Self = Self(0xC5);
    pub(crate) const LENGTH_INVALID: Self = Self(0xC7);
    pub(crate) const FIELD_TOO_LONG: Self = Self(0xC8);
    pub(crate) const OUT_OF_RANGE: Self = Self(0xC9);
    pub(crate) const CANNOT_RETURN_SO_MUCH: Self = Self(0xCA);
    pub(crate) const NOT_PRESENT: Self = Self(0xCB);
    pub(crate) const INVALID_FIELD: Self = Self(0xCC);
    pub(crate) const ILLEGAL_FOR_SENSOR: Self = Self(0xCD);
    pub(crate) const INSUFFICIENT_PRIVILEGE: Self = Self(0xD4);
    pub(crate) const NOT_IN_THIS_STATE: Self = Self(0xD5);
    pub(crate) const DISABLED: Self = Self(0xD6);
    pub(crate) const UNSPECIFIED: Self = Self(0xFF);
}

/// What a command works with, at one moment.
pub(crate) struct Scene<'a> {
    /// The BMC.
    pub(crate) bmc: &'a Bmc,
    /// What its firmware shows.
    pub(crate) look: Look,
    /// The time since the machine's birth.
    pub(crate) now: Duration,
    /// What it keeps for IPMI alone.
    pub(crate) kept: &'a mut Kept,
    /// What the sessions of the face can be asked for.
    pub(crate) sessions: &'a mut dyn Sessions,
}

impl Scene<'_> {
    /// Looks at the machine, or does something to it that is no command of the firmware's.
    pub(super) fn machine<T>(&self, act: impl FnOnce(&mut Machine, Duration) -> T) -> T {
        self.bmc.with(|firmware, now| act(&mut firmware.machine, now))
    }

    /// Asks the firmware for something; what is already so is fine.
    pub(super) fn carry_out(&self, command: Command) -> Result<(), Completion> {
        match self.bmc.command(command) {
            Ok(()) | Err(Refusal::AlreadyThere) => Ok(()),
            Err(Refusal::Busy) => Err(Completion::BUSY),
            Err(_) => Err(Completion::NOT_IN_THIS_STATE),
        }
    }

    /// What so many seconds are here.
    pub(super) fn seconds(&self, count: impl Into<u32>) -> Duration {
        self.look.second * count.into()
    }
}

/// What commands can ask of the face's sessions.
pub(crate) trait Sessions {
    /// Every open session, by its number.
    fn list(&self) -> Vec<Open>;

    /// Changes the level that a session works at.
    fn raise(&mut self, id: u32, to: Privilege);

    /// Ends a session once the answer is on its way; whether there was one.
    fn close(&mut self, id: u32) -> bool;

    /// How many there can be.
    fn slots(&self) -> u8;

    /// The UDP port that the sessions come in by.
    fn port(&self) -> u16;

    /// Whether packets of a session of IPMI v2.0 can be encrypted, and can have a code; nothing for another.
    fn protection(&self, id: u32) -> Option<(bool, bool)>;

    /// The host's console.
    fn console(&mut self) -> &mut Console;

    /// The cipher suites that are offered.
    fn suites(&self) -> Vec<Suite>;

    /// The authentication types of IPMI v1.5 that are offered, as bits (table 22-15).
    fn legacy_kinds(&self) -> u8;

    /// Whether every packet of a session of IPMI v1.5 has a code (§6.11.4).
    fn signs_each_packet(&self) -> bool;

    /// Challenges somebody by IPMI v1.5: the temporary number of the session, and the challenge (§22.16).
    fn challenge(&mut self, of: Challenge) -> (u32, [u8; 16]);

    /// Opens the session of whoever has met a challenge (§22.17).
    fn activate(&mut self, wanted: Activation) -> Result<Opened, Completion>;
}

/// Whom to challenge. The password never prints, since this does not.
pub(crate) struct Challenge {
    /// The authentication type.
    pub(crate) kind: u8,
    /// The name of the account.
    pub(crate) name: String,
    /// Its slot.
    pub(crate) user: u8,
    /// The most that it may do.
    pub(crate) limit: Privilege,
    /// Its password, with zeros up to its length.
    pub(crate) password: [u8; 16],
    /// Whether each packet of its session has a code.
    pub(crate) each: bool,
}

/// What Activate Session asks for (§22.17).
pub(crate) struct Activation {
    /// The authentication type.
    pub(crate) kind: u8,
    /// The most that is to be done in the session.
    pub(crate) limit: Privilege,
    /// The challenge, given back.
    pub(crate) challenge: [u8; 16],
    /// The number of the BMC's first packet.
    pub(crate) outbound: u32,
}

/// A session that was opened by IPMI v1.5.
pub(crate) struct Opened {
    /// Its number.
    pub(crate) id: u32,
    /// The number of the console's first packet.
    pub(crate) inbound: u32,
    /// The most that can be done in it.
    pub(crate) limit: Privilege,
}

/// An open session as Get Session Info shows it (§22.20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    /// The BMC's number for it.
    pub(crate) id: u32,
    /// Its handle, from 1.
    pub(crate) handle: u8,
    /// The slot of its account.
    pub(crate) user: u8,
    /// The level that it works at now.
    pub(crate) privilege: Privilege,
    /// Whether it is one of IPMI v2.0.
    pub(crate) is_v2: bool,
    /// Whose address it has.
    pub(crate) peer: std::net::SocketAddr,
}

/// A command that the BMC knows.
#[derive(Debug)]
pub(crate) struct Row {
    /// Network function, even.
    pub(crate) netfn: u8,
    /// Command.
    pub(crate) number: u8,
    /// The byte that names the body that defines it, where the network function is 2Ch (table 5-1): DCh for DCMI.
    pub(crate) group: Option<u8>,
    /// Its name in the standard.
    pub(crate) name: &'static str,
    /// Who may send it.
    pub(crate) need: Need,
    /// Whether its answer begins with a completion code of its own: some codes other than 00h come with data (DCMI 1.5 §6.6.2).
    pub(crate) says_code: bool,
    /// What it does. The byte of a group, or a maker's number, is in the request's data and not in the answer's.
    pub(crate) run: fn(&mut Scene<'_>, &Request<'_>) -> Reply,
}

/// Who may send a command (appendix G).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Everybody, also outside of a session.
    Nothing,
    /// A session of at least this level.
    Level(Privilege),
    /// The system interface alone.
    InBand,
}

impl Row {
    /// A command of the standard itself.
    pub(crate) const fn new(
        (netfn, number): (u8, u8),
        name: &'static str,
        need: Need,
        run: fn(&mut Scene<'_>, &Request<'_>) -> Reply,
    ) -> Self {
        Self { netfn, number, group: None, says_code: false, name, need, run }
    }

    /// A command of DCMI.
    pub(crate) const fn dcmi(
        number: u8,
        name: &'static str,
        need: Need,
        run: fn(&mut Scene<'_>, &Request<'_>) -> Reply,
    ) -> Self {
        Self { group: Some(0xDC), ..Self::new((0x2C, number), name, need, run) }
    }
}

impl Request<'_> {
    /// The channel with this number: the low half of the byte. Eh is the one that the request came in by (§6.3).
    pub(super) fn channel(&self, number: u8) -> Result<Channel, Completion> {
        match number & 0x0F {
            0x0E => Ok(self.caller.channel),
            1 => Ok(Channel::Lan),
            0x0F => Ok(Channel::System),
            _ => Err(Completion::INVALID_FIELD),
        }
    }

    /// The same, where only the LAN will do.
    pub(super) fn lan(&self, number: u8) -> Result<(), Completion> {
        match self.channel(number)? {
            Channel::Lan => Ok(()),
            Channel::System => Err(Completion::INVALID_FIELD),
        }
    }

    /// The data, which must be exactly so long.
    pub(crate) fn exactly<const N: usize>(&self) -> Result<[u8; N], Completion> {
        self.data.try_into().map_err(|_| Completion::LENGTH_INVALID)
    }
}
