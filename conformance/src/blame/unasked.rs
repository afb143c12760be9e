//! What nobody asked the BMC for, it cannot have told: then it is the driver's, whatever the BMC would have said.

use halmark::Operation;
use serde_json::Value;

use crate::{
    condition::{Matcher, Seen},
    docket::Evidence,
    oracle::Failure,
    scenario::{Scenario, Step, StepKind},
    wire::{self, Record},
};

/// Kinds of errors that say that the BMC was tried and did not answer: of that the wire shows nothing.
const AWAY: &[&str] = &["unreachable", "busy", "outcome-unknown", "hang"];

/// Whether the driver gave a reason of its own, or an answer of the BMC's, and never said a word to the BMC. On hardware, where
/// nobody listens, that cannot be known.
pub(super) fn nothing_was_sent(evidence: &Evidence<'_>, said: &Seen, until: usize) -> bool {
    let is_witnessed = evidence.established.is_some_and(|truth| !truth.is_empty());
    let is_silent = evidence.wire.get(..until).unwrap_or_default().is_empty();
    matches!(said, Seen::Error { kind, .. } if !AWAY.contains(&kind.as_str())) && is_witnessed && is_silent
}

/// Whether one of these fields, which are demanded, stands where the driver never looked, and it tells nothing of it.
pub(super) fn never_asked_for(
    fields: &[&str],
    operation: Operation,
    said: &Value,
    truth: Option<&Value>,
    records: &[Record],
) -> bool {
    let is_none = |of: &Value, name: &str| of.get(name).is_none_or(Value::is_null);
    let is_so = |name: &str| truth.is_none_or(|truth| !is_none(truth, name));
    operation == Operation::IdentityRead
        && fields.iter().any(|name| is_none(said, name) && is_so(name) && !wire::looks_for(name, records))
}

/// What a driver is charged with that says that the host's power is as it is wanted already, during a call in which it did nothing for
/// it: nothing, where the BMC has told it so.
pub(super) fn settled(operation: Operation, during: &[Record]) -> Option<&'static str> {
    let wanted = match operation {
        Operation::PowerOn => "powered-on",
        Operation::PowerOff | Operation::PowerShutdown => "powered-off",
        _ => return None,
    };
    match wire::told(Operation::PowerRead, during) {
        None => Some("never asks"),
        Some(told) if told == wanted => None,
        Some(_) => Some("misread"),
    }
}

/// The fields that the condition which failed demands something of.
pub(super) fn fields<'s>(scenario: &'s Scenario, failure: &Failure) -> Vec<&'s str> {
    demanded(&scenario.steps, &failure.condition).map(of).unwrap_or_default()
}

/// The fields of a demand.
pub(super) fn of(matcher: &Matcher) -> Vec<&str> {
    match matcher {
        Matcher::Fields(fields) => fields
            .iter()
            .filter(|(_, demand)| *demand != Matcher::Absent)
            .map(|(name, _)| name.as_str())
            .collect(),
        _ => Vec::new(),
    }
}

fn demanded<'s>(steps: &'s [Step], id: &str) -> Option<&'s Matcher> {
    steps.iter().find_map(|step| match &step.kind {
        StepKind::Expect(expect) => expect.conditions.iter().find(|it| it.id == id).map(|it| &it.matcher),
        StepKind::When { steps, .. } => demanded(steps, id),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::Exchange;

    fn get(path: &str, body: &str) -> Record {
        let exchange = Exchange::Http {
            method: "GET".to_owned(),
            path: format!("/redfish/v1/{path}"),
            status: 200,
            request: None,
            response: Some(body.into()),
            retry_after: None,
        };
        Record { at: 0, exchange, same_body_as: None, injected: None }
    }

    fn command(netfn: u8, command: u8, data: &str) -> Record {
        let exchange = Exchange::Ipmi {
            netfn,
            command,
            data: data.to_owned(),
            sequence: 0,
            completion: Some(0),
            response: None,
            session_sequence: 0,
        };
        Record { at: 0, exchange, same_body_as: None, injected: None }
    }

    fn is_the_drivers(records: &[Record]) -> bool {
        let truth = json!({"bmc-mac": "02:00:00:00:00:01", "model": "Anvil 2"});
        let said = json!({"model": "Anvil 2"});
        never_asked_for(&["bmc-mac"], Operation::IdentityRead, &said, Some(&truth), records)
    }

    #[test]
    fn a_driver_that_never_reads_the_interfaces_of_the_manager_cannot_know_its_mac_address() {
        let link = r#"{"EthernetInterfaces": {"@odata.id": "/redfish/v1/Managers/1/EthernetInterfaces"}}"#;
        assert!(is_the_drivers(&[]));
        assert!(is_the_drivers(&[get("Systems/1", "{}")]));
        assert!(is_the_drivers(&[get("Managers/1", link)]));
        assert!(is_the_drivers(&[get("Managers/1", link), get("Systems/1/EthernetInterfaces/1", "{}")]));
        assert!(!is_the_drivers(&[get("Managers/1", link), get("Managers/1/EthernetInterfaces/1", "{}")]));
        assert!(!is_the_drivers(&[get("Managers/1", "{}")]), "a manager without a link to them");
    }

    #[test]
    fn a_command_that_is_refused_for_want_of_privilege_is_the_drivers_where_it_never_asked_for_more() {
        let mut refused = command(0x00, 0x02, "01");
        if let Exchange::Ipmi { completion, .. } = &mut refused.exchange {
            *completion = Some(0xd4);
        }
        assert!(wire::never_raised(&[command(0x00, 0x01, ""), refused.clone()], 1));
        assert!(!wire::never_raised(&[command(0x06, 0x3b, "04"), refused.clone()], 1), "it asked");
        assert!(!wire::never_raised(&[refused, command(0x00, 0x02, "01")], 1), "it was not refused");
    }

    #[test]
    fn a_host_that_is_as_it_is_wanted_already_is_so_by_the_bmcs_word_alone() {
        let off = get("Systems/1", r#"{"PowerState": "Off"}"#);
        assert_eq!(settled(Operation::PowerOn, &[]), Some("never asks"));
        assert_eq!(settled(Operation::PowerOn, &[get("Chassis/1", "{}")]), Some("never asks"));
        assert_eq!(settled(Operation::PowerOn, std::slice::from_ref(&off)), Some("misread"));
        assert_eq!(settled(Operation::PowerOff, &[off]), None, "the BMC has told it");
        assert_eq!(settled(Operation::PowerCycle, &[]), None, "which is never so already");
    }

    #[test]
    fn the_same_over_ipmi_is_parameter_5_of_the_lan_configuration() {
        assert!(is_the_drivers(&[command(0x06, 0x01, ""), command(0x0c, 0x02, "01030000")]));
        assert!(!is_the_drivers(&[command(0x0c, 0x02, "01050000")]));
    }
}
