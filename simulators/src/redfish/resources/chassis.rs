//! The chassis: the system's own, and an enclosure around it on some platforms (DSP0268 Chassis, Assembly).

use serde_json::{Map, Value, json};

use super::{collection, healthy, light, link, patch::Patch, put, system};
use crate::{
    firmware::View,
    machine::{Command, Power},
    redfish::policy::Policy,
};

const CHASSIS: &str = "/redfish/v1/Chassis";

/// All chassis.
pub(crate) fn all(policy: &Policy) -> Value {
    let members = policy.layout.chassis.iter().map(|id| link(format!("{CHASSIS}/{id}"))).collect();
    collection(CHASSIS, "ChassisCollection", "Chassis", members)
}

/// One of them.
pub(crate) fn chassis(id: &str, view: &View, policy: &Policy) -> Value {
    if id == policy.layout.own_chassis { own(id, view, policy) } else { enclosure(id, policy) }
}

/// What a PATCH of a chassis asks for, and what is wrong with it: only the system's own has a light.
pub(crate) fn patch(
    id: &str,
    body: &Map<String, Value>,
    view: &View,
    policy: &Policy,
) -> (Vec<Command>, Vec<Value>) {
    let mut patch = Patch::of(body, "");
    if id == policy.layout.own_chassis {
        light::patch(&mut patch, view, policy);
    }
    patch.end(&chassis(id, view, policy))
}

/// What the chassis is built of: the mainboard.
pub(crate) fn assembly(id: &str, view: &View, policy: &Policy) -> Value {
    let path = format!("{CHASSIS}/{id}/Assembly");
    let mut board = json!({
        "@odata.id": format!("{path}#/Assemblies/0"),
        "MemberId": "0",
        "Name": "System Board",
        "PhysicalContext": "SystemBoard",
        "Status": healthy(),
    });
    put(&mut board, "SerialNumber", &view.id.board_serial);
    put(&mut board, "PartNumber", &view.id.board_part_number);
    put(&mut board, "Producer", &view.id.manufacturer);
    let assemblies = if id == policy.layout.own_chassis { vec![board] } else { vec![] };
    json!({
        "@odata.id": path,
        "@odata.type": "#Assembly.v1_5_0.Assembly",
        "Id": "Assembly",
        "Name": "Assembly",
        "Assemblies@odata.count": assemblies.len(),
        "Assemblies": assemblies,
    })
}

fn own(id: &str, view: &View, policy: &Policy) -> Value {
    let mut chassis = json!({
        "@odata.id": format!("{CHASSIS}/{id}"),
        "@odata.type": "#Chassis.v1_25_0.Chassis",
        "Id": id,
        "Name": "Computer System Chassis",
        "ChassisType": "RackMount",
        "PowerState": if view.power == Power::Off { "Off" } else { "On" },
        "Status": healthy(),
        "Assembly": link(format!("{CHASSIS}/{id}/Assembly")),
        "Links": {
            "ComputerSystems": [link(system::path(policy))],
            "ManagedBy": [link(format!("/redfish/v1/Managers/{}", policy.layout.manager))],
        },
    });
    put(&mut chassis, "Manufacturer", &view.id.manufacturer);
    put(&mut chassis, "Model", &view.id.model);
    put(&mut chassis, "SerialNumber", &view.id.serial);
    put(&mut chassis, "PartNumber", &view.id.part_number);
    light::show(&mut chassis, view, policy);
    chassis
}

fn enclosure(id: &str, policy: &Policy) -> Value {
    json!({
        "@odata.id": format!("{CHASSIS}/{id}"),
        "@odata.type": "#Chassis.v1_25_0.Chassis",
        "Id": id,
        "Name": "Enclosure",
        "ChassisType": "Enclosure",
        "Manufacturer": "Somebody Else",
        "Model": "Enclosure 10U",
        "SerialNumber": "ENC0001",
        "PartNumber": "ENC-10U",
        "Status": healthy(),
        "Links": {
            "Contains": [link(format!("{CHASSIS}/{}", policy.layout.own_chassis))],
            "ManagedBy": [link(format!("/redfish/v1/Managers/{}", policy.layout.manager))],
        },
    })
}
