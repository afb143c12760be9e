//! Rules as JSON, in the words of a scenario's faults:
//! `{"path": "/redfish/v1/Systems/*", "nth": "1..3", "respond": {"status": 503}}`.

use std::{fmt, time::Duration};

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{Corruption, HttpAction, HttpRule, Nth, Phase, When};
use crate::{
    machine::{Host, Power},
    redfish::{base_args, base_error},
};

const ACTIONS: [&str; 18] = [
    "respond",
    "delay",
    "drip",
    "cut",
    "reset",
    "reset-after",
    "hang",
    "hang-after",
    "html",
    "truncated-json",
    "empty-body",
    "huge-body",
    "deep-json",
    "wrong-content-type",
    "strip-header",
    "field",
    "stall-handshake",
    "refuse-handshake",
];
/// Methods that a client may send (RFC 9110 §9, RFC 5789).
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
/// What a rule may have beside its action.
const REST: [&str; 6] = ["on", "methods", "path", "when", "nth", "share"];
const LARGEST: u64 = 1 << 30;

/// What in a document is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where, as a JSON pointer.
    pub at: String,
    /// What was expected there.
    pub expected: String,
    /// What stands there.
    pub came: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "the document" } else { &self.at };
        write!(f, "{at} is {}, expected {}", self.came, self.expected)
    }
}

impl std::error::Error for Unreadable {}

/// Something at its place.
#[derive(Clone, Copy)]
pub(crate) struct Node<'v> {
    parent: &'v str,
    value: &'v Value,
}

impl<'v> Node<'v> {
    /// A document, or what stands at this pointer in one.
    pub(crate) fn new(parent: &'v str, value: &'v Value) -> Self {
        Self { parent, value }
    }

    /// It should be something else.
    pub(crate) fn wrong<T>(self, expected: impl Into<String>) -> Result<T, Unreadable> {
        let mut came = self.value.to_string();
        if came.len() > 80 {
            came = format!("{}…", came.chars().take(80).collect::<String>());
        }
        Err(Unreadable { at: self.parent.to_owned(), expected: expected.into(), came })
    }

    /// An object with no other members than these.
    pub(crate) fn object(self, known: &[&str], what: &str) -> Result<&'v Map<String, Value>, Unreadable> {
        let Some(object) = self.value.as_object() else { return self.wrong(what) };
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(object),
            Some(stranger) => Err(Unreadable {
                at: format!("{}/{stranger}", self.parent),
                expected: format!("one of {}", known.join(", ")),
                came: "an unknown member".to_owned(),
            }),
        }
    }

    /// A text.
    pub(crate) fn text(self, what: &str) -> Result<&'v str, Unreadable> {
        self.value.as_str().map_or_else(|| self.wrong(what), Ok)
    }

    /// One of the words that this gives a meaning.
    pub(crate) fn word<T>(
        self,
        known: &[&str],
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Unreadable> {
        let word = self.value.as_str().and_then(meaning);
        word.map_or_else(|| self.wrong(format!("one of {}", known.join(", "))), Ok)
    }

    /// A list.
    pub(crate) fn list(self, what: &str) -> Result<&'v [Value], Unreadable> {
        self.value.as_array().map_or_else(|| self.wrong(what), |it| Ok(it.as_slice()))
    }

    /// A time, such as `"300ms"`, `"2m"` or a number of seconds.
    pub(crate) fn time(self) -> Result<Duration, Unreadable> {
        let seconds = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => seconds(text),
            _ => None,
        };
        // A year is enough for everybody, and adds up.
        match seconds.filter(|it| (0.0..=31_622_400.0).contains(it)) {
            Some(seconds) => Ok(Duration::from_secs_f64(seconds)),
            None => self.wrong("a time such as \"300ms\", \"20s\", \"2m\", \"1h\" or a number of seconds, a year (366 days) at most"),
        }
    }

    fn whole(self) -> Result<usize, Unreadable> {
        let number = self.value.as_u64().filter(|it| *it <= LARGEST).and_then(|it| usize::try_from(it).ok());
        number.map_or_else(|| self.wrong(format!("a whole number up to {LARGEST}")), Ok)
    }

    fn set(self, action: HttpAction) -> Result<HttpAction, Unreadable> {
        if self.value == &json!(true) { Ok(action) } else { self.wrong("true") }
    }
}

