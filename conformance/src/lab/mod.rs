//! The lab: one BMC and one driver for one case, fresh, with everything that the judge can see and do beside the wire.

mod capture;
pub mod external;
pub(crate) mod hardware;
mod installed;
mod ipmi_sim;
mod pace;
mod rules;
mod sim;
mod sim_both;
mod sim_ipmi;

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use halmark::{Credentials, Driver, Endpoint, Operation, Protocol, drivers, endpoint::Scheme};
use halmark_simulators::{
    Control,
    machine::{HostAct, Id, Power},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use self::{external::External, pace::Pace};
pub use installed::installed;

use crate::{
    condition::{Seen, TruthEvent},
    evidence::Broken,
    mutants::{DriverFault, Mutant},
    operation,
    plan::Case,
    redact::Redactor,
    scenario::{Fault, Given},
    seeded::{HarnessFault, Seeded},
    target::{Face, Target, TargetKind},
    truth,
    wire::Record,
};

/// What every lab of a run is built from.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The target.
    pub target: Target,
    /// The driver's name in the registry.
    pub driver: String,
    /// The program that `ipmi_sim` calls as its chassis helper: halmark itself.
    pub helper: PathBuf,
    /// What is broken on purpose.
    pub seeded: Seeded,
    /// Credentials for hardware, read before the run.
    pub credentials: Option<Credentials>,
}

/// One BMC and one driver.
pub struct Lab {
    driver: Box<dyn Driver>,
    endpoint: Endpoint,
    subject: String,
    fault: Option<DriverFault>,
    held: bool,
    /// The clock while a program of the driver's is at work.
    pace: Pace,
    redactor: Redactor,
    world: World,
    /// The truths that the target says can be had.
    truths: Vec<String>,
    born: Instant,
    events: usize,
    /// The faults in force, and of every fault that was set whether it has struck.
    faults: Vec<(String, Fault)>,
    struck: BTreeMap<String, bool>,
}

enum World {
    Sim(Box<sim::Sim>),
    SimIpmi(Box<sim_ipmi::SimIpmi>),
    SimBoth(Box<sim_both::SimBoth>),
    IpmiSim(Box<ipmi_sim::IpmiSim>),
    Hardware(hardware::Trace),
}

impl World {
    fn control(&self) -> Option<Control> {
        match self {
            Self::Sim(sim) => Some(sim.control()),
            Self::SimIpmi(sim) => Some(sim.control()),
            Self::SimBoth(sim) => Some(sim.control()),
            Self::IpmiSim(sim) => Some(sim.control()),
            Self::Hardware(_) => None,
        }
    }

    fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        let accounts = self.control().map(|it| it.accounts()).unwrap_or_default();
        accounts.iter().for_each(|(user, password)| redactor.add_account(user, password));
        redactor
    }
}

/// How much faster the world is while there is a console behind a shell: a machine that restarts takes minutes.
const HASTE: u32 = 10;

impl Plan {
    /// Whether the driver, in this process, has a program of the system's do a part of its work at this target.
    pub fn runs_programs(&self) -> bool {
        let speaks_ssh = |name: &str| {
            made(name, None, nowhere(name))
                .is_ok_and(|it| it.capabilities().protocols.contains(&Protocol::Ssh))
        };
        let has_shell = matches!(&self.target.kind, TargetKind::Sim(profile) if profile.has_shell());
        let is_outside = External::named(&self.driver).is_some_and(|it| it.is_outside());
        has_shell && !is_outside && speaks_ssh(inside(&self.driver))
    }
}

impl Lab {
    /// Something of the driver's begins to work that lives in real time, if this does; it ends when what is returned is dropped.
    pub(crate) fn begin(&self, operation: Operation) -> Option<Box<dyn Any + Send>> {
        (operation == Operation::ConsoleOpen).then(|| self.pace.begin())
    }

