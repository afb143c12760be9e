//! The BMC itself: `Manager.Reset` (DSP0268 Manager).

use serde_json::json;

use super::{action::Action, client::Talk, http::Ask};
use crate::{
    driver::Deviation,
    drivers::failure::Failure,
    model::{BmcReset, Change},
};

/// Restarts the BMC. Its sessions end with it, so that the next operation logs in again.
pub(super) async fn reset(talk: &mut Talk<'_>, kind: BmcReset) -> Result<Change, Failure> {
    let manager = match talk.known_manager().await? {
        Some(manager) => manager,
        None => {
            let system = talk.system().await?;
            talk.manager(&system).await?
        }
    };
    let reset = talk.action(&manager, "Manager.Reset").await?;
    let body = match word(&reset, kind)? {
        // HPE gives no list and refuses a ResetType; an empty object it takes (quirk P8).
        None => json!({}),
        Some(word) => json!({ "ResetType": word }),
    };
    if kind == BmcReset::Cold && body["ResetType"] == "GracefulRestart" {
        talk.notes.forgive(Deviation::Missing { property: "ResetType ForceRestart".to_owned() });
    }
    talk.change(&Ask::post(talk.local(&reset.target)?, &body)).await?;
    talk.forget();
    Ok(Change::Changed)
}

/// A cold reset is the most thorough one that is offered (Dell and Supermicro offer `GracefulRestart` only); a warm one is
/// a graceful one or none.
fn word(reset: &Action, kind: BmcReset) -> Result<Option<&'static str>, Failure> {
    if reset.values.is_none() {
        return Ok(None);
    }
    let wanted: &[&str] = match kind {
        BmcReset::Cold => &["ForceRestart", "GracefulRestart"],
        BmcReset::Warm => &["GracefulRestart"],
    };
    reset.pick(wanted).map(Some).ok_or_else(|| reset.not_offered(wanted[0]))
}
