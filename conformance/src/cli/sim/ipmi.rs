//! IPMI beside Redfish: where each BMC offers it, and its key.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
};

use halmark_simulators::{
    Bmc,
    ipmi::{Service, ServiceOptions},
    redfish::Transcript,
};

use super::{Plan, args::Sim, contents, not_listened};

/// The port of the standard (IPMI v2.0 §13.1.2).
const PORT: u16 = 623;

/// Whether the BMCs offer IPMI. With one Redfish port for all there is none for each, unless somebody says which.
pub(super) fn is_offered(args: &Sim) -> bool {
    !args.no_ipmi && (!args.by_host || args.ipmi.is_some())
}

/// Starts it for a BMC whose Redfish service listens there.
pub(super) fn offer(
    args: &Sim,
    plan: &Plan,
    bmc: &Bmc,
    redfish: SocketAddr,
    place: usize,
) -> Result<Option<Service>, String> {
    if !is_offered(args) {
        return Ok(None);
    }
    if let Some(key) = plan.group_key {
        bmc.control().set_ipmi_key(key);
    }
    let listen = address(args, redfish, place)?;
    let is_ours_to_choose = args.ipmi.is_none() && args.port.is_none() && args.base_port.is_none();
    let start = |listen| {
        let (observer, count) = (plan.log.ipmi_observer(), Some(plan.requests.clone()));
        let transcript = if args.control.is_some() { Transcript::Last(1_000) } else { Transcript::None };
        Service::start(bmc, ServiceOptions { listen, observer, count, transcript })
    };
    let service = match start(listen) {
        Err(error)
            if error.kind() == ErrorKind::AddrInUse && is_ours_to_choose && args.addresses.is_none() =>
        {
            start((listen.ip(), 0).into())
        }
        result => result,
    }
    .map_err(|error| refused(listen, &error))?;
    if let Some(at) = args.in_band.as_ref().filter(|_| place == 0) {
        service
            .listen_in_band(at)
            .map_err(|error| format!("--in-band {at:?} cannot be listened on: {error}"))?;
    }
    Ok(Some(service))
}

fn address(args: &Sim, redfish: SocketAddr, place: usize) -> Result<SocketAddr, String> {
    if args.addresses.is_some() {
        return Ok((redfish.ip(), args.ipmi.map_or(PORT, |door| door.port)).into());
    }
    let Some(door) = args.ipmi else { return Ok(redfish) };
    door.at(redfish.ip(), place).ok_or_else(|| {
        format!("{} UDP ports from {} on are too many: the last one is 65535", args.count, door.port)
    })
}

fn refused(listen: SocketAddr, error: &Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!("UDP port {listen} is in use: give another with --ipmi, or leave IPMI out with --no-ipmi")
        }
        ErrorKind::PermissionDenied => {
            format!(
                "UDP port {} needs a privilege: give one above 1023 with --ipmi, or --no-ipmi",
                listen.port()
            )
        }
        _ => not_listened(listen, error),
    }
}

/// The key of the file that was given.
pub(super) fn group_key(args: &Sim) -> Result<Option<[u8; 20]>, String> {
    let Some(file) = &args.kg_file else { return Ok(None) };
    let bytes = contents(file)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let wrong = || {
        format!(
            "{} has no key in its first line: expected up to 20 characters, or 0x and 40 digits",
            file.display()
        )
    };
    let key = match line.strip_prefix(b"0x") {
        Some(digits) => unhex(digits).ok_or_else(wrong)?,
        None => line.to_vec(),
    };
    if key.is_empty() || key.len() > 20 {
        return Err(wrong());
    }
    let mut padded = [0; 20];
    padded[..key.len()].copy_from_slice(&key);
    Ok(Some(padded))
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.len() == 40 && text.is_ascii())?;
    (0..40).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
