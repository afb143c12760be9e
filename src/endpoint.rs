//! Where a BMC is, who asks, and what is trusted: the only place where credentials live.

use std::{collections::BTreeSet, fmt, net::IpAddr, path::PathBuf, time::Duration};

use crate::driver::Protocol;
pub use crate::model::Secret;

/// An account on the BMC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account's name.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

impl Credentials {
    /// An account by name and password.
    pub fn new(user: impl Into<String>, password: impl Into<Vec<u8>>) -> Self {
        Self { user: user.into(), password: Secret::new(password) }
    }
}

/// What is believed of a BMC's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// The system's certificate authorities, and the host name: the default.
    #[default]
    System,
    /// The certificate authorities in this PEM file, and the host name.
    Ca(PathBuf),
    /// Exactly the certificate whose DER has this SHA-256 digest; host name and dates are not looked at.
    Pin([u8; 32]),
    /// Any certificate. Only on explicit demand.
    Insecure,
}

/// The scheme of an endpoint, which names the protocol and its transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Redfish over HTTPS, port 443 by default.
    Https,
    /// Redfish over plain HTTP, port 80 by default.
    Http,
    /// IPMI over LAN (RMCP+ on UDP), port 623 by default.
    Ipmi,
    /// A machine whose BMC is left alone, or that has none; it is written `unmanaged:` and has no host.
    Unmanaged,
}

impl Scheme {
    /// The word before `://`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ipmi => "ipmi",
            Self::Unmanaged => "unmanaged",
        }
    }

    /// The port where none is given.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
            Self::Ipmi => 623,
            Self::Unmanaged => 0,
        }
    }

    /// The protocol that is spoken there, if one is.
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Https | Self::Http => Some(Protocol::Redfish),
            Self::Ipmi => Some(Protocol::Ipmi),
            Self::Unmanaged => None,
        }
    }
}

/// An RMCP+ cipher suite that the IPMI driver speaks (IPMI v2.0 §22.15.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128.
    Three,
    /// RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128.
    Seventeen,
}

/// What only IPMI needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IpmiOptions {
    /// The cipher suite; `None` asks the BMC and takes 17, then 3.
    pub suite: Option<Suite>,
    /// The BMC key (Kg), up to 20 bytes, where the BMC has one of its own.
    pub kg: Option<Secret>,
    /// Quirks of the BMC that cannot be detected, by the names of
    /// [`configurable_quirks`](crate::drivers::ipmi::configurable_quirks).
    pub quirks: BTreeSet<String>,
    /// How often a session that is idle is kept alive; `None` lets it end, and logs in again when it is needed.
    pub keep_alive: Option<Duration>,
    /// Whether a thread waits for each answer instead of a task: fewer system calls for a program that talks to one BMC at a time. All
    /// else on that thread stands still until the answer is there, or for up to four seconds, when the datagram is sent again or given
    /// up; a simulated BMC on the same thread could never answer. A console is awaited all the same.
    pub blocking: bool,
}

/// What only a maker's shell over SSH needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshOptions {
    /// The port; `None` is the one that the BMC tells over Redfish.
    pub port: Option<u16>,
    /// What is believed of its host key.
    pub host_keys: HostKeys,
}

/// What is believed of the host key of a BMC's shell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HostKeys {
    /// The keys that this user and this system know (`ssh_config(5)`, `UserKnownHostsFile`); any where [`Tls::Insecure`] says so of
    /// certificates.
    #[default]
    Known,
    /// The keys in this file of known hosts, whatever is believed of certificates.
    File(PathBuf),
}

/// One BMC's door: scheme, host, port, and what is needed to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The scheme, which names the protocol.
    pub scheme: Scheme,
    /// Host name or address; an IPv6 literal without brackets.
    pub host: String,
    /// The port, TCP or UDP.
    pub port: u16,
    /// Who asks; `None` for what needs no account.
    pub credentials: Option<Credentials>,
    /// What is believed of its certificate.
    pub tls: Tls,
    /// What only IPMI needs.
    pub ipmi: IpmiOptions,
    /// What only a maker's shell needs.
    pub ssh: SshOptions,
    /// The folder with the makers' own programs that a driver may run where the BMC's protocol does not do (`sum` of Supermicro);
    /// `None` runs nothing.
    pub tools: Option<PathBuf>,
    /// The same BMC by its other protocol, for drivers that speak both; see [`Endpoint::door`].
    pub other: Option<Box<Endpoint>>,
    /// Wrong behaviour on the wire that a conformance suite seeds to prove that it would be caught.
    #[doc(hidden)]
    pub seams: Seams,
}

