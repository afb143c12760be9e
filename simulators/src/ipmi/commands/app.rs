//! Global commands of the BMC, and those of its messaging that are no session's (IPMI v2.0 §20, §22.1-22.9).

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};
use crate::machine::{Command, Power};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x06, 0x01), "Get Device ID", Need::Level(Privilege::User), device_id),
    Row::new((0x06, 0x02), "Cold Reset", Need::Level(Privilege::Administrator), cold_reset),
    Row::new((0x06, 0x03), "Warm Reset", Need::Level(Privilege::Administrator), warm_reset),
    Row::new((0x06, 0x04), "Get Self Test Results", Need::Level(Privilege::User), self_test),
    Row::new((0x06, 0x06), "Set ACPI Power State", Need::Level(Privilege::Administrator), set_acpi),
    Row::new((0x06, 0x07), "Get ACPI Power State", Need::Level(Privilege::User), acpi),
    Row::new((0x06, 0x08), "Get Device GUID", Need::Level(Privilege::User), device_guid),
    Row::new((0x06, 0x2E), "Set BMC Global Enables", Need::InBand, set_enables),
    Row::new((0x06, 0x2F), "Get BMC Global Enables", Need::Level(Privilege::User), enables),
    Row::new((0x06, 0x30), "Clear Message Flags", Need::InBand, clear_flags),
    Row::new((0x06, 0x31), "Get Message Flags", Need::InBand, flags),
    Row::new((0x06, 0x32), "Enable Message Channel Receive", Need::InBand, receive),
    Row::new((0x06, 0x33), "Get Message", Need::InBand, message),
    Row::new((0x06, 0x35), "Read Event Message Buffer", Need::InBand, event_message),
    Row::new((0x06, 0x37), "Get System GUID", Need::Nothing, system_guid),
    Row::new((0x06, 0x57), "Get System Interface Capabilities", Need::Level(Privilege::User), interface),
];

/// What is kept until the BMC restarts.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The global enables (§22.1).
    enables: u8,
    /// The ACPI states of the system and of the BMC, as they were set (§20.6).
    acpi: [Option<u8>; 2],
}

impl Default for Kept {
    fn default() -> Self {
        Self { enables: Self::LOGGING, acpi: [None; 2] }
    }
}

impl Kept {
    /// Events are written into the SEL.
    const LOGGING: u8 = 0x08;

    /// As after a restart of the BMC.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }
}

/// §20.1. Sensors, SDR repository, SEL, FRU inventory, receiver of events and chassis; device SDRs.
fn device_id(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const SUPPORT: u8 = 0x9F;
    const VERSION: u8 = 0x02;
    request.exactly::<0>()?;
    let platform = scene.bmc.platform();
    let (major, minor) = revision(&scene.look.view.id.bmc_firmware);
    let [maker @ .., _] = platform.maker.to_le_bytes();
    let [first, second] = platform.product.to_le_bytes();
    let said = [platform.device, 0x80 | platform.revision, major & 0x7F, minor, VERSION, SUPPORT];
    Ok([&said[..], &maker, &[first, second], &platform.auxiliary].concat())
}

/// The firmware's version as IPMI says it: a major number, and a minor one in BCD. They are those with a dot between them:
/// `iLO 5 v2.78` is 2.78.
fn revision(text: &str) -> (u8, u8) {
    let mut words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    let version = words.find(|word| word.contains(char::is_numeric) && word.contains('.')).unwrap_or(text);
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse::<u8>().ok());
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0) % 100);
    (major, minor / 10 * 16 + minor % 10)
}

/// §20.2.
fn cold_reset(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    reset(scene, request, false)
}

/// §20.3.
fn warm_reset(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    reset(scene, request, true)
}

/// The answer is on its way before the BMC is gone; every session ends with it.
fn reset(scene: &Scene<'_>, request: &Request<'_>, warm: bool) -> Reply {
    request.exactly::<0>()?;
    scene.carry_out(Command::BmcReset { warm })?;
    Ok(Vec::new())
}

