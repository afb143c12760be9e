//! The system's UUID, also where its bytes are in SMBIOS's order (DSP0268 ComputerSystem.UUID, SMBIOS §7.2.1).

use uuid::{Uuid, Variant};

use super::{document::View, quirks::SWAPPED_UUID};
use crate::{driver::Deviation, drivers::notes::Notes};

/// The UUID in RFC 9562's order; none where the BMC does not know it.
pub(super) fn read(system: View<'_>, notes: &mut Notes) -> Option<Uuid> {
    let text = system.text("UUID", notes)?;
    let Ok(written) = Uuid::parse_str(&text) else {
        notes.forgive(Deviation::UnknownValue { property: "UUID".to_owned(), value: text });
        return None;
    };
    let uuid = in_order(written);
    if uuid != written {
        notes.quirk(&SWAPPED_UUID);
    }
    Some(uuid).filter(|uuid| !uuid.is_nil() && !uuid.is_max())
}

/// A UUID names its variant and its version, and the version stands in the third field. Where it makes no sense as it is
/// written and does with the first three fields swapped, they are (a time-based UUID of this century always tells: its
/// swapped third field begins with a digit from `d` on). What makes sense in neither order is left as it is.
fn in_order(written: Uuid) -> Uuid {
    let swapped = Uuid::from_bytes_le(*written.as_bytes());
    if !makes_sense(written) && makes_sense(swapped) { swapped } else { written }
}

/// RFC 9562 §4.1 and §4.2: versions 1 to 8 are defined.
fn makes_sense(uuid: Uuid) -> bool {
    uuid.get_variant() == Variant::RFC4122 && (1..=8).contains(&uuid.get_version_num())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(written: &str) -> String {
        in_order(Uuid::parse_str(written).unwrap()).to_string()
    }

    #[test]
    fn swapped_fields_are_put_in_order() {
        // The Gigabyte H262's, as it would be in SMBIOS's order.
        assert_eq!(reads("004018e9-8379-ec11-8000-b42e99bade15"), "e9184000-7983-11ec-8000-b42e99bade15");
    }

    #[test]
    fn what_makes_sense_as_it_is_written_stays_so() {
        for written in [
            // Gigabyte H262, MegaRAC 12.84; Dell R750, iDRAC 9; a random one whose bytes would make sense swapped too.
            "e9184000-7983-11ec-8000-b42e99bade15",
            "4c4c4544-004c-4c10-8056-c3c04f305233",
            "38947555-7742-4148-b784-823347823834",
        ] {
            assert_eq!(reads(written), written);
        }
    }

    #[test]
    fn what_makes_sense_in_neither_order_stays_so() {
        for written in [
            // Supermicro SYS-821GE; HPE DL380a Gen11, iLO 6; the example of DSP0268.
            "00000000-0000-0000-0000-7cc25550a8ff",
            "39343550-3330-4d32-3244-324a30304c34",
            "38947555-7742-3448-3784-823347823834",
        ] {
            assert_eq!(reads(written), written);
        }
    }
}
