//! How a byte says a reading: `y = (M·x + B·10^K1)·10^K2`, linear (IPMI v2.0 §36.3).

/// The factors of a sensor. B is always 0 here: what needs numbers below zero is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    /// M, from 1 to 511.
    pub(crate) m: u16,
    /// K2, the exponent of the result, from -8 to 7.
    pub(crate) exponent: i8,
    /// Whether the byte is in two's complement.
    pub(crate) is_signed: bool,
}

impl Scale {
    /// The factors for readings from `least` to `most`, with steps no smaller than `step`, that say these limits best, and
    /// then this reading.
    pub(crate) fn fitting(least: f64, most: f64, step: f64, limits: &[f64], reading: f64) -> Self {
        let is_signed = least < 0.0;
        let needed = if is_signed { (most / 127.0).max(least / -128.0) } else { most / 255.0 };
        let needed = needed.max(step).max(1e-8);
        // Two digits are enough for M: ten of them and more are between the step that is needed and one of 1.6 times that.
        let exponent = (needed.log10().floor() as i32 - 1).clamp(-8, 7);
        let first = (needed / power(exponent) - 1e-9).ceil().clamp(1.0, 340.0) as u16;
        // In millionths of a step's unit, so that what is as good as exact is equal.
        let residue = |m: u16, values: &[f64]| {
            let step = f64::from(m) * power(exponent);
            let off = |value: &f64| (value / step - (value / step).round()).abs() * step;
            (values.iter().map(off).fold(0.0, f64::max) * 1e6).round() as u64
        };
        let best =
            (first..=first + first * 3 / 5).min_by_key(|m| (residue(*m, limits), residue(*m, &[reading])));
        let (mut m, mut exponent) = (best.unwrap_or(first), exponent as i8);
        while m % 10 == 0 && exponent < 7 {
            (m, exponent) = (m / 10, exponent + 1);
        }
        Self { m, exponent, is_signed }
    }

    /// What one step of the byte is.
    pub(crate) fn step(self) -> f64 {
        f64::from(self.m) * power(self.exponent.into())
    }

    /// The byte that is nearest to a value.
    pub(crate) fn byte(self, value: f64) -> u8 {
        let steps = (value / self.step()).round();
        if self.is_signed { steps.clamp(-128.0, 127.0) as i8 as u8 } else { steps.clamp(0.0, 255.0) as u8 }
    }

    /// What a byte says.
    pub(crate) fn value(self, byte: u8) -> f64 {
        let steps = if self.is_signed { f64::from(byte as i8) } else { f64::from(byte) };
        // 121 steps of 0.1 are 12.1, not 12.100000000000001.
        (steps * self.step() * 1e6).round() / 1e6
    }

    /// Bytes 25 to 30 of a full sensor record, and what Get Sensor Reading Factors answers (§35.5, §43.1): no tolerance, no
    /// accuracy, an input.
    pub(crate) fn factors(self) -> [u8; 6] {
        let [low, high] = self.m.to_le_bytes();
        [low, high << 6, 0, 0, 0, ((self.exponent as u8) & 0x0F) << 4]
    }
}

fn power(exponent: i32) -> f64 {
    10f64.powi(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_machines_measure_is_said_exactly() {
        let temperature = Scale::fitting(-20.0, 110.0, 1.0, &[70.0, 75.0], 35.0);
        assert_eq!((temperature.m, temperature.exponent, temperature.is_signed), (1, 0, true));
        let rail = Scale::fitting(0.0, 16.0, 0.0, &[12.6, 13.2, 11.4, 10.8], 12.1);
        assert_eq!(rail.value(rail.byte(12.1)), 12.1);
        let watts = Scale::fitting(0.0, 2000.0, 0.0, &[], 368.0);
        assert_eq!(watts.value(watts.byte(368.0)), 368.0);
    }

    proptest! {
        #[test]
        fn a_reading_comes_back_within_half_a_step(
            least in prop_oneof![Just(0.0), -1000.0..0.0f64],
            span in 0.01..100_000.0f64,
            at in 0.0..=1.0f64,
            step in prop_oneof![Just(0.0), Just(1.0)],
        ) {
            let most = least + span;
            let value = least + span * at;
            let scale = Scale::fitting(least, most, step, &[], value);
            prop_assert!(scale.m >= 1 && scale.m < 512);
            let said = scale.value(scale.byte(value));
            prop_assert!((said - value).abs() <= scale.step() / 2.0 + 1e-6, "{value} is said as {said} by {scale:?}");
        }

        #[test]
        fn every_byte_comes_back(most in 0.1..50_000.0f64, least in prop_oneof![Just(0.0), Just(-20.0)], byte: u8) {
            let scale = Scale::fitting(least, most, 0.0, &[most], most);
            prop_assert_eq!(scale.byte(scale.value(byte)), byte);
        }

        #[test]
        fn the_factors_say_the_step(most in 0.1..50_000.0f64) {
            let scale = Scale::fitting(0.0, most, 0.0, &[], 0.0);
            let [low, high, .., exponents] = scale.factors();
            let m = i32::from(low) | i32::from(high >> 6) << 8;
            let exponent = i32::from((exponents as i8) >> 4);
            prop_assert!((f64::from(m) * 10f64.powi(exponent) - scale.step()).abs() < 1e-9);
        }
    }
}
