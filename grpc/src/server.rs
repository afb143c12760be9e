//! Any driver as a service: BMCs by name, and the operations of the contract on each.
//!
//! Each call has a place at its BMC, of which there are few, so that one that does not answer keeps no other waiting; what
//! waits for a place is bounded too. Whoever cancels a call drops the driver's future, which ends it.

mod bmcs;
mod calls;

use std::{sync::Arc, time::Duration};

use halmark::{Deadline, Driver, DriverError, Endpoint, Operation, drivers};
use tokio::time::Instant;
use tonic::{Request, Response, Status, metadata::MetadataMap};

use self::bmcs::Bmcs;
use crate::{
    failure::{self, Odd},
    pb,
};

/// What a call without a deadline gets.
const DEADLINE: Duration = Duration::from_secs(60);
/// The longest deadline.
const LONGEST: Duration = Duration::from_secs(3600);
/// How much later than its deadline a driver may return before it is given up.
const GRACE: Duration = Duration::from_secs(1);

/// A driver that a service offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// What it claims, as [`Capabilities::words`](halmark::Capabilities::words) has it.
    pub claims: Vec<String>,
}

/// Makes drivers for whoever connects.
pub trait Maker: Send + Sync {
    /// What it can make.
    fn offers(&self) -> Vec<Offer>;

    /// One for this endpoint, by name; an empty name leaves the choice. Touches nothing on the wire.
    ///
    /// # Errors
    /// Why there is none, without secrets.
    fn make(&self, driver: &str, endpoint: Endpoint) -> Result<Box<dyn Driver>, String>;
}

/// The reference drivers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

impl Maker for Reference {
    fn offers(&self) -> Vec<Offer> {
        let described = drivers::REGISTRY.iter().map(|it| Offer {
            name: it.name.to_owned(),
            about: it.about.to_owned(),
            claims: claims(it),
        });
        described.collect()
    }

    fn make(&self, driver: &str, endpoint: Endpoint) -> Result<Box<dyn Driver>, String> {
        let driver = match driver {
            "" => endpoint.scheme.protocol().map_or("unmanaged", |it| it.word()),
            named => named,
        };
        drivers::connect(driver, endpoint).map_err(|e| e.to_string())
    }
}

/// What a driver of the registry claims: it says so to an endpoint that nobody is asked at.
fn claims(registered: &drivers::Registered) -> Vec<String> {
    let nowhere =
        ["https://localhost", "ipmi://localhost"].into_iter().filter_map(|it| Endpoint::parse(it).ok());
    let nobody = || halmark::Credentials::new("nobody", "nothing");
    let driver = nowhere.filter_map(|it| (registered.connect)(it.with_credentials(nobody())).ok()).next();
    driver.map(|it| it.capabilities().words().into_iter().collect()).unwrap_or_default()
}

/// What a service allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls under way at one BMC.
    pub calls: usize,
    /// Calls that wait for a place at one BMC; more are refused as busy.
    pub waiting: usize,
    /// BMCs that callers have connected; more are refused as busy.
    pub connected: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls: 4, waiting: 16, connected: 20_000 }
    }
}

/// A call, as the audit log has it: who did what to which BMC, and how it ended. There is no secret in it, and no argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who called, as far as the connection says.
    pub peer: String,
    /// The BMC's name.
    pub bmc: String,
    /// The operation's word, or `describe`, `connect`, `disconnect`; `command` where a command was not acted on.
    pub operation: &'static str,
    /// `ok`, `cancelled`, or the kind of the failure; of a command, why it was not acted on.
    pub outcome: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// Who keeps the audit log. It is called for every call, and must not block.
pub type Audit = Arc<dyn Fn(&Entry) + Send + Sync>;

/// Who called; the listener puts it into each request.
#[derive(Debug, Clone)]
pub struct Peer(pub String);

/// The service. A clone is the same service.
#[derive(Clone)]
pub struct Service {
    maker: Arc<dyn Maker>,
    connects: bool,
    bmcs: Arc<Bmcs>,
    audit: Audit,
}

impl Service {
    /// A service that makes drivers for whoever connects.
    pub fn new(maker: impl Maker + 'static) -> Self {
        Self {
            maker: Arc::new(maker),
            connects: true,
            bmcs: Arc::new(Bmcs::new(Limits::default())),
            audit: Arc::new(|_| {}),
        }
    }

