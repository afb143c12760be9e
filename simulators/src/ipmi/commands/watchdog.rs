//! The watchdog (IPMI v2.0 §27): the machine's own, so that it counts and bites whether anybody asks or not.

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};
use crate::machine::{Expiry, Setup, Use, Warning};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x22), "Reset Watchdog Timer", Need::Level(Privilege::Operator), start),
    Row::new((0x06, 0x24), "Set Watchdog Timer", Need::Level(Privilege::Operator), set),
    Row::new((0x06, 0x25), "Get Watchdog Timer", Need::Level(Privilege::User), get),
];

const SILENT: u8 = 0x80;
/// In a request: it goes on; in an answer: it runs.
const RUNS: u8 = 0x40;

/// §27.5. One that was never set is refused with 80h.
fn start(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    match scene.machine(|machine, now| machine.start_watchdog(now)) {
        true => Ok(Vec::new()),
        false => Err(Completion(0x80)),
    }
}

/// §27.6. The countdown is in units of 100 ms, the interval of the warning in seconds; it must fit into the countdown.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [by, actions, lead, clear, low, high] = request.exactly()?;
    let setup = Setup {
        by: used_by(by & 0x07)?,
        silent: by & SILENT != 0,
        expiry: expiry(actions & 0x07)?,
        warning: warning(actions >> 4 & 0x07)?,
        lead: scene.seconds(lead),
        count: scene.seconds(u32::from(u16::from_le_bytes([low, high]))) / 10,
    };
    if setup.warning != Warning::Nothing && setup.lead > setup.count {
        return Err(Completion::INVALID_FIELD);
    }
    scene.machine(|machine, now| {
        machine.clear_expired(clear & 0x3E);
        machine.set_watchdog(setup, by & RUNS != 0, now);
    });
    Ok(Vec::new())
}

/// §27.7.
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let (watchdog, left) = scene.machine(|machine, now| (*machine.watchdog(), machine.watchdog().left(now)));
    let tick = scene.look.second.as_nanos().max(10) / 10;
    let ticks = |time: std::time::Duration| {
        u16::try_from((time.as_nanos() + tick / 2) / tick).unwrap_or(u16::MAX).to_le_bytes()
    };
    let mut said = [0; 8];
    if let Some(setup) = watchdog.setup {
        said[0] = setup.by as u8 | if setup.silent { SILENT } else { 0 };
        said[1] = setup.expiry as u8 | (setup.warning as u8) << 4;
        said[2] = u8::try_from(setup.lead.as_nanos() / (tick * 10)).unwrap_or(u8::MAX);
        said[4..6].copy_from_slice(&ticks(setup.count));
    }
    said[0] |= if watchdog.runs() { RUNS } else { 0 };
    said[3] = watchdog.expired;
    said[6..8].copy_from_slice(&ticks(left));
    Ok(said.to_vec())
}

fn used_by(number: u8) -> Result<Use, Completion> {
    [Use::BiosFrb2, Use::BiosPost, Use::OsLoad, Use::SmsOs, Use::Oem]
        .into_iter()
        .find(|it| *it as u8 == number)
        .ok_or(Completion::INVALID_FIELD)
}

fn expiry(number: u8) -> Result<Expiry, Completion> {
    [Expiry::Nothing, Expiry::Reset, Expiry::PowerOff, Expiry::Cycle]
        .into_iter()
        .find(|it| *it as u8 == number)
        .ok_or(Completion::INVALID_FIELD)
}

fn warning(number: u8) -> Result<Warning, Completion> {
    [Warning::Nothing, Warning::Smi, Warning::Nmi, Warning::Messaging]
        .into_iter()
        .find(|it| *it as u8 == number)
        .ok_or(Completion::INVALID_FIELD)
}

#[cfg(test)]
mod tests {
    use super::super::super::world::{IN_BAND, World};
    use super::*;
    use crate::{
        logbook::{Log, Note},
        machine::{Command, Power},
    };

    const START: (u8, u8) = (0x06, 0x22);
    const SET: (u8, u8) = (0x06, 0x24);
    const GET: (u8, u8) = (0x06, 0x25);

    fn events(world: &World) -> Vec<String> {
        world.bmc.control().events_from(0).into_iter().map(|it| it.name).collect()
    }