/// Wrong behaviour on the wire, seeded by a conformance suite; everything is off outside of it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seams {
    /// Sends each changing request twice, as two commands.
    pub repeats_changing_request: bool,
    /// Retries a changing request whose outcome is unknown.
    pub retries_unknown_outcome: bool,
    /// IPMI: gives a retransmission a new sequence number, so that it is a second command.
    pub new_sequence_on_retry: bool,
    /// Never retries anything: the first busy answer, refused connection or lost datagram is the end.
    pub never_retries: bool,
    /// Ignores `Retry-After` and backoff, and asks again at once.
    pub hammers: bool,
    /// Waits without a deadline.
    pub never_gives_up: bool,
    /// Redfish: waits for a connection and its TLS handshake for as long as the whole operation may take.
    pub waits_for_handshake: bool,
    /// Leaves its session behind on close.
    pub leaves_session: bool,
    /// Logs in again and again when the credentials are refused.
    pub retries_wrong_password: bool,
    /// Does not log in again when its session is gone.
    pub never_logs_in_again: bool,
    /// Reads an answer's body without a limit.
    pub no_body_cap: bool,
    /// Does not send If-Match although the BMC demands it.
    pub ignores_etag: bool,
    /// Takes 202 for the end of a task.
    pub ignores_tasks: bool,
    /// Takes the first page of a collection for the whole.
    pub ignores_next_link: bool,
    /// Takes the path of a link to another host for one of its own.
    pub follows_foreign_link: bool,
    /// Sends a changing request again that was answered with a server error.
    pub retries_server_error: bool,
    /// Waits by its own backoff, whatever `Retry-After` says.
    pub ignores_retry_after: bool,
    /// Asks for a task again and again, whatever `Retry-After` says.
    pub hurries_tasks: bool,
    /// Takes the end of a task for success, however it ended.
    pub believes_failed_tasks: bool,
    /// Opens a session of its own for every operation.
    pub logs_in_every_time: bool,
    /// Never verifies a certificate.
    pub trusts_any_certificate: bool,
    /// Does not verify the BMC's RAKP 2 and RAKP 4 codes.
    pub trusts_any_bmc: bool,
}

/// Why a text is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointError {
    /// There is no `scheme://`, or not one of ours.
    Scheme {
        /// What was given.
        given: String,
    },
    /// The host is empty or not a host.
    Host {
        /// What was given.
        given: String,
    },
    /// The port is not a number from 1 to 65535.
    Port {
        /// What was given.
        given: String,
    },
    /// It holds credentials; argv, history and logs are read by others.
    Credentials,
    /// It holds a path, query or fragment, which no BMC's root needs.
    Path {
        /// What was given.
        given: String,
    },
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme { given } => {
                write!(
                    f,
                    "endpoint {given:?} has no scheme: expected https://HOST, http://HOST or ipmi://HOST, or unmanaged:"
                )
            }
            Self::Host { given } => {
                write!(
                    f,
                    "endpoint {given:?} has no usable host: expected a name, an IPv4 address or an IPv6 address in brackets"
                )
            }
            Self::Port { given } => write!(f, "port {given:?} is not a number from 1 to 65535"),
            Self::Credentials => f.write_str(
                "the endpoint holds credentials: give them by environment or file, never on the command line",
            ),
            Self::Path { given } => {
                write!(f, "endpoint has a path ({given:?}): expected scheme, host and port only")
            }
        }
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// An endpoint from `https://host[:port]`, `http://host[:port]` or `ipmi://host[:port]`; or `unmanaged:` alone.
    ///
    /// An IPv6 literal stands in brackets. Userinfo, path, query and fragment are refused.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if text == "unmanaged:" {
            return Ok(Self::new(Scheme::Unmanaged, "", 0));
        }
        let unknown =
            || EndpointError::Scheme { given: text.split('@').next_back().unwrap_or_default().to_owned() };
        let (scheme, rest) = text.split_once("://").ok_or_else(unknown)?;
        let scheme = [Scheme::Https, Scheme::Http, Scheme::Ipmi]
            .into_iter()
            .find(|s| s.word().eq_ignore_ascii_case(scheme))
            .ok_or_else(unknown)?;
        if rest.contains('@') {
            return Err(EndpointError::Credentials);
        }
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        if !matches!(path, "" | "/") {
            return Err(EndpointError::Path { given: path.to_owned() });
        }
        let (host, port) = split_host(authority)?;
        let port = match port {
            None => scheme.default_port(),
            Some(text) => text
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| EndpointError::Port { given: text.to_owned() })?,
        };
        Ok(Self::new(scheme, host, port))
    }

    /// An endpoint by its parts, without credentials.
    pub fn new(scheme: Scheme, host: impl Into<String>, port: u16) -> Self {
        Self {
            scheme,
            host: host.into(),
            port,
            credentials: None,
            tls: Tls::default(),
            ipmi: IpmiOptions::default(),
            ssh: SshOptions::default(),
            tools: None,
            other: None,
            seams: Seams::default(),
        }
    }

    /// The same endpoint, asked as this account.
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// The same endpoint, with this trust in its certificate.
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// The same endpoint, and beside it the one of the BMC's other protocol.
    pub fn beside(self, other: Self) -> Self {
        Self { other: Some(Box::new(other)), ..self }
    }

    /// The same endpoint, and beside it the other protocol at the same host, at its default port, with the same account.
    pub fn beside_by_default(self) -> Self {
        let other = match self.scheme {
            Scheme::Unmanaged => return self,
            Scheme::Https | Scheme::Http => Scheme::Ipmi,
            Scheme::Ipmi => Scheme::Https,
        };
        let other = Self { scheme: other, port: other.default_port(), other: None, ..self.clone() };
        self.beside(other)
    }

    /// Where this protocol is spoken, if that is known: here or beside. Who asks, and what is seeded, is the same for both
    /// unless the other says otherwise.
    pub fn door(&self, protocol: Protocol) -> Option<Self> {
        let here = self.scheme.protocol() == Some(protocol);
        let door = if here { self } else { self.other.as_deref()? };
        let credentials = door.credentials.clone().or_else(|| self.credentials.clone());
        let (tools, ssh) = (self.tools.clone(), self.ssh.clone());
        let door = Self { credentials, tools, ssh, seams: self.seams, other: None, ..door.clone() };
        (door.scheme.protocol() == Some(protocol)).then_some(door)
    }

    /// The protocols that have a door, the preferred one first.
    pub fn protocols(&self) -> Vec<Protocol> {
        let other = self.other.as_ref().and_then(|it| it.scheme.protocol());
        let mut protocols: Vec<_> = self.scheme.protocol().into_iter().chain(other).collect();
        protocols.dedup();
        protocols
    }

    /// `host:port`, with an IPv6 literal in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Without credentials: an endpoint can be printed anywhere.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Unmanaged => f.write_str("unmanaged:"),
            scheme => write!(f, "{}://{}", scheme.word(), self.authority()),
        }
    }
}

