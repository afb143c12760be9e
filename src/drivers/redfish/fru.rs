//! FRU inventory, as far as system, chassis and assembly tell it: Redfish has no FRU store to read (DSP0268 Chassis, Assembly).

use super::{client::Talk, document::Document, identity};
use crate::{
    drivers::{failure::Failure, notes::Notes},
    model::{Fru, FruBoard, FruChassis, FruProduct},
};

/// `ChassisType` and the number that SMBIOS has for it (SMBIOS §7.4.1).
const KINDS: &[(&str, u8)] = &[
    ("Rack", 0x17),
    ("RackMount", 0x17),
    ("Blade", 0x1C),
    ("Enclosure", 0x1D),
    ("StandAlone", 0x03),
    ("Tower", 0x07),
    ("Drawer", 0x17),
    ("Sled", 0x1C),
    ("Card", 0x02),
    ("Module", 0x02),
    ("StorageEnclosure", 0x17),
    ("Other", 0x01),
];
/// "Unknown".
const UNKNOWN: u8 = 0x02;

/// What a FRU store would say; an area of which nothing is told is absent.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Fru, Failure> {
    let system = talk.system().await?;
    let machine = identity::machine(talk, &system).await?;
    let product = FruProduct {
        manufacturer: machine.identity.vendor.clone(),
        product: machine.identity.model.clone(),
        part_number: machine.identity.part_number.clone(),
        serial: machine.identity.serial.clone(),
        asset_tag: system.view().text("AssetTag", &mut talk.notes),
        ..FruProduct::default()
    };
    // A Dell's board serial is known by the system's own.
    let board = FruBoard { serial: machine.identity.board_serial.clone(), ..machine.board };
    Ok(Fru {
        chassis: machine.chassis.as_ref().map(|it| chassis(it, &mut talk.notes)),
        board: Some(board).filter(|it| *it != FruBoard::default()),
        product: Some(product).filter(|it| *it != FruProduct::default()),
        records: Vec::new(),
    })
}

fn chassis(chassis: &Document, notes: &mut Notes) -> FruChassis {
    let view = chassis.view();
    let kind = view.text("ChassisType", notes);
    let row = KINDS.iter().find(|(word, _)| kind.as_deref() == Some(*word));
    FruChassis {
        kind: row.map_or(UNKNOWN, |(_, kind)| *kind),
        part_number: view.text("PartNumber", notes),
        serial: view.text("SerialNumber", notes),
        custom: Vec::new(),
    }
}
