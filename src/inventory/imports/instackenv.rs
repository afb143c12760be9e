//! TripleO's `instackenv.json`: `{"nodes": [{"pm_type": …, "pm_addr": …, "pm_user": …, "pm_password": …, "mac": […]}]}`.

use super::{
    Entry, Format, Kept, Reach,
    reach::{self, Names},
};
use crate::{
    endpoint::Tls,
    inventory::{
        Mac, Record,
        text::{Flaw, Kind, Node, json},
    },
};

/// Every `pm_type` there ever was, from instack and TripleO's releases: how a node of it is reached.
///
/// DRAC, iLO, iRMC, UCS and their like name protocols of the vendor's own; the BMCs behind them speak IPMI, and Redfish where they are
/// young enough.
const PM_TYPES: &[(&str, Reach)] = &[
    ("agent_amt", Reach::Unmanaged),
    ("agent_drac", Reach::Both),
    ("agent_ilo", Reach::Both),
    ("agent_ipmitool", Reach::Ipmi),
    ("agent_ipmitool_socat", Reach::Ipmi),
    ("agent_irmc", Reach::Both),
    ("agent_pxe_oneview", Reach::Unmanaged),
    ("agent_pyghmi", Reach::Ipmi),
    ("agent_ssh", Reach::Unmanaged),
    ("agent_ucs", Reach::Both),
    ("agent_vbox", Reach::Unmanaged),
    ("agent_wol", Reach::Unmanaged),
    ("cisco-ucs-managed", Reach::Both),
    ("cisco-ucs-standalone", Reach::Both),
    ("fake", Reach::Unmanaged),
    ("fake-hardware", Reach::Unmanaged),
    ("fake_agent", Reach::Unmanaged),
    ("fake_ipmitool", Reach::Ipmi),
    ("fake_pxe", Reach::Unmanaged),
    ("ibmc", Reach::Both),
    ("idrac", Reach::Redfish),
    ("ilo", Reach::Both),
    ("ilo5", Reach::Redfish),
    ("intel-ipmi", Reach::Ipmi),
    ("ipmi", Reach::Ipmi),
    ("irmc", Reach::Both),
    ("iscsi_ilo", Reach::Both),
    ("iscsi_irmc", Reach::Both),
    ("iscsi_pxe_oneview", Reach::Unmanaged),
    ("manual-management", Reach::Unmanaged),
    ("ovirt", Reach::Unmanaged),
    ("pxe_agent_cimc", Reach::Both),
    ("pxe_amt", Reach::Unmanaged),
    ("pxe_drac", Reach::Both),
    ("pxe_drac_inspector", Reach::Both),
    ("pxe_iboot", Reach::Unmanaged),
    ("pxe_iboot_iscsi", Reach::Unmanaged),
    ("pxe_ilo", Reach::Both),
    ("pxe_ipminative", Reach::Ipmi),
    ("pxe_ipmitool", Reach::Ipmi),
    ("pxe_ipmitool_socat", Reach::Ipmi),
    ("pxe_irmc", Reach::Both),
    ("pxe_iscsi_cimc", Reach::Both),
    ("pxe_ovirt", Reach::Unmanaged),
    ("pxe_seamicro", Reach::Unmanaged),
    ("pxe_snmp", Reach::Unmanaged),
    ("pxe_ssh", Reach::Unmanaged),
    ("pxe_ucs", Reach::Both),
    ("pxe_vbox", Reach::Unmanaged),
    ("pxe_wol", Reach::Unmanaged),
    ("redfish", Reach::Redfish),
    ("snmp", Reach::Unmanaged),
    ("staging-amt", Reach::Unmanaged),
    ("staging-iboot", Reach::Unmanaged),
    ("staging-ovirt", Reach::Unmanaged),
    ("staging-wol", Reach::Unmanaged),
    ("xclarity", Reach::Both),
];

fn names() -> Names {
    let of = |name: &str| name.to_owned();
    Names { address: of("pm_addr"), user: of("pm_user"), password: of("pm_password"), port: of("pm_port") }
}

