//! A PATCH (DSP0266 §7.7): taken apart into properties, each of which can be written, or says why not.

use serde_json::{Map, Value, json};

use super::{
    actions::{media, settings},
    answer::{Answer, Body},
    change::{accepted, carry_out, refused},
    handle::Scene,
    messages::{about, error, message},
    show,
    tree::{Document, tagged, target_word},
    writable::{Effect, Form, Wrong, changed, check, holds_writable, writable},
};
use crate::machine::{Command, Device, Lasting, Led, Mode, Override, Restore};

/// The addresses that an interface uses.
const USED: &str = "/IPv4Addresses";

/// A property that was sent.
struct Leaf<'b> {
    pointer: String,
    value: &'b Value,
}

/// What is to be done.
struct Work<'b> {
    led: Led,
    kept: Vec<(String, Value)>,
    commands: Vec<Command>,
    boot: Boot<'b>,
    boot_order: Option<&'b Value>,
    clock: Option<&'b Value>,
    secure_boot: Option<bool>,
    restore: Option<Restore>,
    /// The addresses that are in use from now on; without one those that the machine has.
    address: Option<Option<Value>>,
    medium: Vec<(String, &'b Value)>,
    fine: usize,
    /// Nobody can ever write these: the rest may still be done.
    hopeless: Vec<Value>,
    /// These have a value that they cannot have: nothing is done.
    wrong: Vec<Value>,
}

#[derive(Default)]
struct Boot<'b> {
    enabled: Option<&'b str>,
    target: Option<&'b str>,
    mode: Option<&'b str>,
}

/// Changes a resource of the tree.
pub(crate) fn patch(scene: &Scene<'_>, document: &Document, body: &Map<String, Value>) -> Answer {
    if settings::takes_attributes(document) {
        return settings::patch(scene, document, body);
    }
    let shown = show::value(scene, document);
    let mut leaves = Vec::new();
    take_apart(document, &shown, body, "", &mut leaves);
    if leaves.is_empty() {
        return error(400, vec![message("NoOperation", &[])]);
    }
    let mut work = Work::new(scene.view().led);
    leaves.iter().for_each(|leaf| work.sort(leaf, document, &shown));
    if work.wrong.is_empty() && &*document.kind == "AccountService" {
        work.wrong.extend(conflicts(&leaves, &shown));
    }
    if !work.wrong.is_empty() || work.fine == 0 {
        return error(400, work.wrong.into_iter().chain(work.hopeless).collect());
    }
    work.carry_out(scene, document)
}

/// Numbers of which one may not be more than the other (DSP0268 AccountService); 0 is no limit.
const ORDERED: [(&str, &str); 2] = [
    ("AccountLockoutCounterResetAfter", "AccountLockoutDuration"),
    ("MinPasswordLength", "MaxPasswordLength"),
];

/// A message for each pair that would be in the wrong order with what is sent.
fn conflicts(leaves: &[Leaf<'_>], shown: &Value) -> Vec<Value> {
    let sent = |name: &str| leaves.iter().find(|it| it.pointer[1..] == *name).map(|it| it.value);
    let conflict = |(less, most): (&str, &str)| {
        let first = if sent(less).is_some() { (less, most) } else { (most, less) };
        sent(first.0)?;
        let number = |name: &str| sent(name).unwrap_or(&shown[name]).as_u64();
        let (least, limit) = (number(less)?, number(most)?);
        (limit > 0 && least > limit).then(|| message("PropertyValueConflict", &[first.0, first.1]))
    };
    ORDERED.into_iter().filter_map(conflict).collect()
}

/// Every property that was sent, at its pointer; annotations are none.
fn take_apart<'b>(
    document: &Document,
    shown: &Value,
    body: &'b Map<String, Value>,
    at: &str,
    leaves: &mut Vec<Leaf<'b>>,
) {
    for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        let is_inside = shown.pointer(&pointer).is_some_and(Value::is_object);
        match value {
            Value::Object(inner) if is_inside && writable(document, &pointer).is_none() => {
                take_apart(document, shown, inner, &pointer, leaves);
            }
            _ => leaves.push(Leaf { pointer, value }),
        }
    }
}

impl<'b> Work<'b> {
    fn new(led: Led) -> Self {
        Self {
            led,
            kept: Vec::new(),
            commands: Vec::new(),
            boot: Boot::default(),
            boot_order: None,
            clock: None,
            secure_boot: None,
            restore: None,
            address: None,
            medium: Vec::new(),
            fine: 0,
            hopeless: Vec::new(),
            wrong: Vec::new(),
        }
    }

