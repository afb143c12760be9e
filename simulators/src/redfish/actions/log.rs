//! `LogService.ClearLog`.

use serde_json::Value;

use super::Call;
use crate::redfish::{answer::Answer, change::accepted, handle::Scene, live::entry, messages::refuse, show};

/// Empties a log; with `LogEntriesETag` only where nothing was added since (DSP0268 LogService.ClearLog).
pub(super) fn clear(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Err(problem) = call.no_other_than(&["LogEntriesETag"]) {
        return problem;
    }
    let entries = call.resource.template().pointer("/Entries/@odata.id").and_then(Value::as_str);
    let entries = entries.and_then(|path| scene.tree().document(path));
    match call.text("LogEntriesETag") {
        Err(problem) => return problem,
        Ok(Some(tag)) if entries.is_some_and(|it| show::version(scene, it) != tag) => {
            return refuse(412, "PreconditionFailed", &[]);
        }
        Ok(_) => {}
    }
    if let Some(log) = entry::log_at(scene.tree(), &call.resource.path)
        && scene.changes()
    {
        let at = scene.view().clock;
        scene.bmc.logbook().clear(log, at);
    }
    accepted(scene, Answer::no_content)
}
