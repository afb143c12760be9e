//! Channels (IPMI v2.0 §22.22-22.24): the LAN, channel 1, and the system interface, channel Fh.
//!
//! Whether the LAN can be used at all is what Redfish shows as `IPMI.ProtocolEnabled` of the manager's network protocol.

use serde_json::json;

use super::super::{
    command::{Channel, Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};
use crate::{
    bmc::{Bmc, Glance},
    redfish::Tree,
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x40), "Set Channel Access", Need::Level(Privilege::Administrator), set_access),
    Row::new((0x06, 0x41), "Get Channel Access", Need::Level(Privilege::User), access),
    Row::new((0x06, 0x42), "Get Channel Info", Need::Level(Privilege::User), info),
];

const DISABLED: u8 = 0;
const ALWAYS: u8 = 2;

/// What is kept of the LAN: what holds now, and what holds after a restart of the BMC.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kept {
    now: Access,
    later: Access,
    /// Whether the LAN can be used now, where this is not what Redfish shows.
    open: Option<bool>,
}

/// How the LAN may be used (table 22-28).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// Bits: alerts are off (5), packets of a session need no authentication (4), nor does a user's level (3).
    bits: u8,
    /// The most that a session can do.
    pub(crate) limit: Privilege,
}

impl Default for Access {
    fn default() -> Self {
        Self { bits: Self::NO_ALERTS, limit: Privilege::Administrator }
    }
}

impl Access {
    const NO_ALERTS: u8 = 0x20;
    const ALL: u8 = 0x38;

    /// Whether each packet of a session must be authenticated (§6.11.4).
    pub(crate) const fn each_packet(self) -> bool {
        self.bits & 0x10 == 0
    }
}

impl Kept {
    /// As after a restart of the BMC.
    pub(crate) fn restart(&mut self) {
        self.now = self.later;
        self.open = None;
    }

    /// How the LAN may be used now.
    pub(crate) fn access(&self) -> Access {
        self.now
    }

    /// Whether anybody may come in by the LAN now.
    pub(crate) fn is_open(&self, bmc: &Bmc, tree: &Tree) -> bool {
        self.open.unwrap_or_else(|| shown_open(bmc, tree))
    }
}

/// Whether anybody may come in by the LAN of this BMC now.
pub(crate) fn is_open(bmc: &Bmc, glance: &Glance) -> bool {
    let mut kept = bmc.ipmi();
    kept.follow(glance.ready_since);
    kept.channels.is_open(bmc, &glance.tree)
}

const PROTOCOL: &str = "ManagerNetworkProtocol";
const ENABLED: &str = "/IPMI/ProtocolEnabled";

/// What Redfish shows; where it says nothing, IPMI is on.
fn shown_open(bmc: &Bmc, tree: &Tree) -> bool {
    let written = bmc.written();
    let protocol = if written.is_empty() { None } else { tree.first(PROTOCOL) };
    let written = protocol.and_then(|it| written.at(&it.path, ENABLED)?.as_bool());
    written.unwrap_or_else(|| tree.offers_ipmi())
}

fn show_open(bmc: &Bmc, tree: &Tree, open: bool) {
    if let Some(protocol) = tree.first(PROTOCOL) {
        bmc.written().keep(&protocol.path, ENABLED, json!(open));
    }
}

/// What is to be changed: 00 nothing, 01 what holds after a restart, 10 what holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Neither,
    Later,
    Now,
}

impl Which {
    fn of(byte: u8) -> Result<Self, Completion> {
        match byte >> 6 {
            0 => Ok(Self::Neither),
            1 => Ok(Self::Later),
            2 => Ok(Self::Now),
            _ => Err(Completion::INVALID_FIELD),
        }
    }
}

/// §22.22. A channel without sessions is refused with 82h, a way to use the LAN that it does not know with 83h.
fn set_access(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, access, limit] = request.exactly()?;
    if request.channel(channel)? == Channel::System {
        return Err(Completion(0x82));
    }
    let (which, which_limit) = (Which::of(access)?, Which::of(limit)?);
    let open = match access & 0x07 {
        _ if which == Which::Neither => true,
        DISABLED => false,
        ALWAYS => true,
        _ => return Err(Completion(0x83)),
    };
    let limit = match limit & 0x0F {
        _ if which_limit == Which::Neither => Privilege::Administrator,
        number => Privilege::from_number(number).ok_or(Completion::INVALID_FIELD)?,
    };
    use_as(scene, which, access & Access::ALL, open);
    match which_limit {
        Which::Neither => {}
        Which::Later => scene.kept.channels.later.limit = limit,
        Which::Now => scene.kept.channels.now.limit = limit,
    }
    Ok(Vec::new())
}

/// What Redfish shows is what holds after a restart; what holds now may differ until then.
fn use_as(scene: &mut Scene<'_>, which: Which, bits: u8, open: bool) {
    let shown = shown_open(scene.bmc, &scene.look.tree);
    let kept = &mut scene.kept.channels;
    match which {
        Which::Neither => {}
        Which::Later => {
            kept.later.bits = bits;
            let now = kept.open.unwrap_or(shown);
            kept.open = (now != open).then_some(now);
            show_open(scene.bmc, &scene.look.tree, open);
        }
        Which::Now => {
            kept.now.bits = bits;
            kept.open = (shown != open).then_some(open);
        }
    }
}