    fn sort(&mut self, leaf: &Leaf<'b>, document: &Document, shown: &Value) {
        let (pointer, value) = (leaf.pointer.as_str(), leaf.value);
        let name = pointer.rsplit('/').next().unwrap_or(pointer);
        let is_there = shown.pointer(pointer).is_some();
        match writable(document, pointer) {
            Some((form, effect)) if is_there => match check(form, pointer, value, shown) {
                Ok(()) => self.take(pointer, value, effect, form, shown),
                Err(wrong) => self.wrong.push(about(complaint(wrong, form, value, name), pointer)),
            },
            None if is_there && holds_writable(document, pointer) => {
                let said = message("PropertyValueTypeError", &[&value.to_string(), name]);
                self.wrong.push(about(said, pointer));
            }
            _ => {
                let id = if is_there { "PropertyNotWritable" } else { "PropertyUnknown" };
                self.hopeless.push(about(message(id, &[name]), pointer));
            }
        }
    }

    fn take(&mut self, pointer: &str, value: &'b Value, effect: Effect, form: Form, shown: &Value) {
        self.fine += 1;
        match effect {
            Effect::Keep => self.keep(pointer, value, form, shown),
            Effect::StaticAddresses => {
                self.keep(pointer, value, form, shown);
                let first = self.kept.last().and_then(|(_, list)| list.get(0)).filter(|it| it.is_object());
                let used = first.map(|it| {
                    let mut used = it.clone();
                    used["AddressOrigin"] = json!("Static");
                    json!([used])
                });
                self.address = Some(used);
            }
            Effect::OverrideEnabled => self.boot.enabled = value.as_str(),
            Effect::OverrideTarget => self.boot.target = value.as_str(),
            Effect::OverrideMode => self.boot.mode = value.as_str(),
            Effect::IndicatorLed => self.light(light(value.as_str().unwrap_or_default())),
            // A light that blinks is active already.
            Effect::LocationIndicator if value == &json!(true) && self.led != Led::Unlit => {}
            Effect::LocationIndicator if value == &json!(true) => self.light(Led::Lit),
            Effect::LocationIndicator => self.light(Led::Unlit),
            Effect::Restore => self.restore = value.as_str().map(restore),
            Effect::BootOrder => {
                self.boot_order = Some(value);
                self.kept.push((pointer.to_owned(), value.clone()));
            }
            Effect::Clock => self.clock = Some(value),
            Effect::SecureBoot => self.secure_boot = value.as_bool(),
            Effect::Medium => self.medium.push((pointer.to_owned(), value)),
        }
    }

    fn keep(&mut self, pointer: &str, value: &Value, form: Form, shown: &Value) {
        let value = match (form, value) {
            (Form::Texts | Form::Objects(_), Value::Array(items)) => {
                changed(shown.pointer(pointer), items).into()
            }
            _ => value.clone(),
        };
        self.kept.push((pointer.to_owned(), value));
    }

    fn light(&mut self, led: Led) {
        self.commands.push(Command::SetLed { led, lasting: None });
    }

    fn carry_out(self, scene: &Scene<'_>, document: &Document) -> Answer {
        let mut commands = self.commands;
        if self.boot.enabled.is_some() || self.boot.target.is_some() || self.boot.mode.is_some() {
            if self.boot.is_idle(scene.view().override_) {
                return self.boot.idle();
            }
            commands.push(Command::SetOverride(self.boot.becomes(scene.view().override_)));
        }
        if let Err(refusal) = carry_out(scene, &commands) {
            return refused(refusal, "Boot");
        }
        if !self.medium.is_empty()
            && scene.changes()
            && let Err(problem) = media::patch(scene, document, &self.medium)
        {
            return problem;
        }
        if let Some(restore) = self.restore.filter(|_| scene.changes()) {
            scene.bmc.with(|firmware, _| firmware.machine.set_restore(restore));
        }
        if let Some(enable) = self.secure_boot {
            settings::switch_secure_boot(scene, document, enable);
        }
        for (pointer, value) in self.kept {
            if &*document.kind == "EventService" && pointer == "/ServiceEnabled" && value == false {
                scene.events.end_streams();
            }
            scene.bmc.written().keep(&document.path, &pointer, value);
        }
        match self.address {
            Some(Some(used)) => scene.bmc.written().keep(&document.path, USED, used),
            Some(None) => scene.bmc.written().forget(&document.path, USED),
            None => {}
        }
        if let Some(order) = self.boot_order {
            follow(scene, document, order);
            settle_pending(scene, document, order);
        }
        if let Some(text) = self.clock.and_then(Value::as_str) {
            scene.bmc.set_clock(super::clock::read(text).unwrap_or_default());
        }
        if self.hopeless.is_empty() {
            return accepted(scene, || as_it_is(scene, document, &[]));
        }
        as_it_is(scene, document, &self.hopeless)
    }
}

