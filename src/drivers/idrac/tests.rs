//! Claims about what only an iDRAC does, against a scripted peer; each beside what the Redfish driver makes of the same.

use serde_json::{Value, json};

use super::connect;
use crate::{
    driver::{Answer, Cause, Driver, Operation, Protocol},
    drivers::redfish::{
        Redfish,
        tests::{Act, Peer, SYSTEM, error, say, say_with, within},
    },
    model::{BiosChanges, BiosValue, Change, PowerAction, PowerState},
};

const JOBS: &str = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/Jobs";
const JOB: &str = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/Jobs/JID_471269252011";
const SERVICE: &str = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellLCService";
const SETTINGS: &str = "/redfish/v1/Systems/437XR1138R2/Bios/Settings";

fn both(peer: &Peer) -> [Redfish; 2] {
    [connect(peer.endpoint()).unwrap(), Redfish::new(peer.endpoint()).unwrap()]
}

/// A job that is in one state after the other, and stays in the last.
fn job(states: &'static [&'static str]) -> impl FnMut() -> Act + Send {
    let mut at = 0;
    move || {
        let state = states[at.min(states.len() - 1)];
        at += 1;
        say(
            200,
            json!({"Id": "JID_471269252011", "JobState": state, "MessageId": "PR19", "Message": "of the job"}),
        )
    }
}

/// A peer that answers a reset with that status and the Location of a job.
async fn resetting(status: u16, states: &'static [&'static str]) -> Peer {
    let mut job = job(states);
    Peer::scripted(move |seen, _| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", path) if path.ends_with("/ComputerSystem.Reset") => {
            Some(say_with(status, ("Location", JOB), json!({})))
        }
        ("GET", JOB) => Some(job()),
        _ => None,
    })
    .await
}

async fn reset(driver: &dyn Driver) -> Result<Answer<Change>, Cause> {
    driver.power(PowerAction::Reset, within(60)).await.map_err(|error| error.cause)
}

