//! The control API of `halmark sim`, and what makes its time stand still.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use halmark_simulators::{
    desk::{self, Clock, Desk, DeskOptions, Hall, Step},
    redfish::events_on_their_way,
};

use super::args::Sim;

/// The longest time that goes by in one go: what happens within it is seen at its end.
const SLICE: Duration = Duration::from_millis(100);
/// How long of the world's time a step waits for those who are sent events.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many slices a step has at most.
const MOST: u32 = 36_000;

/// Offers it where that is wanted.
pub(super) fn offer(args: &Sim, hall: &Arc<Hall>) -> Result<Option<Desk>, String> {
    let Some(listen) = args.control else { return Ok(None) };
    let clock = if args.held { Clock::Held(Step::new(go_on)) } else { Clock::Real };
    let options = DeskOptions { listen, token: token(args)?, clock };
    let desk = desk::serve(hall.clone(), options);
    desk.map(Some).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!("{listen} is in use: give another --control"),
        _ => super::not_listened(listen, &error),
    })
}

fn token(args: &Sim) -> Result<Option<String>, String> {
    let token = match &args.control_token_file {
        Some(file) => {
            let text = String::from_utf8(super::contents(file)?)
                .map_err(|_| format!("{} is no text", file.display()))?;
            let line = text.lines().next().unwrap_or_default().trim().to_owned();
            if line.is_empty() {
                return Err(format!("{} has no token in its first line", file.display()));
            }
            Some(line)
        }
        None => std::env::var(&args.control_token_env).ok().filter(|token| !token.is_empty()),
    };
    if token.is_none() && args.control.is_some_and(|it| !it.ip().is_loopback()) {
        return Err(format!(
            "--control on an address that others reach needs a token: set {} or give --control-token-file",
            args.control_token_env
        ));
    }
    Ok(token)
}

/// Time goes on in slices, so that what begins in one of them can end in another.
async fn go_on(by: Duration) {
    let mut patience = PATIENCE;
    let slice = SLICE.max(by / MOST);
    let mut left = by;
    while !left.is_zero() {
        let now = left.min(slice);
        tokio::time::advance(now).await;
        // Whoever was woken acts before the next slice.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        patience = delivered(patience).await;
        left -= now;
    }
}

/// Waits until events that were sent are with their destinations, and says what patience is left: a destination that never answers holds
/// up one step for so long, and not each of its slices.
async fn delivered(patience: Duration) -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "the network takes the world's time, and none of the clock's that is held"
    )]
    let begun = std::time::Instant::now();
    while events_on_their_way() > 0 && begun.elapsed() < patience {
        tokio::task::yield_now().await;
    }
    patience.saturating_sub(begun.elapsed())
}

/// So much time outside, where no step of the control API makes it pass.
pub(super) async fn elsewhere(time: Duration) {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let (_open, nobody) = std::sync::mpsc::channel::<()>();
        let _ = nobody.recv_timeout(time);
        tell.send(())
    });
    // It ends by the message, or because nobody could wait.
    let _ = told.await;
}

/// Time stands still for as long as this lives: a paused clock runs ahead when nothing is left to do, unless a thread is at
/// work.
pub(super) struct Stopped(Option<std::sync::mpsc::Sender<()>>);

/// Stops the runtime's clock, where it is paused.
pub(super) fn stop_time(args: &Sim) -> Stopped {
    if !args.held {
        return Stopped(None);
    }
    let (ends, ended) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || ended.recv());
    Stopped(Some(ends))
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.take();
    }
}
