//! A recorded tree: folders in the DMTF's mockup format (DSP2043), short or long, with what `halmark record` puts beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;

use super::{Documents, Live, Own, ROOT, Recordings, Tree, document::kind_of, fact::Fact, trimmed};
use crate::{
    bmc::lock,
    firmware::View,
    machine::{self, Host, Id},
    redfish::answer::{Answer, Body},
};

/// The deepest folder that is looked into.
const DEEPEST: usize = 64;

/// What a recording says of a resource beside its document.
#[derive(Debug)]
pub(crate) struct Recorded {
    headers: Vec<(&'static str, String)>,
    refusal: Option<(u16, Body)>,
    id: Arc<Id>,
}

impl Recorded {
    /// The answer, where it was none that a resource gives.
    pub(crate) fn refusal(&self) -> Option<Answer> {
        let (status, body) = self.refusal.clone()?;
        Some(Answer { status, headers: self.headers.clone(), body })
    }

    /// The headers that were sent beside those that every answer has.
    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Whether a property follows the machine: states always; ids only where the recording's is the machine's own, so that
    /// the serial number of a chassis that is another than the system's stays what it is.
    pub(super) fn follows(&self, fact: &Fact, recorded: Option<&Value>) -> bool {
        use Fact::{
            BmcReset, BootProgress, ChassisPower, DateTime, IndicatorLed, LastReset, LocationIndicator,
            OverrideEnabled, OverrideMode, OverrideTarget, Power, Reading, Restore, SystemState, Taken,
        };
        match fact {
            Power
            | ChassisPower
            | SystemState
            | BootProgress
            | OverrideEnabled
            | OverrideTarget
            | OverrideMode
            | IndicatorLed
            | LocationIndicator
            | DateTime
            | LastReset
            | BmcReset
            | Restore
            | Reading { .. }
            | Taken { .. } => true,
            _ => fact.said(&born(&self.id)).value().as_ref() == recorded,
        }
    }
}

/// A machine of which nothing is known but who it is.
fn born(id: &Arc<Id>) -> View {
    View {
        power: machine::Power::Off,
        host: Host::Off,
        override_: None,
        led: machine::Led::Unlit,
        id: id.clone(),
        clock: 0,
        last_reset: 0,
        last_bmc_reset: 0,
        restore: machine::Restore::StayOff,
        bmc_up: true,
        powered: Duration::ZERO,
        age: Duration::ZERO,
    }
}

/// A recorded tree, read.
pub(crate) struct Mockup {
    /// The resources, made stateful.
    pub(crate) tree: Tree,
    /// Who the machine is, as far as the tree says so.
    pub(crate) id: Id,
    /// Whether the host was on when it was recorded.
    pub(crate) was_on: bool,
    /// What happens when AC power is back, as it says.
    pub(crate) restore: machine::Restore,
    /// The vendor and the product that the service root names.
    pub(crate) about: String,
    /// How many resources there are.
    pub(crate) resources: usize,
    /// How many links of theirs lead nowhere.
    pub(crate) lost_links: usize,
}

/// Why a folder is no recorded tree.
#[derive(Debug)]
pub enum MockupError {
    /// There is no service root where one is looked for.
    NoRoot(PathBuf),
    /// There is no system in it, so that no machine can be made of it.
    NoSystem(PathBuf),
    /// A file or folder cannot be read.
    Io(PathBuf, io::Error),
    /// A file is no JSON.
    Json(PathBuf, serde_json::Error),
    /// A file is JSON, but not what belongs there.
    NotAnObject(PathBuf),
}

impl fmt::Display for MockupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoot(dir) => {
                let dir = dir.display();
                write!(
                    f,
                    "{dir} is no recorded tree: expected {dir}/index.json with a service root (short form) or \
                     {dir}/redfish/v1/index.json (long form)"
                )
            }
            Self::NoSystem(dir) => write!(
                f,
                "{} has no computer system: its service root needs Systems with a member that is in the tree",
                dir.display()
            ),
            Self::Io(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Json(path, error) => {
                write!(f, "{}:{}:{} is no JSON: {error}", path.display(), error.line(), error.column())
            }
            Self::NotAnObject(path) => {
                write!(f, "{} is JSON, but no object: a resource is an object", path.display())
            }
        }
    }
}

