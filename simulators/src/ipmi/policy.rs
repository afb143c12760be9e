//! The manners of the IPMI face where the standard leaves a choice, or where a BMC gets it wrong.
//!
//! Commands and sessions obey this value; a deviation changes it (`on_manners`). The default is the standard's.

use super::{commands::boot::Selected, fru, guid::reversed, lan};
use crate::machine::Mode;

/// How the face behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// What a boot device selector means, given the mode (§28.13, boot flags).
    pub(crate) selected: fn(u8, Mode) -> Selected,
    /// Whether the boot flags are valid for 60 s only, where nobody says otherwise (§28.13, parameter 3).
    pub(crate) flags: Flags,
    /// Whether two accounts can have one name.
    pub(crate) names: Names,
    /// Whether a user that is disabled can be disabled.
    pub(crate) disabling: Disabling,
    /// Whether sessions are kept within their limits (§6.8).
    pub(crate) limits: Limits,
    /// How sessions are set up.
    pub(crate) lan: lan::Manners,
    /// How a UUID, in the order of RFC 4122, goes over the wire as a GUID (§20.8, §22.14).
    pub(crate) guid: fn([u8; 16]) -> [u8; 16],
    /// How inventories are written.
    pub(crate) inventory: fru::Style,
    /// Whether an error of a group's command has the group's byte (table 5-1).
    pub(crate) group_in_errors: bool,
    /// What becomes of a packet of the console that comes again (§15.11).
    pub(crate) repeated: Repeated,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            selected: Selected::of,
            flags: Flags::Wait,
            names: Names::Once,
            disabling: Disabling::Always,
            limits: Limits::Kept,
            lan: lan::Manners::default(),
            guid: reversed,
            inventory: fru::Style::default(),
            group_in_errors: true,
            repeated: Repeated::Known,
        }
    }
}

/// What becomes of boot flags that no start takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flags {
    /// They are invalid after 60 s.
    Wait,
    /// They stay.
    Stay,
}

/// When a user can be disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disabling {
    /// Always.
    Always,
    /// When it is enabled.
    Once,
}

/// What becomes of the limits of accounts, channels and cipher suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// Nobody gets more.
    Kept,
    /// Nobody looks.
    Ignored,
}

/// How often a user name can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Once.
    Once,
    /// As often as one likes.
    Often,
}

/// What becomes of a packet of the console that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// It is acknowledged again.
    Known,
    /// It is typed again.
    Again,
}
