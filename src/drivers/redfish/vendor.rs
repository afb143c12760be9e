//! Requests that no operation covers, such as an action of the maker's own (DSP0266 §9.12 `Oem`), below the service's own tree.
//!
//! What the BMC says to it is the answer, refusals of the request's content too. Only what says that the request never came to
//! anything that could judge it is an error: 401, 403, 404 and 405, and a BMC that is busy until the deadline.

use serde_json::Value;

use super::{
    client::Talk,
    document,
    http::{Ask, Body, Effect, Reply},
    refusal::at,
};
use crate::{
    driver::{Cause, Deviation},
    drivers::failure::Failure,
    model::{VendorAnswer, VendorCall},
};

/// Where the service begins (DSP0266 §6.2); nothing above it is asked for.
const SERVICE: &str = "/redfish/v1";
/// The largest body that is sent, and the largest that is handed on, in bytes.
const CAP: usize = 1 << 20;
/// The longest path, in bytes.
const LONGEST: usize = 2048;

/// A call that may be sent: its method is known and its path stays below the service.
pub(super) struct Checked(Ask);

/// Why this cannot be sent, if it cannot.
pub(super) fn check(call: &VendorCall) -> Result<Checked, String> {
    let VendorCall::Redfish { method, path, body } = call else {
        return Err("an IPMI command for the Redfish driver".to_owned());
    };
    stays_below(path)?;
    let nothing = Value::Object(serde_json::Map::new());
    let ask = match (method.as_str(), body) {
        ("GET", None) => Ask::get(path),
        ("GET", Some(_)) => return Err("a GET has no body".to_owned()),
        // An action without parameters has an empty object (DSP0266 §7.11); some refuse no body at all.
        ("POST", body) => Ask::post(path, body.as_ref().unwrap_or(&nothing)),
        ("PATCH" | "PUT", None) => return Err(format!("a {method} needs a body")),
        ("PATCH", Some(body)) => Ask::patch(path, body),
        ("PUT", Some(body)) => Ask { method: hyper::Method::PUT, ..Ask::post(path, body) },
        ("DELETE", None) => Ask { effect: Effect::Changes, ..Ask::delete(path) },
        ("DELETE", Some(_)) => return Err("a DELETE has no body".to_owned()),
        _ => return Err(format!("{method:?} is no method: expected GET, POST, PATCH, PUT or DELETE")),
    };
    match ask.body.as_ref().map_or(0, |body| body.len()) {
        bytes if bytes > CAP => Err(format!("the body has {bytes} bytes, expected at most {CAP}")),
        _ => Ok(Checked(ask.unled())),
    }
}

/// Sends it and tells what came. Where it leads to is told and not followed, and a task that it starts is not waited for.
pub(super) async fn call(talk: &mut Talk<'_>, Checked(ask): Checked) -> Result<VendorAnswer, Failure> {
    let reply = match ask.method {
        hyper::Method::PATCH => patch(talk, &ask).await?,
        _ => talk.send(&ask).await?,
    };
    if matches!(reply.status, 403..=405) {
        return Err(talk.refused(&ask, &reply));
    }
    let broken = |deviation| Failure::new(Cause::Deviation(deviation), at(&ask, Some(reply.status), None));
    let body = body(&reply).map_err(broken)?;
    Ok(VendorAnswer::Redfish { status: reply.status, body, location: location(talk, &reply) })
}

/// A resource is changed with the care that its ETag wants, for which it is read before.
async fn patch(talk: &mut Talk<'_>, ask: &Ask) -> Result<Reply, Failure> {
    let body = ask.body.as_ref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null);
    let of = talk.get(&ask.path).await?;
    talk.patch_once(&of, &body).await.map(|(_, reply)| reply)
}

/// The path in `Location`, where there is one and it is of this service.
fn location(talk: &Talk<'_>, reply: &Reply) -> Option<String> {
    talk.local(reply.header("location")?).ok().filter(|path| stays_below(path).is_ok())
}

