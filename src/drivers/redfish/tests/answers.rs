//! Whatever a peer answers, the driver returns: a value or an error, never a panic.

use proptest::prelude::*;

use super::*;
use crate::{
    driver::Driver as _,
    model::{BmcReset, BootDevice, BootDuration, BootOverride, Identify, PowerAction, SetIdentify},
};

const WORDS: &[&str] = &[
    "",
    "On",
    "Off",
    "None",
    "Pxe",
    "Once",
    "Lit",
    "/",
    "/redfish/v1/x",
    "//x",
    "http://x/y",
    "UEFI",
    "UefiTarget",
    "Dell",
    "AMI",
    "Supermicro",
    "GracefulShutdownGracefulRestart",
    "\0",
    "é",
];
const NAMES: &[&str] = &[
    "@odata.id",
    "Members",
    "Systems",
    "Managers",
    "Links",
    "Sessions",
    "PowerState",
    "Boot",
    "Actions",
    "BootSourceOverrideTarget",
    "BootSourceOverrideEnabled",
    "#ComputerSystem.Reset",
    "#Manager.Reset",
    "target",
    "ResetType@Redfish.AllowableValues",
    "@Redfish.ActionInfo",
    "Parameters",
    "UUID",
    "EthernetInterfaces",
    "IPv4Addresses",
    "Address",
    "MACAddress",
    "Chassis",
    "ManagedBy",
    "Oem",
    "Assembly",
    "IndicatorLED",
    "LocationIndicatorActive",
    "error",
    "@Message.ExtendedInfo",
    "MessageId",
    "TaskState",
    "Messages",
    "Vendor",
    "SKU",
    "@Redfish.Settings",
    "SettingsObject",
    "UefiTargetBootSourceOverride",
    "ManagerForServers",
    "MessageArgs",
    "RelatedProperties",
    "BootSourceOverrideTarget@Redfish.AllowableValues",
];

/// JSON of any shape, its names and texts such that the driver looks at many of them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(NAMES), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()),
        ]
    })
}

async fn everything(driver: &Redfish) {
    let pxe = BootOverride { device: BootDevice::Pxe, duration: BootDuration::Once, mode: None };
    let lit = SetIdentify { state: Identify::Lit, lasting: None };
    let _ = driver.power_read(within(5)).await;
    for action in PowerAction::ALL {
        let _ = driver.power(*action, within(5)).await;
    }
    let _ = driver.boot_override(within(5)).await;
    let _ = driver.set_boot_override(pxe, within(5)).await;
    let _ = driver.identify(within(5)).await;
    let _ = driver.set_identify(lit, within(5)).await;
    let _ = driver.identity(within(5)).await;
    let _ = driver.reset_bmc(BmcReset::Cold, within(5)).await;
    driver.close().await;
}

fn on_held_clock(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn properties_of_any_shape_do_not_panic_the_driver(
        vendor in proptest::sample::select(WORDS),
        system in any_json(), manager in any_json(), chassis in any_json()
    ) {
        on_held_clock(async {
            let peer = Peer::scripted(move |seen, bmc| {
                merge(&mut bmc.system, &system);
                merge(&mut bmc.manager, &manager);
                merge(&mut bmc.chassis, &chassis);
                seen.is("GET", "/redfish/v1/").then(|| quirks::root_of(vendor))
            }).await;
            everything(&peer.driver()).await;
        });
    }

    #[test]
    fn answers_of_any_json_and_status_do_not_panic_the_driver(
        answers in proptest::collection::vec((200_u16..600, any_json()), 1..12)
    ) {
        on_held_clock(async {
            let mut count = 0;
            let peer = Peer::scripted(move |seen, _| {
                count += 1;
                let (status, body) = &answers[count % answers.len()];
                (!seen.path.ends_with("/Sessions")).then(|| say(*status, body.clone()))
            }).await;
            everything(&peer.driver()).await;
        });
    }

    #[test]
    fn bytes_of_any_kind_do_not_panic_the_driver(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), with_head in any::<bool>()
    ) {
        on_held_clock(async {
            let head: &[u8] = if with_head { b"HTTP/1.1 200 OK\r\n\r\n" } else { b"" };
            let answer = [head, &bytes].concat();
            let peer = Peer::scripted(move |seen, _| {
                seen.is("GET", SYSTEM).then(|| Act::Raw(answer.clone()))
            }).await;
            everything(&peer.driver()).await;
        });
    }
}
