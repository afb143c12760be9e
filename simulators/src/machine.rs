//! The machine behind every face: `(state, command, now) -> (state, effects)`. Pure: no clock, no socket, std only.
//!
//! Times are durations since the machine's birth. What happens is in its log, in these words: `power.on`, `power.off`,
//! `host.reset`, `host.post`, `host.boot:DEVICE`, `host.os`, `host.acpi-shutdown`, `host.acpi-ignored`,
//! `host.os-stopped`, `host.nmi`, `identify:STATE`, `boot.override:DEVICE/LASTING`, `boot.override:none`, `bmc.reset`,
//! `bmc.ready`, `ac.lost`, `ac.restored`, `watchdog.warned:HOW`, `watchdog.expired:ACTION` (`/silent` where it is not to be
//! logged), and `given.power:STATE` where a precondition was established.

mod agenda;
mod hand;
mod past;
mod spec;
mod terms;
#[cfg(test)]
mod tests;
mod vocabulary;
mod watchdog;

use std::{sync::Arc, time::Duration};

use agenda::{Agenda, Step};
pub use past::Past;
pub use spec::{Id, Restore, Rules, Spec};
pub use terms::{Causes, Terms};
pub use vocabulary::{
    Cause, Command, Device, Event, Host, HostAct, Lasting, Led, Mode, Override, Power, Refusal,
};
pub use watchdog::{Expiry, Setup, Use, Warning, Watchdog};

/// One machine: a host with power, a boot, a light, and the BMC's own life.
#[derive(Debug)]
pub struct Machine {
    spec: Spec,
    id: Arc<Id>,
    rules: Rules,
    power: Power,
    host: Host,
    override_: Option<Override>,
    led: Led,
    default_boot: Device,
    bmc_up: bool,
    ac: bool,
    on_before_ac_loss: bool,
    obeys_acpi: bool,
    hang_next_boot: bool,
    hung_in: Host,
    /// Why power comes back after the off interval of a cycle, where there is one.
    on_follows: Option<Cause>,
    starts_by: Cause,
    past: Past,
    terms: Option<Terms>,
    watchdog: Watchdog,
    button_works: bool,
    restarts: u32,
    off_since: Option<Duration>,
    last_reset: Duration,
    ready_since: Option<Duration>,
    clock: Duration,
    agenda: Agenda,
    log: Log,
}

impl Machine {
    /// A machine that is off, with its BMC up, that boots from disk.
    pub fn new(spec: Spec, id: Id) -> Self {
        Self {
            obeys_acpi: spec.obeys_acpi,
            spec,
            id: Arc::new(id),
            rules: Rules::default(),
            power: Power::Off,
            host: Host::Off,
            override_: None,
            led: Led::Unlit,
            default_boot: Device::Disk,
            bmc_up: true,
            ac: true,
            on_before_ac_loss: false,
            hang_next_boot: false,
            hung_in: Host::Off,
            on_follows: None,
            starts_by: Cause::Unknown,
            past: Past::default(),
            terms: None,
            watchdog: Watchdog::default(),
            button_works: true,
            restarts: 0,
            off_since: None,
            last_reset: Duration::ZERO,
            ready_since: None,
            clock: Duration::ZERO,
            agenda: Agenda::default(),
            log: Log { events: Vec::new(), recording: true, forgotten: 0, kept: None },
        }
    }

    /// Carries out what the BMC asks, or says why that makes no sense here and now; then nothing has changed.
    pub fn command(&mut self, command: Command, now: Duration) -> Result<(), Refusal> {
        self.advance(now);
        if !self.bmc_up {
            return Err(Refusal::BmcDown);
        }
        self.carry_out(command)?;
        self.advance(now);
        Ok(())
    }

    /// Lets everything happen that is due by `now`, each at its own time and in order.
    pub fn advance(&mut self, now: Duration) {
        while let Some((at, step)) = self.agenda.due(now) {
            self.clock = self.clock.max(at);
            self.fire(step);
        }
        self.clock = self.clock.max(now);
    }

