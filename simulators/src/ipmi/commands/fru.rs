//! Inventories (IPMI v2.0 §34).

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    fru::{self, SIZE},
    privilege::Privilege,
};

const USER: Need = Need::Level(Privilege::User);

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x0A, 0x10), "Get FRU Inventory Area Info", USER, info),
    Row::new((0x0A, 0x11), "Read FRU Data", USER, read),
    Row::new((0x0A, 0x12), "Write FRU Data", Need::Level(Privilege::Operator), write),
];

/// §34.1: the size, and that it goes by bytes.
fn info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [device] = request.exactly()?;
    image(scene, device)?;
    Ok([&(SIZE as u16).to_le_bytes()[..], &[0x00]].concat())
}

/// So many bytes fit into an answer whose length is a byte, as IPMI v1.5 has it (§13.6): seven of the message come before its
/// data, the first of which is the count, and one after it.
const MOST: usize = 255 - 7 - 1 - 1;

/// §34.2: device, offset, count; how many there are, and they. Whoever asks for more than a message holds gets what it holds.
fn read(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [device, low, high, count] = request.exactly()?;
    let image = image(scene, device)?;
    let rest = image.get(usize::from(u16::from_le_bytes([low, high]))..).filter(|it| !it.is_empty());
    let rest = rest.ok_or(Completion::OUT_OF_RANGE)?;
    let part = &rest[..rest.len().min(usize::from(count)).min(MOST)];
    Ok([&[part.len() as u8], part].concat())
}

