//! HTTP/1.1 over one connection, close enough to the wire to know whether a request was sent.
//!
//! hyper's `conn::http1` and not a client library above it, because the contract needs three things that those hide: a
//! request that was never written must be told from one whose answer was lost (only the former may be sent again if it
//! changes the machine); a body must be capped as it arrives; and a certificate must be judged by hand. The connection
//! is polled by whoever waits for an answer, so that dropping an operation drops its connection with it.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, IF_MATCH, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::tls;
use crate::endpoint::Endpoint;

/// How long a connection may take to be made, TLS included, before it is tried anew.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an idle connection is still good for a change; the shortest life that is known is an iLO's 5 s.
const KEPT_FOR_CHANGES: Duration = Duration::from_secs(3);

/// What a request does to the machine, and so whether it may be sent again after its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Reads, or changes nothing but the session.
    Harmless,
    /// Can change the machine.
    Changes,
}

/// A request, without what authenticates it.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Bytes>,
    pub(super) if_match: Option<String>,
    pub(super) effect: Effect,
    /// Whether it goes where it is redirected to.
    pub(super) is_led: bool,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
            if_match: None,
            effect: Effect::Harmless,
            is_led: true,
        }
    }

    pub(super) fn post(path: impl Into<String>, body: &serde_json::Value) -> Self {
        let body = Some(Bytes::from(body.to_string()));
        Self { method: Method::POST, body, effect: Effect::Changes, ..Self::get(path) }
    }

    pub(super) fn patch(path: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { method: Method::PATCH, ..Self::post(path, body) }
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, ..Self::get(path) }
    }

    pub(super) fn harmless(self) -> Self {
        Self { effect: Effect::Harmless, ..self }
    }

    /// The same, for whoever wants to see a redirection and not what is behind it.
    pub(super) fn unled(self) -> Self {
        Self { is_led: false, ..self }
    }

    /// The request on the wire; `None` when a part of it cannot be written in HTTP.
    fn request(
        &self,
        authority: &str,
        auth: Option<(HeaderName, HeaderValue)>,
    ) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(&self.path)
            .header(HOST, authority)
            .header(USER_AGENT, concat!("halmark/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json")
            .header("OData-Version", "4.0");
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(etag) = &self.if_match {
            request = request.header(IF_MATCH, etag);
        }
        if let Some((name, value)) = auth {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body.clone().unwrap_or_default())).ok()
    }
}

/// An answer: its head, and as much of its body as could be had.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|v| !v.is_empty())
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A body as it came.
#[derive(Debug)]
pub(super) enum Body {
    /// All of it.
    Whole(Bytes),
    /// It ended early, after this many bytes.
    Truncated(usize),
    /// It is larger than the cap.
    TooLarge(usize),
}

impl Body {
    /// Its bytes; none where it is not whole.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            _ => &[],
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// The request was not sent.
    NotSent(String),
    /// It was sent, wholly or in part, and its answer did not come.
    Lost(String),
    /// It was sent, and what came is not HTTP.
    NotHttp(String),
    /// The certificate does not verify. Nothing was sent.
    Untrusted(String),
    /// The request cannot be put into HTTP: the path is none. Nothing was sent.
    Unsayable,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Wire = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// A connection that is kept from one request to the next.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    wire: Pin<Box<Wire>>,
    open: bool,
    /// Whether a request was answered on it before.
    pub(super) reused: bool,
    /// When it was last answered on.
    answered: Instant,
}

impl Connection {
    /// Whether a change is not to be sent on it: a BMC may have given it up, as an iLO does after 5 s (quirk S4), and of a request
    /// that is met by that nobody knows whether it was carried out. A read may be asked again.
    pub(super) fn may_be_gone(&self, effect: Effect) -> bool {
        effect == Effect::Changes && self.answered.elapsed() >= KEPT_FOR_CHANGES
    }

    /// Connects, and shakes hands where there is TLS.
    pub(super) async fn open(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> Result<Self, Broken> {
        if endpoint.seams.waits_for_handshake {
            return Self::open_unbounded(endpoint, tls).await;
        }
        let limit = CONNECT.as_secs();
        timeout(CONNECT, Self::open_unbounded(endpoint, tls))
            .await
            .unwrap_or_else(|_| Err(Broken::NotSent(format!("no connection within {limit} s"))))
    }

    async fn open_unbounded(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> Result<Self, Broken> {
        let not_sent = |e: std::io::Error| Broken::NotSent(e.to_string());
        let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.map_err(not_sent)?;
        tcp.set_nodelay(true).map_err(not_sent)?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = ServerName::try_from(endpoint.host.clone())
                    .map_err(|e| Broken::NotSent(e.to_string()))?;
                Box::new(tls.connect(name, tcp).await.map_err(|e| match tls::blames_certificate(&e) {
                    Some(certificate) => Broken::Untrusted(tls::untrusted(certificate)),
                    None => not_sent(e),
                })?)
            }
        };
        let (sender, wire) = http1::Builder::new()
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|e| Broken::NotSent(e.to_string()))?;
        Ok(Self { sender, wire: Box::pin(wire), open: true, reused: false, answered: Instant::now() })
    }

    /// Whether it was still open after the last answer.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether another request can be sent: the peer has not closed it, as far as can be seen now.
    pub(super) async fn is_ready(&mut self) -> bool {
        // Lets the runtime look at its sockets, so that a close that has arrived is seen before a request is risked on it.
        tokio::task::yield_now().await;
        let ready = drive(&mut self.wire, &mut self.open, self.sender.ready()).await;
        self.open && ready.is_ok()
    }

    /// Sends a request and reads its answer. `sent` turns true when the request may be on the wire.
    pub(super) async fn exchange(
        &mut self,
        ask: &Ask,
        authority: &str,
        auth: Option<(HeaderName, HeaderValue)>,
        cap: usize,
        sent: &mut bool,
    ) -> Result<Reply, Broken> {
        let request = ask.request(authority, auth).ok_or(Broken::Unsayable)?;
        *sent = true;
        let answered = self.sender.try_send_request(request);
        let response = drive(&mut self.wire, &mut self.open, answered).await.map_err(|mut failed| {
            let reason = reason(failed.error());
            match failed.take_message() {
                Some(_) => {
                    *sent = false;
                    Broken::NotSent(reason)
                }
                None if failed.error().is_parse() => Broken::NotHttp(reason),
                None => Broken::Lost(reason),
            }
        })?;
        let (head, body) = response.into_parts();
        let body = drive(&mut self.wire, &mut self.open, collect(body, cap)).await;
        self.reused = true;
        self.answered = Instant::now();
        self.open &= matches!(body, Body::Whole(_));
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// Runs `work` while the connection under it is polled.
async fn drive<F: Future>(wire: &mut Pin<Box<Wire>>, open: &mut bool, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        if *open && wire.as_mut().poll(context).is_ready() {
            *open = false;
        }
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn collect(mut body: Incoming, cap: usize) -> Body {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Body::Truncated(whole.len()) };
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > cap {
            return Body::TooLarge(cap);
        }
        whole.extend_from_slice(&data);
    }
    Body::Whole(whole.into())
}

/// hyper's error with what is behind it.
fn reason(error: &hyper::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