/// The JSON of a body; an empty one is none, and what is no JSON in spite of its content type's word is a deviation.
fn body(reply: &Reply) -> Result<Option<Value>, Deviation> {
    match &reply.body {
        Body::Whole(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => Ok(None),
        Body::Whole(bytes) if bytes.len() > CAP => Err(Deviation::TooLarge { limit: CAP }),
        // A page that a refusal comes with tells nothing that its status does not.
        Body::Whole(_) if !reply.is_success() => Ok(document::json(reply).ok()),
        _ => document::json(reply).map(Some),
    }
}

/// A path of the service and nothing else: no origin, no way up, nothing that is written in another way to look like none.
fn stays_below(path: &str) -> Result<(), String> {
    let no = |why: &str| Err(format!("the path {path:?} {why}: expected one such as {SERVICE}/Systems"));
    if path.len() > LONGEST {
        return Err(format!("the path has {} bytes, expected at most {LONGEST}", path.len()));
    }
    if path.bytes().any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b'#' | b'"' | b'<' | b'>'))
    {
        return no("has a character that no path has");
    }
    let (resource, _) = path.split_once('?').unwrap_or((path, ""));
    let Some(below) = resource.strip_prefix(SERVICE).filter(|it| it.is_empty() || it.starts_with('/')) else {
        return no("is not below the service root");
    };
    // Escaped dots and slashes are dots and slashes to whoever unescapes them (RFC 3986 §6.2.2.2).
    let plain = below.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    let inner = plain.strip_prefix('/').unwrap_or(&plain);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let is_odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if !inner.is_empty() && inner.split('/').any(is_odd) {
        return no("has a part that is empty or leads up");
    }
    // Unescaped twice by a careless service, it would be one of those again.
    if plain.contains("%25") {
        return no("is escaped twice");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_of_the_service_is_taken() {
        let power_button = "/redfish/v1/Systems/1/Actions/Oem/Hpe/HpeComputerSystemExt.PowerButton";
        for path in ["/redfish/v1", "/redfish/v1/", "/redfish/v1/Systems?$top=1", power_button] {
            assert_eq!(stays_below(path), Ok(()), "{path}");
        }
        let drive = "/redfish/v1/Systems/1/Storage/1/Drives/Disk.Bay.0:Enclosure.Internal.0-1";
        assert_eq!(stays_below(drive), Ok(()));
    }

    #[test]
    fn a_path_to_anywhere_else_is_not() {
        for path in [
            "",
            "/",
            "redfish/v1",
            "/redfish",
            "/redfish/v11",
            "/redfish/v2/Systems",
            "https://bmc/redfish/v1",
            "https://admin:pw@bmc/redfish/v1",
            "//other/redfish/v1",
            "@other/redfish/v1",
            "/redfish/v1@other/",
            "/redfish/v1/../../cgi-bin/x",
            "/redfish/v1/%2E%2e/%2e./x",
            "/redfish/v1/..%2fx",
            "/redfish/v1/%252e%252e/x",
            "/redfish/v1/a\\..\\b",
            "/redfish/v1/a//b",
            "/redfish/v1/./b",
            "/redfish/v1/a\r\nHost: other",
            "/redfish/v1/a b",
            "/redfish/v1/a#b",
            "/redfish/v1/ä",
        ] {
            assert!(stays_below(path).is_err(), "{path}");
        }
        assert!(stays_below(&format!("/redfish/v1/{}", "a".repeat(LONGEST))).is_err());
    }

    #[test]
    fn a_method_has_the_body_that_it_can_have() {
        let checked = |method: &str, body: Option<Value>| {
            let call =
                VendorCall::Redfish { method: method.to_owned(), path: "/redfish/v1/X".to_owned(), body };
            check(&call).map(|Checked(ask)| (ask.effect, ask.body.map(|it| it.to_vec())))
        };
        assert_eq!(checked("GET", None), Ok((Effect::Harmless, None)));
        assert_eq!(checked("POST", None), Ok((Effect::Changes, Some(b"{}".to_vec()))));
        assert_eq!(checked("DELETE", None), Ok((Effect::Changes, None)));
        assert_eq!(checked("PATCH", Some(json!({}))), Ok((Effect::Changes, Some(b"{}".to_vec()))));
        for (method, body) in [("GET", Some(json!({}))), ("PATCH", None), ("get", None), ("TRACE", None)] {
            assert!(checked(method, body).is_err(), "{method}");
        }
        assert!(checked("POST", Some(json!("a".repeat(CAP)))).is_err());
        let ipmi = VendorCall::Ipmi { netfn: 6, command: 1, data: crate::model::Bytes::default() };
        assert!(check(&ipmi).is_err());
    }
}
