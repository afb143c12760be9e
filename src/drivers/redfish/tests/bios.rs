//! Claims about the settings of the host's firmware.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{BiosChanges, BiosValue, Change, SecureBoot},
};

const BIOS: &str = "/redfish/v1/Systems/437XR1138R2/Bios";
const SETTINGS: &str = "/redfish/v1/Systems/437XR1138R2/Bios/Settings";

/// A peer with these attributes, these pending ones, and annotations of its own beside the link to the settings.
async fn peer(now: Value, pending: Value, annotations: Value) -> Peer {
    peer_that(now, pending, annotations, |_| None).await
}

async fn peer_that(
    now: Value,
    mut pending: Value,
    annotations: Value,
    mut script: impl FnMut(&Seen) -> Option<Act> + Send + 'static,
) -> Peer {
    Peer::scripted(move |seen, bmc| {
        let secure = format!("{SYSTEM}/SecureBoot");
        bmc.system["Bios"] = json!({"@odata.id": BIOS});
        bmc.system["SecureBoot"] = json!({"@odata.id": secure});
        if let Some(act) = script(seen) {
            return Some(act);
        }
        let mut settings = json!({"SettingsObject": {"@odata.id": SETTINGS}});
        merge(&mut settings, &annotations);
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", BIOS) => Some(say(200, json!({"Attributes": now, "@Redfish.Settings": settings}))),
            ("GET", SETTINGS) => Some(say(200, json!({"Attributes": pending}))),
            ("GET", path) if path == secure => {
                Some(say(200, json!({"SecureBootEnable": true, "SecureBootCurrentBoot": "Disabled"})))
            }
            ("PATCH", SETTINGS) => {
                merge(&mut pending, &seen.body["Attributes"]);
                Some(Act::Say(204, Vec::new(), String::new()))
            }
            _ => None,
        }
    })
    .await
}

fn quiet(to: bool) -> BiosChanges {
    [("QuietBoot".to_owned(), BiosValue::Flag(to))].into()
}

async fn set(peer: &Peer, to: &BiosChanges) -> Result<Change, Cause> {
    peer.driver().set_bios(to, within(60)).await.map(|a| a.value).map_err(|e| e.cause)
}

#[tokio::test(start_paused = true)]
async fn what_is_pending_stands_beside_what_is_so() {
    let now = json!({"QuietBoot": true, "Timeout": 5, "Mode": "Uefi", "SetupPassword": null});
    let peer = peer(now, json!({"QuietBoot": false, "Timeout": 5}), json!({})).await;
    let bios = peer.driver().bios(within(60)).await.unwrap().value;
    let told = serde_json::to_value(&bios.attributes).unwrap();
    assert_eq!(
        told,
        json!([{"name": "Mode", "value": "Uefi"}, {"name": "QuietBoot", "value": true, "pending": false},
            {"name": "SetupPassword"}, {"name": "Timeout", "value": 5}])
    );
    assert_eq!(bios.secure_boot, Some(SecureBoot { enabled: Some(true), active: Some(false) }));
}

#[tokio::test(start_paused = true)]
async fn only_what_will_not_be_so_is_written_and_to_the_settings() {
    let now = json!({"QuietBoot": true, "Timeout": 5});
    let peer = peer(now, json!({}), json!({})).await;
    let mut both = quiet(false);
    both.insert("Timeout".to_owned(), BiosValue::Number(5));
    assert_eq!(set(&peer, &both).await, Ok(Change::Changed));
    assert_eq!(peer.changes(), [json!({"Attributes": {"QuietBoot": false}})]);
    assert_eq!(peer.lines().last().unwrap(), &format!("PATCH {SETTINGS}"));
    assert_eq!(set(&peer, &both).await, Ok(Change::AlreadySo));
    // What is so now and will be otherwise has to be written.
    assert_eq!(set(&peer, &quiet(true)).await, Ok(Change::Changed));
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_can_be_told_when_is_told_and_one_that_refuses_it_is_not() {
    // Dell iDRAC 9 forgets what does not say when it applies.
    let supported = json!({"SupportedApplyTimes": ["OnReset", "Immediate"]});
    let peer_of_dell = peer(json!({"QuietBoot": true}), json!({}), supported.clone()).await;
    assert_eq!(set(&peer_of_dell, &quiet(false)).await, Ok(Change::Changed));
    assert_eq!(peer_of_dell.changes()[0]["@Redfish.SettingsApplyTime"], json!({"ApplyTime": "OnReset"}));
    let other = peer_that(json!({"QuietBoot": true}), json!({}), supported, |seen| {
        let told = seen.body.get("@Redfish.SettingsApplyTime").is_some();
        told.then(|| error(400, "Base.1.18.PropertyUnknown", "@Redfish.SettingsApplyTime is not known"))
    })
    .await;
    assert_eq!(set(&other, &quiet(false)).await, Ok(Change::Changed));
    assert_eq!(other.changes()[1], json!({"Attributes": {"QuietBoot": false}}));
}

#[tokio::test(start_paused = true)]
async fn what_the_bmc_does_not_know_is_a_refusal_in_its_words() {
    let peer = peer_that(json!({"QuietBoot": true}), json!({}), json!({}), |seen| {
        let unknown = "The property QuietBotO is not in the list of valid properties for the resource.";
        (seen.method == "PATCH").then(|| error(400, "Base.1.18.PropertyUnknown", unknown))
    })
    .await;
    let refused = set(&peer, &[("QuietBotO".to_owned(), BiosValue::Flag(true))].into()).await;
    assert!(matches!(refused, Err(Cause::Refused { message, .. }) if message.contains("QuietBotO")));
}

#[tokio::test(start_paused = true)]
async fn firmware_without_settings_has_none_and_nothing_to_set_touches_nothing() {
    // OpenBMC: a Bios that can be reset, without attributes.
    let peer = peer_that(json!({}), json!({}), json!({}), |seen| {
        seen.is("GET", BIOS).then(|| say(200, json!({"Id": "BIOS"})))
    })
    .await;
    let absent = peer.driver().bios(within(60)).await.unwrap_err();
    assert!(matches!(absent.cause, Cause::NotFound { .. }), "{absent}");
    let before = peer.seen().len();
    assert!(matches!(set(&peer, &BiosChanges::new()).await, Err(Cause::InvalidArgument { .. })));
    assert_eq!(peer.seen().len(), before);
}
