//! A real BMC: reached as its target file says, read only, with nobody to tell the truth but the driver.

use std::time::Duration;

use halmark::{
    Deadline, Endpoint,
    endpoint::{IpmiOptions, Scheme},
};

use super::Plan;
use crate::{
    evidence::Broken,
    target::{Face, Hardware},
};

/// What is known of the wire on real hardware: nothing, in this version.
pub(super) struct Trace;

pub(super) fn open(hardware: &Hardware, plan: &Plan) -> Result<(Endpoint, Trace), Broken> {
    let endpoint =
        endpoint(hardware, plan.target.face).ok_or_else(|| Broken::new("target", no_door(&plan.driver)))?;
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

/// The endpoint for a driver that needs this face, if the target has a door for it.
pub(crate) fn endpoint(hardware: &Hardware, face: Face) -> Option<Endpoint> {
    match face {
        Face::Ipmi => ipmi(hardware),
        Face::Both => match (redfish(hardware), ipmi(hardware)) {
            (Some(redfish), Some(ipmi)) => Some(redfish.beside(ipmi)),
            (redfish, ipmi) => redfish.or(ipmi),
        },
        Face::Redfish => redfish(hardware),
    }
}

fn redfish(hardware: &Hardware) -> Option<Endpoint> {
    let door = hardware.redfish.as_ref()?;
    let scheme = if door.plain { Scheme::Http } else { Scheme::Https };
    Some(Endpoint::new(scheme, hardware.address.clone(), door.port).with_tls(door.tls.clone()))
}

fn ipmi(hardware: &Hardware) -> Option<Endpoint> {
    let door = hardware.ipmi.as_ref()?;
    let mut endpoint = Endpoint::new(Scheme::Ipmi, hardware.address.clone(), door.port);
    endpoint.ipmi = IpmiOptions { suite: door.suite, ..IpmiOptions::default() };
    Some(endpoint)
}

/// The serial number that the machine tells.
pub(crate) fn serial(hardware: &Hardware, plan: &Plan) -> Result<Option<String>, String> {
    let (endpoint, _) = open(hardware, plan).map_err(|broken| broken.text)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let driver = super::connect(&plan.driver, None, endpoint, false).await?;
        let identity = driver.identity(Deadline::after(Duration::from_secs(30))).await;
        driver.close().await;
        identity.map(|answer| answer.value.serial).map_err(|e| e.to_string())
    })
}
