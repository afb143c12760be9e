//! Finding the resources from the service root by their links; no path but the root's is known beforehand (DSP0266 §6.5).
//!
//! Links are kept for the driver's life, state never is. Of several systems behind one BMC the first is meant.

use super::{
    client::Talk,
    document::Document,
    http::Ask,
    session::{Auth, SESSIONS},
};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
};

/// The service root (DSP0266 §6.3). Some answer without the slash only.
const ROOTS: [&str; 2] = ["/redfish/v1/", "/redfish/v1"];
/// Pages of a collection that are followed in search of a first member.
const PAGES: usize = 100;

/// What has been found so far.
#[derive(Debug, Default, Clone)]
pub(super) struct Links {
    root: Option<Root>,
    system: Option<String>,
    manager: Option<String>,
}

#[derive(Debug, Default, Clone)]
struct Root {
    sessions: Option<String>,
    systems: Option<String>,
    managers: Option<String>,
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
        let path = self.first_member(systems, "Systems").await?;
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

    /// The manager of this system: the one that it says it is managed by, else the first.
    pub(super) async fn manager(&mut self, system: &Document) -> Result<Document, Failure> {
        if let Some(manager) = self.known_manager().await? {
            return Ok(manager);
        }
        let links = system.view().object("Links", &mut self.notes);
        let path = match links.links("ManagedBy", &mut self.notes).into_iter().next() {
            Some(path) => path,
            None => {
                let managers = self.authorized_root().await?.managers;
                self.first_member(managers, "Managers").await?
            }
        };
        let manager = self.get(&path).await?;
        self.state.links.manager = Some(path);
        Ok(manager)
    }

    /// The chassis that the system is in: not the first of all, which may be an enclosure or a power zone.
    pub(super) async fn chassis(&mut self, system: &Document) -> Result<Option<Document>, Failure> {
        let links = system.view().object("Links", &mut self.notes);
        match links.links("Chassis", &mut self.notes).first() {
            Some(path) => self.get(path).await.map(Some),
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
        let in_links = view.object("Links", notes).link("Sessions", notes);
        let service = view.link("SessionService", notes);
        Root {
            sessions: in_links.or(service.map(|s| format!("{}/Sessions", s.trim_end_matches('/')))),
            systems: view.link("Systems", notes),
            managers: view.link("Managers", notes),
        }
    }

    /// The first member of a collection, on whichever of its pages it is (DSP0266 §7.4).
    async fn first_member(&mut self, link: Option<String>, what: &str) -> Result<String, Failure> {
        let missing = || Failure::from(Deviation::Missing { property: what.to_owned() });
        let mut page = link.ok_or_else(missing)?;
        for _ in 0..PAGES {
            let collection = self.get(&page).await?;
            let view = collection.view();
            if let Some(first) = view.links("Members", &mut self.notes).into_iter().next() {
                return Ok(first);
            }
            match view.link("Members@odata.nextLink", &mut Default::default()) {
                Some(next) => page = next,
                None => break,
            }
        }
        Err(Cause::NotFound { what: format!("member of {what}") }.into())
    }

    /// The first few members of a collection.
    pub(super) async fn members(&mut self, link: &str, most: usize) -> Result<Vec<String>, Failure> {
        let collection = self.get(link).await?;
        let mut members = collection.view().links("Members", &mut self.notes);
        members.truncate(most);
        Ok(members)
    }
}
