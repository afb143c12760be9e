//! Settings of the host firmware (DSP0266 §9.10; DSP0268 Bios, SecureBoot): written now, taken over when the host starts
//! the next time.

use serde_json::{Map, Value, json};

use super::Call;
use crate::redfish::{
    answer::Answer,
    change::accepted,
    handle::Scene,
    messages::{about, error, message, refuse},
    patch::as_it_is,
    show,
    tree::{Document, Tree},
};

/// Whether attributes can be written here: a `Bios` that does not say that another resource is for that.
pub(crate) fn takes_attributes(document: &Document) -> bool {
    let template = document.template();
    &*document.kind == "Bios"
        && template.get("@Redfish.Settings").is_none()
        && template["Attributes"].is_object()
}

/// A PATCH of attributes.
pub(crate) fn patch(scene: &Scene<'_>, document: &Document, body: &Map<String, Value>) -> Answer {
    let attributes = Attributes::of(scene.tree(), document);
    let mut wrong = Vec::new();
    let mut fine: Vec<(&str, &Value)> = Vec::new();
    for (name, value) in body {
        match (name.as_str(), value) {
            ("Attributes", Value::Object(sent)) => {
                for (name, value) in sent.iter().filter(|(name, _)| !name.contains('@')) {
                    match attributes.check(name, value) {
                        Ok(()) => fine.push((name, value)),
                        Err(said) => wrong.push(about(said, &format!("/Attributes/{name}"))),
                    }
                }
            }
            ("Attributes", other) => {
                let said = message("PropertyValueTypeError", &[&other.to_string(), "Attributes"]);
                wrong.push(about(said, "/Attributes"));
            }
            ("@Redfish.SettingsApplyTime", time) => wrong.extend(against(document, time)),
            (name, _) if name.contains('@') => {}
            (name, _) => {
                let is_there = document.template().get(name).is_some();
                let id = if is_there { "PropertyNotWritable" } else { "PropertyUnknown" };
                wrong.push(about(message(id, &[name]), &format!("/{name}")));
            }
        }
    }
    if !wrong.is_empty() {
        return error(400, wrong);
    }
    if fine.is_empty() {
        return error(400, vec![message("NoOperation", &[])]);
    }
    if scene.changes() {
        attributes.keep(scene, fine.into_iter().map(|(name, value)| (name, value.clone())));
    }
    accepted(scene, || as_it_is(scene, document, &[]))
}

/// `Bios.ResetBios`: every attribute has its default from the next start on.
pub(super) fn reset(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Err(problem) = call.no_other_than(&[]) {
        return problem;
    }
    if scene.changes() {
        let settings = settings_of(scene.tree(), call.resource);
        let attributes = Attributes::of(scene.tree(), settings);
        attributes.keep(scene, attributes.defaults());
        let pending = "/ResetBiosToDefaultsPending";
        if call.resource.template().pointer(pending).is_some() {
            let (path, starts) = (&call.resource.path, scene.look.facts.restarts);
            let mut written = scene.bmc.written();
            written.keep(path, pending, json!(true));
            written.keep_later(path, pending, json!(false), starts);
        }
    }
    accepted(scene, Answer::no_content)
}

/// `SecureBoot.ResetKeys`: without a platform key the firmware is in setup mode, and nothing is checked.
pub(super) fn reset_keys(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let kind = match call.no_other_than(&["ResetKeysType"]).and_then(|()| call.text("ResetKeysType")) {
        Ok(Some(kind)) => kind,
        Ok(None) => return refuse(400, "ActionParameterMissing", &[call.name, "ResetKeysType"]),
        Err(problem) => return problem,
    };
    let known = ["ResetAllKeysToDefault", "DeleteAllKeys", "DeletePK"].contains(&kind);
    let allowed = call.allowable(scene, "ResetKeysType");
    if !known || allowed.is_some_and(|allowed| !allowed.iter().any(|it| it == kind)) {
        return refuse(400, "ActionParameterValueNotInList", &[kind, "ResetKeysType", call.name]);
    }
    if scene.changes() {
        let mode = if kind == "ResetAllKeysToDefault" { "UserMode" } else { "SetupMode" };
        let mut shown = show::value(scene, call.resource);
        shown["SecureBootMode"] = json!(mode);
        let (path, starts) = (&call.resource.path, scene.look.facts.restarts);
        let current = current_boot(&shown, shown["SecureBootEnable"] == true);
        let mut written = scene.bmc.written();
        written.keep_later(path, "/SecureBootMode", json!(mode), starts);
        written.keep_later(path, "/SecureBootCurrentBoot", current, starts);
    }
    accepted(scene, Answer::no_content)
}

/// Secure boot is switched: what is asked for is shown at once, what is so follows with the next start.
pub(crate) fn switch_secure_boot(scene: &Scene<'_>, document: &Document, enable: bool) {
    let current = current_boot(&show::value(scene, document), enable);
    let mut written = scene.bmc.written();
    written.keep(&document.path, "/SecureBootEnable", json!(enable));
    written.keep_later(&document.path, "/SecureBootCurrentBoot", current, scene.look.facts.restarts);
}

/// Nothing is checked in setup mode, whatever is switched on (UEFI 2.10 §32.3).
fn current_boot(shown: &Value, enable: bool) -> Value {
    let checks = enable && shown["SecureBootMode"] != "SetupMode";
    json!(if checks { "Enabled" } else { "Disabled" })
}

