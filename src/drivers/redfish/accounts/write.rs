//! How an account begins and ends, in a collection that grows and in one of slots.

use serde_json::{Value, json};

use super::{RoleId, name, role_id, words};
use crate::{
    driver::{Cause, Deviation},
    drivers::{
        failure::Failure,
        redfish::{
            client::Talk,
            document::Document,
            http::{Ask, Effect},
            refusal::says,
        },
    },
    model::NewAccount,
};

/// Messages of a name that is taken and of a BMC that is full, where the status does not say conflict.
const TAKEN: &[&str] = &["ResourceAlreadyExists", "CreateLimitReachedForResource", "already exists"];

/// Makes the account in this slot, or in the collection where there is none, and reads it.
pub(super) async fn make(
    talk: &mut Talk<'_>,
    collection: &str,
    slot: Option<&Document>,
    new: &NewAccount,
) -> Result<Document, Failure> {
    if let Some(slot) = slot {
        match talk.patch(slot, &body(new)).await {
            // A place in the list that is not to be written to: the collection may take it.
            Err(failure) if is_not_allowed(&failure) => {}
            outcome => {
                outcome.map_err(as_conflict)?;
                talk.note_slots();
                return talk.get(&slot.path).await.map_err(Failure::after_a_change);
            }
        }
    }
    let posted = post(talk, collection, body(new)).await;
    let made = match posted {
        Err(failure) if is_not_allowed(&failure) => {
            talk.note_slots();
            return Err(taken("no account is free".to_owned()));
        }
        // Not every BMC knows that an account can be made disabled; one that is to be enabled is so by itself.
        Err(failure) if new.enabled && says(&failure, &["Enabled"]) => {
            let mut without = body(new);
            without.as_object_mut().into_iter().for_each(|it| drop(it.remove("Enabled")));
            talk.notes.forgive(Deviation::Missing { property: "Enabled".to_owned() });
            post(talk, collection, without).await
        }
        outcome => outcome,
    };
    let made = made.map_err(as_conflict)?;
    find(talk, collection, made, &new.name).await.map_err(Failure::after_a_change)
}

/// DSP0266 §13.2.8: name, password and role are what an account is made of.
fn body(new: &NewAccount) -> Value {
    let role: Option<RoleId> = role_id(new.role);
    let password = new.password.reveal_text();
    let mut body = json!({
        "UserName": new.name, "Password": password.as_str(), "RoleId": role, "Enabled": new.enabled,
    });
    if !new.protocols.is_empty() {
        body["AccountTypes"] = json!(words::types(&new.protocols));
    }
    body
}

/// Where the new account is, where the answer says so.
async fn post(talk: &mut Talk<'_>, collection: &str, body: Value) -> Result<Option<String>, Failure> {
    let ask = Ask::post(talk.local(collection)?, &body);
    let reply = talk.send(&ask).await?;
    // The location of what is only accepted is its task's.
    let made = if matches!(reply.status, 200 | 201) { talk.location(&reply) } else { None };
    talk.accept(&ask, reply).await.map(|()| made)
}

/// The new account: where the answer said that it is, else the one with its name.
async fn find(
    talk: &mut Talk<'_>,
    collection: &str,
    made: Option<String>,
    user: &str,
) -> Result<Document, Failure> {
    if let Some(made) = made {
        let document = talk.get(&made).await?;
        if name(&document) == user {
            return Ok(document);
        }
    }
    talk.notes.forgive(Deviation::Missing { property: "Location".to_owned() });
    for link in talk.every_member(collection).await? {
        let document = talk.get(&link).await?;
        if name(&document) == user {
            return Ok(document);
        }
    }
    Err(Cause::NotFound { what: format!("account {user:?} that it has made") }.into())
}

/// Ends an account. What is gone already is gone.
pub(super) async fn end(talk: &mut Talk<'_>, account: &Document) -> Result<(), Failure> {
    let ask = Ask { effect: Effect::Changes, ..Ask::delete(talk.local(&account.path)?) };
    match talk.change(&ask).await {
        Err(failure) if is_not_allowed(&failure) => {}
        Err(Failure { cause: Cause::NotFound { .. }, .. }) => return Ok(()),
        outcome => return outcome,
    }
    talk.note_slots();
    talk.patch(account, &json!({"UserName": "", "Enabled": false})).await
}

/// Whether the resource has no such method.
pub(super) fn is_not_allowed(failure: &Failure) -> bool {
    matches!(&failure.cause, Cause::Refused { code, .. } if matches!(code.as_str(), "405" | "501"))
}

/// A refusal that is one of what is there already.
pub(super) fn as_conflict(failure: Failure) -> Failure {
    match failure.cause {
        Cause::Refused { ref message, .. } if says(&failure, TAKEN) => {
            let cause = Cause::Conflict { reason: message.clone() };
            Failure { cause, ..failure }
        }
        _ => failure,
    }
}

pub(super) fn taken(reason: String) -> Failure {
    Cause::Conflict { reason }.into()
}
