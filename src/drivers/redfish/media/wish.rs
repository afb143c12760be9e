//! What is sent to insert an image: as little as the BMC takes, since none takes all of it.

use serde_json::{Map, Value, json};

use super::{INSERT, has_action};
use crate::{
    driver::Cause,
    drivers::{
        failure::Failure,
        redfish::{
            client::Talk,
            document::Document,
            http::Ask,
            quirks::{MEDIA_BY_PATCH, MEDIA_DEMANDS},
            refusal::says,
            session::without,
        },
    },
    model::{InsertMedia, Secret},
};

/// The parameters. A password may be among them, so that it does not print.
#[derive(Clone)]
pub(super) struct Wish(Map<String, Value>);

impl Wish {
    /// The image, and as whom it is fetched. `Inserted` and `WriteProtected` are true by the standard if nothing is said.
    pub(super) fn of(medium: &InsertMedia) -> Self {
        let mut said = Map::from_iter([("Image".to_owned(), json!(medium.image))]);
        said.extend(medium.user.iter().map(|user| ("UserName".to_owned(), json!(user))));
        let password = medium.password.as_ref().map(|it| json!(it.reveal_text().as_str()));
        said.extend(password.map(|it| ("Password".to_owned(), it)));
        Self(said)
    }

    /// The same with what a refusal demands, if it names something that is not said yet.
    fn with_what_is_demanded(&self, failure: &Failure, medium: &InsertMedia) -> Option<Self> {
        let scheme = medium.image.split("://").next().unwrap_or_default().to_ascii_uppercase();
        let protocol = if scheme == "SMB" { "CIFS".to_owned() } else { scheme };
        let known = [
            ("TransferProtocolType", json!(protocol)),
            ("TransferMethod", json!("Stream")),
            ("Inserted", json!(true)),
            ("WriteProtected", json!(true)),
        ];
        let demanded =
            known.into_iter().find(|(name, _)| !self.0.contains_key(*name) && says(failure, &[name]));
        demanded.map(|(name, value)| {
            let mut more = self.clone();
            more.0.insert(name.to_owned(), value);
            more
        })
    }
}

/// Sends it, and again with what the BMC demands: what it refused it has not carried out. A slot whose action is missing or
/// refused as a method is written to.
pub(super) async fn carry_out(
    talk: &mut Talk<'_>,
    slot: &Document,
    mut wish: Wish,
    medium: &InsertMedia,
) -> Result<(), Failure> {
    let mut acts = has_action(slot, INSERT);
    loop {
        let sent = if acts { act(talk, slot, &wish).await } else { write(talk, slot, &wish).await };
        let failure = match sent {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        let is_refused = matches!(failure.cause, Cause::Refused { .. });
        match wish.with_what_is_demanded(&failure, medium).filter(|_| is_refused) {
            Some(more) => {
                talk.notes.quirk(&MEDIA_DEMANDS);
                wish = more;
            }
            None if acts && matches!(&failure.cause, Cause::Refused { code, .. } if code == "405") => {
                acts = false;
            }
            None => {
                let password = medium.password.as_ref().map(Secret::reveal_text).unwrap_or_default();
                return Err(without(failure, &password));
            }
        }
    }
}

async fn act(talk: &mut Talk<'_>, slot: &Document, wish: &Wish) -> Result<(), Failure> {
    let insert = talk.action(slot, INSERT).await?;
    talk.change(&Ask::post(talk.local(&insert.target)?, &Value::Object(wish.0.clone()))).await
}

/// Where there is no action, `Inserted` is what connects it (Lenovo XCC, V1).
async fn write(talk: &mut Talk<'_>, slot: &Document, wish: &Wish) -> Result<(), Failure> {
    talk.notes.quirk(&MEDIA_BY_PATCH);
    let mut body = wish.0.clone();
    body.insert("Inserted".to_owned(), json!(true));
    talk.patch(slot, &body.into()).await
}
