//! The exchanges that are kept, and how many there were before them.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use super::exchange::{IpmiExchange, Said};
use crate::redfish::Transcript;

/// As many exchanges as somebody wants.
#[derive(Debug, Default)]
pub(super) struct Records {
    keeps: Transcript,
    gone: usize,
    kept: VecDeque<IpmiExchange>,
}

impl Records {
    /// Keeps this much.
    pub(super) fn new(keeps: Transcript) -> Self {
        Self { keeps, ..Self::default() }
    }

    /// Whether an exchange would be kept at all.
    pub(super) fn keeps_any(&self) -> bool {
        !matches!(self.keeps, Transcript::None | Transcript::Last(0))
    }

    /// Keeps one more, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, at: Duration, from: SocketAddr, said: Said) {
        let most = match self.keeps {
            Transcript::All => usize::MAX,
            Transcript::Last(most) => most,
            Transcript::None => 0,
        };
        let seq = self.total() as u64;
        self.kept.push_back(IpmiExchange { seq, at, from, said });
        while self.kept.len() > most {
            self.kept.pop_front();
            self.gone += 1;
        }
    }

    /// How many there were.
    pub(super) fn total(&self) -> usize {
        self.gone + self.kept.len()
    }

    /// Those that are kept, from the one with this number on.
    pub(super) fn from(&self, seq: usize) -> Vec<IpmiExchange> {
        self.kept.iter().skip(seq.saturating_sub(self.gone)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_under_their_own_numbers() {
        let mut records = Records::new(Transcript::Last(2));
        for _ in 0..5 {
            records.push(Duration::ZERO, ([127, 0, 0, 1], 1).into(), Said::Ping);
        }
        let numbers = |seq| records.from(seq).iter().map(|it| it.seq).collect::<Vec<_>>();
        assert_eq!((records.total(), numbers(0), numbers(4), numbers(9)), (5, vec![3, 4], vec![4], vec![]));
    }
}
