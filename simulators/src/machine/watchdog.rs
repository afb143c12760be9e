//! The watchdog of the host: it counts down, warns, and does something when nobody resets it (IPMI v2.0 §27).

use std::time::Duration;

use super::{
    Machine,
    agenda::Step,
    vocabulary::{Cause, Host, Power},
};

/// Who uses the watchdog, and so which of its flags is set when it expires (§27.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Use {
    /// The BIOS, in its fault resilient boot.
    BiosFrb2 = 1,
    /// The BIOS, in POST.
    BiosPost = 2,
    /// The load of the operating system.
    OsLoad = 3,
    /// System management software, or the operating system.
    SmsOs = 4,
    /// The maker.
    Oem = 5,
}

/// What happens when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Expiry {
    /// Nothing.
    Nothing = 0,
    /// The host is reset.
    Reset = 1,
    /// The host's power is cut.
    PowerOff = 2,
    /// The host's power is cut and comes back.
    Cycle = 3,
}

/// What happens before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Warning {
    /// Nothing.
    Nothing = 0,
    /// A system management interrupt.
    Smi = 1,
    /// A non-maskable interrupt.
    Nmi = 2,
    /// An interrupt of the system interface.
    Messaging = 3,
}

/// How the watchdog is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Who uses it.
    pub by: Use,
    /// Whether its expiry is not written into the log.
    pub silent: bool,
    /// What happens when it expires.
    pub expiry: Expiry,
    /// What happens before.
    pub warning: Warning,
    /// How long before.
    pub lead: Duration,
    /// From what it counts down.
    pub count: Duration,
}

/// The watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watchdog {
    /// How it is set, if it was set.
    pub setup: Option<Setup>,
    /// Whose time has run out: bit n for the use with number n.
    pub expired: u8,
    /// Whether it has warned, and nobody has said that this was seen.
    pub warned: bool,
    /// When it expires, where it runs.
    ends: Option<Duration>,
    /// What was left when it was stopped.
    left: Duration,
}

impl Watchdog {
    /// Whether it counts down.
    pub fn runs(&self) -> bool {
        self.ends.is_some()
    }

    /// What is left until it expires.
    pub fn left(&self, now: Duration) -> Duration {
        self.ends.map_or(self.left, |ends| ends.saturating_sub(now))
    }
}

impl Machine {
    /// The watchdog.
    pub fn watchdog(&self) -> &Watchdog {
        &self.watchdog
    }

    /// Sets it. It stops, unless it is to go on: then it counts down from the new value.
    pub fn set_watchdog(&mut self, setup: Setup, goes_on: bool, now: Duration) {
        self.advance(now);
        let runs = self.watchdog.runs() && goes_on;
        self.stop_watchdog();
        self.watchdog.setup = Some(setup);
        self.watchdog.left = setup.count;
        if runs {
            self.start_watchdog(now);
        }
        self.advance(now);
    }

    /// Forgets that the time of these uses has run out: bit n for the use with number n.
    pub fn clear_expired(&mut self, uses: u8) {
        self.watchdog.expired &= !uses;
    }

    /// The warning was seen.
    pub fn clear_warning(&mut self) {
        self.watchdog.warned = false;
    }

    /// Starts it anew; whether it was set before.
    pub fn start_watchdog(&mut self, now: Duration) -> bool {
        self.advance(now);
        let Some(setup) = self.watchdog.setup else { return false };
        self.agenda.cancel(is_watchdog);
        self.watchdog.ends = Some(now + setup.count);
        if setup.warning != Warning::Nothing && setup.lead < setup.count {
            self.agenda.plan(now + setup.count - setup.lead, Step::WatchdogWarns);
        }
        self.agenda.plan(now + setup.count, Step::WatchdogExpires);
        self.advance(now);
        true
    }

    /// It stops where it is: the host has no power, or somebody sets it.
    pub(super) fn stop_watchdog(&mut self) {
        self.watchdog.left = self.watchdog.left(self.clock);
        self.watchdog.ends = None;
        self.agenda.cancel(is_watchdog);
    }

    /// As after a restart of the BMC: not set, not running.
    pub(super) fn forget_watchdog(&mut self) {
        self.stop_watchdog();
        self.watchdog = Watchdog::default();
    }

    pub(super) fn watchdog_warns(&mut self) {
        let Some(setup) = self.watchdog.setup else { return };
        self.watchdog.warned = true;
        self.log(format!("watchdog.warned:{}", warning_word(setup.warning)));
        if setup.warning == Warning::Nmi && self.host != Host::Off {
            self.log("host.nmi");
        }
    }

    pub(super) fn watchdog_expires(&mut self) {
        let Some(setup) = self.watchdog.setup else { return };
        self.stop_watchdog();
        self.watchdog.expired |= 1 << setup.by as u8;
        let silent = if setup.silent { "/silent" } else { "" };
        self.log(format!("watchdog.expired:{}{silent}", expiry_word(setup.expiry)));
        let is_on = matches!(self.power, Power::On | Power::PoweringOn);
        match setup.expiry {
            Expiry::Reset if self.power == Power::On => self.restart_by_watchdog(),
            Expiry::PowerOff if is_on => self.cut_power(),
            Expiry::Cycle if is_on => {
                self.cut_power();
                self.on_follows = Some(Cause::Watchdog);
            }
            _ => {}
        }
    }

    fn restart_by_watchdog(&mut self) {
        self.log("host.reset");
        self.start_post(Cause::Watchdog);
    }
}

fn is_watchdog(step: Step) -> bool {
    matches!(step, Step::WatchdogWarns | Step::WatchdogExpires)
}

fn expiry_word(expiry: Expiry) -> &'static str {
    match expiry {
        Expiry::Nothing => "nothing",
        Expiry::Reset => "reset",
        Expiry::PowerOff => "power-off",
        Expiry::Cycle => "cycle",
    }
}

fn warning_word(warning: Warning) -> &'static str {
    match warning {
        Warning::Nothing => "nothing",
        Warning::Smi => "smi",
        Warning::Nmi => "nmi",
        Warning::Messaging => "messaging",
    }
}
