//! Which BMC, as whom, and by which driver: the options that every command of the HAL shares.

use std::{path::PathBuf, time::Duration};

use clap::Args as Group;
use halmark::{
    Credentials, Endpoint, Secret, Tls,
    driver::Protocol,
    endpoint::{HostKeys, Scheme, SshOptions, Suite},
    inventory::reach,
};

use super::outcome::Form;
use crate::cli::{bmc, credentials, usage};

/// Where a BMC is and how it is asked.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Which BMC, and how")]
pub struct Door {
    /// Where the BMC is: https://HOST[:PORT], http://HOST[:PORT] or ipmi://HOST[:PORT]; by default from HALMARK_ENDPOINT. A
    /// second one is the same BMC by its other protocol, for drivers that speak both.
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Vec<String>,
    /// A BMC of the inventory instead (`halmark bmc ls`), by its MAC address or its machine's UUID: address, driver, credentials
    /// and certificate are the inventory's where no option says otherwise.
    #[arg(long, value_name = "MAC|UUID", global = true, conflicts_with = "endpoint")]
    pub bmc: Option<String>,
    /// The inventory; by default HALMARK_INVENTORY, or halmark/inventory.redb in the folder for data (XDG_DATA_HOME).
    #[arg(long, value_name = "FILE", global = true)]
    pub inventory: Option<PathBuf>,
    /// The driver (`halmark drivers`): redfish, idrac, ipmi, auto, unmanaged, or one for each area, such as power=ipmi,boot=redfish; by
    /// default the one for the endpoint's scheme.
    #[arg(long, global = true)]
    pub driver: Option<String>,
    /// The account's name; by default from HALMARK_USER.
    #[arg(long, global = true)]
    pub user: Option<String>,
    /// A file with the password in its first line, or - for standard input; by default from HALMARK_PASSWORD.
    #[arg(long, value_name = "FILE", global = true)]
    pub password_file: Option<PathBuf>,
    /// Trust the certificate authorities in this PEM file.
    #[arg(long, value_name = "FILE", global = true, conflicts_with_all = ["pin", "insecure"])]
    pub ca: Option<PathBuf>,
    /// Trust exactly the certificate with this SHA-256 digest.
    #[arg(long, value_name = "SHA256", global = true, conflicts_with = "insecure")]
    pub pin: Option<String>,
    /// Trust any certificate.
    #[arg(long, global = true)]
    pub insecure: bool,
    /// IPMI: the cipher suite, 3 or 17.
    #[arg(long, global = true)]
    pub suite: Option<u8>,
    /// IPMI: a file with the BMC key (Kg) in its first line.
    #[arg(long, value_name = "FILE", global = true)]
    pub kg_file: Option<PathBuf>,
    /// SSH, behind which an iDRAC's console is: its port; by default the one that the BMC tells over Redfish.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), global = true)]
    pub ssh_port: Option<u16>,
    /// SSH: trust the host keys in this file of known hosts; by default ~/.ssh/known_hosts, or any with --insecure.
    #[arg(long, value_name = "FILE", global = true)]
    pub known_hosts: Option<PathBuf>,
    /// A folder with makers' own programs, such as Supermicro's sum, that the driver may run for what the BMC's protocol does not
    /// do; none is run otherwise.
    #[arg(long, value_name = "DIR", global = true)]
    pub tools: Option<PathBuf>,
    /// When to give up, such as 30s.
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration, global = true)]
    pub timeout: Duration,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Form::Text, global = true)]
    pub output: Form,
}

/// A door that was understood: the driver's name, and the BMC as it is reached.
pub(in crate::cli) struct Meant {
    /// The driver's name, as [`halmark::drivers::connect`] takes it.
    pub driver: String,
    /// The BMC.
    pub endpoint: Endpoint,
}

impl Door {
    /// What was meant; the exit code where it makes no sense.
    pub(in crate::cli) fn meant(&self) -> Result<Meant, u8> {
        if let Some(bmc) = &self.bmc {
            return self.known(bmc);
        }
        let doors = self.endpoints()?;
        let by_scheme = if doors[0].scheme == Scheme::Ipmi { "ipmi" } else { "redfish" };
        let driver = self.driver.clone().unwrap_or_else(|| by_scheme.to_owned());
        let unmanaged = driver == "unmanaged" || doors[0].scheme == Scheme::Unmanaged;
        let doors = if unmanaged { doors } else { self.passable(doors)? };
        let mut doors = doors.into_iter();
        let first = doors.next().unwrap_or_else(|| Endpoint::new(Scheme::Unmanaged, "", 0));
        let endpoint = match doors.next() {
            Some(other) => first.beside(other),
            None => first.beside_by_default(),
        };
        let driver = if unmanaged { "unmanaged".to_owned() } else { driver };
        Ok(Meant { driver, endpoint: self.with_programs(endpoint) })
    }

