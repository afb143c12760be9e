//! When two witnesses say the same: field by field, and of what is measured as exactly as it can be measured.

use halmark::Timestamp;
use serde_json::Value;

/// What two clocks may differ by, in seconds: one has just ticked, the other is asked a moment later.
const SECONDS: i64 = 2;

/// Where two witnesses differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Different {
    /// The way to it, for people: `entries 3 time `; empty for the whole.
    pub at: String,
    /// What was said.
    pub said: Value,
    /// What is so.
    pub truth: Value,
}

/// Whether what is said agrees with what is so.
///
/// - Of maps, the fields count that both have.
/// - A list has as many items, each like its partner: the one of the same name, or else the one in the same place.
/// - Numbers differ by no more than a sensor's resolution, where the truth says what that is, and by three hundredths and
///   one twentieth where it does not.
/// - Points in time are at most two seconds apart.
pub fn alike(said: &Value, truth: &Value) -> Result<(), Different> {
    alike_to(said, truth, None)
}

fn alike_to(said: &Value, truth: &Value, resolution: Option<f64>) -> Result<(), Different> {
    match (said, truth) {
        (Value::Object(fields), Value::Object(others)) => {
            let resolution = others.get("resolution").and_then(Value::as_f64).or(resolution);
            fields.iter().try_for_each(|(name, field)| match others.get(name) {
                Some(other) => alike_to(field, other, resolution).map_err(|it| it.within(name)),
                None => Ok(()),
            })
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            items.iter().enumerate().try_for_each(|(place, item)| {
                let other = partner(item, others).unwrap_or(&others[place]);
                alike_to(item, other, resolution).map_err(|it| it.within(&label(item, place)))
            })
        }
        _ if said == truth || nearly(said, truth, resolution) => Ok(()),
        _ => Err(Different { at: String::new(), said: said.clone(), truth: truth.clone() }),
    }
}

impl Different {
    fn within(self, name: &str) -> Self {
        Self { at: format!("{name} {}", self.at), ..self }
    }
}

fn label(item: &Value, place: usize) -> String {
    name(item).map_or_else(|| (place + 1).to_string(), ToOwned::to_owned)
}

fn name(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str)
}

fn partner<'v>(item: &Value, others: &'v [Value]) -> Option<&'v Value> {
    let name = name(item)?;
    let mut found = others.iter().filter(|other| self::name(other) == Some(name));
    found.next().filter(|_| found.next().is_none())
}

fn nearly(said: &Value, truth: &Value, resolution: Option<f64>) -> bool {
    if let (Some(said), Some(truth)) = (said.as_f64(), truth.as_f64()) {
        return (said - truth).abs() <= resolution.unwrap_or(truth.abs() * 0.03 + 0.05);
    }
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    matches!((time(said), time(truth)), (Some(said), Some(truth)) if (said.0 - truth.0).abs() <= SECONDS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_find_their_partners_by_name_or_by_place() {
        let truth = json!([{"name": "a", "value": 1}, {"name": "b", "value": 2}]);
        assert_eq!(alike(&json!([{"name": "b", "value": 2}, {"name": "a", "value": 1}]), &truth), Ok(()));
        let said = json!([{"name": "a", "value": 1}, {"name": "b", "value": 9}]);
        let different = alike(&said, &truth).unwrap_err();
        assert_eq!((different.at.as_str(), different.said), ("b value ", json!(9)));
        assert!(alike(&json!([{"name": "a"}]), &truth).is_err());
    }

    #[test]
    fn what_is_measured_may_differ_by_its_resolution_and_no_more() {
        assert_eq!(alike(&json!(12.06), &json!(12.1)), Ok(()));
        assert!(alike(&json!(0), &json!(12.1)).is_err() && alike(&json!(58), &json!(62)).is_err());
        let fan = |value: f64| json!({"name": "fan", "value": value, "resolution": 60});
        assert_eq!(alike(&json!({"name": "fan", "value": 8460}), &fan(8400.0)), Ok(()));
        assert!(alike(&json!({"name": "fan", "value": 8520}), &fan(8400.0)).is_err());
        let time = |text: &str| json!({ "time": text });
        assert_eq!(alike(&time("2026-11-21T10:26:38Z"), &time("2026-11-21T10:26:40Z")), Ok(()));
        assert!(alike(&time("2026-11-21T10:26:38Z"), &time("2026-11-21T10:26:41Z")).is_err());
    }
}