fn seconds(text: &str) -> Option<f64> {
    let unit = text.find(|it: char| it.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].trim().parse().ok()?;
    let factor = match &text[unit..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Some(number * factor)
}

impl HttpRule {
    /// Reads a list of rules.
    ///
    /// # Errors
    /// Where something is not as it should be.
    pub fn read_all(document: &Value) -> Result<Vec<Self>, Unreadable> {
        let rules = Node::new("", document).list("a list of rules")?;
        rules.iter().enumerate().map(|(place, rule)| Self::read(&format!("/{place}"), rule)).collect()
    }

    fn read(at: &str, rule: &Value) -> Result<Self, Unreadable> {
        let known: Vec<&str> = REST.into_iter().chain(ACTIONS).collect();
        let node = Node::new(at, rule);
        let object = node.object(&known, "a rule such as {\"nth\": 1, \"respond\": {\"status\": 503}}")?;
        let actions: Vec<_> = ACTIONS.into_iter().filter(|name| object.contains_key(*name)).collect();
        let [name] = actions[..] else {
            return node.wrong(format!("a rule with exactly one of {}", ACTIONS.join(", ")));
        };
        let below = |name: &str| format!("{at}/{name}");
        let mut read = Self::every(action(name, Node::new(&below(name), &object[name]))?);
        if let Some(on) = object.get("on") {
            Node::new(&below("on"), on).word(&["http"], |word| (word == "http").then_some(()))?;
        }
        if let Some(methods) = object.get("methods") {
            read.methods = methods_of(Node::new(&below("methods"), methods))?;
        }
        if let Some(path) = object.get("path") {
            read.path = Some(path_of(Node::new(&below("path"), path))?);
        }
        if let Some(when) = object.get("when") {
            read.when = when_of(Node::new(&below("when"), when))?;
        }
        if let Some(nth) = object.get("nth") {
            read.nth = nth_of(Node::new(&below("nth"), nth))?;
        }
        if let Some(share) = object.get("share") {
            read.share = share_of(Node::new(&below("share"), share))?;
        }
        if read.action.phase() == Phase::Welcome
            && let Some(name) = ["methods", "path"].into_iter().find(|name| object.contains_key(*name))
        {
            let what = format!("no {name} with {}: no request was sent yet", actions[0]);
            return Node::new(&below(name), &object[name]).wrong(what);
        }
        Ok(read)
    }

    /// The rule as it would be read.
    pub fn written(&self) -> Value {
        let (name, how) = written_action(&self.action);
        let mut rule = Map::new();
        if !self.methods.is_empty() {
            rule.insert("methods".into(), json!(self.methods));
        }
        if let Some(path) = &self.path {
            rule.insert("path".into(), json!(path));
        }
        if self.when != When::default() {
            rule.insert("when".into(), written_when(&self.when));
        }
        match self.nth {
            Nth::ALL => {}
            Nth { from, to: None } => {
                rule.insert("nth".into(), json!(format!("{from}..")));
            }
            Nth { from, to: Some(to) } => {
                rule.insert("nth".into(), json!(format!("{from}..{to}")));
            }
        }
        if self.share < 1.0 {
            rule.insert("share".into(), json!(self.share));
        }
        rule.insert(name.to_owned(), how);
        Value::Object(rule)
    }
}

fn methods_of(node: Node<'_>) -> Result<Vec<String>, Unreadable> {
    let mut methods = Vec::new();
    for (place, method) in node.list("a list of methods such as [\"GET\"]")?.iter().enumerate() {
        let at = format!("{}/{place}", node.parent);
        let known = |word: &str| METHODS.into_iter().find(|it| it.eq_ignore_ascii_case(word));
        methods.push(Node::new(&at, method).word(&METHODS, known)?.to_owned());
    }
    if methods.is_empty() {
        node.wrong("at least one method, or no methods at all for all of them")
    } else {
        Ok(methods)
    }
}

fn path_of(node: Node<'_>) -> Result<String, Unreadable> {
    const WHAT: &str = "a path that begins with / or *, such as /redfish/v1/Systems/*";
    let path = node.text(WHAT)?;
    if path.starts_with(['/', '*']) { Ok(path.to_owned()) } else { node.wrong(WHAT) }
}

fn nth_of(node: Node<'_>) -> Result<Nth, Unreadable> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    let text = match node.value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let nth = match text.split_once("..") {
        _ if text == "all" => Some(Nth::ALL),
        None => number(&text).map(|it| Nth { from: it, to: Some(it) }),
        Some((from, "")) => number(from).map(|from| Nth { from, to: None }),
        Some((from, to)) => {
            let both = number(from).zip(number(to)).filter(|(from, to)| from <= to);
            both.map(|(from, to)| Nth { from, to: Some(to) })
        }
    };
    nth.map_or_else(|| node.wrong("2, \"1..3\", \"4..\" or \"all\""), Ok)
}

