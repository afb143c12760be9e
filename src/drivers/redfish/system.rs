//! The host's power: `PowerState` and `ComputerSystem.Reset` (DSP0268 ComputerSystem).

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    action::Action,
    client::Talk,
    document::Document,
    http::Ask,
    quirks::{NOT_READY, VALUE_NOT_TAKEN},
    refusal::{is_not_taken, says},
    retry::Backoff,
};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{Change, PowerAction, PowerState},
};

/// How long a refusal is believed to be of the moment: an iDRAC 10 takes up to a minute to become off.
const PATIENCE: Duration = Duration::from_secs(90);

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
    carry_out(talk, &reset, action).await
}

/// Asks for it by each word that the BMC offers until it takes one. A cycle can be had without a word for it.
async fn carry_out(talk: &mut Talk<'_>, reset: &Action, action: PowerAction) -> Result<Change, Failure> {
    let mut refusal = reset.not_offered(words(action)[0]);
    for word in reset.offered(words(action)) {
        refusal = match insist(talk, reset, action, word).await {
            Err(failure) if is_not_taken(&failure) => failure,
            // Nobody has said that there is a cycle.
            Err(failure)
                if action == PowerAction::Cycle && reset.values.is_none() && is_refused(&failure) =>
            {
                failure
            }
            outcome => return outcome,
        };
        talk.notes.quirk(&VALUE_NOT_TAKEN);
    }
    match action {
        PowerAction::Cycle => cycle(talk, reset).await,
        _ => Err(refusal),
    }
}

/// Sends a word, and again while the BMC says that the state forbids it and shows a state that does not: it is between
/// two states (quirks P1, P2), and what it refused it has not carried out.
async fn insist(
    talk: &mut Talk<'_>,
    reset: &Action,
    action: PowerAction,
    word: &str,
) -> Result<Change, Failure> {
    let mut backoff = Backoff::new(talk.client.endpoint.seams);
    let patience = talk.by.or_after(PATIENCE);
    loop {
        let failure = match send(talk, reset, word).await {
            Err(failure) if is_refused(&failure) => failure,
            outcome => return outcome.map(|()| Change::Changed),
        };
        // The state may have changed since it was read: iLO answers 400 and iDRAC 409 to Off when off.
        let power = match read_power(talk).await? {
            PowerState::Unknown => hinted(&failure),
            known => known,
        };
        if let Some(settled) = settled(action, power) {
            return settled;
        }
        let wait = backoff.next();
        let waits = matches!(failure.cause, Cause::Conflict { .. }) && wait < patience.left();
        if !waits || talk.client.endpoint.seams.never_retries || backoff.is_spent() {
            return Err(failure);
        }
        // On its way it may refuse; what it shows to be settled it may not.
        if !matches!(power, PowerState::PoweringOn | PowerState::PoweringOff) {
            talk.notes.quirk(&NOT_READY);
        }
        sleep(wait).await;
        // Somebody else may have done it meanwhile; and where a BMC has given up the connection by now, a question may be asked again
        // on a new one, an action may not.
        if let Some(settled) = settled(action, read_power(talk).await?) {
            return settled;
        }
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

fn is_refused(failure: &Failure) -> bool {
    match &failure.cause {
        Cause::Conflict { .. } => true,
        Cause::Refused { code, .. } => matches!(code.as_str(), "400" | "405" | "409" | "422" | "501"),
        _ => false,
    }
}

/// The power state that a refusal lets slip, where the BMC shows none (quirk P9).
fn hinted(failure: &Failure) -> PowerState {
    const OFF: &[&str] = &["power is off", "powered off"];
    const ON: &[&str] = &["power is on", "powered on"];
    match (says(failure, OFF), says(failure, ON)) {
        (true, false) => PowerState::PoweredOff,
        (false, true) => PowerState::PoweredOn,
        _ => PowerState::Unknown,
    }
}

/// A power cycle where the BMC has none: off, wait until it is off, on. Once off is accepted the machine has changed, and
/// whatever goes wrong then leaves its state unknown.
async fn cycle(talk: &mut Talk<'_>, reset: &Action) -> Result<Change, Failure> {
    let (off, on) = (reset.offered(words(PowerAction::Off)), reset.offered(words(PowerAction::On)));
    let (Some(off), Some(on)) = (off.first(), on.first()) else {
        return Err(reset.not_offered("PowerCycle, nor ForceOff and On"));
    };
    insist(talk, reset, PowerAction::Off, off).await?;
    let rest = async {
        become_off(talk).await?;
        insist(talk, reset, PowerAction::On, on).await
    };
    rest.await.map(|_| Change::Changed).map_err(Failure::after_a_change)
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
