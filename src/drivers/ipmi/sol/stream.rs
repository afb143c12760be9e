//! The console as its user has it: a stream over two buffers, which the pump empties and fills.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::timeout_at,
};

use crate::{
    console::Console,
    driver::{Cause, Deadline, DriverError, Operation, Protocol},
};

/// Characters from the host that wait for the user; the BMC keeps what is more.
const INBOUND: usize = 64 * 1024;
/// Characters to the host that wait for the BMC; a write waits with what is more.
const OUTBOUND: usize = 4096;

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Character(u8),
    Break,
}

/// How a console ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Its user closed it.
    Closed,
    /// The BMC ended it, for somebody else or for itself.
    Deactivated,
    /// The BMC does not answer any more.
    Lost(String),
}

/// What user and pump share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Tells the pump that there is something to do.
    pub(super) changed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    inbound: VecDeque<u8>,
    pub(super) outbound: VecDeque<Item>,
    /// Whether something was sent that the BMC has not taken yet.
    pub(super) under_way: bool,
    /// Whether the BMC waits for room in `inbound`.
    pub(super) stalled: bool,
    pub(super) closing: bool,
    end: Option<End>,
    readers: Vec<Waker>,
    writers: Vec<Waker>,
}

impl State {
    /// How many characters from the host there is room for.
    pub(super) fn room(&self) -> usize {
        INBOUND - self.inbound.len().min(INBOUND)
    }

    /// Whether all that was written has been taken.
    pub(super) fn is_flushed(&self) -> bool {
        self.outbound.is_empty() && !self.under_way
    }

    pub(super) fn receive(&mut self, data: &[u8]) {
        self.inbound.extend(data);
        self.readers.drain(..).for_each(Waker::wake);
    }

    pub(super) fn wake_writers(&mut self) {
        self.writers.drain(..).for_each(Waker::wake);
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn end(&self, end: End) {
        let mut state = self.state();
        state.end = Some(end);
        state.readers.drain(..).for_each(Waker::wake);
        state.wake_writers();
    }
}

/// A console over serial over LAN.
pub(super) struct SolConsole {
    shared: Arc<Shared>,
}

impl SolConsole {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn begin_to_close(&self) {
        self.shared.state().closing = true;
        self.shared.changed.notify_one();
    }
}

impl fmt::Debug for SolConsole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a console over IPMI")
    }
}

impl Drop for SolConsole {
    fn drop(&mut self) {
        self.begin_to_close();
    }
}

impl AsyncRead for SolConsole {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.state();
        if !state.inbound.is_empty() && buf.remaining() > 0 {
            let count = buf.remaining().min(state.inbound.len());
            state.inbound.drain(..count).for_each(|byte| buf.put_slice(&[byte]));
            if state.stalled {
                self.shared.changed.notify_one();
            }
            return Poll::Ready(Ok(()));
        }
        match &state.end {
            Some(End::Closed) => Poll::Ready(Ok(())),
            Some(end) => Poll::Ready(Err(trouble(end))),
            None => {
                state.readers.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for SolConsole {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.shared.state();
        if let Some(end) = &state.end {
            return Poll::Ready(Err(trouble(end)));
        }
        let room = OUTBOUND - state.outbound.len().min(OUTBOUND);
        if room == 0 && !data.is_empty() {
            state.writers.push(cx.waker().clone());
            return Poll::Pending;
        }
        let count = data.len().min(room);
        state.outbound.extend(data[..count].iter().map(|byte| Item::Character(*byte)));
        self.shared.changed.notify_one();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_flushed(&self.shared, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_flushed(&self.shared, cx)
    }
}

fn poll_flushed(shared: &Shared, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    let mut state = shared.state();
    if state.is_flushed() {
        return Poll::Ready(Ok(()));
    }
    if let Some(end) = &state.end {
        return Poll::Ready(Err(trouble(end)));
    }
    state.writers.push(cx.waker().clone());
    Poll::Pending
}

#[async_trait]
impl Console for SolConsole {
    async fn send_break(&mut self, by: Deadline) -> Result<(), DriverError> {
        {
            let mut state = self.shared.state();
            if let Some(end) = &state.end {
                return Err(failed(trouble(end).to_string()));
            }
            state.outbound.push_back(Item::Break);
        }
        self.shared.changed.notify_one();
        let flushed = timeout_at(by.instant(), poll_fn(|cx| poll_flushed(&self.shared, cx))).await;
        match flushed {
            Ok(outcome) => outcome.map_err(|error| failed(error.to_string())),
            Err(_) => Err(failed("the break was not taken in time".to_owned())),
        }
    }

    async fn close(&mut self, by: Deadline) -> Result<(), DriverError> {
        self.begin_to_close();
        let ended = poll_fn(|cx| {
            let mut state = self.shared.state();
            match &state.end {
                Some(end) => Poll::Ready(end.clone()),
                None => {
                    state.readers.push(cx.waker().clone());
                    Poll::Pending
                }
            }
        });
        match timeout_at(by.instant(), ended).await {
            Ok(End::Closed | End::Deactivated) => Ok(()),
            Ok(End::Lost(reason)) => Err(failed(reason)),
            Err(_) => Err(failed("the console was not closed in time".to_owned())),
        }
    }
}

fn trouble(end: &End) -> io::Error {
    match end {
        End::Closed => io::Error::new(io::ErrorKind::BrokenPipe, "the console is closed"),
        End::Deactivated => io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "the BMC ended the console, or somebody else took it",
        ),
        End::Lost(reason) => io::Error::new(io::ErrorKind::ConnectionReset, reason.clone()),
    }
}

fn failed(reason: String) -> DriverError {
    DriverError {
        operation: Operation::ConsoleOpen,
        protocol: Some(Protocol::Ipmi),
        cause: Cause::Unreachable { reason },
        at: None,
    }
}
