//! The identify light: `LocationIndicatorActive`, and the deprecated `IndicatorLED` where it is all there is, or says more.
//!
//! Both are read. `LocationIndicatorActive` decides whether the light is on, since a Dell iDRAC 9 keeps `IndicatorLED` at
//! `Lit` while nothing is identified; `IndicatorLED` tells blinking from lit.

use serde_json::{Value, json};

use super::{client::Talk, document::Document};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{Change, Identify},
};

const ACTIVE: &str = "LocationIndicatorActive";
const LED: &str = "IndicatorLED";

/// What the light does.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Identify, Failure> {
    let bearer = bearer(talk).await?;
    Ok(bearer.map_or(Identify::Unknown, |bearer| light(&bearer, &mut talk.notes)))
}

/// Sets the light. `LocationIndicatorActive` knows on and off only, so that blinking needs `IndicatorLED`.
pub(super) async fn set(talk: &mut Talk<'_>, to: Identify) -> Result<Change, Failure> {
    let missing = || Failure::from(Cause::NotFound { what: "identify light".to_owned() });
    let bearer = bearer(talk).await?.ok_or_else(missing)?;
    if light(&bearer, &mut talk.notes) == to {
        return Ok(Change::AlreadySo);
    }
    let bodies = bodies(&bearer, to);
    if bodies.is_empty() {
        let message = format!("its light cannot be set to {to}");
        return Err(Cause::Refused { code: "not offered".to_owned(), message }.into());
    }
    let mut refused = None;
    for body in bodies {
        match talk.patch(&bearer, &body).await {
            Err(failure @ Failure { cause: Cause::Refused { .. }, .. }) => {
                refused = refused.or(Some(failure))
            }
            outcome => return outcome.map(|()| Change::Changed),
        }
    }
    refused.map_or(Ok(Change::Changed), Err)
}

/// The resource that has the light: the system, else its chassis.
async fn bearer(talk: &mut Talk<'_>) -> Result<Option<Document>, Failure> {
    let system = talk.system().await?;
    if has_light(&system) {
        return Ok(Some(system));
    }
    Ok(talk.chassis(&system).await?.filter(has_light))
}

fn has_light(document: &Document) -> bool {
    document.view().has(ACTIVE) || document.view().has(LED)
}

fn light(bearer: &Document, notes: &mut Notes) -> Identify {
    let led = match bearer.view().text(LED, notes).as_deref() {
        Some("Lit") => Identify::Lit,
        Some("Off") => Identify::Unlit,
        Some("Blinking") => Identify::Blinking,
        None | Some("Unknown") => Identify::Unknown,
        Some(other) => {
            notes.forgive(Deviation::UnknownValue { property: LED.to_owned(), value: other.to_owned() });
            Identify::Unknown
        }
    };
    match bearer.view().flag(ACTIVE, notes) {
        None => led,
        Some(false) => Identify::Unlit,
        Some(true) if led == Identify::Blinking => Identify::Blinking,
        Some(true) => Identify::Lit,
    }
}

/// What to write, best first: the property that is not deprecated, then the one that is.
fn bodies(bearer: &Document, to: Identify) -> Vec<Value> {
    let active = match to {
        Identify::Lit => Some(true),
        Identify::Unlit => Some(false),
        Identify::Blinking | Identify::Unknown => None,
    };
    let led = match to {
        Identify::Lit => Some("Lit"),
        Identify::Unlit => Some("Off"),
        Identify::Blinking => Some("Blinking"),
        Identify::Unknown => None,
    };
    let active = active.filter(|_| bearer.view().has(ACTIVE)).map(|on| json!({ ACTIVE: on }));
    let led = led.filter(|_| bearer.view().has(LED)).map(|led| json!({ LED: led }));
    active.into_iter().chain(led).collect()
}
