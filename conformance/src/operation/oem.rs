//! Where an action is that no operation calls: on the system or its manager, on the part of these that it is named after, or on what
//! they link as the maker's own.

use std::collections::BTreeSet;

use halmark::{Cause, Deadline, Driver, DriverError, Operation, VendorAnswer, VendorCall};
use serde_json::Value;

/// More of a manager's own links are not looked at.
const LINKS: usize = 32;

/// The target of the action of that name. An operation that is not claimed has none to look for.
pub(super) async fn target(driver: &dyn Driver, action: &str, by: Deadline) -> Result<String, DriverError> {
    if !driver.capabilities().operations.contains(&Operation::VendorCall) {
        return Ok(format!("/redfish/v1/Actions/{action}"));
    }
    let key = format!("#{action}");
    let root = read(driver, "/redfish/v1/", by).await?;
    for collection in ["Systems", "Managers"] {
        let Some(link) = root[collection]["@odata.id"].as_str() else { continue };
        let members = read(driver, link, by).await?;
        let Some(member) = members["Members"][0]["@odata.id"].as_str() else { continue };
        let resource = read(driver, member, by).await?;
        if let Some(found) = offered(&resource, &key) {
            return Ok(found.to_owned());
        }
        // An action is named after its resource (DSP0266 §9.7), as `Bios.ResetBios` is, and the member that leads there often too.
        let part = action.split('.').next().and_then(|kind| resource[kind]["@odata.id"].as_str());
        let mut links = BTreeSet::from_iter(part);
        gather(&resource["Links"]["Oem"], &mut links);
        for link in links.into_iter().take(LINKS) {
            if let Some(found) = offered(&read(driver, link, by).await?, &key) {
                return Ok(found.to_owned());
            }
        }
    }
    let cause = Cause::NotFound { what: format!("action {action}") };
    Err(DriverError { operation: Operation::VendorCall, protocol: None, cause, at: None })
}

async fn read(driver: &dyn Driver, path: &str, by: Deadline) -> Result<Value, DriverError> {
    let call = VendorCall::Redfish { method: "GET".to_owned(), path: path.to_owned(), body: None };
    match driver.vendor_call(&call, by).await?.value {
        VendorAnswer::Redfish { body: Some(body), .. } => Ok(body),
        _ => Ok(Value::Null),
    }
}

/// The target of the action below this, at whatever depth.
fn offered<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    let members = value.as_object()?;
    let here = members.get(key).and_then(|it| it["target"].as_str());
    here.or_else(|| members.values().find_map(|it| offered(it, key)))
}

/// The single references below this; lists lead to many of a kind.
fn gather<'v>(value: &'v Value, into: &mut BTreeSet<&'v str>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::String(link) if name == "@odata.id" => drop(into.insert(link)),
            deeper => gather(deeper, into),
        }
    }
}
