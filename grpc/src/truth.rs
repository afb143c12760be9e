//! The truth logs of simulated machines as a service: what happens, whatever the firmware says.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::pb::{
    ListMachinesRequest, ListMachinesResponse, WatchTruthRequest, WatchTruthResponse, truth_server,
};

/// So many events wait for a caller who reads slowly; the others stay in the log.
const WAITING: usize = 64;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Its place in the log, from 0.
    pub seq: u64,
    /// When, since the machine's birth.
    pub at: Duration,
    /// What, such as `power.on`.
    pub name: String,
}

/// Whoever has seen it all.
pub trait Witness: Send + Sync + 'static {
    /// The names of the BMCs.
    fn names(&self) -> Vec<String>;

    /// The log from this event on, as far as it is kept; nothing where there is no such BMC.
    fn events(&self, bmc: &str, from: u64) -> Option<Vec<Happened>>;

    /// Resolves when there are more events than so many; at once where there already are.
    fn more_than(&self, bmc: &str, count: u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The service of a witness.
#[derive(Clone)]
pub struct Truth(Arc<dyn Witness>);

impl Truth {
    /// That of this witness.
    pub fn new(witness: impl Witness) -> Self {
        Self(Arc::new(witness))
    }
}

#[tonic::async_trait]
impl truth_server::Truth for Truth {
    async fn list_machines(
        &self,
        _: Request<ListMachinesRequest>,
    ) -> Result<Response<ListMachinesResponse>, Status> {
        Ok(Response::new(ListMachinesResponse { bmcs: self.0.names() }))
    }

    type WatchTruthStream = ReceiverStream<Result<WatchTruthResponse, Status>>;

    async fn watch_truth(
        &self,
        request: Request<WatchTruthRequest>,
    ) -> Result<Response<Self::WatchTruthStream>, Status> {
        let WatchTruthRequest { bmc, from } = request.into_inner();
        if self.0.events(&bmc, u64::MAX).is_none() {
            return Err(Status::not_found(format!("there is no BMC {bmc:?}")));
        }
        let (tell, told) = mpsc::channel(WAITING);
        tokio::spawn(follow(self.0.clone(), bmc, from, tell));
        Ok(Response::new(ReceiverStream::new(told)))
    }
}

/// Tells event by event until nobody listens any more.
async fn follow(
    witness: Arc<dyn Witness>,
    bmc: String,
    mut next: u64,
    tell: mpsc::Sender<Result<WatchTruthResponse, Status>>,
) {
    loop {
        tokio::select! {
            () = witness.more_than(&bmc, next) => {}
            () = tell.closed() => return,
        }
        for Happened { seq, at, name } in witness.events(&bmc, next).unwrap_or_default() {
            next = seq + 1;
            let at = prost_types::Duration::try_from(at).ok();
            if tell.send(Ok(WatchTruthResponse { seq, at, name })).await.is_err() {
                return;
            }
        }
    }
}
