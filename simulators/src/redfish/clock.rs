//! The BMC's clock as Redfish writes it (DSP0266 §9.5.8, Date-Time), in seconds since 1970.

/// The beginning of 2026, when every machine is born.
pub(crate) const BIRTH: i64 = 1_767_225_600;

const DAY: i64 = 86_400;

/// Such a moment, in UTC.
pub(crate) fn date_time(at: i64) -> String {
    let (days, clock) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The moment that is written so: `2026-02-28T23:59:59+01:00`, with `Z` for UTC, perhaps with parts of a second.
pub(crate) fn read(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let (time, offset) = match rest.strip_suffix('Z') {
        Some(time) => (time, 0),
        None => {
            let at = rest.rfind(['+', '-'])?;
            let sign = if rest[at..].starts_with('-') { -1 } else { 1 };
            let [hours, minutes] = numbers(&rest[at + 1..], ':')?;
            (&rest[..at], sign * (hours * 3600 + minutes * 60))
        }
    };
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':')?;
    let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    let is_time = hour < 24 && minute < 60 && second < 60 && fraction.bytes().all(|it| it.is_ascii_digit());
    (is_date && is_time)
        .then(|| days_until(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset)
}

fn numbers<const N: usize>(text: &str, between: char) -> Option<[i64; N]> {
    let parts: Vec<i64> = text
        .split(between)
        .map(|it| it.bytes().all(|byte| byte.is_ascii_digit()).then(|| it.parse().ok()).flatten())
        .collect::<Option<_>>()?;
    parts.try_into().ok()
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while days_until(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_until(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_until(year, month, 1) + 1)
}

/// The days from 1970 to this date.
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leaps = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let whole = (year - 1970) * 365 + leaps(before) - leaps(1969);
    whole + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_knows_the_calendar() {
        let at = |days: i64, seconds: i64| date_time(BIRTH + days * DAY + seconds);
        assert_eq!(at(0, 0), "2026-01-01T00:00:00Z");
        assert_eq!(at(58, 86_399), "2026-02-28T23:59:59Z");
        assert_eq!(at(59, 0), "2026-03-01T00:00:00Z");
        assert_eq!(at(365 + 365 + 59, 3_661), "2028-02-29T01:01:01Z");
        assert_eq!(date_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(date_time(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for at in [0, BIRTH, BIRTH + 789_123_456, 951_782_400] {
            assert_eq!(read(&date_time(at)), Some(at), "{at}");
        }
        assert_eq!(read("2026-01-01T01:00:00.250+01:00"), Some(BIRTH));
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in
            ["", "2026-01-01", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "T-Z"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
