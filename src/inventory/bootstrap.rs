//! First access: a BMC that is as it was shipped gets accounts of its own, by the credentials of the vendor's list.
//!
//! 1. The factory's password is changed to a random one.
//! 2. A privileged user with a random password is made, which the row is reached by from then on.
//! 3. A restricted user for the console is made.
//!
//! Each step is undone unless a login shows that it holds ([`keys`](super::keys)), and is on the disk before and after. Who is interrupted begins
//! again where it stopped. The row keeps the credentials of the list: they hold again when somebody resets the BMC to what it was.

use std::fmt;

use super::{
    Record, StoreError,
    keys::{Keys, KeysError, random_password},
};
use crate::{
    driver::{Cause, Protocol},
    endpoint::Credentials,
    model::Role,
};

/// The names of the accounts that are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The privileged one.
    pub admin: String,
    /// The restricted one, for the console.
    pub console: String,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The BMC has accounts of its own now.
    Initialised,
    /// It had all before.
    AlreadySo,
}

/// Why a BMC could not be initialised. What had been done before holds, and is in the row.
#[derive(Debug)]
pub enum BootstrapError {
    /// Nobody knows credentials.
    NoCredentials,
    /// The BMC refuses those that are known.
    Refused,
    /// Something else went wrong, and another attempt may go well.
    Keys(KeysError),
    /// The system gives no random numbers.
    NoRandom,
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredentials => {
                f.write_str("no factory credentials are known: an operator has to provide credentials")
            }
            Self::Refused => {
                f.write_str("the known credentials are refused: an operator has to provide credentials")
            }
            Self::Keys(error) => error.fmt(f),
            Self::NoRandom => f.write_str("the system gives no random numbers"),
        }
    }
}

impl std::error::Error for BootstrapError {}

impl From<KeysError> for BootstrapError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Unchanged(error) if matches!(error.cause, Cause::Unauthorized) => Self::Refused,
            error => Self::Keys(error),
        }
    }
}

impl From<StoreError> for BootstrapError {
    fn from(error: StoreError) -> Self {
        Self::Keys(error.into())
    }
}

/// The protocol by which a row is initialised: Redfish where it was seen, else IPMI where it was seen.
pub fn protocol(row: &Record) -> Protocol {
    let is_ipmi = row.drivers.contains("ipmi") && !row.drivers.contains("redfish");
    if is_ipmi { Protocol::Ipmi } else { Protocol::Redfish }
}

/// Initialises one BMC, and writes into its row why it could not be.
pub async fn bootstrap(keys: &Keys<'_>, names: &Names) -> Result<Done, BootstrapError> {
    let done = steps(keys, names).await;
    let error = done.as_ref().err().map(ToString::to_string);
    let noted = keys.store.change(|rows| {
        if let Some(mut row) = rows.get(keys.mac).cloned() {
            row.status.last_error = error;
            rows.put(row, keys.now);
        }
        Ok::<_, StoreError>(())
    });
    noted.await?;
    done
}

async fn steps(keys: &Keys<'_>, names: &Names) -> Result<Done, BootstrapError> {
    let row = first_access(keys).await?;
    let mut done = Done::AlreadySo;
    let by_factory =
        |row: &Record| row.factory.is_some() && row.account(keys.protocol) == row.factory.as_ref();
    if by_factory(&row) {
        keys.rotate(random_password().ok_or(BootstrapError::NoRandom)?).await?;
        done = Done::Initialised;
    }
    let row = keys.settle().await?;
    let user = row.account(keys.protocol).map(|it| it.user.as_str());
    if row.factory.as_ref().is_some_and(|it| Some(it.user.as_str()) == user && it.user != names.admin) {
        let account = random(&names.admin)?;
        keys.create(&account, Role::Administrator, None).await?;
        done = Done::Initialised;
    }
    if row.console.is_none() {
        keys.create(&random(&names.console)?, Role::Operator, None).await?;
        done = Done::Initialised;
    }
    Ok(done)
}

fn random(user: &str) -> Result<Credentials, BootstrapError> {
    let password = random_password().ok_or(BootstrapError::NoRandom)?;
    Ok(Credentials { user: user.to_owned(), password })
}

/// The row, reached by the factory's credentials where it has no account yet.
async fn first_access(keys: &Keys<'_>) -> Result<Record, BootstrapError> {
    let row = keys.settle().await?;
    if row.account(keys.protocol).is_some() {
        return Ok(row);
    }
    let factory = row.factory.clone().ok_or(BootstrapError::NoCredentials)?;
    let change = keys.store.change(|rows| {
        let mut row = rows.get(keys.mac).cloned().ok_or(KeysError::NoRow(keys.mac))?;
        *row.account_mut(keys.protocol) = Some(factory);
        rows.put(row.clone(), keys.now);
        Ok::<_, KeysError>(row)
    });
    Ok(change.await?)
}
