//! Privilege levels (IPMI v2.0 §6.8).

use crate::accounts::{Account, Role};

/// What a session may do, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Privilege {
    /// Start a callback.
    Callback = 1,
    /// Look on.
    User = 2,
    /// The host, but not the BMC.
    Operator = 3,
    /// Everything.
    Administrator = 4,
    /// What the maker reserves.
    Oem = 5,
}

impl Privilege {
    /// The level with this number.
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Callback),
            2 => Some(Self::User),
            3 => Some(Self::Operator),
            4 => Some(Self::Administrator),
            5 => Some(Self::Oem),
            _ => None,
        }
    }

    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The most that an account can have over the LAN (§22.26); nothing where it has no access.
    pub(crate) fn limit_of(account: &Account) -> Option<Self> {
        let own = account.lan.level.and_then(Self::from_number);
        own.filter(|level| level.role() == account.role).or(match account.role {
            Role::Administrator => Some(Self::Administrator),
            Role::Operator => Some(Self::Operator),
            Role::ReadOnly => Some(Self::User),
            Role::NoAccess => None,
        })
    }

    /// The role that stands for this limit.
    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Callback => Role::NoAccess,
            Self::User => Role::ReadOnly,
            Self::Operator => Role::Operator,
            Self::Administrator | Self::Oem => Role::Administrator,
        }
    }
}
