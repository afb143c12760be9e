//! Actions (DSP0266 §7.11): by name; each validates its parameters and becomes commands.

mod certificate;
mod defaults;
mod log;
pub(crate) mod media;
mod oem;
pub(crate) mod settings;
mod test_event;
mod update;

use serde_json::{Map, Value};

use super::{
    answer::Answer,
    change::{accepted, carry_out, refused},
    handle::Scene,
    messages::{not_found, refuse},
    policy::WhenOff,
    tree::{Action, Document},
};
use crate::machine::{Command, Power, Refusal};

/// Every `ResetType` that there is (DSP0268 Resource.ResetType), as far as a machine of ours knows what it means.
const RESET_TYPES: &[&str] = &[
    "On",
    "ForceOff",
    "GracefulShutdown",
    "GracefulRestart",
    "ForceRestart",
    "Nmi",
    "ForceOn",
    "PushPowerButton",
    "PowerCycle",
];

/// What an action was given.
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) resource: &'a Document,
    pub(crate) body: &'a Map<String, Value>,
}

/// Carries an action out.
pub(crate) fn carry(scene: &Scene<'_>, action: &Action, body: &Map<String, Value>) -> Answer {
    let call = Call { name: &action.name, resource: scene.tree().resource_of(action), body };
    match call.name {
        "ComputerSystem.Reset" if &*call.resource.path == scene.tree().system() => reset_system(scene, &call),
        "Manager.Reset" if &*call.resource.path == scene.tree().manager() => reset_manager(scene, &call),
        "ComputerSystem.SetDefaultBootOrder" => defaults::boot_order(scene, &call),
        "Manager.ResetToDefaults" if &*call.resource.path == scene.tree().manager() => {
            defaults::manager(scene, &call)
        }
        "Bios.ResetBios" => settings::reset(scene, &call),
        "SecureBoot.ResetKeys" => settings::reset_keys(scene, &call),
        "VirtualMedia.InsertMedia" => media::insert(scene, &call),
        "VirtualMedia.EjectMedia" => media::eject(scene, &call),
        "EventService.SubmitTestEvent" => test_event::submit(scene, &call),
        "CertificateService.ReplaceCertificate" => certificate::replace(scene, &call),
        "CertificateService.GenerateCSR" => certificate::request(scene, &call),
        "UpdateService.SimpleUpdate" => update::simple(scene, &call),
        "LogService.ClearLog" => log::clear(scene, &call),
        "HpeComputerSystemExt.PowerButton" if &*call.resource.path == scene.tree().system() => {
            oem::power_button(scene, &call)
        }
        "DellLCService.GetRemoteServicesAPIStatus" => oem::remote_services(scene, &call),
        _ => not_found(&call.resource.path),
    }
}

fn reset_system(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let word = match call.reset_type(scene, RESET_TYPES) {
        Ok(Some(word)) => word,
        Ok(None) => return refuse(400, "ActionParameterMissing", &[call.name, "ResetType"]),
        Err(problem) => return problem,
    };
    let command = reset_command(word, scene.view().power);
    let done = carry_out(scene, &[command]).or_else(|refusal| match refusal {
        Refusal::HostIsOff if starts(scene, word) => carry_out(scene, &[Command::PowerOn]),
        _ => Err(refusal),
    });
    match done {
        Ok(()) => accepted(scene, Answer::no_content),
        Err(refusal) => refused(refusal, word),
    }
}

/// Whether this switches on a host that is off.
fn starts(scene: &Scene<'_>, word: &str) -> bool {
    matches!(word, "ForceRestart" | "PowerCycle") && scene.policy().restart_when_off == WhenOff::Starts
}

/// Without a `ResetType` a restart is what is meant.
fn reset_manager(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let warm = match call.reset_type(scene, &["ForceRestart", "GracefulRestart"]) {
        Ok(word) => word == Some("GracefulRestart"),
        Err(problem) => return problem,
    };
    match carry_out(scene, &[Command::BmcReset { warm }]) {
        Ok(()) => accepted(scene, Answer::no_content),
        Err(refusal) => refused(refusal, "ForceRestart"),
    }
}

fn reset_command(word: &str, power: Power) -> Command {
    match word {
        "On" | "ForceOn" => Command::PowerOn,
        "ForceOff" => Command::PowerOff,
        "GracefulRestart" | "ForceRestart" => Command::Reset,
        "Nmi" => Command::Nmi,
        "PushPowerButton" if power == Power::Off => Command::PowerOn,
        "PowerCycle" => Command::Cycle,
        _ => Command::Shutdown,
    }
}

impl Call<'_> {
    /// The `ResetType` that was given, if any: one of those that are known and that this resource allows.
    fn reset_type(&self, scene: &Scene<'_>, known: &[&'static str]) -> Result<Option<&'static str>, Answer> {
        self.no_other_than(&["ResetType"])?;
        let Some(word) = self.text("ResetType")? else { return Ok(None) };
        let Some(known) = known.iter().find(|known| **known == word) else {
            return Err(refuse(400, "ActionParameterValueNotInList", &[word, "ResetType", self.name]));
        };
        match self.allowable(scene, "ResetType") {
            Some(allowed) if !allowed.iter().any(|it| it == known) => {
                Err(refuse(400, "ActionParameterNotSupported", &["ResetType", self.name]))
            }
            _ => Ok(Some(known)),
        }
    }

    /// Refuses parameters beside these.
    pub(crate) fn no_other_than(&self, known: &[&str]) -> Result<(), Answer> {
        let is_strange = |key: &&String| !known.contains(&key.as_str()) && !key.contains('@');
        match self.body.keys().find(is_strange) {
            None => Ok(()),
            Some(parameter) => Err(refuse(400, "ActionParameterUnknown", &[self.name, parameter])),
        }
    }

    /// A parameter that is a text.
    pub(crate) fn text(&self, parameter: &str) -> Result<Option<&str>, Answer> {
        match self.body.get(parameter) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(other, parameter)),
        }
    }

    /// This parameter has another type.
    pub(crate) fn wrong_type(&self, value: &Value, parameter: &str) -> Answer {
        refuse(400, "ActionParameterValueTypeError", &[&value.to_string(), parameter, self.name])
    }

    /// The values that the resource, or its ActionInfo, lists for a parameter.
    pub(crate) fn allowable<'s>(&'s self, scene: &'s Scene<'_>, parameter: &str) -> Option<&'s [Value]> {
        let action = self.resource.template().pointer(&format!("/Actions/#{}", self.name))?;
        if let Some(listed) = action.get(format!("{parameter}@Redfish.AllowableValues")) {
            return listed.as_array().map(Vec::as_slice);
        }
        let info = scene.tree().document(action["@Redfish.ActionInfo"].as_str()?)?;
        let parameters = info.template()["Parameters"].as_array()?;
        let parameter = parameters.iter().find(|it| it["Name"] == parameter)?;
        parameter["AllowableValues"].as_array().map(Vec::as_slice)
    }
}