/// §34.3: device, offset, bytes; how many were written. From then on the inventory is what was written.
fn write(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [device, low, high, bytes @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    if bytes.is_empty() {
        return Err(Completion::LENGTH_INVALID);
    }
    let mut image = image(scene, *device)?;
    let offset = usize::from(u16::from_le_bytes([*low, *high]));
    let place = image.get_mut(offset..offset + bytes.len()).ok_or(Completion::OUT_OF_RANGE)?;
    place.copy_from_slice(bytes);
    scene.kept.storage.inventories.insert(*device, image);
    Ok(vec![bytes.len() as u8])
}

/// What an inventory says now.
fn image(scene: &Scene<'_>, device: u8) -> Result<Vec<u8>, Completion> {
    if let Some(image) = scene.kept.storage.inventories.get(&device) {
        return Ok(image.clone());
    }
    let tree = &scene.look.tree;
    let devices = fru::devices(tree);
    let found = devices.iter().find(|it| it.id == device).ok_or(Completion::NOT_PRESENT)?;
    Ok(fru::image(found, scene.look.manners.inventory, tree, &scene.look.view, &scene.bmc.written()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::trial::Trial;
    use super::*;
    use crate::Profile;

    fn whole(trial: &mut Trial, device: u8) -> Vec<u8> {
        let mut image = Vec::new();
        for offset in (0..SIZE as u16).step_by(64) {
            let [low, high] = offset.to_le_bytes();
            let answer = trial.user(0x0A, 0x11, &[device, low, high, 64]).unwrap();
            assert_eq!(answer[0], 64);
            image.extend(&answer[1..]);
        }
        image
    }

    /// The fields of an area, as text where they are 8-bit.
    fn fields(image: &[u8], offset: u8, skipped: usize) -> Vec<String> {
        let area = &image[usize::from(offset) * 8..];
        let (mut at, mut found) = (2 + skipped, Vec::new());
        while area[at] != 0xC1 {
            let length = usize::from(area[at] & 0x3F);
            found.push(String::from_utf8_lossy(&area[at + 1..at + 1 + length]).into_owned());
            at += 1 + length;
        }
        found
    }

    #[tokio::test(start_paused = true)]
    async fn the_system_s_inventory_says_who_the_machine_is_on_every_platform() {
        for name in Profile::names() {
            let mut trial = Trial::on(name, &[]);
            let id = trial.bmc.view().id;
            let image = whole(&mut trial, 0);
            let chassis = fields(&image, image[2], 1);
            assert_eq!(chassis, [id.part_number.as_str(), &id.serial], "{name}");
            let board = fields(&image, image[3], 4);
            assert_eq!(board[..4], [&*id.manufacturer, &id.model, &id.board_serial, &id.board_part_number]);
            let product = fields(&image, image[4], 1);
            assert_eq!(
                (&*product[0], &*product[1], &*product[4]),
                (&*id.manufacturer, &*id.model, &*id.serial)
            );
            let sum = |area: &[u8]| area.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
            assert_eq!(sum(&image[..8]), 0);
            for offset in &image[2..5] {
                let area = &image[usize::from(*offset) * 8..];
                assert_eq!(sum(&area[..usize::from(area[1]) * 8]), 0, "{name}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_power_supply_s_serial_number_is_redfish_s() {
        let mut trial = Trial::new();
        let look = trial.bmc.look();
        let path = "/redfish/v1/Chassis/1/PowerSubsystem/PowerSupplies/2";
        let shown = look.tree.document(path).unwrap().value(&look.view);
        let image = whole(&mut trial, 2);
        let product = fields(&image, image[4], 1);
        assert_eq!(product[4], shown["SerialNumber"].as_str().unwrap());
        assert_eq!(product[2], shown["PartNumber"].as_str().unwrap());
        // A record of a power supply, the last, with 24 bytes.
        let record = &image[usize::from(image[5]) * 8..];
        assert_eq!(
            (record[..3].to_vec(), u16::from_le_bytes([record[5], record[6]])),
            (vec![0, 0x82, 24], 900)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_asset_tag_is_redfish_s() {
        let mut trial = Trial::new();
        trial.bmc.written().keep("/redfish/v1/Systems/1", "/AssetTag", json!("rack 7"));
        let image = whole(&mut trial, 0);
        assert_eq!(fields(&image, image[4], 1)[5], "rack 7");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_is_read_and_nothing_beyond_the_end() {
        let mut trial = Trial::new();
        assert_eq!(trial.user(0x0A, 0x10, &[0]).unwrap(), [0, 4, 0]);
        assert_eq!(trial.operator(0x0A, 0x12, &[0, 0xF0, 3, 1, 2, 3]).unwrap(), [3]);
        assert_eq!(trial.user(0x0A, 0x11, &[0, 0xEF, 3, 5]).unwrap(), [5, 0, 1, 2, 3, 0]);
        assert_eq!(trial.user(0x0A, 0x11, &[0, 0xFE, 3, 16]).unwrap(), [2, 0, 0]);
        assert_eq!(trial.user(0x0A, 0x11, &[0, 0, 4, 1]), Err(0xC9));
        assert_eq!(trial.operator(0x0A, 0x12, &[0, 0xFF, 3, 1, 2]), Err(0xC9));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_holds_no_more_than_a_message_of_255_bytes() {
        let mut trial = Trial::new();
        for (asked, told) in [(0xFF, MOST), (0xF7, MOST), (0xF6, MOST), (0xF5, MOST - 1)] {
            let answer = trial.user(0x0A, 0x11, &[0, 0, 0, asked]).unwrap();
            assert_eq!((usize::from(answer[0]), answer.len()), (told, told + 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_is_not_there_is_told_so() {
        let mut trial = Trial::new();
        for (number, data) in [(0x10, &[99][..]), (0x11, &[99, 0, 0, 1]), (0x12, &[99, 0, 0, 1])] {
            assert_eq!(trial.operator(0x0A, number, data), Err(0xCB), "{number:02x}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lengths_other_than_the_standard_s_are_refused() {
        let mut trial = Trial::new();
        trial.takes_lengths(0x0A, 0x10, &[1]);
        trial.takes_lengths(0x0A, 0x11, &[4]);
        trial.takes_lengths(0x0A, 0x12, &(4..=20).collect::<Vec<_>>());
    }
}