impl std::error::Error for MockupError {}

impl Mockup {
    /// Reads the tree in this folder.
    ///
    /// # Errors
    /// Where there is none, or something in it cannot be read.
    pub(crate) fn read(dir: &Path) -> Result<Self, MockupError> {
        let (top, base) = layout(dir)?;
        let mut folders = Folders { base, renamed: renamed(&top)?, ..Folders::default() };
        folders.walk(&top, "", 0)?;
        let Folders { mut documents, beside, metadata, .. } = folders;
        join_pages(&mut documents);
        forget_members(&mut documents);
        let own = Own::of(&documents);
        let system = documents.at(&own.system).ok_or_else(|| MockupError::NoSystem(dir.to_owned()))?;
        let was_on = system["PowerState"] == "On";
        let restore = match system["PowerRestorePolicy"].as_str() {
            Some("AlwaysOn") => machine::Restore::PowerOn,
            Some("LastState") => machine::Restore::Previous,
            _ => machine::Restore::StayOff,
        };
        let id = Arc::new(id_of(&documents, &own));
        let root = documents.at(ROOT).unwrap_or(&Value::Null);
        let about = [&root["Vendor"], &root["Product"], &root["Name"]].into_iter().filter_map(Value::as_str);
        let about = about.take(2).collect::<Vec<_>>().join(" ");
        let resources = documents.iter().count();
        let recordings: Recordings = documents
            .iter()
            .map(|(path, _)| {
                let (headers, refusal) = beside.get(path).cloned().unwrap_or_default();
                (path.to_owned(), Arc::new(Recorded { headers, refusal, id: id.clone() }))
            })
            .collect();
        let tree = Tree::with(documents, Arc::new(recordings));
        if let Some(text) = metadata {
            let _ = tree.metadata.set(text);
        }
        let lost_links = tree.documents().iter().map(|it| lost(&tree, it.template())).sum();
        Ok(Self { tree, id: Id::clone(&id), was_on, restore, about, resources, lost_links })
    }
}

/// The top of the tree, and the path that its own folder has.
fn layout(dir: &Path) -> Result<(PathBuf, &'static str), MockupError> {
    let has = |below: &str| dir.join(below).join("index.json").is_file();
    if has("redfish/v1") {
        return Ok((dir.to_owned(), ""));
    }
    if has("v1") {
        return Ok((dir.to_owned(), "/redfish"));
    }
    if has("") {
        return Ok((dir.to_owned(), ROOT));
    }
    fs::read_dir(dir).map_err(|error| MockupError::Io(dir.to_owned(), error))?;
    Err(MockupError::NoRoot(dir.to_owned()))
}

