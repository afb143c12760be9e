//! How much of what went over the wire is kept.

use std::collections::VecDeque;

use super::{
    exchange::{HttpExchange, Record},
    secrets::Secrets,
};

/// Which exchanges a service keeps for whoever asks later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transcript {
    /// Every one: what a judge needs.
    #[default]
    All,
    /// So many of the last ones.
    Last(usize),
    /// None; they are only counted.
    None,
}

/// The exchanges that are kept, and how many there were before them.
#[derive(Default)]
pub(super) struct Records {
    keeps: Transcript,
    gone: usize,
    kept: VecDeque<Record>,
}

impl Records {
    /// Keeps this much.
    pub(super) fn new(keeps: Transcript) -> Self {
        Self { keeps, ..Self::default() }
    }

    /// Whether a record would be kept at all.
    pub(super) fn keeps_any(&self) -> bool {
        !matches!(self.keeps, Transcript::None | Transcript::Last(0))
    }

    /// Counts an exchange that is not kept.
    pub(super) fn count(&mut self) {
        self.gone += 1;
    }

    /// Keeps one more, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, record: Record) {
        self.kept.push_back(record);
        if let Transcript::Last(most) = self.keeps
            && self.kept.len() > most
        {
            self.kept.pop_front();
            self.gone += 1;
        }
    }

    /// How many there were.
    pub(super) fn total(&self) -> usize {
        self.gone + self.kept.len()
    }

    /// Those that are kept, from the one with this number on; at most so many.
    pub(super) fn shown_from(&self, seq: usize, most: usize, secrets: &Secrets) -> Vec<HttpExchange> {
        let skipped = seq.saturating_sub(self.gone);
        let numbered = self.kept.iter().enumerate().skip(skipped).take(most);
        numbered.map(|(place, record)| record.shown(self.gone + place, secrets)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::{HeaderMap, Method, Uri, body::Bytes};

    use super::*;

    fn record() -> Record {
        Record {
            at: Duration::ZERO,
            method: Method::GET,
            uri: Uri::from_static("/redfish"),
            request_headers: HeaderMap::new(),
            request_body: Bytes::new(),
            status: 200,
            response_headers: HeaderMap::new(),
            response_body: Bytes::new(),
            injected: None,
        }
    }

    fn after(keeps: Transcript, count: usize, from: usize) -> (usize, Vec<u64>) {
        let mut records = Records::new(keeps);
        for _ in 0..count {
            if records.keeps_any() { records.push(record()) } else { records.count() }
        }
        let secrets = Secrets::default();
        (records.total(), records.shown_from(from, 100, &secrets).iter().map(|it| it.seq).collect())
    }

    #[test]
    fn the_last_ones_are_kept_under_their_own_numbers() {
        assert_eq!(after(Transcript::Last(2), 5, 0), (5, vec![3, 4]));
        assert_eq!(after(Transcript::Last(2), 5, 4), (5, vec![4]));
        assert_eq!(after(Transcript::Last(2), 5, 9), (5, vec![]));
        assert_eq!(after(Transcript::All, 3, 1), (3, vec![1, 2]));
        assert_eq!(after(Transcript::None, 3, 0), (3, vec![]));
    }
}
