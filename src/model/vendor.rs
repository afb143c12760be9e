//! Raw commands, for what no operation covers. What they do is between the caller and the BMC.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bytes;

/// A raw command. It may hold a secret, so that it prints without what it carries.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum VendorCall {
    /// An IPMI command to the BMC's own LUN 0.
    Ipmi {
        /// Network function, even, 00h to 3Eh.
        netfn: u8,
        /// Command.
        command: u8,
        /// Data; for a group extension or OEM function it begins with the body code or the IANA number.
        #[serde(default)]
        data: Bytes,
    },
    /// A Redfish request.
    Redfish {
        /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`; a `GET` and a `DELETE` have no body, a `PATCH` and a `PUT` have one.
        method: String,
        /// A path on the service: `/redfish/v1` or below it, with a query perhaps; no origin, no `..`, no fragment. At most
        /// 2 KiB.
        path: String,
        /// The body, if there is one; at most 1 MiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
    },
}

impl fmt::Debug for VendorCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipmi { netfn, command, data } => {
                write!(f, "netfn {netfn:02X}h command {command:02X}h with {} bytes", data.0.len())
            }
            Self::Redfish { method, path, body } => {
                write!(f, "{method} {path} {}", if body.is_some() { "with a body" } else { "without a body" })
            }
        }
    }
}

/// What the BMC answered, a refusal of what was said to it included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum VendorAnswer {
    /// To an IPMI command.
    Ipmi {
        /// Completion code; 00h is success.
        completion: u8,
        /// What follows it.
        data: Bytes,
    },
    /// To a Redfish request.
    Redfish {
        /// The HTTP status.
        status: u16,
        /// The body, where it is JSON; at most 1 MiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// The path in `Location`: where what it made is, or the task or job that it started and that is not waited for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_prints_without_what_it_carries() {
        let call = VendorCall::Ipmi { netfn: 6, command: 0x47, data: Bytes(b"secret".to_vec()) };
        assert_eq!(format!("{call:?}"), "netfn 06h command 47h with 6 bytes");
    }

    #[test]
    fn each_protocol_has_its_own_form() {
        let ipmi: VendorCall = serde_json::from_str(r#"{"netfn": 6, "command": 1}"#).unwrap();
        assert_eq!(ipmi, VendorCall::Ipmi { netfn: 6, command: 1, data: Bytes::default() });
        let redfish: VendorCall =
            serde_json::from_str(r#"{"method": "GET", "path": "/redfish/v1"}"#).unwrap();
        assert!(matches!(redfish, VendorCall::Redfish { body: None, .. }));
    }
}
