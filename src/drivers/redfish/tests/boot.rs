//! Claims about boot override and the identify light.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{BootDevice, BootDuration, BootMode, BootOverride, Change, Identify, SetIdentify},
};

const PXE_ONCE: BootOverride =
    BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };

async fn set(peer: &Peer, to: BootOverride) -> Result<Change, Cause> {
    peer.driver().set_boot_override(to, within(60)).await.map(|a| a.value).map_err(|e| e.cause)
}

#[tokio::test(start_paused = true)]
async fn target_and_enabled_are_always_sent_together_and_the_mode_only_when_asked_for() {
    let peer = Peer::healthy().await;
    assert_eq!(set(&peer, PXE_ONCE).await, Ok(Change::Changed));
    let pxe = json!({"Boot": {"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once"}});
    assert_eq!(peer.changes(), [pxe]);
    let legacy = BootOverride { mode: Some(BootMode::Legacy), ..PXE_ONCE };
    assert_eq!(set(&peer, legacy).await, Ok(Change::Changed));
    assert_eq!(peer.changes()[1]["Boot"]["BootSourceOverrideMode"], "Legacy");
}

#[tokio::test(start_paused = true)]
async fn what_was_set_is_read_back_and_can_be_cleared() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    driver.set_boot_override(PXE_ONCE, within(60)).await.unwrap();
    let read = driver.boot_override(within(60)).await.unwrap().value;
    assert_eq!(read, BootOverride { mode: Some(BootMode::Uefi), ..PXE_ONCE });
    assert_eq!(set(&peer, PXE_ONCE).await, Ok(Change::AlreadySo));
    driver.set_boot_override(BootOverride::NONE, within(60)).await.unwrap();
    assert_eq!(driver.boot_override(within(60)).await.unwrap().value, BootOverride::NONE);
}

#[tokio::test(start_paused = true)]
async fn disabled_is_no_override_whatever_the_target_says() {
    // Supermicro SYS-821GE, BMC 01.01.11: Disabled, Pxe.
    let peer = Peer::with_system(json!({"Boot": {"BootSourceOverrideTarget": "Pxe"}})).await;
    assert_eq!(peer.driver().boot_override(within(60)).await.unwrap().value, BootOverride::NONE);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_offered_is_refused_without_sending() {
    // Lenovo SR670 V2, XCC 2.83: Once and Disabled only.
    let peer = Peer::with_system(json!({"Boot": {
        "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Once", "Disabled"]}}))
    .await;
    let ever = BootOverride { duration: BootDuration::Continuous, ..PXE_ONCE };
    let usb = BootOverride { device: BootDevice::Usb, ..PXE_ONCE };
    for to in [ever, usb] {
        assert!(matches!(set(&peer, to).await, Err(Cause::Refused { .. })));
    }
    assert!(peer.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn device_and_duration_that_do_not_fit_are_invalid_and_touch_nothing() {
    let peer = Peer::healthy().await;
    let odd = BootOverride { device: BootDevice::None, ..PXE_ONCE };
    assert!(matches!(set(&peer, odd).await, Err(Cause::InvalidArgument { .. })));
    assert!(peer.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mode_that_is_demanded_is_sent_as_it_is() {
    let peer = Peer::scripted(|seen, _| {
        (seen.method == "PATCH" && seen.body["Boot"].get("BootSourceOverrideMode").is_none()).then(|| {
            error(
                400,
                "Base.1.8.PropertyMissing",
                "The property BootSourceOverrideMode is a required property",
            )
        })
    })
    .await;
    assert_eq!(set(&peer, PXE_ONCE).await, Ok(Change::Changed));
    assert_eq!(peer.changes()[1]["Boot"]["BootSourceOverrideMode"], "UEFI");
}

#[tokio::test(start_paused = true)]
async fn a_read_only_override_is_written_to_the_settings() {
    // Dell iDRAC 10.
    let peer = Peer::scripted(|seen, bmc| {
        let settings = format!("{SYSTEM}/Settings");
        bmc.system["@Redfish.Settings"] = json!({"SettingsObject": {"@odata.id": settings}});
        match seen.method.as_str() {
            "GET" if seen.path == settings => Some(say(200, json!({"Boot": {}}))),
            "PATCH" if seen.path == settings => Some(Act::Say(204, Vec::new(), String::new())),
            "PATCH" => Some(error(
                400,
                "Base.1.8.PropertyNotWritable",
                "The property Boot is a read-only property and cannot be assigned a value.",
            )),
            _ => None,
        }
    })
    .await;
    assert_eq!(set(&peer, PXE_ONCE).await, Ok(Change::Changed));
    assert_eq!(peer.lines().last().unwrap(), &format!("PATCH {SYSTEM}/Settings"));
}

#[tokio::test(start_paused = true)]
async fn a_host_in_post_is_waited_for() {
    let mut busy = 2;
    let peer = Peer::scripted(move |seen, _| {
        let hit = seen.method == "PATCH" && busy > 0;
        busy -= usize::from(hit);
        hit.then(|| error(400, "iLO.2.37.UnableToModifyDuringSystemPOST", ""))
    })
    .await;
    assert_eq!(set(&peer, PXE_ONCE).await, Ok(Change::Changed));
}

async fn light(system: Value) -> Identify {
    Peer::with_system(system).await.driver().identify(within(60)).await.unwrap().value
}

#[tokio::test(start_paused = true)]
async fn the_light_is_read_from_both_properties() {
    // Dell R750, iDRAC 9 7.10.30: Lit, and nothing is identified.
    assert_eq!(
        light(json!({"IndicatorLED": "Lit", "LocationIndicatorActive": false})).await,
        Identify::Unlit
    );
    let blinking = json!({"IndicatorLED": "Blinking", "LocationIndicatorActive": true});
    assert_eq!(light(blinking).await, Identify::Blinking);
    // Lenovo SR670 V2, XCC 2.83.
    assert_eq!(light(json!({"IndicatorLED": "Off", "LocationIndicatorActive": null})).await, Identify::Unlit);
    assert_eq!(light(json!({"IndicatorLED": null, "LocationIndicatorActive": true})).await, Identify::Lit);
    assert_eq!(
        light(json!({"IndicatorLED": null, "LocationIndicatorActive": null})).await,
        Identify::Unknown
    );
}

#[tokio::test(start_paused = true)]
async fn a_light_that_is_not_there_cannot_be_set() {
    let peer = Peer::with_system(json!({"IndicatorLED": null, "LocationIndicatorActive": null})).await;
    let lit = SetIdentify { state: Identify::Lit, lasting: None };
    let error = peer.driver().set_identify(lit, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NotFound { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn blinking_needs_the_led_property() {
    let blinking = SetIdentify { state: Identify::Blinking, lasting: None };
    let peer = Peer::healthy().await;
    peer.driver().set_identify(blinking, within(60)).await.unwrap();
    assert_eq!(peer.changes(), [json!({"IndicatorLED": "Blinking"})]);
    let peer = Peer::with_system(json!({"IndicatorLED": null})).await;
    let error = peer.driver().set_identify(blinking, within(60)).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused { .. }), "{error}");
}
