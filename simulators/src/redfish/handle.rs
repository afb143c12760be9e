//! From a request to an answer: who asks, for what, may they, and what comes of it (DSP0266 §6-8, §13).

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use hyper::header;
use serde_json::{Map, Value};

use super::{
    actions,
    answer::{Answer, Asked, Body},
    auth, live,
    messages::{not_found, refuse},
    patch,
    policy::{Etag, Policy},
    privileges,
    sessions::Sessions,
    show,
    tasks::Tasks,
    tree::{Found, Live, ROOT, Tree},
    writable,
};
use crate::{
    bmc::{Bmc, Look, lock},
    firmware::View,
};

/// A request, as far as the handlers look at it.
pub(crate) struct Request<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) query: Option<&'a str>,
}

/// The moment at which a request is handled.
pub(crate) struct Scene<'a> {
    pub(crate) bmc: &'a Bmc,
    pub(crate) look: Look,
    pub(crate) now: Duration,
    pub(crate) sessions: &'a Mutex<Sessions>,
    pub(crate) tasks: &'a Mutex<Tasks>,
}

impl Scene<'_> {
    /// What the firmware shows.
    pub(crate) fn view(&self) -> &View {
        &self.look.view
    }

    /// The resources.
    pub(crate) fn tree(&self) -> &Tree {
        &self.look.tree
    }

    /// The same a moment later, when something has changed.
    pub(crate) fn again(&self) -> Scene<'_> {
        Scene { look: self.bmc.look(), ..*self }
    }

    /// How this face behaves.
    pub(crate) fn policy(&self) -> &Policy {
        &self.look.policy
    }

    /// The sessions.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(self.sessions)
    }

    /// The tasks.
    pub(crate) fn tasks(&self) -> MutexGuard<'_, Tasks> {
        lock(self.tasks)
    }
}

/// The answer to a request, deviations included.
pub(crate) fn handle(scene: &Scene<'_>, request: &Request<'_>) -> Answer {
    let intercepted =
        scene.look.deviations.iter().filter_map(|it| it.request).find_map(|it| it(&request.asked));
    let mut answer = intercepted.unwrap_or_else(|| answer(scene, request));
    for change in scene.look.deviations.iter().filter_map(|it| it.answer) {
        change(&request.asked, &mut answer);
    }
    answer
}

fn answer(scene: &Scene<'_>, request: &Request<'_>) -> Answer {
    let (method, path) = (request.asked.method, request.asked.path);
    let found = scene.tree().find(path);
    let is_login =
        method == "POST" && matches!(found, Some(Found::Document(it)) if it.live == Some(Live::Sessions));
    let reads_open = matches!(method, "GET" | "HEAD") && found.is_some_and(is_open);
    if let Some(found) = found
        && (is_login || reads_open)
    {
        return on_resource(scene, request, found);
    }
    let who = auth::authenticate(
        request.asked.headers,
        scene.bmc.accounts(),
        &mut scene.sessions(),
        scene.policy(),
        scene.now,
    );
    match (who, found) {
        (None, _) => auth::unauthorized(scene.policy()),
        (Some(_), None) => not_found(path),
        (Some(account), Some(found)) if allow(found).split(", ").any(|it| it == method) => {
            if privileges::may(scene, account, method, found) {
                on_resource(scene, request, found)
            } else {
                refuse(403, "InsufficientPrivilege", &[])
            }
        }
        (Some(_), Some(found)) => on_resource(scene, request, found),
    }
}

/// Whether anybody may read it (DSP0266 §13.3.1).
fn is_open(found: Found<'_>) -> bool {
    match found {
        Found::Versions | Found::Odata | Found::Metadata => true,
        Found::Document(document) => &*document.path == ROOT,
        Found::Member(..) | Found::Action(_) | Found::Monitor(_) => false,
    }
}

