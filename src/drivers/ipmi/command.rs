//! A command of IPMI as data: its numbers, the privilege that it needs, and what its completion codes mean.

use super::rmcp::handshake::Privilege;
use crate::{
    driver::{Cause, Deviation, Exchange},
    drivers::failure::Failure,
};

/// What a command does to the machine, and so whether it may be sent again as a new command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Reads, or changes nothing that a second time would change again.
    Repeatable,
    /// Changes the machine.
    Changes,
}

/// A command (IPMI v2.0 appendix G).
#[derive(Debug, Clone, Copy)]
pub(super) struct Command {
    /// Its name in the standard.
    pub(super) name: &'static str,
    /// Network function of the request.
    pub(super) netfn: u8,
    /// Its number.
    pub(super) number: u8,
    /// The BMC's logical unit that it is for: 0 but for sensors that live elsewhere.
    pub(super) lun: u8,
    /// The lowest privilege that may send it.
    pub(super) privilege: Privilege,
    /// What it does.
    pub(super) effect: Effect,
}

impl Command {
    /// A command that reads and that everybody may send.
    pub(super) const fn read(name: &'static str, netfn: u8, number: u8) -> Self {
        Self { name, netfn, number, lun: 0, privilege: Privilege::User, effect: Effect::Repeatable }
    }

    /// The same command, which needs this privilege.
    pub(super) const fn for_role(self, privilege: Privilege) -> Self {
        Self { privilege, ..self }
    }

    /// The same command, which changes the machine.
    pub(super) const fn changing(self) -> Self {
        Self { effect: Effect::Changes, ..self }
    }

    /// What an answer that is shorter than its definition is.
    pub(super) fn short(&self, bytes: usize, needed: usize) -> Deviation {
        Deviation::ShortMessage { what: self.name, bytes, needed }
    }

    /// The failure of a command whose answer breaks the standard.
    pub(super) fn broken(&self, deviation: Deviation) -> Failure {
        Failure::new(Cause::Deviation(deviation), self.at(Some(0)))
    }

    /// The failure that a completion code other than 00h is.
    pub(super) fn refused(&self, completion: u8) -> Failure {
        Failure::new(self.cause(completion), self.at(Some(completion)))
    }

    pub(super) fn at(&self, completion: Option<u8>) -> Exchange {
        Exchange::Ipmi { netfn: self.netfn, command: self.number, completion }
    }

    /// What a completion code other than 00h means for an operation (table 5-2).
    pub(super) fn cause(&self, completion: u8) -> Cause {
        let name = self.name;
        match completion {
            0xD4 => Cause::Denied,
            0xD5 => {
                Cause::Conflict { reason: format!("{name} is not possible in the machine's present state") }
            }
            0xCB => Cause::NotFound { what: format!("what {name} asks for") },
            0xC3 | 0xCF if self.effect == Effect::Changes => {
                Cause::OutcomeUnknown { reason: completion_text(completion).to_owned() }
            }
            0xC0 | 0xC3 | 0xC4 | 0xCF | 0xD0..=0xD2 => Cause::Busy { retry_after: None },
            _ => Cause::Refused {
                code: format!("{completion:02X}h"),
                message: format!("{name}: {}", completion_text(completion)),
            },
        }
    }

    /// Whether the code says that the command was not carried out and may be sent again.
    ///
    /// C3h is a time-out while carrying it out: only what is repeatable may follow it. CFh says that this command was
    /// a duplicate of one whose answer the BMC has not kept.
    pub(super) fn may_follow(&self, completion: u8) -> bool {
        match completion {
            0xC0 | 0xC4 | 0xD0..=0xD2 => true,
            0xC3 | 0xCF => self.effect == Effect::Repeatable,
            _ => false,
        }
    }
}

fn completion_text(completion: u8) -> &'static str {
    match completion {
        0x80..=0xBE => "a code of the command's own",
        0xC0 => "node busy",
        0xC1 => "invalid command",
        0xC2 => "invalid command for this LUN",
        0xC3 => "time-out while processing the command",
        0xC4 => "out of space",
        0xC5 => "reservation cancelled",
        0xC6 => "request data truncated",
        0xC7 => "request data length invalid",
        0xC8 => "request data field length limit exceeded",
        0xC9 => "parameter out of range",
        0xCA => "cannot return that many bytes",
        0xCB => "not present",
        0xCC => "invalid data field in request",
        0xCD => "command illegal for this sensor or record",
        0xCE => "no answer could be given",
        0xCF => "duplicated request",
        0xD0 => "the SDR repository is being updated",
        0xD1 => "the device is in firmware update mode",
        0xD2 => "the BMC is initializing",
        0xD3 => "destination unavailable",
        0xD4 => "insufficient privilege",
        0xD5 => "not supported in the present state",
        0xD6 => "the command's sub-function is disabled",
        0xFF => "unspecified error",
        _ => "an OEM or reserved code",
    }
}
