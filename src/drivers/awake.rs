//! For tests on a held clock that speak over real sockets: no time passes while the kernel still carries what was sent.
//!
//! A held clock goes on as soon as no task can run, and on a busy machine that may be before the packet of a moment ago has come
//! through the loopback: the test would then see its deadline pass for no reason. While this is alive, a task can always run, for
//! as long as a packet could reasonably take in real time; who is left without an answer on purpose waits no longer than that.

use std::time::Duration;

use tokio::task::JoinHandle;

/// How long, in real time, a packet may take on the way.
const ON_THE_WAY: Duration = Duration::from_millis(20);

/// Holds the clock while it is alive, and not for longer than a packet may take.
#[derive(Debug)]
pub(in crate::drivers) struct Awake(JoinHandle<()>);

impl Awake {
    /// From now on.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is the machine's load that is waited for, not the test's clock"
    )]
    pub(in crate::drivers) fn new() -> Self {
        let began = std::time::Instant::now();
        Self(tokio::spawn(async move {
            while began.elapsed() < ON_THE_WAY {
                tokio::task::yield_now().await;
            }
        }))
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.0.abort();
    }
}
