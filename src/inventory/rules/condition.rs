//! What must hold of a machine.

use std::{fmt, net::IpAddr};

use regex_lite::Regex;
use serde_json::Value;

use super::{
    compare::{self, Order},
    path::Path,
    python,
};
use crate::inventory::text::Place;

/// A condition on a field.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) place: Place,
    pub(super) op: Op,
    pub(super) field: Field,
    pub(super) multiple: Multiple,
    pub(super) invert: bool,
    /// The operator and its value, as they are written.
    pub(super) written: String,
}

/// For people: `not memory_mb lt 4096`, `all of interfaces[*].speed ge 25`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.invert { "not " } else { "" };
        let which = match self.multiple {
            Multiple::Any => "",
            Multiple::All => "all of ",
            Multiple::First => "the first of ",
        };
        write!(f, "{not}{which}{} {}", self.field.written, self.written)
    }
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) source: Source,
    pub(super) path: Path,
    pub(super) written: String,
}

/// In which document a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// What was found in the machine.
    Data,
    /// Its node.
    Node,
}

/// Of which of several values it must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Multiple {
    Any,
    All,
    First,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Op {
    Compare {
        order: Order,
        value: Value,
    },
    InNet(Net),
    /// From its beginning to its end.
    Matches(Regex),
    /// Somewhere in it.
    Contains(Regex),
    IsEmpty,
}

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    address: IpAddr,
    prefix: u32,
}

impl Condition {
    /// Why it does not hold; `None` where it does. An error is a value that cannot be asked this.
    pub(super) fn holds(&self, data: &Value, node: &Value) -> Result<Option<String>, String> {
        let document = if self.field.source == Source::Data { data } else { node };
        let written = &self.field.written;
        let mut values = self.field.path.find(document);
        if values.is_empty() {
            if !matches!(self.op, Op::IsEmpty) {
                return Ok(Some(format!("{written} is not there")));
            }
            values.push(&Value::Null);
        }
        let mut result = false;
        for value in values {
            result = self.op.holds(value).map_err(|reason| format!("{written} {reason}"))?;
            let is_decided = match self.multiple {
                Multiple::First => true,
                Multiple::All => !result,
                Multiple::Any => result,
            };
            if is_decided {
                break;
            }
        }
        Ok((result == self.invert).then(|| format!("{written} is otherwise")))
    }
}

impl Op {
    /// An operator by its word and value.
    pub(super) fn of(word: &str, value: Value) -> Result<Self, String> {
        let text = || value.as_str().ok_or_else(|| format!("the value of {word} is a text"));
        Ok(match word {
            "is-empty" => Self::IsEmpty,
            "in-net" => Self::InNet(text()?.parse()?),
            "contains" => Self::Contains(regex(text()?)?),
            // Python's re.match begins at the beginning; only the last of several alternatives has the $ that is added.
            "matches" => match text()? {
                "" => return Err("the value of matches is empty".to_owned()),
                text => Self::Matches(regex(&format!("^(?:{}$)", text.strip_suffix('$').unwrap_or(text)))?),
            },
            _ => Self::Compare { order: Order::of(word).ok_or("no such operator")?, value },
        })
    }

    fn holds(&self, field: &Value) -> Result<bool, String> {
        match self {
            Self::Compare { order, value } => compare::compare(field, *order, value),
            Self::InNet(net) => net.has(field),
            Self::Matches(regex) | Self::Contains(regex) => Ok(regex.is_match(&python::str(field))),
            Self::IsEmpty => Ok(match field {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                _ => false,
            }),
        }
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        let error = error.to_string();
        format!("this regular expression is not read: {}", error.lines().last().unwrap_or_default())
    })
}

impl std::str::FromStr for Net {
    type Err = String;

    /// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fd00::/8`, or one address.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "this is no network: expected one such as 10.0.0.0/8".to_owned();
        let (address, prefix) = text.split_once('/').map_or((text, None), |(it, prefix)| (it, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(digits) => digits
                .parse::<u32>()
                .ok()
                .or_else(|| mask(digits))
                .filter(|it| *it <= most)
                .ok_or_else(bad)?,
        };
        Ok(Self { address, prefix })
    }
}

/// The length of a prefix that is written as a mask.
fn mask(text: &str) -> Option<u32> {
    let bits = u32::from(text.parse::<std::net::Ipv4Addr>().ok()?);
    (bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| bits.leading_ones())
}

impl Net {
    fn has(self, field: &Value) -> Result<bool, String> {
        let address = field.as_str().and_then(|it| it.parse::<IpAddr>().ok());
        let address = address.ok_or_else(|| "is no IP address, which in-net wants".to_owned())?;
        Ok(match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(it)) => {
                (u32::from(net) ^ u32::from(it)).leading_zeros() >= self.prefix
            }
            (IpAddr::V6(net), IpAddr::V6(it)) => {
                (u128::from(net) ^ u128::from(it)).leading_zeros() >= self.prefix
            }
            _ => false,
        })
    }
}
