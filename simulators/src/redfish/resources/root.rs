//! The service root and what lies beside it (DSP0266 §9.2, §9.3).

use serde_json::{Value, json};

use super::link;
use crate::{
    firmware::View,
    redfish::policy::{Login, Policy},
};

/// `/redfish`.
pub(crate) fn versions() -> Value {
    json!({"v1": "/redfish/v1/"})
}

/// `/redfish/v1/`.
pub(crate) fn root(view: &View, policy: &Policy) -> Value {
    let mut root = json!({
        "@odata.id": "/redfish/v1/",
        "@odata.type": "#ServiceRoot.v1_16_1.ServiceRoot",
        "Id": "RootService",
        "Name": "Root Service",
        "RedfishVersion": "1.20.0",
        "UUID": service_uuid(view),
        "Vendor": view.id.manufacturer,
        "Product": format!("{} BMC", view.id.model),
        "ProtocolFeaturesSupported": {
            "ExpandQuery": {"ExpandAll": false, "Levels": false, "Links": false, "NoLinks": false},
            "FilterQuery": false,
            "OnlyMemberQuery": false,
            "SelectQuery": false,
            "ExcerptQuery": false,
        },
        "Systems": link("/redfish/v1/Systems"),
        "Chassis": link("/redfish/v1/Chassis"),
        "Managers": link("/redfish/v1/Managers"),
        "AccountService": link("/redfish/v1/AccountService"),
        "Tasks": link("/redfish/v1/TaskService"),
    });
    if policy.login != Login::BasicOnly {
        root["SessionService"] = link("/redfish/v1/SessionService");
    }
    root["Links"] = match policy.login {
        Login::BasicOnly => json!({}),
        _ => json!({"Sessions": link("/redfish/v1/SessionService/Sessions")}),
    };
    root
}

/// The service's own UUID: derived from the MAC address of the BMC, not the system's.
fn service_uuid(view: &View) -> String {
    let [a, b, c, d, e, f] = view.id.mac;
    format!("5f0d1b3c-7e42-4a6b-9c1d-{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}")
}

/// `/redfish/v1/odata` (DSP0266 §8.4.3).
pub(crate) fn odata(policy: &Policy) -> Value {
    let sessions = (policy.login != Login::BasicOnly).then_some((
        "SessionService",
        "SessionService.SessionService",
        "/redfish/v1/SessionService",
    ));
    let services = [
        ("Service", "ServiceRoot.ServiceRoot", "/redfish/v1/"),
        ("Systems", "ComputerSystemCollection.ComputerSystemCollection", "/redfish/v1/Systems"),
        ("Chassis", "ChassisCollection.ChassisCollection", "/redfish/v1/Chassis"),
        ("Managers", "ManagerCollection.ManagerCollection", "/redfish/v1/Managers"),
        ("AccountService", "AccountService.AccountService", "/redfish/v1/AccountService"),
        ("Tasks", "TaskService.TaskService", "/redfish/v1/TaskService"),
    ];
    let entries: Vec<_> = services
        .into_iter()
        .chain(sessions)
        .map(|(name, _, url)| json!({"name": name, "kind": "Singleton", "url": url}))
        .collect();
    json!({"@odata.context": "/redfish/v1/$metadata", "value": entries})
}

/// `/redfish/v1/$metadata`: the schemas that are used (DSP0266 §8.4.2).
pub(crate) fn metadata() -> String {
    const SCHEMAS: &[(&str, &str)] = &[
        ("ServiceRoot", "v1_16_1"),
        ("ComputerSystemCollection", ""),
        ("ComputerSystem", "v1_22_0"),
        ("ChassisCollection", ""),
        ("Chassis", "v1_25_0"),
        ("Assembly", "v1_5_0"),
        ("ManagerCollection", ""),
        ("Manager", "v1_19_0"),
        ("EthernetInterfaceCollection", ""),
        ("EthernetInterface", "v1_12_0"),
        ("SessionService", "v1_1_9"),
        ("SessionCollection", ""),
        ("Session", "v1_7_0"),
        ("AccountService", "v1_15_0"),
        ("ManagerAccountCollection", ""),
        ("ManagerAccount", "v1_12_0"),
        ("RoleCollection", ""),
        ("Role", "v1_3_2"),
        ("TaskService", "v1_2_1"),
        ("TaskCollection", ""),
        ("Task", "v1_7_3"),
        ("Message", "v1_2_1"),
    ];
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\">\n",
    );
    for (schema, version) in SCHEMAS {
        let uri = format!("http://redfish.dmtf.org/schemas/v1/{schema}_v1.xml");
        let versioned = match *version {
            "" => String::new(),
            version => format!("<edmx:Include Namespace=\"{schema}.{version}\"/>"),
        };
        text.push_str(&format!(
            "  <edmx:Reference Uri=\"{uri}\"><edmx:Include Namespace=\"{schema}\"/>{versioned}</edmx:Reference>\n"
        ));
    }
    text.push_str(
        "  <edmx:DataServices>\n    <Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"Service\">\n      \
         <EntityContainer Name=\"Service\" Extends=\"ServiceRoot.v1_16_1.ServiceContainer\"/>\n    </Schema>\n  \
         </edmx:DataServices>\n</edmx:Edmx>\n",
    );
    text
}
