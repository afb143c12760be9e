//! Chassis commands (IPMI v2.0 §28); boot options are in [`super::boot`].

use super::super::{
    command::{Channel, Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
};
use crate::{
    machine::{Cause, Command, Led, Power, Restore},
    sensors::{Around, Kind, Sensor, Unit},
};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x00, 0x00), "Get Chassis Capabilities", Need::Level(Privilege::User), capabilities),
    Row::new((0x00, 0x01), "Get Chassis Status", Need::Level(Privilege::User), status),
    Row::new((0x00, 0x02), "Chassis Control", Need::Level(Privilege::Operator), control),
    Row::new((0x00, 0x04), "Chassis Identify", Need::Level(Privilege::Operator), identify),
    Row::new(
        (0x00, 0x05),
        "Set Chassis Capabilities",
        Need::Level(Privilege::Administrator),
        set_capabilities,
    ),
    Row::new((0x00, 0x06), "Set Power Restore Policy", Need::Level(Privilege::Operator), restore),
    Row::new((0x00, 0x07), "Get System Restart Cause", Need::Level(Privilege::User), restart_cause),
    Row::new((0x00, 0x0A), "Set Front Panel Button Enables", Need::Level(Privilege::Administrator), buttons),
    Row::new((0x00, 0x0B), "Set Power Cycle Interval", Need::Level(Privilege::Administrator), cycle_interval),
    Row::new((0x00, 0x0F), "Get POH Counter", Need::Level(Privilege::User), hours),
];

/// What is kept: the capabilities for ever, the rest until the BMC restarts.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Flags, and the addresses of FRU, SDR, SEL, system management and bridge (table 28-2).
    capabilities: [u8; 6],
    /// The buttons of the front panel that are switched off, as bits: power, reset, diagnostic interrupt, standby.
    buttons: u8,
    /// Where the last Chassis Control came from.
    controlled: Channel,
}

impl Default for Kept {
    /// A diagnostic interrupt and a panel that can be locked; everything is the BMC's own, at 20h.
    fn default() -> Self {
        Self { capabilities: [0x06, 0x20, 0x20, 0x20, 0x20, 0x20], buttons: 0, controlled: Channel::Lan }
    }
}

impl Kept {
    /// As after a restart of the BMC; the machine has its own memory of the power button.
    pub(crate) fn restart(&mut self) {
        *self = Self { capabilities: self.capabilities, buttons: self.buttons, ..Self::default() };
    }
}

/// §28.1.
fn capabilities(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    Ok(scene.kept.chassis.capabilities.to_vec())
}

/// §28.7; the bridge's address need not be said.
fn set_capabilities(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    if !matches!(request.data.len(), 5 | 6) {
        return Err(Completion::LENGTH_INVALID);
    }
    let kept = &mut scene.kept.chassis.capabilities;
    kept[..request.data.len()].copy_from_slice(request.data);
    kept[0] &= 0x0F;
    Ok(Vec::new())
}

/// §28.2, with the fourth byte: what the front panel can and does.
fn status(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const SHOWS_IDENTIFY: u8 = 0x40;
    const CAN_LOCK: u8 = 0xF0;
    request.exactly::<0>()?;
    let view = &scene.look.view;
    let is_on = matches!(view.power, Power::On | Power::PoweringOff);
    let policy = match view.restore {
        Restore::StayOff => 0,
        Restore::Previous => 1,
        Restore::PowerOn => 2,
    };
    let (past, light_ends) = scene.machine(|machine, _| (*machine.past(), machine.light_ends()));
    let light = match view.led {
        Led::Unlit => 0,
        _ if light_ends => 1,
        _ => 2,
    };
    let off = scene.kept.chassis.buttons;
    let is_locked = off & 0x03 == 0x03;
    Ok(vec![
        u8::from(is_on) | policy << 5,
        u8::from(past.lost_ac) | u8::from(past.on_by_command) << 4,
        SHOWS_IDENTIFY | light << 4 | u8::from(is_locked) << 1 | troubles(scene),
        CAN_LOCK | off,
    ])
}

