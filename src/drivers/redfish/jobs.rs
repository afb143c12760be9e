//! Jobs of a maker's own (`Manners`): a change that is answered with one, settings that wait for one, and whether one can be made.

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    client::Talk,
    document::{Document, json},
    http::{Ask, Reply},
    manners::Jobs,
    retry::Backoff,
};
use crate::{driver::Cause, drivers::failure::Failure};

impl Talk<'_> {
    /// Whether an answer that is no 202 names a job all the same (S11: 200 or 201, and a job at its Location).
    pub(super) fn names_a_job(&self, reply: &Reply) -> bool {
        let Some(jobs) = &self.client.manners.jobs else { return false };
        let in_body = || json(reply).ok()?.get("@odata.id")?.as_str().map(str::to_owned);
        let link = reply.header("location").map(str::to_owned).or_else(in_body);
        link.and_then(|link| self.local(&link).ok()).is_some_and(|path| (jobs.is_job)(&path))
    }

    /// Has a job made for settings that were written and not told when to apply, where such settings wait for one for ever.
    pub(super) async fn apply(&mut self, settings: &Document) -> Result<(), Failure> {
        let Some(jobs) = &self.client.manners.jobs else { return Ok(()) };
        let manager = self.any_manager().await.map_err(Failure::after_a_change)?;
        // Who takes no jobs has nothing that waits for one.
        let Some(collection) = linked(self, &manager, jobs, jobs.collection) else { return Ok(()) };
        self.be_ready(jobs, &manager).await.map_err(Failure::after_a_change)?;
        let body = json!({ jobs.settings: self.local(&settings.path)? });
        let ask = Ask::post(self.local(&collection)?, &body);
        match self.change(&ask).await {
            Err(failed @ Failure { cause: Cause::TaskFailed { .. }, .. }) => Err(failed),
            outcome => outcome.map_err(Failure::after_a_change),
        }
    }

    /// Waits until jobs can be made, where the BMC tells; what it cannot tell is not waited for.
    async fn be_ready(&mut self, jobs: &Jobs, manager: &Document) -> Result<(), Failure> {
        let (service, action, members) = jobs.readiness;
        let Some(service) = linked(self, manager, jobs, service) else { return Ok(()) };
        let path = self.local(&format!("{}/Actions/{action}", service.trim_end_matches('/')))?;
        let ask = Ask::post(path, &json!({})).harmless();
        let mut backoff = Backoff::new(self.client.endpoint.seams);
        loop {
            let said = self.send(&ask).await?;
            let status = json(&said).unwrap_or(Value::Null);
            let is_ready = |name: &str| status.get(name).is_none_or(|it| it == "Ready");
            if !said.is_success() || members.iter().all(|name| is_ready(name)) {
                return Ok(());
            }
            let wait = backoff.next();
            if wait >= self.by.left() || backoff.is_spent() {
                return Err(Cause::Busy { retry_after: None }.into());
            }
            sleep(wait).await;
        }
    }
}

/// Where the manager says that a resource of the maker's is.
fn linked(talk: &mut Talk<'_>, manager: &Document, jobs: &Jobs, name: &str) -> Option<String> {
    let links = manager.view().object("Links", &mut talk.notes).object("Oem", &mut talk.notes);
    links.object(jobs.section, &mut talk.notes).link(name, &mut talk.notes)
}