fn share_of(node: Node<'_>) -> Result<f64, Unreadable> {
    let share = match node.value {
        Value::String(text) => {
            text.strip_suffix('%').and_then(|it| it.trim().parse::<f64>().ok()).map(|it| it / 100.0)
        }
        other => other.as_f64(),
    };
    let share = share.filter(|it| *it > 0.0 && *it <= 1.0);
    share.map_or_else(|| node.wrong("a share such as 0.25 or \"25%\", more than nothing"), Ok)
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|it| word(*it)).collect()
}

fn when_of(node: Node<'_>) -> Result<When, Unreadable> {
    let object = node.object(
        &["power", "host", "since", "from", "to"],
        "times such as {\"host\": \"post\"} or {\"since\": \"bmc.ready\", \"to\": \"30s\"}",
    )?;
    let mut when = When::default();
    for (name, value) in object {
        let at = format!("{}/{name}", node.parent);
        let node = Node::new(&at, value);
        match name.as_str() {
            "power" => when.power = Some(node.word(&words(Power::ALL, Power::word), Power::from_word)?),
            "host" => when.host = Some(node.word(&words(Host::ALL, Host::word), Host::from_word)?),
            "since" => when.since = Some(node.text("the name of an event, such as power.on")?.to_owned()),
            "from" => when.from = Some(node.time()?),
            _ => when.to = Some(node.time()?),
        }
    }
    if let Some(to) = object.get("to").filter(|_| when.is_never()) {
        return Node::new(&format!("{}/to", node.parent), to).wrong("a time after from");
    }
    Ok(when)
}

const HEADER: &str = "a header's name, such as ETag";

/// Whether HTTP has such a header (RFC 9110 §5.1, §5.5).
fn is_header(name: &str, value: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok()
}

fn action(name: &str, node: Node<'_>) -> Result<HttpAction, Unreadable> {
    match name {
        "respond" => respond(node),
        "delay" => node.time().map(HttpAction::Delay),
        "drip" => drip(node),
        "cut" => node.whole().map(|after| HttpAction::CutBody { after }),
        "huge-body" => node.whole().map(|bytes| HttpAction::HugeBody { bytes }),
        "deep-json" => node.whole().map(|depth| HttpAction::DeepJson { depth }),
        "strip-header" => match node.text(HEADER)? {
            name if is_header(name, "") => Ok(HttpAction::StripHeader(name.to_owned())),
            _ => node.wrong(HEADER),
        },
        "field" => field(node),
        "reset" => node.set(HttpAction::ResetConnection),
        "reset-after" => node.set(HttpAction::ResetAfter),
        "hang" => node.set(HttpAction::Hang),
        "hang-after" => node.set(HttpAction::HangAfter),
        "html" => node.set(HttpAction::HtmlPage),
        "truncated-json" => node.set(HttpAction::TruncatedJson),
        "empty-body" => node.set(HttpAction::EmptyBody),
        "wrong-content-type" => node.set(HttpAction::WrongContentType),
        "stall-handshake" => node.set(HttpAction::StallHandshake),
        _ => node.set(HttpAction::RefuseHandshake),
    }
}

