//! Each operation of the contract goes through client and service to the driver: one without a call of its own would be refused
//! on the way, as what a driver does not do is.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use halmark::{
    AccountId, AccountUpdate, BmcReset, BootOverride, Capabilities, Deadline, Driver, DriverError, Endpoint,
    Identify, InsertMedia, MediaKind, MediaSlotId, NewAccount, Operation, Role, Secret, SetIdentify,
    Timestamp, VendorCall, model::Bytes,
};
use halmark_grpc::{
    client::Plugin,
    listen,
    server::{Maker, Offer, Service},
    transport::Channel,
};

/// A driver that does nothing at all.
struct Idle(Capabilities);

impl Driver for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0
    }
}

struct Idles;

impl Maker for Idles {
    fn offers(&self) -> Vec<Offer> {
        Vec::new()
    }

    fn make(&self, _: &str, _: Endpoint) -> Result<Box<dyn Driver>, String> {
        Ok(Box::new(Idle(Capabilities::default())))
    }
}

/// The failure of an operation. Whoever adds one to the contract has to say here how it is asked for.
async fn ask(driver: &dyn Driver, operation: Operation) -> Option<DriverError> {
    let by = Deadline::after(Duration::from_secs(5));
    if let Some(action) = operation.power_action() {
        return driver.power(action, by).await.err();
    }
    let id = AccountId("2".to_owned());
    match operation {
        Operation::PowerOn
        | Operation::PowerOff
        | Operation::PowerShutdown
        | Operation::PowerCycle
        | Operation::PowerReset
        | Operation::PowerNmi => unreachable!("they are power actions"),
        Operation::PowerRead => driver.power_read(by).await.err(),
        Operation::BootOverrideGet => driver.boot_override(by).await.err(),
        Operation::BootOverrideSet => driver.set_boot_override(BootOverride::NONE, by).await.err(),
        Operation::IdentifyGet => driver.identify(by).await.err(),
        Operation::IdentifySet => {
            driver.set_identify(SetIdentify { state: Identify::Lit, lasting: None }, by).await.err()
        }
        Operation::IdentityRead => driver.identity(by).await.err(),
        Operation::BmcReset => driver.reset_bmc(BmcReset::Cold, by).await.err(),
        Operation::FruRead => driver.fru(by).await.err(),
        Operation::SensorsRead => driver.sensors(by).await.err(),
        Operation::PowerMetrics => driver.power_metrics(by).await.err(),
        Operation::LogList => driver.log(by).await.err(),
        Operation::LogClear => driver.clear_log(by).await.err(),
        Operation::AccountsList => driver.accounts(by).await.err(),
        Operation::AccountsCreate => driver.create_account(&account(), by).await.err(),
        Operation::AccountsUpdate => driver.update_account(&id, &AccountUpdate::default(), by).await.err(),
        Operation::AccountsDelete => driver.delete_account(&id, by).await.err(),
        Operation::ConsoleOpen => driver.open_console(by).await.err(),
        Operation::BmcClockGet => driver.bmc_clock(by).await.err(),
        Operation::BmcClockSet => driver.set_bmc_clock(Timestamp(0), by).await.err(),
        Operation::BmcNetworkRead => driver.bmc_network(by).await.err(),
        Operation::MediaList => driver.media(by).await.err(),
        Operation::MediaInsert => driver.insert_media(&medium(), by).await.err(),
        Operation::MediaEject => driver.eject_media(&MediaSlotId("Cd".to_owned()), by).await.err(),
        Operation::BiosRead => driver.bios(by).await.err(),
        Operation::BiosSet => driver.set_bios(&[].into(), by).await.err(),
        Operation::InventoryRead => driver.inventory(by).await.err(),
        Operation::BootOrderGet => driver.boot_order(by).await.err(),
        Operation::BootOrderSet => driver.set_boot_order(&["Boot0001".to_owned()], by).await.err(),
        Operation::VendorCall => driver.vendor_call(&call(), by).await.err(),
    }
}

fn account() -> NewAccount {
    NewAccount {
        id: None,
        name: "guest".to_owned(),
        password: Secret::new("pass-of-a-guest"),
        role: Role::ReadOnly,
        enabled: true,
        protocols: [].into(),
    }
}

fn medium() -> InsertMedia {
    let image = "https://images.invalid/a.iso".to_owned();
    InsertMedia { slot: None, kind: MediaKind::Cd, image, user: None, password: None }
}

fn call() -> VendorCall {
    VendorCall::Ipmi { netfn: 6, command: 1, data: Bytes::default() }
}

#[tokio::test]
async fn every_operation_of_the_contract_has_a_call_that_reaches_the_driver() {
    let (here, there) = tokio::net::UnixStream::pair().unwrap();
    let log: Arc<Mutex<Vec<(&str, &str)>>> = Arc::default();
    let keep = log.clone();
    let service = Service::new(Idles).with_audit(Arc::new(move |entry| {
        keep.lock().unwrap().push((entry.operation, entry.outcome));
    }));
    tokio::spawn(async move { listen::serve_one(&service, there).await });
    let plugin = Plugin::new(Channel::over(here).await.unwrap());
    let (endpoint, by) = (Endpoint::parse("http://bmc").unwrap(), Deadline::after(Duration::from_secs(5)));
    let driver = plugin.connect("", &endpoint, by).await.unwrap();
    log.lock().unwrap().clear();
    for operation in Operation::ALL {
        assert_eq!(ask(&driver, *operation).await, Some(DriverError::unsupported(*operation)));
        assert_eq!(log.lock().unwrap().pop(), Some((operation.word(), "unsupported")));
    }
}
