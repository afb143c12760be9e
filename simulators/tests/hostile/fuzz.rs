//! Requests that no client means: whatever comes, there is an answer, and it is never "my fault".

use std::{cell::RefCell, time::Duration};

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::world::{Client, MANAGER, Reply, World};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "PURGE"];
const QUERIES: &[&str] = &[
    "$expand=.($levels=99999999999999999999)",
    "$expand=*",
    "$select=*,,/,a/b/c/d",
    "$filter=((((((((((",
    "$filter=Name%20eq%20'",
    "$filter=not%20not%20not%20Name",
    "$skip=-1",
    "$skip=18446744073709551616",
    "$top=0&$top=1",
    "only&only&excerpt",
    "%00%ff%",
    "&&&===?",
];
const HEADERS: &[&str] = &[
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "Cookie",
    "If-Match",
    "If-None-Match",
    "OData-MaxVersion",
    "OData-Version",
    "Prefer",
    "Range",
    "Origin",
    "Content-Encoding",
];
const VALUES: &[&str] =
    &["", "*", "\"", "W/\"\"", "4.0", "99999999999999999999", "application/json", "gzip;q=", "bytes=9-1"];

/// One request, as far as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    method: String,
    path: Index,
    turned: Turned,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Body,
}

/// What becomes of a path that there is.
#[derive(Debug, Clone)]
enum Turned {
    Kept,
    Longer(String),
    Shorter(Index),
    Doubled,
    Above,
}

#[derive(Debug, Clone)]
enum Body {
    Empty,
    Bytes(Vec<u8>),
    Json(Value),
    /// An object with members of the resource's own names.
    Likely(Vec<(Index, Value)>),
}

fn request() -> impl Strategy<Value = Drawn> {
    let method =
        prop_oneof![8 => select(METHODS).prop_map(str::to_owned), 1 => "[A-Za-z!#$%&'*+.^_`|~-]{1,40}"];
    let query = prop_oneof![select(QUERIES).prop_map(str::to_owned), "[$a-zA-Z0-9=&%'().,/;:@!*+?-]{0,80}"];
    let value = prop_oneof![select(VALUES).prop_map(str::to_owned), "[ -~]{0,60}"];
    let headers = vec((select(HEADERS).prop_map(str::to_owned), value), 0..4);
    (method, any::<Index>(), turned(), option::weighted(0.4, query), headers, body()).prop_map(
        |(method, path, turned, query, headers, body)| Drawn { method, path, turned, query, headers, body },
    )
}

