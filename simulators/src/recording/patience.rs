//! When a resource is asked for again, and how fast requests follow each other. Pure but for the waiting.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How often a resource is asked for before it is given up.
pub(super) const TRIES: u32 = 3;

/// The longest wait that is done because a service asks for it; who asks for more is given up at once.
pub(super) const LONGEST: Duration = Duration::from_secs(300);

/// What follows an attempt that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another, after this long.
    Again(Duration),
    /// None.
    GiveUp,
}

/// What follows the attempt with this number (from 1), where the answer asked for a wait or did not.
///
/// `Retry-After` as seconds is honoured (RFC 9110 §10.2.3); without it the wait doubles from one second.
pub(super) fn next(attempt: u32, retry_after: Option<Duration>) -> Next {
    let wait = retry_after.unwrap_or_else(|| Duration::from_secs(1 << (attempt - 1).min(6)));
    if attempt >= TRIES || wait > LONGEST { Next::GiveUp } else { Next::Again(wait) }
}

/// Whether an answer of this status is asked for again.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Keeps requests this far apart.
#[derive(Debug)]
pub(super) struct Pace {
    apart: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// So many in a second; nothing where that is no number above 0.
    pub(super) fn per_second(rate: f64) -> Option<Self> {
        let apart = Duration::try_from_secs_f64(1.0 / rate).ok().filter(|_| rate > 0.0)?;
        Some(Self { apart, next: None })
    }

    /// Waits for the turn of the next request.
    pub(super) async fn turn(&mut self) {
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
        self.next = Some(Instant::now() + self.apart);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_the_third_try_is_the_last() {
        let seconds = Duration::from_secs;
        let then = [1, 2, 3].map(|attempt| next(attempt, None));
        assert_eq!(then, [Next::Again(seconds(1)), Next::Again(seconds(2)), Next::GiveUp]);
    }

    #[test]
    fn retry_after_decides_how_long_and_not_how_often() {
        let asked = Some(Duration::from_secs(30));
        assert_eq!(next(1, asked), Next::Again(Duration::from_secs(30)));
        assert_eq!(next(3, asked), Next::GiveUp);
        assert_eq!(next(1, Some(LONGEST * 2)), Next::GiveUp);
    }

    #[test]
    fn a_rate_is_more_than_nothing() {
        assert!([0.0, -1.0, f64::NAN, 1e-300].into_iter().all(|rate| Pace::per_second(rate).is_none()));
        assert!(Pace::per_second(0.5).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_goes_at_once_and_the_eleventh_a_second_later() {
        let mut pace = Pace::per_second(10.0).unwrap();
        let start = Instant::now();
        for _ in 0..11 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed().as_millis(), 1000);
    }
}
