//! Claims about accounts: in a collection that grows, and in one of slots.

use super::*;
use crate::{
    driver::{Cause, Driver as _},
    model::{AccountId, AccountUpdate, Change, NewAccount, Role, Secret},
};

const SERVICE: &str = "/redfish/v1/AccountService";
const ACCOUNTS: &str = "/redfish/v1/AccountService/Accounts";
const PASSWORD: &str = "Corr3ct-horse";

/// Accounts by ID: what is POSTed gets the next one, what is PATCHed is merged, what is DELETEd is gone.
#[derive(Default)]
struct Book(BTreeMap<u32, Value>);

impl Book {
    fn of(all: &[(u32, &str, &str)]) -> Self {
        let account = |id: u32, name: &str, role: &str| json!({"Id": id.to_string(), "UserName": name, "RoleId": role, "Enabled": !name.is_empty()});
        Self(all.iter().map(|(id, name, role)| (*id, account(*id, name, role))).collect())
    }

    fn answer(&mut self, seen: &Seen) -> Option<Act> {
        let id: Option<u32> =
            seen.path.strip_prefix(ACCOUNTS).and_then(|rest| rest.strip_prefix('/')?.parse().ok());
        let empty = || Act::Say(204, Vec::new(), String::new());
        Some(match (seen.method.as_str(), id) {
            ("GET", None) if seen.path == SERVICE => say(200, json!({"Accounts": {"@odata.id": ACCOUNTS}})),
            ("GET", None) if seen.path == ACCOUNTS => {
                let links = self.0.keys().map(|id| json!({"@odata.id": format!("{ACCOUNTS}/{id}")}));
                say(200, json!({"Members": links.collect::<Vec<_>>()}))
            }
            ("GET", Some(id)) => say(200, self.0.get(&id)?.clone()),
            ("POST", None) if seen.path == ACCOUNTS => {
                let id = self.0.keys().last().map_or(1, |last| last + 1);
                let mut account = seen.body.clone();
                account["Id"] = json!(id.to_string());
                self.0.insert(id, account.clone());
                say_with(201, ("Location", &format!("{ACCOUNTS}/{id}")), account)
            }
            ("PATCH", Some(id)) => {
                merge(self.0.get_mut(&id)?, &seen.body);
                empty()
            }
            ("DELETE", Some(id)) => {
                self.0.remove(&id)?;
                empty()
            }
            _ => return None,
        })
    }
}

async fn peer(book: Book) -> Peer {
    peer_that(book, |_, _| None).await
}

/// A peer with these accounts, whose script answers first.
async fn peer_that(
    mut book: Book,
    mut script: impl FnMut(&Seen, &mut Book) -> Option<Act> + Send + 'static,
) -> Peer {
    Peer::scripted(move |seen, _| {
        let logged_in = seen.headers.contains_key("x-auth-token");
        let root = json!({
            "AccountService": {"@odata.id": SERVICE},
            "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
        });
        if seen.is("GET", "/redfish/v1/") {
            return Some(say(200, root));
        }
        logged_in.then(|| script(seen, &mut book).or_else(|| book.answer(seen))).flatten()
    })
    .await
}

fn admin() -> Book {
    Book::of(&[(2, "admin", "Administrator")])
}

fn ops() -> NewAccount {
    NewAccount {
        id: None,
        name: "ops".to_owned(),
        password: Secret::new(PASSWORD),
        role: Role::Operator,
        enabled: true,
        protocols: [].into(),
    }
}

async fn create(peer: &Peer, new: &NewAccount) -> Result<(String, Role), Cause> {
    let made = peer.driver().create_account(new, within(60)).await;
    made.map(|a| (a.value.id.0, a.value.role)).map_err(|e| e.cause)
}

#[tokio::test(start_paused = true)]
async fn an_account_is_posted_with_its_role_and_read_back() {
    let peer = peer(admin()).await;
    assert_eq!(create(&peer, &ops()).await, Ok(("3".to_owned(), Role::Operator)));
    let posted = json!({"UserName": "ops", "Password": PASSWORD, "RoleId": "Operator", "Enabled": true});
    assert_eq!(peer.changes(), [posted]);
    assert_eq!(peer.lines().last().unwrap(), &format!("GET {ACCOUNTS}/3"));
}

