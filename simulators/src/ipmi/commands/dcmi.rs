//! DCMI (DCMI v1.5 §6): what it can, power, the asset tag, names, temperatures.

use serde_json::json;

use super::{
    super::{
        command::{Completion, Need, Reply, Request, Row, Scene},
        dcmi::{self, Limit},
        fru,
        privilege::Privilege,
        sdr, sel,
    },
    sel::local,
};
use crate::sensors::{Analog, Around, Sensor, Unit};

const USER: Need = Need::Level(Privilege::User);
const OPERATOR: Need = Need::Level(Privilege::Operator);
const ADMINISTRATOR: Need = Need::Level(Privilege::Administrator);

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::dcmi(0x01, "Get DCMI Capabilities Info", Need::Nothing, capabilities),
    Row::dcmi(0x02, "Get Power Reading", USER, power),
    Row { says_code: true, ..Row::dcmi(0x03, "Get Power Limit", USER, limit) },
    Row::dcmi(0x04, "Set Power Limit", OPERATOR, set_limit),
    Row::dcmi(0x05, "Activate/Deactivate Power Limit", OPERATOR, activate_limit),
    Row::dcmi(0x06, "Get Asset Tag", USER, asset_tag),
    Row::dcmi(0x07, "Get DCMI Sensor Info", USER, sensor_info),
    Row::dcmi(0x08, "Set Asset Tag", OPERATOR, set_asset_tag),
    Row::dcmi(0x09, "Get Management Controller Identifier String", USER, identifier),
    Row::dcmi(0x0A, "Set Management Controller Identifier String", ADMINISTRATOR, set_identifier),
    Row::dcmi(0x0B, "Set Thermal Limit", OPERATOR, set_thermal_limit),
    Row::dcmi(0x0C, "Get Thermal Limit", USER, thermal_limit),
    Row::dcmi(0x10, "Get Temperature Readings", USER, temperatures),
    Row::dcmi(0x12, "Set DCMI Configuration Parameters", ADMINISTRATOR, set_parameter),
    Row::dcmi(0x13, "Get DCMI Configuration Parameters", USER, parameter),
];

/// The version that is followed, and the revision of the parameters (§6.1).
const VERSION: [u8; 3] = [1, 5, 2];
/// The most that the asset tag can have, and a part of any text.
const TAG: usize = 63;
const PART: usize = 16;
/// The most that the identifier can have, with the zero at its end.
const IDENTIFIER: usize = 64;
/// A limit of power that cannot be kept.
const LIMIT_OUT_OF_RANGE: Completion = Completion(0x84);
/// A time that cannot be kept.
const CORRECTION_OUT_OF_RANGE: Completion = Completion(0x85);
/// A period that cannot be measured.
const PERIOD_OUT_OF_RANGE: Completion = Completion(0x89);
/// The limit that nobody has set: whoever changes one number of it sends the others back, and they must be possible.
const NEVER_SET: Limit = Limit { action: 0, watts: 0, correction: 1000, period: 1 };
/// No limit is in force; what was set comes with it (§6.6.2).
const NO_LIMIT: u8 = 0x80;

/// The data behind the group's byte, which must be so long.
fn exactly<const N: usize>(request: &Request<'_>) -> Result<[u8; N], Completion> {
    let data = request.data.get(1..).unwrap_or_default();
    data.try_into().map_err(|_| Completion::LENGTH_INVALID)
}

/// §6.1.
fn capabilities(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [parameter] = exactly(request)?;
    let tree = &scene.look.tree;
    let says = match parameter {
        // Power management, where something measures it; in band, and one channel of LAN.
        1 => vec![0, u8::from(dcmi::total(tree).is_some()), 0x01],
        // The log rolls over, record by record; temperatures every second.
        2 => {
            let most = u16::try_from(sel::most(tree, &scene.bmc.written())).unwrap_or(0x0FFF).min(0x0FFF);
            let [low, high] = (0xA000 | most).to_le_bytes();
            vec![low, high, 0, 0, 1]
        }
        // The BMC itself measures power.
        3 => vec![0x20, 0x00],
        // The LAN is channel 1; no second one, no serial line.
        4 => vec![0x01, 0xFF, 0xFF],
        // No rolling averages.
        5 => vec![0],
        _ => return Err(Completion::INVALID_FIELD),
    };
    Ok([&VERSION[..], &says].concat())
}