/// Reads a file.
pub fn read(text: &str) -> Result<Vec<Entry>, Vec<Flaw>> {
    let root = json::read(text).map_err(|flaw| vec![flaw])?;
    let nodes = root
        .get("nodes")
        .ok_or_else(|| vec![Flaw::at(root.place, "expected a map with a list of \"nodes\"")])?;
    let nodes = nodes.items().map_err(|flaw| vec![flaw])?;
    let mut frame = root.clone();
    frame.set("nodes", Node::list(Vec::new()));
    let frame = json::write(&frame);
    let (mut entries, mut flaws) = (Vec::new(), Vec::new());
    for (at, node) in nodes.iter().enumerate() {
        match entry(node) {
            Ok(entry) => {
                let kept = Kept::new(Format::Instackenv, at, json::write(node), &frame);
                entries.push(Entry { kept, ..entry });
            }
            Err(flaw) => flaws.push(flaw),
        }
    }
    if flaws.is_empty() { Ok(entries) } else { Err(flaws) }
}

fn entry(node: &Node) -> Result<Entry, Flaw> {
    node.members()?;
    let known = |word: &str| PM_TYPES.iter().find(|(it, _)| *it == word).map(|(_, reach)| *reach);
    let expected = "pm_type that TripleO ever had, such as ipmi, pxe_ipmitool, redfish or idrac";
    let reach = node.parsed("pm_type", known, expected)?;
    let reach = reach.ok_or_else(|| Flaw::at(node.place, "this node has no pm_type"))?;
    let access = names().read(node)?;
    if access.at.is_none() && reach != Reach::Unmanaged {
        return Err(Flaw::at(node.place, "this node has no pm_addr"));
    }
    let boot = macs(node)?;
    access.entry(node, reach, boot, Tls::System)
}

/// The interfaces from which the machine boots: `mac`, a list or one, and `ports`, which came later.
fn macs(node: &Node) -> Result<Vec<Mac>, Flaw> {
    let macs: Vec<&Node> = match node.get("mac") {
        Some(Node { kind: Kind::List(macs), .. }) => macs.iter().collect(),
        Some(one) if !one.is_null() => vec![one],
        _ => Vec::new(),
    };
    let ports = match node.get("ports").filter(|it| !it.is_null()) {
        Some(ports) => ports.items()?,
        None => &[],
    };
    macs.into_iter().chain(ports.iter().filter_map(|it| it.get("address"))).map(reach::mac).collect()
}

/// Writes rows.
pub(super) fn write(rows: &[&Record]) -> String {
    let kept = |row: &Record| Kept::of(row, Format::Instackenv);
    let frame = rows.iter().find_map(|row| kept(row)?.frame).and_then(|it| json::read(&it).ok());
    let mut frame = frame.unwrap_or_else(|| Node::map([("nodes", Node::list(Vec::new()))]));
    let nodes = rows.iter().map(|row| {
        let node = kept(row).and_then(|it| json::read(&it.text).ok());
        let mut node = node.unwrap_or_else(|| blank(row));
        update(&mut node, row);
        node
    });
    frame.set("nodes", Node::list(nodes.collect()));
    json::write(&frame)
}

/// A node of a row that came from elsewhere. Where there is no BMC, the row's key is the machine's own interface.
fn blank(row: &Record) -> Node {
    let mut node = Node::map([("pm_type", Node::text("none yet"))]);
    if Reach::of(row) == Reach::Unmanaged {
        node.set("mac", Node::list(vec![Node::text(row.mac.to_string())]));
    }
    node
}

/// Writes what a row has otherwise than its node says.
fn update(node: &mut Node, row: &Record) {
    let reach = Reach::of(row);
    if entry(node).map(|it| it.reach) != Ok(reach) {
        let pm_type = match reach {
            Reach::Ipmi => "ipmi",
            Reach::Redfish | Reach::Both => "redfish",
            Reach::Unmanaged => "manual-management",
        };
        node.set("pm_type", Node::text(pm_type));
    }
    names().write(node, row, reach);
}
