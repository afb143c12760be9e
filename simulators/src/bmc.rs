//! One simulated BMC: the machine, its firmware, and the clock that drives them.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    select,
    sync::{Notify, watch},
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use crate::{
    accounts::{self, Accounts, Credentials},
    control::Control,
    deviations::{Deviation, UnknownDeviation, beside},
    firmware::{Facts, Firmware, View},
    ipmi::{Kept, Manners, Platform},
    logbook::{Log, Logbook, Note},
    machine::{Command, Machine, Refusal},
    memory::Memory,
    profile::Profile,
    random::Random,
    redfish::{KeepAlive, Policy, Tree, clock::date_time},
    serial::Port,
    ssh::Shell,
    updates::Updates,
    volumes::Volumes,
    written::Written,
};

/// How one BMC differs from the next of its profile.
#[derive(Debug, Clone)]
pub struct BmcOptions {
    /// Gives the ids, the passwords, and up to a fifth more or less on every delay.
    pub seed: u64,
    /// The names of the deviations that are on, beside those of the profile.
    pub deviations: Vec<String>,
    /// Multiplies every delay.
    pub time_scale: f64,
}

impl Default for BmcOptions {
    fn default() -> Self {
        Self { seed: 0, deviations: Vec::new(), time_scale: 1.0 }
    }
}

/// A simulated BMC: a cheap handle. The BMC stops when the last of them is dropped.
#[derive(Clone)]
pub struct Bmc(Arc<Inner>);

struct Inner {
    firmware: Mutex<Firmware>,
    birth: Instant,
    seed: u64,
    built_in: Vec<String>,
    platform: Arc<Platform>,
    accounts: Mutex<Accounts>,
    first_accounts: Vec<Credentials>,
    logbook: Mutex<Logbook>,
    written: Mutex<Written>,
    volumes: Mutex<Volumes>,
    memory: Memory,
    serial: Port,
    shell: Option<Shell>,
    #[allow(dead_code)] // until the face listens
    ipmi: Mutex<Kept>,
    happened: watch::Sender<usize>,
    presence: watch::Sender<Presence>,
    dead: AtomicBool,
    agenda: Arc<Notify>,
    ticker: Mutex<Option<AbortHandle>>,
}

/// Whether a BMC answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It does.
    Up,
    /// It restarts: what it has begun to say it says.
    Restarting,
    /// It has no power, or was killed.
    Gone,
}

/// What a face needs to know to answer one request, taken at one moment.
pub(crate) struct Look {
    pub(crate) view: View,
    pub(crate) policy: Policy,
    pub(crate) manners: Manners,
    pub(crate) tree: Arc<Tree>,
    pub(crate) deviations: Vec<&'static Deviation>,
    pub(crate) facts: Facts,
    /// What one second of the real world is here.
    pub(crate) second: Duration,
}

/// What a face of IPMI needs to know of a moment before it looks at a datagram.
pub(crate) struct Glance {
    pub(crate) now: Duration,
    pub(crate) manners: Manners,
    pub(crate) tree: Arc<Tree>,
    /// Since when the BMC is back from its last restart.
    pub(crate) ready_since: Option<Duration>,
}

impl Bmc {
    /// Starts a BMC whose host is off; its clock is tokio's, so this needs a runtime. It has the accounts `admin`,
    /// `operator` and `readonly`, with passwords that the seed gives.
    ///
    /// # Errors
    /// Where a deviation has a name that none has.
    pub fn start(profile: &Profile, options: BmcOptions) -> Result<Self, UnknownDeviation> {
        Self::start_with(profile, options, None)
    }

    /// The same with these accounts and no other; an administrator's comes first.
    ///
    /// # Errors
    /// Where a deviation has a name that none has.
    pub fn start_for(
        profile: &Profile,
        options: BmcOptions,
        accounts: Vec<Credentials>,
    ) -> Result<Self, UnknownDeviation> {
        Self::start_with(profile, options, Some(accounts))
    }

