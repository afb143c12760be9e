//! Connections: accepted while the BMC is up, ended when it goes down.

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use hyper::{Method, Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{
    Shared,
    respond::{self, Peer},
    wire::{Socket, Wire, Wires},
};
use crate::{
    bmc::{Presence, lock},
    rules::HttpAction,
};

/// How long an answer under way may take after the BMC has gone down.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Accepts connections for as long as the service lives.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut presence = shared.bmc.presence();
    loop {
        select! {
            biased;
            changed = presence.changed() => match changed {
                Ok(()) => forget_sessions(&shared, &mut presence),
                Err(_) => return,
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => welcome(&shared, stream),
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
        }
    }
}

/// The same where somebody else accepts.
pub(super) async fn wait(shared: Arc<Shared>) {
    let mut presence = shared.bmc.presence();
    while presence.changed().await.is_ok() {
        forget_sessions(&shared, &mut presence);
    }
}

fn forget_sessions(shared: &Shared, presence: &mut watch::Receiver<Presence>) {
    if *presence.borrow_and_update() != Presence::Up {
        lock(&shared.sessions).clear();
    }
}

/// A BMC that is down resets whoever comes; the port stays its own.
fn welcome(shared: &Arc<Shared>, stream: TcpStream) {
    if !shared.bmc.is_up() {
        let _ = stream.set_zero_linger();
        return;
    }
    let _ = stream.set_nodelay(true);
    match shared.welcomed() {
        None => keep(shared, |shared| serve(shared, stream)),
        Some(HttpAction::StallHandshake) => keep(shared, |shared| stall(shared, stream)),
        Some(_) => stream.reset_on_drop(),
    }
}

/// Takes over a connection that somebody else has accepted, and whose TLS is begun.
pub(super) fn hand_over<S>(shared: &Arc<Shared>, stream: S, peer: Option<Peer>)
where
    S: Socket + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match shared.bmc.is_up() {
        true => keep(shared, |shared| speak(shared, stream, peer)),
        false => stream.reset_on_drop(),
    }
}

/// Lets a connection live until it ends, or until the service does.
fn keep<F>(shared: &Arc<Shared>, serve: impl FnOnce(Arc<Shared>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let serving = serve(shared.clone());
    let mut connections = lock(&shared.connections);
    connections.made += 1;
    let (number, shared) = (connections.made, shared.clone());
    // The guard is made where it runs: a task that never runs must not take the lock that is held here.
    let connection = tokio::spawn(async move {
        let _open = Open { shared, number };
        serving.await;
    });
    connections.open.insert(number, connection.abort_handle());
}

/// The connections that are open.
#[derive(Default)]
pub(super) struct Connections {
    open: HashMap<u64, AbortHandle>,
    made: u64,
}

impl Connections {
    /// Those that are open; from now on they are nobody's.
    pub(super) fn take(&mut self) -> impl Iterator<Item = AbortHandle> + use<> {
        std::mem::take(&mut self.open).into_values()
    }
}

/// Takes a connection out of the list when it ends, so that nothing is left of it.
struct Open {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.shared.connections).open.remove(&self.number);
    }
}

/// Holds a connection and says nothing, until the BMC goes down.
async fn stall(shared: Arc<Shared>, stream: TcpStream) {
    down(&mut shared.bmc.presence()).await;
    let _ = stream.set_zero_linger();
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let peer = stream.peer_addr().ok().map(|peer| Peer(peer.ip()));
    match shared.certificates.acceptor() {
        None => speak(shared, stream, peer).await,
        Some(tls) => {
            let mut presence = shared.bmc.presence();
            select! {
                secured = tls.accept(stream) => if let Ok(stream) = secured {
                    speak(shared, stream, peer).await;
                },
                _ = down(&mut presence) => {}
            }
        }
    }
}

async fn speak<S: Socket + AsyncRead + AsyncWrite + Unpin>(
    shared: Arc<Shared>,
    stream: S,
    peer: Option<Peer>,
) {
    let wires = Wires::default();
    let io = TokioIo::new(Wire::new(stream, wires.clone()));
    let mut presence = shared.bmc.presence();
    let answering = wires.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer.filter(|_| request.method() == Method::POST) {
            request.extensions_mut().insert(peer);
        }
        respond::respond(shared.clone(), answering.clone(), request)
    });
    let mut http = http1::Builder::new();
    http.auto_date_header(false).header_read_timeout(None).half_close(false);
    let mut connection = pin!(http.serve_connection(io, service));
    select! {
        _ = connection.as_mut() => {}
        presence = down(&mut presence) => {
            connection.as_mut().graceful_shutdown();
            let is_gone = presence == Presence::Gone;
            if is_gone || timeout(LAST_WORDS, connection.as_mut()).await.is_err() {
                wires.reset();
            }
        }
    }
}

/// Resolves when the BMC does not answer any more, and says why.
async fn down(presence: &mut watch::Receiver<Presence>) -> Presence {
    presence.wait_for(|it| *it != Presence::Up).await.map_or(Presence::Gone, |it| *it)
}
