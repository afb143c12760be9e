//! From a request to its answer: which command it is, whether its sender may, and what it says (IPMI v2.0 §5, §6.8).

use super::{
    command::{Caller, Channel, Completion, Need, Reply, Request, Row, Scene},
    commands,
    heard::Heard,
    platform::Own,
};
use crate::deviations::Deviation;

/// What the BMC answers, as it goes out: the completion code, whose command it is where a body or a maker defines it (table
/// 5-1), errors included, and the data.
pub(crate) fn answered(scene: &mut Scene<'_>, request: &Request<'_>) -> Vec<u8> {
    let mut says_code = false;
    let (code, data) = match judged(scene, request, &mut says_code) {
        Ok(data) if says_code => {
            data.split_first().map_or((0, Vec::new()), |(code, data)| (*code, data.to_vec()))
        }
        Ok(data) => (0, data),
        Err(Completion(code)) => (code, Vec::new()),
    };
    let defined_by = match request.netfn {
        0x2C if code != 0 && !scene.look.manners.group_in_errors => 0,
        0x2C => 1,
        0x2E => 3,
        _ => 0,
    };
    let defined_by = request.data.get(..defined_by).unwrap_or_default();
    [&[code], defined_by, &data].concat()
}

/// The same without what [`answered`] puts around it.
#[cfg(test)]
pub(super) fn answer(scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
    judged(scene, request, &mut false)
}

/// The answer, and whether its data begins with the code.
fn judged(scene: &mut Scene<'_>, request: &Request<'_>, says_code: &mut bool) -> Reply {
    scene.kept.follow(scene.look.facts.ready_since);
    let found = find(scene, request)?;
    *says_code = matches!(found, Found::Row(row) if row.says_code);
    if !may(found.need(), &request.caller) || scene.kept.firewall.refuses(request) {
        return Err(Completion::INSUFFICIENT_PRIVILEGE);
    }
    let odd: Vec<_> = scene.look.deviations.iter().copied().filter(is_odd).collect();
    if odd.is_empty() { found.answer(scene, request) } else { oddly(scene, request, &found, &odd) }
}

fn is_odd(deviation: &&'static Deviation) -> bool {
    deviation.ipmi_request.is_some() || deviation.ipmi_answer.is_some()
}

/// The same through deviations: what they answer in the command's place, and what they make of its answer.
fn oddly(scene: &mut Scene<'_>, request: &Request<'_>, found: &Found, odd: &[&'static Deviation]) -> Reply {
    let facts = scene.look.facts;
    let bmc = scene.bmc;
    let heard = Heard::new(request, &facts, bmc.memory());
    let mut data = request.data.to_vec();
    let instead = odd.iter().filter_map(|it| it.ipmi_request).find_map(|it| it(&heard, &mut data));
    let mut reply = instead.unwrap_or_else(|| found.answer(scene, &Request { data: &data, ..*request }));
    odd.iter().filter_map(|it| it.ipmi_answer).for_each(|change| change(&heard, &mut reply));
    reply
}

/// What was asked for.
enum Found {
    /// A command of the standard.
    Row(&'static Row),
    /// One of the maker's own.
    Own(Own),
}

impl Found {
    fn need(&self) -> Need {
        match self {
            Self::Row(row) => row.need,
            Self::Own(own) => Need::Level(own.level),
        }
    }

    fn answer(&self, scene: &mut Scene<'_>, request: &Request<'_>) -> Reply {
        match self {
            Self::Row(row) => (row.run)(scene, request),
            Self::Own(own) => match *own.answer {
                [0, ref data @ ..] => Ok(data.to_vec()),
                [code, ..] => Err(Completion(code)),
                [] => Err(Completion::UNSPECIFIED),
            },
        }
    }
}

fn find(scene: &Scene<'_>, request: &Request<'_>) -> Result<Found, Completion> {
    let row = row(request.netfn, request.number, request.data).map(Found::Row);
    let own = || {
        let is_meant = |own: &&Own| {
            (own.netfn, own.number) == (request.netfn, request.number) && request.data.starts_with(&own.data)
        };
        scene.bmc.platform().own.iter().find(is_meant).cloned().map(Found::Own)
    };
    let found = row.or_else(own).ok_or(Completion::INVALID_COMMAND)?;
    if request.lun == 0 { Ok(found) } else { Err(Completion::INVALID_FOR_LUN) }
}

/// The name of a command, if the BMC knows it.
pub(crate) fn name(netfn: u8, number: u8, data: &[u8]) -> Option<&'static str> {
    row(netfn, number, data).map(|row| row.name)
}

fn row(netfn: u8, number: u8, data: &[u8]) -> Option<&'static Row> {
    commands::numbered(netfn, number).find(|row| row.group.is_none_or(|group| data.first() == Some(&group)))
}

fn may(need: Need, caller: &Caller) -> bool {
    match need {
        Need::Nothing => true,
        _ if caller.channel == Channel::System => true,
        Need::InBand => false,
        Need::Level(level) => caller.session.is_some_and(|session| session.privilege >= level),
    }
}
