//! Accounts (DSP0268 ManagerAccount).

use serde_json::{Value, json};

use crate::redfish::{handle::Scene, tree::Document};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_12_1";

/// The ids of all of them.
pub(crate) fn ids(scene: &Scene<'_>) -> Vec<String> {
    scene.bmc.accounts().iter().map(|account| account.user.clone()).collect()
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let account = scene.bmc.accounts().iter().find(|account| account.user == id)?;
    let role = account.role.redfish();
    let roles = scene.tree().first("RoleCollection").map_or("", |roles| &*roles.path);
    Some(json!({
        "@odata.id": format!("{}/{id}", collection.path),
        "@odata.type": format!("#ManagerAccount.{VERSION}.ManagerAccount"),
        "Id": id,
        "Name": format!("Account of {id}"),
        "UserName": id,
        "Password": null,
        "AccountTypes": ["Redfish"],
        "RoleId": role,
        "Enabled": true,
        "Locked": false,
        "Links": {"Role": {"@odata.id": format!("{roles}/{role}")}},
    }))
}
