//! Accounts (IPMI v2.0 §22.26 to §22.32): slots by number, each with a name, a password, access on this channel and payloads.

mod slot;
mod write;

use std::collections::BTreeSet;

use self::{
    slot::{Access, Slot, Slots},
    write::{Step, Writer},
};
use super::link::Talk;
use crate::{
    driver::Cause,
    drivers::failure::Failure,
    model::{Account, AccountId, AccountProtocol, AccountUpdate, Change, NewAccount, Role, Secret},
};

/// What an IPMI account can be let in to.
const PROTOCOLS: [AccountProtocol; 2] = [AccountProtocol::Ipmi, AccountProtocol::HostConsole];
/// Bytes of a name (§22.28), and of the longer kind of password (§22.30).
const NAME: usize = 16;
const PASSWORD: usize = 20;

/// Every account that has a name or lets somebody in without one.
pub(super) async fn list(talk: &mut Talk<'_>) -> Result<Vec<Account>, Failure> {
    let slots = Slots::read(talk).await?;
    let mut accounts = Vec::new();
    for slot in slots.slots.iter().filter(|slot| slot.is_used()) {
        accounts.push(account(talk, &slots, slot).await?);
    }
    Ok(accounts)
}

async fn account(talk: &mut Talk<'_>, slots: &Slots, slot: &Slot) -> Result<Account, Failure> {
    let console = slots.may_use_console(talk, slot.number).await?;
    let mut protocols = BTreeSet::new();
    if slot.access.messaging {
        protocols.insert(AccountProtocol::Ipmi);
    }
    if console {
        protocols.insert(AccountProtocol::HostConsole);
    }
    Ok(Account {
        id: AccountId(slot.number.to_string()),
        name: slot.name.clone(),
        role: slot.access.role(),
        enabled: slot.enabled,
        protocols,
    })
}

/// Makes an account: name, password, access, console, and only then lets it in. What fails is taken back.
pub(super) async fn create(talk: &mut Talk<'_>, new: &NewAccount) -> Result<Account, Failure> {
    let slots = Slots::read(talk).await?;
    if slots.slots.iter().any(|slot| slot.name == new.name) {
        return Err(taken(format!("an account has the name {:?} already", new.name)));
    }
    let number = match &new.id {
        Some(id) => {
            let slot = slots.find(number(id)).ok_or_else(|| absent(id))?;
            if slot.is_used() {
                return Err(taken(format!("account {id} is in use")));
            }
            slot.number
        }
        None => slots.free().ok_or_else(|| taken("no account is free".to_owned()))?,
    };
    let mut protocols = if new.protocols.is_empty() { all(new.role) } else { new.protocols.clone() };
    let steps = [
        Step::Name(new.name.clone()),
        Step::Password(new.password.clone()),
        Step::Access(Access::of(new.role, protocols.contains(&AccountProtocol::Ipmi))),
        Step::Console(protocols.contains(&AccountProtocol::HostConsole)),
        Step::Enabled(new.enabled),
    ];
    let mut writer = Writer { channel: slots.channel, number };
    if let Err(failure) = writer.all(talk, &steps).await {
        return Err(writer.undo(talk, &Step::EMPTY, failure).await);
    }
    if !slots.may_use_console(talk, number).await.map_err(Failure::after_a_change)? {
        protocols.remove(&AccountProtocol::HostConsole);
    }
    Ok(Account {
        id: AccountId(number.to_string()),
        name: new.name.clone(),
        role: new.role,
        enabled: Some(new.enabled),
        protocols,
    })
}

/// Changes an account; what fails is taken back, but for a password, which nobody can read.
pub(super) async fn update(
    talk: &mut Talk<'_>,
    id: &AccountId,
    to: &AccountUpdate,
) -> Result<Change, Failure> {
    let slots = Slots::read(talk).await?;
    let slot = slots.find(number(id)).filter(|slot| slot.is_used()).ok_or_else(|| absent(id))?;
    if let Some(name) = &to.name
        && slots.slots.iter().any(|other| other.number != slot.number && other.name == *name)
    {
        return Err(taken(format!("an account has the name {name:?} already")));
    }
    let now = account(talk, &slots, slot).await?;
    let (steps, back) = plan(&now, slot, to);
    if steps.is_empty() {
        return Ok(Change::AlreadySo);
    }
    let mut writer = Writer { channel: slots.channel, number: slot.number };
    if let Err(failure) = writer.all(talk, &steps).await {
        return Err(writer.undo(talk, &back, failure).await);
    }
    Ok(Change::Changed)
}

/// What has to be written, and what takes it back. Whoever shall be kept out is kept out first.
fn plan(now: &Account, slot: &Slot, to: &AccountUpdate) -> (Vec<Step>, Vec<Step>) {
    let (mut steps, mut back) = (Vec::new(), Vec::new());
    let mut put = |step: Step, undo: Option<Step>| {
        steps.push(step);
        back.extend(undo);
    };
    let enabled = to.enabled.filter(|enabled| Some(*enabled) != now.enabled);
    if enabled == Some(false) {
        put(Step::Enabled(false), now.enabled.map(Step::Enabled));
    }
    if let Some(name) = to.name.as_ref().filter(|name| **name != now.name) {
        put(Step::Name(name.clone()), Some(Step::Name(now.name.clone())));
    }
    if let Some(password) = &to.password {
        put(Step::Password(password.clone()), None);
    }
    let protocols = to.protocols.as_ref().unwrap_or(&now.protocols);
    let (role, messaging) = (to.role.unwrap_or(now.role), protocols.contains(&AccountProtocol::Ipmi));
    if role != now.role || messaging != slot.access.messaging {
        put(Step::Access(Access::of(role, messaging)), Some(Step::Access(slot.access)));
    }
    let console = protocols.contains(&AccountProtocol::HostConsole);
    let had_console = now.protocols.contains(&AccountProtocol::HostConsole);
    if console != had_console {
        put(Step::Console(console), Some(Step::Console(had_console)));
    }
    if enabled == Some(true) {
        put(Step::Enabled(true), now.enabled.map(Step::Enabled));
    }
    back.reverse();
    (steps, back)
}

