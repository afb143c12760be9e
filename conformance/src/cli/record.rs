//! `halmark record`: a live Redfish service becomes a tree of files.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args as Group;
use halmark::endpoint::Scheme;
use halmark_simulators::recording::{
    self, Account, End, Endpoint, Existing, Kind, Layout, Login, Options, Progress, RecordError, Report,
    Trust,
};

use super::{complain, credentials, print, run::wait_for_signal, usage};
use crate::verdict::exit;

pub(super) const AFTER_HELP: &str = "\
Credentials come from the environment (HALMARK_USER, HALMARK_PASSWORD) or from files, never from the command line,
which others can read. Neither they nor sessions are written; properties that are named like credentials become null.
Exit codes: 0 done   1 the service failed, or a file could not be written   2 usage, wrong password or certificate
  130 interrupted: the tree is valid, and its recording.json says so";

/// `halmark record`.
#[derive(Debug, Group)]
pub struct Record {
    /// Where the service is: https://HOST[:PORT] or http://HOST[:PORT].
    pub url: String,
    /// The folder of the tree: new, or empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace files in a folder that is not empty; what is not replaced stays.
    #[arg(long)]
    pub force: bool,
    /// Make folders for /redfish/v1; by default the folder of the tree is /redfish/v1.
    #[arg(long)]
    pub long: bool,
    /// Hide what identifies: serials, macs, addresses, names, uuids, with commas between, or all.
    #[arg(long, value_name = "KINDS", value_parser = kinds)]
    pub redact: Option<Kinds>,
    /// How many requests are sent in a second at most.
    #[arg(long, value_name = "N", default_value = "10", value_parser = rate)]
    pub rate: f64,
    /// How many links are asked for at most.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub max_resources: usize,
    /// How many links away from the root a resource is at most.
    #[arg(long, value_name = "N")]
    pub depth: Option<u32>,
    /// How long one answer may take, such as 30s.
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// The account's name; by default from HALMARK_USER.
    #[arg(long)]
    pub user: Option<String>,
    /// A file with the password in its first line, or - for standard input; by default from HALMARK_PASSWORD.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Send name and password with every request instead of opening a session.
    #[arg(long)]
    pub basic: bool,
    /// Ask without an account: only what is open to all.
    #[arg(long, conflicts_with_all = ["basic", "user", "password_file"])]
    pub anonymous: bool,
    /// Trust the certificate authorities in this PEM file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pin", "insecure"])]
    pub ca: Option<PathBuf>,
    /// Trust exactly the certificate with this SHA-256 digest.
    #[arg(long, value_name = "SHA256", conflicts_with = "insecure")]
    pub pin: Option<String>,
    /// Trust any certificate.
    #[arg(long)]
    pub insecure: bool,
}

/// What is hidden.
#[derive(Debug, Clone)]
pub struct Kinds(BTreeSet<Kind>);

fn kinds(text: &str) -> Result<Kinds, String> {
    Kind::list(text).map(Kinds).map_err(|e| e.to_string())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.001);
    rate.ok_or_else(|| "expected a number of requests a second, such as 10 or 0.5".to_owned())
}

/// `halmark record URL --out DIR`.
pub(super) fn record(args: &Record) -> u8 {
    let endpoint = match endpoint(args) {
        Ok(endpoint) => endpoint,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return usage(format!("no runtime could be made: {error}")),
    };
    let mut screen = Screen { shown: io::stderr().is_terminal(), dirty: false };
    let outcome = runtime.block_on(recording::record(
        &options(args),
        &endpoint,
        &mut |progress| screen.show(progress),
        wait_for_signal(),
    ));
    screen.clear();
    match outcome {
        Ok(report) => told(&report, &args.out),
        Err(error) => failed(&error),
    }
}

