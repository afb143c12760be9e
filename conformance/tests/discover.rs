//! BMCs are found by leases and ranges, and lists go in and out of the inventory: by the binary, on simulated BMCs at loopback addresses.

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use common::{
    command, folder, root,
    served::{PASSWORD, Served},
};
use serde_json::Value;

/// Simulated BMCs, each with an address of its own, all at the same port; they end with the test.
struct Hall {
    _served: Served,
    port: String,
}

impl Hall {
    fn start(network: &str, count: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = free.local_addr().expect("it is bound").port().to_string();
        drop(free);
        let places = ["--count", count, "--addresses", network, "--port", &port, "--ipmi", &port];
        Self { _served: Served::start(&places), port }
    }
}

/// A folder with an inventory of its own.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        Self(folder(name))
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = command(&self.0, words);
        command.env("HALMARK_INVENTORY", self.0.join("inventory.redb"));
        command.env("HALMARK_USER", "admin").env("HALMARK_PASSWORD", PASSWORD);
        command.output().expect("halmark starts")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("the folder is writable");
    }

    /// Looks for the BMCs of a hall; what was found, by line.
    fn discover(&self, hall: &Hall, words: &[&str]) -> Vec<Value> {
        let common = ["discover", "--http", "--redfish-port", &hall.port, "--ipmi-port", &hall.port];
        let output = self.run(&[&common, words, &["--output", "json", "--patience", "2s"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("it is text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    fn rows(&self) -> Vec<Value> {
        let output = self.run(&["bmc", "ls", "--output", "json", "--with-passwords"]);
        let whole: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        whole["value"].as_array().expect("a list").clone()
    }
}

fn what(found: &[Value], address: &str) -> String {
    let of = found.iter().filter(|it| it["address"] == address);
    of.map(|it| it["what"].as_str().expect("a text").to_owned()).collect::<Vec<_>>().join("; ")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn bmcs_are_found_by_their_leases_and_one_that_moved_is_not_doubled() {
    let (hall, room) = (Hall::start("127.61.0.0/29", "3"), Room::new("discover-leases"));
    let lease = |mac: u8, address: u8| format!("0 02:00:00:00:00:0{mac} 127.61.0.{address} bmc{mac} *\n");
    let leases = [lease(1, 1), lease(2, 2), "junk\n".to_owned(), lease(4, 6)].concat();
    room.write("dnsmasq.leases", &leases);
    let found = room.discover(&hall, &["--leases", "dnsmasq.leases"]);
    assert_eq!(what(&found, "127.61.0.1"), "new");
    assert_eq!(what(&found, "127.61.0.2"), "new");
    assert_eq!(what(&found, "127.61.0.6"), "", "nobody is there");
    let drivers = |found: &[Value]| found[0]["drivers"].clone();
    assert_eq!(drivers(&found), serde_json::json!(["ipmi", "redfish"]));

    room.write("dnsmasq.leases", &[lease(1, 3), lease(2, 2)].concat());
    let found = room.discover(&hall, &["--leases", "dnsmasq.leases"]);
    assert_eq!(what(&found, "127.61.0.3"), "moved from 127.61.0.1");
    assert_eq!(what(&found, "127.61.0.2"), "known");
    let rows = room.rows();
    let addresses: Vec<&str> = rows.iter().filter_map(|it| it["address"].as_str()).collect();
    assert_eq!(addresses, ["127.61.0.3", "127.61.0.2"]);
}

#[test]
fn with_credentials_the_machine_is_known_and_a_known_relation_is_left_alone() {
    let (hall, room) = (Hall::start("127.62.0.0/29", "2"), Room::new("discover-machine"));
    room.write("l", "0 02:00:00:00:00:01 127.62.0.1 * *\n0 02:00:00:00:00:02 127.62.0.2 * *\n");
    room.discover(&hall, &["--leases", "l"]);
    let other = "37c43c25-69fe-4f88-b69d-4e71dc4070d0";
    for (mac, more) in [("02:00:00:00:00:01", vec![]), ("02:00:00:00:00:02", vec!["--machine-id", other])] {
        room.write("password", PASSWORD);
        let words = ["bmc", "update", mac, "--no-read", "--user", "admin", "--password-file", "password"];
        let output = room.run(&[&words[..], &more].concat());
        assert!(output.status.success(), "{}", told(&output));
    }
    let found = room.discover(&hall, &["--leases", "l"]);
    assert!(what(&found, "127.62.0.1").starts_with("known; machine "), "{found:?}");
    let rows = room.rows();
    assert!(rows[0]["machine_id"].is_string() && rows[0]["board"].is_object(), "{}", rows[0]);
    assert_eq!(rows[1]["machine_id"], other);
}

#[test]
fn a_range_finds_what_the_inventory_knows_and_prints_what_nobody_can_name() {
    let (hall, room) = (Hall::start("127.63.0.0/29", "2"), Room::new("discover-range"));
    room.write("l", "0 02:00:00:00:00:01 127.63.0.1 * *\n");
    room.discover(&hall, &["--leases", "l"]);
    let found = room.discover(&hall, &["--range", "127.63.0.0/29"]);
    assert_eq!(what(&found, "127.63.0.1"), "known");
    assert_eq!(what(&found, "127.63.0.2"), "not kept: nobody knows its MAC address");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_watch_tells_what_is_new_until_it_is_interrupted() {
    let (hall, room) = (Hall::start("127.64.0.0/29", "2"), Room::new("discover-watch"));
    room.write("l", "0 02:00:00:00:00:01 127.64.0.1 * *\n");
    let words = ["discover", "--leases", "l", "--watch", "--every", "100ms", "--output", "json", "--http"];
    let mut child = command(&room.0, &words)
        .args(["--redfish-port", &hall.port, "--ipmi-port", &hall.port])
        .env("HALMARK_INVENTORY", room.0.join("inventory.redb"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("halmark starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut next =
        || serde_json::from_str::<Value>(&lines.next().expect("a line").expect("text")).expect("JSON");
    assert_eq!(next()["what"], "new");
    room.write("l", "0 02:00:00:00:00:01 127.64.0.1 * *\n0 02:00:00:00:00:02 127.64.0.2 * *\n");
    let second = next();
    assert_eq!((second["mac"].as_str(), second["what"].as_str()), (Some("02:00:00:00:00:02"), Some("new")));
    child.kill().expect("it runs");
    child.wait().expect("it ended");
}

fn fixture(name: &str) -> String {
    root().join("tests/fixtures/founding").join(name).display().to_string()
}

#[test]
fn the_founding_documents_lists_are_imported_when_they_are_repaired_and_come_back() {
    let room = Room::new("import-founding");
    room.write("l", "0 02:00:00:00:00:08 10.0.0.8 * *\n0 02:00:00:00:00:15 10.0.0.15 * *\n0 02:00:00:00:00:17 172.31.1.17 * *\n");
    for (format, file) in [("instackenv", "instackenv.json"), ("metal3", "baremetalhost.yaml")] {
        let output = room.run(&["bmc", "import", format, &fixture(file), "--leases", "l"]);
        assert!(output.status.success(), "{}", told(&output));
        assert!(!told(&output).contains("changeme"), "{}", told(&output));
    }
    let rows = room.rows();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["ipmi"]["password"], "password");

    use std::os::unix::fs::PermissionsExt as _;
    let out = room.0.join("out.json");
    fs::write(&out, "").expect("it can be written");
    fs::set_permissions(&out, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let output = room.run(&["bmc", "export", "instackenv", "out.json"]);
    assert!(output.status.success(), "{}", told(&output));
    let read =
        |file: &Path| serde_json::from_slice::<Value>(&fs::read(file).expect("it is there")).expect("JSON");
    let (out, given) = (read(&room.0.join("out.json")), read(Path::new(&fixture("instackenv.json"))));
    assert_eq!(out["nodes"][0], given["nodes"][0]);
    assert_eq!(out["nodes"][1], given["nodes"][1]);
    let mode = fs::metadata(room.0.join("out.json")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_list_with_a_flaw_is_told_by_its_place_and_nothing_is_imported() {
    let room = Room::new("import-flaw");
    for (format, file, place) in [
        (
            "instackenv",
            "instackenv.as-printed.json",
            "instackenv.as-printed.json:21:9: an ellipsis stands here",
        ),
        (
            "metal3",
            "baremetalhost.as-printed.yaml",
            "baremetalhost.as-printed.yaml:1:15: no key may stand here",
        ),
    ] {
        let output = room.run(&["bmc", "import", format, &fixture(file)]);
        assert_eq!(output.status.code(), Some(2));
        assert!(told(&output).contains(place), "{}", told(&output));
    }
    assert!(room.rows().is_empty());
}

#[test]
fn who_has_no_mac_address_is_told_and_the_others_are_imported() {
    let room = Room::new("import-nameless");
    room.write("l", "0 02:00:00:00:00:08 10.0.0.8 * *\n");
    let output = room.run(&["bmc", "import", "instackenv", &fixture("instackenv.json"), "--leases", "l"]);
    assert_eq!(output.status.code(), Some(5));
    let text = told(&output);
    assert!(text.contains(":12:9: nobody knows the MAC address of the BMC at 10.0.0.15"), "{text}");
    assert_eq!(room.rows().len(), 1);
}

#[test]
fn a_bmc_is_asked_for_its_mac_address_as_the_account_of_the_list() {
    let (hall, room) = (Hall::start("127.65.0.0/29", "1"), Room::new("import-ask"));
    let list = format!(
        "nodes:\n- driver: redfish\n  driver_info: {{redfish_address: 'http://127.65.0.1:{}', redfish_username: admin, redfish_password: {PASSWORD}}}\n",
        hall.port
    );
    room.write("nodes.yaml", &list);
    let output = room.run(&["bmc", "import", "openstack", "nodes.yaml", "--ask"]);
    assert!(output.status.success() && !told(&output).contains(PASSWORD), "{}", told(&output));
    assert_eq!(room.rows()[0]["address"], "127.65.0.1");
}

#[test]
fn whoever_is_asked_is_believed_as_typed_and_the_row_believes_what_the_list_says() {
    let (served, room) = (Served::with(&[]), Room::new("import-insecure"));
    let list = format!(
        "nodes:\n- driver: redfish\n  driver_info: {{redfish_address: '{}', redfish_username: admin, redfish_password: {PASSWORD}}}\n",
        served.url("urls")
    );
    room.write("nodes.yaml", &list);
    let import = |more: &[&str]| room.run(&[&["bmc", "import", "openstack", "nodes.yaml"], more].concat());
    let refused = import(&["--insecure"]);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("--ask"), "{}", told(&refused));
    assert_eq!(import(&["--ask"]).status.code(), Some(5), "its certificate signed itself");
    let asked = import(&["--ask", "--insecure"]);
    assert!(asked.status.success(), "{}", told(&asked));
    assert!(room.rows()[0]["redfish"].get("insecure").is_none(), "{:?}", room.rows());
}

#[test]
fn what_is_not_in_an_exported_list_is_told() {
    let room = Room::new("export-losses");
    room.write("p.csv", &format!("mac,password\n3cecef123456,{PASSWORD}\n"));
    assert!(room.run(&["bmc", "import", "csv", "p.csv"]).status.success());
    for words in
        ["02:00:00:00:00:01 --address 10.0.0.1 --insecure", "02:00:00:00:00:02 --preferred-driver unmanaged"]
    {
        let words: Vec<&str> = ["bmc", "add"].into_iter().chain(words.split(' ')).collect();
        assert!(room.run(&words).status.success(), "{words:?}");
    }
    let export = |format: &str| told(&room.run(&["bmc", "export", format, &format!("it.{format}")]));
    let csv = export("csv");
    let without = "2 of 3 rows left out: no factory password is known: 02:00:00:00:00:01, 02:00:00:00:00:02";
    assert_eq!(csv, format!("note: {without}\n"));
    let nowhere = "note: 1 of 3 rows left out: no address is known: 3c:ec:ef:12:34:56\n";
    assert_eq!(export("metal3"), nowhere);
    assert!(
        export("instackenv").contains("1 of 3 rows written without --insecure"),
        "{}",
        export("instackenv")
    );
    let again = room.run(&["bmc", "import", "metal3", "it.metal3", "--inventory", "other.redb"]);
    assert!(told(&again).contains("new    02:00:00:00:00:02"), "{}", told(&again));
}

#[test]
fn passwords_of_a_list_go_to_standard_output_only_where_that_is_allowed() {
    let room = Room::new("export-stdout");
    room.write("p.csv", &format!("mac,password\n3cecef123456,{PASSWORD}\n"));
    assert!(room.run(&["bmc", "import", "csv", "p.csv"]).status.success());
    let refused = room.run(&["bmc", "export", "csv", "-"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!told(&refused).contains(PASSWORD));
    let allowed = room.run(&["bmc", "export", "csv", "-", "--with-passwords"]);
    assert_eq!(told(&allowed), format!("mac,password\n3cecef123456,{PASSWORD}\n"));
}

#[test]
fn sixteen_blank_machines_come_up_with_a_lease_file_and_the_vendors_list() {
    let (hall, room) = (Hall::start("127.66.0.0/27", "16"), Room::new("bootstrap"));
    let macs = (1..=16).map(|it| format!("02:00:00:00:01:{it:02x}"));
    let leases: Vec<String> =
        macs.clone().zip(1..).map(|(mac, it)| format!("0 {mac} 127.66.0.{it} * *\n")).collect();
    let list: Vec<String> = macs.map(|mac| format!("{mac},admin,{PASSWORD}\n")).collect();
    room.write("leases", &leases.concat());
    room.write("list.csv", &list.concat());
    assert!(room.run(&["bmc", "import", "csv", "list.csv"]).status.success());
    assert_eq!(room.discover(&hall, &["--leases", "leases", "--no-read"]).len(), 16);
    let output = room.run(&["bootstrap"]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(!told(&output).contains(PASSWORD), "{}", told(&output));
    let rows = room.rows();
    let passwords: std::collections::BTreeSet<&str> =
        rows.iter().filter_map(|it| it["redfish"]["password"].as_str()).collect();
    assert_eq!((rows.len(), passwords.len()), (16, 16), "each has a password of its own");
    for row in &rows {
        assert_eq!(
            (row["redfish"]["user"].as_str(), row["console"]["user"].as_str()),
            (Some("metal"), Some("console"))
        );
        assert!(row["pending"].is_null() && row["status"]["last_error"].is_null(), "{row}");
    }
    // The factory's password holds no longer, and the new account does.
    let url = format!("http://127.66.0.7:{}", hall.port);
    let factory = room.run(&["power", "read", "--endpoint", &url]);
    assert_eq!(factory.status.code(), Some(4), "{}", told(&factory));
    let own = room.run(&["sensors", "--bmc", "02:00:00:00:01:07"]);
    assert!(own.status.success(), "{}", told(&own));
    let again = room.run(&["bootstrap"]);
    assert_eq!(told(&again).matches("already-so").count(), 16, "{}", told(&again));
}

#[test]
fn an_account_is_not_made_by_the_name_of_the_factorys_or_of_the_other() {
    let room = Room::new("bootstrap-names");
    room.write("list.csv", &format!("02:00:00:00:00:01,root,{PASSWORD}\n"));
    room.run(&["bmc", "import", "csv", "list.csv"]);
    for (words, wrong) in [
        (["--admin", "root"], "--admin root is the account that 02:00:00:00:00:01 was shipped with"),
        (["--console", "root"], "--console root is the account that"),
        (["--admin", "console"], "--admin and --console name two accounts"),
    ] {
        let output = room.run(&[&["bootstrap", "02:00:00:00:00:01"][..], &words].concat());
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        assert!(told(&output).contains(wrong), "{}", told(&output));
    }
    assert!(room.rows()[0]["status"].get("last_error").is_none(), "nothing was tried");
}

#[test]
fn a_bmc_whose_factory_credentials_are_refused_says_that_an_operator_has_to_provide_some() {
    let (hall, room) = (Hall::start("127.67.0.0/29", "1"), Room::new("bootstrap-refused"));
    room.write("leases", "0 02:00:00:00:00:01 127.67.0.1 * *\n");
    room.write("list.csv", "02:00:00:00:00:01,admin,wrong-one\n");
    room.run(&["bmc", "import", "csv", "list.csv"]);
    room.discover(&hall, &["--leases", "leases", "--no-read"]);
    let output = room.run(&["bootstrap"]);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    let error = room.rows()[0]["status"]["last_error"].as_str().expect("it is told").to_owned();
    assert!(error.contains("an operator has to provide credentials"), "{error}");
}
