//! The handle beside the wire: it sees the truth, establishes preconditions and sets faults. No protocol knows of it.

mod settings;

use std::{future::Future, time::Duration};

use crate::{
    accounts::{Account, Role},
    bmc::Bmc,
    deviations::UnknownDeviation,
    logbook::Log,
    machine::{Device, Event, Host, HostAct, Id, Led, Override, Power},
    sensors::{SensorError, SensorState},
    updates::Image,
};

/// What is so, whatever the firmware says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The host's power.
    pub power: Power,
    /// What the next boot takes instead of the default.
    pub override_: Option<Override>,
    /// The identify light.
    pub led: Led,
    /// What is booted without an override.
    pub default_boot: Device,
    /// Who the machine is.
    pub id: Id,
    /// What runs on the host.
    pub host: Host,
    /// Whether the BMC answers.
    pub bmc_up: bool,
}

/// An account as it is; its password is not among what is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its slot, which is its ID on every face.
    pub slot: u8,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it can be used.
    pub enabled: bool,
}

/// The control handle of one BMC; cheap to clone.
#[derive(Debug, Clone)]
pub struct Control(Bmc);

impl Control {
    pub(crate) fn new(bmc: Bmc) -> Self {
        Self(bmc)
    }

    /// The machine as it is.
    pub fn truth(&self) -> Truth {
        self.0.with(|firmware, _| {
            let machine = &firmware.machine;
            Truth {
                power: machine.power(),
                override_: machine.override_(),
                led: machine.led(),
                default_boot: machine.default_boot(),
                id: Id::clone(machine.id()),
                host: machine.host(),
                bmc_up: machine.bmc_up() && !self.0.is_dead(),
            }
        })
    }

    /// The truth log from the event with this number on.
    pub fn events_from(&self, seq: usize) -> Vec<Event> {
        self.0.with(|firmware, _| firmware.machine.events_from(seq).to_vec())
    }

    /// How many events there are.
    pub fn event_count(&self) -> usize {
        self.0.with(|firmware, _| firmware.machine.event_count())
    }