    /// Builds a fresh lab for a case.
    pub async fn open(plan: &Plan, case: &Case) -> Result<Self, Broken> {
        let born = Instant::now();
        let (endpoint, world) = match &plan.target.kind {
            TargetKind::Sim(profile) if plan.target.face == Face::Ipmi => {
                let (endpoint, sim) = sim_ipmi::SimIpmi::open(profile, plan, case)?;
                (endpoint, World::SimIpmi(Box::new(sim)))
            }
            TargetKind::Sim(profile) if plan.target.face == Face::Both => {
                let (endpoint, sim) = sim_both::SimBoth::open(profile, plan, case).await?;
                (endpoint, World::SimBoth(Box::new(sim)))
            }
            TargetKind::Sim(profile) => {
                let (endpoint, sim) = sim::Sim::open(profile, plan, case).await?;
                (endpoint, World::Sim(Box::new(sim)))
            }
            TargetKind::IpmiSim => {
                let (endpoint, sim) = ipmi_sim::IpmiSim::open(plan, case).await?;
                (endpoint, World::IpmiSim(Box::new(sim)))
            }
            TargetKind::Hardware(hardware) => {
                let (endpoint, trace) = hardware::open(hardware, plan)?;
                (endpoint, World::Hardware(trace))
            }
        };
        let endpoint = Endpoint { seams: plan.seeded.seams, ..endpoint };
        let redactor = world.redactor();
        let (subject, fault) = (plan.driver.clone(), plan.seeded.driver);
        let held = plan.target.is_held();
        // A shell's program talks and is silent like the wire; what takes long is the machine.
        let pace = Pace::new(held && plan.runs_programs()).times(HASTE);
        let driver = connect(&subject, fault, endpoint.clone(), held).await;
        let driver = driver.map_err(|e| Broken::new("plugin", redactor.text(&e)))?;
        let lab = Self {
            driver,
            endpoint,
            subject,
            fault,
            held,
            pace,
            redactor,
            world,
            truths: plan.target.truths.clone(),
            born,
            events: 0,
            faults: Vec::new(),
            struck: BTreeMap::new(),
        };
        if let (Some(HarnessFault::TruthLogSilent), Some(control)) = (plan.seeded.harness, lab.control()) {
            control.break_truth_log();
        }
        Ok(lab)
    }

    /// The driver.
    pub fn driver(&self) -> &dyn Driver {
        self.driver.as_ref()
    }

    /// The same driver with somebody else's credentials; why it cannot use them, where it cannot.
    pub async fn driver_as(&self, credentials: Credentials) -> Result<Box<dyn Driver>, String> {
        let endpoint = Endpoint { credentials: Some(credentials), ..self.endpoint.clone() };
        connect(&self.subject, self.fault, endpoint, self.held).await
    }

