//! Which BMC, as whom, and by which driver: the options that every command of the HAL shares.

use std::{path::PathBuf, time::Duration};

use clap::Args as Group;
use halmark::{
    Credentials, Endpoint, Secret, Tls,
    driver::Protocol,
    endpoint::{Scheme, Suite},
};

use super::outcome::Form;
use crate::cli::{credentials, usage};

/// Where a BMC is and how it is asked. A BMC by its name in an inventory would come in beside `--endpoint`.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Which BMC, and how")]
pub struct Door {
    /// Where the BMC is: https://HOST[:PORT], http://HOST[:PORT] or ipmi://HOST[:PORT]; by default from HALMARK_ENDPOINT. A
    /// second one is the same BMC by its other protocol, for drivers that speak both.
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Vec<String>,
    /// The driver (`halmark drivers`): redfish, ipmi, auto, unmanaged, or one for each area, such as power=ipmi,boot=redfish; by
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
        Ok(Meant { driver, endpoint })
    }

    /// One or two endpoints, of different protocols.
    fn endpoints(&self) -> Result<Vec<Endpoint>, u8> {
        let from_environment = || std::env::var("HALMARK_ENDPOINT").unwrap_or_default();
        let given = match self.endpoint.as_slice() {
            [] => from_environment().split_whitespace().map(str::to_owned).collect(),
            given => given.to_vec(),
        };
        let doors =
            given.iter().map(|it| Endpoint::parse(it)).collect::<Result<Vec<_>, _>>().map_err(usage)?;
        let protocols: Vec<Option<Protocol>> = doors.iter().map(|it| it.scheme.protocol()).collect();
        match protocols.as_slice() {
            [] => Err(usage("no BMC: give --endpoint URL, or set HALMARK_ENDPOINT")),
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
        let kg = match &self.kg_file {
            Some(file) => Some(Secret::new(credentials::first_line(file)?)),
            None => None,
        };
        let passable = doors.into_iter().map(|door| {
            let mut door = door.with_credentials(account.clone()).with_tls(tls.clone());
            door.ipmi.suite = suite;
            door.ipmi.kg.clone_from(&kg);
            door
        });
        Ok(passable.collect())
    }

    fn tls(&self) -> Result<Tls, u8> {
        Ok(match (&self.ca, &self.pin, self.insecure) {
            (Some(ca), ..) => Tls::Ca(ca.clone()),
            (_, Some(pin), _) => Tls::Pin(crate::target::parse_pin(pin).ok_or_else(|| {
                usage("--pin wants a SHA-256 digest: 64 hexadecimal digits, colons allowed")
            })?),
            (.., true) => Tls::Insecure,
            _ => Tls::System,
        })
    }

    fn suite(&self) -> Result<Option<Suite>, u8> {
        match self.suite {
            None => Ok(None),
            Some(3) => Ok(Some(Suite::Three)),
            Some(17) => Ok(Some(Suite::Seventeen)),
            Some(other) => Err(usage(format!("cipher suite {other} is not spoken: expected 3 or 17"))),
        }
    }
}
