//! What happens beside the BMC: a hand in the machine room, and the judge who establishes a precondition.

use std::time::Duration;

use super::{
    Machine,
    agenda::Step,
    spec::Restore,
    vocabulary::{Cause, Device, Host, HostAct, Led, Override, Power},
};

impl Machine {
    /// Lets something happen that no protocol asked for.
    pub fn act(&mut self, act: HostAct, now: Duration) {
        self.advance(now);
        match act {
            HostAct::PressPowerButton => self.press_power_button(),
            HostAct::PullAc => self.pull_ac(),
            HostAct::RestoreAc => self.restore_ac(),
            HostAct::IgnoreAcpi => self.obeys_acpi = false,
            HostAct::ObeyAcpi => self.obeys_acpi = true,
            HostAct::HangBoot => self.hang_boot(),
            HostAct::FinishBoot => self.finish_boot(),
            HostAct::HangOs => self.hang_os(),
            HostAct::ShutDownOs => self.shut_down_os(),
        }
        self.advance(now);
    }

    /// Straight to a booted operating system, or to off; whatever was under way on the host is over, and AC power is
    /// back where it was lost.
    pub fn establish_power(&mut self, power: Power, now: Duration) {
        self.advance(now);
        self.agenda.cancel(Step::is_host);
        if !std::mem::replace(&mut self.ac, true) {
            self.bmc_up = true;
        }
        self.on_follows = None;
        self.hang_next_boot = false;
        self.off_since = None;
        (self.power, self.host) = match power {
            Power::On | Power::PoweringOn => (Power::On, Host::Os),
            Power::Off | Power::PoweringOff => (Power::Off, Host::Off),
        };
        self.past.started_by = Cause::Unknown;
        match self.power {
            Power::On => self.past.power_arrives(self.clock),
            _ => self.past.power_leaves(self.clock, false),
        }
        self.stop_watchdog();
        let power = self.power;
        self.log(format!("given.power:{power}"));
    }

    /// What is booted without an override.
    pub fn set_default_boot(&mut self, device: Device) {
        self.default_boot = device;
    }

    /// The override, whatever the BMC thinks of it; logged as `boot.override:…` where it changes.
    pub fn establish_override(&mut self, to: Option<Override>, now: Duration) {
        self.advance(now);
        self.store_override(to);
    }

    /// The identify light, whatever the BMC thinks of it; logged as `identify:…` where it changes.
    pub fn establish_led(&mut self, led: Led, now: Duration) {
        self.advance(now);
        self.agenda.cancel(|step| step == Step::LightEnds);
        self.show_led(led);
    }

    /// Writes a line into the truth log that no machine would write: a mark of whoever watches.
    pub fn note(&mut self, name: &str, now: Duration) {
        self.advance(now);
        self.log(name);
    }

    fn press_power_button(&mut self) {
        if !self.ac || !self.button_works {
            return;
        }
        match self.power {
            Power::Off if self.on_follows.is_none() => self.start_power(Cause::PowerButton),
            Power::On if self.host != Host::Stopping => {
                let _ = self.ask_to_stop();
            }
            _ => {}
        }
    }

    fn pull_ac(&mut self) {
        if !std::mem::take(&mut self.ac) {
            return;
        }
        self.on_before_ac_loss = matches!(self.power, Power::On | Power::PoweringOn);
        self.agenda.cancel(|_| true);
        self.on_follows = None;
        self.bmc_up = false;
        self.forget_watchdog();
        self.forget_terms();
        self.log("ac.lost");
        if self.power != Power::Off {
            self.lose_power(true);
        }
        self.show_led(Led::Unlit);
        if !self.spec.override_survives_ac {
            self.store_override(None);
        }
    }

    fn restore_ac(&mut self) {
        if std::mem::replace(&mut self.ac, true) {
            return;
        }
        self.log("ac.restored");
        self.plan(self.spec.bmc_reset, Step::BmcReturns);
        match self.spec.restore {
            Restore::PowerOn => self.start_power(Cause::AlwaysRestored),
            Restore::Previous if self.on_before_ac_loss => self.start_power(Cause::PreviousRestored),
            Restore::StayOff | Restore::Previous => {}
        }
    }

    fn hang_boot(&mut self) {
        match self.host {
            Host::Post | Host::Booting => self.hang(),
            _ => self.hang_next_boot = true,
        }
    }

    fn hang_os(&mut self) {
        if matches!(self.host, Host::Os | Host::Stopping) {
            self.hang();
        }
    }

    fn shut_down_os(&mut self) {
        if self.host == Host::Os {
            self.host = Host::Stopping;
            self.plan(self.spec.shutdown, Step::OsStops);
        }
    }

    fn finish_boot(&mut self) {
        self.hang_next_boot = false;
        if self.host == Host::Hung {
            self.host = self.hung_in;
        }
        if self.host == Host::Post {
            self.agenda.cancel(Step::is_host);
            self.post_ends();
        }
        if self.host == Host::Booting {
            self.agenda.cancel(Step::is_host);
            self.boot_ends();
        }
    }
}
