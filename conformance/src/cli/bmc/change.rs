//! `halmark bmc add`, `update` and `rm`: what a person says of a BMC, put into its row.

use halmark::{
    Credentials, Endpoint, Protocol, Secret, Tls, drivers,
    endpoint::{Scheme, Suite},
    inventory::{Address, Mac, Record, StoreError, document::driver_name},
};

use super::{
    changed, look, now,
    place::{Table, find},
    secret::{Places, one_reader},
    typed::Row,
};
use crate::cli::{
    complain,
    hal::{Door, exit},
    usage,
};

/// What was said, understood: passwords are read, and what makes no sense is refused.
struct Said {
    address: Option<Address>,
    doors: Vec<Endpoint>,
    driver: Option<String>,
    accounts: Vec<(Protocol, Option<String>, Secret)>,
    tls: Option<Tls>,
    suite: Option<Suite>,
    kg: Option<Secret>,
}

/// What the inventory has no place for is not taken in silence.
fn keeps(door: &Door) -> Result<(), u8> {
    if door.ssh_port.is_some() || door.known_hosts.is_some() {
        return Err(usage(
            "the inventory keeps neither --ssh-port nor --known-hosts: give them to `halmark console --bmc …`",
        ));
    }
    Ok(())
}

pub(super) fn add(door: &Door, mac: Mac, row: &Row) -> Result<u8, u8> {
    keeps(door)?;
    let table = Table::meant(door)?;
    let said = said(door, row, None)?;
    let mut new = Record::new(mac);
    said.into_row(row, &mut new);
    let is_new = table.ask(|it| {
        it.change(move |rows| {
            let is_new = rows.get(mac).is_none();
            if is_new {
                rows.put(new, now());
            }
            Ok::<_, StoreError>(is_new)
        })
    })?;
    if is_new {
        return Ok(changed(door));
    }
    complain(&format!(
        "error: the inventory has a BMC {mac} already\n  `halmark bmc update {mac}` changes it, `halmark bmc describe {mac}` shows it\n"
    ));
    Err(exit::STATE)
}

pub(super) fn update(door: &Door, which: &str, row: &Row, no_read: bool) -> Result<u8, u8> {
    keeps(door)?;
    let table = Table::meant(door)?;
    let known = find(&table, which)?;
    let said = said(door, row, Some(&known))?;
    let is_there = table.ask(|it| {
        it.change(move |rows| {
            let Some(mut there) = rows.get(known.mac).cloned() else { return Ok(false) };
            said.into_row(row, &mut there);
            rows.put(there, now());
            Ok::<_, StoreError>(true)
        })
    })?;
    let mac = known.mac;
    if !is_there {
        complain(&format!("error: {mac} was taken out of the inventory in the meantime\n"));
        return Err(exit::STATE);
    }
    if no_read { Ok(changed(door)) } else { look::look(door, &table, mac) }
}

pub(super) fn remove(door: &Door, which: &str) -> Result<u8, u8> {
    let table = Table::meant(door)?;
    let mac = find(&table, which)?.mac;
    table.ask(|it| it.change(move |rows| Ok::<_, StoreError>(rows.remove(mac))))?;
    Ok(changed(door))
}

/// What was said; `known` is the row that it is said of, if there is one.
fn said(door: &Door, row: &Row, known: Option<&Record>) -> Result<Said, u8> {
    one_reader(&[
        door.password_file.as_deref(),
        row.ipmi_password_file.as_deref(),
        row.redfish_password_file.as_deref(),
        door.kg_file.as_deref(),
    ])?;
    let doors = if door.endpoint.is_empty() { Vec::new() } else { door.endpoints()? };
    Ok(Said {
        address: address(row, &doors)?,
        driver: row.preferred_driver.as_deref().map(driver).transpose()?,
        accounts: accounts(door, row, known)?,
        tls: (door.ca.is_some() || door.pin.is_some() || door.insecure).then(|| lasting(door)).transpose()?,
        suite: door.suite()?,
        kg: door.kg()?,
        doors,
    })
}

/// What is believed of the certificate from now on, wherever halmark is started: a file with authorities by its whole path.
fn lasting(door: &Door) -> Result<Tls, u8> {
    let Tls::Ca(file) = door.tls()? else { return door.tls() };
    let unreadable = |e: std::io::Error| usage(format!("{} cannot be read: {e}", file.display()));
    let whole = file.canonicalize().map_err(unreadable)?;
    let text = std::fs::read(&whole).map_err(unreadable)?;
    if !String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----") {
        return Err(usage(format!("{} holds no certificate in PEM", file.display())));
    }
    match whole.to_str() {
        Some(_) => Ok(Tls::Ca(whole)),
        None => Err(usage(format!("the path {} is no text in UTF-8", whole.display()))),
    }
}

