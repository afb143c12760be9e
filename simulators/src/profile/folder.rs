//! A profile in a folder of somebody's own: `profile.json`, and `overlay.json` over the generic resources.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use super::{BUILT_IN, Profile, Resources, checked, read};
use crate::{redfish::Tree, redfish::trimmed};

/// Why there is no such profile.
#[derive(Debug)]
pub enum ProfileError {
    /// No profile has this name, and no folder is there.
    Unknown(String),
    /// A file cannot be read.
    Io(PathBuf, io::Error),
    /// A file is not what it should be: where, and what is wrong.
    Wrong(PathBuf, String),
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(
                f,
                "there is no profile {name:?}: expected one of {}, or a folder with a profile.json",
                Profile::names().join(", ")
            ),
            Self::Io(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Wrong(path, what) => write!(f, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// The profile with this name, or the one in this folder.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn open(name: &str) -> Result<Self, ProfileError> {
        match Self::named(name) {
            Some(built_in) => Ok(built_in),
            None if Path::new(name).is_dir() => Self::in_folder(Path::new(name)),
            None => Err(ProfileError::Unknown(name.to_owned())),
        }
    }

    /// The profile in this folder.
    ///
    /// # Errors
    /// Where a file is missing or wrong, or a deviation is unknown.
    pub fn in_folder(folder: &Path) -> Result<Self, ProfileError> {
        let file = folder.join("profile.json");
        let text = fs::read_to_string(&file).map_err(|error| ProfileError::Io(file.clone(), error))?;
        let mut documents = BUILT_IN[0].documents();
        let overlay = folder.join("overlay.json");
        match fs::read_to_string(&overlay) {
            Ok(text) => checked::overlay(&text, &documents)
                .and_then(|()| documents.overlay(&text).map_err(|what| checked::placed(&text, &what)))
                .map_err(|what| ProfileError::Wrong(overlay, what))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ProfileError::Io(overlay, error)),
        }
        let profile = read(&text, Resources::Read(Arc::new(Tree::new(documents))))
            .map_err(|what| ProfileError::Wrong(file.clone(), what))?;
        let known: BTreeSet<&str> = crate::deviations().iter().map(|it| it.name).collect();
        match profile.deviations.iter().find(|name| !known.contains(name.as_str())) {
            Some(unknown) => {
                Err(ProfileError::Wrong(file, format!("deviations: there is no deviation {unknown:?}")))
            }
            None => Ok(profile),
        }
    }

    /// What is wrong with its resources: links that lead nowhere, documents without an id of their own or without a type,
    /// delays of no time, a machine that cannot be switched.
    pub fn complaints(&self) -> Vec<String> {
        let tree = self.tree();
        let mut found = Vec::new();
        for document in
            tree.documents().iter().filter(|it| it.recorded().is_none_or(|it| it.refusal().is_none()))
        {
            let template = document.template();
            if template["@odata.id"].as_str().map(trimmed) != Some(&*document.path) {
                found.push(format!("{}: @odata.id is {}", document.path, template["@odata.id"]));
            }
            if template["@odata.type"].as_str().is_none_or(|kind| !kind.starts_with('#')) {
                found.push(format!("{}: @odata.type is {}", document.path, template["@odata.type"]));
            }
            links(template, &mut |link| {
                let path = link.split(['#', '?']).next().unwrap_or(link);
                if tree.find(path).is_none() {
                    found.push(format!("{}: the link to {link} leads nowhere", document.path));
                }
            });
        }
        if tree.document(tree.system()).is_none() {
            found.push("there is no computer system with an action ComputerSystem.Reset".to_owned());
        }
        if tree.document(tree.manager()).is_none() {
            found.push("there is no manager".to_owned());
        }
        let spec = &self.spec;
        for (name, delay) in [("post", spec.post), ("boot", spec.boot), ("bmc-reset", spec.bmc_reset)] {
            if delay.is_zero() {
                found.push(format!("seconds/{name} is 0: no machine is that quick"));
            }
        }
        found
    }
}

/// Every link of a document.
fn links<'v>(value: &'v Value, tell: &mut impl FnMut(&'v str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, tell)),
        Value::Object(members) => {
            members.get("@odata.id").and_then(Value::as_str).into_iter().for_each(&mut *tell);
            members.values().for_each(|member| links(member, tell));
        }
        _ => {}
    }
}