#[tokio::test(start_paused = true)]
async fn a_free_slot_is_given_the_account_and_loses_its_name_again() {
    // Dell iDRAC 9: sixteen slots, the first is nobody's; POST and DELETE are 405.
    let book = Book::of(&[(1, "", "None"), (2, "root", "Administrator"), (3, "", "None"), (4, "", "None")]);
    let peer = peer_that(book, |seen, _| {
        matches!(seen.method.as_str(), "POST" | "DELETE")
            .then(|| error(405, "Base.1.12.OperationNotAllowed", ""))
    })
    .await;
    let driver = peer.driver();
    let made = driver.create_account(&ops(), within(60)).await.unwrap();
    assert_eq!(made.value.id.0, "3");
    assert!(made.notes.iter().any(|note| note.to_string().contains("accounts-in-slots")), "{:?}", made.notes);
    let names = driver.accounts(within(60)).await.unwrap().value.into_iter().map(|it| it.name);
    assert_eq!(names.collect::<Vec<_>>(), ["root", "ops"]);
    assert_eq!(driver.delete_account(&made.value.id, within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(peer.changes().last().unwrap(), &json!({"UserName": "", "Enabled": false}));
}

#[tokio::test(start_paused = true)]
async fn slots_that_are_all_taken_are_a_conflict() {
    let peer = peer_that(Book::of(&[(1, "", "None"), (2, "root", "Administrator")]), |seen, _| {
        (seen.method == "POST").then(|| error(405, "Base.1.12.OperationNotAllowed", ""))
    })
    .await;
    assert!(matches!(create(&peer, &ops()).await, Err(Cause::Conflict { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_a_conflict_and_nothing_is_sent() {
    let peer = peer(admin()).await;
    let taken = NewAccount { name: "admin".to_owned(), ..ops() };
    assert!(matches!(create(&peer, &taken).await, Err(Cause::Conflict { .. })));
    assert!(peer.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_full_bmc_is_a_conflict_whatever_its_status() {
    let peer = peer_that(admin(), |seen, _| {
        (seen.method == "POST").then(|| {
            error(
                400,
                "Base.1.18.CreateLimitReachedForResource",
                "The limit for the resource has been reached.",
            )
        })
    })
    .await;
    assert!(matches!(create(&peer, &ops()).await, Err(Cause::Conflict { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_refused_password_is_a_refusal_that_does_not_repeat_it() {
    let peer = peer_that(admin(), |seen, _| {
        let text = format!("The value {PASSWORD} for the property Password does not meet the policy.");
        (seen.method == "POST").then(|| error(400, "Base.1.18.PropertyValueFormatError", &text))
    })
    .await;
    let failed = peer.driver().create_account(&ops(), within(60)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::Refused { .. }), "{failed}");
    assert!(!format!("{failed} {failed:?}").contains(PASSWORD));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_otherwise_is_set_right() {
    let peer = peer_that(admin(), |seen, book| {
        (seen.method == "POST").then(|| {
            let made = book.answer(seen).unwrap();
            book.0.get_mut(&3).unwrap()["Enabled"] = json!(true);
            made
        })
    })
    .await;
    let disabled = NewAccount { enabled: false, ..ops() };
    let made = peer.driver().create_account(&disabled, within(60)).await.unwrap().value;
    assert_eq!(made.enabled, Some(false));
    assert_eq!(peer.changes().last().unwrap(), &json!({"Enabled": false}));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_set_right_is_taken_back() {
    let peer = peer_that(admin(), |seen, book| match seen.method.as_str() {
        "POST" => {
            let made = book.answer(seen).unwrap();
            book.0.get_mut(&3).unwrap()["RoleId"] = json!("Administrator");
            Some(made)
        }
        "PATCH" => Some(error(400, "Base.1.18.PropertyNotWritable", "RoleId is read-only")),
        _ => None,
    })
    .await;
    assert!(matches!(create(&peer, &ops()).await, Err(Cause::Refused { .. })));
    assert_eq!(peer.lines().last().unwrap(), &format!("DELETE {ACCOUNTS}/3"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_leaves_the_outcome_unknown_and_is_not_asked_for_again() {
    let peer = peer_that(admin(), |seen, _| (seen.method == "POST").then_some(Act::Close)).await;
    assert!(matches!(create(&peer, &ops()).await, Err(Cause::OutcomeUnknown { .. })));
    assert_eq!(peer.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_given_over_redfish_touches_nothing() {
    let peer = peer(admin()).await;
    let nobody = NewAccount { role: Role::NoAccess, ..ops() };
    assert_eq!(create(&peer, &nobody).await, Err(Cause::Unsupported));
    let odd = NewAccount { name: "a:b".to_owned(), ..ops() };
    assert!(matches!(create(&peer, &odd).await, Err(Cause::InvalidArgument { .. })));
    assert!(peer.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_change_writes_what_is_not_so_yet_and_needs_an_account() {
    let peer = peer(Book::of(&[(2, "admin", "Administrator"), (3, "ops", "Operator")])).await;
    let driver = peer.driver();
    let to = AccountUpdate { role: Some(Role::ReadOnly), enabled: Some(true), ..AccountUpdate::default() };
    let id = AccountId("3".to_owned());
    assert_eq!(driver.update_account(&id, &to, within(60)).await.unwrap().value, Change::Changed);
    assert_eq!(peer.changes(), [json!({"RoleId": "ReadOnly"})]);
    assert_eq!(driver.update_account(&id, &to, within(60)).await.unwrap().value, Change::AlreadySo);
    let absent = driver.update_account(&AccountId("9".to_owned()), &to, within(60)).await.unwrap_err();
    assert!(matches!(absent.cause, Cause::NotFound { .. }), "{absent}");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_there_is_deleted_already() {
    let peer = peer(admin()).await;
    let gone = peer.driver().delete_account(&AccountId("9".to_owned()), within(60)).await.unwrap();
    assert_eq!(gone.value, Change::AlreadySo);
    assert!(peer.lines().iter().all(|line| !line.starts_with("DELETE")));
}

#[tokio::test(start_paused = true)]
async fn accounts_on_a_second_page_are_listed_too() {
    let second = format!("{ACCOUNTS}?$skip=1");
    let peer =
        peer_that(Book::of(&[(2, "admin", "Administrator"), (3, "ops", "Operator")]), move |seen, _| {
            let member = |id: u32| json!([{"@odata.id": format!("{ACCOUNTS}/{id}")}]);
            match seen.path.as_str() {
                ACCOUNTS => Some(say(200, json!({"Members": member(2), "Members@odata.nextLink": second}))),
                path if path == second => Some(say(200, json!({"Members": member(3)}))),
                _ => None,
            }
        })
        .await;
    let names = peer.driver().accounts(within(60)).await.unwrap().value.into_iter().map(|it| it.name);
    assert_eq!(names.collect::<Vec<_>>(), ["admin", "ops"]);
}
