//! The BMC's accounts: three of them, with passwords that the seed gives.

use std::fmt;

use crate::random::Random;

/// What an account may do (DSP0266 §13.2.9 predefined roles; IPMI v2.0 §6.8 privilege levels).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// The host, but not the BMC.
    Operator,
    /// Looking on.
    ReadOnly,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Operator, Self::ReadOnly];

    /// The role's name in Redfish.
    pub const fn redfish(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::Operator => "Operator",
            Self::ReadOnly => "ReadOnly",
        }
    }
}

/// A user, the password and the role that an account is to have. The password never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
    /// What the account may do.
    pub role: Role,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials {{ user: {:?}, password: …, role: {:?} }}", self.user, self.role)
    }
}

/// An account. Its password never prints.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) user: String,
    /// Its password, at most 16 characters, so that IPMI takes it too.
    pub(crate) password: String,
    /// What it may do.
    pub(crate) role: Role,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account {{ user: {:?}, password: …, role: {:?} }}", self.user, self.role)
    }
}

/// `admin`, `operator` and `readonly`.
pub(crate) fn generated(random: &mut Random) -> Vec<Credentials> {
    [("admin", Role::Administrator), ("operator", Role::Operator), ("readonly", Role::ReadOnly)]
        .map(|(user, role)| Credentials { user: user.to_owned(), password: random.text(16), role })
        .to_vec()
}

/// The accounts that have these.
pub(crate) fn accounts(all: Vec<Credentials>) -> Vec<Account> {
    all.into_iter().map(|Credentials { user, password, role }| Account { user, password, role }).collect()
}
