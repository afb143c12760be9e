//! A failure on its way up to the contract: its cause and its place on the wire, not yet the operation.

use crate::driver::{Cause, Deviation, DriverError, Exchange, Operation, Protocol};

/// Why something on the wire failed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Why.
    pub(super) cause: Cause,
    /// The last exchange; apart, since what could fail is handed up with room for it at every step.
    pub(super) at: Option<Box<Exchange>>,
}

impl Failure {
    pub(super) fn new(cause: Cause, at: Exchange) -> Self {
        Self { cause, at: Some(Box::new(at)) }
    }

    /// The same failure of an operation after something that can change the machine was accepted.
    pub(super) fn after_a_change(self) -> Self {
        let cause = match self.cause {
            unknown @ Cause::OutcomeUnknown { .. } => unknown,
            other => Cause::OutcomeUnknown { reason: other.to_string() },
        };
        Self { cause, ..self }
    }

    pub(super) fn of(self, operation: Operation, protocol: Protocol) -> DriverError {
        DriverError { operation, protocol: Some(protocol), cause: self.cause, at: self.at.map(|at| *at) }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self { cause, at: None }
    }
}

impl From<Deviation> for Failure {
    fn from(deviation: Deviation) -> Self {
        Cause::Deviation(deviation).into()
    }
}
