//! Chassis commands, as a client sends them.

use super::super::super::{
    command::Completion,
    world::{IN_BAND, World},
};
use crate::machine::{HostAct, Led, Power};
use crate::sensors::SensorState;

const CAPABILITIES: (u8, u8) = (0x00, 0x00);
const STATUS: (u8, u8) = (0x00, 0x01);
const CONTROL: (u8, u8) = (0x00, 0x02);
const IDENTIFY: (u8, u8) = (0x00, 0x04);
const SET_CAPABILITIES: (u8, u8) = (0x00, 0x05);
const RESTORE: (u8, u8) = (0x00, 0x06);
const CAUSE: (u8, u8) = (0x00, 0x07);
const BUTTONS: (u8, u8) = (0x00, 0x0A);
const INTERVAL: (u8, u8) = (0x00, 0x0B);
const HOURS: (u8, u8) = (0x00, 0x0F);

fn status(world: &mut World) -> Vec<u8> {
    world.ask(STATUS, &[]).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_wrong_length_is_refused() {
    let mut world = World::new();
    for (command, data, lengths) in [
        (CAPABILITIES, &[][..], &[0][..]),
        (STATUS, &[], &[0]),
        (CONTROL, &[1], &[1]),
        (IDENTIFY, &[1, 1], &[0, 1, 2]),
        (SET_CAPABILITIES, &[0, 0x20, 0x20, 0x20, 0x20, 0x20], &[5, 6]),
        (RESTORE, &[3], &[1]),
        (CAUSE, &[], &[0]),
        (BUTTONS, &[0], &[1]),
        (INTERVAL, &[1], &[1]),
        (HOURS, &[], &[0]),
    ] {
        world.only_takes(command, data, lengths);
    }
}

#[tokio::test(start_paused = true)]
async fn capabilities_are_kept_as_they_are_set() {
    let mut world = World::new();
    assert_eq!(world.ask(CAPABILITIES, &[]).unwrap(), [0x06, 0x20, 0x20, 0x20, 0x20, 0x20]);
    world.ask(SET_CAPABILITIES, &[0xF3, 0x20, 0x22, 0x24, 0x20]).unwrap();
    assert_eq!(world.ask(CAPABILITIES, &[]).unwrap(), [0x03, 0x20, 0x22, 0x24, 0x20, 0x20]);
}

#[tokio::test(start_paused = true)]
async fn power_is_shown_as_it_is_and_how_it_came() {
    let mut world = World::new();
    assert_eq!(status(&mut world), [0x00, 0x00, 0x40, 0xF0]);
    world.ask(CONTROL, &[1]).unwrap();
    world.wait(5).await;
    assert_eq!(status(&mut world)[..2], [0x01, 0x10]);
    world.bmc.control().act(HostAct::PullAc);
    world.bmc.control().act(HostAct::RestoreAc);
    world.wait(200).await;
    assert_eq!(status(&mut world)[..2], [0x00, 0x11]);
}

#[tokio::test(start_paused = true)]
async fn what_needs_power_is_refused_without_it() {
    let mut world = World::new();
    for what in [2, 3, 4] {
        assert_eq!(world.ask(CONTROL, &[what]), Err(Completion::NOT_IN_THIS_STATE), "{what}");
    }
    for what in [0, 5, 1, 1] {
        assert_eq!(world.ask(CONTROL, &[what]), Ok(Vec::new()), "{what}");
    }
    world.refuses(CONTROL, &[0], 0, &[6, 7, 15]);
}

#[tokio::test(start_paused = true)]
async fn the_light_is_on_for_fifteen_seconds_or_as_long_as_it_is_told() {
    let mut world = World::new();
    let light = |world: &mut World| status(world)[2] >> 4 & 3;
    world.ask(IDENTIFY, &[]).unwrap();
    world.wait(14).await;
    assert_eq!(light(&mut world), 1);
    world.wait(2).await;
    assert_eq!(light(&mut world), 0);
    world.ask(IDENTIFY, &[0, 1]).unwrap();
    world.wait(1000).await;
    assert_eq!((light(&mut world), world.bmc.view().led), (2, Led::Lit));
    world.ask(IDENTIFY, &[0]).unwrap();
    assert_eq!((light(&mut world), world.bmc.view().led), (0, Led::Unlit));
    world.ask(IDENTIFY, &[200, 0]).unwrap();
    world.wait(199).await;
    assert_eq!(light(&mut world), 1);
}

#[tokio::test(start_paused = true)]
async fn the_restore_policy_is_set_shown_and_obeyed() {
    let mut world = World::new();
    for (policy, shown) in [(2, 0x40), (1, 0x20), (3, 0x20), (0, 0x00)] {
        assert_eq!(world.ask(RESTORE, &[policy]).unwrap(), [0x07]);
        assert_eq!(status(&mut world)[0] & 0x60, shown, "{policy}");
    }
    world.refuses(RESTORE, &[0], 0, &[4, 7]);
    world.ask(RESTORE, &[2]).unwrap();
    world.bmc.control().act(HostAct::PullAc);
    world.bmc.control().act(HostAct::RestoreAc);
    world.wait(100).await;
    assert_eq!(world.bmc.view().power, Power::On);
    assert_eq!(world.ask(CAUSE, &[]).unwrap()[0], 6);
}

#[tokio::test(start_paused = true)]
async fn the_restart_cause_is_what_the_machine_was_told() {
    let mut world = World::new();
    assert_eq!(world.ask(CAUSE, &[]).unwrap(), [0, 1]);
    world.ask_as(IN_BAND, CONTROL, &[1]).unwrap();
    world.wait(5).await;
    assert_eq!(world.ask(CAUSE, &[]).unwrap(), [1, 0x0F]);
    world.ask(CONTROL, &[0]).unwrap();
    world.wait(5).await;
    world.bmc.control().act(HostAct::PressPowerButton);
    world.wait(5).await;
    assert_eq!(world.ask(CAUSE, &[]).unwrap()[0], 3);
}

#[tokio::test(start_paused = true)]
async fn a_button_that_is_off_does_nothing() {
    let mut world = World::new();
    world.ask(BUTTONS, &[0x03]).unwrap();
    assert_eq!(status(&mut world)[2..], [0x42, 0xF3]);
    world.bmc.control().act(HostAct::PressPowerButton);
    world.wait(60).await;
    assert_eq!(world.bmc.view().power, Power::Off);
    world.ask(BUTTONS, &[0x00]).unwrap();
    world.bmc.control().act(HostAct::PressPowerButton);
    world.wait(60).await;
    assert_eq!(world.bmc.view().power, Power::On);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_stays_off_for_as_long_as_it_is_told() {
    let mut world = World::new();
    world.bmc.control().establish_power(Power::On);
    world.ask(INTERVAL, &[100]).unwrap();
    world.ask(CONTROL, &[2]).unwrap();
    world.wait(99).await;
    assert_eq!(world.bmc.view().power, Power::Off);
    world.wait(10).await;
    assert_eq!(world.bmc.view().power, Power::On);
}

#[tokio::test(start_paused = true)]
async fn hours_are_counted_while_there_is_power() {
    let mut world = World::new();
    world.bmc.control().establish_power(Power::On);
    world.wait(3 * 3600 + 1).await;
    assert_eq!(world.ask(HOURS, &[]).unwrap(), [60, 3, 0, 0, 0]);
    world.bmc.control().establish_power(Power::Off);
    world.wait(5 * 3600).await;
    assert_eq!(world.ask(HOURS, &[]).unwrap(), [60, 3, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_open_cover_and_a_fan_that_fails_are_shown() {
    let mut world = World::new();
    world.ask(CONTROL, &[1]).unwrap();
    world.wait(100).await;
    for (sensor, state, bits) in [
        ("Intrusion", SensorState::States(1), 0x41),
        ("Fan 2", SensorState::Reading(100.0), 0x49),
        ("Intrusion", SensorState::States(0), 0x48),
        ("Fan 2", SensorState::Reading(9000.0), 0x40),
    ] {
        world.bmc.give_sensors(&[(sensor, Some(state))]).unwrap();
        assert_eq!(status(&mut world)[2], bits, "{sensor} {state:?}");
    }
}