    fn start_with(
        profile: &Profile,
        options: BmcOptions,
        accounts: Option<Vec<Credentials>>,
    ) -> Result<Self, UnknownDeviation> {
        let mut random = Random::new(options.seed);
        let mut vary = |delay: Duration| delay.mul_f64((0.8 + 0.4 * random.unit()) * options.time_scale);
        let spec = profile.spec.with_delays(&mut vary);
        let mut random = Random::new(options.seed.wrapping_add(1));
        let machine = Machine::new(spec, profile.id(&mut random));
        let mut firmware = Firmware::new(machine, profile.source(), options.time_scale);
        let given: Vec<_> = options.deviations.iter().map(String::as_str).collect();
        firmware.deviate(beside(&profile.deviations, &given))?;
        firmware.updates = Updates::new(profile.images.clone());
        let first_accounts = accounts.unwrap_or_else(|| accounts::generated(&mut random));
        let bmc = Self(Arc::new(Inner {
            firmware: Mutex::new(firmware),
            birth: Instant::now(),
            seed: options.seed,
            built_in: profile.deviations.clone(),
            platform: profile.ipmi.clone(),
            accounts: Mutex::new(Accounts::new(first_accounts.clone())),
            first_accounts,
            logbook: Mutex::default(),
            written: Mutex::default(),
            volumes: Mutex::default(),
            memory: Memory::default(),
            serial: Port::default(),
            shell: profile.shell,
            ipmi: Mutex::default(),
            happened: watch::Sender::new(0),
            presence: watch::Sender::new(Presence::Up),
            dead: AtomicBool::new(false),
            agenda: Arc::default(),
            ticker: Mutex::new(None),
        }));
        let ticker = tokio::spawn(tick(Arc::downgrade(&bmc.0), bmc.0.agenda.clone()));
        *lock(&bmc.0.ticker) = Some(ticker.abort_handle());
        Ok(bmc)
    }

    /// Asks the firmware for something.
    ///
    /// # Errors
    /// The machine's refusal, or the firmware's.
    pub fn command(&self, command: Command) -> Result<(), Refusal> {
        self.with(|firmware, now| firmware.command(command, now))
    }

    /// What the firmware shows.
    pub fn view(&self) -> View {
        self.with(Firmware::view)
    }

    /// The handle beside the wire.
    pub fn control(&self) -> Control {
        Control::new(self.clone())
    }

    /// Stops the clock of this BMC: nothing happens any more by itself.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// The time since the machine's birth.
    pub fn now(&self) -> Duration {
        self.0.birth.elapsed()
    }

    /// The accounts.
    pub(crate) fn accounts(&self) -> MutexGuard<'_, Accounts> {
        lock(&self.0.accounts)
    }

    /// The logs, up to this moment.
    pub(crate) fn logbook(&self) -> MutexGuard<'_, Logbook> {
        self.with(|firmware, now| {
            let mut logbook = lock(&self.0.logbook);
            self.0.follow(&mut logbook, firmware, now);
            logbook
        })
    }

    /// Writes something into a log.
    pub(crate) fn log(&self, log: Log, note: Note) {
        let at = self.view().clock;
        self.logbook().write(log, at, note);
    }

    /// As it left the factory, beside what was written to resources that stay.
    pub(crate) fn forget_written(&self, stays: impl Fn(&str) -> bool) {
        self.written().forget_all_but(stays);
    }

    /// The accounts that it had when it was started.
    pub(crate) fn restore_accounts(&self) {
        let mut accounts = self.accounts();
        accounts.replace(self.0.first_accounts.clone());
    }

    /// What was written to it.
    pub(crate) fn written(&self) -> MutexGuard<'_, Written> {
        lock(&self.0.written)
    }

    /// The volumes of its storage; locked before what was written to it.
    pub(crate) fn volumes(&self) -> MutexGuard<'_, Volumes> {
        lock(&self.0.volumes)
    }

    /// What its deviations remember.
    pub(crate) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// The host's serial port.
    pub(crate) fn serial(&self) -> &Port {
        &self.0.serial
    }

    /// The shell that it has behind SSH, where it has one.
    pub(crate) fn shell(&self) -> Option<Shell> {
        self.0.shell
    }

    /// What it keeps for IPMI alone.
    #[allow(dead_code)] // until the face listens
    pub(crate) fn ipmi(&self) -> MutexGuard<'_, Kept> {
        lock(&self.0.ipmi)
    }

    /// The manners of its IPMI face.
    pub(crate) fn manners(&self) -> Manners {
        self.with(|firmware, _| *firmware.manners())
    }

    /// What its IPMI face has to know first, at one moment; nobody has looked at the machine by it.
    pub(crate) fn glance(&self) -> Glance {
        self.with(|firmware, now| Glance {
            now,
            manners: *firmware.manners(),
            tree: firmware.tree().clone(),
            ready_since: firmware.ready_since(),
        })
    }

    /// What IPMI says of its platform.
    pub(crate) fn platform(&self) -> &Arc<Platform> {
        &self.0.platform
    }

    /// Sets the BMC's clock, in seconds since 1970.
    pub(crate) fn set_clock(&self, to: i64) {
        self.with(|firmware, now| {
            self.0.follow(&mut lock(&self.0.logbook), firmware, now);
            firmware.set_clock(to, now);
        });
    }

    /// How long a connection may be idle, where there is a limit.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.with(|firmware, _| match firmware.policy().keep_alive {
            KeepAlive::Always => None,
            KeepAlive::Seconds(seconds) => Some(firmware.second() * seconds),
        })
    }

    /// The seed that it was started with.
    pub(crate) fn seed(&self) -> u64 {
        self.0.seed
    }

    /// View, manners and deviations of this moment.
    pub(crate) fn look(&self) -> Look {
        let (look, installed) = self.with(|firmware, now| {
            let look = Look {
                view: firmware.view(now),
                policy: *firmware.policy(),
                manners: *firmware.manners(),
                tree: firmware.tree().clone(),
                deviations: firmware.deviations().to_vec(),
                facts: firmware.facts(now),
                second: firmware.second(),
            };
            (look, firmware.updates.installed())
        });
        let mut volumes = self.volumes();
        let mut written = self.written();
        if volumes.settle(look.facts.restarts) {
            volumes.link(&look.tree, &mut written);
        }
        written.settle(look.facts.restarts, || date_time(look.view.last_reset));
        for (inventory, version) in installed {
            written.keep(&inventory, "/Version", version.into());
        }
        drop((written, volumes));
        look
    }

    /// Says whether the BMC answers, now and from now on.
    pub(crate) fn presence(&self) -> watch::Receiver<Presence> {
        self.0.presence.subscribe()
    }

    /// Whether the BMC answers now.
    pub(crate) fn is_up(&self) -> bool {
        *self.0.presence.borrow() == Presence::Up
    }

    /// Whether the BMC was killed.
    pub(crate) fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::Relaxed)
    }

    /// The BMC answers nobody any more.
    pub(crate) fn kill(&self) {
        self.0.dead.store(true, Ordering::Relaxed);
        self.with(|_, _| ());
    }

    /// Replaces the deviations; those of the profile stay.
    pub(crate) fn deviate(&self, names: &[&str]) -> Result<(), UnknownDeviation> {
        let all = beside(&self.0.built_in, names);
        self.with(|firmware, _| firmware.deviate(all))
    }

    /// Resolves when something has happened after the first `count` events.
    pub(crate) fn happened_after(&self, count: usize) -> impl Future<Output = ()> + Send + use<> {
        let mut happened = self.0.happened.subscribe();
        async move {
            if happened.wait_for(|now| *now > count).await.is_err() {
                std::future::pending().await
            }
        }
    }

    /// Lets everything happen that is due, does something, and tells whoever waits for it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Firmware, Duration) -> T) -> T {
        self.0.with(act)
    }
}

