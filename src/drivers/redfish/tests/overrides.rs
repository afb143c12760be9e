//! Claims about what a maker's own program does instead. They run in real time, as the program does.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use super::*;
use crate::driver::{Answer, Cause, Driver as _};
use crate::model::Change;

/// A folder with a `sum` that ends with this code, and writes its arguments beside itself.
struct Tools(PathBuf);

impl Tools {
    fn with(name: &str, code: u8) -> Self {
        let folder = std::env::temp_dir().join(format!("halmark-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let script = format!("#!/bin/sh\necho \"$*\" >> \"$0.calls\"\nexit {code}\n");
        fs::write(folder.join("sum"), script).unwrap();
        fs::set_permissions(folder.join("sum"), fs::Permissions::from_mode(0o700)).unwrap();
        Self(folder)
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.0.join("sum.calls")).unwrap_or_default()
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A machine of that maker, with a log that has an entry and, perhaps, an action to clear it.
async fn peer(maker: &'static str, clears: bool) -> Peer {
    const LOG: &str = "/redfish/v1/Systems/437XR1138R2/LogServices/Log1";
    Peer::scripted(move |seen, bmc| {
        bmc.system["Manufacturer"] = maker.into();
        let logs = format!("{SYSTEM}/LogServices");
        bmc.system["LogServices"] = json!({"@odata.id": logs});
        let entries = format!("{LOG}/Entries");
        let clear = json!({"#LogService.ClearLog": {"target": format!("{LOG}/Actions/LogService.ClearLog")}});
        let service = json!({"@odata.id": LOG, "LogEntryType": "SEL", "Entries": {"@odata.id": entries},
            "Actions": if clears { clear } else { json!({}) }});
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", path) if path == logs => Some(say(200, json!({"Members": [{"@odata.id": LOG}]}))),
            ("GET", LOG) => Some(say(200, service)),
            ("GET", path) if path == entries => {
                Some(say(200, json!({"Members": [{"@odata.id": format!("{entries}/1"), "Id": "1"}]})))
            }
            ("POST", path) if path.starts_with(LOG) => Some(Act::Say(204, Vec::new(), String::new())),
            _ => None,
        }
    })
    .await
}

async fn clear(peer: &Peer, tools: Option<&Tools>) -> Result<Answer<Change>, Cause> {
    let endpoint = Endpoint { tools: tools.map(|it| it.0.clone()), ..peer.endpoint() };
    let driver = Redfish::new(endpoint).unwrap();
    driver.clear_log(within(20)).await.map_err(|error| error.cause)
}

#[tokio::test]
async fn a_supermicro_without_an_action_is_cleared_by_sum_where_there_is_one() {
    let _alone = crate::drivers::tool::tests::ONE_AT_A_TIME.lock().await;
    let tools = Tools::with("done", 0);
    let answer = clear(&peer("Supermicro", false).await, Some(&tools)).await.unwrap();
    assert_eq!(answer.value, Change::Changed);
    assert!(answer.notes.iter().any(|it| it.to_string().contains("done-by-the-makers-program")));
    let calls = tools.calls();
    assert!(
        calls.starts_with("-i 127.0.0.1 -u admin -f /") && calls.ends_with("-c ClearEventLog\n"),
        "{calls}"
    );
    assert!(!calls.contains("secret"), "{calls}");
}

#[tokio::test]
async fn no_program_is_run_that_nobody_named_or_that_is_not_needed_or_for_another_maker() {
    let _alone = crate::drivers::tool::tests::ONE_AT_A_TIME.lock().await;
    let tools = Tools::with("not", 0);
    let absent = clear(&peer("Supermicro", false).await, None).await.unwrap_err();
    assert!(matches!(absent, Cause::NotFound { .. }), "{absent:?}");
    let absent = clear(&peer("Contoso", false).await, Some(&tools)).await.unwrap_err();
    assert!(matches!(absent, Cause::NotFound { .. }), "{absent:?}");
    assert_eq!(clear(&peer("Supermicro", true).await, Some(&tools)).await.unwrap().value, Change::Changed);
    assert_eq!(tools.calls(), "");
}

#[tokio::test]
async fn what_sum_says_of_it_is_told_as_what_it_means() {
    let _alone = crate::drivers::tool::tests::ONE_AT_A_TIME.lock().await;
    for (code, kind) in [
        (80, "denied"),
        (146, "unauthorized"),
        (145, "unreachable"),
        (148, "outcome-unknown"),
        (61, "refused"),
    ] {
        let tools = Tools::with("code", code);
        let failed = clear(&peer("Supermicro", false).await, Some(&tools)).await.unwrap_err();
        assert_eq!(failed.kind(), kind, "{code}");
    }
    let none = Tools::with("none", 0);
    fs::remove_file(none.0.join("sum")).unwrap();
    assert_eq!(clear(&peer("Supermicro", false).await, Some(&none)).await.unwrap_err(), Cause::Unsupported);
}