    /// What puts the passwords of a simulated BMC out of what its driver tells. Those of hardware are the journal's.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn control(&self) -> Option<Control> {
        self.world.control()
    }

    /// Whether nothing real can be harmed here.
    pub fn is_simulated(&self) -> bool {
        !matches!(self.world, World::Hardware(_))
    }

    /// Microseconds since the lab was opened.
    pub fn now(&self) -> u64 {
        micros(self.born.elapsed())
    }

    /// What is so, by observable; nothing where nobody knows.
    pub fn truth(&self, observable: &str) -> Option<Seen> {
        let name = observable.strip_prefix("truth.")?;
        if !self.truths.iter().any(|it| it == name) {
            return None;
        }
        let truth = self.control()?.truth();
        let value: Value = match observable {
            "truth.power" => truth::json(&truth::power(truth.power)),
            "truth.boot.override" => truth::json(&truth::boot_override(truth.override_)),
            "truth.boot.default" => truth::json(&truth::device(truth.default_boot)),
            "truth.identify" => truth::json(&truth::identify(truth.led)),
            "truth.identity" => truth::identity(&self.as_built(truth.id)),
            "truth.fru" => truth::fru(&truth.id),
            "truth.accounts" => truth::accounts(&self.control()?.holders()),
            "truth.sensors" => match self.is_by_ipmi(Operation::SensorsRead) {
                true => truth::sensors(&self.control()?.sensors()),
                // Redfish has other names, and not what IPMI alone notices.
                false => truth::sensors(&self.control()?.shown_sensors()),
            },
            "truth.inventory" => truth::inventory(&self.control()?.parts()),
            "truth.boot.order" => truth::boot_order(&self.control()?.boot_order()?),
            "truth.power.metrics" => truth::consumption(self.control()?.consumption()?),
            "truth.log" => truth::log(&self.control()?.system_log()),
            "truth.bmc.clock" => truth::clock(self.control()?.clock()),
            "truth.bmc.network" => truth::network(&truth.id),
            "truth.media" => self.control()?.media(),
            "truth.bios" => self.control()?.bios()?,
            "truth.console" => json!(String::from_utf8_lossy(&self.control()?.console_input())),
            "truth.bmc" => json!(if truth.bmc_up { "up" } else { "down" }),
            "truth.sessions" => match &self.world {
                World::Sim(sim) => json!(sim.sessions()),
                World::SimIpmi(sim) => json!(sim.sessions()),
                World::SimBoth(sim) => json!(sim.sessions()),
                World::IpmiSim(sim) => json!(sim.open_sessions()),
                World::Hardware(_) => return None,
            },
            _ => return None,
        };
        Some(Seen::Value(value))
    }

    /// IPMI says major and minor version of the firmware (IPMI v2.0 §20.1), so that this is the version that it has.
    fn as_built(&self, id: Id) -> Id {
        match self.is_by_ipmi(Operation::IdentityRead) {
            true => Id { bmc_firmware: truth::revision(&id.bmc_firmware), ..id },
            false => id,
        }
    }

    /// Whether the driver carries an operation out by IPMI; of both faces `auto` takes Redfish, which is the first.
    fn is_by_ipmi(&self, operation: Operation) -> bool {
        match self.world {
            World::SimIpmi(_) | World::IpmiSim(_) => true,
            World::SimBoth(_) => {
                drivers::composite::driver_of(inside(&self.subject), operation) == Some("ipmi")
            }
            World::Sim(_) | World::Hardware(_) => false,
        }
    }

    /// The truths that preconditions are about.
    pub fn truths(&self) -> BTreeMap<String, Seen> {
        let names = ["truth.power", "truth.boot.override", "truth.boot.default", "truth.identify"];
        names.iter().filter_map(|name| Some(((*name).to_owned(), self.truth(name)?))).collect()
    }

    /// What the machine logged since the last time.
    pub fn new_events(&mut self) -> Vec<TruthEvent> {
        let Some(control) = self.control() else { return Vec::new() };
        let new = control.events_from(self.events);
        self.events += new.len();
        new.into_iter().map(|e| TruthEvent { at: micros(e.at), name: e.name }).collect()
    }

    /// What went over the wire since the last time.
    pub fn new_wire(&mut self) -> Vec<Record> {
        match &mut self.world {
            World::Sim(sim) => sim.new_wire(),
            World::SimIpmi(sim) => sim.new_wire(),
            World::SimBoth(sim) => sim.new_wire(),
            World::IpmiSim(sim) => sim.new_wire(),
            World::Hardware(_) => Vec::new(),
        }
    }

    /// Resolves when the machine logs something that has not been fetched yet.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let seen = self.events;
        let control = self.control();
        async move {
            match control {
                Some(control) => control.changed_after(seen).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Makes a precondition true, by the control handle.
    pub fn establish(&mut self, given: &Given, faults: &BTreeMap<String, Fault>) -> Result<(), Broken> {
        let Some(control) = self.control() else { return Ok(()) };
        match given {
            Given::Power(halmark::PowerState::PoweredOff) => control.establish_power(Power::Off),
            Given::Power(_) => control.establish_power(Power::On),
            Given::BootOverride(to) => control.establish_override(truth::machine_override(*to)),
            Given::BootDefault(device) => {
                if let Some(device) = truth::machine_device(*device) {
                    control.set_default_boot(device);
                }
            }
            Given::Identify(state) => {
                if let Some(led) = truth::machine_led(*state) {
                    control.establish_led(led);
                }
            }
            Given::Fault(names) => return self.set_faults(names, faults),
            Given::Host(act) => self.act(act)?,
            // Deviations, credentials and certificates are there from the start; marks are the executor's.
            Given::Deviation(_) | Given::Credentials(_) | Given::Certificate(_) | Given::Mark(_) => {}
        }
        Ok(())
    }

    /// Writes a mark into the machine's own log, which shows that it records.
    pub fn mark(&self, name: &str) {
        if let Some(control) = self.control() {
            control.note(&format!("judge.mark:{name}"));
        }
    }

    /// Something happens beside the BMC.
    pub fn act(&self, act: &str) -> Result<(), Broken> {
        let act = match act {
            "press-power-button" => HostAct::PressPowerButton,
            "pull-ac" => HostAct::PullAc,
            "restore-ac" => HostAct::RestoreAc,
            "ignore-acpi" => HostAct::IgnoreAcpi,
            "obey-acpi" => HostAct::ObeyAcpi,
            "hang-boot" => HostAct::HangBoot,
            "finish-boot" => HostAct::FinishBoot,
            "hang-os" => HostAct::HangOs,
            other => return Err(Broken::new("harness", format!("nobody knows how to {other:?}"))),
        };
        match self.control() {
            Some(control) => control.act(act),
            None => return Err(Broken::new("target", "a real host has no control handle")),
        }
        Ok(())
    }

    /// Replaces the faults in force.
    pub fn set_faults(&mut self, names: &[String], faults: &BTreeMap<String, Fault>) -> Result<(), Broken> {
        self.settle();
        let named = names.iter().filter_map(|name| Some((name.clone(), faults.get(name)?.clone())));
        self.faults = named.collect();
        let set: Vec<&Fault> = self.faults.iter().map(|(_, fault)| fault).collect();
        match &mut self.world {
            World::Sim(sim) => sim.set_faults(&set),
            World::SimIpmi(sim) => sim.set_faults(&set),
            World::SimBoth(sim) => sim.set_faults(&set),
            World::IpmiSim(sim) => sim.set_faults(&set),
            World::Hardware(_) if set.is_empty() => Ok(()),
            World::Hardware(_) => Err(Broken::new("target", "faults cannot be set on real hardware")),
        }
    }

    /// Writes down which of the faults in force have struck.
    fn settle(&mut self) {
        for (name, fault) in std::mem::take(&mut self.faults) {
            let struck = match &self.world {
                World::Sim(sim) => sim.was_struck(&fault),
                World::SimIpmi(sim) => sim.was_struck(&fault),
                World::SimBoth(sim) => sim.was_struck(&fault),
                World::IpmiSim(sim) => sim.was_struck(&fault),
                World::Hardware(_) => true,
            };
            *self.struck.entry(name).or_default() |= struck;
        }
    }

    /// Faults that were set and struck nothing: whatever the case showed, it did not show how the driver takes them.
    pub fn idle_faults(&mut self) -> Vec<String> {
        self.settle();
        self.struck.iter().filter(|(_, struck)| !**struck).map(|(name, _)| name.clone()).collect()
    }

    /// The simulator dies, as a process that is killed.
    pub fn kill(&self) {
        if let Some(control) = self.control() {
            control.kill();
        }
    }

    /// Whether the target is still there at all.
    pub fn check(&mut self) -> Result<(), Broken> {
        match &mut self.world {
            World::Sim(sim) => sim.check(),
            World::SimIpmi(sim) => sim.check(),
            World::SimBoth(sim) => sim.check(),
            World::IpmiSim(sim) => sim.check(),
            World::Hardware(_) => Ok(()),
        }
    }

    /// How many sessions the BMC has, if it can be known.
    pub fn open_sessions(&self) -> Option<usize> {
        match &self.world {
            World::Sim(sim) => Some(sim.sessions()),
            World::SimIpmi(sim) => Some(sim.sessions()),
            World::SimBoth(sim) => Some(sim.sessions()),
            World::IpmiSim(sim) => Some(sim.open_sessions()),
            World::Hardware(_) => None,
        }
    }

    /// Ends the driver's session; the world ends with the lab.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(10), self.driver.close()).await;
    }
}

