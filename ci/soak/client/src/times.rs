//! How long operations took: counted by size, so that ten million cost nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::{Value, json};

/// Eight steps for each power of two, in microseconds.
const STEPS: usize = 8 * 40;

/// Counts of one interval and of all.
pub struct Times {
    counts: [AtomicU64; STEPS],
    all: AtomicU64,
    events: AtomicU64,
    unexpected: Mutex<BTreeMap<String, u64>>,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            all: AtomicU64::new(0),
            events: AtomicU64::new(0),
            unexpected: Mutex::default(),
        }
    }
}

impl Times {
    /// An operation took so long.
    pub fn took(&self, time: Duration) {
        let micros = (time.as_micros() as u64).max(1);
        let power = micros.ilog2() as usize;
        let part = if power < 3 { 0 } else { (micros >> (power - 3)) as usize & 7 };
        self.counts[(power * 8 + part).min(STEPS - 1)].fetch_add(1, Relaxed);
        self.all.fetch_add(1, Relaxed);
    }

    /// An answer that nobody should get.
    pub fn unexpected(&self, what: &str, status: u16) {
        let mut all = self.unexpected.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(format!("{what}: {status}")).or_default() += 1;
    }

    /// An event came.
    pub fn event(&self) {
        self.events.fetch_add(1, Relaxed);
    }

    /// What there is to say of the interval that ends now.
    pub fn line(&self, elapsed: Duration, with_events: bool) -> Value {
        let counts: Vec<u64> = self.counts.iter().map(|it| it.swap(0, Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let at = |share: f64| {
            let mut left = (total as f64 * share).ceil() as u64;
            let place = counts.iter().position(|count| {
                left = left.saturating_sub(*count);
                left == 0
            });
            place.map_or(0, |place| (1u64 << (place / 8)) * (8 + place as u64 % 8) / 8)
        };
        json!({
            "seconds": elapsed.as_secs_f64(),
            "operations": self.all.load(Relaxed),
            "interval": total,
            "p50_us": at(0.5),
            "p99_us": at(0.99),
            "events": with_events.then(|| self.events.load(Relaxed)),
            "unexpected": *self.unexpected.lock().unwrap_or_else(PoisonError::into_inner),
        })
    }
}