/// The methods that it takes, as the `Allow` header has them.
fn allow(found: Found<'_>) -> &'static str {
    match found {
        Found::Document(document) => match document.live {
            Some(live) => live::allow(live).0,
            None if writable::is_writable(document) => "GET, HEAD, PATCH",
            None => "GET, HEAD",
        },
        Found::Member(live, ..) => live::allow(live).1,
        Found::Action(_) => "POST",
        Found::Versions | Found::Odata | Found::Metadata | Found::Monitor(_) => "GET, HEAD",
    }
}

fn on_resource(scene: &Scene<'_>, request: &Request<'_>, found: Found<'_>) -> Answer {
    let allowed = allow(found);
    if !allowed.split(", ").any(|it| it == request.asked.method) {
        return refuse(405, "OperationNotAllowed", &[]).with_header("Allow", allowed);
    }
    if request.asked.headers.get("odata-version").is_some_and(|version| version != "4.0") {
        return refuse(412, "HeaderInvalid", &["OData-Version"]);
    }
    match (request.asked.method, found) {
        ("GET" | "HEAD", _) => read(scene, request, found).with_header("Allow", allowed),
        ("DELETE", Found::Member(live, _, id)) => {
            live::end(scene, live, id).unwrap_or_else(|| not_found(request.asked.path))
        }
        _ => write(scene, request, found),
    }
}

fn read(scene: &Scene<'_>, request: &Request<'_>, found: Found<'_>) -> Answer {
    let asks_for_more = |query: &str| query.starts_with('$') && query != show::SECOND_PAGE;
    if request.query.is_some_and(asks_for_more) {
        return refuse(501, "QueryNotSupportedOnResource", &[]);
    }
    let Some((answer, tag)) = show::read(scene, found, request.query) else {
        return not_found(request.asked.path);
    };
    if answer.status != 200 {
        return answer;
    }
    let known = request.asked.headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    if known.is_some_and(|known| matches_tag(known, &tag)) {
        return Answer { status: 304, headers: vec![("ETag", tag)], body: Body::Empty };
    }
    answer.with_header("ETag", tag)
}

fn write(scene: &Scene<'_>, request: &Request<'_>, found: Found<'_>) -> Answer {
    let mut read = object(request);
    let mut none = Map::new();
    for change in scene.look.deviations.iter().filter_map(|it| it.change) {
        if let Some(answer) = change(&request.asked, read.as_mut().unwrap_or(&mut none)) {
            return answer;
        }
    }
    let body = match read {
        Ok(body) => body,
        Err(problem) => return problem,
    };
    let done = match (request.asked.method, found) {
        ("POST", Found::Action(action)) => Some(actions::carry(scene, action, &body)),
        ("POST", Found::Document(document)) => {
            document.live.and_then(|live| live::create(scene, live, document, &body))
        }
        ("PATCH", Found::Document(document)) => {
            let tag = show::version(scene, document);
            Some(
                precondition(request, scene.policy(), &tag)
                    .unwrap_or_else(|| patch::patch(scene, document, &body)),
            )
        }
        _ => None,
    };
    done.unwrap_or_else(|| not_found(request.asked.path))
}

/// The request's body, which must be a JSON object (DSP0266 §7.3).
fn object(request: &Request<'_>) -> Result<Map<String, Value>, Answer> {
    let kind = request.asked.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if kind.is_some_and(|kind| !kind.trim_start().to_ascii_lowercase().starts_with("application/json")) {
        return Err(refuse(415, "UnrecognizedRequestBody", &[]));
    }
    match serde_json::from_slice(request.asked.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refuse(400, "UnrecognizedRequestBody", &[])),
        Err(_) => Err(refuse(400, "MalformedJSON", &[])),
    }
}

/// What stands against a change (DSP0266 §7.9, RFC 9110 §13.1.1, RFC 6585 §3).
fn precondition(request: &Request<'_>, policy: &Policy, tag: &str) -> Option<Answer> {
    let given = request.asked.headers.get(header::IF_MATCH).map(|it| it.to_str().unwrap_or_default());
    match given {
        None if policy.etag == Etag::Required => Some(refuse(428, "PreconditionRequired", &[])),
        None => None,
        Some(given) if policy.etag == Etag::WeakRefused && given.contains("W/") => {
            Some(refuse(412, "PreconditionFailed", &[]))
        }
        Some(given) if policy.etag == Etag::Unquoted => {
            (given != tag.trim_matches('"')).then(|| refuse(412, "PreconditionFailed", &[]))
        }
        Some(given) => (!matches_tag(given, tag)).then(|| refuse(412, "PreconditionFailed", &[])),
    }
}

/// Whether one of the listed tags is this one, by weak comparison, or any will do.
fn matches_tag(listed: &str, tag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    listed.split(',').any(|one| one.trim() == "*" || strong(one) == strong(tag))
}
