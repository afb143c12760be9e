//! `halmark bmc create-user` and `rotate-password`.

use halmark::{
    Credentials, Protocol, Secret, drivers,
    inventory::{
        Record,
        keys::{Keys, KeysError, random_password},
    },
};

use super::{
    changed, now,
    place::{Table, find, unusable},
    secret::{Places, one_reader},
    typed::{NewPassword, NewUser, Rotate},
};
use crate::cli::{
    complain, credentials,
    hal::{self, Door, exit},
    usage,
};

/// Makes an account; `by` is a protocol that the command's name says.
pub(super) fn create(door: &Door, new: &NewUser, by: Option<Protocol>) -> Result<u8, u8> {
    let table = Table::meant(door)?;
    let row = find(&table, &new.which)?;
    let protocol = by.or(new.protocol).unwrap_or_else(|| usual(&row));
    one_reader(&[door.password_file.as_deref(), new.password.new_password_file.as_deref()])?;
    let asker = match &door.user {
        Some(user) => {
            let (user, password) = credentials::given(Some(user), door.password_file.as_deref(), "")?;
            Some(Credentials::new(user, password))
        }
        None => row.account(protocol).is_none().then(|| row.factory.clone()).flatten(),
    };
    let account = Credentials { user: new.name.clone(), password: password(&new.password, &new.name)? };
    let role = new.role;
    work(door, &table, &row, protocol, async |keys| keys.create(&account, role, asker.as_ref()).await)
}

pub(super) fn rotate(door: &Door, rotate: &Rotate) -> Result<u8, u8> {
    let table = Table::meant(door)?;
    let row = find(&table, &rotate.which)?;
    let protocol = rotate.protocol.unwrap_or_else(|| usual(&row));
    let user = row.account(protocol).map(|it| it.user.clone()).unwrap_or_default();
    let password = password(&rotate.password, &user)?;
    work(door, &table, &row, protocol, async |keys| keys.rotate(password).await)
}

fn work(
    door: &Door,
    table: &Table,
    row: &Record,
    protocol: Protocol,
    ask: impl AsyncFnOnce(Keys<'_>) -> Result<(), KeysError>,
) -> Result<u8, u8> {
    let (store, mac, patience) = (&table.store, row.mac, door.timeout);
    let keys = Keys { store, mac, protocol, now: now(), patience, connect: &drivers::connect };
    Ok(table.wait(hal::uninterrupted(async {
        match ask(keys).await {
            Ok(()) => changed(door),
            Err(error) => failed(&error),
        }
    })))
}

/// The preferred driver's protocol, else the one that an account is known for, Redfish before IPMI.
fn usual(row: &Record) -> Protocol {
    let is_ipmi = row.preferred_driver.as_deref() == Some("ipmi");
    let only_ipmi = row.redfish.account.is_none() && row.ipmi.account.is_some();
    if is_ipmi || row.preferred_driver.is_none() && only_ipmi { Protocol::Ipmi } else { Protocol::Redfish }
}

fn password(from: &NewPassword, user: &str) -> Result<Secret, u8> {
    if from.generate {
        return random_password().ok_or_else(|| usage("the system gives no random numbers"));
    }
    let places = Places {
        argument: from.ipmi_password.as_deref().map(|it| ("--ipmi-password", it)),
        file: from.new_password_file.as_deref(),
        by_file: "--new-password-file",
        variable: "HALMARK_NEW_PASSWORD",
    };
    places.asked(&format!("the account {user}"))
}

/// Tells why it was not done; the exit code.
fn failed(error: &KeysError) -> u8 {
    if let KeysError::Store(error) = error {
        return unusable(error);
    }
    complain(&format!("error: {error}\n"));
    match error {
        KeysError::Store(_) | KeysError::Reach(_) | KeysError::Connect(_) => exit::USAGE,
        KeysError::NoAccount(mac, protocol) => {
            complain(&format!("  give one by `halmark bmc update {mac} --{protocol}-user NAME`\n"));
            exit::USAGE
        }
        KeysError::NoRow(_) | KeysError::NotThere(_) | KeysError::Taken(_) => exit::STATE,
        KeysError::Unchanged(cause) => exit::of(&cause.cause),
        KeysError::Undone(_) => exit::REFUSED,
        KeysError::Undecided(..) => exit::UNKNOWN,
    }
}
