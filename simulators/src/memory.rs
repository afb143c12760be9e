//! What the deviations of one BMC remember from one request to the next, by name.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use serde_json::Value;

use crate::bmc::lock;

/// Values, and when they were kept by the machine's clock.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<&'static str, (Duration, Value)>>);

impl Memory {
    /// Keeps a value from this moment on.
    pub(crate) fn keep(&self, name: &'static str, value: Value, now: Duration) {
        lock(&self.0).insert(name, (now, value));
    }

    /// The value that was kept last.
    pub(crate) fn kept(&self, name: &str) -> Option<Value> {
        lock(&self.0).get(name).map(|(_, value)| value.clone())
    }

    /// How long ago it was kept.
    pub(crate) fn age(&self, name: &str, now: Duration) -> Option<Duration> {
        lock(&self.0).get(name).map(|(at, _)| now.saturating_sub(*at))
    }

    /// Keeps it no longer.
    pub(crate) fn forget(&self, name: &str) {
        lock(&self.0).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_has_an_age_until_it_is_forgotten() {
        let (memory, second) = (Memory::default(), Duration::from_secs(1));
        memory.keep("image", json!("a.iso"), second);
        assert_eq!(
            (memory.kept("image"), memory.age("image", second * 5)),
            (Some(json!("a.iso")), Some(second * 4))
        );
        memory.forget("image");
        assert_eq!((memory.kept("image"), memory.age("image", second * 5)), (None, None));
    }
}