/// §20.4: everything passed.
fn self_test(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(vec![0x55, 0x00])
}

/// §20.6. A state is taken over where its highest bit says so; 7Fh means no change.
fn set_acpi(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [system, device] = request.exactly()?;
    let wanted = |byte: u8| (byte & 0x80 != 0 && byte & 0x7F != 0x7F).then_some(byte & 0x7F);
    let is_system = |it| matches!(it, 0x00..=0x0A | 0x20 | 0x21 | 0x2A);
    let is_device = |it| matches!(it, 0x00..=0x03 | 0x2A);
    let (system, device) = (wanted(system), wanted(device));
    if !system.is_none_or(is_system) || !device.is_none_or(is_device) {
        return Err(Completion::INVALID_FIELD);
    }
    let kept = &mut scene.kept.app.acpi;
    *kept = [system.or(kept[0]), device.or(kept[1])];
    Ok(Vec::new())
}

/// §20.7. A host without power is in S5, whatever it said before.
fn acpi(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const S0: u8 = 0x00;
    const S5: u8 = 0x05;
    request.exactly::<0>()?;
    let [system, device] = scene.kept.app.acpi;
    let system = match scene.look.view.power {
        Power::Off | Power::PoweringOn => S5,
        Power::On | Power::PoweringOff => system.unwrap_or(S0),
    };
    Ok(vec![system, device.unwrap_or(0)])
}

/// §20.8: the BMC's own, as Redfish shows it of the manager.
fn device_guid(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok((scene.look.manners.guid)(scene.look.view.id.bmc_uuid()).to_vec())
}

/// §22.14: the system's, which Redfish shows as its UUID.
fn system_guid(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok((scene.look.manners.guid)(scene.look.view.id.uuid).to_vec())
}

/// §22.1.
fn set_enables(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [to] = request.exactly()?;
    scene.kept.app.enables = to & 0xEF;
    Ok(Vec::new())
}

/// §22.2.
fn enables(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(vec![scene.kept.app.enables])
}

/// The watchdog has warned (§22.4).
const WARNED: u8 = 0x08;

/// §22.3. Queues are always empty.
fn clear_flags(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [which] = request.exactly()?;
    if which & WARNED != 0 {
        scene.machine(|machine, _| machine.clear_warning());
    }
    Ok(Vec::new())
}

/// §22.4.
fn flags(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let warned = scene.machine(|machine, _| machine.watchdog().warned);
    Ok(vec![if warned { WARNED } else { 0 }])
}

/// §22.5: a channel, and whether to enable it, to disable it, or to say how it is. The LAN has no messages for the host.
fn receive(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, what] = request.exactly()?;
    request.lan(channel)?;
    match what & 0x03 {
        0 | 2 => Ok(vec![channel & 0x0F, 0]),
        _ => Err(Completion::INVALID_FIELD),
    }
}

/// §22.6: the queue is empty.
fn message(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Err(Completion(0x80))
}

/// §22.8: the buffer is empty.
fn event_message(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Err(Completion(0x80))
}

