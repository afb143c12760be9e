//! One HTTP/2 connection to a service: over a Unix socket, over TCP, or over TLS with certificates on both ends.

mod calm;
mod together;

use std::{
    fmt,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use tonic::body::Body;
use tower_service::Service;

pub(crate) use self::calm::CalmStream;
use self::together::Together;

/// Where a service is.
#[derive(Debug, Clone)]
pub enum Address {
    /// On a Unix socket of this machine.
    Unix(PathBuf),
    /// On a TCP port, in the clear.
    Tcp(String),
    /// On a TCP port, over TLS.
    Tls(String, Arc<ClientConfig>),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(authority) | Self::Tls(authority, _) => write!(f, "grpc://{authority}"),
        }
    }
}

/// An open connection. A clone is the same connection; the last one closes it. It does not come back when it is lost.
#[derive(Clone)]
pub struct Channel(http2::SendRequest<Body>);

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

impl Channel {
    /// Opens a connection.
    ///
    /// # Errors
    /// Where nobody listens there, or who does speaks no HTTP/2 or has not the right certificate.
    pub async fn open(address: &Address) -> std::io::Result<Self> {
        match address {
            Address::Unix(path) => Self::over(CalmStream::new(UnixStream::connect(path).await?)?).await,
            Address::Tcp(authority) => Self::over(tcp(authority).await?).await,
            Address::Tls(authority, config) => {
                let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
                let name = name.map_err(std::io::Error::other)?;
                let tls = TlsConnector::from(config.clone()).connect(name, tcp(authority).await?).await?;
                Self::over(tls).await
            }
        }
    }

    /// The connection over a stream that is open.
    ///
    /// # Errors
    /// Where the peer speaks no HTTP/2.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> std::io::Result<Self> {
        let handshake = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .handshake(TokioIo::new(Together::new(stream)));
        let (sender, connection) = handshake.await.map_err(std::io::Error::other)?;
        tokio::spawn(async move {
            // How it ended is told to each call that was under way.
            let _ = connection.await;
        });
        Ok(Self(sender))
    }
}

async fn tcp(authority: &str) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The connection was lost: the service is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection to the service was lost")
    }
}

impl std::error::Error for Gone {}

impl Service<hyper::Request<Body>> for Channel {
    type Response = hyper::Response<Incoming>;
    type Error = Gone;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    /// Whether there is still somebody is found out by each call, so that each is told in the same way.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: hyper::Request<Body>) -> Self::Future {
        let mut sender = self.0.clone();
        Box::pin(async move {
            sender.ready().await.map_err(|_| Gone)?;
            sender.send_request(request).await.map_err(|_| Gone)
        })
    }
}