/// A member that must be there.
fn member<'v>(
    node: Node<'v>,
    object: &'v Map<String, Value>,
    name: &str,
    what: &str,
) -> Result<&'v Value, Unreadable> {
    object.get(name).map_or_else(|| node.wrong(what), Ok)
}

fn drip(node: Node<'_>) -> Result<HttpAction, Unreadable> {
    const WHAT: &str = "{\"bytes\": 1, \"every\": \"1s\"}";
    let object = node.object(&["bytes", "every"], WHAT)?;
    let (bytes, every) = (member(node, object, "bytes", WHAT)?, member(node, object, "every", WHAT)?);
    let at = format!("{}/bytes", node.parent);
    let given = Node::new(&at, bytes);
    let bytes = given.whole()?;
    if bytes == 0 {
        return given.wrong("a number of bytes, 1 at least");
    }
    let every = Node::new(&format!("{}/every", node.parent), every).time()?;
    Ok(HttpAction::Drip { bytes_every: (bytes, every) })
}

fn field(node: Node<'_>) -> Result<HttpAction, Unreadable> {
    const WHAT: &str = "{\"at\": \"/PowerState\", \"becomes\": \"unknown-word\"}";
    let object = node.object(&["at", "becomes"], WHAT)?;
    let (at, becomes) = (member(node, object, "at", WHAT)?, member(node, object, "becomes", WHAT)?);
    let pointer = at.as_str().filter(|it| it.starts_with('/'));
    let Some(pointer) = pointer else {
        return Node::new(&format!("{}/at", node.parent), at)
            .wrong("a JSON pointer such as /Boot/BootOrder/0");
    };
    let meaning = |word: &str| Corruption::ALL.into_iter().find(|it| it.word() == word);
    let becomes = Node::new(&format!("{}/becomes", node.parent), becomes)
        .word(&words(&Corruption::ALL, Corruption::word), meaning)?;
    Ok(HttpAction::Field { at: pointer.to_owned(), becomes })
}

fn respond(node: Node<'_>) -> Result<HttpAction, Unreadable> {
    const WHAT: &str = "{\"status\": 503, \"headers\": {…}, \"body\": …} or {\"status\": 503, \"message\": \
                        \"ServiceTemporarilyUnavailable\", \"args\": [\"5\"]}";
    let object = node.object(&["status", "headers", "body", "message", "args"], WHAT)?;
    let below = |name: &str| format!("{}/{name}", node.parent);
    let status = member(node, object, "status", WHAT)?;
    let number = status.as_u64().filter(|it| (200..=599).contains(it)).and_then(|it| u16::try_from(it).ok());
    let Some(status) = number else {
        return Node::new(&below("status"), status).wrong("a status from 200 to 599");
    };
    let mut headers = Vec::new();
    if let Some(given) = object.get("headers") {
        let at = below("headers");
        let node = Node::new(&at, given);
        let Some(given) = given.as_object() else { return node.wrong("an object with texts") };
        for (name, value) in given {
            let Some(value) = value.as_str() else { return node.wrong("an object with texts") };
            if !is_header(name, value) {
                let at = format!("{}/{name}", node.parent);
                return Node::new(&at, &json!(value)).wrong(
                    "a header that HTTP can have: a name of letters, digits and dashes, a value of one line",
                );
            }
            headers.push((name.clone(), value.to_owned()));
        }
    }
    let body = match (object.get("message"), object.get("body")) {
        (Some(_), Some(_)) => return node.wrong("either a body or a message of the Base registry"),
        (Some(message), None) => {
            Some(said(Node::new(&below("message"), message), object.get("args").unwrap_or(&json!([])))?)
        }
        (None, Some(Value::String(text))) => Some(text.clone()),
        (None, Some(document)) => Some(document.to_string()),
        (None, None) => None,
    };
    Ok(HttpAction::Respond { status, headers, body })
}

