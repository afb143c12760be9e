//! Every quirk of IPMI where it applies, and its twin: the same on a BMC without it.

use super::{
    command::{Completion, Reply},
    world::World,
};
use crate::machine::{Command, Device, Mode, Power};

const STATUS: (u8, u8) = (0x00, 0x01);
const CONTROL: (u8, u8) = (0x00, 0x02);
const IDENTIFY: (u8, u8) = (0x00, 0x04);
const SET_BOOT: (u8, u8) = (0x00, 0x08);
const GET_BOOT: (u8, u8) = (0x00, 0x09);
const GUID: (u8, u8) = (0x06, 0x37);
const SET_NAME: (u8, u8) = (0x06, 0x45);
const PASSWORD: (u8, u8) = (0x06, 0x47);

/// One with the quirk, and one without.
fn both(quirk: &str) -> (World, World) {
    (World::of("generic", &[quirk]), World::new())
}

/// What both answer, the one with the quirk first.
fn asked(quirk: &str, command: (u8, u8), data: &[u8]) -> (Reply, Reply) {
    let (mut odd, mut twin) = both(quirk);
    (odd.ask(command, data), twin.ask(command, data))
}

const FINE: Reply = Ok(Vec::new());

#[tokio::test(start_paused = true)]
async fn a_guid_is_of_zeros_or_in_the_order_of_smbios() {
    let (zero, usual) = asked("ipmi-guid-zero", GUID, &[]);
    assert_eq!(zero.unwrap(), [0; 16]);
    let (smbios, twin) = asked("ipmi-guid-smbios", GUID, &[]);
    let (smbios, twin) = (smbios.unwrap(), twin.unwrap());
    assert_eq!(Ok(twin.clone()), usual);
    let reversed: Vec<u8> = twin.iter().rev().copied().collect();
    assert_eq!(
        (&smbios[8..], &smbios[..4]),
        (&reversed[8..], &[reversed[3], reversed[2], reversed[1], reversed[0]][..])
    );
}

#[tokio::test(start_paused = true)]
async fn sessions_are_set_up_as_the_platform_can() {
    let lan = |quirk: &str| World::of("generic", &[quirk]).bmc.manners().lan;
    let usual = World::new().bmc.manners().lan;
    assert_eq!(lan("ipmi-suite-17-only").suites, [17]);
    assert!(!lan("ipmi-no-suite-3").suites.contains(&3) && usual.suites.contains(&3));
    assert!(lan("ipmi-no-sha256").suites.iter().all(|it| *it < 15) && usual.suites.contains(&17));
    assert!(lan("ipmi-no-v1.5").legacy == 0 && usual.legacy != 0);
    assert!(lan("ipmi-four-sessions").sessions == 4 && usual.sessions > 4);
    assert!(lan("ipmi-idle-30").idle.as_secs() == 30 && usual.idle.as_secs() == 60);
}

