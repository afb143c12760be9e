//! The judge's reading of requests for accounts (DSP0268 ManagerAccount): members that are made and deleted, or slots that are
//! given a name and lose it. Passwords are not in the evidence, so that no request is wrong for its password.

use halmark::{AccountUpdate, NewAccount, Role};
use serde_json::{Value, json};

use crate::operation::Call;

/// Whether a request asks for the call: `None` if it is about something else, `Some(false)` if it asks for another value.
pub(super) fn asks(call: &Call, method: &str, path: &str, body: impl FnOnce() -> Value) -> Option<bool> {
    let (collection, member) = (path.ends_with("/Accounts"), path.contains("/Accounts/"));
    match (call, method) {
        (Call::CreateAccount(new), "POST") if collection => Some(is_new(new, &body())),
        (Call::CreateAccount(new), "PATCH") if member => {
            let body = body();
            body.get("UserName").map(|_| is_new(new, &body))
        }
        (Call::UpdateAccount(_, to), "PATCH") if member => Some(is_change(to, &body())),
        (Call::UpdateAccount(..), "DELETE") if member => Some(false),
        (Call::DeleteAccount(_), "DELETE") if member => Some(true),
        (Call::DeleteAccount(_), "PATCH") if member => Some(body()["UserName"] == ""),
        _ => None,
    }
}

/// What is not said may be said by another request; what is said has to be right.
fn is_new(new: &NewAccount, body: &Value) -> bool {
    let fits = |name: &str, wanted: Value| body.get(name).is_none_or(|said| *said == wanted);
    body["UserName"] == new.name && fits("RoleId", role(new.role)) && fits("Enabled", json!(new.enabled))
}

fn is_change(to: &AccountUpdate, body: &Value) -> bool {
    let says = |name: &str, wanted: Option<Value>| wanted.is_none_or(|wanted| body[name] == wanted);
    let password = to.password.is_none() || body.get("Password").is_some();
    password
        && says("UserName", to.name.as_ref().map(|name| json!(name)))
        && says("RoleId", to.role.map(role))
        && says("Enabled", to.enabled.map(|enabled| json!(enabled)))
}

/// DSP0266 §13.2.9.
fn role(role: Role) -> Value {
    json!(match role {
        Role::Administrator => "Administrator",
        Role::Operator => "Operator",
        Role::ReadOnly => "ReadOnly",
        Role::NoAccess | Role::Custom => "NoAccess",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(role: Role, enabled: bool) -> Call {
        let (name, password) = ("ops".to_owned(), halmark::Secret::new("Any-Secret-1"));
        Call::CreateAccount(NewAccount { id: None, name, password, role, enabled, protocols: [].into() })
    }

    fn asked(call: &Call, method: &str, path: &str, body: Value) -> Option<bool> {
        asks(call, method, &format!("/redfish/v1/AccountService/{path}"), || body)
    }

    #[test]
    fn a_new_account_of_another_role_is_another_account() {
        let body = json!({"UserName": "ops", "RoleId": "Administrator", "Enabled": true});
        assert_eq!(asked(&new(Role::Administrator, true), "POST", "Accounts", body.clone()), Some(true));
        assert_eq!(asked(&new(Role::Operator, true), "POST", "Accounts", body.clone()), Some(false));
        assert_eq!(asked(&new(Role::Administrator, false), "PATCH", "Accounts/3", body), Some(false));
    }

    #[test]
    fn a_slot_that_loses_its_name_is_deleted_and_one_that_is_disabled_is_not() {
        let delete = Call::DeleteAccount("ops".to_owned());
        assert_eq!(asked(&delete, "PATCH", "Accounts/3", json!({"UserName": ""})), Some(true));
        assert_eq!(asked(&delete, "PATCH", "Accounts/3", json!({"Enabled": false})), Some(false));
        assert_eq!(asked(&delete, "DELETE", "Accounts/3", Value::Null), Some(true));
    }

    #[test]
    fn a_change_that_leaves_something_out_is_another_change() {
        let to =
            AccountUpdate { role: Some(Role::ReadOnly), enabled: Some(true), ..AccountUpdate::default() };
        let update = Call::UpdateAccount("ops".to_owned(), to);
        let whole = json!({"RoleId": "ReadOnly", "Enabled": true});
        assert_eq!(asked(&update, "PATCH", "Accounts/3", whole), Some(true));
        assert_eq!(asked(&update, "PATCH", "Accounts/3", json!({"Enabled": true})), Some(false));
    }
}
