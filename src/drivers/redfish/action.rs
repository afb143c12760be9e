//! An action of a resource: where to send it, and which values it takes (DSP0266 §7.5.2, §9.7).

use super::{client::Talk, document::Document};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
};

/// An action that takes a `ResetType`.
#[derive(Debug, Clone)]
pub(super) struct Action {
    /// Where it is posted to.
    pub(super) target: String,
    /// The values that it takes; `None` when the BMC does not say.
    pub(super) values: Option<Vec<String>>,
}

impl Action {
    /// Whether it takes this value, as far as the BMC says.
    pub(super) fn takes(&self, value: &str) -> bool {
        self.values.as_ref().is_none_or(|values| values.iter().any(|v| v == value))
    }

    /// The first of these that it takes.
    pub(super) fn pick<'v>(&self, wanted: &[&'v str]) -> Option<&'v str> {
        wanted.iter().copied().find(|value| self.takes(value))
    }

    /// A refusal of ours, on the BMC's own word: nothing was sent.
    pub(super) fn not_offered(&self, wanted: &str) -> Failure {
        let offers = self.values.as_ref().map(|values| values.join(", ")).unwrap_or_default();
        let message = format!("it takes no {wanted}, it takes {offers}");
        Cause::Refused { code: "not offered".to_owned(), message }.into()
    }
}

impl Talk<'_> {
    /// The action of that name, such as `ComputerSystem.Reset`; its values are asked for where they stand in an ActionInfo.
    pub(super) async fn action(&mut self, of: &Document, name: &str) -> Result<Action, Failure> {
        let hashed = format!("#{name}");
        let actions = of.view().object("Actions", &mut self.notes);
        if !actions.has(&hashed) {
            return Err(Cause::NotFound { what: format!("action {name}") }.into());
        }
        let action = actions.object(&hashed, &mut self.notes);
        let target = action.text("target", &mut self.notes).unwrap_or_else(|| {
            self.notes.forgive(Deviation::Missing { property: "target".to_owned() });
            format!("{}/Actions/{name}", of.path.trim_end_matches('/'))
        });
        let info = action.text("@Redfish.ActionInfo", &mut self.notes);
        let values = match action.words("ResetType@Redfish.AllowableValues", &mut self.notes) {
            None => match info {
                Some(link) => self.values_of(&link).await?,
                None => None,
            },
            said => said.filter(|values| !values.is_empty()),
        };
        Ok(Action { target, values })
    }

    async fn values_of(&mut self, info: &str) -> Result<Option<Vec<String>>, Failure> {
        let info = self.get(info).await?;
        let parameters = info.view().objects("Parameters", &mut self.notes);
        let reset =
            parameters.into_iter().find(|p| p.text("Name", &mut self.notes).as_deref() == Some("ResetType"));
        let values = reset.and_then(|p| p.words("AllowableValues", &mut self.notes));
        Ok(values.filter(|values| !values.is_empty()))
    }
}
