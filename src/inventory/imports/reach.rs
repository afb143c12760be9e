//! By which protocols a machine in a list is asked, and where: what the lists have in common.

use std::net::Ipv6Addr;

use super::{Entry, Kept};

use crate::{
    driver::Protocol,
    endpoint::{Credentials, Scheme, Tls},
    inventory::{
        Address, Mac, Record,
        text::{Flaw, Node},
    },
};

/// By which protocols a machine is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// IPMI.
    Ipmi,
    /// Redfish.
    Redfish,
    /// Either: a protocol of the vendor's own is named, and such BMCs speak both.
    Both,
    /// None: a virtual machine, a power switch, or a machine that is started by hand.
    Unmanaged,
}

impl Reach {
    /// The driver that is preferred.
    pub const fn driver(self) -> &'static str {
        match self {
            Self::Ipmi => "ipmi",
            Self::Redfish => "redfish",
            Self::Both => "auto",
            Self::Unmanaged => "unmanaged",
        }
    }

    /// The protocols.
    pub const fn protocols(self) -> &'static [Protocol] {
        match self {
            Self::Ipmi => &[Protocol::Ipmi],
            Self::Redfish => &[Protocol::Redfish],
            Self::Both => &[Protocol::Redfish, Protocol::Ipmi],
            Self::Unmanaged => &[],
        }
    }

    /// How a row is asked: by its driver, or else by what it has an account for.
    pub(super) fn of(row: &Record) -> Self {
        let all = [Self::Ipmi, Self::Redfish, Self::Both, Self::Unmanaged];
        let driver = row.preferred_driver.as_deref();
        let named = all.into_iter().find(|it| Some(it.driver()) == driver);
        named.unwrap_or(match (&row.redfish.account, &row.ipmi.account) {
            (None, Some(_)) => Self::Ipmi,
            _ => Self::Redfish,
        })
    }
}

/// Where a BMC is, as lists write it: an address alone, or a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Where {
    /// What stands before `://`, in lower case.
    pub(super) scheme: Option<String>,
    pub(super) address: Address,
    pub(super) port: Option<u16>,
    /// What stands behind, with its slash.
    pub(super) path: String,
}

impl Where {
    /// Reads `10.0.0.8`, `bmc:623`, `[fd00::1]:443`, `https://bmc/redfish/v1/Systems/1`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = match authority.strip_prefix('[') {
            Some(inside) => {
                let (host, after) = inside.split_once(']')?;
                (host, (!after.is_empty()).then(|| after.strip_prefix(':')).flatten())
            }
            None if authority.parse::<Ipv6Addr>().is_ok() => (authority, None),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            None => None,
            Some(digits) => Some(digits.parse().ok().filter(|it| *it != 0)?),
        };
        Some(Self { scheme, address: host.parse().ok()?, port, path: path.to_owned() })
    }

    /// As it is written in a list.
    pub(super) fn write(&self) -> String {
        let address = match self.address.ip() {
            Some(ip) if ip.is_ipv6() && (self.scheme.is_some() || self.port.is_some()) => format!("[{ip}]"),
            _ => self.address.to_string(),
        };
        let scheme = self.scheme.as_ref().map(|it| format!("{it}://")).unwrap_or_default();
        let port = self.port.map(|it| format!(":{it}")).unwrap_or_default();
        format!("{scheme}{address}{port}{}", self.path)
    }
}

/// What a list says of how a BMC is reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Access {
    pub(super) at: Option<Where>,
    pub(super) port: Option<u16>,
    pub(super) account: Option<Credentials>,
}

impl Access {
    /// The machine of a node that is reached so, and starts from these interfaces.
    pub(super) fn entry(self, node: &Node, reach: Reach, boot: Vec<Mac>, tls: Tls) -> Result<Entry, Flaw> {
        let scheme = scheme(self.at.as_ref());
        let (address, port) = self.at.map_or((None, None), |it| (Some(it.address), it.port));
        Ok(Entry {
            place: node.place,
            name: node.text_of("name")?.map(str::to_owned),
            mac: None,
            boot,
            address,
            reach,
            scheme,
            port: port.or(self.port),
            account: self.account,
            tls,
            kept: Kept::default(),
        })
    }
}

/// The names of a list's members for it.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) address: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) port: String,
}

