//! When to ask again: doubling waits, and the BMC's own word on it.

use std::time::Duration;

use super::http::Reply;
use crate::endpoint::Seams;

const LONGEST: Duration = Duration::from_secs(15);
/// Attempts of the seam that hammers; without a wait only a count can end them.
const HAMMER_BLOWS: u32 = 500;

/// 1 s, 2 s, 4 s … up to 15 s.
pub(super) struct Backoff {
    next: Duration,
    count: u32,
    seams: Seams,
}

impl Backoff {
    pub(super) fn new(seams: Seams) -> Self {
        Self { next: Duration::from_secs(1), count: 0, seams }
    }

    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        self.count += 1;
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        if self.seams.hammers { Duration::ZERO } else { wait }
    }

    /// What the BMC asked for, exactly; the next wait where it did not say, or said zero.
    pub(super) fn at_least(&mut self, asked: Option<Duration>) -> Duration {
        let own = self.next();
        let deaf = self.seams.hammers || self.seams.ignores_retry_after;
        let asked = asked.filter(|asked| !asked.is_zero() && !deaf);
        asked.unwrap_or(own)
    }

    /// Whether a driver that hammers, which only a count can stop, has had enough.
    pub(super) fn is_spent(&self) -> bool {
        self.seams.hammers && self.count > HAMMER_BLOWS
    }
}

/// Retry-After: seconds, or a date, which is measured against the answer's own Date since clocks differ (RFC 9110 §10.2.3).
pub(super) fn retry_after(reply: &Reply) -> Option<Duration> {
    let value = reply.header("retry-after")?;
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let seconds = http_date(value)?.checked_sub(http_date(reply.header("date")?)?)?;
    Some(Duration::from_secs(seconds.clamp(0, i64::from(u32::MAX)).unsigned_abs()))
}

/// Seconds since 1970 of an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.split_once(',')?.1.split_whitespace();
    let day: i64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| month == *name)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    let mut clock =
        words.next()?.split(':').map(|part| part.parse::<i64>().ok().filter(|p| (0..=60).contains(p)));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Days since 1970 in the Gregorian calendar, counted in years that begin with March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;
    use crate::drivers::redfish::http::Body;

    fn after(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        retry_after(&Reply { status: 503, headers: map, body: Body::Truncated(0) })
    }

    #[test]
    fn a_date_in_retry_after_is_measured_against_the_bmcs_own_clock() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(after(&[date, later]), Some(Duration::from_secs(30)));
        assert_eq!(after(&[later]), None);
    }

    #[test]
    fn seconds_are_seconds_and_nonsense_is_nothing() {
        assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        for nonsense in ["", "soon", "-1", "Sun, 99 Foo 1994", "Sun,"] {
            assert_eq!(after(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn the_calendar_is_right_about_leap_years() {
        assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    }
}
