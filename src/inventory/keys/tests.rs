//! Against a BMC of a few lines that has accounts and nothing else, and dies or lies when it is told to.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;

use super::*;
use crate::{
    driver::{Answer, Capabilities, Operation, Reply},
    model::{Account, Change, PowerState},
};

/// How the BMC is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// It changes the password and its answer is lost.
    AnswerLost,
    /// It says that it changed the password and lets nobody in by it.
    Lies,
    /// It changes the password and is gone.
    DiesAfter,
    Refuses,
}

#[derive(Debug)]
struct Bmc {
    accounts: BTreeMap<String, String>,
    fault: Fault,
    is_gone: bool,
}

struct Session {
    bmc: Arc<Mutex<Bmc>>,
    as_whom: Credentials,
    capabilities: Capabilities,
}

fn failure<T>(cause: Cause) -> Result<T, DriverError> {
    Err(DriverError { operation: Operation::AccountsUpdate, protocol: Some(Protocol::Ipmi), cause, at: None })
}

impl Session {
    /// Logs in, or not.
    fn enter(&self) -> Result<std::sync::MutexGuard<'_, Bmc>, DriverError> {
        let bmc = self.bmc.lock().unwrap();
        if bmc.is_gone {
            return failure(Cause::Unreachable { reason: "it is gone".to_owned() });
        }
        let password = self.as_whom.password.reveal_text();
        match bmc.accounts.get(&self.as_whom.user) {
            Some(known) if *known == **password => Ok(bmc),
            _ => failure(Cause::Unauthorized),
        }
    }

    fn write(&self, name: &str, password: Option<&Secret>) -> Result<(), DriverError> {
        let mut bmc = self.enter()?;
        let text = password.map(|it| it.reveal_text().to_string());
        match (bmc.fault, text) {
            (Fault::Refuses, _) => {
                return failure(Cause::Refused { code: "CCh".to_owned(), message: "too short".to_owned() });
            }
            (Fault::Lies, Some(text)) if !text.starts_with("old") => {}
            (_, Some(text)) => drop(bmc.accounts.insert(name.to_owned(), text)),
            (_, None) => drop(bmc.accounts.remove(name)),
        }
        match bmc.fault {
            Fault::AnswerLost => failure(Cause::OutcomeUnknown { reason: "lost".to_owned() }),
            Fault::DiesAfter => {
                bmc.is_gone = true;
                failure(Cause::OutcomeUnknown { reason: "gone".to_owned() })
            }
            _ => Ok(()),
        }
    }
}

fn answer<T>(value: T) -> Reply<T> {
    Ok(Answer { value, protocol: Protocol::Ipmi, notes: Vec::new() })
}

#[async_trait]
impl Driver for Session {
    fn name(&self) -> &'static str {
        "test"
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
    async fn power_read(&self, _: Deadline) -> Reply<PowerState> {
        drop(self.enter()?);
        answer(PowerState::PoweredOn)
    }
    async fn accounts(&self, _: Deadline) -> Reply<Vec<Account>> {
        let bmc = self.enter()?;
        answer(bmc.accounts.keys().map(|name| account(name)).collect())
    }
    async fn create_account(&self, new: &NewAccount, _: Deadline) -> Reply<Account> {
        self.write(&new.name, Some(&new.password))?;
        answer(account(&new.name))
    }
    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, _: Deadline) -> Reply<Change> {
        self.write(&id.0, to.password.as_ref())?;
        answer(Change::Changed)
    }
    async fn delete_account(&self, id: &AccountId, _: Deadline) -> Reply<Change> {
        self.write(&id.0, None)?;
        answer(Change::Changed)
    }
}

fn account(name: &str) -> Account {
    let protocols = std::collections::BTreeSet::new();
    Account {
        id: AccountId(name.to_owned()),
        name: name.to_owned(),
        role: Role::Administrator,
        enabled: Some(true),
        protocols,
    }
}

