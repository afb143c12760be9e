//! Changing requests to their end: accepted at once, or a task that is followed until it is done (DSP0266 §12).

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::{
    client::Talk,
    document::json,
    http::{Ask, Reply},
    quirks::{LATE_TASK, SCHEDULED, TASK_DELETED},
    refusal::at,
    retry::retry_after,
};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
};

const LONGEST_POLL: Duration = Duration::from_secs(5);
/// The pause of the seam that hurries.
const HURRY: Duration = Duration::from_millis(100);
/// How often a task that was never seen may be missing; some 20 s in all.
const MISSES: u32 = 5;

impl Talk<'_> {
    /// Sends a changing request and waits until the BMC has accepted it, tasks included.
    pub(super) async fn change(&mut self, ask: &Ask) -> Result<(), Failure> {
        let reply = self.send(ask).await?;
        self.accept(ask, reply).await?;
        if self.client.endpoint.seams.repeats_changing_request {
            // A seeded fault: a second command, whatever becomes of it.
            let _ = self.send(ask).await;
        }
        Ok(())
    }

    pub(super) async fn accept(&mut self, ask: &Ask, reply: Reply) -> Result<(), Failure> {
        match reply.status {
            202 if self.client.endpoint.seams.ignores_tasks => Ok(()),
            202 => self.follow_task(ask, reply).await,
            200..300 if self.names_a_job(&reply) => self.follow_task(ask, reply).await,
            200..300 => Ok(()),
            _ => Err(self.refused(ask, &reply)),
        }
    }

    /// Polls the task's monitor. What goes wrong with that says nothing of the task: the outcome is unknown then.
    ///
    /// A monitor that is gone is followed by the task itself, where the BMC named it too (Lenovo XCC deletes the monitor
    /// when it is looked at), and one that was never there is waited for a little (a Dell's takes seconds to appear).
    async fn follow_task(&mut self, ask: &Ask, mut reply: Reply) -> Result<(), Failure> {
        let Some(monitor) = self.location(&reply) else {
            // Supermicro accepts with 202 and neither Location nor body (quirk S10): there is nothing to wait for.
            self.notes.forgive(Deviation::Missing { property: "Location".to_owned() });
            return Ok(());
        };
        // That a job was made says nothing of the job.
        let is_job = self.names_a_job(&reply);
        let mut task = self.task_link(&reply).filter(|task| *task != monitor);
        let mut poll = Ask::get(monitor);
        let mut pause = Duration::from_secs(1);
        let (mut polls, mut missed, mut seen) = (0_u32, 0_u32, false);
        loop {
            let progress = if polls == 0 && is_job { Progress::Running } else { self.progress(&reply) };
            match progress {
                Progress::Done => return Ok(()),
                Progress::Scheduled => {
                    self.notes.quirk(&SCHEDULED);
                    return Ok(());
                }
                Progress::Failed(_) if self.client.endpoint.seams.believes_failed_tasks => return Ok(()),
                Progress::Failed(message) => {
                    let status = Some(reply.status);
                    return Err(Failure::new(Cause::TaskFailed { message }, at(&poll, status, None)));
                }
                Progress::Gone => match task.take() {
                    Some(task) => {
                        self.notes.quirk(&TASK_DELETED);
                        poll.path = task;
                    }
                    // iDRAC below 5.00 and XCC delete a finished task before it is polled (quirk S8).
                    None if seen || missed == MISSES => {
                        self.notes.quirk(&TASK_DELETED);
                        return Ok(());
                    }
                    None => missed += 1,
                },
                Progress::Running => seen = polls > 0,
            }
            if seen && missed > 0 {
                self.notes.quirk(&LATE_TASK);
            }
            let wait = retry_after(&reply).filter(|wait| !wait.is_zero()).unwrap_or(pause);
            let wait = if self.client.endpoint.seams.hurries_tasks { HURRY } else { wait };
            if wait >= self.by.left() {
                if missed > 0 && !seen {
                    self.notes.quirk(&TASK_DELETED);
                    return Ok(());
                }
                let reason = "its task was not done by the deadline".to_owned();
                return Err(Failure::new(Cause::OutcomeUnknown { reason }, at(ask, Some(202), None)));
            }
            sleep(wait).await;
            pause = (pause * 2).min(LONGEST_POLL);
            reply = self.send(&poll).await.map_err(Failure::after_a_change)?;
            polls += 1;
        }
    }

    /// Where it is: a maker's job by its own state, everything else by the standard.
    fn progress(&self, reply: &Reply) -> Progress {
        let jobs = self.client.manners.jobs.as_ref().filter(|_| reply.is_success());
        let job = jobs.and_then(|jobs| (jobs.read)(&json(reply).ok()?));
        job.unwrap_or_else(|| Progress::of(reply))
    }

    /// The task that an answer's body is, or is about.
    fn task_link(&self, reply: &Reply) -> Option<String> {
        self.local(json(reply).ok()?.get("@odata.id")?.as_str()?).ok()
    }
}

/// Where a task is, by an answer of its monitor or by the task itself.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::drivers) enum Progress {
    /// Not at its end.
    Running,
    /// Accepted, and carried out when the host is reset next.
    Scheduled,
    /// At its end.
    Done,
    /// Not there.
    Gone,
    /// At its end, and it did not go well; why.
    Failed(String),
}

impl Progress {
    fn of(reply: &Reply) -> Self {
        if matches!(reply.status, 404 | 410) {
            return Self::Gone;
        }
        let body = json(reply).unwrap_or(Value::Null);
        if !reply.is_success() {
            return Self::Failed(format!("status {}: {}", reply.status, messages(&body)));
        }
        let state = body.get("TaskState").and_then(Value::as_str);
        let critical = body.get("TaskStatus").and_then(Value::as_str) == Some("Critical");
        match state {
            Some("Completed") if critical => Self::Failed(messages(&body)),
            Some("Completed") => Self::Done,
            Some(end @ ("Exception" | "Killed" | "Cancelled" | "Interrupted")) => {
                Self::Failed(format!("{end}: {}", messages(&body)))
            }
            Some(_) if is_scheduled(&body) => Self::Scheduled,
            // A state that the schema does not know (`New` at iDRAC) is not an end.
            Some(_) => Self::Running,
            None if reply.status == 202 => Self::Running,
            None => Self::Done,
        }
    }
}

/// A job that waits for the host's next reset: nothing more comes of waiting for it.
fn is_scheduled(task: &Value) -> bool {
    let sections = task.get("Oem").and_then(Value::as_object).into_iter().flat_map(|oem| oem.values());
    sections.into_iter().any(|section| section.get("JobState").and_then(Value::as_str) == Some("Scheduled"))
}

/// What a task, or an error, says of itself.
fn messages(body: &Value) -> String {
    let error = body.get("error").unwrap_or(body);
    let listed = body.get("Messages").or_else(|| error.get("@Message.ExtendedInfo"));
    let texts: Vec<&str> = listed
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("Message").or_else(|| message.get("MessageId"))?.as_str())
        .collect();
    match texts.is_empty() {
        true => error.get("message").and_then(Value::as_str).unwrap_or("no reason given").to_owned(),
        false => texts.join("; "),
    }
}