async fn connect(
    name: &str,
    fault: Option<DriverFault>,
    endpoint: Endpoint,
    held: bool,
) -> Result<Box<dyn Driver>, String> {
    match External::named(name) {
        Some(external) => Ok(mutated(external.connect(endpoint, held).await?, fault)),
        None => made(name, fault, endpoint),
    }
}

fn made(name: &str, fault: Option<DriverFault>, endpoint: Endpoint) -> Result<Box<dyn Driver>, String> {
    drivers::connect(name, endpoint).map(|it| mutated(it, fault)).map_err(|e| e.to_string())
}

fn mutated(driver: Box<dyn Driver>, fault: Option<DriverFault>) -> Box<dyn Driver> {
    match fault {
        Some(fault) => Box::new(Mutant::new(driver, fault)),
        None => driver,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The account that a case gives its driver.
fn account(case: &Case, accounts: &[(String, String)]) -> Credentials {
    let named = |name: &str| accounts.iter().find(|(user, _)| user == name).cloned();
    let (user, password) = accounts.first().cloned().unwrap_or_default();
    let kind = case.scenario.given.iter().find_map(|g| match &g.value {
        Given::Credentials(kind) => Some(kind.as_str()),
        _ => None,
    });
    let (user, password) = match kind {
        Some("wrong-password") => (user, password.chars().rev().chain("x".chars()).take(16).collect()),
        Some("unknown-user") => ("nobody".to_owned(), password),
        Some("operator") => named("operator").unwrap_or((user, password)),
        Some("read-only") => named("readonly").unwrap_or((user, password)),
        _ => (user, password),
    };
    Credentials::new(user, password)
}

/// The deviations of a case: its own and the seeded ones.
fn deviations(plan: &Plan, case: &Case) -> Vec<String> {
    let given = case.scenario.given.iter().filter_map(|g| match &g.value {
        Given::Deviation(names) => Some(names.clone()),
        _ => None,
    });
    given.flatten().chain(plan.seeded.deviations.iter().cloned()).collect()
}

/// What a driver claims, as words; a seeded fault may take a claim away. Nothing where there is no such driver.
pub fn claims(driver: &str, seeded: &Seeded) -> Vec<String> {
    claimed(driver, seeded).unwrap_or_default()
}

/// What a driver claims, as words, or why there is no such driver.
pub fn claimed(name: &str, seeded: &Seeded) -> Result<Vec<String>, String> {
    let mut words = match External::named(name) {
        Some(external) => external.claims()?.words(),
        None => made(name, seeded.driver, nowhere(name))?.capabilities().words(),
    };
    let spoken = match Face::of(like(name, &words)) {
        Face::Redfish => "protocol:redfish",
        Face::Ipmi => "protocol:ipmi",
        // Nobody can say by which protocol a scenario would go that is about one of them.
        Face::Both => "",
    };
    words.retain(|word| word == spoken || !word.starts_with("protocol:"));
    // IPMI has no word for the version of a host's firmware.
    let is_sayable = |word: &str| spoken != "protocol:ipmi" || word != "identity:bios-version";
    let properties: Vec<_> = operation::properties()
        .filter(|(of, word)| words.contains(of.to_string().as_str()) && is_sayable(word))
        .collect();
    words.extend(properties.into_iter().map(|(_, word)| word));
    Ok(words.into_iter().collect())
}

/// The reference driver whose place at a target a driver takes: its own, or of a driver in another process the one for what it
/// claims to speak.
pub fn like<'d>(name: &'d str, claims: &BTreeSet<String>) -> &'d str {
    let claimed = |protocol: &str| claims.contains(protocol);
    match External::named(name).is_some_and(|it| it.is_outside()) {
        false => inside(name),
        true if claimed("protocol:ipmi") && !claimed("protocol:redfish") => "ipmi",
        true => "redfish",
    }
}

/// The name of a driver in this process, whether it is behind its service or not.
fn inside(name: &str) -> &str {
    name.strip_prefix("served:").unwrap_or(name)
}

/// An endpoint at which a driver of that name can be made. Making it touches nothing.
fn nowhere(driver: &str) -> Endpoint {
    let account = Credentials::new("nobody", "nothing");
    let door = |scheme| Endpoint::new(scheme, "127.0.0.1", 1).with_credentials(account.clone());
    match Face::of(driver) {
        Face::Ipmi => door(Scheme::Ipmi),
        Face::Redfish => door(Scheme::Http),
        Face::Both => door(Scheme::Http).beside(door(Scheme::Ipmi)),
    }
}
