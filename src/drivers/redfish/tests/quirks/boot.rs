//! Boot override (B1 to B12, README 30 and 31).

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{BootDevice, BootDuration, BootMode, BootOverride, Change},
};

const PXE_ONCE: BootOverride =
    BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };
const SETTINGS: &str = "/redfish/v1/Systems/437XR1138R2/Settings";

type Outcome = Result<Vec<&'static str>, Cause>;

async fn set(peer: &Peer, to: BootOverride) -> Outcome {
    let outcome = peer.driver().set_boot_override(to, within(120)).await;
    outcome.map(|answer| names(&answer)).map_err(|error| error.cause)
}

/// The PATCHes' `Boot`, as "target enabled mode" with a dash for what is not sent.
fn sent(peer: &Peer) -> Vec<String> {
    let word = |boot: &Value, name: &str| boot[name].as_str().unwrap_or("-").to_owned();
    let names = ["BootSourceOverrideTarget", "BootSourceOverrideEnabled", "BootSourceOverrideMode"];
    peer.changes().iter().map(|body| names.map(|name| word(&body["Boot"], name)).join(" ")).collect()
}

/// A peer of this vendor whose `Boot` has these properties too, and that answers a PATCH of `Boot` so.
async fn peer_of(
    vendor: &'static str,
    boot: Value,
    answer: impl Fn(&Value) -> Option<Act> + Send + 'static,
) -> Peer {
    let mut begun = false;
    Peer::scripted(move |seen, bmc| {
        if !std::mem::replace(&mut begun, true) {
            merge(&mut bmc.system["Boot"], &boot);
        }
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/redfish/v1/") => Some(root_of(vendor)),
            ("PATCH", SYSTEM) => answer(&seen.body["Boot"]),
            _ => None,
        }
    })
    .await
}

/// A peer whose override is to be written at its settings, which look like this.
async fn with_settings(refusal: fn() -> Act, settings: Value) -> Peer {
    Peer::scripted(move |seen, bmc| {
        bmc.system["@Redfish.Settings"] = json!({"SettingsObject": {"@odata.id": SETTINGS}});
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", SETTINGS) => Some(say(200, settings.clone())),
            ("PATCH", SETTINGS) => Some(empty(204)),
            ("PATCH", SYSTEM) => Some(refusal()),
            _ => None,
        }
    })
    .await
}

fn read_only() -> Act {
    let text = "The property Boot is a read-only property and cannot be assigned a value.";
    error(400, "Base.1.8.PropertyNotWritable", text)
}

#[tokio::test(start_paused = true)]
async fn b1_idrac_10_takes_the_override_at_its_settings() {
    let values = json!({"BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe"]});
    let peer = with_settings(read_only, json!({ "Boot": values })).await;
    assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), ["boot-in-settings"]);
    assert_eq!(peer.lines().last().unwrap(), &format!("PATCH {SETTINGS}"));
    // Its list stands there, and is believed.
    let bios = BootOverride { device: BootDevice::Bios, ..PXE_ONCE };
    assert!(matches!(set(&peer, bios).await, Err(Cause::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn b2_settings_without_boot_are_not_written_to() {
    // Lenovo SE450.
    let peer = with_settings(read_only, json!({"@odata.id": SETTINGS})).await;
    assert!(matches!(set(&peer, PXE_ONCE).await, Err(Cause::Refused { .. })));
    assert!(peer.lines().iter().all(|line| line != &format!("PATCH {SETTINGS}")));
    // And where the system takes it, its settings are not even looked at.
    let peer =
        Peer::with_system(json!({"@Redfish.Settings": {"SettingsObject": {"@odata.id": SETTINGS}}})).await;
    assert!(set(&peer, PXE_ONCE).await.unwrap().is_empty());
    assert!(peer.seen().iter().all(|seen| seen.path != SETTINGS));
}

#[tokio::test(start_paused = true)]
async fn b3_an_override_that_only_the_settings_have_is_read_and_written_there() {
    let boot = json!({"BootSourceOverrideTarget": "Hdd", "BootSourceOverrideEnabled": "Continuous"});
    let peer = Peer::scripted(move |seen, bmc| {
        bmc.system["@Redfish.Settings"] = json!({"SettingsObject": {"@odata.id": SETTINGS}});
        bmc.system["Boot"] = Value::Null;
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", SETTINGS) => Some(say(200, json!({ "Boot": boot }))),
            ("PATCH", SETTINGS) => Some(empty(204)),
            _ => None,
        }
    })
    .await;
    let answer = peer.driver().boot_override(within(60)).await.unwrap();
    let (device, duration) = (BootDevice::Disk, BootDuration::Continuous);
    assert_eq!(answer.value, BootOverride { device, duration, mode: None });
    assert_eq!(names(&answer), ["boot-in-settings"]);
    assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), ["boot-in-settings"]);
    assert!(peer.lines().contains(&format!("PATCH {SETTINGS}")));
}

