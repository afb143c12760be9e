//! The caller's end of a console's streams: what a [`Console`] is to whoever opened it.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use halmark::{Cause, Console, Deadline, DriverError, Operation};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Status, Streaming};

use crate::{
    convert::duration,
    failure::{error, told_error},
    pb::{self, open_console_request::Kind as Asked, open_console_response::Kind as Said},
    transport::Channel,
};

/// How many bytes may be on their way to the host that the BMC has not taken.
const AHEAD: u64 = 64 * 1024;
/// How many go into one message.
const PIECE: usize = 16 * 1024;

/// Opens the console of a BMC: what the service answered, and the console.
pub(crate) async fn open(
    mut stub: pb::bmc_client::BmcClient<Channel>,
    bmc: String,
    by: Deadline,
) -> Result<(pb::Answered, Box<dyn Console>), Status> {
    let (asks, asked) = mpsc::unbounded_channel();
    let opening = Asked::Open(pb::ConsoleOpening { bmc, within: duration(by.left()) });
    let _ = asks.send(pb::OpenConsoleRequest { kind: Some(opening) });
    let mut said = stub.open_console(UnboundedReceiverStream::new(asked)).await?.into_inner();
    match said.message().await?.and_then(|it| it.kind) {
        Some(Said::Opened(answered)) => Ok((answered, Box::new(Caller::new(asks, said)))),
        _ => Err(Status::internal("the console's first message does not open it")),
    }
}

struct Caller {
    asks: mpsc::UnboundedSender<pb::OpenConsoleRequest>,
    pieces: mpsc::Receiver<Vec<u8>>,
    dones: mpsc::UnboundedReceiver<pb::ConsoleDone>,
    rest: Vec<u8>,
    written: u64,
    state: Arc<Mutex<State>>,
}

/// What the service has said so far.
#[derive(Default)]
struct State {
    taken: u64,
    /// Why the stream ended, once it has.
    ended: Option<Option<String>>,
    wakers: Vec<Waker>,
}

impl Caller {
    fn new(
        asks: mpsc::UnboundedSender<pb::OpenConsoleRequest>,
        said: Streaming<pb::OpenConsoleResponse>,
    ) -> Self {
        // Few, so that a host that says more than is read is slowed down by the stream's own flow control.
        let (piece, pieces) = mpsc::channel(4);
        let (done, dones) = mpsc::unbounded_channel();
        let state = Arc::new(Mutex::new(State::default()));
        tokio::spawn(listen(said, piece, done, state.clone()));
        Self { asks, pieces, dones, rest: Vec::new(), written: 0, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, kind: Asked) -> io::Result<()> {
        self.asks
            .send(pb::OpenConsoleRequest { kind: Some(kind) })
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Ready when so few bytes are on their way.
    fn poll_taken(&self, cx: &Context<'_>, ahead: u64) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if self.written - state.taken.min(self.written) <= ahead {
            return Poll::Ready(Ok(()));
        }
        if let Some(why) = &state.ended {
            return Poll::Ready(Err(broken(why.as_deref())));
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    async fn control(&mut self, kind: Asked, by: Deadline) -> Result<(), DriverError> {
        let failed = |reason: &str| {
            let cause = Cause::Unreachable { reason: reason.to_owned() };
            DriverError { operation: Operation::ConsoleOpen, protocol: None, cause, at: None }
        };
        self.ask(kind).map_err(|_| failed("the console has ended"))?;
        let done = tokio::time::timeout_at(by.instant(), self.dones.recv()).await;
        let done =
            done.map_err(|_| failed("no answer in time"))?.ok_or_else(|| failed("the console has ended"))?;
        match done.failure {
            None => Ok(()),
            Some(told) => {
                Err(told_error(Operation::ConsoleOpen, told).unwrap_or_else(|_| failed("it failed")))
            }
        }
    }
}

fn broken(why: Option<&str>) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, why.unwrap_or("the console has ended").to_owned())
}

/// Takes in what the service says until it says no more.
async fn listen(
    mut said: Streaming<pb::OpenConsoleResponse>,
    piece: mpsc::Sender<Vec<u8>>,
    done: mpsc::UnboundedSender<pb::ConsoleDone>,
    state: Arc<Mutex<State>>,
) {
    let note = |ended: Option<Option<String>>, taken: u64| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.ended, state.taken) = (ended, state.taken.max(taken));
        state.wakers.drain(..).for_each(Waker::wake);
    };
    loop {
        match said.message().await {
            Ok(Some(pb::OpenConsoleResponse { kind: Some(kind) })) => match kind {
                Said::Data(bytes) => {
                    // A console that is no longer read still takes answers to breaks and closes.
                    let _ = piece.send(bytes).await;
                }
                Said::Taken(taken) => note(None, taken),
                Said::Done(it) => drop(done.send(it)),
                Said::Opened(_) => {}
            },
            Ok(_) => return note(Some(None), 0),
            Err(status) => {
                let why = error(Operation::ConsoleOpen, &status).cause.to_string();
                return note(Some(Some(why)), 0);
            }
        }
    }
}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match self.pieces.poll_recv(cx) {
                Poll::Ready(Some(piece)) => self.rest = piece,
                Poll::Ready(None) => {
                    let why = self.state().ended.clone().flatten();
                    return Poll::Ready(why.map_or(Ok(()), |why| Err(broken(Some(&why)))));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        let count = self.rest.len().min(into.remaining());
        into.put_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Caller {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.poll_taken(cx, AHEAD)?.is_pending() {
            return Poll::Pending;
        }
        let piece = &bytes[..bytes.len().min(PIECE)];
        self.ask(Asked::Data(piece.to_vec()))?;
        self.written += piece.len() as u64;
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_taken(cx, 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_taken(cx, 0)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a console over halmark.v1")
    }
}

#[async_trait]
impl Console for Caller {
    async fn send_break(&mut self, by: Deadline) -> Result<(), DriverError> {
        self.control(Asked::SendBreak(pb::ConsoleControl { within: duration(by.left()) }), by).await
    }

    async fn close(&mut self, by: Deadline) -> Result<(), DriverError> {
        self.pieces.close();
        self.control(Asked::Close(pb::ConsoleControl { within: duration(by.left()) }), by).await
    }
}
