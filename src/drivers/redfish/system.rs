//! The host's power: `PowerState` and `ComputerSystem.Reset` (DSP0268 ComputerSystem).

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{action::Action, client::Talk, document::Document, http::Ask, retry::Backoff};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{Change, PowerAction, PowerState},
};

/// The host's power.
pub(super) async fn read_power(talk: &mut Talk<'_>) -> Result<PowerState, Failure> {
    let system = talk.system().await?;
    Ok(power_of(&system, &mut talk.notes))
}

/// Carries out a power action unless the present state makes it needless or impossible.
pub(super) async fn power(talk: &mut Talk<'_>, action: PowerAction) -> Result<Change, Failure> {
    let system = talk.system().await?;
    if let Some(settled) = settled(action, power_of(&system, &mut talk.notes)) {
        return settled;
    }
    let reset = talk.action(&system, "ComputerSystem.Reset").await?;
    let outcome = match (action, reset.pick(words(action))) {
        (_, Some(word)) => match send(talk, &reset, word).await {
            // The list of values is missing or wrong, and the cycle can still be had.
            Err(failure) if action == PowerAction::Cycle && reset.values.is_none() && refuses(&failure) => {
                cycle(talk, &reset).await
            }
            outcome => outcome,
        },
        (PowerAction::Cycle, None) => cycle(talk, &reset).await,
        (_, None) => Err(reset.not_offered(words(action)[0])),
    };
    match outcome {
        Ok(()) => Ok(Change::Changed),
        // The state may have changed since it was read: iLO answers 400 and iDRAC 409 to Off when off.
        Err(failure) if refuses(&failure) => {
            let now = read_power(talk).await?;
            settled(action, now).unwrap_or(Err(failure))
        }
        Err(failure) => Err(failure),
    }
}

/// How an action ends that the state makes needless or impossible.
fn settled(action: PowerAction, power: PowerState) -> Option<Result<Change, Failure>> {
    use PowerAction::{Cycle, Nmi, Off, On, Reset, Shutdown};
    match (action, power) {
        (On, PowerState::PoweredOn) | (Off | Shutdown, PowerState::PoweredOff) => Some(Ok(Change::AlreadySo)),
        (Cycle | Reset | Nmi, PowerState::PoweredOff) => {
            Some(Err(Cause::Conflict { reason: "the host is powered off".to_owned() }.into()))
        }
        _ => None,
    }
}

/// The `ResetType`s that carry an action out, best first (DSP0268 Resource.ResetType).
///
/// A shutdown is never forced, and a reset is never a cycle.
const fn words(action: PowerAction) -> &'static [&'static str] {
    match action {
        PowerAction::On => &["On", "ForceOn"],
        PowerAction::Off => &["ForceOff"],
        PowerAction::Shutdown => &["GracefulShutdown"],
        PowerAction::Cycle => &["PowerCycle"],
        PowerAction::Reset => &["ForceRestart"],
        PowerAction::Nmi => &["Nmi"],
    }
}

async fn send(talk: &mut Talk<'_>, reset: &Action, word: &str) -> Result<(), Failure> {
    let ask = Ask::post(talk.local(&reset.target)?, &json!({ "ResetType": word }));
    talk.change(&ask).await
}

fn refuses(failure: &Failure) -> bool {
    match &failure.cause {
        Cause::Conflict { .. } => true,
        Cause::Refused { code, .. } => matches!(code.as_str(), "400" | "405" | "409" | "422" | "501"),
        _ => false,
    }
}

/// A power cycle where the BMC has none: off, wait until it is off, on. Once off is accepted the machine has changed, and
/// whatever goes wrong then leaves its state unknown.
async fn cycle(talk: &mut Talk<'_>, reset: &Action) -> Result<(), Failure> {
    let (Some(off), Some(on)) = (reset.pick(words(PowerAction::Off)), reset.pick(words(PowerAction::On)))
    else {
        return Err(reset.not_offered("PowerCycle, nor ForceOff and On"));
    };
    send(talk, reset, off).await?;
    let rest = async {
        become_off(talk).await?;
        switch_on(talk, reset, on).await
    };
    rest.await.map_err(Failure::after_a_change)
}

async fn become_off(talk: &mut Talk<'_>) -> Result<(), Failure> {
    let mut pause = Duration::from_secs(1);
    while read_power(talk).await? != PowerState::PoweredOff {
        if pause >= talk.by.left() {
            let reason = "the host was not off by the deadline".to_owned();
            return Err(Cause::OutcomeUnknown { reason }.into());
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
    Ok(())
}

/// On, again while the BMC says that it is too early: iDRAC 10 answers 409 for up to a minute after off (quirk P2).
async fn switch_on(talk: &mut Talk<'_>, reset: &Action, on: &str) -> Result<(), Failure> {
    let mut backoff = Backoff::new(talk.client.endpoint.seams);
    loop {
        let failure = match send(talk, reset, on).await {
            Err(failure) if matches!(failure.cause, Cause::Conflict { .. }) => failure,
            outcome => return outcome,
        };
        let wait = backoff.next();
        if wait >= talk.by.left() || talk.client.endpoint.seams.never_retries {
            return Err(failure);
        }
        sleep(wait).await;
        if read_power(talk).await? == PowerState::PoweredOn {
            return Ok(());
        }
    }
}

/// `PowerState` (DSP0268 Resource.PowerState); `Paused`, and whatever the schema does not know, is neither on nor off.
fn power_of(system: &Document, notes: &mut Notes) -> PowerState {
    let property = || "PowerState".to_owned();
    let Some(word) = system.view().text("PowerState", notes) else {
        notes.forgive(Deviation::Missing { property: property() });
        return PowerState::Unknown;
    };
    match word.as_str() {
        "On" => PowerState::PoweredOn,
        "Off" => PowerState::PoweredOff,
        "PoweringOn" => PowerState::PoweringOn,
        "PoweringOff" => PowerState::PoweringOff,
        "Paused" => PowerState::Unknown,
        _ => {
            notes.forgive(Deviation::UnknownValue { property: property(), value: word });
            PowerState::Unknown
        }
    }
}
