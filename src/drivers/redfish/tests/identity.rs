//! Claims about the identity and the BMC's own reset.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::BmcReset,
};

#[tokio::test(start_paused = true)]
async fn the_identity_is_put_together_from_four_resources() {
    let peer = Peer::healthy().await;
    let identity = peer.driver().identity(within(60)).await.unwrap().value;
    let uuid = identity.uuid.unwrap().to_string();
    assert_eq!(uuid, "38947555-7742-3448-3784-823347823834");
    assert_eq!(identity.serial.as_deref(), Some("437XR1138R2"));
    assert_eq!(identity.bmc_firmware.as_deref(), Some("1.00"));
    assert_eq!(identity.bmc_mac.as_deref(), Some("23:11:8a:33:cf:ea"));
    assert_eq!(identity.bmc_address.as_deref(), Some("192.0.2.10"));
    assert_eq!(identity.board_serial, None, "a chassis' serial number is not the board's");
}

#[tokio::test(start_paused = true)]
async fn the_boards_serial_is_found_where_a_supermicro_keeps_it() {
    let peer = Peer::scripted(|_, bmc| {
        bmc.chassis["Oem"] = json!({"Supermicro": {"BoardSerialNumber": "OM234S005959"}});
        None
    })
    .await;
    let identity = peer.driver().identity(within(60)).await.unwrap().value;
    assert_eq!(identity.board_serial.as_deref(), Some("OM234S005959"));
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_may_not_be_read_leaves_its_part_out() {
    let peer = Peer::scripted(|seen, _| {
        seen.is("GET", MANAGER).then(|| error(403, "Base.1.18.InsufficientPrivilege", "no"))
    })
    .await;
    let identity = peer.driver().identity(within(60)).await.unwrap().value;
    assert_eq!((identity.bmc_firmware, identity.model.as_deref()), (None, Some("3500RX")));
}

#[tokio::test(start_paused = true)]
async fn a_uuid_that_is_none_is_noted_and_left_out() {
    // BlueField while it boots.
    let peer = Peer::with_system(json!({"UUID": "$DEVICE_UUID"})).await;
    let answer = peer.driver().identity(within(60)).await.unwrap();
    assert_eq!((answer.value.uuid, answer.notes.len()), (None, 1));
}

async fn reset(values: Value, kind: BmcReset) -> (Vec<Value>, Result<usize, Cause>) {
    let peer = Peer::scripted(move |_, bmc| {
        bmc.manager["Actions"]["#Manager.Reset"]["ResetType@Redfish.AllowableValues"] = values.clone();
        None
    })
    .await;
    let outcome = peer.driver().reset_bmc(kind, within(60)).await;
    (peer.changes(), outcome.map(|a| a.notes.len()).map_err(|e| e.cause))
}

#[tokio::test(start_paused = true)]
async fn the_bmc_is_reset_by_what_it_offers() {
    let both = json!(["ForceRestart", "GracefulRestart"]);
    assert_eq!(reset(both.clone(), BmcReset::Cold).await.0, [json!({"ResetType": "ForceRestart"})]);
    assert_eq!(reset(both, BmcReset::Warm).await.0, [json!({"ResetType": "GracefulRestart"})]);
    // Dell R750: GracefulRestart only, so that a cold reset is that, with a note.
    let dell = reset(json!(["GracefulRestart"]), BmcReset::Cold).await;
    assert_eq!(dell, (vec![json!({"ResetType": "GracefulRestart"})], Ok(1)));
    // HPE gives no list.
    assert_eq!(reset(json!(null), BmcReset::Cold).await.0, [json!({})]);
    let (sent, outcome) = reset(json!(["ForceRestart"]), BmcReset::Warm).await;
    assert!(sent.is_empty() && matches!(outcome, Err(Cause::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn after_the_reset_of_the_bmc_the_next_operation_logs_in_again() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.reset_bmc(BmcReset::Cold, within(60)).await.unwrap();
    driver.power_read(within(60)).await.unwrap();
    driver.close().await;
    let logins = peer.lines().iter().filter(|l| l.ends_with("/Sessions")).count();
    let ends: Vec<_> = peer.lines().into_iter().filter(|l| l.starts_with("DELETE")).collect();
    assert_eq!((logins, ends.len()), (2, 1));
}
