//! Payload shapes and links (D1 to D17, B20, README 40 to 44).

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{BmcReset, Identify, Identity},
};

async fn identity(peer: &Peer) -> (Identity, Vec<&'static str>) {
    let answer = peer.driver().identity(within(60)).await.unwrap();
    let names = names(&answer);
    (answer.value, names)
}

/// A peer of this vendor whose system has these properties too.
async fn of_vendor(vendor: &'static str, system: Value) -> Peer {
    Peer::scripted(move |seen, bmc| {
        merge(&mut bmc.system, &system);
        seen.is("GET", "/redfish/v1/").then(|| root_of(vendor))
    })
    .await
}

/// A peer whose collection at this path has these members.
async fn with_members(path: &'static str, members: &'static [&'static str]) -> Peer {
    Peer::scripted(move |seen, _| {
        let members: Vec<_> = members.iter().map(|member| json!({"@odata.id": member})).collect();
        seen.is("GET", path).then(|| say(200, json!({"@odata.count": members.len(), "Members": members})))
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn b20_a_link_is_followed_as_it_is_spelled() {
    // HPE iLO links /redfish/v1/systems/1/… below /redfish/v1/Systems/1.
    const LOWER: &str = "/redfish/v1/systems/437xr1138r2";
    let peer = Peer::scripted(|seen, bmc| match seen.path.as_str() {
        "/redfish/v1/Systems" => Some(say(200, json!({"Members": [{"@odata.id": LOWER}]}))),
        LOWER => Some(say(200, bmc.system.clone())),
        _ => None,
    })
    .await;
    let answer = peer.driver().power_read(within(60)).await.unwrap();
    assert!(answer.notes.is_empty(), "the same place in another case is not elsewhere");
}

#[tokio::test(start_paused = true)]
async fn d3_a_collection_needs_no_count() {
    let peer = with_members("/redfish/v1/Systems", &[SYSTEM]).await;
    assert!(peer.driver().power_read(within(60)).await.unwrap().notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn d5_a_number_where_text_belongs_is_read_with_a_note() {
    let peer = Peer::with_system(json!({"SerialNumber": 4711, "PartNumber": 5.0})).await;
    let answer = peer.driver().identity(within(60)).await.unwrap();
    assert_eq!((answer.value.serial.as_deref(), answer.notes.len()), (Some("4711"), 2));
}

#[tokio::test(start_paused = true)]
async fn d8_a_bluefield_that_boots_has_no_uuid_and_no_members() {
    for (uuid, notes) in [("", 0), ("$DEVICE_UUID", 1), ("STATIC:3:0", 1)] {
        let peer = Peer::with_system(json!({ "UUID": uuid })).await;
        let answer = peer.driver().identity(within(60)).await.unwrap();
        assert_eq!((answer.value.uuid, answer.notes.len()), (None, notes), "{uuid}");
    }
    let peer = Peer::scripted(|seen, _| {
        seen.is("GET", "/redfish/v1/Systems").then(|| say(200, json!({"Members": null})))
    })
    .await;
    let error = peer.driver().power_read(within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotFound { .. }), "{error}");
}

/// A peer whose root links nothing but its sessions.
async fn bare_root(has_systems: bool) -> Peer {
    let sessions = json!({"Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}}});
    Peer::scripted(move |seen, _| match seen.path.as_str() {
        "/redfish/v1/" => Some(say(200, sessions.clone())),
        "/redfish/v1/Systems" if !has_systems => Some(empty(404)),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn d9_a_root_without_links_is_probed_at_the_usual_path() {
    // NVIDIA DGX H100, AMI 1.11.0.
    let answer = bare_root(true).await.driver().power_read(within(60)).await.unwrap();
    assert_eq!(names(&answer), ["no-link-from-root"]);
    let error = bare_root(false).await.driver().power_read(within(60)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Deviation(Deviation::Missing { property: "Systems".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn d9_a_member_that_lives_elsewhere_is_passed_over() {
    let peer = with_members("/redfish/v1/Systems", &["/redfish/v1/Chassis/1U", SYSTEM]).await;
    let answer = peer.driver().power_read(within(60)).await.unwrap();
    assert_eq!(names(&answer), ["foreign-member"]);
    assert!(!peer.lines().contains(&"GET /redfish/v1/Chassis/1U".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn d9_a_member_that_lives_elsewhere_is_taken_where_there_is_no_other() {
    let peer = with_members("/redfish/v1/Systems", &["/redfish/v1/Chassis/1U"]).await;
    peer.driver().power_read(within(60)).await.unwrap();
    assert_eq!(peer.lines().last().unwrap(), "GET /redfish/v1/Chassis/1U");
}

/// A peer whose system names no manager, and that has two, the second of which says that it manages this system.
async fn two_managers(system: &'static str) -> Peer {
    const FIRST: &str = "/redfish/v1/Managers/Enclosure";
    Peer::scripted(move |seen, bmc| {
        bmc.system["Links"]["ManagedBy"] = Value::Null;
        bmc.manager["Links"] = json!({"ManagerForServers": [{"@odata.id": system}]});
        match seen.path.as_str() {
            "/redfish/v1/Managers" => {
                Some(say(200, json!({"Members": [{"@odata.id": FIRST}, {"@odata.id": MANAGER}]})))
            }
            FIRST => Some(say(200, json!({"FirmwareVersion": "enclosure"}))),
            _ => None,
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn d13_the_manager_of_a_system_that_names_none_is_the_one_that_names_it() {
    // Huawei 1288H; the case as in B20.
    for system in [SYSTEM, "/redfish/v1/systems/437xr1138r2/"] {
        let (identity, names) = identity(&two_managers(system).await).await;
        assert_eq!((identity.bmc_firmware.as_deref(), names), (Some("1.00"), vec!["no-managed-by"]));
    }
    let (identity, _) = identity(&two_managers("/redfish/v1/Systems/2").await).await;
    assert_eq!(identity.bmc_firmware.as_deref(), Some("enclosure"), "the first, where none names it");
}

#[tokio::test(start_paused = true)]
async fn d14_the_serial_number_of_a_dell_is_its_service_tag() {
    // R750, iDRAC 9 7.10.30.
    let numbers = json!({"SerialNumber": "MXFC40025U031S", "SKU": "CLLV0R3", "Manufacturer": "Dell Inc."});
    let (dell, names) = identity(&of_vendor("Dell", numbers).await).await;
    assert_eq!(
        (dell.serial.as_deref(), dell.board_serial.as_deref()),
        (Some("CLLV0R3"), Some("MXFC40025U031S"))
    );
    assert_eq!(names, ["serial-number-is-the-boards"]);
    // HPE DL380a Gen11, iLO 6: the SKU is a product number.
    let numbers = json!({"SerialNumber": "2M2D2J00L4", "SKU": "P54903-B21", "Manufacturer": "HPE"});
    let (hpe, names) = identity(&of_vendor("HPE", numbers).await).await;
    assert_eq!((hpe.serial.as_deref(), hpe.board_serial), (Some("2M2D2J00L4"), None));
    assert!(names.is_empty());
    // A Dell without its tag keeps what it has, and so does one whose SKU is a product number.
    let numbers =
        json!({"SerialNumber": "MXFC40025U031S", "SKU": "HW-A2-24-SFF", "Manufacturer": "Dell Inc."});
    let (dell, names) = identity(&of_vendor("Dell", numbers).await).await;
    assert_eq!((dell.serial.as_deref(), names.len()), (Some("MXFC40025U031S"), 0));
    let numbers = json!({"SerialNumber": "MXFC40025U031S", "SKU": "", "Manufacturer": "Dell Inc."});
    let (dell, names) = identity(&of_vendor("Dell", numbers).await).await;
    assert_eq!((dell.serial.as_deref(), names.len()), (Some("MXFC40025U031S"), 0));
}

#[tokio::test(start_paused = true)]
async fn d15_a_uuid_in_mixed_order_is_put_right_with_a_note() {
    let expected = [
        ("004018e9-8379-ec11-8000-b42e99bade15", "e9184000-7983-11ec-8000-b42e99bade15", 1),
        ("E9184000-7983-11EC-8000-B42E99BADE15", "e9184000-7983-11ec-8000-b42e99bade15", 0),
    ];
    for (written, read, notes) in expected {
        let (identity, names) = identity(&Peer::with_system(json!({ "UUID": written })).await).await;
        assert_eq!((identity.uuid.unwrap().to_string().as_str(), names.len()), (read, notes));
    }
}

#[tokio::test(start_paused = true)]
async fn d16_an_empty_mac_is_none_and_a_manager_without_actions_has_no_reset() {
    let peer = Peer::scripted(|seen, bmc| {
        bmc.manager["Actions"] = Value::Null;
        seen.path.ends_with("/EthernetInterfaces/1").then(|| say(200, json!({"MACAddress": ""})))
    })
    .await;
    let (identity, names) = identity(&peer).await;
    assert_eq!((identity.bmc_mac, names.len()), (None, 0));
    let error = peer.driver().reset_bmc(BmcReset::Cold, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotFound { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn d17_a_light_that_is_an_object_is_unknown_with_a_note() {
    let peer = Peer::with_system(json!({"LocationIndicatorActive": {"x": 1}, "IndicatorLED": null})).await;
    let answer = peer.driver().identify(within(60)).await.unwrap();
    assert_eq!((answer.value, answer.notes.len()), (Identify::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn readme_40_a_first_member_may_be_on_a_later_page() {
    let peer = Peer::scripted(|seen, _| match seen.path.as_str() {
        "/redfish/v1/Systems" => {
            Some(say(200, json!({"Members": [], "Members@odata.nextLink": "/redfish/v1/Systems?$skip=1"})))
        }
        "/redfish/v1/Systems?$skip=1" => Some(say(200, json!({"Members": [{"@odata.id": SYSTEM}]}))),
        _ => None,
    })
    .await;
    assert!(peer.driver().power_read(within(60)).await.unwrap().notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn readme_40_a_mac_of_20_bytes_is_none_with_a_note() {
    // BlueField.
    let mac = ["00"; 20].join(":");
    let peer = Peer::scripted(move |seen, _| {
        seen.path.ends_with("/EthernetInterfaces/1").then(|| say(200, json!({ "MACAddress": mac })))
    })
    .await;
    let answer = peer.driver().identity(within(60)).await.unwrap();
    assert_eq!((answer.value.bmc_mac, answer.notes.len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn readme_42_the_chassis_is_the_systems_own() {
    let peer = Peer::healthy().await;
    identity(&peer).await;
    assert!(peer.lines().contains(&"GET /redfish/v1/Chassis/1U".to_owned()));
    assert!(!peer.lines().contains(&"GET /redfish/v1/Chassis".to_owned()));
}