/// Headers, and the answer where it was no resource.
type Beside = (Vec<(&'static str, String)>, Option<(u16, Body)>);

/// What is found on the way through the folders.
#[derive(Default)]
struct Folders {
    base: &'static str,
    /// Folders that could not be called as their paths are.
    renamed: BTreeMap<String, String>,
    documents: Documents,
    beside: BTreeMap<String, Beside>,
    metadata: Option<String>,
}

impl Folders {
    /// Takes a folder and what is below it; a link to a folder is not followed.
    fn walk(&mut self, folder: &Path, below: &str, depth: usize) -> Result<(), MockupError> {
        self.take(folder, below)?;
        let failed = |error| MockupError::Io(folder.to_owned(), error);
        let mut inside: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_dir() {
                inside.extend(entry.file_name().into_string());
            }
        }
        inside.sort_unstable();
        for name in inside.into_iter().filter(|_| depth < DEEPEST) {
            self.walk(&folder.join(&name), &format!("{below}/{name}"), depth + 1)?;
        }
        Ok(())
    }

    fn take(&mut self, folder: &Path, below: &str) -> Result<(), MockupError> {
        let index = read(&folder.join("index.json"))?;
        let error = read(&folder.join("error.json"))?;
        if let Ok(text) = fs::read_to_string(folder.join("index.xml"))
            && below.ends_with("$metadata")
        {
            self.metadata = Some(text);
        }
        let (Some((file, document)), is_error) = (index.or(error.clone()), error.is_some()) else {
            return Ok(());
        };
        if !document.is_object() {
            return Err(MockupError::NotAnObject(file));
        }
        let path = self.path(below, &document);
        if is_error {
            let headers = headers(&document["headers"]);
            let status = document["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            let refusal =
                (status.filter(|it| (200..600).contains(it)).unwrap_or(404), body(&document["body"]));
            self.beside.insert(path.clone(), (headers, Some(refusal)));
            self.documents.put(&path, Value::Object(serde_json::Map::new()));
            return Ok(());
        }
        if let Some((_, said)) = read(&folder.join("headers.json"))? {
            self.beside.insert(path.clone(), (headers(&said["GET"]), None));
        }
        self.documents.put(&path, document);
        Ok(())
    }

    /// The path of the resource in this folder. In the short form a folder may also be one that lies outside of the root.
    fn path(&self, below: &str, document: &Value) -> String {
        if let Some(path) = self.renamed.get(below.trim_start_matches('/')) {
            return trimmed(path).to_owned();
        }
        let says_itself = document["@odata.id"].as_str().is_some_and(|it| trimmed(it) == below);
        match below {
            _ if self.base != ROOT => format!("{}{below}", self.base),
            "/redfish" => below.to_owned(),
            _ if says_itself && !below.is_empty() => below.to_owned(),
            _ => format!("{ROOT}{below}"),
        }
    }
}

/// The folders that `recording.json` says are called otherwise than their paths.
fn renamed(top: &Path) -> Result<BTreeMap<String, String>, MockupError> {
    let manifest = read(&top.join("recording.json"))?;
    let renamed = manifest.as_ref().and_then(|(_, manifest)| manifest["renamed"].as_object());
    let pairs = renamed.into_iter().flatten();
    Ok(pairs.filter_map(|(folder, path)| Some((folder.clone(), path.as_str()?.to_owned()))).collect())
}

/// A JSON file, if it is there.
fn read(path: &Path) -> Result<Option<(PathBuf, Value)>, MockupError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(MockupError::Io(path.to_owned(), error)),
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let value = serde_json::from_slice(bytes).map_err(|error| MockupError::Json(path.to_owned(), error))?;
    Ok(Some((path.to_owned(), value)))
}

/// The headers that a served recording repeats: not those that are about one connection or one moment.
fn headers(said: &Value) -> Vec<(&'static str, String)> {
    const OF_THE_MOMENT: &[&str] = &[
        "allow",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "etag",
        "keep-alive",
        "last-modified",
        "location",
        "set-cookie",
        "transfer-encoding",
        "x-auth-token",
    ];
    let all = said.as_object().into_iter().flatten();
    all.filter(|(name, _)| !OF_THE_MOMENT.contains(&name.to_ascii_lowercase().as_str()))
        .filter_map(|(name, value)| Some((lasting(name), value.as_str()?.to_owned())))
        .collect()
}

/// Names of headers are few, and a tree is served as long as the process lives: each is kept once for good.
fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = lock(&NAMES);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}

fn body(said: &Value) -> Body {
    match said {
        Value::Null => Body::Empty,
        Value::String(text) => Body::Other { content_type: "text/html; charset=utf-8", text: text.clone() },
        document => Body::Json(document.clone()),
    }
}

/// A collection that was recorded in pages becomes whole: paging is the service's business (DSP0266 §7.4).
fn join_pages(documents: &mut Documents) {
    const NEXT: &str = "Members@odata.nextLink";
    let is_page = |path: &str| path.contains('?');
    let pages: BTreeMap<String, Value> = documents
        .iter()
        .filter(|it| is_page(it.0))
        .map(|(path, page)| (path.to_owned(), page.clone()))
        .collect();
    let begun: Vec<String> = documents
        .iter()
        .filter(|(path, document)| !is_page(path) && document.get(NEXT).is_some())
        .map(|(path, _)| path.to_owned())
        .collect();
    for path in begun {
        let Some(Value::Object(first)) = documents.at_mut(&path) else { continue };
        let mut next = first.shift_remove(NEXT);
        let mut left = pages.len();
        while let Some(page) = next.as_ref().and_then(Value::as_str).and_then(|next| pages.get(next))
            && left > 0
        {
            if let (Some(Value::Array(members)), Some(more)) =
                (first.get_mut("Members"), page["Members"].as_array())
            {
                members.extend(more.iter().cloned());
            }
            next = page.get(NEXT).cloned();
            left -= 1;
        }
    }
    pages.keys().for_each(|page| documents.drop(page));
}

