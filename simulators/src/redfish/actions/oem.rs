//! Actions of makers (DSP0266 §9.12): `HpeComputerSystemExt.PowerButton`, `DellLCService.GetRemoteServicesAPIStatus`.

use serde_json::json;

use super::Call;
use crate::{
    machine::{Command, Host, Power},
    redfish::{
        answer::Answer,
        change::{accepted, carry_out, refused},
        handle::Scene,
        messages::{message, refuse},
    },
};

/// The button at the front, as HPE's iLO has it: `Press` asks the operating system or powers on, `PressAndHold` takes the
/// power away (HPE iLO 6 1.66, recorded).
pub(super) fn power_button(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let kind = match call.no_other_than(&["PushType"]).and_then(|()| call.text("PushType")) {
        Ok(Some(kind)) => kind,
        Ok(None) => return refuse(400, "ActionParameterMissing", &[call.name, "PushType"]),
        Err(problem) => return problem,
    };
    let command = match (kind, scene.view().power) {
        ("Press", Power::Off) => Command::PowerOn,
        ("Press", _) => Command::Shutdown,
        ("PressAndHold", _) => Command::PowerOff,
        _ => return refuse(400, "ActionParameterValueNotInList", &[kind, "PushType", call.name]),
    };
    match carry_out(scene, &[command]) {
        Ok(()) => accepted(scene, Answer::no_content),
        Err(refusal) => refused(refusal, kind),
    }
}

/// Whether an iDRAC and what stands behind it can be spoken to, and what the host is at (DellLCService 1.7.1).
pub(super) fn remote_services(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Err(problem) = call.no_other_than(&[]) {
        return problem;
    }
    let server = match (scene.view().power, scene.view().host) {
        (Power::Off, _) => "PoweredOff",
        (_, Host::Post) => "InPOST",
        _ => "OutOfPOST",
    };
    Answer::ok(json!({
        "@Message.ExtendedInfo": [message("Success", &[])],
        "LCStatus": "Ready",
        "RTStatus": "Ready",
        "ServerStatus": server,
        "Status": "Ready",
    }))
}
