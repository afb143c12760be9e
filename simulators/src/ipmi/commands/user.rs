//! Users (IPMI v2.0 §22.26-22.30): the BMC's accounts by slot, the same that Redfish has.
//!
//! A slot without a name is empty: it has no password, no access, and is not enabled, and that much can be asked for again; slot
//! 1 never has a name.

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    policy::{Disabling, Names},
    privilege::Privilege,
};
use crate::accounts::{Account, Accounts, Entrance, LanAccess, Role, SLOTS, Stored};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x43), "Set User Access", Need::Level(Privilege::Administrator), set_access),
    Row::new((0x06, 0x44), "Get User Access", Need::Level(Privilege::Operator), access),
    Row::new((0x06, 0x45), "Set User Name", Need::Level(Privilege::Administrator), set_name),
    Row::new((0x06, 0x46), "Get User Name", Need::Level(Privilege::Operator), name),
    Row::new((0x06, 0x47), "Set User Password", Need::Level(Privilege::Administrator), set_password),
];

/// No access (table 22-31).
const NO_ACCESS: u8 = 0x0F;
const CALLBACK_ONLY: u8 = 0x40;
const LINK: u8 = 0x20;
const MESSAGING: u8 = 0x10;
const ALL_BITS: u8 = CALLBACK_ONLY | LINK | MESSAGING;
/// How many slots there are.
const MOST: u8 = *SLOTS.end();

/// The slot that a byte names, which is there.
fn slot(byte: u8) -> Result<u8, Completion> {
    match byte & 0x3F {
        slot @ 1..=MOST => Ok(slot),
        _ => Err(Completion::INVALID_FIELD),
    }
}

/// §22.26. The limit of sessions, which may be left out, is not kept: every account can have as many as there are.
fn set_access(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const CHANGES_BITS: u8 = 0x80;
    let (first, user, limit) = match *request.data {
        [first, user, limit] | [first, user, limit, _] => (first, user, limit),
        _ => return Err(Completion::LENGTH_INVALID),
    };
    request.lan(first)?;
    let slot = slot(user)?;
    let limit = match limit & 0x0F {
        NO_ACCESS => None,
        number => Some(Privilege::from_number(number).ok_or(Completion::INVALID_FIELD)?),
    };
    let mut accounts = scene.bmc.accounts();
    if accounts.in_slot(slot).is_none() {
        let asks_for_nothing = limit.is_none() && (first & CHANGES_BITS == 0 || first & ALL_BITS == 0);
        return if asks_for_nothing { Ok(Vec::new()) } else { Err(Completion::INVALID_FIELD) };
    }
    accounts.change(slot, |account| {
        give(account, limit);
        if first & CHANGES_BITS != 0 {
            set_bits(account, first);
        }
    });
    Ok(Vec::new())
}

/// A limit is a role; those that no role stands for are kept beside it.
fn give(account: &mut Account, limit: Option<Privilege>) {
    account.role = limit.map_or(Role::NoAccess, Privilege::role);
    account.lan.level = limit.map(Privilege::number);
}

fn set_bits(account: &mut Account, bits: u8) {
    account.lan = LanAccess {
        callback_only: bits & CALLBACK_ONLY != 0,
        link_authentication: bits & LINK != 0,
        ..account.lan
    };
    account.entrances.retain(|it| *it != Entrance::Ipmi);
    if bits & MESSAGING != 0 {
        account.entrances.push(Entrance::Ipmi);
    }
}

/// §22.27: how many slots there are, how many are enabled, how many names are fixed (slot 1's), and what this one may do.
fn access(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const ENABLED: u8 = 0x40;
    const DISABLED: u8 = 0x80;
    let [channel, user] = request.exactly()?;
    request.lan(channel)?;
    let slot = slot(user)?;
    let accounts = scene.bmc.accounts();
    let enabled = accounts.everybody().filter(|it| it.enabled).count() as u8;
    let account = accounts.in_slot(slot);
    let state = if account.is_some_and(|it| it.enabled) { ENABLED } else { DISABLED };
    Ok(vec![MOST, state | enabled, 1, account.map_or(NO_ACCESS, allowed)])
}

fn allowed(account: &Account) -> u8 {
    let bit = |is: bool, bit: u8| if is { bit } else { 0 };
    bit(account.lan.callback_only, CALLBACK_ONLY)
        | bit(account.lan.link_authentication, LINK)
        | bit(account.entrances.contains(&Entrance::Ipmi), MESSAGING)
        | Privilege::limit_of(account).map_or(NO_ACCESS, Privilege::number)
}

/// §22.28. A name of nothing but zeros empties the slot.
fn set_name(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [user, name @ ..] = request.exactly::<17>()?;
    let slot = slot(user)?;
    let name = text(&name).filter(|it| it.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    let name = name.filter(|_| slot != 1).ok_or(Completion::INVALID_FIELD)?;
    let mut accounts = scene.bmc.accounts();
    let is_taken = accounts.list().iter().any(|it| it.slot != slot && it.user == name);
    if name.is_empty() {
        accounts.remove(slot);
    } else if is_taken && scene.look.manners.names == Names::Once {
        return Err(Completion::INVALID_FIELD);
    } else {
        rename(&mut accounts, slot, name);
    }
    Ok(Vec::new())
}

fn rename(accounts: &mut Accounts, slot: u8, name: &str) {
    if accounts.at(slot).is_some() {
        accounts.change(slot, |account| name.clone_into(&mut account.user));
    } else {
        accounts.name(slot, name.to_owned());
    }
}

/// §22.29: the first 16 bytes, filled with zeros.
fn name(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [user] = request.exactly()?;
    let accounts = scene.bmc.accounts();
    let name = accounts.in_slot(slot(user)?).map_or("", |it| &it.user);
    let mut said = name.as_bytes().to_vec();
    said.resize(16, 0);
    Ok(said)
}

/// §22.30. A password is 16 or 20 bytes, filled with zeros; it is UTF-8, since Redfish has it too.
fn set_password(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const IS_20: u8 = 0x80;
    let [user, what, data @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    let (stored, length) = if user & IS_20 == 0 { (Stored::Sixteen, 16) } else { (Stored::Twenty, 20) };
    let slot = slot(*user)?;
    let fits = data.len() == length;
    let mut accounts = scene.bmc.accounts();
    let Some(account) = accounts.in_slot(slot) else {
        let is_disabled = what & 0x03 == 0 && (data.is_empty() || fits);
        return if is_disabled { Ok(Vec::new()) } else { Err(Completion::INVALID_FIELD) };
    };
    let once = scene.look.manners.disabling == Disabling::Once;
    match what & 0x03 {
        0 if !account.enabled && once => return Err(Completion::INVALID_FIELD),
        what @ (0 | 1) if data.is_empty() || fits => accounts.change(slot, |it| it.enabled = what == 1),
        2 if fits => {
            let password = text(data).ok_or(Completion::INVALID_FIELD)?;
            accounts.change(slot, |it| it.set_password(password, Some(stored)));
        }
        3 if fits => test(account, data, stored)?,
        _ => return Err(Completion::LENGTH_INVALID),
    }
    Ok(Vec::new())
}

/// 80h: it is another password. 81h: it is stored in another size.
fn test(account: &Account, password: &[u8], stored: Stored) -> Result<(), Completion> {
    if account.stored() != stored {
        return Err(Completion(0x81));
    }
    if text(password) == Some(&*account.password) { Ok(()) } else { Err(Completion(0x80)) }
}

/// What is in front of the zeros at the end.
fn text(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    std::str::from_utf8(&bytes[..end]).ok()
}

#[cfg(test)]
mod tests;
