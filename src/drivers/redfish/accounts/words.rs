//! Redfish's words for roles and for what an account is let in to.

use std::collections::BTreeSet;

use crate::model::{AccountProtocol, Role};

/// A `RoleId` that is given.
pub(super) type RoleId = &'static str;

/// DSP0266 §13.2.9; `None` is what an iDRAC calls an account that may do nothing.
const ROLES: &[(RoleId, Role)] = &[
    ("Administrator", Role::Administrator),
    ("Operator", Role::Operator),
    ("ReadOnly", Role::ReadOnly),
    ("NoAccess", Role::NoAccess),
    ("None", Role::NoAccess),
];

/// DSP0268 ManagerAccount.AccountTypes; `OEM` is none of the contract's.
const TYPES: &[(&str, AccountProtocol)] = &[
    ("Redfish", AccountProtocol::Redfish),
    ("IPMI", AccountProtocol::Ipmi),
    ("HostConsole", AccountProtocol::HostConsole),
    ("ManagerConsole", AccountProtocol::ManagerConsole),
    ("KVMIP", AccountProtocol::Kvm),
    ("VirtualMedia", AccountProtocol::VirtualMedia),
    ("WebUI", AccountProtocol::Web),
    ("SNMP", AccountProtocol::Snmp),
];

/// The role with this name; any other is a vendor's.
pub(super) fn role(id: &str) -> Role {
    ROLES.iter().find(|(word, _)| *word == id).map_or(Role::Custom, |(_, role)| *role)
}

/// The name of a role, where the standard has one.
pub(super) fn role_id(role: Role) -> Option<RoleId> {
    ROLES.iter().find(|(_, own)| *own == role).map(|(word, _)| *word)
}

/// What these words let in to.
pub(super) fn protocols(types: &[String]) -> BTreeSet<AccountProtocol> {
    let known = |word: &String| TYPES.iter().find(|(own, _)| own == word).map(|(_, protocol)| *protocol);
    types.iter().filter_map(known).collect()
}

/// The words for these.
pub(super) fn types(protocols: &BTreeSet<AccountProtocol>) -> Vec<&'static str> {
    TYPES.iter().filter(|(_, protocol)| protocols.contains(protocol)).map(|(word, _)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_that_the_standard_names_is_read_as_it_is_written() {
        for role in Role::GIVEN {
            assert_eq!(role_id(*role).map(super::role), Some(*role));
        }
        assert_eq!(
            (role("None"), role("dirgroup1"), role_id(Role::Custom)),
            (Role::NoAccess, Role::Custom, None)
        );
    }

    #[test]
    fn every_way_in_has_its_word() {
        let all: BTreeSet<_> = AccountProtocol::ALL.iter().copied().collect();
        let words: Vec<_> = types(&all).into_iter().map(str::to_owned).collect();
        assert_eq!(protocols(&words), all);
        assert!(protocols(&["OEM".to_owned()]).is_empty());
    }
}
