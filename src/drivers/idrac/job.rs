//! Dell's jobs: where they are, and what their state means (DellJob 1.5.0, as recorded of an iDRAC 9 7.10.30).

use serde_json::Value;

use crate::drivers::redfish::tasks::Progress;

/// Whether a path is that of a job: `…/Managers/iDRAC.Embedded.1/Jobs/JID_…`, or `…/Oem/Dell/Jobs/JID_…` of newer firmware.
pub(super) fn is_job(path: &str) -> bool {
    let id = path.trim_end_matches('/').rsplit_once('/');
    id.is_some_and(|(collection, id)| collection.ends_with("/Jobs") && id.starts_with("JID_"))
}

/// What a job says of itself, or a task of its job in `Oem.Dell`: the state of the task is `Completed` also where the job's is
/// not. A state that is not known is no end.
pub(super) fn read(body: &Value) -> Option<Progress> {
    let job = [Some(body), body.pointer("/Oem/Dell")]
        .into_iter()
        .flatten()
        .find(|it| it.get("JobState").is_some())?;
    let state = job["JobState"].as_str()?;
    Some(match state {
        "Completed" | "RebootCompleted" => Progress::Done,
        "Failed" | "CompletedWithErrors" | "RebootFailed" => {
            Progress::Failed(format!("{state}: {}", told(job)))
        }
        // Nothing more comes of waiting: the host's next start carries it out.
        "Scheduled" | "RebootPending" | "PendingActivation" => Progress::Scheduled,
        _ => Progress::Running,
    })
}

/// The job's message with its id; the job's name where it has none.
fn told(job: &Value) -> String {
    let text = |name: &str| job.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    match (text("MessageId"), text("Message")) {
        (Some(id), Some(message)) => format!("{id}: {message}"),
        (_, Some(message)) => message.to_owned(),
        (id, None) => id.or(text("Name")).unwrap_or("no reason given").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_is_known_by_its_path() {
        let manager = "/redfish/v1/Managers/iDRAC.Embedded.1";
        assert!(
            is_job(&format!("{manager}/Jobs/JID_123")) && is_job(&format!("{manager}/Oem/Dell/Jobs/JID_123"))
        );
        assert!(!is_job("/redfish/v1/TaskService/Tasks/JID_123") && !is_job("/redfish/v1/JobService/Jobs/1"));
    }

    #[test]
    fn the_state_of_the_job_and_not_of_its_task_says_how_it_went() {
        let oem = |state: &str| json!({"TaskState": "Completed", "Oem": {"Dell": {"JobState": state, "Message": "m"}}});
        assert_eq!(read(&oem("Completed")), Some(Progress::Done));
        assert_eq!(
            read(&oem("CompletedWithErrors")),
            Some(Progress::Failed("CompletedWithErrors: m".to_owned()))
        );
        let failed = json!({"JobState": "Failed", "Message": "Unable to apply.", "MessageId": "PR21"});
        assert_eq!(read(&failed), Some(Progress::Failed("Failed: PR21: Unable to apply.".to_owned())));
        assert_eq!(read(&json!({"JobState": "Scheduled"})), Some(Progress::Scheduled));
        for state in ["New", "Downloading", "ReadyForExecution", "Waiting", "Strange"] {
            assert_eq!(read(&json!({ "JobState": state })), Some(Progress::Running), "{state}");
        }
        assert_eq!(read(&json!({"TaskState": "Completed"})), None);
    }
}
