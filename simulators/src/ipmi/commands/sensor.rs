//! Sensors (IPMI v2.0 §35): readings, thresholds, hysteresis, events.

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
    sensing::{self, Settings},
};
use crate::{
    redfish::Tree,
    sensors::{Analog, Around, Kind, Sensor, Which, number},
    written::Written,
};

const USER: Need = Need::Level(Privilege::User);
const OPERATOR: Need = Need::Level(Privilege::Operator);

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x04, 0x23), "Get Sensor Reading Factors", USER, factors),
    Row::new((0x04, 0x24), "Set Sensor Hysteresis", OPERATOR, set_hysteresis),
    Row::new((0x04, 0x25), "Get Sensor Hysteresis", USER, hysteresis),
    Row::new((0x04, 0x26), "Set Sensor Thresholds", OPERATOR, set_thresholds),
    Row::new((0x04, 0x27), "Get Sensor Thresholds", USER, thresholds),
    Row::new((0x04, 0x28), "Set Sensor Event Enable", OPERATOR, set_events),
    Row::new((0x04, 0x29), "Get Sensor Event Enable", USER, events),
    Row::new((0x04, 0x2A), "Re-arm Sensor Events", OPERATOR, rearm),
    Row::new((0x04, 0x2B), "Get Sensor Event Status", USER, status),
    Row::new((0x04, 0x2D), "Get Sensor Reading", USER, reading),
    Row::new((0x04, 0x2F), "Get Sensor Type", USER, type_),
];

/// What a sensor says at this moment.
struct Said {
    /// The reading; `None` where there is none.
    byte: Option<u8>,
    /// The states, one bit each: thresholds that are reached, or what is noticed.
    states: u16,
}

/// §35.14: reading, whether events are told and the sensor is read, whether there is a reading, and states.
fn reading(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (sensor, settings) = found(scene, &tree, number)?;
    let said = said(scene, sensor, settings);
    let [low, high] = said.states.to_le_bytes();
    let states = match &sensor.kind {
        // Bits 6 and 7 are 1 where states are thresholds (byte 4).
        Kind::Analog(_) => vec![0xC0 | low],
        Kind::Discrete(_) => vec![low, 0x80 | high],
    };
    Ok([&[said.byte.unwrap_or(0), flags(settings, &said)], &states[..]].concat())
}

fn said(scene: &Scene<'_>, sensor: &Sensor, settings: Settings) -> Said {
    const NOTHING: Said = Said { byte: None, states: 0 };
    if !settings.scans {
        return NOTHING;
    }
    let (tree, written) = (&scene.look.tree, scene.bmc.written());
    let around = Around { tree, view: &scene.look.view, written: &written };
    match &sensor.kind {
        Kind::Analog(analog) => analog.value(sensor.number, around).map_or(NOTHING, |value| Said {
            byte: Some(analog.scale.byte(value)),
            states: u16::from(analog.beyond(value, &written)),
        }),
        Kind::Discrete(discrete) => discrete
            .states(sensor.number, tree.sensors(), around)
            .map_or(NOTHING, |states| Said { byte: Some(0), states }),
    }
}

fn flags(settings: Settings, said: &Said) -> u8 {
    u8::from(settings.tells) << 7 | u8::from(settings.scans) << 6 | u8::from(said.byte.is_none()) << 5
}

/// §35.5: the factors are the same for every reading, so there is no next one.
fn factors(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, _] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (_, analog, _) = measuring(scene, &tree, number)?;
    Ok([&[0xFF][..], &analog.scale.factors()].concat())
}

/// §35.6: sensor, FFh, above, below.
fn set_hysteresis(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, _, above, below] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (sensor, _, mut settings) = measuring(scene, &tree, number)?;
    settings.hysteresis = (above, below);
    tell(scene, sensor, settings)
}

/// §35.7.
fn hysteresis(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, _] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (_, _, settings) = measuring(scene, &tree, number)?;
    Ok(vec![settings.hysteresis.0, settings.hysteresis.1])
}

/// §35.8: sensor, which, and the six in the order of their bits. Redfish shows them from now on.
fn set_thresholds(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, which, bytes @ ..] = request.exactly::<8>()?;
    let tree = scene.look.tree.clone();
    let (_, analog, _) = measuring(scene, &tree, number)?;
    if which & !analog.mask() != 0 {
        return Err(Completion::INVALID_FIELD);
    }
    let mut written = scene.bmc.written();
    for (limit, byte) in Which::ALL.iter().zip(bytes).filter(|(it, _)| which & it.bit() != 0) {
        set_threshold(analog, *limit, byte, &mut written);
    }
    Ok(Vec::new())
}

