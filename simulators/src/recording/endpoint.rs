//! Where a service is, who asks, and what is believed of its certificate.

use std::fmt;

/// The door of a service.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Plain or with TLS.
    pub scheme: Scheme,
    /// Host name or address; an IPv6 literal without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// What is believed of its certificate.
    pub trust: Trust,
    /// Who asks, and how.
    pub login: Login,
}

impl Endpoint {
    /// `host:port`, with an IPv6 literal in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether an absolute URL's scheme and authority name this endpoint (RFC 6454 §4).
    pub(super) fn is_origin(&self, scheme: &str, authority: &str) -> bool {
        let bare = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let by_default = self.port == self.scheme.default_port() && authority.eq_ignore_ascii_case(&bare);
        scheme.eq_ignore_ascii_case(self.scheme.word())
            && (by_default || authority.eq_ignore_ascii_case(&self.authority()))
    }
}

/// Without credentials: an endpoint can be printed anywhere.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.word(), self.authority())
    }
}

/// Plain or with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP.
    Http,
}

impl Scheme {
    const fn word(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// What is believed of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The system's certificate authorities, and the host name.
    System,
    /// The certificate authorities in this PEM text, and the host name.
    Authorities(String),
    /// Exactly the certificate whose DER has this SHA-256 digest; host name and dates are not looked at.
    Pin([u8; 32]),
    /// Any certificate.
    Anyone,
}

/// Who asks, and how they say so (DSP0266, "Authentication").
#[derive(Debug, Clone)]
pub enum Login {
    /// A session is opened, and deleted at the end.
    Session(Account),
    /// HTTP Basic, with every request.
    Basic(Account),
    /// Nobody: only what is open to all is recorded.
    Nobody,
}

impl Login {
    /// The word in `recording.json`.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Basic(_) => "basic",
            Self::Nobody => "none",
        }
    }
}

/// A name and its password, which print as nothing.
#[derive(Clone)]
pub struct Account {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account { … }")
    }
}
