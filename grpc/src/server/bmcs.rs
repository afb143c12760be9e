//! The BMCs of a service, by name, and the few places at each.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use halmark::{Cause, Deadline, Driver, DriverError, Operation};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use super::Limits;

/// How long the end of a session may take.
const FAREWELL: Duration = Duration::from_secs(5);

pub(super) struct Bmcs {
    limits: Limits,
    known: Mutex<BTreeMap<String, Arc<Bmc>>>,
    connected: AtomicU64,
}

pub(super) struct Bmc {
    pub(super) driver: Arc<dyn Driver>,
    /// Whether it is there for as long as the service.
    own: bool,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Bmcs {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, known: Mutex::default(), connected: AtomicU64::new(0) }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Bmc>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bmc(&self, driver: Box<dyn Driver>, own: bool) -> Arc<Bmc> {
        Arc::new(Bmc {
            driver: driver.into(),
            own,
            places: Arc::new(Semaphore::new(self.limits.calls)),
            waiting: AtomicUsize::new(0),
            most_waiting: self.limits.waiting,
        })
    }

    pub(super) fn know(&self, name: &str, driver: Box<dyn Driver>) {
        let bmc = self.bmc(driver, true);
        self.known().insert(name.to_owned(), bmc);
    }

    /// A name for a driver that was made; nothing where there are too many.
    pub(super) fn connect(&self, driver: Box<dyn Driver>) -> Option<String> {
        let bmc = self.bmc(driver, false);
        let mut known = self.known();
        if known.values().filter(|it| !it.own).count() >= self.limits.connected {
            return None;
        }
        let name = format!("connected-{}", self.connected.fetch_add(1, Ordering::Relaxed) + 1);
        known.insert(name.clone(), bmc);
        Some(name)
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Bmc>> {
        self.known().get(name).cloned()
    }

    /// Ends the session; the name goes with it where it was connected. Whether there was such a BMC.
    pub(super) async fn disconnect(&self, name: &str) -> bool {
        let Some(bmc) = self.find(name) else { return false };
        if !bmc.own {
            self.known().remove(name);
        }
        bmc.end().await;
        true
    }

    /// The names that the service was told of.
    pub(super) fn own(&self) -> Vec<String> {
        self.known().iter().filter(|(_, bmc)| bmc.own).map(|(name, _)| name.clone()).collect()
    }

    pub(super) async fn close(&self) {
        let all = std::mem::take(&mut *self.known());
        let mut ending: JoinSet<()> = all.into_values().map(|bmc| async move { bmc.end().await }).collect();
        while ending.join_next().await.is_some() {}
    }
}

impl Bmc {
    async fn end(&self) {
        let _ = tokio::time::timeout(FAREWELL, self.driver.close()).await;
    }

    /// Waits for a place, up to the deadline; too many waiters are turned away at once.
    pub(super) async fn place(
        &self,
        operation: Operation,
        by: Deadline,
    ) -> Result<OwnedSemaphorePermit, DriverError> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let busy =
            || DriverError { operation, protocol: None, cause: Cause::Busy { retry_after: None }, at: None };
        let _waiter = Waiter::at(self).ok_or_else(busy)?;
        let place = tokio::time::timeout_at(by.instant(), self.places.clone().acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(busy)
    }
}

/// One that waits for a place; dropping it gives up.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn at(bmc: &'a Bmc) -> Option<Self> {
        let waiter = Self(&bmc.waiting);
        (bmc.waiting.fetch_add(1, Ordering::Relaxed) < bmc.most_waiting).then_some(waiter)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
