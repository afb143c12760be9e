//! When to dial again: soon at first, then less and less often, and never all at once.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A stream that stood so long was a good one.
const GOOD: Duration = Duration::from_secs(60);

/// How long to wait the next time, before chance has its say.
pub(super) struct Pace(Duration);

impl Pace {
    pub(super) const fn new() -> Self {
        Self(FIRST)
    }

    /// How long to wait after a stream that stood so long: between half and the whole of what doubles each time. `chance` is drawn.
    pub(super) fn wait(&mut self, stood: Duration, chance: u16) -> Duration {
        if stood >= GOOD {
            self.0 = FIRST;
        }
        let whole = self.0;
        self.0 = (whole * 2).min(LONGEST);
        whole / 2 + whole / 2 * u32::from(chance) / u32::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_to_a_minute_and_begins_anew_after_a_good_stream() {
        let mut pace = Pace::new();
        let waits: Vec<_> = (0..8).map(|_| pace.wait(Duration::ZERO, u16::MAX).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pace.wait(GOOD, 0), FIRST / 2);
    }
}
