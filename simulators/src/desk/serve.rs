//! The desk's connections: HTTP/1.1, who may come, and bodies of a bearable size.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{
    Shared,
    route::{self, Asked, Said, refuse},
};
use crate::intake::{self, Taken};

/// The largest body that is read.
const LARGEST: usize = 4 << 20;

/// Accepts connections; they end with it.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(speak(shared.clone(), stream));
                }
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
        }
    }
}

async fn speak(shared: Arc<Shared>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(shared.clone(), request));
    let mut http = http1::Builder::new();
    http.auto_date_header(false).header_read_timeout(None).half_close(false);
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    if !may(&shared, parts.headers.get(header::AUTHORIZATION)) {
        let mut said = written(refuse(401, "nobody with this token", "Authorization: Bearer with the token"));
        said.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Ok(said);
    }
    let body = match intake::take(body, LARGEST).await {
        Taken::Whole(body) => body,
        Taken::TooLarge => {
            let mut said = written(refuse(413, "the body is too large", format!("at most {LARGEST} bytes")));
            said.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return Ok(said);
        }
        Taken::Broken => return Ok(written(refuse(400, "the body ends too early", "the whole body"))),
    };
    let body = match body {
        empty if empty.is_empty() => Value::Null,
        bytes => match serde_json::from_slice(&bytes) {
            Ok(document) => document,
            Err(problem) => {
                return Ok(written(refuse(400, format!("the body is no JSON: {problem}"), "JSON")));
            }
        },
    };
    let asked = Asked {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        body,
    };
    Ok(written(route::answer(&shared, asked).await))
}

fn may(shared: &Shared, given: Option<&HeaderValue>) -> bool {
    let Some(token) = &shared.token else { return true };
    let given = given.and_then(|it| it.to_str().ok()).and_then(|it| it.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && is_same(given.trim().as_bytes(), token.as_bytes())
    })
}

/// Compares in a time that does not depend on where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn written(said: Said) -> Response<Full<Bytes>> {
    let text = match &said.document {
        Value::Null => String::new(),
        document => format!("{document}\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(said.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !said.document.is_null() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(allow) = said.allow.and_then(|it| HeaderValue::from_str(&it).ok()) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
