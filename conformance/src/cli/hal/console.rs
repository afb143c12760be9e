//! `halmark console`: the host's serial console on this terminal, or between pipes.

use std::{
    future::poll_fn,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::Path,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use halmark::{Console, Deadline};
use rustix::{
    stdio,
    termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr},
};
use tokio::{
    io::ReadBuf,
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    asked_to_end,
    cast::Recording,
    endpoint,
    escape::{Escape, Key},
    outcome::{self, exit},
    verbs, with_driver,
};
use crate::cli::{complain, usage};

/// How long a polite end may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// Carries out `halmark console`.
pub(super) fn console(args: &verbs::Console) -> u8 {
    if args.door.password_file.as_deref() == Some(Path::new("-")) {
        return usage("standard input is the console's: give the password by a file or HALMARK_PASSWORD");
    }
    if let Some(path) = args.record.as_deref().filter(|it| it.symlink_metadata().is_ok()) {
        return usage(format!("{} is there already: name a new file", path.display()));
    }
    with_driver(&args.door, async |driver, by, who| match driver.open_console(by).await {
        Ok(opened) => {
            opened.notes.iter().for_each(|note| complain(&format!("note: {note}\n")));
            complain(&format!("over {}\n", opened.protocol));
            attend(opened.value, args).await
        }
        Err(error) => outcome::failed(&error, who, &endpoint(&args.door), args.door.output),
    })
}

async fn attend(mut console: Box<dyn Console>, args: &verbs::Console) -> u8 {
    let code = match Desk::set(args) {
        Ok(mut desk) => {
            let ended = desk.converse(console.as_mut()).await;
            drop(desk);
            ended.told()
        }
        Err(code) => code,
    };
    // The console ends either way; a BMC that does not hear it ends it with the session.
    let _ = console.close(Deadline::after(FAREWELL)).await;
    code
}

/// How a conversation ended.
enum Ended {
    /// The person left, or had nothing more to say and heard all there was.
    Left,
    /// Somebody asked this process to end.
    Interrupted,
    /// The BMC ended it.
    ByBmc,
    /// It was lost.
    Lost(io::Error),
    /// Nobody reads what the host says any more.
    Unheard,
}

impl Ended {
    fn told(self) -> u8 {
        match self {
            Self::Left | Self::Unheard => exit::DONE,
            Self::Interrupted => exit::INTERRUPTED,
            Self::ByBmc => {
                complain("the BMC ended the console\n");
                exit::DONE
            }
            Self::Lost(error) => {
                complain(&format!(
                    "error: the console was lost: {error}\n  open it again: another may have taken it, or the BMC restarted\n"
                ));
                exit::AWAY
            }
        }
    }
}

/// This end of the console.
struct Desk {
    typed: mpsc::Receiver<Vec<u8>>,
    /// Only on a terminal does anything that is typed mean something to us.
    escape: Option<Escape>,
    recording: Option<Recording>,
    linger: Duration,
    _raw: Option<Raw>,
}

/// What happened next.
enum Event {
    Host(io::Result<usize>),
    Taken(io::Result<usize>),
    Typed(Option<Vec<u8>>),
    Silent,
    Asked,
}

impl Desk {
    fn set(args: &verbs::Console) -> Result<Self, u8> {
        let is_terminal = io::stdin().is_terminal();
        let (columns, rows) = tcgetwinsize(stdio::stdout()).map_or((80, 24), |it| (it.ws_col, it.ws_row));
        let recording = match &args.record {
            Some(path) => Some(Recording::new(path, columns, rows).map_err(|error| {
                usage(format!("{} cannot be made: {error}: name a new file", path.display()))
            })?),
            None => None,
        };
        let raw = if is_terminal {
            complain("the console is open; ~. at the start of a line ends it, ~? lists the others\n");
            Some(Raw::take().map_err(|e| usage(format!("the terminal cannot be set to raw mode: {e}")))?)
        } else {
            None
        };
        let escape = is_terminal.then(Escape::new);
        Ok(Self { typed: read_standard_input(), escape, recording, linger: args.linger, _raw: raw })
    }