    fn running() -> World {
        let world = World::new();
        world.bmc.control().establish_power(Power::On);
        world
    }

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_and_value_is_refused() {
        let mut world = World::new();
        let good = [4, 0x11, 5, 0, 100, 0];
        world.only_takes(START, &[], &[0]);
        world.only_takes(SET, &good, &[6]);
        world.only_takes(GET, &[], &[0]);
        world.refuses(SET, &good, 0, &[0, 6, 7]);
        world.refuses(SET, &good, 1, &[0x04, 0x07, 0x40, 0x70]);
        world.refuses(SET, &good, 2, &[11]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_never_set_does_not_start() {
        let mut world = running();
        assert_eq!(world.ask(START, &[]), Err(Completion(0x80)));
        assert_eq!(world.ask(GET, &[]).unwrap(), [0; 8]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_counts_down_in_tenths_of_a_second_and_resets_the_host() {
        let mut world = running();
        world.ask(SET, &[4, 0x01, 0, 0x3E, 0x2C, 0x01]).unwrap();
        assert_eq!(world.ask(GET, &[]).unwrap(), [4, 1, 0, 0, 0x2C, 1, 0x2C, 1]);
        world.ask(START, &[]).unwrap();
        world.wait(10).await;
        assert_eq!(world.ask(GET, &[]).unwrap(), [0x44, 1, 0, 0, 0x2C, 1, 200, 0]);
        world.ask(START, &[]).unwrap();
        world.wait(29).await;
        assert!(!events(&world).contains(&"host.reset".to_owned()));
        world.wait(2).await;
        assert_eq!(world.ask(GET, &[]).unwrap(), [4, 1, 0, 0x10, 0x2C, 1, 0, 0]);
        let seen = events(&world);
        assert!(
            seen.contains(&"watchdog.expired:reset".to_owned()) && seen.contains(&"host.reset".to_owned())
        );
        assert_eq!(world.ask((0x00, 0x07), &[]).unwrap()[0], 4);
        let entries: Vec<_> = world.bmc.logbook().entries(Log::System).map(|it| it.note.clone()).collect();
        assert!(entries.contains(&Note::Watchdog("reset".to_owned())), "{entries:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_it_does_is_what_was_set() {
        for (action, power, event) in
            [(0, Power::On, "nothing"), (2, Power::Off, "power-off"), (3, Power::On, "cycle")]
        {
            let mut world = running();
            world.ask(SET, &[4, action, 0, 0, 10, 0]).unwrap();
            world.ask(START, &[]).unwrap();
            world.wait(30).await;
            assert_eq!(world.bmc.view().power, power, "{event}");
            assert!(events(&world).contains(&format!("watchdog.expired:{event}")));
            assert_eq!(events(&world).contains(&"power.off".to_owned()), event != "nothing");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_warns_before_it_bites() {
        let mut world = running();
        world.ask(SET, &[4, 0x20, 5, 0, 100, 0]).unwrap();
        world.ask(START, &[]).unwrap();
        world.wait(4).await;
        assert_eq!(world.ask_as(IN_BAND, (6, 0x31), &[]).unwrap(), [0]);
        world.wait(2).await;
        assert_eq!(world.ask_as(IN_BAND, (6, 0x31), &[]).unwrap(), [0x08]);
        assert!(events(&world).contains(&"host.nmi".to_owned()));
        world.ask_as(IN_BAND, (6, 0x30), &[0x08]).unwrap();
        assert_eq!(world.ask_as(IN_BAND, (6, 0x31), &[]).unwrap(), [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_is_not_written_down() {
        let mut world = running();
        world.ask(SET, &[0x84, 0, 0, 0, 10, 0]).unwrap();
        world.ask(START, &[]).unwrap();
        world.wait(2).await;
        assert_eq!(world.bmc.logbook().entries(Log::System).len(), 0);
        assert!(events(&world).contains(&"watchdog.expired:nothing/silent".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn setting_it_stops_it_unless_it_is_to_go_on() {
        let mut world = running();
        for (by, runs) in [(0x04, 0x04), (0x44, 0x44)] {
            world.ask(SET, &[4, 0, 0, 0, 100, 0]).unwrap();
            world.ask(START, &[]).unwrap();
            world.ask(SET, &[by, 0, 0, 0, 200, 0]).unwrap();
            assert_eq!(world.ask(GET, &[]).unwrap()[0], runs);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn flags_are_cleared_one_by_one_and_a_restart_of_the_bmc_forgets_everything() {
        let mut world = running();
        world.ask(SET, &[4, 0, 0, 0, 1, 0]).unwrap();
        world.ask(START, &[]).unwrap();
        world.wait(1).await;
        world.ask(SET, &[3, 0, 0, 0x02, 1, 0]).unwrap();
        assert_eq!(world.ask(GET, &[]).unwrap()[3], 0x10);
        world.ask(SET, &[3, 0, 0, 0x10, 1, 0]).unwrap();
        assert_eq!(world.ask(GET, &[]).unwrap()[3], 0);
        world.bmc.command(Command::BmcReset { warm: false }).unwrap();
        world.wait(200).await;
        assert_eq!(world.ask(START, &[]), Err(Completion(0x80)));
    }
}
