//! What somebody sends to make or to change an account, taken apart and looked at.

use serde_json::{Map, Value};

use crate::{
    accounts::{Account, Entrance, Role},
    redfish::{
        handle::Scene,
        messages::{about, message},
        show::number,
    },
};

/// The longest name that IPMI takes too (IPMI v2.0 §22.28).
const LONGEST_NAME: usize = 16;
/// Properties that an account has and nobody can write.
const FIXED: &[&str] = &["Id", "Name", "Links"];

/// What it is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A new account: some properties must be there.
    New,
    /// Changes of one.
    Changes,
}

/// What was sent.
#[derive(Default)]
pub(super) struct Sent {
    /// `UserName`.
    pub(super) user: Option<String>,
    password: Option<String>,
    role: Option<Role>,
    enabled: Option<bool>,
    must_change_password: Option<bool>,
    unlock: bool,
    entrances: Option<Vec<Entrance>>,
    /// How many properties can be written.
    pub(super) fine: usize,
    /// What is said about values that cannot be.
    pub(super) wrong: Vec<Value>,
    /// What is said about properties that nobody can write.
    pub(super) hopeless: Vec<Value>,
}

impl Sent {
    /// Takes a body apart.
    pub(super) fn read(scene: &Scene<'_>, body: &Map<String, Value>, wanted: Wanted) -> Self {
        let mut sent = Self::default();
        for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
            sent.fine += 1;
            if let Err(wrong) = sent.take(scene, name, value) {
                sent.fine -= 1;
                match wrong {
                    Wrong::Value(said) => sent.wrong.push(about(said, &format!("/{name}"))),
                    Wrong::Property(id) => {
                        sent.hopeless.push(about(message(id, &[name]), &format!("/{name}")));
                    }
                }
            }
        }
        if wanted == Wanted::New {
            for name in ["UserName", "Password", "RoleId"].iter().filter(|it| !body.contains_key(**it)) {
                sent.wrong.push(about(message("PropertyMissing", &[name]), &format!("/{name}")));
            }
        }
        sent
    }

    /// Puts it into an account. A new password has been changed.
    pub(super) fn put_into(&self, account: &mut Account) {
        if let Some(user) = &self.user {
            account.user.clone_from(user);
        }
        if let Some(password) = &self.password {
            account.set_password(password, None);
        }
        if let Some(entrances) = &self.entrances {
            account.entrances.clone_from(entrances);
        }
        account.role = self.role.unwrap_or(account.role);
        account.enabled = self.enabled.unwrap_or(account.enabled);
        account.must_change_password = self.must_change_password.unwrap_or(account.must_change_password);
        if self.unlock {
            account.unlock();
        }
    }

    fn take(&mut self, scene: &Scene<'_>, name: &str, value: &Value) -> Result<(), Wrong> {
        match name {
            "UserName" => self.user = Some(user(text(name, value)?)?),
            "Password" => self.password = Some(password(scene, secret(value)?)?),
            "RoleId" => self.role = Some(role(scene, text(name, value)?)?),
            "Enabled" => self.enabled = Some(flag(name, value)?),
            "PasswordChangeRequired" => self.must_change_password = Some(flag(name, value)?),
            "AccountTypes" => self.entrances = Some(entrances(value)?),
            "Locked" if flag(name, value)? => return Err(not_in_list("true", name)),
            "Locked" => self.unlock = true,
            name if FIXED.contains(&name) => return Err(Wrong::Property("PropertyNotWritable")),
            _ => return Err(Wrong::Property("PropertyUnknown")),
        }
        Ok(())
    }
}

/// What is wrong with a property.
enum Wrong {
    /// Its value; this is said about it.
    Value(Value),
    /// Nobody can write it; the message has this name.
    Property(&'static str),
}

fn not_in_list(value: &str, name: &str) -> Wrong {
    Wrong::Value(message("PropertyValueNotInList", &[value, name]))
}

fn wrong_type(value: &str, name: &str) -> Wrong {
    Wrong::Value(message("PropertyValueTypeError", &[value, name]))
}

fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, Wrong> {
    value.as_str().ok_or_else(|| wrong_type(&value.to_string(), name))
}

/// A text that is not repeated where it is none.
fn secret(value: &Value) -> Result<&str, Wrong> {
    value.as_str().ok_or_else(|| wrong_type("…", "Password"))
}

fn flag(name: &str, value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| wrong_type(&value.to_string(), name))
}

/// A name without what HTTP Basic cannot carry (RFC 7617 §2).
fn user(name: &str) -> Result<String, Wrong> {
    if name.chars().count() > LONGEST_NAME {
        return Err(Wrong::Value(message("StringValueTooLong", &[name, &LONGEST_NAME.to_string()])));
    }
    if name.is_empty() || name.chars().any(|it| it == ':' || it.is_control()) {
        return Err(Wrong::Value(message("PropertyValueFormatError", &[name, "UserName"])));
    }
    Ok(name.to_owned())
}

/// As long as the account service wants it (`MinPasswordLength`, `MaxPasswordLength`).
fn password(scene: &Scene<'_>, password: &str) -> Result<String, Wrong> {
    let service = scene.tree().first("AccountService");
    let limit = |pointer: &str| service.and_then(|it| number(scene, it, pointer));
    let length = password.chars().count() as u64;
    if let Some(least) = limit("/MinPasswordLength").filter(|least| length < *least) {
        return Err(Wrong::Value(message("StringValueTooShort", &["…", &least.to_string()])));
    }
    if let Some(most) = limit("/MaxPasswordLength").filter(|most| length > *most) {
        return Err(Wrong::Value(message("StringValueTooLong", &["…", &most.to_string()])));
    }
    Ok(password.to_owned())
}

/// A role that the service has.
fn role(scene: &Scene<'_>, id: &str) -> Result<Role, Wrong> {
    let roles = scene.tree().first("RoleCollection").map_or("", |roles| &*roles.path);
    let known = Role::ALL.into_iter().find(|role| role.redfish() == id);
    known
        .filter(|_| scene.tree().document(&format!("{roles}/{id}")).is_some())
        .ok_or_else(|| not_in_list(id, "RoleId"))
}

fn entrances(value: &Value) -> Result<Vec<Entrance>, Wrong> {
    let name = "AccountTypes";
    let words = value.as_array().ok_or_else(|| wrong_type(&value.to_string(), name))?;
    let entrance = |word: &Value| {
        let word = text(name, word)?;
        let known = Entrance::ALL.into_iter().find(|it| it.redfish() == word);
        known.ok_or_else(|| not_in_list(word, name))
    };
    words.iter().map(entrance).collect()
}
