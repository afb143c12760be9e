//! What the machine consumes, by DCMI (DCMI v1.5 §6.1, §6.6.1), the only standard way over IPMI.

use super::{command::Command, link::Talk};
use crate::{driver::Cause, drivers::failure::Failure, model::PowerMetrics};

/// Get DCMI Capabilities Info (§6.1.1).
const GET_CAPABILITIES: Command = Command::read("Get DCMI Capabilities Info", 0x2C, 0x01);
/// Get Power Reading (§6.6.1).
const GET_POWER: Command = Command::read("Get Power Reading", 0x2C, 0x02);

/// What every DCMI message begins with: the group extension's body code.
const DCMI: u8 = 0xDC;
/// The capabilities' parameter "supported DCMI capabilities".
const SUPPORTED: u8 = 0x01;
/// "System power statistics" as the mode of a reading.
const STATISTICS: u8 = 0x01;

/// What the machine consumes. A BMC without DCMI, or without power management in it, has no such thing.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<PowerMetrics, Failure> {
    let mut told = talk.try_ask(&GET_CAPABILITIES, &[DCMI, SUPPORTED]).await?;
    if told.completion == 0xD4 {
        // Whoever does not know DCMI may not know either that every user may ask (ipmi_sim).
        talk.rise().await?;
        told = talk.try_ask(&GET_CAPABILITIES, &[DCMI, SUPPORTED]).await?;
    }
    match told.completion {
        0 if claims_power(&told.data) == Some(false) => return Err(absent("power management in its DCMI")),
        // One that knows DCMI and answers its capabilities wrongly may measure all the same.
        0 => {}
        0xC1 => return Err(absent("DCMI, so that it measures no power")),
        0xD4 => return Err(GET_CAPABILITIES.refused(0xD4)),
        _ => {}
    }
    let answered = talk.try_ask(&GET_POWER, &[DCMI, STATISTICS, 0, 0]).await?;
    match answered.completion {
        0 if answered.data.len() < 2 => {
            talk.quirk(&super::quirks::EMPTY_POWER_READING);
            Err(absent("power reading, although it takes the command for one"))
        }
        0 => understand(&answered.data)
            .ok_or_else(|| GET_POWER.broken(GET_POWER.short(answered.data.len(), 18))),
        0xC1 | 0xCB | 0xCC | 0xCD | 0xD6 => Err(absent("power reading")),
        code => Err(GET_POWER.refused(code)),
    }
}

/// Reads bytes as both answers; whether they are either.
#[cfg(feature = "fuzzing")]
pub(super) fn is_read(bytes: &[u8]) -> bool {
    claims_power(bytes).is_some() | understand(bytes).is_some()
}

fn absent(what: &str) -> Failure {
    Cause::NotFound { what: what.to_owned() }.into()
}

/// Whether power management is among the optional capabilities; `None` when the answer does not go that far.
fn claims_power(data: &[u8]) -> Option<bool> {
    // Body code, major, minor, revision, mandatory, optional; version 1.0 has no revision but is told by its version.
    data.get(5).filter(|_| data.first() == Some(&DCMI)).map(|optional| optional & 0x01 != 0)
}

/// Body code, four words of watts, time, milliseconds, state (table 6-16). Bit 6 of the state says that it measures now:
/// what an inactive measurement says is old, and left out.
fn understand(data: &[u8]) -> Option<PowerMetrics> {
    let word = |at: usize| data.get(at..at + 2).map(|b| f64::from(u16::from_le_bytes([b[0], b[1]])));
    let [a, b, c, d] = *data.get(13..17)?.first_chunk::<4>()?;
    let active = data.get(17)? & 0x40 != 0;
    if !active {
        return Some(PowerMetrics::default());
    }
    Some(PowerMetrics {
        watts: word(1),
        minimum_watts: word(3),
        maximum_watts: word(5),
        average_watts: word(7),
        interval_seconds: Some(f64::from(u32::from_le_bytes([a, b, c, d])) / 1000.0).filter(|s| *s > 0.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 212 W now, 180 to 305 W, 210 W on average over 1 s.
    const READING: [u8; 18] =
        [0xDC, 212, 0, 180, 0, 0x31, 1, 210, 0, 0x10, 0x27, 0, 0x60, 0xE8, 3, 0, 0, 0x40];

    #[test]
    fn a_reading_is_watts_and_seconds() {
        let metrics = understand(&READING).unwrap();
        assert_eq!((metrics.watts, metrics.maximum_watts), (Some(212.0), Some(305.0)));
        assert_eq!(metrics.interval_seconds, Some(1.0));
    }

    #[test]
    fn a_measurement_that_is_not_active_is_absent_and_not_zero() {
        let mut reading = READING;
        reading[17] = 0;
        assert_eq!(understand(&reading), Some(PowerMetrics::default()));
    }

    #[test]
    fn power_management_is_bit_0_of_the_optional_capabilities() {
        assert_eq!(claims_power(&[0xDC, 1, 5, 2, 0, 1, 7]), Some(true));
        assert_eq!(claims_power(&[0xDC, 1, 5, 2, 0, 0, 7]), Some(false));
        assert_eq!(claims_power(&[0xDC, 1, 1]), None);
    }

    proptest! {
        #[test]
        fn no_reading_panics(data in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = understand(&data);
            let _ = claims_power(&data);
        }
    }
}
