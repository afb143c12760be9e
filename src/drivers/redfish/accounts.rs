//! Accounts: `AccountService.Accounts` (DSP0268 ManagerAccount, DSP0266 §13.2.8).
//!
//! Most BMCs make an account on a POST to the collection and end it on a DELETE. Others have slots that are always there:
//! one without a name is free, a PATCH gives it a name and takes it away again. Which of them it is, is seen by free slots
//! that are listed, and by a POST or a DELETE that is answered with 405.

mod words;
mod write;

use serde_json::{Map, Value, json};

use self::{
    words::{RoleId, role_id},
    write::taken,
};
use super::{client::Talk, document::Document, quirks::ACCOUNT_SLOTS, session::without};
use crate::{
    driver::Cause,
    drivers::{failure::Failure, notes::Notes},
    model::{Account, AccountId, AccountUpdate, Change, NewAccount, Role, Secret},
};

/// The roles that Redfish gives everywhere (DSP0266 §13.2.9).
pub(super) const ROLES: &[Role] = &[Role::Administrator, Role::Operator, Role::ReadOnly];

/// Every account that has a name.
pub(super) async fn list(talk: &mut Talk<'_>) -> Result<Vec<Account>, Failure> {
    let (_, members) = members(talk).await?;
    let used = members.iter().filter(|it| is_used(it));
    Ok(used.map(|it| account(it, &mut talk.notes)).collect())
}

/// Makes an account, and looks at it: what the BMC made of it otherwise is set right, and what cannot be is taken back.
pub(super) async fn create(talk: &mut Talk<'_>, new: &NewAccount) -> Result<Account, Failure> {
    let (collection, members) = members(talk).await?;
    if members.iter().any(|it| name(it) == new.name) {
        return Err(taken(format!("an account has the name {:?} already", new.name)));
    }
    let slot = free(&members, new.id.as_ref(), &mut talk.notes)?;
    let made = write::make(talk, &collection, slot, new).await;
    let made = made.map_err(|failure| without(failure, &new.password.reveal_text()))?;
    let account = account(&made, &mut talk.notes);
    let wrong = differences(&account, new);
    if wrong.is_empty() {
        return Ok(account);
    }
    match talk.patch(&made, &wrong.into()).await {
        Ok(()) => Ok(Account { role: new.role, enabled: Some(new.enabled), ..account }),
        Err(failure) => Err(match write::end(talk, &made).await {
            Ok(()) => failure,
            Err(_) => failure.after_a_change(),
        }),
    }
}

/// The slot that a new account can have: the one that it shall have, or the first that is free, where there are slots.
///
/// The slot with the ID 1 is IPMI's user without a name: no BMC with slots lets it be used (Dell iDRAC).
fn free<'m>(
    members: &'m [Document],
    wanted: Option<&AccountId>,
    notes: &mut Notes,
) -> Result<Option<&'m Document>, Failure> {
    let mut slots = members.iter().filter(|it| !is_used(it));
    let Some(wanted) = wanted else { return Ok(slots.find(|it| id(it, notes).0 != "1")) };
    let Some(found) = members.iter().find(|it| id(it, notes) == *wanted) else {
        let message = format!("it has no slot {wanted} and gives new accounts their IDs itself");
        return Err(Cause::Refused { code: "not offered".to_owned(), message }.into());
    };
    if is_used(found) {
        return Err(taken(format!("account {wanted} is in use")));
    }
    Ok(Some(found))
}

/// What a BMC made otherwise than it was asked to.
fn differences(made: &Account, wanted: &NewAccount) -> Map<String, Value> {
    let mut wrong = Map::new();
    if made.role != wanted.role {
        wrong.extend(role_id(wanted.role).map(|role| ("RoleId".to_owned(), json!(role))));
    }
    if made.enabled.is_some_and(|enabled| enabled != wanted.enabled) {
        wrong.insert("Enabled".to_owned(), json!(wanted.enabled));
    }
    wrong
}

/// Changes an account with one PATCH of what is not so yet; refused, it has changed nothing (DSP0266 §7.7).
pub(super) async fn update(
    talk: &mut Talk<'_>,
    wanted: &AccountId,
    to: &AccountUpdate,
) -> Result<Change, Failure> {
    let (_, members) = members(talk).await?;
    let found = members.iter().find(|it| is_used(it) && id(it, &mut talk.notes) == *wanted);
    let found = found.ok_or_else(|| Failure::from(Cause::NotFound { what: format!("account {wanted}") }))?;
    let is_another = |it: &&Document| it.path != found.path;
    if let Some(new) = &to.name
        && members.iter().filter(is_another).any(|it| name(it) == *new)
    {
        return Err(taken(format!("an account has the name {new:?} already")));
    }
    let body = changes(&account(found, &mut talk.notes), to);
    if body.is_empty() {
        return Ok(Change::AlreadySo);
    }
    let password = to.password.as_ref().map(Secret::reveal_text).unwrap_or_default();
    let changed = talk.patch(found, &body.into()).await;
    changed.map(|()| Change::Changed).map_err(|failure| without(write::as_conflict(failure), &password))
}

