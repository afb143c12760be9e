//! Platform event filtering at its least (IPMI v2.0 §30): a BMC that has no filters, no policies and no actions, and says so.

use std::time::Duration;

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
    progress::Progress,
    sel,
};
use crate::logbook::Log;

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x04, 0x10), "Get PEF Capabilities", Need::Level(Privilege::User), capabilities),
    Row::new((0x04, 0x11), "Arm PEF Postpone Timer", Need::Level(Privilege::Administrator), postpone),
    Row::new((0x04, 0x12), "Set PEF Configuration Parameters", Need::Level(Privilege::Administrator), set),
    Row::new((0x04, 0x13), "Get PEF Configuration Parameters", Need::Level(Privilege::Operator), get),
    Row::new((0x04, 0x14), "Set Last Processed Event ID", Need::Level(Privilege::Administrator), set_last),
    Row::new((0x04, 0x15), "Get Last Processed Event ID", Need::Level(Privilege::Administrator), last),
];

/// PEF 1.5 (§30.1), and the revision of its parameters (§30.4).
const VERSION: u8 = 0x51;
const REVISION: u8 = 0x11;

/// What is kept; the receiver of events and the timer until the BMC restarts.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(super) receiver: [u8; 2],
    progress: Progress,
    /// Parameters 1 to 4: control, actions, delays of start-up and of alerts.
    settings: [u8; 4],
    /// Parameter 10: whether this GUID stands in traps.
    guid: [u8; 17],
    timer: Timer,
    /// The last records that software and the BMC have processed.
    processed: [u16; 2],
}

/// The timer that keeps filters back (§30.2).
#[derive(Debug, Clone, Copy)]
enum Timer {
    /// Filters work.
    Off,
    /// Filters wait until then.
    Until(Duration),
    /// Filters wait until the BMC restarts.
    Held,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            receiver: [0x20, 0],
            progress: Progress::default(),
            settings: [0; 4],
            guid: [0; 17],
            timer: Timer::Off,
            processed: [0; 2],
        }
    }
}

impl Kept {
    /// As after a restart of the BMC.
    pub(crate) fn restart(&mut self) {
        let Self { settings, guid, processed, .. } = *self;
        *self = Self { settings, guid, processed, ..Self::default() };
    }
}

/// §30.1: no actions, no filters.
fn capabilities(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(vec![VERSION, 0, 0])
}

/// §30.2: 0 switches it off, FEh holds it, FFh asks how it is, the rest are seconds. Answers what is left.
fn postpone(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [what] = request.exactly()?;
    let timer = match what {
        0 => Timer::Off,
        0xFE => Timer::Held,
        0xFF => scene.kept.pef.timer,
        seconds => Timer::Until(scene.now + scene.seconds(seconds)),
    };
    scene.kept.pef.timer = timer;
    let second = scene.look.second.as_nanos().max(1);
    let left = match timer {
        Timer::Off => 0,
        Timer::Held => 0xFE,
        Timer::Until(end) => {
            u8::try_from(end.saturating_sub(scene.now).as_nanos().div_ceil(second)).unwrap_or(0xFD)
        }
    };
    Ok(vec![left])
}

/// §30.3.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [parameter, data @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    let kept = &mut scene.kept.pef;
    match (parameter & 0x7F, data) {
        (0, data) => kept.progress.set(data)?,
        (number @ 1..=4, [to]) => kept.settings[usize::from(number) - 1] = *to,
        (5 | 8 | 11, _) => return Err(Completion::READ_ONLY),
        (10, data) => kept.guid = data.try_into().map_err(|_| Completion::LENGTH_INVALID)?,
        (1..=4, _) => return Err(Completion::LENGTH_INVALID),
        _ => return Err(Completion::NO_SUCH_PARAMETER),
    }
    Ok(Vec::new())
}

/// §30.4. There are no filters, policies and strings (5, 8, 11).
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [parameter, _set, _block] = request.exactly()?;
    if parameter & 0x80 != 0 {
        return Ok(vec![REVISION]);
    }
    let kept = &scene.kept.pef;
    let data = match parameter {
        0 => vec![kept.progress.number()],
        number @ 1..=4 => vec![kept.settings[usize::from(number) - 1]],
        5 | 8 | 11 => vec![0],
        10 => kept.guid.to_vec(),
        _ => return Err(Completion::NO_SUCH_PARAMETER),
    };
    Ok([&[REVISION][..], &data].concat())
}