/// The bits of table 28-3 for what sensors tell: a cover that is open, a fan that is at or beyond a threshold.
fn troubles(scene: &Scene<'_>) -> u8 {
    const INTRUSION: u8 = 0x01;
    const FAN: u8 = 0x08;
    const COVER: u8 = 0x05;
    let written = scene.bmc.written();
    if written.given().is_empty() {
        return 0;
    }
    let tree = &scene.look.tree;
    let around = Around { tree, view: &scene.look.view, written: &written };
    let trouble = |sensor: &Sensor| match &sensor.kind {
        Kind::Analog(analog) if analog.unit.sensor_type() == Unit::Rpm.sensor_type() => {
            let value = analog.value(sensor.number, around)?;
            (analog.beyond(value, &written) != 0).then_some(FAN)
        }
        Kind::Discrete(discrete) if discrete.type_ == COVER => {
            let states = discrete.states(sensor.number, tree.sensors(), around)?;
            (states & 1 != 0).then_some(INTRUSION)
        }
        _ => None,
    };
    tree.sensors().all().iter().filter_map(trouble).fold(0, |bits, bit| bits | bit)
}

/// §28.3. What needs power and has none is D5h.
fn control(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [what] = request.exactly()?;
    let command = match what & 0x0F {
        0 => Command::PowerOff,
        1 => Command::PowerOn,
        2 => Command::Cycle,
        3 => Command::Reset,
        4 => Command::Nmi,
        5 => Command::Shutdown,
        _ => return Err(Completion::INVALID_FIELD),
    };
    scene.carry_out(command)?;
    scene.machine(|machine, now| machine.wait_again(now));
    scene.kept.chassis.controlled = request.caller.channel;
    Ok(Vec::new())
}

/// §28.5: 15 s where nothing is said, 0 s is off, and a light that is forced on stays.
fn identify(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let (seconds, forced) = match *request.data {
        [] => (15, false),
        [seconds] => (seconds, false),
        [seconds, force] => (seconds, force & 1 == 1),
        _ => return Err(Completion::LENGTH_INVALID),
    };
    let (led, lasting) = match seconds {
        _ if forced => (Led::Lit, None),
        0 => (Led::Unlit, None),
        seconds => (Led::Lit, Some(scene.seconds(seconds))),
    };
    scene.carry_out(Command::SetLed { led, lasting })?;
    Ok(Vec::new())
}

/// §28.8; answers which policies there are: all three.
fn restore(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const ALL: u8 = 0x07;
    let [policy] = request.exactly()?;
    let to = match policy & 0x07 {
        0 => Some(Restore::StayOff),
        1 => Some(Restore::Previous),
        2 => Some(Restore::PowerOn),
        3 => None,
        _ => return Err(Completion::INVALID_FIELD),
    };
    to.into_iter().for_each(|to| scene.machine(|machine, _| machine.set_restore(to)));
    Ok(vec![ALL])
}

/// §28.11, with the channel by which it was asked for.
fn restart_cause(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    request.exactly::<0>()?;
    let cause = match scene.machine(|machine, _| machine.past().started_by) {
        Cause::Unknown => 0,
        Cause::Command => 1,
        Cause::PowerButton => 3,
        Cause::Watchdog => 4,
        Cause::AlwaysRestored => 6,
        Cause::PreviousRestored => 7,
    };
    Ok(vec![cause, scene.kept.chassis.controlled.number()])
}

/// §28.6: bits of those that do not work any more. The machine has a power button; the others are remembered.
fn buttons(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [off] = request.exactly()?;
    scene.kept.chassis.buttons = off & 0x0F;
    scene.machine(|machine, _| machine.set_button(off & 1 == 0));
    Ok(Vec::new())
}

/// §28.9: whole seconds that a cycle stays off.
fn cycle_interval(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [seconds] = request.exactly()?;
    let pause = scene.seconds(seconds);
    scene.machine(|machine, _| machine.set_cycle_pause(pause));
    Ok(Vec::new())
}

/// §28.14: counts of 60 minutes.
fn hours(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    const MINUTES: u8 = 60;
    request.exactly::<0>()?;
    let powered = scene.machine(|machine, now| machine.past().powered(now));
    let hour = scene.seconds(3600_u32).as_nanos().max(1);
    let count = u32::try_from(powered.as_nanos() / hour).unwrap_or(u32::MAX);
    Ok([&[MINUTES][..], &count.to_le_bytes()].concat())
}

#[cfg(test)]
mod tests;