    /// When something happens next, if anything is going to.
    pub fn next_event(&self) -> Option<Duration> {
        self.agenda.next()
    }

    /// Everything that has happened, as far as it is kept.
    pub fn events(&self) -> &[Event] {
        &self.log.events
    }

    /// The same, from the event with this number on.
    pub fn events_from(&self, seq: usize) -> &[Event] {
        self.log.events.get(seq.saturating_sub(self.log.forgotten)..).unwrap_or_default()
    }

    /// How many events there were, those included that are not kept.
    pub fn event_count(&self) -> usize {
        self.log.forgotten + self.log.events.len()
    }

    /// Keeps this many of the last events at least, and forgets older ones; all are kept where nobody says so.
    pub fn keep_events(&mut self, least: usize) {
        self.log.kept = Some(least.max(1));
    }

    /// The host's power.
    pub fn power(&self) -> Power {
        self.power
    }

    /// What runs on the host.
    pub fn host(&self) -> Host {
        self.host
    }

    /// What the next boot takes instead of the default.
    pub fn override_(&self) -> Option<Override> {
        self.override_
    }

    /// The identify light.
    pub fn led(&self) -> Led {
        self.led
    }

    /// What is booted without an override.
    pub fn default_boot(&self) -> Device {
        self.default_boot
    }

    /// From now on the host runs this version of its firmware.
    pub(crate) fn run_bios(&mut self, version: &str) {
        Arc::make_mut(&mut self.id).bios_version = version.to_owned();
    }

    /// From now on the BMC runs this version of its own.
    pub(crate) fn run_bmc(&mut self, version: &str) {
        Arc::make_mut(&mut self.id).bmc_firmware = version.to_owned();
    }

    /// Who the machine is.
    pub fn id(&self) -> &Arc<Id> {
        &self.id
    }

    /// Whether the BMC answers.
    pub fn bmc_up(&self) -> bool {
        self.bmc_up
    }

    /// Whether there is AC power.
    pub fn has_ac(&self) -> bool {
        self.ac
    }

    /// How often the host has started POST.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// When the host last started POST.
    pub fn last_reset(&self) -> Duration {
        self.last_reset
    }

    /// Since when the BMC is back from its own restart, if there was one.
    pub fn ready_since(&self) -> Option<Duration> {
        self.ready_since
    }

    /// Since when the host has had no power, if it had power before.
    pub fn off_since(&self) -> Option<Duration> {
        self.off_since
    }

    /// What it remembers of its host.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// What happens when AC power is back.
    pub fn restore(&self) -> Restore {
        self.spec.restore
    }

    /// Sets what happens when AC power is back.
    pub fn set_restore(&mut self, to: Restore) {
        self.spec.restore = to;
    }

    /// How long a cycle stays off, from the next one on.
    pub fn set_cycle_pause(&mut self, to: Duration) {
        self.spec.cycle_pause = to;
    }

    /// Whether the power button of the front panel works.
    pub fn button_works(&self) -> bool {
        self.button_works
    }

    /// Lets the power button work, or not.
    pub fn set_button(&mut self, works: bool) {
        self.button_works = works;
    }

    /// Whether the identify light goes dark by itself.
    pub fn light_ends(&self) -> bool {
        self.agenda.has(Step::LightEnds)
    }

    /// Replaces the rules of boot and BMC.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Events are no longer recorded: a fault of the harness, to prove that somebody notices.
    pub fn stop_recording(&mut self) {
        self.log.recording = false;
    }
}

