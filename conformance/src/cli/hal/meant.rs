//! What was typed as what is asked of a driver. A new operation is an arm here and a row in [`super::verbs`].

use std::{collections::BTreeSet, io::Read as _, path::Path};

use halmark::{
    AccountId, AccountUpdate, BootDevice, BootOverride, Deadline, Driver, DriverError, InsertMedia,
    MediaSlotId, NewAccount, Operation, Secret, VendorCall, model::SetIdentify,
};
use serde_json::Value;

use super::verbs::{Accounts, Bios, Bmc, Boot, Clock, Inventory, Light, Log, Media, Order, Vendor, Who};
use crate::{
    cli::{bmc::Typed, credentials, usage},
    operation::{Call, Returned},
};

/// What is asked of a driver.
#[derive(Debug, PartialEq)]
pub(in crate::cli) enum Asked {
    /// An operation of the contract.
    Call(Call),
    /// An account that is named by its ID is changed.
    Update(AccountId, AccountUpdate),
    /// An account that is named by its ID is deleted.
    Delete(AccountId),
    /// What is in a slot is ejected.
    Eject(MediaSlotId),
    /// Entries that are named by their IDs are booted first.
    Order(Vec<String>),
}

impl Asked {
    /// The operation.
    pub(in crate::cli) fn operation(&self) -> Operation {
        match self {
            Self::Call(call) => call.operation(),
            Self::Update(..) => Operation::AccountsUpdate,
            Self::Delete(_) => Operation::AccountsDelete,
            Self::Eject(_) => Operation::MediaEject,
            Self::Order(_) => Operation::BootOrderSet,
        }
    }

    /// Asks it.
    pub(in crate::cli) async fn of(
        &self,
        driver: &dyn Driver,
        by: Deadline,
    ) -> Result<Returned, DriverError> {
        match self {
            Self::Call(call) => call.run(driver, by.left()).await,
            Self::Update(id, to) => driver.update_account(id, to, by).await.map(Returned::of),
            Self::Delete(id) => driver.delete_account(id, by).await.map(Returned::of),
            Self::Eject(slot) => driver.eject_media(slot, by).await.map(Returned::of),
            Self::Order(first) => driver.set_boot_order(first, by).await.map(Returned::of),
        }
    }
}

/// An operation without arguments.
pub(in crate::cli) fn plain(operation: Operation) -> Asked {
    Asked::Call(Call::Plain(operation))
}

pub(super) fn boot(what: &Boot) -> Asked {
    match what {
        Boot::Get => plain(Operation::BootOverrideGet),
        Boot::Set { device: BootDevice::None, .. } => Asked::Call(Call::SetBootOverride(BootOverride::NONE)),
        Boot::Set { device, duration, mode } => Asked::Call(Call::SetBootOverride(BootOverride {
            device: *device,
            duration: *duration,
            mode: *mode,
        })),
        Boot::Order(Order::Get) => plain(Operation::BootOrderGet),
        Boot::Order(Order::Set { devices, id }) if id.is_empty() => {
            Asked::Call(Call::SetBootOrder(devices.clone()))
        }
        Boot::Order(Order::Set { id, .. }) => Asked::Order(id.clone()),
    }
}

pub(super) fn light(what: &Light) -> Asked {
    match what {
        Light::Get => plain(Operation::IdentifyGet),
        Light::Set { state, lasting } => {
            Asked::Call(Call::SetIdentify(SetIdentify { state: *state, lasting: *lasting }))
        }
    }
}

pub(super) fn inventory(what: &Inventory) -> Asked {
    match what {
        Inventory::Read => plain(Operation::InventoryRead),
        Inventory::Fru => plain(Operation::FruRead),
    }
}

pub(super) fn log(what: &Log) -> Asked {
    match what {
        Log::List => plain(Operation::LogList),
        Log::Clear => plain(Operation::LogClear),
    }
}

/// What is asked of a BMC itself; the table of BMCs asks nothing of a driver, and is the error.
pub(super) fn bmc(what: &Bmc) -> Result<Asked, &Typed> {
    Ok(match what {
        Bmc::Table(typed) => return Err(typed),
        Bmc::Reset { kind } => Asked::Call(Call::ResetBmc(*kind)),
        Bmc::Clock(Clock::Get) => plain(Operation::BmcClockGet),
        Bmc::Clock(Clock::Set { time }) => Asked::Call(Call::SetBmcClock(*time)),
        Bmc::Network => plain(Operation::BmcNetworkRead),
    })
}

