//! Claims about the machine's parts and its order of boot.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{BootDevice, Change},
};

fn members(paths: &[&str]) -> Value {
    let links: Vec<_> = paths.iter().map(|it| json!({ "@odata.id": it })).collect();
    json!({ "Members": links })
}

/// A peer with these properties of its system and these resources.
async fn with(system: Value, resources: Value) -> Peer {
    Peer::scripted(move |seen, bmc| {
        if seen.method == "GET" && seen.path != SYSTEM {
            return resources.get(&seen.path).map(|found| say(200, found.clone()));
        }
        if bmc.system.get("Merged").is_none() {
            merge(&mut bmc.system, &system);
            bmc.system["Merged"] = json!(true);
        }
        None
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_there_are_told_and_empty_slots_are_not() {
    let links = json!({"Processors": {"@odata.id": "/c"}, "Memory": {"@odata.id": "/m"},
        "EthernetInterfaces": {"@odata.id": "/n"}, "Storage": {"@odata.id": "/d"}});
    let resources = json!({
        "/c": members(&["/c/1", "/c/2"]),
        "/c/1": {"Name": "CPU 1", "ProcessorType": "CPU", "TotalCores": 32, "Model": "Forge"},
        "/c/2": {"Name": "GPU 1", "ProcessorType": "GPU"},
        "/m": members(&["/m/1", "/m/2"]),
        "/m/1": {"Name": "DIMM 1", "CapacityMiB": 65536, "SerialNumber": " M1 "},
        "/m/2": {"Name": "DIMM 2", "Status": {"State": "Absent"}},
        "/n": members(&["/n/1"]),
        "/n/1": {"Name": "NIC", "MACAddress": "02:00:00:00:00:99", "PermanentMACAddress": "02-00-00-00-00-0A",
            "LinkStatus": "NoLink"},
        "/d": members(&["/d/1"]),
        "/d/1": {"Name": "RAID", "Drives": [{"@odata.id": "/x/1"}, {"@odata.id": "/x/2"}]},
        "/x/1": {"Name": "Disk 1", "CapacityBytes": 1_920_383_410_176_u64, "MediaType": "SSD"},
    });
    let answer = with(links, resources).await.driver().inventory(within(60)).await.unwrap();
    let told = &answer.value;
    assert_eq!((told.processors.len(), told.processors[0].cores), (1, Some(32)));
    assert_eq!((told.memory.len(), told.memory[0].serial.as_deref()), (1, Some("M1")));
    assert_eq!(told.interfaces[0].mac.as_deref(), Some("02:00:00:00:00:0a"));
    assert_eq!(told.interfaces[0].link, Some(false));
    assert_eq!((told.disks.len(), told.disks[0].bytes), (1, Some(1_920_383_410_176)));
    assert_eq!(answer.notes.len(), 1, "a drive that is linked and not there leaves a note");
}

async fn ordered() -> Peer {
    let boot =
        json!({"Boot": {"BootOrder": ["Boot1", "Boot2", "Boot3"], "BootOptions": {"@odata.id": "/b"}}});
    let resources = json!({
        "/b": members(&["/b/2"]),
        "/b/2": {"BootOptionReference": "Boot2", "DisplayName": "PXE", "Alias": "Pxe", "BootOptionEnabled": false},
    });
    with(boot, resources).await
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_what_its_boot_option_says() {
    let order = ordered().await.driver().boot_order(within(60)).await.unwrap().value;
    let ids: Vec<_> = order.entries.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["Boot1", "Boot2", "Boot3"]);
    let pxe = &order.entries[1];
    assert_eq!(
        (pxe.device, pxe.enabled, pxe.name.as_deref()),
        (Some(BootDevice::Pxe), Some(false), Some("PXE"))
    );
    assert_eq!((order.entries[0].device, order.pending), (None, None));
}

#[tokio::test(start_paused = true)]
async fn all_of_the_order_is_written_and_only_where_it_differs() {
    let peer = ordered().await;
    let driver = peer.driver();
    let first = ["Boot3".to_owned()];
    assert_eq!(driver.set_boot_order(&first, within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(peer.changes(), [json!({"Boot": {"BootOrder": ["Boot3", "Boot1", "Boot2"]}})]);
    assert_eq!(driver.set_boot_order(&first, within(60)).await.unwrap().value, Change::AlreadySo);
    assert_eq!(peer.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_there_is_not_is_not_found_and_one_named_twice_is_invalid() {
    let peer = ordered().await;
    let driver = peer.driver();
    let unknown = driver.set_boot_order(&["Boot9".to_owned()], within(60)).await.unwrap_err();
    assert!(matches!(unknown.cause, Cause::NotFound { .. }), "{unknown}");
    let twice =
        driver.set_boot_order(&["Boot1".to_owned(), "Boot1".to_owned()], within(60)).await.unwrap_err();
    assert!(matches!(twice.cause, Cause::InvalidArgument { .. }), "{twice}");
    assert!(peer.changes().is_empty());
    let without = Peer::healthy().await.driver().boot_order(within(60)).await.unwrap_err();
    assert!(matches!(without.cause, Cause::NotFound { .. }), "{without}");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_read_only_at_the_system_is_written_at_its_settings() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.system["Boot"]["BootOrder"] = json!(["Boot1", "Boot2"]);
        bmc.system["@Redfish.Settings"] = json!({"SettingsObject": {"@odata.id": "/settings"}});
        match (seen.method.as_str(), seen.path.as_str()) {
            ("PATCH", SYSTEM) => Some(error(400, "Base.1.18.PropertyNotWritable", "BootOrder is read-only")),
            ("GET", "/settings") => Some(say(200, json!({"Boot": {"BootOrder": ["Boot2", "Boot1"]}}))),
            ("PATCH", "/settings") => Some(Act::Say(204, Vec::new(), String::new())),
            _ => None,
        }
    })
    .await;
    let driver = peer.driver();
    let order = driver.boot_order(within(60)).await.unwrap().value;
    assert_eq!(order.pending.unwrap(), ["Boot2", "Boot1"]);
    assert_eq!(
        driver.set_boot_order(&["Boot2".to_owned()], within(60)).await.unwrap().value,
        Change::AlreadySo
    );
    assert_eq!(
        driver.set_boot_order(&["Boot1".to_owned()], within(60)).await.unwrap().value,
        Change::Changed
    );
    assert!(peer.seen().last().unwrap().is("PATCH", "/settings"));
}