/// What the BMC can ask for.
impl Machine {
    fn carry_out(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::PowerOn => self.power_on(),
            Command::PowerOff => self.power_off(),
            Command::Shutdown => self.ask_to_stop(),
            Command::Cycle => self.cycle(),
            Command::Reset => self.reset(),
            Command::Nmi => self.nmi(),
            Command::SetOverride(to) => self.set_override(to),
            Command::SetLed { led, lasting } => self.set_led(led, lasting),
            Command::BmcReset { .. } => self.reset_bmc(),
        }
    }

    fn power_on(&mut self) -> Result<(), Refusal> {
        match self.power {
            Power::On | Power::PoweringOn => Err(Refusal::AlreadyThere),
            Power::PoweringOff => Err(Refusal::InTransition),
            Power::Off => {
                self.agenda.cancel(Step::is_host);
                self.start_power(Cause::Command);
                Ok(())
            }
        }
    }

    fn power_off(&mut self) -> Result<(), Refusal> {
        let was_to_follow = std::mem::take(&mut self.on_follows).is_some();
        match self.power {
            Power::On | Power::PoweringOn => {
                self.cut_power();
                Ok(())
            }
            Power::Off | Power::PoweringOff if was_to_follow => {
                self.agenda.cancel(|step| step == Step::PauseEnds);
                Ok(())
            }
            Power::Off | Power::PoweringOff => Err(Refusal::AlreadyThere),
        }
    }

    fn ask_to_stop(&mut self) -> Result<(), Refusal> {
        match self.power {
            Power::Off | Power::PoweringOff => return Err(Refusal::AlreadyThere),
            Power::On if self.host == Host::Stopping => {}
            Power::On if self.host == Host::Os && self.obeys_acpi => self.begin_to_stop(),
            Power::On | Power::PoweringOn => self.log("host.acpi-ignored"),
        }
        Ok(())
    }

    fn cycle(&mut self) -> Result<(), Refusal> {
        match self.power {
            Power::Off if self.on_follows.is_none() => Err(Refusal::HostIsOff),
            Power::Off | Power::PoweringOff => Err(Refusal::InTransition),
            Power::On | Power::PoweringOn => {
                self.cut_power();
                self.on_follows = Some(Cause::Command);
                Ok(())
            }
        }
    }

    fn reset(&mut self) -> Result<(), Refusal> {
        self.needs_power()?;
        self.log("host.reset");
        self.start_post(Cause::Command);
        Ok(())
    }

    fn nmi(&mut self) -> Result<(), Refusal> {
        self.needs_power()?;
        self.log("host.nmi");
        Ok(())
    }

    fn needs_power(&self) -> Result<(), Refusal> {
        match self.power {
            Power::On => Ok(()),
            Power::Off => Err(Refusal::HostIsOff),
            Power::PoweringOn | Power::PoweringOff => Err(Refusal::InTransition),
        }
    }

    fn set_override(&mut self, to: Option<Override>) -> Result<(), Refusal> {
        self.forget_terms();
        self.store_override(to);
        Ok(())
    }

    fn set_led(&mut self, led: Led, lasting: Option<Duration>) -> Result<(), Refusal> {
        self.agenda.cancel(|step| step == Step::LightEnds);
        self.show_led(led);
        if let (Led::Lit | Led::Blinking, Some(lasting)) = (led, lasting) {
            self.plan(lasting, Step::LightEnds);
        }
        Ok(())
    }

    fn reset_bmc(&mut self) -> Result<(), Refusal> {
        self.bmc_up = false;
        self.forget_watchdog();
        self.forget_terms();
        self.log("bmc.reset");
        if self.rules.bmc_returns {
            self.plan(self.spec.bmc_reset, Step::BmcReturns);
        }
        Ok(())
    }
}

/// What follows from it.
impl Machine {
    fn fire(&mut self, step: Step) {
        match step {
            Step::PowerArrives => self.power_arrives(),
            Step::PowerLeaves => self.power_leaves(),
            Step::PauseEnds => self.start_power(self.on_follows.unwrap_or(Cause::Unknown)),
            Step::PostEnds => self.post_ends(),
            Step::BootEnds => self.boot_ends(),
            Step::OsStops => {
                self.log("host.os-stopped");
                self.cut_power();
            }
            Step::LightEnds => self.show_led(Led::Unlit),
            Step::BmcReturns => self.bmc_returns(),
            Step::OverrideEnds => self.store_override(None),
            Step::WatchdogWarns => self.watchdog_warns(),
            Step::WatchdogExpires => self.watchdog_expires(),
        }
    }

