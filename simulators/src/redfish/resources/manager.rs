//! The BMC itself (DSP0268 Manager, EthernetInterface).

use std::{net::IpAddr, time::Duration};

use serde_json::{Value, json};

use super::{collection, healthy, link, put, system};
use crate::{firmware::View, redfish::policy::Policy};

const MANAGERS: &str = "/redfish/v1/Managers";

/// The values of `ResetType` that `Manager.Reset` takes.
pub(crate) const RESET_TYPES: &[&str] = &["ForceRestart", "GracefulRestart"];

/// The managers: one.
pub(crate) fn managers(policy: &Policy) -> Value {
    collection(MANAGERS, "ManagerCollection", "Managers", vec![link(path(policy))])
}

/// The manager.
pub(crate) fn manager(view: &View, policy: &Policy, now: Duration) -> Value {
    let path = path(policy);
    let layout = policy.layout;
    let mut manager = json!({
        "@odata.id": path,
        "@odata.type": "#Manager.v1_19_0.Manager",
        "Id": layout.manager,
        "Name": "Manager",
        "ManagerType": "BMC",
        "PowerState": "On",
        "Status": healthy(),
        "DateTime": date_time(now),
        "DateTimeLocalOffset": "+00:00",
        "EthernetInterfaces": link(format!("{path}/EthernetInterfaces")),
        "Links": {
            "ManagerForServers": [link(system::path(policy))],
            "ManagerForChassis": [link(format!("/redfish/v1/Chassis/{}", layout.own_chassis))],
            "ManagerInChassis": link(format!("/redfish/v1/Chassis/{}", layout.own_chassis)),
        },
        "Actions": {
            "#Manager.Reset": {
                "target": format!("{path}/Actions/Manager.Reset"),
                "ResetType@Redfish.AllowableValues": RESET_TYPES,
            },
        },
    });
    put(&mut manager, "Manufacturer", &view.id.manufacturer);
    put(&mut manager, "FirmwareVersion", &view.id.bmc_firmware);
    manager
}

/// Its network interfaces: one.
pub(crate) fn interfaces(policy: &Policy) -> Value {
    let path = format!("{}/EthernetInterfaces", path(policy));
    let members = vec![link(format!("{path}/1"))];
    collection(&path, "EthernetInterfaceCollection", "Ethernet Interfaces", members)
}

/// Its network interface.
pub(crate) fn interface(view: &View, policy: &Policy) -> Value {
    let mac = view.id.mac_text();
    let mut interface = json!({
        "@odata.id": format!("{}/EthernetInterfaces/1", path(policy)),
        "@odata.type": "#EthernetInterface.v1_12_0.EthernetInterface",
        "Id": "1",
        "Name": "Management Interface",
        "InterfaceEnabled": true,
        "LinkStatus": "LinkUp",
        "SpeedMbps": 1000,
        "FullDuplex": true,
        "MACAddress": mac,
        "PermanentMACAddress": mac,
        "Status": healthy(),
        "IPv4Addresses": [],
        "IPv6Addresses": [],
    });
    match view.id.address {
        IpAddr::V4(address) => {
            interface["IPv4Addresses"] = json!([{"Address": address.to_string(), "SubnetMask": "255.0.0.0", "AddressOrigin": "Static"}]);
        }
        IpAddr::V6(address) => {
            interface["IPv6Addresses"] =
                json!([{"Address": address.to_string(), "PrefixLength": 64, "AddressOrigin": "Static"}]);
        }
    }
    interface
}

fn path(policy: &Policy) -> String {
    format!("{MANAGERS}/{}", policy.layout.manager)
}

/// The BMC's clock: every machine is born at the beginning of 2026.
fn date_time(now: Duration) -> String {
    let seconds = now.as_secs();
    let (mut day, clock) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut month) = (2026, 0);
    while day >= days(year, month) {
        day -= days(year, month);
        month += 1;
        if month == 12 {
            (year, month) = (year + 1, 0);
        }
    }
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", month + 1, day + 1)
}

fn days(year: u64, month: usize) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 if is_leap => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_knows_the_calendar() {
        let at = |days: u64, seconds: u64| date_time(Duration::from_secs(days * 86_400 + seconds));
        assert_eq!(at(0, 0), "2026-01-01T00:00:00Z");
        assert_eq!(at(58, 86_399), "2026-02-28T23:59:59Z");
        assert_eq!(at(59, 0), "2026-03-01T00:00:00Z");
        assert_eq!(at(365 + 365 + 59, 3_661), "2028-02-29T01:01:01Z");
    }
}
