//! Ranges of addresses, as people write them.

use std::{fmt, net::IpAddr, str::FromStr};

/// More than this many addresses are refused: somebody mistyped a prefix.
const MOST: u128 = 1 << 16;

/// `10.0.0.0/24`, `10.0.0.1-10.0.0.9`, or one address. Of an IPv4 network of more than two, the first and the last address are no
/// host's and are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: IpAddr,
    last: IpAddr,
}

/// Why a text is no range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeError {
    /// It is not written as one.
    Malformed,
    /// It ends before it begins, or its ends are of different kinds.
    Backwards,
    /// It has more addresses than anybody should ask.
    TooLarge,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => {
                f.write_str("expected a range of addresses such as 10.0.0.0/24 or 10.0.0.1-10.0.0.9")
            }
            Self::Backwards => f.write_str("the range ends before it begins"),
            Self::TooLarge => write!(f, "the range has more than {MOST} addresses"),
        }
    }
}

impl std::error::Error for RangeError {}

impl Range {
    /// The addresses, in order.
    pub fn addresses(self) -> impl Iterator<Item = IpAddr> {
        let is_v4 = self.first.is_ipv4();
        (number(self.first)..=number(self.last)).map(move |it| address(it, is_v4))
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let one = |text: &str| text.trim().parse::<IpAddr>().map_err(|_| RangeError::Malformed);
        let (first, last) = if let Some((net, prefix)) = text.split_once('/') {
            network(one(net)?, prefix.trim().parse().map_err(|_| RangeError::Malformed)?)?
        } else if let Some((first, last)) = text.split_once('-') {
            (one(first)?, one(last)?)
        } else {
            (one(text)?, one(text)?)
        };
        if first.is_ipv4() != last.is_ipv4() || first > last {
            return Err(RangeError::Backwards);
        }
        if number(last) - number(first) >= MOST {
            return Err(RangeError::TooLarge);
        }
        Ok(Self { first, last })
    }
}

fn network(net: IpAddr, prefix: u32) -> Result<(IpAddr, IpAddr), RangeError> {
    let bits = if net.is_ipv4() { 32 } else { 128 };
    let host = bits_of_host(bits, prefix)?;
    let first = number(net) & !host;
    let last = first | host;
    let spare = u128::from(net.is_ipv4() && host > 1);
    Ok((address(first + spare, net.is_ipv4()), address(last - spare, net.is_ipv4())))
}

/// The bits of an address that are the host's.
fn bits_of_host(bits: u32, prefix: u32) -> Result<u128, RangeError> {
    let host = bits.checked_sub(prefix).ok_or(RangeError::Malformed)?;
    Ok(if host == 128 { u128::MAX } else { (1_u128 << host) - 1 })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => u32::from(it).into(),
        IpAddr::V6(it) => it.into(),
    }
}

fn address(number: u128, is_v4: bool) -> IpAddr {
    match u32::try_from(number) {
        Ok(number) if is_v4 => IpAddr::V4(number.into()),
        _ => IpAddr::V6(number.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Vec<String>, RangeError> {
        Ok(text.parse::<Range>()?.addresses().map(|it| it.to_string()).collect())
    }

    #[test]
    fn a_range_has_its_hosts() {
        assert_eq!(told("10.0.0.9/30").unwrap(), ["10.0.0.9", "10.0.0.10"]);
        assert_eq!(told("10.0.0.8/31").unwrap(), ["10.0.0.8", "10.0.0.9"]);
        assert_eq!(told("10.0.0.8").unwrap(), ["10.0.0.8"]);
        assert_eq!(told("10.0.0.255-10.0.1.0").unwrap(), ["10.0.0.255", "10.0.1.0"]);
        assert_eq!(told("fd00::/127").unwrap(), ["fd00::", "fd00::1"]);
        assert_eq!(told("10.0.0.0/16").unwrap().len(), 65_534);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (text, error) in [
            ("", RangeError::Malformed),
            ("10.0.0.0/33", RangeError::Malformed),
            ("10.0.0/24", RangeError::Malformed),
            ("10.0.0.2-10.0.0.1", RangeError::Backwards),
            ("10.0.0.2-fd00::1", RangeError::Backwards),
            ("10.0.0.0/8", RangeError::TooLarge),
            ("::/0", RangeError::TooLarge),
        ] {
            assert_eq!(told(text), Err(error), "{text}");
        }
    }
}
