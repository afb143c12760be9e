//! Whether Redfish is spoken: the service root is to be read by anybody (DSP0266 §13.3.2).

use tokio::time::sleep;

use super::{
    client::Client,
    http::{Ask, Broken, Reply},
    manners::STANDARD,
    retry::retry_after,
    tls,
};
use crate::{
    driver::{Cause, Deadline, Operation},
    drivers::presence::Presence,
    endpoint::{Endpoint, Tls},
};

/// The service root; some have it without the slash only.
const ROOTS: [&str; 2] = ["/redfish/v1/", "/redfish/v1"];

/// Asks for the service root once, as nobody.
pub(in crate::drivers) async fn probe(endpoint: Endpoint, by: Deadline) -> Result<Presence, Cause> {
    let authorities = match &endpoint.tls {
        Tls::Ca(path) => Some(tls::read_authorities(path).map_err(|reason| Cause::Untrusted { reason })?),
        _ => None,
    };
    let client = Client::new(Endpoint { credentials: None, ..endpoint }, authorities, &STANDARD);
    let mut talk = client.talk(Operation::PowerRead, by).await.map_err(|error| error.cause)?;
    let mut absent = absent("it has no service root");
    for root in ROOTS {
        match talk.once(&Ask::get(root)).await {
            Ok(reply) if is_redfish(&reply) => {
                // The operation that follows is not to come before the BMC wants to be asked again.
                sleep(retry_after(&reply).unwrap_or_default().min(by.left())).await;
                return Ok(Presence::Here { vendor: vendor(&reply) });
            }
            Ok(reply) => absent = not_redfish(root, &reply),
            Err(Broken::Untrusted(reason)) => return Err(Cause::Untrusted { reason }),
            Err(Broken::NotSent(reason) | Broken::Lost(reason) | Broken::NotHttp(reason)) => {
                return Ok(Presence::Absent { reason });
            }
            Err(Broken::Unsayable) => break,
        }
    }
    Ok(absent)
}

/// A root that is withheld, or that a service in trouble cannot give, is one all the same.
fn is_redfish(reply: &Reply) -> bool {
    let is_root = || {
        let root: Option<serde_json::Value> = serde_json::from_slice(reply.body.bytes()).ok();
        root.is_some_and(|it| it.get("RedfishVersion").is_some() || it.get("@odata.id").is_some())
    };
    match reply.status {
        200..300 => is_root(),
        401 | 403 | 429 | 500.. => true,
        _ => false,
    }
}

/// Who made the BMC, by its service root: `Vendor` (DSP0268 ServiceRoot, since 1.5), or else the section of `Oem`.
fn vendor(reply: &Reply) -> Option<String> {
    const SECTIONS: &[(&str, &str)] =
        &[("Hpe", "HPE"), ("Hp", "HPE"), ("Ami", "AMI"), ("ts_fujitsu", "Fujitsu")];
    let root: serde_json::Value = serde_json::from_slice(reply.body.bytes()).ok()?;
    let named = root.get("Vendor").and_then(|it| it.as_str()).map(str::trim).filter(|it| !it.is_empty());
    let section = || root.get("Oem")?.as_object()?.keys().map(String::as_str).find(|it| !it.contains('@'));
    let name = named.or_else(section)?;
    let known = SECTIONS.iter().find(|(it, _)| *it == name).map(|(_, name)| *name);
    Some(known.unwrap_or(name).to_owned())
}

fn not_redfish(root: &str, reply: &Reply) -> Presence {
    absent(&match reply.status {
        200..300 => format!("what it answers to GET {root} is no service root"),
        status => format!("it answers GET {root} with {status}"),
    })
}

fn absent(reason: &str) -> Presence {
    Presence::Absent { reason: reason.to_owned() }
}
