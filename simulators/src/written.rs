//! What was written to a BMC and has no place in the machine: asset tags, names, settings; by resource and property.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

use serde_json::Value;

/// Properties by the path of their resource, and by their JSON pointer in it.
#[derive(Debug, Default)]
pub(crate) struct Written(BTreeMap<String, BTreeMap<String, Value>>);

impl Written {
    /// Keeps a property.
    pub(crate) fn keep(&mut self, path: &str, pointer: &str, value: Value) {
        self.0.entry(path.to_owned()).or_default().insert(pointer.to_owned(), value);
    }

    /// Whether anything was written to this resource.
    pub(crate) fn is_in(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Puts what was written into a resource's document.
    pub(crate) fn put_into(&self, path: &str, document: &mut Value) {
        for (pointer, value) in self.0.get(path).into_iter().flatten() {
            put(document, pointer, value);
        }
    }

    /// Adds what was written to a resource to a hash.
    pub(crate) fn hash_of(&self, path: &str, hash: &mut impl Hasher) {
        for (pointer, value) in self.0.get(path).into_iter().flatten() {
            (pointer, value.to_string()).hash(hash);
        }
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
