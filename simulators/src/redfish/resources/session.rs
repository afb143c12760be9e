//! The session service and its sessions (DSP0268 SessionService, Session).

use serde_json::{Map, Value, json};

use super::{collection, healthy, link};
use crate::redfish::{
    answer::Answer,
    auth,
    handle::Scene,
    messages::{about, error, message, refuse},
    policy::Logout,
    sessions::{IDLE, Session},
};

const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// The session service.
pub(crate) fn service() -> Value {
    json!({
        "@odata.id": "/redfish/v1/SessionService",
        "@odata.type": "#SessionService.v1_1_9.SessionService",
        "Id": "SessionService",
        "Name": "Session Service",
        "ServiceEnabled": true,
        "SessionTimeout": IDLE.as_secs(),
        "Status": healthy(),
        "Sessions": link(SESSIONS),
    })
}

/// The open sessions.
pub(crate) fn sessions(scene: &Scene<'_>) -> Value {
    let mut sessions = scene.sessions();
    let open = sessions.list(scene.now).iter();
    let members = open.map(|session| link(path_of(session))).collect();
    collection(SESSIONS, "SessionCollection", "Sessions", members)
}

/// One of them.
pub(crate) fn session(scene: &Scene<'_>, id: &str) -> Option<Value> {
    scene.sessions().find(id, scene.now).map(document)
}

/// A new session (DSP0266 §13.3.4.2).
pub(crate) fn log_in(scene: &Scene<'_>, body: &Map<String, Value>) -> Answer {
    let stranger = body.keys().find(|key| !matches!(key.as_str(), "UserName" | "Password"));
    if let Some(property) = stranger {
        return error(400, vec![about(message("PropertyUnknown", &[property]), &format!("/{property}"))]);
    }
    let (user, password) = match (text(body, "UserName"), text(body, "Password")) {
        (Ok(user), Ok(password)) => (user, password),
        (Err(problem), _) | (_, Err(problem)) => return problem,
    };
    let Some(account) = auth::by_password(user, password, scene.bmc.accounts(), scene.policy()) else {
        return auth::unauthorized(scene.policy());
    };
    match scene.sessions().open(&account.user, scene.now) {
        None => refuse(503, "SessionLimitExceeded", &[]),
        Some((session, token)) => Answer::ok(document(&session))
            .with_status(201)
            .with_header("Location", path_of(&session))
            .with_header("X-Auth-Token", token),
    }
}

/// The end of a session (DSP0266 §13.3.4.5).
pub(crate) fn log_out(scene: &Scene<'_>, id: &str) -> Answer {
    if scene.policy().logout == Logout::Ends {
        scene.sessions().close(id);
    }
    Answer::no_content()
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

fn path_of(session: &Session) -> String {
    format!("{SESSIONS}/{}", session.id)
}

fn document(session: &Session) -> Value {
    json!({
        "@odata.id": path_of(session),
        "@odata.type": "#Session.v1_7_0.Session",
        "Id": session.id,
        "Name": format!("Session of {}", session.user),
        "UserName": session.user,
        "Password": null,
        "SessionType": "Redfish",
    })
}
