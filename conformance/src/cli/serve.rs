//! `halmark serve`: the reference drivers as a gRPC service, `halmark.v1`.

mod dial;
mod known;

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clap::Args as Group;
use halmark_grpc::{
    READY, SOCKET,
    listen::{self, Listener, Socket},
    server::{Audit, Entry, Limits, Reference, Service},
    tls,
};
use serde_json::json;
use tokio::net::TcpListener;

use super::{complain, print, run::wait_for_signal, sim::descriptors, usage};
use crate::verdict::exit;

pub(super) const AFTER_HELP: &str = "\
A Unix socket of mode 0600 is the default: whoever may open it may do everything. A TCP port is opened only with certificates on both
ends, and with --dial nothing at all: commands come on a stream from a control plane that is dialled, again and again if need be, and
`halmark.v1 ready` is printed when it first answers (docs/grpc.md).
Callers connect BMCs by URL and credentials (Connect), or use those that were named with --bmc. Try it:
  halmark serve --bmc rack7=https://192.0.2.12 &
  grpcurl -plaintext -unix ./halmark.sock describe halmark.v1.Bmc
The environment: HALMARK_SOCKET is the socket's path where --listen is not given, and then the end of standard input ends the
service, as `--driver exec:` wants it; HALMARK_USER and HALMARK_PASSWORD are for the BMCs of --bmc.
Exit codes: 0 ended by Ctrl-C, SIGTERM or the end of standard input   2 usage";

/// `halmark serve`.
#[derive(Debug, Group)]
pub struct Serve {
    /// Where to listen: unix:PATH, or HOST:PORT with certificates. By default unix:$HALMARK_SOCKET, or unix:halmark.sock.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Open no port and no socket, but dial this control plane and take its commands: HOST:PORT with certificates, or unix:PATH.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["listen", "client_ca"])]
    pub dial: Option<String>,
    /// The authorities whose certificate the control plane needs, PEM.
    #[arg(long, value_name = "FILE", requires = "dial")]
    pub dial_ca: Option<PathBuf>,
    /// The service's certificate and its chain, PEM; with --dial the one that it calls with.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The service's key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The authorities whose certificates callers need, PEM.
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
    /// A BMC that callers know by name; may be repeated. Credentials come from the environment or --user and --password-file.
    #[arg(long, value_name = "NAME=URL")]
    pub bmc: Vec<String>,
    /// Callers cannot connect other BMCs.
    #[arg(long, requires = "bmc")]
    pub no_connect: bool,
    /// The account's name for --bmc; by default from HALMARK_USER.
    #[arg(long)]
    pub user: Option<String>,
    /// A file with the password in its first line; by default from HALMARK_PASSWORD.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Trust the certificate authorities in this PEM file, for --bmc.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub ca: Option<PathBuf>,
    /// Trust any certificate, for --bmc.
    #[arg(long)]
    pub insecure: bool,
    /// Where the audit log goes, one JSON object a line; by default to standard error.
    #[arg(long, value_name = "FILE")]
    pub audit: Option<PathBuf>,
    /// Calls under way at one BMC; others wait.
    #[arg(long, default_value_t = 4, value_parser = super::at_least_one)]
    pub calls: usize,
}

/// Serves until it is ended.
pub(super) fn serve(args: &Serve) -> u8 {
    match try_serve(args) {
        Ok(()) => exit::CONFORMANT,
        Err(code) => code,
    }
}

fn try_serve(args: &Serve) -> Result<(), u8> {
    descriptors::raise();
    let service = service(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| usage(format!("no runtime could be made: {e}")))?;
    runtime.block_on(async {
        if let Some(to) = &args.dial {
            return dial::dial(&service, to, args).await;
        }
        let (listener, shown) = listener(args).await?;
        // Whoever reads that it is ready may end it at once.
        let ended = tokio::spawn(ended(args.listen.is_none()));
        tokio::task::yield_now().await;
        print(&format!("{READY}\n"));
        complain(&format!("serving halmark.v1 on {shown}\n"));
        let served = listen::serve(&service, listener, async { drop(ended.await) }).await;
        service.close().await;
        served.map_err(|e| usage(format!("it could not be served: {e}")))
    })
}

fn service(args: &Serve) -> Result<Service, u8> {
    let limits = Limits { calls: args.calls, ..Limits::default() };
    let service = Service::new(Reference).with_limits(limits).with_audit(audit(args.audit.as_deref())?);
    known::know(&service, args)?;
    Ok(if args.no_connect { service.closed() } else { service })
}

async fn listener(args: &Serve) -> Result<(Listener, String), u8> {
    let given = args.listen.clone().unwrap_or_else(|| {
        let path = std::env::var(SOCKET).unwrap_or_else(|_| "halmark.sock".to_owned());
        format!("unix:{path}")
    });
    let failed = |e: io::Error| usage(format!("{given} cannot be listened on: {e}"));
    if let Some(path) = given.strip_prefix("unix:") {
        let socket = Socket::bind(Path::new(path)).map_err(failed)?;
        return Ok((Listener::Unix(socket), given));
    }
    let (Some(cert), Some(key), Some(authorities)) = (&args.tls_cert, &args.tls_key, &args.client_ca) else {
        return Err(usage(format!(
            "{given} is a TCP port, which is opened only with --tls-cert, --tls-key and --client-ca; \
             without a network use --listen unix:PATH"
        )));
    };
    let identity = identity(cert, key)?;
    let acceptor = tls::acceptor(identity, &read(authorities)?)
        .map_err(|e| usage(format!("the certificates cannot be used: {e}")))?;
    let listener = TcpListener::bind(&given).await.map_err(failed)?;
    let shown = listener.local_addr().map(|it| it.to_string()).unwrap_or(given);
    Ok((Listener::Tls(listener, acceptor), shown))
}

fn identity(cert: &Path, key: &Path) -> Result<tls::Identity, u8> {
    tls::Identity::from_pem(&read(cert)?, &read(key)?).map_err(|e| usage(format!("{}: {e}", cert.display())))
}

fn read(file: &Path) -> Result<Vec<u8>, u8> {
    fs::read(file).map_err(|e| usage(format!("{} cannot be read: {e}", file.display())))
}

/// A signal that asks for the end; for a program that was started as a driver, the end of its standard input too.
async fn ended(is_child: bool) {
    let orphaned = async {
        match is_child && std::env::var_os(SOCKET).is_some() {
            true => end_of_input().await,
            false => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait_for_signal() => {}
        () = orphaned => {}
    }
}

/// A thread of its own waits for it: standard input can be waited for in no other way wherever it leads to.
async fn end_of_input() {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = tell.send(());
    });
    let _ = told.await;
}

/// The audit log, to a file that only its owner reads, or to standard error.
#[expect(clippy::disallowed_methods, reason = "an audit log says when something was done")]
fn audit(file: Option<&Path>) -> Result<Audit, u8> {
    let file = match file {
        None => None,
        Some(path) => {
            let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
            Some(Mutex::new(opened.map_err(|e| usage(format!("{} cannot be written: {e}", path.display())))?))
        }
    };
    Ok(Arc::new(move |entry| {
        let at = humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string();
        let line = format!("{}\n", line(&at, entry));
        match &file {
            Some(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = file.write_all(line.as_bytes());
            }
            None => complain(&line),
        }
    }))
}

fn line(at: &str, entry: &Entry) -> serde_json::Value {
    json!({
        "at": at,
        "peer": entry.peer,
        "bmc": entry.bmc,
        "operation": entry.operation,
        "outcome": entry.outcome,
        "ms": u64::try_from(entry.took.as_millis()).unwrap_or(u64::MAX),
    })
}
