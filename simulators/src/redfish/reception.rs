//! One port for many BMCs: the host name that a client asks for says which one is meant (RFC 9110 §7.2, RFC 6066 §3).

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{Service, Shared, connection, respond::Peer, tls, wire::Socket};

/// How long a client may take until it has said whom it means.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest head in which a host is looked for.
const LARGEST: usize = 16 << 10;

/// A port behind which BMCs answer by their names. It ends when it is dropped; the services end by themselves.
pub struct Reception {
    addr: SocketAddr,
    accepting: AbortHandle,
}

/// The BMCs by the names of their hosts.
type Names = BTreeMap<String, Arc<Shared>>;

impl Reception {
    /// Starts to listen. The services are those that do not listen themselves ([`Service::behind`]), each with its host name;
    /// a client gets the certificate of the name that it asks for.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub fn start<'s>(
        listen: SocketAddr,
        tls: Option<tls::ByName>,
        services: impl IntoIterator<Item = (String, &'s Service)>,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let addr = listener.local_addr()?;
        let names: Names = services.into_iter().map(|(name, it)| (name, it.shared.clone())).collect();
        let accepting = tokio::spawn(accept(listener, tls, Arc::new(names))).abort_handle();
        Ok(Self { addr, accepting })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Reception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reception({})", self.addr)
    }
}

async fn accept(listener: TcpListener, tls: Option<tls::ByName>, names: Arc<Names>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(welcome(stream, tls.clone(), names.clone()));
            }
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A client that does not say whom it means is not waited for.
async fn welcome(stream: TcpStream, tls: Option<tls::ByName>, names: Arc<Names>) {
    let peer = stream.peer_addr().ok().map(|peer| Peer(peer.ip()));
    match tls {
        None => receive(stream, names, peer).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(PATIENCE, tls.acceptor().accept(stream)).await {
                receive(stream, names, peer).await;
            }
        }
    }
}

/// Looks whom the first request means, and hands the connection over to that one.
async fn receive<S>(mut stream: S, names: Arc<Names>, peer: Option<Peer>)
where
    S: Socket + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(Ok(read)) = timeout(PATIENCE, head(&mut stream)).await else { return };
    let host = host(&read).unwrap_or_default();
    match names.get(&host) {
        Some(shared) => connection::hand_over(shared, Begun { read, at: 0, stream }, peer),
        None => {
            let _ = stream.write_all(misdirected(&host, &names).as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(1024);
    while read.len() < LARGEST && !read.windows(4).any(|it| it == b"\r\n\r\n") {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(read)
}

/// The host that a head names, without its port, in lower case.
fn host(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let value = head.split("\r\n").skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim().to_ascii_lowercase())
    })?;
    let is_port = |port: &str| port.bytes().all(|it| it.is_ascii_digit());
    match value.rsplit_once(':') {
        Some((host, port)) if is_port(port) => Some(host.to_owned()),
        _ => Some(value),
    }
}

/// 421 (RFC 9110 §15.5.20).
fn misdirected(host: &str, names: &Names) -> String {
    let first = names.keys().next().map_or("", String::as_str);
    let host: String = host.chars().filter(|it| it.is_ascii_graphic() && *it != '"' && *it != '\\').collect();
    let body = format!(
        r#"{{"error":{{"code":"Base.1.19.GeneralError","message":"No BMC is called '{host}' here: there are {} of them, such as '{first}'."}}}}"#,
        names.len()
    );
    format!(
        "HTTP/1.1 421 Misdirected Request\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A connection of which something was read already.
struct Begun<S> {
    read: Vec<u8>,
    at: usize,
    stream: S,
}

impl<S: Socket> Socket for Begun<S> {
    fn reset_on_drop(&self) {
        self.stream.reset_on_drop();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let part = buf.remaining().min(this.read.len() - this.at);
        buf.put_slice(&this.read[this.at..this.at + part]);
        this.at += part;
        if this.at == this.read.len() {
            this.read = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_however_it_is_written() {
        let head = |line: &str| host(format!("GET / HTTP/1.1\r\nA: b\r\n{line}\r\n\r\n").as_bytes());
        assert_eq!(head("Host: BMC1.localhost:8443").as_deref(), Some("bmc1.localhost"));
        assert_eq!(head("host:bmc2").as_deref(), Some("bmc2"));
        assert_eq!(head("X: y"), None);
    }
}
