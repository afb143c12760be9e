//! Changes: commands that are carried out, and what comes of them as an answer.

use serde_json::json;

use super::{
    answer::Answer,
    handle::Scene,
    live::task,
    messages::{ILO, about, error, message, message_of, refuse},
    policy::Success,
};
use crate::machine::{Command, Refusal};

/// Does it, unless this BMC's tasks fail; what is already so is fine.
pub(crate) fn carry_out(scene: &Scene<'_>, commands: &[Command]) -> Result<(), Refusal> {
    if !scene.changes() {
        return Ok(());
    }
    for command in commands {
        match scene.bmc.command(*command) {
            Ok(()) | Err(Refusal::AlreadyThere) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// What a change that was accepted is answered with on this platform.
pub(crate) fn accepted(scene: &Scene<'_>, usual: impl FnOnce() -> Answer) -> Answer {
    const FOREVER: u32 = 10 * 365 * 24 * 3600;
    let start_task = |fails| task::start(scene, scene.look.second * 3, fails);
    match scene.policy().success {
        Success::AsUsual => usual(),
        Success::NoContent => Answer::no_content(),
        Success::Ok => Answer::ok(json!({"@Message.ExtendedInfo": [message("Success", &[])]})),
        Success::Task | Success::IdleTask => start_task(false),
        Success::FailingTask => start_task(true),
        Success::EndlessTask => task::start(scene, scene.look.second * FOREVER, false),
    }
}

/// What a refusal is answered with; `value` is what was asked for.
pub(crate) fn refused(refusal: Refusal, value: &str) -> Answer {
    match refusal {
        Refusal::AlreadyThere | Refusal::HostIsOff | Refusal::Conflict => {
            refuse(409, "ResourceInStandby", &[])
        }
        Refusal::InTransition => refuse(409, "ResourceInUse", &[]),
        Refusal::Busy => refuse(409, "ActionParameterValueConflict", &["ResetType", value]),
        Refusal::NotDuringPost => {
            let property = "BootSourceOverrideTarget";
            let said = message_of(&ILO, "UnableToModifyDuringSystemPOST", &[property]);
            error(400, vec![about(said, &format!("/Boot/{property}"))])
        }
        Refusal::BmcDown => {
            refuse(503, "ServiceTemporarilyUnavailable", &["30"]).with_header("Retry-After", "30")
        }
    }
}
