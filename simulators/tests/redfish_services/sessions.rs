use serde_json::json;

use crate::world::{SESSIONS, World};

#[tokio::test(start_paused = true)]
async fn a_session_says_when_it_began_and_from_where() {
    let world = World::healthy().await;
    world.wait(90).await;
    let session = world.log_in().await.0.json();
    assert_eq!(session["CreatedTime"], "2026-01-01T00:01:30Z");
    assert_eq!(
        (&session["ClientOriginIPAddress"], &session["Password"]),
        (&json!("127.0.0.1"), &json!(null))
    );
    let at = session["@odata.id"].as_str().unwrap().to_owned();
    let again = world.get(&at).await.json();
    assert_eq!((&again["CreatedTime"], &again["UserName"]), (&session["CreatedTime"], &json!("admin")));
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_as_long_as_the_service_says() {
    let world = World::healthy().await;
    let (_, token) = world.log_in().await;
    world.send("PATCH", "/redfish/v1/SessionService", Some(json!({"SessionTimeout": 60}))).await;
    world.wait(59).await;
    assert_eq!(world.with_token(&token).await, 200);
    world.wait(60).await;
    assert_eq!((world.with_token(&token).await, world.service.sessions()), (401, 0));
}

#[tokio::test(start_paused = true)]
async fn sessions_end_when_the_bmc_restarts() {
    let world = World::healthy().await;
    let (_, token) = world.log_in().await;
    world.reset_bmc().await;
    world.wait(300).await;
    let reply = world.client().await.send("GET", SESSIONS, &[("X-Auth-Token", &token)], b"").await.unwrap();
    assert_eq!((reply.status, world.service.sessions()), (401, 0));
}

#[tokio::test(start_paused = true)]
async fn a_context_is_kept() {
    let world = World::healthy().await;
    let (user, password) = world.control.credentials();
    let login = json!({"UserName": user, "Password": password, "Context": "nightly run"});
    assert_eq!(world.bare("POST", SESSIONS, &[], Some(login)).await.json()["Context"], "nightly run");
}
