//! A Unix socket that is woken only for what it waits for.
//!
//! Whenever a peer reads from a Unix socket, Linux tells the other end that it may write, which tokio's own takes as a reason to wake
//! up: twice for each call and at each end, where a wake-up costs more than the call. So this one asks about writing only when there was no room.

use std::{
    io::{self, IoSlice, Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream as Plain,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, unix::AsyncFd},
    net::UnixStream,
};

/// The socket.
pub(crate) struct CalmStream {
    stream: AsyncFd<Plain>,
    /// The same socket, while there is no room to write.
    full: Option<AsyncFd<Plain>>,
}

impl CalmStream {
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        Ok(Self { stream: waiting_to(Interest::READABLE, stream.into_std()?)?, full: None })
    }
}

#[expect(
    deprecated,
    reason = "its successor is the same, but unsafe: it asks for a descriptor that stays open and the same, as this socket's does"
)]
fn waiting_to(interest: Interest, socket: Plain) -> io::Result<AsyncFd<Plain>> {
    AsyncFd::with_interest(socket, interest)
}

impl AsyncRead for CalmStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.stream.poll_read_ready(cx))?;
            let room = into.initialize_unfilled();
            let wanted = room.len();
            match ready.try_io(|it| it.get_ref().read(room)) {
                Ok(Ok(count)) => {
                    // A socket that gives less than it is asked for is empty (epoll(7), on edges).
                    if 0 < count && count < wanted {
                        ready.clear_ready();
                    }
                    into.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_empty) => {}
            }
        }
    }
}

impl AsyncWrite for CalmStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(full) = &self.full {
                ready!(full.poll_write_ready(cx))?.retain_ready();
                self.full = None;
            }
            match self.stream.get_ref().write_vectored(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let same = self.stream.get_ref().try_clone()?;
                    self.full = Some(waiting_to(Interest::WRITABLE, same)?);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn pair() -> (CalmStream, CalmStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (CalmStream::new(here).unwrap(), CalmStream::new(there).unwrap())
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_arrives_whole_and_then_the_end() {
        let (mut here, mut there) = pair();
        let sent: Vec<u8> = (0..5_000_000u32).map(|n| n as u8).collect();
        let copy = sent.clone();
        let writing = tokio::spawn(async move {
            here.write_all(&copy).await.unwrap();
            here.shutdown().await.unwrap();
            let mut answer = Vec::new();
            here.read_to_end(&mut answer).await.unwrap();
            answer
        });
        let mut heard = Vec::new();
        there.read_to_end(&mut heard).await.unwrap();
        assert!(heard == sent);
        there.write_all(b"thanks").await.unwrap();
        drop(there);
        assert_eq!(writing.await.unwrap(), b"thanks");
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_is_the_end_for_the_reader_and_an_error_for_the_writer() {
        let (mut here, there) = pair();
        drop(there);
        assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(here.write(b"hello").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
