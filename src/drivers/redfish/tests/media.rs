//! Claims about virtual media.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{Change, InsertMedia, MediaKind, MediaSlotId, Secret},
};

const MEDIA: &str = "/redfish/v1/Managers/BMC/VirtualMedia";
const IMAGE: &str = "https://images/rescue.iso";

/// A slot; whether it has actions.
fn slot(id: &str, kinds: &[&str], acts: bool) -> Value {
    let path = format!("{MEDIA}/{id}");
    let action = |name: &str| json!({"target": format!("{path}/Actions/VirtualMedia.{name}")});
    let actions = json!({"#VirtualMedia.InsertMedia": action("InsertMedia"),
        "#VirtualMedia.EjectMedia": action("EjectMedia")});
    let actions = if acts { actions } else { json!({}) };
    json!({"Id": id, "MediaTypes": kinds, "Inserted": false, "Image": null, "Actions": actions})
}

async fn peer(slots: Vec<Value>) -> Peer {
    peer_that(slots, |_, _| None).await
}

async fn peer_that(
    mut slots: Vec<Value>,
    mut script: impl FnMut(&Seen, &mut Vec<Value>) -> Option<Act> + Send + 'static,
) -> Peer {
    Peer::scripted(move |seen, bmc| {
        bmc.manager["VirtualMedia"] = json!({"@odata.id": MEDIA});
        if !seen.path.starts_with(MEDIA) {
            return None;
        }
        if let Some(act) = script(seen, &mut slots) {
            return Some(act);
        }
        let id = seen.path.strip_prefix(MEDIA)?.trim_start_matches('/').split('/').next()?.to_owned();
        if id.is_empty() {
            let links = slots
                .iter()
                .map(|it| json!({"@odata.id": format!("{MEDIA}/{}", it["Id"].as_str().unwrap())}));
            return Some(say(200, json!({"Members": links.collect::<Vec<_>>()})));
        }
        let slot = slots.iter_mut().find(|it| it["Id"] == *id)?;
        let done = || Some(Act::Say(204, Vec::new(), String::new()));
        match (seen.method.as_str(), seen.path.rsplit('.').next()) {
            ("GET", _) => Some(say(200, slot.clone())),
            ("POST", Some("InsertMedia")) => {
                merge(slot, &json!({"Image": seen.body["Image"], "Inserted": true}));
                done()
            }
            ("POST", _) => {
                merge(slot, &json!({"Image": "", "Inserted": false}));
                done()
            }
            _ => {
                merge(slot, &seen.body);
                done()
            }
        }
    })
    .await
}

fn cd() -> InsertMedia {
    InsertMedia { slot: None, kind: MediaKind::Cd, image: IMAGE.to_owned(), user: None, password: None }
}

async fn insert(peer: &Peer, medium: &InsertMedia) -> Result<(String, bool), Cause> {
    let slot = peer.driver().insert_media(medium, within(60)).await;
    slot.map(|a| (a.value.id.0, a.value.inserted)).map_err(|e| e.cause)
}

