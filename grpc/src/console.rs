//! The console over a stream in each direction: the service's end of it, and the caller's.

mod caller;

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use halmark::{Answer, Console, Deadline, DriverError};
use tokio::{io::ReadBuf, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

pub(crate) use caller::open;

use crate::{
    convert::told_duration,
    failure,
    pb::{self, open_console_request::Kind as Asked, open_console_response::Kind as Said},
    words::number,
};

/// How long a break or a close may take where the caller does not say.
const CONTROL: Duration = Duration::from_secs(10);
/// How much is read from the host at once.
const PIECE: usize = 4096;

type Sayings = mpsc::Sender<Result<pb::OpenConsoleResponse, Status>>;

/// The first message of a stream.
pub(crate) fn opening(first: Option<pb::OpenConsoleRequest>) -> Result<pb::ConsoleOpening, Status> {
    match first.and_then(|it| it.kind) {
        Some(Asked::Open(opening)) => Ok(opening),
        _ => Err(Status::invalid_argument("the first message has to open the console")),
    }
}

/// When something has to be done.
pub(crate) fn by(within: Option<prost_types::Duration>, usual: Duration) -> Result<Deadline, Status> {
    let within =
        within.map(told_duration).transpose().map_err(|odd| Status::invalid_argument(odd.to_string()))?;
    Ok(Deadline::after(within.unwrap_or(usual)))
}

/// Carries an open console over the stream until one of both ends.
pub(crate) fn serve(
    opened: Answer<Box<dyn Console>>,
    input: Streaming<pb::OpenConsoleRequest>,
) -> ReceiverStream<Result<pb::OpenConsoleResponse, Status>> {
    let (say, sayings) = mpsc::channel(16);
    let answered = pb::Answered {
        protocol: number(opened.protocol),
        notes: opened.notes.iter().map(|note| failure::deviation(&note.0)).collect(),
    };
    tokio::spawn(async move {
        let mut console = opened.value;
        let gone = say.clone();
        let carried = async {
            if tell(&say, Said::Opened(answered)).await {
                carry(console.as_mut(), input, &say).await;
            }
        };
        tokio::select! {
            () = carried => {}
            () = gone.closed() => {}
        }
        let _ = console.close(Deadline::after(CONTROL)).await;
    });
    ReceiverStream::new(sayings)
}

async fn tell(say: &Sayings, kind: Said) -> bool {
    say.send(Ok(pb::OpenConsoleResponse { kind: Some(kind) })).await.is_ok()
}

/// What the caller has sent and the BMC has not taken yet.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    /// Whether the last of them were written and are not taken yet.
    flushing: bool,
    taken: u64,
}

/// What moved at the console.
enum Moved {
    Read(usize),
    Wrote(usize),
    Flushed,
}

async fn carry(console: &mut dyn Console, mut input: Streaming<pb::OpenConsoleRequest>, say: &Sayings) {
    let (mut piece, mut outgoing) = ([0; PIECE], Outgoing::default());
    loop {
        let idle = outgoing.bytes.is_empty() && !outgoing.flushing;
        let go_on = tokio::select! {
            moved = moves(console, &mut piece, &outgoing) => match moved {
                Ok(Moved::Read(0)) => false,
                Ok(Moved::Read(count)) => tell(say, Said::Data(piece[..count].to_vec())).await,
                Ok(Moved::Wrote(count)) => {
                    outgoing.bytes.drain(..count);
                    (outgoing.taken, outgoing.flushing) = (outgoing.taken + count as u64, true);
                    count > 0
                }
                Ok(Moved::Flushed) => {
                    outgoing.flushing = false;
                    tell(say, Said::Taken(outgoing.taken)).await
                }
                Err(error) => {
                    let _ = say.send(Err(Status::aborted(error.to_string()))).await;
                    false
                }
            },
            asked = input.message(), if idle => match asked {
                Ok(Some(pb::OpenConsoleRequest { kind: Some(Asked::Data(bytes)) })) => {
                    outgoing.bytes = bytes;
                    true
                }
                Ok(Some(pb::OpenConsoleRequest { kind: Some(asked) })) => obey(console, asked, say).await,
                _ => false,
            },
        };
        if !go_on {
            return;
        }
    }
}

/// Reads and writes at once: a host that echoes takes nothing more while nobody reads what it says.
async fn moves(console: &mut dyn Console, piece: &mut [u8], outgoing: &Outgoing) -> std::io::Result<Moved> {
    poll_fn(|cx| {
        let mut into = ReadBuf::new(piece);
        if let Poll::Ready(read) = Pin::new(&mut *console).poll_read(cx, &mut into) {
            return Poll::Ready(read.map(|()| Moved::Read(into.filled().len())));
        }
        if !outgoing.bytes.is_empty() {
            return Pin::new(&mut *console).poll_write(cx, &outgoing.bytes).map_ok(Moved::Wrote);
        }
        match outgoing.flushing {
            true => Pin::new(&mut *console).poll_flush(cx).map_ok(|()| Moved::Flushed),
            false => Poll::Pending,
        }
    })
    .await
}

/// Does what the caller asks beside writing; whether the console goes on.
async fn obey(console: &mut dyn Console, asked: Asked, say: &Sayings) -> bool {
    match asked {
        Asked::Open(_) | Asked::Data(_) => false,
        Asked::SendBreak(it) => match by(it.within, CONTROL) {
            Ok(by) => done(say, console.send_break(by).await).await,
            Err(_) => false,
        },
        Asked::Close(it) => {
            if let Ok(by) = by(it.within, CONTROL) {
                done(say, console.close(by).await).await;
            }
            false
        }
    }
}

async fn done(say: &Sayings, result: Result<(), DriverError>) -> bool {
    let failure = result.err().as_ref().map(failure::failure);
    tell(say, Said::Done(pb::ConsoleDone { failure })).await
}
