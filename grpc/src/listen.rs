//! Where a service listens: Unix sockets that only their owner opens, and TCP with certificates on both ends.

use std::{
    convert::Infallible,
    fs, io,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tonic::{Status, body::Body};
use tower_service::Service as _;

use crate::{
    DESCRIPTORS,
    pb::{bmc_server::BmcServer, truth_server::TruthServer},
    server::{Peer, Service},
    transport::CalmStream,
    truth::Truth,
};

/// The services by their names.
const BMC: &str = "halmark.v1.Bmc";
const TRUTH: &str = "halmark.v1.Truth";
const HEALTH: &str = "grpc.health.v1.Health";
/// Connections at once; others wait in the system's queue.
const CONNECTIONS: usize = 256;
/// Calls at once on a connection; others wait at the caller's.
const STREAMS: u32 = 4096;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long calls may go on when the service ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A place where callers come in.
pub enum Listener {
    /// A Unix socket.
    Unix(Socket),
    /// A TCP port in the clear: for loopback and tests.
    Tcp(TcpListener),
    /// A TCP port over TLS; the acceptor decides which certificates callers need.
    Tls(TcpListener, TlsAcceptor),
}

/// A Unix socket of mode 0600; its file goes with it.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds it. A socket that nobody listens on any more is replaced; any other file is not.
    ///
    /// # Errors
    /// Where it cannot be bound, or somebody listens there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket()) {
            match std::os::unix::net::UnixStream::connect(path) {
                Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there")),
                Err(_) => fs::remove_file(path)?,
            }
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Serves until told to end: the contract, reflection and health. Calls that are under way then have five seconds.
///
/// # Errors
/// Where reflection cannot be built.
pub async fn serve(service: &Service, listener: Listener, end: impl Future<Output = ()>) -> io::Result<()> {
    take_in(routes(Some(service.clone()), None).await?, listener, end).await;
    Ok(())
}

/// Serves the truth until told to end, with reflection and health.
///
/// # Errors
/// Where reflection cannot be built.
pub async fn serve_truth(truth: Truth, listener: Listener, end: impl Future<Output = ()>) -> io::Result<()> {
    take_in(routes(None, Some(truth)).await?, listener, end).await;
    Ok(())
}

/// Takes callers in until told to end.
async fn take_in(route: impl Routes, listener: Listener, end: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::pin!(end);
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let next = tokio::select! {
            next = accept(&listener) => next,
            () = &mut end => break,
        };
        let Ok((stream, peer, tls)) = next else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (route, stopped) = (route.clone(), stopped.clone());
        connections.spawn(async move {
            let _place = place;
            let stream = match tls {
                None => stream,
                Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Box::new(stream) as Stream,
                    _ => return,
                },
            };
            converse(stream, peer, route, stopped).await;
        });
    }
    drop(listener);
    let _ = stop.send(true);
    let _ = tokio::time::timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
}

/// Serves one stream that is open, until its peer ends it.
///
/// # Errors
/// Where reflection cannot be built.
pub async fn serve_one(
    service: &Service,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    let (_keep, stopped) = watch::channel(false);
    converse(Box::new(stream), Peer(String::new()), routes(Some(service.clone()), None).await?, stopped)
        .await;
    Ok(())
}

/// Which service answers a request, by its path.
async fn routes(bmc: Option<Service>, truth: Option<Truth>) -> io::Result<impl Routes> {
    let (health, healthy) = tonic_health::server::health_reporter();
    let served = if bmc.is_some() { BMC } else { TRUTH };
    health.set_service_status(served, tonic_health::ServingStatus::Serving).await;
    let reflected = || {
        tonic_reflection::server::Builder::configure()
            .with_service_name(served)
            .with_service_name(HEALTH)
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let reflection = reflected().build_v1().map_err(io::Error::other)?;
    // What gRPC's own Python client still asks for.
    let older = reflected().build_v1alpha().map_err(io::Error::other)?;
    let (bmc, truth) = (bmc.map(BmcServer::new), truth.map(TruthServer::new));
    Ok(move |peer: Peer, mut request: hyper::Request<Incoming>| -> Answering {
        let (bmc, truth, mut healthy) = (bmc.clone(), truth.clone(), healthy.clone());
        let (mut reflection, mut older) = (reflection.clone(), older.clone());
        Box::pin(async move {
            request.extensions_mut().insert(peer);
            let named = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
            match (named.as_str(), bmc, truth) {
                (BMC, Some(mut bmc), _) => bmc.call(request).await,
                (TRUTH, _, Some(mut truth)) => truth.call(request).await,
                (HEALTH, ..) => healthy.call(request).await,
                ("grpc.reflection.v1.ServerReflection", ..) => reflection.call(request).await,
                ("grpc.reflection.v1alpha.ServerReflection", ..) => older.call(request).await,
                _ => Ok(Status::unimplemented("no such service").into_http()),
            }
        })
    })
}

type Answering = Pin<Box<dyn Future<Output = Result<hyper::Response<Body>, Infallible>> + Send>>;

trait Routes: Fn(Peer, hyper::Request<Incoming>) -> Answering + Clone + Send + 'static {}
impl<T: Fn(Peer, hyper::Request<Incoming>) -> Answering + Clone + Send + 'static> Routes for T {}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}
type Stream = Box<dyn Both>;

async fn accept(listener: &Listener) -> io::Result<(Stream, Peer, Option<TlsAcceptor>)> {
    match listener {
        Listener::Unix(socket) => {
            let (stream, _) = socket.listener.accept().await?;
            let uid = stream.peer_cred().map(|it| it.uid());
            let peer = uid.map_or_else(|_| "unix".to_owned(), |uid| format!("unix:uid={uid}"));
            Ok((Box::new(CalmStream::new(stream)?), Peer(peer), None))
        }
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream), Peer(peer.to_string()), None))
        }
        Listener::Tls(listener, acceptor) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream), Peer(peer.to_string()), Some(acceptor.clone())))
        }
    }
}

/// Answers on one connection until it ends, or the service does and its calls have been answered.
async fn converse(stream: Stream, peer: Peer, route: impl Routes, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| route(peer.clone(), request));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|it| *it) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
