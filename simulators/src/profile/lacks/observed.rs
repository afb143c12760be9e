//! What a recorded tree does not measure or write down.

use serde_json::Value;

use super::{Lacks, at, lack};
use crate::{
    machine::Id,
    redfish::{Document, Tree},
    sensors::{Kind, Of},
};

/// What is lacking of sensors, consumption, the event log and the FRU inventory.
pub(super) fn lacking(tree: &Tree, id: &Id, lacks: &mut Lacks) {
    let is_shown = |kind: &Kind| match kind {
        Kind::Analog(_) => true,
        Kind::Discrete(discrete) => discrete.of == Of::Supply,
    };
    if !tree.sensors().all().iter().any(|it| is_shown(&it.kind)) {
        lack(lacks, "sensors.read", "its Chassis shows no sensor and no power supply");
    }
    consumption(tree, lacks);
    parts(tree, lacks);
    log(tree, lacks);
    if id.board_serial.is_empty() {
        lack(lacks, "fru:board", "nothing tells a serial number of its mainboard");
    }
}

/// What the system links of its parts, and its order of boot.
fn parts(tree: &Tree, lacks: &mut Lacks) {
    let system = at(tree, tree.system());
    let below = format!("{}/", tree.system());
    for (parts, property, kind) in [
        ("processors", "Processors", "Processor"),
        ("memory", "Memory", "Memory"),
        ("interfaces", "EthernetInterfaces", "EthernetInterface"),
        ("disks", "Storage", "Drive"),
    ] {
        let is_one = |it: &Document| &*it.kind == kind && (kind == "Drive" || it.path.starts_with(&below));
        if !system[property].is_object() || !tree.documents().iter().any(is_one) {
            lack(lacks, &format!("inventory:{parts}"), format!("its ComputerSystem shows no {property}"));
        }
    }
    order(tree, system, lacks);
}

/// What stands in the order of boot, and what of it is known.
fn order(tree: &Tree, system: &Value, lacks: &mut Lacks) {
    let order: Vec<_> = system["Boot"]["BootOrder"].as_array().into_iter().flatten().collect();
    if order.is_empty() {
        const WHY: &str = "its ComputerSystem has no BootOrder";
        ["boot.order.get", "boot.order.set"].iter().for_each(|it| lack(lacks, it, WHY));
    }
    let below = format!("{}/", tree.system());
    let options =
        tree.documents().iter().filter(|it| &*it.kind == "BootOption" && it.path.starts_with(&below));
    let options: Vec<_> = options.map(|it| it.template()).collect();
    for (capability, alias) in
        [("boot.order:pxe", "Pxe"), ("boot.order:disk", "Hdd"), ("boot.order:cdrom", "Cd")]
    {
        let is_in_order = |it: &&&Value| it["Alias"] == alias && order.contains(&&it["BootOptionReference"]);
        if options.iter().find(is_in_order).is_none() {
            lack(lacks, capability, format!("no BootOption in its BootOrder has the Alias {alias}"));
        }
    }
}

fn consumption(tree: &Tree, lacks: &mut Lacks) {
    let chassis = at(tree, tree.chassis());
    let linked = |name: &str| chassis[name]["@odata.id"].as_str().map_or(&Value::Null, |path| at(tree, path));
    let control = linked("Power")["PowerControl"].as_array().into_iter().flatten();
    let mut told = control.filter(|it| it["PowerConsumedWatts"].is_number());
    let now = linked("EnvironmentMetrics").pointer("/PowerWatts/Reading");
    match told.next() {
        None if !now.is_some_and(Value::is_number) => {
            const WHY: &str = "nothing tells what its Chassis consumes";
            ["power.metrics", "power.metrics:range"].iter().for_each(|it| lack(lacks, it, WHY));
        }
        Some(it) if it.pointer("/PowerMetrics/MinConsumedWatts").is_some_and(Value::is_number) => {}
        _ => lack(lacks, "power.metrics:range", "the least consumption is not told"),
    }
}

fn log(tree: &Tree, lacks: &mut Lacks) {
    let homes = [tree.system(), tree.manager()].map(|it| format!("{it}/"));
    let is_log = |it: &&Document| {
        &*it.kind == "LogService"
            && homes.iter().any(|home| it.path.starts_with(home))
            && it.template()["Entries"].is_object()
    };
    let logs: Vec<_> = tree.documents().iter().filter(is_log).collect();
    if logs.is_empty() {
        lack(lacks, "log.list", "neither its ComputerSystem nor its Manager has a LogService");
    }
    if !logs.iter().any(|it| it.template().pointer("/Actions/#LogService.ClearLog").is_some()) {
        lack(lacks, "log.clear", "no LogService has the action LogService.ClearLog");
    }
}
