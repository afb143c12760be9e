//! From a request to its answer: which command it is, whether its sender may, and what it says (IPMI v2.0 §5, §6.8).

use super::{
    command::{Caller, Channel, Completion, Need, Reply, Request, Row, Scene},
    commands,
};

/// What the BMC answers, as it goes out: the completion code, whose command it is where a body or a maker defines it (table
/// 5-1), errors included, and the data.
pub(crate) fn answered(scene: &mut Scene<'_>, request: &Request<'_>) -> Vec<u8> {
    let (code, data) = match answer(scene, request) {
        Ok(data) if find(request).is_ok_and(|row| row.says_code) => {
            data.split_first().map_or((0, Vec::new()), |(code, data)| (*code, data.to_vec()))
        }
        Ok(data) => (0, data),
        Err(Completion(code)) => (code, Vec::new()),
    };
    let defined_by = match request.netfn {
        0x2C => 1,
        0x2E => 3,
        _ => 0,
    };
    let defined_by = request.data.get(..defined_by).unwrap_or_default();
    [&[code], defined_by, &data].concat()
}

/// The same without what [`answered`] puts around it.
pub(crate) fn answer(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let row = find(request)?;
    if !may(row.need, &request.caller) {
        return Err(Completion::INSUFFICIENT_PRIVILEGE);
    }
    (row.run)(scene, request)
}

fn find(request: &Request<'_>) -> Result<&'static Row, Completion> {
    let found = row(request.netfn, request.number, request.data).ok_or(Completion::INVALID_COMMAND)?;
    if request.lun == 0 { Ok(found) } else { Err(Completion::INVALID_FOR_LUN) }
}

/// The name of a command, if the BMC knows it.
pub(crate) fn name(netfn: u8, number: u8, data: &[u8]) -> Option<&'static str> {
    row(netfn, number, data).map(|row| row.name)
}

fn row(netfn: u8, number: u8, data: &[u8]) -> Option<&'static Row> {
    let is_meant = |row: &&Row| {
        (row.netfn, row.number) == (netfn, number)
            && row.group.is_none_or(|group| data.first() == Some(&group))
    };
    commands::all().find(is_meant)
}

fn may(need: Need, caller: &Caller) -> bool {
    match need {
        Need::Nothing => true,
        _ if caller.channel == Channel::System => true,
        Need::InBand => false,
        Need::Level(level) => caller.session.is_some_and(|session| session.privilege >= level),
    }
}
