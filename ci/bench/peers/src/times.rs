//! How long answers took.

use std::time::Duration;

/// Every one of them, in microseconds.
#[derive(Default)]
pub struct Times(Vec<u32>);

impl Times {
    /// One took so long.
    pub fn took(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// How many, median, 99th percentile and the longest, as members of a JSON object.
    pub fn said(mut self) -> String {
        self.0.sort_unstable();
        let at = |share: usize| self.0.get((self.0.len().max(1) - 1) * share / 100).copied().unwrap_or(0);
        format!(r#""requests":{},"p50_us":{},"p99_us":{},"max_us":{}"#, self.0.len(), at(50), at(99), at(100))
    }
}