#[tokio::test(start_paused = true)]
async fn b4_a_cd_is_usb_cd_on_a_supermicro_that_offers_both() {
    let both = json!({"BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Cd", "UsbCd"]});
    let cd = BootOverride { device: BootDevice::Cdrom, mode: Some(BootMode::Uefi), ..PXE_ONCE };
    let peer = peer_of("Supermicro", both.clone(), |_| None).await;
    assert_eq!(set(&peer, cd).await.unwrap(), ["usb-cd"]);
    assert_eq!(sent(&peer), ["UsbCd Once UEFI"]);
    assert_eq!(peer.driver().boot_override(within(60)).await.unwrap().value, cd);
    let peer = peer_of("Contoso", both, |_| None).await;
    assert!(set(&peer, cd).await.unwrap().is_empty());
    assert_eq!(sent(&peer), ["Cd Once UEFI"]);
}

/// Refuses a `Boot` without a mode.
fn demanding_mode(boot: &Value) -> Option<Act> {
    let text =
        "The property BootSourceOverrideMode is a required property and must be included in the request.";
    boot.get("BootSourceOverrideMode").is_none().then(|| error(400, "Base.1.8.PropertyMissing", text))
}

/// Refuses a `Boot` with a mode, as an iLO does: without a text.
fn refusing_mode(boot: &Value) -> Option<Act> {
    boot.get("BootSourceOverrideMode").is_some().then(|| {
        say(
            400,
            json!({"error": {"@Message.ExtendedInfo": [{"MessageArgs": ["BootSourceOverrideMode"],
            "MessageId": "iLO.2.8.PropertyNotWritableOrUnknown"}]}}),
        )
    })
}

#[tokio::test(start_paused = true)]
async fn b5_a_mode_that_is_demanded_is_sent_as_it_was_read() {
    let peer = peer_of("Contoso", json!({"BootSourceOverrideMode": "Legacy"}), demanding_mode).await;
    assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), ["boot-mode-demanded"]);
    assert_eq!(sent(&peer), ["Pxe Once -", "Pxe Once Legacy"]);
    // A mode that was never shown is not made up.
    let peer = peer_of("Contoso", json!({"BootSourceOverrideMode": null}), demanding_mode).await;
    assert!(matches!(set(&peer, PXE_ONCE).await, Err(Cause::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn b5_and_b6_the_mode_is_always_sent_to_those_who_lose_it_or_want_the_whole() {
    let expected = [
        ("Supermicro", "Pxe Once UEFI", vec!["boot-mode-falls-to-legacy"]),
        ("AMI", "Pxe Once UEFI", vec!["boot-written-whole"]),
        ("Contoso", "Pxe Once -", vec![]),
    ];
    for (vendor, body, notes) in expected {
        let peer = peer_of(vendor, json!({}), |_| None).await;
        assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), notes);
        assert_eq!(sent(&peer), [body]);
    }
}

#[tokio::test(start_paused = true)]
async fn b7_a_mode_that_is_refused_is_left_out_where_it_changes_nothing() {
    let uefi = BootOverride { mode: Some(BootMode::Uefi), ..PXE_ONCE };
    let peer = peer_of("HPE", json!({}), refusing_mode).await;
    assert_eq!(set(&peer, uefi).await.unwrap(), ["boot-mode-refused"]);
    assert_eq!(sent(&peer), ["Pxe Once UEFI", "Pxe Once -"]);
    // Another mode than the present one, or one where none is shown, cannot be promised.
    for present in [json!("Legacy"), json!(null)] {
        let peer = peer_of("HPE", json!({ "BootSourceOverrideMode": present }), refusing_mode).await;
        assert!(matches!(set(&peer, uefi).await, Err(Cause::Refused { .. })));
        assert_eq!(sent(&peer), ["Pxe Once UEFI"]);
    }
}

#[tokio::test(start_paused = true)]
async fn b7_a_mode_that_was_added_for_a_quirk_is_left_out_where_it_is_refused() {
    let peer = peer_of("Supermicro", json!({}), refusing_mode).await;
    assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), ["boot-mode-falls-to-legacy", "boot-mode-refused"]);
    assert_eq!(sent(&peer), ["Pxe Once UEFI", "Pxe Once -"]);
}

#[tokio::test(start_paused = true)]
async fn b8_a_host_in_post_is_waited_for_until_the_deadline() {
    let post = |_: &Value| {
        Some(say(
            400,
            json!({"error": {"code": "iLO.0.10.ExtendedInfo", "@Message.ExtendedInfo": [
            {"MessageArgs": ["BootSourceOverrideTarget"], "MessageId": "iLO.2.37.UnableToModifyDuringSystemPOST"}]}}),
        ))
    };
    let peer = peer_of("HPE", json!({}), post).await;
    let began = Instant::now();
    assert_eq!(set(&peer, PXE_ONCE).await, Err(Cause::Busy { retry_after: None }));
    assert!(began.elapsed() > Duration::from_secs(90), "{:?}", began.elapsed());
    assert!(sent(&peer).iter().all(|body| body == "Pxe Once -"), "the same wish each time");
}

