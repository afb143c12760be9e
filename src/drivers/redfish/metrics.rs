//! What the machine consumes: `Power.PowerControl`, which knows least, most and average too, else
//! `EnvironmentMetrics.PowerWatts` (DSP0268 Power, EnvironmentMetrics).

use super::{client::Talk, document::Document};
use crate::{
    driver::Cause,
    drivers::{failure::Failure, notes::Notes},
    model::PowerMetrics,
};

/// What a source says of the consumption.
type Understand = fn(&Document, &mut Notes) -> Option<PowerMetrics>;

/// The chassis' links to what measures.
const SOURCES: [(&str, Understand); 2] = [("Power", of_power), ("EnvironmentMetrics", of_environment)];

/// The first of both that measures anything.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<PowerMetrics, Failure> {
    let system = talk.system().await?;
    let nothing = || Failure::from(Cause::NotFound { what: "power reading".to_owned() });
    let chassis = talk.chassis(&system).await?.ok_or_else(nothing)?;
    for (property, understand) in SOURCES {
        let Some(link) = chassis.view().link(property, &mut talk.notes) else { continue };
        let Some(document) = talk.aside(&link).await? else { continue };
        if let Some(metrics) = understand(&document, &mut talk.notes) {
            return Ok(metrics);
        }
    }
    Err(nothing())
}

/// The first of `PowerControl` that says anything: those of some blades begin with one that is all null.
fn of_power(power: &Document, notes: &mut Notes) -> Option<PowerMetrics> {
    let controls = power.view().objects("PowerControl", notes);
    controls.into_iter().find_map(|control| {
        let over = control.object("PowerMetrics", notes);
        let metrics = PowerMetrics {
            watts: control.number("PowerConsumedWatts", notes),
            minimum_watts: over.number("MinConsumedWatts", notes),
            maximum_watts: over.number("MaxConsumedWatts", notes),
            average_watts: over.number("AverageConsumedWatts", notes),
            interval_seconds: over.number("IntervalInMin", notes).filter(|it| *it > 0.0).map(|it| it * 60.0),
        };
        (metrics != PowerMetrics { interval_seconds: metrics.interval_seconds, ..Default::default() })
            .then_some(metrics)
    })
}

fn of_environment(environment: &Document, notes: &mut Notes) -> Option<PowerMetrics> {
    let watts = environment.view().object("PowerWatts", notes).number("Reading", notes)?;
    Some(PowerMetrics { watts: Some(watts), ..PowerMetrics::default() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn power(controls: serde_json::Value) -> Option<PowerMetrics> {
        let document = Document::of("/redfish/v1/Chassis/1/Power", &json!({ "PowerControl": controls }));
        of_power(&document, &mut Notes::default())
    }

    #[test]
    fn the_first_that_says_anything_is_told() {
        let empty = json!({"PowerConsumedWatts": null, "PowerMetrics": {"IntervalInMin": 5}});
        let full = json!({"PowerConsumedWatts": 215.5, "PowerMetrics": {"IntervalInMin": 0.5, "MinConsumedWatts": 0}});
        let told = power(json!([empty, full])).unwrap();
        assert_eq!((told.watts, told.minimum_watts, told.maximum_watts), (Some(215.5), Some(0.0), None));
        assert_eq!(told.interval_seconds, Some(30.0));
        assert_eq!(power(json!([empty])), None);
        assert_eq!(power(json!(null)), None);
    }
}
