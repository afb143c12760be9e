//! The BMC's clock, which IPMI keeps for its event log (IPMI v2.0 §31.10 to §31.13).

use super::{command::Command, link::Talk, rmcp::handshake::Privilege};
use crate::{
    drivers::failure::Failure,
    model::{BmcClock, Change, Timestamp},
};

/// Get SEL Time (§31.10).
const GET: Command = Command::read("Get SEL Time", 0x0A, 0x48);
/// Set SEL Time (§31.11).
const SET: Command = Command::read("Set SEL Time", 0x0A, 0x49).for_role(Privilege::Operator).changing();
/// Get SEL Time UTC Offset (§31.12).
const GET_OFFSET: Command = Command::read("Get SEL Time UTC Offset", 0x0A, 0x5C);

/// "Unspecified" as an offset.
const UNSPECIFIED: i16 = 0x07FF;

/// What time it is. A BMC without an offset has its clock in UTC, or does not know better.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BmcClock, Failure> {
    let data = talk.ask(&GET, &[]).await?;
    let Some(seconds) = data.first_chunk::<4>() else { return Err(GET.broken(GET.short(data.len(), 4))) };
    let utc_offset_minutes = offset(talk).await?;
    Ok(BmcClock { time: in_utc(u32::from_le_bytes(*seconds), utc_offset_minutes), utc_offset_minutes })
}

/// Sets the time.
pub(super) async fn set(talk: &mut Talk<'_>, to: Timestamp) -> Result<Change, Failure> {
    let local = to.0 + 60 * i64::from(offset(talk).await?.unwrap_or(0));
    let seconds = u32::try_from(local).unwrap_or(if local < 0 { 0 } else { u32::MAX - 1 });
    talk.ask(&SET, &seconds.to_le_bytes()).await?;
    Ok(Change::Changed)
}

/// Why this cannot be set over IPMI, if it cannot: 32 bits of seconds, and the last one means "unspecified".
pub(super) fn check(to: Timestamp) -> Result<(), String> {
    let most = Timestamp(i64::from(u32::MAX) - 24 * 3600);
    if to < Timestamp(24 * 3600) || to > most {
        return Err(format!("{to} cannot be told over IPMI: expected a time from 1970-01-02 to {most}"));
    }
    Ok(())
}

/// The offset of the BMC's times from UTC in minutes.
pub(super) async fn offset(talk: &mut Talk<'_>) -> Result<Option<i16>, Failure> {
    let answered = talk.try_ask(&GET_OFFSET, &[]).await?;
    let bytes = answered.data.first_chunk::<2>().filter(|_| answered.completion == 0);
    let offset = bytes.map(|bytes| i16::from_le_bytes(*bytes));
    // A day has 1440 minutes: whatever is more is no offset.
    Ok(offset.filter(|minutes| *minutes != UNSPECIFIED && minutes.abs() <= 1440))
}

/// A time of the BMC's in UTC.
pub(super) fn in_utc(seconds: u32, offset_minutes: Option<i16>) -> Timestamp {
    Timestamp(i64::from(seconds) - 60 * i64::from(offset_minutes.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_with_an_offset_is_told_in_utc() {
        assert_eq!(in_utc(7200, Some(120)), Timestamp(0));
        assert_eq!(in_utc(7200, None), Timestamp(7200));
    }

    #[test]
    fn a_time_that_32_bits_do_not_hold_is_refused() {
        assert!(check(Timestamp(1_795_256_798)).is_ok());
        assert!(check(Timestamp(-1)).is_err());
        assert!(check(Timestamp(4_294_967_295)).is_err());
    }
}
