//! Sessions (DSP0268 Session).

use serde_json::{Map, Value, json};

use crate::redfish::{
    answer::Answer,
    auth,
    handle::Scene,
    messages::{about, error, message, refuse},
    policy::Logout,
    sessions::Session,
    tree::Document,
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_8_0";

/// The ids of those that are open.
pub(crate) fn ids(scene: &Scene<'_>) -> Vec<String> {
    scene.sessions().list(scene.now).iter().map(|session| session.id.clone()).collect()
}

/// One of them.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    scene.sessions().find(id, scene.now).map(|session| said(collection, session))
}

/// Whose it is.
pub(crate) fn owner(scene: &Scene<'_>, id: &str) -> Option<String> {
    scene.sessions().find(id, scene.now).map(|session| session.user.clone())
}

/// A new session (DSP0266 §13.3.4.2).
pub(crate) fn log_in(scene: &Scene<'_>, collection: &Document, body: &Map<String, Value>) -> Answer {
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
        Some((session, token)) => Answer::ok(said(collection, &session))
            .with_status(201)
            .with_header("Location", format!("{}/{}", collection.path, session.id))
            .with_header("X-Auth-Token", token),
    }
}

/// The end of a session (DSP0266 §13.3.4.5).
pub(crate) fn log_out(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    scene.sessions().find(id, scene.now)?;
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

fn said(collection: &Document, session: &Session) -> Value {
    json!({
        "@odata.id": format!("{}/{}", collection.path, session.id),
        "@odata.type": format!("#Session.{VERSION}.Session"),
        "Id": session.id,
        "Name": format!("Session of {}", session.user),
        "UserName": session.user,
        "Password": null,
        "SessionType": "Redfish",
    })
}
