//! The LAN's parameters that Redfish shows too: the manager's own interface (DSP0268 EthernetInterface), and the lockout of the
//! account service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::super::super::command::{Completion, Scene};

const STATIC: u8 = 1;
const DHCP: u8 = 2;
const DHCP_ENABLED: &str = "/DHCPv4/DHCPEnabled";
const VLAN_ENABLED: &str = "/VLAN/VLANEnable";
const VLAN_ID: &str = "/VLAN/VLANId";
const V4: &str = "/IPv4Addresses";
const V4_STATIC: &str = "/IPv4StaticAddresses";
const V6_STATIC: &str = "/IPv6StaticAddresses";
const V6: &str = "/IPv6Addresses";

/// What the BMC's interface says of IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct V4Address {
    address: Ipv4Addr,
    mask: Ipv4Addr,
    gateway: Ipv4Addr,
}

/// Sets a parameter that lies with the BMC; whether this is one.
pub(super) fn set(scene: &Scene<'_>, number: u8, data: &[u8]) -> Result<bool, Completion> {
    match (number, data) {
        (3 | 6 | 12, [a, b, c, d]) => {
            let to = Ipv4Addr::new(*a, *b, *c, *d);
            let mut address = v4(scene);
            match number {
                3 => address.address = to,
                6 if is_mask(to) => address.mask = to,
                6 => return Err(Completion::INVALID_FIELD),
                _ => address.gateway = to,
            }
            if uses_dhcp(scene) {
                return Err(Completion::NOT_IN_THIS_STATE);
            }
            keep_v4(scene, address);
        }
        (4, [source]) => {
            let address = v4(scene);
            keep(scene, DHCP_ENABLED, json!(*source == DHCP));
            keep_v4(scene, address);
        }
        (20, [low, high]) => {
            let id = u16::from_le_bytes([*low, high & 0x0F]);
            if high & 0x70 != 0 || id == 0x0FFF {
                return Err(Completion::INVALID_FIELD);
            }
            keep(scene, VLAN_ENABLED, json!(high & 0x80 != 0));
            keep(scene, VLAN_ID, json!(id));
        }
        (26, [_, threshold, reset_low, reset_high, lock_low, lock_high]) => {
            let seconds = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high])) * 10;
            keep_lockout(scene, THRESHOLD, u32::from(*threshold));
            keep_lockout(scene, RESET_AFTER, seconds(reset_low, reset_high));
            keep_lockout(scene, DURATION, seconds(lock_low, lock_high));
        }
        (56, [_, enabled, address @ .., prefix, _]) => {
            let address: [u8; 16] = address.try_into().map_err(|_| Completion::LENGTH_INVALID)?;
            keep_v6(scene, enabled & 0x80 != 0, Ipv6Addr::from(address), *prefix)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// A parameter that lies with the BMC.
pub(super) fn get(scene: &Scene<'_>, number: u8, set: u8) -> Option<Vec<u8>> {
    Some(match number {
        3 => v4(scene).address.octets().to_vec(),
        4 => vec![if uses_dhcp(scene) { DHCP } else { STATIC }],
        5 => scene.look.view.id.mac.to_vec(),
        6 => v4(scene).mask.octets().to_vec(),
        12 => v4(scene).gateway.octets().to_vec(),
        20 => {
            let id = shown(scene, VLAN_ID).and_then(|it| it.as_u64()).unwrap_or(0) as u16 & 0x0FFF;
            let [low, high] = id.to_le_bytes();
            let on = shown(scene, VLAN_ENABLED).and_then(|it| it.as_bool()).unwrap_or(false);
            vec![low, high | u8::from(on) << 7]
        }
        22 => vec![scene.sessions.suites().len() as u8],
        23 => {
            let mut said = vec![0];
            said.extend(scene.sessions.suites().iter().map(|suite| suite.id).take(16));
            said.resize(17, 0);
            said
        }
        26 => {
            let tens = |name| (lockout(scene, name) / 10).min(0xFFFF) as u16;
            let [reset_low, reset_high] = tens(RESET_AFTER).to_le_bytes();
            let [lock_low, lock_high] = tens(DURATION).to_le_bytes();
            vec![0, lockout(scene, THRESHOLD).min(0xFF) as u8, reset_low, reset_high, lock_low, lock_high]
        }
        56 => v6(scene, set),
        _ => return None,
    })
}

fn is_mask(mask: Ipv4Addr) -> bool {
    let bits = u32::from(mask);
    bits.leading_ones() + bits.trailing_zeros() == 32
}

/// A static address, where one was written; else the one that the machine has.
fn v4(scene: &Scene<'_>) -> V4Address {
    let written = shown(scene, V4_STATIC).and_then(|it| it.get(0).cloned()).unwrap_or_default();
    let part = |name: &str| written[name].as_str().and_then(|it| it.parse().ok());
    let own = match scene.look.view.id.address {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    };
    let usual = if own.is_loopback() {
        (Ipv4Addr::new(255, 0, 0, 0), Ipv4Addr::LOCALHOST)
    } else {
        (Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED)
    };
    V4Address {
        address: part("Address").unwrap_or(own),
        mask: part("SubnetMask").unwrap_or(usual.0),
        gateway: part("Gateway").unwrap_or(usual.1),
    }
}

/// It is what was written, and what is shown as being in use. The datagrams go on to where they went before: a BMC that moves
/// away would be of no use here.
fn keep_v4(scene: &Scene<'_>, to: V4Address) {
    let V4Address { address, mask, gateway } = to;
    let parts = json!({
        "Address": address.to_string(),
        "SubnetMask": mask.to_string(),
        "Gateway": gateway.to_string(),
    });
    let mut used = parts.clone();
    used["AddressOrigin"] = json!(if uses_dhcp(scene) { "DHCP" } else { "Static" });
    keep(scene, V4_STATIC, json!([parts]));
    keep(scene, V4, json!([used]));
}

fn uses_dhcp(scene: &Scene<'_>) -> bool {
    shown(scene, DHCP_ENABLED).and_then(|it| it.as_bool()).unwrap_or(false)
}

fn keep_v6(scene: &Scene<'_>, enabled: bool, address: Ipv6Addr, prefix: u8) -> Result<(), Completion> {
    if prefix > 128 {
        return Err(Completion::INVALID_FIELD);
    }
    let parts = json!({"Address": address.to_string(), "PrefixLength": prefix});
    let mut used = parts.clone();
    used["AddressOrigin"] = json!("Static");
    used["AddressState"] = json!("Preferred");
    keep(scene, V6_STATIC, if enabled { json!([parts]) } else { json!([]) });
    keep(scene, V6, if enabled { json!([used]) } else { json!([]) });
    Ok(())
}

/// Set, whether it is on, the address, its prefix, and that it is in use.
fn v6(scene: &Scene<'_>, set: u8) -> Vec<u8> {
    let written = shown(scene, V6_STATIC).and_then(|it| it.get(0).cloned()).unwrap_or_default();
    let address = written["Address"].as_str().and_then(|it| it.parse::<Ipv6Addr>().ok());
    let prefix = written["PrefixLength"].as_u64().unwrap_or(0) as u8;
    let on = u8::from(address.is_some()) << 7;
    let octets = address.map_or([0; 16], |it| it.octets());
    [&[set, on][..], &octets, &[prefix, 0]].concat()
}

/// A property of the manager's own interface, as it was written or as the platform has it.
fn shown(scene: &Scene<'_>, pointer: &str) -> Option<Value> {
    let path = scene.look.tree.interface();
    let written = scene.bmc.written().at(path, pointer).cloned();
    written.or_else(|| scene.look.tree.document(path)?.template().pointer(pointer).cloned())
}

fn keep(scene: &Scene<'_>, pointer: &str, value: Value) {
    scene.bmc.written().keep(scene.look.tree.interface(), pointer, value);
}

const THRESHOLD: &str = "/AccountLockoutThreshold";
const RESET_AFTER: &str = "/AccountLockoutCounterResetAfter";
const DURATION: &str = "/AccountLockoutDuration";

fn lockout(scene: &Scene<'_>, pointer: &str) -> u64 {
    let service = scene.look.tree.first("AccountService");
    service.and_then(|it| it.number(&scene.bmc.written(), pointer)).unwrap_or(0)
}

fn keep_lockout(scene: &Scene<'_>, pointer: &str, to: u32) {
    if let Some(service) = scene.look.tree.first("AccountService") {
        scene.bmc.written().keep(&service.path, pointer, json!(to));
    }
}
