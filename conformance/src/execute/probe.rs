//! Probes: what a driver does not claim, or a target lacks, has to be refused when it is called all the same.

use std::{collections::BTreeMap, time::Duration};

use super::recorder::Recorder;
use crate::{
    condition::Seen,
    evidence::{Broken, Event},
    lab::Lab,
    operation::Call,
    scenario::Given,
};

/// What is not claimed is called all the same: it has to be refused, by the driver without touching the wire.
pub(super) async fn probe(
    recorder: &mut Recorder<'_>,
    lab: &mut Lab,
    capability: &str,
) -> Result<(), Broken> {
    let Some(call) = probing(capability).filter(|_| lab.is_simulated()) else { return Ok(()) };
    lab.establish(&Given::Power(halmark::PowerState::PoweredOn), &BTreeMap::new())?;
    let before = recorder.wire.len();
    let working = lab.begin(call.operation());
    let mut answer = call.run(lab.driver(), Duration::from_secs(30)).await;
    if answer.is_ok() && capability.starts_with("boot.mode:") {
        // A PATCH may be carried out in part (DSP0266 §7.7): what was set is seen when it is read.
        answer =
            Call::probe(halmark::Operation::BootOverrideGet).run(lab.driver(), Duration::from_secs(30)).await;
    }
    drop(working);
    recorder.fetch(lab, None);
    let returned = match answer {
        Ok(returned) => Seen::Value(returned.value),
        Err(error) => Seen::Error { kind: error.kind().to_owned(), text: error.to_string() },
    };
    let (case, wire) = (recorder.case.to_owned(), recorder.wire.len() - before);
    recorder.record(Event::Probed { case, operation: call.operation().to_string(), returned, wire });
    Ok(())
}

fn probing(capability: &str) -> Option<Call> {
    use halmark::{BootDuration, BootOverride, Operation, model::SetIdentify};
    if let Ok(operation) = capability.parse::<Operation>() {
        return Some(Call::probe(operation));
    }
    if let Some((operation, _)) = crate::operation::properties().find(|(_, word)| word == capability) {
        return Some(Call::probe(operation));
    }
    let (kind, word) = capability.split_once(':')?;
    match kind {
        "boot.device" => Some(Call::SetBootOverride(BootOverride {
            device: word.parse().ok()?,
            duration: BootDuration::Once,
            mode: None,
        })),
        "boot.duration" => {
            let to =
                BootOverride { device: halmark::BootDevice::Pxe, duration: word.parse().ok()?, mode: None };
            Some(Call::SetBootOverride(to))
        }
        "boot.mode" => {
            let mode = Some(word.parse().ok()?);
            let to = BootOverride { device: halmark::BootDevice::Pxe, duration: BootDuration::Once, mode };
            Some(Call::SetBootOverride(to))
        }
        "identify" if word == "for" => Some(Call::SetIdentify(SetIdentify {
            state: halmark::Identify::Lit,
            lasting: Some(Duration::from_secs(5)),
        })),
        "identify" => Some(Call::SetIdentify(SetIdentify { state: word.parse().ok()?, lasting: None })),
        "bmc.reset" => Some(Call::ResetBmc(word.parse().ok()?)),
        _ => None,
    }
}
