//! Changes (DSP0266 §7.7).

use serde_json::{Value, json};

use crate::world::{SYSTEM, World};

const NETWORK: &str = "/redfish/v1/Managers/1/NetworkProtocol";
const INTERFACE: &str = "/redfish/v1/Managers/1/EthernetInterfaces/1";

async fn servers(world: &World, to: Value) -> Value {
    let reply = world.send("PATCH", NETWORK, Some(json!({"NTP": {"NTPServers": to}}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    world.get(NETWORK).await.json()["NTP"]["NTPServers"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_array_is_changed_item_by_item() {
    let world = World::healthy().await;
    assert_eq!(servers(&world, json!(["a", "b", "c"])).await, json!(["a", "b", "c"]));
    assert_eq!(servers(&world, json!([{}, "d", {}])).await, json!(["a", "d", "c"]));
    assert_eq!(servers(&world, json!([null, {}, {}])).await, json!(["d", "c"]));
    assert_eq!(servers(&world, json!([{}])).await, json!(["d"]));
    assert_eq!(servers(&world, json!([{}, "e"])).await, json!(["d", "e"]));
    assert_eq!(servers(&world, json!([])).await, json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_objects_of_an_array_are_changed_property_by_property() {
    let world = World::healthy().await;
    let set =
        async |to: Value| world.send("PATCH", INTERFACE, Some(json!({"IPv4StaticAddresses": to}))).await;
    let one = json!({"Address": "192.0.2.1", "SubnetMask": "255.255.255.0", "Gateway": "192.0.2.254"});
    assert_eq!(set(json!([one])).await.json()["IPv4StaticAddresses"], json!([one]));
    let moved = set(json!([{"Address": "192.0.2.2"}])).await.json()["IPv4StaticAddresses"][0].clone();
    assert_eq!((&moved["Address"], &moved["Gateway"]), (&json!("192.0.2.2"), &json!("192.0.2.254")));
    for (wrong, message) in [
        (json!([{"Address": "192.0.2"}]), "PropertyValueFormatError"),
        (json!([{"Address": 1}]), "PropertyValueTypeError"),
        (json!([{"Colour": "red"}]), "PropertyUnknown"),
        (json!(["192.0.2.1"]), "PropertyValueTypeError"),
        (json!({"Address": "192.0.2.1"}), "PropertyValueTypeError"),
    ] {
        let reply = set(wrong.clone()).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, message), "{wrong}");
    }
    assert_eq!(set(json!([null])).await.json()["IPv4StaticAddresses"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn what_can_be_written_is_written_and_the_rest_is_named() {
    let world = World::healthy().await;
    let reply = world.patch(json!({"AssetTag": "a", "UUID": "b"})).await;
    let document = reply.json();
    let said = &document["@Message.ExtendedInfo"][0];
    assert_eq!((reply.status, &document["AssetTag"]), (200, &json!("a")));
    assert_eq!(said["MessageId"], "Base.1.19.PropertyNotWritable");
    assert_eq!(said["RelatedProperties"], json!(["#/UUID"]));
    assert!(world.get(SYSTEM).await.json().get("@Message.ExtendedInfo").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_changes_nothing_or_is_none_is_refused() {
    let world = World::healthy().await;
    for (body, status, message) in [
        ("{}", 400, "NoOperation"),
        ("{\"@odata.etag\": \"1\"}", 400, "NoOperation"),
        ("{\"AssetTag\":", 400, "MalformedJSON"),
        ("", 400, "MalformedJSON"),
        ("[]", 400, "UnrecognizedRequestBody"),
        ("\"AssetTag\"", 400, "UnrecognizedRequestBody"),
        ("{\"AssetTag\": {}}", 400, "PropertyValueTypeError"),
        ("{\"AssetTag\": [\"a\"]}", 400, "PropertyValueTypeError"),
        ("{\"Boot\": null}", 400, "PropertyValueTypeError"),
        ("{\"Bios\": {\"Attributes\": {}}}", 400, "PropertyUnknown"),
    ] {
        let (user, password) = world.control.credentials();
        let credentials = crate::world::basic(&user, &password);
        let mut client = world.client().await;
        let headers = [("Authorization", credentials.as_str()), ("Content-Type", "application/json")];
        let reply = client.send("PATCH", SYSTEM, &headers, body.as_bytes()).await.unwrap();
        assert_eq!((reply.status, reply.message().as_str()), (status, message), "{body}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let (user, password) = world.control.credentials();
    let headers = [("Authorization", &*crate::world::basic(&user, &password))];
    let reply = world.client().await.send("PATCH", SYSTEM, &headers, deep.as_bytes()).await.unwrap();
    assert_eq!(reply.message(), "MalformedJSON");
}
