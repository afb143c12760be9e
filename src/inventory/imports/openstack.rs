//! What `openstack baremetal create FILE` takes, in YAML or JSON: `nodes`, and nodes in a `chassis`, each with a `driver` and its
//! `driver_info`.

use super::{
    Entry, Format, Kept, Reach,
    reach::{self, Names},
};
use crate::{
    driver::Protocol,
    endpoint::Tls,
    inventory::{
        Record,
        text::{Flaw, Kind, Node, json, yaml},
    },
};

/// Ironic's drivers, classic ones and hardware types, by what their names hold, and the beginnings of their members in `driver_info`.
/// The first that fits counts.
const DRIVERS: &[(&str, Reach, &[&str])] = &[
    ("fake", Reach::Unmanaged, &[]),
    ("manual-management", Reach::Unmanaged, &[]),
    ("ipmi", Reach::Ipmi, &["ipmi"]),
    ("pyghmi", Reach::Ipmi, &["ipmi"]),
    ("redfish", Reach::Redfish, &["redfish"]),
    ("idrac", Reach::Redfish, &["redfish", "drac"]),
    ("drac", Reach::Both, &["drac"]),
    ("ilo5", Reach::Redfish, &["ilo", "redfish"]),
    ("ilo", Reach::Both, &["ilo"]),
    ("irmc", Reach::Both, &["irmc"]),
    ("ibmc", Reach::Both, &["ibmc"]),
    ("intel-ipmi", Reach::Ipmi, &["ipmi"]),
    ("ucs", Reach::Both, &["ucs", "cimc"]),
    ("cimc", Reach::Both, &["cimc"]),
    ("xclarity", Reach::Both, &["xclarity"]),
];

/// Whether a text is JSON and not YAML, by its first character: the client tells by the file's name.
fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// Reads a file.
pub fn read(text: &str) -> Result<Vec<Entry>, Vec<Flaw>> {
    let mut root = root(text).map_err(|flaw| vec![flaw])?;
    let as_json = is_json(text);
    let nodes: Vec<Node> =
        slots(&mut root).map_err(|flaw| vec![flaw])?.iter().map(|it| (**it).clone()).collect();
    let mut frame = root;
    for slot in slots(&mut frame).into_iter().flatten() {
        slot.kind = Kind::Plain("null".to_owned());
    }
    let frame = if as_json { json::write(&frame) } else { yaml::write(&[frame]) };
    let (mut entries, mut flaws) = (Vec::new(), Vec::new());
    for (at, node) in nodes.iter().enumerate() {
        match entry(node) {
            Ok(entry) => {
                let text = yaml::write(std::slice::from_ref(node));
                let kept = Kept::new(Format::Openstack, at, text, &frame);
                entries.push(Entry { kept, ..entry });
            }
            Err(flaw) => flaws.push(flaw),
        }
    }
    if flaws.is_empty() { Ok(entries) } else { Err(flaws) }
}

fn root(text: &str) -> Result<Node, Flaw> {
    let root = if is_json(text) {
        json::read(text)?
    } else {
        let mut documents = yaml::read(text)?;
        match documents.len() {
            1 => documents.remove(0),
            0 => {
                return Err(Flaw::at(
                    crate::inventory::text::Place { line: 1, column: 1 },
                    "the file is empty",
                ));
            }
            _ => {
                return Err(Flaw::at(
                    documents[1].place,
                    "a second document begins here, and one is expected",
                ));
            }
        }
    };
    root.members()?;
    if root.get("nodes").is_none() && root.get("chassis").is_none() {
        return Err(Flaw::at(root.place, "expected a map with a list of \"nodes\" or of \"chassis\""));
    }
    Ok(root)
}

