//! Where a property of the machine's identity stands: whether somebody looked there.

use super::{Exchange, Record, rmcp};

/// Whether a request asked for the resource, or by the command, that tells the property; or could not, since the BMC does not
/// say where that is.
pub(super) fn looks_for(property: &str, records: &[Record]) -> bool {
    records.iter().any(|record| match &record.exchange {
        Exchange::Http { path, response, .. } => in_resource(property, path, response.as_deref()),
        Exchange::Ipmi { netfn, command, data, .. } => by_command(property, *netfn, *command, data),
        Exchange::Session { .. } | Exchange::Console { .. } => false,
    })
}

/// DSP0268 ComputerSystem, Manager and, of the manager, EthernetInterface.
fn in_resource(property: &str, path: &str, answer: Option<&str>) -> bool {
    let of_manager = path.contains("/Managers");
    let is_member =
        path.split("/Managers/").nth(1).is_some_and(|rest| !rest.trim_end_matches('/').contains('/'));
    match property {
        "bmc-mac" => {
            let has_no_link = is_member && answer.is_some_and(|body| !body.contains("EthernetInterfaces"));
            of_manager && (path.contains("EthernetInterfaces") || has_no_link)
        }
        "bmc-firmware" => of_manager,
        _ => path.contains("/Systems"),
    }
}

/// IPMI v2.0 §20.1 Get Device ID, §20.8 and §22.14 Get System GUID, §23.2 Get LAN Configuration Parameters, §34.2 Read FRU Data.
fn by_command(property: &str, netfn: u8, command: u8, data: &str) -> bool {
    match property {
        "bmc-firmware" => (netfn, command) == (0x06, 0x01),
        "uuid" => (netfn, command) == (0x06, 0x37),
        "bmc-mac" => (netfn, command) == (0x0c, 0x02) && rmcp::bytes(data).get(1) == Some(&5),
        _ => (netfn, command) == (0x0a, 0x11),
    }
}
