//! The event log: the system's among the log services (DSP0268 LogService, LogEntry), and clearing it.

mod entry;

use serde_json::json;

use super::{client::Talk, document::Document, http::Ask};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{Change, EventLog},
};

/// All entries, the oldest first, however the BMC lists them.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<EventLog, Failure> {
    let service = service(talk).await?;
    let link = entries(talk, &service)?;
    let documents = talk.members(&link).await?;
    let mut entries: Vec<_> = documents.iter().map(|it| entry::read(it, &mut talk.notes)).collect();
    if entry::are_newest_first(&entries) {
        entries.reverse();
    }
    // DSP0268 LogService.Overflow: what it did then is its OverWritePolicy.
    let overflowed = service.view().flag("Overflow", &mut talk.notes);
    Ok(EventLog { entries, overflowed, free_bytes: None })
}

/// `LogService.ClearLog`, unless there is nothing to clear.
pub(super) async fn clear(talk: &mut Talk<'_>) -> Result<Change, Failure> {
    let service = service(talk).await?;
    let link = entries(talk, &service)?;
    let page = talk.get(&link).await?;
    if page.view().objects("Members", &mut talk.notes).is_empty() {
        return Ok(Change::AlreadySo);
    }
    let actions = service.view().object("Actions", &mut talk.notes);
    let clear = actions.object("#LogService.ClearLog", &mut talk.notes);
    let target = clear.text("target", &mut talk.notes);
    let target =
        target.ok_or_else(|| Failure::from(Cause::NotFound { what: "action LogService.ClearLog".into() }))?;
    talk.change(&Ask::post(talk.local(&target)?, &json!({}))).await?;
    Ok(Change::Changed)
}

fn entries(talk: &mut Talk<'_>, service: &Document) -> Result<String, Failure> {
    let link = service.view().link("Entries", &mut talk.notes);
    link.ok_or_else(|| Deviation::Missing { property: "Entries".to_owned() }.into())
}

/// The service with the system's event log: what says that it is the SEL, of the system or of its manager; else the best
/// of the system's, else of the manager's (a Dell has it at the manager).
async fn service(talk: &mut Talk<'_>) -> Result<Document, Failure> {
    let system = talk.system().await?;
    let (best, of_system) = best_of(talk, &system).await?;
    if best == Some(Rank::Sel) {
        return of_system.ok_or_else(absent);
    }
    let manager = talk.manager(&system).await;
    let (best, of_manager) = match talk.spare(manager)? {
        Some(manager) => best_of(talk, &manager).await?,
        None => (None, None),
    };
    match (best, of_system) {
        (Some(Rank::Sel), _) | (Some(Rank::Events), None) => of_manager.ok_or_else(absent),
        (_, found) => found.ok_or_else(absent),
    }
}

fn absent() -> Failure {
    Cause::NotFound { what: "event log".to_owned() }.into()
}

/// What a log service holds, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The system's events, by its own word.
    Sel,
    /// Events.
    Events,
}

async fn best_of(talk: &mut Talk<'_>, of: &Document) -> Result<(Option<Rank>, Option<Document>), Failure> {
    let link = of.view().link("LogServices", &mut talk.notes);
    let services = talk.all_aside(link).await?;
    let ranked = services.into_iter().filter_map(|it| Some((rank(&it, &mut talk.notes)?, it)));
    Ok(match ranked.min_by_key(|(rank, _)| *rank) {
        Some((rank, service)) => (Some(rank), Some(service)),
        None => (None, None),
    })
}

/// Names of services that hold the system's events: an HPE's IML, a Dell's Sel, OpenBMC's EventLog.
const SYSTEM_EVENTS: &[&str] = &["sel", "iml", "eventlog", "system event log", "integrated management log"];
/// Names of what is something else: dumps, traces, audits, the BMC's own.
const OTHERS: &[&str] = &[
    "dump",
    "crash",
    "post",
    "journal",
    "audit",
    "security",
    "lclog",
    "lifecycle",
    "life cycle",
    "faultlist",
    "telemetry",
    "hostlogger",
    "debug",
    "iel",
];

fn rank(service: &Document, notes: &mut Notes) -> Option<Rank> {
    let view = service.view();
    let kind = view.text("LogEntryType", notes);
    let names: Vec<String> =
        ["Id", "Name"].iter().filter_map(|it| Some(view.text(it, notes)?.to_ascii_lowercase())).collect();
    let is = |words: &[&str]| names.iter().any(|name| words.contains(&name.as_str()));
    let contains = |words: &[&str]| names.iter().any(|name| words.iter().any(|word| name.contains(word)));
    match kind.as_deref() {
        Some("SEL") => Some(Rank::Sel),
        _ if is(SYSTEM_EVENTS) => Some(Rank::Sel),
        _ if contains(OTHERS) || !view.has("Entries") => None,
        None | Some("Event" | "Multiple") => Some(Rank::Events),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(id: &str, name: &str, kind: Option<&str>) -> Option<Rank> {
        let service = json!({
            "Id": id, "Name": name, "LogEntryType": kind, "Entries": {"@odata.id": "/e"},
        });
        rank(&Document::of("/s", &service), &mut Notes::default())
    }

    #[test]
    fn the_systems_event_log_is_known_by_its_type_or_its_name() {
        assert_eq!(ranked("Sel", "SEL Log Service", Some("SEL")), Some(Rank::Sel));
        assert_eq!(ranked("IML", "Integrated Management Log", None), Some(Rank::Sel));
        assert_eq!(ranked("EventLog", "Event Log Service", Some("Event")), Some(Rank::Sel));
        assert_eq!(ranked("Log1", "Health Event Log Service", Some("Event")), Some(Rank::Events));
        for (id, name) in
            [("Lclog", "LifeCycle Controller Log"), ("PostCodes", "POST Codes"), ("Dump", "Dump")]
        {
            assert_eq!(ranked(id, name, Some("Event")), None, "{id}");
        }
        assert_eq!(ranked("Metrics", "Readings", Some("OEM")), None);
    }
}
