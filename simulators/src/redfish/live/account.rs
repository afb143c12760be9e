//! Accounts (DSP0268 ManagerAccount, AccountService): the BMC's own; here they are read, made, changed and ended.

mod sent;
mod slots;

use sent::{Sent, Wanted};
use serde_json::{Map, Value, json};

use crate::{
    accounts::{Account, Credentials, Entrance, Role, Unfit},
    redfish::{
        answer::Answer,
        handle::Scene,
        messages::{about, error, message, refuse},
        policy::Keeping,
        tree::{Document, Live},
    },
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_12_1";

/// Where the account in this slot is.
pub(crate) fn path(scene: &Scene<'_>, slot: u8) -> String {
    let collection = scene.tree().live(Live::Accounts).map_or("", |it| &*it.path);
    format!("{collection}/{slot}")
}

/// The ids of all of them.
pub(crate) fn ids(scene: &Scene<'_>) -> Vec<String> {
    if scene.policy().accounts == Keeping::Slots {
        return slots::ids();
    }
    scene.bmc.accounts().list().iter().map(|account| account.slot.to_string()).collect()
}

/// Whose account this is.
pub(crate) fn owner(scene: &Scene<'_>, id: &str) -> Option<u32> {
    scene.bmc.accounts().at(slot(id)?).map(|account| account.number)
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let account = scene.bmc.accounts().at(slot(id)?).cloned();
    match account {
        Some(account) => Some(said(scene, collection, &account)),
        None => slots::document(scene, collection, id),
    }
}

/// A new account (DSP0266 §7.9).
pub(crate) fn create(scene: &Scene<'_>, collection: &Document, body: &Map<String, Value>) -> Answer {
    if scene.policy().accounts == Keeping::Slots {
        return refuse(405, "OperationNotAllowed", &[]).with_header("Allow", "GET, HEAD");
    }
    let sent = Sent::read(scene, body, Wanted::New);
    if !sent.wrong.is_empty() || !sent.hopeless.is_empty() {
        return error(400, [sent.wrong, sent.hopeless].concat());
    }
    let user = sent.user.clone().unwrap_or_default();
    let credentials = Credentials { user, password: String::new(), role: Role::ReadOnly };
    let mut account = Account::new(credentials);
    account.entrances = vec![Entrance::Redfish];
    sent.put_into(&mut account);
    let user = account.user.clone();
    let added = scene.bmc.accounts().add(account);
    match added {
        Ok(slot) => {
            let id = slot.to_string();
            let document = document(scene, collection, &id).unwrap_or_default();
            let location = format!("{}/{id}", collection.path);
            Answer::ok(document).with_status(201).with_header("Location", location)
        }
        Err(Unfit::Full) => refuse(400, "CreateLimitReachedForResource", &[]),
        Err(Unfit::NameTaken) => taken(&user),
    }
}

/// A change of an account (DSP0266 §7.7).
pub(crate) fn change(
    scene: &Scene<'_>,
    collection: &Document,
    id: &str,
    body: &Map<String, Value>,
) -> Option<Answer> {
    let before = scene.bmc.accounts().at(slot(id)?).cloned();
    if scene.policy().accounts == Keeping::Slots {
        match &before {
            None => return slots::fill(scene, collection, id, body),
            Some(_) if slots::empties(body) => return remove_from(scene, id),
            Some(_) => {}
        }
    }
    let before = before?;
    let sent = Sent::read(scene, body, Wanted::Changes);
    if !sent.wrong.is_empty() || sent.fine == 0 {
        let mut problems = [sent.wrong, sent.hopeless].concat();
        if problems.is_empty() {
            problems.push(message("NoOperation", &[]));
        }
        return Some(error(400, problems));
    }
    if let Some(problem) = against(scene, &before, &sent) {
        return Some(problem);
    }
    scene.bmc.accounts().change(before.slot, |account| sent.put_into(account));
    let mut document = document(scene, collection, id)?;
    if !sent.hopeless.is_empty() {
        document["@Message.ExtendedInfo"] = sent.hopeless.into();
    }
    Some(Answer::ok(document))
}

/// What stands against a change: another has the name, or nobody could administer any more.
fn against(scene: &Scene<'_>, before: &Account, sent: &Sent) -> Option<Answer> {
    let accounts = scene.bmc.accounts();
    if let Some(user) = &sent.user
        && accounts.named(user).is_some_and(|other| other.slot != before.slot)
    {
        return Some(taken(user));
    }
    let mut after = before.clone();
    sent.put_into(&mut after);
    if !accounts.is_last_administrator(before) || after.can_administer() {
        return None;
    }
    let (property, value) = match after.role {
        Role::Administrator if after.enabled => ("AccountTypes", "[]"),
        Role::Administrator => ("Enabled", "false"),
        role => ("RoleId", role.redfish()),
    };
    let said = message("PropertyValueExternalConflict", &[property, value]);
    Some(error(400, vec![about(said, &format!("/{property}"))]))
}

/// The end of an account; never of the last administrator's.
pub(crate) fn remove(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    if scene.policy().accounts == Keeping::Slots {
        return Some(refuse(405, "OperationNotAllowed", &[]).with_header("Allow", "GET, HEAD, PATCH"));
    }
    remove_from(scene, id)
}

fn remove_from(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    let mut accounts = scene.bmc.accounts();
    let account = accounts.at(slot(id)?)?.clone();
    if accounts.is_last_administrator(&account) {
        return Some(refuse(409, "ResourceCannotBeDeleted", &[]));
    }
    accounts.remove(account.slot);
    Some(Answer::no_content())
}

fn taken(user: &str) -> Answer {
    refuse(409, "ResourceAlreadyExists", &["ManagerAccount", "UserName", user])
}

/// The slot that an id means; it has one way to be written.
fn slot(id: &str) -> Option<u8> {
    id.parse::<u8>().ok().filter(|slot| slot.to_string() == id)
}

fn said(scene: &Scene<'_>, collection: &Document, account: &Account) -> Value {
    let role = account.role.redfish();
    let roles = scene.tree().first("RoleCollection").map_or("", |roles| &*roles.path);
    let entrances: Vec<_> = account.entrances.iter().map(|it| it.redfish()).collect();
    json!({
        "@odata.id": format!("{}/{}", collection.path, account.slot),
        "@odata.type": format!("#ManagerAccount.{VERSION}.ManagerAccount"),
        "Id": account.slot.to_string(),
        "Name": format!("Account of {}", account.user),
        "UserName": account.user,
        "Password": null,
        "PasswordChangeRequired": account.must_change_password,
        "AccountTypes": entrances,
        "RoleId": role,
        "Enabled": account.enabled,
        "Locked": account.is_locked(scene.now),
        "Links": links(roles, account.role),
    })
}

/// Who has no role is linked to none.
fn links(roles: &str, role: Role) -> Value {
    match role {
        Role::NoAccess => json!({}),
        role => json!({"Role": {"@odata.id": format!("{roles}/{}", role.redfish())}}),
    }
}
