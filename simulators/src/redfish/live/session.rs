//! Sessions (DSP0268 Session).

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::redfish::{
    answer::Answer,
    auth::{self, Who},
    clock::date_time,
    handle::Scene,
    live::{account, disabled},
    messages::{about, error, message, refuse},
    policy::Logout,
    sessions::{Beginning, Session},
    show::number,
    tree::Document,
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_8_0";

/// How long a session lives without a request (`SessionService.SessionTimeout`).
pub(crate) fn most_idle(scene: &Scene<'_>) -> Duration {
    let seconds = scene.tree().first("SessionService").and_then(|it| number(scene, it, "/SessionTimeout"));
    Duration::from_secs(seconds.unwrap_or(1800))
}

/// The ids of those that are open.
pub(crate) fn ids(scene: &Scene<'_>) -> Vec<String> {
    scene.sessions().list().iter().map(|session| session.id.clone()).collect()
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    let session = scene.sessions().find(id).cloned()?;
    Some(said(scene, collection, &session))
}

/// Whose it is.
pub(crate) fn owner(scene: &Scene<'_>, id: &str) -> Option<u32> {
    scene.sessions().find(id).map(|session| session.account)
}

/// A new session (DSP0266 §13.3.4.2).
pub(crate) fn log_in(scene: &Scene<'_>, collection: &Document, body: &Map<String, Value>) -> Answer {
    let off = disabled(scene, "AccountService").or_else(|| disabled(scene, "SessionService"));
    if let Some(refusal) = off {
        return refusal;
    }
    let stranger = body.keys().find(|key| !matches!(key.as_str(), "UserName" | "Password" | "Context"));
    if let Some(property) = stranger {
        return error(400, vec![about(message("PropertyUnknown", &[property]), &format!("/{property}"))]);
    }
    let (user, password) = match (text(body, "UserName"), text(body, "Password")) {
        (Ok(user), Ok(password)) => (user, password),
        (Err(problem), _) | (_, Err(problem)) => return problem,
    };
    let context = match body.get("Context").map(|_| text(body, "Context")).transpose() {
        Ok(context) => context,
        Err(problem) => return problem,
    };
    let Some(who) = auth::by_password(scene, user, password) else {
        return auth::unauthorized(scene.policy());
    };
    begin(scene, collection, who, context)
}

fn begin(scene: &Scene<'_>, collection: &Document, who: Who, context: Option<&str>) -> Answer {
    let beginning = Beginning {
        user: who.user,
        account: who.number,
        from: scene.from,
        context: context.map(str::to_owned),
    };
    let opened = scene.sessions().open(beginning, scene.policy().session_limit, scene.now);
    let Some((session, token)) = opened else { return refuse(503, "SessionLimitExceeded", &[]) };
    let mut document = said(scene, collection, &session);
    if who.must_change_password {
        let change = message("PasswordChangeRequired", &[&account::path(scene, who.slot)]);
        document["@Message.ExtendedInfo"] = json!([change]);
    }
    Answer::ok(document)
        .with_status(201)
        .with_header("Location", format!("{}/{}", collection.path, session.id))
        .with_header("X-Auth-Token", token)
}

/// The end of a session (DSP0266 §13.3.4.5).
pub(crate) fn log_out(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    scene.sessions().find(id)?;
    if scene.policy().logout == Logout::Ends {
        scene.sessions().close(id);
    }
    Some(Answer::no_content())
}

fn text<'b>(body: &'b Map<String, Value>, property: &str) -> Result<&'b str, Answer> {
    let pointer = format!("/{property}");
    match body.get(property) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => {
            let said = message("PropertyValueTypeError", &["…", property]);
            Err(error(400, vec![about(said, &pointer)]))
        }
        None => Err(error(400, vec![about(message("PropertyMissing", &[property]), &pointer)])),
    }
}

fn said(scene: &Scene<'_>, collection: &Document, session: &Session) -> Value {
    let mut document = json!({
        "@odata.id": format!("{}/{}", collection.path, session.id),
        "@odata.type": format!("#Session.{VERSION}.Session"),
        "Id": session.id,
        "Name": format!("Session of {}", session.user),
        "UserName": session.user,
        "Password": null,
        "SessionType": "Redfish",
        "CreatedTime": date_time(scene.clock_at(session.began)),
    });
    if let Some(from) = session.from {
        document["ClientOriginIPAddress"] = json!(from.to_string());
    }
    if let Some(context) = &session.context {
        document["Context"] = json!(context);
    }
    document
}
