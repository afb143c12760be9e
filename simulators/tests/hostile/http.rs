//! Tricks with HTTP/1.1 (RFC 9112), and paths that lead out of the tree.

use std::time::Duration;

use tokio::time::timeout;

use crate::world::{Client, SYSTEM, World, basic};

/// A BMC, and the header that opens it.
struct Door {
    world: World,
    basic: String,
}

impl Door {
    async fn new() -> Self {
        let world = World::healthy().await;
        let (user, password) = world.control.credentials();
        Self { world, basic: basic(&user, &password) }
    }

    /// A request whose head is written by hand; credentials are added.
    fn head(&self, line: &str, more: &str) -> String {
        format!("{line}\r\nHost: bmc\r\nAuthorization: {}\r\n{more}\r\n", self.basic)
    }

    /// The status of the first answer to these bytes; nothing where there is none.
    async fn first(&self, bytes: &[u8]) -> String {
        let mut client = self.world.client().await;
        client.raw(bytes).await.unwrap();
        match timeout(Duration::from_secs(5), client.receive(false)).await {
            Ok(Ok(reply)) => reply.status.to_string(),
            _ => String::new(),
        }
    }

    /// The status for a path.
    async fn status(&self, path: &str) -> u16 {
        let mut client = self.world.client().await;
        client.send("GET", path, &[("Authorization", &self.basic)], b"").await.unwrap().status
    }

    /// Nothing else was handled than these.
    fn handled(&self) -> Vec<String> {
        self.world
            .service
            .exchanges_from(0)
            .into_iter()
            .map(|it| format!("{} {}", it.method, it.path))
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn no_path_leads_out_of_the_tree() {
    let door = Door::new().await;
    let paths = [
        "/redfish/v1/../../etc/passwd",
        "/redfish/v1/Systems/../../../../../etc/passwd",
        "/redfish/v1/%2e%2e/%2e%2e/etc/passwd",
        "/redfish/v1/Systems/..%2f..%2fManagers",
        "/redfish/v1/Systems/1%00",
        "/redfish/v1/Systems/1%00.json",
        "/redfish/v1/Systems/%ff%fe",
        "/redfish/v1/Systems/%",
        "/redfish/v1/Systems/%zz",
        "/etc/passwd",
        "//etc/passwd",
        "/",
    ];
    for path in paths {
        assert_eq!(door.status(path).await, 404, "{path}");
    }
    let long = format!("/redfish/v1/{}", "a".repeat(10_000));
    assert!(matches!(door.status(&long).await, 404 | 414));
    let longer = format!("/redfish/v1/{}", "a".repeat(70_000));
    assert_eq!(door.status(&longer).await, 414);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_their_order() {
    let door = Door::new().await;
    let get = |path: &str, more: &str| door.head(&format!("GET {path} HTTP/1.1"), more);
    let last = get("/redfish/v1/Managers", "Connection: close\r\n");
    let mut client = door.world.client().await;
    let three = [get(SYSTEM, ""), get("/redfish/v1/nowhere", ""), last].concat();
    client.raw(three.as_bytes()).await.unwrap();
    let answers = String::from_utf8(client.rest().await.unwrap()).unwrap();
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_within_a_body_is_never_a_request() {
    let door = Door::new().await;
    let inner = door.head("DELETE /redfish/v1/AccountService/Accounts/2 HTTP/1.1", "");
    let smuggled = format!("0\r\n\r\n{inner}");
    let both = format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", smuggled.len());
    let head = door.head(&format!("PATCH {SYSTEM} HTTP/1.1"), &both);
    door.first(format!("{head}{smuggled}").as_bytes()).await;
    let twice = format!("Content-Length: 0\r\nContent-Length: {}\r\n", inner.len());
    let head = door.head(&format!("PATCH {SYSTEM} HTTP/1.1"), &twice);
    door.first(format!("{head}{inner}").as_bytes()).await;
    let odd = "Transfer-Encoding: xchunked\r\n";
    door.first(format!("{}{inner}", door.head(&format!("PATCH {SYSTEM} HTTP/1.1"), odd)).as_bytes()).await;
    assert!(door.handled().iter().all(|it| !it.starts_with("DELETE")), "{:?}", door.handled());
    assert_eq!(door.status("/redfish/v1/AccountService/Accounts/2").await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_of_http_1_0_gets_its_answer_and_the_end() {
    let door = Door::new().await;
    let mut client = door.world.client().await;
    client.raw(b"GET /redfish/v1/ HTTP/1.0\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(client.rest().await.unwrap()).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with('}'), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_target_in_absolute_form_is_the_same_resource() {
    let door = Door::new().await;
    let mut client = door.world.client().await;
    let head = door.head("GET http://bmc/redfish/v1/Systems/1 HTTP/1.1", "");
    client.raw(head.as_bytes()).await.unwrap();
    let reply = client.receive(false).await.unwrap();
    assert_eq!((reply.status, reply.json()["@odata.id"].as_str()), (200, Some(SYSTEM)));
}

#[tokio::test(start_paused = true)]
async fn targets_that_are_no_path_are_refused() {
    let door = Door::new().await;
    for line in ["OPTIONS * HTTP/1.1", "CONNECT bmc:443 HTTP/1.1"] {
        let answers = door.first(door.head(line, "").as_bytes()).await;
        assert!(answers.starts_with('4') || answers.starts_with("501"), "{line}: {answers}");
    }
    for line in
        ["GET  /redfish HTTP/1.1", "GET /redfish HTTP/9.9", "GET", "\0\0\0\0 / HTTP/1.1", "PRI * HTTP/2.0"]
    {
        let answers = door.first(door.head(line, "").as_bytes()).await;
        assert!(
            answers.is_empty() || answers.starts_with("400") || answers.starts_with("505"),
            "{line}: {answers}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_whether_to_send_a_body_is_told_to() {
    let door = Door::new().await;
    let body = br#"{"IndicatorLED":"Lit"}"#;
    let more = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", body.len());
    let mut client = door.world.client().await;
    client.raw(door.head(&format!("PATCH {SYSTEM} HTTP/1.1"), &more).as_bytes()).await.unwrap();
    assert_eq!(client.receive(true).await.unwrap().status, 100);
    client.raw(body).await.unwrap();
    assert_eq!(client.receive(false).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn nobody_leaves_http_by_an_upgrade() {
    let door = Door::new().await;
    for to in ["h2c", "websocket", "TLS/1.2"] {
        let more = format!("Connection: Upgrade\r\nUpgrade: {to}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
        let mut client = door.world.client().await;
        client.raw(door.head(&format!("GET {SYSTEM} HTTP/1.1"), &more).as_bytes()).await.unwrap();
        assert_eq!(client.receive(false).await.unwrap().status, 200, "{to}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_and_a_client_that_leaves_do_no_harm() {
    let door = Door::new().await;
    for more in ["Content-Length: 50\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut client: Client = door.world.client().await;
        client.raw(door.head(&format!("PATCH {SYSTEM} HTTP/1.1"), more).as_bytes()).await.unwrap();
        client.raw(b"5\r\n{\"Boo").await.unwrap();
        drop(client);
    }
    assert_eq!(door.status(SYSTEM).await, 200);
}
