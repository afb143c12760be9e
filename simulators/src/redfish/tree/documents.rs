//! The documents of a tree while it is being made: named, renamed, merged, taken away.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use super::page::{Page, unpacked};

/// Documents by path, without a slash at the end. Copies share what is the same in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Documents(BTreeMap<String, Arc<Page>>);

/// A path without the slash at its end.
pub(crate) fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path)
}

impl Documents {
    /// Reads a packed tree: one object, path → document. `None` where it is none.
    pub(crate) fn packed(text: &'static str) -> Option<Self> {
        let all = unpacked(text)?;
        let are_paths = all.iter().all(|(path, _)| path.starts_with("/redfish"));
        are_paths.then(|| {
            Self(all.into_iter().map(|(path, it)| (trimmed(path).to_owned(), Arc::new(it))).collect())
        })
    }

    /// All of them, in the order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.shared().map(|(path, document)| (path, &***document))
    }

    /// All of them, to be shared.
    pub(super) fn shared(&self) -> impl Iterator<Item = (&str, &Arc<Page>)> {
        self.0.iter().map(|(path, document)| (path.as_str(), document))
    }

    /// One of them.
    pub(crate) fn at(&self, path: &str) -> Option<&Value> {
        self.0.get(trimmed(path)).map(|it| &***it)
    }

    /// One of them, to change it.
    pub(crate) fn at_mut(&mut self, path: &str) -> Option<&mut Value> {
        self.0.get_mut(trimmed(path)).map(writable)
    }

    /// All of this schema, to change them.
    pub(crate) fn of_kind<'d>(&'d mut self, kind: &'d str) -> impl Iterator<Item = &'d mut Value> {
        self.0.values_mut().filter(move |document| *document.kind() == *kind).map(writable)
    }

    /// Adds a document, or replaces it. A collection that it would be a member of lists it.
    pub(crate) fn add(&mut self, path: &str, document: Value) {
        let path = trimmed(path);
        self.put(path, document);
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if let Some(Value::Array(members)) = self.at_mut(parent).and_then(|it| it.get_mut("Members"))
            && !members.iter().any(|member| member["@odata.id"] == path)
        {
            members.push(json!({"@odata.id": path}));
            let count = members.len();
            self.at_mut(parent).into_iter().for_each(|it| it["Members@odata.count"] = json!(count));
        }
    }

    /// Adds a document, or replaces it, and nothing else.
    pub(super) fn put(&mut self, path: &str, document: Value) {
        self.0.insert(trimmed(path).to_owned(), Arc::new(document.into()));
    }

    /// Adds all of these.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Merges a patch into a document (RFC 7396): null takes a member away.
    pub(crate) fn merge(&mut self, path: &str, patch: &Value) {
        if let Some(document) = self.at_mut(path) {
            merge(document, patch);
        }
    }

    /// Drops a document, and nothing else.
    pub(crate) fn drop(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// Takes a resource away, with all that lies below it and every link to it.
    pub(crate) fn remove(&mut self, path: &str) {
        let gone = trimmed(path).to_owned();
        self.0.retain(|path, _| !lies_at(path, &gone));
        self.0.values_mut().for_each(|document| unlink(writable(document), &gone));
    }

    /// Applies an overlay: an object with `remove` (paths), `rename` (pairs of paths, old and new), `versions` (schema →
    /// version), `every` (schema → patch of all its documents), `without` (schema → JSON pointers of what none of its documents
    /// has; `*` is every item), `merge` (path → patch, RFC 7396) and `add` (path → document), in the order in which they stand
    /// there.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn overlay(&mut self, text: &str) -> Result<(), String> {
        let Value::Object(overlay) = serde_json::from_str(text).map_err(|error| error.to_string())? else {
            return Err(
                "expected an object with remove, rename, versions, every, without, merge and add".to_owned()
            );
        };
        for (step, with) in &overlay {
            match step.as_str() {
                "remove" => self.take_away(with)?,
                "rename" => self.rename_all(with)?,
                "versions" => {
                    for (kind, version) in
                        with.as_object().ok_or("versions: expected an object, schema → version")?
                    {
                        self.date(kind, version.as_str().ok_or("versions: a version is a text")?);
                    }
                }
                "every" => {
                    for (kind, patch) in
                        with.as_object().ok_or("every: expected an object, schema → patch")?
                    {
                        self.of_kind(kind).for_each(|document| merge(document, patch));
                    }
                }
                "without" => self.lessen(with)?,
                "merge" => self.merge_all(with)?,
                "add" => {
                    let added = with.as_object().ok_or("add: expected an object, path → document")?;
                    added.iter().for_each(|(path, it)| self.add(path, it.clone()));
                }
                other => {
                    return Err(format!(
                        "{other}: expected remove, rename, versions, every, without, merge or add"
                    ));
                }
            }
        }
        Ok(())
    }

    fn take_away(&mut self, paths: &Value) -> Result<(), String> {
        for path in paths.as_array().ok_or("remove: expected a list of paths")? {
            let path = path.as_str().ok_or("remove: expected a list of paths")?;
            self.at(path).ok_or_else(|| format!("remove: there is no {path}"))?;
            self.remove(path);
        }
        Ok(())
    }

    fn rename_all(&mut self, pairs: &Value) -> Result<(), String> {
        const WANTED: &str = "rename: expected a list of pairs, [old path, new path]";
        for pair in pairs.as_array().ok_or(WANTED)? {
            let (from, to) = (pair[0].as_str().ok_or(WANTED)?, pair[1].as_str().ok_or(WANTED)?);
            self.at(from).ok_or_else(|| format!("rename: there is no {from}"))?;
            self.rename(from, to);
        }
        Ok(())
    }

    fn lessen(&mut self, properties: &Value) -> Result<(), String> {
        const WANTED: &str = "without: expected an object, schema → list of JSON pointers";
        for (kind, pointers) in properties.as_object().ok_or(WANTED)? {
            for pointer in pointers.as_array().ok_or(WANTED)? {
                let pointer = pointer.as_str().and_then(|it| it.strip_prefix('/')).ok_or(WANTED)?;
                let place: Vec<&str> = pointer.split('/').collect();
                self.of_kind(kind).for_each(|document| take_out(document, &place));
            }
        }
        Ok(())
    }

    fn merge_all(&mut self, patches: &Value) -> Result<(), String> {
        for (path, patch) in patches.as_object().ok_or("merge: expected an object, path → patch")? {
            self.at(path).ok_or_else(|| format!("merge: there is no {path}"))?;
            self.merge(path, patch);
        }
        Ok(())
    }

    /// Says of every document of this schema that it is of this version.
    fn date(&mut self, kind: &str, version: &str) {
        for document in self.of_kind(kind) {
            document["@odata.type"] = json!(format!("#{kind}.{version}.{kind}"));
        }
    }

    /// Gives a resource another path, and so all that lies below it and every link to them; its `Id` follows.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let (from, to) = (trimmed(from), trimmed(to));
        self.0 = std::mem::take(&mut self.0)
            .into_iter()
            .map(|(path, mut document)| {
                relink(writable(&mut document), from, to);
                (moved(&path, from, to).unwrap_or(path), document)
            })
            .collect();
        if let Some(id) = self.at_mut(to).and_then(|it| it.get_mut("Id")) {
            *id = json!(to.rsplit('/').next().unwrap_or(to));
        }
    }
}

