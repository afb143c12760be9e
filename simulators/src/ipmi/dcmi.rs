//! What DCMI keeps, and what it measures (DCMI v1.5 §6).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    firmware::View,
    machine::Power,
    redfish::{Taken, Tree},
    sensors::{Analog, Around, Sensor, SensorState, Spot, Unit},
    written::Written,
};

/// What a BMC keeps of DCMI; it stays over restarts, and without power. The asset tag and the limit in force are Redfish's too.
#[derive(Debug, Default)]
pub(crate) struct Dcmi {
    /// The limit that was set, in force or not.
    pub(crate) limit: Option<Limit>,
    /// Whether it is in force, where Redfish has no place for it.
    pub(crate) is_active: bool,
    /// The identifier string of the management controller, where one was set.
    pub(crate) identifier: Option<Vec<u8>>,
    /// Thermal limits, by entity and instance: action, degrees, seconds.
    pub(crate) thermal: BTreeMap<(u8, u8), [u8; 4]>,
    /// Configuration parameters that were set.
    pub(crate) parameters: BTreeMap<u8, Vec<u8>>,
}

/// A limit of power (§6.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// What happens when it is not kept: 00h nothing, 01h the power goes off, 11h it is logged.
    pub(crate) action: u8,
    /// Watts.
    pub(crate) watts: u16,
    /// Within how many milliseconds it is kept.
    pub(crate) correction: u32,
    /// Over how many seconds it is measured.
    pub(crate) period: u16,
}

/// The power that the machine takes, in watts (§6.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Consumption {
    pub(crate) now: u16,
    pub(crate) least: u16,
    pub(crate) most: u16,
    pub(crate) mean: u16,
}

/// Where Redfish shows what the machine takes.
const CONSUMED: [&str; 2] = ["/PowerControl/0/PowerConsumedWatts", "/PowerWatts/Reading"];
/// Where Redfish has a limit: schema, limit, and what says whether it is in force.
const LIMITS: [(&str, &str, Option<&str>); 2] = [
    ("Power", "/PowerControl/0/PowerLimit/LimitInWatts", None),
    ("EnvironmentMetrics", "/PowerLimitWatts/SetPoint", Some("/PowerLimitWatts/ControlMode")),
];

/// The sensor of what the whole machine takes.
pub(crate) fn total(tree: &Tree) -> Option<(&Sensor, &Analog)> {
    let all = || tree.sensors().all().iter().filter_map(|it| Some((it, it.analog()?)));
    let watts = || all().filter(|(_, analog)| analog.unit == Unit::Watts);
    let is_shown = |at: &str| watts().find(|(_, analog)| analog.shown.iter().any(|(_, it)| it == at));
    CONSUMED.into_iter().find_map(is_shown)
}

/// What the machine takes; `None` where nothing measures it.
pub(crate) fn consumption(tree: &Tree, view: &View, written: &Written) -> Option<Consumption> {
    let (sensor, analog) = total(tree)?;
    let around = Around { tree, view, written };
    let now = analog.value(sensor.number, around)?;
    let is_given = matches!(written.given().state(sensor.number), Some(SensorState::Reading(_)));
    let on = View { power: Power::On, ..view.clone() };
    let on = analog.said(Around { tree, view: &on, written })?;
    let told = |name: &str, what: Taken| {
        let (path, _) = analog.shown.iter().find(|(_, pointer)| pointer == CONSUMED[0])?;
        let shown = tree.document(path)?.reading(view, &format!("/PowerControl/0/PowerMetrics/{name}"));
        Some(shown.unwrap_or_else(|| what.of(on, view)))
    };
    let of = |name, what: Taken| told(name, what).unwrap_or_else(|| what.of(on, view));
    let watts = |value: f64| value.round().clamp(0.0, f64::from(u16::MAX)) as u16;
    let mut found = Consumption {
        now: watts(now),
        least: watts(of("MinConsumedWatts", Taken::Least)),
        most: watts(of("MaxConsumedWatts", Taken::Most)),
        mean: watts(of("AverageConsumedWatts", Taken::Mean)),
    };
    if is_given {
        (found.least, found.most) = (found.least.min(found.now), found.most.max(found.now));
    }
    Some(found)
}

/// The limit in force as Redfish shows it, where it has a place for it.
pub(crate) fn limit_in_force(tree: &Tree, written: &Written) -> Option<Option<u16>> {
    let ((path, pointer), _) = limits(tree).into_iter().next()?;
    let value = written.at(&path, &pointer).or_else(|| tree.document(&path)?.template().pointer(&pointer));
    Some(value.and_then(Value::as_f64).map(|watts| watts.clamp(0.0, f64::from(u16::MAX)) as u16))
}

/// Puts a limit into force, or takes it out of force, where Redfish shows it.
pub(crate) fn enforce(limit: Option<u16>, tree: &Tree, written: &mut Written) {
    for ((path, pointer), mode) in limits(tree) {
        written.keep(&path, &pointer, json!(limit));
        if let Some(mode) = mode {
            let word = if limit.is_some() { "Automatic" } else { "Disabled" };
            written.keep(&path, mode, json!(word));
        }
    }
}

fn limits(tree: &Tree) -> Vec<(Spot, Option<&'static str>)> {
    let below = format!("{}/", tree.chassis());
    let of = |(kind, pointer, mode): &(&str, &str, Option<&'static str>)| {
        let own = tree.documents().iter().find(|it| &*it.kind == *kind && it.path.starts_with(&below))?;
        own.template().pointer(pointer)?;
        Some(((own.path.to_string(), (*pointer).to_owned()), *mode))
    };
    LIMITS.iter().filter_map(of).collect()
}
