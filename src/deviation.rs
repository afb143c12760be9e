//! The ways in which a BMC departs from its standard, each by name.

use std::fmt;

/// How a BMC departs from its standard. Each has a name; none is free text alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deviation {
    /// An answer that should be JSON is not.
    NotJson {
        /// Its content type, if it gave one.
        content_type: Option<String>,
        /// What the parser says.
        reason: String,
    },
    /// The body ended before it was complete.
    Truncated {
        /// How many bytes came.
        bytes: usize,
    },
    /// The body is larger than any answer has reason to be.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer does not speak the protocol.
    NotTheProtocol {
        /// What came instead.
        reason: String,
    },
    /// A property that the schema requires is missing.
    Missing {
        /// Its name.
        property: String,
    },
    /// A property has a type that the schema does not allow.
    WrongType {
        /// Its name.
        property: String,
        /// What the schema allows.
        expected: &'static str,
    },
    /// A value that the schema does not know.
    UnknownValue {
        /// The property's name.
        property: String,
        /// The value.
        value: String,
    },
    /// A status code where the standard demands another.
    WrongStatus {
        /// The status.
        status: u16,
        /// What the standard demands.
        expected: &'static str,
    },
    /// A link or redirect that leads to another origin.
    ForeignLink {
        /// Where it leads.
        to: String,
    },
    /// A message shorter than its definition.
    ShortMessage {
        /// Which message.
        what: &'static str,
        /// How many bytes came.
        bytes: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A field of a message has a value that its definition does not allow.
    BadField {
        /// Which field.
        what: &'static str,
        /// Its value.
        value: u32,
    },
    /// A checksum does not fit.
    BadChecksum {
        /// Of what.
        what: &'static str,
    },
    /// An oddity that is known from the field and has a name of its own.
    Quirk {
        /// Its name.
        name: &'static str,
        /// What the BMC does.
        about: &'static str,
        /// Which machines were seen to do it, and who says so.
        evidence: &'static str,
    },
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { content_type, reason } => {
                let kind = content_type.as_deref().unwrap_or("no content type");
                write!(f, "the answer is not JSON ({kind}): {reason}")
            }
            Self::Truncated { bytes } => write!(f, "the answer was cut off after {bytes} bytes"),
            Self::TooLarge { limit } => write!(f, "the answer is larger than {limit} bytes"),
            Self::NotTheProtocol { reason } => write!(f, "the peer does not speak the protocol: {reason}"),
            Self::Missing { property } => write!(f, "property {property} is missing"),
            Self::WrongType { property, expected } => write!(f, "property {property} is not {expected}"),
            Self::UnknownValue { property, value } => {
                write!(f, "property {property} has the unknown value {value:?}")
            }
            Self::WrongStatus { status, expected } => {
                write!(f, "status {status} where {expected} is demanded")
            }
            Self::ForeignLink { to } => write!(f, "a link leads to another origin ({to})"),
            Self::ShortMessage { what, bytes, needed } => {
                write!(f, "{what} has {bytes} bytes, {needed} are needed")
            }
            Self::BadField { what, value } => write!(f, "{what} has the value {value:X}h"),
            Self::BadChecksum { what } => write!(f, "the checksum of {what} does not fit"),
            Self::Quirk { name, about, .. } => write!(f, "{about} ({name})"),
        }
    }
}
