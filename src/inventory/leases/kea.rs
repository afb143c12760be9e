//! Kea's memory file: comma-separated values whose first line names the columns.
//!
//! A row is appended whenever a lease changes; a lifetime of 0 takes the lease away. Columns have been added with every version, so
//! they are found by name. A comma in a value is written `&#x2c`.

use std::net::IpAddr;

use super::{
    Ends, Lease, Leases, Skipped, State,
    dhcp::{colon_bytes, host, lines, mac_of_client_id, mac_of_duid},
    last_words,
};
use crate::model::Timestamp;

/// The lifetime of a lease that never ends (RFC 2131 §3.3).
const FOREVER: i64 = 0xffff_ffff;

/// Reads `kea-leases4.csv` or `kea-leases6.csv`.
pub fn read(file: &[u8]) -> Leases {
    let text = String::from_utf8_lossy(file);
    let (mut entries, mut skipped) = (Vec::new(), Vec::new());
    let mut columns = Columns::default();
    for (line, text) in lines(&text) {
        let values: Vec<&str> = text.split(',').map(str::trim).collect();
        if values.first() == Some(&"address") {
            columns = Columns::of(&values);
            continue;
        }
        match columns.lease(line, &values) {
            Ok(lease) => entries.push(lease),
            Err(reason) => skipped.push(Skipped { line, reason }),
        }
    }
    last_words(entries, skipped)
}

/// The names of the columns, in their order.
#[derive(Default)]
struct Columns(Vec<String>);

impl Columns {
    fn of(header: &[&str]) -> Self {
        Self(header.iter().map(|it| (*it).to_owned()).collect())
    }

    /// The value in a column; `None` where the file has no such column.
    fn value<'v>(&self, name: &str, values: &[&'v str]) -> Result<Option<&'v str>, String> {
        match self.0.iter().position(|it| it == name) {
            None => Ok(None),
            Some(at) => {
                let short = || format!("the row ends before its column {name}");
                values.get(at).map(|it| Some(*it)).ok_or_else(short)
            }
        }
    }

    fn required<'v>(&self, name: &str, values: &[&'v str]) -> Result<&'v str, String> {
        self.value(name, values)?.ok_or_else(|| format!("no header above names a column {name}"))
    }

    fn number(&self, name: &str, values: &[&str]) -> Result<i64, String> {
        self.required(name, values)?.parse().map_err(|_| format!("its {name} is no number"))
    }

    fn lease(&self, line: usize, values: &[&str]) -> Result<Lease, String> {
        let address: IpAddr = self
            .required("address", values)?
            .parse()
            .map_err(|_| "its address is no IP address".to_owned())?;
        if self.value("lease_type", values)? == Some("2") {
            return Err("a delegated prefix is no address".to_owned());
        }
        let (lifetime, expire) = (self.number("valid_lifetime", values)?, self.number("expire", values)?);
        let bytes = |name: &str| match self.value(name, values)? {
            None | Some("") => Ok(None),
            Some(text) => colon_bytes(text).map(Some).ok_or_else(|| format!("its {name} is not bytes")),
        };
        let (hardware, id, duid) = (bytes("hwaddr")?, bytes("client_id")?, bytes("duid")?);
        let burnt = hardware.as_deref().and_then(|it| <[u8; 6]>::try_from(it).ok());
        let burnt = burnt.and_then(|it| crate::inventory::Mac::new(it).ok());
        let mac = burnt
            .or_else(|| id.as_deref().and_then(mac_of_client_id))
            .or_else(|| duid.as_deref().and_then(mac_of_duid));
        let state = match (self.value("state", values)?, lifetime) {
            (_, 0) => State::Ended,
            (None | Some("0"), _) => State::Active,
            (Some("1"), _) => State::Abandoned,
            (Some("2" | "3" | "4"), _) => State::Ended,
            (Some(_), _) => return Err("its state is none that Kea has".to_owned()),
        };
        let ends = if lifetime == FOREVER { Ends::Never } else { Ends::At(Timestamp(expire)) };
        let name = self.value("hostname", values)?.unwrap_or_default().replace("&#x2c", ",");
        let name = host(name.trim_end_matches('.'));
        Ok(Lease { line, address, mac, client_id: id.or(duid), host: name, ends, state })
    }
}
