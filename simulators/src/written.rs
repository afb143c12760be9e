//! What was written to a BMC and has no place in the machine: asset tags, names, settings; by resource and property.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

use serde_json::Value;

use crate::sensors::Given;

/// Where a resource says when its settings were taken over, if it says so (DSP0268 Settings.Time).
const SETTLED: &str = "/@Redfish.Settings/Time";

/// Properties by the path of their resource, and by their JSON pointer in it.
#[derive(Debug, Default)]
pub(crate) struct Written {
    kept: BTreeMap<String, BTreeMap<String, Value>>,
    pending: Vec<Pending>,
    /// What sensors were given beside the wire: nobody can write over it.
    given: Given,
}

/// What the host firmware takes over when it starts the next time.
#[derive(Debug)]
struct Pending {
    path: String,
    pointer: String,
    value: Value,
    /// How often the host had started when it was asked for.
    starts: u32,
}

impl Written {
    /// Keeps a property.
    pub(crate) fn keep(&mut self, path: &str, pointer: &str, value: Value) {
        self.kept.entry(path.to_owned()).or_default().insert(pointer.to_owned(), value);
    }

    /// Keeps a property from the next start of the host on; `starts` is how often it has started.
    pub(crate) fn keep_later(&mut self, path: &str, pointer: &str, value: Value, starts: u32) {
        self.pending.retain(|it| it.path != path || it.pointer != pointer);
        self.pending.push(Pending { path: path.to_owned(), pointer: pointer.to_owned(), value, starts });
    }

    /// Takes over what was pending when the host had started less often than now; `moment` says when it started.
    pub(crate) fn settle(&mut self, starts: u32, moment: impl FnOnce() -> String) {
        if self.pending.iter().all(|it| it.starts >= starts) {
            return;
        }
        let (due, later) = std::mem::take(&mut self.pending).into_iter().partition(|it| it.starts < starts);
        self.pending = later;
        let due: Vec<Pending> = due;
        let moment = Value::String(moment());
        for it in due {
            self.keep(&it.path, &it.pointer, it.value);
            self.keep(&it.path, SETTLED, moment.clone());
        }
    }

    /// Whether nothing was written to any property.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What was written to a property, if anything was.
    pub(crate) fn at(&self, path: &str, pointer: &str) -> Option<&Value> {
        self.kept.get(path)?.get(pointer)
    }

    /// Forgets what was written to a property.
    pub(crate) fn forget(&mut self, path: &str, pointer: &str) {
        if let Some(kept) = self.kept.get_mut(path) {
            kept.remove(pointer);
            if kept.is_empty() {
                self.kept.remove(path);
            }
        }
    }

    /// Forgets everything, pending or not, beside what was written to these resources.
    pub(crate) fn forget_all_but(&mut self, stays: impl Fn(&str) -> bool) {
        self.kept.retain(|path, _| stays(path));
        self.pending.retain(|it| stays(&it.path));
    }

    /// What sensors were given beside the wire.
    pub(crate) fn given(&self) -> &Given {
        &self.given
    }

    /// The same, to change it.
    pub(crate) fn given_mut(&mut self) -> &mut Given {
        &mut self.given
    }

    /// Whether anything was written to this resource.
    pub(crate) fn is_in(&self, path: &str) -> bool {
        self.kept.contains_key(path) || self.given.is_in(path)
    }

    /// Puts what was written into a resource's document.
    pub(crate) fn put_into(&self, path: &str, document: &mut Value) {
        for (pointer, value) in self.kept.get(path).into_iter().flatten() {
            put(document, pointer, value);
        }
        self.given.of(path).for_each(|(pointer, value)| put(document, pointer, value));
    }

    /// Adds what was written to a resource to a hash.
    pub(crate) fn hash_of(&self, path: &str, hash: &mut impl Hasher) {
        for (pointer, value) in self.kept.get(path).into_iter().flatten() {
            (pointer, value.to_string()).hash(hash);
        }
        self.given.of(path).for_each(|(pointer, value)| (pointer, value.to_string()).hash(hash));
    }
}

/// Puts a value where it belongs; its object must be there.
fn put(document: &mut Value, pointer: &str, value: &Value) {
    if let Some((parent, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(parent)) = document.pointer_mut(parent)
    {
        parent.insert(name.replace("~1", "/").replace("~0", "~"), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_pending_is_taken_over_when_the_host_has_started_again() {
        let mut written = Written::default();
        written.keep_later("/a", "/Mode", json!("Uefi"), 3);
        written.settle(3, String::new);
        assert!(!written.is_in("/a"));
        written.settle(4, String::new);
        assert_eq!(written.at("/a", "/Mode"), Some(&json!("Uefi")));
        written.forget("/a", "/Mode");
        written.forget("/a", SETTLED);
        assert!(!written.is_in("/a"));
    }

    #[test]
    fn what_was_written_stands_in_the_document() {
        let mut written = Written::default();
        written.keep("/a", "/HTTP/Port", json!(8080));
        let mut document = json!({"HTTP": {"Port": 80}});
        written.put_into("/a", &mut document);
        written.put_into("/b", &mut document);
        assert_eq!(document, json!({"HTTP": {"Port": 8080}}));
        assert!(written.is_in("/a") && !written.is_in("/b"));
    }
}
