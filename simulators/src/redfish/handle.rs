//! From a request to an answer: who asks, for what, may they, and what comes of it (DSP0266 §6-8, §13).

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use hyper::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{
    answer::{Answer, Asked, Body, json},
    auth, change,
    messages::{not_found, refuse},
    policy::{Etag, Policy},
    resources::{account, chassis, manager, root, session, system, task},
    route::Resource,
    sessions::Sessions,
    tasks::Tasks,
};
use crate::{
    accounts::Account,
    bmc::{Bmc, Look, lock},
    firmware::View,
};

/// A request, as far as the handlers look at it.
pub(crate) struct Request<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
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
    let resource = Resource::at(path, scene.policy().layout, scene.policy().login);
    let is_login = method == "POST" && resource == Some(Resource::Sessions);
    let reads_open = matches!(method, "GET" | "HEAD") && resource.is_some_and(Resource::is_open);
    if is_login || reads_open {
        return on_resource(scene, request, resource.unwrap_or(Resource::Root));
    }
    let who = auth::authenticate(
        request.headers,
        scene.bmc.accounts(),
        &mut scene.sessions(),
        scene.policy(),
        scene.now,
    );
    match (who, resource) {
        (None, _) => auth::unauthorized(scene.policy()),
        (Some(_), None) => not_found(path),
        (Some(account), Some(resource)) => by_account(scene, request, resource, account),
    }
}

fn by_account(scene: &Scene<'_>, request: &Request<'_>, resource: Resource<'_>, account: &Account) -> Answer {
    let owner = match resource {
        Resource::Session(id) => scene.sessions().find(id, scene.now).map(|session| session.user.clone()),
        _ => None,
    };
    if resource.takes(request.asked.method)
        && !auth::may(account, request.asked.method, resource, owner.as_deref())
    {
        return refuse(403, "InsufficientPrivilege", &[]);
    }
    on_resource(scene, request, resource)
}

fn on_resource(scene: &Scene<'_>, request: &Request<'_>, resource: Resource<'_>) -> Answer {
    if !resource.takes(request.asked.method) {
        return refuse(405, "OperationNotAllowed", &[]).with_header("Allow", resource.allow());
    }
    if request.headers.get("odata-version").is_some_and(|version| version != "4.0") {
        return refuse(412, "HeaderInvalid", &[]);
    }
    match request.asked.method {
        "GET" | "HEAD" => read(scene, request, resource),
        "DELETE" => delete(scene, request, resource),
        _ => write(scene, request, resource),
    }
}

fn read(scene: &Scene<'_>, request: &Request<'_>, resource: Resource<'_>) -> Answer {
    let asks_for_more = |query: &str| query.starts_with('$') && query != system::SECOND_PAGE;
    if request.query.is_some_and(asks_for_more) {
        return refuse(501, "QueryNotSupportedOnResource", &[]);
    }
    let Some(answer) = current(scene, request.query, resource) else {
        return not_found(request.asked.path);
    };
    if answer.status != 200 {
        return answer;
    }
    let tag = etag(scene, resource, &answer);
    let known = request.headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    if known.is_some_and(|known| matches_tag(known, &tag)) {
        return Answer { status: 304, headers: vec![("ETag", tag)], body: Body::Empty };
    }
    tagged(answer, tag).with_header("Allow", resource.allow())
}

/// The resource as it is now.
fn current(scene: &Scene<'_>, query: Option<&str>, resource: Resource<'_>) -> Option<Answer> {
    let (view, policy) = (scene.view(), scene.policy());
    let document = match resource {
        Resource::Versions => root::versions(),
        Resource::Root => root::root(view, policy),
        Resource::Odata => root::odata(policy),
        Resource::Metadata => {
            let body = Body::Other { content_type: "application/xml", text: root::metadata() };
            return Some(Answer { status: 200, headers: Vec::new(), body });
        }
        Resource::SessionService => session::service(),
        Resource::Sessions => session::sessions(scene),
        Resource::Session(id) => session::session(scene, id)?,
        Resource::AccountService => account::service(),
        Resource::Accounts => account::accounts(scene.bmc.accounts()),
        Resource::Account(user) => account::account(scene.bmc.accounts(), user)?,
        Resource::Roles => account::roles(),
        Resource::Role(id) => account::role(id)?,
        Resource::Systems => system::systems(policy, query),
        Resource::System => system::system(view, policy),
        Resource::ChassisCollection => chassis::all(policy),
        Resource::Chassis(id) => chassis::chassis(id, view, policy),
        Resource::Assembly(id) => chassis::assembly(id, view, policy),
        Resource::Managers => manager::managers(policy),
        Resource::Manager => manager::manager(view, policy, scene.now),
        Resource::Interfaces => manager::interfaces(policy),
        Resource::Interface => manager::interface(view, policy),
        Resource::TaskService => task::service(),
        Resource::Tasks => task::tasks(scene),
        Resource::Task(id) => task::task(scene, id)?,
        Resource::TaskMonitor(id) => return task::monitor(scene, id),
        Resource::SystemReset | Resource::ManagerReset => return None,
    };
    Some(Answer::ok(document))
}

