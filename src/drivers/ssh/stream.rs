//! The console behind a shell as its user has it: the two pipes of the SSH client.

use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    time::timeout_at,
};

use super::{
    Client, Shell,
    dialogue::{Tail, is_at_prompt},
};
use crate::{
    console::Console,
    driver::{Cause, Deadline, DriverError, Operation, Protocol},
};

/// So much of what comes last is looked at for the prompt.
const TAIL: usize = 256;

/// A console behind a shell. What was flushed is the SSH client's, and nobody knows when the BMC takes it: closing delivers it, and
/// dropping may lose the last of it.
pub(super) struct ShellConsole {
    shell: &'static Shell,
    /// Nobody any more once it is closed.
    client: Option<Client>,
    /// What the host has said before anybody read.
    heard: VecDeque<u8>,
    tail: Tail,
    /// Whether the shell is back at its prompt although nobody here left the console.
    left: bool,
}

impl ShellConsole {
    pub(super) fn new(shell: &'static Shell, client: Client, heard: Vec<u8>) -> Self {
        Self { shell, client: Some(client), heard: heard.into(), tail: Tail::default(), left: false }
    }
}

impl fmt::Debug for ShellConsole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a console over SSH")
    }
}

impl AsyncRead for ShellConsole {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.heard.is_empty() && buf.remaining() > 0 {
            let count = buf.remaining().min(self.heard.len());
            self.heard.drain(..count).for_each(|byte| buf.put_slice(&[byte]));
            return Poll::Ready(Ok(()));
        }
        if self.left {
            return Poll::Ready(Err(taken_away()));
        }
        let Self { shell, client, tail, left, .. } = &mut *self;
        let Some(client) = client else { return Poll::Ready(Ok(())) };
        let before = buf.filled().len();
        ready!(Pin::new(&mut client.output).poll_read(cx, buf))?;
        *left = tail.heard(&buf.filled()[before..], shell);
        match buf.filled().len() > before || buf.remaining() == 0 {
            true => Poll::Ready(Ok(())),
            false => Poll::Ready(Err(gone())),
        }
    }
}

impl AsyncWrite for ShellConsole {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.left {
            // Whatever is typed now the shell would take for a command.
            return Poll::Ready(Err(taken_away()));
        }
        let leave = self.shell.leave;
        let plain = data.iter().position(|byte| *byte == leave).unwrap_or(data.len());
        if plain == 0 && !data.is_empty() {
            return Poll::Ready(Err(untypable(leave)));
        }
        let Some(client) = &mut self.client else {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, "the console is closed")));
        };
        Pin::new(&mut client.input).poll_write(cx, &data[..plain]).map_err(|_| gone())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.client {
            Some(client) => Pin::new(&mut client.input).poll_flush(cx).map_err(|_| gone()),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[async_trait]
impl Console for ShellConsole {
    async fn send_break(&mut self, by: Deadline) -> Result<(), DriverError> {
        let _ = by;
        Err(failed(Cause::Unsupported))
    }

    async fn close(&mut self, by: Deadline) -> Result<(), DriverError> {
        let Some(client) = self.client.take() else { return Ok(()) };
        match timeout_at(by.instant(), leave(self.shell, client, self.left)).await {
            Ok(outcome) => outcome.map_err(|error| failed(Cause::Unreachable { reason: error.to_string() })),
            Err(_) => {
                let reason = "the shell did not end in time; its connection is cut".to_owned();
                Err(failed(Cause::Unreachable { reason }))
            }
        }
    }
}

/// Out of the console, unless somebody has done that, and out of the shell.
async fn leave(shell: &Shell, mut client: Client, has_left: bool) -> io::Result<()> {
    let (mut tail, mut part) = (Vec::new(), [0; 4096]);
    if !has_left {
        client.say(&[shell.leave]).await.map_err(|_| gone())?;
        while !is_at_prompt(shell, &tail) {
            match client.output.read(&mut part).await {
                Ok(count @ 1..) => tail.extend_from_slice(&part[..count]),
                _ => return Err(gone()),
            }
            let over = tail.len().saturating_sub(TAIL);
            tail.drain(..over);
        }
    }
    // From here on it is over, however it ends.
    let _ = client.say(shell.exit.as_bytes()).await;
    while let Ok(1..) = client.output.read(&mut part).await {}
    Ok(())
}

fn taken_away() -> io::Error {
    let reason = "the BMC ended the console, or somebody else took it";
    io::Error::new(io::ErrorKind::ConnectionAborted, reason)
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the SSH connection of the console has ended")
}

fn untypable(byte: u8) -> io::Error {
    let reason = format!("{byte:02X}h cannot be typed to the host: it ends this BMC's console");
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn failed(cause: Cause) -> DriverError {
    DriverError { operation: Operation::ConsoleOpen, protocol: Some(Protocol::Ssh), cause, at: None }
}
