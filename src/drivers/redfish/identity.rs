//! Who the machine is: from the system, its chassis, its manager, and the manager's network interfaces.

use super::{
    client::Talk,
    document::{Document, View},
    network,
    quirks::SERVICE_TAG,
    uuid,
};
use crate::{
    drivers::{failure::Failure, notes::Notes},
    model::{FruBoard, Identity},
};

/// Where a chassis names its mainboard's serial and part number, in whatever OEM section it does.
const BOARD_SERIALS: &[(&str, &str)] = &[
    ("BoardSerialNumber", "Supermicro SYS-821GE, BMC 01.01.11"),
    ("SystemBoardSerialNumber", "Lenovo SR670 V2, XCC 2.83"),
];
const BOARD_PARTS: &[(&str, &str)] =
    &[("BoardPartNumber", "Supermicro"), ("SystemBoardPartNumber", "Lenovo")];
/// Kinds of chassis that are a board themselves (DSP0268 Chassis.ChassisType).
const BOARDS: &[&str] = &["Card", "Module", "Component", "Blade"];

/// The identity; of what is not the system itself, as much as can be had.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Identity, Failure> {
    let system = talk.system().await?;
    let Machine { mut identity, .. } = machine(talk, &system).await?;
    let manager = talk.manager(&system).await;
    if let Some(manager) = talk.spare(manager)? {
        identity.bmc_firmware = manager.view().text("FirmwareVersion", &mut talk.notes);
        interface(talk, &manager, &mut identity).await?;
    }
    Ok(identity)
}

/// The machine without its BMC: what system and chassis say of it.
pub(super) struct Machine {
    /// Who it is; nothing of its BMC.
    pub(super) identity: Identity,
    /// The chassis that it is in.
    pub(super) chassis: Option<Document>,
    /// Its mainboard.
    pub(super) board: FruBoard,
}

/// The machine, in up to two requests beside the system's.
pub(super) async fn machine(talk: &mut Talk<'_>, system: &Document) -> Result<Machine, Failure> {
    let view = system.view();
    let mut identity = Identity {
        uuid: uuid::read(view, &mut talk.notes),
        vendor: view.text("Manufacturer", &mut talk.notes),
        model: view.text("Model", &mut talk.notes),
        serial: view.text("SerialNumber", &mut talk.notes),
        part_number: view.text("PartNumber", &mut talk.notes),
        bios_version: view.text("BiosVersion", &mut talk.notes),
        ..Identity::default()
    };
    let chassis = talk.chassis_aside(system).await?;
    let board = match &chassis {
        Some(chassis) => board(talk, chassis).await?,
        None => FruBoard::default(),
    };
    identity.board_serial.clone_from(&board.serial);
    identity.board_part_number.clone_from(&board.part_number);
    service_tag(talk, system, &mut identity);
    Ok(Machine { identity, chassis, board })
}

/// On a Dell the serial number is the mainboard's, and the machine is known by its service tag, the SKU.
fn service_tag(talk: &mut Talk<'_>, system: &Document, identity: &mut Identity) {
    if !talk.expects(&SERVICE_TAG, system) {
        return;
    }
    let tag = system.view().text("SKU", &mut talk.notes).filter(|sku| is_service_tag(sku));
    if let Some(tag) = tag {
        talk.notes.quirk(&SERVICE_TAG);
        let boards = identity.serial.replace(tag);
        identity.board_serial = identity.board_serial.take().or(boards);
    }
}

/// Seven digits and capitals, such as CLLV0R3: a SKU of any other form is a product number and not the machine's own.
fn is_service_tag(sku: &str) -> bool {
    sku.len() == 7 && sku.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// The mainboard's numbers: from an OEM section, from the chassis where it is the board, else from its assembly.
/// A chassis' own serial number is the chassis' (a Supermicro's differs from the board's and from the system's).
async fn board(talk: &mut Talk<'_>, chassis: &Document) -> Result<FruBoard, Failure> {
    let view = chassis.view();
    let oem = view.object("Oem", &mut talk.notes);
    let mut first = |table: &[(&str, &str)]| {
        oem.children().find_map(|section| table.iter().find_map(|(n, _)| section.text(n, &mut talk.notes)))
    };
    let (serial, part_number) = (first(BOARD_SERIALS), first(BOARD_PARTS));
    let mut board = FruBoard { serial, part_number, ..FruBoard::default() };
    let kind = view.text("ChassisType", &mut talk.notes);
    if kind.is_some_and(|kind| BOARDS.contains(&kind.as_str())) {
        fill(&mut board, view, &mut talk.notes);
    }
    let assembly = view.link("Assembly", &mut talk.notes).filter(|_| board.serial.is_none());
    if let Some(link) = assembly
        && let Some(assembly) = talk.aside(&link).await?
    {
        for part in assembly.view().objects("Assemblies", &mut talk.notes) {
            if part.text("PhysicalContext", &mut talk.notes).as_deref() == Some("SystemBoard") {
                fill(&mut board, part, &mut talk.notes);
            }
        }
    }
    Ok(board)
}

fn fill(board: &mut FruBoard, from: View<'_>, notes: &mut Notes) {
    let mut one = |own: &mut Option<String>, names: &[&str]| {
        *own = own.take().or_else(|| names.iter().find_map(|name| from.text(name, notes)));
    };
    one(&mut board.serial, &["SerialNumber"]);
    one(&mut board.part_number, &["PartNumber"]);
    one(&mut board.manufacturer, &["Producer", "Manufacturer"]);
    one(&mut board.product, &["Model"]);
}

/// MAC and IPv4 address of the interface that the BMC is reached over.
async fn interface(talk: &mut Talk<'_>, manager: &Document, identity: &mut Identity) -> Result<(), Failure> {
    let Some(link) = manager.view().link("EthernetInterfaces", &mut talk.notes) else { return Ok(()) };
    let Some(members) = talk.members_aside(&link, network::INTERFACES).await? else { return Ok(()) };
    if let Some(reached) = network::reached(talk, members).await? {
        (identity.bmc_mac, identity.bmc_address) = (reached.mac, reached.address.map(|a| a.to_string()));
    }
    Ok(())
}