fn split_host(authority: &str) -> Result<(&str, Option<&str>), EndpointError> {
    let bad = || EndpointError::Host { given: authority.to_owned() };
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or_else(bad)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| bad())?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or_else(bad)?) };
            (host, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let usable = host.parse::<IpAddr>().is_ok() || (!host.is_empty() && host.chars().all(named));
    if usable { Ok((host, port)) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_an_ellipsis() {
        let account = Credentials::new("root", "calvin");
        assert_eq!(format!("{account:?}"), r#"Credentials { user: "root", password: … }"#);
        let endpoint = Endpoint::parse("https://bmc").unwrap().with_credentials(account);
        assert!(!format!("{endpoint:?} {endpoint}").contains("calvin"));
    }

    #[test]
    fn an_ipv6_literal_stands_in_brackets() {
        let endpoint = Endpoint::parse("https://[::1]:8443/").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("::1", 8443));
        assert_eq!(endpoint.to_string(), "https://[::1]:8443");
    }

    #[test]
    fn a_door_is_found_by_its_protocol_and_opened_by_the_same_account() {
        let both = Endpoint::parse("https://bmc:8443")
            .unwrap()
            .with_credentials(Credentials::new("root", "calvin"))
            .beside(Endpoint::parse("ipmi://bmc:6230").unwrap());
        assert_eq!(both.protocols(), [Protocol::Redfish, Protocol::Ipmi]);
        let doors = [Protocol::Redfish, Protocol::Ipmi].map(|it| both.door(it).unwrap());
        assert_eq!(doors.clone().map(|it| it.to_string()), ["https://bmc:8443", "ipmi://bmc:6230"]);
        assert_eq!(doors[1].credentials, both.credentials);
    }

    #[test]
    fn a_door_that_nobody_named_is_there_by_demand_only() {
        let one = Endpoint::parse("ipmi://[::1]:6230").unwrap();
        assert_eq!(one.door(Protocol::Redfish), None);
        assert_eq!(
            one.beside_by_default().door(Protocol::Redfish).map(|it| it.to_string()).as_deref(),
            Some("https://[::1]:443")
        );
    }

    #[test]
    fn a_machine_without_a_bmc_has_an_endpoint_too() {
        let unmanaged = Endpoint::parse("unmanaged:").unwrap();
        assert_eq!((unmanaged.to_string().as_str(), unmanaged.protocols()), ("unmanaged:", Vec::new()));
    }

    #[test]
    fn the_port_defaults_by_scheme() {
        let ports = ["https://bmc", "http://bmc", "ipmi://bmc"].map(|e| Endpoint::parse(e).unwrap().port);
        assert_eq!(ports, [443, 80, 623]);
    }

    #[test]
    fn credentials_in_an_endpoint_are_refused_and_not_repeated() {
        for text in ["https://root:calvin@bmc", "root:calvin@bmc"] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(!error.to_string().contains("calvin"), "{error}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in [
            "",
            "bmc",
            "ssh://bmc",
            "https://",
            "https://a b",
            "https://bmc:0",
            "https://bmc:99999",
            "https://[::1",
            "https://bmc/redfish/v1",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