/// §6.6.1: watts now, least, most and mean, the time, the milliseconds that they are of, and that they are measured.
fn power(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [mode, _, _] = exactly(request)?;
    let taken = dcmi::consumption(&scene.look.tree, &scene.look.view, &scene.bmc.written());
    let taken = taken.ok_or(Completion::INVALID_COMMAND)?;
    if mode != 1 {
        return Err(Completion::INVALID_FIELD);
    }
    let words = [taken.now, taken.least, taken.most, taken.mean].map(u16::to_le_bytes).concat();
    let time = local(scene, scene.look.view.clock);
    let period = u32::try_from(scene.look.view.age.as_millis()).unwrap_or(u32::MAX);
    Ok([&words[..], &time.to_le_bytes(), &period.to_le_bytes(), &[0x40]].concat())
}

/// §6.6.2: its code says whether the limit is in force.
fn limit(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    exactly::<2>(request)?;
    let shown = dcmi::limit_in_force(&scene.look.tree, &scene.bmc.written());
    let kept = &scene.kept.dcmi;
    let is_active = shown.map_or(kept.is_active, |it| it.is_some());
    let mut limit = kept.limit.unwrap_or(NEVER_SET);
    limit.watts = shown.flatten().unwrap_or(limit.watts);
    let mut answer = vec![if is_active { 0 } else { NO_LIMIT }, 0, 0, limit.action];
    answer.extend(limit.watts.to_le_bytes());
    answer.extend(limit.correction.to_le_bytes());
    answer.extend([0, 0]);
    answer.extend(limit.period.to_le_bytes());
    Ok(answer)
}

/// §6.6.3.
fn set_limit(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [_, _, _, action, a, b, c, d, e, f, _, _, g, h] = exactly(request)?;
    let limit = Limit {
        action,
        watts: u16::from_le_bytes([a, b]),
        correction: u32::from_le_bytes([c, d, e, f]),
        period: u16::from_le_bytes([g, h]),
    };
    match () {
        () if !matches!(action, 0x00 | 0x01 | 0x11) => return Err(Completion::INVALID_FIELD),
        () if !(1..=10_000).contains(&limit.watts) => return Err(LIMIT_OUT_OF_RANGE),
        () if !(1..=600_000).contains(&limit.correction) => return Err(CORRECTION_OUT_OF_RANGE),
        () if limit.period == 0 => return Err(PERIOD_OUT_OF_RANGE),
        () => {}
    }
    scene.kept.dcmi.limit = Some(limit);
    let shown = dcmi::limit_in_force(&scene.look.tree, &scene.bmc.written());
    if shown.map_or(scene.kept.dcmi.is_active, |it| it.is_some()) {
        dcmi::enforce(Some(limit.watts), &scene.look.tree, &mut scene.bmc.written());
    }
    Ok(Vec::new())
}

/// §6.6.4.
fn activate_limit(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [what, _, _] = exactly(request)?;
    let limit = match (what, scene.kept.dcmi.limit) {
        (0, _) => None,
        (1, Some(limit)) => Some(limit.watts),
        (1, None) => return Err(Completion::NOT_IN_THIS_STATE),
        _ => return Err(Completion::INVALID_FIELD),
    };
    scene.kept.dcmi.is_active = limit.is_some();
    dcmi::enforce(limit, &scene.look.tree, &mut scene.bmc.written());
    Ok(Vec::new())
}

/// §6.4.2: how long it is, and a part of it.
fn asset_tag(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let tag = fru::asset_tag(&scene.look.tree, &scene.bmc.written()).map(|(_, tag)| tag);
    part(tag.unwrap_or_default().as_bytes(), exactly(request)?)
}

