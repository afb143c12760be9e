//! Points in time as the inventory keeps them: milliseconds, in UTC.

use std::{fmt, str::FromStr};

use crate::model::Timestamp;

/// Milliseconds since 1970-01-01T00:00:00Z; prints as `2024-11-19T11:15:53.760Z` and is read without the fraction too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// A text that is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMoment;

impl fmt::Display for NotAMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time in UTC such as 2024-11-19T11:15:53.760Z")
    }
}

impl std::error::Error for NotAMoment {}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Timestamp(self.0.div_euclid(1000)).to_string();
        write!(f, "{}.{:03}Z", seconds.trim_end_matches('Z'), self.0.rem_euclid(1000))
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let (seconds, millis) = match text.split_once('.') {
            None => (text.parse::<Timestamp>(), 0),
            Some((seconds, fraction)) => {
                let digits = fraction.strip_suffix('Z').filter(|it| it.len() == 3);
                let digits = digits.filter(|it| it.bytes().all(|b| b.is_ascii_digit())).ok_or(NotAMoment)?;
                (format!("{seconds}Z").parse(), digits.parse::<i64>().map_err(|_| NotAMoment)?)
            }
        };
        let Timestamp(seconds) = seconds.map_err(|_| NotAMoment)?;
        Ok(Self(seconds * 1000 + millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_it_is_read() {
        for text in ["2024-11-19T11:15:53.760Z", "1969-12-31T23:59:59.999Z", "2026-11-21T10:26:38.000Z"] {
            assert_eq!(text.parse::<Moment>().unwrap().to_string(), text);
        }
        assert_eq!("2026-11-21T10:26:38Z".parse::<Moment>().unwrap().0 % 1000, 0);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "2024-11-19T11:15:53.76Z",
            "2024-11-19T11:15:53.+60Z",
            "2024-11-19T11:15:53Z.760Z",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text}");
        }
    }
}
