//! Resources that an answer is better with and can do without: read with less patience, and left out with a note.

use std::time::Duration;

use super::{client::Talk, document::Document};
use crate::{
    driver::{Cause, Deviation, Exchange},
    drivers::failure::Failure,
};

/// How long a side resource may keep the rest waiting.
const PATIENCE: Duration = Duration::from_secs(15);

impl Talk<'_> {
    /// Reads a side resource. One that is not there, refused, broken or busy for long is none (README 36: 5xx on a single
    /// resource while the others work); silence is the whole BMC's and is waited for as ever.
    pub(super) async fn aside(&mut self, link: &str) -> Result<Option<Document>, Failure> {
        let by = self.by;
        if !self.client.endpoint.seams.never_gives_up {
            self.by = by.or_after(PATIENCE);
        }
        let hurried = self.get(link).await;
        self.by = by;
        let outcome = match hurried {
            Err(Failure { cause: Cause::Unreachable { .. }, .. }) if !by.left().is_zero() => {
                self.get(link).await
            }
            outcome => outcome,
        };
        self.spare(outcome)
    }

    /// What a refused or broken side resource leaves: nothing but a note of what the BMC did. Silence remains a failure.
    pub(super) fn spare<T>(&mut self, outcome: Result<T, Failure>) -> Result<Option<T>, Failure> {
        let failure = match outcome {
            Ok(value) => return Ok(Some(value)),
            Err(failure) => failure,
        };
        match (&failure.cause, failure.at.as_deref()) {
            // The account's concern and not the BMC's.
            (Cause::Denied, _) => Ok(None),
            (Cause::Deviation(deviation), _) => {
                self.notes.forgive(deviation.clone());
                Ok(None)
            }
            (
                Cause::NotFound { .. } | Cause::Refused { .. } | Cause::Conflict { .. } | Cause::Busy { .. },
                at,
            ) => {
                if let Some(Exchange::Http { status: Some(status), .. }) = at {
                    self.notes.forgive(Deviation::WrongStatus { status: *status, expected: "200" });
                }
                Ok(None)
            }
            _ => Err(failure),
        }
    }
}