/// What stands against an apply time (DSP0266 §9.10.2).
fn against(document: &Document, time: &Value) -> Option<Value> {
    let wanted = time["ApplyTime"].as_str().unwrap_or_default();
    let place = "/@Redfish.SettingsApplyTime/ApplyTime@Redfish.AllowableValues";
    let listed = document.template().pointer(place).and_then(Value::as_array);
    let is_fine = match listed {
        Some(listed) => listed.iter().any(|it| it == wanted),
        None => wanted == "OnReset",
    };
    let said = || message("PropertyValueNotInList", &[wanted, "ApplyTime"]);
    (!is_fine).then(|| about(said(), "/@Redfish.SettingsApplyTime/ApplyTime"))
}

/// The resource that takes the settings of this one: its own settings object, or itself.
fn settings_of<'t>(tree: &'t Tree, document: &'t Document) -> &'t Document {
    let link = document.template().pointer("/@Redfish.Settings/SettingsObject/@odata.id");
    link.and_then(Value::as_str).and_then(|path| tree.document(path)).unwrap_or(document)
}

/// The attributes of one host firmware.
struct Attributes<'t> {
    /// Where they are written.
    settings: &'t Document,
    /// Where they count.
    active: &'t Document,
    /// What the registry says of them, where the service has one.
    registry: Option<&'t [Value]>,
}

impl<'t> Attributes<'t> {
    fn of(tree: &'t Tree, settings: &'t Document) -> Self {
        let is_active =
            |it: &&Document| it.path != settings.path && settings_of(tree, it).path == settings.path;
        let active = tree.documents().iter().filter(|it| it.kind == settings.kind).find(is_active);
        let active = active.unwrap_or(settings);
        let name = active.template()["AttributeRegistry"].as_str().unwrap_or_default();
        let mut registries = tree.documents().iter().filter(|it| &*it.kind == "AttributeRegistry");
        let registry = registries.find(|it| it.template()["Id"] == name);
        let registry =
            registry.and_then(|it| it.template().pointer("/RegistryEntries/Attributes")?.as_array());
        Self { settings, active, registry: registry.map(Vec::as_slice) }
    }

    /// An attribute, as the registry has it.
    fn entry(&self, name: &str) -> Option<&'t Value> {
        self.registry?.iter().find(|it| it["AttributeName"] == name)
    }

    fn check(&self, name: &str, value: &Value) -> Result<(), Value> {
        let shown = &self.settings.template()["Attributes"][name];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let Some(entry) = self.entry(name) else {
            return match shown {
                Value::Null => Err(message("PropertyUnknown", &[name])),
                shown if std::mem::discriminant(shown) != std::mem::discriminant(value) => {
                    Err(message("PropertyValueTypeError", &[&value.to_string(), name]))
                }
                _ => Ok(()),
            };
        };
        if entry["ReadOnly"] == true {
            return Err(message("PropertyNotWritable", &[name]));
        }
        match wrong(entry, value) {
            None => Ok(()),
            Some(id) => Err(message(id, &[&text, name])),
        }
    }

    /// What every attribute is when nobody has changed it: as its registry has it, or, where a recorded tree brought none, as it was
    /// recorded.
    fn defaults(&self) -> Vec<(&'t str, Value)> {
        let shown = self.active.template()["Attributes"].as_object();
        let Some(registry) = self.registry else {
            let shown = shown.into_iter().flatten().filter(|(name, _)| !name.contains('@'));
            return shown.map(|(name, value)| (name.as_str(), value.clone())).collect();
        };
        let has_default =
            |it: &'t Value| Some((it["AttributeName"].as_str()?, it.get("DefaultValue")?.clone()));
        let is_shown = |(name, _): &(&str, Value)| shown.is_some_and(|it| it.contains_key(*name));
        registry.iter().filter_map(has_default).filter(is_shown).collect()
    }

    /// Shows them as pending now, and as they are from the next start on.
    fn keep<'n>(&self, scene: &Scene<'_>, values: impl IntoIterator<Item = (&'n str, Value)>) {
        let starts = scene.look.facts.restarts;
        let mut written = scene.bmc.written();
        for (name, value) in values {
            let pointer = format!("/Attributes/{}", name.replace('~', "~0").replace('/', "~1"));
            // A password is taken, and never shown (DSP0268 AttributeRegistry, Type).
            let is_secret = self.entry(name).is_some_and(|it| it["Type"] == "Password");
            let value = if is_secret { Value::Null } else { value };
            if self.settings.path != self.active.path {
                written.keep(&self.settings.path, &pointer, value.clone());
            }
            written.keep_later(&self.active.path, &pointer, value, starts);
        }
    }
}

/// The message about a value that an attribute cannot have (DSP0268 AttributeRegistry, Attributes).
fn wrong(entry: &Value, value: &Value) -> Option<&'static str> {
    let bound = |name: &str| entry[name].as_i64();
    match (entry["Type"].as_str().unwrap_or_default(), value) {
        ("Enumeration", Value::String(word)) => {
            let mut words = entry["Value"].as_array().into_iter().flatten();
            (!words.any(|it| it["ValueName"] == **word)).then_some("PropertyValueNotInList")
        }
        ("Integer", Value::Number(number)) => match number.as_i64() {
            None => Some("PropertyValueTypeError"),
            Some(number) => {
                let is_low = bound("LowerBound").is_some_and(|least| number < least);
                let is_high = bound("UpperBound").is_some_and(|most| number > most);
                let step = bound("ScalarIncrement").filter(|step| *step > 0).unwrap_or(1);
                let is_between = (number - bound("LowerBound").unwrap_or(0)) % step != 0;
                (is_low || is_high || is_between).then_some("PropertyValueOutOfRange")
            }
        },
        ("String" | "Password", Value::String(text)) => {
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            let is_short = bound("MinLength").is_some_and(|least| length < least);
            let is_long = bound("MaxLength").is_some_and(|most| length > most);
            (is_short || is_long).then_some("PropertyValueOutOfRange")
        }
        ("Boolean", Value::Bool(_)) => None,
        _ => Some("PropertyValueTypeError"),
    }
}
