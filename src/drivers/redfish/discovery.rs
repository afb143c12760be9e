//! Finding the resources from the service root by their links; no path but the root's is known beforehand (DSP0266 §6.5).
//!
//! Links are kept for the driver's life, state never is. Of several systems behind one BMC the first is meant.

use super::{
    client::Talk,
    document::{Document, View},
    http::Ask,
    platform::{Maker, Platform},
    quirks::{FOREIGN_MEMBER, NO_LINK_FROM_ROOT, NO_MANAGED_BY, Quirk},
    session::{Auth, SESSIONS},
};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
};

/// The service root (DSP0266 §6.3). Some answer without the slash only.
const ROOTS: [&str; 2] = ["/redfish/v1/", "/redfish/v1"];
/// Pages of a collection that are followed in search of a first member.
const PAGES: usize = 100;
/// Where systems, managers and accounts are when the root does not say it.
const SYSTEMS: &str = "/redfish/v1/Systems";
const MANAGERS: &str = "/redfish/v1/Managers";
const ACCOUNTS: &str = "/redfish/v1/AccountService";
/// Managers that are asked which system is theirs.
const ASKED: usize = 8;

/// What has been found so far.
#[derive(Debug, Default, Clone)]
pub(super) struct Links {
    root: Option<Root>,
    maker: Maker,
    system: Option<String>,
    manager: Option<String>,
}

#[derive(Debug, Default, Clone)]
struct Root {
    sessions: Option<String>,
    systems: Option<String>,
    managers: Option<String>,
    accounts: Option<String>,
    /// The query that expands the members of a collection, where the BMC says that it can.
    expand: Option<&'static str>,
}

