//! One request on its way: read, ruled on, handled, written down, and answered.

use std::{
    borrow::Cow,
    convert::Infallible,
    future::pending,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint},
    header::{self, HeaderName, HeaderValue},
    http::request::Parts,
};
use tokio::time::{Instant, sleep};

use super::{
    Shared,
    answer::{Answer, Asked, Body, json},
    events::{self, EventStream, Streaming},
    exchange::Record,
    handle::{Request, handle},
    messages::refuse,
    observer::{self, Observed},
    wire::Wires,
};
use crate::{
    bmc::lock,
    intake::{self, Taken},
    rules::{HttpAction, Phase, corrupt},
};

/// The largest body that is read.
const LARGEST: usize = 1 << 20;

/// Where a client is; it goes along with requests that begin something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// No answer: the connection ends.
#[derive(Debug)]
pub(super) struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer is given")
    }
}

impl std::error::Error for NoAnswer {}

/// Answers a request, or does what a rule says in place of that.
pub(super) async fn respond(
    shared: Arc<Shared>,
    wires: Wires,
    request: hyper::Request<Incoming>,
) -> Result<Response<Payload>, NoAnswer> {
    wires.pass();
    let is_stale = is_stale(&shared, wires.idle());
    let (parts, body) = request.into_parts();
    let (body, too_large) = match intake::take(body, LARGEST).await {
        Taken::Whole(body) => (body, false),
        Taken::TooLarge => (Bytes::new(), true),
        Taken::Broken => return Err(NoAnswer),
    };
    let begun = Instant::now();
    let actions = shared.ruled(parts.method.as_str(), parts.uri.path());
    let mut struck = delayed(&actions).await;
    let mut outcome = match actions.iter().find(|it| it.phase() == Phase::Instead) {
        _ if is_stale => Err(Silence::Reset),
        Some(action) => {
            struck.push(action.to_string());
            instead(action)
        }
        None if too_large => {
            Ok(Reply::of(refuse(413, "PayloadTooLarge", &[]).with_header("Connection", "close")))
        }
        None => Ok(Reply::of(handled(&shared, &parts, &body))),
    };
    for action in actions.iter().filter(|it| it.phase() == Phase::After) {
        let Ok(reply) = &mut outcome else { break };
        match alter(action, reply, &wires) {
            Ok(true) => struck.push(action.to_string()),
            Ok(false) => {}
            Err(silence) => {
                struck.push(action.to_string());
                outcome = Err(silence);
            }
        }
    }
    let injected = (!struck.is_empty()).then(|| struck.join(" + "));
    observe(&shared, &parts, &outcome, begun);
    write_down(&shared, parts, body, &outcome, injected);
    match outcome {
        Ok(reply) => Ok(reply.into_response()),
        Err(Silence::Reset) => {
            wires.reset();
            Err(NoAnswer)
        }
        Err(Silence::Forever) => pending().await,
    }
}

/// Whether the connection was idle for longer than this BMC keeps one.
fn is_stale(shared: &Shared, idle: Duration) -> bool {
    const SHORT: Duration = Duration::from_millis(10);
    idle > SHORT && shared.bmc.patience().is_some_and(|patience| idle > patience)
}

fn handled(shared: &Shared, parts: &Parts, body: &Bytes) -> Answer {
    let scheme = if shared.certificates.is_secure() { "https" } else { "http" };
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scene = shared.scene(parts.extensions.get::<Peer>().map(|peer| peer.0));
    let request = Request {
        asked: Asked {
            method: parts.method.as_str(),
            path: &unescaped(parts.uri.path()),
            origin: &format!("{scheme}://{host}"),
            headers: &parts.headers,
            body,
            facts: scene.look.facts,
            memory: shared.bmc.memory(),
        },
        query: parts.uri.query(),
    };
    if !shared.events.are_wanted() {
        return handle(&scene, &request);
    }
    let before = shared.bmc.control().event_count();
    let answer = handle(&scene, &request);
    events::notice(&shared.events, &scene, &request.asked, &answer, before);
    answer
}

