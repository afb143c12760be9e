//! The identify light, as system and chassis both show it (DSP0268 IndicatorLED, LocationIndicatorActive).

use serde_json::{Value, json};

use super::patch::{Patch, Problem};
use crate::{
    firmware::View,
    machine::{Command, Led},
    redfish::policy::Policy,
};

/// Adds what this face shows of the light.
pub(crate) fn show(document: &mut Value, view: &View, policy: &Policy) {
    if policy.indicator.has_led() {
        document["IndicatorLED"] = json!(word(view.led));
    }
    if policy.indicator.has_location() {
        document["LocationIndicatorActive"] = json!(view.led != Led::Unlit);
    }
}

/// Takes a change of the light.
pub(crate) fn patch(patch: &mut Patch<'_>, view: &View, policy: &Policy) {
    if policy.indicator.has_led() {
        let word = patch.one_of("IndicatorLED", &["Lit", "Blinking", "Off"]);
        word.into_iter().for_each(|word| patch.change(set(led(word))));
    }
    if policy.indicator.has_location() {
        match patch.take("LocationIndicatorActive") {
            None => {}
            Some(Value::Bool(true)) if view.led != Led::Unlit => {}
            Some(Value::Bool(true)) => patch.change(set(Led::Lit)),
            Some(Value::Bool(false)) => patch.change(set(Led::Unlit)),
            Some(other) => patch.refuse("LocationIndicatorActive", Problem::Type(other)),
        }
    }
}

fn set(led: Led) -> Command {
    Command::SetLed { led, lasting: None }
}

fn word(led: Led) -> &'static str {
    match led {
        Led::Lit => "Lit",
        Led::Blinking => "Blinking",
        Led::Unlit => "Off",
    }
}

fn led(word: &str) -> Led {
    match word {
        "Lit" => Led::Lit,
        "Blinking" => Led::Blinking,
        _ => Led::Unlit,
    }
}