fn delete(scene: &Scene<'_>, request: &Request<'_>, resource: Resource<'_>) -> Answer {
    match resource {
        Resource::Session(id) if scene.sessions().find(id, scene.now).is_some() => {
            session::log_out(scene, id)
        }
        _ => not_found(request.asked.path),
    }
}

fn write(scene: &Scene<'_>, request: &Request<'_>, resource: Resource<'_>) -> Answer {
    let body = match object(request) {
        Ok(body) => body,
        Err(problem) => return problem,
    };
    match resource {
        Resource::Sessions => session::log_in(scene, &body),
        Resource::SystemReset => change::reset_system(scene, &body),
        Resource::ManagerReset => change::reset_manager(scene, &body),
        Resource::System | Resource::Chassis(_) => {
            let before = current(scene, None, resource).map(|it| etag(scene, resource, &it));
            if let Some(problem) = before.and_then(|tag| precondition(request, scene.policy(), &tag)) {
                return problem;
            }
            let answer = change::patch(scene, resource, &body);
            finish_patch(scene, resource, answer)
        }
        _ => not_found(request.asked.path),
    }
}

/// An ETag for the resource that a PATCH answers with.
fn finish_patch(scene: &Scene<'_>, resource: Resource<'_>, answer: Answer) -> Answer {
    let is_resource = matches!(&answer.body, Body::Json(document) if document.get("@odata.id").is_some());
    if answer.status != 200 || !is_resource {
        return answer;
    }
    let after = Scene { look: scene.bmc.look(), ..*scene };
    let tag = etag(&after, resource, &answer);
    tagged(answer, tag)
}

/// The request's body, which must be a JSON object (DSP0266 §7.3).
fn object(request: &Request<'_>) -> Result<Map<String, Value>, Answer> {
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if kind.is_some_and(|kind| !kind.trim_start().to_ascii_lowercase().starts_with("application/json")) {
        return Err(refuse(415, "UnrecognizedRequestBody", &[]));
    }
    match serde_json::from_slice(request.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refuse(400, "UnrecognizedRequestBody", &[])),
        Err(_) => Err(refuse(400, "MalformedJSON", &[])),
    }
}

/// What stands against a change (DSP0266 §7.9, RFC 9110 §13.1.1, RFC 6585 §3).
fn precondition(request: &Request<'_>, policy: &Policy, tag: &str) -> Option<Answer> {
    let given = request.headers.get(header::IF_MATCH).map(|it| it.to_str().unwrap_or_default());
    match given {
        None if policy.etag == Etag::Required => Some(refuse(428, "PreconditionRequired", &[])),
        None => None,
        Some(given) if policy.etag == Etag::WeakRefused && given.contains("W/") => {
            Some(refuse(412, "PreconditionFailed", &[]))
        }
        Some(given) => (!matches_tag(given, tag)).then(|| refuse(412, "PreconditionFailed", &[])),
    }
}

/// Whether one of the listed tags is this one, by weak comparison, or any will do.
fn matches_tag(listed: &str, tag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    listed.split(',').any(|one| one.trim() == "*" || strong(one) == strong(tag))
}

/// A tag of what can change in this resource; not of what a deviation makes of it.
fn etag(scene: &Scene<'_>, resource: Resource<'_>, answer: &Answer) -> String {
    let mut hash = DefaultHasher::new();
    match (resource, &answer.body) {
        (Resource::System | Resource::Chassis(_), _) => {
            let view = scene.view();
            (view.power, view.host, view.override_, view.led).hash(&mut hash);
        }
        (Resource::Root, _) => "root".hash(&mut hash),
        (Resource::Manager, _) => "manager".hash(&mut hash),
        (_, Body::Json(document) | Body::JsonAsText(document)) => json(document).hash(&mut hash),
        (_, Body::Other { text, .. }) => text.hash(&mut hash),
        (_, Body::Empty) => {}
    }
    let weak = if scene.policy().etag == Etag::WeakRefused { "W/" } else { "" };
    format!("{weak}\"{:016x}\"", hash.finish())
}

fn tagged(mut answer: Answer, tag: String) -> Answer {
    if let Body::Json(Value::Object(document)) = &mut answer.body
        && document.contains_key("@odata.id")
    {
        document.insert("@odata.etag".to_owned(), Value::String(tag.clone()));
    }
    answer.with_header("ETag", tag)
}
