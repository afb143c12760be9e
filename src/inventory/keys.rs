//! Accounts that are made, and passwords that are changed, so that a crash at any moment loses no password that holds.
//!
//! 1. The new password is written into the row, as [`Pending`], and is on the disk before anything is asked of the BMC.
//! 2. The BMC is asked.
//! 3. A login with the new password shows whether it holds. If it does, it takes its place in the row; if the BMC refuses it,
//!    what was done is undone. Where neither can be found out, the row keeps both, and the next call finds out first.

use std::{collections::BTreeSet, fmt};

use tokio::time::{Duration, sleep};

use super::{
    Mac, Moment, Record, Store, StoreError,
    reach::{self, Unreached},
    record::Pending,
};
use crate::{
    driver::{Cause, Deadline, Driver, DriverError, Protocol},
    drivers::ConnectError,
    endpoint::{Credentials, Endpoint},
    model::{AccountId, AccountProtocol, AccountUpdate, NewAccount, Role, Secret},
};

mod password;
#[cfg(test)]
mod tests;

pub use self::password::random_password;

/// How a driver is made: [`drivers::connect`](crate::drivers::connect), or a test's own.
pub type Connect<'a> = &'a (dyn Fn(&str, Endpoint) -> Result<Box<dyn Driver>, ConnectError> + Sync);

/// How long a BMC has to take a new password in before it is asked a second time.
const SETTLING: Duration = Duration::from_secs(2);

/// Makes accounts and changes passwords on one BMC of the table.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// The table.
    pub store: &'a Store,
    /// The BMC.
    pub mac: Mac,
    /// By which protocol.
    pub protocol: Protocol,
    /// What time it is.
    pub now: Moment,
    /// When each login and each request is given up.
    pub patience: Duration,
    /// How a driver is made.
    pub connect: Connect<'a>,
}

/// Why an account was not made, or a password not changed.
#[derive(Debug)]
pub enum KeysError {
    /// The table could not be read or changed.
    Store(StoreError),
    /// The table has no such BMC, or no longer.
    NoRow(Mac),
    /// The row does not say where or as whom.
    Reach(Unreached),
    /// The row has no account for the protocol.
    NoAccount(Mac, Protocol),
    /// The BMC has no account of that name.
    NotThere(String),
    /// The BMC has an account of that name already.
    Taken(String),
    /// No driver could be made.
    Connect(ConnectError),
    /// The BMC is as it was.
    Unchanged(DriverError),
    /// The BMC refused a login with what it had accepted; it was set back to what it was.
    Undone(DriverError),
    /// It could not be found out which password holds. The row has both.
    Undecided(Mac, DriverError),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::NoRow(mac) => write!(f, "the inventory has no BMC {mac}"),
            Self::Reach(error) => error.fmt(f),
            Self::NoAccount(mac, protocol) => {
                write!(f, "the inventory knows no account of {mac} over {protocol}")
            }
            Self::NotThere(name) => write!(f, "the BMC has no account {name:?}"),
            Self::Taken(name) => write!(f, "the BMC has an account {name:?} already"),
            Self::Connect(error) => error.fmt(f),
            Self::Unchanged(error) => write!(f, "the BMC is as it was: {error}"),
            Self::Undone(error) => {
                write!(
                    f,
                    "the BMC accepted the password and refused a login with it; it was set back: {error}"
                )
            }
            Self::Undecided(mac, error) => write!(
                f,
                "it is not known whether the new password holds; the inventory keeps both, and the next \
                 `halmark bmc rotate-password {mac}` finds out: {error}"
            ),
        }
    }
}

impl std::error::Error for KeysError {}

impl From<StoreError> for KeysError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whether a password holds.
enum Login {
    Holds,
    Refused(DriverError),
    Unknown(DriverError),
}

