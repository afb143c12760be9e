//! Users, as a client makes them.

use super::super::super::{
    command::Completion,
    privilege::Privilege,
    world::{IN_BAND, World, over_lan},
};
use crate::accounts::{Entrance, Role};

const SET_ACCESS: (u8, u8) = (0x06, 0x43);
const ACCESS: (u8, u8) = (0x06, 0x44);
const SET_NAME: (u8, u8) = (0x06, 0x45);
const NAME: (u8, u8) = (0x06, 0x46);
const PASSWORD: (u8, u8) = (0x06, 0x47);

fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn give_name(world: &mut World, slot: u8, name: &str) -> Result<Vec<u8>, Completion> {
    world.ask(SET_NAME, &[&[slot][..], &padded::<16>(name)].concat())
}

fn password(world: &mut World, slot: u8, what: u8, text: &str) -> Result<Vec<u8>, Completion> {
    let data = if slot & 0x80 == 0 { padded::<16>(text).to_vec() } else { padded::<20>(text).to_vec() };
    world.ask(PASSWORD, &[&[slot, what][..], &data].concat())
}

#[tokio::test(start_paused = true)]
async fn every_wrong_length_is_refused() {
    let mut world = World::new();
    world.only_takes(SET_ACCESS, &[0x91, 2, 4, 0], &[3, 4]);
    world.only_takes(ACCESS, &[1, 2], &[2]);
    world.only_takes(SET_NAME, &[&[9][..], &padded::<16>("x")].concat(), &[17]);
    world.only_takes(NAME, &[2], &[1]);
    for (slot, what, lengths) in
        [(5, 0, &[2, 18][..]), (5, 1, &[2, 18]), (5, 2, &[18]), (0x85, 0, &[2, 22]), (0x85, 2, &[22])]
    {
        give_name(&mut world, 5, "eve").unwrap();
        world.only_takes(PASSWORD, &[&[slot, what][..], &[b'x'; 20]].concat(), lengths);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_there_is_not_is_refused() {
    let mut world = World::new();
    for slot in [0, 16, 63] {
        assert_eq!(world.ask(ACCESS, &[1, slot]), Err(Completion::INVALID_FIELD));
        assert_eq!(world.ask(NAME, &[slot]), Err(Completion::INVALID_FIELD));
        assert_eq!(give_name(&mut world, slot, "x"), Err(Completion::INVALID_FIELD));
        assert_eq!(world.ask(SET_ACCESS, &[0x91, slot, 4]), Err(Completion::INVALID_FIELD));
        assert_eq!(password(&mut world, slot, 2, "x"), Err(Completion::INVALID_FIELD));
    }
    for channel in [0, 2, 0x0F] {
        assert_eq!(world.ask(ACCESS, &[channel, 2]), Err(Completion::INVALID_FIELD), "{channel}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_is_made_in_steps_and_redfish_sees_each_of_them() {
    let mut world = World::new();
    give_name(&mut world, 9, "maria").unwrap();
    assert_eq!(world.ask(ACCESS, &[1, 9]).unwrap(), [15, 0x80 | 3, 1, 0x0F]);
    let account = world.bmc.accounts().at(9).cloned().unwrap();
    assert_eq!((account.user.as_str(), account.role, account.enabled), ("maria", Role::NoAccess, false));
    password(&mut world, 9, 2, "sesame").unwrap();
    world.ask(SET_ACCESS, &[0x91, 9, 3]).unwrap();
    world.ask(PASSWORD, &[9, 1]).unwrap();
    assert_eq!(world.ask(ACCESS, &[1, 9]).unwrap(), [15, 0x40 | 4, 1, 0x13]);
    let account = world.bmc.accounts().at(9).cloned().unwrap();
    assert_eq!((account.role, account.enabled, &*account.password), (Role::Operator, true, "sesame"));
    let may = world.bmc.admit("maria", |own| own == "sesame", Entrance::Ipmi, |it| it.slot);
    assert_eq!(may, Some(9));
}

#[tokio::test(start_paused = true)]
async fn names_are_read_as_they_were_written() {
    let mut world = World::new();
    assert_eq!(world.ask(NAME, &[2]).unwrap(), padded::<16>("admin"));
    assert_eq!(world.ask(NAME, &[1]).unwrap(), [0; 16]);
    assert_eq!(world.ask(NAME, &[15]).unwrap(), [0; 16]);
    give_name(&mut world, 15, "sixteen-letters!").unwrap();
    assert_eq!(world.ask(NAME, &[15]).unwrap(), padded::<16>("sixteen-letters!"));
    give_name(&mut world, 15, "short").unwrap();
    assert_eq!(world.ask(NAME, &[15]).unwrap(), padded::<16>("short"));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_given_once_and_never_to_slot_1() {
    let mut world = World::new();
    assert_eq!(give_name(&mut world, 9, "admin"), Err(Completion::INVALID_FIELD));
    assert_eq!(give_name(&mut world, 2, "admin"), Ok(Vec::new()));
    assert_eq!(give_name(&mut world, 1, "nobody"), Err(Completion::INVALID_FIELD));
    assert_eq!(give_name(&mut world, 9, "two\nlines"), Err(Completion::INVALID_FIELD));
}

#[tokio::test(start_paused = true)]
async fn an_empty_name_empties_the_slot() {
    let mut world = World::new();
    give_name(&mut world, 4, "").unwrap();
    assert_eq!(world.ask(ACCESS, &[1, 4]).unwrap(), [15, 0x80 | 2, 1, 0x0F]);
    assert!(world.bmc.accounts().at(4).is_none());
    assert_eq!(password(&mut world, 4, 2, "x"), Err(Completion::INVALID_FIELD));
}

#[tokio::test(start_paused = true)]
async fn an_empty_slot_can_be_told_what_it_is_and_nothing_else() {
    let mut world = World::new();
    assert_eq!(world.ask(SET_ACCESS, &[0x81, 9, 0x0F]), Ok(Vec::new()));
    assert_eq!(world.ask(PASSWORD, &[9, 0]), Ok(Vec::new()));
    assert!(world.bmc.accounts().at(9).is_none());
    assert_eq!(world.ask(SET_ACCESS, &[0x91, 9, 0x0F]), Err(Completion::INVALID_FIELD));
    assert_eq!(world.ask(SET_ACCESS, &[0x81, 9, 2]), Err(Completion::INVALID_FIELD));
    assert_eq!(world.ask(PASSWORD, &[9, 1]), Err(Completion::INVALID_FIELD));
}

#[tokio::test(start_paused = true)]
async fn a_password_is_tested_in_the_size_in_which_it_is_stored() {
    let mut world = World::new();
    for (slot, other, text) in
        [(0x04, 0x84, "sixteen-letters!"), (0x84, 0x04, "twenty-letters-long!"), (0x84, 0x04, "short")]
    {
        password(&mut world, slot, 2, text).unwrap();
        assert_eq!(password(&mut world, slot, 3, text), Ok(Vec::new()));
        assert_eq!(password(&mut world, slot, 3, "wrong"), Err(Completion(0x80)));
        let cut = if other & 0x80 == 0 { &text[..text.len().min(16)] } else { text };
        assert_eq!(password(&mut world, other, 3, cut), Err(Completion(0x81)));
        assert_eq!(world.bmc.accounts().at(4).unwrap().password, text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_is_disabled_and_enabled_as_often_as_one_likes() {
    let mut world = World::new();
    for (what, enabled) in [(0, false), (0, false), (1, true), (1, true)] {
        world.ask(PASSWORD, &[4, what]).unwrap();
        assert_eq!(world.bmc.accounts().at(4).unwrap().enabled, enabled);
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_roles_and_come_back_as_they_went() {
    let mut world = World::new();
    for (limit, role) in [
        (1, Role::NoAccess),
        (2, Role::ReadOnly),
        (3, Role::Operator),
        (4, Role::Administrator),
        (5, Role::Administrator),
        (15, Role::NoAccess),
    ] {
        world.ask(SET_ACCESS, &[0x11, 4, limit]).unwrap();
        assert_eq!(world.bmc.accounts().at(4).unwrap().role, role);
        assert_eq!(world.ask(ACCESS, &[1, 4]).unwrap()[3] & 0x0F, limit);
    }
    world.refuses(SET_ACCESS, &[0x91, 4, 0], 2, &[0, 6, 14]);
    world.bmc.accounts().change(4, |it| it.role = Role::Operator);
    assert_eq!(world.ask(ACCESS, &[1, 4]).unwrap()[3] & 0x0F, 3);
}

#[tokio::test(start_paused = true)]
async fn the_bits_of_access_change_only_where_this_is_asked_for() {
    let mut world = World::new();
    world.ask(SET_ACCESS, &[0xE1, 4, 2]).unwrap();
    assert_eq!(world.ask(ACCESS, &[1, 4]).unwrap()[3], 0x62);
    assert!(!world.bmc.accounts().at(4).unwrap().entrances.contains(&Entrance::Ipmi));
    world.ask(SET_ACCESS, &[0x11, 4, 2]).unwrap();
    assert_eq!(world.ask(ACCESS, &[0x0E, 4]).unwrap()[3], 0x62);
    world.ask(SET_ACCESS, &[0x9E, 4, 2]).unwrap();
    assert_eq!(world.ask(ACCESS, &[1, 4]).unwrap()[3], 0x12);
}

#[tokio::test(start_paused = true)]
async fn the_user_without_a_name_can_be_opened_and_redfish_never_sees_it() {
    let mut world = World::new();
    password(&mut world, 1, 2, "x").unwrap();
    world.ask(SET_ACCESS, &[0x91, 1, 2]).unwrap();
    world.ask(PASSWORD, &[1, 1]).unwrap();
    assert_eq!(world.ask(ACCESS, &[1, 1]).unwrap(), [15, 0x40 | 4, 1, 0x12]);
    assert!(world.bmc.accounts().at(1).is_none() && world.bmc.accounts().list().len() == 3);
    assert_eq!(world.bmc.admit("", |own| own == "x", Entrance::Ipmi, |it| it.slot), Some(1));
    assert_eq!(world.bmc.admit("", |own| own == "x", Entrance::Redfish, |it| it.slot), None);
}

#[tokio::test(start_paused = true)]
async fn the_channel_of_in_band_callers_has_no_users() {
    let mut world = World::new();
    assert_eq!(world.ask_as(IN_BAND, ACCESS, &[0x0E, 2]), Err(Completion::INVALID_FIELD));
    assert_eq!(world.ask_as(IN_BAND, ACCESS, &[0x01, 2]).unwrap()[3], 0x14);
    assert_eq!(
        world.ask_as(over_lan(Privilege::Operator), SET_ACCESS, &[0x91, 4, 4]),
        Err(Completion::INSUFFICIENT_PRIVILEGE)
    );
}
