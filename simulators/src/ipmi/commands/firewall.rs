//! What commands there are, from the rows themselves, and which of them a channel answers (IPMI v2.0 §21, firmware firewall).
//!
//! What the host may ask for over the system interface can be switched off, command by command, so that nothing inside of it
//! reaches the BMC any more. Commands over the LAN cannot: somebody has to be able to switch on again. Parts of commands cannot
//! be switched off.

use std::collections::BTreeSet;

use super::super::{
    command::{Channel, Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x09), "Get NetFn Support", Need::Level(Privilege::User), netfns),
    Row::new((0x06, 0x0A), "Get Command Support", Need::Level(Privilege::User), commands),
    Row::new((0x06, 0x0B), "Get Command Sub-function Support", Need::Level(Privilege::User), functions),
    Row::new((0x06, 0x0C), "Get Configurable Commands", Need::Level(Privilege::User), configurable),
    Row::new(
        (0x06, 0x0D),
        "Get Configurable Command Sub-functions",
        Need::Level(Privilege::User),
        configurable_functions,
    ),
    Row::new((0x06, 0x60), "Set Command Enables", Need::Level(Privilege::Administrator), enable),
    Row::new((0x06, 0x61), "Get Command Enables", Need::Level(Privilege::User), enabled),
    Row::new(
        (0x06, 0x63),
        "Get Command Sub-function Enables",
        Need::Level(Privilege::User),
        enabled_functions,
    ),
];

/// Bits, one for each of 128 commands.
type Mask = [u8; 16];

/// A command of the BMC: network function, the group's byte, and number.
type Key = (u8, Option<u8>, u8);

/// The commands of the system interface that are switched off. A restart of the BMC does not switch them on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    off: BTreeSet<Key>,
}

impl Kept {
    /// Whether this request comes in by a channel that does not answer it.
    pub(crate) fn refuses(&self, request: &Request<'_>) -> bool {
        let group = || request.data.first().copied().filter(|_| request.netfn == 0x2C);
        request.caller.channel == Channel::System
            && !self.off.is_empty()
            && self.off.contains(&(request.netfn, group(), request.number))
    }
}

/// §21.2: how each logical unit is used, and a bit for each pair of network functions of each of the four.
fn netfns(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    /// The first unit has commands; those beside IPMI's own do not change them.
    const FIRST_UNIT: u8 = 0x01;
    let [channel] = request.exactly()?;
    request.channel(channel)?;
    let own = scene.bmc.platform().own.iter().map(|own| own.netfn);
    let mut said = [0; 17];
    said[0] = FIRST_UNIT;
    for netfn in super::all().map(|row| row.netfn).chain(own) {
        let pair = usize::from(netfn / 2);
        said[1 + pair / 8] |= 1 << (pair % 8);
    }
    Ok(said.to_vec())
}

/// §21.3: a bit that is set means a command that is not there.
fn commands(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let there = Asked::read(request)?.there(scene);
    Ok(there.map(|byte| !byte).to_vec())
}

/// §21.5: over the system interface all that are there, over the LAN none.
fn configurable(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let asked = Asked::read(request)?;
    Ok(asked.configurable(scene).to_vec())
}

/// §21.7. What cannot be switched on or off is refused with 80h, and then nothing changes.
fn enable(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const CANNOT: Completion = Completion(0x80);
    let (head, rest) = request.data.split_at_checked(3).ok_or(Completion::LENGTH_INVALID)?;
    let (wanted, group) = rest.split_first_chunk::<16>().ok_or(Completion::LENGTH_INVALID)?;
    let asked = Asked::read(&Request { data: &[head, group].concat(), ..*request })?;
    let (now, configurable) = (asked.enabled(scene), asked.configurable(scene));
    if (0..16).any(|place| (now[place] ^ wanted[place]) & !configurable[place] != 0) {
        return Err(CANNOT);
    }
    let off = &mut scene.kept.firewall.off;
    off.retain(|(netfn, group, number)| !asked.means(*netfn, *group, *number));
    off.extend(asked.numbers(&configurable).filter(|number| !has(wanted, *number)).map(|it| asked.key(it)));
    Ok(Vec::new())
}

/// §21.8: all that are there and not switched off.
fn enabled(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    Ok(Asked::read(request)?.enabled(scene).to_vec())
}

/// §21.4: which standard defines the command, and that no part of it is missing.
fn functions(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    /// IPMI itself, v2.0, revision 1.1.
    const DEFINED: [u8; 3] = [0x00, 0x20, 0x11];
    one(scene, request)?;
    Ok([&DEFINED[..], &[0; 4]].concat())
}

/// §21.6: none.
fn configurable_functions(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    one(scene, request)?;
    Ok([0; 4].to_vec())
}

/// §21.10: all.
fn enabled_functions(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    one(scene, request)?;
    Ok([0xFF; 4].to_vec())
}