    /// The same with these limits. What it knew of BMCs is forgotten.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { bmcs: Arc::new(Bmcs::new(limits)), ..self }
    }

    /// The same with an audit log.
    pub fn with_audit(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }

    /// The same, but nobody can connect BMCs that it was not told of.
    pub fn closed(self) -> Self {
        Self { connects: false, ..self }
    }

    /// Makes a BMC known by name, for as long as the service lives.
    pub fn know(&self, name: &str, driver: Box<dyn Driver>) {
        self.bmcs.know(name, driver);
    }

    /// Ends every session politely.
    pub async fn close(&self) {
        self.bmcs.close().await;
    }

    /// What there is.
    pub(crate) fn description(&self) -> pb::DescribeResponse {
        let drivers = self.maker.offers().into_iter().map(|it| pb::DriverDescription {
            name: it.name,
            about: it.about,
            claims: it.claims,
        });
        pb::DescribeResponse {
            drivers: drivers.collect(),
            bmcs: self.bmcs.own(),
            about: format!("halmark {}", env!("CARGO_PKG_VERSION")),
            connects: self.connects,
        }
    }

    /// A command that was not acted on goes into the audit log, too.
    pub(crate) fn refused(&self, peer: &Peer, outcome: &'static str) {
        Record::new(self, peer.0.clone(), "", "command").outcome = outcome;
    }

    /// Carries out one operation at its BMC: in turn, by its deadline, and into the audit log.
    async fn carry_out<Q, T, A, F>(
        &self,
        operation: Operation,
        request: Request<Q>,
        ask: impl FnOnce(Arc<dyn Driver>, Q, Deadline) -> Result<F, Odd> + Send,
        answer: impl FnOnce(T, pb::Answered) -> A + Send,
    ) -> Result<Response<A>, Status>
    where
        Q: Addressed + Send,
        F: Future<Output = halmark::Reply<T>> + Send,
    {
        let by = deadline(request.metadata())?;
        let mut record = Record::new(self, peer(&request), request.get_ref().bmc(), operation.word());
        let asked = request.into_inner();
        let done = self.in_turn(operation, asked, by, ask).await;
        record.outcome = done.as_ref().map_or_else(|error| error.kind(), |_| "ok");
        let done = done.map_err(|error| failure::status(&error))?;
        let answered = pb::Answered {
            protocol: crate::words::number(done.protocol),
            notes: done.notes.iter().map(|note| failure::deviation(&note.0)).collect(),
        };
        Ok(Response::new(answer(done.value, answered)))
    }

    async fn in_turn<Q, T, F>(
        &self,
        operation: Operation,
        asked: Q,
        by: Deadline,
        ask: impl FnOnce(Arc<dyn Driver>, Q, Deadline) -> Result<F, Odd> + Send,
    ) -> halmark::Reply<T>
    where
        Q: Addressed + Send,
        F: Future<Output = halmark::Reply<T>> + Send,
    {
        let bmc = self.bmcs.find(asked.bmc()).ok_or_else(|| unknown(operation, asked.bmc()))?;
        let _place = bmc.place(operation, by).await?;
        let call = ask(bmc.driver.clone(), asked, by)
            .map_err(|odd| DriverError::invalid(operation, odd.to_string()))?;
        tokio::time::timeout_at(by.instant() + GRACE, call).await.unwrap_or_else(|_| Err(hangs(operation)))
    }
}

fn unknown(operation: Operation, bmc: &str) -> DriverError {
    let cause = halmark::Cause::NotFound { what: format!("name {bmc:?} in this service") };
    DriverError { operation, protocol: None, cause, at: None }
}

/// A driver that does not keep its deadline: what became of a change is not known.
fn hangs(operation: Operation) -> DriverError {
    let reason = "the driver did not return by its deadline".to_owned();
    let cause = match operation.changes() {
        true => halmark::Cause::OutcomeUnknown { reason },
        false => halmark::Cause::Internal { reason },
    };
    DriverError { operation, protocol: None, cause, at: None }
}

/// A request that is about one BMC.
trait Addressed {
    fn bmc(&self) -> &str;
}

fn peer<T>(request: &Request<T>) -> String {
    request.extensions().get::<Peer>().map(|it| it.0.clone()).unwrap_or_default()
}

/// The deadline of a call, from `grpc-timeout`: up to eight digits and a unit.
fn deadline(metadata: &MetadataMap) -> Result<Deadline, Status> {
    let Some(text) = metadata.get("grpc-timeout") else { return Ok(Deadline::after(DEADLINE)) };
    let odd = || Status::invalid_argument("grpc-timeout is no timeout");
    let text = text.to_str().map_err(|_| odd())?;
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(odd)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8).ok_or_else(odd)?;
    let limit = match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return Err(odd()),
    };
    Ok(Deadline::after(limit.min(LONGEST)))
}

/// A call's entry in the audit log, written when the call ends: one that is dropped before was cancelled.
struct Record<'a> {
    audit: &'a Audit,
    peer: String,
    bmc: String,
    operation: &'static str,
    outcome: &'static str,
    began: Instant,
}

impl<'a> Record<'a> {
    fn new(service: &'a Service, peer: String, bmc: &str, operation: &'static str) -> Self {
        let bmc = bmc.chars().take(crate::LONGEST_NAME).collect();
        Self { audit: &service.audit, peer, bmc, operation, outcome: "cancelled", began: Instant::now() }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        (self.audit)(&Entry {
            peer: std::mem::take(&mut self.peer),
            bmc: std::mem::take(&mut self.bmc),
            operation: self.operation,
            outcome: self.outcome,
            took: self.began.elapsed(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> Option<Duration> {
        let mut metadata = MetadataMap::new();
        metadata.insert("grpc-timeout", text.parse().unwrap());
        deadline(&metadata).ok().map(Deadline::left)
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_digits_and_a_unit() {
        assert_eq!(limit("250m"), Some(Duration::from_millis(250)));
        assert_eq!(limit("3S"), Some(Duration::from_secs(3)));
        assert_eq!(limit("99999999H"), Some(LONGEST));
        for odd in ["", "S", "3", "3x", "-3S", "123456789S"] {
            assert_eq!(limit(odd), None, "{odd}");
        }
    }
}