    async fn converse(&mut self, console: &mut dyn Console) -> Ended {
        let mut heard = [0; 4096];
        let (mut waiting, mut last_word, mut open) = (Vec::new(), Instant::now(), true);
        let mut asked = pin!(asked_to_end());
        loop {
            let silent = last_word + self.linger;
            let event = tokio::select! {
                biased;
                event = poll_fn(|cx| turn(console, cx, &mut heard, &waiting)) => event,
                typed = self.typed.recv(), if open && waiting.is_empty() => Event::Typed(typed),
                () = sleep_until(silent), if !open && waiting.is_empty() => Event::Silent,
                () = &mut asked => Event::Asked,
            };
            match event {
                Event::Host(Ok(0)) => return Ended::ByBmc,
                Event::Host(Ok(many)) => {
                    last_word = Instant::now();
                    if !self.show(&heard[..many]) {
                        return Ended::Unheard;
                    }
                }
                Event::Taken(Ok(many)) => {
                    last_word = Instant::now();
                    waiting.drain(..many);
                }
                Event::Taken(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                    complain(&format!("\r\n{error}\r\n"));
                    waiting.remove(0);
                }
                Event::Host(Err(error)) | Event::Taken(Err(error)) => return Ended::Lost(error),
                Event::Typed(None) => {
                    last_word = Instant::now();
                    open = false;
                }
                Event::Typed(Some(bytes)) => match self.hand_over(console, bytes).await {
                    Some(bytes) => waiting = bytes,
                    None => return Ended::Left,
                },
                Event::Silent => return Ended::Left,
                Event::Asked => return Ended::Interrupted,
            }
        }
    }

    /// What of the typed bytes is the host's; `None` where the person leaves.
    async fn hand_over(&mut self, console: &mut dyn Console, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let Some(escape) = &mut self.escape else { return Some(bytes) };
        let mut host = Vec::new();
        for key in escape.read(&bytes) {
            match key {
                Key::Host(bytes) => host.extend(bytes),
                Key::End => return None,
                Key::Help => complain("\r\n~. end   ~B send a break   ~? this list   ~~ a tilde\r\n"),
                Key::Break => {
                    if let Err(error) = console.send_break(Deadline::after(FAREWELL)).await {
                        complain(&format!("\r\nno break was sent: {error}\r\n"));
                    }
                }
            }
        }
        Some(host)
    }

    /// Shows and keeps what the host said; whether anybody still sees it.
    fn show(&mut self, bytes: &[u8]) -> bool {
        if let Some(Err(error)) = self.recording.as_mut().map(|it| it.keep(bytes)) {
            complain(&format!("\r\nthe recording ends here: {error}\r\n"));
            self.recording = None;
        }
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).is_ok()
    }
}

/// Whichever the console is ready for: to take what waits for it, or to say something.
fn turn(console: &mut dyn Console, cx: &mut Context<'_>, heard: &mut [u8], waiting: &[u8]) -> Poll<Event> {
    let mut console = Pin::new(console);
    if !waiting.is_empty()
        && let Poll::Ready(taken) = console.as_mut().poll_write(cx, waiting)
    {
        return Poll::Ready(Event::Taken(taken));
    }
    let mut buffer = ReadBuf::new(heard);
    match console.poll_read(cx, &mut buffer) {
        Poll::Ready(read) => Poll::Ready(Event::Host(read.map(|()| buffer.filled().len()))),
        Poll::Pending => Poll::Pending,
    }
}

/// Standard input, read where waiting for it stops nothing else: a terminal, a pipe and a file are all read alike there, and
/// the reader ends with the process.
fn read_standard_input() -> mpsc::Receiver<Vec<u8>> {
    let (typed, desk) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(many @ 1..) = io::stdin().lock().read(&mut buffer) {
            if typed.blocking_send(buffer[..many].to_vec()).is_err() {
                return;
            }
        }
    });
    desk
}

/// The terminal without echo, lines and signals, as long as this is there.
struct Raw(Termios);

impl Raw {
    fn take() -> io::Result<Self> {
        let before = tcgetattr(stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nothing left to do for a terminal that has gone.
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Drain, &self.0);
    }
}
