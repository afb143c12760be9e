//! What an account may do (DSP0266 §13.2; DSP8010 Redfish_1.5.0_PrivilegeRegistry, as far as its roles differ here).

use super::{
    handle::Scene,
    live,
    tree::{Found, Live},
};
use crate::accounts::{Account, Role};

/// A privilege (DSP0268 PrivilegeType).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privilege {
    Login,
    ConfigureManager,
    ConfigureUsers,
    ConfigureComponents,
}

/// Whether this account may do this.
pub(crate) fn may(scene: &Scene<'_>, account: &Account, method: &str, found: Found<'_>) -> bool {
    if let Found::Member(live @ (Live::Sessions | Live::Accounts), _, id) = found
        && live::owner(scene, live, id).is_some_and(|owner| owner == account.user)
        && (live == Live::Sessions || method != "DELETE")
    {
        return true;
    }
    has(account.role, needed(scene, method, found))
}

/// DSP0266 §13.2.9, table of predefined roles.
fn has(role: Role, privilege: Privilege) -> bool {
    match (role, privilege) {
        (Role::Administrator, _) | (_, Privilege::Login) => true,
        (Role::Operator, Privilege::ConfigureComponents) => true,
        (Role::Operator | Role::ReadOnly, _) => false,
    }
}

fn needed(scene: &Scene<'_>, method: &str, found: Found<'_>) -> Privilege {
    let reads = matches!(method, "GET" | "HEAD");
    let kind = match found {
        Found::Document(document) => &*document.kind,
        Found::Member(live, ..) => live.member(),
        Found::Action(action) => &*scene.tree().resource_of(action).kind,
        Found::Versions | Found::Odata | Found::Metadata | Found::Monitor(_) => "",
    };
    match kind {
        "ManagerAccount" | "ManagerAccountCollection" => Privilege::ConfigureUsers,
        _ if reads => Privilege::Login,
        "AccountService" | "Role" => Privilege::ConfigureUsers,
        "Session" => Privilege::ConfigureManager,
        _ if is_of_the_manager(kind) => Privilege::ConfigureManager,
        _ => Privilege::ConfigureComponents,
    }
}

fn is_of_the_manager(kind: &str) -> bool {
    const OWN: &[&str] = &[
        "Manager",
        "ManagerNetworkProtocol",
        "EthernetInterface",
        "SessionService",
        "EventService",
        "EventDestination",
        "EventDestinationCollection",
        "TaskService",
        "Task",
        "LogService",
        "LogEntry",
        "VirtualMedia",
        "SerialInterface",
        "UpdateService",
        "CertificateService",
        "Certificate",
    ];
    OWN.contains(&kind)
}
