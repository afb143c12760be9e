//! Why nothing could be recorded; each says what to do next.

use std::{fmt, io, path::PathBuf};

/// Why there is no recording.
#[derive(Debug)]
pub enum RecordError {
    /// The folder is not empty.
    NotEmpty {
        /// The folder.
        out: PathBuf,
    },
    /// A file or folder of the tree could not be written.
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was given to trust is no certificate.
    Authorities {
        /// Why.
        reason: String,
    },
    /// The rate is no number of requests in a second.
    Rate,
    /// Nobody answers there.
    Unreachable {
        /// Where.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// Nobody answers there in this scheme, and somebody does in the other.
    OtherScheme {
        /// Where.
        endpoint: String,
        /// What happened.
        reason: String,
        /// The URL in the other scheme.
        other: String,
    },
    /// The service's certificate does not verify. Nothing was sent.
    Untrusted {
        /// Where.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// Somebody answers, and it is no Redfish service.
    NotRedfish {
        /// Where.
        endpoint: String,
        /// The status of the answer to `/redfish/v1/`.
        status: u16,
    },
    /// The service does not accept the name and password. They were sent once.
    WrongPassword {
        /// Where.
        endpoint: String,
    },
    /// The service does not open a session.
    NoSession {
        /// Where.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// It was stopped before anything was recorded.
    Interrupted,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEmpty { out } => {
                write!(
                    f,
                    "{} is not empty: name a new folder, or replace files in it with --force",
                    out.display()
                )
            }
            Self::Write { path, source } => write!(f, "{} cannot be written: {source}", path.display()),
            Self::Authorities { reason } => write!(f, "no certificate authority can be read: {reason}"),
            Self::Rate => f.write_str("the rate is not a number of requests a second: expected more than 0"),
            Self::Unreachable { endpoint, reason } => write!(
                f,
                "{endpoint} does not answer ({reason}): check that it is the BMC's address and that its port is open from here"
            ),
            Self::OtherScheme { endpoint, reason, other } => {
                write!(f, "{endpoint} does not answer ({reason}): try {other}, which is spoken there")
            }
            Self::Untrusted { endpoint, reason } => write!(
                f,
                "the certificate of {endpoint} does not verify ({reason}): name its authority (--ca), its SHA-256 digest (--pin), or accept any certificate (--insecure)"
            ),
            Self::NotRedfish { endpoint, status } => write!(
                f,
                "{endpoint} is no Redfish service: /redfish/v1/ was answered with {status} and without a service root"
            ),
            Self::WrongPassword { endpoint } => write!(
                f,
                "{endpoint} does not accept the name and password: check them; they were sent once and are not sent again"
            ),
            Self::NoSession { endpoint, reason } => {
                write!(f, "{endpoint} opens no session ({reason}): free one, or use --basic")
            }
            Self::Interrupted => f.write_str("it was stopped before anything was recorded"),
        }
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
