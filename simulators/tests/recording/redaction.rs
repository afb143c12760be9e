//! Canaries: what identifies is in no file and in no file's name.

use halmark_simulators::recording::Kind;

use super::*;
use crate::world::SYSTEM;

/// Everything that identifies this machine, in the places and spellings where services have it.
fn rules() -> Vec<HttpRule> {
    let chassis = "/redfish/v1/Chassis/CNRY4711X";
    vec![
        shows(
            "/redfish/v1/Systems",
            &leading(
                "/redfish/v1/Systems",
                &[
                    chassis,
                    SYSTEM,
                    "/redfish/v1/Managers/A0B1C2CAFE01",
                    "/redfish/v1/Systems/4c4c4544-0042-4210-8051-c7c04fcafe02",
                    "/redfish/v1/Systems/nobody-canaryhost",
                ],
            ),
        ),
        shows(
            chassis,
            &json!({"@odata.id": chassis, "Oem": {"cnry4711x": {"Log": "PSU CNRY4711X-1 of canaryhost failed at 10.99.88.77"}}}),
        ),
        shows(
            SYSTEM,
            &json!({
                "@odata.id": SYSTEM, "SerialNumber": "CNRY4711X", "UUID": "4C4C4544-0042-4210-8051-C7C04FCAFE02",
                "HostName": "canaryhost", "AssetTag": "rack-canary-7", "Password": "hunter2",
                "Chassis": {"SKU": "CnR", "Note": "CnR is short"},
            }),
        ),
        shows(
            "/redfish/v1/Managers/A0B1C2CAFE01",
            &json!({
                "MACAddress": "a0:b1:c2:ca:fe:01", "IPv4Addresses": [{"Address": "10.99.88.77", "SubnetMask": "255.255.255.0"}],
                "IPv6Addresses": [{"Address": "fe80::a2b1:c2ff:feca:fe01"}, {"Address": "2a02:99:88::77"}],
                "FQDN": "canaryhost.canary.example", "FirmwareVersion": "10.99.88.78",
            }),
        ),
        shows("/redfish/v1/Systems/4c4c*", &json!({"Status": {"State": "Absent"}})),
        HttpRule {
            methods: vec!["GET".to_owned()],
            path: Some("/redfish/v1/Systems/nobody-*".to_owned()),
            nth: Nth::ALL,
            ..HttpRule::every(HttpAction::Respond {
                status: 404,
                headers: vec![(
                    "Link".to_owned(),
                    "<https://canaryhost.canary.example/x>; by=10.99.88.77".to_owned(),
                )],
                body: Some(
                    json!({"error": {"message": "no CNRY4711X here, says a0-b1-c2-ca-fe-01"}}).to_string(),
                ),
            })
        },
    ]
}

/// Every text of the tree and every name in it, in lower case.
fn everything(options: &Options) -> String {
    let all: String =
        files(&options.out).into_iter().map(|(name, text)| format!("{name}\n{text}\n")).collect();
    all.to_lowercase()
}

#[tokio::test(start_paused = true)]
async fn nothing_that_identifies_is_left() {
    let world = World::healthy().await;
    world.service.set_rules(rules());
    let options = Options { redact: Kind::list("all").unwrap(), ..options("canaries") };
    let report = recorded(&world, &options).await;
    let all = everything(&options);
    for canary in [
        "cnry4711x",
        "rack-canary",
        "canaryhost",
        "canary.example",
        "10.99.88.77",
        "2a02:99",
        "fe80::",
        "ca:fe:01",
        "cafe01",
        "ca-fe-01",
        "cafe02",
        "4c4c4544",
        "hunter2",
        "\"cnr\"",
    ] {
        assert!(
            !all.contains(canary),
            "{canary} is in {:?}",
            files(&options.out)
                .into_iter()
                .filter(|(name, text)| format!("{name}{text}").to_lowercase().contains(canary))
                .collect::<Vec<_>>()
        );
    }
    assert!(
        all.contains("10.99.88.78") && all.contains("255.255.255.0"),
        "versions and masks identify nobody"
    );
    assert_eq!(
        (report.refused, document(&options, "recording.json")["redacted"]["credentials_nulled"].clone()),
        (1, json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn the_links_of_a_redacted_tree_lead_to_its_folders() {
    let world = World::healthy().await;
    world.service.set_rules(rules());
    let options = Options { redact: Kind::list("all").unwrap(), ..options("consistent") };
    recorded(&world, &options).await;
    let systems = document(&options, "Systems/index.json");
    let links: Vec<&str> = systems["Links"]["Related"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["@odata.id"].as_str().unwrap())
        .collect();
    assert_eq!(links.len(), 5);
    for link in &links {
        assert!(options.out.join(link.trim_start_matches("/redfish/v1/")).is_dir(), "{link}");
    }
    let serial = document(&options, "Systems/1/index.json")["SerialNumber"].as_str().unwrap().to_owned();
    assert_eq!(links[0], format!("/redfish/v1/Chassis/{serial}"));
    let chassis = document(&options, &format!("Chassis/{serial}/index.json"));
    assert!(
        chassis["Oem"][serial.to_lowercase()]["Log"]
            .as_str()
            .unwrap()
            .starts_with(&format!("PSU {serial}-1 of "))
    );
    let manager = document(&options, &format!("{}/index.json", links[2].trim_start_matches("/redfish/v1/")));
    let mac = manager["MACAddress"].as_str().unwrap();
    assert!(mac.starts_with("a0:b1:c2:"), "the manufacturer stays: {mac}");
    assert_eq!(links[2], format!("/redfish/v1/Managers/{}", mac.replace(':', "").to_uppercase()));
    assert!(manager["IPv4Addresses"][0]["Address"].as_str().unwrap().starts_with("192.0.2."));
    assert!(manager["IPv6Addresses"][1]["Address"].as_str().unwrap().starts_with("2001:db8:"));
}

#[tokio::test(start_paused = true)]
async fn another_recording_has_other_pseudonyms() {
    let world = World::healthy().await;
    world.service.set_rules(rules());
    let mut serials = Vec::new();
    for name in ["one-key", "another-key"] {
        let options = Options { redact: Kind::list("serials").unwrap(), ..options(name) };
        recorded(&world, &options).await;
        serials.push(document(&options, "Systems/1/index.json")["SerialNumber"].clone());
        assert_eq!(document(&options, "Systems/1/index.json")["HostName"], "canaryhost");
    }
    assert_ne!(serials[0], serials[1]);
}
