//! Recordings: a live Redfish service as a tree of files in the DMTF's mockup format (DSP2043).
//!
//! [`record`] walks a service from its root along every link, politely and by GET alone, and keeps each answer as it
//! came: `index.json` (or `index.xml`), `headers.json` and `time.json` as the DMTF's Redfish-Mockup-Creator writes them,
//! `error.json` for what was refused, and `recording.json` that tells what the tree is. `docs/recording.md` has the fields.
//!
//! Never in the tree: what authenticates, sessions, and the value of a property that is named like a credential.
//! [`Kind`]s of identifying text become pseudonyms where that is asked for.
//!
//! | file | pure | is |
//! |---|---|---|
//! | `links`, `names` | yes | where a document leads, and which folder a link is |
//! | `redact/` | yes | what is hidden, and behind what |
//! | `answer`, `manifest`, `patience` | yes | what is kept, what is told, when to ask again |
//! | `client`, `tls`, `session` | no | the wire |
//! | `crawl`, `tree` | no | the walk, and the files |

mod answer;
mod client;
mod crawl;
mod endpoint;
mod error;
mod links;
mod manifest;
mod names;
mod patience;
mod redact;
mod session;
mod speaks;
mod tls;
mod tree;

use std::{collections::BTreeSet, future::Future, path::PathBuf, pin::pin, time::Duration};

use serde_json::Value;
use tokio::{select, time::Instant};

pub use endpoint::{Account, Endpoint, Login, Scheme, Trust};
pub use error::RecordError;
pub use names::Layout;
pub use redact::{Kind, UnknownKind};
pub(crate) use tls::connector;

use client::{Client, Fault};
use crawl::Crawl;
use redact::Redaction;
pub(crate) use session::base64;
use tree::Tree;

/// Where the service's root is (DSP0266, "Protocol version").
pub(crate) const ROOT: &str = "/redfish/v1/";

/// What is recorded, how fast, and into what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the tree; it is made where it does not exist.
    pub out: PathBuf,
    /// What is done where it is not empty.
    pub existing: Existing,
    /// Whether `/redfish/v1` is the folder itself or two folders below it.
    pub layout: Layout,
    /// How many requests are sent in a second at most; more than 0.
    pub rate: f64,
    /// How many links are asked for at most.
    pub max_resources: usize,
    /// How many links away from the root a resource is at most; without it there is no limit.
    pub depth: Option<u32>,
    /// What becomes pseudonyms.
    pub redact: BTreeSet<Kind>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// When this is, for people: it is written as it is given. There is no wall clock here.
    pub started: String,
}

impl Options {
    /// A polite recording into this folder: ten requests a second, 20,000 links, 30 s for an answer, nothing redacted.
    pub fn into(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            existing: Existing::Refuse,
            layout: Layout::Short,
            rate: 10.0,
            max_resources: 20_000,
            depth: None,
            redact: BTreeSet::new(),
            timeout: Duration::from_secs(30),
            started: String::new(),
        }
    }
}

/// What is done where the folder of the tree is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: it is an error.
    Refuse,
    /// Files of the same name are replaced; others stay.
    Overwrite,
}

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Resources that were recorded.
    pub recorded: usize,
    /// Links that were answered otherwise, or not at all.
    pub refused: usize,
    /// Links that are still to be asked for.
    pub open: usize,
    /// How long it waits now, because the service asked for it or did not answer.
    pub waiting: Option<Duration>,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every link was asked for.
    Complete,
    /// [`Options::max_resources`] was reached.
    Limit,
    /// Somebody stopped it.
    Interrupted,
    /// The service stopped answering.
    Unreachable,
}

impl End {
    /// The word in `recording.json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Limit => "limit",
            Self::Interrupted => "interrupted",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What came of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Why it ended.
    pub end: End,
    /// How many resources were recorded.
    pub recorded: usize,
    /// How many links were answered otherwise, or not at all.
    pub refused: usize,
    /// How many links were known and not asked for.
    pub left: usize,
    /// How long it took.
    pub took: Duration,
}

/// Records a service until every link is asked for, a limit is reached, or `stop` is done.
///
/// The tree is valid however it ends, and its `recording.json` says how. `observer` hears of every step.
///
/// # Errors
/// Where nothing could be recorded at all: see [`RecordError`]. What single resources refuse is no error: it is in the tree.
pub async fn record(
    options: &Options,
    endpoint: &Endpoint,
    observer: &mut (dyn FnMut(Progress) + Send),
    stop: impl Future<Output = ()>,
) -> Result<Report, RecordError> {
    let start = Instant::now();
    let mut stop = pin!(stop);
    let mut tree = Tree::open(&options.out, options.layout, options.existing)?;
    let mut client = Client::new(endpoint, options.rate, options.timeout)?;
    let root = select! {
        biased;
        () = &mut stop => return Err(RecordError::Interrupted),
        root = root(&mut client, endpoint) => root?,
    };
    session::log_in(&mut client, endpoint, &root).await?;
    tree.write_manifest(&manifest::unfinished(options, endpoint))?;
    let redaction = Redaction::new(&options.redact);
    let mut crawl = Crawl::new(options, endpoint, redaction, &mut tree, session::collection(&root));
    let ended = select! {
        biased;
        () = &mut stop => Ok(End::Interrupted),
        end = crawl.run(&mut client, observer) => end,
    };
    session::log_out(&mut client).await;
    let (mut report, story) = crawl.finish(ended?)?;
    report.took = start.elapsed();
    tree.write_manifest(&manifest::finished(options, endpoint, &report, &story))?;
    Ok(report)
}

/// Nobody answers; perhaps somebody would in the other scheme.
async fn silent(endpoint: &Endpoint, fault: &Fault) -> RecordError {
    let reason = fault.to_string();
    match speaks::otherwise(endpoint).await {
        Some(other) => RecordError::OtherScheme { endpoint: endpoint.to_string(), reason, other },
        None => RecordError::Unreachable { endpoint: endpoint.to_string(), reason },
    }
}

/// The service root, asked for without an account; null where it wants one.
async fn root(client: &mut Client, endpoint: &Endpoint) -> Result<Value, RecordError> {
    let answer = match client.patient_get(ROOT, &mut |_| {}).await {
        Ok(answer) => answer,
        Err(Fault::Untrusted(reason)) => {
            return Err(RecordError::Untrusted { endpoint: endpoint.to_string(), reason });
        }
        Err(fault) => return Err(silent(endpoint, &fault).await),
    };
    let is_root =
        |document: &Value| document.get("RedfishVersion").is_some() || document["@odata.id"].is_string();
    match (answer.status, answer.json()) {
        (200, Some(document)) if is_root(&document) => Ok(document),
        (401 | 403, _) => Ok(Value::Null),
        (status, _) => Err(RecordError::NotRedfish { endpoint: endpoint.to_string(), status }),
    }
}
