//! Who the machine is, from the GUID, the FRU store, the device ID and the LAN configuration.

use uuid::Uuid;

use super::{
    command::Command,
    fru::{self, Extent},
    lan,
    link::Talk,
};
use crate::{
    drivers::failure::Failure,
    model::{Fru, Identity},
};

/// Get Device ID (§20.1).
pub(super) const GET_DEVICE_ID: Command = Command::read("Get Device ID", 0x06, 0x01);
/// Get System GUID (§22.14).
const GET_SYSTEM_GUID: Command = Command::read("Get System GUID", 0x06, 0x37);

/// Everything of the identity that IPMI knows; the host firmware is not among it.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Identity, Failure> {
    let device = talk.ask(&GET_DEVICE_ID, &[]).await?;
    let guid = talk.try_ask(&GET_SYSTEM_GUID, &[]).await?;
    let Fru { board, product, .. } = fru::read(talk, Extent::Names).await?.unwrap_or_default();
    let (board, product) = (board.unwrap_or_default(), product.unwrap_or_default());
    let (mac, address) = lan::read_address(talk).await?;
    let guid = if guid.completion == 0 { read_guid(talk, &guid.data) } else { None };
    Ok(Identity {
        uuid: guid,
        vendor: product.manufacturer.or(board.manufacturer),
        model: product.product.or(board.product),
        serial: product.serial,
        part_number: product.part_number,
        board_serial: board.serial,
        board_part_number: board.part_number,
        bios_version: None,
        bios_date: None,
        bmc_firmware: firmware(talk, &device),
        bmc_mac: mac,
        bmc_address: address,
    })
}

/// "Major.minor" as ipmitool prints it: the minor revision is BCD (table 20-2).
fn firmware(talk: &mut Talk<'_>, device: &[u8]) -> Option<String> {
    let [_, _, major, minor, ..] = device else {
        talk.forgive(GET_DEVICE_ID.short(device.len(), 11));
        return None;
    };
    Some(format!("{}.{minor:02x}", major & 0x7F))
}

fn read_guid(talk: &mut Talk<'_>, data: &[u8]) -> Option<Uuid> {
    let Some(bytes) = data.first_chunk::<16>() else {
        talk.forgive(GET_SYSTEM_GUID.short(data.len(), 16));
        return None;
    };
    Some(uuid_of(*bytes)).filter(|uuid| !uuid.is_nil() && !uuid.is_max())
}

/// The UUID in the bytes of a system GUID, whichever way round the BMC sends them.
///
/// The standard (§20.8, table 20-10) sends RFC 4122's bytes from the last to the first. Many BMCs send SMBIOS's order
/// instead (the first three fields little-endian), some RFC 4122's own. A UUID names its version and its variant: the
/// order in which it reads as a random one (version 4, by far the most common) is taken, then one in which it reads as
/// any other, the standard's first. Supermicro's, whose first three fields are swapped before they are sent as the standard
/// says, is tried when it makes sense in none of these; where it does not either, the standard's order is taken.
fn uuid_of(sent: [u8; 16]) -> Uuid {
    let mut reversed = sent;
    reversed.reverse();
    let orders = [Uuid::from_bytes(reversed), Uuid::from_bytes_le(sent), Uuid::from_bytes(sent)];
    let sound = |uuid: &&Uuid| uuid.get_variant() == uuid::Variant::RFC4122;
    let random = |uuid: &&Uuid| sound(uuid) && uuid.get_version_num() == 4;
    let other = |uuid: &&Uuid| sound(uuid) && (1..=5).contains(&uuid.get_version_num());
    let swapped = [Uuid::from_bytes_le(reversed)];
    let found = orders.iter().find(random).or_else(|| orders.iter().find(other));
    *found.or_else(|| swapped.iter().find(random)).unwrap_or(&orders[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The UUID of a recorded Dell R750, which SMBIOS of the same machine repeats.
    const DELL: &str = "4c4c4544-004c-4c10-8056-c3c04f305233";

    #[test]
    fn a_guid_is_the_same_uuid_in_each_of_the_three_byte_orders() {
        let uuid = Uuid::parse_str(DELL).unwrap();
        let mut standard = *uuid.as_bytes();
        standard.reverse();
        for sent in [standard, uuid.to_bytes_le(), *uuid.as_bytes()] {
            assert_eq!(uuid_of(sent), uuid);
        }
    }

    #[test]
    fn a_guid_whose_fields_were_swapped_first_is_put_right() {
        let uuid = Uuid::parse_str("d480f57c-6a43-48a5-8cf1-effc33f2e2cb").unwrap();
        let mut sent = uuid.to_bytes_le();
        sent.reverse();
        assert_eq!(uuid_of(sent), uuid);
    }

    #[test]
    fn a_guid_without_version_is_read_in_the_standards_order() {
        let uuid = Uuid::parse_str("00000000-0000-0000-0000-7cc25550a8ff").unwrap();
        let mut sent = *uuid.as_bytes();
        sent.reverse();
        assert_eq!(uuid_of(sent), uuid);
    }
}