    /// Resolves at the next event after this call (not after the first poll): take it, look, then await it.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.changed_after(self.event_count())
    }

    /// Resolves when there are more than `count` events; at once where there already are.
    pub fn changed_after(&self, count: usize) -> impl Future<Output = ()> + Send + use<> {
        self.0.happened_after(count)
    }

    /// Lets something happen that no protocol asked for.
    pub fn act(&self, act: HostAct) {
        self.0.with(|firmware, now| firmware.machine.act(act, now));
    }

    /// Straight to a booted operating system, or to off: `given.power:…` in the log, and nothing else.
    pub fn establish_power(&self, power: Power) {
        self.0.with(|firmware, now| {
            firmware.forget();
            firmware.machine.establish_power(power, now);
        });
    }

    /// The boot override, whatever the firmware thinks of it.
    pub fn establish_override(&self, to: Option<Override>) {
        self.0.with(|firmware, now| firmware.machine.establish_override(to, now));
    }

    /// The identify light, whatever the firmware thinks of it.
    pub fn establish_led(&self, led: Led) {
        self.0.with(|firmware, now| firmware.machine.establish_led(led, now));
    }

    /// Gives a sensor a reading, states or a fault, or takes that back: both faces show it, and the system's log has what it
    /// crosses or notices. The name is either face's.
    ///
    /// # Errors
    /// Where there is no such sensor, or it cannot have this.
    pub fn set_sensor(&self, name: &str, state: Option<SensorState>) -> Result<(), SensorError> {
        self.0.give_sensors(&[(name, state)])
    }

    /// The same for several at once: where one cannot have what it is to have, none gets anything.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn set_sensors(&self, given: &[(&str, Option<SensorState>)]) -> Result<(), SensorError> {
        self.0.give_sensors(given)
    }

    /// Every sensor as it is: name, number, reading or states, and whether that was given to it.
    pub fn sensors(&self) -> serde_json::Value {
        self.0.sensors()
    }

    /// The same as Redfish shows them: by their names there, with the power supplies and whether each is there, and without
    /// what IPMI alone notices.
    pub fn shown_sensors(&self) -> serde_json::Value {
        self.0.shown_sensors()
    }

    /// Writes a mark of whoever watches into the truth log.
    pub fn note(&self, name: &str) {
        self.0.with(|firmware, now| firmware.machine.note(name, now));
    }

    /// Whether the BMC was killed.
    pub fn is_dead(&self) -> bool {
        self.0.is_dead()
    }

    /// What is booted without an override.
    pub fn set_default_boot(&self, device: Device) {
        self.0.with(|firmware, _| firmware.machine.set_default_boot(device));
    }

    /// A file of this name holds this software from now on: what `UpdateService.SimpleUpdate` finds in it.
    pub fn know_image(&self, file: &str, image: Image) {
        self.0.with(|firmware, _| firmware.updates.know(file, image));
    }

    /// Replaces the deviations by these; those of the profile stay.
    ///
    /// # Errors
    /// Where a name is unknown; then nothing is changed.
    pub fn deviate(&self, names: &[&str]) -> Result<(), UnknownDeviation> {
        self.0.deviate(names)
    }

    /// The names of the deviations that are on, those of the profile first.
    pub fn deviations(&self) -> Vec<&'static str> {
        self.0.with(|firmware, _| firmware.deviations().iter().map(|it| it.name).collect())
    }

    /// User and password of the first administrator; empty where there is no account left.
    pub fn credentials(&self) -> (String, String) {
        let accounts = self.0.accounts();
        let mut all = accounts.list().iter();
        let administrator = all.clone().find(|it| it.role == Role::Administrator).or(all.next());
        administrator.map(|it| (it.user.clone(), it.password.clone())).unwrap_or_default()
    }

    /// Gives the BMC a key of its own beside the passwords (Kg, IPMI v2.0 §13.33); all zeros are none.
    pub fn set_ipmi_key(&self, key: [u8; 20]) {
        self.0.ipmi().security.set_group_key(key);
    }

    /// Users and passwords of everybody, as they are now; at first `admin`, `operator` and `readonly`.
    pub fn accounts(&self) -> Vec<(String, String)> {
        self.0.accounts().list().iter().map(|it| (it.user.clone(), it.password.clone())).collect()
    }

    /// What has come to the host by its serial console: the last 16 KiB.
    pub fn console_input(&self) -> Vec<u8> {
        self.0.ipmi().typed.clone()
    }

    /// Everybody who has an account, by slot.
    pub fn holders(&self) -> Vec<Holder> {
        let of = |it: &Account| Holder {
            slot: it.slot,
            name: it.user.clone(),
            role: it.role,
            enabled: it.enabled,
        };
        self.0.accounts().list().iter().map(of).collect()
    }

    /// The host's processors, memory, network interfaces and drives, as the platform's documents have them: by schema.
    pub fn parts(&self) -> serde_json::Value {
        let look = self.0.look();
        let below = format!("{}/", look.tree.system());
        let list = |kind: &str| -> serde_json::Value {
            let of_kind = look
                .tree
                .documents()
                .iter()
                .filter(|it| &*it.kind == kind && (kind == "Drive" || it.path.starts_with(&below)));
            of_kind.map(|it| it.value(&look.view)).filter(|it| it["Status"]["State"] != "Absent").collect()
        };
        let kinds = ["Processor", "Memory", "EthernetInterface", "Drive"];
        kinds.iter().map(|kind| ((*kind).to_owned(), list(kind))).collect::<serde_json::Map<_, _>>().into()
    }

    /// The order of boot that the BMC keeps; nothing where it keeps none.
    pub fn boot_order(&self) -> Option<Vec<String>> {
        const ORDER: &str = "/Boot/BootOrder";
        let look = self.0.look();
        let system = look.tree.system();
        let written = self.0.written();
        let template = look.tree.document(system)?.template();
        let order = written.at(system, ORDER).or(template.pointer(ORDER))?.as_array()?;
        Some(order.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect())
    }

    /// What the machine takes, in watts: now, the least, the most and on average; nothing where nobody measures it.
    pub fn consumption(&self) -> Option<[u16; 4]> {
        let look = self.0.look();
        let taken = crate::ipmi::consumption(&look.tree, &look.view, &self.0.written())?;
        Some([taken.now, taken.least, taken.most, taken.mean])
    }

    /// The BMC's clock, in seconds since 1970.
    pub fn clock(&self) -> i64 {
        self.0.with(|firmware, now| firmware.clock(now))
    }

    /// When the entries of the system's event log were written, by the BMC's clock, the oldest first.
    pub fn system_log(&self) -> Vec<i64> {
        self.0.logbook().entries(Log::System).map(|it| it.at).collect()
    }

    /// This user must change the password before anything else is allowed.
    pub fn require_password_change(&self, user: &str) {
        let mut accounts = self.0.accounts();
        let slot = accounts.named(user).map(|it| it.slot);
        slot.into_iter().for_each(|slot| accounts.change(slot, |it| it.must_change_password = true));
    }

    /// Keeps this many of the last events at least, and forgets older ones, so that memory stays small for as long as the BMC
    /// lives; their numbers go on.
    pub fn keep_events(&self, least: usize) {
        self.0.with(|firmware, _| firmware.machine.keep_events(least));
    }

    /// Events are no longer recorded: a fault of the harness.
    pub fn break_truth_log(&self) {
        self.0.with(|firmware, _| firmware.machine.stop_recording());
    }

    /// The BMC stops answering for good, as a process that died.
    pub fn kill(&self) {
        self.0.kill();
    }

    /// The time since the machine's birth.
    pub fn now(&self) -> Duration {
        self.0.now()
    }
}
