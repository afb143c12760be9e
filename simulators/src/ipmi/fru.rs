//! Inventories (IPMI v2.0 §34): of the system, of its power supplies and of its other boards, as Redfish has them.

mod area;

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    firmware::View,
    redfish::Tree,
    sensors::{Spot, supplies},
    written::Written,
};

pub(crate) use area::Style;
use area::{Field, board, chassis, multi_record, product, whole};

/// The size of every inventory device, in bytes; it is read and written by the byte.
pub(crate) const SIZE: usize = 1024;

/// An inventory device.
#[derive(Debug)]
pub(crate) struct Device {
    /// Its number; 0 is the system's.
    pub(crate) id: u8,
    /// Its name: at most 16 letters.
    pub(crate) name: String,
    /// What it is of (table 43-13).
    pub(crate) entity: (u8, u8),
    of: Of,
}

/// What an inventory is of.
#[derive(Debug)]
enum Of {
    /// The whole system.
    System,
    /// The power supply that is shown here.
    Supply(Spot),
    /// A board that is shown here.
    Board(Spot),
}

/// The inventory devices of a platform.
pub(crate) fn devices(tree: &Tree) -> Vec<Device> {
    let mut found = vec![Device { id: 0, name: "System".to_owned(), entity: (0x17, 1), of: Of::System }];
    for (place, shown) in supplies(tree).into_iter().enumerate() {
        let Some(spot) = shown.into_iter().next() else { continue };
        let instance = place as u8 + 1;
        let name = format!("PSU{instance}");
        found.push(Device { id: instance, name, entity: (0x0A, instance), of: Of::Supply(spot) });
    }
    let assembly = tree.document(&format!("{}/Assembly", tree.chassis()));
    let count =
        assembly.and_then(|it| it.template()["Assemblies"].as_array()).map_or(0, |all| all.len().min(8));
    for place in 1..count {
        let Some(assembly) = assembly else { break };
        let pointer = format!("/Assemblies/{place}");
        let name = assembly.template().pointer(&format!("{pointer}/Name")).and_then(Value::as_str);
        let name: String = name.unwrap_or("Board").chars().filter(char::is_ascii).take(16).collect();
        let id = found.len() as u8;
        let spot = (assembly.path.to_string(), pointer);
        found.push(Device { id, name, entity: (0x10, place as u8), of: Of::Board(spot) });
    }
    found
}

/// What an inventory says now.
pub(crate) fn image(device: &Device, style: Style, tree: &Tree, view: &View, written: &Written) -> Vec<u8> {
    let mut image = match &device.of {
        Of::System => system(style, tree, view, written),
        Of::Supply(spot) => supply(style, &Shown::at(spot, tree, view)),
        Of::Board(spot) => other_board(style, &Shown::at(spot, tree, view)),
    };
    image.resize(SIZE, 0);
    image
}

fn system(style: Style, tree: &Tree, view: &View, written: &Written) -> Vec<u8> {
    let id = &view.id;
    let tag = asset_tag(tree, written).map(|(_, tag)| tag).unwrap_or_default();
    let around = Shown::at(&(tree.chassis().to_owned(), String::new()), tree, view);
    let sku = around.text("SKU");
    whole(
        &chassis(style, 0x17, [Field::Text(&id.part_number), Field::Text(&id.serial)]),
        &board(
            style,
            view.id.bios_date.as_str(),
            [
                Field::Text(&id.manufacturer),
                Field::Text(&id.model),
                Field::Text(&id.board_serial),
                Field::Text(&id.board_part_number),
                Field::Packed("HALMARK1"),
            ],
        ),
        &product(
            style,
            [
                Field::Text(&id.manufacturer),
                Field::Text(&id.model),
                Field::Text(&id.part_number),
                Field::Text(&sku),
                Field::Text(&id.serial),
                Field::Text(&tag),
                Field::Packed("HALMARK1"),
            ],
        ),
        // Management access, subtype 07h: the system's unique id, as SMBIOS has it (Platform Management FRU v1.3 §18.4).
        &multi_record(&[(0x03, [&[0x07][..], &smbios(view.id.uuid)].concat())]),
    )
}

fn supply(style: Style, shown: &Shown) -> Vec<u8> {
    let text = |name: &str| shown.text(name);
    let (maker, model, part) = (text("Manufacturer"), text("Model"), text("PartNumber"));
    let (serial, version) = (text("SerialNumber"), text("FirmwareVersion"));
    let watts = shown.value.get("PowerCapacityWatts").and_then(Value::as_f64).unwrap_or(0.0) as u16;
    whole(
        &[],
        &[],
        &product(
            style,
            [
                Field::Text(&maker),
                Field::Text(&model),
                Field::Text(&part),
                Field::Text(&version),
                Field::Text(&serial),
                Field::Text(""),
                Field::Packed("HALMARK1"),
            ],
        ),
        &multi_record(&[(0x00, area::power_supply(watts))]),
    )
}

fn other_board(style: Style, shown: &Shown) -> Vec<u8> {
    let text = |name: &str| shown.text(name);
    let maker = [text("Producer"), text("Vendor")].into_iter().find(|it| !it.is_empty()).unwrap_or_default();
    let (name, serial, part) = (text("Name"), text("SerialNumber"), text("PartNumber"));
    let date = text("ProductionDate");
    let fields = [
        Field::Text(&maker),
        Field::Text(&name),
        Field::Text(&serial),
        Field::Text(&part),
        Field::Packed("HALMARK1"),
    ];
    whole(&[], &board(style, &date, fields), &[], &[])
}

/// Where Redfish shows the asset tag, and what it is: the system's, or the chassis' where the system has none.
pub(crate) fn asset_tag(tree: &Tree, written: &Written) -> Option<(String, String)> {
    const TAG: &str = "/AssetTag";
    let path = [tree.system(), tree.chassis()]
        .into_iter()
        .find(|path| tree.document(path).is_some_and(|it| it.template().pointer(TAG).is_some()))?;
    let shown = written.at(path, TAG).or_else(|| tree.document(path)?.template().pointer(TAG));
    Some((path.to_owned(), shown.and_then(Value::as_str).unwrap_or_default().to_owned()))
}

/// The same UUID with its first three fields in the byte order of SMBIOS (SMBIOS §7.2.1).
fn smbios(uuid: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = uuid;
    let mut turned = [d, c, b, a, f, e, h, g, 0, 0, 0, 0, 0, 0, 0, 0];
    turned[8..].copy_from_slice(&rest);
    turned
}

/// What Redfish shows of something.
struct Shown {
    value: Value,
}

impl Shown {
    fn at((path, pointer): &Spot, tree: &Tree, view: &View) -> Self {
        let document = tree.document(path).map(|it| it.value(view));
        Self { value: document.and_then(|it| it.pointer(pointer).cloned()).unwrap_or(Value::Null) }
    }

    fn text(&self, name: &str) -> Cow<'_, str> {
        self.value[name].as_str().unwrap_or_default().into()
    }
}
