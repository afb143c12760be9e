use serde_json::{Value, json};

use crate::world::{Reply, World};

const CD: &str = "/redfish/v1/Systems/1/VirtualMedia/CD1";
const IMAGE: &str = "https://images.example.com/rescue/boot.iso";

async fn insert(world: &World, body: Value) -> Reply {
    world.send("POST", &format!("{CD}/Actions/VirtualMedia.InsertMedia"), Some(body)).await
}

async fn eject(world: &World) -> Reply {
    world.send("POST", &format!("{CD}/Actions/VirtualMedia.EjectMedia"), Some(json!({}))).await
}

fn events(world: &World) -> Vec<String> {
    let names = world.control.events_from(0).into_iter().map(|it| it.name);
    names.filter(|it| it.starts_with("media.")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_medium_is_inserted_and_ejected() {
    let world = World::healthy().await;
    let empty = world.get(CD).await.json();
    assert_eq!(insert(&world, json!({"Image": IMAGE})).await.status, 204);
    let shown = world.get(CD).await.json();
    assert_eq!(
        (&shown["Image"], &shown["ImageName"], &shown["Inserted"], &shown["ConnectedVia"]),
        (&json!(IMAGE), &json!("boot.iso"), &json!(true), &json!("URI"))
    );
    assert_eq!((&shown["WriteProtected"], &shown["TransferProtocolType"]), (&json!(true), &json!("HTTPS")));
    assert_eq!(eject(&world).await.status, 204);
    let again = world.get(CD).await.json();
    assert_eq!(
        (&again["Image"], &again["Inserted"], &again["@odata.etag"]),
        (&json!(null), &json!(false), &empty["@odata.etag"])
    );
    assert_eq!(eject(&world).await.status, 204);
    assert_eq!(events(&world), ["media.inserted:CD1", "media.ejected:CD1"]);
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_is_full_takes_no_second_medium() {
    let world = World::healthy().await;
    insert(&world, json!({"Image": IMAGE})).await;
    let refused = insert(&world, json!({"Image": "http://elsewhere/other.iso"})).await;
    assert_eq!((refused.status, refused.message().as_str()), (409, "ResourceInUse"));
    assert_eq!(world.get(CD).await.json()["Image"], IMAGE);
}

#[tokio::test(start_paused = true)]
async fn parameters_that_make_no_sense_are_refused() {
    let world = World::healthy().await;
    let attempts = [
        (json!({}), "ActionParameterMissing"),
        (json!({"Image": 5}), "ActionParameterValueTypeError"),
        (json!({"Image": "boot.iso"}), "ActionParameterValueFormatError"),
        (json!({"Image": "gopher://a/b"}), "ActionParameterValueFormatError"),
        (json!({"Image": "nfs://a/b"}), "ActionParameterValueFormatError"),
        (json!({"Image": "http://me:secret@a/b"}), "ActionParameterValueFormatError"),
        (json!({"Image": IMAGE, "Colour": 1}), "ActionParameterUnknown"),
        (json!({"Image": IMAGE, "Inserted": "yes"}), "ActionParameterValueTypeError"),
        (json!({"Image": IMAGE, "TransferProtocolType": "HTTP"}), "ActionParameterValueConflict"),
        (json!({"Image": IMAGE, "TransferProtocolType": "NFS"}), "ActionParameterValueNotInList"),
        (json!({"Image": IMAGE, "TransferMethod": "Upload"}), "ActionParameterValueNotInList"),
        (json!({"Image": IMAGE, "Password": 5}), "ActionParameterValueTypeError"),
    ];
    for (body, message) in attempts {
        let reply = insert(&world, body.clone()).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, message), "{body}");
        assert!(!String::from_utf8_lossy(&reply.body).contains("secret"), "{body}");
    }
    assert!(events(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_taken_and_nowhere_seen() {
    let world = World::healthy().await;
    let body = json!({"Image": IMAGE, "UserName": "images", "Password": "tell nobody"});
    assert_eq!(insert(&world, body).await.status, 204);
    let shown = world.get(CD).await.json();
    assert_eq!((&shown["UserName"], &shown["Password"]), (&json!("images"), &json!(null)));
    let seen = format!("{:?} {:?}", world.service.exchanges_from(0), world.control.events_from(0));
    assert!(!seen.contains("tell nobody"));
}

#[tokio::test(start_paused = true)]
async fn a_patch_inserts_and_ejects_too() {
    let world = World::healthy().await;
    let patch = async |body: Value| world.send("PATCH", CD, Some(body)).await;
    assert_eq!(patch(json!({"Inserted": true})).await.message(), "PropertyMissing");
    let inserted =
        patch(json!({"Image": IMAGE, "Inserted": true, "WriteProtected": false, "Password": "tell nobody"}))
            .await;
    let shown = inserted.json();
    assert_eq!(
        (inserted.status, &shown["Inserted"], &shown["WriteProtected"]),
        (200, &json!(true), &json!(false))
    );
    assert_eq!(shown["Password"], Value::Null);
    assert_eq!(patch(json!({"Image": "http://elsewhere/other.iso"})).await.status, 409);
    assert_eq!(patch(json!({"Image": null})).await.json()["Inserted"], false);
    assert_eq!(events(&world), ["media.inserted:CD1", "media.ejected:CD1"]);
}

#[tokio::test(start_paused = true)]
async fn an_operator_leaves_virtual_media_alone() {
    let world = World::healthy().await;
    let action = format!("{CD}/Actions/VirtualMedia.InsertMedia");
    assert_eq!(world.send_as("operator", "POST", &action, Some(json!({"Image": IMAGE}))).await.status, 403);
}