/// §22.23.
fn access(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, which] = request.exactly()?;
    if request.channel(channel)? == Channel::System {
        return Err(Completion(0x82));
    }
    let kept = scene.kept.channels;
    let (access, open) = match Which::of(which)? {
        Which::Later => (kept.later, shown_open(scene.bmc, &scene.look.tree)),
        Which::Now => (kept.now, kept.is_open(scene.bmc, &scene.look.tree)),
        Which::Neither => return Err(Completion::INVALID_FIELD),
    };
    let mode = if open { ALWAYS } else { DISABLED };
    Ok(vec![access.bits | mode, access.limit.number()])
}

/// §22.24: medium, protocol, sessions and how many are open, who defines the protocol, and interrupts of a system interface.
fn info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const LAN: u8 = 0x04;
    const SYSTEM: u8 = 0x0C;
    const IPMB: u8 = 0x01;
    const KCS: u8 = 0x05;
    const MANY_SESSIONS: u8 = 0x80;
    /// The IPMI promoters, 7154.
    const DEFINED: [u8; 3] = [0xF2, 0x1B, 0x00];
    const NO_INTERRUPT: u8 = 0xFF;
    let [channel] = request.exactly()?;
    let channel = request.channel(channel)?;
    let (medium, protocol, sessions, rest) = match channel {
        Channel::Lan => (LAN, IPMB, MANY_SESSIONS | (scene.sessions.list().len() as u8 & 0x3F), [0, 0]),
        Channel::System => (SYSTEM, KCS, 0, [NO_INTERRUPT, NO_INTERRUPT]),
    };
    Ok([&[channel.number(), medium, protocol, sessions][..], &DEFINED, &rest].concat())
}

#[cfg(test)]
mod tests {
    use super::super::super::world::{IN_BAND, World};
    use super::*;
    use crate::machine::Command;

    const SET: (u8, u8) = (0x06, 0x40);
    const GET: (u8, u8) = (0x06, 0x41);
    const INFO: (u8, u8) = (0x06, 0x42);

    fn is_open(world: &World) -> bool {
        let tree = world.bmc.look().tree;
        world.bmc.ipmi().channels.is_open(&world.bmc, &tree)
    }

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_and_value_is_refused() {
        let mut world = World::new();
        world.only_takes(SET, &[1, 0, 0], &[3]);
        world.only_takes(GET, &[1, 0x80], &[2]);
        world.only_takes(INFO, &[1], &[1]);
        world.refuses(GET, &[1, 0x80], 0, &[0, 2, 7, 0x0D]);
        world.refuses(GET, &[1, 0x80], 1, &[0x00, 0xC0]);
        world.refuses(SET, &[1, 0, 0], 1, &[0xC2]);
        world.refuses(SET, &[1, 0, 0], 2, &[0x80, 0x86, 0xC4]);
        world.refuses(INFO, &[1], 0, &[0, 2, 7]);
        for mode in [1, 3, 4] {
            assert_eq!(world.ask(SET, &[1, 0x80 | mode, 0]), Err(Completion(0x83)));
        }
        for channel in [0x0F, 0xFF] {
            assert_eq!(world.ask(SET, &[channel, 0x82, 0]), Err(Completion(0x82)));
            assert_eq!(world.ask(GET, &[channel, 0x80]), Err(Completion(0x82)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn channels_say_what_they_are() {
        let mut world = World::new();
        let lan = [1, 4, 1, 0x80, 0xF2, 0x1B, 0, 0, 0];
        let system = [15, 12, 5, 0, 0xF2, 0x1B, 0, 0xFF, 0xFF];
        assert_eq!(world.ask(INFO, &[0x0E]).unwrap(), lan);
        assert_eq!(world.ask(INFO, &[1]).unwrap(), lan);
        assert_eq!(world.ask_as(IN_BAND, INFO, &[0x0E]).unwrap(), system);
    }

    #[tokio::test(start_paused = true)]
    async fn what_holds_now_is_over_when_the_bmc_restarts() {
        let mut world = World::new();
        assert_eq!(world.ask(GET, &[1, 0x80]).unwrap(), [0x22, 4]);
        world.ask(SET, &[1, 0x92, 0x83]).unwrap();
        assert_eq!(world.ask(GET, &[1, 0x80]).unwrap(), [0x12, 3]);
        assert_eq!(world.ask(GET, &[1, 0x40]).unwrap(), [0x22, 4]);
        assert!(!world.bmc.ipmi().channels.access().each_packet());
        world.ask(SET, &[1, 0x4A, 0x42]).unwrap();
        world.bmc.command(Command::BmcReset { warm: false }).unwrap();
        world.wait(200).await;
        assert_eq!(world.ask(GET, &[1, 0x80]).unwrap(), [0x0A, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lan_that_is_off_is_off_in_redfish_too() {
        let mut world = World::new();
        assert!(is_open(&world));
        world.ask(SET, &[1, 0x60, 0]).unwrap();
        assert!(is_open(&world));
        assert!(!shown_open(&world.bmc, &world.bmc.look().tree));
        world.ask(SET, &[1, 0xA0, 0]).unwrap();
        assert!(!is_open(&world));
        show_open(&world.bmc, &world.bmc.look().tree, true);
        assert!(is_open(&world));
        assert_eq!(world.ask(GET, &[1, 0x80]).unwrap()[0], 0x22);
    }
}