/// What has to be written. A password always, since nobody can read it.
fn changes(now: &Account, to: &AccountUpdate) -> Map<String, Value> {
    let name = to.name.as_ref().filter(|name| **name != now.name);
    let role = to.role.filter(|role| *role != now.role).and_then(role_id);
    let enabled = to.enabled.filter(|enabled| Some(*enabled) != now.enabled);
    let protocols = to.protocols.as_ref().filter(|protocols| **protocols != now.protocols);
    let written = [
        ("UserName", name.map(|it| json!(it))),
        ("Password", to.password.as_ref().map(|it| json!(it.reveal_text().as_str()))),
        ("RoleId", role.map(|it| json!(it))),
        ("Enabled", enabled.map(|it| json!(it))),
        ("AccountTypes", protocols.map(|it| json!(words::types(it)))),
    ];
    written.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Ends an account: by DELETE, or by emptying the slot where there is no DELETE.
pub(super) async fn delete(talk: &mut Talk<'_>, wanted: &AccountId) -> Result<Change, Failure> {
    let (_, members) = members(talk).await?;
    let Some(found) = members.iter().find(|it| is_used(it) && id(it, &mut talk.notes) == *wanted) else {
        return Ok(Change::AlreadySo);
    };
    write::end(talk, found).await.map(|()| Change::Changed)
}

/// The collection's path, and every member of it: accounts and slots. One that went meanwhile is none.
async fn members(talk: &mut Talk<'_>) -> Result<(String, Vec<Document>), Failure> {
    let service = talk.account_service().await?;
    let missing = || Failure::from(Cause::NotFound { what: "collection of accounts".to_owned() });
    let collection = service.view().link("Accounts", &mut talk.notes).ok_or_else(missing)?;
    let mut members = Vec::new();
    for link in talk.every_member(&collection).await? {
        match talk.get(&link).await {
            Err(Failure { cause: Cause::NotFound { .. }, .. }) => {}
            outcome => members.push(outcome?),
        }
    }
    Ok((collection, members))
}

fn account(of: &Document, notes: &mut Notes) -> Account {
    let view = of.view();
    let role = match view.text("RoleId", notes) {
        Some(role) => words::role(&role),
        None => {
            let link = view.object("Links", notes).link("Role", notes);
            link.map_or(Role::NoAccess, |link| words::role(last(&link)))
        }
    };
    Account {
        id: id(of, notes),
        name: name(of),
        role,
        enabled: view.flag("Enabled", notes),
        protocols: words::protocols(&view.words("AccountTypes", notes).unwrap_or_default()),
    }
}

/// Its `Id`, else the last part of its path.
fn id(of: &Document, notes: &mut Notes) -> AccountId {
    AccountId(of.view().text("Id", notes).unwrap_or_else(|| last(&of.path).to_owned()))
}

fn last(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

fn name(of: &Document) -> String {
    of.view().text("UserName", &mut Notes::default()).unwrap_or_default()
}

fn is_used(of: &Document) -> bool {
    !name(of).is_empty()
}

/// Why this cannot be an account over Redfish, if it cannot.
pub(super) fn check_new(new: &NewAccount) -> Result<(), String> {
    check_name(&new.name)?;
    check_password(&new.password)
}

/// Why this cannot be asked of an account over Redfish, if it cannot.
pub(super) fn check_update(to: &AccountUpdate) -> Result<(), String> {
    to.name.as_deref().map_or(Ok(()), check_name)?;
    to.password.as_ref().map_or(Ok(()), check_password)
}

/// What a name may have is the BMC's to say, but for what no login can carry (RFC 7617 §2).
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.trim() != name {
        return Err("the name is empty, or has white space around it".to_owned());
    }
    if name.chars().any(|it| it == ':' || it.is_control()) {
        return Err("the name has a colon or a control character, which no login can carry".to_owned());
    }
    Ok(())
}

/// How long a password may be is the BMC's to say; JSON carries text.
fn check_password(password: &Secret) -> Result<(), String> {
    match std::str::from_utf8(password.reveal()) {
        Ok("") => Err("the password is empty".to_owned()),
        Ok(_) => Ok(()),
        Err(_) => Err("the password is not UTF-8, which is all that Redfish carries".to_owned()),
    }
}

/// Whether Redfish has a name for each of these roles.
pub(super) fn can_give(role: Option<Role>) -> bool {
    role.is_none_or(|role| ROLES.contains(&role))
}

impl Talk<'_> {
    /// Notes that accounts are slots here.
    fn note_slots(&mut self) {
        self.notes.quirk(&ACCOUNT_SLOTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Account {
        Account {
            id: AccountId("3".to_owned()),
            name: "ops".to_owned(),
            role: Role::Operator,
            enabled: Some(true),
            protocols: [].into(),
        }
    }

    #[test]
    fn only_what_is_not_so_yet_is_written() {
        let to = AccountUpdate {
            role: Some(Role::Operator),
            enabled: Some(false),
            name: Some("ops".to_owned()),
            ..AccountUpdate::default()
        };
        assert_eq!(Value::from(changes(&now(), &to)), json!({"Enabled": false}));
        let same = AccountUpdate { enabled: Some(true), ..AccountUpdate::default() };
        assert!(changes(&now(), &same).is_empty());
    }

    #[test]
    fn a_name_that_no_login_carries_and_a_password_that_is_no_text_are_refused() {
        for name in ["", "a:b", " a", "a\u{7}"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_name("ops.eu-1").is_ok());
        assert!(check_password(&Secret::new([0xFF, 0x41])).is_err());
        assert!(check_password(&Secret::new("")).is_err());
    }
}
