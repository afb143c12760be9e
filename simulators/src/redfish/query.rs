//! What a GET asks of a resource in its query: a part of it, more than it, or some of its members (DSP0266 §7.3).
//!
//! What is offered stands in the service root's `ProtocolFeaturesSupported`; what is not is refused with 501. The order is the
//! standard's: filter, skip, top, pages, expand, select.

mod expand;
mod filter;
mod page;
mod parameters;
mod select;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use self::expand::link;
pub(crate) use self::filter::{Filter, parse as parse_filter};
pub(crate) use self::parameters::decoded;
use self::{expand::Expand, page::SECOND_PAGE, select::Select};
pub(crate) use self::{
    page::{fits, turn},
    parameters::is_query,
};
use super::{
    answer::Answer,
    handle::Scene,
    messages::refuse,
    policy::Paging,
    show,
    tree::{Found, ROOT},
};

/// A query that was understood.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Query {
    only: bool,
    filter: Option<Filter>,
    skip: Option<usize>,
    top: Option<usize>,
    expand: Option<Expand>,
    select: Option<Select>,
    /// The other parameters as they came, for the link to the next page.
    rest: String,
}

/// What this service offers (DSP0268 ServiceRoot.ProtocolFeaturesSupported).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Offered {
    all: bool,
    no_links: bool,
    links: bool,
    levels: bool,
    most_levels: u64,
    select: bool,
    filter: bool,
    only: bool,
    window: bool,
}

impl Offered {
    fn by(root: &Value) -> Self {
        let features = &root["ProtocolFeaturesSupported"];
        let has = |feature: &str| features[feature] == true;
        let expands = |feature: &str| features["ExpandQuery"][feature] == true;
        Self {
            all: expands("ExpandAll"),
            no_links: expands("NoLinks"),
            links: expands("Links"),
            levels: expands("Levels"),
            most_levels: features["ExpandQuery"]["MaxLevels"].as_u64().unwrap_or(1),
            select: has("SelectQuery"),
            filter: has("FilterQuery"),
            only: has("OnlyMemberQuery"),
            window: has("TopSkipQuery"),
        }
    }
}

impl Query {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// The answer that says what is wrong with it.
    pub(crate) fn read(scene: &Scene<'_>, text: &str) -> Result<Self, Answer> {
        if scene.policy().systems == Paging::SecondPage && text == SECOND_PAGE {
            return Ok(Self { skip: Some(0), ..Self::default() });
        }
        let offered = scene.tree().document(ROOT).map(|root| Offered::by(root.template()));
        parameters::read(text, offered.unwrap_or_default())
    }

    /// Whether nothing is asked for but the resource.
    pub(crate) fn is_plain(&self) -> bool {
        let asks = self.only || self.is_about_members() || self.expand.is_some() || self.select.is_some();
        !asks
    }

    /// Whether the answer is more than the resource, or less of its members, so that its ETag does not stand for it.
    pub(crate) fn is_beyond(&self) -> bool {
        self.only || self.is_about_members() || self.expand.is_some()
    }

    fn is_about_members(&self) -> bool {
        self.filter.is_some() || self.skip.is_some() || self.top.is_some()
    }

    /// The answer to it and the ETag of what it shows; `None` where nothing is there. `may` says what the client may read.
    pub(crate) fn answer(
        &self,
        scene: &Scene<'_>,
        found: Found<'_>,
        may: &dyn Fn(Found<'_>) -> bool,
    ) -> Option<(Answer, String)> {
        let not_here = || Some((refuse(400, "QueryNotSupportedOnResource", &[]), String::new()));
        if !matches!(found, Found::Document(_) | Found::Member(..)) {
            return not_here();
        }
        let Some((mut value, mut tag)) = show::resource(scene, found) else {
            return show::read(scene, found);
        };
        let path = value["@odata.id"].as_str().unwrap_or_default().to_owned();
        let is_collection = value["Members"].is_array();
        if (self.only || self.is_about_members()) && !is_collection {
            return not_here();
        }
        if self.only
            && let Some([one]) = value["Members"].as_array().map(Vec::as_slice)
            && let Some(member) = scene.tree().find(one["@odata.id"].as_str()?).filter(|it| may(*it))
        {
            (value, tag) = show::resource(scene, member)?;
        }
        if let Some(filter) = &self.filter {
            filter::keep(filter, scene, &mut value, may);
        }
        if is_collection && !self.only {
            page::turn(scene, &mut value, self);
        }
        if let Some(expand) = &self.expand
            && expand::expand(expand, scene, &mut value, may).is_err()
        {
            return Some((refuse(507, "ResourceExhaustion", &[&path]), String::new()));
        }
        if is_collection && !self.only {
            show::open(scene, found, &mut value);
        }
        if let Some(select) = &self.select {
            select.keep_in(&mut value);
        }
        Some((Answer::ok(value), tag))
    }
}
