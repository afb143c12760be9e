//! Recorded trees as targets: what a tree lacks is planned as `na`, with the reason that stands in it, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{fs, path::Path};

use common::{folder, halmark, told};
use serde_json::{Value, json};

const SYSTEM: &str = "/redfish/v1/Systems/Node";

fn link(path: &str) -> Value {
    json!({"@odata.id": format!("/redfish/v1/{path}")})
}

fn collection(schema: &str, path: &str, members: &[&str]) -> Value {
    let links: Value = members.iter().map(|id| link(&format!("{path}/{id}"))).collect();
    json!({"@odata.id": format!("/redfish/v1/{path}"), "@odata.type": format!("#{schema}Collection.{schema}Collection"),
        "Name": path, "Members": links, "Members@odata.count": members.len()})
}

/// A small machine that has everything the suite asks for.
fn whole() -> Vec<(&'static str, Value)> {
    let text = ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "PowerCycle", "Nmi"];
    let mut all = vec![
        (
            "",
            json!({"@odata.id": "/redfish/v1/", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "Id": "Root", "Name": "Root",
                "RedfishVersion": "1.8.0", "UUID": "5f0d1b3c-7e42-4a6b-9c1d-000000000001", "Systems": link("Systems"),
                "Managers": link("Managers"), "Chassis": link("Chassis"), "SessionService": link("SessionService"),
                "AccountService": link("AccountService"),
                "Links": {"Sessions": link("SessionService/Sessions")}}),
        ),
        ("Systems", collection("ComputerSystem", "Systems", &["Node"])),
        (
            "Systems/Node",
            json!({"@odata.id": SYSTEM, "@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem", "Id": "Node", "Name": "Node",
                "PowerState": "On", "SerialNumber": "EL1", "UUID": "a1234567-89ab-cdef-a123-456789abcdef",
                "Manufacturer": "Elsewhere", "Model": "E1", "PartNumber": "P-7", "BiosVersion": "2.1",
                "LocationIndicatorActive": false, "IndicatorLED": "Off", "LogServices": link("Systems/Node/LogServices"),
                "Bios": link("Systems/Node/Bios"), "Processors": link("Systems/Node/Processors"),
                "Memory": link("Systems/Node/Memory"), "Storage": link("Systems/Node/Storage"),
                "EthernetInterfaces": link("Systems/Node/EthernetInterfaces"),
                "Boot": {"BootOptions": link("Systems/Node/BootOptions"), "BootOrder": ["Boot0001", "Boot0002", "Boot0003"],"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None",
                    "BootSourceOverrideMode": "UEFI",
                    "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Disabled", "Once", "Continuous"],
                    "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd", "Cd", "BiosSetup", "Usb", "UefiHttp"]},
                "Links": {"Chassis": [link("Chassis/Box")], "ManagedBy": [link("Managers/bmc")]},
                "Actions": {"#ComputerSystem.Reset": {"target": format!("{SYSTEM}/Actions/ComputerSystem.Reset"),
                    "ResetType@Redfish.AllowableValues": text}}}),
        ),
        ("Managers", collection("Manager", "Managers", &["bmc"])),
        (
            "Managers/bmc",
            json!({"@odata.id": "/redfish/v1/Managers/bmc", "@odata.type": "#Manager.v1_5_0.Manager", "Id": "bmc", "Name": "bmc",
                "FirmwareVersion": "9.8", "EthernetInterfaces": link("Managers/bmc/EthernetInterfaces"),
                "DateTime": "2026-01-01T00:00:00Z", "VirtualMedia": link("Managers/bmc/VirtualMedia"),
                "Actions": {"#Manager.Reset": {"target": "/redfish/v1/Managers/bmc/Actions/Manager.Reset",
                    "ResetType@Redfish.AllowableValues": ["ForceRestart", "GracefulRestart"]}}}),
        ),
        (
            "Managers/bmc/EthernetInterfaces",
            collection("EthernetInterface", "Managers/bmc/EthernetInterfaces", &["eth0"]),
        ),
        (
            "Managers/bmc/EthernetInterfaces/eth0",
            json!({"@odata.id": "/redfish/v1/Managers/bmc/EthernetInterfaces/eth0", "Id": "eth0", "Name": "eth0",
                "@odata.type": "#EthernetInterface.v1_5_0.EthernetInterface", "MACAddress": "02:48:4d:00:00:01"}),
        ),
        ("Chassis", collection("Chassis", "Chassis", &["Box"])),
        (
            "Chassis/Box",
            json!({"@odata.id": "/redfish/v1/Chassis/Box", "@odata.type": "#Chassis.v1_5_0.Chassis", "Id": "Box", "Name": "Box",
                "ChassisType": "RackMount", "Manufacturer": "Elsewhere", "Thermal": link("Chassis/Box/Thermal"),
                "Power": link("Chassis/Box/Power"), "Assembly": link("Chassis/Box/Assembly")}),
        ),
        (
            "Chassis/Box/Thermal",
            json!({"@odata.id": "/redfish/v1/Chassis/Box/Thermal", "@odata.type": "#Thermal.v1_4_0.Thermal", "Id": "Thermal",
                "Name": "Thermal",
                "Temperatures": [{"MemberId": "0", "Name": "Inlet", "ReadingCelsius": 21, "UpperThresholdNonCritical": 38,
                    "UpperThresholdCritical": 42, "Status": {"State": "Enabled", "Health": "OK"}}],
                "Fans": [{"MemberId": "0", "Name": "Fan 1", "Reading": 5000, "ReadingUnits": "RPM",
                        "Status": {"State": "Enabled", "Health": "OK"}},
                    {"MemberId": "1", "Name": "Fan 2", "Reading": 5100, "ReadingUnits": "RPM",
                        "Status": {"State": "Enabled", "Health": "OK"}}]}),
        ),
        (
            "Chassis/Box/Power",
            json!({"@odata.id": "/redfish/v1/Chassis/Box/Power", "@odata.type": "#Power.v1_4_0.Power", "Id": "Power",
                "Name": "Power",
                "PowerControl": [{"MemberId": "0", "Name": "Box", "PowerConsumedWatts": 300, "PowerMetrics": {
                    "IntervalInMin": 1, "MinConsumedWatts": 280, "AverageConsumedWatts": 300, "MaxConsumedWatts": 320}}],
                "PowerSupplies": [{"MemberId": "0", "Name": "PSU 1", "Status": {"State": "Enabled", "Health": "OK"}}]}),
        ),
        (
            "Chassis/Box/Assembly",
            json!({"@odata.id": "/redfish/v1/Chassis/Box/Assembly", "@odata.type": "#Assembly.v1_1_0.Assembly",
                "Id": "Assembly", "Name": "Assembly", "Assemblies": [{"MemberId": "0", "Name": "Board",
                    "PhysicalContext": "SystemBoard", "SerialNumber": "B1", "PartNumber": "PB-7"}]}),
        ),
        ("Systems/Node/LogServices", collection("LogService", "Systems/Node/LogServices", &["SEL"])),
        (
            "Systems/Node/LogServices/SEL",
            json!({"@odata.id": "/redfish/v1/Systems/Node/LogServices/SEL", "@odata.type": "#LogService.v1_1_0.LogService",
                "Id": "SEL", "Name": "SEL", "LogEntryType": "SEL", "Entries": link("Systems/Node/LogServices/SEL/Entries"),
                "Actions": {"#LogService.ClearLog": {
                    "target": "/redfish/v1/Systems/Node/LogServices/SEL/Actions/LogService.ClearLog"}}}),
        ),
        (
            "Systems/Node/LogServices/SEL/Entries",
            collection("LogEntry", "Systems/Node/LogServices/SEL/Entries", &[]),
        ),
        (
            "SessionService",
            json!({"@odata.id": "/redfish/v1/SessionService", "@odata.type": "#SessionService.v1_0_0.SessionService",
                "Id": "Sessions", "Name": "Sessions", "Sessions": link("SessionService/Sessions")}),
        ),
        ("SessionService/Sessions", collection("Session", "SessionService/Sessions", &[])),
    ];
    all.extend(services());
    all.extend(parts());
    all
}

