//! What the BMC's firmware makes of its machine: what it shows, and what it does with what it is asked.
//!
//! The faces read a [`View`] and send [`Command`]s; both pass through the named deviations. Pure, like the machine.

use std::{sync::Arc, time::Duration};

use crate::{
    deviations::{Deviation, UnknownDeviation, named},
    ipmi::Manners,
    machine::{Command, Host, HostAct, Id, Led, Machine, Override, Power, Refusal, Restore, Rules},
    profile::Resources,
    redfish::{Policy, Tree, clock::BIRTH},
    updates::Updates,
};

/// What the firmware says. A face shows this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The power state.
    pub power: Power,
    /// What runs on the host, as far as the firmware knows.
    pub host: Host,
    /// The boot override.
    pub override_: Option<Override>,
    /// The identify light.
    pub led: Led,
    /// Who the machine is.
    pub id: Arc<Id>,
    /// The BMC's clock, in seconds since 1970.
    pub clock: i64,
    /// When the host was last reset, by the BMC's clock.
    pub last_reset: i64,
    /// When the BMC itself was last reset, by its clock.
    pub last_bmc_reset: i64,
    /// What happens when AC power is back.
    pub restore: Restore,
    /// Whether the BMC answers at all.
    pub bmc_up: bool,
    /// For how long the host has had power in all.
    pub powered: Duration,
    /// How old the machine is.
    pub age: Duration,
}

/// What a deviation may know of the situation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// The time since the machine's birth.
    pub(crate) now: Duration,
    /// What one second of the real world is here.
    pub(crate) second: Duration,
    /// The host's power, in truth.
    pub(crate) power: Power,
    /// What runs on the host, in truth.
    pub(crate) host: Host,
    /// The identify light, in truth.
    pub(crate) led: Led,
    /// How often the host has started POST.
    pub(crate) restarts: u32,
    /// Since when the host is off, if it was on before.
    pub(crate) off_since: Option<Duration>,
    /// When the host last started POST.
    pub(crate) last_reset: Duration,
    /// Since when the BMC is back from its own restart, if there was one.
    pub(crate) ready_since: Option<Duration>,
    /// How often somebody looked.
    pub(crate) reads: u32,
    /// The last power command that was not refused.
    pub(crate) last_power: Option<Command>,
}

/// What a deviation makes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Nothing: it goes on as it is.
    Pass,
    /// It is accepted and forgotten.
    Pretend,
    /// Another one goes on in its place.
    Instead(Command),
    /// Two go to the machine in its place.
    Both(Command, Command),
    /// It goes on, and the host makes no progress from then on.
    Hang(Command),
    /// It is refused.
    Refuse(Refusal),
}

/// A machine and what its firmware makes of it.
#[derive(Debug)]
pub(crate) struct Firmware {
    pub(crate) machine: Machine,
    /// Software that is on its way.
    pub(crate) updates: Updates,
    second: Duration,
    deviations: Vec<&'static Deviation>,
    policy: Policy,
    manners: Manners,
    platform: Resources,
    resources: Resources,
    /// What the BMC's clock is ahead of the machine's birth and age.
    clock_ahead: i64,
    /// When the host and the BMC were last reset, and what the clock said then: a moment that was written down stays what it
    /// is when the clock is set.
    noted: [(Duration, i64); 2],
    reads: u32,
    last_power: Option<Command>,
}

impl Firmware {
    /// Firmware without a fault. A deviation's seconds are multiplied by `time_scale`.
    pub(crate) fn new(machine: Machine, platform: Resources, time_scale: f64) -> Self {
        Self {
            machine,
            updates: Updates::default(),
            second: Duration::from_secs(1).mul_f64(time_scale),
            deviations: Vec::new(),
            policy: Policy::default(),
            manners: Manners::default(),
            resources: platform.clone(),
            platform,
            clock_ahead: 0,
            noted: [(Duration::ZERO, BIRTH); 2],
            reads: 0,
            last_power: None,
        }
    }

