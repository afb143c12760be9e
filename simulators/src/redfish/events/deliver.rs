//! Events on their way to a destination: in order, again where that fails, until the policy has enough (DSP0266 §12.1).

use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Uri,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Events, Happening, Retry, Target, payload};
use crate::{
    bmc::Bmc,
    recording::{Trust, connector},
    redfish::{answer::json as text_of, tls::Certificate},
};

/// How many events are with their destinations at this moment, of all BMCs of this process.
static ON_THEIR_WAY: AtomicUsize = AtomicUsize::new(0);

/// How many events were sent to their destinations and are not answered yet, by all BMCs of this process. A clock that is held should not
/// go on meanwhile: a network takes none of its time.
pub fn events_on_their_way() -> usize {
    ON_THEIR_WAY.load(Ordering::Relaxed)
}

/// An event on its way, for as long as this lives.
struct OnItsWay;

impl OnItsWay {
    fn begin() -> Self {
        ON_THEIR_WAY.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        ON_THEIR_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a destination may take for its answer, in seconds of the machine's.
const PATIENCE: u32 = 10;

/// How often and when it is tried again, as written to the event service.
struct Retries {
    attempts: u64,
    interval: Duration,
    is_enabled: bool,
}

/// Delivers one event after the other for as long as there is a subscription.
pub(super) async fn deliver(
    bmc: Bmc,
    events: Weak<Events>,
    id: String,
    mut feed: mpsc::Receiver<Arc<Happening>>,
) {
    while let Some(happening) = feed.recv().await {
        let mut failed = 0;
        loop {
            let retries = retries(&bmc);
            if !bmc.is_up() || !retries.is_enabled {
                break;
            }
            let target =
                events.upgrade().and_then(|it| it.with(&id, |it| (!it.sleeps).then(|| it.target.clone())));
            let Some(target) = target else { return };
            let Some(target) = target else { break };
            let second = bmc.with(|firmware, _| firmware.second());
            let body = text_of(&payload(&happening, &target.context));
            let on_its_way = OnItsWay::begin();
            let answered = timeout(second * PATIENCE, post(&target, body.into())).await;
            drop(on_its_way);
            if let Ok(Ok(true)) = answered {
                break;
            }
            failed += 1;
            if failed > retries.attempts && target.retry != Retry::Forever {
                let Some(events) = events.upgrade() else { return };
                if target.retry == Retry::Terminate {
                    events.end(&id);
                    return;
                }
                events.with(&id, |it| it.sleeps = true);
                break;
            }
            sleep(retries.interval).await;
        }
    }
}

/// What the event service says now.
fn retries(bmc: &Bmc) -> Retries {
    let (tree, second) = bmc.with(|firmware, _| (firmware.tree().clone(), firmware.second()));
    let mut said = json!({});
    if let Some(service) = tree.first("EventService") {
        for name in ["DeliveryRetryAttempts", "DeliveryRetryIntervalSeconds", "ServiceEnabled"] {
            said[name] = service.template()[name].clone();
        }
        bmc.written().put_into(&service.path, &mut said);
    }
    let interval = said["DeliveryRetryIntervalSeconds"].as_u64().unwrap_or(5).clamp(1, 3_600);
    Retries {
        attempts: said["DeliveryRetryAttempts"].as_u64().unwrap_or(3),
        interval: second * interval as u32,
        is_enabled: said["ServiceEnabled"] != json!(false),
    }
}

/// Sends it; whether the destination took it.
async fn post(target: &Target, body: Bytes) -> io::Result<bool> {
    let uri: Uri = target.destination.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    if !is_secure {
        return say(stream, target, &uri, body).await;
    }
    let trust = match target.verifies {
        true => Trust::Authorities(Certificate::authority("localhost").ca_pem().to_owned()),
        false => Trust::Anyone,
    };
    let tls = connector(&trust).map_err(|_| io::ErrorKind::InvalidInput)?;
    let name = ServerName::try_from(host).map_err(|_| io::ErrorKind::InvalidInput)?;
    say(tls.connect(name, stream).await?, target, &uri, body).await
}

async fn say<S>(stream: S, target: &Target, uri: &Uri, body: Bytes) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let authority = uri.authority().map_or("", |it| it.as_str());
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let mut request = Request::post(path)
        .header(HOST, authority)
        .header(USER_AGENT, "halmark-sim")
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header("OData-Version", "4.0");
    for (name, value) in &target.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body)).map_err(io::Error::other)?;
    let (mut sender, wire) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let is_taken = answer.status().is_success();
        let _ = answer.into_body().collect().await;
        Ok::<_, hyper::Error>(is_taken)
    };
    tokio::pin!(wire, exchange);
    loop {
        tokio::select! {
            biased;
            done = &mut exchange => return done.map_err(io::Error::other),
            ended = &mut wire => ended.map_err(io::Error::other)?,
        }
    }
}