/// The places where nodes stand, in the order of the file.
fn slots(root: &mut Node) -> Result<Vec<&mut Node>, Flaw> {
    root.members()?;
    let Kind::Map(entries) = &mut root.kind else { return Ok(Vec::new()) };
    let mut slots = Vec::new();
    for (key, node) in entries {
        match key.text.as_str() {
            "nodes" => slots.extend(items(node)?),
            "chassis" => {
                for chassis in items(node)? {
                    if let Some(nodes) = chassis.get_mut("nodes") {
                        slots.extend(items(nodes)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(slots)
}

fn items(node: &mut Node) -> Result<&mut [Node], Flaw> {
    if node.is_null() {
        return Ok(&mut []);
    }
    node.items()?;
    match &mut node.kind {
        Kind::List(items) => Ok(items),
        _ => Ok(&mut []),
    }
}

fn entry(node: &Node) -> Result<Entry, Flaw> {
    node.members()?;
    let driver = node.text_of("driver")?.ok_or_else(|| Flaw::at(node.place, "this node has no driver"))?;
    let (reach, _) = known(driver);
    let none = Node::map([]);
    let info = node.get("driver_info").filter(|it| !it.is_null()).unwrap_or(&none);
    info.members()?;
    let names = names(driver, info);
    let access = names.read(info)?;
    if access.at.is_none() && reach != Reach::Unmanaged {
        let place = if info.place.line > 0 { info.place } else { node.place };
        return Err(Flaw::at(place, format!("the driver_info of this node has no {}", names.address)));
    }
    let verifies = info.text_of("redfish_verify_ca")?.map(verifies);
    let ports = match node.get("ports").filter(|it| !it.is_null()) {
        Some(ports) => ports.items()?,
        None => &[],
    };
    let boot = ports.iter().filter_map(|it| it.get("address")).map(reach::mac).collect::<Result<_, _>>()?;
    access.entry(node, reach, boot, reach::tls(verifies))
}

/// Whether the value of `redfish_verify_ca` says that certificates are verified; a path does.
fn verifies(text: &str) -> bool {
    !["false", "no", "off", "0"].contains(&text.to_ascii_lowercase().as_str())
}

fn known(driver: &str) -> (Reach, &'static [&'static str]) {
    let found = DRIVERS.iter().find(|(word, ..)| driver.contains(word));
    found.map_or((Reach::Unmanaged, &[]), |(_, reach, prefixes)| (*reach, *prefixes))
}

/// The names of the members of a driver: of those that it may have, the ones that are there.
fn names(driver: &str, info: &Node) -> Names {
    let (_, prefixes) = known(driver);
    let first = prefixes.first().copied().unwrap_or("ipmi");
    let prefix =
        prefixes.iter().find(|it| info.get(&format!("{it}_address")).is_some()).copied().unwrap_or(first);
    let of = |name: &str| format!("{prefix}_{name}");
    let port = if prefix == "ilo" { "client_port".to_owned() } else { of("port") };
    Names { address: of("address"), user: of("username"), password: of("password"), port }
}

/// Writes rows.
pub(super) fn write(rows: &[&Record]) -> String {
    let kept: Vec<Option<Kept>> = rows.iter().map(|row| Kept::of(row, Format::Openstack)).collect();
    let frame = kept.iter().find_map(|it| it.as_ref()?.frame.clone());
    let as_json = frame.as_deref().is_some_and(is_json);
    let frame = frame.and_then(|it| root(&it).ok());
    let mut frame = frame.unwrap_or_else(|| Node::map([("nodes", Node::list(Vec::new()))]));
    let (mut filled, mut new) = (Vec::new(), Vec::new());
    for (row, kept) in rows.iter().zip(&kept) {
        let node = kept.as_ref().and_then(|it| Some((it.at, yaml::read(&it.text).ok()?.into_iter().next()?)));
        match node {
            Some((at, mut node)) => {
                update(&mut node, row);
                filled.push((at, node));
            }
            None => {
                let mut node = Node::map([
                    ("driver", Node::text(Reach::of(row).driver())),
                    ("driver_info", Node::map([])),
                ]);
                if Reach::of(row) == Reach::Unmanaged {
                    let own = Node::map([("address", Node::text(row.mac.to_string()))]);
                    node.set("ports", Node::list(vec![own]));
                }
                update(&mut node, row);
                new.push(node);
            }
        }
    }
    for (at, slot) in slots(&mut frame).into_iter().flatten().enumerate() {
        if let Some(found) = filled.iter().position(|(it, _)| *it == at) {
            *slot = filled.swap_remove(found).1;
        }
    }
    new.extend(filled.into_iter().map(|(_, node)| node));
    drop_empty(&mut frame);
    if !new.is_empty() {
        let mut nodes = frame.get("nodes").and_then(|it| it.items().ok()).unwrap_or_default().to_vec();
        nodes.extend(new);
        frame.set("nodes", Node::list(nodes));
    }
    if as_json { json::write(&frame) } else { yaml::write(&[frame]) }
}

/// Takes away the places of nodes that are no longer in the inventory.
fn drop_empty(root: &mut Node) {
    let drop_in = |node: &mut Node| {
        if let Some(Node { kind: Kind::List(nodes), .. }) = node.get_mut("nodes") {
            nodes.retain(|it| !it.is_null());
        }
    };
    drop_in(root);
    if let Some(Node { kind: Kind::List(all), .. }) = root.get_mut("chassis") {
        all.iter_mut().for_each(drop_in);
    }
}

/// Writes what a row has otherwise than its node says.
fn update(node: &mut Node, row: &Record) {
    let reach = Reach::of(row);
    let was = node.text_of("driver").ok().flatten().map(|it| known(it).0);
    if was != Some(reach) {
        let driver = match reach {
            Reach::Ipmi => "ipmi",
            Reach::Redfish | Reach::Both => "redfish",
            Reach::Unmanaged => "manual-management",
        };
        node.set("driver", Node::text(driver));
    }
    let driver = node.text_of("driver").ok().flatten().unwrap_or_default().to_owned();
    if node.get("driver_info").is_none_or(Node::is_null) {
        if reach == Reach::Unmanaged {
            return;
        }
        node.set("driver_info", Node::map([]));
    }
    if let Some(info) = node.get_mut("driver_info") {
        names(&driver, info).write(info, row, reach);
        if reach.protocols().contains(&Protocol::Redfish) {
            trust(info, &row.redfish.tls);
        }
    }
}

/// Writes what is believed of the certificate where the node says otherwise.
fn trust(info: &mut Node, now: &Tls) {
    let name = "redfish_verify_ca";
    let was = info.text_of(name).ok().flatten();
    let is_verified = was.is_none_or(verifies);
    match now {
        Tls::Insecure if is_verified => info.set(name, Node::plain("false")),
        Tls::Ca(file) if was != file.to_str() => info.set(name, Node::text(file.display().to_string())),
        Tls::System | Tls::Pin(_) if !is_verified => info.set(name, Node::plain("true")),
        _ => {}
    }
}
