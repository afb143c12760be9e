//! HTTP/1.1 over one connection: one request at a time, at its pace, with a limit on time and size.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    select,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::{
    Endpoint, RecordError, Scheme,
    answer::Answer,
    patience::{self, Next, Pace},
    tls,
};

/// The largest body that is read.
const LARGEST: usize = 32 << 20;

/// Asks one service.
pub(super) struct Client {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    open: Option<Connection>,
    pace: Pace,
    timeout: Duration,
    /// What authenticates the requests.
    pub(super) pass: Option<(HeaderName, HeaderValue)>,
    /// Where the session is that was opened.
    pub(super) session: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection.
    NoConnection(String),
    /// The certificate does not verify.
    Untrusted(String),
    /// The connection ended, or what came is not HTTP.
    Broken(String),
    /// It took too long.
    Late(Duration),
    /// The body is larger than what is read.
    TooLarge,
    /// The link cannot be put into HTTP.
    Unsayable,
}

impl Fault {
    /// The word in `recording.json`.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::NoConnection(_) => "no-connection",
            Self::Untrusted(_) => "untrusted",
            Self::Broken(_) => "connection-broken",
            Self::Late(_) => "no-answer-in-time",
            Self::TooLarge => "too-large",
            Self::Unsayable => "unusable-link",
        }
    }

    /// Whether another attempt could end otherwise.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::NoConnection(_) | Self::Broken(_) | Self::Late(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(reason) | Self::Untrusted(reason) | Self::Broken(reason) => {
                f.write_str(reason)
            }
            Self::Late(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Self::TooLarge => write!(f, "a body of more than {} MiB", LARGEST >> 20),
            Self::Unsayable => f.write_str("the link cannot be put into HTTP"),
        }
    }
}

impl Client {
    /// A client that has not connected yet.
    pub(super) fn new(endpoint: &Endpoint, rate: f64, timeout: Duration) -> Result<Self, RecordError> {
        let tls = match endpoint.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(tls::connector(&endpoint.trust)?),
        };
        let pace = Pace::per_second(rate).ok_or(RecordError::Rate)?;
        Ok(Self { endpoint: endpoint.clone(), tls, open: None, pace, timeout, pass: None, session: None })
    }

    /// Reads, and asks again while the answer may yet be another. The last answer counts.
    pub(super) async fn patient_get(
        &mut self,
        path: &str,
        waits: &mut (dyn FnMut(Duration) + Send),
    ) -> Result<Answer, Fault> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let came = self.send(Method::GET, path, None).await;
            let retry_after = match &came {
                Ok(answer) if answer.is_final() => return came.map(|it| it.after(attempt)),
                Ok(answer) => answer.retry_after(),
                Err(fault) if fault.is_passing() => None,
                Err(_) => return came,
            };
            match patience::next(attempt, retry_after) {
                Next::GiveUp => return came.map(|it| it.after(attempt)),
                Next::Again(wait) => {
                    waits(wait);
                    sleep(wait).await;
                }
            }
        }
    }

    /// One request and its answer.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, Fault> {
        let request = self.request(method, path, body)?;
        self.pace.turn().await;
        let limit = self.timeout;
        timeout(limit, self.exchange(request)).await.unwrap_or(Err(Fault::Late(limit)))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.endpoint.authority())
            .header(USER_AGENT, concat!("halmark/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json, application/xml;q=0.9, */*;q=0.1")
            .header("OData-Version", "4.0");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some((name, value)) = &self.pass {
            request = request.header(name, value);
        }
        request.body(Full::new(body.unwrap_or_default())).map_err(|_| Fault::Unsayable)
    }

    /// The connection is out of its place meanwhile: what is dropped or broken halfway is not used again.
    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Fault> {
        let mut kept = self.open.take();
        if let Some(connection) = &mut kept
            && !connection.is_ready().await
        {
            kept = None;
        }
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(&self.endpoint, self.tls.as_ref()).await?,
        };
        let answer = connection.exchange(request).await?;
        self.open = Some(connection);
        Ok(answer)
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Wire = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// A connection, driven by whoever waits for an answer on it.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    wire: Option<Pin<Box<Wire>>>,
}

impl Connection {
    async fn open(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> Result<Self, Fault> {
        let none = |e: std::io::Error| Fault::NoConnection(e.to_string());
        let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.map_err(none)?;
        tcp.set_nodelay(true).map_err(none)?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = ServerName::try_from(endpoint.host.clone())
                    .map_err(|e| Fault::NoConnection(e.to_string()))?;
                let shaken = tls.connect(name, tcp).await;
                Box::new(shaken.map_err(|e| tls::distrust(&e).map_or_else(|| none(e), Fault::Untrusted))?)
            }
        };
        let hands = http1::Builder::new().handshake(TokioIo::new(stream)).await;
        let (sender, wire) = hands.map_err(|e| Fault::NoConnection(e.to_string()))?;
        Ok(Self { sender, wire: Some(Box::pin(wire)) })
    }

    /// Whether another request can be sent, as far as can be seen now.
    async fn is_ready(&mut self) -> bool {
        // Lets the runtime look at its sockets, so that a close that has arrived is seen before a request is risked on it.
        tokio::task::yield_now().await;
        let ready = drive(&mut self.wire, self.sender.ready()).await;
        ready.is_ok() && self.wire.is_some()
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Fault> {
        let start = Instant::now();
        let response =
            drive(&mut self.wire, self.sender.send_request(request)).await.map_err(|e| broken(&e))?;
        let (head, body) = Response::into_parts(response);
        let body = drive(&mut self.wire, whole(body)).await?;
        Ok(Answer::new(head.status.as_u16(), head.headers, body, start.elapsed()))
    }
}

async fn whole(body: Incoming) -> Result<Bytes, Fault> {
    let collected = Limited::new(body, LARGEST).collect().await;
    collected.map(|it| it.to_bytes()).map_err(|error| {
        if error.is::<LengthLimitError>() { Fault::TooLarge } else { Fault::Broken(error.to_string()) }
    })
}

/// Runs the wire while something on it is waited for.
async fn drive<T>(wire: &mut Option<Pin<Box<Wire>>>, wanted: impl Future<Output = T>) -> T {
    let mut wanted = std::pin::pin!(wanted);
    if let Some(running) = wire {
        select! {
            biased;
            _ = running => {}
            done = &mut wanted => return done,
        }
        *wire = None;
    }
    wanted.await
}

fn broken(error: &hyper::Error) -> Fault {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    Fault::Broken(format!("{error}{source}"))
}