    /// The same endpoint with what is said of programs that a driver may run.
    fn with_programs(&self, endpoint: Endpoint) -> Endpoint {
        let host_keys = self.known_hosts.clone().map(HostKeys::File).unwrap_or_default();
        let ssh = SshOptions { port: self.ssh_port, host_keys };
        Endpoint { tools: self.tools.clone(), ssh, ..endpoint }
    }

    /// A BMC of the inventory; what was typed goes before what the inventory says.
    fn known(&self, bmc: &str) -> Result<Meant, u8> {
        let mut row = bmc::find(&bmc::Table::meant(self)?, bmc)?;
        let has_none = row.ipmi.account.is_none() && row.redfish.account.is_none();
        let is_typed = self.user.is_some() || self.password_file.is_some();
        let unmanaged = self.driver.as_deref().or(row.preferred_driver.as_deref()) == Some("unmanaged");
        let from_outside = has_none && std::env::var_os("HALMARK_USER").is_some();
        let account = if !unmanaged && (is_typed || from_outside) {
            let users = [row.ipmi.account.as_ref(), row.redfish.account.as_ref()];
            let known = users.into_iter().flatten().map(|it| it.user.as_str()).next();
            let user = self.user.as_deref().or(known);
            let (user, password) = credentials::given(user, self.password_file.as_deref(), "")?;
            Some(Credentials::new(user, password))
        } else {
            None
        };
        if self.ca.is_some() || self.pin.is_some() || self.insecure {
            row.redfish.tls = self.tls()?;
        }
        row.ipmi.suite = self.suite()?.or(row.ipmi.suite);
        row.ipmi.kg = self.kg()?.or(row.ipmi.kg.take());
        let reached = reach::reach(&row, self.driver.as_deref(), account.as_ref()).map_err(usage)?;
        Ok(Meant { driver: reached.driver, endpoint: self.with_programs(reached.endpoint) })
    }

    /// One or two endpoints, of different protocols.
    pub(in crate::cli) fn endpoints(&self) -> Result<Vec<Endpoint>, u8> {
        let from_environment = || std::env::var("HALMARK_ENDPOINT").unwrap_or_default();
        let given = match self.endpoint.as_slice() {
            [] => from_environment().split_whitespace().map(str::to_owned).collect(),
            given => given.to_vec(),
        };
        let doors =
            given.iter().map(|it| Endpoint::parse(it)).collect::<Result<Vec<_>, _>>().map_err(usage)?;
        let protocols: Vec<Option<Protocol>> = doors.iter().map(|it| it.scheme.protocol()).collect();
        match protocols.as_slice() {
            [] => Err(usage("no BMC: give --endpoint URL, --bmc MAC or set HALMARK_ENDPOINT")),
            [_] => Ok(doors),
            [Some(one), Some(other)] if one != other => Ok(doors),
            [_, _] => Err(usage(
                "two endpoints of one protocol: the second is for the BMC's other protocol, such as \
                 --endpoint https://HOST --endpoint ipmi://HOST",
            )),
            _ => Err(usage("more than two endpoints: a BMC has one for each protocol")),
        }
    }

    /// The doors with account, trust and IPMI's options.
    fn passable(&self, doors: Vec<Endpoint>) -> Result<Vec<Endpoint>, u8> {
        let (user, password) = credentials::given(self.user.as_deref(), self.password_file.as_deref(), "")?;
        let account = Credentials::new(user, password);
        let (tls, suite) = (self.tls()?, self.suite()?);
        let kg = self.kg()?;
        let passable = doors.into_iter().map(|door| {
            let mut door = door.with_credentials(account.clone()).with_tls(tls.clone());
            door.ipmi.suite = suite;
            door.ipmi.kg.clone_from(&kg);
            door
        });
        Ok(passable.collect())
    }

    /// The BMC key, if a file with it was named.
    pub(in crate::cli) fn kg(&self) -> Result<Option<Secret>, u8> {
        let Some(file) = &self.kg_file else { return Ok(None) };
        credentials::first_line(file).map(|it| Some(Secret::new(it)))
    }

    pub(in crate::cli) fn tls(&self) -> Result<Tls, u8> {
        Ok(match (&self.ca, &self.pin, self.insecure) {
            (Some(ca), ..) => Tls::Ca(ca.clone()),
            (_, Some(pin), _) => Tls::Pin(crate::target::parse_pin(pin).ok_or_else(|| {
                usage("--pin wants a SHA-256 digest: 64 hexadecimal digits, colons allowed")
            })?),
            (.., true) => Tls::Insecure,
            _ => Tls::System,
        })
    }

    pub(in crate::cli) fn suite(&self) -> Result<Option<Suite>, u8> {
        match self.suite {
            None => Ok(None),
            Some(3) => Ok(Some(Suite::Three)),
            Some(17) => Ok(Some(Suite::Seventeen)),
            Some(other) => Err(usage(format!("cipher suite {other} is not spoken: expected 3 or 17"))),
        }
    }
}