/// Deletes an account: kept out first, then without access, then without a name, which is how IPMI deletes.
pub(super) async fn delete(talk: &mut Talk<'_>, id: &AccountId) -> Result<Change, Failure> {
    let slots = Slots::read(talk).await?;
    let Some(slot) = slots.find(number(id)).filter(|slot| slot.is_used()) else {
        return Ok(Change::AlreadySo);
    };
    let mut writer = Writer { channel: slots.channel, number: slot.number };
    writer.all(talk, &Step::EMPTY).await?;
    Ok(Change::Changed)
}

/// Why this cannot be an account over IPMI, if it cannot.
pub(super) fn check_new(new: &NewAccount) -> Result<(), String> {
    check_name(&new.name)?;
    check_password(&new.password)?;
    check_role(new.role)?;
    check_protocols(&new.protocols)?;
    new.id.as_ref().map_or(Ok(()), check_id)
}

/// Why this cannot be asked of an account over IPMI, if it cannot.
pub(super) fn check_update(to: &AccountUpdate) -> Result<(), String> {
    to.name.as_deref().map_or(Ok(()), check_name)?;
    to.password.as_ref().map_or(Ok(()), check_password)?;
    to.role.map_or(Ok(()), check_role)?;
    to.protocols.as_ref().map_or(Ok(()), check_protocols)
}

/// An IPMI account's ID is a number from 1 to 63 (§22.26).
pub(super) fn check_id(id: &AccountId) -> Result<(), String> {
    if (1..=63).contains(&number(id)) {
        return Ok(());
    }
    Err(format!("account {:?} is not a number from 1 to 63", id.0))
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > NAME {
        return Err(format!("the name has {} bytes, IPMI carries 1 to {NAME}", name.len()));
    }
    if !name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err("the name has characters that are not printable ASCII".to_owned());
    }
    Ok(())
}

fn check_password(password: &Secret) -> Result<(), String> {
    let bytes = password.reveal();
    if bytes.is_empty() || bytes.len() > PASSWORD {
        return Err(format!("the password has {} bytes, IPMI carries 1 to {PASSWORD}", bytes.len()));
    }
    if bytes.contains(&0) {
        return Err("the password has a NUL in it, with which IPMI fills it up".to_owned());
    }
    Ok(())
}

fn check_role(role: Role) -> Result<(), String> {
    if Role::GIVEN.contains(&role) { Ok(()) } else { Err(format!("the role {role} cannot be given")) }
}

fn check_protocols(protocols: &BTreeSet<AccountProtocol>) -> Result<(), String> {
    match protocols.iter().find(|protocol| !PROTOCOLS.contains(protocol)) {
        Some(protocol) => Err(format!("IPMI cannot let an account in to {protocol}")),
        None => Ok(()),
    }
}

/// Everything that a role has a use for.
fn all(role: Role) -> BTreeSet<AccountProtocol> {
    if role == Role::NoAccess { BTreeSet::new() } else { PROTOCOLS.into() }
}

/// The slot's number; 0, which no slot has, for what is no number.
fn number(id: &AccountId) -> u8 {
    id.0.parse().unwrap_or(0)
}

fn taken(reason: String) -> Failure {
    Cause::Conflict { reason }.into()
}

fn absent(id: &AccountId) -> Failure {
    Cause::NotFound { what: format!("account {id}") }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(length: usize) -> Secret {
        Secret::new("p".repeat(length))
    }

    #[test]
    fn a_password_is_never_cut() {
        assert!(check_password(&password(20)).is_ok());
        assert!(check_password(&password(21)).unwrap_err().contains("21 bytes"));
        assert!(check_password(&Secret::new(*b"a\0b")).is_err());
    }

    #[test]
    fn a_name_has_at_most_sixteen_printable_bytes() {
        assert!(check_name("sixteen-bytes-16").is_ok());
        for name in ["", "seventeen-bytes-1", "a\u{7F}", "ä"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_kept_out_is_kept_out_first_and_let_in_last() {
        let slot = Slot {
            number: 3,
            name: "ops".to_owned(),
            enabled: Some(true),
            access: Access::of(Role::Operator, true),
        };
        let now = Account {
            id: AccountId("3".to_owned()),
            name: "ops".to_owned(),
            role: Role::Operator,
            enabled: Some(true),
            protocols: PROTOCOLS.into(),
        };
        let to = AccountUpdate {
            role: Some(Role::Administrator),
            enabled: Some(false),
            ..AccountUpdate::default()
        };
        let (steps, back) = plan(&now, &slot, &to);
        assert!(matches!(steps[..], [Step::Enabled(false), Step::Access(_)]));
        assert!(matches!(back[..], [Step::Access(_), Step::Enabled(true)]));
        let same =
            AccountUpdate { enabled: Some(true), role: Some(Role::Operator), ..AccountUpdate::default() };
        assert!(plan(&now, &slot, &same).0.is_empty());
    }
}
