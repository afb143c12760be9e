//! From a request to an answer: who asks, for what, may they, and what comes of it (DSP0266 §6-8, §13).

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use hyper::header;
use serde_json::{Map, Value};

use super::{
    actions,
    answer::{Answer, Asked},
    auth::{self, Who},
    certificates::Certificates,
    conditions,
    events::{self, Events},
    live,
    messages::{not_found, refuse},
    metadata, patch,
    policy::{Policy, Success},
    privileges,
    query::{self, Query},
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

/// The methods that there are; any other is not implemented (RFC 9110 §15.6.2).
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];

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
    /// Where the client is, where that is known.
    pub(crate) from: Option<IpAddr>,
    pub(crate) sessions: &'a Mutex<Sessions>,
    pub(crate) tasks: &'a Mutex<Tasks>,
    pub(crate) events: &'a Arc<Events>,
    pub(crate) certificates: &'a Certificates,
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

    /// The sessions that are open now.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        let mut sessions = lock(self.sessions);
        sessions.tidy(&self.bmc.accounts(), self.now, || live::session::most_idle(self));
        sessions
    }

    /// The tasks that there are now.
    pub(crate) fn tasks(&self) -> MutexGuard<'_, Tasks> {
        let mut tasks = lock(self.tasks);
        tasks.settle(self.look.facts.restarts, self.look.facts.last_reset);
        tasks.tidy(self.now, || live::task::kept(self));
        tasks
    }

    /// Whether what is accepted is done; it is not where every task fails, or only says that it was done.
    pub(crate) fn changes(&self) -> bool {
        !matches!(self.policy().success, Success::FailingTask | Success::IdleTask)
    }

    /// A moment of the machine by the BMC's clock, in seconds since 1970.
    pub(crate) fn clock_at(&self, then: Duration) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 2);
        self.view().clock - seconds(self.now) + seconds(then)
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
    let found = scene.tree().find(path).map(|found| taken(method, found));
    let is_login =
        method == "POST" && matches!(found, Some(Found::Document(it)) if it.live == Some(Live::Sessions));
    let reads_open = matches!(method, "GET" | "HEAD") && found.is_some_and(is_open);
    if let Some(found) = found
        && (is_login || (reads_open && request.query.is_none()))
    {
        return on_resource(scene, request, found, None);
    }
    let who = auth::authenticate(scene, request.asked.headers);
    match (who.as_ref(), found) {
        (None, Some(found)) if reads_open => on_resource(scene, request, found, None),
        (None, _) => auth::unauthorized(scene.policy()),
        (Some(_), _) if !METHODS.contains(&method) => refuse(501, "OperationNotAllowed", &[]),
        (Some(who), found)
            if who.must_change_password && !privileges::may_first(scene, who, method, found) =>
        {
            refuse(403, "PasswordChangeRequired", &[&live::account::path(scene, who.slot)])
        }
        (Some(_), None) => not_found(path),
        (Some(who), Some(found)) if allow(found).split(", ").any(|it| it == method) => {
            if privileges::may(scene, who, method, found) && privileges::may_write(who, &request.asked, found)
            {
                on_resource(scene, request, found, Some(who))
            } else {
                refuse(403, "InsufficientPrivilege", &[])
            }
        }
        (Some(who), Some(found)) => on_resource(scene, request, found, Some(who)),
    }
}

/// What a POST to the `Members` of a collection is for: the collection (DSP0266 §7.8).
fn taken<'t>(method: &str, found: Found<'t>) -> Found<'t> {
    match found {
        Found::Member(_, collection, "Members") if method == "POST" => Found::Document(collection),
        found => found,
    }
}

/// Whether anybody may read it (DSP0266 §13.3.1).
fn is_open(found: Found<'_>) -> bool {
    match found {
        Found::Versions | Found::Odata | Found::Metadata => true,
        Found::Document(document) => &*document.path == ROOT,
        Found::Member(..) | Found::Action(_) | Found::Deed(..) | Found::Monitor(_) | Found::Stream => false,
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
        Found::Action(_) | Found::Deed(..) => "POST",
        Found::Stream => "GET",
        Found::Monitor(_) => "GET, HEAD, DELETE",
        Found::Versions | Found::Odata | Found::Metadata => "GET, HEAD",
    }
}

