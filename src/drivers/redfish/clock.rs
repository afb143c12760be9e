//! The BMC's clock: `Manager.DateTime` and `Manager.DateTimeLocalOffset` (DSP0268 Manager; DSP0266 §9.5.8 Date-Time).

use serde_json::json;

use super::{client::Talk, document::Document};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
    model::{BmcClock, Change, Timestamp},
};

const TIME: &str = "DateTime";
const OFFSET: &str = "DateTimeLocalOffset";
/// The last second that four digits of a year hold.
const LAST: Timestamp = Timestamp(253_402_300_799);

/// What time it is.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BmcClock, Failure> {
    let manager = talk.any_manager().await?;
    Ok(Shown::read(&manager, &mut talk.notes)?.clock)
}

/// Sets the time, in the form in which the BMC shows it: an iDRAC shows its own offset and takes no other.
pub(super) async fn set(talk: &mut Talk<'_>, to: Timestamp) -> Result<Change, Failure> {
    let manager = talk.any_manager().await?;
    let shown = Shown::read(&manager, &mut talk.notes)?;
    talk.patch(&manager, &json!({ TIME: shown.write(to) })).await?;
    Ok(Change::Changed)
}

/// Why this cannot be set, if it cannot.
pub(super) fn check(to: Timestamp) -> Result<(), String> {
    match (Timestamp(0)..=LAST).contains(&to) {
        true => Ok(()),
        false => Err(format!("{to} cannot be told: expected a time from {} to {LAST}", Timestamp(0))),
    }
}

/// A clock as it is shown.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    clock: BmcClock,
    /// The offset in minutes that the time itself is written with; `None` is `Z`.
    written_with: Option<i16>,
}

impl Shown {
    fn read(manager: &Document, notes: &mut Notes) -> Result<Self, Failure> {
        let view = manager.view();
        let missing = || Failure::from(Cause::NotFound { what: "clock".to_owned() });
        let text = view.text(TIME, notes).ok_or_else(missing)?;
        let local = view.text(OFFSET, notes).and_then(|text| offset(&text));
        let understood = date_time(&text, local.unwrap_or(0));
        let (time, own) =
            understood.ok_or(Deviation::UnknownValue { property: TIME.to_owned(), value: text })?;
        if own == Own::Missing {
            notes.forgive(Deviation::Missing { property: format!("offset of {TIME}") });
        }
        let written_with = match own {
            Own::Utc => None,
            Own::Minutes(minutes) => Some(minutes),
            Own::Missing => Some(local.unwrap_or(0)),
        };
        Ok(Self { clock: BmcClock { time, utc_offset_minutes: local.or(written_with) }, written_with })
    }

    fn write(&self, to: Timestamp) -> String {
        let Some(minutes) = self.written_with else { return to.to_string() };
        let local = Timestamp(to.0 + 60 * i64::from(minutes)).to_string();
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
        format!("{}{sign}{:02}:{:02}", local.trim_end_matches('Z'), minutes / 60, minutes % 60)
    }
}

/// What a time says of its offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Utc,
    Minutes(i16),
    Missing,
}

/// A time such as `2026-11-21T10:26:38.000123+01:00`, and what it says of its offset. One that says nothing is of the
/// offset that the BMC gives beside it.
fn date_time(text: &str, local: i16) -> Option<(Timestamp, Own)> {
    let (whole, rest) = (text.get(..19)?, text.get(19..)?);
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let own = match rest {
        "" => Own::Missing,
        "Z" | "z" => Own::Utc,
        _ => Own::Minutes(offset(rest)?),
    };
    let minutes = match own {
        Own::Utc => 0,
        Own::Minutes(minutes) => minutes,
        Own::Missing => local,
    };
    let there: Timestamp = format!("{whole}Z").replacen(' ', "T", 1).parse().ok()?;
    Some((Timestamp(there.0 - 60 * i64::from(minutes)), own))
}

/// Minutes of `+01:00`; some leave the colon out.
fn offset(text: &str) -> Option<i16> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        'Z' | 'z' if text.len() == 1 => return Some(0),
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let is_number = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let digits: i16 = digits.parse().ok().filter(|_| is_number)?;
    let (hours, minutes) = (digits / 100, digits % 100);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(time: &str, offset: Option<&str>) -> Result<Shown, Failure> {
        let manager = Document::of("/m", &json!({"DateTime": time, "DateTimeLocalOffset": offset}));
        Shown::read(&manager, &mut Notes::default())
    }

    #[test]
    fn a_time_is_told_in_utc_whatever_its_offset_and_fraction() {
        for text in [
            "2026-11-21T10:26:38Z",
            "2026-11-21T11:26:38+01:00",
            "2026-11-21T05:26:38.000123-05:00",
            "2026-11-21T11:26:38+0100",
        ] {
            assert_eq!(shown(text, None).unwrap().clock.time, Timestamp(1_795_256_798), "{text}");
        }
        let local = shown("2026-11-21T11:26:38", Some("+01:00")).unwrap();
        assert_eq!((local.clock.time, local.clock.utc_offset_minutes), (Timestamp(1_795_256_798), Some(60)));
    }

    #[test]
    fn a_time_is_written_as_the_bmc_writes_it() {
        for text in ["2026-11-21T10:26:38Z", "2026-11-21T11:26:38+01:00", "2026-11-21T05:26:38-05:00"] {
            assert_eq!(shown(text, None).unwrap().write(Timestamp(1_795_256_798)), text);
        }
    }

    #[test]
    fn what_is_no_time_is_a_deviation() {
        for text in ["0000-00-00T00:00:00+00:00", "soon", "2026-11-21T10:26:38+1", "2026-11-21T10:26:38ä"] {
            let failure = shown(text, None).unwrap_err();
            assert!(matches!(failure.cause, Cause::Deviation(Deviation::UnknownValue { .. })), "{text}");
        }
    }
}