/// The error body of a message of the Base registry.
fn said(node: Node<'_>, args: &Value) -> Result<String, Unreadable> {
    let name = node.text("the name of a message of the Base registry")?;
    let args: Option<Vec<&str>> = args.as_array().and_then(|it| it.iter().map(Value::as_str).collect());
    let Some(args) = args else { return node.wrong("a message with a list of texts as args") };
    let Some(count) = base_args(name) else {
        return node.wrong("the name of a message of the Base registry, such as GeneralError");
    };
    if args.len() != count {
        return node
            .wrong(format!("a message with as many args as it has places for: {count}, not {}", args.len()));
    }
    base_error(name, &args).map_or_else(|| node.wrong("the name of a message of the Base registry"), Ok)
}

fn time(time: Duration) -> String {
    match time.as_millis() {
        whole if whole % 1000 == 0 => format!("{}s", whole / 1000),
        parts => format!("{parts}ms"),
    }
}

fn written_when(when: &When) -> Value {
    let members = [
        ("power", when.power.map(|it| it.word().to_owned())),
        ("host", when.host.map(|it| it.word().to_owned())),
        ("since", when.since.clone()),
        ("from", when.from.map(time)),
        ("to", when.to.map(time)),
    ];
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    Value::Object(given.collect())
}

fn written_action(action: &HttpAction) -> (&'static str, Value) {
    match action {
        HttpAction::Respond { status, headers, body } => {
            let headers: Map<_, _> =
                headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let mut respond = json!({"status": status, "headers": headers});
            if let Some(body) = body {
                respond["body"] = json!(body);
            }
            ("respond", respond)
        }
        HttpAction::Delay(by) => ("delay", json!(time(*by))),
        HttpAction::Drip { bytes_every: (bytes, every) } => {
            ("drip", json!({"bytes": bytes, "every": time(*every)}))
        }
        HttpAction::CutBody { after } => ("cut", json!(after)),
        HttpAction::HugeBody { bytes } => ("huge-body", json!(bytes)),
        HttpAction::DeepJson { depth } => ("deep-json", json!(depth)),
        HttpAction::StripHeader(name) => ("strip-header", json!(name)),
        HttpAction::Field { at, becomes } => ("field", json!({"at": at, "becomes": becomes.word()})),
        HttpAction::ResetConnection => ("reset", json!(true)),
        HttpAction::ResetAfter => ("reset-after", json!(true)),
        HttpAction::Hang => ("hang", json!(true)),
        HttpAction::HangAfter => ("hang-after", json!(true)),
        HttpAction::HtmlPage => ("html", json!(true)),
        HttpAction::TruncatedJson => ("truncated-json", json!(true)),
        HttpAction::EmptyBody => ("empty-body", json!(true)),
        HttpAction::WrongContentType => ("wrong-content-type", json!(true)),
        HttpAction::StallHandshake => ("stall-handshake", json!(true)),
        HttpAction::RefuseHandshake => ("refuse-handshake", json!(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(rule: Value) -> String {
        HttpRule::read_all(&json!([rule])).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let rules = json!([
            {"methods": ["GET"], "path": "/redfish/v1/Systems/*", "nth": "1..3", "share": 0.25,
             "when": {"power": "powered-on", "host": "post", "since": "bmc.ready", "from": "1s", "to": "1500ms"},
             "respond": {"status": 503, "headers": {"Retry-After": "5"}, "body": "{}"}},
            {"nth": "4..", "drip": {"bytes": 1, "every": "1s"}},
            {"field": {"at": "/PowerState", "becomes": "unknown-word"}},
            {"delay": "20s"}, {"cut": 10}, {"huge-body": 1000}, {"deep-json": 5}, {"strip-header": "ETag"},
            {"reset": true}, {"reset-after": true}, {"hang": true}, {"hang-after": true}, {"html": true},
            {"truncated-json": true}, {"empty-body": true}, {"wrong-content-type": true},
            {"stall-handshake": true}, {"refuse-handshake": true},
        ]);
        let read = HttpRule::read_all(&rules).unwrap();
        assert_eq!(json!(read.iter().map(HttpRule::written).collect::<Vec<_>>()), rules);
    }

    #[test]
    fn a_message_of_the_registry_becomes_a_body() {
        let rule =
            json!([{"respond": {"status": 503, "message": "ServiceTemporarilyUnavailable", "args": ["5"]}}]);
        let HttpAction::Respond { body: Some(body), .. } = &HttpRule::read_all(&rule).unwrap()[0].action
        else {
            panic!("it has a body");
        };
        assert!(body.contains("Retry in 5 seconds") && body.contains("@Message.ExtendedInfo"), "{body}");
    }

    #[test]
    fn a_problem_says_where_it_is_and_what_was_expected() {
        let said = problem(json!({"respond": {"status": 99}}));
        assert_eq!(said, "/0/respond/status is 99, expected a status from 200 to 599");
        let said = problem(json!({"hang": true, "reset": true}));
        assert!(said.contains("expected a rule with exactly one of respond, delay"), "{said}");
        let said = problem(json!({"hang": true, "ntn": 1}));
        assert!(said.starts_with("/0/ntn is an unknown member, expected one of on, methods"), "{said}");
        let said = problem(json!({"hang": true, "when": {"host": "asleep"}}));
        assert!(said.starts_with("/0/when/host is \"asleep\", expected one of off, post"), "{said}");
        let said = problem(json!({"delay": "soon"}));
        assert!(said.starts_with("/0/delay is \"soon\", expected a time"), "{said}");
        let said = problem(json!({"respond": {"status": 503, "message": "ServiceTemporarilyUnavailable"}}));
        assert!(said.ends_with("as many args as it has places for: 1, not 0"), "{said}");
        assert!(problem(json!({"delay": -1})).contains("expected a time"));
        assert!(problem(json!({"hang": true, "nth": 0})).contains("expected 2, \"1..3\""));
        assert!(problem(json!({"hang": true, "share": 2})).contains("expected a share"));
    }

    #[test]
    fn a_rule_that_can_never_strike_is_refused() {
        let said = problem(json!({"hang": true, "methods": ["GET", "FETCH"]}));
        assert_eq!(
            said,
            "/0/methods/1 is \"FETCH\", expected one of GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"
        );
        let said = problem(json!({"hang": true, "path": "redfish/v1"}));
        assert!(
            said.starts_with("/0/path is \"redfish/v1\", expected a path that begins with / or *"),
            "{said}"
        );
        assert!(problem(json!({"hang": true, "share": 0})).contains("more than nothing"));
        assert!(problem(json!({"hang": true, "share": "0%"})).contains("more than nothing"));
        let said = problem(json!({"hang": true, "when": {"from": "9s", "to": "5s"}}));
        assert_eq!(said, "/0/when/to is \"5s\", expected a time after from");
        assert!(problem(json!({"hang": true, "when": {"to": 0}})).contains("expected a time after from"));
        assert!(problem(json!({"hang": true, "methods": []})).contains("expected at least one method"));
        assert!(problem(json!({"strip-header": ""})).contains("expected a header's name"));
        for (name, value) in [("a b", "x"), ("", "x"), ("X", "a\r\nInj: c")] {
            let said = problem(json!({"respond": {"status": 503, "headers": {name: value}}}));
            assert!(said.contains("expected a header that HTTP can have"), "{said}");
        }
        assert!(problem(json!({"drip": {"bytes": 0, "every": "1s"}})).contains("1 at least"));
        let said = problem(json!({"stall-handshake": true, "path": "*"}));
        assert_eq!(said, "/0/path is \"*\", expected no path with stall-handshake: no request was sent yet");
    }
}