/// The path with its letters, digits and dashes as they are (RFC 3986 §6.2.2.2); what else is escaped stays so.
fn unescaped(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return path.into();
    }
    let mut pieces = path.split('%');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let byte = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|it| it.is_ascii_alphanumeric() || b"-._~$".contains(it)) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&piece[2..]);
            }
            None => {
                plain.push('%');
                plain.push_str(piece);
            }
        }
    }
    plain.into()
}

/// Waits for as long as all delays together, and says which they are.
async fn delayed(actions: &[HttpAction]) -> Vec<String> {
    let delay = |action: &HttpAction| if let HttpAction::Delay(by) = action { Some(*by) } else { None };
    let whole: Duration = actions.iter().filter_map(delay).sum();
    if !whole.is_zero() {
        sleep(whole).await;
    }
    actions.iter().filter(|it| delay(it).is_some()).map(ToString::to_string).collect()
}

/// Why no answer is sent.
enum Silence {
    Reset,
    Forever,
}

/// What comes in place of the handler's answer, where the handler does not run.
fn instead(action: &HttpAction) -> Result<Reply, Silence> {
    match action {
        HttpAction::Hang => Err(Silence::Forever),
        HttpAction::Respond { status, headers, body } => {
            let mut reply =
                Reply::text(*status, "application/json; charset=utf-8", body.clone().unwrap_or_default());
            headers.iter().for_each(|(name, value)| reply.set(name, value));
            Ok(reply)
        }
        HttpAction::HtmlPage => Ok(Reply::text(
            200,
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html><head><title>BMC login</title></head><body><form></form></body></html>\n"
                .into(),
        )),
        HttpAction::DeepJson { depth } => {
            let text = format!("{}{}{}", "{\"a\":".repeat(*depth), "null", "}".repeat(*depth));
            Ok(Reply::text(200, "application/json; charset=utf-8", text))
        }
        HttpAction::HugeBody { bytes } => {
            let mut reply = Reply::text(200, "application/json; charset=utf-8", String::new());
            reply.body = Payload::Huge { opens: true, left: (*bytes).max(HUGE_BEGIN.len() + HUGE_END.len()) };
            Ok(reply)
        }
        _ => Err(Silence::Reset),
    }
}

