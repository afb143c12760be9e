//! Subscriptions (DSP0268 EventDestination).

use hyper::{
    Uri,
    header::{HeaderName, HeaderValue},
};
use serde_json::{Map, Value, json};

use crate::redfish::{
    answer::Answer,
    events::{Retry, Subscription, Target, Wishes},
    handle::Scene,
    messages::{about, error, message, refuse},
    tree::Document,
};

/// The version of the schema.
pub(crate) const VERSION: &str = "v1_15_0";

/// What can be changed later.
/// DSP0268 EventType, deprecated: what may be asked for; what is told does not depend on it.
const EVENT_TYPES: &[&str] = &[
    "StatusChange",
    "ResourceUpdated",
    "ResourceAdded",
    "ResourceRemoved",
    "Alert",
    "MetricReport",
    "Other",
];

const CHANGEABLE: [&str; 4] = ["Context", "DeliveryRetryPolicy", "HttpHeaders", "VerifyCertificate"];
/// What can be said besides, of a new one.
const GIVEN_ONCE: [&str; 10] = [
    "Destination",
    "Protocol",
    "EventFormatType",
    "RegistryPrefixes",
    "ResourceTypes",
    "MessageIds",
    "OriginResources",
    "SubscriptionType",
    "SubordinateResources",
    "EventTypes",
];
/// What is there and never written.
const SHOWN: [&str; 5] = ["Id", "Name", "Status", "Description", "Actions"];
/// The longest text.
const LONGEST: usize = 255;

/// One of them. The headers are never shown.
pub(crate) fn document(scene: &Scene<'_>, collection: &Document, id: &str) -> Option<Value> {
    scene.events.with(id, |it| said(&collection.path, it))
}

fn said(collection: &str, it: &Subscription) -> Value {
    let origins: Vec<_> = it.wishes.origins.iter().map(|path| json!({"@odata.id": path})).collect();
    json!({
        "@odata.id": format!("{collection}/{}", it.id),
        "@odata.type": format!("#EventDestination.{VERSION}.EventDestination"),
        "Id": it.id,
        "Name": format!("Subscription {}", it.id),
        "Destination": it.target.destination,
        "Protocol": "Redfish",
        "Context": it.target.context,
        "SubscriptionType": if it.is_stream { "SSE" } else { "RedfishEvent" },
        "EventFormatType": "Event",
        "RegistryPrefixes": it.wishes.registries,
        "ResourceTypes": it.wishes.types,
        "MessageIds": it.wishes.messages,
        "OriginResources": origins,
        "HttpHeaders": [],
        "DeliveryRetryPolicy": it.target.retry.word(),
        "VerifyCertificate": it.target.verifies,
        "Status": {"State": if it.sleeps { "Disabled" } else { "Enabled" }, "Health": if it.sleeps { "Warning" } else { "OK" }},
    })
}

/// A new one (DSP0266 §12.1).
pub(crate) fn create(scene: &Scene<'_>, collection: &Document, body: &Map<String, Value>) -> Answer {
    let mut sent = Sent { body, wrong: Vec::new() };
    sent.only(&[&CHANGEABLE[..], &GIVEN_ONCE[..]].concat());
    let destination = sent.destination();
    sent.one_of("Protocol", &["Redfish"], true);
    sent.one_of("EventFormatType", &["Event"], false);
    sent.one_of("SubscriptionType", &["RedfishEvent"], false);
    let lists = scene.tree().first("EventService").map(|service| service.template());
    let listed = |name: &str| lists.map_or(&Value::Null, |service| &service[name]);
    let wishes = Wishes {
        registries: sent.texts("RegistryPrefixes", Some(listed("RegistryPrefixes"))),
        types: sent.texts("ResourceTypes", Some(listed("ResourceTypes"))),
        messages: sent.texts("MessageIds", None),
        origins: sent.origins(),
        filter: None,
    };
    if !wishes.registries.is_empty() && !wishes.messages.is_empty() {
        sent.complain("PropertyValueConflict", &["MessageIds", "RegistryPrefixes"], "/MessageIds");
    }
    if body.get("SubordinateResources").is_some_and(|it| it != &json!(false)) {
        let value = body["SubordinateResources"].to_string();
        sent.complain("PropertyValueNotInList", &[&value, "SubordinateResources"], "/SubordinateResources");
    }
    sent.texts("EventTypes", Some(&json!(EVENT_TYPES)));
    let mut target = Target {
        destination,
        context: String::new(),
        headers: Vec::new(),
        retry: Retry::Terminate,
        verifies: false,
    };
    sent.put_into(&mut target);
    if !sent.wrong.is_empty() {
        return error(400, sent.wrong);
    }
    let Some(id) = scene.events.subscribe(scene.bmc, target, wishes) else {
        return refuse(503, "EventSubscriptionLimitExceeded", &[]);
    };
    let document = document(scene, collection, &id).unwrap_or_default();
    Answer::ok(document).with_status(201).with_header("Location", format!("{}/{id}", collection.path))
}

/// A change; one that sleeps wakes up.
pub(crate) fn change(
    scene: &Scene<'_>,
    collection: &Document,
    id: &str,
    body: &Map<String, Value>,
) -> Option<Answer> {
    let mut target = scene.events.with(id, |it| it.target.clone())?;
    let mut sent = Sent { body, wrong: Vec::new() };
    sent.only(&CHANGEABLE);
    sent.put_into(&mut target);
    if body.keys().all(|name| name.contains('@')) {
        return Some(refuse(400, "NoOperation", &[]));
    }
    if !sent.wrong.is_empty() {
        return Some(error(400, sent.wrong));
    }
    scene.events.with(id, |it| {
        it.target = target;
        it.sleeps = false;
    })?;
    document(scene, collection, id).map(Answer::ok)
}

