//! Named ways in which a BMC is wrong, or merely odd. A platform or a scenario switches them on by name.
//!
//! Each is exactly that wrong and nothing else. It is a row: what it does to commands, to what the firmware shows, to the
//! rules of the boot, to the resources and the manners of the Redfish face, or to its answers. No handler asks which deviation is on.

mod ami;
mod bmc;
mod boot;
mod broken;
mod dell;
mod hpe;
mod identify;
mod identity;
mod ipmi;
mod ipmi_console;
mod ipmi_storage;
mod ipmi_users;
mod lenovo;
mod openbmc;
mod others;
mod parts;
mod power;
mod quirks;
mod session;
mod shape;
mod supermicro;
mod vendor;
mod wrong;

use std::{fmt, sync::OnceLock};

use serde_json::{Map, Value};

use crate::{
    firmware::{Facts, Ruling, View},
    ipmi::{Heard, Manners, Reply},
    machine::{Command, Rules},
    redfish::{Answer, Asked, Documents, Policy},
};

/// What a row makes of a POST or PATCH: an answer in place of the handler's, or another body.
type Change = fn(&Asked<'_>, &mut Map<String, Value>) -> Option<Answer>;

/// What a row makes of an IPMI request of somebody who may send it: an answer in place of the command's, or other data.
type Hear = fn(&Heard<'_>, &mut Vec<u8>) -> Option<Reply>;

/// A row: a name, what it means, and what it changes.
#[derive(Clone, Copy)]
pub struct Deviation {
    /// The name in profiles, scenarios and the catalogue of faults.
    pub name: &'static str,
    /// What such a BMC does, in a sentence.
    pub about: &'static str,
    /// What a BMC can only do in one way: such a row takes the place of those that its platform has.
    pub(crate) topic: Option<&'static str>,
    pub(crate) command: Option<fn(Command, &Facts) -> Ruling>,
    pub(crate) view: Option<fn(&mut View, &Facts)>,
    pub(crate) rules: Option<fn(&mut Rules)>,
    pub(crate) policy: Option<fn(&mut Policy)>,
    pub(crate) tree: Option<fn(&mut Documents)>,
    pub(crate) request: Option<fn(&Asked<'_>) -> Option<Answer>>,
    pub(crate) change: Option<Change>,
    pub(crate) answer: Option<fn(&Asked<'_>, &mut Answer)>,
    pub(crate) manners: Option<fn(&mut Manners)>,
    pub(crate) ipmi_request: Option<Hear>,
    pub(crate) ipmi_answer: Option<fn(&Heard<'_>, &mut Reply)>,
}

impl Deviation {
    /// A row that changes nothing yet.
    const fn named(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            topic: None,
            command: None,
            view: None,
            rules: None,
            policy: None,
            tree: None,
            request: None,
            change: None,
            answer: None,
            manners: None,
            ipmi_request: None,
            ipmi_answer: None,
        }
    }

    /// One of several ways to go about this.
    const fn one_way_of(self, topic: &'static str) -> Self {
        Self { topic: Some(topic), ..self }
    }

    const fn on_command(self, command: fn(Command, &Facts) -> Ruling) -> Self {
        Self { command: Some(command), ..self }
    }

    const fn on_view(self, view: fn(&mut View, &Facts)) -> Self {
        Self { view: Some(view), ..self }
    }

    const fn on_rules(self, rules: fn(&mut Rules)) -> Self {
        Self { rules: Some(rules), ..self }
    }

    const fn on_policy(self, policy: fn(&mut Policy)) -> Self {
        Self { policy: Some(policy), ..self }
    }

    const fn on_tree(self, tree: fn(&mut Documents)) -> Self {
        Self { tree: Some(tree), ..self }
    }

    const fn on_request(self, request: fn(&Asked<'_>) -> Option<Answer>) -> Self {
        Self { request: Some(request), ..self }
    }

    /// A POST or PATCH of somebody who may: refused, or its body read in another way, before it is looked at.
    const fn on_change(self, change: Change) -> Self {
        Self { change: Some(change), ..self }
    }

    const fn on_answer(self, answer: fn(&Asked<'_>, &mut Answer)) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// The manners of the IPMI face.
    const fn on_manners(self, manners: fn(&mut Manners)) -> Self {
        Self { manners: Some(manners), ..self }
    }

    const fn on_ipmi_request(self, request: Hear) -> Self {
        Self { ipmi_request: Some(request), ..self }
    }

    const fn on_ipmi_answer(self, answer: fn(&Heard<'_>, &mut Reply)) -> Self {
        Self { ipmi_answer: Some(answer), ..self }
    }
}

impl fmt::Debug for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deviation({})", self.name)
    }
}

/// Every deviation there is, by area.
pub fn deviations() -> &'static [Deviation] {
    static ALL: OnceLock<Vec<Deviation>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            power::ROWS,
            boot::ROWS,
            identify::ROWS,
            identity::ROWS,
            session::ROWS,
            bmc::ROWS,
            quirks::ROWS,
            shape::ROWS,
            wrong::ROWS,
            broken::ROWS,
            supermicro::ROWS,
            lenovo::ROWS,
            ami::ROWS,
            openbmc::ROWS,
            others::ROWS,
            dell::ROWS,
            hpe::ROWS,
            ipmi::ROWS,
            ipmi_console::ROWS,
            ipmi_storage::ROWS,
            ipmi_users::ROWS,
        ]
        .concat()
    })
}

/// The deviation with this name.
pub(crate) fn named(name: &str) -> Result<&'static Deviation, UnknownDeviation> {
    let found = deviations().iter().find(|row| row.name == name);
    found.ok_or_else(|| UnknownDeviation { name: name.to_owned() })
}

/// Those of a platform beside these: a BMC goes about a topic in one way, and what is asked for counts more.
pub(crate) fn beside<'n>(built_in: &'n [String], given: &[&'n str]) -> Vec<&'n str> {
    let topic = |name: &str| named(name).ok().and_then(|row| row.topic);
    let is_taken =
        |name: &&str| topic(name).is_some_and(|it| given.iter().any(|given| topic(given) == Some(it)));
    built_in.iter().map(String::as_str).filter(|name| !is_taken(name)).chain(given.iter().copied()).collect()
}

/// A name that no deviation has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownDeviation {
    /// What was given.
    pub name: String,
}

impl fmt::Display for UnknownDeviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = deviations().iter().map(|row| row.name).collect();
        write!(f, "unknown deviation {:?}: expected one of {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownDeviation {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_given_once() {
        let names: BTreeSet<_> = deviations().iter().map(|row| row.name).collect();
        assert_eq!(names.len(), deviations().len());
    }

    #[test]
    fn every_row_changes_something() {
        let idle = |row: &&Deviation| {
            row.command.is_none()
                && row.view.is_none()
                && row.rules.is_none()
                && row.policy.is_none()
                && row.tree.is_none()
                && row.request.is_none()
                && row.change.is_none()
                && row.answer.is_none()
                && row.manners.is_none()
                && row.ipmi_request.is_none()
                && row.ipmi_answer.is_none()
        };
        assert_eq!(deviations().iter().find(idle).map(|row| row.name), None);
    }

    #[test]
    fn a_topic_is_gone_about_in_the_way_that_is_asked_for() {
        let platform = ["ami-etag-demanded", "ami-own-etag-refused", "clock-years-off"].map(str::to_owned);
        assert_eq!(beside(&platform, &["etag-unquoted"]), ["clock-years-off", "etag-unquoted"]);
        assert_eq!(beside(&platform, &["power-lies"]).len(), 4);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        let error = named("power-lie").unwrap_err().to_string();
        assert!(error.contains("\"power-lie\"") && error.contains("power-lies"), "{error}");
    }
}