/// What it is made of, and what it can be started from.
fn parts() -> Vec<(&'static str, Value)> {
    let part = |kind: &str, path: &str, mut it: Value| {
        let id = path.rsplit('/').next().unwrap();
        it["@odata.id"] = json!(format!("/redfish/v1/{path}"));
        it["@odata.type"] = json!(format!("#{kind}.v1_4_0.{kind}"));
        (it["Id"], it["Name"]) = (json!(id), json!(id));
        it["Status"] = json!({"State": "Enabled", "Health": "OK"});
        it
    };
    let option = |path: &str, id: &str, name: &str, alias: &str| {
        let it = json!({"BootOptionReference": id, "DisplayName": name, "Alias": alias, "BootOptionEnabled": true});
        part("BootOption", path, it)
    };
    let mut all = vec![
        ("Systems/Node/Processors", collection("Processor", "Systems/Node/Processors", &["CPU1"])),
        ("Systems/Node/Memory", collection("Memory", "Systems/Node/Memory", &["D1"])),
        ("Systems/Node/Storage", collection("Storage", "Systems/Node/Storage", &["1"])),
        (
            "Systems/Node/EthernetInterfaces",
            collection("EthernetInterface", "Systems/Node/EthernetInterfaces", &["1"]),
        ),
        ("Systems/Node/BootOptions", collection("BootOption", "Systems/Node/BootOptions", &["1", "2", "3"])),
    ];
    for (kind, path, it) in [
        (
            "Processor",
            "Systems/Node/Processors/CPU1",
            json!({"ProcessorType": "CPU", "Manufacturer": "Elsewhere", "Model": "E-9", "TotalCores": 8, "TotalThreads": 16}),
        ),
        (
            "Memory",
            "Systems/Node/Memory/D1",
            json!({"CapacityMiB": 16384, "MemoryDeviceType": "DDR4", "SerialNumber": "M1", "PartNumber": "PM-1"}),
        ),
        (
            "EthernetInterface",
            "Systems/Node/EthernetInterfaces/1",
            json!({"MACAddress": "02:48:4d:00:00:11", "PermanentMACAddress": "02:48:4d:00:00:11", "LinkStatus": "LinkUp",
                "SpeedMbps": 25000}),
        ),
        ("Storage", "Systems/Node/Storage/1", json!({"Drives": [link("Systems/Node/Storage/1/Drives/1")]})),
        (
            "Drive",
            "Systems/Node/Storage/1/Drives/1",
            json!({"CapacityBytes": 960_197_124_096_u64, "MediaType": "SSD", "Protocol": "NVMe", "SerialNumber": "S1"}),
        ),
    ] {
        all.push((path, part(kind, path, it)));
    }
    for (path, id, name, alias) in [
        ("Systems/Node/BootOptions/1", "Boot0001", "UEFI PXE", "Pxe"),
        ("Systems/Node/BootOptions/2", "Boot0002", "UEFI disk", "Hdd"),
        ("Systems/Node/BootOptions/3", "Boot0003", "UEFI CD", "Cd"),
    ] {
        all.push((path, option(path, id, name, alias)));
    }
    all
}

