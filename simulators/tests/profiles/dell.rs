//! Dell: fixed names, the service tag, what is where on iDRAC 9 and 10.

use crate::{insert_and_eject, members, reset_types, walk, world::World};

const SYSTEM: &str = "/redfish/v1/Systems/System.Embedded.1";
const MANAGER: &str = "/redfish/v1/Managers/iDRAC.Embedded.1";
const CHASSIS: &str = "/redfish/v1/Chassis/System.Embedded.1";

#[tokio::test(start_paused = true)]
async fn every_link_leads_somewhere() {
    for profile in ["dell-idrac9", "dell-idrac10"] {
        let seen = walk(&World::of(profile, &[]).await).await;
        assert!(seen.len() > 120, "{profile}: {}", seen.len());
        assert!(seen.iter().all(|path| !path.contains("/1/")), "{profile} has names of its own");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dell_has_dell_s_names() {
    for profile in ["dell-idrac9", "dell-idrac10"] {
        let world = World::of(profile, &[]).await;
        assert_eq!(members(&world, "Systems").await, [SYSTEM]);
        assert_eq!(members(&world, "Managers").await, [MANAGER]);
        assert_eq!(members(&world, "Chassis").await, [CHASSIS, "/redfish/v1/Chassis/Enclosure.Internal.0-1"]);
        let (id, root) = (world.control.truth().id, world.get("/redfish/v1").await.json());
        assert_eq!(
            (&root["Vendor"], &root["Oem"]["Dell"]["ServiceTag"]),
            (&"Dell".into(), &id.serial.clone().into())
        );
        assert_eq!(root["Oem"]["Dell"]["ManagerMACAddress"], id.mac_text());
        let system = world.get(SYSTEM).await.json();
        assert_eq!((&system["Id"], &system["SKU"]), (&"System.Embedded.1".into(), &id.serial.into()));
        assert_eq!(system["SKU"].as_str().unwrap().len(), 7);
        assert_eq!(system["SerialNumber"], id.board_serial);
        assert_eq!(system["Manufacturer"], "Dell Inc.");
        assert!(reset_types(&system, "#ComputerSystem.Reset").contains(&"PowerCycle"));
    }
}

#[tokio::test(start_paused = true)]
async fn idrac_9_and_10_differ_in_media_light_and_environment() {
    let (nine, ten) = (World::of("dell-idrac9", &[]).await, World::of("dell-idrac10", &[]).await);
    assert_eq!(nine.get(&format!("{MANAGER}/VirtualMedia/CD")).await.status, 200);
    assert_eq!(ten.get(&format!("{SYSTEM}/VirtualMedia/1")).await.status, 200);
    for (place, nine_has, ten_has) in
        [("Power", 200, 404), ("Thermal", 200, 404), ("PowerSubsystem", 200, 200)]
    {
        let path = format!("{CHASSIS}/{place}");
        assert_eq!(
            (nine.get(&path).await.status, ten.get(&path).await.status),
            (nine_has, ten_has),
            "{place}"
        );
    }
    let (nine, ten) = (nine.get(SYSTEM).await.json(), ten.get(SYSTEM).await.json());
    assert!(nine["IndicatorLED"].is_string() && ten["IndicatorLED"].is_null());
    assert_eq!(nine["@odata.type"], "#ComputerSystem.v1_20_1.ComputerSystem");
}

#[tokio::test(start_paused = true)]
async fn a_medium_goes_in_and_out_where_each_has_its_slots() {
    for (profile, slot) in [
        ("dell-idrac9", format!("{MANAGER}/VirtualMedia/CD")),
        ("dell-idrac10", format!("{SYSTEM}/VirtualMedia/1")),
    ] {
        let world = World::of(profile, &[]).await;
        assert_eq!(insert_and_eject(&world, &slot).await, (204, true.into(), true), "{profile}");
    }
}