impl Keys<'_> {
    /// Gives the account that the row is reached by a new password. The other protocol's account gets it too where it is the
    /// same one on the BMC.
    pub async fn rotate(&self, password: Secret) -> Result<(), KeysError> {
        let row = self.settle().await?;
        let old = row.account(self.protocol).cloned().ok_or(KeysError::NoAccount(self.mac, self.protocol))?;
        let new = Credentials { user: old.user.clone(), password };
        self.begin(&new, None).await?;
        match self.set_password(&row, &old, &new.password).await {
            Ok(()) => {}
            Err(KeysError::Unchanged(error)) if matches!(error.cause, Cause::OutcomeUnknown { .. }) => {}
            Err(error) => return self.forget().await.and(Err(error)),
        }
        match self.login(&row, self.protocol, &new).await? {
            Login::Holds => self.adopt(&row, &new, None).await,
            Login::Refused(error) => match self.set_password(&row, &old, &old.password).await {
                Ok(()) => self.forget().await.and(Err(KeysError::Undone(error))),
                Err(_) => Err(KeysError::Undecided(self.mac, error)),
            },
            Login::Unknown(error) => Err(KeysError::Undecided(self.mac, error)),
        }
    }

    /// Makes an account, asking as `asker` or as the row's own account. An administrator becomes the account that the row is
    /// reached by over this protocol; any other is the one for the console.
    pub async fn create(
        &self,
        new: &Credentials,
        role: Role,
        asker: Option<&Credentials>,
    ) -> Result<(), KeysError> {
        let row = self.settle().await?;
        let known = row.account(self.protocol);
        let asker = asker.or(known).cloned().ok_or(KeysError::NoAccount(self.mac, self.protocol))?;
        if self.id(&row, &asker, &new.user).await?.is_some() {
            return Err(KeysError::Taken(new.user.clone()));
        }
        self.begin(new, Some(role)).await?;
        let account = NewAccount {
            id: None,
            name: new.user.clone(),
            password: new.password.clone(),
            role,
            enabled: true,
            protocols: self.doors(&row),
        };
        match self.made(&row, &asker, account).await {
            Ok(_) => {}
            Err(KeysError::Unchanged(error)) if matches!(error.cause, Cause::OutcomeUnknown { .. }) => {}
            Err(error) => return self.forget().await.and(Err(error)),
        }
        match self.login(&row, self.protocol, new).await? {
            Login::Holds => self.adopt(&row, new, Some(role)).await,
            Login::Refused(error) => match self.remove(&row, &asker, &new.user).await {
                Ok(()) => self.forget().await.and(Err(KeysError::Undone(error))),
                Err(_) => Err(KeysError::Undecided(self.mac, error)),
            },
            Login::Unknown(error) => Err(KeysError::Undecided(self.mac, error)),
        }
    }

    /// What a new account shall be let in to: IPMI too where the BMC has it, since the console is there. Over Redfish alone an account is
    /// for Redfish alone unless somebody asks for more (DSP0268 ManagerAccount.AccountTypes).
    fn doors(&self, row: &Record) -> BTreeSet<AccountProtocol> {
        let both = self.protocol == Protocol::Redfish && row.drivers.contains("ipmi");
        let doors = [AccountProtocol::Redfish, AccountProtocol::Ipmi];
        doors.into_iter().filter(|_| both).collect()
    }

    /// Makes the account; where the BMC lets nobody choose the doors, with those that it gives by itself.
    async fn made(&self, row: &Record, asker: &Credentials, account: NewAccount) -> Result<(), KeysError> {
        let make = async |account: &NewAccount| {
            self.with(row, asker, async |driver, by| driver.create_account(account, by).await).await
        };
        match make(&account).await {
            Err(KeysError::Unchanged(error))
                if !account.protocols.is_empty()
                    && matches!(error.cause, Cause::Refused { .. } | Cause::InvalidArgument { .. }) =>
            {
                make(&NewAccount { protocols: BTreeSet::new(), ..account }).await.map(drop)
            }
            outcome => outcome.map(drop),
        }
    }

    /// The row, after finding out about what was interrupted: the password that holds takes its place.
    pub async fn settle(&self) -> Result<Record, KeysError> {
        let row = self.store.one(self.mac).await?.ok_or(KeysError::NoRow(self.mac))?;
        let Some(pending) = row.pending.clone() else { return Ok(row) };
        let of = Keys { protocol: pending.protocol, ..*self };
        match of.login(&row, pending.protocol, &pending.account).await? {
            Login::Holds => of.adopt(&row, &pending.account, pending.role).await?,
            Login::Unknown(error) => return Err(KeysError::Undecided(self.mac, error)),
            Login::Refused(refused) => of.fall_back(&row, &pending, refused).await?,
        }
        self.store.one(self.mac).await?.ok_or(KeysError::NoRow(self.mac))
    }

    /// The pending password does not hold; if the one before does, all is as it was.
    async fn fall_back(
        &self,
        row: &Record,
        pending: &Pending,
        refused: DriverError,
    ) -> Result<(), KeysError> {
        let Some(old) = row.account(self.protocol) else {
            return self.forget().await;
        };
        match self.login(row, self.protocol, old).await? {
            Login::Holds if pending.role.is_some() => {
                self.remove(row, old, &pending.account.user).await?;
                self.forget().await
            }
            Login::Holds => self.forget().await,
            Login::Refused(_) => Err(KeysError::Undecided(self.mac, refused)),
            Login::Unknown(error) => Err(KeysError::Undecided(self.mac, error)),
        }
    }

    /// Writes down what is about to be asked of the BMC.
    async fn begin(&self, new: &Credentials, role: Option<Role>) -> Result<(), KeysError> {
        let pending = Pending { protocol: self.protocol, account: new.clone(), role, since: self.now };
        self.note(|row| row.pending = Some(pending)).await
    }

    async fn forget(&self) -> Result<(), KeysError> {
        self.note(|row| row.pending = None).await
    }

    /// The new password holds: it takes its place in the row.
    async fn adopt(&self, row: &Record, new: &Credentials, role: Option<Role>) -> Result<(), KeysError> {
        let others = [Protocol::Redfish, Protocol::Ipmi].into_iter().filter(|it| *it != self.protocol);
        let before = row.account(self.protocol).cloned();
        let mut places = vec![self.protocol];
        for other in
            others.filter(|it| role.is_none() && before.is_some() && row.account(*it) == before.as_ref())
        {
            if matches!(self.login(row, other, new).await?, Login::Holds) {
                places.push(other);
            }
        }
        self.note(|row| {
            row.pending = None;
            if role.is_some_and(|it| it != Role::Administrator) {
                let before = row.console.replace(new.clone());
                before.filter(|it| it.user != new.user).into_iter().for_each(|it| row.set_aside(it));
                return;
            }
            before.filter(|it| it.user != new.user).into_iter().for_each(|it| row.set_aside(it));
            for place in places {
                *row.account_mut(place) = Some(new.clone());
            }
        })
        .await
    }

    async fn note(&self, change: impl FnOnce(&mut Record)) -> Result<(), KeysError> {
        self.store
            .change(|rows| {
                let mut row = rows.get(self.mac).cloned().ok_or(KeysError::NoRow(self.mac))?;
                change(&mut row);
                rows.put(row, self.now);
                Ok(())
            })
            .await
    }

    /// Whether an account may log in, by reading the power state as it. A BMC that is slow to take a password in is asked
    /// twice, and no more: many lock an account after three failures.
    async fn login(
        &self,
        row: &Record,
        protocol: Protocol,
        account: &Credentials,
    ) -> Result<Login, KeysError> {
        let of = Keys { protocol, ..*self };
        let mut tried = of.try_login(row, account).await?;
        if matches!(tried, Login::Refused(_)) {
            sleep(SETTLING).await;
            tried = of.try_login(row, account).await?;
        }
        Ok(tried)
    }

    async fn try_login(&self, row: &Record, account: &Credentials) -> Result<Login, KeysError> {
        match self.with(row, account, async |driver, by| driver.power_read(by).await).await {
            Ok(_) => Ok(Login::Holds),
            Err(KeysError::Unchanged(error)) => Ok(match error.cause {
                Cause::Unauthorized => Login::Refused(error),
                Cause::Unreachable { .. }
                | Cause::Untrusted { .. }
                | Cause::Busy { .. }
                | Cause::Internal { .. } => Login::Unknown(error),
                // It was let in, and told something else.
                _ => Login::Holds,
            }),
            Err(error) => Err(error),
        }
    }

    async fn set_password(&self, row: &Record, asker: &Credentials, to: &Secret) -> Result<(), KeysError> {
        let id = self.id(row, asker, &asker.user).await?;
        let id = id.ok_or_else(|| KeysError::NotThere(asker.user.clone()))?;
        let to = AccountUpdate { password: Some(to.clone()), ..AccountUpdate::default() };
        self.with(row, asker, async |driver, by| driver.update_account(&id, &to, by).await).await.map(drop)
    }

    /// Deletes an account of that name, if there is one.
    async fn remove(&self, row: &Record, asker: &Credentials, name: &str) -> Result<(), KeysError> {
        match self.id(row, asker, name).await? {
            None => Ok(()),
            Some(id) => {
                self.with(row, asker, async |driver, by| driver.delete_account(&id, by).await).await.map(drop)
            }
        }
    }

    async fn id(
        &self,
        row: &Record,
        asker: &Credentials,
        name: &str,
    ) -> Result<Option<AccountId>, KeysError> {
        let accounts = self.with(row, asker, async |driver, by| driver.accounts(by).await).await?;
        Ok(accounts.value.into_iter().find(|it| it.name == name).map(|it| it.id))
    }

    /// Asks the BMC as an account, in a session of its own.
    async fn with<T>(
        &self,
        row: &Record,
        account: &Credentials,
        ask: impl AsyncFnOnce(&dyn Driver, Deadline) -> Result<T, DriverError>,
    ) -> Result<T, KeysError> {
        let endpoint = reach::door(row, self.protocol, account.clone()).map_err(KeysError::Reach)?;
        let driver = (self.connect)(self.protocol.word(), endpoint).map_err(KeysError::Connect)?;
        let answer = ask(driver.as_ref(), Deadline::after(self.patience)).await;
        driver.close().await;
        answer.map_err(KeysError::Unchanged)
    }
}
