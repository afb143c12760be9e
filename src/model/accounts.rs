//! Accounts on the BMC: who may log in, as what, over what.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{Secret, words};

/// An account by the BMC's own ID: an IPMI user ID (1 to 63), or the ID of a Redfish ManagerAccount. Names are no IDs:
/// BMCs with two accounts of one name have been seen (Dell).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub String);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What an account may do. IPMI's privilege limit (IPMI v2.0 §6.8), Redfish's RoleId (DSP0266 §13.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything. IPMI ADMINISTRATOR, Redfish `Administrator`.
    Administrator,
    /// Power, boot, identify; no configuration. IPMI OPERATOR, Redfish `Operator`.
    Operator,
    /// Reads. IPMI USER, Redfish `ReadOnly`.
    ReadOnly,
    /// Nothing. IPMI CALLBACK or NO ACCESS, Redfish `NoAccess`.
    NoAccess,
    /// A role of the vendor's.
    Custom,
}
words!(Role {
    Administrator = "administrator",
    Operator = "operator",
    ReadOnly = "read-only",
    NoAccess = "no-access",
    Custom = "custom",
});

impl Role {
    /// The roles that can be given to an account.
    pub const GIVEN: &'static [Self] = &[Self::Administrator, Self::Operator, Self::ReadOnly, Self::NoAccess];
}

/// A way in that an account may have. DSP0268 ManagerAccount.AccountTypes; IPMI knows the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountProtocol {
    /// IPMI messaging.
    Ipmi,
    /// The host's console; over IPMI the SOL payload.
    HostConsole,
    /// Redfish.
    Redfish,
    /// The BMC's own shell.
    ManagerConsole,
    /// Keyboard, video and mouse.
    Kvm,
    /// Virtual media.
    VirtualMedia,
    /// The web interface.
    Web,
    /// SNMP.
    Snmp,
}
words!(AccountProtocol {
    Ipmi = "ipmi",
    HostConsole = "host-console",
    Redfish = "redfish",
    ManagerConsole = "manager-console",
    Kvm = "kvm",
    VirtualMedia = "virtual-media",
    Web = "web",
    Snmp = "snmp",
});

/// An account as the BMC shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Account {
    /// Its ID.
    pub id: AccountId,
    /// Its name; empty for IPMI's anonymous account.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may log in; absent when the BMC does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What it may log in to, as far as the protocol shows it.
    #[serde(default)]
    pub protocols: BTreeSet<AccountProtocol>,
}

/// An account to be made. It holds a secret, so that it is neither read from a text nor written to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The ID that it shall have; `None` takes the first free one.
    pub id: Option<AccountId>,
    /// Its name. IPMI carries 16 bytes.
    pub name: String,
    /// Its password. IPMI carries 20 bytes; a longer one is an invalid argument, never cut.
    pub password: Secret,
    /// What it may do.
    pub role: Role,
    /// Whether it may log in.
    pub enabled: bool,
    /// What it may log in to; empty leaves that to the driver: everything that the role has a use for.
    pub protocols: BTreeSet<AccountProtocol>,
}

/// What shall change of an account; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountUpdate {
    /// Its name.
    pub name: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may log in.
    pub enabled: Option<bool>,
    /// What it may log in to.
    pub protocols: Option<BTreeSet<AccountProtocol>>,
}
