//! Changing a resource, and what its ETag has to do with it (DSP0266 §7.10).

use serde_json::Value;

use super::{
    client::Talk,
    document::Document,
    http::{Ask, Reply},
    quirks::{OWN_TAG_REFUSED, WRITES_WANT_A_TAG},
};
use crate::drivers::failure::Failure;

impl Talk<'_> {
    /// Changes a resource that was read before. If-Match is sent only where the BMC demands it, or is known to want it.
    pub(super) async fn patch(&mut self, of: &Document, body: &Value) -> Result<(), Failure> {
        let (ask, reply) = self.patch_once(of, body).await?;
        self.accept(&ask, reply).await
    }

    /// The same up to the BMC's answer, whatever that is.
    pub(super) async fn patch_once(&mut self, of: &Document, body: &Value) -> Result<(Ask, Reply), Failure> {
        let mut ask = Ask::patch(self.local(&of.path)?, body);
        if of.etag.is_some() && self.expects(&WRITES_WANT_A_TAG, of) {
            self.notes.quirk(&WRITES_WANT_A_TAG);
            ask.if_match = of.etag.clone();
        }
        let mut reply = self.send(&ask).await?;
        if wants_another_tag(&reply) && !self.client.endpoint.seams.ignores_etag {
            reply = self.patch_with_tag(&mut ask, reply, of, body).await?;
        }
        Ok((ask, reply))
    }

    /// The same with the tag that the BMC gives when it is asked for it: as it is, then in other spellings. Each was
    /// answered with 412 or 428, and so was not carried out.
    ///
    /// `*` comes last, for BMCs that refuse their own tag however it is spelled, or give none (quirk E3): and only when the
    /// resource, read again after those refusals, still says of the properties to be changed what it said at first, so
    /// that no other's change is overwritten.
    async fn patch_with_tag(
        &mut self,
        ask: &mut Ask,
        mut reply: Reply,
        of: &Document,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let given = self.get(&of.path).await?.etag;
        for (spelled_anew, tag) in spellings(given.as_deref()).into_iter().enumerate() {
            ask.if_match = Some(tag);
            reply = self.send(ask).await?;
            if !wants_another_tag(&reply) {
                if spelled_anew > 0 {
                    self.notes.quirk(&OWN_TAG_REFUSED);
                }
                return Ok(reply);
            }
        }
        let again = self.get(&of.path).await?;
        if again.etag == given && again.agrees_on(body, of) {
            self.notes.quirk(&OWN_TAG_REFUSED);
            ask.if_match = Some("*".to_owned());
            reply = self.send(ask).await?;
        }
        Ok(reply)
    }
}

fn wants_another_tag(reply: &Reply) -> bool {
    matches!(reply.status, 412 | 428)
}

/// The tag, then without the mark of weakness (Lenovo XCC, quirk E5), then without its quotes too (quirk E9).
fn spellings(tag: Option<&str>) -> Vec<String> {
    let Some(tag) = tag else { return Vec::new() };
    let strong = tag.strip_prefix("W/").unwrap_or(tag);
    let mut all: Vec<String> = Vec::new();
    for spelling in [tag, strong, strong.trim_matches('"')] {
        if !spelling.is_empty() && all.iter().all(|known| known != spelling) {
            all.push(spelling.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_spelled_as_given_then_strong_then_bare() {
        assert_eq!(spellings(Some("W/\"7\"")), ["W/\"7\"", "\"7\"", "7"]);
        assert_eq!(spellings(Some("\"7\"")), ["\"7\"", "7"]);
        assert_eq!(spellings(Some("7")), ["7"]);
        assert_eq!(spellings(None), [""; 0]);
    }
}
