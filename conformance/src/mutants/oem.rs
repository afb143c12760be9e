//! Raw requests, and the ways in which a driver can be wrong about them.

use halmark::{Bytes, Cause, Deadline, Driver, DriverError, Protocol, Reply, VendorAnswer, VendorCall};
use serde_json::json;

use super::DriverFault;

/// A raw request as the fault makes it.
pub(super) async fn call(
    inner: &dyn Driver,
    fault: DriverFault,
    call: &VendorCall,
    by: Deadline,
) -> Reply<VendorAnswer> {
    let (method, path) = match call {
        VendorCall::Redfish { method, path, .. } => (method, path),
        VendorCall::Ipmi { netfn, command, .. } => {
            return ipmi(fault, inner, call, (*netfn, *command), by).await;
        }
    };
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

async fn ipmi(
    fault: DriverFault,
    inner: &dyn Driver,
    call: &VendorCall,
    (netfn, command): (u8, u8),
    by: Deadline,
) -> Reply<VendorAnswer> {
    match fault {
        DriverFault::VendorDoesNothing => {
            let value = VendorAnswer::Ipmi { completion: 0, data: Bytes::default() };
            Ok(halmark::Answer { value, protocol: Protocol::Ipmi, notes: Vec::new() })
        }
        DriverFault::VendorDropsBody => {
            let bare = VendorCall::Ipmi { netfn, command, data: Bytes::default() };
            inner.vendor_call(&bare, by).await
        }
        DriverFault::VendorErrorAsSuccess => {
            let mut answer = inner.vendor_call(call, by).await?;
            if let VendorAnswer::Ipmi { completion, .. } = &mut answer.value {
                *completion = 0;
            }
            Ok(answer)
        }
        _ => inner.vendor_call(call, by).await,
    }
}