pub(super) fn bios(what: &Bios) -> Asked {
    match what {
        Bios::Get => plain(Operation::BiosRead),
        Bios::Set { settings } => Asked::Call(Call::SetBios(settings.iter().cloned().collect())),
    }
}

pub(super) fn media(what: &Media) -> Result<Asked, u8> {
    Ok(match what {
        Media::List => plain(Operation::MediaList),
        Media::Insert { image, kind, slot, image_user, image_password_file } => {
            let password = image_password_file.as_deref().map(credentials::first_line).transpose()?;
            Asked::Call(Call::InsertMedia(InsertMedia {
                slot: slot.clone().map(MediaSlotId),
                kind: *kind,
                image: image.clone(),
                user: image_user.clone(),
                password: password.map(Secret::new),
            }))
        }
        Media::Eject { slot } => Asked::Eject(MediaSlotId(slot.clone())),
    })
}

pub(super) fn accounts(what: &Accounts) -> Result<Asked, u8> {
    Ok(match what {
        Accounts::List => plain(Operation::AccountsList),
        Accounts::Create { name, role, id, disabled, protocol, new_password_file } => {
            let password = new_password(new_password_file.as_deref())?.ok_or_else(|| {
                usage("no password for the new account: set HALMARK_NEW_PASSWORD or give --new-password-file")
            })?;
            Asked::Call(Call::CreateAccount(NewAccount {
                id: id.clone().map(AccountId),
                name: name.clone(),
                password,
                role: *role,
                enabled: !disabled,
                protocols: protocol.iter().copied().collect(),
            }))
        }
        Accounts::Update { who, rename, role, enable, disable, protocol, new_password_file } => {
            let protocols: BTreeSet<_> = protocol.iter().copied().collect();
            let to = AccountUpdate {
                name: rename.clone(),
                password: new_password(new_password_file.as_deref())?,
                role: *role,
                enabled: (*enable || *disable).then_some(*enable),
                protocols: (!protocols.is_empty()).then_some(protocols),
            };
            if to == AccountUpdate::default() {
                return Err(usage(
                    "nothing to change: give --role, --enable, --disable, --rename, --protocol or a new password",
                ));
            }
            match who {
                Who { id: Some(id), .. } => Asked::Update(AccountId(id.clone()), to),
                Who { name, .. } => Asked::Call(Call::UpdateAccount(name.clone().unwrap_or_default(), to)),
            }
        }
        Accounts::Delete { who: Who { id: Some(id), .. } } => Asked::Delete(AccountId(id.clone())),
        Accounts::Delete { who: Who { name, .. } } => {
            Asked::Call(Call::DeleteAccount(name.clone().unwrap_or_default()))
        }
    })
}

/// The password of an account that is made or changed.
fn new_password(file: Option<&Path>) -> Result<Option<Secret>, u8> {
    let text = match file {
        Some(file) => Some(credentials::first_line(file)?),
        None => std::env::var("HALMARK_NEW_PASSWORD").ok(),
    };
    match text {
        Some(text) if text.is_empty() => Err(usage("the new password is empty")),
        text => Ok(text.map(Secret::new)),
    }
}

pub(super) fn vendor(what: &Vendor) -> Result<Asked, u8> {
    Ok(Asked::Call(Call::Vendor(match what {
        Vendor::Ipmi { netfn, command, data } => VendorCall::Ipmi {
            netfn: *netfn,
            command: *command,
            data: halmark::model::Bytes(data.iter().flat_map(|it| it.0.clone()).collect()),
        },
        Vendor::Redfish { method, path, body } => VendorCall::Redfish {
            method: method.to_ascii_uppercase(),
            path: path.clone(),
            body: body.as_deref().map(json).transpose()?,
        },
    })))
}

/// The JSON in a file.
fn json(file: &Path) -> Result<Value, u8> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|e| usage(format!("{} cannot be read: {e}", file.display())))?;
    serde_json::from_str(&text).map_err(|e| usage(format!("{} is no JSON: {e}", file.display())))
}

/// Two things cannot both be read from standard input.
pub(super) fn one_reader(files: &[Option<&Path>]) -> Result<(), u8> {
    let readers = files.iter().filter(|file| **file == Some(Path::new("-"))).count();
    if readers > 1 {
        return Err(usage("standard input can be read for one thing only: give a file for the other"));
    }
    Ok(())
}
