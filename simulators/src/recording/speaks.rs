//! What else is spoken where nobody answers: somebody may have typed http for https, or the reverse.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Endpoint, Scheme, Trust, tls};

/// How long the other scheme may take to show itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The URL to try instead, where the other scheme is spoken on this port. No credentials are sent.
pub(super) async fn otherwise(endpoint: &Endpoint) -> Option<String> {
    let other = match endpoint.scheme {
        Scheme::Http => (Scheme::Https, timeout(PATIENCE, speaks_tls(endpoint)).await),
        Scheme::Https => (Scheme::Http, timeout(PATIENCE, speaks_plain(endpoint)).await),
    };
    match other {
        (scheme, Ok(Some(()))) => Some(Endpoint { scheme, ..endpoint.clone() }.to_string()),
        _ => None,
    }
}

async fn connected(endpoint: &Endpoint) -> Option<TcpStream> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// Whether a handshake comes to its end, whatever the certificate says.
async fn speaks_tls(endpoint: &Endpoint) -> Option<()> {
    let name = ServerName::try_from(endpoint.host.clone()).ok()?;
    let connector = tls::connector(&Trust::Anyone).ok()?;
    connector.connect(name, connected(endpoint).await?).await.ok().map(drop)
}

/// Whether an answer to a request begins as one of HTTP does (RFC 9112 §4).
async fn speaks_plain(endpoint: &Endpoint) -> Option<()> {
    let mut stream = connected(endpoint).await?;
    let asked =
        format!("GET /redfish HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", endpoint.authority());
    stream.write_all(asked.as_bytes()).await.ok()?;
    let mut begin = [0; 5];
    stream.read_exact(&mut begin).await.ok()?;
    (&begin == b"HTTP/").then_some(())
}