impl Names {
    /// Reads the members of a map.
    pub(super) fn read(&self, node: &Node) -> Result<Access, Flaw> {
        let at = node.parsed(&self.address, Where::read, "address of a BMC")?;
        let port = node.parsed(&self.port, |it| it.parse().ok().filter(|it| *it != 0), "port")?;
        let (user, password) = (node.text_of(&self.user)?, node.text_of(&self.password)?);
        let account = (user.is_some() || password.is_some())
            .then(|| Credentials::new(user.unwrap_or_default(), password.unwrap_or_default()));
        Ok(Access { at, port, account })
    }

    /// Writes what a row has otherwise than the map says.
    pub(super) fn write(&self, node: &mut Node, row: &Record, reach: Reach) {
        let Ok(was) = self.read(node) else { return };
        let now = now(row, reach, was.at.as_ref());
        let was_address = was.at.as_ref().map(|it| &it.address);
        let was_scheme = was.at.as_ref().and_then(|it| it.scheme.clone());
        let in_url = was.at.as_ref().is_some_and(|it| it.port.is_some()) || now.has_url;
        let was_port = was.at.as_ref().and_then(|it| it.port).or(was.port).unwrap_or(now.usual_port);
        let is_moved = was_address != row.address.as_ref() || now.scheme != was_scheme;
        let has_port = was_port != now.port;
        if let Some(address) = row.address.as_ref().filter(|_| is_moved || (has_port && in_url)) {
            let path = was.at.as_ref().map(|it| it.path.clone()).unwrap_or_default();
            let port = (in_url && now.port != now.usual_port).then_some(now.port);
            let at = Where { scheme: now.scheme.clone(), address: address.clone(), port, path };
            node.set(&self.address, Node::text(at.write()));
        }
        if has_port && !in_url {
            node.set(&self.port, Node::plain(now.port.to_string()));
        }
        let account = reach.protocols().iter().find_map(|it| row.account(*it));
        if let Some(account) = account.filter(|it| was.account.as_ref() != Some(it)) {
            let (user, password) = (&account.user, account.password.reveal_text());
            if node.text_of(&self.user) != Ok(Some(user)) {
                node.set(&self.user, Node::text(user.clone()));
            }
            if node.text_of(&self.password) != Ok(Some(password.as_str())) {
                node.set(&self.password, Node::text(password.as_str()));
            }
        }
    }
}

/// How a row is reached now.
struct Now {
    /// What stands before `://`, if it is a URL.
    scheme: Option<String>,
    has_url: bool,
    port: u16,
    usual_port: u16,
}

fn now(row: &Record, reach: Reach, was: Option<&Where>) -> Now {
    let was_scheme = was.and_then(|it| it.scheme.clone());
    match reach {
        Reach::Ipmi => {
            let usual_port = Scheme::Ipmi.default_port();
            Now { scheme: was_scheme, has_url: false, port: row.ipmi.port, usual_port }
        }
        Reach::Redfish | Reach::Both => {
            let scheme = row.redfish.scheme;
            // An address alone is one over HTTPS.
            let bare = was.is_some() && was_scheme.is_none() && scheme == Scheme::Https;
            let word = (!bare).then(|| scheme.word().to_owned());
            Now { scheme: word, has_url: !bare, port: row.redfish.port, usual_port: scheme.default_port() }
        }
        Reach::Unmanaged => {
            let port = was.and_then(|it| it.port).unwrap_or(0);
            Now { scheme: was_scheme, has_url: was.is_some(), port, usual_port: port }
        }
    }
}

/// A MAC address in a list.
pub(super) fn mac(node: &Node) -> Result<Mac, Flaw> {
    let mac = node.as_text().and_then(|it| it.parse().ok());
    mac.ok_or_else(|| Flaw::at(node.place, "expected a MAC address, such as fa:16:3e:2a:0e:36"))
}

/// HTTP where a URL says so, and HTTPS otherwise.
pub(super) fn scheme(at: Option<&Where>) -> Scheme {
    let is_http = at.and_then(|it| it.scheme.as_deref()) == Some("http");
    if is_http { Scheme::Http } else { Scheme::Https }
}

/// What a list says of certificates: a truth value, `None` for what is nothing of that kind.
pub(super) fn tls(verifies: Option<bool>) -> Tls {
    if verifies == Some(false) { Tls::Insecure } else { Tls::System }
}