/// So many bytes from there on: no more than 16.
fn part(text: &[u8], [offset, count]: [u8; 2]) -> Reply {
    let (offset, count) = (usize::from(offset), usize::from(count));
    if count > PART || offset > IDENTIFIER || offset + count > IDENTIFIER {
        return Err(Completion::OUT_OF_RANGE);
    }
    let rest = text.get(offset..).unwrap_or_default();
    Ok([&[text.len() as u8], &rest[..rest.len().min(count)]].concat())
}

/// §6.4.3: Redfish shows it from now on.
fn set_asset_tag(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let (tree, shown) = (&scene.look.tree, fru::asset_tag(&scene.look.tree, &scene.bmc.written()));
    let (path, tag) = shown.ok_or(Completion::INVALID_COMMAND)?;
    let tag = rewritten(tag.as_bytes(), request, TAG)?;
    let text = String::from_utf8_lossy(&tag).into_owned();
    let paths = [tree.system(), tree.chassis()];
    let has_tag = |it: &&str| tree.document(it).is_some_and(|it| it.template().get("AssetTag").is_some());
    let mut written = scene.bmc.written();
    for path in paths.into_iter().filter(has_tag).chain([path.as_str()]) {
        written.keep(path, "/AssetTag", json!(text));
    }
    Ok(vec![tag.len() as u8])
}

/// A text with a part written over it, which is its end from now on: offset, count, and so many bytes, at most 16.
fn rewritten(text: &[u8], request: &Request<'_>, most: usize) -> Result<Vec<u8>, Completion> {
    let [_, offset, count, bytes @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    let offset = usize::from(*offset);
    match () {
        () if usize::from(*count) > PART => return Err(Completion::OUT_OF_RANGE),
        () if bytes.len() != usize::from(*count) => return Err(Completion::LENGTH_INVALID),
        () if offset + bytes.len() > most => return Err(Completion::OUT_OF_RANGE),
        () => {}
    }
    let mut text = text.to_vec();
    text.resize(offset, b' ');
    text.extend_from_slice(bytes);
    Ok(text)
}

/// §6.4.6: how long it is with the zero at its end, and a part of it. The first is `DCMI` and the address of the LAN.
fn identifier(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let first = || format!("DCMI{}\0", scene.look.view.id.mac_text().replace(':', "")).into_bytes();
    let text = scene.kept.dcmi.identifier.clone().unwrap_or_else(first);
    part(&text, exactly(request)?)
}

/// §6.4.6.1: the last byte is the place up to which it was written.
fn set_identifier(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let before = scene.kept.dcmi.identifier.clone().unwrap_or_default();
    let text = rewritten(&before, request, IDENTIFIER)?;
    let length = text.len() as u8;
    scene.kept.dcmi.identifier = Some(text);
    Ok(vec![length])
}

/// §6.5.1: how many there are, and the records of up to eight, from an instance on.
fn sensor_info(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let asked = exactly(request)?;
    let tree = &scene.look.tree;
    let (count, found) = temperature_sensors(scene, asked)?;
    let record = |sensor: &Sensor| {
        let records = sdr::records(tree).iter();
        records
            .filter(|record| matches!(record[3], 0x01 | 0x02) && record[7] == sensor.number)
            .map(|record| [record[0], record[1]])
            .next()
    };
    let records: Vec<[u8; 2]> = found.iter().take(8).filter_map(|(sensor, _)| record(sensor)).collect();
    Ok([&[count, records.len() as u8][..], &records.concat()].concat())
}

/// §6.7.3: how many there are, and up to eight: degrees with their sign, and the instance.
fn temperatures(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let asked = exactly(request)?;
    let (count, found) = temperature_sensors(scene, asked)?;
    let written = scene.bmc.written();
    let around = Around { tree: &scene.look.tree, view: &scene.look.view, written: &written };
    let reading = |(sensor, analog): &(&Sensor, &Analog)| {
        let degrees = analog.value(sensor.number, around)?.round().clamp(-127.0, 127.0);
        let sign = if degrees < 0.0 { 0x80 } else { 0 };
        Some([sign | degrees.abs() as u8, sensor.entity.1])
    };
    let said: Vec<[u8; 2]> = found.iter().take(8).filter_map(reading).collect();
    Ok([&[count, said.len() as u8][..], &said.concat()].concat())
}

/// Sensors that measure temperatures.
type Temperatures<'s> = Vec<(&'s Sensor, &'s Analog)>;

/// Temperatures by type, entity, instance (0 is all) and the instance to begin with.
fn temperature_sensors<'s>(
    scene: &'s Scene<'_>,
    [type_, entity, instance, first]: [u8; 4],
) -> Result<(u8, Temperatures<'s>), Completion> {
    // Inlet, processor and board, as DCMI and as IPMI number them (§6.5, table 6-13).
    let entity = match entity {
        0x37 | 0x40 => 0x37,
        0x03 | 0x41 => 0x03,
        0x07 | 0x42 => 0x07,
        _ => return Err(Completion::INVALID_FIELD),
    };
    if type_ != 0x01 {
        return Err(Completion::INVALID_FIELD);
    }
    let all = scene.look.tree.sensors().all().iter().filter_map(|it| Some((it, it.analog()?)));
    let is_meant =
        |(sensor, analog): &(&Sensor, &Analog)| analog.unit == Unit::Celsius && sensor.entity.0 == entity;
    let mut all: Vec<_> = all.filter(is_meant).collect();
    all.sort_by_key(|(sensor, _)| sensor.entity.1);
    let count = all.len() as u8;
    let is_asked = |sensor: &Sensor| match instance {
        0 => sensor.entity.1 >= first,
        instance => sensor.entity.1 == instance,
    };
    all.retain(|(sensor, _)| is_asked(sensor));
    if all.is_empty() && instance != 0 { Err(Completion::NOT_PRESENT) } else { Ok((count, all)) }
}