/// What it has beside that: accounts with their roles, a slot for virtual media, settings of the firmware.
fn services() -> Vec<(&'static str, Value)> {
    let role = |id: &str| {
        json!({"@odata.id": format!("/redfish/v1/AccountService/Roles/{id}"), "@odata.type": "#Role.v1_2_0.Role",
            "Id": id, "RoleId": id, "Name": id, "IsPredefined": true})
    };
    let bios = |path: &str, id: &str| {
        json!({"@odata.id": format!("/redfish/v1/{path}"), "@odata.type": "#Bios.v1_1_0.Bios", "Id": id, "Name": id,
            "Attributes": {"QuietBoot": true, "SetupPromptTimeout": 5, "BootRetry": "Enabled"}})
    };
    let mut active = bios("Systems/Node/Bios", "Bios");
    active["@Redfish.Settings"] = json!({"@odata.type": "#Settings.v1_2_0.Settings", "SettingsObject": link("Systems/Node/Bios/Settings")});
    let slot = "/redfish/v1/Managers/bmc/VirtualMedia/CD";
    let action = |name: &str| json!({"target": format!("{slot}/Actions/VirtualMedia.{name}")});
    vec![
        (
            "AccountService",
            json!({"@odata.id": "/redfish/v1/AccountService", "@odata.type": "#AccountService.v1_5_0.AccountService",
                "Id": "Accounts", "Name": "Accounts", "Accounts": link("AccountService/Accounts"),
                "Roles": link("AccountService/Roles")}),
        ),
        ("AccountService/Accounts", collection("ManagerAccount", "AccountService/Accounts", &[])),
        (
            "AccountService/Roles",
            collection("Role", "AccountService/Roles", &["Administrator", "Operator", "ReadOnly"]),
        ),
        ("AccountService/Roles/Administrator", role("Administrator")),
        ("AccountService/Roles/Operator", role("Operator")),
        ("AccountService/Roles/ReadOnly", role("ReadOnly")),
        ("Managers/bmc/VirtualMedia", collection("VirtualMedia", "Managers/bmc/VirtualMedia", &["CD"])),
        (
            "Managers/bmc/VirtualMedia/CD",
            json!({"@odata.id": slot, "@odata.type": "#VirtualMedia.v1_3_0.VirtualMedia", "Id": "CD", "Name": "CD",
                "MediaTypes": ["CD", "DVD"], "Inserted": false, "Image": null, "ImageName": null,
                "ConnectedVia": "NotConnected", "WriteProtected": true,
                "Actions": {"#VirtualMedia.InsertMedia": action("InsertMedia"),
                    "#VirtualMedia.EjectMedia": action("EjectMedia")}}),
        ),
        ("Systems/Node/Bios", active),
        ("Systems/Node/Bios/Settings", bios("Systems/Node/Bios/Settings", "Settings")),
    ]
}

