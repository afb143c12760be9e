//! SSH beside Redfish: where each BMC offers its shell.

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
};

use halmark_simulators::{
    Bmc, Profile,
    ssh::{Service, ServiceOptions},
};

use super::{Plan, args::Sim, not_listened};

/// Starts it, where somebody says where, for a BMC whose Redfish service listens there.
pub(super) fn offer(
    args: &Sim,
    plan: &Plan,
    bmc: &Bmc,
    redfish: SocketAddr,
    place: usize,
) -> Result<Option<Service>, String> {
    let Some(door) = args.ssh else { return Ok(None) };
    if !Service::is_known_for(bmc) {
        return Err(unknown(plan));
    }
    let listen = match args.addresses {
        Some(_) => Some((redfish.ip(), door.port).into()),
        None => door.at(redfish.ip(), place),
    };
    let listen = listen.ok_or_else(|| {
        format!("{} TCP ports from {} on are too many: the last one is 65535", args.count, door.port)
    })?;
    Service::start(bmc, ServiceOptions { listen }).map(Some).map_err(|error| refused(listen, &error))
}

/// The host keys of those that offer it, as a file of known hosts has them (sshd(8)): by address, and by the name that is in the URL.
pub(super) fn known_hosts<'s>(all: impl Iterator<Item = (&'s str, &'s Service)>) -> String {
    let line = |(url, it): (&str, &Service)| {
        let addr = super::reached(it.addr());
        let own = halmark::Endpoint::parse(url).map(|it| it.host).unwrap_or_default();
        let at = |host: &str| {
            if addr.port() == 22 { host.to_owned() } else { format!("[{host}]:{}", addr.port()) }
        };
        let address = addr.ip().to_string();
        let names = if own.is_empty() || own == address {
            at(&address)
        } else {
            format!("{},{}", at(&address), at(&own))
        };
        format!("{names} {}\n", it.host_key())
    };
    all.map(line).collect()
}

fn unknown(plan: &Plan) -> String {
    let known =
        Profile::names().into_iter().filter(|name| Profile::named(name).is_some_and(|it| it.has_shell()));
    let known: Vec<&str> = known.collect();
    format!("--ssh: {} has no shell that is known here: {} have one", plan.profile.name, known.join(" and "))
}

fn refused(listen: SocketAddr, error: &Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!("TCP port {listen} is in use: give another with --ssh, or 0 for one that is free")
        }
        ErrorKind::PermissionDenied => {
            format!("TCP port {} needs a privilege: give one above 1023 with --ssh", listen.port())
        }
        ErrorKind::AddrNotAvailable => format!("{} is no address of this machine: check --ssh", listen.ip()),
        _ => not_listened(listen, error),
    }
}
