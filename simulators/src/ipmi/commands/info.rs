//! System info parameters: versions and names of what runs on the host (IPMI v2.0 §22.14a-22.14b).

use std::collections::BTreeMap;

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
    progress::Progress,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x58), "Set System Info Parameters", Need::Level(Privilege::Administrator), set),
    Row::new((0x06, 0x59), "Get System Info Parameters", Need::Level(Privilege::User), get),
];

/// The revision of the parameters (table 22-16a).
const REVISION: u8 = 0x11;
/// A text comes in blocks of 16 bytes; the first two bytes of the first say how it is written and how long it is.
const BLOCK: usize = 16;
/// The longest text, its two bytes included.
const MOST: usize = 256;
/// The firmware's version: the BMC knows it.
const FIRMWARE: u8 = 1;
/// The name of the operating system as it runs now: volatile.
const RUNNING: u8 = 4;
/// The last of the texts: URLs of BMC and hypervisor, names of system and operating system.
const LAST: u8 = 7;

/// What is kept: texts, as they were written, by parameter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    progress: Progress,
    texts: BTreeMap<u8, Vec<u8>>,
}

impl Kept {
    /// As after a restart of the BMC: what the running system is called is forgotten.
    pub(crate) fn restart(&mut self) {
        self.progress = Progress::default();
        self.texts.remove(&RUNNING);
    }
}

/// §22.14a.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [parameter, data @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    let kept = &mut scene.kept.info;
    match *parameter {
        0 => kept.progress.set(data)?,
        FIRMWARE => return Err(Completion::READ_ONLY),
        2..=LAST => write(kept.texts.entry(*parameter).or_default(), data)?,
        _ => return Err(Completion::NO_SUCH_PARAMETER),
    }
    Ok(Vec::new())
}

/// The first block says how long the text is, and so forgets what was there.
fn write(text: &mut Vec<u8>, data: &[u8]) -> Result<(), Completion> {
    let [block, bytes @ ..] = data else { return Err(Completion::LENGTH_INVALID) };
    if bytes.is_empty() || bytes.len() > BLOCK {
        return Err(Completion::LENGTH_INVALID);
    }
    let from = usize::from(*block) * BLOCK;
    if from + bytes.len() > MOST {
        return Err(Completion::OUT_OF_RANGE);
    }
    if from == 0 {
        text.clear();
    }
    text.resize(text.len().max(from + bytes.len()), 0);
    text[from..from + bytes.len()].copy_from_slice(bytes);
    Ok(())
}

/// §22.14b: whether the revision is all that is wanted, the parameter, and the block.
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [what, parameter, block, _] = request.exactly()?;
    if what & 0x80 != 0 {
        return Ok(vec![REVISION]);
    }
    let kept = &scene.kept.info;
    let text = match parameter {
        0 => return Ok(vec![REVISION, kept.progress.number()]),
        FIRMWARE => said(&scene.look.view.id.bios_version),
        2..=LAST => kept.texts.get(&parameter).cloned().unwrap_or_else(|| said("")),
        _ => return Err(Completion::NO_SUCH_PARAMETER),
    };
    let from = usize::from(block) * BLOCK;
    if from >= MOST || from >= text.len().max(BLOCK) {
        return Err(Completion::OUT_OF_RANGE);
    }
    let rest = text.get(from..).unwrap_or_default();
    let mut bytes = [0; BLOCK];
    let count = rest.len().min(BLOCK);
    bytes[..count].copy_from_slice(&rest[..count]);
    Ok([&[REVISION, block][..], &bytes].concat())
}

/// A text in ASCII: that it is, how long it is, and its characters.
fn said(text: &str) -> Vec<u8> {
    let length = text.len().min(MOST - 2);
    [&[0, length as u8][..], &text.as_bytes()[..length]].concat()
}

#[cfg(test)]
mod tests {
    use super::super::super::world::World;
    use super::*;
    use crate::machine::Command;

    const SET: (u8, u8) = (0x06, 0x58);
    const GET: (u8, u8) = (0x06, 0x59);

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_and_parameter_is_refused() {
        let mut world = World::new();
        world.only_takes(GET, &[0, 1, 0, 0], &[4]);
        assert_eq!(world.ask(SET, &[]), Err(Completion::LENGTH_INVALID));
        assert_eq!(world.ask(SET, &[2]), Err(Completion::LENGTH_INVALID));
        assert_eq!(world.ask(SET, &[2, 0]), Err(Completion::LENGTH_INVALID));
        assert_eq!(world.ask(SET, &[&[2, 0][..], &[0; 17]].concat()), Err(Completion::LENGTH_INVALID));
        assert_eq!(world.ask(SET, &[&[2, 16][..], &[0; 16]].concat()), Err(Completion::OUT_OF_RANGE));
        assert_eq!(world.ask(SET, &[8, 0, 0]), Err(Completion(0x80)));
        assert_eq!(world.ask(GET, &[0, 8, 0, 0]), Err(Completion(0x80)));
        assert_eq!(world.ask(GET, &[0, 2, 1, 0]), Err(Completion::OUT_OF_RANGE));
    }

    #[tokio::test(start_paused = true)]
    async fn the_firmware_s_version_is_the_machine_s_and_cannot_be_written() {
        let mut world = World::new();
        let version = world.bmc.view().id.bios_version.clone();
        let said = world.ask(GET, &[0, 1, 0, 0]).unwrap();
        assert_eq!(said[..4], [0x11, 0, 0, version.len() as u8]);
        assert_eq!(&said[4..4 + version.len()], version.as_bytes());
        assert_eq!(world.ask(SET, &[1, 0, 0, 1, 65]), Err(Completion(0x82)));
        assert_eq!(world.ask(GET, &[0x80, 1, 0, 0]).unwrap(), [0x11]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_of_two_blocks_is_kept_and_the_running_system_s_is_forgotten_with_the_bmc() {
        let mut world = World::new();
        for parameter in [2, 4] {
            world.ask(SET, &[&[parameter, 0, 0, 20][..], &[b'a'; 14]].concat()).unwrap();
            world.ask(SET, &[&[parameter, 1][..], &[b'b'; 6]].concat()).unwrap();
            let second = world.ask(GET, &[0, parameter, 1, 0]).unwrap();
            assert_eq!((&second[..3], &second[7..9]), (&[0x11, 1, b'b'][..], &[b'b', 0][..]));
        }
        world.bmc.command(Command::BmcReset { warm: false }).unwrap();
        world.wait(200).await;
        assert_eq!(world.ask(GET, &[0, 2, 0, 0]).unwrap()[3], 20);
        assert_eq!(world.ask(GET, &[0, 4, 0, 0]).unwrap()[3], 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_sets_second_is_told() {
        let mut world = World::new();
        world.ask(SET, &[0, 1]).unwrap();
        assert_eq!(world.ask(SET, &[0, 1]), Err(Completion(0x81)));
        assert_eq!(world.ask(GET, &[0, 0, 0, 0]).unwrap(), [0x11, 1]);
    }
}
