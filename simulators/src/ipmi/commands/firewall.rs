//! What commands there are, from the rows themselves (IPMI v2.0 §21, firmware firewall). Nothing can be switched off: no command is
//! configurable, all are enabled, and the commands that would set this are not there.

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
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
    let there = there(scene, request)?;
    Ok(there.map(|byte| !byte).to_vec())
}

/// §21.5: none.
fn configurable(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    there(scene, request)?;
    Ok([0; 16].to_vec())
}

/// §21.8: all that are there.
fn enabled(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    Ok(there(scene, request)?.to_vec())
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

/// The commands that are there of those that are asked for: channel; half of the numbers and network function; unit; and, for
/// network functions of groups, the group's own bytes.
fn there(scene: &Scene<'_>, request: &Request<'_>) -> Result<Mask, Completion> {
    let [channel, of, unit, rest @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    request.channel(*channel)?;
    let (half, netfn) = (of >> 6, of & 0x3E);
    let group = group(netfn, rest)?;
    if half > 1 {
        return Err(Completion::INVALID_FIELD);
    }
    let rows = super::all().filter(|row| row.netfn == netfn && row.group == group).map(|row| row.number);
    let own = scene.bmc.platform().own.iter().filter(|own| own.netfn == netfn).map(|own| own.number);
    let mut mask = [0; 16];
    for number in rows.chain(own).filter(|number| number >> 7 == half && unit & 0x03 == 0) {
        let place = usize::from(number & 0x7F);
        mask[place / 8] |= 1 << (place % 8);
    }
    Ok(mask)
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
    use super::super::super::world::World;

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_is_refused() {
        let mut world = World::new();
        world.only_takes((6, 0x09), &[0x0E], &[1]);
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
}
