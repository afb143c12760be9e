//! Sensors: the chassis' `Sensors` where it has them, else what `Thermal` and `Power` or the subsystems say (DSP0268
//! Sensor, Thermal, Power, ThermalSubsystem, PowerSubsystem), and its power supplies.
//!
//! With `$expand` that is a handful of requests; without it one for each sensor.

mod classic;
mod words;

use self::words::{availability, health, kind_of, limits, measured_in};
use super::{client::Talk, document::Document};
use crate::{
    driver::Cause,
    drivers::{failure::Failure, notes::Notes},
    model::{Availability, Sensor, SensorKind, Thresholds, Unit},
};

/// Every sensor of the system's chassis, in the BMC's order, its power supplies last.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<Vec<Sensor>, Failure> {
    let system = talk.system().await?;
    let missing = || Failure::from(Cause::NotFound { what: "chassis of the system".to_owned() });
    let chassis = talk.chassis(&system).await?.ok_or_else(missing)?;
    let link = chassis.view().link("Sensors", &mut talk.notes);
    let documents = talk.all_aside(link).await?;
    let mut sensors: Vec<_> = documents.iter().map(|it| measured(it, &mut talk.notes)).collect();
    let power = classic_power(talk, &chassis, sensors.is_empty()).await?;
    if sensors.is_empty() {
        sensors = elsewhere(talk, &chassis, power.as_ref()).await?;
    }
    sensors.extend(supplies(talk, &chassis, power.as_ref()).await?);
    match sensors.is_empty() {
        true => Err(Cause::NotFound { what: "sensors of the chassis".to_owned() }.into()),
        false => Ok(sensors),
    }
}

/// The chassis' `Power`, where something is needed of it.
async fn classic_power(
    talk: &mut Talk<'_>,
    chassis: &Document,
    is_all_there_is: bool,
) -> Result<Option<Document>, Failure> {
    if !is_all_there_is && chassis.view().has("PowerSubsystem") {
        return Ok(None);
    }
    match chassis.view().link("Power", &mut talk.notes) {
        Some(link) => talk.aside(&link).await,
        None => Ok(None),
    }
}

/// What a chassis without sensors of their own shows.
async fn elsewhere(
    talk: &mut Talk<'_>,
    chassis: &Document,
    power: Option<&Document>,
) -> Result<Vec<Sensor>, Failure> {
    let mut sensors = Vec::new();
    match chassis.view().link("Thermal", &mut talk.notes) {
        Some(link) => {
            let thermal = talk.aside(&link).await?;
            sensors.extend(thermal.iter().flat_map(|it| classic::thermal(it, &mut talk.notes)));
        }
        None => sensors.extend(subsystem(talk, chassis).await?),
    }
    sensors.extend(power.iter().flat_map(|it| classic::power(it, &mut talk.notes)));
    Ok(sensors)
}

/// Fans and temperatures of a `ThermalSubsystem`.
async fn subsystem(talk: &mut Talk<'_>, chassis: &Document) -> Result<Vec<Sensor>, Failure> {
    let Some(link) = chassis.view().link("ThermalSubsystem", &mut talk.notes) else { return Ok(Vec::new()) };
    let Some(thermal) = talk.aside(&link).await? else { return Ok(Vec::new()) };
    let fans = thermal.view().link("Fans", &mut talk.notes);
    let fans = talk.all_aside(fans).await?;
    let mut sensors: Vec<_> = fans.iter().map(|it| classic::fan(it, &mut talk.notes)).collect();
    if let Some(link) = thermal.view().link("ThermalMetrics", &mut talk.notes)
        && let Some(metrics) = talk.aside(&link).await?
    {
        sensors.extend(classic::excerpts(&metrics, &mut talk.notes));
    }
    Ok(sensors)
}

/// The power supplies: as members of the `PowerSubsystem`, else as items of `Power`.
async fn supplies(
    talk: &mut Talk<'_>,
    chassis: &Document,
    power: Option<&Document>,
) -> Result<Vec<Sensor>, Failure> {
    if let Some(link) = chassis.view().link("PowerSubsystem", &mut talk.notes)
        && let Some(subsystem) = talk.aside(&link).await?
    {
        let link = subsystem.view().link("PowerSupplies", &mut talk.notes);
        let all = talk.all_aside(link).await?;
        return Ok(all.iter().map(|it| classic::supply(&it.path, it.view(), &mut talk.notes)).collect());
    }
    Ok(power.map(|it| classic::supplies(it, &mut talk.notes)).unwrap_or_default())
}

/// A `Sensor` (DSP0268 Sensor).
fn measured(document: &Document, notes: &mut Notes) -> Sensor {
    let view = document.view();
    let measure = measured_in(view, notes);
    let told = view.number("Reading", notes);
    let (availability, value) = availability(view, told.map(|reading| measure.of(reading)), notes);
    Sensor {
        id: document.path.clone(),
        name: view.text("Name", notes).or_else(|| view.text("Id", notes)).unwrap_or_default(),
        kind: kind_of(view, notes),
        availability,
        value,
        unit: measure.unit,
        states: Vec::new(),
        health: health(view, notes),
        thresholds: limits(view, measure, notes),
    }
}

/// A sensor that has a place in another resource: what it is and what it reads.
struct Found {
    id: String,
    name: String,
    kind: SensorKind,
    unit: Option<Unit>,
    reading: (Availability, Option<f64>),
    thresholds: Thresholds,
}
