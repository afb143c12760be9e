//! HPE: numbers for names, the BIOS in lower case, what iLO 5 and 6 have.

use crate::{insert_and_eject, members, reset_types, walk, world::World};

const SYSTEM: &str = "/redfish/v1/Systems/1";
const MANAGER: &str = "/redfish/v1/Managers/1";

#[tokio::test(start_paused = true)]
async fn every_link_leads_somewhere() {
    for (profile, least) in [("hpe-ilo5", 80), ("hpe-ilo6", 120)] {
        let seen = walk(&World::of(profile, &[]).await).await;
        assert!(seen.len() > least, "{profile}: {}", seen.len());
    }
}

#[tokio::test(start_paused = true)]
async fn an_hpe_has_hpe_s_names() {
    for (profile, manager) in [("hpe-ilo5", "iLO 5"), ("hpe-ilo6", "iLO 6")] {
        let world = World::of(profile, &[]).await;
        assert_eq!(members(&world, "Systems").await, [SYSTEM]);
        let root = world.get("/redfish/v1").await.json();
        assert_eq!(
            (&root["Vendor"], &root["Oem"]["Hpe"]["Manager"][0]["ManagerType"]),
            (&"HPE".into(), &manager.into())
        );
        let system = world.get(SYSTEM).await.json();
        assert_eq!(system["Bios"]["@odata.id"], "/redfish/v1/systems/1/bios");
        assert_eq!(system["Oem"]["Hpe"]["PCASerialNumber"], world.control.truth().id.board_serial);
        assert!(!reset_types(&system, "#ComputerSystem.Reset").contains(&"PowerCycle"));
        let uuid = system["UUID"].as_str().unwrap();
        assert_eq!(uuid, uuid.to_ascii_uppercase());
        assert_eq!(world.get(MANAGER).await.json()["Model"], manager);
        assert_eq!(world.get(&format!("{MANAGER}/VirtualMedia/2")).await.json()["Image"], "");
    }
}

#[tokio::test(start_paused = true)]
async fn ilo_5_and_6_differ_in_light_and_environment() {
    let (five, six) = (World::of("hpe-ilo5", &[]).await, World::of("hpe-ilo6", &[]).await);
    for (place, five_has, six_has) in
        [("Power", 200, 200), ("Sensors", 404, 200), ("ThermalSubsystem", 404, 200)]
    {
        let path = format!("/redfish/v1/Chassis/1/{place}");
        assert_eq!(
            (five.get(&path).await.status, six.get(&path).await.status),
            (five_has, six_has),
            "{place}"
        );
    }
    let (five, six) = (five.get(SYSTEM).await.json(), six.get(SYSTEM).await.json());
    assert!(five["IndicatorLED"].is_string() && five["LocationIndicatorActive"].is_null());
    assert!(six["IndicatorLED"].is_null() && six["LocationIndicatorActive"].is_boolean());
}

#[tokio::test(start_paused = true)]
async fn a_medium_goes_in_and_out_below_the_manager() {
    for profile in ["hpe-ilo5", "hpe-ilo6"] {
        let world = World::of(profile, &[]).await;
        let seen = insert_and_eject(&world, &format!("{MANAGER}/VirtualMedia/2")).await;
        assert_eq!(seen, (200, true.into(), true), "{profile}");
    }
}
