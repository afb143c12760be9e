//! One event: what is said of it, and who wants to hear it.

use serde_json::{Value, json};

use super::Wishes;
use crate::{
    bmc::Bmc,
    redfish::{
        clock,
        messages::{Registry, message_of},
    },
};

/// The version of the schema of events.
pub(crate) const VERSION: &str = "v1_11_0";

/// Something that happened.
pub(crate) struct Happening {
    /// Its number.
    pub(super) number: u64,
    /// Its record (DSP0268 Event.EventRecord).
    pub(super) record: Value,
    /// The schema of the resource that it is about.
    kind: String,
}

impl Happening {
    /// A message of a registry about a resource, by the BMC's clock of this moment.
    pub(crate) fn of(
        bmc: &Bmc,
        registry: &Registry,
        name: &str,
        args: &[&str],
        origin: &str,
        kind: &str,
    ) -> Self {
        let said = message_of(registry, name, args);
        let now = bmc.with(|firmware, now| firmware.clock(now));
        let record = json!({
            "MemberId": "0",
            "EventType": event_type(name),
            "EventTimestamp": clock::date_time(now),
            "MessageId": said["MessageId"],
            "Message": said["Message"],
            "MessageArgs": said["MessageArgs"],
            "MessageSeverity": said["MessageSeverity"],
            "OriginOfCondition": {"@odata.id": origin},
        });
        Self { number: 0, record, kind: kind.to_owned() }
    }

    /// With this record.
    pub(crate) fn with(record: Value, kind: &str) -> Self {
        Self { number: 0, record, kind: kind.to_owned() }
    }

    /// With its number, which is its id where none is given.
    pub(super) fn numbered(mut self, number: u64) -> Self {
        self.number = number;
        if self.record.get("EventId").is_none() {
            self.record["EventId"] = json!(number.to_string());
        }
        self
    }

    fn message(&self) -> &str {
        self.record["MessageId"].as_str().unwrap_or_default()
    }

    fn registry(&self) -> &str {
        self.message().split('.').next().unwrap_or_default()
    }

    fn origin(&self) -> &str {
        self.record["OriginOfCondition"]["@odata.id"].as_str().unwrap_or_default()
    }

    /// Whether it is among what somebody wants.
    pub(super) fn is_wished(&self, wishes: &Wishes) -> bool {
        let among = |list: &[String], it: &str| list.is_empty() || list.iter().any(|one| one == it);
        among(&wishes.registries, self.registry())
            && among(&wishes.types, &self.kind)
            && (wishes.messages.is_empty() || wishes.messages.iter().any(|it| names(it, self.message())))
            && among(&wishes.origins, self.origin())
            && wishes.filter.as_ref().is_none_or(|it| it.holds(&self.properties()))
    }

    /// What the filter of a stream can ask for.
    fn properties(&self) -> Value {
        json!({
            "EventFormatType": "Event",
            "RegistryPrefix": self.registry(),
            "ResourceType": self.kind,
            "MessageId": self.message(),
            "OriginResource": self.origin(),
        })
    }
}

/// Whether a message id means this message; the version may be left out (DSP0268 EventDestination.MessageIds).
fn names(wanted: &str, message: &str) -> bool {
    let ends = |id: &str| {
        let mut parts = id.split('.');
        let first = parts.next().unwrap_or_default().to_owned();
        (first, parts.next_back().unwrap_or_default().to_owned())
    };
    wanted == message || (wanted.split('.').count() == 2 && ends(wanted) == ends(message))
}

fn event_type(name: &str) -> &'static str {
    match name {
        "ResourceCreated" => "ResourceAdded",
        "ResourceRemoved" => "ResourceRemoved",
        "ResourceChanged" => "ResourceUpdated",
        "TestMessage" => "Alert",
        _ => "StatusChange",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_with_its_version_or_without() {
        assert!(names("ResourceEvent.1.4.ResourceChanged", "ResourceEvent.1.4.ResourceChanged"));
        assert!(names("ResourceEvent.ResourceChanged", "ResourceEvent.1.4.ResourceChanged"));
        assert!(!names("ResourceEvent.1.3.ResourceChanged", "ResourceEvent.1.4.ResourceChanged"));
        assert!(!names("TaskEvent.ResourceChanged", "ResourceEvent.1.4.ResourceChanged"));
    }
}