fn names(answer: &Answer<Change>) -> Vec<String> {
    answer.notes.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_is_over_when_its_state_says_so_and_failed_when_that_says_so() {
    for status in [200, 201, 202] {
        for (states, failed) in [
            (["New", "Running", "Failed"], true),
            (["New", "Running", "CompletedWithErrors"], true),
            (["New", "Running", "Completed"], false),
        ] {
            let states: &'static [&'static str] = Box::leak(Box::new(states));
            let [idrac, redfish] = both(&resetting(status, states).await);
            let outcome = reset(&idrac).await;
            match (failed, outcome) {
                (true, Err(Cause::TaskFailed { message })) => {
                    assert_eq!(message, format!("{}: PR19: of the job", states[2]));
                }
                (false, Ok(answer)) => assert_eq!(answer.value, Change::Changed),
                (_, other) => panic!("{status} {states:?}: {other:?}"),
            }
            assert!(reset(&redfish).await.is_ok(), "Redfish knows no state of a job");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_does_not_end_is_unknown_at_the_deadline() {
    let [idrac, _] = both(&resetting(202, &["Running"]).await);
    assert!(matches!(reset(&idrac).await, Err(Cause::OutcomeUnknown { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ready_is_asked_again_within_the_deadline() {
    let mut times = 0;
    let peer = Peer::scripted(move |seen, _| {
        times += u32::from(seen.is("GET", SYSTEM));
        let early = seen.is("GET", SYSTEM) && times <= 4;
        early.then(|| {
            error(
                400,
                "IDRAC.1.6.SWC0700",
                "iDRAC is not ready. The configuration values cannot be accessed.",
            )
        })
    })
    .await;
    let [idrac, redfish] = both(&peer);
    assert!(matches!(redfish.power_read(within(60)).await.map_err(|e| e.cause), Err(Cause::Refused { .. })));
    assert_eq!(idrac.power_read(within(60)).await.unwrap().value, PowerState::PoweredOn);
    let never = Peer::scripted(|seen, _| {
        seen.is("GET", SYSTEM).then(|| error(400, "IDRAC.2.8.SWC0700", "not ready"))
    })
    .await;
    let [idrac, _] = both(&never);
    assert_eq!(idrac.power_read(within(20)).await.unwrap_err().kind(), "busy");
}

/// A peer with settings that cannot be told when to apply; its service is ready at the third time of asking, and jobs of
/// configuration go through these states.
async fn configuring(states: &'static [&'static str]) -> Peer {
    let (mut job, mut asked, mut quiet) = (job(states), 0, true);
    Peer::scripted(move |seen, bmc| {
        bmc.system["Bios"] = json!({"@odata.id": format!("{SYSTEM}/Bios")});
        let section = json!({"Jobs": {"@odata.id": JOBS}, "DellLCService": {"@odata.id": SERVICE}});
        bmc.manager["Links"] = json!({"Oem": {"Dell": section}});
        match (seen.method.as_str(), seen.path.strip_prefix(SYSTEM).unwrap_or(&seen.path)) {
            ("GET", "/Bios") => Some(say(
                200,
                json!({"Attributes": {"QuietBoot": true}, "@Redfish.Settings": {"SettingsObject": {"@odata.id": SETTINGS}}}),
            )),
            ("GET", "/Bios/Settings") => Some(say(200, json!({"Attributes": {"QuietBoot": quiet}}))),
            ("PATCH", "/Bios/Settings") => {
                quiet = false;
                Some(say(200, json!({})))
            }
            ("POST", path) if path.ends_with("GetRemoteServicesAPIStatus") => {
                asked += 1;
                let status = if asked < 3 { "NotReady" } else { "Ready" };
                Some(say(200, json!({"LCStatus": "Ready", "RTStatus": status, "Status": status})))
            }
            ("POST", JOBS) => Some(say_with(200, ("Location", JOB), Value::Null)),
            ("GET", JOB) => Some(job()),
            _ => None,
        }
    })
    .await
}

async fn quieten(driver: &dyn Driver) -> Result<Answer<Change>, Cause> {
    let to: BiosChanges = [("QuietBoot".to_owned(), BiosValue::Flag(false))].into();
    driver.set_bios(&to, within(60)).await.map_err(|error| error.cause)
}

#[tokio::test(start_paused = true)]
async fn settings_that_wait_for_a_job_get_one_when_one_can_be_made() {
    let peer = configuring(&["New", "Scheduling", "Scheduled"]).await;
    let [idrac, _] = both(&peer);
    let answer = quieten(&idrac).await.unwrap();
    assert_eq!(answer.value, Change::Changed);
    assert!(names(&answer).iter().any(|it| it.contains("scheduled-for-the-next-reset")), "{answer:?}");
    assert_eq!(peer.changes().last(), Some(&json!({"TargetSettingsURI": SETTINGS})));
    let asked = peer.lines().iter().filter(|it| it.ends_with("GetRemoteServicesAPIStatus")).count();
    assert_eq!(asked, 3);
    // A job is made once, and only for what was written.
    assert_eq!(quieten(&idrac).await.unwrap().value, Change::AlreadySo);
    assert_eq!(peer.lines().iter().filter(|it| **it == format!("POST {JOBS}")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn redfish_makes_no_job() {
    let peer = configuring(&["Scheduled"]).await;
    let [_, redfish] = both(&peer);
    assert_eq!(quieten(&redfish).await.unwrap().value, Change::Changed);
    assert!(!peer.lines().iter().any(|it| it.ends_with("/Jobs") || it.contains("RemoteServices")));
}

#[tokio::test(start_paused = true)]
async fn a_job_of_settings_that_failed_is_told_in_its_words() {
    let [idrac, _] = both(&configuring(&["New", "Failed"]).await);
    let Err(Cause::TaskFailed { message }) = quieten(&idrac).await else { panic!("it did not fail") };
    assert!(message.contains("PR19"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn it_claims_what_redfish_claims_and_its_console_and_goes_by_its_own_name() {
    let [idrac, redfish] = both(&Peer::scripted(|_, _| None).await);
    assert_eq!((idrac.name(), redfish.name()), ("idrac", "redfish"));
    let mut claims = redfish.capabilities().clone();
    claims.protocols.insert(Protocol::Ssh);
    claims.operations.insert(Operation::ConsoleOpen);
    assert_eq!(idrac.capabilities(), &claims);
    assert_eq!(redfish.open_console(within(60)).await.unwrap_err().cause, Cause::Unsupported);
}

#[tokio::test(start_paused = true)]
async fn an_order_of_boot_that_is_written_at_the_settings_gets_a_job() {
    let settings = format!("{SYSTEM}/Settings");
    let mut job = job(&["Scheduled"]);
    let peer = Peer::scripted(move |seen, bmc| {
        bmc.system["Boot"]["BootOrder"] = json!(["Boot0001", "Boot0002"]);
        bmc.system["@Redfish.Settings"] = json!({"SettingsObject": {"@odata.id": settings}});
        bmc.manager["Links"] = json!({"Oem": {"Dell": {"Jobs": {"@odata.id": JOBS}}}});
        match (seen.method.as_str(), seen.path.as_str()) {
            ("PATCH", SYSTEM) => {
                Some(error(400, "Base.1.12.PropertyNotWritable", "The property Boot is read-only."))
            }
            ("GET", path) if path == settings => Some(say(200, json!({"@odata.id": settings, "Boot": {}}))),
            ("PATCH", path) if path == settings => Some(say(200, json!({}))),
            ("POST", JOBS) => Some(say_with(200, ("Location", JOB), Value::Null)),
            ("GET", JOB) => Some(job()),
            _ => None,
        }
    })
    .await;
    let [idrac, redfish] = both(&peer);
    let first = ["Boot0002".to_owned()];
    for driver in [redfish, idrac] {
        assert_eq!(driver.set_boot_order(&first, within(60)).await.unwrap().value, Change::Changed);
    }
    let jobs = peer.lines().iter().filter(|it| **it == format!("POST {JOBS}")).count();
    assert_eq!(jobs, 1, "Redfish makes none");
    assert_eq!(peer.changes().last(), Some(&json!({"TargetSettingsURI": format!("{SYSTEM}/Settings")})));
}