fn turned() -> impl Strategy<Value = Turned> {
    prop_oneof![
        8 => Just(Turned::Kept),
        2 => "[/a-zA-Z0-9%._~$#-]{1,40}".prop_map(Turned::Longer),
        1 => any::<Index>().prop_map(Turned::Shorter),
        1 => Just(Turned::Doubled),
        1 => Just(Turned::Above),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let member = (any::<Index>(), value());
    prop_oneof![
        2 => Just(Body::Empty),
        1 => vec(any::<u8>(), 0..200).prop_map(Body::Bytes),
        1 => value().prop_map(Body::Json),
        6 => vec(member, 0..4).prop_map(Body::Likely),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        select(vec!["On", "ForceOff", "Pxe", "Once", "http://[::1", "2026-13-45T99:99:99Z", "-P1D"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![
            select(vec!["Boot", "Status", "Oem", "@odata.id", "Members"]).prop_map(str::to_owned),
            ".{0,8}"
        ];
        let object = vec((key, inner.clone()), 0..4).prop_map(|all| Value::Object(all.into_iter().collect()));
        prop_oneof![vec(inner, 0..4).prop_map(Value::Array), object]
    })
}

/// A BMC with a session, and what is known of its tree.
struct Target {
    world: World,
    token: String,
}

impl Target {
    async fn new() -> Self {
        let world = World::healthy().await;
        let token = world.log_in().await.1;
        Self { world, token }
    }

    async fn send(&self, drawn: &Drawn, tree: &[(String, Value)]) -> Result<Reply, String> {
        let (path, document) = &tree[drawn.path.index(tree.len())];
        let mut target = drawn.turned.of(path);
        if let Some(query) = &drawn.query {
            target = format!("{target}?{query}");
        }
        let mut headers = vec![("X-Auth-Token", self.token.as_str())];
        headers.extend(drawn.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut client = Client::connect(self.world.service.addr()).await.map_err(|it| it.to_string())?;
        let body = drawn.body.of(document);
        let sent = client.send(&drawn.method, &target, &headers, &body);
        let answered =
            timeout(Duration::from_secs(60), sent).await.map_err(|_| "no answer came".to_owned())?;
        answered.map_err(|problem| format!("the connection ended without an answer: {problem}"))
    }

    /// Whether it is as it was: no request has shut us out, or sent the BMC away.
    async fn is_usable(&self) -> bool {
        self.world.control.truth().bmc_up && self.world.with_token(&self.token).await == 200
    }
}

impl Turned {
    fn of(&self, path: &str) -> String {
        match self {
            Self::Kept => path.to_owned(),
            Self::Longer(more) => format!("{path}/{more}").replace('#', "%23"),
            Self::Shorter(at) => path[..=at.index(path.len())].to_owned(),
            Self::Doubled => path.replace('/', "//"),
            Self::Above => format!("{path}/../%2e%2e/..%2f%00"),
        }
    }
}

impl Body {
    fn of(&self, document: &Value) -> Vec<u8> {
        match self {
            Self::Empty => Vec::new(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Likely(members) => {
                let empty = Map::new();
                let names: Vec<&String> = document.as_object().unwrap_or(&empty).keys().collect();
                let known = |at: &Index| (*names[at.index(names.len().max(1))]).clone();
                let all = members
                    .iter()
                    .filter(|_| !names.is_empty())
                    .map(|(at, value)| (known(at), value.clone()));
                Value::Object(all.collect()).to_string().into_bytes()
            }
        }
    }
}

/// Every resource, and the names that a request to it may use.
async fn tree(world: &World) -> Vec<(String, Value)> {
    let mut open = vec!["/redfish/v1/".to_owned()];
    let mut seen: Vec<(String, Value)> = Vec::new();
    while let Some(path) = open.pop() {
        let document = world.get(&path).await.json();
        links(&document, &mut open);
        actions(&document, &mut seen);
        seen.push((path, document));
        open.retain(|path| !path.contains('#') && seen.iter().all(|(known, _)| known != path));
    }
    seen
}

fn links(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, into)),
        Value::Object(members) => {
            into.extend(members.get("@odata.id").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| links(member, into));
        }
        _ => {}
    }
}

/// The actions of a resource, each with the names that parameters have.
fn actions(document: &Value, into: &mut Vec<(String, Value)>) {
    let parameters = json!({
        "ResetType": 0, "Image": 0, "Inserted": 0, "UserName": 0, "Password": 0, "TransferProtocolType": 0, "BootOrderType": 0,
        "OldPassword": 0, "NewPassword": 0, "PasswordName": 0, "EventType": 0, "MessageId": 0, "LogEntriesETag": 0,
    });
    let all = document["Actions"].as_object().into_iter().flatten();
    let targets = all.filter_map(|(_, action)| action["target"].as_str());
    into.extend(targets.map(|target| (target.to_owned(), parameters.clone())));
}

/// What must hold of every answer, whatever was asked.
fn is_sane(method: &str, reply: &Reply) -> Result<(), String> {
    let known = matches!(reply.status, 200..=499 | 501 | 503);
    let explains = reply.status < 400 || method == "HEAD" || !reply.message().is_empty();
    if known && explains { Ok(()) } else { Err(format!("{} {}", reply.status, reply.text())) }
}

#[test]
fn every_request_has_an_answer_that_says_what_was_wrong() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let first = runtime.block_on(Target::new());
    let tree = runtime.block_on(tree(&first.world));
    let target = RefCell::new(first);
    let config = Config { cases: 3_000, failure_persistence: None, ..Config::default() };
    let claim = |drawn: Drawn| {
        let mut target = target.borrow_mut();
        let reply = runtime.block_on(target.send(&drawn, &tree)).map_err(TestCaseError::fail)?;
        is_sane(&drawn.method, &reply).map_err(TestCaseError::fail)?;
        if !runtime.block_on(target.is_usable()) {
            *target = runtime.block_on(Target::new());
        }
        Ok(())
    };
    TestRunner::new(config).run(&request(), claim).unwrap();
}

#[test]
fn bytes_that_are_no_request_end_in_an_error_or_the_end() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let target = runtime.block_on(Target::new());
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let likely = vec(select(b"GETPOS/ HTP1.0\r\n:%?#\0\xffabc".to_vec()), 0..400);
    let noise = prop_oneof![vec(any::<u8>(), 0..2_000), likely];
    let claim = |noise: Vec<u8>| {
        runtime.block_on(async {
            let mut client = target.world.client().await;
            let _ = client.raw(&noise).await;
            let _ = client.raw(b"\r\n\r\n").await;
            let _ = timeout(Duration::from_secs(1), client.rest()).await;
        });
        let still = runtime.block_on(target.world.get(MANAGER));
        prop_assert_eq!(still.status, 200);
        Ok(())
    };
    TestRunner::new(config).run(&noise, claim).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_nested_without_end_is_refused() {
    let world = World::healthy().await;
    let (user, password) = world.control.credentials();
    let basic = crate::world::basic(&user, &password);
    let headers = [("Authorization", basic.as_str()), ("Content-Type", "application/json")];
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{{\"Boot\":{}null{}}}", open.repeat(100_000), close.repeat(100_000));
        let mut client = world.client().await;
        let reply = client.send("PATCH", crate::world::SYSTEM, &headers, deep.as_bytes()).await.unwrap();
        assert_eq!((reply.status, reply.message().as_str()), (400, "MalformedJSON"));
    }
    for filter in
        ["(".repeat(20_000), "not%20".repeat(5_000), "a%20and%20".repeat(5_000), "a/".repeat(10_000)]
    {
        let reply = world.get(&format!("/redfish/v1/Systems?$filter={filter}")).await;
        assert!(matches!(reply.status, 200 | 400 | 501), "{}", reply.status);
    }
}
