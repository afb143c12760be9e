//! The account service, to look at (DSP0268 AccountService, ManagerAccount, Role).

use serde_json::{Value, json};

use super::{collection, healthy, link};
use crate::accounts::{Account, Role};

const ACCOUNTS: &str = "/redfish/v1/AccountService/Accounts";
const ROLES: &str = "/redfish/v1/AccountService/Roles";

/// The account service.
pub(crate) fn service() -> Value {
    json!({
        "@odata.id": "/redfish/v1/AccountService",
        "@odata.type": "#AccountService.v1_15_0.AccountService",
        "Id": "AccountService",
        "Name": "Account Service",
        "ServiceEnabled": true,
        "Status": healthy(),
        "Accounts": link(ACCOUNTS),
        "Roles": link(ROLES),
    })
}

/// The accounts.
pub(crate) fn accounts(all: &[Account]) -> Value {
    let members = all.iter().map(|account| link(format!("{ACCOUNTS}/{}", account.user))).collect();
    collection(ACCOUNTS, "ManagerAccountCollection", "Accounts", members)
}

/// One of them.
pub(crate) fn account(all: &[Account], user: &str) -> Option<Value> {
    let account = all.iter().find(|account| account.user == user)?;
    let role = account.role.redfish();
    Some(json!({
        "@odata.id": format!("{ACCOUNTS}/{user}"),
        "@odata.type": "#ManagerAccount.v1_12_0.ManagerAccount",
        "Id": user,
        "Name": format!("Account of {user}"),
        "UserName": user,
        "Password": null,
        "AccountTypes": ["Redfish"],
        "RoleId": role,
        "Enabled": true,
        "Locked": false,
        "Links": {"Role": link(format!("{ROLES}/{role}"))},
    }))
}

/// The roles.
pub(crate) fn roles() -> Value {
    let members = Role::ALL.iter().map(|role| link(format!("{ROLES}/{}", role.redfish()))).collect();
    collection(ROLES, "RoleCollection", "Roles", members)
}

/// One of them.
pub(crate) fn role(id: &str) -> Option<Value> {
    let role = Role::ALL.into_iter().find(|role| role.redfish() == id)?;
    Some(json!({
        "@odata.id": format!("{ROLES}/{id}"),
        "@odata.type": "#Role.v1_3_2.Role",
        "Id": id,
        "RoleId": id,
        "Name": format!("{id} role"),
        "IsPredefined": true,
        "AssignedPrivileges": privileges(role),
    }))
}

/// DSP0266 §13.2.9, table of predefined roles.
fn privileges(role: Role) -> &'static [&'static str] {
    match role {
        Role::Administrator => {
            &["Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"]
        }
        Role::Operator => &["Login", "ConfigureSelf", "ConfigureComponents"],
        Role::ReadOnly => &["Login", "ConfigureSelf"],
    }
}
