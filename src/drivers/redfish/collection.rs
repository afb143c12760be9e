//! Every member of a collection, on however many pages they come (DSP0266 §7.4).

use super::client::Talk;
use crate::drivers::failure::Failure;

/// Pages that are followed, and members that are taken: no collection that is read whole has reason to have more.
const PAGES: usize = 100;
const MEMBERS: usize = 10_000;

impl Talk<'_> {
    /// Where the members are, in the order in which they are listed, each once.
    pub(super) async fn every_member(&mut self, collection: &str) -> Result<Vec<String>, Failure> {
        let mut members: Vec<String> = Vec::new();
        let mut page = collection.to_owned();
        for _ in 0..PAGES {
            let document = self.get(&page).await?;
            let view = document.view();
            for member in view.links("Members", &mut self.notes) {
                if members.len() < MEMBERS && !members.contains(&member) {
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
}