/// Sessions, tasks, accounts and the like that were there when it was recorded are not there any more: such members come and
/// go with what is done to this BMC.
fn forget_members(documents: &mut Documents) {
    let of_then: Vec<String> = documents
        .iter()
        .filter(|(path, _)| {
            let collection = path.rsplit_once('/').and_then(|(parent, _)| documents.at(parent));
            collection.and_then(|it| Live::of(kind_of(it))).is_some_and(|it| !it.is_in_trees())
        })
        .map(|(path, _)| path.to_owned())
        .collect();
    of_then.iter().for_each(|path| documents.drop(path));
}

/// Where a machine's own serial number is, where it is not `SerialNumber`: a member that says whose machine it is, and the
/// property. A Dell's own is its service tag; `SerialNumber` is the mainboard's (PowerEdge R750, iDRAC 9 7.10.30).
const SERIALS: &[(&str, &str)] = &[("/Oem/Dell", "/SKU")];

/// Where the serial number of the mainboard is: in the system, in its chassis and in the chassis's assembly.
const BOARD_SERIALS: [&[&str]; 3] = [
    // PowerEdge R750, iDRAC 9 7.10.30: beside the service tag.
    &["/SerialNumber"],
    // SYS-821GE, 11.01; ThinkSystem SR670 V2, XCC 2.83.
    &["/Oem/Supermicro/BoardSerialNumber", "/Oem/Lenovo/SystemBoardSerialNumber"],
    &["/Assemblies/0/SerialNumber"],
];

/// Who the machine is (DSP0268 ComputerSystem, Chassis, Manager, EthernetInterface).
fn id_of(documents: &Documents, own: &Own) -> Id {
    let nothing = Value::Null;
    let at = |path: &str| documents.at(path).unwrap_or(&nothing);
    let (system, manager, interface) = (at(&own.system), at(&own.manager), at(&own.interface));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tag = SERIALS.iter().find(|(whose, _)| system.pointer(whose).is_some());
    let serial = tag.and_then(|(_, place)| system.pointer(place)).unwrap_or(&system["SerialNumber"]);
    let assembly = at(&format!("{}/Assembly", own.chassis));
    let boards = [if tag.is_some() { system } else { &nothing }, at(&own.chassis), assembly];
    let board_serial = std::iter::zip(boards, BOARD_SERIALS)
        .flat_map(|(document, places)| places.iter().filter_map(|place| document.pointer(place)?.as_str()))
        .next();
    let board = |name: &str| text(assembly.pointer(&format!("/Assemblies/0/{name}")).unwrap_or(&nothing));
    Id {
        uuid: system["UUID"]
            .as_str()
            .and_then(|it| it.parse::<uuid::Uuid>().ok())
            .unwrap_or_default()
            .into_bytes(),
        manufacturer: text(&system["Manufacturer"]),
        model: text(&system["Model"]),
        serial: text(serial),
        part_number: text(&system["PartNumber"]),
        board_serial: board_serial.unwrap_or_default().to_owned(),
        board_part_number: board("PartNumber"),
        bios_version: text(&system["BiosVersion"]),
        bios_date: String::new(),
        bmc_firmware: text(&manager["FirmwareVersion"]),
        mac: interface["MACAddress"].as_str().and_then(mac).unwrap_or_default(),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    }
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let bytes: Option<Vec<u8>> = text.split([':', '-']).map(|it| u8::from_str_radix(it, 16).ok()).collect();
    bytes?.try_into().ok()
}

/// How many links of a document lead nowhere.
fn lost(tree: &Tree, value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| lost(tree, item)).sum(),
        Value::Object(members) => {
            let link = members.get("@odata.id").and_then(Value::as_str);
            let path = link.map(|link| link.split(['#', '?']).next().unwrap_or(link));
            let here = path.is_some_and(|path| tree.find(path).is_none());
            usize::from(here) + members.values().map(|member| lost(tree, member)).sum::<usize>()
        }
        _ => 0,
    }
}
