//! All members of a collection, in as few requests as the BMC allows (DSP0266 §7.3.2, §7.11).

use std::collections::BTreeSet;

use super::{client::Talk, document::Document};
use crate::drivers::failure::Failure;

/// Pages of a collection that are followed.
const PAGES: usize = 200;
/// Members that are read of one collection; no log and no machine has more.
const MOST: usize = 20_000;

impl Talk<'_> {
    /// Where the members are, in the order in which they are listed, each once.
    pub(super) async fn every_member(&mut self, collection: &str) -> Result<Vec<String>, Failure> {
        let mut members: Vec<String> = Vec::new();
        let mut page = collection.to_owned();
        for _ in 0..PAGES {
            let document = self.get(&page).await?;
            let view = document.view();
            for member in view.links("Members", &mut self.notes) {
                if members.len() < MOST && !members.contains(&member) {
                    members.push(member);
                }
            }
            match view.link("Members@odata.nextLink", &mut Default::default()) {
                Some(_) if self.client.endpoint.seams.ignores_next_link => break,
                Some(next) if next != page => page = next,
                _ => break,
            }
        }
        Ok(members)
    }

    /// The members in the collection's order. One request for a page where the BMC expands them, else one more for each;
    /// a member that cannot be read is left out, with a note.
    pub(super) async fn members(&mut self, link: &str) -> Result<Vec<Document>, Failure> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next = Some(self.first_page(link).await?);
        while let Some(page) = next.take() {
            let view = page.view();
            for member in view.objects("Members", &mut self.notes) {
                let Some(path) = member.plain("@odata.id").filter(|_| found.len() < MOST) else { continue };
                let is_whole = ["Id", "Name", "@odata.type"].iter().any(|name| member.has(name));
                let embedded = if is_whole { Document::within(path, member) } else { None };
                match embedded {
                    Some(member) => found.push(member),
                    None => found.extend(self.aside(path).await?),
                }
            }
            let more = view.link("Members@odata.nextLink", &mut Default::default());
            let more = more.filter(|link| seen.len() < PAGES && seen.insert(link.clone()));
            if let Some(link) = more.filter(|_| !self.client.endpoint.seams.ignores_next_link) {
                next = Some(self.get(&link).await?);
            }
        }
        Ok(found)
    }

    /// The same, where the answer can do without.
    pub(super) async fn all_aside(&mut self, link: Option<String>) -> Result<Vec<Document>, Failure> {
        let Some(link) = link else { return Ok(Vec::new()) };
        let members = self.members(&link).await;
        Ok(self.spare(members)?.unwrap_or_default())
    }

    /// The first page, expanded where that is promised and kept.
    async fn first_page(&mut self, link: &str) -> Result<Document, Failure> {
        if let Some(query) = self.expansion().await? {
            let mark = if link.contains('?') { '&' } else { '?' };
            let expanded = self.get(&format!("{link}{mark}{query}")).await;
            if let Some(page) = self.spare(expanded)? {
                return Ok(page);
            }
        }
        self.get(link).await
    }
}
