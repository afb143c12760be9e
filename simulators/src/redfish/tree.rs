//! The resources of a platform, as data: plain documents, and where in them the machine speaks.
//!
//! A tree is made once and shared by every BMC of its platform; what is different between two BMCs is the machine's view and
//! what was written to them.

mod bind;
mod document;
mod documents;
mod fact;
pub(crate) mod mockup;
mod page;
mod part;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

use document::kind_of_type;
use serde_json::Value;

pub(crate) use bind::Place;
pub(crate) use document::{Document, Live, kind_of, tagged};
pub(crate) use documents::{Documents, trimmed};
pub(crate) use fact::{Taken, target_word};

use super::metadata;
use crate::{bmc::lock, deviations::Deviation, sensors::Sensors};

/// Where the service begins.
pub(crate) const ROOT: &str = "/redfish/v1";
/// Where the monitors of tasks are.
const MONITORS: &str = "/redfish/v1/TaskService/TaskMonitors/";

/// What a recording says beside its documents, by path.
pub(crate) type Recordings = BTreeMap<String, Arc<mockup::Recorded>>;

/// An action of a resource.
#[derive(Debug)]
pub(crate) struct Action {
    /// Its name, such as `ComputerSystem.Reset`.
    pub(crate) name: Box<str>,
    /// The place of its resource in the tree.
    resource: usize,
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'t> {
    /// `/redfish`.
    Versions,
    /// The OData service document.
    Odata,
    /// `$metadata`.
    Metadata,
    /// A resource of the tree.
    Document(&'t Document),
    /// A member, perhaps, of a collection whose members come and go.
    Member(Live, &'t Document, &'t str),
    /// An action.
    Action(&'t Action),
    /// An action, perhaps, of a member, perhaps, of a collection whose members come and go.
    Deed(Live, &'t Document, &'t str, &'t str),
    /// The monitor of a task, perhaps.
    Monitor(&'t str),
    /// The stream of events.
    Stream,
}

/// The resources of a platform.
pub(crate) struct Tree {
    documents: Vec<Document>,
    by_path: HashMap<Box<str>, usize>,
    /// The first of each schema.
    firsts: HashMap<Box<str>, usize>,
    actions: HashMap<Box<str>, Action>,
    /// The system, the chassis that it is in and its manager.
    own: Own,
    source: Documents,
    recorded: Arc<Recordings>,
    metadata: OnceLock<String>,
    sensors: OnceLock<Sensors>,
    offers_ipmi: OnceLock<bool>,
    variants: Mutex<Vec<(Vec<&'static str>, Arc<Tree>)>>,
}

/// The paths of what the machine is.
#[derive(Debug, Default)]
struct Own {
    system: String,
    chassis: String,
    manager: String,
    interface: String,
}

impl Tree {
    /// Compiles documents; what can be made of the others is not taken from them.
    pub(crate) fn new(source: Documents) -> Self {
        Self::with(source, Arc::default())
    }

    /// Compiles documents, with what a recording says beside them.
    fn with(mut source: Documents, recorded: Arc<Recordings>) -> Self {
        ["/redfish", "/redfish/v1/odata"].iter().for_each(|made| source.drop(made));
        let own = Own::of(&source);
        let mut documents = Vec::new();
        let mut by_path = HashMap::new();
        let mut actions = HashMap::new();
        for (path, document) in source.shared() {
            for (name, target) in document.may_act().then(|| actions_of(document)).into_iter().flatten() {
                actions
                    .insert(trimmed(target).into(), Action { name: name.into(), resource: documents.len() });
            }
            by_path.insert(path.into(), documents.len());
            let beside = recorded.get(path).cloned();
            documents.push(Document::new(path, document.clone(), own.place(path), beside));
        }
        let mut firsts = HashMap::new();
        for (place, document) in documents.iter().enumerate() {
            firsts.entry(Box::from(&*document.kind)).or_insert(place);
        }
        Self {
            documents,
            by_path,
            firsts,
            actions,
            own,
            source,
            recorded,
            metadata: OnceLock::new(),
            sensors: OnceLock::new(),
            offers_ipmi: OnceLock::new(),
            variants: Mutex::default(),
        }
    }

    /// The tree as these deviations make it, of which some change it; those that change no tree do not matter.
    pub(crate) fn deviated(self: &Arc<Self>, deviations: &[&'static Deviation]) -> Arc<Self> {
        let changes: Vec<_> = deviations.iter().filter(|it| it.tree.is_some()).collect();
        let names: Vec<_> = changes.iter().map(|it| it.name).collect();
        let mut variants = lock(&self.variants);
        if let Some((_, known)) = variants.iter().find(|(known, _)| *known == names) {
            return known.clone();
        }
        let mut documents = self.source.clone();
        changes.iter().filter_map(|it| it.tree).for_each(|change| change(&mut documents));
        let variant = Arc::new(Self::with(documents, self.recorded.clone()));
        variants.push((names, variant.clone()));
        variant
    }

    /// What this path names (DSP0266 §6.5: with or without a slash at its end).
    pub(crate) fn find<'t>(&'t self, path: &'t str) -> Option<Found<'t>> {
        let path = trimmed(path);
        if let Some(place) = self.by_path.get(path) {
            let document = &self.documents[*place];
            let member = (&*document.kind == Live::Volumes.member()).then(|| self.member(path)).flatten();
            return member.or(Some(Found::Document(document)));
        }
        if let Some(action) = self.actions.get(path) {
            return self.deed(path).or(Some(Found::Action(action)));
        }
        match path {
            "/redfish" => return Some(Found::Versions),
            "/redfish/v1/odata" => return Some(Found::Odata),
            "/redfish/v1/$metadata" => return Some(Found::Metadata),
            _ => {}
        }
        if let Some(id) = path.strip_prefix(MONITORS) {
            return (!id.contains('/')).then_some(Found::Monitor(id));
        }
        let is_stream = || self.is_stream(path).then_some(Found::Stream);
        self.member(path).or_else(|| self.deed(path)).or_else(is_stream)
    }

    /// A member, perhaps, of a collection whose members come and go.
    fn member<'t>(&'t self, path: &'t str) -> Option<Found<'t>> {
        let (parent, id) = path.rsplit_once('/')?;
        let collection = self.document(parent)?;
        Some(Found::Member(collection.live?, collection, id))
    }

    /// An action of such a member.
    fn deed<'t>(&'t self, path: &'t str) -> Option<Found<'t>> {
        let (member, action) = path.split_once("/Actions/")?;
        match self.member(member)? {
            Found::Member(live, collection, id) if live.is_in_trees() => {
                Some(Found::Deed(live, collection, id, action))
            }
            _ => None,
        }
    }

    /// Whether events come from this path as a stream (DSP0268 EventService.ServerSentEventUri).
    fn is_stream(&self, path: &str) -> bool {
        let services = self.documents.iter().filter(|it| &*it.kind == "EventService");
        services.filter_map(|it| it.template()["ServerSentEventUri"].as_str()).any(|it| trimmed(it) == path)
    }

    /// The resource at this path.
    pub(crate) fn document(&self, path: &str) -> Option<&Document> {
        self.by_path.get(trimmed(path)).map(|place| &self.documents[*place])
    }

    /// Every resource, in the order of their paths.
    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The first resource of this schema.
    pub(crate) fn first(&self, kind: &str) -> Option<&Document> {
        self.firsts.get(kind).map(|place| &self.documents[*place])
    }

    /// Whether its ManagerNetworkProtocol has IPMI on; where it says nothing, it has.
    pub(crate) fn offers_ipmi(&self) -> bool {
        let shown = || {
            self.first("ManagerNetworkProtocol")?.template().get("IPMI")?.get("ProtocolEnabled")?.as_bool()
        };
        *self.offers_ipmi.get_or_init(|| shown().unwrap_or(true))
    }

    /// The first collection whose members come and go in this way.
    pub(crate) fn live(&self, live: Live) -> Option<&Document> {
        self.documents.iter().find(|document| document.live == Some(live))
    }

    /// The resource that an action belongs to.
    pub(crate) fn resource_of(&self, action: &Action) -> &Document {
        &self.documents[action.resource]
    }

    /// Whether this path lies below a resource of this schema.
    pub(crate) fn is_below(&self, path: &str, kind: &str) -> bool {
        let mut path = path;
        while let Some((parent, _)) = path.rsplit_once('/') {
            if self.document(parent).is_some_and(|it| &*it.kind == kind) {
                return true;
            }
            path = parent;
        }
        false
    }

    /// The path of the system that the machine is.
    pub(crate) fn system(&self) -> &str {
        &self.own.system
    }

    /// The path of the chassis that the system is in.
    pub(crate) fn chassis(&self) -> &str {
        &self.own.chassis
    }

    /// The path of the system's manager.
    pub(crate) fn manager(&self) -> &str {
        &self.own.manager
    }

    /// The path of the manager's own network interface, where it has one.
    pub(crate) fn interface(&self) -> &str {
        &self.own.interface
    }

    /// The sensors of the machine.
    pub(crate) fn sensors(&self) -> &Sensors {
        self.sensors.get_or_init(|| Sensors::of(self))
    }

    /// The schemas that are used (DSP0266 §8.4.2).
    pub(crate) fn metadata(&self) -> &str {
        self.metadata.get_or_init(|| metadata::of(self))
    }
}

impl Own {
    fn of(source: &Documents) -> Self {
        let collection = |name: &str| {
            let link = source.at(ROOT).and_then(|root| root[name]["@odata.id"].as_str());
            members(source, link.unwrap_or_default())
        };
        let systems = collection("Systems");
        let can_reset = |path: &&String| {
            source.at(path).is_some_and(|it| it.pointer("/Actions/#ComputerSystem.Reset").is_some())
        };
        let system = systems.iter().find(can_reset).or(systems.first()).cloned().unwrap_or_default();
        let linked = |name: &str| {
            let link = source.at(&system)?.pointer(&format!("/Links/{name}/0/@odata.id"))?.as_str()?;
            Some(trimmed(link).to_owned())
        };
        let first = |name: &str| collection(name).into_iter().next();
        let manager = linked("ManagedBy").or_else(|| first("Managers")).unwrap_or_default();
        let interfaces = source
            .at(&manager)
            .and_then(|it| it["EthernetInterfaces"]["@odata.id"].as_str())
            .unwrap_or_default();
        Self {
            chassis: linked("Chassis").or_else(|| first("Chassis")).unwrap_or_default(),
            interface: members(source, interfaces).into_iter().next().unwrap_or_default(),
            system,
            manager,
        }
    }

    fn place(&self, path: &str) -> Place {
        let own = [&self.system, &self.chassis, &self.manager, &self.interface];
        let is_own = own.iter().any(|it| *it == path);
        let is_pending = path.strip_suffix("/Settings").is_some_and(|it| it == self.system);
        let is_board = path.strip_suffix("/Assembly").is_some_and(|it| it == self.chassis);
        if is_own || is_board || is_pending { Place::Own } else { Place::Other }
    }
}

/// The paths of a collection's members.
fn members(source: &Documents, collection: &str) -> Vec<String> {
    let members = source.at(collection).and_then(|it| it["Members"].as_array());
    members
        .into_iter()
        .flatten()
        .filter_map(|it| Some(trimmed(it["@odata.id"].as_str()?).to_owned()))
        .collect()
}

/// Names and targets of a resource's actions: the standard's, and those of makers, which stand in `Actions.Oem`, in a section
/// of it, or in a section of `Oem` (DSP0266 §9.12; Dell, Lenovo; HPE).
fn actions_of(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let own = &document["Actions"];
    let makers = sections(&own["Oem"]).chain(sections(&document["Oem"]).map(|it| &it["Actions"]));
    [own, &own["Oem"]]
        .into_iter()
        .chain(makers)
        .filter_map(Value::as_object)
        .flatten()
        .filter_map(|(name, action)| Some((name.strip_prefix('#')?, action["target"].as_str()?)))
}

fn sections(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_object().into_iter().flat_map(|it| it.values())
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({} resources)", self.documents.len())
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Tree {}
