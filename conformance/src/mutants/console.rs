//! Consoles that a wrong driver opens: each loses, doubles or withholds characters in one way.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use halmark::{Console, Deadline, DriverError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, Result};

use super::DriverFault;

/// A console that is wrong in one way.
#[derive(Debug)]
pub(super) struct Wrong {
    inner: Box<dyn Console>,
    fault: DriverFault,
    /// What the fault has put aside: characters that are written before any other.
    before: Vec<u8>,
}

impl Wrong {
    /// Makes a healthy console wrong, if the fault is about consoles.
    pub(super) fn wrap(inner: Box<dyn Console>, fault: DriverFault) -> Box<dyn Console> {
        match fault {
            DriverFault::DropsTyped | DriverFault::TypesTwice | DriverFault::DropsHeard => {
                Box::new(Self { inner, fault, before: Vec::new() })
            }
            _ => inner,
        }
    }

    fn poll_before(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.before.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.before))?;
            self.before.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wrong {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        // The last character of what came, unless it was the only one: a stream of no bytes would be its end.
        if self.fault == DriverFault::DropsHeard && buf.filled().len() > before + 1 {
            buf.set_filled(buf.filled().len() - 1);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wrong {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize>> {
        ready!(self.poll_before(cx))?;
        let Some((first, rest)) = data.split_first() else { return Poll::Ready(Ok(0)) };
        match self.fault {
            DriverFault::DropsTyped if !rest.is_empty() => {
                Pin::new(&mut self.inner).poll_write(cx, rest).map_ok(|count| count + 1)
            }
            DriverFault::TypesTwice => {
                self.before.push(*first);
                Pin::new(&mut self.inner).poll_write(cx, &[*first])
            }
            _ => Pin::new(&mut self.inner).poll_write(cx, data),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_before(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[async_trait]
impl Console for Wrong {
    async fn send_break(&mut self, by: Deadline) -> std::result::Result<(), DriverError> {
        self.inner.send_break(by).await
    }

    async fn close(&mut self, by: Deadline) -> std::result::Result<(), DriverError> {
        self.inner.close(by).await
    }
}
