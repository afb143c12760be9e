//! Which resource a path names, and what may be done with it.

use super::policy::{Layout, Login};

/// A resource. Ids are the path's own; those of sessions, tasks, accounts and roles may name nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    Versions,
    Root,
    Odata,
    Metadata,
    SessionService,
    Sessions,
    Session(&'a str),
    AccountService,
    Accounts,
    Account(&'a str),
    Roles,
    Role(&'a str),
    Systems,
    System,
    SystemReset,
    ChassisCollection,
    Chassis(&'a str),
    Assembly(&'a str),
    Managers,
    Manager,
    ManagerReset,
    Interfaces,
    Interface,
    TaskService,
    Tasks,
    Task(&'a str),
    TaskMonitor(&'a str),
}

impl<'a> Resource<'a> {
    /// The resource at this path, with or without a slash at its end (DSP0266 §6.5).
    pub(crate) fn at(path: &'a str, layout: Layout, login: Login) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let mut segments = path.strip_suffix('/').unwrap_or(path).split('/');
        if segments.next() != Some("redfish") {
            return None;
        }
        match segments.next() {
            None => return Some(Self::Versions),
            Some("v1") => {}
            Some(_) => return None,
        }
        let mut rest = [""; 4];
        let mut count = 0;
        for segment in segments {
            *rest.get_mut(count)? = segment;
            count += 1;
        }
        Self::below_root(&rest[..count], layout).filter(|it| it.exists(login))
    }

    fn below_root(rest: &[&'a str], layout: Layout) -> Option<Self> {
        Some(match *rest {
            [] => Self::Root,
            ["odata"] => Self::Odata,
            ["$metadata"] => Self::Metadata,
            ["SessionService"] => Self::SessionService,
            ["SessionService", "Sessions"] => Self::Sessions,
            ["SessionService", "Sessions", id] => Self::Session(id),
            ["AccountService"] => Self::AccountService,
            ["AccountService", "Accounts"] => Self::Accounts,
            ["AccountService", "Accounts", id] => Self::Account(id),
            ["AccountService", "Roles"] => Self::Roles,
            ["AccountService", "Roles", id] => Self::Role(id),
            ["TaskService"] => Self::TaskService,
            ["TaskService", "Tasks"] => Self::Tasks,
            ["TaskService", "Tasks", id] => Self::Task(id),
            ["TaskService", "TaskMonitors", id] => Self::TaskMonitor(id),
            ["Systems"] => Self::Systems,
            ["Systems", id, ref rest @ ..] if id == layout.system => match *rest {
                [] => Self::System,
                ["Actions", "ComputerSystem.Reset"] => Self::SystemReset,
                _ => return None,
            },
            ["Chassis"] => Self::ChassisCollection,
            ["Chassis", id, ref rest @ ..] if layout.chassis.contains(&id) => match *rest {
                [] => Self::Chassis(id),
                ["Assembly"] => Self::Assembly(id),
                _ => return None,
            },
            ["Managers"] => Self::Managers,
            ["Managers", id, ref rest @ ..] if id == layout.manager => match *rest {
                [] => Self::Manager,
                ["Actions", "Manager.Reset"] => Self::ManagerReset,
                ["EthernetInterfaces"] => Self::Interfaces,
                ["EthernetInterfaces", "1"] => Self::Interface,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn exists(self, login: Login) -> bool {
        let is_session = matches!(self, Self::SessionService | Self::Sessions | Self::Session(_));
        !(is_session && login == Login::BasicOnly)
    }

    /// Whether anybody may read it (DSP0266 §13.3.1).
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Versions | Self::Root | Self::Odata | Self::Metadata)
    }

    /// The methods it takes, as the `Allow` header has them.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::System | Self::Chassis(_) => "GET, HEAD, PATCH",
            Self::SystemReset | Self::ManagerReset => "POST",
            Self::Sessions => "GET, HEAD, POST",
            Self::Session(_) => "GET, HEAD, DELETE",
            _ => "GET, HEAD",
        }
    }

    /// Whether it takes this method.
    pub(crate) fn takes(self, method: &str) -> bool {
        self.allow().split(", ").any(|allowed| allowed == method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Option<Resource<'_>> {
        Resource::at(path, Layout::PLAIN, Login::SessionOrBasic)
    }

    #[test]
    fn a_path_names_its_resource_with_and_without_a_slash() {
        assert_eq!(at("/redfish"), Some(Resource::Versions));
        assert_eq!(at("/redfish/"), Some(Resource::Versions));
        assert_eq!(at("/redfish/v1/"), Some(Resource::Root));
        assert_eq!(at("/redfish/v1/Systems/1/"), Some(Resource::System));
        assert_eq!(at("/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"), Some(Resource::SystemReset));
        assert_eq!(at("/redfish/v1/SessionService/Sessions/5"), Some(Resource::Session("5")));
    }

    #[test]
    fn any_other_path_names_nothing() {
        for path in [
            "",
            "/",
            "redfish",
            "/redfish/v2",
            "/redfish/v1//",
            "/redfish/v1/Systems/2",
            "/redfish/v1/a/b/c/d/e",
        ] {
            assert_eq!(at(path), None, "{path}");
        }
    }
}
