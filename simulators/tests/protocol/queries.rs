//! Queries (DSP0266 §7.3).

use serde_json::{Value, json};

use crate::world::{SYSTEM, World};

const ROLES: &str = "/redfish/v1/AccountService/Roles";
const SENSORS: &str = "/redfish/v1/Chassis/1/Sensors";

fn ids(collection: &Value) -> Vec<&str> {
    let members = collection["Members"].as_array().unwrap().iter();
    members.map(|it| it["@odata.id"].as_str().unwrap().rsplit('/').next().unwrap()).collect()
}

async fn ask(world: &World, path: &str, query: &str) -> Value {
    let reply = world.get(&format!("{path}?{query}")).await;
    assert_eq!(reply.status, 200, "{path}?{query}: {}", reply.text());
    reply.json()
}

#[tokio::test(start_paused = true)]
async fn a_filter_keeps_the_members_that_it_holds_for() {
    let world = World::healthy().await;
    let found = ask(&world, ROLES, "$filter=Id%20eq%20%27Operator%27%20or+Id+eq+'ReadOnly'").await;
    assert_eq!((ids(&found), &found["Members@odata.count"]), (vec!["Operator", "ReadOnly"], &json!(2)));
    let none = ask(&world, "/redfish/v1/AccountService/Accounts", "$filter=RoleId%20eq%20'Nobody'").await;
    assert_eq!((ids(&none), &none["Members@odata.count"]), (vec![], &json!(0)));
}

