//! The BMC's network configuration (IPMI v2.0 §23.2, table 23-4).

use std::net::Ipv4Addr;

use super::{command::Command, link::Talk, rmcp::handshake::Privilege};
use crate::{
    driver::Cause,
    drivers::failure::Failure,
    model::{AddressSource, BmcNetwork},
};

/// Get LAN Configuration Parameters (§23.2).
const GET: Command =
    Command::read("Get LAN Configuration Parameters", 0x0C, 0x02).for_role(Privilege::Operator);

const ADDRESS: u8 = 3;
const ADDRESS_SOURCE: u8 = 4;
const MAC: u8 = 5;
const NETMASK: u8 = 6;
const GATEWAY: u8 = 12;
const VLAN: u8 = 20;
/// "The channel that this comes over" (§6.3), and where a BMC does not know that, the first LAN channel of most.
pub(super) const CHANNELS: [u8; 2] = [0x0E, 0x01];

/// What the BMC says of the channel that it is reached over. One that says neither address nor MAC has no such channel.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BmcNetwork, Failure> {
    let mac = parameter::<6>(talk, MAC).await?.and_then(mac_text);
    let address = address(talk, ADDRESS).await?;
    if mac.is_none() && address.is_none() {
        return Err(Cause::NotFound {
            what: "LAN configuration of the channel that it is reached over".to_owned(),
        }
        .into());
    }
    let [source] = parameter::<1>(talk, ADDRESS_SOURCE).await?.unwrap_or_default();
    Ok(BmcNetwork {
        mac,
        address,
        netmask: self::address(talk, NETMASK).await?,
        gateway: self::address(talk, GATEWAY).await?,
        source: source_of(source),
        vlan: parameter::<2>(talk, VLAN).await?.and_then(vlan_of),
    })
}

/// MAC and address for the identity; an account that may not read them gets one without them.
pub(super) async fn read_address(talk: &mut Talk<'_>) -> Result<(Option<String>, Option<String>), Failure> {
    let told = async {
        let mac = parameter::<6>(talk, MAC).await?.and_then(mac_text);
        Ok((mac, address(talk, ADDRESS).await?.map(|address| address.to_string())))
    };
    match told.await {
        Err(Failure { cause: Cause::Denied, .. }) => Ok((None, None)),
        other => other,
    }
}

async fn address(talk: &mut Talk<'_>, number: u8) -> Result<Option<Ipv4Addr>, Failure> {
    let address = parameter::<4>(talk, number).await?.map(Ipv4Addr::from);
    Ok(address.filter(|address| !address.is_unspecified()))
}

/// The first bytes of a parameter; `None` where the BMC has not got it, or gives fewer.
async fn parameter<const N: usize>(talk: &mut Talk<'_>, parameter: u8) -> Result<Option<[u8; N]>, Failure> {
    for channel in CHANNELS {
        let answered = talk.try_ask(&GET, &[channel, parameter, 0, 0]).await?;
        if answered.completion == 0xD4 {
            return Err(GET.refused(0xD4));
        }
        // The parameter's revision comes first.
        let value = answered.data.get(1..).and_then(|data| data.first_chunk::<N>());
        if let Some(value) = value.filter(|_| answered.completion == 0) {
            return Ok(Some(*value));
        }
    }
    Ok(None)
}

fn mac_text(mac: [u8; 6]) -> Option<String> {
    (mac != [0; 6]).then(|| mac.map(|byte| format!("{byte:02x}")).join(":"))
}

fn source_of(byte: u8) -> AddressSource {
    match byte & 0x0F {
        0 => AddressSource::Unknown,
        1 => AddressSource::Static,
        2 => AddressSource::Dhcp,
        3 => AddressSource::Host,
        _ => AddressSource::Other,
    }
}

/// 12 bits of ID, and bit 15 for whether there is a VLAN at all.
fn vlan_of(bytes: [u8; 2]) -> Option<u16> {
    let word = u16::from_le_bytes(bytes);
    (word & 0x8000 != 0).then_some(word & 0x0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vlan_that_is_switched_off_is_none() {
        assert_eq!(vlan_of([0x2A, 0x80]), Some(42));
        assert_eq!(vlan_of([0x2A, 0x00]), None);
    }

    #[test]
    fn an_address_that_was_never_given_is_of_unknown_source() {
        use AddressSource::{Dhcp, Host, Other, Static, Unknown};
        assert_eq!([0, 1, 2, 3, 4, 0xF1].map(source_of), [Unknown, Static, Dhcp, Host, Other, Static]);
    }
}
