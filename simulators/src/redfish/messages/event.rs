//! What happens to tasks and to resources (DSP8011 TaskEvent 1.0, ResourceEvent 1.4).

use super::Row;

pub(super) const TASK: &[Row] = &[
    ("TaskAborted", "Critical", "The task with Id '%1' has completed with errors.", "None."),
    (
        "TaskCancelled",
        "Warning",
        "Work on the task with Id '%1' was halted prior to completion due to an explicit request.",
        "None.",
    ),
    ("TaskCompletedOK", "OK", "The task with Id '%1' has completed.", "None."),
    ("TaskCompletedWarning", "Warning", "The task with Id '%1' has completed with warnings.", "None."),
    ("TaskPaused", "Warning", "The task with Id '%1' was paused.", "None."),
    (
        "TaskProgressChanged",
        "OK",
        "The task with Id '%1' has changed to progress %2 percent complete.",
        "None.",
    ),
    ("TaskRemoved", "Warning", "The task with Id '%1' was removed.", "None."),
    ("TaskResumed", "OK", "The task with Id '%1' was resumed.", "None."),
    ("TaskStarted", "OK", "The task with Id '%1' has started.", "None."),
];

pub(super) const RESOURCE: &[Row] = &[
    ("ResourceChanged", "OK", "One or more resource properties have changed.", "None."),
    ("ResourceCreated", "OK", "The resource was created successfully.", "None."),
    ("ResourcePoweredOff", "OK", "The resource '%1' has powered off.", "None."),
    ("ResourcePoweredOn", "OK", "The resource '%1' has powered on.", "None."),
    ("ResourcePoweringOff", "OK", "The resource '%1' is powering off.", "None."),
    ("ResourcePoweringOn", "OK", "The resource '%1' is powering on.", "None."),
    ("ResourceRemoved", "OK", "The resource was removed successfully.", "None."),
    ("ResourceStateChanged", "OK", "The state of resource '%1' has changed to %2.", "None."),
    ("ResourceStatusChangedCritical", "Critical", "The health of resource '%1' has changed to %2.", "None."),
    ("ResourceStatusChangedOK", "OK", "The health of resource '%1' has changed to %2.", "None."),
    ("ResourceStatusChangedWarning", "Warning", "The health of resource '%1' has changed to %2.", "None."),
    ("TestMessage", "OK", "Test message.", "None."),
];
