use serde_json::{Value, json};

use crate::world::{Reply, SESSIONS, SYSTEM, World, basic};

const SERVICE: &str = "/redfish/v1/AccountService";
const ACCOUNTS: &str = "/redfish/v1/AccountService/Accounts";
const ADMIN: &str = "/redfish/v1/AccountService/Accounts/2";
const READER: &str = "/redfish/v1/AccountService/Accounts/4";

async fn make(world: &World, user: &str, role: &str) -> Reply {
    let body = json!({"UserName": user, "Password": "correct horse", "RoleId": role});
    world.send("POST", ACCOUNTS, Some(body)).await
}

async fn as_user(world: &World, user: &str, password: &str, method: &str, path: &str) -> u16 {
    world.bare(method, path, &[("Authorization", &basic(user, password))], None).await.status
}

/// What the first message says, or nothing.
fn said(reply: &Reply) -> (u16, String) {
    (reply.status, if reply.body.is_empty() { String::new() } else { reply.message() })
}

#[tokio::test(start_paused = true)]
async fn an_account_is_made_and_used_and_ends() {
    let world = World::healthy().await;
    let made = make(&world, "eve", "Operator").await;
    let at = made.header("Location").unwrap().to_owned();
    assert_eq!((made.status, at.as_str()), (201, "/redfish/v1/AccountService/Accounts/5"));
    let account = made.json();
    assert_eq!(
        (&account["UserName"], &account["RoleId"], &account["Password"], &account["AccountTypes"]),
        (&json!("eve"), &json!("Operator"), &Value::Null, &json!(["Redfish"]))
    );
    assert_eq!(as_user(&world, "eve", "correct horse", "GET", SYSTEM).await, 200);
    assert_eq!(world.get(ACCOUNTS).await.json()["Members@odata.count"], 4);
    assert_eq!(world.send("DELETE", &at, None).await.status, 204);
    assert_eq!(as_user(&world, "eve", "correct horse", "GET", SYSTEM).await, 401);
    assert_eq!(world.get(&at).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_account_must_be_whole_and_fit() {
    let world = World::healthy().await;
    let attempts = [
        (json!({"Password": "correct horse", "RoleId": "Operator"}), 400, "PropertyMissing"),
        (json!({"UserName": "eve", "RoleId": "Operator"}), 400, "PropertyMissing"),
        (json!({"UserName": "eve", "Password": "correct horse"}), 400, "PropertyMissing"),
        (json!({"UserName": "eve", "Password": "short", "RoleId": "Operator"}), 400, "StringValueTooShort"),
        (
            json!({"UserName": "eve", "Password": "x".repeat(21), "RoleId": "Operator"}),
            400,
            "StringValueTooLong",
        ),
        (
            json!({"UserName": "e".repeat(17), "Password": "correct horse", "RoleId": "Operator"}),
            400,
            "StringValueTooLong",
        ),
        (
            json!({"UserName": "e:e", "Password": "correct horse", "RoleId": "Operator"}),
            400,
            "PropertyValueFormatError",
        ),
        (
            json!({"UserName": "", "Password": "correct horse", "RoleId": "Operator"}),
            400,
            "PropertyValueFormatError",
        ),
        (
            json!({"UserName": 5, "Password": "correct horse", "RoleId": "Operator"}),
            400,
            "PropertyValueTypeError",
        ),
        (
            json!({"UserName": "eve", "Password": "correct horse", "RoleId": "King"}),
            400,
            "PropertyValueNotInList",
        ),
        (
            json!({"UserName": "eve", "Password": "correct horse", "RoleId": "Operator", "Shoes": 2}),
            400,
            "PropertyUnknown",
        ),
        (
            json!({"UserName": "admin", "Password": "correct horse", "RoleId": "Operator"}),
            409,
            "ResourceAlreadyExists",
        ),
    ];
    for (body, status, message) in attempts {
        let reply = world.send("POST", ACCOUNTS, Some(body.clone())).await;
        assert_eq!((reply.status, reply.message().as_str()), (status, message), "{body}");
        assert!(!String::from_utf8_lossy(&reply.body).contains("correct horse"), "{body}");
    }
    assert_eq!(world.get(ACCOUNTS).await.json()["Members@odata.count"], 3);
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_accounts_as_slots() {
    let world = World::healthy().await;
    for place in 5..=15 {
        assert_eq!(make(&world, &format!("user{place}"), "ReadOnly").await.status, 201);
    }
    assert_eq!(
        said(&make(&world, "late", "ReadOnly").await),
        (400, "CreateLimitReachedForResource".to_owned())
    );
    world.send("DELETE", &format!("{ACCOUNTS}/9"), None).await;
    let made = make(&world, "late", "ReadOnly").await;
    assert_eq!(made.header("Location"), Some("/redfish/v1/AccountService/Accounts/9"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_name_role_and_password_count_at_once() {
    let world = World::healthy().await;
    let body = json!({"UserName": "viewer", "Password": "a new password", "RoleId": "Operator"});
    let changed = world.send("PATCH", READER, Some(body)).await;
    assert_eq!((changed.status, changed.json()["UserName"].clone()), (200, json!("viewer")));
    assert_eq!(as_user(&world, "readonly", "a new password", "GET", SYSTEM).await, 401);
    assert_eq!(as_user(&world, "viewer", "a new password", "GET", SYSTEM).await, 200);
    assert_eq!(
        world.get(READER).await.json()["Links"]["Role"]["@odata.id"],
        "/redfish/v1/AccountService/Roles/Operator"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_with_an_old_etag_is_refused() {
    let world = World::healthy().await;
    let tag = world.get(READER).await.header("ETag").unwrap().to_owned();
    let proof = {
        let (user, password) = world.control.credentials();
        basic(&user, &password)
    };
    let headers = [("Authorization", proof.as_str()), ("If-Match", tag.as_str())];
    let change = |enabled: bool| Some(json!({"Enabled": enabled}));
    assert_eq!(world.bare("PATCH", READER, &headers, change(false)).await.status, 200);
    assert_eq!(world.bare("PATCH", READER, &headers, change(true)).await.status, 412);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_write_is_said_and_the_rest_is_done() {
    let world = World::healthy().await;
    let mixed = world.send("PATCH", READER, Some(json!({"Id": "9", "Enabled": false}))).await;
    let note = &mixed.json()["@Message.ExtendedInfo"][0]["MessageId"];
    assert_eq!((mixed.status, note.as_str().unwrap().ends_with("PropertyNotWritable")), (200, true));
    assert_eq!(
        said(&world.send("PATCH", READER, Some(json!({"Id": "9"}))).await),
        (400, "PropertyNotWritable".to_owned())
    );
    assert_eq!(said(&world.send("PATCH", READER, Some(json!({}))).await), (400, "NoOperation".to_owned()));
    assert_eq!(
        said(&world.send("PATCH", READER, Some(json!({"Locked": true}))).await),
        (400, "PropertyValueNotInList".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_switched_off_loses_its_sessions() {
    let world = World::healthy().await;
    let (user, password) = world.control.accounts()[2].clone();
    let login = json!({"UserName": user, "Password": password});
    let token = world
        .bare("POST", SESSIONS, &[], Some(login.clone()))
        .await
        .header("X-Auth-Token")
        .unwrap()
        .to_owned();
    assert_eq!(world.with_token(&token).await, 200);
    world.send("PATCH", READER, Some(json!({"Enabled": false}))).await;
    assert_eq!((world.with_token(&token).await, world.service.sessions()), (401, 0));
    assert_eq!(world.bare("POST", SESSIONS, &[], Some(login)).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn the_last_administrator_stays() {
    let world = World::healthy().await;
    assert_eq!(said(&world.send("DELETE", ADMIN, None).await), (409, "ResourceCannotBeDeleted".to_owned()));
    for body in [json!({"Enabled": false}), json!({"RoleId": "Operator"}), json!({"AccountTypes": ["IPMI"]})]
    {
        assert_eq!(
            said(&world.send("PATCH", ADMIN, Some(body)).await),
            (400, "PropertyValueExternalConflict".to_owned())
        );
    }
    make(&world, "second", "Administrator").await;
    assert_eq!(world.send("DELETE", ADMIN, None).await.status, 204);
    assert_eq!(world.control.credentials().0, "second");
}

#[tokio::test(start_paused = true)]
async fn a_reader_changes_the_own_password_and_nothing_else() {
    let world = World::healthy().await;
    let denied = (403, "InsufficientPrivilege".to_owned());
    let with = |body: Value| Some(body);
    assert_eq!(
        said(&world.send_as("readonly", "PATCH", READER, with(json!({"RoleId": "Administrator"}))).await),
        denied
    );
    let both = json!({"Password": "a new password", "Enabled": true});
    assert_eq!(said(&world.send_as("readonly", "PATCH", READER, with(both)).await), denied);
    assert_eq!(
        said(&world.send_as("readonly", "PATCH", ADMIN, with(json!({"Password": "a new password"}))).await),
        denied
    );
    assert_eq!(said(&world.send_as("readonly", "GET", ADMIN, None).await), denied);
    assert_eq!(said(&world.send_as("readonly", "DELETE", READER, None).await), denied);
    assert_eq!(world.send_as("readonly", "GET", READER, None).await.status, 200);
    assert_eq!(
        world.send_as("readonly", "PATCH", READER, with(json!({"Password": "a new password"}))).await.status,
        200
    );
    assert_eq!(as_user(&world, "readonly", "a new password", "GET", SYSTEM).await, 200);
}

#[tokio::test(start_paused = true)]
async fn five_wrong_passwords_lock_an_account_for_half_a_minute() {
    let world = World::healthy().await;
    let password = world.control.accounts()[2].1.clone();
    for _ in 0..5 {
        assert_eq!(as_user(&world, "readonly", "guess", "GET", SYSTEM).await, 401);
    }
    assert_eq!(as_user(&world, "readonly", &password, "GET", SYSTEM).await, 401);
    assert_eq!(world.get(READER).await.json()["Locked"], true);
    world.wait(31).await;
    assert_eq!(world.get(READER).await.json()["Locked"], false);
    assert_eq!(as_user(&world, "readonly", &password, "GET", SYSTEM).await, 200);
}

#[tokio::test(start_paused = true)]
async fn wrong_logins_lock_too_and_an_administrator_opens_the_lock() {
    let world = World::healthy().await;
    world
        .send("PATCH", SERVICE, Some(json!({"AccountLockoutThreshold": 2, "AccountLockoutDuration": 3600})))
        .await;
    for _ in 0..2 {
        let login = json!({"UserName": "readonly", "Password": "guess"});
        assert_eq!(world.bare("POST", SESSIONS, &[], Some(login)).await.status, 401);
    }
    assert_eq!(world.send_as("readonly", "GET", SYSTEM, None).await.status, 401);
    assert_eq!(world.send("PATCH", READER, Some(json!({"Locked": false}))).await.status, 200);
    assert_eq!(world.send_as("readonly", "GET", SYSTEM, None).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn wrong_passwords_far_apart_lock_nothing() {
    let world = World::healthy().await;
    for _ in 0..8 {
        assert_eq!(as_user(&world, "readonly", "guess", "GET", SYSTEM).await, 401);
        world.wait(31).await;
    }
    assert_eq!(world.send_as("readonly", "GET", SYSTEM, None).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_password_that_must_be_changed_opens_nothing_else() {
    let world = World::healthy().await;
    world.control.require_password_change("operator");
    let own = "/redfish/v1/AccountService/Accounts/3";
    let refused = world.send_as("operator", "GET", SYSTEM, None).await;
    assert_eq!(said(&refused), (403, "PasswordChangeRequired".to_owned()));
    assert_eq!(refused.json()["error"]["@Message.ExtendedInfo"][0]["MessageArgs"], json!([own]));
    let (user, password) = world.control.accounts()[1].clone();
    let login =
        world.bare("POST", SESSIONS, &[], Some(json!({"UserName": user, "Password": password}))).await;
    let note = &login.json()["@Message.ExtendedInfo"][0]["MessageId"];
    assert_eq!((login.status, note.as_str().unwrap().ends_with("PasswordChangeRequired")), (201, true));
    let token = login.header("X-Auth-Token").unwrap().to_owned();
    assert_eq!(world.with_token(&token).await, 403);
    let auth = [("X-Auth-Token", token.as_str())];
    assert_eq!(world.bare("GET", own, &auth, None).await.json()["PasswordChangeRequired"], true);
    assert_eq!(world.bare("GET", login.header("Location").unwrap(), &auth, None).await.status, 200);
    let change = Some(json!({"Password": "a new password"}));
    assert_eq!(world.bare("PATCH", own, &auth, change).await.status, 200);
    assert_eq!(
        (world.with_token(&token).await, world.get(own).await.json()["PasswordChangeRequired"].clone()),
        (200, json!(false))
    );
}

#[tokio::test(start_paused = true)]
async fn accounts_outlive_a_reset_of_the_bmc() {
    let world = World::healthy().await;
    make(&world, "eve", "Operator").await;
    world.reset_bmc().await;
    world.wait(300).await;
    let mut client = world.client().await;
    let proof = basic("eve", "correct horse");
    let reply = client.send("GET", SYSTEM, &[("Authorization", &proof)], b"").await.unwrap();
    assert_eq!(reply.status, 200);
}

#[tokio::test(start_paused = true)]
async fn no_password_stands_in_the_transcript() {
    let world = World::healthy().await;
    make(&world, "eve", "Operator").await;
    world.send("PATCH", READER, Some(json!({"Password": "another secret"}))).await;
    let transcript = format!("{:?}", world.service.exchanges_from(0));
    assert!(!transcript.contains("correct horse") && !transcript.contains("another secret"));
}

#[tokio::test(start_paused = true)]
async fn predefined_roles_cannot_be_changed() {
    let world = World::healthy().await;
    let role = format!("{SERVICE}/Roles/Operator");
    let patch = world.send("PATCH", &role, Some(json!({"AssignedPrivileges": ["Login"]}))).await;
    assert_eq!((patch.status, world.send("DELETE", &role, None).await.status), (405, 405));
}

#[tokio::test(start_paused = true)]
async fn an_account_comes_in_where_it_may() {
    let world = World::healthy().await;
    let change = world.send("PATCH", READER, Some(json!({"AccountTypes": ["IPMI"]}))).await;
    assert_eq!((change.status, &change.json()["AccountTypes"]), (200, &json!(["IPMI"])));
    assert_eq!(world.send_as("readonly", "GET", SYSTEM, None).await.status, 401);
    let wrong = world.send("PATCH", READER, Some(json!({"AccountTypes": ["KVM"]}))).await;
    assert_eq!((wrong.status, wrong.message().as_str()), (400, "PropertyValueNotInList"));
}

#[tokio::test(start_paused = true)]
async fn an_account_service_that_is_switched_off_has_no_new_sessions_and_no_other_accounts() {
    let world = World::healthy().await;
    let made = json!({"UserName": "late", "Password": "Late-pass1", "RoleId": "ReadOnly"});
    world.send("PATCH", SERVICE, Some(json!({"ServiceEnabled": false}))).await;
    let (user, password) = world.control.credentials();
    let login = json!({"UserName": user, "Password": password});
    for (method, at, body) in [
        ("POST", "/redfish/v1/SessionService/Sessions", Some(login.clone())),
        ("POST", ACCOUNTS, Some(made.clone())),
        ("PATCH", READER, Some(json!({"Enabled": false}))),
        ("DELETE", READER, None),
    ] {
        let refused = world.send(method, at, body).await;
        assert_eq!(refused.status, 503, "{method} {at}");
        assert!(refused.json().to_string().contains("ServiceDisabled"));
    }
    world.send("PATCH", SERVICE, Some(json!({"ServiceEnabled": true}))).await;
    assert_eq!(world.send("POST", ACCOUNTS, Some(made)).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn limits_that_exclude_each_other_are_a_conflict() {
    let world = World::healthy().await;
    for (body, names) in [
        (
            json!({"AccountLockoutDuration": 60, "AccountLockoutCounterResetAfter": 90}),
            "AccountLockoutCounterResetAfter",
        ),
        (json!({"AccountLockoutDuration": 10}), "AccountLockoutDuration"),
        (json!({"MinPasswordLength": 30}), "MinPasswordLength"),
    ] {
        let refused = world.send("PATCH", SERVICE, Some(body)).await;
        let said = refused.json().to_string();
        assert!(
            refused.status == 400 && said.contains("PropertyValueConflict") && said.contains(names),
            "{said}"
        );
    }
    let fine = json!({"AccountLockoutDuration": 90, "AccountLockoutCounterResetAfter": 90});
    assert_eq!(world.send("PATCH", SERVICE, Some(fine)).await.status, 200);
    let never = json!({"AccountLockoutDuration": 0});
    assert_eq!(world.send("PATCH", SERVICE, Some(never)).await.status, 200);
}