    fn start_power(&mut self, cause: Cause) {
        self.on_follows = None;
        self.starts_by = cause;
        self.power = Power::PoweringOn;
        self.plan(self.spec.power_on, Step::PowerArrives);
    }

    fn power_arrives(&mut self) {
        self.power = Power::On;
        self.off_since = None;
        self.log("power.on");
        self.start_post(self.starts_by);
        self.past.power_arrives(self.clock);
    }

    fn start_post(&mut self, cause: Cause) {
        self.past.started_by = cause;
        self.read_terms(cause);
        self.agenda.cancel(Step::is_host);
        self.host = Host::Post;
        self.restarts += 1;
        self.last_reset = self.clock;
        self.log("host.post");
        self.plan(self.spec.post, Step::PostEnds);
    }

    fn post_ends(&mut self) {
        let found = self.override_;
        let device = (self.rules.taken)(found, self.default_boot);
        self.store_override(found.and_then(self.rules.left_by_boot));
        self.log(format!("host.boot:{device}"));
        if device == Device::Bios {
            self.host = Host::Setup;
        } else if std::mem::take(&mut self.hang_next_boot) {
            self.host = Host::Booting;
            self.hang();
        } else {
            self.host = Host::Booting;
            self.plan(self.spec.boot, Step::BootEnds);
        }
    }

    fn hang(&mut self) {
        self.agenda.cancel(Step::is_host);
        self.hung_in = std::mem::replace(&mut self.host, Host::Hung);
    }

    fn boot_ends(&mut self) {
        self.host = Host::Os;
        self.log("host.os");
    }

    fn begin_to_stop(&mut self) {
        self.host = Host::Stopping;
        self.log("host.acpi-shutdown");
        self.plan(self.spec.shutdown, Step::OsStops);
    }

    fn cut_power(&mut self) {
        self.agenda.cancel(Step::is_host);
        self.host = Host::Off;
        self.power = Power::PoweringOff;
        self.plan(self.spec.power_off, Step::PowerLeaves);
    }

    fn power_leaves(&mut self) {
        self.lose_power(false);
        if self.on_follows.is_some() {
            self.plan(self.spec.cycle_pause, Step::PauseEnds);
        }
    }

    fn lose_power(&mut self, mains_failed: bool) {
        self.stop_watchdog();
        self.past.power_leaves(self.clock, mains_failed);
        self.host = Host::Off;
        self.power = Power::Off;
        self.off_since = Some(self.clock);
        self.log("power.off");
        self.store_override(self.override_.and_then(self.rules.left_by_power_off));
    }

    fn bmc_returns(&mut self) {
        self.bmc_up = true;
        self.ready_since = Some(self.clock);
        self.log("bmc.ready");
    }

    fn store_override(&mut self, to: Option<Override>) {
        if std::mem::replace(&mut self.override_, to) != to {
            self.log(match to {
                Some(it) => format!("boot.override:{}/{}", it.device, it.lasting),
                None => "boot.override:none".to_owned(),
            });
        }
    }

    fn show_led(&mut self, led: Led) {
        if std::mem::replace(&mut self.led, led) != led {
            self.log(format!("identify:{led}"));
        }
    }

    fn plan(&mut self, delay: Duration, step: Step) {
        self.agenda.plan(self.clock + delay, step);
    }

    fn log(&mut self, name: impl Into<String>) {
        self.log.write(self.clock, name.into());
    }
}

#[derive(Debug)]
struct Log {
    events: Vec<Event>,
    recording: bool,
    /// How many events are not kept any more.
    forgotten: usize,
    kept: Option<usize>,
}

impl Log {
    fn write(&mut self, at: Duration, name: String) {
        if !self.recording {
            return;
        }
        self.events.push(Event { seq: (self.forgotten + self.events.len()) as u64, at, name });
        // Many at a time, so that keeping few costs little.
        if let Some(kept) = self.kept.filter(|kept| self.events.len() >= 2 * kept) {
            let old = self.events.len() - kept;
            self.events.drain(..old);
            self.forgotten += old;
        }
    }
}