/// The resource as it is now, with what could not be done (DSP0266 §7.7.1).
pub(crate) fn as_it_is(scene: &Scene<'_>, document: &Document, hopeless: &[Value]) -> Answer {
    let after = scene.again();
    let mut value = show::value(&after, document);
    let tag = show::version(&after, document);
    tagged(&mut value, &tag);
    if !hopeless.is_empty() {
        value["@Message.ExtendedInfo"] = hopeless.into();
    }
    Answer { status: 200, headers: Vec::new(), body: Body::Json(value) }.with_header("ETag", tag)
}

/// Settings that show an order of their own show the one that is in force: there is none that waits.
fn settle_pending(scene: &Scene<'_>, system: &Document, order: &Value) {
    const ORDER: &str = "/Boot/BootOrder";
    let settings = system.template().pointer("/@Redfish.Settings/SettingsObject/@odata.id");
    let settings = settings.and_then(Value::as_str).and_then(|path| scene.tree().document(path));
    if let Some(settings) = settings.filter(|it| it.template().pointer(ORDER).is_some()) {
        scene.bmc.written().keep(&settings.path, ORDER, order.clone());
    }
}

/// The machine boots from what is first in the order, where it knows what that is.
pub(crate) fn follow(scene: &Scene<'_>, system: &Document, order: &Value) {
    let Some(first) = order[0].as_str() else { return };
    let is_first = |value: &Value| {
        let reference = value["BootOptionReference"].as_str();
        reference
            .is_some_and(|it| it == first || first.strip_prefix(it).is_some_and(|rest| rest.starts_with(':')))
    };
    let below = format!("{}/", system.path);
    let options =
        scene.tree().documents().iter().filter(|it| &*it.kind == "BootOption" && it.path.starts_with(&below));
    let alias = options.map(|it| it.template()).find(|it| is_first(it)).and_then(|it| it["Alias"].as_str());
    let device = Device::ALL.iter().find(|device| Some(target_word(**device)) == alias);
    device.into_iter().for_each(|device| scene.bmc.control().set_default_boot(*device));
}

fn restore(word: &str) -> Restore {
    match word {
        "AlwaysOn" => Restore::PowerOn,
        "LastState" => Restore::Previous,
        _ => Restore::StayOff,
    }
}

fn light(word: &str) -> Led {
    match word {
        "Lit" => Led::Lit,
        "Blinking" => Led::Blinking,
        _ => Led::Unlit,
    }
}

impl Boot<'_> {
    /// A target alone, while nothing is overridden: there is nothing that would keep it.
    fn is_idle(&self, now: Option<Override>) -> bool {
        now.is_none() && self.enabled.is_none() && self.target.is_some_and(|target| target != "None")
    }

    fn idle(&self) -> Answer {
        const TARGET: &str = "BootSourceOverrideTarget";
        let said = message("PropertyValueConflict", &[TARGET, "BootSourceOverrideEnabled"]);
        error(400, vec![about(said, &format!("/Boot/{TARGET}"))])
    }

    /// What is not sent stays as it is.
    fn becomes(&self, now: Option<Override>) -> Option<Override> {
        let device = self.target.map_or(now.map(|it| it.device), device)?;
        let lasting = match self.enabled {
            Some("Once") => Lasting::Once,
            Some("Continuous") => Lasting::Continuous,
            Some(_) => return None,
            None => now?.lasting,
        };
        let mode = match self.mode {
            Some("Legacy") => Mode::Legacy,
            Some(_) => Mode::Uefi,
            None => now.map_or(Mode::Uefi, |it| it.mode),
        };
        Some(Override { device, lasting, mode })
    }
}

/// The device behind a word; a CD by USB is a CD.
fn device(target: &str) -> Option<Device> {
    let target = if target == "UsbCd" { "Cd" } else { target };
    Device::ALL.iter().copied().find(|device| target_word(*device) == target)
}

fn complaint(wrong: Wrong, form: Form, value: &Value, name: &str) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match wrong {
        Wrong::Type => message("PropertyValueTypeError", &[&value.to_string(), name]),
        Wrong::Unknown => message("PropertyUnknown", &[name]),
        Wrong::NotInList => message("PropertyValueNotInList", &[&text, name]),
        Wrong::OutOfRange if matches!(form, Form::Text(_) | Form::TextOrNull(_)) => {
            let most = if let Form::Text(most) | Form::TextOrNull(most) = form { most } else { 0 };
            message("StringValueTooLong", &[&text, &most.to_string()])
        }
        Wrong::OutOfRange => message("PropertyValueOutOfRange", &[&text, name]),
        Wrong::Format => message("PropertyValueFormatError", &[&text, name]),
    }
}