/// §30.5: whether it is the BMC that has processed the record, and its number.
fn set_last(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [who, low, high] = request.exactly()?;
    scene.kept.pef.processed[usize::from(who & 1)] = u16::from_le_bytes([low, high]);
    Ok(Vec::new())
}

/// §30.6: when the log was last added to, its last record, and the last that software and the BMC have processed.
fn last(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const NEVER: u32 = 0xFFFF_FFFF;
    const EMPTY: u16 = 0xFFFF;
    request.exactly::<0>()?;
    let logbook = scene.bmc.logbook();
    let entry = logbook.entries(Log::System).last();
    let at = entry.and_then(|it| u32::try_from(it.at).ok()).unwrap_or(NEVER);
    let id = entry.map_or(EMPTY, sel::record_id);
    let [software, bmc] = scene.kept.pef.processed.map(u16::to_le_bytes);
    Ok([&at.to_le_bytes()[..], &id.to_le_bytes(), &software, &bmc].concat())
}

#[cfg(test)]
mod tests {
    use super::super::super::world::World;
    use super::*;

    const ARM: (u8, u8) = (4, 0x11);
    const SET: (u8, u8) = (4, 0x12);
    const GET: (u8, u8) = (4, 0x13);

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_and_parameter_is_refused() {
        let mut world = World::new();
        world.only_takes((4, 0x10), &[], &[0]);
        world.only_takes(ARM, &[0xFF], &[1]);
        world.only_takes(GET, &[1, 0, 0], &[3]);
        world.only_takes(SET, &[1, 0], &[2]);
        for (number, code) in [(5, 0x82), (8, 0x82), (11, 0x82), (6, 0x80), (15, 0x80), (96, 0x80)] {
            assert_eq!(world.ask(SET, &[number, 0]), Err(Completion(code)), "{number}");
        }
        assert_eq!(world.ask(GET, &[6, 0, 0]), Err(Completion(0x80)));
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_no_filters_and_no_actions() {
        let mut world = World::new();
        assert_eq!(world.ask((4, 0x10), &[]).unwrap(), [0x51, 0, 0]);
        for number in [5, 8, 11] {
            assert_eq!(world.ask(GET, &[number, 0, 0]).unwrap(), [0x11, 0]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_timer_counts_down() {
        let mut world = World::new();
        assert_eq!(world.ask(ARM, &[10]).unwrap(), [10]);
        world.wait(4).await;
        assert_eq!(world.ask(ARM, &[0xFF]).unwrap(), [6]);
        world.wait(7).await;
        assert_eq!(world.ask(ARM, &[0xFF]).unwrap(), [0]);
        assert_eq!((world.ask(ARM, &[0xFE]).unwrap(), world.ask(ARM, &[0]).unwrap()), (vec![0xFE], vec![0]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_record_is_the_log_s() {
        const SET_LAST: (u8, u8) = (4, 0x14);
        const LAST: (u8, u8) = (4, 0x15);
        let mut world = World::new();
        world.only_takes(SET_LAST, &[0, 1, 0], &[3]);
        world.only_takes(LAST, &[], &[0]);
        world.ask(SET_LAST, &[0, 7, 0]).unwrap();
        world.ask(SET_LAST, &[1, 9, 1]).unwrap();
        assert_eq!(world.ask(LAST, &[]).unwrap(), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0, 9, 1]);
        world.bmc.log(Log::System, crate::logbook::Note::Nmi);
        assert_eq!(world.ask(LAST, &[]).unwrap()[4..], [1, 0, 7, 0, 9, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn settings_are_kept() {
        let mut world = World::new();
        world.ask(SET, &[1, 0x0F]).unwrap();
        world.ask(SET, &[&[10][..], &[7; 17]].concat()).unwrap();
        assert_eq!(world.ask(GET, &[1, 0, 0]).unwrap(), [0x11, 0x0F]);
        assert_eq!(world.ask(GET, &[10, 0, 0]).unwrap(), [&[0x11][..], &[7; 17]].concat());
        assert_eq!(world.ask(GET, &[0x81, 0, 0]).unwrap(), [0x11]);
    }
}