/// An override that is set, on a peer that refuses to clear its target.
async fn keeping_target(refusal: fn() -> Act) -> Peer {
    let boot = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe"});
    peer_of("HPE", boot, move |boot| (boot["BootSourceOverrideTarget"] == "None").then(refusal)).await
}

#[tokio::test(start_paused = true)]
async fn b9_a_target_that_cannot_be_cleared_is_kept() {
    let refusals: [fn() -> Act; 2] = [
        || error(400, "iLO.2.8.PropertyValueNotInList", "None for BootSourceOverrideTarget"),
        || error(400, "Base.1.8.GeneralError", "no"),
    ];
    for refusal in refusals {
        let peer = keeping_target(refusal).await;
        assert_eq!(set(&peer, BootOverride::NONE).await.unwrap(), ["boot-target-stays"]);
        assert_eq!(sent(&peer), ["None Disabled -", "Pxe Disabled -"]);
        assert_eq!(peer.driver().boot_override(within(60)).await.unwrap().value, BootOverride::NONE);
    }
}

#[tokio::test(start_paused = true)]
async fn b9_what_is_set_and_not_cleared_keeps_its_target() {
    let peer = peer_of("HPE", json!({}), |_| Some(error(400, "Base.1.8.GeneralError", "no"))).await;
    assert!(matches!(set(&peer, PXE_ONCE).await, Err(Cause::Refused { .. })));
    assert_eq!(sent(&peer), ["Pxe Once -"]);
}

#[tokio::test(start_paused = true)]
async fn b10_continuous_that_is_not_listed_is_refused_without_sending() {
    // Lenovo SR670 V2, XCC 2.83.
    let listed = json!({"BootSourceOverrideEnabled@Redfish.AllowableValues": ["Once", "Disabled"]});
    let peer = peer_of("Lenovo", listed, |_| None).await;
    let ever = BootOverride { duration: BootDuration::Continuous, ..PXE_ONCE };
    assert!(matches!(set(&peer, ever).await, Err(Cause::Refused { .. })));
    assert!(sent(&peer).is_empty());
    assert!(set(&peer, PXE_ONCE).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn b12_an_equal_value_that_is_refused_is_left_out() {
    let boot = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Hdd"});
    let equal = |boot: &Value| {
        let text = "BootSourceOverrideEnabled already has that value";
        boot.get("BootSourceOverrideEnabled")
            .is_some()
            .then(|| error(400, "Base.1.8.PropertyValueConflict", text))
    };
    let peer = peer_of("Contoso", boot, equal).await;
    assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), ["equal-value-refused"]);
    assert_eq!(sent(&peer), ["Pxe Once -", "Pxe - -"]);
    // A value that is not equal is what was asked for.
    let peer = peer_of("Contoso", json!({}), equal).await;
    assert!(matches!(set(&peer, PXE_ONCE).await, Err(Cause::Refused { .. })));
    assert_eq!(sent(&peer), ["Pxe Once -"]);
}

#[tokio::test(start_paused = true)]
async fn readme_31_an_override_that_became_a_uefi_path_is_read_by_its_path() {
    let mac = "PciRoot(0x2)/Pci(0x1,0x0)/MAC(58A2E10396F2,0x1)/IPv4(0.0.0.0)";
    let expected = [
        (json!(mac), Some(BootDevice::Pxe)),
        (json!(format!("{mac}/Uri()")), Some(BootDevice::Http)),
        (
            json!("HD(1,GPT,7A46B329-CF6A-4DCA-9785-48677E8A27BF)/EFI/ubuntu/shimx64.efi"),
            Some(BootDevice::Disk),
        ),
        (json!("VenHw(0)"), None),
        (json!(null), None),
    ];
    for (path, device) in expected {
        let boot = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "UefiTarget",
            "UefiTargetBootSourceOverride": path});
        let peer = peer_of("Dell", boot, |_| None).await;
        let answer = peer.driver().boot_override(within(60)).await;
        match (device, answer) {
            (Some(device), Ok(answer)) => {
                assert_eq!(answer.value.device, device);
                assert_eq!(names(&answer), ["pxe-as-uefi-target"]);
            }
            (None, Err(error)) => assert_eq!(error.kind(), "deviation"),
            (_, answer) => panic!("{path}: {answer:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p6_a_list_of_targets_without_a_known_word_is_not_believed() {
    let listed = json!({"BootSourceOverrideTarget@Redfish.AllowableValues": ["network", "disk"]});
    let peer = peer_of("Contoso", listed, |_| None).await;
    assert_eq!(set(&peer, PXE_ONCE).await.unwrap(), ["strange-allowable-values"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_in_the_middle_of_a_second_try_is_unknown_and_ends_there() {
    let peer = peer_of("Contoso", json!({}), |boot| demanding_mode(boot).or(Some(Act::Close))).await;
    assert!(matches!(set(&peer, PXE_ONCE).await, Err(Cause::OutcomeUnknown { .. })));
    assert_eq!(sent(&peer).len(), 2);
    let answer = peer_of("Contoso", json!({}), |_| None).await;
    let change = answer.driver().set_boot_override(PXE_ONCE, within(60)).await.unwrap();
    assert_eq!(change.value, Change::Changed);
}
