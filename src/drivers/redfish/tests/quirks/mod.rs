//! Claims about the field quirks, each by its number in the list of them, with a twin where nothing must be forgiven.

mod boot;
mod etag;
mod power;
mod shape;
mod tasks;
mod wire;

use super::*;
use crate::{
    driver::{Answer, Deviation, Driver as _, Note},
    model::{BmcReset, BootDevice, BootDuration, BootOverride, Identify, PowerAction, SetIdentify},
};

#[tokio::test(start_paused = true)]
async fn a_healthy_bmc_is_asked_for_no_more_than_before_any_quirk_was_known() {
    let peer = Peer::healthy().await;
    let driver = peer.driver();
    let pxe = BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };
    let lit = SetIdentify { state: Identify::Lit, lasting: None };
    driver.power_read(within(60)).await.unwrap();
    driver.power(PowerAction::Off, within(60)).await.unwrap();
    driver.set_boot_override(pxe, within(60)).await.unwrap();
    driver.boot_override(within(60)).await.unwrap();
    driver.set_identify(lit, within(60)).await.unwrap();
    driver.identity(within(60)).await.unwrap();
    let notes = driver.reset_bmc(BmcReset::Warm, within(60)).await.unwrap().notes;
    let system = format!("GET {SYSTEM}");
    let patch = format!("PATCH {SYSTEM}");
    let expected = [
        "GET /redfish/v1/",
        "POST /redfish/v1/SessionService/Sessions",
        "GET /redfish/v1/Systems",
        &system,
        // power.off
        &system,
        &format!("POST {RESET}"),
        // boot.override.set, boot.override.get
        &system,
        &patch,
        &system,
        // identify.set
        &system,
        &patch,
        // identity.read
        &system,
        "GET /redfish/v1/Chassis/1U",
        "GET /redfish/v1/Managers/BMC",
        "GET /redfish/v1/Managers/BMC/EthernetInterfaces",
        "GET /redfish/v1/Managers/BMC/EthernetInterfaces/1",
        // bmc.reset
        "GET /redfish/v1/Managers/BMC",
        "POST /redfish/v1/Managers/BMC/Actions/Manager.Reset",
    ];
    assert_eq!(peer.lines(), expected);
    assert!(notes.is_empty());
}

/// The names of the quirks in an answer's notes.
fn names<T>(answer: &Answer<T>) -> Vec<&'static str> {
    let named = |Note(deviation): &Note| match deviation {
        Deviation::Quirk { name, .. } => Some(*name),
        _ => None,
    };
    answer.notes.iter().filter_map(named).collect()
}

/// Nothing but a status.
fn empty(status: u16) -> Act {
    Act::Say(status, Vec::new(), String::new())
}

/// The healthy BMC's root, by this vendor.
pub(super) fn root_of(vendor: &str) -> Act {
    say(
        200,
        json!({
            "Vendor": vendor,
            "Systems": {"@odata.id": "/redfish/v1/Systems"},
            "Managers": {"@odata.id": "/redfish/v1/Managers"},
            "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
        }),
    )
}
