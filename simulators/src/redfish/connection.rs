//! Connections: accepted while the BMC is up, ended when it goes down.

use std::{pin::pin, sync::Arc, time::Duration};

use hyper::{Method, Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Shared,
    respond::{self, Peer},
    tls,
    wire::{Socket, Wire, Wires},
};
use crate::bmc::{Presence, lock};

/// How long an answer under way may take after the BMC has gone down.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Accepts connections for as long as the service lives.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut presence = shared.bmc.presence();
    loop {
        select! {
            biased;
            changed = presence.changed() => {
                if changed.is_err() {
                    return;
                }
                if *presence.borrow_and_update() != Presence::Up {
                    lock(&shared.sessions).clear();
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => welcome(&shared, stream),
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
        }
    }
}

/// A BMC that is down resets whoever comes; the port stays its own.
fn welcome(shared: &Arc<Shared>, stream: TcpStream) {
    if !shared.bmc.is_up() {
        let _ = stream.set_zero_linger();
        return;
    }
    let _ = stream.set_nodelay(true);
    let connection = tokio::spawn(serve(shared.clone(), stream)).abort_handle();
    let mut connections = lock(&shared.connections);
    connections.retain(|connection| !connection.is_finished());
    connections.push(connection);
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let peer = stream.peer_addr().ok().map(|peer| Peer(peer.ip()));
    match shared.tls.as_ref().map(tls::Certificate::acceptor) {
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