fn writable(page: &mut Arc<Page>) -> &mut Value {
    Arc::make_mut(page).value_mut()
}

/// RFC 7396.
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Value::Object(members) = into else { return };
    for (name, value) in patch {
        match value {
            Value::Null => {
                members.shift_remove(name);
            }
            value => merge(members.entry(name.as_str()).or_insert(Value::Null), value),
        }
    }
}

/// Takes out what stands at this place; `*` is every item of a list.
fn take_out(value: &mut Value, place: &[&str]) {
    match (value, place) {
        (Value::Array(items), ["*", rest @ ..]) => items.iter_mut().for_each(|item| take_out(item, rest)),
        (Value::Object(members), [name]) => {
            members.shift_remove(*name);
        }
        (Value::Object(members), [name, rest @ ..]) => {
            members.get_mut(*name).into_iter().for_each(|member| take_out(member, rest));
        }
        _ => {}
    }
}

fn lies_at(path: &str, at: &str) -> bool {
    path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#']))
}

fn moved(path: &str, from: &str, to: &str) -> Option<String> {
    lies_at(path, from).then(|| format!("{to}{}", &path[from.len()..]))
}

fn relink(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => {
            if let Some(text_now) = moved(text, from, to) {
                *text = text_now;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relink(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|member| relink(member, from, to)),
        _ => {}
    }
}

fn unlink(value: &mut Value, gone: &str) {
    let is_gone = |it: &Value| is_link(it) && it["@odata.id"].as_str().is_some_and(|at| lies_at(at, gone));
    match value {
        Value::Array(items) => {
            items.retain(|item| !is_gone(item));
            items.iter_mut().for_each(|item| unlink(item, gone));
        }
        Value::Object(members) => {
            members.retain(|_, member| !is_gone(member));
            members.values_mut().for_each(|member| unlink(member, gone));
            let counts: Vec<(String, usize)> = members
                .iter()
                .filter_map(|(name, it)| Some((format!("{name}@odata.count"), it.as_array()?.len())))
                .filter(|(name, _)| members.contains_key(name))
                .collect();
            counts.into_iter().for_each(|(name, count)| {
                members.insert(name, json!(count));
            });
        }
        _ => {}
    }
}

fn is_link(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key("@odata.id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Documents {
        Documents::packed(
            r#"{"/redfish/v1/Systems": {"Members@odata.count": 1, "Members": [{"@odata.id": "/redfish/v1/Systems/1"}]},
                "/redfish/v1/Systems/1": {"Id": "1", "Bios": {"@odata.id": "/redfish/v1/Systems/1/Bios"}},
                "/redfish/v1/Systems/10": {"Id": "10"},
                "/redfish/v1/Systems/1/Bios": {"Id": "Bios"}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_resource_that_is_renamed_takes_what_is_below_it_along_and_no_neighbour() {
        let mut all = two();
        all.rename("/redfish/v1/Systems/1", "/redfish/v1/Systems/Self");
        let paths: Vec<_> = all.iter().map(|(path, _)| path).collect();
        assert_eq!(
            paths,
            [
                "/redfish/v1/Systems",
                "/redfish/v1/Systems/10",
                "/redfish/v1/Systems/Self",
                "/redfish/v1/Systems/Self/Bios"
            ]
        );
        assert_eq!(all.at("/redfish/v1/Systems/Self").unwrap()["Id"], "Self");
        assert_eq!(
            all.at("/redfish/v1/Systems").unwrap()["Members"][0]["@odata.id"],
            "/redfish/v1/Systems/Self"
        );
    }

    #[test]
    fn a_resource_that_is_removed_leaves_no_link() {
        let mut all = two();
        all.remove("/redfish/v1/Systems/1");
        assert_eq!(all.at("/redfish/v1/Systems").unwrap(), &json!({"Members@odata.count": 0, "Members": []}));
        assert!(all.at("/redfish/v1/Systems/1/Bios").is_none() && all.at("/redfish/v1/Systems/10").is_some());
    }

    #[test]
    fn an_overlay_is_applied_in_its_own_order() {
        let mut all = two();
        let overlay = r##"{"rename": [["/redfish/v1/Systems/10", "/redfish/v1/Systems/Self"]],
            "merge": {"/redfish/v1/Systems/Self": {"@odata.type": "#ComputerSystem.v1_28_0.ComputerSystem"}},
            "versions": {"ComputerSystem": "v1_5_0"}, "remove": ["/redfish/v1/Systems/1"]}"##;
        assert_eq!(all.overlay(overlay), Ok(()));
        let paths: Vec<_> = all.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["/redfish/v1/Systems", "/redfish/v1/Systems/Self"]);
        let kind = &all.at("/redfish/v1/Systems/Self").unwrap()["@odata.type"];
        assert_eq!(kind, "#ComputerSystem.v1_5_0.ComputerSystem");
        let wrong = all.overlay(r#"{"merge": {"/redfish/v1/Systems/no-such": {}}}"#);
        assert_eq!(wrong.unwrap_err(), "merge: there is no /redfish/v1/Systems/no-such");
    }

    #[test]
    fn what_a_schema_is_without_goes_out_of_every_item() {
        let fans = r##"{"/redfish/v1/Thermal": {"@odata.type": "#Thermal.v1_0_0.Thermal",
            "Fans": [{"Id": "1", "Hot": true}, {"Id": "2"}, {"Id": "3", "Hot": false}]}}"##;
        let mut all = Documents::packed(fans).unwrap();
        assert_eq!(all.overlay(r#"{"without": {"Thermal": ["/Fans/*/Hot", "/Fans/*/No/Such"]}}"#), Ok(()));
        let left = &all.at("/redfish/v1/Thermal").unwrap()["Fans"];
        assert_eq!(left, &json!([{"Id": "1"}, {"Id": "2"}, {"Id": "3"}]));
        assert!(all.overlay(r#"{"without": {"Thermal": ["Fans"]}}"#).is_err());
    }

    #[test]
    fn null_in_a_patch_takes_a_member_away() {
        let mut all = two();
        all.merge("/redfish/v1/Systems/1", &json!({"Bios": null, "Boot": {"Mode": "UEFI"}}));
        assert_eq!(all.at("/redfish/v1/Systems/1").unwrap(), &json!({"Id": "1", "Boot": {"Mode": "UEFI"}}));
    }
}
