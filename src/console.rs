//! The host's serial console as a stream of bytes.

use std::fmt;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::driver::{Deadline, DriverError};

/// An open console: what the host writes is read, what is written goes to the host, byte for byte.
///
/// - The end of the stream is the end of the console; when somebody else ended it, reading fails and says so.
/// - A character that this console cannot carry fails the write that begins with it, as
///   [`InvalidInput`](std::io::ErrorKind::InvalidInput), and is not sent; the console goes on. Had through a service, it ends.
/// - A write returns when the bytes are on their way, and waits while the host takes none; flushing waits until the BMC has
///   taken all of them.
/// - Dropping it ends it, as [`Console::close`] does, but without waiting for the BMC.
#[async_trait]
pub trait Console: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug {
    /// Sends a serial break after what was written before.
    async fn send_break(&mut self, by: Deadline) -> Result<(), DriverError>;

    /// Ends the console politely. What was written is delivered first, as far as the deadline allows.
    async fn close(&mut self, by: Deadline) -> Result<(), DriverError>;
}
