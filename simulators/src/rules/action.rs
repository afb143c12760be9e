//! What becomes of an exchange.

use std::{fmt, time::Duration};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAction {
    /// This is the answer; the handler does not run.
    Respond {
        /// The status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<String>,
    },
    /// The handler runs after this long.
    Delay(Duration),
    /// The handler runs; its answer comes in drops of so many bytes, one after every such time.
    Drip {
        /// How many bytes, and how long between them.
        bytes_every: (usize, Duration),
    },
    /// The handler runs; the connection ends after so many bytes of the body that was announced.
    CutBody {
        /// How many bytes still come.
        after: usize,
    },
    /// A reset of the connection (RST); the handler does not run.
    ResetConnection,
    /// The handler runs; a reset of the connection in place of its answer.
    ResetAfter,
    /// No answer ever; the handler does not run.
    Hang,
    /// The handler runs; no answer ever.
    HangAfter,
    /// 200 and a page for people; the handler does not run.
    HtmlPage,
    /// The handler runs; half of its document comes, in a message that is complete.
    TruncatedJson,
    /// The handler runs; its answer has no body.
    EmptyBody,
    /// 200 and a document of so many bytes; the handler does not run.
    HugeBody {
        /// How many bytes.
        bytes: usize,
    },
    /// 200 and a document nested so deeply; the handler does not run.
    DeepJson {
        /// How deeply.
        depth: usize,
    },
    /// The handler runs; its answer says that it is something else.
    WrongContentType,
    /// The handler runs; this header is missing from its answer.
    StripHeader(String),
    /// The handler runs; the property at this JSON pointer (RFC 6901) is not what it should be, where the answer has it.
    Field {
        /// Where.
        at: String,
        /// What it is instead.
        becomes: Corruption,
    },
    /// The connection is accepted, and nothing more comes: no handshake, no answer.
    StallHandshake,
    /// The connection is reset at once.
    RefuseHandshake,
}

/// What a property is instead of what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// Of another type.
    WrongType,
    /// Null.
    Null,
    /// Not there.
    Missing,
    /// A text that no list of the schema has.
    UnknownWord,
    /// A number, written as a text; another value becomes the text of its JSON.
    NumberAsText,
    /// There twice: as it is, and as null after that.
    Duplicate,
}

impl Corruption {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::WrongType, Self::Null, Self::Missing, Self::UnknownWord, Self::NumberAsText, Self::Duplicate];

    /// Its name in a rule.
    pub const fn word(self) -> &'static str {
        match self {
            Self::WrongType => "wrong-type",
            Self::Null => "null",
            Self::Missing => "missing",
            Self::UnknownWord => "unknown-word",
            Self::NumberAsText => "number-as-text",
            Self::Duplicate => "duplicate",
        }
    }
}

/// At which point of an exchange an action strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// When a connection comes.
    Welcome,
    /// Before the handler runs.
    Before,
    /// In place of the handler.
    Instead,
    /// On the answer, whoever gave it.
    After,
}

impl HttpAction {
    /// When it strikes.
    pub(crate) const fn phase(&self) -> Phase {
        match self {
            Self::StallHandshake | Self::RefuseHandshake => Phase::Welcome,
            Self::Delay(_) => Phase::Before,
            Self::Respond { .. }
            | Self::ResetConnection
            | Self::Hang
            | Self::HtmlPage
            | Self::HugeBody { .. }
            | Self::DeepJson { .. } => Phase::Instead,
            Self::Drip { .. }
            | Self::CutBody { .. }
            | Self::ResetAfter
            | Self::HangAfter
            | Self::TruncatedJson
            | Self::EmptyBody
            | Self::WrongContentType
            | Self::StripHeader(_)
            | Self::Field { .. } => Phase::After,
        }
    }
}

impl fmt::Display for HttpAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Respond { status, .. } => write!(f, "respond {status}"),
            Self::Delay(by) => write!(f, "delay {by:?}"),
            Self::Drip { bytes_every: (bytes, every) } => write!(f, "drip {bytes} bytes every {every:?}"),
            Self::CutBody { after } => write!(f, "cut body after {after} bytes"),
            Self::ResetConnection => f.write_str("reset connection"),
            Self::ResetAfter => f.write_str("reset after the handler"),
            Self::Hang => f.write_str("hang"),
            Self::HangAfter => f.write_str("hang after the handler"),
            Self::HtmlPage => f.write_str("html page"),
            Self::TruncatedJson => f.write_str("truncated json"),
            Self::EmptyBody => f.write_str("empty body"),
            Self::HugeBody { bytes } => write!(f, "huge body of {bytes} bytes"),
            Self::DeepJson { depth } => write!(f, "json {depth} deep"),
            Self::WrongContentType => f.write_str("wrong content type"),
            Self::StripHeader(name) => write!(f, "strip header {name}"),
            Self::Field { at, becomes } => write!(f, "field {at} {}", becomes.word()),
            Self::StallHandshake => f.write_str("stall handshake"),
            Self::RefuseHandshake => f.write_str("refuse handshake"),
        }
    }
}
