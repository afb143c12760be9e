use serde_json::json;

use crate::world::{MANAGER, Reply, SYSTEM, World, basic};

const NETWORK: &str = "/redfish/v1/Managers/1/NetworkProtocol";
const ACCOUNTS: &str = "/redfish/v1/AccountService/Accounts";

#[tokio::test(start_paused = true)]
async fn the_default_order_of_boot_comes_back() {
    let world = World::healthy().await;
    let order = world.system().await["Boot"]["BootOrder"].clone();
    let mut turned = order.as_array().unwrap().clone();
    turned.reverse();
    world.patch(json!({"Boot": {"BootOrder": turned}})).await;
    assert_ne!(world.system().await["Boot"]["BootOrder"], order);
    let action = format!("{SYSTEM}/Actions/ComputerSystem.SetDefaultBootOrder");
    assert_eq!(world.send("POST", &action, Some(json!({}))).await.status, 204);
    assert_eq!(world.system().await["Boot"]["BootOrder"], order);
}

/// A BMC with a changed name, a changed port and one more user, reset to defaults in this way.
async fn reset(kind: &str) -> (World, Vec<Reply>) {
    let world = World::healthy().await;
    world.patch(json!({"AssetTag": "changed"})).await;
    world.send("PATCH", NETWORK, Some(json!({"HTTPS": {"Port": 8443}}))).await;
    let eve = json!({"UserName": "eve", "Password": "correct horse", "RoleId": "Operator"});
    world.send("POST", ACCOUNTS, Some(eve)).await;
    let action = format!("{MANAGER}/Actions/Manager.ResetToDefaults");
    assert_eq!(world.send("POST", &action, Some(json!({"ResetType": kind}))).await.status, 204);
    world.wait(600).await;
    let proof = {
        let (user, password) = world.control.credentials();
        basic(&user, &password)
    };
    let mut client = world.client().await;
    let mut replies = Vec::new();
    for path in [SYSTEM, NETWORK, ACCOUNTS] {
        replies.push(client.send("GET", path, &[("Authorization", &proof)], b"").await.unwrap());
    }
    (world, replies)
}

#[tokio::test(start_paused = true)]
async fn a_reset_to_defaults_forgets_what_it_is_to_forget_and_restarts_the_bmc() {
    for (kind, port, accounts) in
        [("ResetAll", 443, 3), ("PreserveNetwork", 8443, 3), ("PreserveNetworkAndUsers", 8443, 4)]
    {
        let (world, replies) = reset(kind).await;
        let [system, network, users] = [0, 1, 2].map(|place: usize| replies[place].json());
        assert_eq!(
            (&system["AssetTag"], &network["HTTPS"]["Port"], &users["Members@odata.count"]),
            (&json!(""), &json!(port), &json!(accounts)),
            "{kind}"
        );
        assert!(world.control.events_from(0).iter().any(|it| it.name == "bmc.reset"), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_to_defaults_says_which() {
    let world = World::healthy().await;
    let action = format!("{MANAGER}/Actions/Manager.ResetToDefaults");
    for (body, message) in [
        (json!({}), "ActionParameterMissing"),
        (json!({"ResetType": "Some"}), "ActionParameterValueNotInList"),
        (json!({"ResetType": "ResetAll", "Really": true}), "ActionParameterUnknown"),
    ] {
        let reply = world.send("POST", &action, Some(body)).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, message));
    }
}
