//! A held clock that follows real time while another process is at work.
//!
//! A held clock moves on when nothing is left to do here, and would run ahead of a driver that is busy elsewhere: its deadline
//! would pass before it has begun. So while a call is under way, a thread that tokio knows of holds the clock, and tells each
//! millisecond that has really passed: as what it is, or as so many, where all that is elsewhere is a program that answers soon.

use std::{
    any::Any,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

/// How finely the clock follows.
const TICK: Duration = Duration::from_millis(1);

/// The pace of one worker's clock. A clone is the same.
#[derive(Clone)]
pub(super) struct Pace {
    working: Option<Arc<Mutex<Working>>>,
    /// How much longer a moment is than it really is.
    speed: u32,
}

/// How many calls are under way, and what ends the thread that follows them.
#[derive(Default)]
struct Working {
    calls: usize,
    end: Option<mpsc::Sender<()>>,
}

/// A call that is under way.
struct Call(Arc<Mutex<Working>>);

impl Pace {
    /// Of a clock that is held and has to follow real time during calls, or of one that needs nothing.
    pub(super) fn new(follows: bool) -> Self {
        Self { working: follows.then(Arc::default), speed: 1 }
    }

    /// The same for what is so much faster than the world.
    pub(super) fn times(self, speed: u32) -> Self {
        Self { speed, ..self }
    }

    /// A call begins; it ends when what is returned is dropped.
    pub(super) fn begin(&self) -> Box<dyn Any + Send> {
        let Some(working) = &self.working else { return Box::new(()) };
        let mut now = working.lock().unwrap_or_else(PoisonError::into_inner);
        now.calls += 1;
        if now.calls == 1 {
            now.end = Some(follow(self.speed));
        }
        Box::new(Call(working.clone()))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.calls -= 1;
        if now.calls == 0 {
            now.end = None;
        }
    }
}

/// Holds the clock and moves it with real time, until the sender is dropped.
fn follow(speed: u32) -> mpsc::Sender<()> {
    let (end, ended) = mpsc::channel();
    let (tell, mut passed) = tokio::sync::mpsc::unbounded_channel();
    tokio::task::spawn_blocking(move || watch(&ended, &tell));
    tokio::spawn(async move {
        while let Some(time) = passed.recv().await {
            tokio::time::advance(time * speed).await;
        }
    });
    end
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where a held clock meets real time")]
fn watch(ended: &mpsc::Receiver<()>, tell: &tokio::sync::mpsc::UnboundedSender<Duration>) {
    let mut last = std::time::Instant::now();
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(TICK) {
        let now = std::time::Instant::now();
        if tell.send(now - last).is_err() {
            return;
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, io::AsyncWriteExt as _, time::Instant};

    use super::*;

    /// Somebody outside who answers after so much real time.
    async fn slow_answer(after: Duration) {
        let (mut here, there) = tokio::net::UnixStream::pair().unwrap();
        let mut there = there.into_std().unwrap();
        there.set_nonblocking(false).unwrap();
        std::thread::spawn(move || {
            let (_keep, wait) = mpsc::channel::<()>();
            let _ = wait.recv_timeout(after);
            // Nobody may be left to hear it.
            let _ = std::io::Write::write_all(&mut there, b"x");
        });
        here.write_all(b"?").await.unwrap();
        let mut one = [0];
        here.read_exact(&mut one).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_does_not_run_ahead_of_somebody_outside() {
        let pace = Pace::new(true);
        let call = pace.begin();
        let answer = slow_answer(Duration::from_millis(30));
        assert!(tokio::time::timeout(Duration::from_secs(20), answer).await.is_ok(), "it ran ahead");
        drop(call);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_does_not_stand_still_while_somebody_outside_is_silent() {
        let began = Instant::now();
        let pace = Pace::new(true);
        let call = pace.begin();
        let answer = slow_answer(Duration::from_secs(60));
        assert!(tokio::time::timeout(Duration::from_millis(20), answer).await.is_err(), "it stood still");
        drop(call);
        assert!(began.elapsed() >= Duration::from_millis(20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_may_be_longer_than_it_really_is() {
        let pace = Pace::new(true).times(100);
        let (began, call) = (Instant::now(), pace.begin());
        slow_answer(Duration::from_millis(30)).await;
        drop(call);
        assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn when_no_call_is_under_way_the_clock_is_held_as_ever() {
        let pace = Pace::new(true);
        drop(pace.begin());
        let began = Instant::now();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(began.elapsed() < Duration::from_secs(3601));
    }
}