/// The same machine without all that BMCs are known to leave out.
fn bare() -> Vec<(&'static str, Value)> {
    let mut all = whole();
    let mut at = |path: &str| std::mem::take(&mut all.iter_mut().find(|it| it.0 == path).unwrap().1);
    let mut system = at("Systems/Node");
    let action = &mut system["Actions"]["#ComputerSystem.Reset"];
    action.as_object_mut().unwrap().remove("ResetType@Redfish.AllowableValues");
    action["@Redfish.ActionInfo"] = json!("/redfish/v1/Systems/Node/ResetActionInfo");
    let members = system.as_object_mut().unwrap();
    ["PartNumber", "LocationIndicatorActive", "IndicatorLED"].iter().for_each(|it| drop(members.remove(*it)));
    let boot = &mut system["Boot"];
    boot["BootSourceOverrideEnabled@Redfish.AllowableValues"] = json!(["Disabled", "Once"]);
    boot["BootSourceOverrideTarget@Redfish.AllowableValues"] = json!(["None", "Pxe", "Hdd"]);
    boot.as_object_mut().unwrap().remove("BootSourceOverrideMode");
    let mut manager = at("Managers/bmc");
    manager.as_object_mut().unwrap().remove("Actions");
    all.retain(|(path, _)| !["Systems/Node", "Managers/bmc"].contains(path));
    all.push(("Systems/Node", system));
    all.push(("Managers/bmc", manager));
    all.push((
        "Systems/Node/ResetActionInfo",
        json!({"@odata.id": "/redfish/v1/Systems/Node/ResetActionInfo", "@odata.type": "#ActionInfo.v1_1_0.ActionInfo",
            "Id": "ResetActionInfo", "Name": "ResetActionInfo", "Parameters": [{"Name": "ResetType", "Required": true,
                "DataType": "String", "AllowableValues": ["On", "ForceOff", "ForceRestart"]}]}),
    ));
    all
}

fn write(folder: &Path, documents: Vec<(&str, Value)>) {
    for (path, document) in documents {
        let folder = folder.join("tree").join(path);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.json"), document.to_string()).unwrap();
    }
}

/// Runs the whole suite on a tree; what it told, and what `plan` tells of it.
fn judged(name: &str, documents: Vec<(&str, Value)>) -> (String, String) {
    let folder = folder(name);
    write(&folder, documents);
    let run = halmark(&folder, &["run", "--target", "sim-tree:tree", "--out", "out"]);
    let plan = halmark(&folder, &["plan", "--target", "sim-tree:tree"]);
    (told(&run), told(&plan))
}

#[test]
fn a_recorded_tree_that_has_everything_passes_everything() {
    let (run, plan) = judged("recorded-whole", whole());
    assert!(run.contains(" 0 fail, ") && run.contains(" 0 error ") && run.ends_with("exit 0\n"), "{run}");
    // Nothing is missing of the tree: what is not judged is what the driver does not claim.
    let of_the_tree = |told: &str| {
        let of_the_driver =
            |line: &str| line.contains(" driver: ") || line.contains(": the driver does not claim ");
        told.lines().any(|line| line.trim_start().starts_with("na ") && !of_the_driver(line))
    };
    assert!(!of_the_tree(&run) && !of_the_tree(&plan), "{run}\n{plan}");
}

#[test]
fn what_a_recorded_tree_lacks_is_planned_as_such_with_its_reason_and_the_rest_passes() {
    let (run, plan) = judged("recorded-bare", bare());
    assert!(run.contains(" 0 fail, ") && run.contains(" 0 error ") && run.ends_with("exit 0\n"), "{run}");
    for (case, why) in [
        ("power.nmi", "power.nmi: ComputerSystem.Reset takes no Nmi"),
        ("power.shutdown", "power.shutdown: ComputerSystem.Reset takes no GracefulShutdown"),
        (
            "boot.continuous-survives",
            "boot.duration:continuous: BootSourceOverrideEnabled takes no Continuous",
        ),
        (
            "boot.effective[default=disk,device=cdrom]",
            "boot.device:cdrom: BootSourceOverrideTarget takes no Cd or UsbCd",
        ),
        ("boot.mode[mode=uefi]", "boot.mode:uefi: Boot has no BootSourceOverrideMode"),
        ("bmc.reset-warm", "bmc.reset: its Manager has no action Manager.Reset"),
        ("inventory.part-number", "identity:part-number: its ComputerSystem has no PartNumber"),
    ] {
        assert!(plan.contains(&format!("na     {case}: the target lacks {why}\n")), "{case} in\n{plan}");
    }
    assert!(plan.contains("na     identify.on-off: the target lacks identify.set: neither"), "{plan}");
    assert!(plan.contains("run    power.cycle "), "a cycle can be had by off and on\n{plan}");
    assert!(run.contains("the target lacks it; the refusal was seen"), "{run}");
    assert!(run.contains("the target lacks it; identity.read told it as unknown"), "{run}");
}