/// The end of one.
pub(crate) fn end(scene: &Scene<'_>, id: &str) -> Option<Answer> {
    scene.events.end(id).then(Answer::no_content)
}

/// What was sent, and what is wrong with it.
struct Sent<'b> {
    body: &'b Map<String, Value>,
    wrong: Vec<Value>,
}

impl Sent<'_> {
    fn complain(&mut self, name: &str, args: &[&str], pointer: &str) {
        self.wrong.push(about(message(name, args), pointer));
    }

    /// Complains of every property but these; annotations are none.
    fn only(&mut self, known: &[&str]) {
        for name in self.body.keys().filter(|name| !name.contains('@') && !known.contains(&name.as_str())) {
            let is_there = GIVEN_ONCE.contains(&name.as_str()) || SHOWN.contains(&name.as_str());
            let said = if is_there { "PropertyNotWritable" } else { "PropertyUnknown" };
            self.complain(said, &[name], &format!("/{name}"));
        }
    }

    fn type_error(&mut self, name: &str, pointer: &str) {
        // What was sent may be a secret.
        self.complain("PropertyValueTypeError", &["…", name], pointer);
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let pointer = format!("/{name}");
        match self.body.get(name)? {
            Value::String(text) if text.chars().count() <= LONGEST => return Some(text.clone()),
            Value::String(_) => {
                self.complain("StringValueTooLong", &[name, &LONGEST.to_string()], &pointer);
            }
            _ => self.type_error(name, &pointer),
        }
        None
    }

    fn one_of(&mut self, name: &str, words: &[&str], is_required: bool) -> Option<String> {
        if is_required && !self.body.contains_key(name) {
            self.complain("PropertyMissing", &[name], &format!("/{name}"));
        }
        let word = self.text(name)?;
        if !words.contains(&word.as_str()) {
            self.complain("PropertyValueNotInList", &[&word, name], &format!("/{name}"));
            return None;
        }
        Some(word)
    }

    /// An absolute URI that something can be sent to.
    fn destination(&mut self) -> String {
        const NAME: &str = "Destination";
        if !self.body.contains_key(NAME) {
            self.complain("PropertyMissing", &[NAME], "/Destination");
        }
        let Some(text) = self.text(NAME) else { return String::new() };
        let uri = text.parse::<Uri>().ok();
        let is_fine = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|it| !it.is_empty())
        });
        if !is_fine {
            self.complain("PropertyValueFormatError", &[&text, NAME], "/Destination");
        }
        text
    }

    /// A list of texts; of these, where something is listed.
    fn texts(&mut self, name: &str, listed: Option<&Value>) -> Vec<String> {
        let Some(given) = self.body.get(name) else { return Vec::new() };
        let texts: Option<Vec<String>> =
            given.as_array().and_then(|it| it.iter().map(|one| one.as_str().map(str::to_owned)).collect());
        let Some(texts) = texts else {
            self.type_error(name, &format!("/{name}"));
            return Vec::new();
        };
        let known = listed.and_then(Value::as_array);
        for (place, text) in texts.iter().enumerate() {
            if known.is_some_and(|known| !known.iter().any(|it| it == text)) {
                self.complain("PropertyValueNotInList", &[text, name], &format!("/{name}/{place}"));
            }
        }
        texts
    }

    fn origins(&mut self) -> Vec<String> {
        const NAME: &str = "OriginResources";
        let Some(given) = self.body.get(NAME) else { return Vec::new() };
        let path = |it: &Value| Some(it["@odata.id"].as_str()?.trim_end_matches('/').to_owned());
        let paths: Option<Vec<String>> = given.as_array().and_then(|it| it.iter().map(path).collect());
        paths.unwrap_or_else(|| {
            self.type_error(NAME, "/OriginResources");
            Vec::new()
        })
    }

    /// What can be changed later too.
    fn put_into(&mut self, target: &mut Target) {
        if let Some(context) = self.text("Context") {
            target.context = context;
        }
        let words = Retry::ALL.map(Retry::word);
        if let Some(word) = self.one_of("DeliveryRetryPolicy", &words, false) {
            target.retry = Retry::ALL.into_iter().find(|it| it.word() == word).unwrap_or(target.retry);
        }
        match self.body.get("VerifyCertificate") {
            None => {}
            Some(Value::Bool(verifies)) => target.verifies = *verifies,
            Some(_) => self.type_error("VerifyCertificate", "/VerifyCertificate"),
        }
        if let Some(given) = self.body.get("HttpHeaders") {
            match headers(given) {
                Some(headers) => target.headers = headers,
                None => self.type_error("HttpHeaders", "/HttpHeaders"),
            }
        }
    }
}

/// A list of objects, each with headers that HTTP can say.
fn headers(given: &Value) -> Option<Vec<(String, String)>> {
    let mut all = Vec::new();
    for object in given.as_array()? {
        for (name, value) in object.as_object()? {
            let value = value.as_str()?;
            let is_fine = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok();
            if !is_fine
                || ["host", "content-length", "transfer-encoding"]
                    .iter()
                    .any(|it| name.eq_ignore_ascii_case(it))
            {
                return None;
            }
            all.push((name.clone(), value.to_owned()));
        }
    }
    Some(all)
}
