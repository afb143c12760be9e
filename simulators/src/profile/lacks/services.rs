//! What a recorded tree does not serve: accounts, the BMC's clock and network, virtual media, settings of the firmware.

use serde_json::Value;

use super::{Lacks, at, lack};
use crate::redfish::{Document, Tree};

/// What is lacking of them.
pub(super) fn lacking(tree: &Tree, lacks: &mut Lacks) {
    if !tree.first("AccountService").is_some_and(|it| it.template()["Accounts"].is_object()) {
        let all = ["accounts.list", "accounts.create", "accounts.update", "accounts.delete"];
        all.iter().for_each(|it| lack(lacks, it, "it has no AccountService with Accounts"));
    }
    let manager = at(tree, tree.manager());
    if !manager["DateTime"].is_string() {
        let all = ["bmc.clock.get", "bmc.clock.set"];
        all.iter().for_each(|it| lack(lacks, it, "its Manager has no DateTime"));
    }
    if !manager["EthernetInterfaces"].is_object() || at(tree, tree.interface()).is_null() {
        lack(lacks, "bmc.network.read", "its Manager has no EthernetInterface");
    }
    media(tree, lacks);
    bios(tree, lacks);
}

fn media(tree: &Tree, lacks: &mut Lacks) {
    let homes = [tree.system(), tree.manager()].map(|it| format!("{it}/"));
    let slots: Vec<&Document> = tree
        .documents()
        .iter()
        .filter(|it| &*it.kind == "VirtualMedia" && homes.iter().any(|home| it.path.starts_with(home)))
        .collect();
    if slots.is_empty() {
        let all = ["media.list", "media.insert", "media.eject"];
        all.iter()
            .for_each(|it| lack(lacks, it, "neither its ComputerSystem nor its Manager has VirtualMedia"));
        return;
    }
    let takes_cd = |it: &&Document| {
        let kinds = &it.template()["MediaTypes"];
        kinds.is_null() || kinds.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "CD"))
    };
    if !slots.iter().any(takes_cd) {
        let all = ["media.insert", "media.eject"];
        all.iter().for_each(|it| lack(lacks, it, "none of its VirtualMedia takes a CD"));
    }
}

/// What scenarios set is an attribute of ours: the names of a maker's attributes are the maker's.
fn bios(tree: &Tree, lacks: &mut Lacks) {
    let link = at(tree, tree.system()).pointer("/Bios/@odata.id").and_then(Value::as_str);
    let attributes = link.map_or(&Value::Null, |path| &at(tree, path)["Attributes"]);
    if !attributes.is_object() {
        let all = ["bios.read", "bios.set"];
        all.iter().for_each(|it| lack(lacks, it, "its ComputerSystem has no Bios with Attributes"));
    } else if !attributes["QuietBoot"].is_boolean() {
        lack(lacks, "bios.set", "its Bios has no attribute QuietBoot that could be set");
    }
}
