//! `$select` (DSP0266 §7.3.1.3): some properties instead of all.

use serde_json::Value;

/// How deep a property may lie.
const DEEPEST: usize = 32;
/// What is always there.
const ALWAYS: [&str; 5] =
    ["@odata.id", "@odata.type", "@odata.context", "@odata.etag", "@Message.ExtendedInfo"];

/// The properties that are asked for, each by the names that lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Select(Vec<Vec<String>>);

impl Select {
    /// Reads a list such as `Name,Status/Health`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let path = |one: &str| {
            let names: Vec<_> = one.trim().split('/').map(str::to_owned).collect();
            let is_path = names.len() <= DEEPEST && names.iter().all(|name| !name.is_empty());
            is_path.then_some(names)
        };
        text.split(',').map(path).collect::<Option<_>>().map(Self)
    }

    /// Takes everything else away. What is said about a property goes where the property goes.
    pub(super) fn keep_in(&self, value: &mut Value) {
        let paths: Vec<_> = self.0.iter().map(Vec::as_slice).collect();
        keep(value, &paths);
    }
}

fn keep(value: &mut Value, paths: &[&[String]]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| keep(item, paths)),
        Value::Object(members) => members.retain(|name, member| {
            let plain = name.split_once('@').map_or(name.as_str(), |(before, _)| before);
            if ALWAYS.contains(&name.as_str()) {
                return true;
            }
            let meant = |path: &&&[String]| path[0] == *name || (!plain.is_empty() && path[0] == plain);
            let inner: Vec<_> = paths.iter().filter(meant).map(|path| &path[1..]).collect();
            if !inner.is_empty() && !inner.iter().any(|path| path.is_empty()) {
                keep(member, &inner);
            }
            !inner.is_empty()
        }),
        _ => {}
    }
}
