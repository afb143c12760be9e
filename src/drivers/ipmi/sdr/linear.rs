//! From a byte to a reading: y = L[(M·x + B·10^K1)·10^K2] (IPMI v2.0 §36.3), pure.

use super::record::{four_bits, ten_bits};

/// How a sensor's byte becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Factors {
    /// 00b unsigned, 01b one's complement, 10b two's complement.
    pub(in super::super) format: u8,
    /// Which function L is (table 43-1, byte 24), 70h for one whose factors depend on the reading.
    pub(in super::super) linearization: u8,
    /// M, 10 bits.
    pub(in super::super) m: i16,
    /// B, 10 bits.
    pub(in super::super) b: i16,
    /// K2, the result's exponent, 4 bits.
    pub(in super::super) result_exponent: i8,
    /// K1, B's exponent, 4 bits.
    pub(in super::super) b_exponent: i8,
}

const NON_LINEAR: u8 = 0x70;

impl Factors {
    /// Whether the factors have to be asked for with each reading (§35.5).
    pub(in super::super) fn depend_on_reading(&self) -> bool {
        self.linearization == NON_LINEAR
    }

    /// The same sensor under the factors that Get Sensor Reading Factors gave for a reading (§35.5), after its first byte.
    pub(in super::super) fn for_reading(&self, told: &[u8]) -> Option<Self> {
        let [m, m_high, b, b_high, _, exponents] = *told.first_chunk::<6>()?;
        Some(Self {
            linearization: 0,
            m: ten_bits(m, m_high),
            b: ten_bits(b, b_high),
            result_exponent: four_bits(exponents >> 4),
            b_exponent: four_bits(exponents),
            ..*self
        })
    }

    /// The value of a byte; `None` where the function gives none, such as 1/0, or is the vendor's own.
    pub(in super::super) fn value(&self, raw: u8) -> Option<f64> {
        let x = match self.format {
            0b00 => f64::from(raw),
            // One's complement: FFh is a zero too.
            0b01 if raw & 0x80 != 0 => -f64::from(!raw),
            0b01 => f64::from(raw),
            0b10 => f64::from(raw.cast_signed()),
            _ => return None,
        };
        let linear =
            scaled(f64::from(self.m) * x + scaled(f64::from(self.b), self.b_exponent), self.result_exponent);
        let value = match self.linearization {
            0x00 | NON_LINEAR => linear,
            0x01 => linear.ln(),
            0x02 => linear.log10(),
            0x03 => linear.log2(),
            0x04 => linear.exp(),
            0x05 => 10_f64.powf(linear),
            0x06 => linear.exp2(),
            0x07 => linear.recip(),
            0x08 => linear.powi(2),
            0x09 => linear.powi(3),
            0x0A => linear.sqrt(),
            0x0B => linear.cbrt(),
            _ => return None,
        };
        value.is_finite().then_some(value)
    }
}

/// `value`·10^`exponent`. Division by a power of ten is exact to the last digit where multiplication with 0.1 is not.
fn scaled(value: f64, exponent: i8) -> f64 {
    let power = 10_f64.powi(i32::from(exponent.unsigned_abs()));
    if exponent < 0 { value / power } else { value * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Factors =
        Factors { format: 0, linearization: 0, m: 1, b: 0, result_exponent: 0, b_exponent: 0 };

    #[test]
    fn a_voltage_is_its_byte_times_m_plus_b_at_its_exponents() {
        // 12 V rail: M 59, K2 -3, as ipmitool computes 12.036 from CCh.
        let rail = Factors { m: 59, result_exponent: -3, ..PLAIN };
        assert_eq!(rail.value(0xCC), Some(12.036));
        let with_b = Factors { m: -2, b: -5, b_exponent: 2, result_exponent: -1, ..PLAIN };
        assert_eq!(with_b.value(10), Some(-52.0));
    }

    #[test]
    fn bytes_are_unsigned_or_in_one_of_two_complements() {
        let of = |format, raw| Factors { format, ..PLAIN }.value(raw);
        assert_eq!([of(0, 0xFE), of(1, 0xFE), of(2, 0xFE)], [Some(254.0), Some(-1.0), Some(-2.0)]);
        assert_eq!((of(1, 0xFF), of(3, 1)), (Some(-0.0), None));
    }

    #[test]
    fn every_function_of_the_standard_is_known() {
        let of = |linearization| Factors { linearization, ..PLAIN }.value(4).unwrap();
        assert_eq!([of(3), of(6), of(7), of(8), of(9), of(10)], [2.0, 16.0, 0.25, 16.0, 64.0, 2.0]);
        assert!((of(1) - 4_f64.ln()).abs() < 1e-12 && (of(2) - 4_f64.log10()).abs() < 1e-12);
        assert!((of(4) - 4_f64.exp()).abs() < 1e-9 && (of(5) - 10_000.0).abs() < 1e-6);
        assert!((of(11) - 4_f64.cbrt()).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_value_is_none() {
        let of = |linearization| Factors { linearization, ..PLAIN }.value(0);
        assert_eq!([of(1), of(7), of(0x71)], [None, None, None]);
    }
}