impl Inner {
    fn with<T>(&self, act: impl FnOnce(&mut Firmware, Duration) -> T) -> T {
        let now = self.birth.elapsed();
        let mut firmware = lock(&self.firmware);
        let planned = firmware.next_event();
        firmware.advance(now);
        let result = act(&mut firmware, now);
        if firmware.next_event() != planned {
            self.agenda.notify_one();
        }
        self.tell(&firmware.machine);
        result
    }

    /// Writes down what the machine has done until now.
    fn follow(&self, logbook: &mut Logbook, firmware: &Firmware, now: Duration) {
        let seconds = |ago: Duration| i64::try_from(ago.as_secs()).unwrap_or(i64::MAX / 2);
        let clock = firmware.clock(now) - seconds(now);
        logbook.begin(clock);
        logbook.follow(firmware.machine.events(), |event| clock + seconds(event.at));
    }

    fn tell(&self, machine: &Machine) {
        let presence = match machine.bmc_up() {
            _ if self.dead.load(Ordering::Relaxed) || !machine.has_ac() => Presence::Gone,
            true => Presence::Up,
            false => Presence::Restarting,
        };
        let count = machine.event_count();
        self.presence.send_if_modified(|was| std::mem::replace(was, presence) != presence);
        self.happened.send_if_modified(|was| std::mem::replace(was, count) != count);
    }

    fn stop(&self) {
        lock(&self.ticker).take().into_iter().for_each(|ticker| ticker.abort());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Bmc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bmc(seed {})", self.0.seed)
    }
}

/// Fires what is due, when it is due, as long as the BMC lives.
async fn tick(bmc: Weak<Inner>, agenda: Arc<Notify>) {
    loop {
        let Some(inner) = bmc.upgrade() else { return };
        let next = inner.with(|firmware, _| firmware.next_event()).map(|at| inner.birth + at);
        drop(inner);
        match next {
            Some(at) => select! {
                () = sleep_until(at) => {}
                () = agenda.notified() => {}
            },
            None => agenda.notified().await,
        }
    }
}

/// Locks; a panic elsewhere does not matter here, since every change is made in one piece.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