#[tokio::test(start_paused = true)]
async fn an_image_goes_into_the_slot_of_its_kind_with_nothing_but_itself() {
    // Supermicro X12 refuses Inserted and WriteProtected.
    let peer = peer(vec![slot("1", &["USBStick"], true), slot("2", &["CD", "DVD"], true)]).await;
    assert_eq!(insert(&peer, &cd()).await, Ok(("2".to_owned(), true)));
    assert_eq!(peer.changes(), [json!({"Image": IMAGE})]);
    assert_eq!(insert(&peer, &cd()).await, Ok(("2".to_owned(), true)));
    assert_eq!(peer.changes().len(), 1, "it is in already");
    let other = InsertMedia { image: "https://images/other.iso".to_owned(), ..cd() };
    assert!(matches!(insert(&peer, &other).await, Err(Cause::Conflict { .. })));
    let floppy = InsertMedia { kind: MediaKind::Floppy, ..cd() };
    assert!(matches!(insert(&peer, &floppy).await, Err(Cause::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_the_bmc_demands_is_said_when_it_demands_it() {
    // Nokia on AMI (V3): one refusal after the other.
    let peer = peer_that(vec![slot("CD1", &["CD"], true)], |seen, _| {
        let demanded = ["TransferProtocolType", "TransferMethod"];
        let missing = demanded.into_iter().find(|name| seen.body.get(*name).is_none())?;
        let text = format!("'{missing}' property which is mandatory to complete the action is missing.");
        (seen.method == "POST").then(|| error(400, "Base.1.5.ActionParameterMissing", &text))
    })
    .await;
    assert_eq!(insert(&peer, &cd()).await, Ok(("CD1".to_owned(), true)));
    let whole = json!({"Image": IMAGE, "TransferProtocolType": "HTTPS", "TransferMethod": "Stream"});
    assert_eq!(peer.changes().last().unwrap(), &whole);
    assert_eq!(peer.changes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slot_without_actions_is_written_to_and_one_with_them_is_preferred() {
    // Lenovo XCC 2.83 (V1).
    let lenovo = peer(vec![slot("EXT1", &["CD"], false)]).await;
    assert_eq!(insert(&lenovo, &cd()).await, Ok(("EXT1".to_owned(), true)));
    assert_eq!(lenovo.changes(), [json!({"Image": IMAGE, "Inserted": true})]);
    let ejected = lenovo.driver().eject_media(&MediaSlotId("EXT1".to_owned()), within(60)).await.unwrap();
    assert_eq!(ejected.value, Change::Changed);
    assert_eq!(lenovo.changes()[1], json!({"Image": null, "Inserted": false}));
    // Cisco C845A M8 (V9).
    let cisco = peer(vec![slot("Slot_0", &["CD"], false), slot("Slot_1", &["CD"], true)]).await;
    assert_eq!(insert(&cisco, &cd()).await, Ok(("Slot_1".to_owned(), true)));
}

#[tokio::test(start_paused = true)]
async fn an_action_that_is_no_method_here_is_replaced_by_a_patch() {
    let peer = peer_that(vec![slot("1", &["CD"], true)], |seen, _| {
        (seen.method == "POST").then(|| error(405, "Base.1.13.OperationNotAllowed", ""))
    })
    .await;
    assert_eq!(insert(&peer, &cd()).await, Ok(("1".to_owned(), true)));
}

#[tokio::test(start_paused = true)]
async fn an_empty_slot_is_ejected_already_and_an_eject_has_a_body() {
    // HPE iLO 5: an eject without a body is 415 (V6); no image is "".
    let peer = peer(vec![slot("2", &["CD"], true)]).await;
    let driver = peer.driver();
    let id = MediaSlotId("2".to_owned());
    assert_eq!(driver.eject_media(&id, within(60)).await.unwrap().value, Change::AlreadySo);
    assert!(peer.changes().is_empty());
    driver.insert_media(&cd(), within(60)).await.unwrap();
    assert_eq!(driver.eject_media(&id, within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(peer.changes()[1], json!({}));
    assert_eq!(driver.media(within(60)).await.unwrap().value[0].image, None);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_on_its_way_in_is_not_inserted_again() {
    // Lenovo XCC (V13): Inserted follows some seconds after Image.
    let mut looks = 0;
    let peer = peer_that(vec![slot("EXT1", &["CD"], false)], move |seen, slots| {
        looks += usize::from(seen.is("GET", &format!("{MEDIA}/EXT1")));
        slots[0]["Image"] = json!(IMAGE);
        slots[0]["Inserted"] = json!(looks > 3);
        None
    })
    .await;
    assert_eq!(insert(&peer, &cd()).await, Ok(("EXT1".to_owned(), true)));
    assert!(peer.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_password_of_an_image_stands_in_no_error() {
    let peer = peer_that(vec![slot("1", &["CD"], true)], |seen, _| {
        (seen.method == "POST")
            .then(|| error(400, "Base.1.18.PropertyValueFormatError", "Sup3r-secret is wrong"))
    })
    .await;
    let medium =
        InsertMedia { user: Some("u".to_owned()), password: Some(Secret::new("Sup3r-secret")), ..cd() };
    let failed = peer.driver().insert_media(&medium, within(60)).await.unwrap_err();
    assert!(!format!("{failed} {failed:?}").contains("Sup3r-secret"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_bmc_without_virtual_media_has_none() {
    let absent = Peer::healthy().await.driver().media(within(60)).await.unwrap_err();
    assert!(matches!(absent.cause, Cause::NotFound { .. }), "{absent}");
}
