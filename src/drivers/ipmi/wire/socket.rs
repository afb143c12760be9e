//! A UDP socket, and the two ways to wait at it: as a task beside others, or as a thread that has nothing else to do.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{Interest, unix::AsyncFd},
    task::{coop::consume_budget, yield_now},
    time::{Instant, timeout_at},
};

use super::Turn;

/// Larger than any datagram that a BMC has reason to send.
const LARGEST: usize = 2048;

/// A socket that is connected to the BMC.
///
/// Nobody waits until it can be written to: there is always room for a datagram, and to be told so at each one that the BMC
/// takes costs as much as an answer.
pub(super) enum Socket {
    /// The task waits, and is told that something has come.
    Awaited(AsyncFd<UdpSocket>),
    /// The thread waits, in the call that reads: one less for each answer.
    Blocking(Blocking),
}

impl Socket {
    pub(super) fn open(peer: SocketAddr, blocking: bool) -> io::Result<Self> {
        let any: SocketAddr = if peer.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.connect(peer)?;
        if blocking {
            return Ok(Self::Blocking(Blocking { socket, patience: AtomicU64::new(0) }));
        }
        socket.set_nonblocking(true)?;
        #[allow(
            deprecated,
            reason = "a socket of std stays open and the same, which is what its successor wants promised"
        )]
        AsyncFd::with_interest(socket, Interest::READABLE).map(Self::Awaited)
    }

    /// What has come until now was not asked for; the answer's arrival is told anew, and a read that finds nothing is saved.
    pub(super) fn forget_readiness(&self) {
        let nothing = |_: &UdpSocket| Err::<(), _>(ErrorKind::WouldBlock.into());
        if let Self::Awaited(socket) = self {
            let _ = socket.try_io(Interest::READABLE, nothing);
        }
    }

    /// An error is that of the datagram before (ICMP); this one has then yet to be sent.
    pub(super) fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let socket = self.socket();
        let before = socket.send(datagram);
        if before.is_err() {
            let _ = socket.send(datagram);
        }
        before.map(drop)
    }

    /// The answer that `turn` accepts, if it comes within `patience` from `now`. An error on the way is told beside it.
    pub(super) async fn answer<T: Turn>(
        &self,
        turn: &mut T,
        now: Instant,
        patience: Duration,
        trouble: &mut Option<io::Error>,
    ) -> Option<T::Answer> {
        match self {
            Self::Awaited(socket) => {
                let answer = poll_fn(|cx| poll_answer(socket, cx, turn, trouble));
                timeout_at(now + patience, answer).await.ok()
            }
            Self::Blocking(socket) => {
                // Whoever is on this thread besides gets a turn once in a while, and whenever nothing has come.
                consume_budget().await;
                let answer = socket.answer(turn, now, patience, trouble);
                if answer.is_none() {
                    yield_now().await;
                }
                answer
            }
        }
    }

    /// A datagram of any kind, and how long it is.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Awaited(socket) => poll_fn(|cx| poll_read(socket, cx, |socket| socket.recv(buffer))).await,
            Self::Blocking(socket) => socket.receive(buffer),
        }
    }

    fn socket(&self) -> &UdpSocket {
        match self {
            Self::Awaited(socket) => socket.get_ref(),
            Self::Blocking(blocking) => &blocking.socket,
        }
    }
}

/// The answer that `turn` accepts.
fn poll_answer<T: Turn>(
    socket: &AsyncFd<UdpSocket>,
    cx: &mut Context<'_>,
    turn: &mut T,
    trouble: &mut Option<io::Error>,
) -> Poll<T::Answer> {
    loop {
        match ready!(poll_read(socket, cx, |socket| hear(socket, turn))) {
            Ok(Some(answer)) => return Poll::Ready(answer),
            Ok(None) => {}
            // The error is of what was sent (ICMP); the answer may come all the same. A socket that has nothing but errors is
            // asked until time is up, and keeps nobody else from being asked.
            Err(error) => {
                *trouble = Some(error);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

/// Reads once something has come.
fn poll_read<T>(
    socket: &AsyncFd<UdpSocket>,
    cx: &mut Context<'_>,
    mut read: impl FnMut(&UdpSocket) -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        // Without a runtime nobody is told of anything any more.
        let Ok(mut ready) = ready!(socket.poll_read_ready(cx)) else { return Poll::Pending };
        if let Ok(read) = ready.try_io(|socket| read(socket.get_ref())) {
            return Poll::Ready(read);
        }
    }
}

/// A socket that a thread waits at.
pub(super) struct Blocking {
    socket: UdpSocket,
    /// How long a read waits, in nanoseconds, as it was last set; 0 is for ever.
    patience: AtomicU64,
}

impl Blocking {
    fn answer<T: Turn>(
        &self,
        turn: &mut T,
        began: Instant,
        patience: Duration,
        trouble: &mut Option<io::Error>,
    ) -> Option<T::Answer> {
        let mut left = patience;
        while !left.is_zero() {
            let silent = match self.wait_for(left).and_then(|()| hear(&self.socket, turn)) {
                Ok(Some(answer)) => return Some(answer),
                Ok(None) => false,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => true,
                    ErrorKind::Interrupted => false,
                    _ => {
                        *trouble = Some(error);
                        false
                    }
                },
            };
            // The system's timer may be some milliseconds early, and the clock may be one that stands still.
            let still_left = patience.saturating_sub(began.elapsed());
            if silent && still_left == left {
                return None;
            }
            left = still_left;
        }
        None
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait_for(Duration::ZERO)?;
        self.socket.recv(buffer)
    }

    /// Sets how long a read waits, where it is another time than the last one; zero is for ever.
    fn wait_for(&self, patience: Duration) -> io::Result<()> {
        let nanoseconds = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        if self.patience.load(Ordering::Relaxed) != nanoseconds {
            self.socket.set_read_timeout(Some(patience).filter(|patience| !patience.is_zero()))?;
            self.patience.store(nanoseconds, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Reads a datagram: the answer, or none. Its bytes are on the stack, since a future that carried them would be moved with them.
fn hear<T: Turn>(socket: &UdpSocket, turn: &mut T) -> io::Result<Option<T::Answer>> {
    let mut buffer = [0; LARGEST];
    let length = socket.recv(&mut buffer)?;
    Ok(turn.accept(&buffer[..length]))
}
