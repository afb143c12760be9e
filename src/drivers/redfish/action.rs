//! An action of a resource: where to send it, and which values it takes (DSP0266 §7.5.2, §9.7).

use super::{
    client::Talk,
    document::Document,
    quirks::{GLUED_VALUES, STRANGE_VALUES},
};
use crate::{
    driver::{Cause, Deviation},
    drivers::{failure::Failure, notes::Notes},
};

/// Every `ResetType` (DSP0268 Resource.ResetType).
const RESET_TYPES: &[&str] = &[
    "On",
    "ForceOff",
    "GracefulShutdown",
    "GracefulRestart",
    "ForceRestart",
    "Nmi",
    "ForceOn",
    "PushPowerButton",
    "PowerCycle",
    "Suspend",
    "Pause",
    "Resume",
    "FullPowerCycle",
];
/// A longer text is not looked into for words.
const LONGEST_GLUED: usize = 64;

/// An action that takes a `ResetType`.
#[derive(Debug, Clone)]
pub(super) struct Action {
    /// Where it is posted to.
    pub(super) target: String,
    /// The values that it takes; `None` when the BMC does not say, or says nothing that can be believed.
    pub(super) values: Option<Vec<String>>,
}

impl Action {
    /// Those of these that it takes, as far as the BMC says.
    pub(super) fn offered<'v>(&self, wanted: &[&'v str]) -> Vec<&'v str> {
        let takes = |value: &str| self.values.as_ref().is_none_or(|values| values.iter().any(|v| v == value));
        wanted.iter().copied().filter(|value| takes(value)).collect()
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
        let said = match action.words("ResetType@Redfish.AllowableValues", &mut self.notes) {
            None => match info {
                Some(link) => self.values_of(&link).await?,
                None => None,
            },
            said => said,
        };
        let values = said.and_then(|values| believe(values, RESET_TYPES, &mut self.notes));
        Ok(Action { target, values })
    }

    /// The values in an ActionInfo; one that cannot be read leaves them unknown.
    async fn values_of(&mut self, info: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some(info) = self.aside(info).await? else { return Ok(None) };
        let parameters = info.view().objects("Parameters", &mut self.notes);
        let reset =
            parameters.into_iter().find(|p| p.text("Name", &mut self.notes).as_deref() == Some("ResetType"));
        Ok(reset.and_then(|p| p.words("AllowableValues", &mut self.notes)))
    }
}

/// What is to be believed of a list of allowable values: words that were glued together are taken apart, and a list
/// without a single word of the schema says nothing.
pub(super) fn believe(values: Vec<String>, known: &[&str], notes: &mut Notes) -> Option<Vec<String>> {
    let mut apart = Vec::new();
    for value in values {
        match unglue(&value, known) {
            Some(words) if words.len() > 1 => {
                notes.quirk(&GLUED_VALUES);
                apart.extend(words.into_iter().map(str::to_owned));
            }
            _ => apart.push(value),
        }
    }
    if apart.is_empty() {
        return None;
    }
    if !apart.iter().any(|value| known.contains(&value.as_str())) {
        notes.quirk(&STRANGE_VALUES);
        return None;
    }
    Some(apart)
}

/// The known words that a text is made of, if it is made of nothing else. A text that is one of them is that one: `UsbCd`
/// is not `Usb` and `Cd`.
fn unglue<'k>(text: &str, known: &[&'k str]) -> Option<Vec<&'k str>> {
    if text.is_empty() || text.len() > LONGEST_GLUED {
        return text.is_empty().then(Vec::new);
    }
    if let Some(word) = known.iter().copied().find(|word| *word == text) {
        return Some(vec![word]);
    }
    known.iter().copied().find_map(|word| {
        let mut words = unglue(text.strip_prefix(word)?, known)?;
        words.insert(0, word);
        Some(words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed(values: &[&str]) -> (Option<Vec<String>>, usize) {
        let mut notes = Notes::default();
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        (believe(values, RESET_TYPES, &mut notes), notes.into_vec().len())
    }

    #[test]
    fn words_that_were_glued_together_are_taken_apart() {
        // Supermicro SYS-510T, Redfish 1.14.0.
        let (values, notes) = believed(&["On", "ForceOff", "GracefulShutdownGracefulRestart"]);
        assert_eq!(values.unwrap(), ["On", "ForceOff", "GracefulShutdown", "GracefulRestart"]);
        assert_eq!(notes, 1);
    }

    #[test]
    fn a_list_without_a_known_word_says_nothing() {
        assert_eq!(believed(&["PowerOn", "PowerOff"]), (None, 1));
        assert_eq!(believed(&[]), (None, 0));
    }

    #[test]
    fn a_list_with_a_word_of_the_makers_own_is_believed() {
        let (values, notes) = believed(&["On", "AuxCycle"]);
        assert_eq!((values.unwrap().len(), notes), (2, 0));
    }

    #[test]
    fn a_long_text_of_any_kind_is_taken_apart_in_no_time() {
        assert_eq!(unglue(&"OnForceOff".repeat(10_000), RESET_TYPES), None);
        assert_eq!(
            unglue(&"UsbCd".repeat(12), &["UsbCdx", "UsbCd", "Usb", "Cd", "Cdx"]).map(|w| w.len()),
            Some(12)
        );
        assert_eq!(unglue("UsbCd", &["Usb", "Cd", "UsbCd"]), Some(vec!["UsbCd"]));
    }
}