fn told(report: &Report, out: &Path) -> u8 {
    let Report { recorded, refused, left, took, .. } = report;
    let (took, out) = (seconds(*took), out.display());
    print(&format!("recorded {recorded} resources, {refused} refused, in {took} → {out}\n"));
    match report.end {
        End::Complete => exit::CONFORMANT,
        End::Limit => {
            complain(&format!("note: {left} links were not asked for: raise --max-resources\n"));
            exit::CONFORMANT
        }
        End::Interrupted => {
            complain(&format!("interrupted: {left} links were not asked for\n"));
            exit::INTERRUPTED
        }
        End::Unreachable => {
            complain(&format!("error: the service stopped answering: {left} links were not asked for\n"));
            exit::NONCONFORMANT
        }
    }
}

fn seconds(took: Duration) -> String {
    if took.as_secs() < 10 { format!("{:.1} s", took.as_secs_f64()) } else { format!("{} s", took.as_secs()) }
}

fn failed(error: &RecordError) -> u8 {
    match error {
        RecordError::Interrupted => {
            complain("interrupted before anything was recorded\n");
            exit::INTERRUPTED
        }
        RecordError::Unreachable { .. } | RecordError::NoSession { .. } | RecordError::Write { .. } => {
            complain(&format!("error: {error}\n"));
            exit::NONCONFORMANT
        }
        _ => usage(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "a recording says when it was made")]
fn options(args: &Record) -> Options {
    Options {
        existing: if args.force { Existing::Overwrite } else { Existing::Refuse },
        layout: if args.long { Layout::Long } else { Layout::Short },
        rate: args.rate,
        max_resources: args.max_resources,
        depth: args.depth,
        redact: args.redact.as_ref().map(|kinds| kinds.0.clone()).unwrap_or_default(),
        timeout: args.timeout,
        started: humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string(),
        ..Options::into(&args.out)
    }
}

fn endpoint(args: &Record) -> Result<Endpoint, u8> {
    let place = halmark::Endpoint::parse(&args.url).map_err(usage)?;
    let scheme = match place.scheme {
        Scheme::Https => recording::Scheme::Https,
        Scheme::Http => recording::Scheme::Http,
        Scheme::Ipmi | Scheme::Unmanaged => {
            return Err(usage("only Redfish has a tree to record: expected https://HOST or http://HOST"));
        }
    };
    let trust = trust(args)?;
    Ok(Endpoint { scheme, host: place.host, port: place.port, trust, login: login(args)? })
}

fn trust(args: &Record) -> Result<Trust, u8> {
    Ok(match (&args.ca, &args.pin, args.insecure) {
        (Some(ca), ..) => Trust::Authorities(
            fs::read_to_string(ca).map_err(|e| usage(format!("{} cannot be read: {e}", ca.display())))?,
        ),
        (_, Some(pin), _) => {
            Trust::Pin(crate::target::parse_pin(pin).ok_or_else(|| {
                usage("--pin wants a SHA-256 digest: 64 hexadecimal digits, colons allowed")
            })?)
        }
        (.., true) => Trust::Anyone,
        _ => Trust::System,
    })
}

fn login(args: &Record) -> Result<Login, u8> {
    if args.anonymous {
        return Ok(Login::Nobody);
    }
    let (user, password) =
        credentials::given(args.user.as_deref(), args.password_file.as_deref(), ", or --anonymous")?;
    let account = Account { user, password };
    Ok(if args.basic { Login::Basic(account) } else { Login::Session(account) })
}

/// One line on a terminal that says how far it is; nothing elsewhere.
struct Screen {
    shown: bool,
    dirty: bool,
}

impl Screen {
    fn show(&mut self, progress: Progress) {
        if !self.shown {
            return;
        }
        let Progress { recorded, refused, open, waiting } = progress;
        let waiting = waiting.map(|wait| format!(", waiting {}", seconds(wait))).unwrap_or_default();
        complain(&format!("\r\x1b[2K{recorded} recorded, {refused} refused, {open} to ask for{waiting}"));
        self.dirty = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.dirty) {
            complain("\r\x1b[2K");
        }
    }
}
