//! Reservations, and what was written to inventories (IPMI v2.0 §31.4, §33.11, §35.4).

use std::{collections::BTreeMap, time::Duration};

/// What can be reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reserved {
    /// The SDR repository.
    Sdr,
    /// The sensors' own records.
    DeviceSdr,
    /// The system event log.
    Sel,
}

/// What a BMC keeps of it. Reservations end when the BMC restarts; what was written to inventories stays without power.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// The restart of the BMC since which they hold.
    since: Option<Duration>,
    last: u16,
    held: BTreeMap<Reserved, u16>,
    /// The revision of the event log when it was reserved.
    pub(crate) log_reserved: (u64, usize),
    /// Inventories that were written to, whole, by device.
    pub(crate) inventories: BTreeMap<u8, Vec<u8>>,
}

impl Storage {
    /// A new reservation; the one before is lost. Never 0.
    pub(crate) fn reserve(&mut self, what: Reserved, ready_since: Option<Duration>) -> u16 {
        self.follow(ready_since);
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.held.insert(what, self.last);
        self.last
    }

    /// Whether this is the reservation that holds.
    pub(crate) fn holds(&mut self, what: Reserved, id: u16, ready_since: Option<Duration>) -> bool {
        self.follow(ready_since);
        self.held.get(&what) == Some(&id)
    }

    fn follow(&mut self, ready_since: Option<Duration>) {
        if self.since != ready_since {
            self.since = ready_since;
            self.held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_is_lost_to_the_next_and_to_a_restart() {
        let mut storage = Storage::default();
        let first = storage.reserve(Reserved::Sdr, None);
        let other = storage.reserve(Reserved::Sel, None);
        assert!(storage.holds(Reserved::Sdr, first, None) && storage.holds(Reserved::Sel, other, None));
        let second = storage.reserve(Reserved::Sdr, None);
        assert!(!storage.holds(Reserved::Sdr, first, None) && storage.holds(Reserved::Sdr, second, None));
        assert!(!storage.holds(Reserved::Sdr, second, Some(Duration::from_secs(60))));
        assert!(!storage.holds(Reserved::Sdr, 0, Some(Duration::from_secs(60))));
    }
}
