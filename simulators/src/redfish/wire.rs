//! The connection's bytes, after decryption: here an answer drips, is cut, or is lost in a reset.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;

use crate::bmc::lock;

/// A stream over TCP that can end in a reset.
pub(super) trait Socket {
    /// When it is dropped, the peer gets a reset.
    fn reset_on_drop(&self);
}

impl Socket for TcpStream {
    fn reset_on_drop(&self) {
        let _ = self.set_zero_linger();
    }
}

impl Socket for TlsStream<TcpStream> {
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }
}

/// What becomes of the bytes of the answer that is written next.
#[derive(Debug, Default)]
enum Plan {
    #[default]
    Pass,
    Drip {
        bytes: usize,
        every: Duration,
        next: Option<Instant>,
    },
    Cut {
        head: HeadEnd,
        left: usize,
    },
    Reset,
}

/// The plan of one connection, shared by the bytes and by whoever answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Wires(Arc<Mutex<Plan>>, Arc<Mutex<Option<Instant>>>);

impl Wires {
    /// Nothing special.
    pub(super) fn pass(&self) {
        self.set(Plan::Pass);
    }

    /// So many bytes at a time, one time after another.
    pub(super) fn drip(&self, bytes: usize, every: Duration) {
        self.set(Plan::Drip { bytes: bytes.max(1), every, next: None });
    }

    /// The head and so many bytes of the body, and then the end.
    pub(super) fn cut(&self, after: usize) {
        self.set(Plan::Cut { head: HeadEnd::default(), left: after });
    }

    /// The connection ends in a reset.
    pub(super) fn reset(&self) {
        self.set(Plan::Reset);
    }

    /// How long it was since the last request; nothing for the first.
    pub(super) fn idle(&self) -> Duration {
        let now = Instant::now();
        let last = lock(&self.1).replace(now);
        last.map_or(Duration::ZERO, |last| now - last)
    }

    fn set(&self, plan: Plan) {
        *lock(&self.0) = plan;
    }
}

/// Finds the empty line that ends a head.
#[derive(Debug, Default)]
struct HeadEnd {
    matched: usize,
}

impl HeadEnd {
    /// How many of these bytes belong to the head.
    fn in_head(&mut self, bytes: &[u8]) -> usize {
        const END: &[u8; 4] = b"\r\n\r\n";
        for (place, byte) in bytes.iter().enumerate() {
            if self.matched == END.len() {
                return place;
            }
            self.matched = match *byte == END[self.matched] {
                true => self.matched + 1,
                false => usize::from(*byte == END[0]),
            };
        }
        bytes.len()
    }
}

/// A stream whose writing follows the plan.
pub(super) struct Wire<S: Socket> {
    stream: S,
    wires: Wires,
    pause: Pin<Box<Sleep>>,
}

impl<S: Socket> Wire<S> {
    /// Over this stream.
    pub(super) fn new(stream: S, wires: Wires) -> Self {
        Self { stream, wires, pause: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl<S: Socket> Drop for Wire<S> {
    fn drop(&mut self) {
        if matches!(*lock(&self.wires.0), Plan::Reset) {
            self.stream.reset_on_drop();
        }
    }
}

impl<S: Socket + AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: Socket + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut plan = lock(&this.wires.0);
        match &mut *plan {
            Plan::Pass => Pin::new(&mut this.stream).poll_write(cx, bytes),
            Plan::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Plan::Drip { bytes: size, every, next } => {
                if let Some(at) = *next {
                    if this.pause.deadline() != at {
                        this.pause.set(sleep_until(at));
                    }
                    ready!(this.pause.as_mut().poll(cx));
                }
                let end = bytes.len().min(*size);
                let written = ready!(Pin::new(&mut this.stream).poll_write(cx, &bytes[..end]))?;
                *next = Some(Instant::now() + *every);
                ready_or_later(Pin::new(&mut this.stream).poll_flush(cx))?;
                Poll::Ready(Ok(written))
            }
            Plan::Cut { head, left } => {
                let in_head = head.in_head(bytes);
                let end = bytes.len().min(in_head + *left);
                if end == 0 {
                    ready_or_later(Pin::new(&mut this.stream).poll_flush(cx))?;
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                let written = ready!(Pin::new(&mut this.stream).poll_write(cx, &bytes[..end]))?;
                *left -= written.saturating_sub(in_head).min(*left);
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// An error matters; a flush that is not done yet is not waited for.
fn ready_or_later(poll: Poll<io::Result<()>>) -> io::Result<()> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_at_the_first_empty_line_however_it_is_written() {
        let mut whole = HeadEnd::default();
        assert_eq!(whole.in_head(b"HTTP/1.1 200 OK\r\na: b\r\n\r\n{}"), 25);
        let mut parts = HeadEnd::default();
        assert_eq!(parts.in_head(b"a: b\r\n\r"), 7);
        assert_eq!(parts.in_head(b"\n{}\r\n\r\n"), 1);
        assert_eq!(parts.in_head(b"more"), 0);
    }
}
