//! What is in the virtual media and in the settings of the host's firmware, whatever a face or a deviation makes of it.

use serde_json::{Map, Value, json};

use super::Control;
use crate::{bmc::Look, redfish::Document};

impl Control {
    /// The slots for virtual media, by path: ID, whether an image is in it, and where that comes from.
    pub fn media(&self) -> Value {
        let look = self.0.look();
        let slots = look.tree.documents().iter().filter(|it| &*it.kind == "VirtualMedia");
        let of = |slot: &Document| {
            let slot = self.as_written(slot);
            json!({"id": slot["Id"], "inserted": slot["Inserted"], "image": slot["Image"]})
        };
        slots.map(of).collect()
    }

    /// The settings of the host's firmware: what they are, what is pending, and secure boot; nothing where it has none.
    pub fn bios(&self) -> Option<Value> {
        let look = self.0.look();
        let bios = look.tree.documents().iter().find(|it| is_active(it))?;
        let (now, later) = (self.attributes(bios), self.later(&look, bios));
        let attribute = |(name, value): (&String, &Value)| {
            let mut told = json!({"name": name, "value": value});
            if let Some(later) = later.get(name).filter(|later| *later != value) {
                told["pending"] = later.clone();
            }
            told
        };
        let mut all: Vec<Value> = now.iter().map(attribute).collect();
        all.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        let secure = look.tree.first("SecureBoot").map(|it| self.as_written(it));
        let secure = secure.map(|it| {
            json!({"enabled": it["SecureBootEnable"], "active": it["SecureBootCurrentBoot"] == "Enabled"})
        });
        Some(json!({"attributes": all, "secure-boot": secure}))
    }

    fn later(&self, look: &Look, bios: &Document) -> Map<String, Value> {
        let settings = bios.template().pointer("/@Redfish.Settings/SettingsObject/@odata.id");
        let settings = settings.and_then(Value::as_str).and_then(|path| look.tree.document(path));
        settings.map(|it| self.attributes(it)).unwrap_or_default()
    }

    fn attributes(&self, of: &Document) -> Map<String, Value> {
        self.as_written(of)["Attributes"].as_object().cloned().unwrap_or_default()
    }

    fn as_written(&self, document: &Document) -> Value {
        let mut value = document.template().clone();
        self.0.written().put_into(&document.path, &mut value);
        value
    }
}

/// Whether this is what the host runs with, and not what is pending.
fn is_active(document: &Document) -> bool {
    let template = document.template();
    &*document.kind == "Bios"
        && template["Attributes"].is_object()
        && template.get("@Redfish.Settings").is_some()
}
