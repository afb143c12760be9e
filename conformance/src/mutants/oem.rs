//! Raw requests, and the ways in which a driver can be wrong about them.

use halmark::{Cause, Deadline, Driver, DriverError, Protocol, Reply, VendorAnswer, VendorCall};
use serde_json::json;

use super::DriverFault;

/// A raw request as the fault makes it.
pub(super) async fn call(
    inner: &dyn Driver,
    fault: DriverFault,
    call: &VendorCall,
    by: Deadline,
) -> Reply<VendorAnswer> {
    let VendorCall::Redfish { method, path, .. } = call else { return inner.vendor_call(call, by).await };
    match fault {
        DriverFault::VendorDoesNothing if method != "GET" => done(),
        DriverFault::VendorDropsBody if method == "POST" => {
            let body = Some(json!({}));
            let bare = VendorCall::Redfish { method: method.clone(), path: path.clone(), body };
            inner.vendor_call(&bare, by).await
        }
        DriverFault::VendorErrorAsSuccess => match inner.vendor_call(call, by).await {
            Err(DriverError {
                cause: Cause::NotFound { .. } | Cause::Denied | Cause::Refused { .. },
                ..
            }) => done(),
            other => other,
        },
        _ => inner.vendor_call(call, by).await,
    }
}

fn done() -> Reply<VendorAnswer> {
    let value = VendorAnswer::Redfish { status: 204, body: None, location: None };
    Ok(halmark::Answer { value, protocol: Protocol::Redfish, notes: Vec::new() })
}
