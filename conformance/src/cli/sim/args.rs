//! What can be typed after `halmark sim`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args as Group, ValueEnum};
use halmark_simulators::ipmi::InBand;

use super::addresses::Network;
use crate::cli::args::Output;

/// `halmark sim`.
#[derive(Debug, Group)]
pub struct Sim {
    /// The platform: a profile's name (`halmark profile list`) or the folder of one of your own.
    #[arg(long, value_name = "NAME|DIR", default_value = "generic", conflicts_with = "tree")]
    pub profile: String,
    /// Serve this recorded tree (`halmark record`, or any mockup in DMTF's format), made stateful.
    #[arg(long, value_name = "DIR")]
    pub tree: Option<PathBuf>,
    /// How many BMCs; each has a machine of its own.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub count: usize,
    /// The address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "IP")]
    pub listen: IpAddr,
    /// The port; any that is free if none is given.
    #[arg(long, conflicts_with = "base_port")]
    pub port: Option<u16>,
    /// The first BMC's port; the others follow.
    #[arg(long, value_name = "PORT")]
    pub base_port: Option<u16>,
    /// Give each BMC an address of its own out of this network, such as 127.1.0.0/16, and the standard port (443, or 80
    /// without TLS).
    #[arg(long, value_name = "NETWORK", conflicts_with_all = ["listen", "base_port"])]
    pub addresses: Option<Network>,
    /// Put all BMCs behind one port; a client says which one it means by its host name: bmc1.localhost, bmc2.localhost …
    #[arg(long, conflicts_with_all = ["base_port", "addresses"])]
    pub by_host: bool,
    /// Where the first BMC offers IPMI: a UDP port, or an address and a port; the next ones follow. Without it, IPMI has the UDP
    /// port with the number of the BMC's Redfish port, or 623 with --addresses.
    #[arg(long, value_name = "PORT|IP:PORT", conflicts_with = "no_ipmi", value_parser = door)]
    pub ipmi: Option<Door>,
    /// Offer Redfish alone. With --by-host IPMI is offered only where --ipmi says so, since it knows no host names.
    #[arg(long)]
    pub no_ipmi: bool,
    /// Where the first BMC offers SSH, on platforms whose shell is known (an iDRAC's): a TCP port, or an address and a port; the next
    /// ones follow. `console com2` at the prompt is the host's console (docs/sim.md).
    #[arg(long, value_name = "PORT|IP:PORT", value_parser = door)]
    pub ssh: Option<Door>,
    /// Let a virtual machine (QEMU's `ipmi-bmc-extern`) reach the first BMC from the inside: at a TCP port, an address and a port,
    /// or the path of a Unix socket that is made.
    #[arg(long, value_name = "PORT|IP:PORT|PATH", conflicts_with = "no_ipmi", value_parser = in_band)]
    pub in_band: Option<InBand>,
    /// A file with the BMC key of IPMI (Kg) in its first line: up to 20 characters, or 40 hexadecimal digits after 0x.
    #[arg(long, value_name = "FILE", conflicts_with = "no_ipmi")]
    pub kg_file: Option<PathBuf>,
    /// How to speak: TLS with a certificate of an own authority, TLS with one that signed itself, or plain HTTP.
    #[arg(long, value_enum, default_value_t = TlsArg::Ca)]
    pub tls: TlsArg,
    /// Use this certificate (PEM, its chain after it), instead of one that is made.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// The environment variable with the administrator's name; `admin` if it is not set.
    #[arg(long, value_name = "VARIABLE", default_value = "HALMARK_USER")]
    pub user_env: String,
    /// The environment variable with the administrator's password; one is made if it is not set.
    #[arg(long, value_name = "VARIABLE", default_value = "HALMARK_PASSWORD")]
    pub password_env: String,
    /// A file with the administrator's password in its first line.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The seed of serial numbers, UUIDs and delays; each BMC after the first has the next one.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Make the BMCs wrong or odd in this way; may be repeated (`halmark profile show NAME` lists them).
    #[arg(long, value_name = "NAME")]
    pub deviation: Vec<String>,
    /// Multiply every delay of the machines, such as 0.1.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = factor)]
    pub time_scale: f64,
    /// Time passes as it does everywhere, or as `--time-scale` has it; this is the default.
    #[arg(long, conflicts_with = "held")]
    pub real_time: bool,
    /// Time stands still, and goes on by steps of the control API.
    #[arg(long, requires = "control")]
    pub held: bool,
    /// Offer the control API here, such as 127.0.0.1:9000: it sees the truth, and sets faults (docs/control.md).
    #[arg(long, value_parser = control_address, value_name = "ADDRESS")]
    pub control: Option<SocketAddr>,
    /// The environment variable with the token that a client of the control API has to bring; anybody on this machine may come
    /// if it is not set.
    #[arg(long, value_name = "VARIABLE", default_value = "HALMARK_CONTROL_TOKEN")]
    pub control_token_env: String,
    /// A file with that token in its first line.
    #[arg(long, value_name = "FILE", requires = "control")]
    pub control_token_file: Option<PathBuf>,
    /// Offer the truth logs as gRPC streams (`halmark.v1.Truth`) on this Unix socket (docs/grpc.md).
    #[arg(long, value_name = "PATH")]
    pub truth: Option<PathBuf>,
    /// Write a line for each request to this file, or to standard error (-).
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// End after this time, such as 10m; otherwise with an interrupt.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub lasting: Option<Duration>,
    /// Keep credentials, certificate and the list of BMCs in this folder; in a temporary one otherwise, which goes with the
    /// process.
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// How to say where they are: for people, or one line of JSON.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Where something is offered beside Redfish: the port, and the address where it is another than Redfish's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// The address.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

impl Door {
    /// Where the BMC in this place offers it, whose address is this; nothing where there are not so many ports.
    pub fn at(self, ip: IpAddr, place: usize) -> Option<SocketAddr> {
        let port = match self.port {
            0 => Some(0),
            first => u16::try_from(place).ok().and_then(|place| first.checked_add(place)),
        };
        port.map(|port| (self.address.unwrap_or(ip), port).into())
    }
}

fn door(text: &str) -> Result<Door, String> {
    if let Ok(port) = text.parse() {
        return Ok(Door { address: None, port });
    }
    let whole: Result<SocketAddr, _> = text.parse();
    whole
        .map(|it| Door { address: Some(it.ip()), port: it.port() })
        .map_err(|_| "expected a port, or an address and a port, such as 6230 or 127.0.0.1:6230".to_owned())
}

fn in_band(text: &str) -> Result<InBand, String> {
    if text.contains('/') {
        return Ok(InBand::Unix(text.into()));
    }
    let door = door(text)?;
    Ok(InBand::Tcp((door.address.unwrap_or(Ipv4Addr::LOCALHOST.into()), door.port).into()))
}

/// How the services speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsArg {
    /// A certificate that signed itself, as BMCs are delivered.
    SelfSigned,
    /// A certificate of an authority of our own.
    Ca,
    /// Plain HTTP.
    Off,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor <= 1_000.0 => Ok(factor),
        _ => Err("expected a number above 0, up to 1000, such as 0.1".to_owned()),
    }
}

/// Where the control API listens; `localhost` is 127.0.0.1.
fn control_address(text: &str) -> Result<SocketAddr, String> {
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = named.as_deref().unwrap_or(text).parse();
    address.map_err(|_| "expected an address and a port, such as 127.0.0.1:9000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_machine_connects_to_a_port_an_address_or_a_path() {
        assert_eq!(in_band("7001"), Ok(InBand::Tcp(([127, 0, 0, 1], 7001).into())));
        assert_eq!(in_band("127.0.0.2:7001"), Ok(InBand::Tcp(([127, 0, 0, 2], 7001).into())));
        assert_eq!(in_band("./vm.sock"), Ok(InBand::Unix("./vm.sock".into())));
        assert!(in_band("vm").is_err());
    }

    #[test]
    fn the_control_api_listens_on_localhost_or_an_address() {
        assert_eq!(control_address("localhost:9000"), control_address("127.0.0.1:9000"));
        assert!(control_address("[::1]:9000").is_ok());
        assert!(control_address("9000").unwrap_err().contains("127.0.0.1:9000"));
    }
}
