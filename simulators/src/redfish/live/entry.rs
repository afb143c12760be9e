//! Entries of the logs (DSP0268 LogEntry): the BMC's own, as this face says them.

use serde_json::{Value, json};

use crate::{
    logbook::{Entry, Log, Note},
    redfish::{
        clock::date_time,
        handle::Scene,
        messages::{RESOURCE_EVENT, message_of},
        show::number,
        tree::{Document, Tree},
    },
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_21_0";

/// Which log a log service, or what lies below it, shows: the system's or the BMC's own; any other stays empty.
pub(crate) fn log_at(tree: &Tree, path: &str) -> Option<Log> {
    let below = |above: &str| path.strip_prefix(above).filter(|rest| rest.starts_with('/'));
    if below(tree.system()).is_some() {
        return Some(Log::System);
    }
    let below = below(tree.manager())?;
    // The SEL is the system's, wherever a platform shows it.
    let is_sel = below.split('/').any(|part| part.eq_ignore_ascii_case("sel"));
    Some(if is_sel { Log::System } else { Log::Bmc })
}

/// The ids of those that are shown: no more than the service has room for.
pub(crate) fn ids(scene: &Scene<'_>, collection: &Document) -> Vec<String> {
    let Some(log) = log_at(scene.tree(), &collection.path) else { return Vec::new() };
    let most = most(scene, collection);
    let logbook = scene.bmc.logbook();
    let entries = logbook.entries(log);
    let skipped = entries.len().saturating_sub(most);
    entries.skip(skipped).map(|it| it.id.to_string()).collect()
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let log = log_at(scene.tree(), &collection.path)?;
    let entry = scene.bmc.logbook().entry(log, id.parse().ok()?).cloned()?;
    let is_shown = ids(scene, collection).iter().any(|shown| shown == id);
    is_shown.then(|| said(scene.tree(), collection, &entry))
}

fn most(scene: &Scene<'_>, collection: &Document) -> usize {
    let service = collection.path.rsplit_once('/').and_then(|(service, _)| scene.tree().document(service));
    let most = service.and_then(|it| number(scene, it, "/MaxNumberOfRecords"));
    most.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX)
}

fn said(tree: &Tree, collection: &Document, entry: &Entry) -> Value {
    let said = Said::of(tree, &entry.note);
    let mut document = json!({
        "@odata.id": format!("{}/{}", collection.path, entry.id),
        "@odata.type": format!("#LogEntry.{VERSION}.LogEntry"),
        "Id": entry.id.to_string(),
        "Name": format!("Log Entry {}", entry.id),
        "EntryType": "Event",
        "Created": date_time(entry.at),
        "EventTimestamp": date_time(entry.at),
        "Severity": said.severity,
        "Message": said.text,
    });
    if let Some((name, args)) = said.message {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let message = message_of(&RESOURCE_EVENT, name, &args);
        for property in ["MessageId", "Message", "MessageArgs", "Resolution"] {
            document[property] = message[property].clone();
        }
    }
    if let Note::Record(record) = &entry.note {
        document["EntryType"] = json!("SEL");
        document["EntryCode"] = json!(if record.is_over() { "Deassert" } else { "Assert" });
        document["SensorNumber"] = json!(record.sensor());
    }
    if !said.origin.is_empty() {
        document["Links"] = json!({"OriginOfCondition": {"@odata.id": said.origin}});
    }
    document
}

/// A note in Redfish's words.
struct Said {
    severity: &'static str,
    text: String,
    /// The message of the ResourceEvent registry that says it, where one does.
    message: Option<(&'static str, Vec<String>)>,
    /// What it is about.
    origin: String,
}

impl Said {
    fn of(tree: &Tree, note: &Note) -> Self {
        let system = |text: &str| Self::new(text, tree.system());
        let own = |text: &str| Self::new(text, tree.manager());
        match note {
            Note::PowerOn => system("").said_as("ResourcePoweredOn", None),
            Note::PowerOff => system("").said_as("ResourcePoweredOff", None),
            Note::Post => system("").said_as("ResourceStateChanged", Some("Starting")),
            Note::OsUp => system("").said_as("ResourceStateChanged", Some("Enabled")),
            Note::BmcUp => own("").said_as("ResourceStateChanged", Some("Enabled")),
            Note::Reset => system("The system was reset."),
            Note::OsDown => system("The operating system stopped."),
            Note::Nmi => system("A diagnostic interrupt was sent.").grave("Warning"),
            Note::Watchdog(action) => {
                system(&format!("The watchdog expired; action: {action}.")).grave("Warning")
            }
            Note::Boot(device) => system(&format!("The system boots from {device}.")),
            Note::AcLost => own("AC power was lost.").grave("Critical"),
            Note::AcBack => own("AC power was restored."),
            Note::Inserted(slot) => own(&format!("A medium was inserted into {slot}.")),
            Note::Ejected(slot) => own(&format!("The medium was ejected from {slot}.")),
            Note::WrongPassword(user) => {
                own(&format!("Logging in failed for user '{user}'.")).grave("Warning")
            }
            Note::Locked(user) => {
                own(&format!("User '{user}' is locked after too many wrong passwords.")).grave("Warning")
            }
            Note::Cleared => own("The log was cleared."),
            Note::Record(record) => system(&record.text).grave(record.severity()),
        }
    }

    fn new(text: &str, origin: &str) -> Self {
        Self { severity: "OK", text: text.to_owned(), message: None, origin: origin.to_owned() }
    }

    fn grave(self, severity: &'static str) -> Self {
        Self { severity, ..self }
    }

    fn said_as(self, name: &'static str, state: Option<&str>) -> Self {
        let args = std::iter::once(self.origin.as_str()).chain(state).map(str::to_owned).collect();
        Self { message: Some((name, args)), ..self }
    }
}
