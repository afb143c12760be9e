//! LAN configuration parameters (IPMI v2.0 §23.1-23.3). What Redfish shows too (addresses, VLAN, MAC, lockout) is the BMC's own.

mod shared;
mod table;

use std::collections::BTreeMap;

use super::super::{
    command::{Completion, Need, Reply, Request, Row, Scene},
    privilege::Privilege,
    progress::Progress,
};
use table::{Form, parameter};

/// The group.
pub(super) const ROWS: &[Row] = &[
    Row::new((0x0C, 0x01), "Set LAN Configuration Parameters", Need::Level(Privilege::Administrator), set),
    Row::new((0x0C, 0x02), "Get LAN Configuration Parameters", Need::Level(Privilege::Operator), get),
    Row::new((0x0C, 0x03), "Suspend BMC ARPs", Need::Level(Privilege::Administrator), suspend_arps),
];

/// The revision of the parameters (table 23-4).
const REVISION: u8 = 0x11;
/// ARP (parameter 10): gratuitous ones, and answers.
const ARP_CONTROL: u8 = 10;

/// What is kept for ever, beside that somebody is setting it: parameters as they were written, by number and set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    progress: Progress,
    written: BTreeMap<(u8, u8), Vec<u8>>,
    suspended: u8,
}

impl Kept {
    /// As after a restart of the BMC.
    pub(crate) fn restart(&mut self) {
        self.progress = Progress::default();
        self.suspended = 0;
    }

    /// The types of authentication of IPMI v1.5 that are on for this level, as bits (parameter 2).
    pub(crate) fn authentication(&self, level: Privilege) -> u8 {
        let on = self.bytes(2, 0).unwrap_or_default();
        on.get(usize::from(level.number()) - 1).copied().unwrap_or(0)
    }

    /// The most that a session of the cipher suite at this place of the list can do (parameter 24); nothing where it is off.
    pub(crate) fn suite_limit(&self, place: usize) -> Option<Privilege> {
        let levels = self.bytes(24, 0).unwrap_or_default();
        let both = levels.get(1 + place / 2).copied().unwrap_or(0);
        Privilege::from_number(if place.is_multiple_of(2) { both & 0x0F } else { both >> 4 })
    }

    /// A parameter that is kept as bytes: as it was written, or as it is at first.
    fn bytes(&self, number: u8, set: u8) -> Option<Vec<u8>> {
        let usual = || Some(parameter(number)?.usual(set));
        self.written.get(&(number, set)).cloned().or_else(usual)
    }
}

/// §23.1.
fn set(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, number, data @ ..] = request.data else { return Err(Completion::LENGTH_INVALID) };
    request.lan(*channel)?;
    if *number == 0 {
        scene.kept.lan.progress.set(data)?;
        return Ok(Vec::new());
    }
    let parameter = parameter(*number).ok_or(Completion::NO_SUCH_PARAMETER)?;
    if parameter.form == Form::ReadOnly {
        return Err(Completion::READ_ONLY);
    }
    if data.len() != parameter.length {
        return Err(Completion::LENGTH_INVALID);
    }
    parameter.check(data)?;
    if !shared::set(scene, *number, data)? {
        let of = if parameter.sets > 0 { data[0] } else { 0 };
        scene.kept.lan.written.insert((*number, of), data.to_vec());
    }
    Ok(Vec::new())
}

/// §23.2: whether the revision is all that is wanted, the parameter, set and block.
fn get(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, number, set, _block] = request.exactly()?;
    request.lan(channel)?;
    if channel & 0x80 != 0 {
        return Ok(vec![REVISION]);
    }
    let data = match number {
        0 => vec![scene.kept.lan.progress.number()],
        _ => {
            let parameter = parameter(number).ok_or(Completion::NO_SUCH_PARAMETER)?;
            if parameter.sets > 0 && set >= parameter.sets {
                return Err(Completion::OUT_OF_RANGE);
            }
            let own = || scene.kept.lan.bytes(number, if parameter.sets > 0 { set } else { 0 });
            shared::get(scene, number, set).or_else(own).ok_or(Completion::NO_SUCH_PARAMETER)?
        }
    };
    Ok([&[REVISION][..], &data].concat())
}

/// §23.3: bits of what is suspended while the host does it itself: gratuitous ARPs (0), answers (1). Answers what goes on.
fn suspend_arps(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let [channel, what] = request.exactly()?;
    request.lan(channel)?;
    let kept = &mut scene.kept.lan;
    kept.suspended = what & 0x03;
    let on = kept.bytes(ARP_CONTROL, 0).map_or(0, |it| it[0]);
    Ok(vec![on & !kept.suspended & 0x03])
}

#[cfg(test)]
mod tests;
