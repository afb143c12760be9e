//! The judge's reading of requests for virtual media (DSP0268 VirtualMedia): actions, or a PATCH of the slot.

use serde_json::Value;

use crate::operation::Call;

/// Whether a request asks for the call: `None` if it is about something else, `Some(false)` if it asks for another value.
pub(super) fn asks(call: &Call, method: &str, path: &str, body: impl FnOnce() -> Value) -> Option<bool> {
    let (inserts, ejects) =
        (path.ends_with("/VirtualMedia.InsertMedia"), path.ends_with("/VirtualMedia.EjectMedia"));
    let body = match method {
        "POST" if inserts || ejects => body(),
        "PATCH" => body(),
        _ => return None,
    };
    let (image, out) = (body.get("Image"), ejects || body["Inserted"] == false);
    let out = out || image.is_some_and(Value::is_null);
    match call {
        _ if method == "PATCH" && image.is_none() && !out => None,
        Call::InsertMedia(medium) => Some(!out && image.is_some_and(|image| *image == *medium.image)),
        Call::EjectMedia(_) => Some(out),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use halmark::{InsertMedia, MediaKind};
    use serde_json::json;

    use super::*;

    const SLOT: &str = "/redfish/v1/Managers/1/VirtualMedia/EXT1";

    fn insert() -> Call {
        let image = "http://images/a.iso".to_owned();
        Call::InsertMedia(InsertMedia { slot: None, kind: MediaKind::Cd, image, user: None, password: None })
    }

    #[test]
    fn an_image_goes_in_by_action_or_by_patch_and_another_image_is_another_request() {
        let action = format!("{SLOT}/Actions/VirtualMedia.InsertMedia");
        let body = |image: &str| json!({"Image": image, "Inserted": true});
        assert_eq!(asks(&insert(), "POST", &action, || body("http://images/a.iso")), Some(true));
        assert_eq!(asks(&insert(), "PATCH", SLOT, || body("http://images/a.iso")), Some(true));
        assert_eq!(asks(&insert(), "POST", &action, || body("http://images/b.iso")), Some(false));
        assert_eq!(asks(&insert(), "PATCH", "/redfish/v1/Systems/1", || json!({"Boot": {}})), None);
    }

    #[test]
    fn it_goes_out_by_action_or_by_patch() {
        let (call, action) =
            (Call::EjectMedia(MediaKind::Cd), format!("{SLOT}/Actions/VirtualMedia.EjectMedia"));
        assert_eq!(asks(&call, "POST", &action, || Value::Null), Some(true));
        assert_eq!(asks(&call, "PATCH", SLOT, || json!({"Image": null})), Some(true));
    }
}