/// Half of the commands of a network function: channel; half of the numbers and network function; unit; and, for network
/// functions of groups, the group's own bytes.
struct Asked {
    channel: Channel,
    half: u8,
    netfn: u8,
    group: Option<u8>,
    /// Whether it is the unit that has commands.
    first_unit: bool,
}

impl Asked {
    fn read(request: &Request<'_>) -> Result<Self, Completion> {
        let [channel, of, unit, rest @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
        let channel = request.channel(*channel)?;
        let (half, netfn) = (of >> 6, of & 0x3E);
        let group = group(netfn, rest)?;
        if half > 1 {
            return Err(Completion::INVALID_FIELD);
        }
        Ok(Self { channel, half, netfn, group, first_unit: unit & 0x03 == 0 })
    }

    fn there(&self, scene: &Scene<'_>) -> Mask {
        let rows = super::all().map(|row| (row.netfn, row.group, row.number));
        let own = scene.bmc.platform().own.iter().map(|own| (own.netfn, self.group, own.number));
        let mut mask = [0; 16];
        for (_, _, number) in rows.chain(own).filter(|it| self.first_unit && self.means(it.0, it.1, it.2)) {
            let place = usize::from(number & 0x7F);
            mask[place / 8] |= 1 << (place % 8);
        }
        mask
    }

    fn configurable(&self, scene: &Scene<'_>) -> Mask {
        if self.channel == Channel::System { self.there(scene) } else { [0; 16] }
    }

    fn enabled(&self, scene: &Scene<'_>) -> Mask {
        let mut mask = self.there(scene);
        for (_, _, number) in scene.kept.firewall.off.iter().filter(|it| self.means(it.0, it.1, it.2)) {
            let place = usize::from(number & 0x7F);
            mask[place / 8] &= if self.channel == Channel::System { !(1 << (place % 8)) } else { 0xFF };
        }
        mask
    }

    fn means(&self, netfn: u8, group: Option<u8>, number: u8) -> bool {
        (netfn, group, number >> 7) == (self.netfn, self.group, self.half)
    }

    fn numbers(&self, mask: &Mask) -> impl Iterator<Item = u8> {
        let (half, mask) = (self.half << 7, *mask);
        (0..128).map(move |place| half | place).filter(move |number| has(&mask, *number))
    }

    fn key(&self, number: u8) -> Key {
        (self.netfn, self.group, number)
    }
}

fn has(mask: &Mask, number: u8) -> bool {
    let place = usize::from(number & 0x7F);
    mask[place / 8] >> (place % 8) & 1 == 1
}

/// The one command that is asked for: channel, network function, unit, command, and the group's bytes.
fn one(scene: &Scene<'_>, request: &Request<'_>) -> Result<(), Completion> {
    let [channel, netfn, unit, number, rest @ ..] = request.data else {
        return Err(Completion::LENGTH_INVALID);
    };
    request.channel(*channel)?;
    let netfn = netfn & 0x3E;
    let group = group(netfn, rest)?;
    let is_row = super::all().any(|row| (row.netfn, row.number, row.group) == (netfn, *number, group));
    let is_own = scene.bmc.platform().own.iter().any(|own| (own.netfn, own.number) == (netfn, *number));
    if (is_row || is_own) && unit & 0x03 == 0 { Ok(()) } else { Err(Completion::INVALID_FIELD) }
}

/// One byte for the groups of network function 2Ch, three for the makers of 2Eh, none for others.
fn group(netfn: u8, rest: &[u8]) -> Result<Option<u8>, Completion> {
    match (netfn, rest) {
        (0x2C, [group]) => Ok(Some(*group)),
        (0x2E, [_, _, _]) => Ok(None),
        (0x2C | 0x2E, _) => Err(Completion::LENGTH_INVALID),
        (_, []) => Ok(None),
        _ => Err(Completion::LENGTH_INVALID),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::world::{IN_BAND, World};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_is_refused() {
        let mut world = World::new();
        world.only_takes((6, 0x09), &[0x0E], &[1]);
        let all_that_are_there = [&[0x0F, 0x2E, 0][..], &[0; 16], &[0; 3]].concat();
        world.only_takes((6, 0x60), &all_that_are_there, &[22]);
        for number in [0x0A, 0x0C, 0x61] {
            world.only_takes((6, number), &[0x0E, 0x06, 0], &[3]);
            world.only_takes((6, number), &[0x0E, 0x2C, 0, 0xDC], &[4]);
        }
        for number in [0x0B, 0x0D, 0x63] {
            world.only_takes((6, number), &[0x0E, 0x06, 0, 1], &[4]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_network_functions_are_those_of_the_rows() {
        let mut world = World::new();
        let said = world.ask((6, 0x09), &[0x0E]).unwrap();
        assert_eq!((said.len(), said[0]), (17, 1));
        for netfn in (0..0x40_u8).step_by(2) {
            let is_there = super::super::all().any(|row| row.netfn == netfn);
            let pair = usize::from(netfn / 2);
            assert_eq!(said[1 + pair / 8] >> (pair % 8) & 1 == 1, is_there, "{netfn:02x}");
        }
        assert_eq!(said[5..], [0; 12]);
        world.refuses((6, 0x09), &[0], 0, &[2, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_is_there_is_a_zero_and_is_enabled() {
        let mut world = World::new();
        let support = world.ask((6, 0x0A), &[0x0E, 0x00, 0]).unwrap();
        let enabled = world.ask((6, 0x61), &[0x0E, 0x00, 0]).unwrap();
        assert_eq!(support[0] & 0x07, 0);
        assert!(support.iter().zip(&enabled).all(|(one, other)| *one == !other));
        assert_eq!(world.ask((6, 0x0A), &[0x0E, 0x00, 1]).unwrap(), [0xFF; 16]);
        assert_eq!(world.ask((6, 0x0A), &[0x0E, 0x40, 0]).unwrap(), [0xFF; 16]);
        assert_eq!(world.ask((6, 0x0C), &[0x0E, 0x00, 0]).unwrap(), [0; 16]);
        world.refuses((6, 0x0A), &[0x0E, 0, 0], 1, &[0x80, 0xC0]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_part_of_a_command_is_missing() {
        let mut world = World::new();
        assert_eq!(world.ask((6, 0x0B), &[0x0E, 0x06, 0, 1]).unwrap(), [0, 0x20, 0x11, 0, 0, 0, 0]);
        assert_eq!(world.ask((6, 0x0D), &[0x0E, 0x06, 0, 1]).unwrap(), [0; 4]);
        assert_eq!(world.ask((6, 0x63), &[0x0E, 0x06, 0, 1]).unwrap(), [0xFF; 4]);
        world.refuses((6, 0x0B), &[0x0E, 0x06, 0, 1], 3, &[0x7E]);
    }

    const DEVICE_ID: (u8, u8) = (0x06, 0x01);

    fn set(channel: u8, enables: &[u8]) -> Vec<u8> {
        [&[channel, 0x06, 0], enables].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_switched_off_is_refused_to_the_host_alone_until_it_is_switched_on() {
        let mut world = World::new();
        assert_eq!(world.ask((6, 0x0C), &[0x0F, 0x06, 0]), world.ask((6, 0x61), &[0x0F, 0x06, 0]));
        let all = world.ask((6, 0x61), &[0x0F, 0x06, 0]).unwrap();
        let mut without = all.clone();
        without[0] &= !0x02;
        world.ask((6, 0x60), &set(0x0F, &without)).unwrap();
        assert_eq!(world.ask_as(IN_BAND, DEVICE_ID, &[]), Err(Completion::INSUFFICIENT_PRIVILEGE));
        assert_eq!(world.ask((6, 0x61), &[0x0F, 0x06, 0]).unwrap(), without);
        assert_eq!(world.ask((6, 0x61), &[0x01, 0x06, 0]).unwrap(), all);
        assert!(world.ask(DEVICE_ID, &[]).is_ok());
        assert!(world.ask_as(IN_BAND, (6, 0x37), &[]).is_ok());
        world.ask((6, 0x60), &set(0x0F, &all)).unwrap();
        assert!(world.ask_as(IN_BAND, DEVICE_ID, &[]).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_switched_off_stays_so_over_a_restart_of_the_bmc() {
        let mut world = World::new();
        world.ask((6, 0x60), &set(0x0F, &[0; 16])).unwrap();
        world.bmc.command(crate::machine::Command::BmcReset { warm: false }).unwrap();
        world.wait(200).await;
        assert_eq!(world.ask_as(IN_BAND, DEVICE_ID, &[]), Err(Completion::INSUFFICIENT_PRIVILEGE));
    }

    #[tokio::test(start_paused = true)]
    async fn the_commands_of_a_group_are_its_own() {
        let mut world = World::new();
        let dcmi = [&[0x0F, 0x2C, 0][..], &[0; 16], &[0xDC]].concat();
        world.ask((6, 0x60), &dcmi).unwrap();
        assert_eq!(world.ask_as(IN_BAND, (0x2C, 1), &[0xDC, 1]), Err(Completion::INSUFFICIENT_PRIVILEGE));
        assert!(world.ask((0x2C, 1), &[0xDC, 1]).is_ok() && world.ask_as(IN_BAND, DEVICE_ID, &[]).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn neither_the_lan_s_commands_nor_those_that_are_not_there_can_be_switched() {
        let mut world = World::new();
        let all = world.ask((6, 0x61), &[0x01, 0x06, 0]).unwrap();
        world.ask((6, 0x60), &set(0x01, &all)).unwrap();
        assert_eq!(world.ask((6, 0x60), &set(0x01, &[0; 16])), Err(Completion(0x80)));
        assert_eq!(world.ask((6, 0x60), &set(0x0F, &[0xFF; 16])), Err(Completion(0x80)));
        assert!(world.ask_as(IN_BAND, DEVICE_ID, &[]).is_ok());
    }
}