/// A BMC with the account `metal`, `old`, and its row.
struct Scene {
    bmc: Arc<Mutex<Bmc>>,
    store: Store,
    folder: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn mac() -> Mac {
    "92:33:b8:0e:df:8f".parse().unwrap()
}

impl Scene {
    async fn new(name: &str, fault: Fault) -> Self {
        let folder = std::env::temp_dir().join(format!("halmark-keys-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let store = Store::at(folder.join("inventory.redb"));
        let mut row = Record::new(mac());
        row.address = Some("10.0.0.1".parse().unwrap());
        row.ipmi.account = Some(Credentials::new("metal", "old"));
        row.redfish.account = Some(Credentials::new("metal", "old"));
        store
            .change(|rows| {
                rows.put(row, Moment(0));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let accounts = [("metal".to_owned(), "old".to_owned())].into();
        Self { bmc: Arc::new(Mutex::new(Bmc { accounts, fault, is_gone: false })), store, folder }
    }

    async fn with<T>(&self, run: impl AsyncFnOnce(Keys<'_>) -> T) -> T {
        let bmc = self.bmc.clone();
        let connect = move |_: &str, endpoint: Endpoint| {
            let (bmc, as_whom) = (bmc.clone(), endpoint.credentials.unwrap());
            Ok(Box::new(Session { bmc, as_whom, capabilities: Capabilities::default() }) as Box<dyn Driver>)
        };
        let patience = Duration::from_secs(5);
        let protocol = Protocol::Ipmi;
        run(Keys { store: &self.store, mac: mac(), protocol, now: Moment(1), patience, connect: &connect })
            .await
    }

    async fn rotate(&self) -> Result<(), KeysError> {
        self.with(async |keys| keys.rotate(Secret::new("new")).await).await
    }

    async fn create(&self, name: &str, role: Role) -> Result<(), KeysError> {
        self.with(async |keys| keys.create(&Credentials::new(name, "new"), role, None).await).await
    }

    async fn row(&self) -> Record {
        self.store.one(mac()).await.unwrap().unwrap()
    }

    fn heal(&self) {
        let mut bmc = self.bmc.lock().unwrap();
        (bmc.fault, bmc.is_gone) = (Fault::None, false);
    }

    /// The BMC lets in whom the row says, and nothing is under way.
    async fn is_whole(&self, password: &str) {
        let row = self.row().await;
        assert_eq!(row.pending, None);
        assert_eq!(row.ipmi.account, Some(Credentials::new("metal", password)));
        assert_eq!(self.bmc.lock().unwrap().accounts["metal"], password);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_password_takes_its_place_for_both_protocols_that_had_the_old_one() {
    let scene = Scene::new("rotate", Fault::None).await;
    scene.rotate().await.unwrap();
    scene.is_whole("new").await;
    assert_eq!(scene.row().await.redfish.account, Some(Credentials::new("metal", "new")));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_made_up_for_by_a_login() {
    let scene = Scene::new("lost", Fault::AnswerLost).await;
    scene.rotate().await.unwrap();
    scene.is_whole("new").await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_all_as_it_was() {
    let scene = Scene::new("refuses", Fault::Refuses).await;
    assert!(matches!(scene.rotate().await, Err(KeysError::Unchanged(_))));
    scene.is_whole("old").await;
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_accepted_and_does_not_hold_is_set_back() {
    let scene = Scene::new("lies", Fault::Lies).await;
    assert!(matches!(scene.rotate().await, Err(KeysError::Undone(_))));
    scene.is_whole("old").await;
}

#[tokio::test(start_paused = true)]
async fn a_bmc_that_dies_leaves_both_passwords_in_the_row_and_the_next_call_finds_out() {
    let scene = Scene::new("dies", Fault::DiesAfter).await;
    assert!(matches!(scene.rotate().await, Err(KeysError::Undecided(..))));
    let row = scene.row().await;
    assert_eq!(row.ipmi.account, Some(Credentials::new("metal", "old")));
    assert_eq!(row.pending.unwrap().account, Credentials::new("metal", "new"));
    assert!(matches!(scene.rotate().await, Err(KeysError::Undecided(..))), "it is still gone");
    scene.heal();
    scene.with(async |keys| keys.settle().await).await.unwrap();
    scene.is_whole("new").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_written_down_and_never_asked_for_is_forgotten() {
    let scene = Scene::new("never", Fault::None).await;
    scene.with(async |keys| keys.begin(&Credentials::new("metal", "new"), None).await).await.unwrap();
    scene.with(async |keys| keys.settle().await).await.unwrap();
    scene.is_whole("old").await;
}

#[tokio::test(start_paused = true)]
async fn an_administrator_becomes_the_account_of_the_row_and_the_one_before_is_kept() {
    let scene = Scene::new("create", Fault::None).await;
    scene.create("halmark", Role::Administrator).await.unwrap();
    let row = scene.row().await;
    assert_eq!(row.ipmi.account, Some(Credentials::new("halmark", "new")));
    assert_eq!((row.former, row.pending), (vec![Credentials::new("metal", "old")], None));
}

#[tokio::test(start_paused = true)]
async fn an_account_of_less_is_the_one_for_the_console() {
    let scene = Scene::new("console", Fault::None).await;
    scene.create("owner", Role::Operator).await.unwrap();
    let row = scene.row().await;
    assert_eq!(row.console, Some(Credentials::new("owner", "new")));
    scene.is_whole("old").await;
}

#[tokio::test(start_paused = true)]
async fn no_account_that_loses_its_place_is_lost() {
    let scene = Scene::new("aside", Fault::None).await;
    for (name, role) in [
        ("owner", Role::Operator),
        ("second-owner", Role::ReadOnly),
        ("halmark", Role::Administrator),
        ("late", Role::Administrator),
    ] {
        scene.create(name, role).await.unwrap();
    }
    let row = scene.row().await;
    let kept = [("owner", "new"), ("metal", "old"), ("halmark", "new")];
    assert_eq!(row.former, kept.map(|(user, password)| Credentials::new(user, password)));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_lets_nobody_in_is_taken_away_and_one_that_is_there_is_left_alone() {
    let scene = Scene::new("useless", Fault::Lies).await;
    assert!(matches!(scene.create("halmark", Role::Administrator).await, Err(KeysError::Undone(_))));
    scene.is_whole("old").await;
    assert!(matches!(scene.create("metal", Role::Administrator).await, Err(KeysError::Taken(_))));
    scene.is_whole("old").await;
}

#[tokio::test(start_paused = true)]
async fn no_error_tells_a_password() {
    for fault in [Fault::Refuses, Fault::Lies, Fault::DiesAfter] {
        let scene = Scene::new(&format!("told-{fault:?}"), fault).await;
        let error =
            scene.with(async |keys| keys.rotate(Secret::new("canary-secret")).await).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
