//! Server-sent events (DSP0266 §12.5; HTML Living Standard §9.2): a subscription for as long as somebody listens.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep},
};

use super::{Events, Happening, Retry, Target, Wishes, payload};
use crate::{
    bmc::lock,
    redfish::{
        answer::{Answer, Body},
        handle::Scene,
        live,
        messages::refuse,
        query::{decoded, parse_filter},
    },
};

/// A line that says nothing comes so often, so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// What can be filtered by.
const OFFERED: [&str; 4] = ["RegistryPrefix", "ResourceType", "MessageId", "OriginResource"];

/// The body of a stream. The subscription ends with it.
pub(in crate::redfish) struct EventStream {
    events: Weak<Events>,
    id: String,
    context: String,
    feed: mpsc::Receiver<Arc<Happening>>,
    pause: Pin<Box<Sleep>>,
    has_begun: bool,
}

impl EventStream {
    pub(super) fn new(
        events: Weak<Events>,
        id: String,
        context: String,
        feed: mpsc::Receiver<Arc<Happening>>,
    ) -> Self {
        Self { events, id, context, feed, pause: Box::pin(sleep(HEARTBEAT)), has_begun: false }
    }

    /// The next lines; `None` when the subscription has ended.
    pub(in crate::redfish) fn poll_lines(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return Poll::Ready(Some(Bytes::from_static(b": subscribed\n\n")));
        }
        if let Poll::Ready(next) = self.feed.poll_recv(cx) {
            self.pause.as_mut().reset(Instant::now() + HEARTBEAT);
            return Poll::Ready(next.map(|it| self.lines(&it)));
        }
        if self.pause.as_mut().poll(cx).is_ready() {
            self.pause.as_mut().reset(Instant::now() + HEARTBEAT);
            return Poll::Ready(Some(Bytes::from_static(b": still here\n\n")));
        }
        Poll::Pending
    }

    fn lines(&self, happening: &Happening) -> Bytes {
        format!("id: {}\ndata: {}\n\n", happening.number, payload(happening, &self.context)).into()
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.events.upgrade().into_iter().for_each(|events| {
            events.end(&self.id);
        });
    }
}

/// A stream on its way into an answer's body.
#[derive(Clone)]
pub(crate) struct Streaming(Arc<Mutex<Option<EventStream>>>);

impl Streaming {
    /// The stream, once.
    pub(in crate::redfish) fn take(&self) -> Option<EventStream> {
        lock(&self.0).take()
    }
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
}

/// Opens a stream, with the filter of this query.
pub(crate) fn open(scene: &Scene<'_>, query: Option<&str>) -> Answer {
    if let Some(refusal) = live::disabled(scene, "EventService") {
        return refusal;
    }
    let mut wishes = Wishes::default();
    for one in query.unwrap_or_default().split('&').filter(|it| !it.is_empty()) {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        let (name, value) = (decoded(name).unwrap_or_default(), decoded(value).unwrap_or_default());
        match name.as_str() {
            "$filter" => match parse_filter(&value).filter(|it| it.asks_only_for(&OFFERED)) {
                Some(filter) => wishes.filter = Some(filter),
                None => return refuse(400, "QueryParameterValueFormatError", &[&value, "$filter"]),
            },
            _ if name.starts_with('$') => return refuse(501, "QueryNotSupported", &[]),
            _ => {}
        }
    }
    let target = Target {
        destination: scene.from.map_or_else(String::new, |it| it.to_string()),
        context: String::new(),
        headers: Vec::new(),
        retry: Retry::Terminate,
        verifies: false,
    };
    match scene.events.stream(scene.bmc, target, wishes) {
        Some(stream) => Answer {
            status: 200,
            headers: Vec::new(),
            body: Body::Stream(Streaming(Arc::new(Mutex::new(Some(stream))))),
        },
        None => refuse(503, "EventSubscriptionLimitExceeded", &[]),
    }
}