/// The one address of all that was said.
fn address(row: &Row, doors: &[Endpoint]) -> Result<Option<Address>, u8> {
    let of = |it: &Endpoint| it.host.parse::<Address>().map_err(usage);
    let hosts = doors.iter().filter(|it| it.scheme != Scheme::Unmanaged);
    let mut all: Vec<Address> = hosts.map(of).collect::<Result<_, _>>()?;
    all.extend(row.address.clone());
    all.dedup();
    match all.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => Err(usage(
            "a BMC has one address: give one of --address and --endpoint, or the same host in each",
        )),
    }
}

/// A driver that there is.
fn driver(title: &str) -> Result<String, u8> {
    let name = driver_name(title);
    // Composites and names are told apart by the registry alone; nothing is sent.
    let nowhere = Endpoint::new(Scheme::Https, "bmc", 443)
        .with_credentials(Credentials::new("nobody", "nothing"))
        .beside_by_default();
    match drivers::connect(&name, nowhere) {
        Err(error @ (drivers::ConnectError::UnknownDriver { .. } | drivers::ConnectError::Composite(_))) => {
            Err(usage(error))
        }
        _ => Ok(name),
    }
}

/// The accounts that were given: for one protocol by its own options, for both by `--user`.
fn accounts(
    door: &Door,
    row: &Row,
    known: Option<&Record>,
) -> Result<Vec<(Protocol, Option<String>, Secret)>, u8> {
    let own = [
        (
            Protocol::Ipmi,
            row.ipmi_user.as_ref(),
            Places {
                argument: row.ipmi_password.as_deref().map(|it| ("--ipmi-password", it)),
                file: row.ipmi_password_file.as_deref(),
                by_file: "--ipmi-password-file",
                variable: "HALMARK_IPMI_PASSWORD",
            },
        ),
        (
            Protocol::Redfish,
            row.redfish_user.as_ref(),
            Places {
                argument: row.redfish_password.as_deref().map(|it| ("--redfish-password", it)),
                file: row.redfish_password_file.as_deref(),
                by_file: "--redfish-password-file",
                variable: "HALMARK_REDFISH_PASSWORD",
            },
        ),
    ];
    let both = Places {
        file: door.password_file.as_deref(),
        by_file: "--password-file",
        variable: "HALMARK_PASSWORD",
        argument: None,
    };
    let both = match &door.user {
        Some(user) => Some((user, both.asked(user)?)),
        None if door.password_file.is_some() => return Err(usage("whose password is it? give --user")),
        None => None,
    };
    let mut accounts = Vec::new();
    for (protocol, user, places) in own {
        let is_given = places.argument.is_some() || places.file.is_some();
        let user = user.or(both.as_ref().map(|(user, _)| *user));
        let who = user.or(known.and_then(|it| it.account(protocol)).map(|it| &it.user)).cloned();
        match (user, is_given, &both) {
            (None, false, _) => {}
            (None, true, _) if who.is_none() => {
                return Err(usage(format!("whose password over {protocol} is it? give --{protocol}-user")));
            }
            (_, true, _) => accounts.push((protocol, who, places.asked("")?)),
            (Some(user), false, Some((both, password))) if user == *both => {
                accounts.push((protocol, who, password.clone()));
            }
            (Some(user), false, _) => {
                let of = format!("{user} over {protocol}");
                accounts.push((protocol, who, places.asked(&of)?));
            }
        }
    }
    Ok(accounts)
}

impl Said {
    fn into_row(self, typed: &Row, row: &mut Record) {
        row.address = self.address.or(row.address.take());
        row.vendor = typed.vendor.clone().or(row.vendor.take());
        row.preferred_driver = self.driver.or(row.preferred_driver.take());
        row.machine = typed.machine_id.or(row.machine);
        for door in self.doors {
            match door.scheme {
                Scheme::Ipmi => row.ipmi.port = door.port,
                Scheme::Https | Scheme::Http => {
                    (row.redfish.scheme, row.redfish.port) = (door.scheme, door.port)
                }
                Scheme::Unmanaged => row.preferred_driver = Some("unmanaged".to_owned()),
            }
        }
        row.ipmi.port = typed.ipmi_port.unwrap_or(row.ipmi.port);
        row.ipmi.interface = typed.ipmi_interface.unwrap_or(row.ipmi.interface);
        row.redfish.port = typed.redfish_port.unwrap_or(row.redfish.port);
        row.ipmi.suite = self.suite.or(row.ipmi.suite);
        row.ipmi.kg = self.kg.or(row.ipmi.kg.take());
        row.redfish.tls = self.tls.unwrap_or_else(|| row.redfish.tls.clone());
        for (protocol, user, password) in self.accounts {
            let user = user.unwrap_or_default();
            *row.account_mut(protocol) = Some(Credentials { user, password });
        }
    }
}
