//! The truth logs of `halmark sim` as gRPC streams.

use std::{future::pending, path::Path, pin::Pin, sync::Arc};

use halmark_grpc::{
    listen::{self, Listener, Socket},
    truth::{Happened, Truth, Witness},
};
use halmark_simulators::desk::Hall;
use tokio::task::JoinSet;

use crate::cli::complain;

/// Offers them where that is wanted, for as long as what comes back lives.
pub(super) fn offer(path: Option<&Path>, hall: &Arc<Hall>) -> Result<JoinSet<()>, String> {
    let mut serving = JoinSet::new();
    if let Some(path) = path {
        let socket = Socket::bind(path);
        let socket = socket.map_err(|error| format!("{} cannot be listened on: {error}", path.display()))?;
        let truth = Truth::new(All(hall.clone()));
        serving.spawn(async move {
            if let Err(error) = listen::serve_truth(truth, Listener::Unix(socket), pending()).await {
                complain(&format!("error: the truth is not offered: {error}\n"));
            }
        });
    }
    Ok(serving)
}

struct All(Arc<Hall>);

impl Witness for All {
    fn names(&self) -> Vec<String> {
        self.0.all().iter().map(|it| it.name.clone()).collect()
    }

    fn events(&self, bmc: &str, from: u64) -> Option<Vec<Happened>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let events = self.0.find(bmc)?.bmc.control().events_from(from);
        Some(events.into_iter().map(|it| Happened { seq: it.seq, at: it.at, name: it.name }).collect())
    }

    fn more_than(&self, bmc: &str, count: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match (self.0.find(bmc), usize::try_from(count)) {
            (Some(it), Ok(count)) => Box::pin(it.bmc.control().changed_after(count)),
            _ => Box::pin(pending()),
        }
    }
}
