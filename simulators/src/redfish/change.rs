//! Changes: a PATCH or an action becomes commands, and what comes of them becomes an answer.

use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    handle::Scene,
    messages::{about, error, message, refuse},
    policy::{RESET_TYPES, Success},
    resources::{chassis, manager, system, task},
    route::Resource,
};
use crate::{
    firmware::View,
    machine::{Command, Refusal},
};

/// `ComputerSystem.Reset`.
pub(crate) fn reset_system(scene: &Scene<'_>, body: &Map<String, Value>) -> Answer {
    const ACTION: &str = "ComputerSystem.Reset";
    let word = match reset_type(body, ACTION, RESET_TYPES) {
        Ok(Some(word)) => word,
        Ok(None) => return refuse(400, "ActionParameterMissing", &[ACTION, "ResetType"]),
        Err(problem) => return problem,
    };
    if !scene.policy().reset_types.contains(&word) {
        return refuse(400, "ActionParameterNotSupported", &["ResetType", ACTION]);
    }
    let command =
        system::reset_command(word, scene.view().power).expect("every ResetType in the list has one");
    match carry_out(scene, &[command]) {
        Ok(()) => accepted(scene, Answer::no_content),
        Err(refusal) => refused(refusal, word),
    }
}

/// `Manager.Reset`; without a `ResetType` a restart is what is meant.
pub(crate) fn reset_manager(scene: &Scene<'_>, body: &Map<String, Value>) -> Answer {
    let warm = match reset_type(body, "Manager.Reset", manager::RESET_TYPES) {
        Ok(word) => word == Some("GracefulRestart"),
        Err(problem) => return problem,
    };
    match carry_out(scene, &[Command::BmcReset { warm }]) {
        Ok(()) => accepted(scene, Answer::no_content),
        Err(refusal) => refused(refusal, "ForceRestart"),
    }
}

/// A PATCH of the system or of a chassis: everything or nothing.
pub(crate) fn patch(scene: &Scene<'_>, resource: Resource<'_>, body: &Map<String, Value>) -> Answer {
    let (view, policy) = (scene.view(), scene.policy());
    let (commands, messages) = match resource {
        Resource::Chassis(id) => chassis::patch(id, body, view, policy),
        _ => system::patch(body, view, policy),
    };
    if !messages.is_empty() {
        return error(400, messages);
    }
    match carry_out(scene, &commands) {
        Ok(()) => accepted(scene, || Answer::ok(shown(resource, &scene.bmc.view(), scene))),
        Err(refusal) => refused(refusal, "Boot"),
    }
}

fn shown(resource: Resource<'_>, view: &View, scene: &Scene<'_>) -> Value {
    match resource {
        Resource::Chassis(id) => chassis::chassis(id, view, scene.policy()),
        _ => system::system(view, scene.policy()),
    }
}

/// The `ResetType` that an action was given, if it was, as one of those that are known.
fn reset_type(
    body: &Map<String, Value>,
    action: &str,
    known: &[&'static str],
) -> Result<Option<&'static str>, Answer> {
    let stranger = body.keys().find(|key| *key != "ResetType" && !key.contains('@'));
    if let Some(parameter) = stranger {
        return Err(refuse(400, "ActionParameterUnknown", &[action, parameter]));
    }
    match body.get("ResetType") {
        None => Ok(None),
        Some(Value::String(word)) => match known.iter().find(|known| *known == word) {
            Some(word) => Ok(Some(word)),
            None => Err(refuse(400, "ActionParameterValueNotInList", &[word, "ResetType", action])),
        },
        Some(other) => {
            let args = [&*other.to_string(), "ResetType", action];
            Err(refuse(400, "ActionParameterValueTypeError", &args))
        }
    }
}

/// Does it, unless this BMC's tasks fail; what is already so is fine.
fn carry_out(scene: &Scene<'_>, commands: &[Command]) -> Result<(), Refusal> {
    if scene.policy().success == Success::FailingTask {
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
fn accepted(scene: &Scene<'_>, usual: impl FnOnce() -> Answer) -> Answer {
    let start_task = |fails| {
        let task = scene.tasks().start(scene.now + scene.look.second * 3, fails);
        task::accepted(&task, scene)
    };
    match scene.policy().success {
        Success::AsUsual => usual(),
        Success::NoContent => Answer::no_content(),
        Success::Ok => Answer::ok(json!({"@Message.ExtendedInfo": [message("Success", &[])]})),
        Success::Task => start_task(false),
        Success::FailingTask => start_task(true),
    }
}

/// What a refusal is answered with; `value` is what was asked for.
fn refused(refusal: Refusal, value: &str) -> Answer {
    match refusal {
        Refusal::AlreadyThere | Refusal::HostIsOff | Refusal::Conflict => {
            refuse(409, "ResourceInStandby", &[])
        }
        Refusal::InTransition => refuse(409, "ResourceInUse", &[]),
        Refusal::Busy => refuse(409, "ActionParameterValueConflict", &["ResetType", value]),
        Refusal::NotDuringPost => {
            let property = "BootSourceOverrideTarget";
            let said = message("UnableToModifyDuringSystemPOST", &[property]);
            error(400, vec![about(said, &format!("/Boot/{property}"))])
        }
        Refusal::BmcDown => {
            refuse(503, "ServiceTemporarilyUnavailable", &["30"]).with_header("Retry-After", "30")
        }
    }
}