/// §22.9: a KCS interface of version 1 that takes 255 bytes.
fn interface(_: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const KCS: u8 = 1;
    let [which] = request.exactly()?;
    match which & 0x0F {
        KCS => Ok(vec![0, 0, 0xFF]),
        _ => Err(Completion::INVALID_FIELD),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::world::{IN_BAND, World};
    use super::*;
    use crate::machine::Event;

    #[test]
    fn a_version_is_said_in_bcd() {
        assert_eq!(revision("7.12.30"), (7, 0x12));
        assert_eq!(revision("iLO 5 v2.78"), (2, 0x78));
        assert_eq!(revision("TGBT42S 2.83 2023-07-05"), (2, 0x83));
        assert_eq!(revision("build 7"), (7, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn every_wrong_length_is_refused() {
        let mut world = World::new();
        for (number, length) in [
            (0x01, 0),
            (0x02, 0),
            (0x03, 0),
            (0x04, 0),
            (0x06, 2),
            (0x07, 0),
            (0x08, 0),
            (0x2F, 0),
            (0x37, 0),
            (0x57, 1),
        ] {
            world.only_takes((6, number), &vec![0; length], &[length]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_device_is_said_as_the_platform_has_it() {
        let mut world = World::new();
        let said = world.ask((6, 1), &[]).unwrap();
        assert_eq!(said.len(), 15);
        assert_eq!(said[2..6], [1, 0x12, 0x02, 0x9F]);
        assert_eq!(world.ask((6, 4), &[]).unwrap(), [0x55, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_restarts_the_bmc_and_not_the_host() {
        for (number, power) in [(0x02, Power::On), (0x03, Power::On)] {
            let mut world = World::new();
            world.bmc.control().establish_power(power);
            world.ask((6, number), &[]).unwrap();
            assert!(!world.bmc.is_up());
            world.wait(200).await;
            let names: Vec<_> = world.bmc.control().events_from(0);
            let is = |name: &str| names.iter().any(|it: &Event| it.name == name);
            assert!(is("bmc.reset") && is("bmc.ready") && !is("host.reset") && !is("power.off"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_acpi_state_follows_the_power_and_who_says_otherwise() {
        let mut world = World::new();
        assert_eq!(world.ask((6, 7), &[]).unwrap(), [5, 0]);
        world.bmc.control().establish_power(Power::On);
        assert_eq!(world.ask((6, 7), &[]).unwrap(), [0, 0]);
        world.ask((6, 6), &[0x83, 0x81]).unwrap();
        world.ask((6, 6), &[0x7F, 0xFF]).unwrap();
        world.ask((6, 6), &[0x02, 0x02]).unwrap();
        assert_eq!(world.ask((6, 7), &[]).unwrap(), [3, 1]);
        world.refuses((6, 6), &[0x80, 0x80], 0, &[0x8B, 0xA2]);
        world.refuses((6, 6), &[0x80, 0x80], 1, &[0x84]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_device_guid_has_the_mac_address_in_front() {
        let mut world = World::new();
        let mut mac = world.bmc.view().id.mac;
        mac.reverse();
        assert_eq!(world.ask((6, 8), &[]).unwrap()[..6], mac);
        let mut uuid = world.bmc.view().id.uuid;
        uuid.reverse();
        assert_eq!(world.ask((6, 0x37), &[]).unwrap(), uuid);
    }

    #[tokio::test(start_paused = true)]
    async fn messages_are_for_the_host_alone() {
        let mut world = World::new();
        for number in [0x2E, 0x30, 0x31, 0x32, 0x33, 0x35] {
            assert_eq!(world.ask((6, number), &[]), Err(Completion::INSUFFICIENT_PRIVILEGE), "{number:02x}");
        }
        assert_eq!(world.ask_as(IN_BAND, (6, 0x31), &[]).unwrap(), [0]);
        assert_eq!(world.ask_as(IN_BAND, (6, 0x32), &[1, 2]).unwrap(), [1, 0]);
        assert_eq!(world.ask_as(IN_BAND, (6, 0x32), &[3, 2]), Err(Completion::INVALID_FIELD));
        for number in [0x33, 0x35] {
            assert_eq!(world.ask_as(IN_BAND, (6, number), &[]), Err(Completion(0x80)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn global_enables_are_kept_until_the_bmc_restarts() {
        let mut world = World::new();
        assert_eq!(world.ask((6, 0x2F), &[]).unwrap(), [0x08]);
        world.ask_as(IN_BAND, (6, 0x2E), &[0x0F]).unwrap();
        assert_eq!(world.ask((6, 0x2F), &[]).unwrap(), [0x0F]);
        world.bmc.command(Command::BmcReset { warm: true }).unwrap();
        world.wait(200).await;
        assert_eq!(world.ask((6, 0x2F), &[]).unwrap(), [0x08]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_system_interface_is_kcs() {
        let mut world = World::new();
        assert_eq!(world.ask((6, 0x57), &[1]).unwrap(), [0, 0, 0xFF]);
        world.refuses((6, 0x57), &[0], 0, &[0, 2, 15]);
    }
}
