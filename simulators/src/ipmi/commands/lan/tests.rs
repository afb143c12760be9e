//! The LAN's parameters, as a client sets and gets them.

use serde_json::json;

use super::super::super::{command::Completion, privilege::Privilege, world::World};
use crate::machine::Command;

const SET: (u8, u8) = (0x0C, 0x01);
const GET: (u8, u8) = (0x0C, 0x02);

fn get(world: &mut World, number: u8) -> Vec<u8> {
    world.ask(GET, &[1, number, 0, 0]).unwrap()[1..].to_vec()
}

fn set(world: &mut World, number: u8, data: &[u8]) -> Result<Vec<u8>, Completion> {
    world.ask(SET, &[&[1, number][..], data].concat())
}

/// What was written to the interface, as Redfish would show it.
fn redfish(world: &World, pointer: &str) -> serde_json::Value {
    let tree = world.bmc.look().tree;
    world.bmc.written().at(tree.interface(), pointer).cloned().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn every_wrong_length_is_refused() {
    let mut world = World::new();
    world.only_takes(GET, &[1, 3, 0, 0], &[4]);
    for (number, length) in [
        (0, 1),
        (2, 5),
        (3, 4),
        (4, 1),
        (6, 4),
        (7, 3),
        (10, 1),
        (11, 1),
        (12, 4),
        (13, 6),
        (14, 4),
        (15, 6),
        (16, 18),
        (18, 4),
        (19, 13),
        (20, 2),
        (21, 1),
        (24, 9),
        (25, 4),
        (26, 6),
        (51, 1),
        (54, 3),
        (56, 20),
        (64, 1),
        (65, 16),
    ] {
        for wrong in (0..length + 2).filter(|it| *it != length) {
            assert_eq!(
                set(&mut world, number, &vec![0; wrong]),
                Err(Completion::LENGTH_INVALID),
                "{number}: {wrong}"
            );
        }
    }
    assert_eq!(world.ask(SET, &[1]), Err(Completion::LENGTH_INVALID));
}

#[tokio::test(start_paused = true)]
async fn what_there_is_not_and_what_is_read_only_is_refused() {
    let mut world = World::new();
    for number in [27, 49, 57, 80, 96, 192, 255] {
        assert_eq!(set(&mut world, number, &[0]), Err(Completion(0x80)), "{number}");
        assert_eq!(world.ask(GET, &[1, number, 0, 0]), Err(Completion(0x80)), "{number}");
    }
    for number in [1, 5, 8, 9, 17, 22, 23, 50, 55, 73] {
        assert_eq!(set(&mut world, number, &[0]), Err(Completion(0x82)), "{number}");
    }
    for channel in [0, 2, 0x0F] {
        assert_eq!(world.ask(GET, &[channel, 3, 0, 0]), Err(Completion::INVALID_FIELD));
        assert_eq!(world.ask(SET, &[channel, 10, 0]), Err(Completion::INVALID_FIELD));
    }
    assert_eq!(world.ask(GET, &[0x81, 3, 0, 0]).unwrap(), [0x11]);
}

#[tokio::test(start_paused = true)]
async fn every_parameter_has_its_length() {
    let mut world = World::new();
    for (number, length) in [
        (0, 1),
        (1, 1),
        (2, 5),
        (3, 4),
        (4, 1),
        (5, 6),
        (6, 4),
        (7, 3),
        (8, 2),
        (9, 2),
        (10, 1),
        (11, 1),
        (12, 4),
        (13, 6),
        (14, 4),
        (15, 6),
        (16, 18),
        (17, 1),
        (18, 4),
        (19, 13),
        (20, 2),
        (21, 1),
        (22, 1),
        (23, 17),
        (24, 9),
        (25, 4),
        (26, 6),
        (50, 1),
        (51, 1),
        (52, 1),
        (53, 1),
        (54, 3),
        (55, 3),
        (56, 20),
        (64, 1),
        (65, 16),
        (66, 6),
        (67, 1),
        (68, 16),
        (73, 1),
    ] {
        assert_eq!(get(&mut world, number).len(), length, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_address_is_redfish_s_and_changes_in_both() {
    let mut world = World::new();
    let mac = world.bmc.view().id.mac;
    assert_eq!(get(&mut world, 5), mac);
    assert_eq!((get(&mut world, 3), get(&mut world, 6)), (vec![127, 0, 0, 1], vec![255, 0, 0, 0]));
    set(&mut world, 3, &[10, 0, 0, 9]).unwrap();
    set(&mut world, 6, &[255, 255, 255, 0]).unwrap();
    set(&mut world, 12, &[10, 0, 0, 1]).unwrap();
    let parts = json!({"Address": "10.0.0.9", "SubnetMask": "255.255.255.0", "Gateway": "10.0.0.1"});
    assert_eq!(redfish(&world, "/IPv4StaticAddresses"), json!([parts]));
    assert_eq!(redfish(&world, "/IPv4Addresses")[0]["AddressOrigin"], "Static");
    assert_eq!((get(&mut world, 3), get(&mut world, 12)), (vec![10, 0, 0, 9], vec![10, 0, 0, 1]));
    assert_eq!(set(&mut world, 6, &[255, 0, 255, 0]), Err(Completion::INVALID_FIELD));
}

#[tokio::test(start_paused = true)]
async fn an_address_from_dhcp_cannot_be_written() {
    let mut world = World::new();
    assert_eq!(get(&mut world, 4), [1]);
    set(&mut world, 4, &[2]).unwrap();
    assert_eq!((get(&mut world, 4), redfish(&world, "/DHCPv4/DHCPEnabled")), (vec![2], json!(true)));
    assert_eq!(set(&mut world, 3, &[10, 0, 0, 9]), Err(Completion::NOT_IN_THIS_STATE));
    world.refuses(SET, &[1, 4, 1], 2, &[0, 3, 4, 5]);
    set(&mut world, 4, &[1]).unwrap();
    set(&mut world, 3, &[10, 0, 0, 9]).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_vlan_is_redfish_s() {
    let mut world = World::new();
    assert_eq!(get(&mut world, 20), [0, 0]);
    set(&mut world, 20, &[0x23, 0x81]).unwrap();
    assert_eq!(
        (redfish(&world, "/VLAN/VLANEnable"), redfish(&world, "/VLAN/VLANId")),
        (json!(true), json!(0x123))
    );
    assert_eq!(get(&mut world, 20), [0x23, 0x81]);
    set(&mut world, 20, &[0x23, 0x01]).unwrap();
    assert_eq!((get(&mut world, 20), redfish(&world, "/VLAN/VLANEnable")), (vec![0x23, 0x01], json!(false)));
    world.refuses(SET, &[1, 20, 0xFF, 0], 3, &[0x8F, 0x10]);
}

#[tokio::test(start_paused = true)]
async fn bad_passwords_are_the_account_service_s_affair() {
    let mut world = World::new();
    set(&mut world, 26, &[0, 5, 6, 0, 30, 0]).unwrap();
    let tree = world.bmc.look().tree;
    let service = tree.first("AccountService").unwrap();
    let of = |name: &str| service.number(&world.bmc.written(), name);
    assert_eq!(of("/AccountLockoutThreshold"), Some(5));
    assert_eq!(of("/AccountLockoutCounterResetAfter"), Some(60));
    assert_eq!(of("/AccountLockoutDuration"), Some(300));
    assert_eq!(get(&mut world, 26), [0, 5, 6, 0, 30, 0]);
}

#[tokio::test(start_paused = true)]
async fn suites_have_levels() {
    let mut world = World::new();
    let offered = get(&mut world, 22)[0];
    let suites = get(&mut world, 23);
    assert_eq!(suites[1..].iter().filter(|it| **it != 0).count(), usize::from(offered));
    assert!(suites.contains(&3) && suites.contains(&17));
    set(&mut world, 24, &[0, 0x30, 0x42, 0, 0, 0, 0, 0, 0]).unwrap();
    let limits: Vec<_> = (0..5).map(|place| world.bmc.ipmi().lan.suite_limit(place)).collect();
    assert_eq!(
        limits,
        [None, Some(Privilege::Operator), Some(Privilege::User), Some(Privilege::Administrator), None]
    );
    world.refuses(SET, &[1, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0], 5, &[0x06, 0x60, 0xF0]);
}

#[tokio::test(start_paused = true)]
async fn types_of_authentication_are_switched_for_each_level() {
    let mut world = World::new();
    assert_eq!(world.bmc.ipmi().lan.authentication(Privilege::Operator), 0x14);
    set(&mut world, 2, &[0, 4, 4, 0x10, 0]).unwrap();
    assert_eq!(world.bmc.ipmi().lan.authentication(Privilege::Administrator), 0x10);
    assert_eq!(world.bmc.ipmi().lan.authentication(Privilege::Callback), 0);
    world.refuses(SET, &[1, 2, 0, 0, 0, 0, 0], 2, &[0x01, 0x02, 0x20]);
}

#[tokio::test(start_paused = true)]
async fn sets_are_kept_apart() {
    let mut world = World::new();
    set(&mut world, 18, &[2, 0, 5, 1]).unwrap();
    assert_eq!(world.ask(GET, &[1, 18, 2, 0]).unwrap(), [0x11, 2, 0, 5, 1]);
    assert_eq!(world.ask(GET, &[1, 18, 1, 0]).unwrap(), [0x11, 1, 0, 0, 0]);
    assert_eq!(world.ask(GET, &[1, 18, 5, 0]), Err(Completion::OUT_OF_RANGE));
    assert_eq!(set(&mut world, 18, &[5, 0, 0, 0]), Err(Completion::OUT_OF_RANGE));
}

#[tokio::test(start_paused = true)]
async fn a_static_ipv6_address_is_redfish_s() {
    let mut world = World::new();
    let mut data = vec![0, 0x80, 0xFD];
    data.extend([0; 14]);
    data.extend([1, 64, 0]);
    set(&mut world, 56, &data).unwrap();
    assert_eq!(redfish(&world, "/IPv6StaticAddresses"), json!([{"Address": "fd00::1", "PrefixLength": 64}]));
    assert_eq!(get(&mut world, 56), data);
    data[18] = 129;
    assert_eq!(set(&mut world, 56, &data), Err(Completion::INVALID_FIELD));
}

#[tokio::test(start_paused = true)]
async fn parameters_outlive_a_restart_and_the_set_in_progress_does_not() {
    let mut world = World::new();
    set(&mut world, 0, &[1]).unwrap();
    assert_eq!(set(&mut world, 0, &[1]), Err(Completion(0x81)));
    set(&mut world, 10, &[3]).unwrap();
    assert_eq!(world.ask((0x0C, 0x03), &[1, 0x01]).unwrap(), [2]);
    world.bmc.command(Command::BmcReset { warm: false }).unwrap();
    world.wait(200).await;
    assert_eq!((get(&mut world, 0), get(&mut world, 10)), (vec![0], vec![3]));
    assert_eq!(world.ask((0x0C, 0x03), &[1, 0x00]).unwrap(), [3]);
}
