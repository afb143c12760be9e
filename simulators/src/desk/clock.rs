//! What time is in a hall: the world's, or one that goes on when somebody says so.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};

type Going = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What time is.
#[derive(Debug, Clone)]
pub enum Clock {
    /// It passes by itself.
    Real,
    /// It stands still between steps.
    Held(Step),
}

/// Lets time go on by so much; cheap to clone.
#[derive(Clone)]
pub struct Step {
    go: Arc<dyn Fn(Duration) -> Going + Send + Sync>,
    turn: Arc<Mutex<()>>,
}

impl Step {
    /// One that does this. Only whoever has made the runtime can let its time go on.
    pub fn new<F>(go: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { go: Arc::new(move |by| Box::pin(go(by))), turn: Arc::default() }
    }

    /// Goes on by so much; how much that was in the end. One step after the other.
    pub(super) async fn by(&self, time: Duration) -> Duration {
        let _turn = self.turn.lock().await;
        let begun = Instant::now();
        (self.go)(time).await;
        begun.elapsed()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}