    /// Replaces the deviations by these, each once; where one is unknown, nothing changes.
    pub(crate) fn deviate<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), UnknownDeviation> {
        let mut found: Vec<&'static Deviation> = Vec::new();
        for deviation in names.into_iter().map(named) {
            let deviation = deviation?;
            if found.iter().all(|it| it.name != deviation.name) {
                found.push(deviation);
            }
        }
        self.deviations = found;
        let mut rules = Rules::default();
        let mut policy = Policy::default();
        let mut manners = Manners::default();
        for deviation in &self.deviations {
            deviation.rules.iter().for_each(|change| change(&mut rules));
            deviation.policy.iter().for_each(|change| change(&mut policy));
            deviation.manners.iter().for_each(|change| change(&mut manners));
        }
        self.machine.set_rules(rules);
        self.policy = policy;
        self.manners = manners;
        self.resources = self.platform.deviated(&self.deviations);
        Ok(())
    }

    /// Lets everything happen that is due.
    pub(crate) fn advance(&mut self, now: Duration) {
        self.machine.advance(now);
        self.updates.settle(&mut self.machine, now);
    }

    /// When something happens next, if anything is going to.
    pub(crate) fn next_event(&self) -> Option<Duration> {
        let (one, other) = (self.machine.next_event(), self.updates.next());
        one.into_iter().chain(other).min()
    }

    /// What the firmware shows now.
    pub(crate) fn view(&mut self, now: Duration) -> View {
        self.machine.advance(now);
        self.note_resets();
        let facts = self.facts(now);
        self.reads = self.reads.wrapping_add(1);
        let mut view = View {
            power: self.machine.power(),
            host: self.machine.host(),
            override_: self.machine.override_(),
            led: self.machine.led(),
            id: self.machine.id().clone(),
            clock: self.clock(now),
            last_reset: self.noted[0].1,
            last_bmc_reset: self.noted[1].1,
            restore: self.machine.restore(),
            bmc_up: self.machine.bmc_up(),
            powered: self.machine.past().powered(now),
            age: now,
        };
        self.deviations.iter().filter_map(|it| it.view).for_each(|change| change(&mut view, &facts));
        view
    }

    /// What the firmware does with a command.
    pub(crate) fn command(&mut self, command: Command, now: Duration) -> Result<(), Refusal> {
        self.machine.advance(now);
        if !self.machine.bmc_up() {
            return Err(Refusal::BmcDown);
        }
        let result = self.carry_out(command, now);
        if is_power(command) && matches!(result, Ok(()) | Err(Refusal::AlreadyThere)) {
            self.last_power = Some(command);
        }
        result
    }

    fn carry_out(&mut self, mut command: Command, now: Duration) -> Result<(), Refusal> {
        let facts = self.facts(now);
        for rule in self.deviations.iter().filter_map(|it| it.command) {
            match rule(command, &facts) {
                Ruling::Pass => {}
                Ruling::Instead(other) => command = other,
                Ruling::Pretend => return Ok(()),
                Ruling::Refuse(refusal) => return Err(refusal),
                Ruling::Hang(other) => {
                    self.machine.command(other, now)?;
                    self.machine.act(HostAct::HangBoot, now);
                    return Ok(());
                }
                Ruling::Both(first, second) => {
                    self.machine.command(first, now)?;
                    return self.machine.command(second, now);
                }
            }
        }
        self.machine.command(command, now)
    }

    /// The manners of the Redfish face.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The manners of the IPMI face.
    pub(crate) fn manners(&self) -> &Manners {
        &self.manners
    }

    /// The resources of the Redfish face.
    pub(crate) fn tree(&self) -> &Arc<Tree> {
        self.resources.tree()
    }

    /// The BMC's clock, in seconds since 1970.
    pub(crate) fn clock(&self, now: Duration) -> i64 {
        BIRTH + self.clock_ahead + i64::try_from(now.as_secs()).unwrap_or(i64::MAX / 2)
    }

    /// Writes down by the clock of now what was reset since the last time.
    fn note_resets(&mut self) {
        let moments = [self.machine.last_reset(), self.machine.ready_since().unwrap_or_default()];
        for (place, moment) in moments.into_iter().enumerate() {
            if self.noted[place].0 != moment {
                self.noted[place] = (moment, self.clock(moment));
            }
        }
    }

    /// Sets the BMC's clock.
    pub(crate) fn set_clock(&mut self, to: i64, now: Duration) {
        self.machine.advance(now);
        self.note_resets();
        self.clock_ahead += to - self.clock(now);
    }

    /// Since when the BMC is back from its last restart, if there was one.
    pub(crate) fn ready_since(&self) -> Option<Duration> {
        self.machine.ready_since()
    }

    /// The deviations that are on.
    pub(crate) fn deviations(&self) -> &[&'static Deviation] {
        &self.deviations
    }

    /// What one second of the real world is here.
    pub(crate) fn second(&self) -> Duration {
        self.second
    }

    /// Forgets what was asked before: a precondition was established beside the firmware.
    pub(crate) fn forget(&mut self) {
        self.last_power = None;
    }

    /// What a deviation may know now.
    pub(crate) fn facts(&self, now: Duration) -> Facts {
        Facts {
            now,
            second: self.second,
            power: self.machine.power(),
            host: self.machine.host(),
            led: self.machine.led(),
            restarts: self.machine.restarts(),
            off_since: self.machine.off_since(),
            last_reset: self.machine.last_reset(),
            ready_since: self.machine.ready_since(),
            reads: self.reads,
            last_power: self.last_power,
        }
    }
}

fn is_power(command: Command) -> bool {
    use Command::{Cycle, PowerOff, PowerOn, Reset, Shutdown};
    matches!(command, PowerOn | PowerOff | Shutdown | Cycle | Reset)
}
