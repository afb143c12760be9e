//! `halmark serve --dial`: no port, but a stream to a control plane, and its commands.

use std::{path::PathBuf, sync::Arc};

use halmark_grpc::{
    READY,
    dial::{self, Dialling, Event},
    server::Service,
    tls,
    transport::Address,
};

use super::{Serve, ended, identity, read};
use crate::cli::{complain, print, usage};

/// Serves the control plane until it is ended by a signal.
pub(super) async fn dial(service: &Service, to: &str, args: &Serve) -> Result<(), u8> {
    let address = address(to, args)?;
    let ended = tokio::spawn(ended(false));
    tokio::task::yield_now().await;
    complain(&format!("dialling {to}\n"));
    let dialling = Dialling { to: address, clock: Arc::new(now), tell: Box::new(teller(to.to_owned())) };
    dial::dial(service, dialling, async { drop(ended.await) }).await;
    service.close().await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "deadlines of commands are told by the clock of the world")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// Says on standard error what becomes of the connection, and on standard output that it is ready, once.
fn teller(to: String) -> impl FnMut(Event) + Send {
    let mut is_ready = false;
    move |event| match event {
        Event::Connected => {
            if !std::mem::replace(&mut is_ready, true) {
                print(&format!("{READY}\n"));
            }
            complain(&format!("serving halmark.v1 to {to}\n"));
        }
        Event::Lost { why, again_in } => {
            complain(&format!("{to}: {why}; dialling again in {:.1} s\n", again_in.as_secs_f64()));
        }
    }
}

fn address(to: &str, args: &Serve) -> Result<Address, u8> {
    if let Some(path) = to.strip_prefix("unix:") {
        return Ok(Address::Unix(PathBuf::from(path)));
    }
    let port = to.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
    if port.and_then(|(_, port)| port.parse::<u16>().ok()).is_none_or(|port| port == 0) {
        return Err(usage(format!("--dial {to:?}: expected HOST:PORT or unix:PATH")));
    }
    let (Some(cert), Some(key), Some(authorities)) = (&args.tls_cert, &args.tls_key, &args.dial_ca) else {
        return Err(usage(format!(
            "{to} is dialled only with --tls-cert, --tls-key and --dial-ca; without a network use --dial unix:PATH"
        )));
    };
    let config = tls::caller(Some(identity(cert, key)?), &read(authorities)?)
        .map_err(|e| usage(format!("the certificates cannot be used: {e}")))?;
    Ok(Address::Tls(to.to_owned(), config))
}