impl Talk<'_> {
    /// Where sessions are made: `Links.Sessions` of the root, else below its session service; `None` where it has
    /// neither. A root that is withheld from strangers is taken to have them at the usual place.
    pub(super) async fn sessions_link(&mut self) -> Result<Option<String>, Failure> {
        match self.root().await {
            Ok(root) => Ok(root.sessions),
            // The root is to be read without authentication (DSP0266 §13.3.2), and not everywhere is.
            Err(Failure { cause: Cause::Unauthorized | Cause::Denied, .. }) => Ok(Some(SESSIONS.to_owned())),
            Err(failure) => Err(failure),
        }
    }

    /// The system, read anew.
    pub(super) async fn system(&mut self) -> Result<Document, Failure> {
        let known = self.state.links.system.clone();
        if let Some(path) = &known {
            match self.get(path).await {
                // It may have another name since the BMC restarted.
                Err(Failure { cause: Cause::NotFound { .. }, .. }) => self.state.links = Links::default(),
                outcome => return outcome,
            }
        }
        let systems = self.authorized_root().await?.systems;
        let path = self.first_member(systems, SYSTEMS).await?;
        let system = self.get(&path).await?;
        self.state.links.system = Some(path);
        Ok(system)
    }

    /// The manager, if it was found before.
    pub(super) async fn known_manager(&mut self) -> Result<Option<Document>, Failure> {
        let Some(path) = self.state.links.manager.clone() else { return Ok(None) };
        match self.get(&path).await {
            Err(Failure { cause: Cause::NotFound { .. }, .. }) => {
                self.state.links.manager = None;
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    /// The manager of this system: the one that it says it is managed by, else the one that says so itself, else the first.
    pub(super) async fn manager(&mut self, system: &Document) -> Result<Document, Failure> {
        if let Some(manager) = self.known_manager().await? {
            return Ok(manager);
        }
        let links = system.view().object("Links", &mut self.notes);
        let path = match links.links("ManagedBy", &mut self.notes).into_iter().next() {
            Some(path) => path,
            None => {
                self.notes.quirk(&NO_MANAGED_BY);
                self.manager_for(&system.path).await?
            }
        };
        let manager = self.get(&path).await?;
        self.state.links.manager = Some(path);
        Ok(manager)
    }

    /// The manager of the system; the system is read only where the manager was not found before.
    pub(super) async fn any_manager(&mut self) -> Result<Document, Failure> {
        if let Some(manager) = self.known_manager().await? {
            return Ok(manager);
        }
        let system = self.system().await?;
        self.manager(&system).await
    }

    /// The account service, read anew.
    pub(super) async fn account_service(&mut self) -> Result<Document, Failure> {
        let linked = self.authorized_root().await?.accounts;
        if linked.is_none() {
            self.notes.quirk(&NO_LINK_FROM_ROOT);
        }
        self.get(linked.as_deref().unwrap_or(ACCOUNTS)).await
    }

    /// The first manager that manages this system by its own word; where there is but one, or none says so, the first.
    async fn manager_for(&mut self, system: &str) -> Result<String, Failure> {
        let managers = self.authorized_root().await?.managers;
        let first = self.first_member(managers.clone(), MANAGERS).await?;
        let all =
            self.members_aside(managers.as_deref().unwrap_or(MANAGERS), ASKED).await?.unwrap_or_default();
        for path in all.iter().filter(|_| all.len() > 1) {
            let Some(manager) = self.aside(path).await? else { continue };
            let links = manager.view().object("Links", &mut self.notes);
            let servers = links.links("ManagerForServers", &mut self.notes);
            if servers.iter().any(|server| self.local(server).is_ok_and(|server| same_path(&server, system)))
            {
                return Ok(path.clone());
            }
        }
        Ok(first)
    }

    /// The query by which this BMC shows the members of a collection in the collection, where it says that it knows one.
    pub(super) async fn expansion(&mut self) -> Result<Option<&'static str>, Failure> {
        Ok(self.authorized_root().await?.expand)
    }

    /// Whether this quirk is to be expected, by what root and system say.
    pub(super) fn expects(&self, quirk: &Quirk, system: &Document) -> bool {
        quirk.applies(&Platform::new(&self.state.links.maker, system))
    }

    /// Who made the BMC's firmware.
    pub(super) fn maker(&self) -> &Maker {
        &self.state.links.maker
    }

    /// The chassis that the system is in: not the first of all, which may be an enclosure or a power zone.
    pub(super) async fn chassis(&mut self, system: &Document) -> Result<Option<Document>, Failure> {
        let links = system.view().object("Links", &mut self.notes);
        match links.links("Chassis", &mut self.notes).first() {
            Some(path) => self.get(path).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same, where the answer can do without.
    pub(super) async fn chassis_aside(&mut self, system: &Document) -> Result<Option<Document>, Failure> {
        let links = system.view().object("Links", &mut self.notes);
        match links.links("Chassis", &mut self.notes).first() {
            Some(path) => self.aside(path).await,
            None => Ok(None),
        }
    }

    /// Forgets the session and the connection.
    pub(super) fn forget(&mut self) {
        self.state.auth = Auth::Unknown;
        self.state.connection = None;
    }

    /// The root; without logging in, since the login needs it.
    async fn root(&mut self) -> Result<Root, Failure> {
        if let Some(root) = &self.state.links.root {
            return Ok(root.clone());
        }
        let mut found = self.read_root(ROOTS[0]).await;
        if let Err(Failure { cause: Cause::NotFound { .. }, .. }) = found {
            found = self.read_root(ROOTS[1]).await;
        }
        let root = found?;
        self.state.links.root = Some(root.clone());
        Ok(root)
    }

    /// The root, when it may have been withheld from whoever was not logged in.
    async fn authorized_root(&mut self) -> Result<Root, Failure> {
        match self.root().await {
            Err(Failure { cause: Cause::Unauthorized | Cause::Denied, .. }) => {
                let document = self.get(ROOTS[0]).await?;
                let root = self.understand_root(&document);
                self.state.links.root = Some(root.clone());
                Ok(root)
            }
            outcome => outcome,
        }
    }

    async fn read_root(&mut self, path: &str) -> Result<Root, Failure> {
        let ask = Ask::get(path);
        let reply = self.follow(&ask, false).await?;
        let document = self.document(&ask, &reply)?;
        Ok(self.understand_root(&document))
    }

    fn understand_root(&mut self, root: &Document) -> Root {
        let (view, notes) = (root.view(), &mut self.notes);
        self.state.links.maker = Maker::read(view);
        let in_links = view.object("Links", notes).link("Sessions", notes);
        let service = view.link("SessionService", notes);
        Root {
            sessions: in_links.or(service.map(|s| format!("{}/Sessions", s.trim_end_matches('/')))),
            systems: view.link("Systems", notes),
            managers: view.link("Managers", notes),
            accounts: view.link("AccountService", notes),
            expand: expansion(view, notes),
        }
    }

    /// The first member of a collection, on whichever of its pages it is (DSP0266 §7.4). One that lives elsewhere is
    /// taken only where there is no other. A collection that the root does not link is looked for at its `usual` path.
    async fn first_member(&mut self, link: Option<String>, usual: &str) -> Result<String, Failure> {
        let linked = link.is_some();
        let mut page = link.unwrap_or_else(|| usual.to_owned());
        let home = self.local(&page)?;
        let mut elsewhere = None;
        for _ in 0..PAGES {
            let collection = match self.get(&page).await {
                Err(Failure { cause: Cause::NotFound { .. }, .. }) if !linked => {
                    let property = usual.rsplit('/').next().unwrap_or(usual).to_owned();
                    return Err(Deviation::Missing { property }.into());
                }
                outcome => outcome?,
            };
            if !linked {
                self.notes.quirk(&NO_LINK_FROM_ROOT);
            }
            let view = collection.view();
            for member in view.links("Members", &mut self.notes) {
                if self.local(&member).is_ok_and(|path| is_below(&path, &home)) {
                    if elsewhere.is_some() {
                        self.notes.quirk(&FOREIGN_MEMBER);
                    }
                    return Ok(member);
                }
                elsewhere = elsewhere.or(Some(member));
            }
            match view.link("Members@odata.nextLink", &mut Default::default()) {
                Some(_) if self.client.endpoint.seams.ignores_next_link => break,
                Some(next) => page = next,
                None => break,
            }
        }
        elsewhere.ok_or_else(|| Cause::NotFound { what: format!("member of {home}") }.into())
    }

    /// The first few members of a collection that the answer can do without.
    pub(super) async fn members_aside(
        &mut self,
        link: &str,
        most: usize,
    ) -> Result<Option<Vec<String>>, Failure> {
        let Some(collection) = self.aside(link).await? else { return Ok(None) };
        let mut members = collection.view().links("Members", &mut self.notes);
        members.truncate(most);
        Ok(Some(members))
    }
}

/// What expands one level of a collection (DSP0266 §7.3.2), by what the root says of it (ProtocolFeaturesSupported).
fn expansion(root: View<'_>, notes: &mut Notes) -> Option<&'static str> {
    let expand = root.object("ProtocolFeaturesSupported", notes).object("ExpandQuery", notes);
    let mut says = |name| expand.flag(name, notes) == Some(true);
    match (says("NoLinks"), says("ExpandAll"), says("Levels")) {
        (true, _, true) => Some("$expand=.($levels=1)"),
        (true, _, false) => Some("$expand=."),
        (false, true, true) => Some("$expand=*($levels=1)"),
        (false, true, false) => Some("$expand=*"),
        (false, false, _) => None,
    }
}

/// Whether two paths name one resource: some spell a link in another case (HPE iLO, quirk B20), or with a slash at its end.
fn same_path(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

/// Whether a path lies directly or deeper below a collection's, in whatever case.
fn is_below(path: &str, collection: &str) -> bool {
    let collection = collection.split('?').next().unwrap_or_default().trim_end_matches('/');
    let head = path.get(..collection.len()).is_some_and(|head| head.eq_ignore_ascii_case(collection));
    head && path[collection.len()..].starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_whatever_their_case() {
        // HPE iLO 5 and 6: /redfish/v1/systems/1/bios below /redfish/v1/Systems/1.
        assert!(same_path("/redfish/v1/systems/1/", "/redfish/v1/Systems/1"));
        assert!(is_below("/redfish/v1/systems/1", "/redfish/v1/Systems/?$skip=1"));
        assert!(!same_path("/redfish/v1/Systems/11", "/redfish/v1/Systems/1"));
        assert!(!is_below("/redfish/v1/Systems2/1", "/redfish/v1/Systems"));
    }
}
