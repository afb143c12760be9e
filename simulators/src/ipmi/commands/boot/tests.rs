//! Boot options, as a client sets and gets them.

use super::super::super::{command::Completion, world::World};
use crate::machine::{Command, Device, HostAct, Lasting, Mode, Override, Power};

const SET: (u8, u8) = (0x00, 0x08);
const GET: (u8, u8) = (0x00, 0x09);
const CONTROL: (u8, u8) = (0x00, 0x02);

/// Parameter 5 with these data.
fn flags(world: &mut World, bytes: [u8; 5]) {
    world.ask(SET, &[&[5][..], &bytes].concat()).unwrap();
}

fn shown(world: &mut World) -> Vec<u8> {
    world.ask(GET, &[5, 0, 0]).unwrap()[2..].to_vec()
}

fn device(world: &World) -> Option<Device> {
    world.bmc.view().override_.map(|it| it.device)
}

#[tokio::test(start_paused = true)]
async fn every_wrong_length_is_refused() {
    let mut world = World::new();
    world.only_takes(GET, &[5, 0, 0], &[3]);
    for (parameter, length) in [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (5, 5), (6, 9)] {
        let data: Vec<u8> = [parameter].into_iter().chain(std::iter::repeat_n(0, length)).collect();
        world.only_takes(SET, &data, &[1, length + 1]);
    }
    assert_eq!(world.ask(SET, &[]), Err(Completion::LENGTH_INVALID));
    assert_eq!(world.ask(SET, &[&[7, 0][..], &[0; 17]].concat()), Err(Completion::LENGTH_INVALID));
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_there_is_not_is_refused_with_80() {
    let mut world = World::new();
    for parameter in [8, 95, 96, 127] {
        assert_eq!(world.ask(SET, &[parameter, 0]), Err(Completion(0x80)));
        assert_eq!(world.ask(GET, &[parameter, 0, 0]), Err(Completion(0x80)));
    }
}

#[tokio::test(start_paused = true)]
async fn flags_are_the_machine_s_override_and_come_back_as_they_went() {
    let mut world = World::new();
    for (selector, device) in [
        (1, Device::Pxe),
        (2, Device::Disk),
        (3, Device::Disk),
        (4, Device::Disk),
        (5, Device::Cdrom),
        (6, Device::Bios),
        (7, Device::Usb),
        (8, Device::Cdrom),
        (9, Device::Usb),
        (11, Device::Disk),
        (15, Device::Usb),
    ] {
        for (first, lasting, mode) in
            [(0x80, Lasting::Once, Mode::Legacy), (0xE0, Lasting::Continuous, Mode::Uefi)]
        {
            let bytes = [first, selector << 2 | 0x83, 0x61, 0x08, 0x11];
            flags(&mut world, bytes);
            assert_eq!(world.bmc.view().override_, Some(Override { device, lasting, mode }));
            assert_eq!(shown(&mut world), bytes, "{selector}");
        }
    }
    world.refuses(SET, &[5, 0x80, 0, 0, 0, 0], 2, &[10 << 2, 12 << 2, 13 << 2, 14 << 2]);
}

#[tokio::test(start_paused = true)]
async fn what_redfish_overrides_is_shown() {
    let mut world = World::new();
    for (device, selector) in
        [(Device::Pxe, 1), (Device::Http, 1), (Device::Disk, 2), (Device::Cdrom, 5), (Device::Usb, 15)]
    {
        let to = Override { device, lasting: Lasting::Once, mode: Mode::Uefi };
        world.bmc.command(Command::SetOverride(Some(to))).unwrap();
        assert_eq!(shown(&mut world)[..2], [0xA0, selector << 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn flags_that_are_not_valid_override_nothing() {
    let mut world = World::new();
    flags(&mut world, [0x80, 0x04, 0, 0, 0]);
    flags(&mut world, [0x00, 0x04, 0, 0, 0]);
    assert_eq!((device(&world), shown(&mut world)[0]), (None, 0));
    flags(&mut world, [0x80, 0x00, 0, 0, 0]);
    assert_eq!((device(&world), shown(&mut world)[0]), (None, 0x80));
}

#[tokio::test(start_paused = true)]
async fn flags_are_invalid_after_sixty_seconds_without_a_chassis_control() {
    let mut world = World::new();
    flags(&mut world, [0xC0, 0x04, 0, 0, 0]);
    world.wait(59).await;
    assert_eq!(shown(&mut world)[0], 0xC0);
    world.wait(2).await;
    assert_eq!((shown(&mut world)[0], device(&world)), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_chassis_control_starts_the_sixty_seconds_anew() {
    let mut world = World::new();
    flags(&mut world, [0x80, 0x04, 0, 0, 0]);
    world.wait(50).await;
    world.ask(CONTROL, &[0]).unwrap();
    world.wait(50).await;
    assert_eq!(device(&world), Some(Device::Pxe));
    world.ask(CONTROL, &[1]).unwrap();
    world.wait(200).await;
    let events: Vec<_> = world.bmc.control().events_from(0).into_iter().map(|it| it.name).collect();
    assert!(events.contains(&"host.boot:pxe".to_owned()), "{events:?}");
    assert_eq!(shown(&mut world)[0], 0);
}

#[tokio::test(start_paused = true)]
async fn parameter_3_lets_the_flags_wait_for_ever() {
    let mut world = World::new();
    world.ask(SET, &[3, 0x1F]).unwrap();
    assert_eq!(world.ask(GET, &[3, 0, 0]).unwrap(), [1, 3, 0x1F]);
    flags(&mut world, [0x80, 0x04, 0, 0, 0]);
    world.wait(100_000).await;
    assert_eq!(device(&world), Some(Device::Pxe));
}

#[tokio::test(start_paused = true)]
async fn parameter_3_counts_for_flags_that_are_set_already() {
    let mut world = World::new();
    flags(&mut world, [0x80, 0x04, 0, 0, 0]);
    world.ask(SET, &[3, 0x08]).unwrap();
    world.wait(100).await;
    assert_eq!(device(&world), Some(Device::Pxe));
}

#[tokio::test(start_paused = true)]
async fn a_start_by_the_power_button_takes_no_notice_of_the_flags_unless_parameter_3_says_so() {
    for (clearing, taken) in [(0x08, "host.boot:disk"), (0x09, "host.boot:pxe")] {
        let mut world = World::new();
        world.ask(SET, &[3, clearing]).unwrap();
        flags(&mut world, [0x80, 0x04, 0, 0, 0]);
        world.bmc.control().act(HostAct::PressPowerButton);
        world.wait(100).await;
        let events: Vec<_> = world.bmc.control().events_from(0).into_iter().map(|it| it.name).collect();
        assert!(events.contains(&taken.to_owned()), "{clearing}: {events:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_sets_second_is_told_that_a_set_is_in_progress() {
    let mut world = World::new();
    world.ask(SET, &[0, 1]).unwrap();
    assert_eq!(world.ask(GET, &[0, 0, 0]).unwrap(), [1, 0, 1]);
    assert_eq!(world.ask(SET, &[0, 1]), Err(Completion(0x81)));
    world.refuses(SET, &[0, 0], 1, &[2, 3]);
    world.ask(SET, &[0, 0]).unwrap();
    assert_eq!(world.ask(GET, &[0, 0, 0]).unwrap(), [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_can_be_marked_as_invalid_and_keeps_its_data() {
    let mut world = World::new();
    world.ask(SET, &[1, 0x42]).unwrap();
    world.ask(SET, &[0x81]).unwrap();
    assert_eq!(world.ask(GET, &[1, 0, 0]).unwrap(), [1, 0x81, 0x42]);
    world.ask(SET, &[0x01]).unwrap();
    assert_eq!(world.ask(GET, &[1, 0, 0]).unwrap(), [1, 0x01, 0x42]);
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_are_written_under_a_mask() {
    let mut world = World::new();
    world.ask(SET, &[4, 0xFF, 0x1F]).unwrap();
    world.ask(SET, &[4, 0x01, 0x00]).unwrap();
    assert_eq!(world.ask(GET, &[4, 0, 0]).unwrap(), [1, 4, 0, 0x1E]);
}

#[tokio::test(start_paused = true)]
async fn initiator_and_mailbox_are_kept() {
    let mut world = World::new();
    world.ask(SET, &[6, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
    assert_eq!(world.ask(GET, &[6, 0, 0]).unwrap(), [1, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    world.ask(SET, &[7, 4, 0xAA, 0xBB]).unwrap();
    let block = world.ask(GET, &[7, 4, 0]).unwrap();
    assert_eq!((&block[..5], block.len()), (&[1, 7, 4, 0xAA, 0xBB][..], 19));
    assert_eq!(world.ask(SET, &[7, 5, 0]), Err(Completion::OUT_OF_RANGE));
    assert_eq!(world.ask(GET, &[7, 5, 0]), Err(Completion::OUT_OF_RANGE));
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_bmc_forgets_everything_but_the_service_partition() {
    let mut world = World::new();
    world.bmc.control().establish_power(Power::On);
    world.ask(SET, &[1, 0x42]).unwrap();
    world.ask(SET, &[3, 0x1F]).unwrap();
    world.bmc.command(Command::BmcReset { warm: false }).unwrap();
    world.wait(200).await;
    assert_eq!(world.ask(GET, &[1, 0, 0]).unwrap(), [1, 1, 0x42]);
    assert_eq!(world.ask(GET, &[3, 0, 0]).unwrap(), [1, 3, 0]);
}
