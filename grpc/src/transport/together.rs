//! What is written in one turn of the runtime goes out together.
//!
//! A call of gRPC is a head, which opens its stream, and a body, which may be written only then: by itself HTTP/2 writes them one
//! after the other, and each wakes the service. Here a flush waits until everybody else had a turn.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So many bytes are not held back any longer.
const MOST: usize = 64 * 1024;

/// A stream whose flushes wait for a turn.
pub(crate) struct Together<S> {
    stream: S,
    held: Vec<u8>,
    /// How many of them are written.
    written: usize,
    /// Whether the others had their turn.
    has_waited: bool,
}

impl<S> Together<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, held: Vec::new(), written: 0, has_waited: false }
    }
}

impl<S: AsyncWrite + Unpin> Together<S> {
    /// Writes what is held.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.held.len() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.held[self.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
        }
        self.held.clear();
        self.written = 0;
        self.has_waited = false;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Together<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Together<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.held.len() >= MOST {
            ready!(self.poll_out(cx))?;
        }
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.held.len() >= MOST {
            ready!(self.poll_out(cx))?;
        }
        pieces.iter().for_each(|it| self.held.extend_from_slice(it));
        Poll::Ready(Ok(pieces.iter().map(|it| it.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() && !self.has_waited {
            self.has_waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(self.poll_out(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_is_written_before_the_others_had_a_turn_arrives_in_one_piece() {
        let (here, mut there) = tokio::io::duplex(4096);
        let mut here = Together::new(here);
        here.write_all(b"head").await.unwrap();
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut here).poll_flush(&mut context).is_pending());
        here.write_all(b"body").await.unwrap();
        here.flush().await.unwrap();
        let mut piece = [0; 64];
        assert_eq!(there.read(&mut piece).await.unwrap(), 8);
    }

    #[tokio::test]
    async fn much_of_it_does_not_wait_and_arrives_whole() {
        let (here, mut there) = tokio::io::duplex(1000);
        let sent: Vec<u8> = (0..1_000_000u32).map(|n| n as u8).collect();
        let copy = sent.clone();
        let writing = tokio::spawn(async move {
            let mut here = Together::new(here);
            for piece in copy.chunks(10_000) {
                here.write_all(piece).await.unwrap();
            }
            assert!(here.held.len() <= MOST + 10_000);
            here.shutdown().await.unwrap();
        });
        let mut heard = Vec::new();
        there.read_to_end(&mut heard).await.unwrap();
        writing.await.unwrap();
        assert!(heard == sent);
    }
}
