//! One stream with the control plane, from dialling to its end: what is heard, what is said, and whether anybody is still there.

use std::{pin::Pin, time::Duration};

use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::{Desk, Dialling, Event, FAREWELL};
use crate::{
    pb::{self, control_plane_client::ControlPlaneClient},
    transport::{Address, Channel},
};

/// How long dialling may take, with TLS.
const DIAL: Duration = Duration::from_secs(10);
/// How long it may be quiet before we ask whether anybody is there.
const QUIET: Duration = Duration::from_secs(20);
/// How long the answer to that may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much may wait to be said before no more is heard.
const WAITING: usize = 8192;
/// How long the control plane has to take what was said last.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why there is no stream any more.
pub(super) enum Lost {
    /// It ended, or never began; why.
    Stream(String),
    /// We were told to end.
    Asked,
}

/// Dials, and attends to the stream until it is lost or we are told to end.
pub(super) async fn attend(
    desk: &mut Desk,
    dialling: &mut Dialling,
    mut end: Pin<&mut impl Future<Output = ()>>,
) -> Lost {
    let channel = tokio::select! {
        channel = dialled(&dialling.to) => channel,
        () = end.as_mut() => return Lost::Asked,
    };
    let mut stream = match channel {
        Ok(channel) => Stream::over(channel),
        Err(why) => return Lost::Stream(why),
    };
    desk.open();
    tokio::select! {
        why = stream.converse(desk, &mut dialling.tell) => return Lost::Stream(why),
        () = end => {}
    }
    desk.ending = true;
    let _ = tokio::time::timeout(FAREWELL, stream.until_done(desk)).await;
    desk.finish(Instant::now()).await;
    let _ = tokio::time::timeout(LAST_WORDS, stream.close(desk)).await;
    Lost::Asked
}

async fn dialled(to: &Address) -> Result<Channel, String> {
    match tokio::time::timeout(DIAL, Channel::open(to)).await {
        Ok(opened) => opened.map_err(|e| e.to_string()),
        Err(_) => Err(format!("no answer for {} s", DIAL.as_secs())),
    }
}

struct Stream {
    out: mpsc::Sender<pb::DialRequest>,
    incoming: Incoming,
    vigil: Vigil,
}

impl Stream {
    fn over(channel: Channel) -> Self {
        let (out, outgoing) = mpsc::channel(16);
        let origin = hyper::Uri::from_static("http://halmark");
        let mut stub = ControlPlaneClient::with_origin(channel, origin);
        let opening = async move { stub.dial(ReceiverStream::new(outgoing)).await };
        Self { out, incoming: Incoming::Opening(Box::pin(opening)), vigil: Vigil::new() }
    }

    /// Hears and says until the stream is lost; why.
    async fn converse(&mut self, desk: &mut Desk, tell: &mut (dyn FnMut(Event) + Send)) -> String {
        loop {
            match self.turn(desk).await {
                Ok(Turn::First) => tell(Event::Connected),
                Ok(Turn::Other) => {}
                Err(why) => return why,
            }
        }
    }

    /// Goes on until nothing is under way and everything is said.
    async fn until_done(&mut self, desk: &mut Desk) {
        while !(desk.calls.is_empty() && desk.queue.is_empty()) {
            if self.turn(desk).await.is_err() {
                return;
            }
        }
    }

    /// Says what is left, ends our side, and waits until the control plane ends its own.
    async fn close(mut self, desk: &mut Desk) {
        while let Some(saying) = desk.next() {
            if self.out.send(saying).await.is_err() {
                return;
            }
        }
        drop(self.out);
        while let Ok(Some(_)) = self.incoming.next().await {}
    }

    async fn turn(&mut self, desk: &mut Desk) -> Result<Turn, String> {
        let hears = desk.queue.len() < WAITING;
        let (says, calls) = (!desk.queue.is_empty(), !desk.calls.is_empty());
        tokio::select! {
            said = self.incoming.next(), if hears => match said {
                Ok(Some(said)) => {
                    let first = self.vigil.heard();
                    desk.hear(said);
                    Ok(if first { Turn::First } else { Turn::Other })
                }
                Ok(None) => Err("the control plane ended the stream".to_owned()),
                Err(status) => Err(told(&status, self.vigil.heard.is_some())),
            },
            () = desk.call_ends(), if calls => Ok(Turn::Other),
            room = self.out.reserve(), if says => {
                let room = room.map_err(|_| "the connection was lost".to_owned())?;
                if let Some(saying) = desk.next() {
                    room.send(saying);
                }
                Ok(Turn::Other)
            }
            () = self.vigil.passes() => match self.vigil.asks() {
                true => {
                    desk.say(pb::dial_request::Kind::Beat(pb::Beat { asks: true }));
                    Ok(Turn::Other)
                }
                false => Err(format!("nothing came for {} s", PATIENCE.as_secs())),
            },
        }
    }
}

/// What a turn of the stream was.
enum Turn {
    /// The first message came.
    First,
    /// Anything else.
    Other,
}

/// Why the stream ended. Over TLS 1.3 who calls learns only after its handshake that its certificate is none.
fn told(status: &Status, was_heard: bool) -> String {
    if std::error::Error::source(status).is_some() {
        return match was_heard {
            true => "the connection was lost".to_owned(),
            false => {
                "the connection was lost before anything came; over TLS, is our certificate known there?"
                    .to_owned()
            }
        };
    }
    let text: String =
        status.message().chars().map(|it| if it.is_control() { ' ' } else { it }).take(200).collect();
    format!("{:?}: {text}", status.code())
}

type Opening = dyn Future<Output = Result<Response<Streaming<pb::DialResponse>>, Status>> + Send;

/// What comes. Some servers send the head of their answer only with its first message, so that nothing may wait for it.
enum Incoming {
    Opening(Pin<Box<Opening>>),
    Open(Box<Streaming<pb::DialResponse>>),
}

impl Incoming {
    /// The next message; may be dropped and called again.
    async fn next(&mut self) -> Result<Option<pb::DialResponse>, Status> {
        loop {
            match self {
                Self::Opening(opening) => *self = Self::Open(Box::new(opening.as_mut().await?.into_inner())),
                Self::Open(open) => return open.message().await,
            }
        }
    }
}

/// Whether anybody is there: a connection whose other end is gone looks like one on which nothing is said.
struct Vigil {
    heard: Option<Instant>,
    asked: Option<Instant>,
}

impl Vigil {
    /// A stream begins with a question.
    fn new() -> Self {
        Self { heard: None, asked: Some(Instant::now()) }
    }

    /// Something came; whether it was the first.
    fn heard(&mut self) -> bool {
        self.asked = None;
        self.heard.replace(Instant::now()).is_none()
    }

    /// Waits until it is time to ask, or to give up.
    async fn passes(&self) {
        let quiet = self.heard.map(|heard| heard + QUIET);
        let patience = self.asked.map(|asked| asked + PATIENCE);
        match patience.or(quiet) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }

    /// Whether it is time to ask; otherwise it was asked, and nobody is there.
    fn asks(&mut self) -> bool {
        let asks = self.asked.is_none();
        self.asked.get_or_insert_with(Instant::now);
        asks
    }
}
