//! From a request to its answer: which command it is, whether its sender may, and what it says (IPMI v2.0 §5, §6.8).

use super::{
    command::{Caller, Channel, Completion, Need, Reply, Request, Row, Scene},
    commands,
};

/// What the BMC answers.
pub(crate) fn answer(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    let row = find(request)?;
    if !may(row.need, &request.caller) {
        return Err(Completion::INSUFFICIENT_PRIVILEGE);
    }
    (row.run)(scene, request)
}

fn find(request: &Request<'_>) -> Result<&'static Row, Completion> {
    let is_meant = |row: &&Row| {
        (row.netfn, row.number) == (request.netfn, request.number)
            && row.group.is_none_or(|group| request.data.first() == Some(&group))
    };
    let found = commands::all().find(is_meant).ok_or(Completion::INVALID_COMMAND)?;
    if request.lun == 0 { Ok(found) } else { Err(Completion::INVALID_FOR_LUN) }
}

fn may(need: Need, caller: &Caller) -> bool {
    match need {
        Need::Nothing => true,
        _ if caller.channel == Channel::System => true,
        Need::InBand => false,
        Need::Level(level) => caller.session.is_some_and(|session| session.privilege >= level),
    }
}