fn on_resource(scene: &Scene<'_>, request: &Request<'_>, found: Found<'_>, who: Option<&Who>) -> Answer {
    let (method, allowed) = (request.asked.method, allow(found));
    if method == "OPTIONS" {
        return Answer::no_content().with_header("Allow", allowed);
    }
    if !allowed.split(", ").any(|it| it == method) {
        return refuse(405, "OperationNotAllowed", &[]).with_header("Allow", allowed);
    }
    if let Some(problem) = conditions::against(method, request.asked.headers, found) {
        return problem;
    }
    if matches!(found, Found::Stream) {
        return events::open(scene, request.query);
    }
    if matches!(method, "GET" | "HEAD") {
        return read(scene, request, found, who).with_header("Allow", allowed);
    }
    if request.query.is_some_and(query::is_query) {
        return refuse(400, "QueryNotSupportedOnOperation", &[]);
    }
    match (method, found) {
        ("DELETE", Found::Member(live, collection, id)) => {
            let body = request.asked.document();
            let end = || live::end(scene, live, collection, id, body.as_ref());
            let ended = precondition(scene, request, found).or_else(end);
            ended.unwrap_or_else(|| not_found(request.asked.path))
        }
        ("DELETE", Found::Monitor(id)) => {
            live::task::remove(scene, id).unwrap_or_else(|| not_found(request.asked.path))
        }
        _ => write(scene, request, found),
    }
}

fn read(scene: &Scene<'_>, request: &Request<'_>, found: Found<'_>, who: Option<&Who>) -> Answer {
    let headers = request.asked.headers;
    let asked = match request.query {
        Some(text) => match Query::read(scene, text) {
            Ok(asked) => asked,
            Err(problem) => return problem,
        },
        None => Query::default(),
    };
    let may = |found: Found<'_>| who.is_some_and(|account| privileges::may(scene, account, "GET", found));
    let shown = if asked.is_plain() { show::read(scene, found) } else { asked.answer(scene, found, &may) };
    let Some((mut answer, tag)) = shown else { return not_found(request.asked.path) };
    if answer.status != 200 || tag.is_empty() {
        return answer;
    }
    if !asked.is_beyond()
        && let Some(instead) = conditions::against_read(headers, &tag)
    {
        return instead;
    }
    if answer.header("Link").is_none()
        && let Some(schema) = metadata::schema_of(found, answer.document())
    {
        answer = answer.with_header("Link", schema);
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
    if let Some(problem) = precondition(scene, request, found) {
        return problem;
    }
    let done = match (request.asked.method, found) {
        ("POST", Found::Action(action)) => Some(actions::carry(scene, action, &body)),
        ("POST", Found::Deed(live, collection, id, action)) => {
            live::act(scene, live, collection, (id, action), &body)
        }
        ("POST", Found::Document(document)) => {
            document.live.and_then(|live| live::create(scene, live, document, &body))
        }
        ("PATCH", Found::Member(live, collection, id)) => live::change(scene, live, collection, id, &body),
        ("PATCH", Found::Document(document)) => Some(patch::patch(scene, document, &body)),
        _ => None,
    };
    done.unwrap_or_else(|| not_found(request.asked.path))
}

/// What stands against a change of this resource as it is now.
fn precondition(scene: &Scene<'_>, request: &Request<'_>, found: Found<'_>) -> Option<Answer> {
    let Asked { method, headers, .. } = request.asked;
    conditions::against_change(method, headers, scene.policy(), || {
        show::resource(scene, found).map(|(_, tag)| tag)
    })
}

/// The request's body, which must be a JSON object (DSP0266 §7.3).
fn object(request: &Request<'_>) -> Result<Map<String, Value>, Answer> {
    let kind = request.asked.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let is_json = |kind: &str| {
        let media = kind.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case("application/json")
    };
    if kind.is_some_and(|kind| !is_json(kind)) {
        return Err(refuse(415, "UnrecognizedRequestBody", &[]));
    }
    // An action without parameters needs no body (DSP0266 §7.11).
    if request.asked.body.is_empty() && request.asked.path.contains("/Actions/") {
        return Ok(Map::new());
    }
    match serde_json::from_slice(request.asked.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refuse(400, "UnrecognizedRequestBody", &[])),
        Err(_) => Err(refuse(400, "MalformedJSON", &[])),
    }
}
