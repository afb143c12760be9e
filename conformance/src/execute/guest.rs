//! Calls that the driver makes as somebody else: whoever an account was made for, or taken from.

use std::time::Duration;

use halmark::{Credentials, DriverError};
use tokio::time::error::Elapsed;

use crate::{
    lab::Lab,
    operation::{Call, Returned},
};

/// A call with somebody else's credentials: the driver logs in for it, and out again.
pub(super) async fn run_as(
    other: &Credentials,
    made: &Call,
    within: Duration,
    limit: Duration,
    lab: &Lab,
) -> Result<Result<Returned, DriverError>, Elapsed> {
    let driver = match lab.driver_as(other.clone()).await {
        Ok(driver) => driver,
        Err(reason) => return Ok(Err(DriverError::invalid(made.operation(), reason))),
    };
    let answer = tokio::time::timeout(limit, made.run(driver.as_ref(), within)).await;
    driver.close().await;
    answer
}
