//! The BMC itself: `Manager.Reset` (DSP0268 Manager).

use serde_json::{Value, json};

use super::{
    action::Action,
    client::Talk,
    http::Ask,
    quirks::{RESET_WANTS_TYPE, RESET_WITHOUT_TYPE, VALUE_NOT_TAKEN},
    refusal::{is_not_taken, says},
};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
    model::{BmcReset, Change},
};

/// Restarts the BMC. Its sessions end with it, so that the next operation logs in again.
pub(super) async fn reset(talk: &mut Talk<'_>, kind: BmcReset) -> Result<Change, Failure> {
    let manager = talk.any_manager().await?;
    let reset = talk.action(&manager, "Manager.Reset").await?;
    let offered = reset.offered(words(kind));
    match (reset.values.is_some(), offered.as_slice()) {
        // HPE gives no list and refuses a ResetType; an empty object it takes (quirk P8).
        (false, _) => send_without_type(talk, &reset, words(kind)[0]).await?,
        (true, []) => return Err(reset.not_offered(words(kind)[0])),
        (true, offered) => send_with_type(talk, &reset, kind, offered).await?,
    }
    talk.forget();
    Ok(Change::Changed)
}

/// By the words that it lists; where it takes none of them for a cold reset, by none.
async fn send_with_type(
    talk: &mut Talk<'_>,
    reset: &Action,
    kind: BmcReset,
    words: &[&str],
) -> Result<(), Failure> {
    let mut refusal = None;
    for word in words {
        if kind == BmcReset::Cold && *word == "GracefulRestart" {
            talk.notes.forgive(Deviation::Missing { property: "ResetType ForceRestart".to_owned() });
        }
        match send(talk, reset, &json!({ "ResetType": word })).await {
            Err(failure) if is_about_type(&failure) => {
                talk.notes.quirk(&VALUE_NOT_TAKEN);
                refusal = Some(failure);
            }
            outcome => return outcome,
        }
    }
    match refusal {
        Some(refusal) if kind == BmcReset::Warm => Err(refusal),
        _ => {
            talk.notes.quirk(&RESET_WITHOUT_TYPE);
            send(talk, reset, &json!({})).await
        }
    }
}

/// By an empty object; by this word where the BMC demands one and lists none.
async fn send_without_type(talk: &mut Talk<'_>, reset: &Action, word: &str) -> Result<(), Failure> {
    match send(talk, reset, &json!({})).await {
        Err(failure) if is_about_type(&failure) => {
            talk.notes.quirk(&RESET_WANTS_TYPE);
            send(talk, reset, &json!({ "ResetType": word })).await
        }
        outcome => outcome,
    }
}

async fn send(talk: &mut Talk<'_>, reset: &Action, body: &Value) -> Result<(), Failure> {
    talk.change(&Ask::post(talk.local(&reset.target)?, body)).await
}

fn is_about_type(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::Refused { .. }) && (says(failure, &["ResetType"]) || is_not_taken(failure))
}

/// A cold reset is the most thorough one that is offered (Dell and Supermicro offer `GracefulRestart` only); a warm one is
/// a graceful one or none.
const fn words(kind: BmcReset) -> &'static [&'static str] {
    match kind {
        BmcReset::Cold => &["ForceRestart", "GracefulRestart"],
        BmcReset::Warm => &["GracefulRestart"],
    }
}
