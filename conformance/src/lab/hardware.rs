//! A real BMC: reached as its target file says, read only, with nobody to tell the truth but the driver.

use halmark::{Endpoint, endpoint::{IpmiOptions, Scheme}};

use super::Plan;
use crate::{evidence::Broken, target::Hardware};

/// What is known of the wire on real hardware: nothing, in this version.
pub(super) struct Trace;

pub(super) fn open(hardware: &Hardware, plan: &Plan) -> Result<(Endpoint, Trace), Broken> {
    let endpoint = endpoint(hardware, &plan.driver).ok_or_else(|| Broken::new("target", no_door(&plan.driver)))?;
    let endpoint = match &plan.credentials {
        Some(credentials) => endpoint.with_credentials(credentials.clone()),
        None => endpoint,
    };
    Ok((endpoint, Trace))
}

/// What to say when the target file has no door for the driver.
pub(crate) fn no_door(driver: &str) -> String {
    format!("the target file says nothing of {driver}: add `{driver}: {{port: …}}`")
}

/// The endpoint for a driver, if the target has a door for it.
pub(crate) fn endpoint(hardware: &Hardware, driver: &str) -> Option<Endpoint> {
    if driver == "ipmi" {
        let door = hardware.ipmi.as_ref()?;
        let mut endpoint = Endpoint::new(Scheme::Ipmi, hardware.address.clone(), door.port);
        endpoint.ipmi = IpmiOptions { suite: door.suite, kg: None };
        return Some(endpoint);
    }
    let door = hardware.redfish.as_ref()?;
    let scheme = if door.plain { Scheme::Http } else { Scheme::Https };
    Some(Endpoint::new(scheme, hardware.address.clone(), door.port).with_tls(door.tls.clone()))
}