fn set_threshold(analog: &Analog, which: Which, byte: u8, written: &mut Written) {
    let value = number_of(analog, byte);
    let shown = analog.limits.iter().filter(|it| it.which == which).flat_map(|it| &it.shown);
    shown.for_each(|(path, pointer)| written.keep(path, pointer, value.clone()));
}

fn number_of(analog: &Analog, byte: u8) -> serde_json::Value {
    number(analog.scale.value(byte))
}

/// §35.9: which can be read, and the six in the order of their bits.
fn thresholds(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (_, analog, _) = measuring(scene, &tree, number)?;
    let written = scene.bmc.written();
    let byte = |it: &Which| analog.limit(*it, &written).map_or(0, |value| analog.scale.byte(value));
    Ok([analog.mask()].into_iter().chain(Which::ALL.iter().map(byte)).collect())
}

/// §35.10: sensor, whether it tells and is read, what to do with the states that follow.
fn set_events(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, what, states @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    if states.len() > 4 {
        return Err(Completion::LENGTH_INVALID);
    }
    let tree = scene.look.tree.clone();
    let (sensor, mut settings) = found(scene, &tree, *number)?;
    let byte = |place: usize| states.get(place).copied().unwrap_or(0);
    let all = sensing::events(sensor);
    let coming = u16::from_le_bytes([byte(0), byte(1)]) & all;
    let going = u16::from_le_bytes([byte(2), byte(3)]) & all;
    (settings.tells, settings.scans) = (what & 0x80 != 0, what & 0x40 != 0);
    match what >> 4 & 0x03 {
        0 => {}
        1 => (settings.coming, settings.going) = (settings.coming | coming, settings.going | going),
        2 => (settings.coming, settings.going) = (settings.coming & !coming, settings.going & !going),
        _ => return Err(Completion::INVALID_FIELD),
    }
    tell(scene, sensor, settings)
}

/// §35.11.
fn events(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (_, settings) = found(scene, &tree, number)?;
    let flags = u8::from(settings.tells) << 7 | u8::from(settings.scans) << 6;
    Ok([&[flags][..], &settings.coming.to_le_bytes(), &settings.going.to_le_bytes()].concat())
}

/// §35.12: every sensor rearms by itself, so that there is nothing to do.
fn rearm(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, _, states @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    if states.len() > 4 {
        return Err(Completion::LENGTH_INVALID);
    }
    let tree = scene.look.tree.clone();
    found(scene, &tree, *number)?;
    Ok(Vec::new())
}

/// §35.13: the events whose states are so now.
fn status(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (sensor, settings) = found(scene, &tree, number)?;
    let said = said(scene, sensor, settings);
    let is_reached = |it: &&Which| said.states & u16::from(it.bit()) != 0;
    let come = match sensor.kind {
        Kind::Analog(_) => Which::ALL.iter().filter(is_reached).map(|it| 1 << it.event()).sum(),
        Kind::Discrete(_) => said.states,
    };
    let come: u16 = come & settings.coming;
    Ok([&[flags(settings, &said)][..], &come.to_le_bytes(), &[0, 0]].concat())
}

/// §35.16: type of the sensor, type of its events.
fn type_(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number] = request.exactly()?;
    let tree = scene.look.tree.clone();
    let (sensor, _) = found(scene, &tree, number)?;
    Ok(vec![sensor.type_(), sensor.reading_type()])
}

/// A sensor, and how it behaves.
fn found<'t>(
    scene: &mut Scene<'_>,
    tree: &'t Tree,
    number: u8,
) -> Result<(&'t Sensor, Settings), Completion> {
    let sensor = tree.sensors().numbered(number).ok_or(Completion::NOT_PRESENT)?;
    Ok((sensor, scene.kept.sensing.of(sensor, scene.look.facts.ready_since)))
}

/// A sensor that measures; any other has neither factors nor thresholds.
fn measuring<'t>(
    scene: &mut Scene<'_>,
    tree: &'t Tree,
    number: u8,
) -> Result<(&'t Sensor, &'t Analog, Settings), Completion> {
    let (sensor, settings) = found(scene, tree, number)?;
    let analog = sensor.analog().ok_or(Completion::ILLEGAL_FOR_SENSOR)?;
    Ok((sensor, analog, settings))
}

