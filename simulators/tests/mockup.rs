//! Recorded trees: read in every form, served as they were recorded, and stateful.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use halmark_simulators::{Profile, machine::Power};
use serde_json::{Value, json};
use world::World;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("halmark-mockup-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.0.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A small machine; `top` is where `/redfish/v1` is.
fn tree(top: &str) -> Folder {
    let folder = Folder::new();
    let link = |path: &str| json!({"@odata.id": format!("/redfish/v1/{path}")});
    let documents: [(&str, Value); 10] = [
        (
            "",
            json!({"@odata.id": "/redfish/v1/", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "Vendor": "Elsewhere",
                "UUID": "5f0d1b3c-7e42-4a6b-9c1d-000000000001", "Systems": link("Systems"), "Managers": link("Managers"),
                "Chassis": link("Chassis"), "SessionService": link("SessionService"), "Fabrics": link("Fabrics")}),
        ),
        ("Systems", collection("ComputerSystem", "Systems", &["Node"])),
        (
            "Systems/Node",
            json!({"@odata.id": "/redfish/v1/Systems/Node", "@odata.type": "#ComputerSystem.v1_5_0.ComputerSystem",
                "PowerState": "On", "SerialNumber": "EL-1", "UUID": "A1234567-89AB-CDEF-A123-456789ABCDEF",
                "Manufacturer": "Elsewhere", "Model": null, "Links": {"Chassis": [link("Chassis/Box")],
                "ManagedBy": [link("Managers/bmc")]}, "Actions": {"#ComputerSystem.Reset": {
                    "target": "/redfish/v1/Systems/Node/Actions/ComputerSystem.Reset",
                    "ResetType@Redfish.AllowableValues": ["On", "ForceOff"]}}}),
        ),
        ("Managers", collection("Manager", "Managers", &["bmc"])),
        (
            "Managers/bmc",
            json!({"@odata.id": "/redfish/v1/Managers/bmc", "@odata.type": "#Manager.v1_5_0.Manager",
                "FirmwareVersion": "9.8"}),
        ),
        ("Chassis", collection("Chassis", "Chassis", &["Box"])),
        (
            "Chassis/Box",
            json!({"@odata.id": "/redfish/v1/Chassis/Box", "@odata.type": "#Chassis.v1_5_0.Chassis",
                "SerialNumber": "BOX-7", "Manufacturer": "Elsewhere"}),
        ),
        (
            "SessionService",
            json!({"@odata.id": "/redfish/v1/SessionService", "@odata.type": "#SessionService.v1_0_0.SessionService",
                "Sessions": link("SessionService/Sessions")}),
        ),
        ("SessionService/Sessions", collection("Session", "SessionService/Sessions", &["1"])),
        (
            "SessionService/Sessions/1",
            json!({"@odata.id": "/redfish/v1/SessionService/Sessions/1", "@odata.type": "#Session.v1_0_0.Session"}),
        ),
    ];
    for (path, document) in documents {
        folder.write(&format!("{top}/{path}/index.json"), &document.to_string());
    }
    folder
}

fn collection(schema: &str, path: &str, members: &[&str]) -> Value {
    let links: Value =
        members.iter().map(|id| json!({"@odata.id": format!("/redfish/v1/{path}/{id}")})).collect();
    json!({"@odata.id": format!("/redfish/v1/{path}"), "@odata.type": format!("#{schema}Collection.{schema}Collection"),
        "Members": links, "Members@odata.count": members.len()})
}

async fn served(folder: &Folder) -> World {
    World::made_of(&Profile::recorded(&folder.0).unwrap(), &[]).await
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_found_in_short_and_in_long_form() {
    for top in [".", "v1", "redfish/v1"] {
        let folder = tree(top);
        let world = served(&folder).await;
        assert_eq!(world.get("/redfish/v1/Systems/Node").await.json()["SerialNumber"], "EL-1", "{top}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_system_can_be_switched() {
    let folder = tree(".");
    let world = served(&folder).await;
    world.control.establish_power(Profile::recorded(&folder.0).unwrap().recording().unwrap().power);
    assert_eq!(world.control.truth().power, Power::On);
    let target = "/redfish/v1/Systems/Node/Actions/ComputerSystem.Reset";
    assert_eq!(world.send("POST", target, Some(json!({"ResetType": "ForceOff"}))).await.status, 204);
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert_eq!(world.get("/redfish/v1/Systems/Node").await.json()["PowerState"], "Off");
    assert_eq!(world.send("POST", target, Some(json!({"ResetType": "Nmi"}))).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn the_machine_is_who_the_tree_says_and_nothing_that_differs_is_overwritten() {
    let folder = tree(".");
    let world = served(&folder).await;
    let id = world.control.truth().id;
    assert_eq!((id.serial.as_str(), id.bmc_firmware.as_str()), ("EL-1", "9.8"));
    assert_eq!(id.uuid_text(), "a1234567-89ab-cdef-a123-456789abcdef");
    let system = world.get("/redfish/v1/Systems/Node").await.json();
    assert_eq!(
        (&system["UUID"], &system["Model"]),
        (&json!("A1234567-89AB-CDEF-A123-456789ABCDEF"), &Value::Null)
    );
    assert_eq!(world.get("/redfish/v1/Chassis/Box").await.json()["SerialNumber"], "BOX-7");
}

#[tokio::test(start_paused = true)]
async fn a_second_machine_of_a_tree_has_ids_of_its_own() {
    let folder = tree(".");
    let world = World::made_of(&Profile::recorded(&folder.0).unwrap().another(), &[]).await;
    let system = world.get("/redfish/v1/Systems/Node").await.json();
    assert_eq!(system["SerialNumber"], world.control.truth().id.serial);
    assert_ne!(system["SerialNumber"], "EL-1");
}

#[tokio::test(start_paused = true)]
async fn sessions_of_the_time_of_the_recording_are_gone_and_new_ones_end() {
    let folder = tree(".");
    let world = served(&folder).await;
    assert_eq!(world.get("/redfish/v1/SessionService/Sessions").await.json()["Members@odata.count"], 0);
    let (user, password) = world.control.credentials();
    let login = json!({"UserName": user, "Password": password});
    let reply = world.bare("POST", "/redfish/v1/SessionService/Sessions", &[], Some(login)).await;
    let session = reply.header("location").unwrap().to_owned();
    assert_eq!((reply.status, world.send("DELETE", &session, None).await.status), (201, 204));
}

#[tokio::test(start_paused = true)]
async fn errors_and_headers_are_repeated() {
    let folder = tree(".");
    folder.write(
        "Fabrics/error.json",
        r#"{"status": 403, "headers": {"X-Why": "licence"}, "body": {"error": {"code": "E1"}}}"#,
    );
    folder.write(
        "Systems/Node/headers.json",
        r#"{"GET": {"Server": "old/1", "ETag": "\"then\"", "Date": "then"}}"#,
    );
    let world = served(&folder).await;
    let refused = world.get("/redfish/v1/Fabrics").await;
    assert_eq!(
        (refused.status, refused.header("x-why"), &refused.json()["error"]["code"]),
        (403, Some("licence"), &json!("E1"))
    );
    let system = world.get("/redfish/v1/Systems/Node").await;
    assert_eq!((system.header("server"), system.header("date")), (Some("old/1"), None));
    assert_ne!(system.header("etag"), Some("\"then\""));
}

#[test]
fn links_that_lead_nowhere_are_counted() {
    let recording = Profile::recorded(&tree(".").0).unwrap().recording().unwrap();
    assert_eq!((recording.resources, recording.lost_links), (9, 1), "only /redfish/v1/Fabrics is missing");
}

#[test]
fn what_is_wrong_with_a_tree_is_said_with_its_place() {
    let wrong = |folder: &Path| Profile::recorded(folder).unwrap_err().to_string();
    let folder = tree(".");
    folder.write("Systems/Node/index.json", "{\"a\": 1,\n \"b\": }");
    let said = wrong(&folder.0);
    assert!(said.contains("Systems/Node/index.json:2:7 is no JSON"), "{said}");
    folder.write("Systems/Node/index.json", "[]");
    assert!(wrong(&folder.0).contains("no object"));
    let empty = Folder::new();
    assert!(wrong(&empty.0).contains("expected"), "{}", wrong(&empty.0));
    empty.write("index.json", "{}");
    assert!(wrong(&empty.0).contains("has no computer system"), "{}", wrong(&empty.0));
    assert!(wrong(Path::new("/nowhere/at/all")).contains("cannot be read"));
}

#[test]
fn a_profile_of_one_s_own_is_read_and_checked() {
    let folder = Folder::new();
    let generic = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/generic/profile.json");
    let text = fs::read_to_string(generic).unwrap();
    let open = || Profile::open(folder.0.to_str().unwrap()).map_err(|error| error.to_string());
    assert!(open().unwrap_err().contains("profile.json cannot be read"));
    folder.write("profile.json", &text.replace("\"post\": 20.0", "\"post\": -1"));
    assert!(open().unwrap_err().contains("seconds/post: expected a number"));
    folder.write("profile.json", &text.replace("\"deviations\": []", "\"deviations\": [\"power-lie\"]"));
    assert!(open().unwrap_err().contains("no deviation \"power-lie\""));
    folder.write("profile.json", &text);
    folder.write("overlay.json", r#"{"rename": [["/redfish/v1/Systems/9", "/redfish/v1/Systems/a"]]}"#);
    assert!(open().unwrap_err().contains("there is no /redfish/v1/Systems/9"));
    folder.write(
        "overlay.json",
        r#"{"merge": {"/redfish/v1/Systems/1": {"Bios": {"@odata.id": "/redfish/v1/No"}}}}"#,
    );
    assert_eq!(
        open().unwrap().complaints(),
        ["/redfish/v1/Systems/1: the link to /redfish/v1/No leads nowhere"]
    );
    folder.write("overlay.json", r#"{"rename": [["/redfish/v1/Systems/1", "/redfish/v1/Systems/a"]]}"#);
    assert_eq!(open().unwrap().complaints(), Vec::<String>::new());
}

#[test]
fn nothing_is_to_be_complained_about_in_the_profiles_that_are_compiled_in() {
    for name in Profile::names() {
        assert_eq!(Profile::named(name).unwrap().complaints(), Vec::<String>::new(), "{name}");
    }
}
