//! Events (DSP0266 §12): who has subscribed, and what is sent to them, over a connection of the BMC's own or as a stream.
//!
//! The subscriptions outlive a reset of the BMC; what happens while it is down is not told.

mod deliver;
mod happening;
mod notice;
mod stream;

pub use deliver::events_on_their_way;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::mpsc, task::AbortHandle};

pub(crate) use happening::{Happening, VERSION};
pub(super) use notice::notice;
pub(super) use stream::EventStream;
pub(crate) use stream::{Streaming, open};

use super::query::Filter;
use crate::bmc::{Bmc, lock};

/// How many subscriptions there may be, streams included.
pub(crate) const LIMIT: usize = 20;
/// How many events wait for a destination that is slow; the next ones are lost.
const WAITING: usize = 128;

/// What becomes of a subscription whose events cannot be delivered (DSP0268 EventDestination.DeliveryRetryPolicy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It ends.
    Terminate,
    /// It sleeps until somebody changes it.
    Suspend,
    /// It goes on.
    Forever,
}

impl Retry {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::Terminate, Self::Suspend, Self::Forever];

    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Terminate => "TerminateAfterRetries",
            Self::Suspend => "SuspendRetries",
            Self::Forever => "RetryForever",
        }
    }
}

/// Which events somebody wants; an empty list leaves out none.
#[derive(Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) registries: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) messages: Vec<String>,
    pub(crate) origins: Vec<String>,
    /// What a stream asked for.
    pub(crate) filter: Option<Filter>,
}

/// Where events go, and how. It never prints: the headers are secrets.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) destination: String,
    pub(crate) context: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) retry: Retry,
    pub(crate) verifies: bool,
}

/// Somebody who wants to know.
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) target: Target,
    pub(crate) wishes: Wishes,
    pub(crate) is_stream: bool,
    pub(crate) sleeps: bool,
    feed: mpsc::Sender<Arc<Happening>>,
    courier: Option<AbortHandle>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.courier.iter().for_each(AbortHandle::abort);
    }
}

/// The subscriptions of one service.
#[derive(Default)]
pub(crate) struct Events(Mutex<Book>);

#[derive(Default)]
struct Book {
    all: Vec<Subscription>,
    made: u32,
    told: u64,
    watcher: Option<AbortHandle>,
    timers: Vec<AbortHandle>,
}

impl Events {
    /// Whether anybody wants to know anything.
    pub(super) fn are_wanted(&self) -> bool {
        !lock(&self.0).all.is_empty()
    }

    /// The ids of all subscriptions.
    pub(crate) fn ids(&self) -> Vec<String> {
        lock(&self.0).all.iter().map(|it| it.id.clone()).collect()
    }

    /// Looks at one of them, or changes it.
    pub(crate) fn with<T>(&self, id: &str, look: impl FnOnce(&mut Subscription) -> T) -> Option<T> {
        lock(&self.0).all.iter_mut().find(|it| it.id == id).map(look)
    }

    /// What the headers of the subscriptions say; short values are no secrets.
    pub(super) fn secrets(&self) -> Vec<String> {
        let book = lock(&self.0);
        let values = book.all.iter().flat_map(|it| &it.target.headers).map(|(_, value)| value.clone());
        values.filter(|value| value.len() >= 8).collect()
    }

    /// Ends one; false where there is none.
    pub(crate) fn end(&self, id: &str) -> bool {
        let mut book = lock(&self.0);
        let count = book.all.len();
        book.all.retain(|it| it.id != id);
        let has_ended = book.all.len() < count;
        if book.all.is_empty() {
            book.rest();
        }
        has_ended
    }

    /// Ends the streams: nobody hears from a service that is disabled (DSP0268 EventService.ServiceEnabled).
    pub(crate) fn end_streams(&self) {
        let mut book = lock(&self.0);
        book.all.retain(|it| !it.is_stream);
        if book.all.is_empty() {
            book.rest();
        }
    }

    /// Ends all of them.
    pub(super) fn stop(&self) {
        let mut book = lock(&self.0);
        book.all.clear();
        book.rest();
    }

    /// A subscription whose events are sent to their destination; its id. `None` where there are too many.
    pub(crate) fn subscribe(self: &Arc<Self>, bmc: &Bmc, target: Target, wishes: Wishes) -> Option<String> {
        let (id, feed) = self.begin(bmc, target, wishes, false)?;
        let courier = deliver::deliver(bmc.clone(), Arc::downgrade(self), id.clone(), feed);
        let courier = tokio::spawn(courier).abort_handle();
        self.with(&id, |it| it.courier = Some(courier));
        Some(id)
    }

    /// A stream, and the subscription that lasts as long as it does.
    fn stream(self: &Arc<Self>, bmc: &Bmc, target: Target, wishes: Wishes) -> Option<EventStream> {
        let context = target.context.clone();
        let (id, feed) = self.begin(bmc, target, wishes, true)?;
        Some(EventStream::new(Arc::downgrade(self), id, context, feed))
    }

    fn begin(
        self: &Arc<Self>,
        bmc: &Bmc,
        target: Target,
        wishes: Wishes,
        is_stream: bool,
    ) -> Option<(String, mpsc::Receiver<Arc<Happening>>)> {
        let seen = bmc.control().event_count();
        let mut book = lock(&self.0);
        if book.all.len() >= LIMIT {
            return None;
        }
        book.made += 1;
        let (sender, receiver) = mpsc::channel(WAITING);
        let id = book.made.to_string();
        book.all.push(Subscription {
            id: id.clone(),
            target,
            wishes,
            is_stream,
            sleeps: false,
            feed: sender,
            courier: None,
        });
        if book.watcher.is_none() {
            let watch = notice::watch(bmc.clone(), Arc::downgrade(self), seen);
            book.watcher = Some(tokio::spawn(watch).abort_handle());
        }
        Some((id, receiver))
    }

    /// Tells everybody who wants to know.
    pub(crate) fn tell(&self, happening: Happening) {
        let mut book = lock(&self.0);
        book.told += 1;
        let happening = Arc::new(happening.numbered(book.told));
        for one in book.all.iter().filter(|it| !it.sleeps && happening.is_wished(&it.wishes)) {
            let _ = one.feed.try_send(happening.clone());
        }
    }

    /// Tells it later, unless nobody is left then.
    fn tell_after(self: &Arc<Self>, time: Duration, happening: impl FnOnce() -> Happening + Send + 'static) {
        let events = Arc::downgrade(self);
        let timer = tokio::spawn(async move {
            tokio::time::sleep(time).await;
            if let Some(events) = events.upgrade() {
                events.tell(happening());
            }
        });
        let mut book = lock(&self.0);
        book.timers.retain(|it| !it.is_finished());
        book.timers.push(timer.abort_handle());
    }
}

impl Book {
    /// Nobody is left who wants to know.
    fn rest(&mut self) {
        self.watcher.take().into_iter().chain(self.timers.drain(..)).for_each(|it| it.abort());
    }
}

/// What one subscriber gets: DSP0268 Event.
fn payload(happening: &Happening, context: &str) -> Value {
    let mut event = json!({
        "@odata.type": format!("#Event.{}.Event", VERSION),
        "Id": happening.number.to_string(),
        "Name": "Event Array",
        "Events": [happening.record],
    });
    if !context.is_empty() {
        event["Context"] = json!(context);
    }
    event
}
