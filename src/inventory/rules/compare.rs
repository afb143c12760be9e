//! `eq`, `lt` and their like, as Python compares after ironic-inspector has made the field what the rule's value is.

use std::cmp::Ordering;

use serde_json::Value;

/// Which order is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Order {
    /// By its word in a rule.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            _ => return None,
        })
    }

    /// NaN is neither less, nor equal, nor greater.
    fn is(self, ordering: Option<Ordering>) -> bool {
        match self {
            Self::Eq => ordering == Some(Ordering::Equal),
            Self::Ne => ordering != Some(Ordering::Equal),
            Self::Lt => ordering == Some(Ordering::Less),
            Self::Le => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Self::Gt => ordering == Some(Ordering::Greater),
            Self::Ge => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// Compares a field with the value of a rule. Where that is a number (or a truth value, which Python takes for one), the field is
/// made one too: a text by its digits, a fraction by cutting it off for a whole number.
pub(super) fn compare(field: &Value, order: Order, value: &Value) -> Result<bool, String> {
    let ordering = match value {
        Value::Number(number) if number.is_f64() => {
            float(field)?.partial_cmp(&number.as_f64().unwrap_or(f64::NAN))
        }
        Value::Number(number) => {
            let value = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            Some(whole(field)?.cmp(&value.unwrap_or_default()))
        }
        Value::Bool(value) => Some(whole(field)?.cmp(&i128::from(*value))),
        Value::String(value) => match field {
            Value::String(field) => Some(field.as_str().cmp(value)),
            _ => return unordered(field == &Value::String(value.clone()), order),
        },
        other => return unordered(field == other, order),
    };
    Ok(order.is(ordering))
}

/// Values that are equal or not, and have no order.
fn unordered(is_equal: bool, order: Order) -> Result<bool, String> {
    match order {
        Order::Eq => Ok(is_equal),
        Order::Ne => Ok(!is_equal),
        _ => Err("is of another kind than the rule's value: the two have no order".to_owned()),
    }
}

fn float(field: &Value) -> Result<f64, String> {
    let number = match field {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| "is no number, and the rule's value is one".to_owned())
}

fn whole(field: &Value) -> Result<i128, String> {
    let number = match field {
        Value::Number(number) => {
            let cut = number.as_f64().filter(|it| it.is_finite());
            #[expect(
                clippy::cast_possible_truncation,
                reason = "Python's int() cuts off, and a cast saturates"
            )]
            let cut = cut.map(|it| it.trunc() as i128);
            number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)).or(cut)
        }
        Value::Bool(truth) => Some(i128::from(*truth)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| "is no whole number, and the rule's value is one".to_owned())
}
