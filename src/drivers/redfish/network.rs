//! The BMC's own network interface: `EthernetInterfaces` of the manager (DSP0268 EthernetInterface).

use std::net::Ipv4Addr;

use super::{client::Talk, document::View};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{AddressSource, BmcNetwork},
};

/// Network interfaces of a manager that are looked at.
pub(super) const INTERFACES: usize = 8;

/// The settings of the interface that the BMC is reached over.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BmcNetwork, Failure> {
    let manager = talk.any_manager().await?;
    let missing = || Failure::from(Cause::NotFound { what: "network interface of its own".to_owned() });
    let link = manager.view().link("EthernetInterfaces", &mut talk.notes).ok_or_else(missing)?;
    let mut members = talk.every_member(&link).await?;
    members.truncate(INTERFACES);
    reached(talk, members).await?.ok_or_else(missing)
}

/// The interface that the BMC is reached over: the one with the endpoint's own address, else the first that has an
/// address of use. Others lead to the host (`ToHost`, 169.254.0.0/16) or nowhere.
pub(super) async fn reached(
    talk: &mut Talk<'_>,
    members: Vec<String>,
) -> Result<Option<BmcNetwork>, Failure> {
    let host = talk.client.endpoint.host.clone();
    let mut best: Option<(u8, BmcNetwork)> = None;
    for member in members {
        let Some(document) = talk.aside(&member).await? else { continue };
        let enabled = document.view().flag("InterfaceEnabled", &mut talk.notes).unwrap_or(true);
        let interface = interface(document.view(), &mut talk.notes);
        let rank = rank(&interface, enabled, &host);
        if best.as_ref().is_none_or(|(found, _)| rank > *found) {
            best = Some((rank, interface));
        }
    }
    Ok(best.map(|(_, interface)| interface))
}

fn interface(view: View<'_>, notes: &mut Notes) -> BmcNetwork {
    let named = ["MACAddress", "PermanentMACAddress"];
    let addresses = view.objects("IPv4Addresses", notes);
    let of_use = addresses.iter().find_map(|it| Some((*it, address(*it, "Address", notes)?)));
    let (entry, address_of_use) =
        of_use.map_or((None, None), |(entry, address)| (Some(entry), Some(address)));
    let origin = entry.and_then(|it| it.text("AddressOrigin", notes));
    BmcNetwork {
        mac: named.iter().find_map(|property| mac(view, property, notes)),
        address: address_of_use,
        netmask: entry.and_then(|it| address(it, "SubnetMask", notes)),
        gateway: entry.and_then(|it| address(it, "Gateway", notes)),
        source: source(origin.as_deref()),
        vlan: vlan(view.object("VLAN", notes), notes),
    }
}

fn address(view: View<'_>, property: &str, notes: &mut Notes) -> Option<Ipv4Addr> {
    view.text(property, notes)?.parse().ok().filter(|it: &Ipv4Addr| !it.is_unspecified())
}

/// DSP0268 IPAddresses.IPv4AddressOrigin.
fn source(origin: Option<&str>) -> AddressSource {
    match origin {
        Some("Static") => AddressSource::Static,
        Some("DHCP") => AddressSource::Dhcp,
        Some(_) => AddressSource::Other,
        None => AddressSource::Unknown,
    }
}

/// A VLAN that is switched off is none, whatever its ID.
fn vlan(view: View<'_>, notes: &mut Notes) -> Option<u16> {
    let id = view.whole("VLANId", notes).and_then(|id| u16::try_from(id).ok());
    id.filter(|id| (1..=4094).contains(id) && view.flag("VLANEnable", notes) == Some(true))
}

fn rank(of: &BmcNetwork, enabled: bool, host: &str) -> u8 {
    match of.address {
        Some(address) if address.to_string() == host => 4,
        Some(address) if enabled && !address.is_link_local() => 3,
        Some(_) if enabled => 1,
        None if enabled && of.mac.is_some() => 2,
        _ => 0,
    }
}

/// A MAC address as six lower-case bytes with colons; what has another length (BlueField: 20 bytes) is none.
pub(super) fn mac(view: View<'_>, property: &str, notes: &mut Notes) -> Option<String> {
    let text = view.text(property, notes)?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let separators = text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '-' | '.'));
    if digits.len() != 12 || !separators {
        notes.forgive(Deviation::UnknownValue { property: property.to_owned(), value: text });
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    let bytes: Vec<&str> = (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect();
    Some(bytes.join(":")).filter(|mac| mac != "00:00:00:00:00:00")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::drivers::redfish::document::Document;

    fn told(value: Value) -> BmcNetwork {
        interface(Document::of("/i", &value).view(), &mut Notes::default())
    }

    #[test]
    fn a_vlan_counts_when_it_is_switched_on() {
        assert_eq!(told(json!({"VLAN": {"VLANEnable": true, "VLANId": 42}})).vlan, Some(42));
        assert_eq!(told(json!({"VLAN": {"VLANEnable": false, "VLANId": 42}})).vlan, None);
        assert_eq!(told(json!({"VLAN": {"VLANEnable": true, "VLANId": 0}})).vlan, None);
    }

    #[test]
    fn mask_gateway_and_origin_are_those_of_the_address_that_is_told() {
        let told = told(json!({"IPv4Addresses": [
            {"Address": "0.0.0.0", "AddressOrigin": "DHCP", "Gateway": "192.0.2.9"},
            {"Address": "192.0.2.10", "SubnetMask": "255.255.255.0", "Gateway": "0.0.0.0", "AddressOrigin": "Static"},
        ]}));
        assert_eq!(told.address, Some(Ipv4Addr::new(192, 0, 2, 10)));
        assert_eq!(told.netmask, Some(Ipv4Addr::new(255, 255, 255, 0)));
        assert_eq!((told.gateway, told.source), (None, AddressSource::Static));
    }
}
