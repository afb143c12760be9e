//! Methods, headers and status codes (DSP0266 §6, §7, §8).

use serde_json::json;

use crate::world::{SESSIONS, SYSTEM, World, basic};

const RESET: &str = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";

async fn status(world: &World, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let (user, password) = world.control.credentials();
    let credentials = basic(&user, &password);
    let mut all = vec![("Authorization", credentials.as_str())];
    all.extend(headers);
    let body = (method == "PATCH").then(|| json!({"AssetTag": "a"}));
    world.bare(method, path, &all, body).await.status
}

#[tokio::test(start_paused = true)]
async fn a_resource_leads_to_its_schema() {
    let world = World::healthy().await;
    for path in ["/redfish/v1/", SYSTEM, "/redfish/v1/Systems", "/redfish/v1/AccountService/Accounts/2"] {
        for method in ["GET", "HEAD"] {
            let reply = world.send(method, path, None).await;
            let whole = world.get(path).await.json();
            let kind =
                whole["@odata.type"].as_str().unwrap().trim_start_matches('#').rsplit_once('.').unwrap().0;
            let link = format!("<http://redfish.dmtf.org/schemas/v1/{kind}.json>; rel=describedby");
            assert_eq!(reply.header("Link"), Some(link.as_str()), "{method} {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn head_says_what_get_says_without_a_body() {
    let world = World::healthy().await;
    for path in ["/redfish", "/redfish/v1", "/redfish/v1/$metadata", SYSTEM, SESSIONS, "/redfish/v1/nothing"]
    {
        let (get, head) = (world.get(path).await, world.send("HEAD", path, None).await);
        assert_eq!((head.status, head.headers, head.body.len()), (get.status, get.headers, 0), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_is_known_allowed_or_neither() {
    let world = World::healthy().await;
    for (method, path, expected, allow) in [
        ("PUT", SYSTEM, 405, Some("GET, HEAD, PATCH")),
        ("DELETE", SYSTEM, 405, Some("GET, HEAD, PATCH")),
        ("POST", "/redfish/v1/Systems", 405, Some("GET, HEAD")),
        ("PATCH", "/redfish/v1/AccountService/Roles/Operator", 405, Some("GET, HEAD")),
        ("GET", RESET, 405, Some("POST")),
        ("BREW", SYSTEM, 501, None),
        ("OPTIONS", SYSTEM, 204, Some("GET, HEAD, PATCH")),
        ("PUT", "/redfish/v1/nothing", 404, None),
        ("DELETE", "/redfish/v1/SessionService/Sessions/99", 404, None),
    ] {
        let reply = world.send(method, path, None).await;
        assert_eq!((reply.status, reply.header("Allow")), (expected, allow), "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_is_one_path_however_its_letters_are_escaped() {
    let world = World::healthy().await;
    for path in ["/redfish/v1/Systems/1/", "/redfish/v1/%53ystems/%31", "/redfish/v1/%24metadata"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    for path in [
        "/redfish/v1//Systems/1",
        "//redfish/v1/Systems/1",
        "/redfish/v1/Systems/1//",
        "/Redfish/v1/Systems/1",
        "/redfish/v1/systems/1",
        "/redfish/v1/Systems%2F1",
        "/redfish/v1/Systems/%",
        "/redfish/v1/Systems/%zz",
        "/redfish/v1/Systems/%C3%9F",
        "/redfish/v2/",
        "/",
    ] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_client_takes_and_speaks_matters() {
    let world = World::healthy().await;
    for (name, value, expected) in [
        ("Accept", "text/html", 406),
        ("Accept", "text/html, */*;q=0.1", 200),
        ("Accept", "application/json;charset=utf-8", 200),
        ("OData-Version", "4.0", 200),
        ("OData-Version", "4.01", 412),
    ] {
        assert_eq!(status(&world, "GET", SYSTEM, &[(name, value)]).await, expected, "{name}: {value}");
    }
    for (value, expected) in
        [("application/json; charset=utf-8", 200), ("application/jsonp", 415), ("text/plain", 415)]
    {
        assert_eq!(status(&world, "PATCH", SYSTEM, &[("Content-Type", value)]).await, expected, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_is_met_or_nothing_is_done() {
    let world = World::healthy().await;
    let tag = world.get(SYSTEM).await.header("ETag").unwrap().to_owned();
    let weak = format!("W/{tag}");
    let several = format!("\"other\", {tag}");
    for (method, name, value, expected) in [
        ("GET", "If-None-Match", tag.as_str(), 304),
        ("GET", "If-None-Match", &weak, 304),
        ("GET", "If-None-Match", &several, 304),
        ("HEAD", "If-None-Match", "*", 304),
        ("GET", "If-None-Match", "\"other\"", 200),
        ("GET", "If-Match", "\"other\"", 412),
        ("GET", "If-Match", &tag, 200),
        ("PATCH", "If-Match", "\"other\"", 412),
        ("PATCH", "If-Match", &weak, 412),
        ("PATCH", "If-None-Match", "*", 412),
        ("PATCH", "If-Match", &several, 200),
        ("PATCH", "If-Match", "*", 200),
    ] {
        assert_eq!(
            status(&world, method, SYSTEM, &[(name, value)]).await,
            expected,
            "{method} {name}: {value}"
        );
    }
    let session = world.log_in().await.0.header("Location").unwrap().to_owned();
    assert_eq!(status(&world, "DELETE", &session, &[("If-Match", "\"other\"")]).await, 412);
    let tag = world.get(&session).await.header("ETag").unwrap().to_owned();
    assert_eq!(status(&world, "DELETE", &session, &[("If-Match", &tag)]).await, 204);
}

#[tokio::test(start_paused = true)]
async fn the_members_of_a_collection_are_another_name_of_it() {
    let world = World::healthy().await;
    let (user, password) = world.control.credentials();
    let body = json!({"UserName": user, "Password": password});
    let reply = world.bare("POST", &format!("{SESSIONS}/Members"), &[], Some(body)).await;
    assert_eq!(reply.status, 201);
    assert_eq!(world.get(&format!("{SESSIONS}/Members")).await.status, 404);
}
