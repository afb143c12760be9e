//! Claims about the BMC's own clock and network.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{AddressSource, Timestamp},
};

/// A peer whose manager has these properties instead.
async fn with_manager(properties: Value) -> Peer {
    Peer::scripted(move |seen, bmc| {
        merge(&mut bmc.manager, &properties);
        seen.is("PATCH", MANAGER).then(|| Act::Say(204, Vec::new(), String::new()))
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_told_in_utc_and_set_in_the_bmcs_own_form() {
    let local = json!({"DateTime": "2026-11-21T05:26:38-05:00", "DateTimeLocalOffset": "-05:00"});
    let peer = with_manager(local).await;
    let clock = peer.driver().bmc_clock(within(60)).await.unwrap().value;
    assert_eq!((clock.time, clock.utc_offset_minutes), (Timestamp(1_795_256_798), Some(-300)));
    peer.driver().set_bmc_clock(Timestamp(1_795_256_800), within(60)).await.unwrap();
    assert_eq!(peer.changes(), [json!({"DateTime": "2026-11-21T05:26:40-05:00"})]);
}

#[tokio::test(start_paused = true)]
async fn a_manager_without_a_clock_has_none() {
    let failed = Peer::healthy().await.driver().bmc_clock(within(60)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::NotFound { .. }), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_time_that_no_date_holds_is_invalid_and_touches_nothing() {
    let peer = Peer::healthy().await;
    let failed = peer.driver().set_bmc_clock(Timestamp(-1), within(60)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::InvalidArgument { .. }), "{failed}");
    assert!(peer.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_network_is_that_of_the_interface_that_is_spoken_to() {
    let peer = Peer::scripted(|seen, _| {
        let home = "/redfish/v1/Managers/BMC/EthernetInterfaces";
        let host = json!({"MACAddress": "02-00-00-00-00-01", "IPv4Addresses": [{"Address": "169.254.0.17"}]});
        let own = json!({
            "MACAddress": "23:11:8A:33:CF:EA", "VLAN": {"VLANEnable": true, "VLANId": 7},
            "IPv4Addresses": [{"Address": "127.0.0.1", "SubnetMask": "255.255.255.0", "Gateway": "127.0.0.254",
                "AddressOrigin": "DHCP"}],
        });
        match seen.path.strip_prefix(home)? {
            "" => {
                let links = ["ToHost", "1"].map(|id| json!({"@odata.id": format!("{home}/{id}")}));
                Some(say(200, json!({"Members": links})))
            }
            "/ToHost" => Some(say(200, host)),
            _ => Some(say(200, own)),
        }
    })
    .await;
    let network = peer.driver().bmc_network(within(60)).await.unwrap().value;
    assert_eq!(network.mac.as_deref(), Some("23:11:8a:33:cf:ea"));
    assert_eq!(network.address.map(|it| it.to_string()).as_deref(), Some("127.0.0.1"));
    assert_eq!(network.gateway.map(|it| it.to_string()).as_deref(), Some("127.0.0.254"));
    assert_eq!((network.source, network.vlan), (AddressSource::Dhcp, Some(7)));
}
