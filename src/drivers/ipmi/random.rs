//! Random bytes that are fetched ahead: each packet needs a vector of 16, and asking the system for those costs as much as sending it.

use std::sync::{Mutex, PoisonError};

use tokio_rustls::rustls::crypto::{GetRandomFailed, SecureRandom, ring};

/// Bytes of one visit to the system.
const AHEAD: usize = 512;

/// The process's random bytes, none of which is given out twice.
pub(super) static RANDOM: Ahead = Ahead(Mutex::new(Store { bytes: [0; AHEAD], left: 0 }));

/// The system's random bytes, some of them fetched already.
#[derive(Debug)]
pub(super) struct Ahead(Mutex<Store>);

struct Store {
    bytes: [u8; AHEAD],
    /// How many at the end were not given out yet.
    left: usize,
}

impl SecureRandom for Ahead {
    fn fill(&self, to: &mut [u8]) -> Result<(), GetRandomFailed> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in to.chunks_mut(AHEAD) {
            store.fill(part)?;
        }
        Ok(())
    }
}

impl Store {
    /// Fills a part that is no longer than the store. What was given out is forgotten.
    fn fill(&mut self, part: &mut [u8]) -> Result<(), GetRandomFailed> {
        if self.left < part.len() {
            self.left = 0;
            ring::default_provider().secure_random.fill(&mut self.bytes)?;
            self.left = AHEAD;
        }
        let first = AHEAD - self.left;
        let given = &mut self.bytes[first..first + part.len()];
        part.copy_from_slice(given);
        given.fill(0);
        self.left -= part.len();
        Ok(())
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn fresh() -> Ahead {
        Ahead(Mutex::new(Store { bytes: [0; AHEAD], left: 0 }))
    }

    #[test]
    fn no_bytes_are_given_out_twice_and_none_are_left_behind() {
        let ahead = fresh();
        let mut given = BTreeSet::new();
        for _ in 0..1000 {
            let mut vector = [0; 16];
            ahead.fill(&mut vector).unwrap();
            assert!(given.insert(vector), "{vector:?}");
        }
        let store = ahead.0.lock().unwrap();
        assert!(store.bytes[..AHEAD - store.left].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn any_length_is_filled() {
        for length in [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, 3 * AHEAD + 7] {
            let mut bytes = vec![0; length];
            fresh().fill(&mut bytes).unwrap();
            let zeros = bytes.iter().filter(|byte| **byte == 0).count();
            assert!(zeros <= 1 + length / 16, "{zeros} of {length}");
        }
    }
}