/// §6.7.1: entity, instance, action, degrees, seconds.
fn set_thermal_limit(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [entity, instance, action, degrees, low, high] = exactly(request)?;
    if !matches!(entity, 0x37 | 0x40) || action & !0x60 != 0 {
        return Err(Completion::INVALID_FIELD);
    }
    scene.kept.dcmi.thermal.insert((entity & 0x40, instance), [action, degrees, low, high]);
    Ok(Vec::new())
}

/// §6.7.2: nothing happens where nobody said so.
fn thermal_limit(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [entity, instance] = exactly(request)?;
    if !matches!(entity, 0x37 | 0x40) {
        return Err(Completion::INVALID_FIELD);
    }
    Ok(scene.kept.dcmi.thermal.get(&(entity & 0x40, instance)).copied().unwrap_or_default().to_vec())
}

/// The configuration parameters that can be read (§6.4.5, table 6-8), as they are where nobody said otherwise: how DHCP is used
/// for discovery, and its times in seconds.
const PARAMETERS: [(u8, &[u8]); 4] = [(2, &[0x00]), (3, &[4]), (4, &[120, 0]), (5, &[64, 0])];

/// §6.4.4.
fn set_parameter(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [_, number, _, value @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    let length = match number {
        1 => 1,
        number => parameter_of(*number)?.len(),
    };
    if value.len() != length {
        return Err(Completion::LENGTH_INVALID);
    }
    // The first only starts discovery (table 6-8).
    if *number != 1 {
        scene.kept.dcmi.parameters.insert(*number, value.to_vec());
    }
    Ok(Vec::new())
}

/// §6.4.5.
fn parameter(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [number, _] = exactly(request)?;
    let first = parameter_of(number)?;
    let value = scene.kept.dcmi.parameters.get(&number).map_or(first, Vec::as_slice);
    Ok([&[VERSION[0], VERSION[1], 0x01], value].concat())
}

fn parameter_of(number: u8) -> Result<&'static [u8], Completion> {
    let found = PARAMETERS.iter().find(|it| it.0 == number);
    found.map(|it| it.1).ok_or(Completion::INVALID_FIELD)
}

#[cfg(test)]
mod tests;
