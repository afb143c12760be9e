//! The order of boot: `Boot.BootOrder` of the system, and of its settings where those are kept apart; `BootOptions` say what
//! the entries are (DSP0268 ComputerSystem.Boot, BootOption).

use serde_json::json;

use super::{boot::settings_of, boot_words, client::Talk, document::Document, refusal::is_read_only};
use crate::{
    driver::Cause,
    drivers::{failure::Failure, notes::Notes},
    model::{BootEntry, BootOrder, Change},
};

const ORDER: &str = "BootOrder";

/// The order that is in force, what its entries are, and the order that waits for the next start.
pub(super) async fn read(talk: &mut Talk<'_>) -> Result<BootOrder, Failure> {
    let system = talk.system().await?;
    let order = order_of(&system, &mut talk.notes).ok_or_else(absent)?;
    let options = system.view().object("Boot", &mut talk.notes).link("BootOptions", &mut talk.notes);
    let options = talk.all_aside(options).await?;
    let known: Vec<_> = options.iter().filter_map(|it| entry(it, &mut talk.notes)).collect();
    let named = |id: &String| known.iter().find(|it| it.id == *id).cloned();
    let entries =
        order.iter().map(|id| named(id).unwrap_or(BootEntry { id: id.clone(), ..Default::default() }));
    let entries = entries.collect();
    let settings = settings_of(talk, &system).await?;
    let pending = settings.and_then(|it| order_of(&it, &mut talk.notes)).filter(|it| *it != order);
    Ok(BootOrder { entries, pending })
}

/// Writes all of the order, since what is left out of it would be gone (DSP0268 ComputerSystem.Boot.BootOrder).
pub(super) async fn set(talk: &mut Talk<'_>, first: &[String]) -> Result<Change, Failure> {
    let system = talk.system().await?;
    let settings = settings_of(talk, &system).await?;
    let now = order_of(&system, &mut talk.notes).ok_or_else(absent)?;
    let waits = settings.as_ref().and_then(|it| order_of(it, &mut talk.notes)).filter(|it| *it != now);
    let wanted = completed(first, &now)?;
    if waits.as_ref().unwrap_or(&now) == &wanted {
        return Ok(Change::AlreadySo);
    }
    let body = json!({ "Boot": { ORDER: wanted } });
    match (talk.patch(&system, &body).await, settings) {
        (Err(failure), Some(settings)) if is_read_only(&failure) => {
            talk.patch(&settings, &body).await?;
            talk.apply(&settings).await?;
        }
        (outcome, _) => outcome?,
    }
    Ok(Change::Changed)
}

/// Why these cannot be the first, if they cannot.
pub(super) fn check(first: &[String]) -> Result<(), String> {
    let again = first.iter().enumerate().find(|(at, id)| first[..*at].contains(id));
    match (first.is_empty(), again) {
        (true, _) => Err("an order without an entry".to_owned()),
        (false, Some((_, id))) => Err(format!("{id} stands in it twice")),
        (false, None) => Ok(()),
    }
}

fn absent() -> Failure {
    Cause::NotFound { what: "boot order".to_owned() }.into()
}

/// These, and the others behind them as they are now.
fn completed(first: &[String], now: &[String]) -> Result<Vec<String>, Failure> {
    if let Some(unknown) = first.iter().find(|id| !now.contains(id)) {
        return Err(Cause::NotFound { what: format!("boot option {unknown}") }.into());
    }
    let others = now.iter().filter(|id| !first.contains(id));
    Ok(first.iter().chain(others).cloned().collect())
}

/// Some write the name behind the reference: `Boot0003: UEFI CD` (NVIDIA, B14). What is written has to be as it is read.
fn order_of(document: &Document, notes: &mut Notes) -> Option<Vec<String>> {
    let boot = document.view().object("Boot", notes);
    boot.words(ORDER, notes).filter(|order| !order.is_empty())
}

fn entry(option: &Document, notes: &mut Notes) -> Option<BootEntry> {
    let view = option.view();
    let id = view.text("BootOptionReference", notes).or_else(|| view.text("Id", notes))?;
    let name = view.text("DisplayName", notes).or_else(|| view.text("Name", notes));
    let device = view.text("Alias", notes).and_then(|word| boot_words::device(&word));
    Some(BootEntry { id, name, device, enabled: view.flag("BootOptionEnabled", notes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(all: &[&str]) -> Vec<String> {
        all.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn what_is_not_named_follows_as_it_was() {
        let now = ids(&["1", "2", "3", "4"]);
        assert_eq!(completed(&ids(&["3", "1"]), &now).unwrap(), ids(&["3", "1", "2", "4"]));
        assert!(completed(&ids(&["5"]), &now).is_err());
    }

    #[test]
    fn an_order_of_nothing_or_of_one_twice_is_none() {
        assert!(check(&[]).is_err() && check(&ids(&["1", "1"])).is_err());
        assert_eq!(check(&ids(&["2", "1"])), Ok(()));
    }
}
