//! What the desk does.

use serde_json::{Map, Value};

use super::route::{Said, refuse};
use crate::{
    control::Control,
    deviations::deviations,
    machine::{Device, HostAct, Lasting, Led, Mode, Override, Power},
    redfish::{Service, tls::Certificate},
    rules::{HttpRule, Node, Unreadable},
    updates::Image,
};

/// Something happens beside the BMC: `{"act": "pull-ac"}`.
pub(super) fn act(control: &Control, body: &Value) -> Result<(), Said> {
    let words: Vec<_> = HostAct::ALL.iter().map(|it| it.word()).collect();
    let what = format!("{{\"act\": …}} with one of {}", words.join(", "));
    let act = only(body, "act", &what)?;
    control.act(Node::new("/act", act).word(&words, HostAct::from_word)?);
    Ok(())
}

/// A mark in the truth log: `{"note": "step 2"}`.
pub(super) fn note(control: &Control, body: &Value) -> Result<(), Said> {
    const WHAT: &str = "{\"note\": \"…\"}";
    let note = Node::new("/note", only(body, "note", WHAT)?).text("a text")?;
    // Nobody can write what the machine would write.
    control.note(&format!("note:{}", note.chars().take(200).collect::<String>()));
    Ok(())
}

/// What images of software hold from now on: `{"bios.bin": {"software": "HW-BIOS", "version": "2.5.0"}}`.
pub(super) fn images(control: &Control, body: &Value) -> Result<(), Said> {
    const WHAT: &str = "{\"FILE\": {\"software\": \"…\", \"version\": \"…\"}}";
    let Value::Object(files) = body else { return Ok(Node::new("", body).wrong(WHAT)?) };
    let mut images = Vec::with_capacity(files.len());
    for (file, holds) in files {
        let at = format!("/{file}");
        let node = Node::new(&at, holds);
        let object = node.object(&["software", "version"], WHAT)?;
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(software), Some(version)) = (text("software"), text("version")) else {
            return Ok(node.wrong(WHAT)?);
        };
        images.push((file, Image { software, version }));
    }
    images.into_iter().for_each(|(file, image)| control.know_image(file, image));
    Ok(())
}

/// Preconditions: `{"power": "powered-on", "boot.override": null, "boot.default": "disk", "identify": "lit"}`; what is not
/// given stays. All of it is read before anything is done.
pub(super) fn establish(control: &Control, body: &Value) -> Result<(), Said> {
    const KNOWN: [&str; 4] = ["power", "boot.override", "boot.default", "identify"];
    let object = Node::new("", body).object(&KNOWN, "{\"power\": \"powered-on\", …}")?;
    let power = word(object, "power", Power::ALL, Power::word)?;
    let default = word(object, "boot.default", Device::ALL, Device::word)?;
    let led = word(object, "identify", Led::ALL, Led::word)?;
    let to = object.get("boot.override").map(override_).transpose()?;
    if matches!(power, Some(Power::PoweringOn | Power::PoweringOff)) {
        let at = Node::new("/power", &body["power"]);
        return Ok(at.wrong("powered-on or powered-off: a transition cannot be established")?);
    }
    default.into_iter().for_each(|device| control.set_default_boot(device));
    power.into_iter().for_each(|power| control.establish_power(power));
    to.into_iter().for_each(|to| control.establish_override(to));
    led.into_iter().for_each(|led| control.establish_led(led));
    Ok(())
}

fn override_(value: &Value) -> Result<Option<Override>, Unreadable> {
    if value.is_null() {
        return Ok(None);
    }
    const WHAT: &str = "null or {\"device\": \"pxe\", \"lasting\": \"once\", \"mode\": \"uefi\"}";
    let node = Node::new("/boot.override", value);
    let object = node.object(&["device", "lasting", "mode"], WHAT)?;
    let Some(device) = word(object, "device", Device::ALL, Device::word)? else { return node.wrong(WHAT) };
    let lasting = word(object, "lasting", Lasting::ALL, Lasting::word)?.unwrap_or(Lasting::Once);
    let mode = word(object, "mode", Mode::ALL, Mode::word)?.unwrap_or(Mode::Uefi);
    Ok(Some(Override { device, lasting, mode }))
}

/// Replaces the deviations by these, beside those of the profile: `["power-lies"]`.
pub(super) fn deviate(control: &Control, body: &Value) -> Result<(), Said> {
    const WHAT: &str = "a list of names of deviations, as GET /deviations has them";
    let names = Node::new("", body).list(WHAT)?;
    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    let Some(names) = names else { return Ok(Node::new("", body).wrong(WHAT)?) };
    if let Some(place) = names.iter().position(|name| deviations().iter().all(|it| it.name != *name)) {
        let at = format!("/{place}");
        return Ok(Node::new(&at, &body[place]).wrong(WHAT)?);
    }
    control.deviate(&names).map_err(|unknown| refuse(400, unknown.to_string(), WHAT))
}

/// Who connects from now on is shown this: `{"certificate": "-----BEGIN …", "key": "-----BEGIN …"}`, both PEM.
pub(super) fn certificate(service: &Service, body: &Value) -> Result<(), Said> {
    const WHAT: &str = "{\"certificate\": \"…\", \"key\": \"…\"}, both PEM";
    let object = Node::new("", body).object(&["certificate", "key"], WHAT)?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let (Some(chain), Some(key)) = (text("certificate"), text("key")) else {
        return Err(refuse(400, "certificate and key are texts", WHAT));
    };
    let made = Certificate::from_pem(chain.as_bytes(), key.as_bytes());
    match service.show_certificate(made.map_err(|problem| refuse(400, problem.to_string(), WHAT))?) {
        true => Ok(()),
        false => {
            Err(refuse(409, "this BMC has no certificate of its own", "a BMC with TLS on a port of its own"))
        }
    }
}

/// Replaces the rules of the wire.
pub(super) fn set_rules(service: &Service, body: &Value) -> Result<(), Said> {
    service.set_rules(HttpRule::read_all(body)?);
    Ok(())
}

/// The one member that an object has.
fn only<'v>(body: &'v Value, name: &str, what: &str) -> Result<&'v Value, Unreadable> {
    let node = Node::new("", body);
    node.object(&[name], what)?.get(name).map_or_else(|| node.wrong(what), Ok)
}

/// A member that is a word, where it is there.
fn word<T: Copy>(
    object: &Map<String, Value>,
    name: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> Result<Option<T>, Unreadable> {
    let Some(value) = object.get(name) else { return Ok(None) };
    let at = format!("/{name}");
    let words: Vec<_> = all.iter().map(|it| word(*it)).collect();
    let meaning = |given: &str| all.iter().copied().find(|it| word(*it) == given);
    Node::new(&at, value).word(&words, meaning).map(Some)
}
