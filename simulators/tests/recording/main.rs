//! Recordings of the simulated service: what is in a tree, what never is, and how polite the recorder is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../world/mod.rs"]
mod world;

mod faults;
mod layout;
mod redaction;
mod sessions;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use halmark_simulators::{
    recording::{Account, Endpoint, Login, Options, RecordError, Report, Scheme, Trust, record},
    rules::{HttpAction, HttpRule, Nth},
};
use serde_json::{Value, json};
use world::World;

/// A folder for one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recording").join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Fast, since a held clock has nobody to be polite to, and not far, since most tests look at what is near the root.
fn options(name: &str) -> Options {
    Options { depth: Some(2), ..whole(name) }
}

/// As far as the links lead.
fn whole(name: &str) -> Options {
    Options { rate: 1000.0, started: "2026-11-21T00:00:00Z".to_owned(), ..Options::into(folder(name)) }
}

fn account(world: &World) -> Account {
    let (user, password) = world.control.credentials();
    Account { user, password }
}

fn endpoint(world: &World) -> Endpoint {
    let addr = world.service.addr();
    let login = Login::Session(account(world));
    Endpoint {
        scheme: Scheme::Http,
        host: addr.ip().to_string(),
        port: addr.port(),
        trust: Trust::System,
        login,
    }
}

async fn recorded(world: &World, options: &Options) -> Report {
    attempt(world, options).await.unwrap()
}

async fn attempt(world: &World, options: &Options) -> Result<Report, RecordError> {
    record(options, &endpoint(world), &mut |_| {}, std::future::pending()).await
}

/// Every file of a tree, by its path below it.
fn files(top: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![top.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

fn document(options: &Options, file: &str) -> Value {
    let text = fs::read_to_string(options.out.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// What the manifest says of a link that is no resource: cause, status and tries.
fn failure(options: &Options, path: &str) -> String {
    let manifest = document(options, "recording.json");
    let all = manifest["failures"].as_array().unwrap();
    let found = all.iter().find(|it| it["path"] == path).unwrap_or_else(|| panic!("{path}: {all:?}"));
    format!("{} {} {}", found["cause"].as_str().unwrap(), found["status"], found["tries"])
}

/// The service answers this path with this document.
fn shows(path: &str, document: &Value) -> HttpRule {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    on(path, Nth::ALL, HttpAction::Respond { status: 200, headers, body: Some(document.to_string()) })
}

fn on(path: &str, nth: Nth, action: HttpAction) -> HttpRule {
    HttpRule { methods: vec!["GET".to_owned()], path: Some(path.to_owned()), nth, ..HttpRule::every(action) }
}

/// A document that leads to these links.
fn leading(path: &str, links: &[&str]) -> Value {
    let links: Vec<Value> = links.iter().map(|link| json!({"@odata.id": link})).collect();
    json!({"@odata.id": path, "Links": {"Related": links}})
}