/// What becomes of an answer; false where there is nothing in it that could be altered so.
fn alter(action: &HttpAction, reply: &mut Reply, wires: &Wires) -> Result<bool, Silence> {
    match action {
        HttpAction::ResetAfter => return Err(Silence::Reset),
        HttpAction::HangAfter => return Err(Silence::Forever),
        HttpAction::Drip { bytes_every: (bytes, every) } => wires.drip(*bytes, *every),
        HttpAction::CutBody { after } => wires.cut(*after),
        HttpAction::TruncatedJson => {
            let whole = reply.bytes();
            reply.body = Payload::Whole(Full::new(whole.slice(..whole.len() / 2)));
        }
        HttpAction::EmptyBody => reply.body = Payload::Whole(Full::default()),
        HttpAction::WrongContentType => reply.set("content-type", "application/octet-stream"),
        HttpAction::StripHeader(name) => {
            reply.headers.remove(name.to_ascii_lowercase());
        }
        HttpAction::Field { at, becomes } => {
            let Some(spoilt) = corrupt(&reply.bytes(), at, *becomes) else { return Ok(false) };
            reply.body = Payload::Whole(Full::new(spoilt.into()));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Tells whoever watches.
fn observe(shared: &Shared, parts: &Parts, outcome: &Result<Reply, Silence>, begun: Instant) {
    if let Some(observer) = &shared.observer {
        let status = outcome.as_ref().map_or(0, |reply| reply.status);
        // The name of a resource that there is holds no secret.
        let is_known = status < 400 && status != 0 && parts.uri.query().is_none();
        let secrets = if is_known { Arc::default() } else { shared.secrets() };
        let path = observer::shown(parts.uri.path_and_query().map_or("/", |it| it.as_str()));
        observer.tell(&Observed {
            at: shared.addr,
            method: &secrets.hide(parts.method.as_str()),
            path: secrets.hide_in_path(&path),
            status,
            took: begun.elapsed(),
        });
    }
}

fn write_down(
    shared: &Shared,
    parts: Parts,
    request_body: Bytes,
    outcome: &Result<Reply, Silence>,
    injected: Option<String>,
) {
    let (status, response_headers, response_body) = match outcome {
        Ok(reply) => (reply.status, reply.headers.clone(), reply.bytes()),
        Err(_) => (0, HeaderMap::new(), Bytes::new()),
    };
    let mut records = lock(&shared.records);
    if !records.keeps_any() {
        return records.count();
    }
    records.push(Record {
        at: shared.bmc.now(),
        method: parts.method,
        uri: parts.uri,
        request_headers: parts.headers,
        request_body,
        status,
        response_headers,
        response_body,
        injected,
    });
}

/// An answer as it goes out.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Payload,
}

impl Reply {
    fn of(answer: Answer) -> Self {
        const JSON: &str = "application/json; charset=utf-8";
        let (kind, text) = match answer.body {
            Body::Empty => (None, Vec::new()),
            Body::Json(document) => (Some(JSON), json(&document)),
            Body::JsonText(text) => (Some(JSON), text),
            Body::JsonAsText(document) => (Some("text/plain; charset=utf-8"), json(&document)),
            Body::Other { content_type, text } => (Some(content_type), text.into_bytes()),
            Body::Stream(stream) => return Self::stream(answer.status, &stream),
        };
        let mut reply = Self::bare(answer.status, Bytes::from(text));
        if let Some(kind) = kind {
            reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        answer.headers.iter().for_each(|(name, value)| reply.set(name, value));
        reply
    }

    fn text(status: u16, kind: &'static str, text: String) -> Self {
        let mut reply = Self::bare(status, Bytes::from(text));
        reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        reply
    }

    fn stream(status: u16, stream: &Streaming) -> Self {
        let mut reply = Self::text(status, "text/event-stream", String::new());
        if let Some(stream) = stream.take() {
            reply.body = Payload::Stream(Box::new(stream));
        }
        reply
    }

    /// With the headers that every answer has (DSP0266 §8.2).
    fn bare(status: u16, body: Bytes) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(HeaderName::from_static("odata-version"), HeaderValue::from_static("4.0"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Self { status, headers, body: Payload::Whole(Full::new(body)) }
    }

    /// Sets a header; what HTTP cannot carry is left out.
    fn set(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            self.headers.insert(name, value);
        }
    }

    /// The body; of a huge one nothing is kept.
    fn bytes(&self) -> Bytes {
        match &self.body {
            Payload::Whole(body) => body.clone().into_inner().unwrap_or_default(),
            Payload::Huge { .. } | Payload::Stream(_) => Bytes::new(),
        }
    }

    fn into_response(self) -> Response<Payload> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        response
    }
}

const HUGE_BEGIN: &[u8] = br#"{"PowerState":"On","Padding":""#;
const HUGE_END: &[u8] = br#""}"#;

/// A body on its way out.
pub(super) enum Payload {
    /// In one piece.
    Whole(Full<Bytes>),
    /// Events, for as long as somebody listens.
    Stream(Box<EventStream>),
    /// A system that is on, with a property that does not end for so many bytes: JSON that a client without a limit takes.
    Huge {
        /// Whether its beginning is still to come.
        opens: bool,
        /// How many bytes are still to come.
        left: usize,
    },
}

impl HttpBody for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 1 << 16] = [b'x'; 1 << 16];
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Stream(stream) => stream.poll_lines(cx).map(|lines| lines.map(|it| Ok(Frame::data(it)))),
            Self::Huge { left: 0, .. } => Poll::Ready(None),
            Self::Huge { opens, left } => {
                let chunk: &'static [u8] = match left.saturating_sub(HUGE_END.len()) {
                    _ if std::mem::take(opens) => HUGE_BEGIN,
                    0 => &HUGE_END[HUGE_END.len().saturating_sub(*left)..],
                    padding => &CHUNK[..padding.min(CHUNK.len())],
                };
                *left = left.saturating_sub(chunk.len());
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(chunk)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Stream(_) => false,
            Self::Huge { left, .. } => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(_) => SizeHint::default(),
            Self::Huge { left, .. } => SizeHint::with_exact(*left as u64),
        }
    }
}
