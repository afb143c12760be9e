//! Accounts as slots that are always there: free ones are shown, and get a name by PATCH.

use serde_json::{Map, Value, json};

use super::{Sent, VERSION, Wanted, slot};
use crate::{
    accounts::{Account, Credentials, Entrance, Role, SLOTS, Unfit},
    redfish::{
        answer::Answer,
        handle::Scene,
        messages::{error, message},
        policy::Keeping,
        tree::Document,
    },
};

/// The role of a slot that is free.
const NONE: &str = "None";

/// All of them, the one of IPMI's user without a name included.
pub(super) fn ids() -> Vec<String> {
    (1..=*SLOTS.end()).map(|slot| slot.to_string()).collect()
}

/// A slot that is free, where they are shown.
pub(super) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let shown = scene.policy().accounts == Keeping::Slots;
    let slot = slot(id).filter(|slot| shown && (1..=*SLOTS.end()).contains(slot))?;
    let roles = scene.tree().first("RoleCollection").map_or("", |roles| &*roles.path);
    let role = format!("{roles}/{NONE}");
    let links = scene.tree().document(&role).map_or(json!({}), |_| json!({"Role": {"@odata.id": role}}));
    Some(json!({
        "@odata.id": format!("{}/{slot}", collection.path),
        "@odata.type": format!("#ManagerAccount.{VERSION}.ManagerAccount"),
        "Id": slot.to_string(),
        "Name": "User Account",
        "UserName": "",
        "Password": null,
        "PasswordChangeRequired": false,
        "AccountTypes": [],
        "RoleId": NONE,
        "Enabled": false,
        "Locked": false,
        "Links": links,
    }))
}

/// Whether a change takes the name away.
pub(super) fn empties(body: &Map<String, Value>) -> bool {
    body.get("UserName").and_then(Value::as_str) == Some("")
}

/// A slot that is free gets an account. The first one is IPMI's, and nobody can write to it.
pub(super) fn fill(
    scene: &Scene<'_>,
    collection: &Document,
    id: &str,
    body: &Map<String, Value>,
) -> Option<Answer> {
    document(scene, collection, id)?;
    let sent = Sent::read(scene, body, Wanted::New);
    if !sent.wrong.is_empty() || !sent.hopeless.is_empty() {
        return Some(error(400, [sent.wrong, sent.hopeless].concat()));
    }
    let user = sent.user.clone().unwrap_or_default();
    let of = Credentials { user: user.clone(), password: String::new(), role: Role::ReadOnly };
    let mut account = Account::new(of);
    account.enabled = false;
    account.entrances = vec![Entrance::Redfish];
    sent.put_into(&mut account);
    let added = scene.bmc.accounts().add_at(slot(id)?, account);
    Some(match added {
        Ok(_) => Answer::ok(super::document(scene, collection, id)?),
        Err(Unfit::NameTaken) => super::taken(&user),
        Err(Unfit::Full) => error(400, vec![message("PropertyNotWritable", &["UserName"])]),
    })
}