#[tokio::test(start_paused = true)]
async fn the_v2_bit_is_refused() {
    let capabilities = (0x06, 0x38);
    let (odd, twin) = asked("ipmi-v2-bit-refused", capabilities, &[0x8E, 4]);
    assert_eq!(odd, Err(Completion::INVALID_FIELD));
    assert!(twin.is_ok());
    assert!(asked("ipmi-v2-bit-refused", capabilities, &[0x0E, 4]).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn administrator_is_refused_to_everybody() {
    let (odd, twin) = asked("ipmi-administrator-refused", (0x06, 0x3B), &[4]);
    assert_eq!((odd, twin), (Err(Completion(0x81)), Ok(vec![4])));
    assert_eq!(asked("ipmi-administrator-refused", (0x06, 0x3B), &[3]).0, Ok(vec![3]));
}

#[tokio::test(start_paused = true)]
async fn the_information_of_no_session_is_too_long() {
    let (odd, twin) = asked("ipmi-session-info-long", (0x06, 0x3D), &[0]);
    assert_eq!((odd.unwrap().len(), twin.unwrap().len()), (6, 3));
}

#[tokio::test(start_paused = true)]
async fn a_platform_is_delivered_with_its_lan_off() {
    let (odd, twin) = both("ipmi-ships-off");
    let is_open = super::commands::channel::is_open;
    assert!(!is_open(&odd.bmc, &odd.bmc.glance()) && is_open(&twin.bmc, &twin.bmc.glance()));
}

#[tokio::test(start_paused = true)]
async fn boot_parameters_are_refused() {
    for (quirk, parameter, code) in [
        ("ipmi-boot-timer-refused", &[3, 0x08][..], 0x80),
        ("ipmi-boot-progress-refused", &[0, 1], 0xCC),
        ("ipmi-boot-acknowledge-refused", &[4, 1, 1], 0x80),
    ] {
        assert_eq!(asked(quirk, SET_BOOT, parameter), (Err(Completion(code)), FINE), "{quirk}");
        assert_eq!(asked(quirk, SET_BOOT, &[5, 0x80, 4, 0, 0, 0]), (FINE, FINE), "{quirk}");
    }
}

#[tokio::test(start_paused = true)]
async fn boot_flags_never_expire() {
    let (mut odd, mut twin) = both("ipmi-flags-never-expire");
    for world in [&mut odd, &mut twin] {
        world.ask(SET_BOOT, &[5, 0x80, 4, 0, 0, 0]).unwrap();
    }
    odd.wait(61).await;
    assert!(odd.bmc.view().override_.is_some() && twin.bmc.view().override_.is_none());
}

/// What the machine is to boot after these flags.
fn booted(world: &mut World, flags: [u8; 5]) -> Option<(Device, Mode)> {
    world.ask(SET_BOOT, &[&[5][..], &flags].concat()).unwrap();
    world.bmc.view().override_.map(|it| (it.device, it.mode))
}

#[tokio::test(start_paused = true)]
async fn selectors_mean_something_else() {
    for (quirk, flags, odd_one, usual) in [
        (
            "ipmi-uefi-disk-24",
            [0xA0, 0x24],
            Some((Device::Disk, Mode::Uefi)),
            Some((Device::Usb, Mode::Uefi)),
        ),
        ("ipmi-uefi-disk-24", [0xA0, 0x08], None, Some((Device::Disk, Mode::Uefi))),
        (
            "ipmi-uefi-disk-24",
            [0x80, 0x08],
            Some((Device::Disk, Mode::Legacy)),
            Some((Device::Disk, Mode::Legacy)),
        ),
        ("ipmi-cdrom-20", [0x80, 0x14], None, Some((Device::Cdrom, Mode::Legacy))),
        (
            "ipmi-cdrom-20",
            [0x80, 0x20],
            Some((Device::Cdrom, Mode::Legacy)),
            Some((Device::Cdrom, Mode::Legacy)),
        ),
        (
            "ipmi-efi-ignored",
            [0xA0, 0x04],
            Some((Device::Pxe, Mode::Legacy)),
            Some((Device::Pxe, Mode::Uefi)),
        ),
    ] {
        let (mut odd, mut twin) = both(quirk);
        let flags = [flags[0], flags[1], 0, 0, 0];
        assert_eq!(booted(&mut odd, flags), odd_one, "{quirk} {flags:02x?}");
        assert_eq!(booted(&mut twin, flags), usual, "{quirk} {flags:02x?}");
    }
    let mut odd = World::of("generic", &["ipmi-uefi-disk-24"]);
    booted(&mut odd, [0xA0, 0x24, 0, 0, 0]);
    assert_eq!(odd.ask(GET_BOOT, &[5, 0, 0]).unwrap(), [1, 5, 0xA0, 0x24, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn another_maker_is_told() {
    for (quirk, maker) in [("smc-by-name", 10_876u32), ("irmc-by-name", 10_368)] {
        let (odd, twin) = asked(quirk, (0x06, 0x01), &[]);
        let (odd, twin) = (odd.unwrap(), twin.unwrap());
        assert_eq!(odd[6..9], maker.to_le_bytes()[..3], "{quirk}");
        assert_ne!(twin[6..9], odd[6..9], "{quirk}");
        assert_eq!((&odd[..6], &odd[9..]), (&twin[..6], &twin[9..]), "{quirk}");
    }
}

#[tokio::test(start_paused = true)]
async fn persistence_is_forgotten() {
    let (mut odd, mut twin) = both("ipmi-persistent-dropped");
    for (world, first) in [(&mut odd, 0x80), (&mut twin, 0xC0)] {
        world.ask(SET_BOOT, &[5, 0xC0, 4, 0, 0, 0]).unwrap();
        assert_eq!(world.ask(GET_BOOT, &[5, 0, 0]).unwrap()[2], first);
    }
}

#[tokio::test(start_paused = true)]
async fn the_selector_stays_when_the_flags_are_invalid() {
    let (mut odd, mut twin) = both("ipmi-selector-stale");
    for (world, shown) in [(&mut odd, [1, 0x85, 0, 4, 0, 0, 0]), (&mut twin, [1, 5, 0, 0, 0, 0, 0])] {
        world.ask(SET_BOOT, &[5, 0x80, 4, 0, 0, 0]).unwrap();
        assert_eq!(world.ask(GET_BOOT, &[5, 0, 0]).unwrap(), [1, 5, 0x80, 4, 0, 0, 0]);
        world.wait(61).await;
        assert_eq!(world.ask(GET_BOOT, &[5, 0, 0]).unwrap(), shown);
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_goes_with_the_power() {
    for (quirks, stays) in [(&["override-lost-with-power"][..], false), (&[], true)] {
        let mut world = World::of("generic", quirks);
        world.bmc.control().establish_power(Power::On);
        world.ask(SET_BOOT, &[3, 0x1F]).unwrap();
        world.ask(SET_BOOT, &[5, 0xC0, 4, 0, 0, 0]).unwrap();
        world.ask(CONTROL, &[0]).unwrap();
        world.wait(10).await;
        assert_eq!(world.bmc.view().override_.is_some(), stays);
    }
}

#[tokio::test(start_paused = true)]
async fn off_is_refused_where_it_is_off() {
    let quirk = "ipmi-off-when-off-refused";
    assert_eq!(asked(quirk, CONTROL, &[0]), (Err(Completion::NOT_IN_THIS_STATE), FINE));
    let mut odd = World::of("generic", &[quirk]);
    odd.bmc.control().establish_power(Power::On);
    assert_eq!(odd.ask(CONTROL, &[0]), FINE);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_and_a_reset_power_on_a_host_that_is_off() {
    for (quirk, action) in [("cycle-when-off-powers-on", 2), ("reset-when-off-powers-on", 3)] {
        let (mut odd, mut twin) = both(quirk);
        assert_eq!(odd.ask(CONTROL, &[action]), FINE);
        assert_eq!(twin.ask(CONTROL, &[action]), Err(Completion::NOT_IN_THIS_STATE));
        let on = [&odd, &twin].map(|world| world.bmc.view().power != Power::Off);
        assert_eq!(on, [true, false], "{quirk}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_third_is_told_to_come_again() {
    let (mut odd, mut twin) = both("ipmi-busy-at-times");
    let busy = Err(Completion::BUSY);
    let said: Vec<_> = (0..6).map(|_| odd.ask(CONTROL, &[0])).collect();
    assert_eq!(said, [FINE, FINE, busy.clone(), FINE, FINE, busy]);
    assert!((0..6).all(|_| twin.ask(CONTROL, &[0]) == FINE));
}

#[tokio::test(start_paused = true)]
async fn who_polls_too_fast_is_not_answered_any_more() {
    let (mut odd, mut twin) = both("ipmi-polled-to-death");
    let polled = |world: &mut World| (0..11).map(|_| world.ask(STATUS, &[]).is_ok()).collect::<Vec<_>>();
    assert!(polled(&mut twin).into_iter().all(|fine| fine));
    let said = polled(&mut odd);
    assert!(said[..10].iter().all(|fine| *fine) && !said[10]);
    odd.wait(6).await;
    assert!(odd.ask(STATUS, &[]).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_light_cannot_be_forced() {
    let quirk = "ipmi-identify-no-force";
    assert_eq!(asked(quirk, IDENTIFY, &[0, 1]), (Err(Completion::LENGTH_INVALID), FINE));
    assert_eq!(asked(quirk, IDENTIFY, &[15]), (FINE, FINE));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_user_cannot_be_disabled() {
    let (mut odd, mut twin) = both("ipmi-disabled-twice-refused");
    for (world, second) in [(&mut odd, Err(Completion::INVALID_FIELD)), (&mut twin, FINE)] {
        assert_eq!(world.ask(PASSWORD, &[4, 0]), FINE);
        assert_eq!(world.ask(PASSWORD, &[4, 0]), second);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_password_is_cut() {
    let (mut odd, mut twin) = both("ipmi-password-cut");
    for (world, kept) in [(&mut odd, "sixteen-letters!"), (&mut twin, "sixteen-letters!more")] {
        let set = [&[0x84, 2][..], b"sixteen-letters!more"].concat();
        assert_eq!(world.ask(PASSWORD, &set), FINE);
        assert_eq!(world.bmc.accounts().at(4).unwrap().password, kept);
        let test = [&[0x84, 3][..], b"sixteen-letters!more"].concat();
        assert_eq!(world.ask(PASSWORD, &test), FINE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_of_ff_empties_a_slot() {
    let data = [&[4][..], &[0xFF; 16]].concat();
    assert_eq!(asked("ipmi-name-ff-deletes", SET_NAME, &data), (FINE, Err(Completion::INVALID_FIELD)));
    let mut odd = World::of("generic", &["ipmi-name-ff-deletes"]);
    odd.ask(SET_NAME, &data).unwrap();
    assert!(odd.bmc.accounts().at(4).is_none());
}

#[tokio::test(start_paused = true)]
async fn two_users_have_one_name() {
    let mut data = [0; 17];
    data[..6].copy_from_slice(b"\x09admin");
    assert_eq!(asked("ipmi-names-twice", SET_NAME, &data), (FINE, Err(Completion::INVALID_FIELD)));
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_at_limits() {
    use super::{lan::Who, privilege::Privilege};
    let (odd, twin) = both("ipmi-limits-ignored");
    for (world, limit) in [(&odd, Privilege::Administrator), (&twin, Privilege::User)] {
        let who = Who::named(&world.bmc, b"readonly", world.bmc.now(), Privilege::Administrator).unwrap();
        assert_eq!(who.limit, limit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_maker_s_own_command_is_answered_as_the_profile_has_it() {
    let mut world = World::of("supermicro-x10", &[]);
    let own = world.bmc.platform().own[0].clone();
    let sent: Vec<u8> = own.data.clone();
    assert_eq!(world.ask((own.netfn, own.number), &sent), Ok(own.answer[1..].to_vec()));
    assert_eq!(World::new().ask((own.netfn, own.number), &sent), Err(Completion::INVALID_COMMAND));
    world.bmc.command(Command::BmcReset { warm: false }).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_console_is_refused_or_given_twice() {
    let activate = |world: &mut World| world.ask((0x06, 0x48), &[1, 1, 0xC4, 0, 0, 0]);
    let (mut refusing, mut twin) = both("console-refused");
    assert_eq!(activate(&mut refusing), Err(Completion(0x81)));
    assert!(activate(&mut twin).is_ok());
    assert_eq!(activate(&mut twin), Err(Completion(0x80)));
    let (mut giving, _) = both("console-given-twice");
    assert!(activate(&mut giving).is_ok() && activate(&mut giving).is_ok());
}