fn tell(scene: &mut Scene<'_>, sensor: &Sensor, settings: Settings) -> Reply {
    scene.kept.sensing.tell(sensor, settings, scene.look.facts.ready_since);
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::trial::Trial;
    use crate::{Profile, SensorState, sensors::Around};

    fn number(trial: &Trial, name: &str) -> u8 {
        trial.bmc.look().tree.sensors().named(name).unwrap_or_else(|| panic!("{name}")).number
    }

    #[tokio::test(start_paused = true)]
    async fn both_faces_show_the_same_reading_on_and_off_on_every_platform() {
        for name in Profile::names() {
            let mut trial = Trial::on(name, &[]);
            for on in [false, true] {
                on.then(|| trial.switch_on());
                let look = trial.bmc.look();
                let mut compared = 0;
                for sensor in look.tree.sensors().all() {
                    let Some(analog) = sensor.analog() else { continue };
                    let answer = trial.user(0x04, 0x2D, &[sensor.number]).unwrap();
                    let (path, pointer) = &analog.shown[0];
                    let shown = look.tree.document(path).unwrap().value(&look.view);
                    let said = analog.scale.value(answer[0]);
                    match shown.pointer(pointer).unwrap().as_f64() {
                        Some(shown) => assert!(
                            (said - shown).abs() <= analog.scale.step() / 2.0 + 1e-9,
                            "{name} {}",
                            sensor.name
                        ),
                        None => assert!(analog.needs_host && !on, "{name} {}", sensor.name),
                    }
                    assert_eq!(answer[1] & 0x20 != 0, analog.needs_host && !on, "{name} {}", sensor.name);
                    assert_eq!(answer[2], 0xC0, "{name}: {} is at a threshold", sensor.name);
                    compared += 1;
                }
                assert!(compared >= 10, "{name}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_sensor_is_given_beside_the_wire_both_faces_show() {
        let mut trial = Trial::new();
        trial.switch_on();
        let inlet = number(&trial, "Inlet Temperature");
        let control = trial.bmc.control();
        control.set_sensor("Inlet Temperature", Some(SensorState::Reading(43.0))).unwrap();
        assert_eq!(trial.user(0x04, 0x2D, &[inlet]).unwrap(), [43, 0xC0, 0xD8]);
        let shown = |path: &str, pointer: &str| {
            let look = trial.bmc.look();
            let mut value = look.tree.document(path).unwrap().value(&look.view);
            trial.bmc.written().put_into(path, &mut value);
            value.pointer(pointer).unwrap().clone()
        };
        let sensor = "/redfish/v1/Chassis/1/Sensors/InletTemp";
        assert_eq!(
            (shown(sensor, "/Reading"), shown(sensor, "/Status/Health")),
            (json!(43), json!("Critical"))
        );
        assert_eq!(shown("/redfish/v1/Chassis/1/Thermal", "/Temperatures/0/ReadingCelsius"), json!(43));
        control.set_sensor("Inlet Temperature", Some(SensorState::Unavailable)).unwrap();
        assert_eq!(
            (shown(sensor, "/Reading"), shown(sensor, "/Status/State")),
            (json!(null), json!("UnavailableOffline"))
        );
        assert_eq!(trial.user(0x04, 0x2D, &[inlet]).unwrap(), [0, 0xE0, 0xC0]);
        control.set_sensor("Inlet Temperature", None).unwrap();
        assert_eq!(trial.user(0x04, 0x2D, &[inlet]).unwrap()[2], 0xC0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_power_supply_that_fails_takes_the_redundancy_with_it() {
        let mut trial = Trial::new();
        let [supply, all] = ["PSU2 Status", "PSU Redundancy"].map(|name| number(&trial, name));
        assert_eq!(trial.user(0x04, 0x2D, &[supply]).unwrap(), [0, 0xC0, 0x01, 0x80]);
        assert_eq!(trial.user(0x04, 0x2D, &[all]).unwrap(), [0, 0xC0, 0x01, 0x80]);
        trial.bmc.control().set_sensor("PSU2 Status", Some(SensorState::States(0b11))).unwrap();
        assert_eq!(trial.user(0x04, 0x2D, &[supply]).unwrap()[2], 0x03);
        assert_eq!(trial.user(0x04, 0x2D, &[all]).unwrap()[2], 0x02);
        let first = trial.user(0x0A, 0x43, &[0, 0, 0, 0, 0, 0xFF]).unwrap();
        assert_eq!(first[9..], [0x20, 0, 4, 0x08, supply, 0x6F, 0x01, 0xFF, 0xFF]);
        let last = trial.user(0x0A, 0x43, &[0, 0, 0xFF, 0xFF, 0, 0xFF]).unwrap();
        assert_eq!(last[9..], [0x20, 0, 4, 0x08, all, 0x0B, 0x01, 0xFF, 0xFF]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_beyond_a_threshold_is_written_into_the_log_as_it_comes_and_goes() {
        let mut trial = Trial::new();
        trial.switch_on();
        let (inlet, control) = (number(&trial, "Inlet Temperature"), trial.bmc.control());
        control.set_sensor("Inlet Temperature", Some(SensorState::Reading(39.0))).unwrap();
        let last = trial.user(0x0A, 0x43, &[0, 0, 0xFF, 0xFF, 0, 0xFF]).unwrap();
        assert_eq!(last[12..], [0x01, inlet, 0x01, 0x57, 39, 38]);
        control.set_sensor("Inlet Temperature", None).unwrap();
        let last = trial.user(0x0A, 0x43, &[0, 0, 0xFF, 0xFF, 0, 0xFF]).unwrap();
        assert_eq!(last[12..15], [0x01, inlet, 0x81]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sensor_takes_only_what_it_can_have() {
        let trial = Trial::new();
        let control = trial.bmc.control();
        for (name, state) in [
            ("No Such", SensorState::Unavailable),
            ("Fan 1", SensorState::States(1)),
            ("Fan 1", SensorState::Reading(f64::NAN)),
            ("PSU1 Status", SensorState::Reading(1.0)),
            ("PSU1 Status", SensorState::States(0x8000)),
        ] {
            assert!(control.set_sensor(name, Some(state)).is_err(), "{name} {state:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_threshold_that_is_set_counts_and_redfish_shows_it() {
        let mut trial = Trial::new();
        trial.switch_on();
        let inlet = number(&trial, "Inlet Temperature");
        assert_eq!(trial.user(0x04, 0x27, &[inlet]).unwrap(), [0x3B, 5, 0, 0, 38, 42, 47]);
        trial.operator(0x04, 0x26, &[inlet, 0x18, 0, 0, 0, 20, 21, 0]).unwrap();
        assert_eq!(trial.user(0x04, 0x27, &[inlet]).unwrap(), [0x3B, 5, 0, 0, 20, 21, 47]);
        assert_eq!(trial.user(0x04, 0x2D, &[inlet]).unwrap()[2], 0xD8);
        let written = trial.bmc.written();
        let sensor =
            written.at("/redfish/v1/Chassis/1/Sensors/InletTemp", "/Thresholds/UpperCritical/Reading");
        let thermal = written.at("/redfish/v1/Chassis/1/Thermal", "/Temperatures/0/UpperThresholdCritical");
        assert_eq!((sensor, thermal), (Some(&json!(21)), Some(&json!(21))));
        drop(written);
        // It has no lower non-recoverable threshold.
        assert_eq!(trial.operator(0x04, 0x26, &[inlet, 0x04, 0, 0, 0, 0, 0, 0]), Err(0xCC));
    }

    #[tokio::test(start_paused = true)]
    async fn the_power_state_is_acpi_s() {
        let mut trial = Trial::new();
        let acpi = number(&trial, "ACPI State");
        assert_eq!(trial.user(0x04, 0x2D, &[acpi]).unwrap(), [0, 0xC0, 0x20, 0x80]);
        trial.switch_on();
        assert_eq!(trial.user(0x04, 0x2D, &[acpi]).unwrap(), [0, 0xC0, 0x01, 0x80]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sensor_that_is_not_read_has_no_reading_until_the_bmc_restarts() {
        let mut trial = Trial::new();
        trial.switch_on();
        let inlet = number(&trial, "Inlet Temperature");
        trial.operator(0x04, 0x28, &[inlet, 0x80]).unwrap();
        assert_eq!(trial.user(0x04, 0x2D, &[inlet]).unwrap()[..2], [0, 0xA0]);
        trial.operator(0x04, 0x24, &[inlet, 0xFF, 3, 4]).unwrap();
        assert_eq!(trial.user(0x04, 0x25, &[inlet, 0xFF]).unwrap(), [3, 4]);
        trial.bmc.command(crate::machine::Command::BmcReset { warm: false }).unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(200)).await;
        assert_eq!(trial.user(0x04, 0x2D, &[inlet]).unwrap()[1], 0xC0);
        assert_eq!(trial.user(0x04, 0x25, &[inlet, 0xFF]).unwrap(), [1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_switched_one_by_one() {
        let mut trial = Trial::new();
        let inlet = number(&trial, "Inlet Temperature");
        assert_eq!(trial.user(0x04, 0x29, &[inlet]).unwrap(), [0xC0, 0x85, 0x0A, 0x85, 0x0A]);
        trial.operator(0x04, 0x28, &[inlet, 0xE0, 0x80, 0, 0x01, 0]).unwrap();
        assert_eq!(trial.user(0x04, 0x29, &[inlet]).unwrap(), [0xC0, 0x05, 0x0A, 0x84, 0x0A]);
        trial.operator(0x04, 0x28, &[inlet, 0xD0, 0xFF, 0x0F]).unwrap();
        assert_eq!(trial.user(0x04, 0x29, &[inlet]).unwrap(), [0xC0, 0x85, 0x0A, 0x84, 0x0A]);
        assert_eq!(trial.operator(0x04, 0x28, &[inlet, 0xF0]), Err(0xCC));
        trial.bmc.control().set_sensor("Inlet Temperature", Some(SensorState::Reading(43.0))).unwrap();
        assert_eq!(trial.user(0x04, 0x2B, &[inlet]).unwrap(), [0xC0, 0x80, 0x02, 0, 0]);
        trial.operator(0x04, 0x2A, &[inlet, 0]).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_only_measuring_has_is_illegal_for_the_others_and_a_number_without_a_sensor_is_not_there() {
        let mut trial = Trial::new();
        let acpi = number(&trial, "ACPI State");
        for (number, data) in [
            (0x23, &[0, 0][..]),
            (0x24, &[0, 0xFF, 1, 1]),
            (0x25, &[0, 0xFF]),
            (0x26, &[0, 1, 0, 0, 0, 0, 0, 0]),
            (0x27, &[0]),
            (0x28, &[0, 0xC0]),
            (0x29, &[0]),
            (0x2A, &[0, 0]),
            (0x2B, &[0]),
            (0x2D, &[0]),
            (0x2F, &[0]),
        ] {
            let with = |sensor: u8| [&[sensor], &data[1..]].concat();
            assert_eq!(trial.operator(0x04, number, &with(0xFE)), Err(0xCB), "{number:02x}");
            let refused = trial.operator(0x04, number, &with(acpi)) == Err(0xCD);
            assert_eq!(refused, number < 0x28, "{number:02x}");
        }
        let inlet = number_of_inlet(&trial);
        assert_eq!(trial.user(0x04, 0x23, &[inlet, 0]).unwrap(), [0xFF, 1, 0, 0, 0, 0, 0]);
        assert_eq!(trial.user(0x04, 0x2F, &[inlet]).unwrap(), [0x01, 0x01]);
        assert_eq!(trial.user(0x04, 0x2F, &[acpi]).unwrap(), [0x22, 0x6F]);
    }

    fn number_of_inlet(trial: &Trial) -> u8 {
        number(trial, "Inlet Temperature")
    }

    #[tokio::test(start_paused = true)]
    async fn lengths_other_than_the_standard_s_are_refused() {
        let mut trial = Trial::new();
        for (number, lengths) in [
            (0x23, &[2][..]),
            (0x24, &[4]),
            (0x25, &[2]),
            (0x26, &[8]),
            (0x27, &[1]),
            (0x28, &[2, 3, 4, 5, 6]),
            (0x29, &[1]),
            (0x2A, &[2, 3, 4, 5, 6]),
            (0x2B, &[1]),
            (0x2D, &[1]),
            (0x2F, &[1]),
        ] {
            trial.takes_lengths(0x04, number, lengths);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_reads_a_fan_of_a_host_that_is_off() {
        let trial = Trial::new();
        let look = trial.bmc.look();
        let written = trial.bmc.written();
        let around = Around { tree: &look.tree, view: &look.view, written: &written };
        let fan = look.tree.sensors().named("Fan 1").unwrap();
        assert_eq!(fan.analog().unwrap().value(fan.number, around), None);
        assert_eq!(fan.analog().unwrap().said(around), None);
    }
}
