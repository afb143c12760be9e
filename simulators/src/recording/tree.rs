//! The files. Nothing is written outside of the tree's folder, whatever is in it already.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::{Existing, Layout, RecordError, answer::Content, names};

/// The manifest at the top.
const MANIFEST: &str = "recording.json";

/// The files of one folder.
const FILES: [&str; 5] = ["index.json", "index.xml", "headers.json", "time.json", "error.json"];

/// What is kept of one link, with nothing in it that must not be seen.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) content: Content,
    pub(super) elapsed: Duration,
}

impl Entry {
    pub(super) fn is_resource(&self) -> bool {
        self.status == 200 && matches!(self.content, Content::Json(_) | Content::Xml(_))
    }
}

/// Where an entry went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Into the folder that is called as its path is.
    Plain,
    /// Into this one, since no folder can be called so.
    Renamed(String),
    /// Nowhere: its path is too long, or another has its folder.
    Nowhere,
}

/// A tree that is being written.
#[derive(Debug)]
pub(super) struct Tree {
    out: PathBuf,
    layout: Layout,
    taken: HashMap<Vec<String>, String>,
}

impl Tree {
    /// Makes the folder, or takes it as it is.
    pub(super) fn open(out: &Path, layout: Layout, existing: Existing) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Write { path: out.to_owned(), source };
        fs::create_dir_all(out).map_err(failed)?;
        let is_empty = fs::read_dir(out).map_err(failed)?.next().is_none();
        if !is_empty && existing == Existing::Refuse {
            return Err(RecordError::NotEmpty { out: out.to_owned() });
        }
        Ok(Self { out: out.to_owned(), layout, taken: HashMap::new() })
    }

    /// Writes what is kept of a link.
    pub(super) fn keep(&mut self, entry: &Entry) -> Result<Kept, RecordError> {
        let Some(folders) = names::folders(&entry.key, self.layout) else { return Ok(Kept::Nowhere) };
        if self.taken.get(&folders).is_some_and(|by| *by != entry.key) {
            return Ok(Kept::Nowhere);
        }
        let mut folder = self.out.clone();
        for name in &folders {
            folder.push(name);
            enter(&folder).map_err(|source| RecordError::Write { path: folder.clone(), source })?;
        }
        self.fill(&folder, entry)?;
        let at = folders.join("/");
        self.taken.insert(folders, entry.key.clone());
        let is_plain = entry.key.ends_with(&at);
        Ok(if is_plain { Kept::Plain } else { Kept::Renamed(at) })
    }

    /// Writes the manifest, in place of the one before.
    pub(super) fn write_manifest(&self, manifest: &Value) -> Result<(), RecordError> {
        write(&self.out.join(MANIFEST), pretty(manifest).as_bytes())
    }

    fn fill(&self, folder: &Path, entry: &Entry) -> Result<(), RecordError> {
        for file in FILES {
            let _ = fs::remove_file(folder.join(file));
        }
        let time = json!({"GET_Time": format!("{:.2}", entry.elapsed.as_secs_f64())});
        write(&folder.join("time.json"), pretty(&time).as_bytes())?;
        let headers: Map<String, Value> =
            entry.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        if !entry.is_resource() {
            return write(&folder.join("error.json"), pretty(&refusal(entry, headers)).as_bytes());
        }
        write(&folder.join("headers.json"), pretty(&json!({"GET": headers})).as_bytes())?;
        match &entry.content {
            Content::Xml(text) => write(&folder.join("index.xml"), text.as_bytes()),
            Content::Json(document) => write(&folder.join("index.json"), pretty(document).as_bytes()),
            _ => Ok(()),
        }
    }
}

/// `error.json`: the answer that was no resource. `body` is a document, a text, or null; `body_left_out` says that there was
/// one that is not shown.
fn refusal(entry: &Entry, headers: Map<String, Value>) -> Value {
    let body = match &entry.content {
        Content::Json(document) => document.clone(),
        Content::Xml(text) | Content::Text(text) => json!(text),
        Content::Empty | Content::Unreadable => Value::Null,
    };
    let mut refusal = json!({"status": entry.status, "headers": headers, "body": body});
    if entry.content == Content::Unreadable {
        refusal["body_left_out"] = json!(true);
    }
    refusal
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Makes a folder, or takes one that is there: not a link to somewhere else.
fn enter(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(folder)?.is_dir() {
                Ok(())
            } else {
                Err(io::ErrorKind::NotADirectory.into())
            }
        }
        made => made,
    }
}

/// Writes a new file; one of that name is removed before, and not written through if it is a link.
fn write(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    let written = || {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
    };
    written().map_err(|source| RecordError::Write { path: path.to_owned(), source })
}