#[tokio::test(start_paused = true)]
async fn skip_and_top_leave_the_count_alone() {
    let world = World::healthy().await;
    let whole = ask(&world, SENSORS, "").await;
    let part = ask(&world, SENSORS, "$top=2&$skip=1").await;
    assert_eq!(ids(&part), ids(&whole)[1..3]);
    assert_eq!(part["Members@odata.count"], whole["Members@odata.count"]);
    assert!(part.get("Members@odata.nextLink").is_none());
    assert!(ids(&ask(&world, SENSORS, "$top=0").await).is_empty());
    assert!(ids(&ask(&world, SENSORS, "$skip=1000").await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn small_pages_lead_from_one_to_the_next_and_keep_the_rest_of_the_query() {
    let world = World::with(&["small-pages"]).await;
    let whole = ask(&World::healthy().await, SENSORS, "").await;
    let (mut seen, mut next) = (Vec::new(), format!("{SENSORS}?$select=Members"));
    loop {
        let reply = world.get(&next).await.json();
        assert!(reply.get("Name").is_none(), "{next}");
        seen.extend(ids(&reply).into_iter().map(str::to_owned));
        match reply["Members@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ids(&whole));
    let top = world.get(&format!("{SENSORS}?$top=3")).await.json();
    let rest = world.get(top["Members@odata.nextLink"].as_str().unwrap()).await.json();
    assert_eq!((ids(&top).len(), ids(&rest).len(), rest.get("Members@odata.nextLink")), (2, 1, None));
}

#[tokio::test(start_paused = true)]
async fn an_expanded_member_is_what_a_get_gives() {
    let world = World::healthy().await;
    let alone = world.get(SYSTEM).await;
    for query in ["$expand=.", "$expand=*", "$expand=.($levels=1)"] {
        let systems = ask(&world, "/redfish/v1/Systems", query).await;
        assert_eq!(systems["Members"][0], alone.json(), "{query}");
        assert_eq!(systems["Members"][0]["@odata.etag"].as_str(), alone.header("ETag"));
    }
    let links = ask(&world, "/redfish/v1/Systems", "$expand=~").await;
    assert_eq!(links["Members"][0], json!({"@odata.id": SYSTEM}));
}

#[tokio::test(start_paused = true)]
async fn the_sign_says_which_links_are_expanded() {
    let world = World::healthy().await;
    let parts = async |query: &str| {
        let system = ask(&world, SYSTEM, query).await;
        let is_whole = |pointer: &str| system.pointer(pointer).unwrap().get("Id").is_some();
        (is_whole("/Bios"), is_whole("/Links/Chassis/0"))
    };
    assert_eq!(parts("$expand=.").await, (true, false));
    assert_eq!(parts("$expand=~").await, (false, true));
    assert_eq!(parts("$expand=*").await, (true, true));
}

#[tokio::test(start_paused = true)]
async fn levels_go_deeper_and_never_round_in_circles() {
    let world = World::healthy().await;
    let systems = ask(&world, "/redfish/v1/Systems", "$expand=*($levels=2)").await;
    let system = &systems["Members"][0];
    assert_eq!(system["Bios"]["Id"], "Bios");
    let chassis = &system["Links"]["Chassis"][0];
    assert_eq!(chassis["Id"], "1");
    let deeper = ask(&world, "/redfish/v1/Systems", "$expand=*($levels=3)").await;
    let back = &deeper["Members"][0]["Links"]["Chassis"][0]["Links"]["ComputerSystems"][0];
    assert_eq!(back, &json!({"@odata.id": SYSTEM}));
}

#[tokio::test(start_paused = true)]
async fn as_many_levels_are_answered_as_are_advertised_and_no_more() {
    let world = World::healthy().await;
    let root = world.get("/redfish/v1/").await.json();
    let most = root["ProtocolFeaturesSupported"]["ExpandQuery"]["MaxLevels"].as_u64().unwrap();
    let reply = world.get(&format!("/redfish/v1/?$expand=*($levels={most})")).await;
    assert_eq!((reply.status, &reply.json()["Systems"]["Members"][0]["Bios"]["Id"]), (200, &json!("Bios")));
    let reply = world.get(&format!("/redfish/v1/?$expand=*($levels={})", most + 1)).await;
    assert_eq!((reply.status, reply.message().as_str()), (400, "QueryParameterOutOfRange"));
}

#[tokio::test(start_paused = true)]
async fn an_expansion_shows_nobody_what_he_may_not_read() {
    let world = World::healthy().await;
    let open = world.bare("GET", "/redfish/v1/?$expand=*", &[], None).await;
    assert_eq!((open.status, &open.json()["Systems"]), (200, &json!({"@odata.id": "/redfish/v1/Systems"})));
    let path = "/redfish/v1/AccountService?$expand=.($levels=2)";
    let accounts = async |who: &str| world.send_as(who, "GET", path, None).await.json()["Accounts"].clone();
    let names = |of: Value| -> Vec<Value> {
        of["Members"].as_array().unwrap().iter().map(|it| it["UserName"].clone()).collect()
    };
    assert_eq!(names(accounts("readonly").await), [json!(null), json!(null), json!("readonly")]);
    assert_eq!(names(accounts("admin").await), [json!("admin"), json!("operator"), json!("readonly")]);
}

#[tokio::test(start_paused = true)]
async fn a_selection_keeps_what_is_asked_for() {
    let world = World::healthy().await;
    let whole = world.get(SYSTEM).await.json();
    let part = ask(&world, SYSTEM, "$select=PowerState,Status/Health").await;
    let names: Vec<_> = part.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["@odata.id", "@odata.type", "@odata.etag", "PowerState", "Status"]);
    assert_eq!(part["Status"], json!({"Health": "OK"}));
    assert_eq!(part["@odata.etag"], whole["@odata.etag"]);
    let members = ask(&world, "/redfish/v1/Systems", "$expand=.&$select=Members/PowerState").await;
    assert_eq!((&members["Members"][0]["PowerState"], members.get("Name")), (&json!("Off"), None));
}

#[tokio::test(start_paused = true)]
async fn only_gives_the_only_member() {
    let world = World::healthy().await;
    assert_eq!(ask(&world, "/redfish/v1/Systems", "only").await, world.get(SYSTEM).await.json());
    assert_eq!(ask(&world, ROLES, "only").await["Members@odata.count"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_cannot_be_is_refused() {
    let world = World::healthy().await;
    let attempts = [
        ("GET", SYSTEM, "only", 400, "QueryNotSupportedOnResource"),
        ("GET", SYSTEM, "$top=1", 400, "QueryNotSupportedOnResource"),
        ("GET", SYSTEM, "$filter=Id%20eq%20'1'", 400, "QueryNotSupportedOnResource"),
        ("GET", "/redfish/v1/$metadata", "$select=x", 400, "QueryNotSupportedOnResource"),
        ("GET", ROLES, "only&$top=1", 400, "QueryCombinationInvalid"),
        ("GET", ROLES, "$orderby=Id", 501, "QueryNotSupported"),
        ("GET", ROLES, "$skiptoken=1", 501, "QueryNotSupported"),
        ("PATCH", SYSTEM, "$select=AssetTag", 400, "QueryNotSupportedOnOperation"),
        ("HEAD", ROLES, "$orderby=Id", 501, ""),
    ];
    for (method, path, query, status, message) in attempts {
        let reply =
            world.send(method, &format!("{path}?{query}"), (method == "PATCH").then(|| json!({}))).await;
        assert_eq!((reply.status, reply.message().as_str()), (status, message), "{method} {path}?{query}");
    }
    for query in ["colour=red", "excerpt", "a&b=c"] {
        assert_eq!(world.get(&format!("{SYSTEM}?{query}")).await.status, 200, "{query}");
    }
}
