//! `$expand` (DSP0266 §7.3.1.2): links become what they lead to.

use serde_json::Value;

use super::{
    Offered,
    parameters::{unsupported, wrong_format},
};
use crate::redfish::{
    answer::Answer,
    handle::Scene,
    messages::refuse,
    show,
    tree::{Found, trimmed},
};

/// So many resources at most become part of one answer; more is refused with 507. All six levels that the generic profile
/// advertises are 4,300 of them at the root, in 4.5 MB.
const MOST: usize = 10_000;

/// Which links, and how deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expand {
    pub(super) which: Which,
    pub(super) levels: u64,
}

/// Which links become what they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// `*`
    All,
    /// `.`: those outside of `Links`.
    OutsideLinks,
    /// `~`: those inside of `Links`.
    InLinks,
}

impl Expand {
    /// Reads `*`, `.` or `~`, perhaps with `($levels=n)`.
    pub(super) fn read(value: &str, offered: Offered) -> Result<Self, Answer> {
        let malformed = || wrong_format(value, "$expand");
        let (sign, levels) = match value.split_once('(') {
            Some((sign, rest)) => {
                let levels = rest.strip_suffix(')').and_then(|it| it.trim().strip_prefix("$levels="));
                (sign, Some(levels.ok_or_else(malformed)?))
            }
            None => (value, None),
        };
        let (which, is_offered) = match sign {
            "*" => (Which::All, offered.all),
            "." => (Which::OutsideLinks, offered.no_links),
            "~" => (Which::InLinks, offered.links),
            _ => return Err(malformed()),
        };
        if !is_offered || (levels.is_some() && !offered.levels) {
            return Err(unsupported("$expand"));
        }
        Ok(Self { which, levels: levels.map_or(Ok(1), |levels| deep(levels, offered.most_levels))? })
    }
}

fn deep(levels: &str, most: u64) -> Result<u64, Answer> {
    if levels.is_empty() || !levels.bytes().all(|it| it.is_ascii_digit()) {
        return Err(refuse(400, "QueryParameterValueTypeError", &[levels, "$levels"]));
    }
    let in_range = levels.parse().ok().filter(|levels| (1..=most).contains(levels));
    in_range
        .ok_or_else(|| refuse(400, "QueryParameterOutOfRange", &[levels, "$levels", &format!("1-{most}")]))
}

/// The answer would be too large.
#[derive(Debug)]
pub(super) struct TooLarge;

/// Puts what links lead to in their place. A link to what stands around it stays a link, and so does one to what the client may
/// not read.
pub(super) fn expand(
    expand: &Expand,
    scene: &Scene<'_>,
    value: &mut Value,
    may: &dyn Fn(Found<'_>) -> bool,
) -> Result<(), TooLarge> {
    let around = trimmed(value["@odata.id"].as_str().unwrap_or_default()).to_owned();
    let mut walk = Walk { scene, which: expand.which, may, around: vec![around], left: MOST };
    walk.parts(value, expand.levels, false)
}

struct Walk<'a> {
    scene: &'a Scene<'a>,
    which: Which,
    may: &'a dyn Fn(Found<'_>) -> bool,
    around: Vec<String>,
    left: usize,
}

impl Walk<'_> {
    fn parts(&mut self, value: &mut Value, levels: u64, in_links: bool) -> Result<(), TooLarge> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.part(item, levels, in_links)),
            Value::Object(members) => members.iter_mut().try_for_each(|(name, member)| match name.as_str() {
                "Actions" => Ok(()),
                "Links" => self.part(member, levels, true),
                _ => self.part(member, levels, in_links),
            }),
            _ => Ok(()),
        }
    }

    fn part(&mut self, value: &mut Value, levels: u64, in_links: bool) -> Result<(), TooLarge> {
        let Some(path) = link(value).map(|path| trimmed(path).to_owned()) else {
            return self.parts(value, levels, in_links);
        };
        let is_meant = match self.which {
            Which::All => true,
            Which::OutsideLinks => !in_links,
            Which::InLinks => in_links,
        };
        if !is_meant || self.around.contains(&path) {
            return Ok(());
        }
        let found = self.scene.tree().find(&path).filter(|it| (self.may)(*it));
        let Some((resource, _)) = found.and_then(|found| show::resource(self.scene, found)) else {
            return Ok(());
        };
        self.left = self.left.checked_sub(1).ok_or(TooLarge)?;
        *value = resource;
        if levels > 1 {
            self.around.push(path);
            self.parts(value, levels - 1, false)?;
            self.around.pop();
        }
        Ok(())
    }
}

/// Where an object leads that is nothing but a link.
pub(crate) fn link(value: &Value) -> Option<&str> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.get("@odata.id")?.as_str()
}
